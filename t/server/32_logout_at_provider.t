# Who signs out here is led on to the university's own sign-out and back (OpenID Connect RP-Initiated Logout 1.0), and is told what ended and what did not. The session here ends first, whatever
# becomes of the rest; no address tells who it was.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(sign_in verify);
use MNV::Attack qw(twin);

my $t = MNV::Test->new;
my $p = $t->providers;
my $issuer = $p->signin->{issuer};
my $done = $t->url('/mynumber/logout/done');
my $start = sub { my %option = @_; $t->restart($t->default_config(%option, server => "MyNumberSignInLogout on\n" . ($option{server} // ''))) };
$start->();

sub signed_in { my $b = $t->browser; $p->signin_is(account => '0123456789'); sign_in($t, $b); return $b }
sub told { my ($page) = @_; return ($page->body =~ /<main data-signed-out="(\w+)"/)[0] // $page->code . ' ' . $page->url }

# Press "Sign out", as the page has it or with a place to go on to.
sub sign_out {
    my ($b, %field) = @_;
    my $csrf = $b->visit($t->url('/mynumber/')) && $b->form('logout')->value('csrf');
    return $b->post_form($t->url('/mynumber/logout'), { csrf => $csrf, %field });
}

# --- there and back -----------------------------------------------------------------------------------
my $b = signed_in();
my $copy = twin($t, $b);
my $r = sign_out($b);
like($r->header('Location'), qr{^\Q$done\E\?next=[\w-]{22}$}, 'over a page of ours');
is($copy->get($t->url('/account/'))->code, 303, 'the session has ended before the browser goes anywhere');
my $leading = $b->follow($r);
is(told($leading), 'leading', 'the page says so');
my ($next) = $leading->header('Refresh') =~ /^0;url=(.*)/;
my ($endpoint, $query) = split /[?]/, $next;
my %asked = map { split /=/, $_, 2 } split /&/, $query;
s/%([0-9A-F]{2})/chr hex $1/ge for values %asked;
is($endpoint, "$issuer/session/end", "leads on to the provider's sign-out");
like(delete $asked{state}, qr/^[\w-]{22}$/, 'with a state');
is_deeply(\%asked, { client_id => 'portal', post_logout_redirect_uri => $done }, 'and with our name and the way back alone');
like($leading->body, qr/<a [^>]*href="\Q$endpoint\E\?/, 'and has a link for those whom nothing leads on');
my $there = $b->go_on;
is($there->code, 200, 'the university asks');
my $page = $b->form('op.logoutForm')->submit({ logout => 'yes' });
is(told($page), 'both', 'back: signed out here and there');
ok(!$b->jar->cookie('mnv-o'), 'and nothing is left of it');
is(told($b->visit($page->url)), 'here', 'once');

# Only this site.
$b = signed_in();
$b->follow(sign_out($b));
$b->go_on;
$page = $b->form('op.logoutForm')->submit;
is(told($page), 'both', 'stayed signed in there: back too');
like($page->text, qr/chose to stay signed in there/, 'the page knows that one can');

# --- somebody else's sign-out --------------------------------------------------------------------------
$b = signed_in();
my $mine = sign_out($b)->header('Location');
my $stranger = $t->browser;
$page = $stranger->visit($mine);
is(told($page) . ($page->header('Refresh') // ''), 'here', 'the link in another browser leads nowhere');
(my $state = $mine) =~ s/next=/state=/;
is(told($stranger->visit($state)), 'here', 'nor does its end');
is(told($b->visit($done . '?state=' . 'A' x 22)), 'here', 'nor another state in this one');
is(told($b->visit("$mine&next=" . 'A' x 22)), 'here', 'nor two of them');
ok($b->jar->cookie('mnv-o'), 'nor does any of that end it');

# --- and then on to a place ------------------------------------------------------------------------------
$b = signed_in();
$b->follow(sign_out($b, return => '/open/?after=1'));
$b->go_on;
my $after = $b->form('op.logoutForm')->submit({ logout => 'yes' });
is($after->url, $t->url('/open/?after=1'), 'the place that the application named comes last');
$b = signed_in();
is(sign_out($b, return => 'https://evil.example/')->mnv_code, 'MNV0213', 'another site is none');
is($b->get($t->url('/account/'))->code, 200, 'and nothing has ended');

# --- nothing to end there --------------------------------------------------------------------------------
$b = $t->browser;
$p->card_is(person => 'adult');
verify($t, $b);
is(sign_out($b)->header('Location'), $done, 'with the card alone: the university knows nothing of that');
is(told($b->visit($done)), 'here', 'told');

# --- what does not work there ------------------------------------------------------------------------------
my ($first, $second) = map { signed_in() } 1, 2;
$t->stop;
unlink glob $t->path('state/*');
$p->stop_one('signin');
$t->start($t->{config});
$page = $first->follow(sign_out($first));
is(told($page) . ($page->header('Refresh') // ''), 'unreachable', 'a provider that is down: told');
is($first->get($t->url('/mynumber/'))->code, 200, 'the site goes on');
is($first->fetch($t->url('/mynumber/info'))->json->{account}, undef, 'and the session has ended');
$page = $second->follow(sign_out($second, return => '/open/'));
is(told($page), 'unreachable', 'also where there is a place to go on to');
like($page->body, qr{<a [^>]*href="\Q${\ $t->url('/open/')}\E"}, 'to which a link leads');
$t->expect_log('MNV0401');
$p->start_one('signin');

$t->restart($t->default_config);
$b = signed_in();
is(sign_out($b)->header('Location'), $done, 'not asked for: here alone');
my $hand = join '', map { "MyNumberSignInProviderEndpoint $_->[0] $issuer/$_->[1]\n" } [qw(authorization auth)], [qw(token token)], [qw(userinfo me)], [qw(jwks jwks)];
$start->(server => $hand);
$b = signed_in();
is(told($b->follow(sign_out($b))), 'here', 'a provider without a sign-out: here alone');
$b = signed_in();
is($b->follow(sign_out($b, return => '/open/'))->url, $t->url('/open/'), 'and on to the place');
$t->expect_log('MNV0213');
$t->forbid_in_log('id_token_hint');
$t->done;
