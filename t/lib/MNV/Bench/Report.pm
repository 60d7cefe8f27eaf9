# The tables of script/bench, its JSON and its verdict.
package MNV::Bench::Report;
use strict;
use warnings;
use JSON::PP ();
use POSIX qw(strftime);

# What our module may add to the open page.
my $INSTRUCTIONS_ADDED = 8_500;
my $EVERYTHING_ADDED = 12_000;
my $BEARER_ADDED = 15_000;
# A call of every tenth request counts as one of ours; less is the scheduler's.
# How often httpd waits for the next request is the client's doing.
my $CALLS_NOISE = 0.1;
my %CLIENTS_DOING = map { $_ => 1 } qw(epoll_ctl epoll_wait);

sub new {
    my ($class) = @_;
    $| = 1;
    my $self = bless { data => { date => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime), machine => _machine(),
        versions => _versions(), budgets => [], goals => [] } }, $class;
    my ($machine, $versions) = @{ $self->{data} }{qw(machine versions)};
    print "$self->{data}{date}, $machine->{processors} processors ($machine->{model}), load $machine->{load}\n",
      join(', ', map { "$_ $versions->{$_}" } sort keys %$versions), "\n\n";
    return $self;
}

sub _first_of {
    my ($pattern, $file) = @_;
    open my $in, '<', $file or return '?';
    my @found = grep { defined } map { /$pattern/ ? $1 : undef } <$in>;
    return $found[0] // '?';
}

sub _machine {
    my $processors = () = glob '/sys/devices/system/cpu/cpu[0-9]*';
    return { processors => 0 + $processors, kind => (POSIX::uname())[4],
             model => _first_of(qr/^model name\s*:\s*(.*)$/, '/proc/cpuinfo'),
             load => _first_of(qr/^(\S+)/, '/proc/loadavg') };
}

# Of the packages that are compared or measure; what is not a package of dpkg is
# left out.
sub _versions {
    my @packages = qw(apache2 libapache2-mod-auth-mellon libapache2-mod-auth-openidc simplesamlphp openssl valgrind strace wrk);
    my $told = qx(dpkg-query -W -f '\${Package} \${Version}\n' @packages 2>/dev/null);
    return { $told =~ /^(\S+) (\S+)$/mg };
}

# 12345 as "12,345"
sub _grouped {
    my ($number) = @_;
    1 while $number =~ s/^(-?\d+)(\d{3})/$1,$2/;
    return $number;
}

# --- metadata --------------------------------------------------------------------

sub metadata_row {
    my ($self, $row) = @_;
    printf "%-52s %9s %6s %8s %8s %8s %8s %8s\n", 'signed metadata', 'providers', 'MB', 'start', 'first', 'second', 'CPU', 'MB held' unless $self->{metadata_head}++;
    printf "%-52s %9d %6.1f %6.2f s %6.2f s %6.3f s %6.2f s %8.1f\n", @$row{qw(title providers megabytes start first second cpu memory)};
}

sub metadata { my ($self, $rows) = @_; print "\n"; $self->{data}{metadata} = $rows }

# --- instructions ------------------------------------------------------------------

sub instructions {
    my ($self, $peer, $count) = @_;
    my $all = $self->{data}{instructions} //= {};
    if (!%$all) {
        $self->{open} = $count->{instructions};
        printf "%-58s %12s %10s\n", 'Instructions per request (callgrind)', '', 'added';
    }
    my $added = $count->{instructions} - $self->{open};
    $all->{ $peer->{name} } = { title => $peer->{title}, instructions => $count->{instructions}, added => $added };
    printf "%-58s %12s %10s\n", $peer->{title}, _grouped($count->{instructions}),
      $peer->{name} eq 'open' ? '-' : _grouped($added);
    $self->{profile} = $count->{profile} if $count->{profile};
}

sub instructions_end {
    my ($self) = @_;
    my ($ours, $everything, $recheck, $bearer) = @{ $self->{data}{instructions} }{qw(ours everything recheck bearer)};
    # callgrind is slow, so that the default would come round far too often.
    print "ours with MyNumberRecheck 1h; at the default a person's session is read again every 5 s",
      $recheck ? ', which adds ' . _grouped($recheck->{instructions} - $ours->{instructions}) . ' to that one request' : '', "\n"
      if $ours;
    $self->_budget('instructions added to the open page', $ours->{added}, $INSTRUCTIONS_ADDED) if $ours;
    $self->_budget('... with every fact and an assertion', $everything->{added}, $EVERYTHING_ADDED) if $everything;
    $self->_budget('... with an access token that is known', $bearer->{added}, $BEARER_ADDED) if $bearer;
    $self->_profile if $self->{profile};
    print "\n";
}

sub _profile {
    my ($self) = @_;
    printf "\n%-58s %12s %10s\n", 'Our functions, instructions per request', 'with callees', 'own';
    printf "%-58s %12s %10s\n", $_->[0], map { _grouped($_) } @$_[1, 2] for @{ $self->{profile} };
    $self->{data}{profile} = [ map { { function => $_->[0], inclusive => $_->[1], own => $_->[2] } } @{ $self->{profile} } ];
}

# --- system calls ------------------------------------------------------------------

# Counts of several peers: {peer => {call => per request}}, side by side.
sub syscalls {
    my ($self, $counts, @peers) = @_;
    $self->{data}{syscalls} = $counts;
    my %seen = map { %{ $counts->{$_} } } @peers;
    printf '%-28s' . ' %10s' x @peers . "\n", 'System calls per request', @peers;
    my %sum;
    for my $call (sort keys %seen) {
        my @row = map { $counts->{$_}{$call} // 0 } @peers;
        $sum{ $peers[$_] } += $row[$_] for 0 .. $#peers;
        printf '%-28s' . ' %10.3f' x @peers . "\n", $call, @row;
    }
    printf '%-28s' . ' %10.3f' x @peers . "\n", 'all', @sum{@peers};
    my @more = grep { !$CLIENTS_DOING{$_} && abs(($counts->{ours}{$_} // 0) - ($counts->{open}{$_} // 0)) >= $CALLS_NOISE } sort keys %seen;
    print "calls that the open page does not make: @more\n" if @more;
    $self->_budget('kinds of system calls that differ from the open page', scalar @more, 0);
    print "\n";
}

# --- throughput --------------------------------------------------------------------

# {peer => [requests per second, round by round]}: medians and their ratios.
sub throughput {
    my ($self, $rounds, @peers) = @_;
    my %median = map { $_ => (sort { $a <=> $b } @{ $rounds->{$_} })[ $#{ $rounds->{$_} } / 2 ] } @peers;
    $self->{data}{throughput} = { map { ($_ => { median => $median{$_}, rounds => $rounds->{$_},
        of_open => _ratio($median{$_}, $median{open}) }) } @peers };
    printf "%-28s %12s %10s   %s\n", 'Requests per second', 'median', 'of open', 'rounds';
    printf "%-28s %12s %9.1f%%   %s\n", $_, _grouped(int $median{$_}), 100 * $median{$_} / $median{open},
      join(' ', map { _grouped(int $_) } @{ $rounds->{$_} }) for @peers;
    $self->_goal('ours is at least 90 % of the open page', _ratio($median{ours}, $median{open}), 0.9);
    $self->_goal('ours is at least Basic', _ratio($median{ours}, $median{basic}), 1);
    print "\n";
}

sub _ratio { return 0 + sprintf '%.3f', $_[0] / $_[1] }

# --- verdicts ----------------------------------------------------------------------

# Decides the exit code.
sub _budget {
    my ($self, $what, $value, $limit) = @_;
    my $met = $value <= $limit;
    push @{ $self->{data}{budgets} }, { what => $what, value => $value, limit => $limit,
                                        met => $met ? JSON::PP::true : JSON::PP::false };
    printf "budget: %s: %s, at most %s: %s\n", $what, _grouped($value), _grouped($limit), $met ? 'met' : 'MISSED';
}

# Is told and decides nothing.
sub _goal {
    my ($self, $what, $value, $limit) = @_;
    my $met = $value >= $limit;
    push @{ $self->{data}{goals} }, { what => $what, value => $value, limit => $limit,
                                      met => $met ? JSON::PP::true : JSON::PP::false };
    printf "goal: %s: ratio %.3f: %s\n", $what, $value, $met ? 'met' : 'not met';
}

sub missed { scalar grep { !$_->{met} } @{ $_[0]{data}{budgets} } }

sub write {
    my ($self, $file) = @_;
    open my $out, '>', $file or die "could not write \"$file\": $!";
    print $out JSON::PP->new->utf8->canonical->pretty->encode($self->{data});
    close $out or die "could not write \"$file\": $!";
}

1;
