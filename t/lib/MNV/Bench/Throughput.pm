# Requests per second over 64 kept-alive connections. Each peer has its own
# httpd; all stand there together and are asked in turns, so that a busy machine
# is equally busy for each. Only ratios of one run mean anything.
package MNV::Bench::Throughput;
use strict;
use warnings;
use MNV::Bench::Server;

my $CONNECTIONS = 64;
my $SECONDS = 3;

# {name of the peer => [requests per second, round by round]}
sub count {
    my ($rounds, @peers) = @_;
    my @servers = map { MNV::Bench::Server->new(peer => $_) } @peers;
    my @visits = map { $_->up->visit } @servers;
    my %result;
    for my $round (0 .. $rounds) {
        for my $i (0 .. $#peers) {
            my $rate = _rate($servers[$i], $visits[$i]);
            push @{ $result{ $peers[$i]{name} } }, $rate if $round;    # the first warms up
        }
    }
    $_->quit for @servers;
    return \%result;
}

sub _rate {
    my ($server, $visit) = @_;
    my $told = $server->run('wrk', '-t1', "-c$CONNECTIONS", "-d${SECONDS}s",
        (map { ('-H', "$_->[0]: $_->[1]") } @{ $visit->{headers} }), $visit->{url});
    die "$visit->{title}: not every answer was the page:\n$told" if $told =~ /Non-2xx/;
    my ($rate) = $told =~ m{^Requests/sec:\s+([\d.]+)}m or die "wrk said no rate:\n$told";
    return 0 + $rate;
}

1;
