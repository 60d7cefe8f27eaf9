# An API client with a token of a key we know gets what the person of the browser gets: the link, rules, headers, variables. No cookie, no redirect.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(linked_person state_of);
use MNV::Bearer;

my $t = MNV::Test->new;
my $p = $t->providers;
my $api = MNV::Bearer->new($t, issuer => $p->signin->{issuer});
$t->start($t->default_config(server => $api->load . $api->by_key, location => <<'EOT'));
<Location /show/api>
  AuthType mynumber
  Require mynumber-account
  MyNumberBearer required
  MyNumberExport account account-issuer method verified linked name subject
</Location>
<Location /show/linked>
  AuthType mynumber
  Require mynumber-linked
  MyNumberBearer on
</Location>
<Location /show/sealed>
  AuthType mynumber
  Require mynumber-linked
  MyNumberBearer on
  MyNumberAssertion on aud=https://app.example.test
</Location>
<Location /show/pass>
  AuthType mynumber
  Require mynumber-account
  MyNumberBearer required
  MyNumberUnauthenticated pass
</Location>
<Location /mynumber/>
  AuthType mynumber
  Require all granted
  MyNumberBearer required
</Location>
<Location /show/without>
  AuthType None
  Require all granted
  MyNumberBearer required
</Location>
EOT
sub seen { MNV::Bearer::seen(@_) }
my $token = $api->sign;

my $r = $api->call('/show/api', $token);
is($r->code, 200, 'a token is let in');
my $env = $r->json->{env};
is($env->{MYNUMBER_ACCOUNT}, 'sub-0123456789', 'its account');
is($env->{MYNUMBER_ACCOUNT_ISSUER}, $p->signin->{issuer}, 'its issuer');
is($env->{MYNUMBER_METHOD}, 'bearer', 'the method');
is("$env->{MYNUMBER_VERIFIED} $env->{MYNUMBER_LINKED}", '0 0', 'not linked yet');
is($env->{HTTP_MYNUMBER_ACCOUNT}, 'sub-0123456789', 'as a header too');
is("$env->{REMOTE_USER} $env->{AUTH_TYPE}", 'sub-0123456789 mynumber', 'and as the user');
is(join('', $r->headers('Set-Cookie')), '', 'no cookie is set');
like($r->header('Cache-Control'), qr/private|no-store/, 'no shared cache keeps it');

is(seen($api->call('/show/linked', $token)), '403 insufficient_scope MNV0822', 'without a link the rule refuses: insufficient_scope');
$t->expect_log('MNV0822');
$r = $api->call('/show/linked', $token, headers => [ [ 'Accept', 'text/html' ], [ 'Sec-Fetch-Mode', 'navigate' ] ]);
is(seen($r), '403 insufficient_scope MNV0822', 'also to what looks like a browser: never a redirect');
like($r->json->{cure}, qr{/mynumber/}, 'it says where a person can mend it');

linked_person($t, '0123456789', 'adult');
ok(wait_for(sub { $api->call('/show/linked', $token)->code == 200 }, 10), 'once the person has linked, the same token is of a linked person');
$env = $api->call('/show/api', $token)->json->{env};
is("$env->{MYNUMBER_VERIFIED} $env->{MYNUMBER_LINKED}", '1 1', 'verified and linked');
ok(length $env->{MYNUMBER_NAME}, 'the name that the link keeps');
like($env->{MYNUMBER_SUBJECT}, qr/^[\w-]{20,}$/, 'the pairwise subject');
is($api->call('/show/api', $token)->json->{env}{MYNUMBER_SUBJECT}, $env->{MYNUMBER_SUBJECT}, 'the same the next time');
is($api->call('/show/api', $api->sign({ jti => 'other' }))->json->{env}{MYNUMBER_SUBJECT}, $env->{MYNUMBER_SUBJECT}, 'and with another token of the person');
like($api->call('/show/sealed', $token)->json->{env}{MYNUMBER_ASSERTION}, qr/^[\w-]+\.[\w-]+\.[\w-]+$/, 'the assertion');

# Without a token.
$t->expect_log('MNV0821');
$r = $api->call('/show/api');
is(seen($r), '401 MNV0821', 'required and none: 401');
is($r->header('WWW-Authenticate'), 'Bearer realm="' . $t->base . '"', 'with the challenge, without an error');
my $b = linked_person($t, '9876543210', 'minor');
is(seen($b->fetch($t->url('/show/api'))), '401 MNV0821', 'a session is no token where that is required');
is($b->fetch($t->url('/show/linked'))->code, 200, 'where both are taken it is as good as ever');
is($b->request('GET', $t->url('/show/linked'), headers => [ [ 'Authorization', "Bearer $token" ] ])->json->{env}{MYNUMBER_ACCOUNT}, 'sub-0123456789', 'with both, the token speaks');
$t->expect_log('MNV0393');
is(seen($b->request('GET', $t->url('/show/linked'), headers => [ [ 'Authorization', 'Bearer junk' ] ])), '401 invalid_token MNV0393', 'a bad one is refused, the session beside it does not help');
is($b->request('GET', $t->url('/linked/'), headers => [ [ 'Authorization', 'Bearer junk' ] ])->json->{env}{MYNUMBER_ACCOUNT}, 'sub-9876543210', 'elsewhere the header is none of our business');
is($api->call('/linked/', $token)->code, 303, 'and a token opens nothing');
$r = $t->browser->fetch($t->url('/show/linked'));
is($r->header('WWW-Authenticate'), 'MyNumber, Bearer realm="' . $t->base . '"', 'a script without either is told both ways');
$t->expect_log('MNV0802');
is($t->browser->get($t->url('/show/linked'))->code, 303, 'a person without either is led to the sign-in');
$env = $api->call('/show/pass')->json->{env};
is($env->{MYNUMBER_VERIFIED}, '0', 'pass: nobody is told as nobody');
is($api->call('/show/pass', $token)->json->{env}{MYNUMBER_ACCOUNT}, 'sub-0123456789', 'somebody as somebody');

for my $any ($token, 'junk') {
    $r = $api->call('/show/without', $any);
    is(join(' ', $r->code, grep { /^MYNUMBER_/ } sort keys %{ $r->json->{env} }), '200', 'where AuthType mynumber is not in force nobody is looked for');
}

is(state_of($b->request('GET', $t->url('/mynumber/'), headers => [ [ 'Authorization', "Bearer $_" ] ]))->{linked}, '1', 'our own pages are for who has a session, whatever token comes along') for $token, 'junk';

# RFC 6750 2: once, by one method.
$t->expect_log('MNV0392');
my @twice = ([ 'Authorization', "Bearer $token" ]) x 2;
is(seen($api->call('/show/api', undef, headers => \@twice)), '400 invalid_request MNV0392', 'two headers');
is(seen($api->call('/show/api', undef, headers => [ [ 'Authorization', 'Basic YTpi' ], [ 'Authorization', "Bearer $token" ] ])), '400 invalid_request MNV0392', 'another beside it');
is(seen($api->call("/show/api?x=1&access_token=$token", $token)), '400 invalid_request MNV0392', 'a token in the query too');
is(seen($api->call("/show/api?access_token=$token")), '401 MNV0821', 'in the query alone it is none');
is(seen($api->call('/show/api', $_)), '400 invalid_request MNV0392', "no token: \"$_\"") for '', 'a b', "\x{e9}", 'a=b', 'x' x 8001;
$t->expect_log('MNV0394');
is(seen($api->call('/show/api', undef, headers => [ [ 'Authorization', "DPoP $token" ] ])), '401 invalid_token MNV0394', 'the scheme DPoP is refused by its name');

# Neither token nor session is the other's.
my $id = $b->jar->cookie('mynumber') // $b->jar->cookie('__Host-mynumber');
is(seen($api->call('/show/api', ref $id ? $id->{value} : $id)), '401 invalid_token MNV0393', 'the value of a session cookie is no token');

$t->allow_log('MNV0301');
unlike($t->run('ldd', $t->module), qr/oauth2|cjose/, 'the main module does not need liboauth2');
like($t->run('ldd', $api->{module}), qr/oauth2/, 'the second does');
$t->done;
