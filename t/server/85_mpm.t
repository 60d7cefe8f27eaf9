# The smallest journey under each MPM: prefork has no threads and no pool of connections, worker other ones than event.
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use MNV::Test;
use MNV::Journey qw(stands sign_in verify link_up);

my $t;
for my $mpm (qw(prefork worker event)) {
    $t = MNV::Test->new(mpm => $mpm);
    my $p = $t->providers;
    $p->card_is(person => 'adult');
    $p->signin_is(account => '0123456789');
    $t->start($t->default_config);
    my (undef, $settings) = $t->configtest($t->{config}, '-V');
    my ($named) = $settings =~ /^Server MPM:\s*(\w+)/m;
    is(lc($named // ''), $mpm, "$mpm: is what runs");

    my $b = $t->browser;
    my $page = $b->visit($t->url('/linked/x?y=1'));
    ok(stands($page, step => 3, account => 1, identity => 1), "$mpm: led through sign-in and card");
    $page = link_up($b);
    is($page->url, $t->url('/linked/x?y=1'), "$mpm: linked and back");
    is($page->json->{env}{MYNUMBER_ACCOUNT}, 'sub-0123456789', "$mpm: the application knows who it is");

    # Every process knows the session, through cache or database, and has its own connection to the database after the fork.
    my $codes = join ' ', map { $b->get($t->url('/linked/'))->code } 1 .. 12;
    is($codes, join(' ', (200) x 12), "$mpm: every process knows the session");
    my @together = map {
        my $pid = open my $out, '-|';
        defined $pid or die "could not fork: $!";
        unless ($pid) {
            print join ' ', map { $b->get($t->url('/linked/'))->code } 1 .. 10;
            close STDOUT;
            POSIX::_exit(0);
        }
        $out;
    } 1 .. 6;
    for my $out (@together) {
        local $/;
        is(scalar <$out>, join(' ', (200) x 10), "$mpm: and six at once");
        local $?;
        close $out;
    }
    $t->graceful;
    is($b->get($t->url('/linked/'))->code, 200, "$mpm: after a graceful restart");
    sign_in($t, $b);
    $b->visit($t->url('/mynumber/'));
    ok(stands($b->form('unlink')->submit, linked => 0), "$mpm: unlinked");
    is($b->get($t->url('/linked/'))->code, 303, "$mpm: and every process knows it") for 1 .. 4;
    $b->visit($t->url('/mynumber/'));
    $b->form('logout')->submit;
    is($b->get($t->url('/account/'))->code, 303, "$mpm: signed out");
    ok($t->stop, "$mpm: stops");
    $p->stop;
}
$t->done;
