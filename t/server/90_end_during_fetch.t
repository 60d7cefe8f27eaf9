# A process that ends while mod_watchdog's thread fetches from a provider: the thread outlives pchild, where all that it works on stands. It used
# freed memory, or freed what OpenSSL was freeing at exit.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use IO::Socket::INET;
use Time::HiRes qw(time);

my $t = MNV::Test->new;
# A provider that is reached and never answers: the kernel takes connections that nobody accepts.
my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $t->port('nobody'), Listen => 64, ReuseAddr => 1) or die "could not listen: $@";
$t->allow_log('MNV0402');
for my $round (1 .. 20) {
    $t->start($t->default_config(server => "MyNumberTimeout 250ms 250ms\n"));
    my $then = time + 0.015 * $round;    # while the first fetch waits, and a little after
    MNV::Test::wait_for(sub { time > $then });
    $t->graceful if $round % 2;
    $t->stop;
}
$t->done;
