# A provider or the database that is down, slow or full: a clear page, its own code, nothing let through.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(stands sign_in verify linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
$t->start($t->default_config(server => "MyNumberTimeout 1s 2s\nMyNumberRecheck 1s\n"));
my $b = linked_person($t, '0123456789', 'adult');

$p->stop_one('card');
my $fresh = $t->browser;
my $page = $fresh->get($t->url('/mynumber/verify'));
ok($page->code == 303 || $page->mnv_code, 'card provider down at the start: led on by what is known, or told');
$t->restart;
$page = $fresh->get($t->url('/mynumber/verify'));
ok($page->code == 303 || ($page->mnv_code // '') eq 'MNV0401', 'also by a server that has just started');
is($b->get($t->url('/linked/'))->code, 200, 'who is linked does not notice, and the session outlived the restart');
$p->start_one('card');
$t->allow_log(map { sprintf 'MNV%04d', $_ } 401 .. 410, 1200 .. 1299);

$p->card_is(person => 'adult', forge => 'token-slow');
$page = $fresh->visit($t->url('/mynumber/verify'));
is($page->mnv_code, 'MNV0402', 'a token endpoint that never answers is given up');
is($page->code, 504, 'with 504');
$p->reset;

# The database goes away under a running server.
my $db = $t->path('db');
rename $db, "$db.away" or die $!;
mkdir $db, 0500;
chmod 0500, $db;
$t->give_to_server($db);
$t->stop;
$t->start($t->{config});
$page = $b->get($t->url('/linked/'));
is($page->code, 503, 'without a database nothing is let through');
like($page->mnv_code, qr/^MNV060[12]$/, 'with a code of its own');
is($t->browser->get($t->url('/open/x'))->code, 200, 'open pages stay open');
$t->allow_log('MNV0601', 'MNV0602', map { sprintf 'AH%05d', $_ } 629, 636, 632, 633, 634);
rmdir $db;
unlink glob "$db/*";
rmdir $db;
rename "$db.away", $db or die $!;
ok(wait_for(sub { $b->get($t->url('/linked/'))->code == 200 }, 20), 'when it is back, so is the session');
$t->done;
