# What a configuration about access tokens may say: what would be unsafe or of no use does not start, and says how to mend it.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Bearer;

my $t = MNV::Test->new;
my $api = MNV::Bearer->new($t);
my $location = "<Location /show/api>\nAuthType mynumber\nRequire mynumber-account\nMyNumberBearer on\n</Location>\n";
my $load = $api->load;
my $names = "MyNumberBearerIssuer https://issuer.example.test\nMyNumberBearerAudience api\n";
my $url = 'https://issuer.example.test';

sub says {
    my ($name, $server, $pattern, %option) = @_;
    my ($exit, $out) = $t->configtest($t->default_config(server => $server, location => $option{location} // $location));
    $option{fine} ? is($exit, 0, "$name: $out") : isnt($exit, 0, $name);
    like($out, $pattern, '  ' . substr($pattern, 0, 100)) if $pattern;
}
says('all there', $load . $api->by_key, qr/Syntax OK/, fine => 1);
says('without the second module', $api->by_key, qr/MNV1701.*MyNumberBearer: needs mod_mynumber_bearer/);
says('without a way to check', "$load$names", qr/MNV1700.*write MyNumberBearerVerify/);
says('off needs nothing', '', undef, fine => 1, location => $location =~ s/Bearer on/Bearer off/r);
says('without an issuer', "${load}MyNumberBearerVerify jwks_uri $url/jwks\nMyNumberSignIn external\n", qr/MNV1702/);
says('the audience of people', "${load}MyNumberBearerVerify jwks_uri $url/jwks\nMyNumberBearerAudience nobody\n", qr/MNV1703/);
says('two lines about keys', "$load$names" . "MyNumberBearerVerify jwks_uri $url/jwks\nMyNumberBearerVerify jwks_uri $url/keys\n", qr/MNV1707.*keys/);
says('two about introspection', "$load$names" . "MyNumberBearerVerify introspect $url/a\nMyNumberBearerVerify introspect $url/b\n", qr/MNV1707.*introspection/);
says('metadata elsewhere', "$load$names" . "MyNumberBearerVerify metadata $url/other\n", qr/MNV1705/);
says('metadata', "$load$names" . "MyNumberBearerVerify metadata $url/.well-known/openid-configuration\n", undef, fine => 1);
says("type $_", "$load$names" . "MyNumberBearerVerify $_ c2VjcmV0\n", qr/\Q$_\E.*(?:shared secret|ends the process)/) for qw(plain base64 base64url hex eckey_uri);
says('an unknown type', "$load$names" . "MyNumberBearerVerify magic x\n", qr/no way to check tokens/);
says('plain http', "$load$names" . "MyNumberBearerVerify $_ http://issuer.example.test/x\n", qr/plain http/) for qw(jwks_uri metadata introspect);
says("option $_", "$load$names" . "MyNumberBearerVerify introspect $url/i $_\n", qr/no option here/)
  for qw(introspect.ssl_verify=false verify.exp=skip expiry=86400 type=dpop type=mtls verify.cache=x introspect.http_timeout=1000 jwks_uri.ssl_verify=false);
says('a way that is not taken', "$load$names" . "MyNumberBearerVerify introspect $url/i introspect.auth=private_key_jwt\n", qr/no way to authenticate/);
says('half of a way', "$load$names" . "MyNumberBearerVerify introspect $url/i introspect.auth=client_secret_basic&client_id=x\n", qr/needs client_secret too/);
says('a key that is too small', "$load$names" . 'MyNumberBearerVerify jwk "{\"kty\":\"RSA\",\"n\":\"' . 'A' x 100 . '\",\"e\":\"AQAB\"}"' . "\n", qr/MNV1704/);
says('a symmetric key', "$load$names" . 'MyNumberBearerVerify jwk "{\"kty\":\"oct\",\"k\":\"AAAA\"}"' . "\n", qr/MNV1704/);
says('no JSON', "$load$names" . "MyNumberBearerVerify jwk x\n", qr/MNV1704.*no JSON/);

my $dump = $t->dump($t->default_config(server => "$load${names}MyNumberBearerVerify introspect $url/i introspect.auth=client_secret_post&client_id=x&client_secret=not-to-be-seen\n", location => $location));
my $text = JSON::PP->new->canonical->encode($dump);
like($text, qr/introspect $url/, 'the dump names the endpoint');
unlike($text, qr/not-to-be-seen/, 'without the secret');

# Keys in files, for tokens with any kid.
my $public = $t->path('keys/public.pem');
$t->run(qw(openssl pkey -pubout -in), $api->key('ES256'), '-out', $public);
my $certificate = $t->path('keys/issuer.crt');
$t->run(qw(openssl req -x509 -new -days 2 -subj /CN=issuer -key), $api->key('RS256'), '-out', $certificate);
$t->allow_log('MNV0401');
my @ways = (['pubkey', $public, 'ES256'], ['pem', $certificate, 'RS256']);
for (@ways) {
    my ($type, $file, $alg) = @$_;
    my $config = $t->default_config(server => "$load${names}MyNumberBearerVerify $type \"$file\"\n", location => $location);
    $t->{pid} ? $t->restart($config) : $t->start($config);
    is($api->call('/show/api', $api->sign(undef, { kid => $_ }, $alg))->code, 200, "$type: a token with kid " . ($_ // 'absent')) for undef, 'any';
    $t->expect_log(qw(MNV0304 MNV0393 MNV0396));
    is(MNV::Bearer::seen($api->call('/show/api', $api->sign(undef, undef, $alg eq 'ES256' ? 'RS256' : 'ES256'))), '401 invalid_token MNV0393', '  of another type is refused');
    is(MNV::Bearer::seen($api->call('/show/api', $api->sign(undef, undef, $alg) =~ s/[^.]{9}$/AAAAAAAAA/r)), '401 invalid_token MNV0396', '  forged too') if $alg eq 'RS256';
}
$t->expect_log('MNV0396');

# Accounts that links know by another name.
my $mark = $t->restart($t->default_config(server => $load . $api->by_key . "MyNumberBearerAttribute eppn sub\nMyNumberBearerAccountIssuer https://idp.example.test/shibboleth\nMyNumberBearerAccountKind eppn-of-idp\nMyNumberBearerClient script phone\n",
        location => $location . "<Location /show/api>\nMyNumberExport account account-issuer\n</Location>\n"));
my $env = $api->call('/show/api', $api->sign({ eppn => 'taro@example.test' }))->json->{env};
is("$env->{MYNUMBER_ACCOUNT} $env->{MYNUMBER_ACCOUNT_ISSUER}", 'taro@example.test https://idp.example.test/shibboleth', 'the account as the links know it');
$t->expect_log('MNV0310');
is(MNV::Bearer::seen($api->call('/show/api', $api->sign({ client_id => 'stranger' }))), '401 invalid_token MNV0393', 'a client that is not listed');
is($api->call('/show/api', $api->sign({ client_id => undef, azp => 'phone' }))->code, 200, 'one that is, by azp');
$t->done;
