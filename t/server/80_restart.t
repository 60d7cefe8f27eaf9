# A graceful restart in the middle of a flow and of a session, a full restart, and time running out.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(stands sign_in verify link_up linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
$t->start($t->default_config);
$p->signin_is(account => '0123456789');
$p->card_is(person => 'adult');

my $b = $t->browser;
my $away = $b->get($t->url('/account/x?y=1'));
is($away->code, 303, 'away to the sign-in');
$t->graceful;
is($b->follow($away)->url, $t->url('/account/x?y=1'), 'a flow survives a graceful restart');
$away = $b->get($t->url('/mynumber/verify'));
$t->restart;
my $page = $b->follow($away);
ok(stands($page, step => 3, account => 1, identity => 1), 'a flow and a session survive a full restart');
$page = link_up($b);
$t->graceful for 1 .. 3;
is($b->get($t->url('/linked/'))->code, 200, 'a session survives graceful restarts');

# Two tabs finish what each began, whatever the order.
my $tabs = $t->browser;
my $card = $tabs->get($t->url('/mynumber/verify'));
my $account = $tabs->get($t->url('/mynumber/signin'));
$tabs->follow($account);
$page = $tabs->follow($card);
ok(stands($page, account => 1, identity => 1), 'two tabs, one session');

# At most four flows are kept; the newest works.
my $many = $t->browser;
my @begun = map { $many->get($t->url('/mynumber/signin')) } 1 .. 9;
my @flows = grep { /^mnv-f-/ } $many->jar->names;
cmp_ok(scalar @flows, '<=', 4, 'at most four flow cookies');
cmp_ok(length($_), '<=', 700, 'a flow cookie is at most 700 bytes') for map { $many->jar->cookie($_)->{value} } @flows;
is($many->follow($begun[-1])->code, 200, 'the newest flow works');
is($many->follow($begun[0])->mnv_code, 'MNV0202', 'the oldest was dropped');
$t->expect_log('MNV0202');

# Nothing pending survives the sign-out; a copied cookie neither.
my $leaver = $t->browser;
sign_in($t, $leaver);
my $pending = $leaver->get($t->url('/mynumber/verify'));
my $copy = $leaver->jar->cookie('mynumber')->{value};
$leaver->visit($t->url('/mynumber/'));
$leaver->form('logout')->submit;
is($leaver->follow($pending)->mnv_code, 'MNV0202', 'a flow begun before the sign-out is over');
my $thief = $t->browser;
is($thief->get($t->url('/account/'), headers => [ [ 'Cookie', "mynumber=$copy" ] ])->code, 303, 'a copied cookie is worth nothing after the sign-out');

# New id at every change of privilege; a planted one is never used.
my $fixed = $t->browser;
my $planted = 'A' x 43;
my $r = $fixed->get($t->url('/mynumber/signin'));
$fixed->jar->take($t->url('/'), "mynumber=$planted; Path=/");
$fixed->follow($r);
my $id = $fixed->jar->cookie('mynumber')->{value};
isnt($id, $planted, 'a planted id is not taken over');
verify($t, $fixed);
isnt($fixed->jar->cookie('mynumber')->{value}, $id, 'a new id when the card arrives');
is($t->browser->get($t->url('/account/'), headers => [ [ 'Cookie', "mynumber=$id" ] ])->code, 303, 'the old id is dead');

# Limits.
$t->graceful($t->default_config(server => "MyNumberSessionInactivity 3s\nMyNumberSessionLifetime 1h\n"));
my $idle = $t->browser;
sign_in($t, $idle);
is($idle->get($t->url('/account/'))->code, 200, 'in use');
my $end = time + 4;
wait_for(sub { time >= $end }, 8);
is($idle->get($t->url('/account/'))->code, 303, 'inactive for too long');
$t->graceful($t->default_config(server => "MyNumberSessionLifetime 4s\nMyNumberSessionInactivity 3s\n"));
my $busy = $t->browser;
sign_in($t, $busy);
ok(wait_for(sub { $busy->get($t->url('/account/'))->code == 303 }, 10), 'over after its lifetime, although in use all the time');
$t->done;
