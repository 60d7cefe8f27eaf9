# Three https sites under one CA of our own: portal.example.test, the identification service at card.localhost, the university at
# univ.localhost (httpd resolves *.localhost without DNS). What only a browser decides: whether cookies with __Host- and __Secure- are taken
# as they are set, and whether those of the flow and the session arrive on a redirect from another site.
use FindBin;
use lib "$FindBin::Bin/../lib", $FindBin::Bin;
use MNV::Test;
use MNV::WebDriver;
use Steps;

my $t = MNV::Test->new(https => 1, host => 'portal.example.test');
my $ca = $t->path('keys/ca.crt');

# One certificate of the CA; the portal's takes the place of the one the harness would make.
sub certificate {
    my ($name, $host) = @_;
    my @file = map { $t->path("keys/$name.$_") } qw(key crt csr);
    my @new = ('openssl', 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', $file[0]);
    if ($name eq 'ca') {
        $t->run(@new, '-x509', '-days', 2, '-subj', '/CN=CA of this test', '-out', $file[1]);
        return @file;
    }
    $t->run(@new, '-subj', "/CN=$host", '-out', $file[2]);
    my $names = $t->write_file("keys/$name.ext", "subjectAltName=DNS:$host\n");
    $t->run('openssl', 'x509', '-req', '-in', $file[2], '-CA', $ca, '-CAkey', $t->path('keys/ca.key'), '-CAcreateserial',
        '-days', 2, '-extfile', $names, '-out', $file[1]);
    return @file;
}

certificate('ca');
my ($card_key, $card_crt) = certificate('card', 'card.localhost');
my ($univ_key, $univ_crt) = certificate('univ', 'univ.localhost');
my (undef, $portal_crt) = certificate('tls', 'portal.example.test');

my $p = $t->providers(card => { hostname => 'card.localhost', tls => { key => $card_key, cert => $card_crt } },
    signin => { hostname => 'univ.localhost', tls => { key => $univ_key, cert => $univ_crt } });
my $config = $t->default_config(location => "<Location /linked>\n  MyNumberExport account name linked verified\n</Location>\n");
$config =~ s/(ProviderCAFile) .*/$1 "$ca"/g;
$t->start($config);
my $home = $t->url('/mynumber/');
my $w = MNV::WebDriver->new(phone => 1, language => 'ja', names => [qw(portal.example.test card.localhost univ.localhost)],
    certificates => [ $card_crt, $univ_crt, $portal_crt ]);

# Cookies of the portal in the browser, by name.
sub cookies { return map { $_->{name} => $_ } grep { $_->{domain} eq 'portal.example.test' } $w->cookies }

# The flow's cookies while the person is away.
$w->go($t->url('/account/here'));
$w->wait_until(sub { $w->has('input[name=account]') }, "the university's page");
like($w->url, qr{^https://univ\.localhost:}, 'away at the university, another site');
my %cookie = cookies();
my ($flow) = grep { /^__Secure-mnv-f-/ } keys %cookie;
ok($flow, 'a flow cookie with __Secure- was taken') or diag(join ' ', keys %cookie);
is($cookie{$flow}{path}, '/mynumber', 'for our own URLs alone');
is($cookie{$flow}{sameSite}, 'None', 'SameSite=None');
ok($cookie{'__Host-mnv-b'}, 'the browser cookie with __Host- was taken');
ok(!$cookie{'__Host-mynumber'}, 'no session yet');
$w->navigations;

choose_account($w, '0123456789');
is(received($w)->{MYNUMBER_ACCOUNT}, 'sub-0123456789', 'signed in over three sites');
is($w->url, $t->url('/account/here'), 'and back at the very URL');
my ($callback) = grep { $_->{url} =~ m{/mynumber/signin/callback} } $w->navigations;
ok($callback->{sent}{$flow}, 'the redirect from the university carried the flow cookie');
ok($callback->{sent}{'__Host-mnv-b'}, 'and the browser cookie');
%cookie = cookies();
ok(!$cookie{$flow}, 'the flow cookie is gone after the callback');
my $session = $cookie{'__Host-mynumber'};
ok($session, 'the session cookie with __Host- was taken') or diag(join ' ', keys %cookie);
is($session->{path}, '/', 'for the whole host');
is($session->{sameSite}, 'Lax', 'SameSite=Lax');
ok($session->{secure} && $session->{httpOnly}, 'Secure and HttpOnly');
ok($session->{session}, 'ends with the browser');
unlike($w->run('return document.cookie'), qr/mynumber|mnv/, 'no script of the site can read any of them');

# The card: the session, being Lax, must arrive with the redirect too, or the two halves would not meet.
$w->go($home);
$w->press('マイナンバーカードで本人確認');
show_card($w, 'adult');
like($w->url, qr{^https://card\.localhost:}, 'away at the identification service, another site');
$w->navigations;
$w->press('許可');
state_is($w, 'both halves met', step => 3, account => 1, identity => 1);
($callback) = grep { $_->{url} =~ m{/mynumber/verify/callback} } $w->navigations;
ok((grep { /^__Secure-mnv-f-/ } keys %{ $callback->{sent} }), 'the redirect from the identification service carried the flow cookie');
ok($callback->{sent}{'__Host-mynumber'}, 'and the session cookie') or diag(explain $callback);
my %new = cookies();
isnt($new{'__Host-mynumber'}{value}, $session->{value}, 'the session has a new id after the card');

# The form of the link; what another site sends is not taken.
my $csrf = $w->attribute('form[action$="/link"] input[name=csrf]', 'value');
$w->go($p->signin->{issuer} . '/.well-known/openid-configuration');
$w->run('const form = document.createElement("form"); form.method = "post"; form.action = arguments[0];'
    . 'form.innerHTML = "<input name=csrf value=" + arguments[1] + ">"; document.body.append(form); form.submit()', $t->url('/mynumber/link'), $csrf);
$w->wait_until(sub { $w->url =~ m{/mynumber/link} && $w->text =~ /MNV\d{4}/ }, 'a refusal');
like($w->text, qr/MNV0503/, 'a form of another site is refused, even with the right token');
$t->allow_log('MNV0503');
is(scalar @{ $t->sql('select id from mynumber_links') }, 0, 'nothing was linked by it');

$w->go($home);
$w->press('連携する');
state_is($w, 'linked', step => 4, linked => 1);
$w->go($t->url('/linked/'));
is(received($w)->{MYNUMBER_NAME}, '山田太郎', 'the application received the name');

$w->go($home);
$w->press('サインアウト');
$w->wait_until(sub { $w->url =~ m{/logout/done} }, 'the page after the sign-out');
%cookie = cookies();
is(join(' ', grep { /mynumber|mnv-f/ } keys %cookie), '', 'the sign-out took the session cookie away');
is(join("\n", grep { !/403 \(Forbidden\)$/ } $w->problems($home)), '', 'the browser refused no cookie and has nothing to complain of');
MNV::WebDriver->stop_all;
$t->done;
