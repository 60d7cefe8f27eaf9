# A real SAML identity provider: SimpleSAMLphp below PHP's own server. As it stands in
# t/bench/saml, for a peer of script/bench, it signs in one person without asking.
package MNV::Bench::SamlIdp;
use strict;
use warnings;
use MNV::Test;
use MNV::Source qw(slurp need);
use MNV::Browser;

my $PROGRAM = '/usr/share/simplesamlphp/www';
my $READY_SECONDS = 30;
my %PLACE = (config => 'config', authsources => 'config',
             'saml20-idp-hosted' => 'metadata', 'saml20-sp-remote' => 'metadata');

# %file: texts in place of the files of these names in t/bench/saml; url => what browsers know it by, where that is not its own port.
sub start {
    my ($class, $server, %file) = @_;
    need(-d $PROGRAM, 'simplesamlphp (script/setup)');
    my $port = $server->port('idp');
    my $self = bless { at => "http://127.0.0.1:$port", owner => $$ }, $class;
    $self->{url} = delete $file{url} // $self->{at};
    mkdir $server->path("saml$_"), 0755 for '', map { "/$_" } qw(config metadata cert data tmp log);
    $server->write_file("saml/$PLACE{$_}/$_.php", ($file{$_} // slurp("t/bench/saml/$_.php")) =~ s/\@IDP\@/$self->{url}/gr) for sort keys %PLACE;
    _key_pair($server, 'idp', 'saml/cert');
    _key_pair($server, 'sp', 'keys');
    $self->_launch($server, $port);
    return $self;
}

sub _key_pair {
    my ($server, $name, $folder) = @_;
    $server->run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', 400, '-subj', "/CN=$name",
        map { ($_->[0], $server->path("$folder/$name.$_->[1]")) } [ '-keyout', 'key' ], [ '-out', 'crt' ]);
}

sub _launch {
    my ($self, $server, $port) = @_;
    $self->{pid} = fork // die "could not fork: $!";
    unless ($self->{pid}) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $server->path('logs/idp.log');
        open STDERR, '>&', \*STDOUT;
        $ENV{SIMPLESAMLPHP_CONFIG_DIR} = $server->path('saml/config');
        # Its metadata are changed while it runs.
        exec qw(php -d opcache.revalidate_freq=0 -S), "127.0.0.1:$port", '-t', $PROGRAM or POSIX::_exit(127);
    }
    wait_for(sub { $self->metadata }, $READY_SECONDS)
      or die "the identity provider did not start:\n" . slurp($server->path('logs/idp.log'));
}

# What mellon has to know of it, once it answers.
sub metadata {
    my ($self) = @_;
    return $self->{metadata} //= eval {
        my $page = MNV::Browser->new->get("$self->{at}/saml2/idp/metadata.php");
        $page->code == 200 && $page->body =~ /EntityDescriptor/ ? $page->body : undef;
    };
}

sub stop {
    my ($self) = @_;
    return if $self->{owner} != $$;
    my $pid = delete $self->{pid} or return;
    kill 'TERM', $pid;
    local $?;
    waitpid $pid, 0;
}

sub DESTROY { $_[0]->stop }

1;
