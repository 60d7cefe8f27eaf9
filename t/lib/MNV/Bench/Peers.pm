# Who is compared: one row each, with the modules loaded, the configuration
# (t/bench/conf/NAME.conf), what has to run beside it, and how a person really
# signs in. sign_in returns the headers that a browser sends from then on.
package MNV::Bench::Peers;
use strict;
use warnings;
use MIME::Base64 qw(encode_base64);
use MNV::Browser;
use MNV::Journey qw(linked_person);
use Exporter qw(import);
our @EXPORT_OK = qw(peer peers);

my @OURS = (
    conf => 'ours', modules => [qw(watchdog socache_shmcb dbd)], prepare => \&_standins,
);
my @peers = (
    { name => 'open', title => 'open page', location => 'open' },
    { name => 'loaded', title => 'open page, our module loaded', @OURS, location => 'open' },
    { name => 'cookie', title => 'open page, our module loaded, session sent', @OURS,
      location => 'open', sign_in => \&_linked },
    { name => 'ours', title => 'mod_mynumber_verify, Require mynumber-linked', @OURS,
      sign_in => \&_linked },
    { name => 'recheck', title => 'the same, session read from the database each time', @OURS,
      location => 'ours', recheck => '0s', sign_in => \&_linked },
    { name => 'basic', title => 'mod_auth_basic, SHA-1 htpasswd', conf => 'basic',
      modules => [qw(auth_basic authn_file authz_user)], prepare => \&_htpasswd,
      sign_in => sub { [ 'Authorization', 'Basic ' . encode_base64('member:secret', '') ] } },
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

sub _linked {
    my ($server, $url) = @_;
    return _cookies(linked_person($server, '0123456789', 'adult'), $url);
}

sub _cookies {
    my ($browser, $url) = @_;
    return [ 'Cookie', $browser->jar->cookie_header($url) ];
}

# --- Basic -----------------------------------------------------------------------

sub _htpasswd {
    my ($server) = @_;
    $server->run('htpasswd', '-c', '-b', '-s', $server->path('keys/htpasswd'), 'member', 'secret');
    chmod 0644, $server->path('keys/htpasswd');
}

1;
