# MyNumberSignIn external behind mod_auth_openidc (conf/examples/external-openidc.conf), a real one in front of the university's stand-in.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::External;

my $t = MNV::Test->new;
my $p = $t->providers(clients => { signin => { redirect_uris => [ $t->url('/oidc/callback') ] } });
$t->write_file('keys/openidc-passphrase', "a passphrase that nobody guesses\n", 0600);
$t->allow_line(qr/auth_openidc:warn.*(?:SHOULD be "https"|scrubbed suspicious request header)/);
my %user = (alice => '0123456789', bob => '9876543210');
my $x = MNV::External->start($t, 'external-openidc.conf', modules => ['auth_openidc'], is_user => sub { $p->signin_is(account => $user{ $_[0] }) },
    replace => [ [ 'https://idp.example.ac.jp' => $p->signin->{issuer} ], [ 'the client secret' => $p->signin->{client_secret} ] ]);
$x->journey(account => { map { $_ => "sub-$user{$_}" } keys %user }, issuer => $p->signin->{issuer}, type => 'openid-connect', refuses => qr/^$/,
    attributes => { OIDC_CLAIM_EDUPERSONAFFILIATION => 'student;member' });
$t->done;
