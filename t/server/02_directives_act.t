# What a directive is for is what happens: those whose effect no other test of this folder shows.
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use MNV::Test;
use MNV::Journey qw(stands sign_in verify link_up linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
my ($card, $university) = ($p->card->{issuer}, $p->signin->{issuer});
my ($false, $true) = (JSON::PP::false, JSON::PP::true);
$p->card_is(person => 'adult');
$p->signin_is(account => '0123456789');

sub slurp { my ($file) = @_; open my $in, '<:raw', $file or return ''; local $/; return scalar <$in> }
sub asked { my ($kind) = @_; return ($kind eq 'card' ? $p->card_requests : $p->signin_requests)->{authorizations}[-1]{params} }
sub env { my ($b, $path) = @_; my $r = $b->get($t->url($path)); return $r->code == 200 ? $r->json->{env} : { code => $r->code } }
sub counts { $p->card_requests->{counts} }

# --- path, cookie, scopes, acr, a key in place of the secret, one half's attributes, a cache on disk -----------------
$p->control(card => { client => { client_id => 'portal', redirect_uris => [ $t->url('/id/card/verify/callback'), $t->url('/mynumber/verify/callback') ] } });
$p->control(signin => { client => { client_id => 'keyed', redirect_uris => [ $t->url('/id/card/signin/callback') ], token_endpoint_auth_method => 'private_key_jwt', jwks => $t->client_jwks } });
my $signin = "MyNumberSignInProvider $university\nMyNumberSignInClientID keyed\nMyNumberSignInClientKey \"\@CLIENTKEY\@\"\n";
$t->start($t->default_config(modules => ['socache_dbm'], signin => $signin, server => <<'EOC', location => <<'EOL'));
MyNumberPath /id/card
MyNumberSessionCookie portal-session
MyNumberScope openid name birthdate
MyNumberAcrValues aal3 crl
MyNumberAcceptAcr aal3 other
MyNumberSignInScope openid profile email
MyNumberSignInAcrValues urn:none phr
MyNumberAccountAttribute nothing employee_id sub
MyNumberLinkKeep birthdate
MyNumberReturnAllow https://other.example.test:8443 https://third.example.test
MyNumberStripCookies off
MyNumberRecheck 1h
MyNumberSessionCache dbm:@STATE@/sessions
EOC
<Location /linked>
  MyNumberExport account subject name birthdate linked
</Location>
<Location /show/outer>
  AuthType mynumber
  Require mynumber-account
  MyNumberPass headers
  MyNumberHeaderPrefix X-Person-
  MyNumberHeaderEncoding base64url
  MyNumberExport account name
  MyNumberUnauthenticated 403
</Location>
<Location /show/outer/inner>
  MyNumberPass both
  MyNumberHeaderPrefix MyNumber-
  MyNumberHeaderEncoding percent
  MyNumberExport account verified verified-at linked
  MyNumberUnauthenticated redirect
</Location>
EOL
my $b = $t->browser;
is($b->get($t->url('/mynumber/'))->code, 404, 'MyNumberPath: nothing at the default path');
is_deeply([ map { /Path=([^;]*)/ } grep { /^mnv-f-/ } $b->get($t->url('/account/'))->headers('Set-Cookie') ], ['/id/card'], 'MyNumberPath: flow cookies go there alone');
my $page = $b->visit($t->url('/id/card/signin'));
like($page->url, qr{^\Q${\ $t->url('/id/card/')}\E}, 'MyNumberPath: the whole sign-in runs there');
is(asked('signin')->{scope}, 'openid profile email', 'MyNumberSignInScope: is what is asked for');
is(asked('signin')->{acr_values}, 'urn:none phr', 'MyNumberSignInAcrValues: are what is asked for');
my ($token) = $p->signin_requests->{tokens}[-1];
ok(JSON::PP->new->encode($token) =~ /client_assertion/, 'MyNumberSignInClientKey: an assertion in place of a secret');
ok(scalar(grep { $_ eq 'portal-session' } $b->jar->names), 'MyNumberSessionCookie: is the name of the cookie') or diag join ' ', $b->jar->names;
ok(!scalar(grep { $_ eq 'mynumber' } $b->jar->names), 'MyNumberSessionCookie: in place of the default');
is(env($b, '/account/')->{MYNUMBER_ACCOUNT}, '0123456789', 'MyNumberAccountAttribute: the first one present is the account id');
like(env($b, '/open/')->{HTTP_COOKIE} // '', qr/portal-session=/, 'MyNumberStripCookies off: applications see our cookies');

my $answer = $b->get($t->url('/id/card/verify'));
is($answer->code, 303, 'away to the card') or diag $answer->text;
$page = $b->follow($answer);
is(asked('card')->{scope}, 'openid name birthdate', 'MyNumberScope: is what is asked for');
is(asked('card')->{acr_values}, 'aal3 crl', 'MyNumberAcrValues: are what is asked for');
ok(stands($page, step => 3, identity => 1), 'MyNumberAcceptAcr: an acr of the list');
link_up($b);

# MyNumberReturnAllow: the last redirect leads there; anything else is refused before the flow starts.
for my $place ('https://other.example.test:8443/done?x=1', 'https://third.example.test/') {
    my $r = $t->browser->get($t->url('/id/card/verify?return=') . MNV::Browser::encode_form([ x => $place ]) =~ s/^x=//r);
    is($r->code, 303, "MyNumberReturnAllow: $place is one");
}
{
    my $away = $t->browser;
    my $r = $away->get($t->url('/id/card/verify?return=https%3A%2F%2Fthird.example.test%2Fdone'));
    for (1 .. 4) {
        last unless $r->is_redirect && $r->header('Location') !~ /third\.example/;
        $r = $away->get(MNV::Browser::resolve($r->url, $r->header('Location')));
    }
    is($r->header('Location'), 'https://third.example.test/done', 'MyNumberReturnAllow: and led to afterwards');
}
for my $place ('https%3A%2F%2Fother.example.test%2Fdone', 'https%3A%2F%2Fevil.example%2F', 'http%3A%2F%2Fthird.example.test%2F', '%2F%2Fthird.example.test%2F', 'https%3A%2F%2Fthird.example.test.evil.example%2F') {
    my $r = $t->browser->get($t->url("/id/card/verify?return=$place"));
    is($r->code, 400, "MyNumberReturnAllow: $place is none") or diag $r->header('Location');
    $t->allow_log($r->mnv_code) if $r->mnv_code;
}

# MyNumberAcceptAcr refuses the others.
for my $acr ('standin-low', 'AAL3', undef) {
    $p->card_is(person => 'adult', acr => $acr);
    is($t->browser->visit($t->url('/id/card/verify'))->mnv_code, 'MNV0316', 'MyNumberAcceptAcr: refused: ' . ($acr // 'no acr'));
}
$t->expect_log('MNV0316');
$p->reset;
$p->card_is(person => 'adult');
$p->signin_is(account => '0123456789');

# MyNumberLinkKeep: an account-first visit knows what the link kept, and no more.
my $later = $t->browser;
$later->visit($t->url('/id/card/signin'));
my $env = env($later, '/linked/');
is_deeply([ @$env{qw(MYNUMBER_LINKED MYNUMBER_BIRTHDATE MYNUMBER_NAME)} ], [ 1, '1980-04-01', undef ], 'MyNumberLinkKeep: the birthdate and nothing else') or diag explain $env;
is(env($b, '/linked/')->{MYNUMBER_NAME}, '山田太郎', 'MyNumberLinkKeep: the card at hand tells more');

# Sections: inherited, and back to the default.
$env = env($b, '/show/outer/deeper');
is($env->{HTTP_X_PERSON_ACCOUNT}, 'MDEyMzQ1Njc4OQ', 'a nested path inherits prefix, encoding, export and pass');
is_deeply([ grep { /^(?:HTTP_)?MYNUMBER_/ } keys %$env ], [], 'and nothing by default names');
$env = env($b, '/show/outer/inner');
is_deeply([ sort grep { /^HTTP_(?:MYNUMBER|X_PERSON)/ } keys %$env ], [ sort map { "HTTP_MYNUMBER_$_" } qw(ACCOUNT VERIFIED VERIFIED_AT LINKED) ], 'an inner section is back at all defaults');
is($env->{MYNUMBER_ACCOUNT}, '0123456789', 'variables again');
is($t->browser->get($t->url('/show/outer/x'))->code, 403, 'MyNumberUnauthenticated 403');
is($t->browser->get($t->url('/show/outer/inner'))->code, 303, 'MyNumberUnauthenticated redirect in the inner section');
$t->allow_log('MNV0801');

# The cache on disk: used, and sealed.
my @files = glob $t->path('state/sessions*');
ok(scalar @files, 'MyNumberSessionCache dbm: a file is there');
my $content = join '', map { slurp($_) } @files;
utf8::encode(my $name = '山田太郎');
my $cookie = $b->jar->cookie('portal-session')->{value};
my $subject = env($b, '/linked/')->{MYNUMBER_SUBJECT};
for my $what ([ account => '0123456789' ], [ name => $name ], [ birthdate => '1980-04-01' ], [ 'base URL' => $t->base ], [ 'cookie' => $cookie ], [ subject => $subject ]) {
    ok(index($content, $what->[1]) < 0, "MyNumberSessionCache dbm: no $what->[0] in plain text");
}
# mod_socache_dbm takes no record of 950 bytes and more (both halves, linked): such a session comes from the database each time.
is($b->get($t->url('/linked/'))->code, 200, 'MyNumberSessionCache dbm: a record too long for it costs time and nothing else');
my $short = $t->browser;
$p->signin_is(account => '9876543210');
$short->visit($t->url('/id/card/signin'));
is($short->get($t->url('/account/'))->code, 200, 'signed in') for 1 .. 2;
$t->sql('DELETE FROM mynumber_sessions');
is($short->get($t->url('/account/'))->code, 200, 'MyNumberRecheck 1h: the cache alone is asked, also through a file');
# Whoever can write to the file makes no session by it. The file's own structure stays as it is.
for my $file (@files) {
    my $bytes = slurp($file);
    $bytes =~ s/([A-Za-z0-9_-]{60})([A-Za-z0-9_-]{40})/$1 . reverse $2/ge;
    open my $out, '+<:raw', $file or die $!;
    print $out $bytes;
    close $out;
}
is($short->get($t->url('/account/'))->code, 303, 'MyNumberSessionCache dbm: a changed record is no session');
$t->allow_log('AH00804', 'AH00805', 'AH00806', 'AH00808', 'MNV1405');
$p->signin_is(account => '0123456789');
unlink @files;

# --- endpoints by hand, no discovery; no clock skew; one call at once; a link that ends; rechecks at once --------------
$p->control(card => { discovery => $false, clear => $true });
$t->stop;
unlink glob $t->path('state/*');
unlink glob $t->path('db/*');
my $hand = "MyNumberProvider $card\nMyNumberClientID portal\nMyNumberClientKey \"\@CLIENTKEY\@\"\n"
  . join '', map { "MyNumberProviderEndpoint $_->[0] $card/protocol/openid-connect/$_->[1]\n" } [qw(authorization auth)], [qw(token token)], [qw(userinfo userinfo)], [qw(jwks certs)];
my $before = $t->mark;
$t->start($t->default_config(card => $hand, server => <<'EOC'));
MyNumberClockSkew 0s
MyNumberMaxOutbound 1
MyNumberTimeout 2s 6s
MyNumberLinkLifetime 4s
MyNumberRecheck 0s
StartServers 1
ServerLimit 1
MinSpareThreads 1
MaxSpareThreads 16
MaxRequestWorkers 16
EOC
# The one call at once is not to be the watchdog's: its first round ends with the purge.
ok(wait_for(sub { $t->log_since($before) =~ /MNV1130/ }), 'the watchdog has done its first round');
$b = linked_person($t, '0123456789', 'adult');
is($b->get($t->url('/linked/'))->code, 200, 'MyNumberProviderEndpoint: the whole journey without a discovery document');
is(counts()->{discovery}, 0, 'MyNumberProviderEndpoint: which nobody asks for');
ok(wait_for(sub { $b->get($t->url('/linked/'))->code != 200 }, 10), 'MyNumberLinkLifetime: a link ends');
is($b->get($t->url('/account/'))->code, 200, 'MyNumberLinkLifetime: the session does not');
my $away = $t->browser;
sign_in($t, $away);
is($away->get($t->url('/account/'))->code, 200, 'signed in');
$t->sql('DELETE FROM mynumber_sessions');
is($away->get($t->url('/account/'))->code, 303, 'MyNumberRecheck 0s: what the database no longer has is no session');

$p->card_is(person => 'adult', forge => 'exp-within-skew');
is(verify($t, $t->browser)->mnv_code, 'MNV0311', 'MyNumberClockSkew 0s: what has expired has expired');
$t->expect_log('MNV0311');

# The one call there may be is taken by somebody whose token endpoint never answers.
$p->card_is(person => 'adult', forge => 'token-slow');
$p->control(card => { clear => $true });
my $pid = fork // die $!;
unless ($pid) {
    verify($t, $t->browser);
    POSIX::_exit(0);
}
ok(wait_for(sub { counts()->{token} }, 10), 'a call is under way');
$page = verify($t, $t->browser);
is($page->code, 503, 'MyNumberMaxOutbound 1: a second call at once is not made');
is($page->mnv_code, 'MNV0407', 'MyNumberMaxOutbound: with a code of its own');
like($page->header('Retry-After') // '', qr/^[1-9]\d*$/, 'MyNumberMaxOutbound: and when to come again');
{
    local $?;
    waitpid $pid, 0;
}
$t->expect_log(qw(MNV0407 MNV0402));
$p->control(card => { reset => $true, clear => $true });
$p->card_is(person => 'adult');
ok(stands(verify($t, $t->browser), identity => 1), 'MyNumberMaxOutbound: when the first call has ended there is room again');

# --- metadata in a file ------------------------------------------------------------------------------------------------
my $document = MNV::Browser->new->request('GET', "$card/.well-known/openid-configuration");
is($document->code, 200, 'the discovery document');
$t->write_file('conf/card.json', $document->body, 0644);
$p->control(card => { discovery => $false, clear => $true });
my $file = "MyNumberProvider conf/card.json\nMyNumberClientID portal\nMyNumberClientKey \"\@CLIENTKEY\@\"\n";
$t->stop;
unlink glob $t->path('state/*');
$t->start($t->default_config(card => $file, server => "MyNumberClockSkew 60s\n"));
$b = $t->browser;
ok(stands(verify($t, $b), identity => 1), 'MyNumberProvider FILE: verified');
is(counts()->{discovery}, 0, 'MyNumberProvider FILE: no discovery');
$p->card_is(person => 'adult', forge => 'exp-within-skew');
ok(stands(verify($t, $t->browser), identity => 1), 'MyNumberClockSkew 60s: a little late is in time');
$p->control(card => { reset => $true });
$p->card_is(person => 'adult');

# --- the state folder --------------------------------------------------------------------------------------------------
$t->restart($t->default_config);
ok(stands(verify($t, $t->browser), identity => 1), 'metadata and keys are fetched');
my @copies = glob $t->path('state/*');
ok(scalar(grep { /provider-/ } @copies), 'MyNumberStateDir: a copy is kept') or diag "@copies";
is((stat $_)[2] & 077, 0, 'MyNumberStateDir: that only the server reads') for @copies;
$p->stop_one('card');
$t->restart;
my $led = $t->browser->get($t->url('/mynumber/verify'));
is($led->code, 303, 'MyNumberStateDir: the last good copy serves a server started while the provider is down');
like($led->header('Location') // '', qr/^\Q$card\E/, 'to the provider');
$t->stop;
unlink @copies;
$t->start($t->{config});
is($t->browser->get($t->url('/mynumber/verify'))->mnv_code, 'MNV0401', 'without a copy it is told');
$t->expect_log('MNV0401');
$p->start_one('card');
$t->allow_log(qw(MNV0402 MNV0408 MNV0409), map { "MNV12$_" } '00' .. '99');

# --- the schema ------------------------------------------------------------------------------------------------------------
$t->stop;
unlink glob $t->path('db/*');
$t->start($t->default_config(server => "MyNumberSchema check\n"));
$page = $t->browser->get($t->url('/account/'));
is($page->code, 503, 'MyNumberSchema check: an empty database is not touched, and nothing let through');
is($page->mnv_code, 'MNV0602', 'MyNumberSchema check: with a code of its own');
is($t->browser->get($t->url('/mynumber/'))->mnv_code, 'MNV0602', 'MyNumberSchema check: on our own pages too');
is($t->browser->get($t->url('/open/'))->code, 200, 'MyNumberSchema check: open pages stay open');
is_deeply($t->sql('SELECT name FROM sqlite_master'), [], 'MyNumberSchema check: no table was made');
$t->restart($t->default_config(server => "MyNumberSchema auto\n"));
ok(wait_for(sub { $t->browser->get($t->url('/account/'))->code == 303 }, 10), 'MyNumberSchema auto: makes them');
$t->restart($t->default_config(server => "MyNumberSchema check\n"));
ok(wait_for(sub { $t->browser->get($t->url('/account/'))->code == 303 }, 10), 'MyNumberSchema check: is content with them');
$t->expect_log('MNV0602');
$t->done;
