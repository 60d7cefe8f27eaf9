# What arrives: per-location allow-list, encodings, prefixes; through CGI, mod_proxy_http and internal redirects; never a client's own copies.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(linked_person);
use MNV::Backend;

my $t = MNV::Test->new;
my $p = $t->providers;
my $backend = MNV::Backend->start($t->port('backend'));
mkdir $t->path('htdocs/front');
mkdir $t->path('htdocs/front/sub');
$t->write_file('htdocs/front/index.shtml', 'account=<!--#echo var="MYNUMBER_ACCOUNT" --> inner=<!--#include virtual="/open/inner" -->', 0644);
$t->write_file('htdocs/front/.htaccess', "Options +Includes\nAddType text/html .shtml\nAddOutputFilter INCLUDES .shtml\nDirectoryIndex index.shtml\n", 0644);
$t->start($t->default_config(
    modules => [qw(proxy proxy_http include negotiation)],
    server => "MyNumberAccountPass eduPersonAffiliation ou\n",
    location => <<'EOT'));
<Location /show/utf8>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport account name verified
  MyNumberHeaderEncoding utf8
  MyNumberHeaderPrefix X-Person-
</Location>
<Location /show/base64url>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport name
  MyNumberHeaderEncoding base64url
  MyNumberPass headers
</Location>
<Location /show/env>
  AuthType mynumber
  Require mynumber-linked
  MyNumberPass env
</Location>
<Location /show/subject>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport subject
</Location>
<Location /show/subject2>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport subject
</Location>
<Location /show/shared1>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport subject
  MyNumberSubject shared
</Location>
<Location /show/shared2>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport subject
  MyNumberSubject shared
</Location>
ProxyPass /proxied http://127.0.0.1:@PORT:backend@/
<Location /proxied>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport account name linked
</Location>
ProxyPass /open-proxied http://127.0.0.1:@PORT:backend@/
<Location /front>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport account
</Location>
RewriteEngine on
RewriteRule ^/rewritten/(.*)$ /linked/$1 [PT]
RewriteRule ^/leak/(.*)$ /open/$1 [PT]
ErrorDocument 404 /open/error
EOT
my $b = linked_person($t, '1111111111', 'kanji');
sub env { return $b->get($t->url($_[0]))->json->{env} }
sub ours { my ($env) = @_; return [ sort grep { /MYNUMBER|PERSON/i } keys %$env ] }

my $env = env('/linked/');
is_deeply(ours($env), [ sort map { ("MYNUMBER_$_", "HTTP_MYNUMBER_$_") } qw(ACCOUNT VERIFIED LINKED VERIFIED_AT ATTRIBUTE_EDUPERSONAFFILIATION) ],
    'the default export, and the attributes passed on');
is($env->{AUTH_TYPE}, 'mynumber', 'AUTH_TYPE');
$env = env('/show/utf8');
is($env->{MYNUMBER_NAME}, "\x{20bb7}野葛\x{e0100}美", '4-byte kanji and a variation selector survive to the variable');
is($env->{HTTP_X_PERSON_NAME}, "\x{20bb7}野葛\x{e0100}美", 'and to the header in UTF-8 under another prefix');
ok(!exists $env->{HTTP_MYNUMBER_NAME}, 'not under the default prefix');
$env = env('/show/base64url');
is($env->{HTTP_MYNUMBER_NAME}, '8KCut-mHjuiRm_OghIDnvo4', 'base64url');
ok(!exists $env->{MYNUMBER_NAME}, 'MyNumberPass headers: no variable');
$env = env('/show/env');
ok(!exists $env->{HTTP_MYNUMBER_ACCOUNT} && exists $env->{MYNUMBER_ACCOUNT}, 'MyNumberPass env: no header');

my ($one, $again, $two) = map { env($_)->{MYNUMBER_SUBJECT} } qw(/show/subject /show/subject /show/subject2);
is($one, $again, 'the subject is stable');
isnt($one, $two, 'and differs by application');
is(env('/show/shared1')->{MYNUMBER_SUBJECT}, env('/show/shared2')->{MYNUMBER_SUBJECT}, 'unless shared');

# Another person's values do not contain separators as they are.
my $maria = linked_person($t, '2222222222', 'foreign');
is($maria->get($t->url('/linked/'))->json->{env}{MYNUMBER_ATTRIBUTE_EDUPERSONAFFILIATION}, 'student;affiliate\;odd\\\\value', 'several values joined, separators escaped');

# mod_proxy_http.
my %proxied = map { lc $_->[0] => $_->[1] } @{ $b->get($t->url('/proxied/'))->json };
is($proxied{'mynumber-account'}, 'sub-1111111111', 'a proxied application gets the header');
like($proxied{'mynumber-name'}, qr/^%F0%A0%AE%B7/, 'percent-encoded');
unlike($proxied{cookie} // '', qr/mynumber|mnv/, 'and none of our cookies');

# Internal redirects: neither lost nor leaked.
is(env('/rewritten/x')->{MYNUMBER_ACCOUNT}, 'sub-1111111111', 'mod_rewrite [PT] into a protected location keeps the identity');
is_deeply([ grep { !/^REDIRECT_/ } @{ ours(env('/leak/x')) } ], [], 'into an open one it is not handed on');
my $ssi = $b->get($t->url('/front/'));
like($ssi->body, qr/account=sub-1111111111/, 'DirectoryIndex and SSI see the identity');
unlike($ssi->body =~ /inner=(.*)/s ? $1 : '', qr/MYNUMBER_ACCOUNT/, 'an included open page does not');
my $missing = $b->get($t->url('/front/nothing-here'));
is_deeply([ grep { /^(?:HTTP_)?MYNUMBER/ } keys %{ $missing->json->{env} // {} } ], [], 'an open error document does not either');

# Spoofing: every spelling, everywhere.
my @forged = map { [ $_, 'forged' ] } 'MyNumber-Account', 'mynumber_account', 'MYNUMBER-NAME', 'MyNumber_Verified', 'x-person-name', 'X_Person_Account', 'MyNumber-Anything';
for my $who ([ $t->browser, 'a stranger' ], [ $b, 'a linked person' ]) {
    for my $path ('/open/', '/linked/', '/show/env', '/leak/x', '/open/none') {
        my $page = $who->[0]->get($t->url($path), headers => \@forged);
        unlike($page->body, qr/forged/, "$who->[1] cannot send identity headers to $path");
    }
    my $page = $who->[0]->get($t->url('/open-proxied/'), headers => \@forged);
    unlike($page->body, qr/forged/, "$who->[1] cannot send them through an open proxy location");
}
my $bad = MNV::Browser::raw('localhost', $t->port, "GET /open/%zz HTTP/1.1\r\nHost: localhost\r\nMyNumber-Account: forged\r\nConnection: close\r\n\r\n");
unlike($bad, qr/forged/, 'nor with a request that is refused at once');

# A cookie of ours in no application, theirs kept.
$env = $b->get($t->url('/open/'), headers => [ [ 'Cookie', "theirs=1; mynumber=x; mnv-b=y; other=2" ] ])->json->{env};
is($env->{HTTP_COOKIE}, 'theirs=1; other=2', "the application's own cookies stay");
$t->allow_log('AH10244');
$backend->stop;
$t->done;
