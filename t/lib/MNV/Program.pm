# A server of the distribution beside httpd (a cache), on a free port of this machine.
#
#   my $redis = MNV::Program->redis($t->dir);
#   $redis->port; $redis->stop; $redis->start; $redis->ask("DBSIZE\r\n");
package MNV::Program;
use strict;
use warnings;
use IO::Socket::INET;
use POSIX ();
use MNV::Ports;
use MNV::Source qw(need);

my $SECONDS = 20;

sub redis {
    my ($class, $folder) = @_;
    my $port = MNV::Ports::free_port();
    return $class->_new($port, 'redis-server', '--port', $port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', $folder);
}

sub memcached {
    my ($class) = @_;
    my $port = MNV::Ports::free_port();
    return $class->_new($port, 'memcached', '-l', '127.0.0.1', '-p', $port, '-U', '0', $> == 0 ? ('-u', 'nobody') : ());
}

sub _new {
    my ($class, $port, @command) = @_;
    my ($program) = grep { -x } map { "$_/$command[0]" } split(/:/, $ENV{PATH}), '/usr/sbin', '/usr/local/bin';
    need($program, $command[0]);
    $command[0] = $program;
    return bless({ port => $port, command => \@command, owner => $$ }, $class)->start;
}

sub port { $_[0]{port} }

sub start {
    my ($self) = @_;
    my $pid = fork // die "could not fork: $!";
    unless ($pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', '/dev/null';
        open STDERR, '>&', \*STDOUT;
        exec @{ $self->{command} } or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    MNV::Test::wait_for(sub { $self->_connect }, $SECONDS) or die "\"@{ $self->{command} }\" did not start";
    return $self;
}

sub _connect {
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $_[0]{port}, Proto => 'tcp', Timeout => 5);
}

# Send a command and read until the server has nothing more to say.
sub ask {
    my ($self, $command, $end) = @_;
    my $socket = $self->_connect or die "nobody listens on $self->{port}";
    print $socket $command;
    $socket->flush;
    my $answer = '';
    local $SIG{ALRM} = sub { die "no answer to \"$command\"\n" };
    alarm $SECONDS;
    while ($answer !~ $end && sysread $socket, my $part, 65536) { $answer .= $part }
    alarm 0;
    return $answer;
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
