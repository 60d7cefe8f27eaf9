# Prevents: symbols that clash with another module's in the one name space of
# httpd's process (two modules with their own json_get crash each other), and a
# core that calls httpd and so cannot run in a test, a fuzzer or a tool.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Source;
use Test::More;

my $module = build_file('.libs/mod_mynumber_verify.so');
my $core = build_file('.libs/libmnv.a') // build_file('libmnv.a');
need($module && $core, 'a build');

my @exported = map { (split)[-1] } `nm -D --defined-only '$module'`;
is("@exported", 'mynumber_verify_module', 'the module exports its record only');

my @foreign = grep { /\b(?:ap|apreq)_\w+$/ } `nm -u '$core'`;
is(join('', @foreign), '', 'libmnv needs no symbol of httpd');

# Everything that is needed is there: else httpd would refuse to load it.
my @loose = grep { /\bU (?:mnv|mod_mnv)_/ } `nm -D -u '$module'`;
is(join('', @loose), '', 'the module has no undefined symbol of ours');

# It stays mapped: threads that end while exit() unloads modules call our destructor (lib/crypt.c).
like(scalar `readelf -dW '$module'`, qr/\bNODELETE\b/, 'the module is never unmapped');

# No mutable globals: two servers of one process would share them, and threads
# race. What is per process hangs on a configuration. The exceptions, each with its owner:
my %known = map { $_ => 1 } (
    qw(mynumber_verify_module aplog_module_index),
    qw(storage making published),      # lib/crypt.c: fetched algorithms, once per process under a mutex
    qw(generation alone),              # httpd/process.c: pointer into shared memory, read and raised by atomics
    qw(cache hints told_minute),       # httpd/record_cache.c: the one cache of the server, set before fork; a rate limit
    qw(default_list known only),       # httpd/exports.c: written while directives are read, before fork
    qw(registered),                    # httpd/watchdog.c: the timers of this configuration, set before fork
);
my @data = map { (split /\s*\|\s*/)[0] }
  grep { /\|\s*[BbDd]\s*\|/ && /\|\s*\.(?:data|bss)\s*$/ }
  `nm -f sysv '$module' 2>/dev/null`;
is(join(' ', grep { s/\.\d+$//r !~ /^(?:_|completed$|__)/ && !$known{ s/\.\d+$//r } } @data),
   '', 'the module has no mutable globals beyond those named here');
done_testing;
