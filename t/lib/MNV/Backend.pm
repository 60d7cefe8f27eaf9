# A small application on a port of its own, for mod_proxy_http: answers every request with the headers that arrived, as JSON [[name, value], ...]. A request to become another
# protocol it grants, and sends them over that.
package MNV::Backend;
use strict;
use warnings;
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();

sub start {
    my ($class, $port) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 16, ReuseAddr => 1)
      or die "could not listen on $port: $@";
    my $pid = fork // die "could not fork: $!";
    return bless { pid => $pid, owner => $$ }, $class if $pid;
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
    while (my $socket = $listener->accept) {
        my @headers;
        my $request = <$socket>;
        while (my $line = <$socket>) {
            last if $line =~ /^\r?\n$/;
            push @headers, [ $1, $2 ] if $line =~ /^([^:]+):\s*(.*?)\r?\n$/;
        }
        my $body = JSON::PP->new->utf8->encode(\@headers);
        my ($upgrade) = map { $_->[1] } grep { lc $_->[0] eq 'upgrade' } @headers;
        print $socket $upgrade ? "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: $upgrade\r\n\r\n$body" : "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body" if defined $request;
        close $socket;
    }
    POSIX::_exit(0);
}

sub stop {
    my ($self) = @_;
    return unless $self->{pid} && $self->{owner} == $$;
    local $?;
    kill 'TERM', $self->{pid};
    waitpid $self->{pid}, 0;
    undef $self->{pid};
}

sub DESTROY { $_[0]->stop }

1;
