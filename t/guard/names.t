# Prevents: "request.c:120" in a log that could be one of three files
# (mod_auth_openidc has twelve such names), and a header guard copied from
# another file, which makes the second include silently empty.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Source;
use Test::More;

my (%base, @guard, @doc);
for my $file (files(qr/\.(c|h|def)$/, 'mod_mynumber_verify')) {
    my ($folder, $name) = $file =~ m{^mod_mynumber_verify/(?:(\w+)/)?([\w.-]+)$};
    push @{ $base{$name} }, $file;
    next unless $name =~ /^(\w+)\.h$/;
    my $want = uc 'MNV_' . ($folder ? "${folder}_" : '') . $1 . '_H';
    my $text = code($file);
    push @guard, "$file: the guard is not $want"
      unless $text =~ /^\s*#ifndef $want\s+#define $want\s/
      && $text =~ /#endif\s*$/;
}
is(join("\n", map { "@{ $base{$_} }" } grep { @{ $base{$_} } > 1 } sort keys %base),
   '', 'base names are unique');
is(join("\n", @guard), '', 'header guards are MNV_<FOLDER>_<FILE>_H');
done_testing;
