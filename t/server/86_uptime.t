# Nothing grows with uptime: memory, open handles, maps and System V objects after many requests of every kind and many graceful restarts.
#
#   MNV_SOAK_REQUESTS=100000 MNV_SOAK_RESTARTS=100 prove -v t/server/86_uptime.t
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(sign_in linked_person);
use MNV::Attack qw(session_of);

my $requests = $ENV{MNV_SOAK_REQUESTS} // 5000;
my $restarts = $ENV{MNV_SOAK_RESTARTS} // 10;

my $t = MNV::Test->new;
my $p = $t->providers;
mkdir $t->path('htdocs/page');
$t->write_file('htdocs/page/index.html', "page\n", 0644);
# Two processes, for good: one that came late would look like growth.
my $text = $t->default_config(server => "StartServers 2\nServerLimit 2\nMaxRequestWorkers 32\nMinSpareThreads 1\nMaxSpareThreads 32\nMyNumberRecheck 1s\nLogLevel mynumber_verify:warn\n",
    location => "<Location /page>\n  AuthType mynumber\n  Require mynumber-linked\n</Location>\n");
$t->start($text);
my $b = linked_person($t, '0123456789', 'adult');
my $cookie = 'mynumber=' . session_of($b);
# What is refused below; and mod_cgid, whose new daemon may be there before the old one has gone.
$t->allow_log('AH01243');
$t->allow_log(map { sprintf 'MNV%04d', $_ } 105, 202, 207, 501, 503, 504, 1601);

# What a day has of everything, as shares of the requests: [share, keep-alive, URL, options of ab].
$t->write_file('form', 'csrf=wrong');
my @mix = (
    [ 0.60, 1, '/page/', '-C', $cookie ],
    [ 0.10, 1, '/index.html', '-C', $cookie ],
    [ 0.08, 0, '/mynumber/', '-C', $cookie ],
    [ 0.06, 0, '/page/', '-H', 'Sec-Fetch-Mode: navigate' ],
    [ 0.04, 0, '/page/', '-H', 'Sec-Fetch-Mode: cors' ],
    [ 0.04, 0, '/mynumber/info', '-C', $cookie ],
    [ 0.04, 0, '/mynumber/signin/callback?state=AAAAAAAAAAAAAAAAAAAAAA&code=x', '-C', 'mnv-b=AAAAAAAAAAAAAAAAAAAAAA' ],
    [ 0.02, 0, '/page/', '-C', 'mynumber=' . 'B' x 43 ],
    [ 0.02, 0, '/mynumber/link', '-p', $t->path('form'), '-T', 'application/x-www-form-urlencoded', '-C', 'mynumber=' . 'B' x 43 ],
);

sub load {
    my ($count) = @_;
    my $done = 0;
    for my $part (@mix) {
        my ($share, $keep, $path, @options) = @$part;
        my $n = int($count * $share) || 1;
        my $out = $t->run('ab', '-q', '-d', '-S', $keep ? '-k' : (), '-n', $n, '-c', $n < 16 ? $n : 16, @options, $t->url($path));
        my ($failed) = $out =~ /^Failed requests:\s+(\d+)/m;
        my ($by_length) = $out =~ /Length: (\d+)/;    # a page's reference differs; that is no failure
        diag($out) if ($failed // 0) > ($by_length // 0);
        $done += ($out =~ /^Complete requests:\s+(\d+)/m)[0] // 0;
        sign_in($t, $b);    # a new session and a new link to it: rows and records come and go
        $b->get($t->url('/page/'));
        $cookie = 'mynumber=' . session_of($b);
        $_->[-1] = $cookie for grep { $_->[-1] =~ /^mynumber=(?!B{43})/ } @mix;
    }
    return $done;
}

sub lines { my ($file) = @_; open my $in, '<', $file or return; return <$in> }

# {rss, size: KB; fds, maps} of a process.
sub measure {
    my ($pid) = @_;
    my %status = map { /^(Vm\w+):\s+(\d+)/ ? ($1 => $2) : () } lines("/proc/$pid/status");
    return { rss => $status{VmRSS} // 0, size => $status{VmSize} // 0, fds => scalar(() = glob "/proc/$pid/fd/*"), maps => scalar(() = lines("/proc/$pid/maps")) };
}
sub sysv { return map { my @rows = lines("/proc/sysvipc/$_"); ($_ => @rows ? @rows - 1 : 0) } qw(shm sem msg) }
sub now {
    my %parent = %{ measure($t->{pid}) };
    my %children = (rss => 0, size => 0, fds => 0, maps => 0);
    for my $pid ($t->child_pids) { my $one = measure($pid); $children{$_} += $one->{$_} for keys %children }
    return { parent => \%parent, children => \%children, sysv => {sysv()} };
}
sub told {
    my ($name, $m) = @_;
    note(sprintf '%-34s %s', $name, join '; ', (map { my $who = $_; "$who " . join ' ', map { "$_ $m->{$who}{$_}" } qw(rss size fds maps) } qw(parent children)), join ' ', 'sysv', map { "$_ $m->{sysv}{$_}" } qw(shm sem msg));
}
# Idle again: the connections of the load are closed.
sub settled {
    my ($last, $same) = (-1, 0);
    wait_for(sub { my $n = now()->{children}{fds}; $same = $n == $last ? $same + 1 : 0; $last = $n; $same >= 10 });
    return now();
}

load($requests / 4);
my $before = settled();
told('warm', $before);
my $done = load($requests);
my $after = settled();
told("after $done requests", $after);
cmp_ok($done, '>=', 0.98 * $requests, 'the requests were answered');
# Per process: what allocators of 16 threads keep (MaxMemFree) may still come, a leak of 100 bytes a request would show in a long run.
cmp_ok($after->{children}{rss} - $before->{children}{rss}, '<', 2 * 8 * 1024, 'requests: memory of the processes');
cmp_ok($after->{children}{fds} - $before->{children}{fds}, '<=', 2 * 8 * 3, 'requests: handles of the processes (up to DBDMax connections of SQLite, three files each)');
is($after->{parent}{$_}, $before->{parent}{$_}, "requests: the parent's $_") for qw(size fds maps);

$t->graceful for 1 .. 3;
$before = settled();
told('after 3 restarts', $before);
for my $round (1 .. $restarts) {
    $t->graceful;
    is($b->get($t->url('/page/'))->code, 200, "restart $round: the session is known") if $round % 10 == 0;
}
load(200);
wait_for(sub { $t->child_pids <= 2 }, 30);
$after = settled();
told("after $restarts more", $after);
cmp_ok($after->{parent}{rss} - $before->{parent}{rss}, '<', 1024 + 20 * $restarts, "restarts: the parent's memory");
cmp_ok($after->{parent}{size} - $before->{parent}{size}, '<', 16 * 1024, "restarts: the parent's maps hold no old cache (32 MB)");
is($after->{parent}{fds}, $before->{parent}{fds}, "restarts: the parent's handles");
cmp_ok($after->{parent}{maps} - $before->{parent}{maps}, '<', 5 + $restarts / 2, "restarts: the parent's maps");
# Of the whole machine: others may come and go, one for each restart would be ours.
cmp_ok($after->{sysv}{$_} - $before->{sysv}{$_}, '<', $restarts, "restarts: System V $_") for qw(shm sem msg);
$t->done;
