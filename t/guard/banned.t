# Prevents: functions that overrun, leak or misbehave under threads (strcpy,
# strtok, gmtime, malloc outside pools), comparisons of secrets that end early,
# and tests that wait by the clock: slow on fast machines, flaky on slow ones.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Source;
use Test::More;

my @banned = qw(
    strcpy strcat stpcpy sprintf vsprintf gets strtok strtok_r scanf sscanf
    atoi atol atoll atof strncpy strncat alloca
    gmtime localtime ctime asctime mktime
    malloc calloc realloc strdup strndup free
    sleep usleep nanosleep apr_sleep
    rand srand random srandom drand48 system popen tmpnam mktemp
    setlocale getenv setenv putenv
    apr_strtok apr_generate_random_bytes ap_dbd_acquire
);
# One pattern for all of them: not a member (->free, .free) and not the tail of another name.
my $call = do { my $any = join '|', @banned; qr/(?<![\w.>])($any)\s*\(/ };
# Where a banned function is the right one: "file function".
my %allowed = (
    # the port behind mnv_random()
    'base/ctx.c apr_generate_random_bytes' => 1,
    # a foreign library's memory ends here, tied to the pool
    'lib/json.c free' => 1,
    # SQLite tells nobody when a lock goes; its driver tries again every 100 ms, too
    'store/work.c apr_sleep' => 1,
);

my @bad;
for my $file (files(qr/\.[ch]$/, 'mod_mynumber_verify')) {
    (my $name = $file) =~ s{^mod_mynumber_verify/}{};
    my $n = 0;
    for my $line (split /\n/, code($file)) {
        $n++;
        while ($line =~ /$call/g) {
            my $function = $1;
            # a function pointer's declaration: (*random)(
            next if $line =~ /\(\*\s*$function\s*\)/;
            push @bad, "$file:$n: $function" unless $allowed{"$name $function"};
        }
        push @bad, "$file:$n: secrets are compared by mnv_secret_equal"
          if $line =~ /\b(?:mem|str|strn|strcase)cmp\s*\([^;]*\b(?:secret|mac|hmac|digest|csrf|nonce|verifier)\w*/
          && !$allowed{"$name cmp"};
        push @bad, "$file:$n: tab" if $line =~ /\t/;
    }
}
is(join("\n", @bad), '', 'C: no banned function');

@bad = ();
for my $file (files(qr/\.(t|pm|mjs|js|c)$/, 't')) {
    next if $file eq 't/guard/banned.t';
    my $n = 0;
    my $text = $file =~ /\.c$/ ? code($file) : slurp($file);
    for my $line (split /\n/, $text) {
        $n++;
        next if $file !~ /\.c$/ && $line =~ m{^\s*(#|//|\*)};
        push @bad, "$file:$n: waits by the clock"
          if $line =~ /\b(u|nano|apr_)?sleep\s*[(\d\$;]/;
        push @bad, "$file:$n: select as a sleep is for wait_for only"
          if $line =~ /\bselect\s*\(?\s*undef\s*,\s*undef\s*,\s*undef/
          && $file ne 't/lib/MNV/Test.pm';
    }
}
is(join("\n", @bad), '', 'tests: no sleep');
done_testing;
