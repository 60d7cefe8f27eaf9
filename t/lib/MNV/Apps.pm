# Real applications behind httpd, each started in the test's folder and ended with the object: PHP-FPM, Python's own server, uWSGI, a WebSocket server. They answer with what
# they received (t/apps/received.*, t/apps/websocket.py).
#
#   my $apps = MNV::Apps->start($t, qw(php python uwsgi websocket));
#   php: unix socket @DIR@/run/php.sock, files below htdocs; python: @PORT:python@; uwsgi: @PORT:uwsgi@; websocket: @PORT:websocket@
#   verify_php, verify_py, verify_mjs: docs/assertion/verify.*, which verify the assertion; @PORT:verify_…@, audience https://verify-….example.ac.jp
#   my @answers = websocket($t, {url => 'ws://...', headers => [[name, value]], say => 'text'}, ...);
package MNV::Apps;
use strict;
use warnings;
use feature 'state';
use Exporter 'import';
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP ();
use POSIX ();
use MNV::Source qw(root need slurp);
use MNV::Test ();
our @EXPORT_OK = qw(websocket);

my %start = (php => \&_php, python => \&_python, uwsgi => \&_uwsgi, websocket => \&_websocket,
    map { my $kind = $_; ("verify_$kind" => sub { $_[0]->_verifier($kind) }) } qw(php py mjs));

sub start {
    my ($class, $t, @names) = @_;
    my $self = bless { t => $t, pids => [], owner => $$ }, $class;
    my %is_up = map { $_ => $start{$_}->($self) } @names;
    for my $name (@names) {
        MNV::Test::wait_for($is_up{$name}, 30) or die "$name did not start: " . join '', $self->_log($name);
    }
    return $self;
}

# Another one, by its command, run as httpd's user. Returns what waits until it is up.
sub run {
    my ($self, $name, $is_up, @command) = @_;
    my $user = $self->{t}{user};
    $command[0] = _program($command[0], $command[0]) if $command[0] !~ m{/};
    unshift @command, _program('setpriv', 'setpriv'), "--reuid=$user", '--regid=' . (getpwnam $user)[3], '--clear-groups' if $user;
    $self->_launch($name, @command);
    return sub { MNV::Test::wait_for($is_up, 60) or die "$name did not start: " . join '', $self->_log($name) };
}

# Debian's Tomcat, with the application in webapps of the folder and its conf/server.xml. Returns as run() does.
sub tomcat {
    my ($self, $folder, $port) = @_;
    my $home = '/usr/share/tomcat10';
    need(-e "$home/bin/bootstrap.jar", 'Tomcat (tomcat10-common)');
    mkdir "$folder/$_", 0755 for qw(temp logs work);
    $self->{t}->give_to_server(map { "$folder/$_" } qw(temp logs work));
    # What makes files into pages, which Tomcat's own conf/web.xml says at length.
    $self->{t}->write_file("$folder/conf/web.xml", <<'EOT', 0644);
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
  <servlet><servlet-name>jsp</servlet-name><servlet-class>org.apache.jasper.servlet.JspServlet</servlet-class></servlet>
  <servlet-mapping><servlet-name>jsp</servlet-name><url-pattern>*.jsp</url-pattern></servlet-mapping>
  <welcome-file-list><welcome-file>index.jsp</welcome-file></welcome-file-list>
</web-app>
EOT
    return $self->run('tomcat', _port_is_up($port), _program('java', 'java'), qw(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dtomcat.util.scan.StandardJarScanFilter.jarsToSkip=*.jar), "-Dcatalina.home=$home", "-Dcatalina.base=$folder", "-Djava.io.tmpdir=$folder/temp",
        '-cp', "$home/bin/bootstrap.jar:$home/bin/tomcat-juli.jar", 'org.apache.catalina.startup.Bootstrap', 'start');
}

sub _program {
    my ($what, @names) = @_;
    my ($program) = grep { -x } map { my $name = $_; map { glob "$_/$name" } qw(/usr/bin /usr/sbin), split /:/, $ENV{PATH} } @names;
    need($program, $what);
    return $program;
}

sub _log {
    my ($self, $name) = @_;
    open my $in, '<', $self->{t}->path("logs/$name.log") or return "no log\n";
    return <$in>;
}

sub _launch {
    my ($self, $name, @command) = @_;
    my $pid = fork // die "could not fork: $!";
    if (!$pid) {
        setpgrp 0, 0;    # workers end with their master
        %ENV = (PATH => $ENV{PATH}, %{ $self->{env}{$name} // {} });    # what they show is what arrived
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $self->{t}->path("logs/$name.log");
        open STDERR, '>&', \*STDOUT;
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    push @{ $self->{pids} }, $pid;
}

sub _php {
    my ($self) = @_;
    my $t = $self->{t};
    my $program = _program('php-fpm', 'php-fpm[0-9]*', 'php-fpm');
    my $as = $t->{user} ? "user = $t->{user}\ngroup = " . getgrgid((getpwnam $t->{user})[3]) . "\n" : '';
    my $conf = $t->write_file('conf/php-fpm.conf', <<"EOT", 0644);
[global]
error_log = \@DIR\@/logs/php.log
daemonize = no
[www]
${as}listen = \@DIR\@/run/php.sock
listen.mode = 0666
pm = static
pm.max_children = 2
EOT
    $self->_launch('php', $program, '-n', '-F', '-y', $conf);
    return sub { IO::Socket::UNIX->new(Peer => $t->path('run/php.sock')) };
}

sub _port_is_up {
    my ($port) = @_;
    return sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) };
}

sub _python {
    my ($self) = @_;
    my $port = $self->{t}->port('python');
    $self->_launch('python', _program('python3', 'python3'), root . '/t/apps/received.py', $port);
    return _port_is_up($port);
}

sub _uwsgi {
    my ($self) = @_;
    my $port = $self->{t}->port('uwsgi');
    $self->_launch('uwsgi', _program('uwsgi with Python', 'uwsgi_python3'), '--uwsgi-socket', "127.0.0.1:$port",
        '--wsgi-file', root . '/t/apps/received.py', '--need-app', '--die-on-term', '--threads', 2);
    return _port_is_up($port);
}

# An example as it is shipped, with what it stands on.
sub _verifier {
    my ($self, $kind) = @_;
    my ($t, $name) = ($self->{t}, "verify_$kind");
    my $port = $t->port($name);
    mkdir $t->path($name);
    my $file = $t->write_file("$name/verify.$kind", slurp("docs/assertion/verify.$kind"), 0644);
    symlink root . '/t/standins/node_modules', $t->path("$name/node_modules") if $kind eq 'mjs';
    my %command = (
        php => [ _program('PHP', 'php'), '-S', "127.0.0.1:$port", $file ],
        py => [ _program('python3', 'python3'), $file, $port ],
        mjs => [ _program('Node', 'node'), $file, $port ],
    );
    $self->{env}{$name} = { ISSUER => $t->base, AUDIENCE => "https://verify-$kind.example.ac.jp", TMPDIR => $t->path($name) };
    $self->_launch($name, @{ $command{$kind} });
    return _port_is_up($port);
}

sub _websocket_program {
    my $python = _program('python3', 'python3');
    state $is_there = system($python, '-c', 'import websockets') == 0;
    need($is_there, 'websockets for Python (python3-websockets)');
    return ($python, root . '/t/apps/websocket.py');
}

sub _websocket {
    my ($self) = @_;
    my $port = $self->{t}->port('websocket');
    $self->_launch('websocket', _websocket_program(), 'serve', $port);
    return _port_is_up($port);
}

# What a WebSocket client is told, an answer for each handshake.
sub websocket {
    my ($t, @wishes) = @_;
    my $json = JSON::PP->new->utf8;
    my $input = $t->write_file('wishes', '');
    open my $out, '>', $input or die "could not write \"$input\": $!";
    print $out map { $json->encode($_) . "\n" } @wishes;
    close $out;
    my $answers = $t->run('sh', '-c', 'exec "$1" "$2" connect <"$3"', 'sh', _websocket_program(), $input);
    return map { $json->decode($_) } split /\n/, $answers;
}

sub stop {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local $?;
    for my $pid (splice @{ $self->{pids} }) {
        kill 'TERM', $pid;
        MNV::Test::wait_for(sub { waitpid($pid, POSIX::WNOHANG()) == $pid }) and next;
        kill '-KILL', $pid;
        waitpid $pid, 0;
    }
}

sub DESTROY { $_[0]->stop }

1;
