# Tokens of a certified provider: JWTs by its keys, opaque ones by introspection; rotation, expiry, revocation, eight threads, and a provider that goes away.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(linked_person);
use MNV::Bearer;
use MNV::Attack;

my $t = MNV::Test->new;
my ($jwt, $opaque, $other) = ('https://jwt.example.test', 'https://opaque.example.test', 'https://other.example.test');
my $p = $t->providers(signin => { apis => { $jwt => 'jwt', $opaque => 'opaque', $other => 'jwt', "$other/opaque" => 'opaque' }, accessTokenTTL => 900 });
my $issuer = $p->signin->{issuer};
my $api = MNV::Bearer->new($t);
$p->control('signin', { client => { client_id => 'gate', client_secret => 'secret-of-the-gate-0123456789-abcdefghijklmnopqr', redirect_uris => ['http://localhost/callback'] } });
my $common = $api->load . <<"EOT";
StartServers 1
MinSpareThreads 1
MaxSpareThreads 8
ThreadsPerChild 8
MaxRequestWorkers 8
MyNumberRecheck 1s
MyNumberClockSkew 0s
MyNumberBearerVerify introspect $issuer/token/introspection introspect.auth=client_secret_basic&client_id=gate&client_secret=secret-of-the-gate-0123456789-abcdefghijklmnopqr
MyNumberBearerAudience $jwt $opaque
EOT
my $location = <<'EOT';
<Location /show/api>
  AuthType mynumber
  Require mynumber-account
  MyNumberBearer required
</Location>
<Location /show/linked>
  AuthType mynumber
  Require mynumber-linked
  MyNumberBearer required
</Location>
EOT
sub seen { MNV::Bearer::seen(@_) }
sub counts { $p->signin_requests->{counts} }

for my $how ("metadata $issuer/.well-known/openid-configuration", "jwks_uri $issuer/jwks") {
    my ($word) = split ' ', $how;
    my $text = $t->default_config(server => "${common}MyNumberBearerVerify $how\n", location => $location);
    $t->{pid} ? $t->restart($text) : $t->start($text);
    my %token = map { $_ => $api->fetch($p, resource => $_) } $jwt, $opaque, $other, "$other/opaque";
    like($token{$jwt}, qr/^[\w-]+\.[\w-]+\.[\w-]+$/, "$word: the provider issues a JWT");
    is($api->call('/show/api', $token{$jwt})->json->{env}{MYNUMBER_ACCOUNT}, 'sub-0123456789', '  it is the account');
    my $before = counts()->{introspection};
    is($api->call('/show/api', $token{$opaque})->json->{env}{MYNUMBER_ACCOUNT}, 'sub-0123456789', '  so is an opaque one');
    is(counts()->{introspection}, $before + 1, '  by introspection');
    $t->expect_log(qw(MNV0309 MNV0393));
    is(seen($api->call('/show/api', $token{$_})), '401 invalid_token MNV0393', "  not for another API: $_") for $other, "$other/opaque";
    $t->expect_log('MNV0396');
    is(seen($api->call('/show/api', 'nobody-knows-it')), '401 invalid_token MNV0396', '  nor one that the provider does not know');
}

# The link, with the account that signs in at the same provider.
my %token = map { $_ => $api->fetch($p, resource => $_) } $jwt, $opaque;
$t->expect_log('MNV0822');
is(seen($api->call('/show/linked', $token{$_})), '403 insufficient_scope MNV0822', 'not linked') for $jwt, $opaque;
linked_person($t, '0123456789', 'adult');
ok(wait_for(sub { $api->call('/show/linked', $token{$_})->code == 200 }, 10), 'linked') for $jwt, $opaque;

# The keys of the provider.
$p->rotate('signin');
my $new = $api->fetch($p, resource => $jwt);
is($api->call('/show/api', $new)->code, 200, 'a new key of the provider is fetched');
my $certs = counts()->{certs};
$t->expect_log('MNV0304');
my $forger = MNV::Bearer->new($t, issuer => $issuer);
is(seen($api->call('/show/api', $forger->sign({ aud => $jwt }, { kid => "unknown-$_" }))), '401 invalid_token MNV0393', 'an unknown kid is refused') for 1 .. 5;
cmp_ok(counts()->{certs} - $certs, '<=', 1, 'five of them cost the provider at most one call');

# Bound tokens (RFC 9449): the provider binds what comes with a proof.
my $bound = $api->fetch($p, resource => $jwt, dpop => 1);
$t->expect_log('MNV0394');
is(seen($api->call('/show/api', $bound)), '401 invalid_token MNV0394', 'a token bound to a key is refused');
my $bound_opaque = $api->fetch($p, resource => $opaque, dpop => 1);
is(seen($api->call('/show/api', $bound_opaque)), '401 invalid_token MNV0394', 'an opaque one too');

# Revocation and expiry, with the cache in between.
is($api->call('/show/api', $token{$opaque})->code, 200, 'before its revocation');
$api->revoke($p, $token{$opaque});
ok(wait_for(sub { seen($api->call('/show/api', $token{$opaque})) eq '401 invalid_token MNV0396' }, 10), 'revoked: refused within MyNumberRecheck');

# Eight threads of one process, several tokens at once, some bad.
my @tokens = ($jwt, $opaque);
$token{$opaque} = $api->fetch($p, resource => $opaque);
my @children = $t->child_pids;
my @answers = MNV::Attack::at_once(map { my $n = $_; sub { join ' ', map { $api->call('/show/api', $_ % 3 == 2 ? "bad-$n-$_" : $token{ $tokens[ $_ % 3 ] })->code } 0 .. 8 } } 1 .. 8);
is(join('; ', @answers), join('; ', ('200 200 401 200 200 401 200 200 401') x 8), 'eight clients at once, each gets its own answer');
my %lives = map { $_ => 1 } $t->child_pids;
is(join(' ', grep { !$lives{$_} } @children), '', 'the process lives');

# The provider goes away.
$p->stop_one('signin');
$t->expect_log(qw(MNV0395 MNV0401));
my $r = $api->call('/show/api', 'another-opaque-one');
is(seen($r), '503 MNV0395', 'introspection is away: 503, neither admitted nor called invalid');
ok($r->header('Retry-After'), 'with Retry-After');
is($r->header('WWW-Authenticate'), undef, 'without a challenge');
ok(wait_for(sub { seen($api->call('/show/api', $token{$opaque})) eq '503 MNV0395' }, 10), 'an opaque token that was good is good until MyNumberRecheck');
is($api->call('/show/api', $new)->code, 200, 'JWTs go on with the keys there are');
$p->start_one('signin');
$t->allow_log('AH00484'); # eight clients and eight threads
ok(wait_for(sub { $api->call('/show/api', $token{$jwt})->code == 200 }, 10), 'and it comes back');
$t->done;
