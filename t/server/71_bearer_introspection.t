# What an introspection endpoint may answer, row by row: only a whole answer about a token for us lets somebody in; what is no answer is 503, never "invalid" and never admitted.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Introspection;
use MNV::Attack qw(at_once);
use MNV::Journey qw(sign_in state_of);

my $t = MNV::Test->new;
my $endpoint = MNV::Introspection->new($t);
my $api = $endpoint->{api};
$t->start($endpoint->config("MyNumberTimeout 1s 2s\n"));
$t->allow_log('MNV0401');

sub answers {
    my ($name, $what, $seen, @log) = @_;
    my $token = $endpoint->answer($what);
    my $mark = $t->mark;
    is(MNV::Bearer::seen($api->call('/show/api', $token)), $seen, $name);
    $t->expect_log(@log, $seen =~ /(MNV\d+)/);
    like($t->log_since($mark), qr/\b$_\b/, "  for $_") for @log;
}

my $invalid = '401 invalid_token MNV0393';
my $inactive = '401 invalid_token MNV0396';
my $bound = '401 invalid_token MNV0394';
my $unchecked = '503 MNV0395';
answers('whole', {}, '200');
answers('without iss: the issuer was asked itself', { iss => undef }, '200');
answers('token_type in another case', { token_type => 'bearer' }, '200');
answers('not active', { active => JSON::PP::false }, $inactive, 'MNV0396');
answers('nothing but that', MNV::Introspection::json('{"active":false}'), $inactive, 'MNV0396');
answers('another issuer', { iss => 'https://evil.example' }, $invalid, 'MNV0307');
answers('another audience', { aud => 'other' }, $invalid, 'MNV0309');
answers('no audience', { aud => undef }, $invalid, 'MNV0309');
answers('no exp', { exp => undef }, $invalid, 'MNV0311');
answers('past, whatever it says of itself', { exp => time - 120 }, $invalid, 'MNV0311');
answers('not yet', { nbf => time + 120 }, $invalid, 'MNV0313');
answers('no sub', { sub => undef }, $invalid, 'MNV0308');
answers('bound: cnf', { cnf => { jkt => 'x' } }, $bound, 'MNV0394');
answers('bound: token_type', { token_type => 'DPoP' }, $bound, 'MNV0394');
answers('active as a text', { active => 'true' }, $unchecked, 'MNV0405');
answers('active as a number', { active => 1 }, $unchecked, 'MNV0405');
answers('without active', { active => undef }, $unchecked, 'MNV0405');
answers('an error', { error => 'server_error', active => undef }, $unchecked, 'MNV0405');
answers('a whole answer with status ' . $_, "Status: $_\r\n" . $endpoint->whole, $unchecked, 'MNV0404') for 201, 400, 401, 403, 404, 500, 503;
answers('a page', "Content-Type: text/html\r\n\r\n<p>maintenance", $unchecked, 'MNV0405');
answers('a whole answer as a page', $endpoint->whole =~ s{application/json}{text/html}r, $unchecked, 'MNV0405');
answers('nothing', MNV::Introspection::json(''), $unchecked, 'MNV0405');
answers('a list', MNV::Introspection::json('[{"active":true}]'), $unchecked, 'MNV0405');
answers('active twice', $endpoint->whole =~ s/\{/{"active":false,/r, $unchecked, 'MNV0405');
answers('sub twice', $endpoint->whole =~ s/\{/{"sub":"sub-9876543210",/r, $unchecked, 'MNV0405');
answers('two megabytes', $endpoint->whole({ x => 'x' x 2_000_000 }), $unchecked, 'MNV0406');
my $elsewhere = $endpoint->answer({});
for my $status (301, 302, 303, 307, 308) {
    answers("sent on by $status", "Status: $status\r\nLocation: " . $t->url("/elsewhere/$elsewhere") . "\r\n\r\n", $unchecked, 'MNV0404');
}
unlike($t->access_log, qr{/elsewhere/}, 'nobody went there, with the token or without');
is(MNV::Bearer::seen($api->call('/show/api', $api->sign)), $unchecked, 'a JWT is asked about as well where there are no keys');
$t->expect_log('MNV0404');    # the endpoint does not know it

# An endpoint that takes the call and says nothing.
my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $t->port('silent'), Listen => 16, ReuseAddr => 1, Timeout => 20) or die "could not listen: $@";
$t->restart($endpoint->config("MyNumberTimeout 1s 1s\nMyNumberMaxOutbound 1\n", 'http://127.0.0.1:@PORT:silent@/introspect'));
$t->expect_log(qw(MNV0395 MNV0402));
my $r = $api->call('/show/api', 'silence');
is(MNV::Bearer::seen($r), $unchecked, 'one that says nothing: given up after MyNumberTimeout');
ok($r->header('Retry-After'), '  with Retry-After');

# While all calls that it may have wait for it, people sign in.
close $silent->accept;    # that call's
$t->providers->signin_is(account => '0123456789');
$t->restart($endpoint->config("StartServers 1\nServerLimit 1\nMinSpareThreads 1\nMaxSpareThreads 16\nMaxRequestWorkers 16\nMyNumberTimeout 1s 8s\nMyNumberMaxOutbound 1\n", 'http://127.0.0.1:@PORT:silent@/introspect'));
$t->expect_log('MNV0407');
my @seen = at_once(
    sub { MNV::Bearer::seen($api->call('/show/api', 'silence')) },
    sub {
        my $held = $silent->accept;
        join ' ', $held ? 'held' : 'not called', MNV::Bearer::seen($api->call('/show/api', 'another')), state_of(sign_in($t, $t->browser))->{account};
    },
);
is($seen[1], "held $unchecked 1", 'while one waits for it the next is told so at once, and people sign in');
is($seen[0], $unchecked, '  and the one that waited is told in the end');
$t->forbid_in_log('token-1', 'token-9', 'silence');
$t->allow_line(qr/cgid?:error/);
$t->done;
