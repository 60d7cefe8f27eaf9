# The assertion: what it says at each location, and nothing else; that the applications of docs/assertion verify it and refuse every other; that it is signed once and not for each
# request; that it goes with what it was made of; its keys and their roll-over.
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json encode_json);
use MIME::Base64 qw(decode_base64url encode_base64url);
use MNV::Test;
use MNV::Apps;
use MNV::Journey qw(sign_in verify link_up linked_person);
use MNV::Program;

my $t = MNV::Test->new;
my $p = $t->providers(signin => { accounts => { large => { claims => { map { ($_ => "very-long-$_ " x 200) } qw(ou o dc) } } } });
my @kinds = qw(php py mjs);
my $redis = MNV::Program->redis($t->dir);
my %app = (
    few => [ 'mynumber-linked', 'aud=few', 'account' ],
    same => [ 'mynumber-linked', 'aud=few', 'account' ],
    all => [ 'mynumber-linked', 'aud=all', 'account account-issuer subject method verified verified-at linked linked-at acr name birthdate gender address age-over-18 age-over-20' ],
    nameless => [ 'mynumber-linked', '', 'account attribute-edupersonaffiliation' ],
    ages => [ 'mynumber-verified', 'aud=ages', 'age-over-20' ],
    anyone => [ 'mynumber-account', 'aud=anyone', 'verified linked' ],
    assured => [ 'mynumber-linked', 'aud=assured', 'assurance' ],
    card => [ 'mynumber-verified', 'aud=card', 'account account-issuer verified' ],
    nothing => [ 'mynumber-account', 'aud=nothing', 'none' ],
);
my $locations = join '', map { my ($rule, $aud, $export) = @{ $app{$_} }; "<Location /show/$_>\nAuthType mynumber\nRequire $rule\nMyNumberExport $export\nMyNumberAssertion on $aud\n</Location>\n" } sort keys %app;
$locations .= join '', map { <<"EOT" } @kinds;
ProxyPass /verify-$_ http://127.0.0.1:\@PORT:verify_$_\@/
ProxyPass /direct-$_ http://127.0.0.1:\@PORT:verify_$_\@/
<Location /verify-$_>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport account name
  MyNumberAssertion on aud=https://verify-$_.example.ac.jp
</Location>
EOT
$locations .= <<'EOT';
<Location /show/parts>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport account
  MyNumberAssertion on aud=parts
  <If "%{QUERY_STRING} == 'more'">
    MyNumberExport account method
  </If>
</Location>
<Location /show/few/off>
  MyNumberAssertion off
</Location>
<Location /show/env>
  AuthType mynumber
  Require mynumber-linked
  MyNumberPass env
  MyNumberAssertion on aud=env
</Location>
<Location /show/headers>
  AuthType mynumber
  Require mynumber-linked
  MyNumberPass headers
  MyNumberHeaderPrefix X-Person-
  MyNumberAssertion on aud=headers
</Location>
<Location /show/expr>
  AuthType mynumber
  Require mynumber-linked
  MyNumberAssertion on aud=expr
  Header set X-Seen expr=%{MYNUMBER:assertion}
</Location>
<Location /show/pass>
  AuthType mynumber
  Require mynumber-linked
  MyNumberUnauthenticated pass
  MyNumberAssertion on aud=pass
</Location>
EOT
my @options = (modules => [qw(proxy proxy_http socache_redis)], location => $locations);
my $server = "MyNumberAccountPass eduPersonAffiliation ou o dc\nMyNumberLinkKeep name birthdate gender address\nMyNumberAssurance linked https://a.example/one https://a.example/two\n";
$t->start($t->default_config(@options, server => $server));
my $apps = MNV::Apps->start($t, map { "verify_$_" } @kinds);
$p->control(card => { acr => 'standin-high' });
my $b = linked_person($t, '1111111111', 'kanji');

sub part { return decode_json(decode_base64url((split /\./, $_[0])[ $_[1] ])) }
sub env { my ($path, $who, $at) = @_; return ($who // $b)->get(($at // $t)->url("/show/$path"))->json->{env} }
sub token { return env(@_)->{MYNUMBER_ASSERTION} // '' }
sub claims { return part(token(@_), 1) }
sub names { my ($of) = @_; return join ' ', sort keys %$of }

# --- what it says ---
my $all = env('all');
is($all->{HTTP_MYNUMBER_ASSERTION}, $all->{MYNUMBER_ASSERTION}, 'as a header and as a variable');
my ($head, $says) = map { part($all->{MYNUMBER_ASSERTION}, $_) } 0, 1;
my $jwks = $b->get($t->url('/mynumber/jwks.json'))->json->{keys};
my ($key) = grep { $_->{kid} eq $head->{kid} } @$jwks;
is(names($head), 'alg kid typ', 'header: nothing else');
is("$head->{alg} $head->{typ}", 'ES256 mynumber-assertion+jwt', 'header');
is("$key->{kty} $key->{crv} $key->{use}", 'EC P-256 sig', 'its key is published');
is(names($key), 'alg crv kid kty use x y', '... its public half alone');
is(names($says), 'account account_issuer acr attributes aud auth_time exp iat iss jti linked linked_at method sub verified verified_at verified_claims', 'all: claims');
is($says->{iss}, $t->base, 'iss is the base URL');
is($says->{aud}, 'all', 'aud');
is($says->{sub}, $all->{MYNUMBER_SUBJECT}, 'sub is the pairwise subject');
is($says->{exp} - $says->{iat}, 300, 'five minutes');
ok(abs($says->{iat} - time) < 60, 'made now');
ok($says->{auth_time} <= $says->{iat} && $says->{auth_time} > $says->{iat} - 600, 'auth_time');
like($says->{jti}, qr/^[\w-]{22}$/, 'jti');
is($says->{$_}, $all->{ 'MYNUMBER_' . uc $_ }, "$_ as in its variable") for qw(account account_issuer method verified_at linked_at);
is(encode_json([ @$says{qw(verified linked)} ]), '[true,true]', 'flags are true or false');
my $verified = $says->{verified_claims};
is(names($verified->{verification}), 'time trust_framework', 'verified_claims: verification');
is($verified->{verification}{time}, $all->{MYNUMBER_VERIFIED_AT}, '... when');
is(names($verified->{claims}), 'address age_over_18 age_over_20 birthdate gender name', '... claims');
is($verified->{claims}{name}, $all->{MYNUMBER_NAME}, '... name, kanji of four bytes whole');
is_deeply($verified->{claims}{address}, { formatted => $all->{MYNUMBER_ADDRESS} }, '... address as an object');
is(encode_json([ $verified->{claims}{age_over_20} ]), '[true]', '... ages');
my $few = claims('few');
is(names($few), join(' ', sort +(exists $says->{acr} ? 'acr' : ()), qw(account attributes aud auth_time exp iat iss jti sub)), 'few: what is exported, attributes as in headers');
isnt($few->{sub}, $says->{sub}, 'sub differs from application to application');
is(env('all')->{MYNUMBER_SUBJECT}, $says->{sub}, '... and stays');
my $nameless = claims('nameless');
is($nameless->{aud}, $t->base . '/show/nameless', 'without aud=: the URL of the section');
is_deeply($nameless->{attributes}, { eduPersonAffiliation => [ split /;/, env('nameless')->{MYNUMBER_ATTRIBUTE_EDUPERSONAFFILIATION} ] }, 'attributes are lists');
is_deeply(claims('assured')->{assurance}, [ map { "https://a.example/$_" } qw(one two) ], 'assurance is a list');
is_deeply(claims('ages')->{verified_claims}{claims}, { age_over_20 => JSON::PP::true() }, 'an age without a birthdate');
is(names({ map { ($_ => 1) } grep { $_ ne 'acr' } keys %{ claims('nothing') } }), 'aud auth_time exp iat iss jti sub', 'nothing exported: sub alone');
is(token('few/off'), '', 'off in a section below');
is(names({ map { ($_ => 1) } grep { /ASSERTION/ } keys %{ env('env') } }), 'MYNUMBER_ASSERTION', 'MyNumberPass env');
is(names({ map { ($_ => 1) } grep { /ASSERTION/ } keys %{ env('headers') } }), 'HTTP_X_PERSON_ASSERTION', 'MyNumberPass headers, another prefix');
my $expr = $b->get($t->url('/show/expr'));
is($expr->header('X-Seen'), $expr->json->{env}{MYNUMBER_ASSERTION}, '%{MYNUMBER:assertion} in an expression');
is(token('pass', $t->browser), '', 'nobody: none');

# --- halves ---
$p->signin_is(account => '2222222222');
$p->card_is(person => 'adult');
my $account = $t->browser;
sign_in($t, $account);
my $only = claims('anyone', $account);
is(names($only), 'attributes aud auth_time exp iat iss jti linked sub verified', 'account alone: claims');
is(encode_json([ @$only{qw(verified linked)} ]), '[false,false]', '... flags');
ok(length $only->{sub} == 43 && $only->{sub} ne claims('nothing', $account)->{sub}, '... sub is pairwise');
my $card = $t->browser;
verify($t, $card);
my $alone = claims('card', $card);
is(names({ map { ($_ => 1) } grep { $_ ne 'acr' } keys %$alone }), 'aud auth_time exp iat iss jti sub verified', 'card alone: claims');
$p->card_is(person => 'kanji');
my $again = $t->browser;
verify($t, $again);
is(names({ map { ($_ => 1) } grep { $_ ne 'acr' } keys %{ claims('card', $again) } }), 'aud auth_time exp iat iss jti sub verified', "a linked card where MyNumberEntry is account: not the account's name");
isnt(claims('card', $again)->{sub}, $alone->{sub}, '... another person, another sub');

# --- applications ---
for my $kind (@kinds) {
    my $r = $b->get($t->url("/verify-$kind"));
    is($r->code, 200, "$kind: verified") or diag $r->body;
    my $told = eval { $r->json } // {};
    is($told->{account}, $all->{MYNUMBER_ACCOUNT}, "$kind: the account");
    is($told->{verified_claims}{claims}{name}, $all->{MYNUMBER_NAME}, "$kind: the name");
}
# Forged: by somebody who reaches the application past httpd (/direct-… has no rule and takes no header away that is called otherwise).
my $token = token('all');
my ($h, $c, $s) = split /\./, $token;
sub jwt { my ($head, $claims, $signature) = @_; return join '.', map({ encode_base64url(encode_json($_)) } $head, $claims), $signature }
my $forge = $t->write_file('forge.mjs', <<'EOT', 0644);
import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
const { head, claims, jwk } = JSON.parse(process.argv[2])
const part = o => Buffer.from(JSON.stringify(o)).toString('base64url')
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signed = (h, c, key) => { const text = `${part(h)}.${part(c)}`; return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}` }
const hmac = secret => { const text = `${part({ ...head, alg: 'HS256' })}.${part(claims)}`; return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}` }
console.log(JSON.stringify({
  'another key under our kid': signed(head, claims, other.privateKey),
  'another key with itself in the header': signed({ ...head, kid: 'x', jwk: other.publicKey.export({ format: 'jwk' }) }, claims, other.privateKey),
  'HMAC by the public key': hmac(createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })),
  'HMAC by x': hmac(Buffer.from(jwk.x, 'base64url')),
}))
EOT
for my $kind (@kinds) {
    my $good = $b->get($t->url("/verify-$kind"))->json;
    my %aud = (%$good);
    my %bad = (
        none => '', 'no token' => 'x', 'two parts' => "$h.$c", 'for another application' => $token, 'without signature' => "$h.$c.",
        'alg none' => jwt({ %$head, alg => 'none' }, \%aud, ''), 'alg None' => jwt({ %$head, alg => 'None' }, \%aud, $s), "another's signature" => jwt($head, \%aud, $s),
        %{ decode_json($t->run('node', $forge, JSON::PP->new->ascii->encode({ head => $head, claims => \%aud, jwk => $key }))) },
    );
    my $direct = $t->port("verify_$kind");
    for my $name (sort keys %bad) {
        my $r = $t->browser(headers => [ [ 'MyNumber-Assertion', $bad{$name} ] ])->get("http://127.0.0.1:$direct/");
        is($r->code, 401, "$kind: $name") or diag $r->body;
        is($t->browser(headers => [ [ 'MyNumber-Assertion', $bad{$name} ] ])->get($t->url("/verify-$kind"))->code, 303, "$kind: $name does not sign anybody in") if $name =~ /kid/;
    }
    is($t->browser(headers => [ [ 'MyNumber-Assertion', $token ] ])->get($t->url("/direct-$kind"))->code, 401, "$kind: a client's own copy does not pass httpd");
}

# --- once, not for each request ---
is(token('few'), token('few'), 'the same for the next request');
isnt(claims('few')->{jti}, claims('same')->{jti}, 'sections have subjects of their own, so each its own assertion');
my $parts = claims('parts');
is(claims('parts?more')->{method}, 'account', 'a part of an application that exports more has its own');
ok(!exists claims('parts')->{method}, '... and the rest of it does not get it');
is(claims('parts?more')->{sub}, $parts->{sub}, '... of the same person');
my $second = $t->browser;
$p->signin_is(account => '1111111111');
sign_in($t, $second);
isnt(claims('few', $second)->{jti}, claims('few')->{jti}, 'each session its own');
is(claims('few', $second)->{sub}, claims('few')->{sub}, '... of the same person');

# --- what it was made of ---
my $before = claims('anyone', $second);
ok($before->{linked}, 'linked');
$second->visit($t->url('/mynumber/'));
$second->form('unlink')->submit;
my $after = claims('anyone', $second);
ok(!$after->{linked} && $after->{jti} ne $before->{jti}, 'unlinked: the next request has another');
is($b->get($t->url('/show/few'))->code, 303, '... and the other sessions have ended');

# --- renewed in time, and never longer than the session ---
$t->restart($t->default_config(@options, server => "${server}MyNumberSessionLifetime 8s\nMyNumberSessionInactivity 8s\n"));
my $short = $t->browser;
sign_in($t, $short);
my $first = claims('anyone', $short);
ok($first->{exp} - $first->{iat} <= 8, 'ends with the session');
my $renewed = wait_for(sub { my $now = eval { claims('anyone', $short) }; $now && $now->{jti} ne $first->{jti} && $now }, 8);
ok($renewed && $renewed->{iat} < $first->{exp}, 'renewed at half of its life');

# --- shared caches and nodes; the key is everybody's who has the secret file ---
my $cached = "${server}MyNumberSessionCache redis:127.0.0.1:" . $redis->port . "\n";
$t->restart($t->default_config(@options, server => $cached));
my $node = MNV::Test->new(node_of => $t);
$node->start($node->default_config(@options, server => $cached));
$b = linked_person($t, '3333333333', 'adult2');
my $here = token('all');
is(token('all', $b, $node), $here, 'another node hands on the very same from the shared cache');
is($node->browser->get($node->url('/mynumber/jwks.json'))->json->{keys}[-1]{kid}, part($here, 0)->{kid}, '... and publishes its key');
my @stored = grep { length } split /\r\n/, $redis->ask("KEYS *\r\n", qr/\r\n\z/);
cmp_ok(scalar(grep { !/^[*\$]/ } @stored), '>=', 2, 'record and assertion stand in the cache');
unlike(join('', map { $redis->ask("GET $_\r\n", qr/\r\n\z/) // '' } grep { /^[\x21-\x7e]+$/ && !/^[*\$]/ } @stored), qr/eyJ/, '... sealed');
$redis->ask("FLUSHALL\r\n", qr/\r\n/);
isnt(token('all'), $here, 'gone from the cache: made anew');
$node->stop;

# --- roll-over ---
sub kids { return map { $_->{kid} } @{ $b->get($t->url('/mynumber/jwks.json'))->json->{keys} } }
my $old = part(token('all'), 0)->{kid};
my ($last, %is_known);
for my $round (1 .. 3) {
    %is_known = map { ($_ => 1) } kids();
    $t->run($t->{ctl}, qw(keygen secret), $t->secret_file);
    $t->restart($t->default_config(@options, server => $server));
    $b = linked_person($t, (qw(9876543210 0123456789 2222222222))[ $round - 1 ], (qw(foreign minor turns18))[ $round - 1 ]);
    my $kid = part(token('all'), 0)->{kid};
    ok($is_known{$kid}, "roll-over $round: a key signs that was published before");
    $round == 1 ? is($kid, $old, '... the same still') : isnt($kid, $last, '... another one');
    is(scalar(grep { $_ eq $kid || $_ eq ($last // $kid) } kids()), $round == 1 ? 1 : 2, '... and what signed before is published');
    is(scalar(grep { !$is_known{$_} } kids()), 1, '... and one that will sign');
    is($b->get($t->url("/verify-$_"))->code, 200, "$_: goes on") for @kinds;
    $last = $kid;
    # Between two roll-overs every application asks for the keys: here by starting anew.
    $apps->stop;
    unlink glob $t->path('verify_php') . '/mynumber-jwks-*';
    $apps = MNV::Apps->start($t, map { "verify_$_" } @kinds);
    $b->get($t->url("/verify-$_")) for @kinds;
}
my @files = map { my $file = $t->path("keys/assertion$_.pem"); $t->run($t->{ctl}, qw(keygen assertion), $file); $file } 1, 2;
$t->restart($t->default_config(@options, server => "${server}MyNumberAssertionKey $files[0] first\nMyNumberAssertionKey $files[1]\n"));
is(part(token('all'), 0)->{kid}, 'first', 'MyNumberAssertionKey: the first signs');
my @published = kids();
is(scalar(grep { $_ eq 'first' } @published), 1, '... and is published');
is(scalar(grep { $_ eq $last } @published), 0, '... that of the secret file no more');
is(scalar @published, 3, '... both of them beside the client key');

# --- too much for a header ---
$p->signin_is(account => 'large');
my $large = $t->browser;
sign_in($t, $large);
is($large->get($t->url('/mynumber/'))->code, 200, 'somebody of whom too much is passed on');
my $refused = $large->get($t->url('/show/anyone'));
is($refused->code . ' ' . $refused->mnv_code, '500 MNV0820', '... gets a page that says so, and the application nothing');
$t->expect_log('MNV0820');
$t->forbid_in_log('very-long-o');
is(claims('nothing', $large)->{aud}, 'nothing', '... where less is exported all is well');
$apps->stop;
$t->done;
