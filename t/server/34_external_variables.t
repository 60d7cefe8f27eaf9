# MyNumberSignIn external with a variable as the account, set in fixups as mod_shib does (here by mod_rewrite behind mod_auth_basic): the rules come before it, and no page of the person
# before comes out of that.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use MNV::Test;
use MNV::Journey qw(stands sign_in verify);

my $t = MNV::Test->new;
my $p = $t->providers(signin => 0);
chomp(my $hash = $t->run(qw(openssl passwd -apr1 secret)));
$t->write_file('conf/users', join('', map { "$_:$hash\n" } qw(alice bob carol several bob@example.ac.jp)), 0644);
mkdir $t->path("htdocs/$_"), 0755 for qw(folder late);
$t->run('cp', $t->path('cgi/show'), $t->path("htdocs/folder/$_")) for qw(index.cgi page.cgi);
my $basic = "  AuthType Basic\n  AuthName x\n  AuthBasicProvider file\n  AuthUserFile \"\@DIR\@/conf/users\"\n";
my $variables = <<'EOT';
  RewriteEngine On
  RewriteCond %{REMOTE_USER} ^(alice|bob)$
  RewriteRule ^ - [E=eppn:%1@example.ac.jp,E=affiliation:member@example.ac.jp;student@example.ac.jp]
  RewriteCond %{REMOTE_USER} ^several$
  RewriteRule ^ - [E=eppn:several@example.ac.jp;bob@example.ac.jp]
EOT
my $location = "<Location /mynumber/signin>\n${basic}  Require valid-user\n$variables</Location>\n";
$location .= "<Location /show/$_->[0]>\n$basic$_->[1]$variables" . ($_->[0] eq 'plain' ? '' : "  RequestHeader set X-Copied \"expr=%{MYNUMBER:account}\"\n") . "  MyNumberExport account linked attribute-affiliation\n</Location>\n" for (
    [ account => "  Require mynumber-account\n" ], [ verified => "  Require mynumber-verified\n" ], [ member => "  Require mynumber-attribute account:affiliation student\@example.ac.jp\n" ],
    [ pass => "  <RequireAll>\n  Require valid-user\n  Require mynumber-account\n  </RequireAll>\n  MyNumberUnauthenticated pass\n" ], [ plain => "  Require valid-user\n" ]);
$location .= "<Location /folder>\n${basic}  Require mynumber-account\n$variables  Options +ExecCGI +MultiViews +FollowSymLinks\n  AddHandler cgi-script .cgi\n  DirectoryIndex index.cgi\n  MyNumberExport account\n</Location>\n<Directory \"\@DIR\@/htdocs/folder\">\n  MultiviewsMatch Handlers\n</Directory>\n";
my $config = sub { $t->default_config(signin => "MyNumberSignIn external\n$_[0]MyNumberAccountPass affiliation\n", sample => 0, modules => [qw(auth_basic authn_file authz_user negotiation)],
    server => "MyNumberRecheck 0s\n", location => $location) };
$t->start($config->("MyNumberAccountAttribute eppn\n"));
$t->expect_log('MNV1617');

sub is_now { my ($b, $user) = @_; $b->{headers} = [ [ 'Authorization', 'Basic ' . encode_base64("$user:secret", '') ] ]; return $b }
sub as { return is_now($t->browser, @_) }
sub person { my ($user) = @_; my $b = as($user); sign_in($t, $b); return $b }
sub goes_to { my ($r) = @_; return join ' ', $r->code, $r->mnv_code // (($r->header('Location') // '') =~ s/\Q@{[$t->base]}\E//r =~ s/\?.*//r) }
sub env { my ($r) = @_; return $r->code == 200 ? $r->json->{env} : {} }

my $b = as('alice');
my $env = env($b->visit($t->url('/show/member')));
is_deeply([ @$env{qw(MYNUMBER_ACCOUNT REMOTE_USER MYNUMBER_ATTRIBUTE_AFFILIATION HTTP_X_COPIED)} ], [ 'alice@example.ac.jp', 'alice', 'member@example.ac.jp;student@example.ac.jp', 'alice@example.ac.jp' ], 'account and attribute from variables that are set behind the rules');
is($b->fetch($t->url('/mynumber/info'))->json->{account}{kind}, 'eppn', 'which variable it is stands with the account');
is(env($b->get($t->url($_)))->{MYNUMBER_ACCOUNT}, 'alice@example.ac.jp', "sub-requests change nothing: $_") for '/folder/', '/folder/page', '/folder/page.cgi', '/folder/index';
is(env($b->get($t->url('/show/account')))->{MYNUMBER_ACCOUNT}, 'alice@example.ac.jp', 'and the session goes on');

for my $who (qw(bob carol several)) {
    my %as = (account => '303 /mynumber/signin', pass => '303 /mynumber/signin', plain => '200 ', member => '303 /mynumber/signin');
    for my $path (sort keys %as) {
        $b = is_now(person('alice'), $who);
        my $r = $b->get($t->url("/show/$path"));
        is(goes_to($r), $as{$path}, "$who at /$path in alice's browser");
        unlike($r->body, qr/alice\@/, '... nothing of hers comes out');
        isnt(env(is_now($b, 'alice')->get($t->url('/show/account')))->{MYNUMBER_ACCOUNT} // '', 'alice@example.ac.jp', '... and her session has ended');
    }
}
$b = is_now(person('alice'), 'bob');
is(goes_to($b->post_form($t->url('/show/account'), { a => 1 })), '401 MNV0803', 'a form does not arrive');
$b = is_now(person('alice'), 'bob');
is(goes_to($b->fetch($t->url('/show/account'))), '401 MNV0802', 'a script is told');
$b = is_now(person('alice'), 'bob');
my $r = $b->get($t->url('/folder/'));
is(goes_to($r), '303 /mynumber/signin', 'nor comes an index file out') or diag $r->body;

$t->expect_log('MNV0414');
$b = as($_) and is(goes_to($b->get($t->url('/mynumber/signin'))), '403 MNV0414', "no account: $_") for qw(carol several);
like($t->error_log, qr/MNV0414: .*has set none of MyNumberAccountAttribute: eppn/, 'the log says which is missing');
like($t->error_log, qr/MNV0414: .*variable "eppn" of the other module holds several values/, '... or has several values');

# A card alone.
$p->card_is(person => 'adult');
$b = $t->browser;
verify($t, $b);
is(goes_to(is_now($b, 'carol')->get($t->url('/show/verified'))), '303 /mynumber/signin', "a card says nothing of a person without an account");
is(env(is_now($b, 'bob')->visit($t->url('/show/verified')))->{MYNUMBER_ACCOUNT}, 'bob@example.ac.jp', 'with one it is the same session');

# The same value in another variable, or of another source, is another account.
$t->restart($config->("MyNumberAccountAttribute eppn REMOTE_USER\n"));
$b = person('bob');
is($b->fetch($t->url('/mynumber/info'))->json->{account}{id}, 'bob@example.ac.jp', 'bob by his variable');
is(goes_to(is_now($b, 'bob@example.ac.jp')->get($t->url('/show/account'))), '303 /mynumber/signin', 'who is only called like that is another');
$b = person('bob@example.ac.jp');
is($b->fetch($t->url('/mynumber/info'))->json->{account}{kind}, 'REMOTE_USER', '... with an account of another kind');
is(env($b->get($t->url('/show/account')))->{MYNUMBER_ACCOUNT}, 'bob@example.ac.jp', '... whose session is good');
$t->restart($config->("MyNumberSignInProvider another-source\nMyNumberAccountAttribute eppn REMOTE_USER\n"));
is(goes_to($b->get($t->url('/show/account'))), '303 /mynumber/signin', 'a session of another source has ended');
is($b->visit($t->url('/show/account'))->code, 200, '... and begins anew');
is($b->fetch($t->url('/mynumber/info'))->json->{account}{issuer}, 'another-source', '... with an account of this source');
$t->allow_log(qw(AH01630 AH01631));
$t->done;
