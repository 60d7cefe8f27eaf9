# conf/examples/gakunin.conf as it stands, SimpleSAMLphp posing as an identity provider of the federation: whose names count, what is asked for and what is refused.
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use MNV::Test;
use MNV::Source qw(slurp);
use MNV::External;
use MNV::SamlForger qw(request_in);
use MNV::SamlUniversity;

my $t = MNV::Test->new;
$t->providers(signin => 0);
my ($ID, $AAL2, $MFA) = ('https://idp.example.ac.jp/idp/shibboleth', 'https://www.gakunin.jp/profile/AAL2', 'https://refeds.org/profile/mfa');
my %oid = (eppn => 'urn:oid:1.3.6.1.4.1.5923.1.1.1.6', scoped => 'urn:oid:1.3.6.1.4.1.5923.1.1.1.9', assurance => 'urn:oid:1.3.6.1.4.1.5923.1.1.1.11', name => 'urn:oid:1.3.6.1.4.1.32264.1.1.3',
    subject => 'urn:oasis:names:tc:SAML:attribute:subject-id');
sub person { my %of = @_; return { map { $oid{$_} => $of{$_} } keys %of } }
for my $name (qw(saml gakunin-signer)) {
    $t->run(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 400 -subj), "/CN=$name", '-keyout', $t->path("keys/$name.key"), '-out', $t->path("keys/$name.crt"));
}
my $u = MNV::SamlUniversity->start($t, entity_id => $ID, scope => 'example.ac.jp', context => $AAL2, encrypt => $t->path('keys/saml.crt'), people => {
    alice => person(eppn => ['alice@example.ac.jp'], scoped => [ 'member@example.ac.jp', 'student@example.ac.jp', 'staff@other.ac.jp' ], name => ['試験 アリス'],
        assurance => [ 'https://www.gakunin.jp/profile/IAL2', 'https://refeds.org/assurance/version/2' ]),
    bob => person(eppn => ['bob@example.ac.jp'], subject => ['s-2@example.ac.jp'], scoped => ['affiliate@example.ac.jp']),
    carol => person(eppn => ['carol@example.ac.jp'], scoped => ['member@other.ac.jp']),
    mallory => person(eppn => ['alice@other.ac.jp'], scoped => ['member@example.ac.jp']),
    twins => person(eppn => [ 'alice@example.ac.jp', 'twin@example.ac.jp' ], scoped => ['member@example.ac.jp']),
    anonymous => person(scoped => ['member@example.ac.jp'], name => ['alice@example.ac.jp']),
});

# The federation: this university and another one, signed.
sub federation {
    my $signature = '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod '
      . 'Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI="#_f"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform '
      . 'Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>';
    my $other = $u->metadata =~ s/\Q$ID\E/https:\/\/idp.other.ac.jp\/idp/r =~ s/example\.ac\.jp<\//other.ac.jp<\//r =~ s/ ID="[^"]*"//r;
    $t->write_file('keys/unsigned.xml', qq(<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_f">$signature@{[$u->metadata]}$other</md:EntitiesDescriptor>));
    $t->run('xmlsec1', '--sign', '--privkey-pem', $t->path('keys/gakunin-signer.key'), '--id-attr:ID', 'EntitiesDescriptor', '--output', $t->path('keys/gakunin-metadata.xml'), $t->path('keys/unsigned.xml'));
    chmod 0644, $t->path('keys/gakunin-metadata.xml');
    return;
}
federation();
my @ours = (more => "ScriptAlias /members \"\@DIR\@/cgi/show\"\nScriptAlias /strangers \"\@DIR\@/cgi/show\"\n"
      . "<Location /strangers>\n  AuthType mynumber\n  <RequireAll>\n    Require mynumber-account\n    Require not mynumber-attribute account:eduPersonScopedAffiliation member\@other.ac.jp\n  </RequireAll>\n</Location>\n");
MNV::External->start($t, 'gakunin.conf', @ours);

# --- who is let in ---
my $alice = $t->browser;
my $page = $u->open_as($alice, 'alice', '/members/x?y=1');
is($page->url, $t->url('/members/x?y=1'), 'a member is led back to the very page') or diag $page->text;
my $env = $page->code == 200 ? $page->json->{env} : {};
is_deeply([ @$env{ map { "MYNUMBER_$_" } qw(ACCOUNT ATTRIBUTE_JADISPLAYNAME ATTRIBUTE_EDUPERSONSCOPEDAFFILIATION ATTRIBUTE_EDUPERSONASSURANCE) } ],
    [ 'alice@example.ac.jp', '試験 アリス', 'member@example.ac.jp;student@example.ac.jp', 'https://www.gakunin.jp/profile/IAL2;https://refeds.org/assurance/version/2' ],
    'all values, without those of another university') or diag explain $env;
$t->expect_log(qw(MNV1252 AH01630));
like($u->{answer}, qr/EncryptedAssertion/, 'the assertion was encrypted');
like((request_in($u->{request}))[2], qr{<samlp:RequestedAuthnContext Comparison="exact"><saml:AuthnContextClassRef>\Q$AAL2\E</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>}, 'the second factor was asked for');
is_deeply([ @{ $alice->fetch($t->url('/mynumber/info'))->json->{account} }{qw(issuer id acr)} ], [ $ID, 'alice@example.ac.jp', $AAL2 ], 'and is known');
my $bob = $t->browser;
is($u->open_as($bob, 'bob', '/members/')->mnv_code, 'MNV0809', 'an affiliate is no member');
is($bob->fetch($t->url('/mynumber/info'))->json->{account}{id}, 's-2@example.ac.jp', '... and known by what is never given to another person');

# --- who is not ---
sub refused { my ($user, $code, $name, $path) = @_; is($u->open_as($t->browser, $user, $path // '/members/')->mnv_code, $code, $name); $t->expect_log($code) if $code !~ /MNV08/ }
refused('mallory', 'MNV0414', 'a name of another university');
refused('twins', 'MNV0414', 'two names');
refused('anonymous', 'MNV0414', 'a transient name alone: no account, and nothing to link');
refused('carol', 'MNV0811', 'a member of another university, whatever this one says');
refused('carol', 'MNV0811', '... and no rule behind "not" takes that for a no', '/strangers/');
is($u->open_as($t->browser, 'bob', '/strangers/')->code, 200, '... which lets others in');
$u->is(context => 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport');
refused('alice', 'MNV0375', 'without the second factor');
$u->is(context => $MFA);
refused('alice', 'MNV0375', 'by another name of it, which is not accepted');
$u->is(context => $AAL2, entity_id => 'https://idp.other.ac.jp/idp');
refused('alice', 'MNV0352', 'answered by another university of the federation');
$u->is(entity_id => $ID);

# --- one of several ways, and metadata that somebody has changed ---
$t->stop;
MNV::External->start($t, 'gakunin.conf', @ours, replace => [ [ "AcrValues $AAL2" => "AcrValues $MFA $AAL2" ] ]);
$u->is(context => $MFA);
is($u->open_as($t->browser, 'alice', '/members/')->code, 200, 'REFEDS MFA where it is accepted too');
$t->stop;
MNV::External->start($t, 'gakunin.conf', @ours, replace => [ [ 'MyNumberAccountAttribute subject-id eduPersonPrincipalName' => 'MyNumberAccountAttribute NameID' ] ]);
$u->is(context => $AAL2);
refused('anonymous', 'MNV0414', 'a transient name is no account, also where the configuration would take a name');
$t->write_file('keys/changed.xml', slurp($t->path('keys/gakunin-metadata.xml')) =~ s/other\.ac\.jp<\//example.ac.jp<\//r, 0644);
my ($code, $out) = $t->configtest($t->default_config(signin => "MyNumberSignIn saml\nMyNumberSignInProvider $ID\nMyNumberSAMLMetadata \"\@DIR\@/keys/changed.xml\"\nMyNumberSAMLMetadataCert \"\@DIR\@/keys/gakunin-signer.crt\"\n"));
ok($code && $out =~ /MNV1376/, "another university's scope, changed in the file: no start") or diag $out;
$u->stop;
$t->done;
