# A real httpd for script/bench: only the modules that are needed, plain or
# below callgrind, asked over kept-alive connections with a signed-in person's
# cookies. What is protected, and how a person gets in, is a peer's row in
# MNV::Bench::Peers.
package MNV::Bench::Server;
use strict;
use warnings;
use parent -norequire, 'MNV::Test';
use MNV::Test;
use MNV::Source qw(slurp);

my $CALLGRIND_SECONDS = 120;
my @servers;

# Options: peer (a row of MNV::Bench::Peers), callgrind => 1, single => 1 (httpd
# -X: one process).
sub new {
    my ($class, %option) = @_;
    my $self = $class->SUPER::new(mpm => 'event', %option);
    die "a build with sanitizers would measure them: $self->{build}\n" if $self->{env}{ASAN_OPTIONS};
    push @servers, $self;
    $self->{value} = {};
    $self->{standins} = [];
    for my $folder ('.', $self->_folder) {
        mkdir $self->path("htdocs/$folder"), 0755;
        $self->write_file("htdocs/$folder/f.txt", 'x' x 1024, 0644);
    }
    return $self;
}

sub _folder { my ($self) = @_; return $self->{peer}{location} // $self->{peer}{name} }

# More words for templates: $server->set(IDP => 'http://...') makes @IDP@.
sub set { my ($self, %value) = @_; $self->{value}{$_} = $value{$_} for keys %value }

sub expand {
    my ($self, $text) = @_;
    $text =~ s/\@([A-Z]+)\@/$self->{value}{$1} \/\/ "\@$1\@"/ge;
    return $self->SUPER::expand($text);
}

# Keep a stand-in (an object with stop) until the server goes.
sub keep { my ($self, $standin) = @_; push @{ $self->{standins} }, $standin; return $standin }

# One half of our configuration, for a stand-in of $self->providers.
sub half { my ($self, $prefix, $provider) = @_; return $self->_half($prefix, undef, $provider) }

sub command {
    my ($self, $file) = @_;
    my @valgrind = $self->{callgrind}
      ? ('valgrind', '--tool=callgrind', '--callgrind-out-file=' . $self->path('run/callgrind')) : ();
    return ($self->_as_server, @valgrind, $self->{httpd}, '-f', $file, $self->{single} ? '-X' : ('-D', 'FOREGROUND'));
}

# As root, all of it runs as the server's user: a process that changes its user
# later cannot open callgrind's files.
sub _as_server {
    my ($self) = @_;
    return $self->{user} ? ('setpriv', "--reuid=$self->{user}", '--regid=' . (getpwnam $self->{user})[3], '--clear-groups') : ();
}

# A single process logs no line when it is ready: it is when it answers.
sub is_serving {
    my ($self, $before) = @_;
    return $self->SUPER::is_serving($before) unless $self->{single};
    return 0 unless $self->_answers;
    return MNV::Browser->new->get($self->url('/f.txt'))->code == 200;
}

sub up {
    my ($self) = @_;
    my $peer = $self->{peer};
    $peer->{prepare}->($self, $peer) if $peer->{prepare};
    my $text = $self->load(qw(mpm_event unixd authn_core authz_core authz_user authn_file auth_basic mime dir), @{ $peer->{modules} // [] })
      . slurp('t/bench/conf/common.conf') . ($peer->{conf} ? slurp("t/bench/conf/$peer->{conf}.conf") : '');
    $text = $self->expand($text);    # makes the keys
    $self->run('htpasswd', '-c', '-b', '-s', $self->path('keys/htpasswd'), 'member', 'secret');
    chmod 0644, $self->path('keys/htpasswd');
    $self->give_to_server($self->path('logs'), glob $self->path('keys/*'));
    return $self->start($text);
}

# What ab and wrk ask for: {url, headers => [[name, value]]}. A person really
# signs in before; each request is then answered with the page itself.
sub visit {
    my ($self) = @_;
    my $peer = $self->{peer};
    my $url = $self->url('/' . $self->_folder . '/f.txt');
    my @headers = $peer->{sign_in} ? $peer->{sign_in}->($self, $url) : ();
    my $answer = MNV::Browser->new->get($url, headers => \@headers);
    die "$peer->{title}: $url answered " . $answer->code . ' after the sign-in: '
      . substr($answer->text, 0, 300) . $self->error_log
      if $answer->code != 200 || $answer->body ne 'x' x 1024;
    return { url => $url, headers => \@headers, title => $peer->{title} };
}

# So many requests over one kept-alive connection.
sub ask {
    my ($self, $visit, $n) = @_;
    my $report = $self->run('ab', '-q', '-k', '-c', 1, '-n', $n,
        (map { ('-H', "$_->[0]: $_->[1]") } @{ $visit->{headers} }), $visit->{url});
    my %count = $report =~ /^(Complete|Keep-Alive|Failed|Non-2xx)[ \w]*:\s+(\d+)/mg;
    die "$visit->{title}: not each of $n requests was answered with the page over one connection:\n$report"
      if $count{Complete} != $n || $count{Failed} || $count{'Non-2xx'} || $count{'Keep-Alive'} != $n;
}

# --- callgrind -------------------------------------------------------------------

# Instructions since the last call, and the file that has them by function.
sub counted {
    my ($self) = @_;
    my $dumps = ++$self->{dumps};
    $self->run($self->_as_server, 'timeout', 30, 'vgdb', "--pid=$self->{pid}", 'dump');
    my $file = $self->path("run/callgrind.$dumps");
    my $total = wait_for(sub {
        open my $in, '<', $file or return;
        local $/;
        return <$in> =~ /^(?:totals|summary):\s+(\d+)/m && $1;
    }, $CALLGRIND_SECONDS) or die "callgrind wrote no \"$file\"";
    return ($total, $file);
}

# --- the end ---------------------------------------------------------------------

# Stop all of it. Unlike a test's done() this judges nothing.
sub quit {
    my ($self) = @_;
    return if $self->{done}++;
    $self->stop;
    $_->stop for grep { defined } $self->{providers}, @{ $self->{standins} };
}

# Ends before MNV::Test's own END, which would take a server left over for a
# failed test.
END {
    my $status = $?;
    $_->quit for grep { defined } @servers;
    $? = $status;
}

1;
