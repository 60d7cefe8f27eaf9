# What liboauth2 1.4.5.4 and cjose 0.6.2.1 do wrongly with a token, one row each: here it is refused, and the process lives.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Bearer;
use MIME::Base64 qw(decode_base64url);

my $t = MNV::Test->new;
my $api = MNV::Bearer->new($t);
$t->start($t->default_config(server => $api->load . $api->by_key, location => <<'EOT'));
<Location /show/api>
  AuthType mynumber
  Require mynumber-account
  MyNumberBearer required
</Location>
EOT
$t->expect_log('MNV0393');
$t->allow_log('MNV0401'); # nobody answers for the sign-in
my $rows = 0;

sub refused {
    my ($name, $token, $log, $status, $detail) = @_;
    my $mark = $t->mark;
    is(MNV::Bearer::seen($api->call('/show/api', $token)), $status // '401 invalid_token MNV0393', $name);
    $t->expect_log($log);
    like($t->log_since($mark), $detail // qr/\b$log\b/, "  for $log");
    $rows++;
}

my @children = $t->child_pids;
my $good = $api->sign;
my ($head, $body, $signature) = split /\./, $good;
is($api->call('/show/api', $good)->code, 200, 'a right token');

# cjose: base64.c:128 aborts the process (cisco/cjose#123).
refused('AAAAA===.AA.AA', 'AAAAA===.AA.AA', 'MNV0392', '400 invalid_request MNV0392');
refused('the same behind two right parts', "$head.$body.AAAAA===", 'MNV0301');
refused('a part of length 1 modulo 4', "$head.$body.AAAAA", 'MNV0301');
refused('padding', "$good==", 'MNV0301');
refused('the alphabet of plain base64', "$head.$body.$signature+/", 'MNV0301');
refused('bits that encode nothing', $api->sign(undef, undef, 'ES256') =~ s/.$/B/r, 'MNV0301');
refused('two parts', "$head.$body", 'MNV0301');
refused('four parts', "$good.AAAA", 'MNV0301');
refused('five parts, as a JWE', "$head.$body.$signature.AAAA.AAAA", 'MNV0301');
refused('an empty signature', "$head.$body.", 'MNV0301');
refused('the longest token there may be', 'A' x 8000, 'MNV0301');
is(MNV::Bearer::seen($api->call('/show/api', "$good=!!junk")), '400 invalid_request MNV0392', 'valid token with "=!!junk" behind it');
$t->expect_log('MNV0392');

# Algorithms and keys.
refused("alg $_", $api->sign(undef, { alg => $_ }), 'MNV0302') for qw(none None NONE HS256 RS384 RS512 PS256 ES384 EdDSA rs256);
refused('alg none without a signature part of its own', $api->sign(undef, { alg => 'none' }) =~ s/[^.]+$/AA/r, 'MNV0302');
refused('no alg', $api->sign(undef, { alg => undef }), 'MNV0302');
my $public = $t->run(qw(openssl rsa -pubout -in), $api->key('RS256'));
$public =~ s/^writing RSA key\n//m;
refused('HS256 with the public key as PEM', $api->mac($public, { kid => $api->jwk('RS256')->{kid} }), 'MNV0302');
refused('HS256 with the modulus', $api->mac(decode_base64url($api->jwk('RS256')->{n}), { kid => $api->jwk('RS256')->{kid} }), 'MNV0302');
refused('ES256 of another key under the kid of the RSA key', $api->sign(undef, { kid => $api->jwk('RS256')->{kid} }, 'ES256'), 'MNV0304');
refused('RS256 in the header of an ES256 signature', $api->sign(undef, { alg => 'RS256', kid => $api->jwk('RS256')->{kid} }, 'ES256'), 'MNV0396', '401 invalid_token MNV0396');
refused('an unknown kid', $api->sign(undef, { kid => 'nobody' }), 'MNV0304');
refused('a kid of a kilobyte', $api->sign(undef, { kid => 'k' x 1024 }), 'MNV0393', undef, qr/kid is not 1 to/);
refused('a kid with a line break', $api->sign(undef, { kid => "k\nk" }), 'MNV0393', undef, qr/kid is not 1 to/);
refused('a kid that is no string', $api->sign(undef, { kid => 7 }), 'MNV0301');
refused("a key in the header ($_)", $api->sign(undef, { $_ => 'x' }), 'MNV0393') for qw(jwk jku x5u x5c);
refused("crit", $api->sign(undef, { crit => ['exp'] }), 'MNV0303');
refused("b64", $api->sign(undef, { b64 => JSON::PP::false }), 'MNV0303');
refused("typ $_", $api->sign(undef, { typ => $_ }), 'MNV0393') for qw(logout+jwt dpop+jwt secevent+jwt);
refused('a changed signature', "$head.$body." . ($signature =~ s/^(.)/$1 eq 'A' ? 'B' : 'A'/er), 'MNV0396', '401 invalid_token MNV0396');
refused('a changed claim', join('.', $head, (split /\./, $api->sign({ sub => 'sub-9876543210' }))[1], $signature), 'MNV0396', '401 invalid_token MNV0396');
refused('alg twice', $api->sign(undef, '{"alg":"RS256","alg":"none"}'), 'MNV0301');
refused('sub twice', $api->sign('{"sub":"a","sub":"b"}'), 'MNV0301');
refused('claims that are an array', $api->sign('[1]'), 'MNV0301');
refused('claims with text behind', $api->sign('{} x'), 'MNV0301');
refused('ten thousand arrays', $api->sign('{"a":' . '[' x 1000 . ']' x 1000 . '}'), 'MNV0301');

# Claims.
refused('another issuer', $api->sign({ iss => 'https://evil.example' }), 'MNV0307');
refused('no issuer', $api->sign({ iss => undef }), 'MNV0307');
refused('the issuer with a slash', $api->sign({ iss => "$api->{issuer}/" }), 'MNV0307');
refused('another audience', $api->sign({ aud => 'other' }), 'MNV0309');
refused('no audience', $api->sign({ aud => undef }), 'MNV0309');
refused('audiences that are no strings', $api->sign({ aud => [ 1, 'api' ] }), 'MNV0309', undef, qr/MNV0309.*neither a string nor an array/);
refused('azp and client_id of two clients', $api->sign({ azp => 'other' }), 'MNV0310');
refused('azp that is no string', $api->sign({ azp => 7 }), 'MNV0310');
refused('no exp', $api->sign({ exp => undef }), 'MNV0311');
refused('exp -2', $api->sign({ exp => -2 }), 'MNV0311');
refused('exp with a fraction', $api->sign(qq({"iss":"$api->{issuer}","aud":"api","sub":"s","exp":@{[ time + 300 ]}.5})), 'MNV0311');
refused('exp as a string', $api->sign({ exp => 'x' }), 'MNV0311');
refused('exp past by more than the clock skew', $api->sign({ exp => time - 61 }), 'MNV0311');
is($api->call('/show/api', $api->sign({ exp => time - 30 }))->code, 200, 'past, but within the clock skew');
refused('nbf to come', $api->sign({ nbf => time + 120 }), 'MNV0313');
refused('iat to come', $api->sign({ iat => time + 120 }), 'MNV0312');
refused('no sub', $api->sign({ sub => undef }), 'MNV0308');
refused('bound to a key (cnf)', $api->sign({ cnf => { jkt => 'x' } }), 'MNV0394', '401 invalid_token MNV0394');
refused('bound to a certificate (cnf)', $api->sign({ cnf => { 'x5t#S256' => 'x' } }), 'MNV0394', '401 invalid_token MNV0394');
is($api->call('/show/api', $api->sign({ aud => [ 'api', 'other' ], azp => 'script' }, { typ => 'at+jwt' }))->code, 200, 'right: several audiences, azp, at+jwt');

is($api->call('/show/api', $good)->code, 200, 'the right token is right still');
my %lives = map { $_ => 1 } $t->child_pids;
is(join(' ', grep { !$lives{$_} } @children), '', "after $rows bad ones every process lives");
$t->forbid_in_log(substr($signature, 0, 40), substr($body, 0, 40));
$t->done;
