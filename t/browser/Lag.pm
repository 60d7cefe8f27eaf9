# A slow or lossy connection: a port that leads to httpd's, and whose answers come later or not at all.
package Lag;
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);
use MNV::Ports;

sub new {
    my ($class, $to) = @_;
    my $port = MNV::Ports::free_port();
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 64, ReuseAddr => 1)
      or die "could not listen on $port: $@";
    pipe my $read, my $write or die "could not make a pipe: $!";
    my $pid = fork // die "could not fork: $!";
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        $SIG{PIPE} = 'IGNORE';
        close $write;
        _serve($listener, $to, $read);
        POSIX::_exit(0);
    }
    close $read;
    $write->autoflush(1);
    return bless { port => $port, pid => $pid, orders => $write, owner => $$ }, $class;
}

sub port { $_[0]{port} }
sub answers_after { my ($self, $seconds) = @_; $self->{orders}->syswrite("delay $seconds\n"); return $self }
sub loses_answers { my ($self, $yes) = @_; $self->{orders}->syswrite("lose $yes\n"); return $self }

# Copies both ways. What httpd sends waits until its time has come.
sub _serve {
    my ($listener, $to, $orders) = @_;
    my %how = (delay => 0, lose => 0);
    my $select = IO::Select->new($listener, $orders);
    my (%partner, %answer, @late);
    my $close = sub {
        for my $socket (grep { defined } $_[0], delete $partner{ $_[0] }) {
            delete $partner{$socket};
            $select->remove($socket);
            close $socket;
        }
    };
    while (1) {
        my @ready = $select->can_read(@late ? 0.01 : undef);
        while (@late && $late[0][0] <= time) {
            my (undef, $socket, $bytes) = @{ shift @late };
            length $bytes ? (defined fileno $socket && syswrite $socket, $bytes) : $close->($socket);
        }
        for my $socket (@ready) {
            if ($socket == $listener) {
                my $browser = $listener->accept // next;
                my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $to) // next;
                @partner{ $browser, $server } = ($server, $browser);
                $answer{$server} = 1;
                $select->add($browser, $server);
                next;
            }
            next if $socket != $orders && !$partner{$socket};
            my $count = sysread $socket, my $bytes, 65536;
            if ($socket == $orders) {
                return if !$count;
                $how{$1} = $2 while $bytes =~ /(\w+) ([\d.]+)\n/g;
            }
            elsif ($count && $answer{$socket} && $how{lose}) { $close->($socket) }
            elsif ($answer{$socket}) { push @late, [ time + $how{delay}, $partner{$socket}, $count ? $bytes : '' ] }
            elsif ($count) { syswrite $partner{$socket}, $bytes }
            else { $close->($socket) }
        }
    }
}

sub stop {
    my ($self) = @_;
    return unless $self->{pid} && $self->{owner} == $$;
    local $?;
    kill 'TERM', $self->{pid};
    waitpid delete $self->{pid}, 0;
}

sub DESTROY { $_[0]->stop }

1;
