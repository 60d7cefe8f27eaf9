# What a federation's signed metadata cost: time until somebody can be sent to an identity provider, and memory. Each peer once with one provider and once with many;
# the difference is what the many cost.
package MNV::Bench::Metadata;
use strict;
use warnings;
use Time::HiRes qw(time);
use MNV::Bench::Server;
use MNV::Federation;
use MNV::Source qw(slurp);

my $SECONDS = 3600;
my @peers = (
    { name => 'file', title => 'mod_mynumber_verify, a file', conf => 'metadata-ours', signin => '/mynumber/signin' },
    { name => 'copy', title => 'mod_mynumber_verify, a URL, from the last good copy', conf => 'metadata-ours', signin => '/mynumber/signin', url => 1 },
    { name => 'mellon', title => 'mod_auth_mellon', conf => 'metadata-mellon', signin => '/mellon/login?ReturnTo=/' },
);

# Rows {title, providers, megabytes, start, first, second (seconds), cpu (seconds), memory (MB)}, as they are measured to $told.
sub count {
    my ($many, $told) = @_;
    my @rows;
    for my $peer (@peers) {
        push @rows, map { my $row = _measure($peer, $_); $told->($row); $row } 1, $many;
    }
    return \@rows;
}

sub _measure {
    my ($peer, $providers) = @_;
    my $wanted = "https://idp-$providers.example.ac.jp/idp";
    my $server = MNV::Bench::Server->new(peer => { %$peer, modules => [ $peer->{name} eq 'mellon' ? 'auth_mellon' : qw(watchdog socache_shmcb dbd) ] });
    my $federation = MNV::Federation->new($server);
    my $xml = $federation->aggregate(key => 'signer', valid_until => time + 7 * 86400, xml => join('', map { $federation->provider("https://idp-$_.example.ac.jp/idp", "https://idp-$_.example.ac.jp/sso") } 1 .. $providers));
    my $file = $server->path('federation/metadata.xml');
    $federation->_write($file, $xml);
    chmod 0644, $file;
    $server->run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', 400, '-subj', '/CN=sp', '-keyout', $server->path('keys/sp.key'), '-out', $server->path('keys/sp.crt'));
    $server->set(METADATA => $peer->{url} ? $federation->url : $file, PROVIDER => $wanted);
    my $ask = $peer->{signin} . ($peer->{name} eq 'mellon' ? "&IdP=$wanted" : '');
    my $text = $server->load(qw(mpm_event unixd authn_core authz_core authz_user authn_file auth_basic mime dir), @{ $server->{peer}{modules} })
      . slurp('t/bench/conf/common.conf') . slurp('t/bench/conf/metadata.conf') . slurp("t/bench/conf/$peer->{conf}.conf");
    $text = $server->expand($text);
    $server->run('htpasswd', '-c', '-b', '-s', $server->path('keys/htpasswd'), 'member', 'secret');
    chmod 0644, $server->path('keys/htpasswd');
    $server->give_to_server($server->path('logs'), glob $server->path('keys/*'));
    if ($peer->{url}) {    # somebody has fetched them before
        $federation->answer(body => $xml);
        $server->start($text);
        _signed_in($server, $ask);
        $server->stop;
    }
    my %row = (name => $peer->{name}, title => $peer->{title}, providers => $providers, megabytes => length($xml) / 1e6);
    my $began = time;
    $server->start($text);
    $row{start} = time - $began;
    $row{$_} = _signed_in($server, $ask) for qw(first second);
    ($row{cpu}, $row{memory}) = _used($server);
    $server->quit;
    $federation->stop;
    return \%row;
}

# How long it takes to be sent to the identity provider.
sub _signed_in {
    my ($server, $ask) = @_;
    my $told = $server->run('curl', '-sS', '--noproxy', '*', '-m', $SECONDS, '-o', '/dev/null', '-H', 'Sec-Fetch-Mode: navigate', '-w', '%{http_code} %{time_total} %{redirect_url}', $server->url($ask));
    my ($code, $seconds, $to) = $told =~ /^(\d+) ([\d.]+) (.*)/ or die "curl said: $told";
    die "nobody was sent to an identity provider: $told" . $server->error_log if $code != 303 && $code != 302 || $to !~ m{^https://idp-\d+\.example};
    return $seconds;
}

# Processor time and memory (proportional set size: what is shared counts once) of all its processes.
sub _used {
    my ($server) = @_;
    my ($ticks, $kilobytes) = (0, 0);
    for my $pid ($server->{pid}, $server->child_pids) {
        my @field = split / /, slurp("/proc/$pid/stat") =~ s/^.*\) //r;
        $ticks += $field[11] + $field[12];
        my ($pss) = slurp("/proc/$pid/smaps_rollup") =~ /^Pss:\s+(\d+)/m;
        $kilobytes += $pss;
    }
    return ($ticks / 100, $kilobytes / 1000);
}

1;
