# Prevents: keys that others can read, keys overwritten by a second run, a JWKS
# that the provider cannot use, secrets on the terminal, and scripts that take
# a failure for success (exit status 0 done, 1 failed, 2 wrong usage).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Source;
use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP qw(decode_json encode_json);
use MIME::Base64 qw(decode_base64);
use Digest::SHA qw(sha256);
use POSIX qw(strftime);
use Test::More;

my $program = build_file('mynumberctl');
my ($openssl, $node) = map { my $name = $_; (grep { -x } map { "$_/$name" } split /:/, $ENV{PATH})[0] } qw(openssl node);
need($program, 'a build');
need($openssl && $node, 'openssl and node (script/setup)');
my $folder = tempdir(CLEANUP => 1);
umask 022;

# Run: exit status, standard output, standard error.
sub run {
    my @words = @_;
    my ($out, $err) = ("$folder/.out", "$folder/.err");
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN, '<', '/dev/null' or die;
        open STDOUT, '>', $out or die;
        open STDERR, '>', $err or die;
        exec { $program } $program, @words or die;
    }
    waitpid $pid, 0;
    my $status = $? & 127 ? "signal $?" : $? >> 8;
    return ($status, raw($out), raw($err));
}

sub raw {
    my ($file) = @_;
    open my $in, '<:raw', $file or return undef;
    local $/;
    return scalar(<$in>) // '';
}

sub put {
    my ($file, $text, $mode) = @_;
    open my $to, '>:raw', $file or die "$file: $!";
    print $to $text;
    close $to;
    chmod $mode // 0600, $file;
    return $file;
}

sub mode { sprintf '%04o', (stat shift)[2] & 07777 }

sub exits {
    my ($want, $name, @words) = @_;
    my ($status, $out, $err) = run(@words);
    is($status, $want, $name) or diag($out, $err);
    return ($out, $err);
}

sub base64url {
    my ($text) = @_;
    (my $plain = $text) =~ tr{-_}{+/};
    return decode_base64($plain);
}

# --- usage -------------------------------------------------------------------
for my $words ([], ['frobnicate'], ['keygen'], ['keygen', 'secret'],
               ['keygen', 'password', 'x'], ['keygen', 'secret', 'a', 'b'],
               ['keygen', 'secret', '--force', "$folder/no"],
               ['keygen', 'secret', ''],
               ['keygen', 'client', "$folder/no"],
               ['keygen', 'client', '--alg', 'HS256', "$folder/no"],
               ['keygen', 'client', '--alg', 'none', "$folder/no"],
               ['keygen', 'client', '--alg', 'RS256', '--alg', 'ES256', "$folder/no"],
               ['keygen', 'client', "$folder/no", '--alg'],
               ['keygen', 'assertion'], ['keygen', 'assertion', 'a', 'b'],
               ['keygen', 'assertion', '--alg', 'RS256', "$folder/no"],
               ['jwks'], ['jwks', '--alg', 'x'], ['version', 'x'],
               ['check', 'x'], ['check', '--config'], ['migrate'], ['links']) {
    my ($out, $err) = exits(2, "usage: @$words", @$words);
    is($out, '', '... nothing on standard output');
    like($err, qr/usage: /, '... says how');
}
ok(!-e "$folder/no", 'wrong usage writes nothing');

my ($out, $err) = exits(0, 'help', '--help');
like($out, qr/keygen secret FILE.*jwks FILE.*check/s, '... lists the commands');
($out) = exits(0, 'help of a command', 'jwks', '--help');
like($out, qr/RFC 7638/, '... says what it does');
($out) = exits(0, 'version', 'version', '--json');
like(decode_json($out)->{version}, qr/^\d/, '... as JSON');
exits(0, '--version', '--version');

# --- keygen secret -------------------------------------------------------------
my $secret = "$folder/secret";
($out, $err) = exits(0, 'makes a secret file', 'keygen', 'secret', $secret);
is(mode($secret), '0600', '... that is private');
my $first = raw($secret);
my @key = $first =~ /^(?:lookup|seal\s+\S+)\s+([\w-]{43})$/mg;
is(@key, 2, '... with a lookup and a sealing key');
unlike("$out$err", qr/\Q$_\E/, '... and never shows a key') for @key;

($out, $err) = exits(0, 'adds a sealing key', '--json', 'keygen', 'secret', $secret);
my $second = raw($secret);
my ($lookup) = $first =~ /^lookup\s+(\S+)$/m;
like($second, qr/^lookup\s+\Q$lookup\E$/m, '... and keeps the lookup key');
my @seal = $second =~ /^seal\s+(\S+)\s+\S+$/mg;
my ($old) = $first =~ /^(seal\s+\S+\s+\S+)$/m;
is(@seal, 2, '... two sealing keys');
is($seal[0], decode_json($out)->{kid}, '... the new one in front');
isnt($seal[0], $seal[1], '... under its own identifier');
like($second, qr/^\Q$old\E$/m, '... the old one still opens');
is(mode($secret), '0600', '... still private');
unlike("$out$err", qr/\b[\w-]{43}\b/, '... and never shows a key');
exits(0, 'adds a third', 'keygen', 'secret', $secret);

chmod 0640, $secret;
exits(0, 'adds to a file its group may read', 'keygen', 'secret', $secret);
is(mode($secret), '0640', '... which stays as it was');
chmod 0644, $secret;
my $before = raw($secret);
($out, $err) = exits(1, 'refuses a secret file all can read', 'keygen', 'secret', $secret);
is(raw($secret), $before, '... and leaves it');
for my $bad ("lookup short\n", "hello\n", '', "lookup $lookup\0\n") {
    my $file = put("$folder/bad", $bad);
    ($out, $err) = exits(1, 'refuses a file that is no secret file', '--json', 'keygen', 'secret', $file);
    is(raw($file), $bad, '... and leaves it');
    ok(decode_json($out)->{error}, '... says why as JSON');
    unlike("$out$err", qr/\Q$lookup\E/, '... without showing its text');
}
exits(1, 'refuses a folder that is not there', 'keygen', 'secret', "$folder/none/secret");
exits(1, 'refuses a folder', 'keygen', 'secret', $folder);
symlink "$folder/nowhere", "$folder/dangling";
exits(1, 'refuses a link that leads nowhere', 'keygen', 'secret', "$folder/dangling");
chmod 0600, $secret;
symlink $secret, "$folder/link";
exits(0, 'follows a link', 'keygen', 'secret', "$folder/link");
ok(-l "$folder/link", '... and leaves it a link');

# --- keygen client and jwks ------------------------------------------------------
my %pem = (RS256 => "$folder/rs.pem", ES256 => "$folder/es.pem");
my %kid;
for my $alg (sort keys %pem) {
    ($out, $err) = exits(0, "makes a key for $alg", 'keygen', 'client', '--json', '--alg', $alg, $pem{$alg});
    is(mode($pem{$alg}), '0600', '... that is private');
    like(raw($pem{$alg}), qr/\A-----BEGIN PRIVATE KEY-----\n/, '... in PKCS#8');
    $kid{$alg} = decode_json($out)->{kid};
    unlike("$out$err", qr/PRIVATE|\b[\w+\/-]{60}/, '... and never shows it');
    my $is = raw($pem{$alg});
    ($out, $err) = exits(1, '... never replaces it', 'keygen', 'client', "--alg=$alg", $pem{$alg});
    is(raw($pem{$alg}), $is, '... really');
}
($out) = exits(0, 'makes a key for assertions', '--json', 'keygen', 'assertion', "$folder/assertion.pem");
is(decode_json($out)->{alg}, 'ES256', '... for ES256');
is(mode("$folder/assertion.pem"), '0600', '... that is private');
exits(1, '... never replaces it', 'keygen', 'assertion', "$folder/assertion.pem");
exits(0, 'a file called --alg', 'keygen', 'client', '--alg', 'ES256', '--', "$folder/--x");

($out) = exits(0, 'prints both public keys', 'jwks', @pem{qw(RS256 ES256)});
my $keys = decode_json($out)->{keys};
is(@$keys, 2, '... in the order of the files');
my %member = (RSA => [qw(alg e kid kty n use)], EC => [qw(alg crv kid kty use x y)]);
my %thumb = (RSA => [qw(e kty n)], EC => [qw(crv kty x y)]);
for my $key (@$keys) {
    my $kty = $key->{kty};
    is(join(' ', sort keys %$key), "@{ $member{$kty} }", "$kty: public members only");
    is($key->{use}, 'sig', '... for signatures');
    is($key->{kid}, $kid{ $key->{alg} }, '... under the identifier keygen told');
    my $text = '{' . join(',', map { qq("$_":"$key->{$_}") } @{ $thumb{$kty} }) . '}';
    is(base64url($key->{kid}), sha256($text), '... the thumbprint of RFC 7638');
}
is(length base64url($keys->[0]{n}), 384, '3072 bits');

for my $alg (sort keys %pem) {
    my ($key) = grep { $_->{alg} eq $alg } @$keys;
    my $text = `'$openssl' pkey -in '$pem{$alg}' -noout -text_pub`;
    my $hex = join '', map { s/[\s:]//gr } $text =~ /(?:Modulus|pub):\n((?:\s+[0-9a-f:]+\n)+)/;
    my $want = $alg eq 'RS256' ? '00' . unpack('H*', base64url($key->{n}))
      : '04' . unpack('H*', base64url($key->{x}) . base64url($key->{y}));
    is($want, $hex, "$alg: openssl reads the same public key");
    `'$openssl' pkey -in '$pem{$alg}' -pubout -out '$folder/pub.pem' 2>/dev/null`;
    ($out) = exits(0, '... the public key alone', 'jwks', "$folder/pub.pem");
    is(decode_json($out)->{keys}[0]{kid}, $kid{$alg}, '... has the same identifier');
}
`'$openssl' req -new -x509 -key '$pem{ES256}' -subj /CN=test -days 30 -out '$folder/cert.pem' 2>/dev/null`;
($out, $err) = exits(0, 'key and certificate of one key', '--json', 'jwks', $pem{ES256}, "$folder/cert.pem");
is(@{ decode_json($out)->{keys} }, 1, '... are one key');
`'$openssl' genrsa -out '$folder/weak.pem' 1024 2>/dev/null`;
exits(1, 'refuses RSA of 1024 bits', 'jwks', "$folder/weak.pem");
`'$openssl' ecparam -name secp384r1 -genkey -noout -out '$folder/p384.pem' 2>/dev/null`;
exits(1, 'refuses P-384', 'jwks', "$folder/p384.pem");
put("$folder/set.json", (run('jwks', @pem{qw(RS256 ES256)}))[1]);
my $script = q{const c=require('crypto'),f=require('fs'),a=process.argv.slice(1);
    const set=JSON.parse(f.readFileSync(a[0]));
    console.log(set.keys.map((k,i)=>{const d=Buffer.from('x'),p={key:f.readFileSync(a[1+i]),dsaEncoding:'ieee-p1363'};
      return c.verify('sha256',d,{key:c.createPublicKey({key:k,format:'jwk'}),dsaEncoding:'ieee-p1363'},c.sign('sha256',d,p))}).join());};
open my $in, '-|', $node, '-e', $script, "$folder/set.json", @pem{qw(RS256 ES256)} or die;
is(join('', <$in>), "true,true\n", 'node verifies with the JWKS what the keys signed');
for my $bad (put("$folder/empty.pem", ''), put("$folder/text.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
             "$folder/none.pem", $folder, $secret) {
    ($out, $err) = exits(1, 'refuses what holds no key', 'jwks', $pem{ES256}, $bad);
    is($out, '', '... and prints no half of a JWKS');
    unlike($err, qr/\Q$lookup\E/, '... nor its text');
}

# --- check ------------------------------------------------------------------------
exits(1, 'check without httpd fails', 'check', '--httpd', "$folder/none");
put("$folder/fake", "#!/bin/sh\necho 'AH00526: Syntax error on line 7' >&2\nexit 1\n", 0700);
($out, $err) = exits(1, 'check tells what httpd complains of', 'check', '--json', '--httpd', "$folder/fake");
like($out, qr/AH00526: Syntax error on line 7/, '... in its words');
put("$folder/fake", "#!/bin/sh\necho Syntax OK >&2\n", 0700);
exits(1, 'check of a httpd without the module fails', 'check', '--httpd', "$folder/fake");
put("$folder/fake", "#!/bin/sh\nyes '{'\n", 0700);
exits(1, 'check of endless output fails', 'check', '--httpd', "$folder/fake");

# A provider on this machine, one per first folder of the path: "good", "late"
# (its clock is two hours off), "mute" (no Date), "other" (another's document),
# "keyless".
my $listener = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1', Proto => 'tcp') or die "listen: $!";
my $base = 'http://127.0.0.1:' . $listener->sockport;
my $jwks = (run('jwks', $pem{ES256}))[1];
my $parent = $$;
my $server = fork // die "fork: $!";
if (!$server) {
    while (my $client = $listener->accept) {
        my $line = <$client> // '';
        while (defined(my $header = <$client>)) { last if $header =~ /^\r?\n$/ }
        my ($kind, $what) = $line =~ m{^GET /(\w+)/(\S+)} ? ($1, $2) : ('', '');
        my $issuer = "$base/" . ($kind eq 'other' ? 'good' : $kind);
        my $body = $what eq 'jwks' ? ($kind eq 'keyless' ? '{"keys":[]}' : $jwks)
          : encode_json({ issuer => $issuer, jwks_uri => "$issuer/jwks", map { ("${_}_endpoint" => "$issuer/$_") } qw(authorization token userinfo) });
        my $date = strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime(time - ($kind eq 'late' ? 7200 : 0)));
        print $client "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n",
          $kind eq 'mute' ? '' : "Date: $date\r\n", 'Content-Length: ', length $body, "\r\n\r\n$body";
        close $client;
    }
    POSIX::_exit(0);
}
END { kill 'KILL', $server if $server && $$ == $parent }

mkdir "$folder/state", 0755;
put("$folder/client-secret", "very-secret-word\n");

# What httpd prints for a host; a program that prints it.
sub host {
    my (%change) = @_;
    my %value = (MyNumberSecretFile => $secret, MyNumberSchema => 'auto', MyNumberTimeout => '3s 10s', MyNumberClockSkew => '1min',
                 MyNumberProvider => "$base/good", MyNumberProviderEndpoint => {}, MyNumberProviderCAFile => 'system', MyNumberClientID => 'card-client',
                 MyNumberClientKey => [ { file => $pem{ES256} }, { file => $pem{RS256}, kid => 'old' } ],
                 MyNumberSignInProvider => 'none', %{ delete $change{value} // {} });
    return { name => 'www', base_url => 'https://www.univ.example', state_dir => "$folder/state", card_issuer => "$base/good",
             database => { driver => 'sqlite3', params => "$folder/db.sqlite" },
             directives => { map { $_ => { value => $value{$_} } } keys %value }, %change };
}

sub check {
    my ($want, $name, $hosts, @words) = @_;
    put("$folder/dump", encode_json({ version => 1, hosts => $hosts }));
    put("$folder/fake", "#!/bin/sh\ntest \"\$1 \$2 \$3\" = '-t -D DUMP_MYNUMBER' || exit 9\ncat '$folder/dump'\necho Syntax OK >&2\n", 0700);
    my ($text, $errors) = exits($want, $name, 'check', '--httpd', "$folder/fake", @words);
    unlike("$text$errors", qr/\Q$lookup\E|very-secret|PRIVATE/, '... no secret is shown');
    return $text;
}

$out = check(0, 'check of a good host', [ host() ]);
like($out, qr/^ok .*secret file .* is private and readable/m, '... secret file');
like($out, qr/^ok .*es\.pem.*ES256, signs, identifier \Q$kid{ES256}\E/m, '... key that signs');
like($out, qr/^ok .*rs\.pem.*RS256, is published, identifier old/m, '... key that is published');
like($out, qr{^ok .*provider \Q$base\E/good can be reached, metadata and 1 keys can be used}m, '... provider');
like($out, qr/^ok .*clock agrees/m, '... clock');
like($out, qr/^ok .*state folder/m, '... state folder');
like($out, qr/^warn .*db\.sqlite" is not there yet: httpd makes it/m, '... database');
ok(!-e "$folder/db.sqlite", '... which check does not make');
like($out, qr/^6 ok, 1 to look at, 0 failed$/m, '... sum');

$out = check(0, 'check as JSON', [ host(), host() ], '--json');
my $result = decode_json($out);
ok($result->{ok}, '... ok');
is((grep { $_->{what} =~ /can be reached/ } @{ $result->{results} }), 1, '... what hosts share is tried once');
is($result->{results}[0]{level}, 'ok', '... level');
is($result->{results}[0]{host}, 'https://www.univ.example', '... host');

put("$folder/db.sqlite", '');
$out = check(0, 'check of an empty database', [ host() ]);
like($out, qr/^warn .*no tables yet/m, '... they are made at start');
is(-s "$folder/db.sqlite", 0, '... not by check');
$out = check(1, 'check under MyNumberSchema check', [ host(value => { MyNumberSchema => 'check' }) ]);
like($out, qr/^FAIL .*no tables/m, '... is a failure');

# --- SAML: keys and certificates, the metadata and the provider's keys ---
sub openssl { system('openssl', @_) == 0 or die "openssl @_" }
sub pair { my ($name, $days) = @_; openssl(qw(req -x509 -newkey rsa:2048 -nodes -batch -subj /CN=x -days), $days, '-keyout', "$folder/$name.key", '-out', "$folder/$name.crt"); chmod 0600, "$folder/$name.key" }
{ open my $quiet, '>&', \*STDERR; open STDERR, '>', '/dev/null'; pair('long', 400); pair('short', 20); pair('idp', 400); open STDERR, '>&', $quiet }
sub entity { my ($certificate, $more) = @_; my $text = do { open my $in, '<', "$folder/$certificate.crt" or die $!; join '', grep { !/-----/ } <$in> };
    return put("$folder/idp.xml", '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.univ.example/idp"' . ($more // '') . '><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
      . "<md:KeyDescriptor><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data><ds:X509Certificate>$text</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
      . '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.univ.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>') }
sub saml { my (%value) = @_; return host(sign_in => 'saml', account_issuer => 'https://idp.univ.example/idp', value => { MyNumberSAMLMetadata => "$folder/idp.xml", MyNumberSAMLKey => ["$folder/long.key"], MyNumberSAMLCert => ["$folder/long.crt"], %value }) }
SKIP: {
    skip without_saml(), 1 if without_saml();
    entity('idp');
    $out = check(0, 'check of a host with SAML', [ saml() ]);
    my $until = strftime('%Y-%m', gmtime(time + 400 * 86400));
    like($out, qr/^ok .*SAML key .*long\.key" is private, fits certificate .*long\.crt" and signs and opens: certificate is good until $until/m, '... key and certificate');
    like($out, qr/^ok .*metadata .*idp\.xml" can be used: 1 identity providers, not looked at by whom signed$/m, '... metadata');
    like($out, qr/^ok .*identity provider https:\/\/idp\.univ\.example\/idp, key 1 of 1: certificate is good until $until/m, "... the provider's key");
    $out = check(0, 'check of two keys, one about to run out', [ saml(MyNumberSAMLKey => [ map { "$folder/$_.key" } qw(short long) ], MyNumberSAMLCert => [ map { "$folder/$_.crt" } qw(long short) ]) ], '--json');
    my @found = grep { $_->{what} =~ /SAML key/ } @{ decode_json($out)->{results} };
    is_deeply([ map { $_->{level} } @found ], [qw(warn ok)], '... the first is told of');
    like($found[0]{what}, qr/short\.key".*short\.crt" and signs and opens/, '... which signs');
    like($found[0]{mend}, qr/another pair/, '... and what to do');
    like($found[1]{what}, qr/long\.key".*long\.crt" and opens:/, '... the second opens');
    entity('short');
    like(check(0, "check of a provider's key about to run out", [ saml() ]), qr/^warn .*key 1 of 1: certificate is good until .*save its metadata anew/m, '... says so');
    entity('idp', ' validUntil="' . strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + 3600)) . '"');
    like(check(0, 'check of metadata about to run out', [ saml() ]), qr/^warn .*valid until .*save them anew/m, '... says so');
    entity('idp', ' validUntil="' . strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - 3600)) . '"');
    like(check(1, 'check of metadata that have run out', [ saml() ]), qr/^FAIL .*metadata .* cannot be used/m, '... says so');
    entity('idp');
    like(check(1, 'check of metadata that nobody has signed', [ saml(MyNumberSAMLMetadataCert => ["$folder/long.crt"]) ]), qr/^FAIL .*metadata .* cannot be used/m, '... says so');
    for my $case (
        [ qr/long\.key" has no certificate/, 'a key and the certificate of another', MyNumberSAMLCert => ["$folder/short.crt"] ],
        [ qr/short\.crt" has no key/, 'a certificate without its key', MyNumberSAMLCert => [ map { "$folder/$_.crt" } qw(long short) ] ],
        [ qr/SAML key .* cannot be used/, 'a file that holds no key', MyNumberSAMLKey => [$secret] ],
        [ qr/SAML certificate .* cannot be used/, 'a file that holds no certificate', MyNumberSAMLCert => [$secret] ],
        [ qr/could not read SAML certificate/, 'a certificate that is not there', MyNumberSAMLCert => ["$folder/none"] ],
        [ qr/could not read metadata/, 'metadata that are not there', MyNumberSAMLMetadata => "$folder/none" ],
        [ qr/metadata .* cannot be used/, 'metadata that are none', MyNumberSAMLMetadata => $secret ],
    ) {
        my ($want, $name, %value) = @$case;
        like(check(1, "check of $name", [ saml(%value) ]), qr/^FAIL https:.*$want/m, '... says so');
    }
    like(check(1, 'check of another entityID', [ { %{ saml() }, account_issuer => 'https://other.example/' } ]), qr{^FAIL .*metadata .* cannot be used for https://other\.example/}m, '... says so');
    chmod 0644, "$folder/long.key";
    like(check(1, 'check of a SAML key all can read', [ saml() ]), qr/^FAIL .*SAML key .*long\.key/m, '... says so');
}

for my $case (
    [ qr/clock is 7\d\d\d s ahead of that of provider/, 'a clock that is two hours off', card_issuer => "$base/late" ],
    [ qr/metadata is not usable: document is of issuer/, 'metadata of another issuer', card_issuer => "$base/other" ],
    [ qr/keys are not usable/, 'a provider without keys', card_issuer => "$base/keyless" ],
    [ qr/could not reach the provider/, 'a provider that is down', card_issuer => 'http://127.0.0.1:1/x' ],
    [ qr/secret file .*none.*: correct the name/, 'a secret file that is not there', value => { MyNumberSecretFile => "$folder/none" } ],
    [ qr/secret file .* cannot be used/, 'a secret file that is none', value => { MyNumberSecretFile => $pem{ES256} } ],
    [ qr/assertion key .* cannot be used/, 'a file that holds no key for assertions', value => { MyNumberAssertionKey => [ { file => $secret } ] } ],
    [ qr/client key .* cannot be used/, 'a key file that holds no key', value => { MyNumberClientKey => [ { file => $secret } ] } ],
    [ qr/have the same identifier/, 'two keys of one identifier',
      value => { MyNumberClientKey => [ { file => $pem{ES256}, kid => 'a' }, { file => $pem{RS256}, kid => 'a' } ] } ],
    [ qr/no database is configured/, 'no database', database => {} ],
    [ qr/could not open the nodriver database/, 'a driver that is not there', database => { driver => 'nodriver', params => 'x' } ],
    [ qr/state folder .* is no folder/, 'a state folder that is a file', state_dir => $secret ],
) {
    my ($want, $name, %change) = @$case;
    like(check(1, "check of $name", [ host(%change) ]), qr/^FAIL https:.*$want/m, '... says so');
}
# --- access tokens of API clients ---
sub bearer { my ($lines, %change) = @_; return host(bearer_issuer => "$base/good", value => { MyNumberBearerVerify => $lines }, %change) }
$out = check(0, 'check of access tokens', [ bearer([ "jwks_uri $base/good/jwks", "introspect $base/good/introspection" ], card_issuer => undef) ]);
like($out, qr{^ok .*provider \Q$base\E/good can be reached, metadata and 1 keys can be used}m, '... keys');
like($out, qr{^ok .*introspection endpoint "\Q$base\E/good/introspection" can be reached}m, '... introspection');
like(check(1, 'check of metadata of another issuer for access tokens', [ bearer([ "metadata $base/other/.well-known/openid-configuration" ], bearer_issuer => "$base/other") ]), qr{^FAIL .*document is of issuer}m, '... says so');
like(check(1, 'check of an introspection endpoint that is down', [ bearer([ 'introspect http://127.0.0.1:1/x' ]) ]), qr{^FAIL .*introspection endpoint .* cannot be asked: could not reach}m, '... says so');
$out = check(0, 'check where people sign in at the issuer', [ bearer([ "metadata $base/good/.well-known/openid-configuration" ], sign_in => 'oidc', account_issuer => "$base/good", card_issuer => undef) ]);
is(() = ($out =~ /can be reached/g), 1, '... whose keys are tried once');

chmod 0777, "$folder/state";
like(check(1, 'check of a state folder all can change', [ host() ]), qr/^FAIL .*state folder .* can be changed by others/m, '... says so');
chmod 0755, "$folder/state";
for my $file ($secret, $pem{ES256}, "$folder/client-secret") {
    chmod 0644, $file;
    like(check(1, 'check of a secret all can read', [ host(account_issuer => "$base/good", value => { MyNumberSignInClientSecretFile => "$folder/client-secret" }) ]),
         qr/^FAIL .*open to every user/m, '... says so');
    chmod 0600, $file;
}
like(check(0, 'check of a provider without Date', [ host(card_issuer => "$base/mute") ]), qr/^warn .*clocks were not compared/m, '... says so');
like(check(0, 'check of a masked password', [ host(database => { driver => 'pgsql', params => 'dbname=x password=***' }) ]),
     qr/^warn .*database was not tried/m, '... says so');
exits(1, 'check without a host fails', 'check', '--httpd', put("$folder/fake", qq(#!/bin/sh\necho '{"version":1,"hosts":[]}'\n), 0700));
exits(1, 'check of another version fails', 'check', '--httpd', put("$folder/fake", qq(#!/bin/sh\necho '{"version":2,"hosts":[]}'\n), 0700));
done_testing;
