# An age is reached at 0:00 Japan time of the birthday: the flag and the rule change in the middle of a session, without a sign-in, however long MyNumberRecheck is.
# httpd lives by a clock that the test sets (libfaketime); everybody else lives today.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Source qw(need);
use MNV::Journey qw(verify);
use POSIX ();

my ($library) = glob '/usr/lib/*/faketime/libfaketimeMT.so.1';
need($library, 'libfaketime (script/setup)');
my $t = MNV::Test->new(mpm => 'prefork');
my $clock = $t->write_file('conf/clock', "+0\n", 0644);
$t->{env}{LD_PRELOAD} = join ' ', grep { $_ } $t->{env}{LD_PRELOAD}, $library;    # a sanitizer's comes first
$t->{env}{FAKETIME_TIMESTAMP_FILE} = $clock;
$t->{env}{$_} = 1 for qw(FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC);

my $DAY = 86400;
my $JAPAN = 9 * 3600;
my $midnight = POSIX::floor((time + $JAPAN) / $DAY) * $DAY + $DAY - $JAPAN;    # the next one in Japan
sub set_clock { my ($time) = @_; $t->write_file('conf/clock', sprintf("%+d\n", $time - time), 0644) }
sub birthdate { my ($years, $moment) = @_; my ($day, $month, $year) = (gmtime($moment + $JAPAN))[ 3, 4, 5 ]; return sprintf '%04d%02d%02d', $year + 1900 - $years, $month + 1, $day }
# Two days ahead, so that a test at midnight or on 28 February is no other test.
my $birthday = $midnight + $DAY;
$birthday += 2 * $DAY if birthdate(0, $birthday) =~ /0229$/;

my $p = $t->providers(card => { persons => { soon20 => { label => {}, name => 'x', birthdate => birthdate(20, $birthday) } } });
my $locations = join '', map { "<Location /show/$_>\n  AuthType mynumber\n  Require mynumber-age $_\n  MyNumberExport age-over-18 age-over-20\n</Location>\n" } 18, 20;
$t->start($t->default_config(server => "MyNumberRecheck 1h\nMyNumberSessionLifetime 30d\nMyNumberSessionInactivity 30d\n",
    location => "$locations<Location /show/flag>\n  AuthType mynumber\n  Require mynumber-verified\n  MyNumberExport age-over-18 age-over-20\n</Location>\n"));

sub seen {
    my ($b, $age) = @_;
    my $env = $b->get($t->url('/show/flag'))->json->{env};
    my $page = $b->get($t->url("/show/$age"));
    return join ' ', $env->{"MYNUMBER_AGE_OVER_$age"}, $page->mnv_code // $page->code;
}
my $b = $t->browser;
$p->card_is(person => 'soon20');
verify($t, $b);
my $asked = $p->card_requests->{counts}{token};
is(seen($b, 20), '0 MNV0807', 'not yet 20');
set_clock($birthday - 20);
is(seen($b, 20), '0 MNV0807', 'nor in the last minute of the day before');
set_clock($birthday + 2);
is(seen($b, 20), '1 200', 'at midnight in Japan: 20, for the application and for the rule');
is($p->card_requests->{counts}{token}, $asked, 'without another verification');
my $env = $b->get($t->url('/show/flag'))->json->{env};
is_deeply([ sort grep { /^MYNUMBER_/ } keys %$env ], [qw(MYNUMBER_AGE_OVER_18 MYNUMBER_AGE_OVER_20)], 'the application sees flags, and no birthdate');

$t->allow_log('AH01630');    # mod_authz_core tells what nobody can cure
$t->done;
