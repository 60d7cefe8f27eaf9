# A value too long for a header never becomes a back-end's 400 or a truncated line: that location is refused, the log says what to mend; and no value with CR, LF or NUL ever arrives.
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use MNV::Test;
use MNV::Apps;
use MNV::Journey qw(sign_in verify);

my $t = MNV::Test->new;
my $person = sub { return { label => {}, name => '長井長子', birthdate => '19700101', gender => '2', @_ } };
my $account = sub { my ($sub, %claims) = @_; return { label => {}, claims => { name => 'x', %claims } } };
my $groups = [ map { sprintf 'https://groups.example.ac.jp/department-%04d', $_ } 1 .. 80 ];    # 3,519 bytes joined
my %broken = (line => "a\r\nMyNumber-Account: admin", nul => "a\0b", lf => ["a\nX: y"], cr => "a\rb");
my $p = $t->providers(
    card => { persons => {
        fits => $person->(address => '長' x 888), long => $person->(address => '長' x 889),
        map { ("broken_$_" => $person->(address => ref $broken{$_} ? $broken{$_}[0] : $broken{$_})) } keys %broken,
    } },
    signin => { accounts => {
        groups => $account->('groups', map { ("groups$_" => $groups) } 1 .. 5),
        map { ("broken_$_" => $account->("broken_$_", ou => $broken{$_})) } keys %broken,
    } });
my $apps = MNV::Apps->start($t, 'python');
my $locations = join '', map { my ($name, $lines) = @$_; <<"EOC" } [ percent => '' ], [ utf8 => "MyNumberHeaderEncoding utf8\n" ], [ base64url => "MyNumberHeaderEncoding base64url\n" ], [ env => "MyNumberPass env\n" ],
<Location /app/$name/>
  AuthType mynumber
  Require mynumber-verified
  MyNumberExport address
  $lines
  ProxyPass http://127.0.0.1:\@PORT:python\@/
</Location>
<Location /show/$name>
  AuthType mynumber
  Require mynumber-verified
  MyNumberExport address
  $lines
</Location>
EOC
    [ none => "MyNumberExport verified\n" ];
$locations =~ s/(MyNumberExport address\s+)(MyNumberExport verified)/$2/g;
my $start = sub { $t->restart($t->default_config(modules => [qw(proxy proxy_http)], server => $_[0] // '', location => $locations)) };
$start->();

sub somebody { my ($person) = @_; my $b = $t->browser(language => 'en'); $p->card_is(person => $person); verify($t, $b); return $b }
sub received { my ($r) = @_; my ($value) = $r->bytes =~ /^MyNumber-Address: (.*?)\r?$/m; return $value }

# --- one value, one header ----------------------------------------------------------------
my %want = (    #          percent    utf8  base64url  env   none
    fits => { percent => 200, utf8 => 200, base64url => 200, env => 200, none => 200 },
    long => { percent => 'MNV0506', utf8 => 200, base64url => 200, env => 200, none => 200 },
);
for my $who (sort keys %want) {
    my $b = somebody($who);
    for my $name (qw(percent utf8 base64url env none)) {
        my $expect = $want{$who}{$name};
        for my $kind (qw(app show)) {
            my $r = $b->get($t->url("/$kind/$name/"));
            is($r->mnv_code // $r->code, $expect, "$who, $name, $kind: $expect");
        }
    }
    my $length = $who eq 'fits' ? 888 : 889;
    is(length(received($b->get($t->url('/app/percent/'))) // ''), 9 * 888, 'the whole line arrived at the application') if $who eq 'fits';
    is(length(received($b->get($t->url('/app/utf8/'))) // ''), 3 * $length, "$who: in UTF-8 too");
    is(received($b->get($t->url('/app/none/'))), undef, "$who: nothing where it is not exported");
    my $env = $b->get($t->url('/show/env'))->json->{env};
    is(length $env->{MYNUMBER_ADDRESS}, $length, "$who: the variable is whole");
}
my $b = somebody('long');
my $page = $b->get($t->url('/app/percent/'));
is($page->code, 500, 'an answer of our own, not the back-end\'s');
like($page->text, qr/too long to be handed on/, 'told in words');
is($b->fetch($t->url('/app/percent/'))->json->{code}, 'MNV0506', 'and to a program in JSON');
like($t->error_log, qr/MNV0506: .*"MyNumber-Address" of 2667 bytes is more than 8000 as a header: write MyNumberPass env or another MyNumberHeaderEncoding/, 'the log says what to mend');
unlike($t->error_log, qr/長|%E9%95%B7/, 'and tells nothing of the value');
$t->expect_log('MNV0506');

# --- everything together --------------------------------------------------------------------
$start->('MyNumberAccountPass ' . join(' ', map { "groups$_" } 1 .. 5) . "\n");
$b = $t->browser(language => 'ja');
$p->signin_is(account => 'groups');
sign_in($t, $b);
$page = $b->get($t->url('/account/'));
is($page->mnv_code, 'MNV0506', 'more than a session record holds: a failure of its own');
like($page->text, qr/情報が長すぎる/, 'told in words');
like($t->error_log, qr/MNV0506: .*more than 32768 bytes, the largest is account attribute "groups\d" of \d+ bytes: leave it out of MyNumberAccountPass/, 'the log says which attribute and which directive');
unlike($t->error_log, qr/department-/, 'and tells nothing of the values');

# --- what would break a header ----------------------------------------------------------------
$start->("MyNumberAccountPass ou\n");
for my $kind (qw(line cr lf)) {
    $b = $t->browser;
    $p->signin_is(account => "broken_$kind");
    sign_in($t, $b);
    my $env = $b->get($t->url('/account/'))->json->{env};
    is_deeply([ $env->{MYNUMBER_ACCOUNT}, grep { /ATTRIBUTE/ || ($env->{$_} // '') eq 'admin' } sort keys %$env ], ["sub-broken_$kind"], "$kind in an attribute: it is left out whole");
    $p->card_is(person => "broken_$kind");
    is(verify($t, $t->browser)->mnv_code, 'MNV0413', "$kind in a detail of the person: the verification is refused");
}
# JSON with a NUL is no answer at all.
$p->signin_is(account => 'broken_nul');
is(sign_in($t, $t->browser)->mnv_code, 'MNV0301', 'NUL in an attribute: the sign-in is refused');
$p->card_is(person => 'broken_nul');
is(verify($t, $t->browser)->mnv_code, 'MNV0405', 'NUL in a detail of the person: the verification is refused');
$t->expect_log(qw(MNV0301 MNV0405));
$t->expect_log(qw(MNV0413 MNV1200));
$apps->stop;
$t->done;
