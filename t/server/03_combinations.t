# What cannot work together does not start: `httpd -t` names file, line, directive and how to mend it; nothing is left to the first visitor.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;

my $t = MNV::Test->new;
my $database = "DBDriver sqlite3\nDBDParams \"\@DB\@\"\n";
my $base = "MyNumberBaseURL https://www.example.test\n";
my $secret = "MyNumberSecretFile \"\@SECRET\@\"\n";
my $client = "MyNumberClientID portal\nMyNumberClientKey \"\@CLIENTKEY\@\"\n";
my $card = "MyNumberProvider https://card.example.test/realm\n$client";
my $account = "MyNumberSignInProvider https://idp.example.test\nMyNumberSignInClientID portal\nMyNumberSignInClientSecretFile \"\@DIR\@/keys/signin-secret\"\n";
$t->write_file('keys/signin-secret', "a secret\n", 0600);
my $preamble = $t->preamble(modules => ['authz_user']);
my $mend = qr/\b(?:write|use|leave out|remove|add|choose|make|name|correct|load|turn on|run|chmod|give|save|set it|list|as in)\b/;

sub config { return $preamble . join '', @_ }

# refused(what, directive, pattern, the bad line (that the message must point at; '' where something is missing), rest...)
sub refused {
    my ($what, $directive, $pattern, $bad, @rest) = @_;
    my $text = config(@rest, $bad);
    my ($code, $out) = $t->configtest($text);
    my $line = () = $t->expand($text) =~ /\n/g;
    my ($said) = grep { /\b\Q$directive\E:/ && $_ =~ $pattern } split /\n/, $out;
    ok($code && $said && $said =~ $mend && (!$bad || $out =~ /line $line of /), "refused: $what") or diag "code $code, line $line, wanted $directive and $pattern:\n$out";
}

sub accepted {
    my ($what, @rest) = @_;
    my ($code, $out) = $t->configtest(config(@rest));
    is($code, 0, "accepted: $what") or diag $out;
    unlike($out, qr/\bMNV\d/, "and nothing to say: $what");
}

# --- what is valid ---------------------------------------------------------------------
accepted('card and account', $database, $base, $secret, $card, $account);
accepted('card alone', $database, $base, $secret, $card);
accepted('account alone', $database, $base, $secret, $account);
accepted('a server without any of our directives', '');
accepted('http on this machine', $database, $secret, "MyNumberBaseURL http://127.0.0.1:8080\n", "MyNumberProvider http://[::1]:9000/realm\n$client");
accepted('the base URL from ServerName', $database, $secret, $card);
accepted('a virtual host that takes no part', $database, $base, $secret, $card, "<VirtualHost 127.0.0.1:\@PORT\@>\nServerName a.example.test\nMyNumberSecretFile none\n</VirtualHost>\n");

# --- the secret file ---------------------------------------------------------------------
refused('no secret file', 'MyNumberSecretFile', qr/missing, but line \d+ of .* says .*keygen secret/, '', $database, $base, $card);
refused('a rule without a secret file', 'MyNumberSecretFile', qr/missing, but line \d+ of \S+ says Require mynumber-$_/, '', "<Location /x>\nAuthType mynumber\nRequire mynumber-$_\n</Location>\n")
  for qw(account verified linked);
refused('AuthType mynumber without a secret file', 'MyNumberSecretFile', qr/missing, but line \d+ of \S+ says AuthType mynumber/, '', "<Location /x>\nAuthType mynumber\nRequire valid-user\n</Location>\n");
refused('a rule in a virtual host without a secret file', 'MyNumberSecretFile', qr/missing/, '', "<VirtualHost 127.0.0.1:\@PORT\@>\nServerName a.example.test\n<Location /x>\nAuthType mynumber\n<RequireAll>\nRequire not mynumber-linked\nRequire all granted\n</RequireAll>\n</Location>\n</VirtualHost>\n");
refused('a secret file that is not there', 'MyNumberSecretFile', qr/there is no file/, "MyNumberSecretFile \"\@DIR\@/keys/nothing\"\n", $database, $base, $card);
{
    my $text = do { local (@ARGV, $/) = $t->secret_file; <> };
    for my $mode (0604, 0640, 0644, 0660, 0602) {
        $t->write_file('keys/open-secret', $text, $mode);
        refused(sprintf('a secret file of mode %04o', $mode), 'MyNumberSecretFile', qr/open-secret/, "MyNumberSecretFile \"\@DIR\@/keys/open-secret\"\n", $database, $base, $card)
          unless $mode == 0640 || $mode == 0660;    # a group may be meant: not promised
    }
    my $n = 0;
    for my $bad ('', "hello\n", substr($text, 0, length($text) / 2), "$text\nlookup x\n", "\0$text", 'x' x 300_000) {
        $t->write_file('keys/bad-secret', $bad, 0600);
        my ($code, $out) = $t->configtest(config($database, $base, $card, "MyNumberSecretFile \"\@DIR\@/keys/bad-secret\"\n"));
        ok($code && $out =~ /MyNumberSecretFile: .*bad-secret.*$mend/, 'refused: a secret file that holds something else, ' . ++$n) or diag $out;
        my ($key) = $text =~ /(\S{20,})\s*$/;
        unlike($out, qr/\Q$key\E/, 'and the message tells no key');
    }
    mkdir $t->path('keys/folder'), 0700;
    refused('a folder as secret file', 'MyNumberSecretFile', qr/could not read/, "MyNumberSecretFile \"\@DIR\@/keys/folder\"\n", $database, $base, $card);
}

# --- the database ---------------------------------------------------------------------------
refused('no DBDriver', 'MyNumberSecretFile', qr/need a database: .*DBDriver/, '', $base, $secret, $card);
refused('no DBDParams', 'MyNumberSecretFile', qr/need a database: .*DBDParams/, '', "DBDriver sqlite3\n", $base, $secret, $card);
{
    (my $without = $preamble) =~ s/^LoadModule dbd_module.*\n//m;
    my ($code, $out) = $t->configtest($without . $base . $secret . $card);
    ok($code && $out =~ /need a database: mod_dbd is not loaded: load it/, 'refused: mod_dbd is not loaded') or diag $out;
  SKIP: {
        skip 'mod_watchdog is built in', 1 if $t->{static}{watchdog};
        ($without = $preamble) =~ s/^LoadModule watchdog_module.*\n//m;
        ($code, $out) = $t->configtest($without . $database . $base . $secret . $card);
        ok(!$code && $out =~ /mod_watchdog is not loaded.*load it/, 'told: mod_watchdog is not loaded') or diag $out;
    }
}

# --- the base URL -----------------------------------------------------------------------------
my $host = sub { "<VirtualHost 127.0.0.1:\@PORT\@>\n$_[0]$secret$card</VirtualHost>\n" };
refused('plain http on another machine', 'MyNumberBaseURL', qr/is plain http: write https/, "MyNumberBaseURL http://portal.example.test\n");
refused('plain http by ServerName', 'MyNumberBaseURL', qr/would be "http:\/\/portal\.example\.test:\d+", plain http/, '', $database, $host->("ServerName portal.example.test\n"));
refused('a virtual host without a name', 'MyNumberBaseURL', qr/nor is ServerName/, '', $database, $host->(''));
accepted('https in front of this server', $database, $host->("ServerName https://portal.example.test\n"));
refused('__Host- cookie over http', 'MyNumberSessionCookie', qr/browsers refuse "__Host-x" over plain http/, "MyNumberSessionCookie __Host-x\n", $database, $secret, $card);
refused('__Secure- cookie over http', 'MyNumberSessionCookie', qr/browsers refuse/, "MyNumberSessionCookie __secure-x\n", $database, $secret, $card);
accepted('__Host- cookie over https', $database, $base, $secret, $card, "MyNumberSessionCookie __Host-x\n");

# --- the providers ------------------------------------------------------------------------------
refused('nothing to do', 'MyNumberProvider', qr/neither this nor MyNumberSignInProvider/, '', $database, $base, $secret);
refused('an http provider elsewhere', "MyNumber${_}Provider", qr/is plain http: only a provider on this machine/, "MyNumber${_}Provider http://op.example.test\n") for '', 'SignIn';
refused('an http endpoint elsewhere', "MyNumber${_}ProviderEndpoint", qr/is plain http/, "MyNumber${_}ProviderEndpoint token http://op.example.test/t\n") for '', 'SignIn';
refused('no client id', 'MyNumberClientID', qr/missing/, '', $database, $base, $secret, "MyNumberProvider https://card.example.test\nMyNumberClientKey \"\@CLIENTKEY\@\"\n");
refused('no client key', 'MyNumberClientKey', qr/missing: make a key with mynumberctl keygen client/, '', $database, $base, $secret, "MyNumberProvider https://card.example.test\nMyNumberClientID x\n");
refused('no client id of the sign-in', 'MyNumberSignInClientID', qr/missing/, '', $database, $base, $secret, $card, "MyNumberSignInProvider https://idp.example.test\nMyNumberSignInClientKey \"\@CLIENTKEY\@\"\n");
refused('neither key nor secret of the sign-in', 'MyNumberSignInClientKey', qr/missing.*MyNumberSignInClientSecretFile/, '', $database, $base, $secret, $card, "MyNumberSignInProvider https://idp.example.test\nMyNumberSignInClientID x\n");
refused('key and secret of the sign-in', 'MyNumberSignInClientSecretFile', qr/given beside MyNumberSignInClientKey/, '', $database, $base, $secret, $account, "MyNumberSignInClientKey \"\@CLIENTKEY\@\"\n");
refused('a client key that is not there', 'MyNumberClientKey', qr/there is no file/, "MyNumberClientKey /nothing\n", $database, $base, $secret, "MyNumberProvider https://card.example.test\nMyNumberClientID x\n");
{
    my $half = "MyNumberProvider https://card.example.test\nMyNumberClientID x\n";
    my $pem = do { local (@ARGV, $/) = $t->client_key; <> };
    $t->write_file('keys/open.pem', $pem, 0644);
    refused('a client key others can read', 'MyNumberClientKey', qr/open\.pem/, "MyNumberClientKey \"\@DIR\@/keys/open.pem\"\n", $database, $base, $secret, $half);
    $t->run(qw(openssl genrsa -out), $t->path('keys/weak.pem'), 1024);
    $t->run(qw(openssl ecparam -genkey -name secp384r1 -noout -out), $t->path('keys/p384.pem'));
    $t->run('openssl', 'pkey', '-in', $t->client_key, '-pubout', '-out', $t->path('keys/public.pem'));
    $t->write_file('keys/text.pem', "hello\n", 0600);
    chmod 0600, $t->path("keys/$_.pem") for qw(weak p384 public);
    refused("a client key of another sort: $_", 'MyNumberClientKey', qr/holds no key that can sign/, "MyNumberClientKey \"\@DIR\@/keys/$_.pem\"\n", $database, $base, $secret, $half)
      for qw(weak p384 public text);
    $t->write_file('keys/copy.pem', $pem, 0600);
    refused('two keys of one identifier', 'MyNumberClientKey', qr/have the same key identifier/, "MyNumberClientKey \"\@DIR\@/keys/copy.pem\"\n", $database, $base, $secret, $card);
    refused('nine keys', 'MyNumberClientKey', qr/more than 8 keys/, "MyNumberClientKey /k9\n", $database, $base, $secret, $half, map { "MyNumberClientKey /k$_\n" } 1 .. 8);
    $t->run($t->{ctl}, qw(keygen client --alg RS256), $t->path('keys/rsa.pem'));
    refused('an assertion key of another sort', 'MyNumberAssertionKey', qr/holds no P-256 key/, "MyNumberAssertionKey \"\@DIR\@/keys/rsa.pem\"\n", $database, $base, $secret, $card);
    refused('an assertion key that is none', 'MyNumberAssertionKey', qr/holds no key that can sign: .*keygen assertion/, "MyNumberAssertionKey \"\@DIR\@/keys/text.pem\"\n", $database, $base, $secret, $card);
    refused('an assertion key that signs for the provider too', 'MyNumberAssertionKey', qr/signs for a provider too/, "MyNumberAssertionKey \"\@DIR\@/keys/client.pem\"\n", $database, $base, $secret, $card);
    for my $bad ('', "two\nlines\n", "caf\x{e9}\n", 'x' x 1025) {
        $t->write_file('keys/odd-secret', $bad, 0600);
        refused('a client secret that is none', 'MyNumberSignInClientSecretFile', qr/is not one line of/, "MyNumberSignInClientSecretFile \"\@DIR\@/keys/odd-secret\"\n", $database, $base, $secret,
            "MyNumberSignInProvider https://idp.example.test\nMyNumberSignInClientID portal\n");
    }
    $t->write_file('keys/open-client-secret', "x\n", 0644);
    refused('a client secret others can read', 'MyNumberSignInClientSecretFile', qr/open-client-secret/, "MyNumberSignInClientSecretFile \"\@DIR\@/keys/open-client-secret\"\n", $database, $base, $secret,
        "MyNumberSignInProvider https://idp.example.test\nMyNumberSignInClientID portal\n");
}
$t->write_file('conf/text', "hello\n", 0644);
refused('a CA file without certificates', 'MyNumberProviderCAFile', qr/holds no certificate/, "MyNumberProviderCAFile \"\@DIR\@/conf/text\"\n", $database, $base, $secret, $card);
refused('a CA file that is not there', 'MyNumberSignInProviderCAFile', qr/there is no file/, "MyNumberSignInProviderCAFile /nothing\n", $database, $base, $secret, $account);
my $n = 0;
for my $metadata ('', 'hello', '[]', '{}', '{"issuer": 7}', '{"issuer": "http://card.example.test"}', '{"issuer": "https://card.example.test"}',
    '{"issuer": "https://card.example.test", "authorization_endpoint": "http://card.example.test/a", "token_endpoint": "https://card.example.test/t", "jwks_uri": "https://card.example.test/j"}') {
    $t->write_file('conf/metadata.json', $metadata, 0644);
    refused('unusable metadata in a file, ' . ++$n, 'MyNumberProvider', qr/metadata|no JSON/, "MyNumberProvider \"\@DIR\@/conf/metadata.json\"\n", $database, $base, $secret, $client);
}
refused('metadata that are not there', 'MyNumberProvider', qr/there is no file/, "MyNumberProvider conf/nothing.json\n", $database, $base, $secret, $client);
refused("$_ without a provider", (split ' ')[0], qr/of no use without MyNumberProvider/, "$_\n", $database, $base, $secret, $account)
  for 'MyNumberClientID x', 'MyNumberScope openid', 'MyNumberAcrValues x', 'MyNumberAcceptAcr x', 'MyNumberClientKey /x', 'MyNumberProviderEndpoint token https://a.example.test';
refused("$_ without a sign-in", (split ' ')[0], qr/of no use without MyNumberSignInProvider/, "$_\n", $database, $base, $secret, $card)
  for 'MyNumberSignInClientID x', 'MyNumberSignInScope openid', 'MyNumberSignInAcrValues x', 'MyNumberSignInClientSecretFile /x';
refused('oidc without a provider', 'MyNumberSignIn', qr/needs a provider of accounts/, "MyNumberSignIn oidc\n", $database, $base, $secret, $card);
refused('a provider of accounts beside MyNumberSignIn none', 'MyNumberSignInProvider', qr/of no use under MyNumberSignIn none/, '', $database, $base, $secret, $card, $account, "MyNumberSignIn none\n");

# --- MyNumberSignIn external -------------------------------------------------------------------
my $external = "MyNumberSignIn external\n";
accepted('external: another module signs people in', $database, $base, $secret, $card, $external);
accepted('external without a card provider', $database, $base, $secret, $external);
accepted("external: the source is named $_", $database, $base, $secret, $card, $external, "MyNumberSignInProvider $_\n") for 'https://idp.example.ac.jp/idp/shibboleth', 'http://adfs.example.ac.jp/adfs/services/trust?x', 'urn:mace:example', 'campus';
accepted('external: variables of the module', $database, $base, $secret, $card, $external, "MyNumberAccountAttribute subject-id OIDC_CLAIM_tid+OIDC_CLAIM_oid REMOTE_USER\nMyNumberAccountPass displayName affiliation\n");
is($t->dump(config($database, $base, $secret, $card, $external, "MyNumberSignInProvider $_->[0]\n"))->{hosts}[0]{account_issuer}, $_->[1], "external: accounts are of \"$_->[1]\"")
  for [ none => 'https://www.example.test/mynumber/signin' ], [ campus => 'campus' ], [ 'urn:mace:x' => 'urn:mace:x' ];
is($t->dump(config($database, $base, $secret, $card, "MyNumberSignInProvider campus\n", $external))->{hosts}[0]{account_issuer}, 'campus', 'external: also where the name stands first');
refused("$_ under external", (split ' ')[0], qr/of no use under MyNumberSignIn external/, "$_\n", $database, $base, $secret, $card, $external)
  for 'MyNumberSignInClientID x', 'MyNumberSignInScope openid', 'MyNumberSignInAcrValues x', 'MyNumberSignInClientSecretFile /x', 'MyNumberSignInClientKey /x', 'MyNumberSignInProviderEndpoint token https://a.example.test', 'MyNumberSignInProviderCAFile /x';
refused('a kind of sign-in to link under external', 'MyNumberLinkSignInAcr', qr/cannot be kept under MyNumberSignIn external/, "MyNumberLinkSignInAcr mfa\n", $database, $base, $secret, $card, $external);
for my $name (qw(HTTP_EPPN http_x HTTP_AUTHORIZATION REDIRECT_REMOTE_USER MYNUMBER_ACCOUNT QUERY_STRING REMOTE_ADDR REMOTE_IDENT eppn+HTTP_X)) {
    refused("an account of \"$name\"", 'MyNumberAccountAttribute', qr/"\Q$name\E" is made of what the client sends/, "MyNumberAccountAttribute eppn2 $name\n", $database, $base, $secret, $card, $external);
}
refused('an attribute that clients send', 'MyNumberAccountPass', qr/"HTTP_MAIL" is made of what the client sends/, "MyNumberAccountPass mail HTTP_MAIL\n", $database, $base, $secret, $card, $external);
refused('a rule about what clients send', 'MyNumberAccountPass', qr/"HTTP_MAIL" is made of what the client sends/, '', $database, $base, $secret, $card, $external, "<Location /x>\nAuthType Basic\nRequire mynumber-attribute account:HTTP_MAIL x\n</Location>\n");
accepted('names of claims are not concerned', $database, $base, $secret, $card, $account, "MyNumberAccountPass http_mail\n");

# --- the rest -----------------------------------------------------------------------------------
my @whole = ($database, $base, $secret, $card, $account);
refused('MergeTrailers', 'MyNumberSecretFile', qr/cannot work under MergeTrailers On \(line \d+ of .*\).*write MergeTrailers Off/, "MergeTrailers On\n", @whole);
refused('MergeTrailers in another host', 'MyNumberSecretFile', qr/MergeTrailers On/, '', @whole, "<VirtualHost 127.0.0.1:\@PORT\@>\nServerName a.example.test\nMyNumberSecretFile none\nMergeTrailers On\n</VirtualHost>\n");
accepted('MergeTrailers Off', @whole, "MergeTrailers Off\n");
refused('a session that ends before it is inactive', 'MyNumberSessionInactivity', qr/more than MyNumberSessionLifetime/, '', @whole, "MyNumberSessionInactivity 2h\nMyNumberSessionLifetime 1h\n");
refused('a lifetime below the default inactivity', 'MyNumberSessionInactivity', qr/more than MyNumberSessionLifetime/, '', @whole, "MyNumberSessionLifetime 10min\n");
refused("session cache $_", 'MyNumberSessionCache', qr/cache provider|goes with shmcb/, "MyNumberSessionCache $_\n", @whole) for 'nosuch', 'nosuch:x', 'shmcb(0)', 'shmcb(x)', 'shmcb(1M', 'dbm(5)', 'shmcb(-1)', 'shmcb(1T)';
refused('a state folder that is not there', 'MyNumberStateDir', qr/there is no folder/, "MyNumberStateDir /nothing\n", @whole);
refused('a file as state folder', 'MyNumberStateDir', qr/there is no folder/, "MyNumberStateDir conf/text\n", @whole);
if ($t->{user}) {
    refused('a state folder the server cannot write to', 'MyNumberStateDir', qr/cannot write/, "MyNumberStateDir keys\n", @whole);
}
refused('an attribute that is not passed', 'MyNumberExport', qr/MyNumberAccountPass/, '', @whole, "MyNumberAccountPass mail\n<Location /x>\nMyNumberExport account attribute-phone\n</Location>\n");
{
    my $rules = sub { join '', "<Location /x>\n", (map { "Require mynumber-attribute account:$_ x\n" } @_), "</Location>\n" };
    my @names = map { "n$_" } 1 .. 64;
    accepted('64 attributes in rules', @whole, $rules->(@names, @names));
    accepted('half of them passed on too', @whole, 'MyNumberAccountPass ' . join(' ', @names[ 0 .. 31 ]) . "\n", $rules->(@names));
    my $host = sub { "<VirtualHost 127.0.0.1:\@PORT\@>\nServerName a.example.test\n" . $rules->(@_) . "</VirtualHost>\n" };
    for my $case ([ 'an attribute too many in rules', $rules->(@names, 'extra') ], [ 'one too many in rules and passed on', "MyNumberAccountPass mail\n" . $rules->(@names[ 1 .. 63 ], 'extra') ],
        [ 'one too many together with rules of a virtual host', $host->(@names) . $rules->('extra') ]) {
        my $text = config(@whole, $case->[1]);
        my ($code, $out) = $t->configtest($text);
        my ($before) = $t->expand($text) =~ /^(.*)^Require \S+ account:extra/ms;
        my $line = 1 + (() = $before =~ /\n/g);
        my @said = grep { /MNV1412/ } split /\n/, $out;
        ok($code && @said == 1 && $said[0] =~ /line $line of \S+: Require: .*\b64\b.*"extra".*$mend/, "refused: $case->[0]") or diag "code $code, line $line:\n$out";
    }
}
accepted('an attribute that is', @whole, "MyNumberAccountPass mail\n<Location /x>\nMyNumberExport account attribute-mail\n</Location>\n");

# Rules: bad ones are told by their name. httpd's own text has the line.
for my $rule ([ 'mynumber-linked extra' => qr/"Require mynumber-linked": "extra" is no argument of it: write fresh=SECONDS/ ],
    [ 'not mynumber-account x' => qr/"Require mynumber-account": "x" is too much/ ], [ 'mynumber-nothing' => qr/Unknown Authz provider/ ]) {
    my $text = config(@whole, "<Location /x>\nAuthType mynumber\nRequire $rule->[0]\n</Location>\n");
    my $line = (() = $t->expand($text) =~ /\n/g) - 1;
    my ($code, $out) = $t->configtest($text);
    ok($code && $out =~ /line $line of / && $out =~ $rule->[1], "refused: Require $rule->[0]") or diag $out;
}
{
    my ($code, $out) = $t->configtest(config(@whole, "<AuthzProviderAlias mynumber-linked mine \"\">\n</AuthzProviderAlias>\n<Location /x>\nAuthType mynumber\nRequire mine\n</Location>\n"));
    ok($code && $out =~ /are written with Require, not in <AuthzProviderAlias>/, 'refused: a rule under an alias') or diag $out;
}

# Two caches are one too many; `httpd -t` must say it, not the start.
refused('two session caches', 'MyNumberSessionCache', qr/one cache for the whole server/, '', @whole, map { "<VirtualHost 127.0.0.1:\@PORT\@>\nServerName https://$_.example.test\n" . ($_ eq 'b' ? "MyNumberSessionCache shmcb(1M)\n" : '') . "</VirtualHost>\n" } qw(a b));

# All problems at once, not one per try.
{
    my ($code, $out) = $t->configtest(config($base, "MyNumberSecretFile /nothing\nMyNumberProvider https://card.example.test\nMyNumberStateDir /nothing\n"));
    my %numbers = map { $_ => 1 } $out =~ /\b(MNV\d+)\b/g;
    cmp_ok(scalar keys %numbers, '>=', 5, 'all problems are told at once') or diag $out;
    # And the start refuses as well.
    eval { $t->start(config($base, $card, "MyNumberSecretFile /nothing\n")) };
    like($@, qr/MNV1301.*MyNumberSecretFile/s, 'a start refuses what configtest refuses');
    $t->{broken} = 0;
}
$t->allow_log(qw(MNV1301 MNV1324 AH00016 AH00020 AH00014));
$t->done;
