# Free ports of this machine. Below the range from which the kernel takes the
# ports of outgoing connections, and locked as long as this process lives, so
# that tests in parallel never meet.
package MNV::Ports;
use strict;
use warnings;
use Fcntl qw(:flock);
use IO::Socket::INET;
use File::Spec;

my @held;

sub free_port {
    my $folder = File::Spec->tmpdir . "/mnv-ports-$>";
    mkdir $folder, 0700;
    my @stat = lstat $folder;
    die "\"$folder\" is not ours" unless -d _ && $stat[4] == $>;
    for (1 .. 500) {
        my $port = 20000 + int rand 10000;
        open my $lock, '>>', "$folder/$port" or die "could not open \"$folder/$port\": $!";
        next unless flock $lock, LOCK_EX | LOCK_NB;
        IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port,
            Proto => 'tcp', Listen => 1, ReuseAddr => 1) or next;
        push @held, $lock;
        return $port;
    }
    die 'there is no free port';
}

1;
