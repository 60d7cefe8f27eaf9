# Prevents: SQL built where nobody looks for it: unportable, unprepared, with
# values pasted in. All statements are rows of store/statements.def; the tables
# are made in store/schema*.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Source;
use Test::More;

my $sql = qr/\b(?:SELECT\s+.{1,200}\bFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|
               DELETE\s+FROM|CREATE\s+(?:TABLE|INDEX|UNIQUE)|ALTER\s+TABLE|
               DROP\s+TABLE|PRAGMA\s)\b/xis;
my $table = qr/\bmynumber_(?:links|link_history|sessions|replay|schema)\b/;
my @bad;
for my $file (files(qr/\.(c|h|def)$/, 'mod_mynumber_verify')) {
    next if $file =~ m{/store/(statements\.def|schema\w*\.(c|h|def))$};
    my $text = code($file, strings => 1);
    while ($text =~ /"((?:[^"\\\n]|\\.)*)"/g) {
        my ($string, $at) = ($1, $-[0]);
        next unless $string =~ $sql || $string =~ $table;
        my $line = 1 + (substr($text, 0, $at) =~ tr/\n//);
        push @bad, "$file:$line: $string";
    }
}
is(join("\n", @bad), '', 'SQL stands in store/statements.def and store/schema* only');
done_testing;
