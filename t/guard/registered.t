# Prevents: a test that never runs, and a source that is not in the tarball.
# A cmocka test is registered by hand; forgotten, it stays green for ever.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Source;
use Test::More;

my $make = slurp('Makefile.am');
$make =~ s/\\\n/ /g;
my %word = map { $_ => 1 } map { split ' ' } $make =~ /^\w+\s*=\s*(.*)$/gm;

is(join(' ', grep { !$word{$_} } files(qr/\.(c|h|def)$/, 'mod_mynumber_verify', 'mod_mynumber_bearer')),
   '', 'each source stands in a list of Makefile.am');
is(join(' ', grep { m{^mod_mynumber_verify/.*\.(c|h|def)$} && !-e root . "/$_" }
         sort keys %word), '', 'each source of Makefile.am exists');
is(join(' ', grep { my $p = $_; $p =~ s/\.c$//; !$word{$p} }
         files(qr{/test_\w+\.c$}, 't/unit')),
   '', 'each t/unit/test_*.c stands in unit_tests');

my @bad;
for my $file (files(qr{/test_\w+\.c$}, 't/unit')) {
    my $text = code($file);
    my @tests = $text =~ /^static\s+void\s+(\w+)\s*\(\s*void\s*\*\*\s*\w+\s*\)\s*\{/gm;
    push @bad, "$file: has no test" unless @tests;
    my %count;
    for my $name (@tests) {
        push @bad, "$file: $name is defined twice" if $count{$name}++;
        push @bad, "$file: $name is not registered"
          unless $text =~ /\bcmocka_unit_test\w*\s*\(\s*\Q$name\E\b/
          || $text =~ /\b[A-Z][A-Z0-9_]*\s*\(\s*\Q$name\E\s*[,)]/;
    }
}
is(join("\n", @bad), '', 'each unit test is registered');
done_testing;
