# MyNumberSignIn external behind mod_auth_mellon (conf/examples/external-mellon.conf), a real one in front of SimpleSAMLphp.
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use MNV::Test;
use MNV::External;

my $t = MNV::Test->new;
$t->providers(signin => 0);
$t->run(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=sp -keyout), $t->path('keys/saml.key'), '-out', $t->path('keys/saml.crt'));
my $idp = MNV::External->saml_idp($t, "\$metadata['\@BASE\@/mellon/metadata'] = ['AssertionConsumerService' => '\@BASE\@/mellon/postResponse'];\n");
$t->write_file('keys/idp-metadata.xml', $idp->metadata, 0644);
my $x = MNV::External->start($t, 'external-mellon.conf', modules => ['auth_mellon'], replace => [ [ 'https://idp.example.ac.jp' => $idp->{url} ] ]);
$x->journey(account => { map { $_ => "$_\@example.ac.jp" } qw(alice bob) }, issuer => "$idp->{url}/idp", type => 'Mellon', refuses => qr/^$/,
    attributes => { MELLON_DISPLAYNAME => 'Alice テスト', MELLON_AFFILIATION => 'member@example.ac.jp;student@example.ac.jp' });
$idp->stop;
$t->done;
