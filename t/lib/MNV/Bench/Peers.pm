# Who is compared: one row each, with the modules loaded, the configuration
# (t/bench/conf/NAME.conf), what has to run beside it, and how a person really
# signs in. sign_in returns the headers that a browser sends from then on. Each
# server guards one folder by Basic authentication beside, and the open page is
# asked with a header of no meaning: so what httpd needs to look for sections and
# to read one header more is in every row.
package MNV::Bench::Peers;
use strict;
use warnings;
use MIME::Base64 qw(encode_base64);
use MNV::Bearer;
use MNV::Browser;
use MNV::Providers;
use MNV::Bench::SamlIdp;
use MNV::Journey qw(linked_person);
use Exporter qw(import);
our @EXPORT_OK = qw(peer peers);

my $SECRET = 'secret-of-the-benchmark-0123456789-abcdefghijklmn';

my @OURS = (
    conf => 'ours', modules => [qw(watchdog socache_shmcb dbd)], prepare => \&_standins,
);
my @peers = (
    { name => 'open', title => 'open page', location => 'open', sign_in => sub { [ 'X-None', '1' ] } },
    { name => 'sent', title => 'open page, cookies as long as ours sent', location => 'open',
      sign_in => sub { [ 'Cookie', 'some-b=' . 'b' x 22 . '; session=' . 's' x 43 ] } },
    { name => 'loaded', title => 'open page, our module loaded', @OURS, location => 'open', sign_in => sub { [ 'X-None', '1' ] } },
    { name => 'cookie', title => 'open page, our module loaded, session sent', @OURS,
      location => 'open', sign_in => \&_linked },
    { name => 'ours', title => 'mod_mynumber_verify, Require mynumber-linked', @OURS,
      sign_in => \&_linked },
    { name => 'everything', title => 'the same, every fact and an assertion', @OURS,
      location => 'everything', sign_in => \&_linked },
    { name => 'recheck', title => 'the same, session read from the database each time', @OURS,
      location => 'ours', recheck => '0s', sign_in => \&_linked },
    { name => 'bearer', title => 'an access token in place of the session', @OURS,
      conf => 'bearer', prepare => \&_api, sign_in => \&_token },
    { name => 'basic', title => 'mod_auth_basic, SHA-1 htpasswd',
      sign_in => sub { [ 'Authorization', 'Basic ' . encode_base64('member:secret', '') ] } },
    { name => 'mellon', title => 'mod_auth_mellon, 4 attributes', conf => 'mellon',
      modules => ['auth_mellon'], location => 'mellon-app', prepare => \&_saml, sign_in => \&_signed_in },
    { name => 'openidc', title => 'mod_auth_openidc, scope openid, shared memory', conf => 'openidc',
      modules => ['auth_openidc'], prepare => \&_openid, sign_in => \&_signed_in },
    { name => 'openidc-cookie', title => 'mod_auth_openidc, scope openid, cookie session', conf => 'openidc',
      location => 'openidc', session => 'client-cookie',
      modules => ['auth_openidc'], prepare => \&_openid, sign_in => \&_signed_in },
);

sub peers { @peers }
sub peer { my ($name) = @_; return (grep { $_->{name} eq $name } @peers)[0] // die "there is no peer \"$name\"\n" }

# --- ours ------------------------------------------------------------------------

sub _standins {
    my ($server, $peer) = @_;
    my $p = $server->providers;
    $server->set(RECHECK => $peer->{recheck} // '1h',
        PROVIDERS => $server->half('MyNumber', $p->card) . $server->half('MyNumberSignIn', $p->signin));
}

# liboauth2 checks the token once; then its record is in the cache.
sub _api {
    my ($server, $peer) = @_;
    _standins($server, $peer);
    my $api = $server->{api} = MNV::Bearer->new($server, issuer => $server->providers->signin->{issuer});
    $server->set(BEARER => $api->load . $api->by_key);
}

sub _token {
    my ($server) = @_;
    linked_person($server, '0123456789', 'adult');
    return [ 'Authorization', 'Bearer ' . $server->{api}->sign({ exp => time + 3600 }) ];
}

sub _linked {
    my ($server, $url) = @_;
    return _cookies(linked_person($server, '0123456789', 'adult'), $url);
}

sub _cookies {
    my ($browser, $url) = @_;
    $browser->jar->clock(time + 60);    # without what is only there while signing in
    return [ 'Cookie', $browser->jar->cookie_header($url) ];
}

# --- mellon and openidc ----------------------------------------------------------

sub _saml {
    my ($server) = @_;
    my $idp = $server->keep(MNV::Bench::SamlIdp->start($server));
    $server->write_file('keys/idp.xml', $idp->metadata, 0644);
}

# oidc-provider, the certified one that our own stand-ins are made of.
sub _openid {
    my ($server, $peer) = @_;
    my $op = $server->keep(MNV::Providers->start(folder => $server->dir, base => $server->base, card => 0,
        signin => { unattended => '0123456789', clients => [ {
            client_id => 'benchmark', client_secret => $SECRET, token_endpoint_auth_method => 'client_secret_basic',
            redirect_uris => [ $server->url('/openidc/callback') ] } ] }));
    $server->set(ISSUER => $op->signin->{issuer}, SHARED => $SECRET, SESSION => $peer->{session} // 'server-cache');
}

# As a browser without scripts: redirects, and forms that would send themselves.
sub _signed_in {
    my ($server, $url) = @_;
    my $browser = MNV::Browser->new;
    my $page = $browser->visit($url);
    for (1 .. 4) {
        last if $page->code != 200 || $page->body !~ /<form\b/;
        $page = $browser->form->submit;
    }
    die "the sign-in ended at " . $page->url . ' with ' . $page->code . ': ' . substr($page->text, 0, 500) . $server->error_log
      if $page->code != 200 || $page->url ne $url;
    return _cookies($browser, $url);
}

1;
