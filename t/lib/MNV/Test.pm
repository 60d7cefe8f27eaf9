# One real httpd with our module for one test file.
#
#   use MNV::Test;                       # strict, warnings, Test::More, wait_for
#   my $t = MNV::Test->new;
#   $t->providers;                       # the stand-ins (MNV::Providers)
#   $t->start($t->default_config);
#   my $r = $t->browser->visit($t->url('/linked/'));
#   $t->expect_log('MNV0703');           # a line that may and must be there
#   $t->done;                            # stops, judges the log, done_testing
#
# Config texts are templates: @PORT@ @PORT:name@ @DIR@ @BASE@ ... (see "expand").
# t/README.md has the list of methods.
package MNV::Test;
use strict;
use warnings;
use utf8 ();
use Test::More;
use JSON::PP ();
use POSIX qw(WNOHANG);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use MNV::Source qw(root need);
use MNV::Ports;
use MNV::Browser;

my $START_SECONDS = 60;    # also under sanitizers on a busy machine
my $STOP_SECONDS = 30;

# What httpd itself says at start and stop, with no fault of ours:
# 00557/00558 name of this machine, 00548 NameVirtualHost, 01906/01909/01873
# self-made certificates, 10564/01882 likewise; 03092 a connection whose child is ending already.
my %AH_AT_START = map { ("AH$_" => 1) } qw(00548 00557 00558 01873 01882 01906 01909 03092);

my @instances;

sub import {
    my ($class) = @_;
    strict->import;
    warnings->import;
    utf8->import;
    binmode Test::More->builder->$_, ':utf8'
      for qw(output failure_output todo_output);
    Test::More->export_to_level(1, $class, @Test::More::EXPORT);
    no strict 'refs';
    *{ caller() . '::wait_for' } = \&wait_for;
}

# --- making --------------------------------------------------------------------

# Options: mpm (event, worker, prefork; also $MNV_MPM), https => 1, host
# ("localhost"; with https "portal.example.test"), env ({NAME => value} of httpd),
# node_of (another MNV::Test: a second node of it, with processes, port and
# folder of its own, and the other's database, keys, providers and base URL),
# module and ctl (other files than the build's).
sub new {
    my ($class, %option) = @_;
    my $self = bless {
        mpm => $ENV{MNV_MPM} // 'event', https => 0, env => {}, %option,
        ports => {}, expected => {}, allowed => {}, allowed_lines => [], forbidden => [], n => 0,
        builder_pid => $$,
    }, $class;
    $self->{host} //= $self->{https} ? 'portal.example.test' : 'localhost';
    $self->{build} = $ENV{MNV_BUILD} // root . '/build';
    $self->{module} //= "$self->{build}/.libs/mod_mynumber_verify.so";
    $self->{ctl} //= "$self->{build}/mynumberctl";
    need(-e $self->{module}, 'the module (script/build)');
    $self->_find_httpd;
    $self->_make_folders;
    push @instances, $self;
    return $self;
}

sub _find_httpd {
    my ($self) = @_;
    my ($apxs) = grep { defined && -x }
      $ENV{MNV_APXS}, map { ("$_/apxs", "$_/apxs2") }
      split(/:/, $ENV{PATH}), '/usr/sbin', '/usr/local/apache2/bin';
    need($apxs, 'apxs (apache2-dev)');
    my ($folder, $program);
    ($self->{modules_dir}, $folder, $program) = split /;;/, `'$apxs' -q LIBEXECDIR SBINDIR PROGNAME` =~ s/\n//gr;
    $self->{httpd} = "$folder/$program";
    need(-x $self->{httpd}, "httpd ($self->{httpd})");
    $self->{static} = { map { /^\s+mod_(\w+)\.c/ ? ($1 => 1) : () }
                        `'$self->{httpd}' -l 2>/dev/null` };
    # A module with AddressSanitizer needs its runtime before everything else. That asks for the time while it holds the lock of its malloc when it gives memory back;
    # libfaketime's first answer needs malloc.
    my ($asan) = index(_slurp($self->{module}), 'libasan.so') >= 0 ? `ldd '$self->{module}'` =~ m{libasan\.so\.\d+ => (\S+)} : ();
    if ($asan) {
        $self->{env} = { LD_PRELOAD => $asan, ASAN_OPTIONS => 'detect_leaks=0:allocator_release_to_os_interval_ms=-1',
            UBSAN_OPTIONS => 'print_stacktrace=1', %{ $self->{env} } };
    }
}

sub _make_folders {
    my ($self) = @_;
    my $dir = $self->{dir} = tempdir('mnv-XXXXXX', TMPDIR => 1,
                                     CLEANUP => !$ENV{MNV_KEEP});
    diag("files of this test: $dir") if $ENV{MNV_KEEP};
    chmod 0755, $dir;
    mkdir "$dir/$_", 0755 or die "could not make \"$dir/$_\": $!"
      for qw(conf keys logs htdocs cgi);
    ($self->{user}) = $> == 0 ? grep { defined getpwnam $_ }
      qw(www-data apache http daemon nobody) : ();
    for my $own (qw(run state db)) {
        mkdir "$dir/$own", 0700 or die "could not make \"$dir/$own\": $!";
        $self->give_to_server("$dir/$own");
    }
    chmod 0755, "$dir/run";
    $self->write_file('conf/mime.types', "text/html html\ntext/plain txt\n");
    $self->write_file('htdocs/index.html', "<!doctype html><title>open</title>open\n");
    $self->write_file('cgi/show', _cgi(), 0755);
}

# The sample application: what it received, as JSON.
sub _cgi {
    return "#!$^X\n" . <<'EOT';
use strict;
binmode $_ for *STDIN, *STDOUT;
sub quoted {
    my $text = shift // '';
    $text =~ s/([\\"\x00-\x1f])/sprintf '\\u%04x', ord $1/ge;
    utf8::encode($text) unless utf8::decode(my $copy = $text);
    return "\"$text\"";
}
my $body = '';
read STDIN, $body, $ENV{CONTENT_LENGTH} if $ENV{CONTENT_LENGTH};
my $length = length $body;
print "Content-Type: application/json\r\n\r\n{\"env\":{",
  join(',', map { quoted($_) . ':' . quoted($ENV{$_}) } sort keys %ENV),
  "},\"body\":", quoted($body), ",\"length\":$length}\n";
EOT
}

sub give_to_server {
    my ($self, @files) = @_;
    return unless $self->{user};
    my (undef, undef, $uid, $gid) = getpwnam $self->{user};
    chown $uid, $gid, @files;
}

# --- small things -----------------------------------------------------------------

sub dir { $_[0]{dir} }
sub module { $_[0]{module} }

# A port by name, always the same for one name.
sub port {
    my ($self, $name) = @_;
    return $self->{ports}{ $name // 'httpd' } //= MNV::Ports::free_port();
}

# "https://portal.example.test:20123", without a slash at the end.
sub base {
    my ($self) = @_;
    return ($self->{https} ? 'https' : 'http') . "://$self->{host}:" . $self->port;
}

sub url { my ($self, $path) = @_; return $self->base . ($path // '/') }

sub path { my ($self, $name) = @_; return "$self->{dir}/$name" }

# Write a file below the test's folder; the text is expanded. Returns its path.
sub write_file {
    my ($self, $name, $text, $mode) = @_;
    my $file = $name =~ m{^/} ? $name : $self->path($name);
    open my $out, '>:encoding(UTF-8)', $file or die "could not write \"$file\": $!";
    print $out $name =~ m{^cgi/} ? $text : $self->expand($text);
    close $out;
    chmod $mode, $file if defined $mode;
    return $file;
}

sub _slurp {
    my ($file) = @_;
    open my $in, '<:raw', $file or return '';
    local $/;
    return scalar(<$in>) // '';
}

# Wait until a condition holds: asked every 20 ms, for at most so many seconds
# (10). Returns what the sub returned, false when the time is up.
sub wait_for {
    my ($condition, $seconds) = @_;
    my $end = time + ($seconds // 10);
    while (1) {
        my $result = $condition->();
        return $result if $result || time > $end;
        select undef, undef, undef, 0.02;
    }
}

# --- configuration -------------------------------------------------------------------

# Fill a template: @PORT@ @PORT:name@ @DIR@ @BASE@ @HOST@ @MODULE@ @MODULES@
# (httpd's) @STATE@ @DB@ @SECRET@ @CLIENTKEY@ @HTTPD@.
sub expand {
    my ($self, $text) = @_;
    my $shared = $self->{node_of} // $self;
    my %value = (
        PORT => sub { $self->port }, DIR => sub { $self->{dir} },
        BASE => sub { $shared->base }, HOST => sub { $self->{host} },
        MODULE => sub { $self->{module} }, MODULES => sub { $self->{modules_dir} },
        HTTPD => sub { $self->{httpd} }, STATE => sub { $self->path('state') },
        DB => sub { $shared->path('db/mynumber.db') },
        SECRET => sub { $shared->secret_file }, CLIENTKEY => sub { $shared->client_key },
    );
    $text =~ s{\@PORT:(\w+)\@}{$self->port($1)}ge;
    $text =~ s{\@([A-Z]+)\@}{exists $value{$1} ? $value{$1}->() : "\@$1\@"}ge;
    return $text;
}

# LoadModule lines, without those built into httpd.
sub load {
    my ($self, @names) = @_;
    my $text = '';
    for my $name (@names) {
        next if $self->{static}{$name};
        my $file = "$self->{modules_dir}/mod_$name.so";
        need(-e $file, "mod_$name");
        $text .= "LoadModule ${name}_module \"$file\"\n";
    }
    return $text;
}

# The part every config has: paths, modules, logs, one port. Options: modules
# ([names] in addition), without => 1 (leaves our module out).
sub preamble {
    my ($self, %option) = @_;
    my @modules = ("mpm_$self->{mpm}", qw(unixd log_config watchdog authn_core
        authz_core authz_host mime dir alias env headers rewrite
        socache_shmcb dbd), $self->{mpm} eq 'prefork' ? 'cgi' : 'cgid');
    push @modules, 'ssl' if $self->{https};
    my $ours = $option{without} ? '' : 'LoadModule mynumber_verify_module "@MODULE@"' . "\n";
    my $is_first = ($ENV{MNV_LOAD} // 'last') eq 'first';
    my $text = ($is_first ? $ours : '') . <<'EOT' . $self->load(@modules, @{ $option{modules} // [] });
ServerRoot "@DIR@"
DefaultRuntimeDir "@DIR@/run"
PidFile "@DIR@/run/httpd.pid"
ErrorLog "@DIR@/logs/error.log"
ServerName @BASE@
Listen 127.0.0.1:@PORT@
Timeout 20
GracefulShutdownTimeout 10
EOT
    $text .= "User $self->{user}\nGroup #" . (getpwnam $self->{user})[3] . "\n"
      if $self->{user};
    $text .= 'ScriptSock "@DIR@/run/cgi.sock"' . "\n" if $self->{mpm} ne 'prefork';
    # Two children, so that nothing works only because all is in one process.
    $text .= $self->{mpm} eq 'prefork'
      ? "StartServers 2\nMinSpareServers 2\nMaxSpareServers 8\nMaxRequestWorkers 16\n"
      : "StartServers 2\nServerLimit 4\nThreadsPerChild 16\nMinSpareThreads 16\n"
      . "MaxSpareThreads 64\nMaxRequestWorkers 64\n";
    $text .= <<'EOT';
TypesConfig "@DIR@/conf/mime.types"
DocumentRoot "@DIR@/htdocs"
DirectoryIndex index.html
CustomLog "@DIR@/logs/access.log" "%h %t \"%r\" %>s %b"
<Directory "@DIR@">
  Require all granted
  AllowOverride All
</Directory>
ScriptAliasMatch "^/(?:open|account|verified|linked|show)(?:/(.*))?$" "@DIR@/cgi/show/$1"
EOT
    $text .= ($is_first ? '' : $ours) . "LogLevel info mynumber_verify:debug\n" unless $option{without};
    $text .= $self->_tls if $self->{https};
    return $text;
}

sub _tls {
    my ($self) = @_;
    my ($key, $certificate) = $self->certificate;
    return "SSLEngine on\nSSLCertificateFile \"$certificate\"\n"
      . "SSLCertificateKeyFile \"$key\"\n"
      . "SSLSessionCache none\n";
}

# A self-made certificate for the host; it is its own CA. (key, certificate)
sub certificate {
    my ($self) = @_;
    my ($key, $certificate) = map { $self->path("keys/tls.$_") } qw(key crt);
    $self->run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
        'ec_paramgen_curve:P-256', '-nodes', '-days', 2, '-subj', '/CN=test',
        '-addext', "subjectAltName=DNS:$self->{host},DNS:localhost,IP:127.0.0.1",
        '-keyout', $key, '-out', $certificate) unless -e $certificate;
    return ($key, $certificate);
}

# A complete working configuration. Options, all with a default:
#   server    text inside the server, after ours (directives set twice: last wins)
#   location  text after the sample locations
#   sample    0: without /account/ /verified/ /linked/ (rule of that name)
#   modules   [names] to load in addition
#   card, signin   0: without that half; text: directives in place of the defaults
#   db        text in place of the SQLite lines
sub default_config {
    my ($self, %option) = @_;
    my $providers = ($self->{node_of} // $self)->{providers};
    my $text = $self->preamble(modules => $option{modules});
    $text .= $option{db} // <<'EOT';
DBDriver sqlite3
DBDParams "@DB@"
DBDMin 1
DBDKeep 2
DBDMax 8
DBDInitSQL "PRAGMA busy_timeout=50"
DBDInitSQL "PRAGMA journal_mode=WAL"
EOT
    $text .= <<'EOT';
MyNumberBaseURL @BASE@
MyNumberSecretFile "@SECRET@"
MyNumberStateDir "@STATE@"
EOT
    $text .= $self->_half('MyNumber', $option{card},
        $providers ? $providers->card : undef);
    $text .= $self->_half('MyNumberSignIn', $option{signin},
        $providers ? $providers->signin : undef);
    $text .= $option{server} // '';
    $text .= join '', map { <<"EOT" } $option{sample} // 1 ? qw(account verified linked) : ();
<Location /$_>
  AuthType mynumber
  Require mynumber-$_
</Location>
EOT
    return $text . ($option{location} // '');
}

# The directives of one provider: {issuer, client_id, client_secret, ca_file}.
sub _half {
    my ($self, $prefix, $choice, $provider) = @_;
    return $prefix eq 'MyNumberSignIn' ? "MyNumberSignIn none\n" : ''
      if defined $choice && !$choice;
    return $choice if defined $choice && $choice =~ /\D/;
    # Without stand-ins: an issuer nobody answers for, enough for a start.
    $provider //= { issuer => 'http://127.0.0.1:@PORT:nobody@', client_id => 'nobody' };
    my $text = "${prefix}Provider $provider->{issuer}\n"
      . "${prefix}ClientID $provider->{client_id}\n";
    if (defined $provider->{client_secret}) {
        my $file = $self->write_file('keys/' . lc($prefix) . '.secret',
                                     $provider->{client_secret} . "\n", 0600);
        $text .= "${prefix}ClientSecretFile \"$file\"\n";
    }
    else {
        $text .= "${prefix}ClientKey \"\@CLIENTKEY\@\"\n";
    }
    $text .= "${prefix}ProviderCAFile \"$provider->{ca_file}\"\n" if $provider->{ca_file};
    return $text;
}

# --- keys and commands ------------------------------------------------------------------

# Run a program that must succeed; returns its output.
sub run {
    my ($self, @command) = @_;
    my ($exit, $out) = $self->_capture(@command);
    die "\"@command\" ended with $exit:\n$out" if $exit;
    return $out;
}

# (exit code, standard output and error together)
sub _capture {
    my ($self, @command) = @_;
    my $pid = open my $out, '-|';
    die "could not fork: $!" unless defined $pid;
    unless ($pid) {
        open STDERR, '>&', \*STDOUT;
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    local $/;
    my $text = <$out> // '';
    close $out;
    return ($? & 127 ? 128 + ($? & 127) : $? >> 8, $text);
}

# mynumberctl of the build: (exit code, output).
sub ctl {
    my ($self, @arguments) = @_;
    return $self->_capture($self->{ctl}, @arguments);
}

sub secret_file { $_[0]->_key('secret', 'secret') }
sub client_key { $_[0]->_key('client.pem', 'client', '--alg', 'ES256') }

sub _key {
    my ($self, $name, @what) = @_;
    my $file = $self->path("keys/$name");
    $self->run($self->{ctl}, 'keygen', @what, $file) unless -e $file;
    return $file;
}

# The public keys to register with a provider, as data.
sub client_jwks {
    my ($self) = @_;
    return JSON::PP->new->utf8->decode(
        $self->run($self->{ctl}, 'jwks', $self->client_key));
}

# Start the stand-ins for this server (once); options as in MNV::Providers.
sub providers {
    my ($self, %option) = @_;
    require MNV::Providers;
    return $self->{providers} if $self->{providers};
    $self->{providers} = MNV::Providers->start(folder => $self->{dir},
        base => $self->base, jwks => $self->client_jwks, %option);
    $self->forbid_in_log($self->{providers}->personal);
    return $self->{providers};
}

# Further ones beside them, in a folder of that name.
sub more_providers {
    my ($self, $name, %option) = @_;
    mkdir $self->path($name);
    my $more = MNV::Providers->start(folder => $self->path($name), base => $self->base, jwks => $self->client_jwks, %option);
    push @{ $self->{more_providers} }, $more;
    return $more;
}

# Rows of the test's SQLite file: [{column => value}, ...].
sub sql {
    my ($self, $statement) = @_;
    my $out = $self->run('sqlite3', '-json', '-cmd', '.timeout 5000',
                         $self->path('db/mynumber.db'), $statement);
    return $out =~ /\S/ ? JSON::PP->new->utf8->decode($out) : [];
}

# A new browser that trusts this server. Options as in MNV::Browser.
sub browser {
    my ($self, %option) = @_;
    return MNV::Browser->new(
        $self->{https} ? (ca_file => ($self->certificate)[1]) : (), %option);
}

# --- httpd ---------------------------------------------------------------------------------

sub _write_config {
    my ($self, $text, $name) = @_;
    return $self->write_file("conf/$name.conf", $text, 0644);
}

sub _with_env {
    my ($self, $code) = @_;
    local %ENV = (%ENV, %{ $self->{env} });
    return $code->();
}

# httpd -t on a text: (exit code, output). Further arguments go to httpd.
sub configtest {
    my ($self, $text, @arguments) = @_;
    my $file = $self->_write_config($text, 'configtest' . ++$self->{n});
    return $self->_with_env(sub {
        $self->_capture($self->{httpd}, '-t', '-f', $file, @arguments);
    });
}

# The running configuration as mynumberctl reads it.
sub dump {
    my ($self, $text) = @_;
    my (undef, $out) = $self->configtest($text // $self->{config},
                                         '-D', 'DUMP_MYNUMBER');
    $out =~ s/^[^{\[]*//s;
    $out =~ s/\s*Syntax OK\s*$//;
    return JSON::PP->new->utf8->decode($out);
}

# How httpd is run, and whether it serves: after so many earlier starts of this
# log. script/bench has it run below callgrind instead.
sub command { my ($self, $file) = @_; return ($self->{httpd}, '-D', 'FOREGROUND', '-f', $file) }
sub is_serving { my ($self, $before) = @_; return $self->_ready_count > $before && $self->_answers }

# Start httpd with a config and wait until it serves.
sub start {
    my ($self, $text) = @_;
    die 'httpd is running already' if $self->{pid};
    $self->{config} = $text;
    my $file = $self->_write_config($text, 'httpd');
    my $ready = $self->_ready_count;
    $self->{pid} = $self->_with_env(sub {
        my $pid = fork // die "could not fork: $!";
        return $pid if $pid;
        setpgrp 0, 0;    # prefork ends by a signal to its whole process group: not ours
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $self->path('logs/start.log');
        open STDERR, '>&', \*STDOUT;
        exec $self->command($file) or POSIX::_exit(127);
    });
    my $up = wait_for(sub {
        return 'ended' if waitpid($self->{pid}, WNOHANG) == $self->{pid};
        return $self->is_serving($ready) && 'up';
    }, $START_SECONDS);
    return $self if $up && $up eq 'up';
    undef $self->{pid} if $up;
    $self->kill_all;
    $self->{broken} = 1;
    die "httpd did not start:\n" . _slurp($self->path('logs/start.log'))
      . _slurp($self->path('logs/error.log'));
}

sub _ready_count {
    my $text = $_[0]->error_log;
    return scalar(() = $text =~ /resuming normal operations/g);
}

sub _answers {
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $_[0]->port,
                                 Proto => 'tcp', Timeout => 5) ? 1 : 0;
}

# Graceful restart, with a new config if one is given.
sub graceful {
    my ($self, $text) = @_;
    if (defined $text) {
        $self->{config} = $text;
        $self->_write_config($text, 'httpd');
    }
    my $ready = $self->_ready_count;
    kill 'USR1', $self->{pid};
    wait_for(sub { $self->_ready_count > $ready }, $START_SECONDS)
      or die "httpd did not restart:\n" . $self->error_log;
    return $self;
}

# Stop and start again: a new process, an empty cache, the same database.
sub restart {
    my ($self, $text) = @_;
    $self->stop;
    return $self->start($text // $self->{config});
}

# Has a connection to httpd not come to its end yet?
sub _is_connected {
    my ($self) = @_;
    my $ours = sprintf ':%04X', $self->port;
    open my $in, '<', '/proc/net/tcp' or return 0;
    while (my $line = <$in>) {
        my (undef, $local, undef, $state) = split ' ', $line;
        return 1 if ($local // '') =~ /\Q$ours\E$/ && $state ne '0A' && $state ne '06';    # neither listening nor in TIME_WAIT
    }
    return 0;
}

# Stop; true when httpd ended by itself with 0.
# When it is told to stop the event MPM looks at the sockets of workers that are just done (close_worker_sockets) while its listener frees their memory: once in a thousand stops a child
# ended by SIGSEGV there, with nothing of ours on any stack. So the last answer is let come to its end first; who keeps a connection open is not waited for.
sub stop {
    my ($self) = @_;
    my $pid = $self->{pid} // return 1;
    wait_for(sub { !$self->_is_connected }, 0);
    kill 'TERM', $pid;
    my $ended = wait_for(sub { waitpid($pid, WNOHANG) == $pid }, $STOP_SECONDS);
    my $status = $?;
    $self->kill_all unless $ended;
    undef $self->{pid};
    $self->{bad_stop} = $ended ? "status $status" : "not within $STOP_SECONDS s"
      if !$ended || $status;
    return $ended && !$status;
}

# Kill all of it, as a power cut would.
sub kill_all {
    my ($self) = @_;
    return unless $self->{pid};
    kill 'KILL', (map { $_->[0] } $self->_children), $self->{pid};
    waitpid $self->{pid}, 0;
    undef $self->{pid};
}

# Process ids of httpd's serving children. mod_cgid's daemon is a child too: it
# has one thread.
sub child_pids {
    my ($self) = @_;
    my $threads = $self->{mpm} eq 'prefork' ? 1 : 2;
    return map { $_->[0] } grep { $_->[1] >= $threads } $self->_children;
}

sub _children {
    my ($self) = @_;
    return map { /^\s*(\d+)\s+(\d+)\s+(\d+)/ && $2 == $self->{pid} ? [ $1, $3 ] : () }
      `ps -A -o pid= -o ppid= -o nlwp=`;
}

# --- the log ---------------------------------------------------------------------------------

sub error_log { _slurp($_[0]->path('logs/error.log')) }
sub access_log { _slurp($_[0]->path('logs/access.log')) }

# What came since: my $mark = $t->mark; ...; $t->log_since($mark).
sub mark { length $_[0]->error_log }
sub log_since { my ($self, $mark) = @_; return substr $self->error_log, $mark }

# Wait for a line; returns it, false when it does not come.
sub wait_log {
    my ($self, $pattern, $seconds) = @_;
    return wait_for(sub {
        (grep { /$pattern/ } split /\n/, $self->error_log)[0];
    }, $seconds);
}

# These numbers (MNV0123, AH01234) must occur in the log, at any level.
sub expect_log { my ($self, @numbers) = @_; $self->{expected}{$_} = 1 for @numbers }

# These may.
sub allow_log { my ($self, @numbers) = @_; $self->{allowed}{$_} = 1 for @numbers }

# So may lines of this form; for those lines of httpd that have no number.
sub allow_line { my ($self, $pattern) = @_; push @{ $self->{allowed_lines} }, $pattern }

# These texts (tokens, names of test persons) must not.
sub forbid_in_log {
    my ($self, @texts) = @_;
    push @{ $self->{forbidden} }, grep { defined && length } @texts;
}

# Lines that nobody announced.
sub _unannounced {
    my ($self) = @_;
    my @bad;
    my %known = (%AH_AT_START, %{ $self->{expected} }, %{ $self->{allowed} });
    for my $line (split /\n/, $self->error_log) {
        if ($line =~ /^\[[^\]]+\] \[([\w-]*):(\w+)\] \[pid [^\]]*\](.*)$/s) {
            my ($level, $rest) = ($2, $3);
            next unless $level =~ /^(emerg|alert|crit|error|warn)$/;
            my ($number) = $rest =~ /\b((?:AH|MNV)\d{4,5})\b/;
            next if !$number && grep { $line =~ $_ } @{ $self->{allowed_lines} };
            push @bad, $line unless $number && $known{$number};
        }
        elsif ($line =~ /\S/) {
            # Not httpd's log: someone wrote to standard error; httpd itself does when a piped program dies.
            push @bad, $line unless ($line =~ /^(AH\d{5}): / && $known{$1}) || grep { $line =~ $_ } @{ $self->{allowed_lines} };
        }
    }
    return @bad;
}

sub _judge {
    my ($self, $name) = @_;
    my $log = $self->error_log;
    my $start = _slurp($self->path('logs/start.log'));
    is($self->{bad_stop}, undef, "${name}httpd stopped cleanly");
    is(join("\n", grep { /Sanitizer|runtime error:|exit signal|\(core dump/ }
                  split /\n/, "$log\n$start"), '', "${name}no crash, no sanitizer report");
    is(join("\n", $self->_unannounced), '', "${name}no unannounced line in the error log");
    is(join(' ', grep { $log !~ /\b$_\b/ } sort keys %{ $self->{expected} }), '',
       "${name}each announced line is in the error log") if %{ $self->{expected} };
    my @leaks;
    for my $text (@{ $self->{forbidden} }) {
        utf8::encode(my $bytes = $text);
        (my $escaped = $bytes) =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/ge;
        push @leaks, $text
          if index($log, $bytes) >= 0 || index(lc $log, lc $escaped) >= 0;
    }
    is(join("\n", @leaks), '', "${name}the error log tells nothing it must not")
      if @{ $self->{forbidden} };
}

# --- the end -----------------------------------------------------------------------------------

# Last line of a test: stop all servers and stand-ins, judge, done_testing.
sub done {
    my ($self) = @_;
    $_->stop for @instances;
    $_->stop for map { $_->{providers} // (), @{ $_->{more_providers} // [] } } @instances;
    for my $i (0 .. $#instances) {
        $instances[$i]->_judge(@instances > 1 ? 'server ' . ($i + 1) . ': ' : '');
    }
    $_->{done} = 1 for @instances;
    done_testing();
}

# A test that dies or forgets done() leaves no process and is no success.
$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP PIPE);

END {
    my $status = $?;
    for my $instance (@instances) {
        next if $instance->{done} || $instance->{builder_pid} != $$;
        $instance->stop;
        $_->stop for $instance->{providers} // (), @{ $instance->{more_providers} // [] };
        diag("error log:\n" . $instance->error_log) if !$instance->{broken};
        fail('the test came to its end ($t->done)');
        $status ||= 1;
    }
    $? = $status;
}

1;
