# Every row of directives.def: set, inherited, overridden, overridden back to the default, bad values, wrong place, given twice.
# A new directive of a known kind needs a line in %set; of a new kind one in %bad too.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Bearer;
use MNV::Source qw(root without_saml);

my $t = MNV::Test->new;
my (@rows, %row);
{
    open my $in, '<', root . '/mod_mynumber_verify/httpd/directives.def' or die $!;
    while (<$in>) {
        next unless /^MNV_DIRECTIVE/;
        my %r;
        @r{qw(id name kind context field default range syntax help)} =
          /^MNV_DIRECTIVE\((\w+), "(\w+)", (\w+), (\w+), ([\w.]+), "([^"]*)", "([^"]*)", "([^"]*)", "([^"]*)"\)$/ or die "row not understood: $_";
        push @rows, \%r;
        $row{ $r{name} } = \%r;
    }
}
cmp_ok(scalar @rows, '>=', 40, 'directives.def is read');

$t->client_key;
$t->run($t->{ctl}, qw(keygen client --alg RS256), $t->path('keys/second.pem'));
$t->run($t->{ctl}, qw(keygen assertion), $t->path("keys/$_.pem")) for qw(assertion assertion2);
$t->write_file('keys/signin-secret', "a secret\n", 0600);
my (undef, $ca) = $t->certificate;
$t->run(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 400 -subj /CN=sp -keyout), $t->path('keys/sp.key'), '-out', $t->path('keys/sp.crt'));
$t->write_file('keys/idp.xml', '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.test/saml"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
      . '<KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>' . join('', map { s/\s//gr } grep { !/-----/ } do { open my $in, '<', $t->path('keys/sp.crt') or die $!; <$in> })
      . '</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.test/sso"/></IDPSSODescriptor></EntityDescriptor>', 0644);
chmod 0644, $ca;
mkdir $t->path('state2');
chmod 0700, $t->path('state2');
$t->give_to_server($t->path('state2'));
$t->write_file('conf/provider.json', '{"issuer": "https://card.example.test", "authorization_endpoint": "https://card.example.test/a", "token_endpoint": "https://card.example.test/t", '
      . '"userinfo_endpoint": "https://card.example.test/u", "jwks_uri": "https://card.example.test/j"}', 0644);

# --- set ---------------------------------------------------------------------------
# name => [as written, as dumped (if different), dumped after the default was given (if neither the default nor computed)].
# A second value of a repeatable directive is a second line. undef after the default: the host cannot do without, tested below.
my %set = (
    MyNumberPath => ['/id/card'],
    MyNumberBaseURL => [ 'https://WWW.example.test:443/', 'https://www.example.test', 'http://localhost:' . $t->port ],
    MyNumberSecretFile => [ $t->secret_file, undef, undef ],
    MyNumberStateDir => [ $t->path('state2'), undef, $t->path('run/mynumber') ],
    MyNumberAssertionKey => [ $t->path('keys/assertion.pem') . " kid-2\n" . $t->path('keys/assertion2.pem'),
        [ { file => $t->path('keys/assertion.pem'), kid => 'kid-2' }, { file => $t->path('keys/assertion2.pem') } ], [] ],
    MyNumberSchema => ['check'],
    MyNumberProvider => [ $t->path('conf/provider.json') ],
    MyNumberProviderEndpoint => [ "token https://card.example.test/t2\njwks https://card.example.test/j2", { token => 'https://card.example.test/t2', jwks => 'https://card.example.test/j2' }, {} ],
    MyNumberProviderCAFile => [$ca],
    MyNumberClientID => [ 'my.client', undef, undef ],
    MyNumberClientKey => [ $t->path('keys/client.pem') . " kid-1\n" . $t->path('keys/second.pem'),
        [ { file => $t->path('keys/client.pem'), kid => 'kid-1' }, { file => $t->path('keys/second.pem') } ], undef ],
    MyNumberScope => [ 'openid "name birthdate" gender', 'openid name birthdate gender', 'openid name gender' ],
    MyNumberAcrValues => ['high low'],
    MyNumberAcceptAcr => [ 'high urn:x', [ 'high', 'urn:x' ] ],
    MyNumberSignIn => [ 'oidc', undef, 'oidc' ],
    MyNumberSignInProvider => ['https://idp.example.test/o'],
    MyNumberSignInProviderEndpoint => [ 'userinfo https://idp.example.test/u', { userinfo => 'https://idp.example.test/u' }, {} ],
    MyNumberSignInProviderCAFile => [$ca],
    MyNumberSignInClientID => [ 'portal', undef, undef ],
    MyNumberSignInClientKey => [ $t->path('keys/second.pem'), [ { file => $t->path('keys/second.pem') } ], undef ],
    MyNumberSignInClientSecretFile => [ $t->path('keys/signin-secret'), undef, undef ],
    MyNumberSignInScope => [ 'openid affiliation email', undef, 'openid profile email' ],
    MyNumberSignInAcrValues => ['mfa pwd'],
    MyNumberSAMLEntityID => [ 'https://portal.example.test/sp', undef, 'https://www.example.test/id/card/saml/metadata' ],
    MyNumberSAMLMetadata => [ $t->path('keys/idp.xml'), undef, undef ],
    MyNumberSAMLMetadataCert => [ $t->path('keys/sp.crt'), [ $t->path('keys/sp.crt') ] ],
    MyNumberSAMLDiscovery => [ 'https://ds.example.test/WAYF?x=1', undef, 'none' ],
    MyNumberSAMLKey => [ $t->path('keys/sp.key'), [ $t->path('keys/sp.key') ], undef ],
    MyNumberSAMLCert => [ $t->path('keys/sp.crt'), [ $t->path('keys/sp.crt') ], undef ],
    MyNumberSAMLName => [ qq(ja Mon\nen "The Gate"), { ja => 'Mon', en => 'The Gate' }, {} ],
    MyNumberSignInLogout => [ 'ON', 'on' ],
    MyNumberSignInRefuseGuests => [ 'on' ],
    MyNumberSAMLSHA1 => [ 'OFF', 'off' ],    # on warns: 33_saml_forged.t
    MyNumberAccountAttribute => [ 'tid+oid sub', [ 'tid+oid', 'sub' ] ],
    MyNumberAccountPass => [ 'email urn:oid:1.2', [ 'email', 'urn:oid:1.2' ] ],
    MyNumberLinkPolicy => ['many-accounts'],
    MyNumberLinkLifetime => ['400d'],
    MyNumberLinkSignInAcr => [ 'mfa urn:x', [ 'mfa', 'urn:x' ] ],
    MyNumberLinkHold => ['3d'],
    MyNumberLinkNotify => [ '"|/bin/cat -u"', '|/bin/cat -u' ],
    MyNumberLinkKeep => [ 'name gender', [ 'name', 'gender' ], ['name'] ],
    MyNumberAssurance => [ "verified urn:x:v https://a.example.test/v\nlinked acr=high acr=urn:y https://a.example.test/l",
        [ { of => 'verified', acr => [], uris => [ 'urn:x:v', 'https://a.example.test/v' ] }, { of => 'linked', acr => [ 'high', 'urn:y' ], uris => ['https://a.example.test/l'] } ] ],
    MyNumberSessionCookie => ['session'],
    MyNumberSessionInactivity => [ '600', '10min' ],
    MyNumberSessionLifetime => ['4h'],
    MyNumberSessionCache => [ 'shmcb(512K)', undef, undef ],
    MyNumberRecheck => ['1500ms'],
    MyNumberTimeout => [ '500ms 4', '500ms 4s' ],
    MyNumberMaxOutbound => ['1000'],
    MyNumberClockSkew => [ '0s', undef, '1min' ],
    MyNumberBearerVerify => [ 'introspect https://idp.example.test/i', ['introspect https://idp.example.test/i'], undef ],
    MyNumberBearerIssuer => [ 'https://idp.example.test/o', undef, undef ],
    MyNumberBearerAudience => [ 'api other', [ 'api', 'other' ], undef ],
    MyNumberBearerClient => [ 'app phone', [ 'app', 'phone' ] ],
    MyNumberBearerAttribute => [ 'eppn sub', [ 'eppn', 'sub' ] ],
    MyNumberBearerAccountIssuer => ['https://idp.example.test/saml'],
    MyNumberBearerAccountKind => ['eppn'],
    MyNumberBearerCAFile => [$ca],
    MyNumberBearer => ['on'],
    MyNumberReturnAllow => [ 'https://a.example.test https://B.example.test:8443', [ 'https://a.example.test', 'https://b.example.test:8443' ] ],
    MyNumberStripCookies => [ 'OFF', 'off' ],
    MyNumberPass => ['headers'],
    MyNumberHeaderPrefix => ['X-Person-'],
    MyNumberHeaderEncoding => ['base64url'],
    MyNumberExport => ['account name attribute-email'],
    MyNumberEntry => ['choose'],
    MyNumberAssertion => ['on aud=https://app.example.ac.jp'],
    MyNumberSubject => ['shared'],
    MyNumberUnauthenticated => ['403'],
);
is_deeply([ sort keys %set ], [ sort map { $_->{name} } @rows ], 'this test knows each directive');

sub lines { my ($name, $value) = @_; return join '', map { "$name $_\n" } split /\n/, $value }
sub directives { return join '', map { lines($_->{name}, $set{ $_->{name} }[0]) } @_ }
sub wanted { my ($name) = @_; return $set{$name}[1] // $set{$name}[0] }
my @server = grep { $_->{context} eq 'SERVER' } @rows;
my @section = grep { $_->{context} ne 'SERVER' } @rows;
my $bearer = MNV::Bearer->new($t)->load;
my $database = "DBDriver sqlite3\nDBDParams \"\@DB\@\"\n";

# One of secret and key is enough, and SAML is a third way. (Metadata that are signed: 33_saml.t.)
for my $case ([ oidc => qr/ClientSecretFile|SAML/ ], [ oidc => qr/SignInClientKey|SAML/ ], [ saml => qr/MetadataCert|SignIn(?:Provider|Client|Scope)/ ]) {
    my ($method, $without) = @$case;
  SKIP: {
    skip without_saml(), 1 if $method eq 'saml' && without_saml();
    local $set{MyNumberSignIn} = [ 'saml', undef, undef ] if $method eq 'saml';
    my @here = grep { $_->{name} !~ $without } @server;
    my $text = $t->preamble . $bearer . $database . directives(@here) . directives(@section);
    my $outer = join '', map { "<Location /outer>\n" . lines($_->{name}, $set{ $_->{name} }[0]) . "</Location>\n<Location /outer/inner>\n$_->{name} $_->{default}\n</Location>\n" } @section;
    # A host that inherits all, and for each directive one that has the default again.
    my @back = grep { defined $set{ $_->{name} }[2] || @{ $set{ $_->{name} } } < 3 } @here;
    my $host = sub { "<VirtualHost 127.0.0.1:\@PORT\@>\nServerName " . ($_[1] // 'http://localhost:@PORT@') . "\n$_[0]</VirtualHost>\n" };
    $text .= $host->('') . $host->($outer) . join '', map { $host->("$_->{name} $_->{default}\n" . ($_->{name} eq 'MyNumberSignInProvider' ? "MyNumberSignIn auto\n" : '')) } @back;
    my ($code, $out) = $t->configtest($text);
    is($code, 0, 'all directives set: a valid configuration') or diag $out;
    my $dump = eval { $t->dump($text) } or diag $@;
    my ($main, @hosts) = @{ $dump->{hosts} };
    my ($inherits, $sections, @reset) = reverse @hosts;    # httpd's list starts with the last
    is(scalar @hosts, 2 + @back, 'each host takes part');
    for my $r (@here) {
        is_deeply($main->{directives}{ $r->{name} }{value}, wanted($r->{name}), "$r->{name}: set");
        is_deeply($inherits->{directives}{ $r->{name} }{value}, wanted($r->{name}), "$r->{name}: inherited by a virtual host");
        ok($inherits->{directives}{ $r->{name} }{line}, "$r->{name}: the dump tells the line");
    }
    for my $i (0 .. $#back) {
        my $name = $back[$i]{name};
        my $value = @{ $set{$name} } > 2 ? $set{$name}[2] : $back[$i]{default};
        my $seen = $reset[$i]{directives};
        is_deeply($seen->{$name}{value}, $value, "$name: back to its default in a virtual host");
        my ($other) = grep { $_->{name} ne $name && $_->{name} !~ /Scope|SignIn$|Cookie|SAML/ } @here;
        is_deeply($seen->{ $other->{name} }{value}, wanted($other->{name}), "$name: and nothing else with it");
    }
    my %everywhere = %{ $inherits->{sections}[0]{directives} };
    my (%outer, %inner);
    for my $one (@{ $sections->{sections} }) {
        my $into = $one->{name} eq '/outer' ? \%outer : $one->{name} eq '/outer/inner' ? \%inner : next;
        $into->{$_} = $one->{directives}{$_}{value} for keys %{ $one->{directives} };
    }
    for my $r (@section) {
        is($everywhere{ $r->{name} }{value}, wanted($r->{name}), "$r->{name}: written outside of sections, inherited by a virtual host");
        is($outer{ $r->{name} }, wanted($r->{name}), "$r->{name}: set in <Location>");
        is($inner{ $r->{name} }, $r->{default}, "$r->{name}: back to its default in a nested <Location>");
    }
  }
}

# One cache for all hosts: given back its default where the main server takes no part.
{
    my @here = grep { $_->{name} !~ /^MyNumber(?:SecretFile|SignInClientKey)$/ } @server;
    my $dump = $t->dump($t->preamble . $bearer . $database . directives(@here) . "<VirtualHost 127.0.0.1:\@PORT\@>\nServerName http://localhost:\@PORT\@\n"
          . directives($row{MyNumberSecretFile}) . "MyNumberSessionCache $row{MyNumberSessionCache}{default}\n</VirtualHost>\n");
    is($dump->{hosts}[0]{directives}{MyNumberSessionCache}{value}, $row{MyNumberSessionCache}{default}, 'MyNumberSessionCache: back to its default in a virtual host');
}

# --- refused -------------------------------------------------------------------------
# Bad values of each kind. What files hold, and what only the whole configuration tells, is the matter of 03_combinations.t.
my $long = 'x' x 256;
my %bad = (
    PATH => [ 'mynumber', '/', '/a/', '/a//b', '/a/../b', '/./a', '"/a b"', '/a?b', '/a%2fb', '/' . 'x' x 64 ],
    ORIGIN => [ 'http://www.example.test', 'https://www.example.test/path', 'www.example.test', 'https://u:p@www.example.test', 'ftp://www.example.test', 'https://', 'https://x:0', 'https://x:99999' ],
    PROVIDER => [ 'http://card.example.test', 'http://localhost.example.test', 'https://card.example.test/?q', 'https://', 'https://card example', 'HTTP://card.example.test' ],
    ENDPOINT => [ 'ds.example.test', 'http://ds.example.test/', 'file:///etc/passwd' ],
    NAMES => [ 'fr Nom', 'JA Mon', 'ja', "ja x\nMyNumberSAMLName ja y", 'ja ""', "en \"a\tb\"", 'ja ' . 'x' x 256, 'ja a b' ],
    ENDPOINTS => [ 'token', 'logout https://a.example.test', 'token http://a.example.test', 'token a.example.test', "token https://a.example.test https://b.example.test", 'token file:///etc/passwd' ],
    TEXT => [ '"a b"', $long, 'é', "\"a\tb\"" ],
    KEYS => [ '/k "a b"', '/k ' . 'x' x 65, '/k kid more' ],
    SCOPE => [ 'name', 'openid openid', 'openid "na\\\\me"', 'openid é' ],
    WORDS => [ 'a a', '"a\\"b"', 'é', $long ],
    WORD_LIST => [ 'a a', '"a\\"b"', 'é', $long ],
    ATTRIBUTES => [ '"a b"', 'a*', 'mail MAIL', 'a.b a-b', 'x' x 101, 'é' ],
    KEEP => [ 'phone', 'name none', 'name name', 'Name', 'subject' ],
    ORIGINS => [ 'https://a.example.test http://b.example.test', 'a.example.test', '*', 'https://*.example.test', 'https://a.example.test/x', 'null' ],
    COOKIE => [ '"a b"', 'a;b', 'a=b', 'mnv-b', '__Host-mnv-b', '__secure-MNV-f-1', 'x' x 65, 'é' ],
    SPAN => [ 'soon', '-1', '1.5h', '"10 min"', '10minutes', '1w', '99999999999999999999s', '99999d' ],
    SPANS => [ '1s', '5s 3s', '0s 1s', '1s 6min', 'a b', '1s 2s 3s' ],
    NUMBER => [ '0', '1001', '-1', '1.5', 'x', '0x10', '99999999999' ],
    FLAG => [ 'yes', '1', 'on off' ],
    SCHEMA => [ 'no', 'auto check' ],
    SIGNIN => [ 'Shibboleth', 'oidc none' ],
    FILES => ['/a /b'],
    POLICY => [ 'many', 'one-to-one many-accounts' ],
    PASS => [ 'none', 'env headers', 'header' ],
    ENCODING => [ 'utf-8', 'base64' ],
    UNAUTHENTICATED => [ '404', 'allow', '401 403' ],
    ENTRY => [ 'both', 'card account', 'none' ],
    PIPE => [ '/bin/cat', '|cat', '"| /bin/cat"', '|/bin/none', '|/bin', '|/etc/passwd' ],
    ASSURANCE => [ 'verified', 'linked acr=high', 'anybody urn:x', 'urn:x', 'verified IAL2', 'verified https://a.example.test/;x', 'verified "urn:a b"', 'verified urn:é', 'verified urn:', 'verified 1a:b',
        'verified acr= urn:x', 'verified "acr=a b" urn:x', 'verified urn:x acr=high', 'verified urn:x urn:x', 'verified //a.example.test/x', 'verified none', 'verified urn:' . 'x' x 252,
        join(' ', 'verified', map { "urn:$_" } 1 .. 40), join("\n", 'verified urn:0', map { "MyNumberAssurance verified urn:$_" } 1 .. 32),
        join("\n", 'verified urn:0', map { "MyNumberAssurance verified urn:$_" . 'x' x 245 } 10 .. 18) ],
    VERIFY => [ 'magic x', 'plain secret', 'eckey_uri https://a.example.test/k', 'jwks_uri http://a.example.test/x', 'introspect https://a.example.test/i x=y', 'metadata' ],
    BEARER => [ 'maybe', 'none' ],
    SUBJECT => [ 'public', 'none' ],
    ASSERTION => [ 'yes', 'off aud=a', 'on a', 'on aud=', 'on "aud=a b"', "on aud=$long", 'on aud=é', 'on aud=a aud=b' ],
    PREFIX => [ 'X-', 'X', 'Person', 'Content-', 'content-', 'X-Forwarded-', 'Sec-', 'My_Number-', '-Person-', '"My Number-"', 'X' . 'y' x 32 . '-' ],
    EXPORTS => [ 'password', 'account none', 'Account', 'attribute-', 'attribute-UPPER', 'attribute-a_b', '*' ],
    CACHE => [],
    FILE => [],
    FOLDER => [],
);
$bad{$_} or fail("no bad values of the kind \"$_\" here") for map { $_->{kind} } @rows;
# What a few have beyond their kind.
my %worse = (
    MyNumberLinkLifetime => [ '0s', '36501d' ], MyNumberLinkHold => [ '0s', '366d' ], MyNumberSessionInactivity => [ '0s', '31d' ], MyNumberSessionLifetime => [ '0s', '31d' ],
    MyNumberRecheck => ['61min'], MyNumberClockSkew => [ '601s', 'none' ], MyNumberExport => [ join ' ', ('account') x 48 ],
    MyNumberAccountPass => [ join ' ', map { "a$_" } 1 .. 33 ], MyNumberAcceptAcr => [ join ' ', map { "a$_" } 1 .. 70 ],
    MyNumberProvider => ['none auto'], MyNumberClientID => ['none none'],
);

# A configuration that is read no further than the line asked about.
my $small = "ServerRoot \"$t->{dir}\"\n" . $t->load("mpm_$t->{mpm}", 'unixd') . "LoadModule mynumber_verify_module \"$t->{module}\"\n";
my $small_lines = () = $small =~ /\n/g;
my $mend = qr/\b(?:write|use|leave out|copy|remove|add|choose|make|name|correct)\b/;

sub refused {
    my ($r, $what, $body, $line, @patterns) = @_;
    my ($code, $out) = $t->configtest($small . $body);
    my $at = $small_lines + $line;
    my $ok = $code && $out =~ /\bline $at of \S*configtest\d+\.conf/;
    $ok &&= $out =~ $_ for qr/\Q$r->{name}\E/, @patterns;
    ok($ok, "$r->{name}: $what") or diag "code $code, line $at, wanted @patterns:\n$out";
}

my %seen;
for my $r (@rows) {
    my @values = @{ $bad{ $r->{kind} } };
    splice @values, 2 if $seen{ $r->{kind} }++;    # the same code judges them
    push @values, (@{ $worse{ $r->{name} } // [] });
    push @values, "\"$set{$r->{name}}[0]\" more" if $r->{kind} =~ /^(?:FILE|FOLDER|PATH|ORIGIN|PROVIDER|TEXT|COOKIE|CACHE|SPAN|NUMBER)$/;
    refused($r, "refused: $_", "$r->{name} $_\n", 1 + tr/\n//, qr/^\Q$r->{name}\E: .*$mend/m) for '', '""', @values;
}

# --- twice ---------------------------------------------------------------------------
for my $r (@rows) {
    my ($first) = split /\n/, $set{ $r->{name} }[0];
    next if $r->{kind} =~ /^(?:KEYS|FILES|ASSURANCE|VERIFY)$/;    # the same key twice: 03_combinations.t; two lines about keys: 71_bearer_config.t; statements are united
    my ($before, $after) = $r->{context} eq 'SERVER' ? ('', '') : ("<Location /x>\n", "</Location>\n");
    my $line = $before ? 3 : 2;
    my $where = $small_lines + 1;
    refused($r, 'given twice', "$before$r->{name} $first\n$r->{name} $first\n$after", $line,
        $r->{kind} =~ /^(?:ENDPOINTS|NAMES)$/ ? qr/"\w+" is given twice: remove one/ : $before ? qr/given twice in the same section: remove one/ : qr/given already in line $where of .*: remove one/);
}

# --- wrong place -----------------------------------------------------------------------
for my $r (@server) {
    my ($first) = split /\n/, $set{ $r->{name} }[0];
    refused($r, 'not in <Location>', "<Location /x>\n$r->{name} $first\n</Location>\n", 2, qr/cannot occur within <Location> section|not allowed/);
}

# .htaccess: only those of the context HTACCESS. httpd's alerts have no number, so they go to a log of their own.
my $htaccess_log = $t->path('logs/htaccess.log');
for my $r (@rows) {
    mkdir $t->path("htdocs/$r->{name}");
    my ($first) = split /\n/, $set{ $r->{name} }[0];
    $t->write_file("htdocs/$r->{name}/.htaccess", "$r->{name} $first\n", 0644);
    $t->write_file("htdocs/$r->{name}/page.html", "page\n", 0644);
}
mkdir $t->path('htdocs/strict');
$t->write_file('htdocs/strict/.htaccess', "AuthType mynumber\nRequire mynumber-account\nMyNumberUnauthenticated 401\n", 0644);
$t->write_file('htdocs/strict/page.html', "page\n", 0644);
$t->allow_log('MNV0401');    # nobody answers for the providers here
$t->start($t->default_config(location => <<"EOC"));
<VirtualHost 127.0.0.1:\@PORT\@>
  ServerName http://localhost:\@PORT\@
  ErrorLog "$htaccess_log"
</VirtualHost>
EOC
my $b = $t->browser;
for my $r (@rows) {
    my $code = $b->get($t->url("/$r->{name}/page.html"))->code;
    if ($r->{context} eq 'HTACCESS') {
        is($code, 200, "$r->{name}: allowed in .htaccess");
        next;
    }
    is($code, 500, "$r->{name}: refused in .htaccess");
    open my $in, '<', $htaccess_log or die $!;
    ok(scalar(grep { m{/htdocs/$r->{name}/\.htaccess: $r->{name} not allowed here} } <$in>), "$r->{name}: and the log says so");
}
is($b->get($t->url('/strict/page.html'))->code, 401, 'AuthType, Require and MyNumberUnauthenticated act from .htaccess');
$t->done;
