# Documentation apart from code goes stale: the directive reference and the list of log messages are generated, and must be as new as their tables.
use strict;
use warnings;
use FindBin;
use Test::More tests => 1;

my $out = `'$^X' '$FindBin::Bin/../../script/reference' --check 2>&1`;
is($? >> 8, 0, 'conf/reference.conf and conf/log-messages.md are up to date (script/reference)') or diag $out;
