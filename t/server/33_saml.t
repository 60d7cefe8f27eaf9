# MyNumberSignIn saml with a real identity provider (SimpleSAMLphp): the journey, encrypted assertions and two keys of ours, our metadata; what is posted to us by others, twice, for
# another flow, in another browser or changed on the way is refused. The judging of responses themselves is the matter of the unit tests (t/data/saml).
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use MIME::Base64 qw(decode_base64 encode_base64);
use MNV::Test;
use MNV::Source qw(need_saml);
use MNV::External;
use MNV::Journey qw(stands verify link_up);
use MNV::SamlJourney qw(saml_key certificate key_lines answer_for fields);

need_saml();
my $t = MNV::Test->new;
my $p = $t->providers(signin => 0);
$p->card_is(person => 'adult');
saml_key($t, $_) for qw(saml saml2 other);
my $idp = MNV::External->saml_idp($t, <<"EOT");
\$metadata['\@BASE\@/mynumber/saml/metadata'] = ['AssertionConsumerService' => '\@BASE\@/mynumber/saml/acs', 'validate.authnrequest' => true, 'certData' => '@{[certificate($t, 'saml')]}'];
\$metadata['urn:encrypted'] = ['AssertionConsumerService' => '\@BASE\@/mynumber/saml/acs', 'assertion.encryption' => true, 'certData' => '@{[certificate($t, 'saml2')]}'];
EOT
$t->write_file('keys/idp.xml', $idp->metadata, 0644);
my $saml = "MyNumberSignIn saml\nMyNumberSAMLMetadata \"\@DIR\@/keys/idp.xml\"\n";
my $keys = key_lines(qw(saml saml2));
my @attributes = "MyNumberAccountAttribute eduPersonPrincipalName NameID\nMyNumberAccountPass urn:oid:1.3.6.1.4.1.5923.1.1.1.9\n";

# --- configurations that cannot work ---
sub refused {
    my ($name, $text, $pattern) = @_;
    my ($code, $out) = $t->configtest($t->default_config(signin => $text));
    ok($code && $out =~ $pattern, "refused: $name") or diag $out;
}
refused('saml without metadata', "MyNumberSignIn saml\n", qr/MNV1380.*MyNumberSAMLMetadata: missing/);
refused('metadata that are none', "MyNumberSignIn saml\nMyNumberSAMLMetadata \"\@DIR\@/keys/saml.crt\"\n", qr/MNV1376.*cannot be used/);
refused('metadata that nobody has signed', "${saml}MyNumberSAMLMetadataCert \"\@DIR\@/keys/other.crt\"\n", qr/MNV1376.*cannot be used/);
refused('another identity provider', "${saml}MyNumberSignInProvider https://other.example/idp\n", qr/MNV1378.*no identity provider/);
refused('a key without its certificate', "${saml}MyNumberSAMLKey \"\@DIR\@/keys/saml.key\"\n", qr/MNV1373.*has no certificate/);
refused('a key and the certificate of another', "${saml}MyNumberSAMLKey \"\@DIR\@/keys/saml.key\"\nMyNumberSAMLCert \"\@DIR\@/keys/other.crt\"\n", qr/MNV1373/);
refused('a certificate without key', "${saml}MyNumberSAMLCert \"\@DIR\@/keys/saml.crt\"\n", qr/MNV1374/);
refused('a certificate that is none', "${saml}MyNumberSAMLCert \"\@DIR\@/keys/saml.key\"\n", qr/MNV1371/);
refused('a key that is none', "${saml}MyNumberSAMLKey \"\@DIR\@/keys/idp.xml\"\n", qr/MNV1303|MNV1372/);
refused('what is of OpenID Connect', "${saml}MyNumberSignInClientID x\n", qr/MNV1379.*of no use/);
refused('what is of SAML without it', "MyNumberSignIn none\nMyNumberSAMLEntityID x\n", qr/MNV1370.*of no use/);

# --- the journey ---
$t->start($t->default_config(signin => $saml . $keys . $attributes[0], location => "<Location /staff>\n  AuthType mynumber\n  Require mynumber-attribute account:eduPersonScopedAffiliation staff\@example.ac.jp\n"
      . "  Require mynumber-attribute account:mail x\@example.ac.jp\n</Location>\n"));
my $b = $t->browser;
my $page = answer_for($b, 'alice', $t->url('/linked/x?y=1'));
$page = $b->form->submit;
ok(stands($page, account => 1, identity => 1, linked => 0), 'signed in, the card held, led to the link page') or diag $page->url . $page->text;
link_up($b);
my $env = $b->visit($t->url('/linked/x?y=1'))->json->{env};
is($env->{MYNUMBER_ACCOUNT}, 'alice@example.ac.jp', 'the account by its attribute');
is((map { $env->{$_} } grep { /^MYNUMBER_ATTRIBUTE/ } keys %$env)[0], 'member@example.ac.jp;student@example.ac.jp', 'an attribute handed on');
my $info = $b->fetch($t->url('/mynumber/info'))->json;
is($info->{account}{issuer}, "$idp->{url}/idp", 'the issuer is the identity provider');

# Card first: the card half stays.
my $phone = $t->browser;
$p->card_is(person => 'adult2');
verify($t, $phone);
answer_for($phone, 'bob', $t->url('/mynumber/signin'));
ok(stands($phone->form->submit, account => 1, identity => 1, linked => 0), 'card first, then the sign-in: both halves');

# --- our metadata ---
my $metadata = $t->browser->get($t->url('/mynumber/saml/metadata'));
is($metadata->header('Content-Type') =~ s/;.*//r, 'application/samlmetadata+xml', 'our metadata');
like($metadata->body, qr/entityID="\Q@{[$t->base]}\E\/mynumber\/saml\/metadata"/, '... name us');
like($metadata->body, qr/Location="\Q@{[$t->base]}\E\/mynumber\/saml\/acs"/, '... and where answers go');
is(scalar(grep { index($metadata->body =~ s/\s//gr, certificate($t, $_)) >= 0 } qw(saml saml2)), 2, '... both certificates');
is(join(' ', $metadata->body =~ /<md:RequestedAttribute [^>]*FriendlyName="([^"]*)"/g), 'eduPersonPrincipalName eduPersonScopedAffiliation mail',
    '... and the attributes: of the account, for applications and for rules, each once, and a NameID is none');

# --- what others post to us ---
my $evil = $t->browser;
my $genuine = fields(answer_for($evil, 'bob', $t->url('/mynumber/signin')));
sub post { my ($who, $form) = @_; my $r = $who->post_form($t->url('/mynumber/saml/acs'), $form, headers => [ [ 'Origin', $idp->{url} ] ]); return $r->code . ' ' . ($r->mnv_code // $r->header('Location') // '') }
my $changed = decode_base64($genuine->{SAMLResponse}) =~ s/bob\@example/alice\@example/gr;
is(post($evil, { %$genuine, SAMLResponse => encode_base64($changed, '') }), '502 MNV0364', 'changed on the way');
is(post($evil, { SAMLResponse => $genuine->{SAMLResponse} }), '403 MNV0354', 'nobody asked');
is(post($evil, { %$genuine, RelayState => 'A' x 22 }), '400 MNV0202', 'for a flow that there is not');
is(post($t->browser, $genuine), '400 MNV0202', 'in another browser');
my $other = fields(answer_for($evil, 'bob', $t->url('/mynumber/signin?return=/account/')));
is(post($evil, { %$genuine, RelayState => $other->{RelayState} }), '502 MNV0353', 'for another flow of the same browser');
is(post($evil, { RelayState => $genuine->{RelayState} }), '502 MNV0350', 'without an answer');
is(post($evil, { %$genuine, SAMLResponse => '!!' }), '502 MNV0350', 'no base64');
is(post($evil, { %$genuine, SAMLResponse => 'A' x 400_000 }), '413 MNV0106', 'too large');
is($evil->get($t->url('/mynumber/saml/acs'))->code, 405, 'GET');
is($evil->get($t->url("/mynumber/signin/callback?state=$genuine->{RelayState}"))->mnv_code, 'MNV0204', 'the callback before the answer');
$t->expect_log(qw(MNV0364 MNV0354 MNV0202 MNV0353 MNV0350 MNV0106 MNV0204));
my $page2 = answer_for($evil, 'bob', $t->url('/mynumber/signin'));
$genuine = fields($page2);
my $sessions = sub { $t->sql('select count(*) as n from mynumber_sessions')->[0]{n} };
my $before = $sessions->();
my $done = post($evil, $genuine);
is($done, '303 ' . $t->url("/mynumber/signin/callback?state=$genuine->{RelayState}"), 'and as it should be');
is(post($evil, $genuine), '400 MNV0204', 'a second time');
is($t->browser->get((split / /, $done)[1])->mnv_code, 'MNV0202', "what waits there is nobody else's");
is($evil->get((split / /, $done)[1])->code, 303, 'but this browser takes it');
is($evil->get((split / /, $done)[1])->mnv_code, 'MNV0202', '... once');
is($sessions->(), $before + 1, 'nothing is left waiting, and nobody else has come in');

# --- encrypted for our second key ---
$t->restart($t->default_config(signin => "$saml${keys}MyNumberSAMLEntityID urn:encrypted\n$attributes[0]"));
my $sealed = $t->browser;
like(decode_base64(fields(answer_for($sealed, 'alice', $t->url('/account/')))->{SAMLResponse}), qr/EncryptedAssertion/, 'an encrypted assertion');
is($sealed->form->submit->json->{env}{MYNUMBER_ACCOUNT}, 'alice@example.ac.jp', '... is opened');
$t->restart($t->default_config(signin => $saml . ($keys =~ s/^.*saml2.*\n//mgr) . "MyNumberSAMLEntityID urn:encrypted\n$attributes[0]"));
my $closed = $t->browser;
answer_for($closed, 'alice', $t->url('/account/'));
is($closed->form->submit->mnv_code, 'MNV0361', '... and not without its key');
$t->expect_log('MNV0361');
$idp->stop;
$t->done;
