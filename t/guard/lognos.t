# Prevents: two causes under one number, a number used again for something
# else, and a list of messages that tells of another version. Support finds a
# line by its number, or not at all.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Source;
use Test::More;

my (%where, @bad, %listed);
for my $file (files(qr/\.(c|h|def)$/, 'mod_mynumber_verify', 'mod_mynumber_bearer')) {
    my $n = 0;
    for my $line (split /\n/, code($file)) {
        $n++;
        next if $line =~ /^\s*#\s*define/;
        while ($line =~ /\bMNVLOGNO\s*\(\s*(\w*)\s*\)/g) {
            my $number = $1;
            if ($number !~ /^[1-9]\d{3}$/) {
                push @bad, "$file:$n: \"MNVLOGNO($number)\" is no number of four digits from 1000 on";
                next;
            }
            push @{ $where{$number} }, "$file:$n";
        }
    }
}
my $def = 'mod_mynumber_verify/base/failures.def';
for my $row (rows($def)) {
    my ($line, $macro, $args) = @$row;
    my $number = $args->[1];
    if (($number // '') !~ /^[1-9]\d{2}$/) {
        push @bad, "$def:$line: \"" . ($number // '') . '" is no number from 100 to 999';
        next;
    }
    push @{ $where{ sprintf '%04d', $number } }, "$def:$line";
}
push @bad, "$_ occurs " . @{ $where{$_} } . " times: @{ $where{$_} }"
  for grep { @{ $where{$_} } > 1 } sort keys %where;
ok(%where, 'there are log numbers');
is(join("\n", @bad), '', 'each log number is there once');

my $list = 'conf/log-messages.md';
%listed = map { $_ => 1 } slurp($list) =~ /\bMNV(\d{4})\b/g;
is(join(' ', (map { "+$_" } grep { !$listed{$_} } sort keys %where),
             (map { "-$_" } grep { !$where{$_} } sort keys %listed)), '',
   "$list has the numbers of the sources (+ to add, - to remove)");
done_testing;
