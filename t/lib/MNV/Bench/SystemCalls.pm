# System calls per request, told by strace, over one kept-alive connection. An
# instruction count hides what the kernel does.
package MNV::Bench::SystemCalls;
use strict;
use warnings;
use MNV::Test;
use MNV::Bench::Server;

my ($FEW, $MANY) = (100, 1_100);
my $ATTACH_SECONDS = 30;

# One peer: {name of the call => calls per request}.
sub count {
    my ($peer) = @_;
    my $server = MNV::Bench::Server->new(peer => $peer, single => 1);
    $server->up;
    my $visit = $server->visit;
    $server->ask($visit, $FEW);    # what only the first requests do
    my ($few, $many) = map { _traced($server, $visit, $_) } $FEW, $MANY;
    $server->quit;
    my %per_request = map { ($_ => (($many->{$_} // 0) - ($few->{$_} // 0)) / ($MANY - $FEW)) } keys %{ { %$few, %$many } };
    return { map { ($_ => $per_request{$_}) } grep { abs $per_request{$_} >= 0.001 } keys %per_request };
}

# {call => how often} while so many requests are answered.
sub _traced {
    my ($server, $visit, $n) = @_;
    my ($trace, $told) = map { $server->path("logs/strace.$n.$_") } qw(out err);
    my $pid = fork // die "could not fork: $!";
    unless ($pid) {
        open STDERR, '>', $told;
        exec 'strace', '-f', '-o', $trace, '-p', $server->{pid} or POSIX::_exit(127);
    }
    my $attached = wait_for(sub {
        open my $in, '<', $told or return;
        return grep { /attached/ } <$in>;
    }, $ATTACH_SECONDS);
    $server->ask($visit, $n) if $attached;
    kill 'TERM', $pid;
    waitpid $pid, 0;
    die "strace did not attach to httpd\n" unless $attached;
    return _of_serving_threads($trace);
}

# The threads that answered: mod_watchdog's and the listener's calls come by the
# clock, and a read that finds nothing yet is the client's doing.
sub _of_serving_threads {
    my ($trace) = @_;
    my (%calls, %serving, %sum);
    open my $in, '<', $trace or die "could not read \"$trace\": $!";
    while (my $line = <$in>) {
        my ($thread, $call) = $line =~ /^(\d+)\s+(\w+)\(/ or next;    # not "resumed", the rest of one
        next if $line =~ / = -1 EAGAIN /;
        $calls{$thread}{$call}++;
        $serving{$thread} = 1 if $call eq 'writev';
    }
    for my $one (map { $calls{$_} } keys %serving) {
        $sum{$_} += $one->{$_} for keys %$one;
    }
    return \%sum;
}

1;
