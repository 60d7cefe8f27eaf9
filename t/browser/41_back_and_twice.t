# What fingers do: Back after the deed, pressing twice, two tabs; and a connection that breaks while the answer is on its way.
# Each time there is one link at most, and the page the person ends on says what is true.
use FindBin;
use lib "$FindBin::Bin/../lib", $FindBin::Bin;
use MNV::Test;
use MNV::WebDriver;
use Steps;
use Lag;

my $t = MNV::Test->new;
my $p = $t->providers;
$t->start($t->default_config);
my $home = $t->url('/mynumber/');
my $lag = Lag->new($t->port);

sub links { return scalar @{ $t->sql('select id from mynumber_links') } }

# How often the form to link arrived at httpd.
sub posts { return scalar(() = $t->access_log =~ m{"POST /mynumber/link }g) }

# A phone, or a PC, of somebody new who has both halves and sees the button. What it sends goes over the lag.
my %browser;
sub ready {
    my ($account, $person, $kind) = @_;
    $p->signin_is(account => $account);
    $p->card_is(person => $person);
    my $is_phone = ($kind // 'phone') eq 'phone';
    my $w = $browser{$is_phone} //= MNV::WebDriver->new(phone => $is_phone, names => [ 'localhost:' . $t->port . ' 127.0.0.1:' . $lag->port ]);
    $w->afresh;
    $w->go($t->url('/mynumber/signin'))->go($t->url('/mynumber/verify'));
    state_is($w, "$account has both halves", step => 3, account => 1, identity => 1);
    return $w;
}

# Back after linking.
my $w = ready('0123456789', 'adult');
$w->press('Link your account');
state_is($w, 'linked', linked => 1);
$w->back;
state_is($w, 'Back shows what is true now', step => 4, linked => 1);
ok(!$w->has('form[action$="/link"]'), 'and no button to link again');
is(links(), 1, 'one link');

# Back after the sign-out: nothing of the person is left on a shared PC.
$w->go($home);
like($w->text, qr/山田太郎/, 'the name is on the page');
$w->press('Sign out');
$w->wait_until(sub { $w->url =~ m{/logout/done} }, 'the page after the sign-out');
for my $n (1 .. 3) {
    $w->back;
    unlike($w->source, qr/山田太郎|0123456789/, "Back ($n) after the sign-out shows nothing of the person");
}

# Back over the whole way: a callback is not there to be repeated.
$w = ready('9876543210', 'adult2');
$w->press('Link your account');
state_is($w, 'linked', linked => 1);
for my $n (1 .. 4) {
    $w->back;
    last if $w->url !~ /^http/;
    unlike($w->text, qr/MNV\d{4}/, "Back ($n) leads to no error");
}
is(links(), 2, 'no link more');

# Twice, quickly; once as fast as the machine, once over a slow connection, where the second click surely comes before the first answer.
for my $try ([ 0, '1111111111', 'kanji' ], [ 0.7, '2222222222', 'foreign' ]) {
    my ($delay, $account, $person) = @$try;
    my $how = "double click, answers after $delay s";
    my $before = links();
    $w = ready($account, $person, 'PC');    # under touch emulation chromedriver waits between the clicks
    $lag->answers_after($delay);
    my $asked = posts();
    $w->double_click('form[action$="/link"] button');
    my $settled = $w->wait_until(sub { $w->has('main[data-linked="1"]') || $w->text =~ /MNV\d{4}/ }, 'a page after the double click');
    is(posts(), $asked + 2, "$how: the form arrived twice") if $delay;
    is(links(), $before + 1, "$how: one link");
    state_is($w, "$how: the person sees that it is linked", linked => 1);
    picture($w, "double-$delay");
    $lag->answers_after(0);
    $w->go($home);
    state_is($w, "$how: and is still signed in", account => 1, linked => 1);
}

# The answer is lost, and with it the session's new id: the browser shows an error page of its own, or sends the form again by itself. Who goes on is linked,
# at the latest after signing in.
$t->sql('delete from mynumber_links');
$w = ready('0123456789', 'adult');
$lag->loses_answers(1);
eval { $w->press('Link your account') };
$w->wait_until(sub { links() == 1 }, 'the link');
$lag->loses_answers(0);
$w->go($home);
$w->go($t->url('/mynumber/signin')) if !$w->has('main[data-account="1"]');
is(links(), 1, 'the answer was lost, the link was made');
state_is($w, 'the service page says so', account => 1, linked => 1);
picture($w, 'lost');

# Two tabs: linked in one, pressed again in the other, which shows an older page.
$t->sql('delete from mynumber_links');
$w = ready('0123456789', 'adult');
my $first = $w->window;
$w->new_tab->go($home);
state_is($w, 'the second tab shows the button too', step => 3);
my $second = $w->window;
$w->window($first)->press('Link your account');
state_is($w, 'linked in the first tab', linked => 1);
$w->window($second)->press('Link your account');
$w->wait_until(sub { $w->url =~ m{/mynumber/link} || $w->has('main[data-linked="1"]') }, 'an answer in the second tab');
is(links(), 1, 'one link');
my $text = $w->text;
unlike($text, qr/no session/i, 'the second tab is not told that there is no session');
$t->allow_log($text =~ /(MNV\d{4})/g);
picture($w, 'second-tab');
$w->go($home);
state_is($w, 'the service page says what is true', account => 1, linked => 1);

$lag->stop;
MNV::WebDriver->stop_all;
$t->done;
