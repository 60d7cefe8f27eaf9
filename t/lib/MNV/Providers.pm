# The stand-ins of the card verification and of a university's sign-in
# (t/standins), started once for a test file. Usually by $t->providers.
#
#   my $p = $t->providers;
#   $p->card_is(person => 'minor');            # who comes next, unattended
#   $p->signin_is(account => '0123456789');
#   $p->card_is(outcome => 'stop');            # the person stops
#   $p->card_is(forge => 'CASE');              # a wrong answer, see cases
#   $p->card_requests->{counts}{token};        # what arrived
package MNV::Providers;
use strict;
use warnings;
use JSON::PP ();
use POSIX ();
use MNV::Source qw(root need);
use MNV::Ports;
use MNV::Browser;

my $READY_SECONDS = 60;
my %PROGRAM = (card => 'identification-service.mjs', signin => 'university.mjs');
my %CLIENT = (card => 'portal', signin => 'portal');
my %CALLBACK = (card => 'verify/callback', signin => 'signin/callback');

# Options: folder, base (of the server), path ("/mynumber"), jwks (our public
# keys); card and signin: more of the stand-in's configuration ({...}, see
# t/standins/README.md) or 0 to leave it out; clients => {card => {...}, signin =>
# {...}}: more of our registration; secret => 1: the university knows us by a
# client secret (default), 0: by our key.
sub start {
    my ($class, %option) = @_;
    my $self = bless { path => '/mynumber', secret => 1, half => {},
                       builder_pid => $$, %option }, $class;
    $self->{standins} = $ENV{MNV_STANDINS} // root . '/t/standins';
    need(-d "$self->{standins}/node_modules", 'npm packages of t/standins (script/setup)');
    # All are started before the first is waited for.
    my @kinds = grep { !defined $self->{$_} || $self->{$_} } qw(card signin);
    $self->_launch($_) for @kinds;
    $self->_wait_ready($_) for @kinds;
    return $self;
}

sub _registration {
    my ($self, $kind) = @_;
    my %client = (client_id => $CLIENT{$kind},
        redirect_uris => ["$self->{base}$self->{path}/$CALLBACK{$kind}"]);
    $client{post_logout_redirect_uris} = ["$self->{base}$self->{path}/logout/done"] if $kind eq 'signin';
    if ($kind eq 'signin' && $self->{secret}) {
        $client{client_secret} = 'secret-of-the-portal-0123456789-abcdefghijklmnop';
        $client{token_endpoint_auth_method} = 'client_secret_basic';
    }
    else {
        $client{jwks} = $self->{jwks};
        $client{token_endpoint_auth_method} = 'private_key_jwt';
    }
    return { %client, %{ $self->{clients}{$kind} // {} } };
}

sub _launch {
    my ($self, $kind) = @_;
    my %config = (test => JSON::PP::true, host => '127.0.0.1',
        port => MNV::Ports::free_port(), clients => [ $self->_registration($kind) ],
        %{ $self->{$kind} || {} });
    my $file = "$self->{folder}/$kind.json";
    open my $out, '>', $file or die "could not write \"$file\": $!";
    print $out JSON::PP->new->utf8->canonical->pretty->encode(\%config);
    close $out;
    # The names the stand-ins' programs are found by; their packages may lie in
    # another tree than the sources (distcheck).
    my $program = "$self->{standins}/$PROGRAM{$kind}";
    need(-e $program, "t/standins/$PROGRAM{$kind}");
    my $half = $self->{half}{$kind} = { kind => $kind, config => \%config,
        log => "$self->{folder}/$kind.log" };
    my $pid = open my $ready, '-|';
    die "could not fork: $!" unless defined $pid;
    unless ($pid) {
        open STDIN, '<', '/dev/null';
        open STDERR, '>>', $half->{log};
        exec 'node', $program, $file or POSIX::_exit(127);
    }
    @$half{qw(pid ready)} = ($pid, $ready);
}

sub _wait_ready {
    my ($self, $kind) = @_;
    my $half = $self->{half}{$kind};
    local $SIG{ALRM} = sub { die "the stand-in \"$kind\" was not ready in $READY_SECONDS s\n" };
    alarm $READY_SECONDS;
    my $line = readline $half->{ready};
    alarm 0;
    ($half->{issuer}) = ($line // '') =~ /^ready (\S+)/
      or die "the stand-in \"$kind\" did not start:\n" . $self->log_of($kind);
}

# What a configuration needs: {issuer, client_id, client_secret, ca_file}.
sub card { $_[0]->_for_config('card') }
sub signin { $_[0]->_for_config('signin') }

sub _for_config {
    my ($self, $kind) = @_;
    my $half = $self->{half}{$kind} // return undef;
    my ($client) = @{ $half->{config}{clients} };
    return { issuer => $half->{issuer}, client_id => $client->{client_id},
             client_secret => $client->{client_secret},
             ca_file => $half->{config}{tls} ? $half->{config}{tls}{cert} : undef };
}

# Say how a stand-in behaves from now on (POST /standin/control).
sub card_is { my ($self, %how) = @_; return $self->control('card', \%how) }
sub signin_is { my ($self, %how) = @_; return $self->control('signin', \%how) }

sub control { return $_[0]->_api($_[1], 'POST', 'control', $_[2]) }

# Back to the start for both, and forget what arrived.
sub reset {
    my ($self) = @_;
    $self->control($_, { reset => JSON::PP::true, clear => JSON::PP::true })
      for sort keys %{ $self->{half} };
}

# What arrived: {counts => {...}, authorizations => [...], tokens => [...], ...}.
sub card_requests { $_[0]->_api('card', 'GET', 'requests') }
sub signin_requests { $_[0]->_api('signin', 'GET', 'requests') }

# The forged answers there are, and what each should lead to.
sub cases { $_[0]->_api($_[1] // 'card', 'GET', 'cases')->{cases} }

# New signing keys ({drop => 1}: the old ones are gone).
sub rotate { my ($self, $kind, %how) = @_; return $self->_api($kind, 'POST', 'rotate', \%how) }

# A back-channel logout token ({client_id, account, sid, send, forge, ...}).
sub logout_token { my ($self, $kind, %how) = @_; return $self->_api($kind, 'POST', 'logout-token', \%how) }

sub _api {
    my ($self, $kind, $method, $name, $data) = @_;
    my $half = $self->{half}{$kind} // die "there is no stand-in \"$kind\"";
    my $origin = MNV::Browser::origin_of($half->{issuer});
    my $browser = MNV::Browser->new($half->{config}{tls} ? (ca_file => $half->{config}{tls}{cert}) : ());
    my $response = $browser->request($method, "$origin/standin/$name",
        headers => [ [ 'Content-Type', 'application/json' ] ],
        body => $data ? JSON::PP->new->utf8->canonical->encode($data) : undef);
    my $answer = $response->json;
    die "the stand-in \"$kind\" refused: " . ($answer->{error} // $response->code)
      if $response->code != 200;
    return $answer;
}

# Details of the test persons, which no log may hold.
sub personal {
    my ($self) = @_;
    my @texts;
    for my $file (qw(persons.json accounts.json)) {
        open my $in, '<:raw', "$self->{standins}/$file" or next;
        local $/;
        my $people = JSON::PP->new->utf8->decode(scalar <$in>);
        for my $person (map { ($_, $_->{claims} // ()) } values %$people) {
            push @texts, grep { defined && !ref && length > 3 }
              @$person{qw(name address email preferred_username)};
        }
    }
    return @texts;
}

sub log_of {
    my ($self, $kind) = @_;
    open my $in, '<', $self->{half}{$kind}{log} or return '';
    local $/;
    return scalar(<$in>) // '';
}

# Take one away (a provider that is down), and bring it back on the same port.
sub stop_one {
    my ($self, $kind) = @_;
    my $half = $self->{half}{$kind} or return;
    return unless $half->{pid};
    kill 'TERM', $half->{pid};
    local $SIG{ALRM} = sub { kill 'KILL', $half->{pid} };
    alarm 10;
    local $?;
    close $half->{ready};    # waits for the process
    alarm 0;
    undef $half->{pid};
}

sub start_one {
    my ($self, $kind) = @_;
    my $half = $self->{half}{$kind};
    $self->{$kind} = { %{ $half->{config} } };
    $self->_launch($kind);
    $self->_wait_ready($kind);
}

sub stop {
    my ($self) = @_;
    return if $self->{builder_pid} != $$;
    $self->stop_one($_) for keys %{ $self->{half} };
}

1;
