# What an introspection endpoint may answer, row by row: only a whole answer about a token for us lets somebody in; what is no answer is 503, never "invalid" and never admitted.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Bearer;
use JSON::PP ();

my $t = MNV::Test->new;
my $api = MNV::Bearer->new($t);
# The endpoint, in the same httpd: the token's name is the file it answers with, header and body.
mkdir $t->path('answers'), 0755;
$t->write_file('cgi/introspect', "#!$^X\n" . <<'EOT' =~ s/\@ANSWERS\@/$t->path('answers')/er, 0755);
use strict;
read STDIN, my $form, $ENV{CONTENT_LENGTH} // 0;
my ($token) = $form =~ /(?:^|&)token=([\w-]+)/;
open my $in, '<', "@ANSWERS@/$token" or do { print "Status: 500\r\n\r\n"; exit };
print <$in>;
EOT
$t->start($t->default_config(server => $api->load . <<"EOT", location => <<'EOT'));
ScriptAlias /introspect "\@DIR\@/cgi/introspect"
MyNumberBearerVerify introspect http://127.0.0.1:\@PORT\@/introspect
MyNumberBearerIssuer $api->{issuer}
MyNumberBearerAudience api
EOT
<Location /show/api>
  AuthType mynumber
  Require mynumber-account
  MyNumberBearer required
</Location>
EOT
$t->allow_log('MNV0401');
my $n = 0;

sub answers {
    my ($name, $what, $seen, $log) = @_;
    my $token = 'token-' . ++$n;
    $what = "Content-Type: application/json\r\n\r\n" . JSON::PP->new->canonical->encode(whole($what)) if ref $what;
    $t->write_file("answers/$token", $what, 0644);
    my $mark = $t->mark;
    is(MNV::Bearer::seen($api->call('/show/api', $token)), $seen, $name);
    return unless $log;
    $t->expect_log($log, $seen =~ /(MNV\d+)/);
    like($t->log_since($mark), qr/\b$log\b/, "  for $log");
}

sub whole {
    my ($change) = @_;
    my %all = (active => JSON::PP::true, %{ $api->claims }, token_type => 'Bearer', %$change);
    return { map { defined $all{$_} ? ($_ => $all{$_}) : () } keys %all };
}

my $invalid = '401 invalid_token MNV0393';
my $unchecked = '503 MNV0395';
answers('whole', {}, '200');
answers('without iss: the issuer was asked itself', { iss => undef }, '200');
answers('token_type in another case', { token_type => 'bearer' }, '200');
answers('not active', { active => JSON::PP::false }, '401 invalid_token MNV0396', 'MNV0396');
answers('nothing but that', "Content-Type: application/json\r\n\r\n{\"active\":false}", '401 invalid_token MNV0396', 'MNV0396');
answers('another issuer', { iss => 'https://evil.example' }, $invalid, 'MNV0307');
answers('another audience', { aud => 'other' }, $invalid, 'MNV0309');
answers('no audience', { aud => undef }, $invalid, 'MNV0309');
answers('no exp', { exp => undef }, $invalid, 'MNV0311');
answers('past, whatever it says of itself', { exp => time - 120 }, $invalid, 'MNV0311');
answers('not yet', { nbf => time + 120 }, $invalid, 'MNV0313');
answers('no sub', { sub => undef }, $invalid, 'MNV0308');
answers('bound: cnf', { cnf => { jkt => 'x' } }, '401 invalid_token MNV0394', 'MNV0394');
answers('bound: token_type', { token_type => 'DPoP' }, '401 invalid_token MNV0394', 'MNV0394');
answers('active as a text', { active => 'true' }, $unchecked, 'MNV0395');
answers('active as a number', { active => 1 }, $unchecked, 'MNV0395');
answers('without active', { active => undef }, $unchecked, 'MNV0395');
answers('an error', { error => 'server_error' }, $unchecked, 'MNV0395');
answers("status $_", "Status: $_\r\nContent-Type: application/json\r\n\r\n" . JSON::PP->new->encode(whole({})), $unchecked, 'MNV0395') for 400, 401, 403, 404, 500, 503;
answers('a page', "Content-Type: text/html\r\n\r\n<p>maintenance", $unchecked, 'MNV0395');
answers('nothing', "Content-Type: application/json\r\n\r\n", $unchecked, 'MNV0395');
answers('a list', "Content-Type: application/json\r\n\r\n[{\"active\":true}]", $unchecked, 'MNV0395');
answers('two megabytes', "Content-Type: application/json\r\n\r\n{\"active\":true,\"x\":\"" . 'x' x 2_000_000 . '"}', $unchecked, 'MNV0395');
is(MNV::Bearer::seen($api->call('/show/api', $api->sign)), $unchecked, 'a JWT is asked about as well where there are no keys');
$t->forbid_in_log('token-1', 'token-9');
$t->allow_line(qr/cgid?:error/);
$t->done;
