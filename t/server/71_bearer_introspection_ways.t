# How the introspection endpoint is told who asks: each way as its RFC has it, secrets out of files too, and nothing of it in a log.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Introspection;
use MIME::Base64 qw(encode_base64);

my $t = MNV::Test->new;
my $endpoint = MNV::Introspection->new($t);
my $api = $endpoint->{api};
$t->allow_log('MNV0401');
my $secret = 'two words:100%';
my $encoded = 'two%20words%3A100%25';
my $file = $t->write_file('keys/client.secret', "$secret\n", 0600);
my $of_file = $file =~ s{/}{%2F}gr;

sub asks {
    my ($name, $options, $form, $basic) = @_;
    my $config = $endpoint->config(undef, undef, $options);
    $t->{pid} ? $t->restart($config) : $t->start($config);
    my $token = $endpoint->answer({});
    is($api->call('/show/api', $token)->code, 200, $name);
    my $asked = $endpoint->asked;
    is($asked->{form}, "token=$token&token_type_hint=access_token$form", '  the form');
    is($asked->{authorization}, defined $basic ? 'Basic ' . encode_base64($basic, '') : undef, '  Authorization');
}

asks('nobody', undef, '');
asks('none', 'introspect.auth=none', '');
asks('basic', "introspect.auth=basic&username=gate&password=$encoded", '', "gate:$secret");
asks('client_secret_basic, encoded once more (RFC 6749 2.3.1)', "introspect.auth=client_secret_basic&client_id=the%2Bgate&client_secret=$encoded", '', "the%2Bgate:$encoded");
asks('client_secret_post', "introspect.auth=client_secret_post&client_id=the%2Bgate&client_secret=$encoded", "&client_id=the%2Bgate&client_secret=$encoded");
asks('a secret out of a file', "introspect.auth=client_secret_post&client_id=gate&client_secret_file=$of_file", "&client_id=gate&client_secret=$encoded");

# A certificate, at an endpoint that takes nobody without one.
my ($key, $certificate) = $t->certificate;
my ($client_key, $client) = map { $t->path("keys/gate.$_") } qw(key crt);
my $make = sub { my ($k, $c, $cn) = @_; $t->run(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 60), '-subj', "/CN=$cn", '-keyout', $k, '-out', $c) };
$make->($client_key, $client, 'gate');
my $tls = $t->load('ssl') . <<"EOT";
Listen 127.0.0.1:\@PORT:tls\@
MyNumberBearerCAFile "$certificate"
<VirtualHost 127.0.0.1:\@PORT:tls\@>
  ServerName localhost
  MyNumberSecretFile none
  SSLEngine on
  SSLCertificateFile "$certificate"
  SSLCertificateKeyFile "$key"
  SSLCACertificateFile "$client"
  SSLVerifyClient require
  ScriptAlias /introspect "\@DIR\@/cgi/introspect"
  SSLOptions +StdEnvVars
</VirtualHost>
EOT
my $over_tls = sub { $endpoint->config($tls, 'https://localhost:@PORT:tls@/introspect', $_[0]) };
$t->restart($over_tls->("introspect.auth=client_cert&cert=$client&key=$client_key&client_id=gate"));
my $token = $endpoint->answer({});
is($api->call('/show/api', $token)->code, 200, 'client_cert');
is($endpoint->asked->{client}, 'gate', '  the certificate is shown');
is($endpoint->asked->{form}, "token=$token&token_type_hint=access_token&client_id=gate", '  and the name given');

$t->restart($over_tls->('introspect.auth=none'));
$t->expect_log('MNV0395');
$t->allow_log(qw(MNV0401 MNV0403));
is(MNV::Bearer::seen($api->call('/show/api', $endpoint->answer({}))), '503 MNV0395', 'without one the endpoint does not answer');
$t->restart($over_tls->("introspect.auth=client_cert&cert=$client&key=$client_key") =~ s/^MyNumberBearerCAFile.*$//mr);
$t->expect_log('MNV0403');
is(MNV::Bearer::seen($api->call('/show/api', $endpoint->answer({}))), '503 MNV0395', 'an endpoint that the system does not trust is not asked');

# What does not start.
sub says {
    my ($name, $options, $pattern) = @_;
    my ($exit, $out) = $t->configtest($endpoint->config(undef, 'https://issuer.example.test/introspect', $options));
    isnt($exit, 0, $name);
    like($out, $pattern, '  ' . $pattern);
}
my ($other_key, $other) = map { $t->path("keys/other.$_") } qw(key crt);
$make->($other_key, $other, 'other');
says('a key of another certificate', "introspect.auth=client_cert&cert=$client&key=$other_key", qr/MNV1708.*do not belong to each other/);
says('no certificate in the file', "introspect.auth=client_cert&cert=$client_key&key=$client_key", qr/MNV1708/);
says('no such file', "introspect.auth=client_cert&cert=$client&key=$client.absent", qr/MNV1301/);
says('half of it', "introspect.auth=client_cert&cert=$client", qr/needs key too/);
chmod 0644, $file;
says('a secret that all can read', "introspect.auth=client_secret_basic&client_id=gate&client_secret_file=$of_file", qr/MNV1303/);
says('a secret that nothing sends', 'client_id=gate&client_secret=x', qr/client_id" is of no use with introspect.auth=none/);
says('an option of another way', 'introspect.auth=basic&username=a&password=b&cert=/x', qr/cert" is of no use with introspect.auth=basic/);
says('an option twice', 'introspect.auth=none&introspect.auth=basic', qr/given twice/);

$t->forbid_in_log($secret, $encoded, encode_base64("gate:$secret", ''));
$t->allow_line(qr/ssl:(?:error|info|warn)/);
$t->done;
