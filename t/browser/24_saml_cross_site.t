# The answer of a SAML identity provider is a form that another site sends: no cookie with SameSite=Lax arrives with it, the session's least of all. Portal and provider are
# two https names here, two sites; ports of one host are one site to a browser, and nothing could be seen there. Whichever half is first, both must be there at the end.
use FindBin;
use lib "$FindBin::Bin/../lib", $FindBin::Bin;
use utf8;
use MNV::Test;
use MNV::Source qw(need_saml);
use MNV::WebDriver;
use MNV::External;
use Steps;

need_saml();
my $t = MNV::Test->new(https => 1, host => 'portal.example.ac.jp');
# The provider's name, in front of PHP's own server.
my $front = MNV::Test->new(https => 1, host => 'idp.university.test');
my $idp = MNV::External->saml_idp($t, "\$metadata['\@BASE\@/mynumber/saml/metadata'] = ['AssertionConsumerService' => '\@BASE\@/mynumber/saml/acs'];\n", url => $front->base);
$front->start($front->preamble(without => 1, modules => [qw(proxy proxy_http)]) . "ProxyPass / $idp->{at}/\n");
$t->write_file('keys/idp.xml', $idp->metadata, 0644);
$t->providers(signin => 0);
$t->start($t->default_config(signin => "MyNumberSignIn saml\nMyNumberSAMLMetadata \"\@DIR\@/keys/idp.xml\"\nMyNumberAccountAttribute eduPersonPrincipalName\n",
    location => "<Location /linked>\n  MyNumberExport account name linked verified\n</Location>\n"));
my $home = $t->url('/mynumber/');

sub sign_in_as {
    my ($w, $user) = @_;
    $w->wait_until(sub { $w->has('input[name=username]') }, "the provider's page");
    like($w->url, qr{^https://idp\.university\.test:}, 'away at the identity provider, another site');
    $w->navigations;
    $w->type('input[name=username]', $user);
    $w->type('input[name=password]', 'secret');
    $w->key('enter');
}

# The hops on the way back: the form that the other site sent, and the redirect after it.
sub way_back {
    my ($w) = @_;
    my @hops = $w->navigations;
    my ($post) = grep { $_->{url} eq $t->url('/mynumber/saml/acs') } @hops;
    my ($callback) = grep { $_->{url} =~ m{/mynumber/signin/callback\?state=} } @hops;
    return ($post // {}, $callback // {});
}
sub flows { return scalar grep { /^__Secure-mnv-f-/ } keys %{ $_[0]{sent} } }

# --- card first: the account half joins a session that its POST does not know of ---
my $w = MNV::WebDriver->new(phone => 1, language => 'ja', names => [qw(portal.example.ac.jp idp.university.test)], certificates => [ map { ($_->certificate)[1] } $t, $front ]);
$w->go($home);
$w->press('マイナンバーカードで本人確認');
show_card($w, 'adult');
$w->press('許可');
state_is($w, 'the card alone', account => 0, identity => 1);
my $session = $w->cookie('__Host-mynumber');
is($session->{sameSite}, 'Lax', 'its session is Lax');
$w->press('サインイン');
sign_in_as($w, 'alice');
state_is($w, 'card first, then SAML: the card half stays', step => 3, account => 1, identity => 1, linked => 0);
my ($post, $callback) = way_back($w);
is($post->{status}, 303, 'the POST of the other site is answered by a redirect');
ok(flows($post), '... it carried the cookie of the flow') or diag explain $post;
ok($post->{sent}{'__Host-mnv-b'}, '... and that of the browser');
ok(!$post->{sent}{'__Host-mynumber'}, '... and not the session');
ok($callback->{sent}{'__Host-mynumber'}, 'which arrives with the redirect') or diag explain $callback;
isnt($w->cookie('__Host-mynumber')->{value}, $session->{value}, 'the session has a new id');
is(scalar(grep { $_->{name} =~ /mnv-f-/ } $w->cookies), 0, 'no cookie of a flow is left');
$w->press('連携する');
state_is($w, 'linked', step => 4, linked => 1);
$w->go($t->url('/linked/'));
is_deeply([ @{ received($w) }{qw(MYNUMBER_ACCOUNT MYNUMBER_NAME)} ], [ 'alice@example.ac.jp', '山田太郎' ], 'what the application received');
is(join("\n", grep { !/403 \(Forbidden\)$/ } $w->problems($home)), '', 'the browser refused no cookie and has nothing to complain of');

# --- account first, from the application, and then the card ---
$w->afresh;
$w->go($t->url('/linked/here?a=1'));
sign_in_as($w, 'bob');
$w->wait_until(sub { $w->has("input[name=person][value='adult2']") }, 'led on to the card');
($post, $callback) = way_back($w);
ok(flows($post) && !$post->{sent}{'__Host-mynumber'}, 'nobody had a session when the POST came');
show_card($w, 'adult2');
$w->press('許可');
state_is($w, 'account first, then the card', step => 3, account => 1, identity => 1, linked => 0);
$w->press('連携する');
is(received($w)->{MYNUMBER_ACCOUNT}, 'bob@example.ac.jp', 'linked, and led on to the application');
is($w->url, $t->url('/linked/here?a=1'), 'at the very URL that was asked for');

# --- signed in again in that session: the provider asks nobody, its POST comes at once ---
$w->navigations;
$w->go($t->url('/mynumber/signin'));
state_is($w, 'signed in again', step => 4, account => 1, identity => 1, linked => 1);
($post) = way_back($w);
ok($post->{status} && $post->{withheld}{'__Host-mynumber'} && !$post->{sent}{'__Host-mynumber'}, 'the session was kept from that POST') or diag explain $post;

MNV::WebDriver->stop_all;
$idp->stop;
$t->done;
