# Instructions per request, counted by callgrind in one process: the count of
# 1,100 requests less that of 100, by 1,000. It repeats on any machine and under
# any load. callgrind knows no SHA instructions of the processor, so a real
# machine does our digest with fewer.
package MNV::Bench::Instructions;
use strict;
use warnings;
use MNV::Bench::Server;

my ($FEW, $MANY) = (100, 1_100);

# One peer: {instructions, profile}; the profile on request.
sub count {
    my ($peer, $profile) = @_;
    my $server = MNV::Bench::Server->new(peer => $peer, callgrind => 1, single => 1);
    $server->up;
    my $visit = $server->visit;
    $server->ask($visit, $FEW);    # what only the first requests do
    $server->counted;
    my @count = map {
        $server->ask($visit, $_);
        [ $server->counted ];
    } $FEW, $MANY;
    my $result = { instructions => int(($count[1][0] - $count[0][0]) / ($MANY - $FEW) + 0.5) };
    $result->{profile} = _profile($count[1][1], $MANY) if $profile;
    $server->quit;
    return $result;
}

# Functions of our module, per request: [[name, with all that they call, by
# themselves], ...], the dearest first.
sub _profile {
    my ($file, $n) = @_;
    my (%inclusive, %own);
    for (_annotated($file, 'yes')) {
        my ($count, $name) = @$_;
        $inclusive{$name} = $count if $count > ($inclusive{$name} // 0);
    }
    $own{ $_->[1] } += $_->[0] for _annotated($file, 'no');
    return [ map { [ $_, map { int($_ / $n + 0.5) } $inclusive{$_}, $own{$_} // 0 ] }
             sort { $inclusive{$b} <=> $inclusive{$a} || $a cmp $b }
             grep { $inclusive{$_} >= $n } keys %inclusive ];
}

# [[instructions, function of ours], ...]. A function may come in several lines:
# once for each way its file is named, and once more where it calls itself.
sub _annotated {
    my ($file, $inclusive) = @_;
    open my $in, '-|', 'callgrind_annotate', "--inclusive=$inclusive", '--auto=no', '--threshold=100', $file
      or die "could not run callgrind_annotate: $!";
    my @lines;
    while (my $line = <$in>) {
        my ($count, $name) = $line =~ m{^\s*([\d,]+)\s[^/]*\S*mod_mynumber_verify/\S+?:([\w.]+)} or next;
        $count =~ tr/,//d;
        push @lines, [ $count, $name ];
    }
    close $in or die 'callgrind_annotate failed';
    return @lines;
}

1;
