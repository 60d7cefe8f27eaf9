# Prevents: a page that is Japanese in one half and English in the other, or a
# text that was translated and then forgotten.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Source;
use Test::More;

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);
my $japanese = qr/[\p{Hiragana}\p{Katakana}\p{Han}]/;
# English texts that quote what stands on a Japanese screen.
my %quotes_japanese = map { $_ => 1 } qw(NEED_PHONE);

for my $name (qw(base/failures.def out/texts.def)) {
    my $file = "mod_mynumber_verify/$name";
    my (@bad, %seen);
    my @rows = rows($file);
    for my $row (@rows) {
        my ($line, $macro, $args) = @$row;
        my ($id, $ja, $en) = ($args->[0], $args->[-2], $args->[-1]);
        push @bad, "$file:$line: $id occurs twice" if $seen{$id}++;
        # A text may be the same for both (a name), or punctuation.
        next if defined $ja && defined $en && length $ja && length $en
          && ($ja eq $en || "$ja$en" !~ /[\p{L}\p{N}]/);
        push @bad, "$file:$line: $id has no Japanese text"
          unless ($ja // '') =~ $japanese;
        push @bad, "$file:$line: $id has no English text"
          unless ($en // '') =~ /[A-Za-z]/;
        push @bad, "$file:$line: $id has Japanese in its English text"
          if ($en // '') =~ $japanese && !$quotes_japanese{$id};
        my @place = map { join ' ', sort /%(?:\d+\$)?[a-z]|\{\w+\}/g } $ja, $en;
        push @bad, "$file:$line: $id has other places to fill in each language"
          if $place[0] ne $place[1];
    }
    ok(@rows, "$name has rows");
    is(join("\n", @bad), '', "$name has both languages in each row");
}
done_testing;
