# Single logout in a browser, the portal and the identity provider being two sites: the way out over our page, the answer by a form from the other site, and a request that comes as such a form
# and so without our session cookie.
use FindBin;
use lib "$FindBin::Bin/../lib", $FindBin::Bin;
use MNV::Test;
use MNV::Source qw(need_saml);
use MNV::External;
use MNV::SamlJourney qw(saml_key key_lines known_by_idp);
use MNV::WebDriver;
use Steps;

need_saml();
my $t = MNV::Test->new(https => 1);
$t->providers(signin => 0);
saml_key($t, 'saml');
my $idp = MNV::External->saml_idp($t, known_by_idp($t, by => 'HTTP-POST'));
$t->write_file('keys/idp.xml', $idp->metadata, 0644);
$t->write_file('keys/idp-post.xml', $idp->metadata =~ s/(<md:SingleLogoutService Binding="[^"]*):HTTP-Redirect"/$1:HTTP-POST"/r, 0644);
sub config {
    my ($file) = @_;
    return $t->default_config(server => "MyNumberSignInLogout on\n",
        signin => "MyNumberSignIn saml\nMyNumberSAMLMetadata \"\@DIR\@/keys/$file\"\n" . key_lines('saml') . "MyNumberAccountAttribute eduPersonPrincipalName\n");
}
$t->start(config('idp.xml'));
sub browser { return MNV::WebDriver->new(names => ['portal.example.test'], certificates => [ ($t->certificate)[1] ]) }
my $w = browser();
my $SESSION = '__Host-mynumber';

# The pages of the identity provider send their forms by a script; where a browser runs none, by this button.
sub sign_in {
    my ($place) = @_;
    $w->go($t->url($place // '/mynumber/signin'));
    $w->wait_until(sub { $w->has('input[name=username]') }, "the provider's page");
    $w->type('input[name=username]', 'alice');
    $w->type('input[name=password]', 'secret');
    $w->click('#submit_button');
    $w->wait_until(sub { $w->url =~ ($place ? qr/\Q$place\E$/ : qr/notice=signed-in/) }, 'back from there');
    $w->go($t->url('/account/here')) if !$place;
    is(received($w)->{MYNUMBER_ACCOUNT}, 'alice@example.ac.jp', 'signed in');
}
sub told { my ($how, $name) = @_; $w->wait_until(sub { $w->has("main[data-signed-out=$how]") }, $name); like($w->url, qr{/mynumber/logout/done}, $name) }

sign_in();
$w->go($t->url('/mynumber/'));
$w->navigations;
$w->press('Sign out');
told('there', 'signed out, over our page, there and back by a form of the other site');
my ($slo) = grep { $_->{url} =~ m{/saml/slo} } $w->navigations;
unlike($slo->{url}, qr/SAMLResponse/, 'which was a POST');
ok($slo->{sent}{'__Host-mnv-o'}, '... and brought the cookie of the sign-out');
ok(!$w->cookie($_), "$_ is gone") for $SESSION, '__Host-mnv-o';

sign_in('/account/here');
ok($w->cookie($SESSION), 'a session');
$w->navigations;
$w->go("$idp->{url}/saml2/idp/SingleLogoutService.php?ReturnTo=$idp->{url}/logout.php");
$w->wait_until(sub { $w->url =~ m{/logout\.php} }, 'signed out at the provider');
($slo) = grep { $_->{url} =~ m{/saml/slo} } $w->navigations;
ok($slo && !$slo->{sent}{$SESSION}, 'its form did not bring our session') or diag explain $slo;
ok($w->cookie($SESSION), 'whose cookie is still there');
ok(!$w->cookie('__Host-mnv-a'), 'while the word of its arrival, a moment ago, is gone');
$w->go($t->url('/account/here'));
$w->wait_until(sub { $w->has('input[name=username]') }, 'but it opens nothing');

is(join("\n", grep { !/favicon/ } $w->problems($t->base)), '', 'the browser has nothing to complain of');
$w->stop; # its idle connections would hold up the server
$t->restart(config('idp-post.xml'));
$w = browser();
sign_in();
$w->go($t->url('/mynumber/'));
$w->press('Sign out');
$w->wait_until(sub { $w->has('main[data-signed-out=leading]') }, 'a provider that knows HTTP-POST alone: a button');
$w->press("Go to the university's sign-out page");
told('there', 'and it leads there and back');
is(join("\n", grep { !/favicon/ } $w->problems($t->base)), '', 'nor here');
MNV::WebDriver->stop_all;
$idp->stop;
$t->done;
