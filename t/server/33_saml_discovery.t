# A federation of several identity providers: people choose theirs at a discovery service, sign in there (SimpleSAMLphp), and are its people. What comes back from the discovery service
# is a wish of this browser and nothing else: not of another's, not twice, not of a provider that the metadata do not have; and who was asked is who must answer.
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use MNV::Test;
use MNV::Source qw(need_saml);
use MNV::External;
use MNV::Federation;
use MNV::Journey qw(stands link_up);

need_saml();
my $t = MNV::Test->new;
my $p = $t->providers(signin => 0);
$p->card_is(person => 'adult');
my $idp = MNV::External->saml_idp($t, "\$metadata['\@BASE\@/mynumber/saml/metadata'] = ['AssertionConsumerService' => '\@BASE\@/mynumber/saml/acs'];\n");
my $federation = MNV::Federation->new($t);
my ($HERE, $OTHER) = ("$idp->{url}/idp", 'https://idp.other.example.ac.jp/idp');
my ($entity) = $idp->metadata =~ m{(<md:EntityDescriptor.*</md:EntityDescriptor>)}s;
# The other one has the same keys: only who was asked tells them apart.
my $twin = $entity =~ s/entityID="[^"]*"/entityID="$OTHER"/r;
$t->write_file('keys/federation.xml', $federation->aggregate(xml => "$entity\n$twin\n", key => 'signer', valid_until => time + 86400), 0644);
my $signed = "MyNumberSignIn saml\nMyNumberSAMLMetadata \"\@DIR\@/keys/federation.xml\"\nMyNumberSAMLMetadataCert \"\@DIR\@/federation/signer.crt\"\n";
my $service = 'http://localhost:' . $t->port('discovery') . '/ds';
my $config = "${signed}MyNumberSAMLDiscovery $service?x=1\nMyNumberAccountAttribute eduPersonPrincipalName\n";

# --- configurations ---
sub refused {
    my ($name, $text, $pattern) = @_;
    my ($code, $out) = $t->configtest($t->default_config(signin => $text));
    ok($code && $out =~ $pattern, "refused: $name") or diag $out;
}
refused('several and none chosen', $signed, qr/MNV1377.*2 identity providers.*MyNumberSAMLDiscovery/);
refused('one named, and a choice', "${config}MyNumberSignInProvider $HERE\n", qr/MNV1383.*remove one/);
refused('a choice without SAML', "MyNumberSignIn none\nMyNumberSAMLDiscovery $service\n", qr/MNV1370.*of no use/);
$t->start($t->default_config(signin => "${signed}MyNumberSignInProvider $HERE\n"));
unlike($t->browser->get($t->url('/mynumber/saml/metadata'))->body, qr/DiscoveryResponse/, 'our metadata without a choice');
is($t->browser->get($t->url('/mynumber/signin/discovery?state=x&entityID=x'))->code, 404, '... and nobody is expected back from one');
$t->restart($t->default_config(signin => $config));

# --- out ---
sub escaped { return $_[0] =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/ger }
sub query { my ($url) = @_; my %q = map { map { s/%([0-9A-Fa-f]{2})/chr hex $1/ger } split /=/, $_, 2 } split /&/, $url =~ s/^[^?]*\?//r; return \%q }
# To the discovery service: our URL that it is to send people back to.
sub asked {
    my ($b, $path) = @_;
    my $r = $b->get($t->url($path));
    my $url = $r->header('Location') // '';
    return $r->code . ' ' . ($r->mnv_code // $url) unless $url =~ /^\Q$service?\E/;
    return query($url)->{return};
}
my $b = $t->browser;
my $r = $b->get($t->url('/linked/x?y=1'));
like($r->header('Location'), qr/^\Q$service?x=1&\E/, 'a protected page leads to the discovery service, whose own query stays');
my $query = query($r->header('Location'));
is($query->{entityID}, $t->url('/mynumber/saml/metadata'), '... which is told who asks');
like($query->{return}, qr{^\Q@{[$t->url('/mynumber/signin/discovery?')]}\Estate=[\w-]{22}$}, '... and where to come back to');
my $metadata = $b->get($t->url('/mynumber/saml/metadata'))->body;
like($metadata, qr{<idpdisc:DiscoveryResponse [^>]*Location="\Q@{[$t->url('/mynumber/signin/discovery')]}\E"}, 'as our metadata say');

# --- the journey ---
sub choose { my ($b, $return, $entity_id) = @_; return $b->get($return . '&entityID=' . escaped($entity_id)) }
# Through the pages of the identity provider, to the one that posts its answer to us.
sub answer_of {
    my ($b, $page, $user) = @_;
    $page = $b->follow($page);
    for (1 .. 4) {
        return $page if $page->body =~ /name="SAMLResponse"/;
        $page = $b->form->submit($page->body =~ /name="username"/ ? { username => $user, password => 'secret' } : {});
    }
    die 'no answer of the identity provider: ' . substr $page->text, 0, 400;
}
my $chosen = choose($b, $query->{return}, $HERE);
like($chosen->header('Location'), qr/^\Q$idp->{url}\E.*SAMLRequest=/, 'chosen: to the identity provider');
answer_of($b, $chosen, 'alice');
ok(stands($b->form->submit, account => 1, identity => 1, linked => 0), 'signed in, the card held, led to the link page');
link_up($b);
is($b->visit($t->url('/linked/x?y=1'))->json->{env}{MYNUMBER_ACCOUNT}, 'alice@example.ac.jp', 'linked, back at the place');
is($b->fetch($t->url('/mynumber/info'))->json->{account}{issuer}, $HERE, "the account is of the provider that was chosen");

# --- what is not accepted ---
sub outcome { my ($r) = @_; return $r->code . ' ' . ($r->mnv_code // $r->header('Location') // '') }
my $mine = asked($t->browser, '/mynumber/signin');
$b = $t->browser;
my $return = asked($b, '/mynumber/signin?return=/account/');
is(outcome(choose($b, $mine, $HERE)), '400 MNV0202', "another browser's");
is(outcome(choose($t->browser, $return, $HERE)), '400 MNV0202', '... or in another browser');
is(outcome(choose($b, $t->url('/mynumber/signin/discovery?state=' . 'A' x 22), $HERE)), '400 MNV0202', 'forged');
is(outcome($b->get($t->url('/mynumber/signin/discovery?entityID=x'))), '400 MNV0207', 'without a state');
is(outcome(choose($b, "$return&entityID=x", $HERE)), '400 MNV0207', 'two providers at once');
is(outcome(choose($b, $return, 'https://evil.example/idp')), '502 MNV0383', 'a provider that is not in the metadata');
is(outcome(choose($b, $return, $HERE)), '400 MNV0202', '... and that was this answer');
$return = asked($b, '/mynumber/signin');
is(outcome(choose($b, $return, 'x' x 300)), '502 MNV0383', 'too long for one');
$return = asked($b, '/mynumber/signin');
$r = $b->get($return);
is(outcome($r), '403 MNV0384', 'nobody chosen');
like($r->text, qr/No organization was chosen/, '... is told so');
$return = asked($b, '/account/');
$chosen = choose($b, $return, $HERE);
is($chosen->code, 303, 'the next choice is good');
is(outcome(choose($b, $return, $HERE)), '400 MNV0202', '... and used up');
$t->expect_log(qw(MNV0207 MNV0202 MNV0383));

# --- who must answer ---
# The flow of the choice is none of a sign-in, nor the other way about.
my ($state) = asked($b, '/mynumber/signin') =~ /state=([\w-]+)/;
is(outcome($b->get($t->url("/mynumber/signin/callback?state=$state"))), '400 MNV0205', "a choice's flow at the callback of sign-ins");
is(outcome($b->post_form($t->url('/mynumber/saml/acs'), { SAMLResponse => 'AAAA', RelayState => $state }, headers => [ [ 'Origin', $idp->{url} ] ])), '400 MNV0205', '... and where answers go');
my $relay = query($chosen->header('Location'))->{RelayState};
is(outcome(choose($b, $t->url("/mynumber/signin/discovery?state=$relay"), $OTHER)), '400 MNV0205', "a sign-in's flow at the discovery service");
$t->expect_log('MNV0205');
# Asked at the other one; the answer comes from this one, which has the very same keys.
my $asked_other = choose($b, asked($b, '/account/'), $OTHER);
answer_of($b, $asked_other, 'bob');
$r = $b->form->submit;
is(outcome($r), '502 MNV0352', 'an answer of another provider than the one that was asked');
$t->expect_log('MNV0352');
answer_of($b, choose($b, asked($b, '/account/'), $HERE), 'bob');
is($b->form->submit->json->{env}{MYNUMBER_ACCOUNT}, 'bob@example.ac.jp', 'of the one that was asked');

# --- one provider left ---
$t->write_file('keys/federation.xml', $federation->aggregate(xml => $entity, key => 'signer', valid_until => time + 86400), 0644);
$t->restart($t->default_config(signin => $config));
like($t->browser->get($t->url('/mynumber/signin'))->header('Location'), qr/^\Q$idp->{url}\E/, 'where there is one alone nobody has to choose');
$idp->stop;
$t->done;
