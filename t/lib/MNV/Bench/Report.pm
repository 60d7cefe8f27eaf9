# The tables of script/bench, its JSON and its verdict.
package MNV::Bench::Report;
use strict;
use warnings;
use JSON::PP ();
use POSIX qw(strftime);

# What our module may add to the open page.
my $INSTRUCTIONS_ADDED = 8_500;

sub new {
    my ($class) = @_;
    $| = 1;
    return bless { data => { date => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime), budgets => [], goals => [] } }, $class;
}

# 12345 as "12,345"
sub _grouped {
    my ($number) = @_;
    1 while $number =~ s/^(-?\d+)(\d{3})/$1,$2/;
    return $number;
}

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
    my $ours = $self->{data}{instructions}{ours};
    $self->_budget('instructions added to the open page', $ours->{added}, $INSTRUCTIONS_ADDED) if $ours;
    $self->_profile if $self->{profile};
    print "\n";
}

sub _profile {
    my ($self) = @_;
    printf "\n%-58s %12s %10s\n", 'Our functions, instructions per request', 'with callees', 'own';
    printf "%-58s %12s %10s\n", $_->[0], map { _grouped($_) } @$_[1, 2] for @{ $self->{profile} };
    $self->{data}{profile} = [ map { { function => $_->[0], inclusive => $_->[1], own => $_->[2] } } @{ $self->{profile} } ];
}

# --- verdicts ----------------------------------------------------------------------

# Decides the exit code.
sub _budget {
    my ($self, $what, $value, $limit) = @_;
    my $met = $value <= $limit;
    push @{ $self->{data}{budgets} }, { what => $what, value => $value, limit => $limit,
                                        met => $met ? JSON::PP::true : JSON::PP::false };
    printf "budget: %s: %s, at most %s: %s\n", $what, _grouped($value), _grouped($limit), $met ? 'met' : 'MISSED';
}

sub missed { scalar grep { !$_->{met} } @{ $_[0]{data}{budgets} } }

sub write {
    my ($self, $file) = @_;
    open my $out, '>', $file or die "could not write \"$file\": $!";
    print $out JSON::PP->new->utf8->canonical->pretty->encode($self->{data});
    close $out or die "could not write \"$file\": $!";
}

1;
