# A build without SAML (configure --without-saml): a configuration that asks for it does not start and is told why, its URLs say so, and sign-in by OpenID Connect works. In a build
# with SAML the module and mynumberctl of the other kind are made here, from the same objects.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Source qw(root without_saml);
use MNV::Journey qw(sign_in stands);

my %absent;
if (!without_saml()) {
    my $build = $ENV{MNV_BUILD} // root . '/build';
    %absent = (module => "$build/.libs/mod_without_saml.so", ctl => "$build/ctl_without_saml");
    my $said = qx(flock '$build' make -s -C '$build' mod_without_saml.la ctl_without_saml 2>&1);
    is($?, 0, 'made') or diag $said;
}
my $t = MNV::Test->new(%absent);
$t->providers->signin_is(account => '0123456789');

my $saml = "MyNumberSignIn saml\nMyNumberSAMLMetadata https://idp.example.ac.jp/metadata\n";
my ($code, $out) = $t->configtest($t->default_config(signin => $saml));
isnt($code, 0, 'MyNumberSignIn saml: no start');
like($out, qr/MNV1382: .*MyNumberSignIn: saml is not in this build: configure it where libxml2 and xmlsec1 with their headers are installed, or write oidc/, '... and the reason');

# mynumberctl with an httpd whose module has SAML.
my $dump = JSON::PP::encode_json({ version => 1, hosts => [ { base_url => 'https://portal.example.ac.jp', state_dir => $t->path('state'), sign_in => 'saml',
    directives => { MyNumberSecretFile => { value => $t->secret_file }, MyNumberSAMLMetadata => { value => 'https://idp.example.ac.jp/metadata' } } } ] });
my $httpd = $t->write_file('conf/dump.sh', "#!/bin/sh\necho '$dump'\n", 0755);
(undef, $out) = $t->ctl('check', '--httpd', $httpd);
like($out, qr/^warn .*not looked at: this mynumberctl was built without SAML: use the mynumberctl of httpd's own build$/m, 'mynumberctl check says what it cannot look at');

$t->start($t->default_config);
my $b = $t->browser;
ok(stands(sign_in($t, $b), account => 1), 'sign-in by OpenID Connect');
$b->visit($t->url('/mynumber/'));
is($b->form('logout')->submit->url, $t->url('/mynumber/logout/done'), '... and the way out');
is($b->post_form($t->url('/mynumber/saml/acs'), { SAMLResponse => 'x' }, origin => 'https://idp.example.ac.jp')->mnv_code, 'MNV0108', '/saml/acs: no such sign-in');
is($b->get($t->url("/mynumber/$_"))->mnv_code, 'MNV0108', "/$_: neither") for qw(saml/metadata saml/slo signin/discovery);
$t->expect_log('MNV0108');
$t->done;
