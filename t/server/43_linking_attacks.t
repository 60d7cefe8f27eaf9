# Who holds proofs that do not belong together links nothing: proofs of another session or browser, left-over proofs, somebody else's card or account slipped in,
# flows used twice, planted session ids, another site's sessions. The notes (prove -v) are the table of attacks, answers and log numbers.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(stands sign_in verify link_up);
use MNV::Attack qw(at_once bearing twin session_of);

my $t = MNV::Test->new;
my $p = $t->providers;
my $second_site = <<'EOT';
Listen 127.0.0.1:@PORT:second@
<VirtualHost 127.0.0.1:@PORT:second@>
  ServerName http://localhost:@PORT:second@
  MyNumberBaseURL http://localhost:@PORT:second@
</VirtualHost>
EOT
$t->start($t->default_config(location => $second_site));
my $attack = MNV::Attack->new($t);
my %url = map { $_ => $t->url("/mynumber/$_") } qw(link unlink logout info);

# The victim and the attacker; each browser says itself who sits at it.
my %victim = (account => '0123456789', person => 'adult');
my %attacker = (account => '9876543210', person => 'adult2');
sub sits { my (%who) = @_; return (headers => [ [ 'X-Standin-Account', $who{account} ], [ 'X-Standin-Person', $who{person} ] ]) }
sub browser_of { my (%who) = @_; return $t->browser(sits(%who)) }
# Another tab of the same browser, one jar, where somebody else's card or account is used.
sub tab_with { my ($b, %who) = @_; return $t->browser(jar => $b->jar, sits(%who)) }
sub with_both { my $b = browser_of(@_); sign_in($t, $b); verify($t, $b); return $b }
sub csrf { my ($b) = @_; $b->visit($t->url('/mynumber/')); return $b->form('logout')->value('csrf') }
sub links { return scalar @{ $t->sql('select id from mynumber_links') } }
sub tokens { return ($p->card_requests->{counts}{token} // 0) + ($p->signin_requests->{counts}{token} // 0) }
sub nothing_left { $t->sql("delete from mynumber_$_") for qw(links sessions) }

# The URL that the provider sends a browser back to, not opened.
sub callback_of {
    my ($b, $step) = @_;
    my $away = $b->get($t->url("/mynumber/$step"));
    return $b->get($away->header('Location'))->header('Location') // die 'the provider did not send back';
}
sub cookie { my ($b, $pattern) = @_; return (grep { $_->{name} =~ $pattern } $b->jar->all)[0] }

# --- proofs of another session or browser ---
{
    my ($v, $a) = (with_both(%victim), with_both(%attacker));
    my $stolen = csrf($v);
    $attack->refused('form token of another session', '403 MNV0502', sub { $a->post_form($url{link}, { csrf => $stolen }) });
    $attack->refused("own form token, another's session", '403 MNV0502', sub { bearing($t, mynumber => session_of($v))->post_form($url{link}, { csrf => csrf($a) }) });
    my ($account_half, $card_half) = (browser_of(%victim), browser_of(%attacker));
    sign_in($t, $account_half);
    verify($t, $card_half);
    my $token = csrf($account_half);
    for my $order ([ $account_half, $card_half ], [ $card_half, $account_half ]) {
        my $both = join '; ', map { 'mynumber=' . session_of($_) } @$order;
        $attack->refused('an account of one session, a card of another: both cookies', '403 MNV0501', sub { $t->browser->post_form($url{link}, { csrf => $token }, headers => [ [ 'Cookie', $both ] ]) });
    }
    $t->expect_log('MNV1601');
    for my $step (qw(verify signin)) {
        my ($mine, $theirs) = (browser_of(%victim), browser_of(%attacker));
        callback_of($theirs, 'signin');    # has a browser cookie of its own
        my $callback = callback_of($mine, $step);
        my $mixed = $t->browser;
        $mixed->jar->put({%$_}) for cookie($mine, qr/^mnv-f-/), cookie($theirs, qr/^mnv-b$/);
        my $before = tokens();
        $attack->refused("$step: flow cookie of one browser, browser cookie of another", '400 MNV0205', sub { $mixed->get($callback) });
        my $half = $t->browser;
        $half->jar->put({ %{ cookie($mine, qr/^mnv-f-/) } });
        $attack->refused("$step: flow cookie without the browser's", '400 MNV0202', sub { $half->get($callback) });
        is(tokens(), $before, "$step: neither called the provider");
    }
    is(links(), 0, 'nothing was linked');
    nothing_left();
}

# --- proofs left over ---
for my $order ([ \&sign_in, \&verify, 'account first' ], [ \&verify, \&sign_in, 'card first' ]) {
    my $b = browser_of(%victim);
    $order->[$_]->($t, $b) for 0, 1;
    my ($old_csrf, $old_id) = (csrf($b), session_of($b));
    ok(stands(link_up($b), linked => 1), "$order->[2]: linked");
    isnt(session_of($b), $old_id, "$order->[2]: linking gives the session a new id");
    $t->sql('delete from mynumber_links');
    $attack->refused("$order->[2]: proofs left over after linking", '403 MNV0701', sub { $b->post_form($url{link}, { csrf => csrf($b) }) });
    $attack->refused("$order->[2]: and for unlinking", '403 MNV0701', sub { $b->post_form($url{unlink}, { csrf => csrf($b) }) });
    bearing($t, mynumber => $old_id)->post_form($url{link}, { csrf => $old_csrf });
    is(links(), 0, "$order->[2]: nothing was linked by these, nor by the form and cookie of before");
    $t->allow_log('MNV0501');
    nothing_left();
}
{
    my $b = with_both(%victim);
    $b->visit($t->url('/mynumber/'));
    my $old = session_of($b);
    link_up($b);
    $attack->dead('the session id of before linking', $old);
    sign_in($t, $b);
    $b->visit($t->url('/mynumber/'));
    $old = session_of($b);
    ok(stands($b->form('unlink')->submit, linked => 0), 'unlinked');
    isnt(session_of($b), $old, 'unlinking gives the session a new id');
    $attack->dead('the session id of before unlinking', $old);
    $attack->refused('proofs left over after unlinking', '403 MNV0701', sub { $b->post_form($url{link}, { csrf => csrf($b) }) });
    $attack->refused('unlinking once more', '403 MNV0701', sub { $b->post_form($url{unlink}, { csrf => csrf($b) }) });
    sign_in($t, $b);
    $attack->refused('a new sign-in with the card of before unlinking', '403 MNV0702', sub { $b->post_form($url{link}, { csrf => csrf($b) }) });
    nothing_left();
}
{
    my $b = with_both(%victim);
    my ($csrf, $id) = (csrf($b), session_of($b));
    my $callback = callback_of($b, 'verify');
    my ($copy, $pending) = (twin($t, $b), twin($t, $b));
    $b->visit($t->url('/mynumber/'));
    $b->form('logout')->submit;
    $attack->dead('the session id of before the sign-out', $id, $csrf);
    $attack->refused('a copy of all cookies of before the sign-out', '403 MNV0501', sub { $copy->post_form($url{link}, { csrf => $csrf }) });
    $attack->refused('a flow begun before the sign-out', '400 MNV0202', sub { $b->get($callback) });
    ok(stands($pending->visit($callback), account => 0, identity => 1), 'a copy of the cookies finishes it: the card alone, nothing of the ended session');
    sign_in($t, $b);
    $attack->refused('a sign-in after the sign-out, the card of before', '403 MNV0702', sub { $b->post_form($url{link}, { csrf => csrf($b) }) });
    is(links(), 0, 'nothing was linked');
    nothing_left();
}

# --- somebody else's half slipped in, in both orders; login CSRF ---
for my $case ([ 'verify', \&sign_in, "the attacker's card under the victim's account", 'MNV0702' ], [ 'signin', \&verify, "the attacker's account beside the victim's card", 'MNV0701' ],
    [ 'signin', undef, 'login CSRF', undef ], [ 'verify', undef, 'card CSRF', undef ]) {
    my ($step, $has, $name, $missing) = @$case;
    my ($v, $a) = (browser_of(%victim), browser_of(%attacker));
    $has->($t, $v) if $has;
    my $id = session_of($v);
    my $callback = callback_of($a, $step);
    my $before = tokens();
    my $open = sub { $v->get($callback, initiator => 'https://evil.example') };
    $attack->refused("$name: the callback's URL", '400 MNV0202', $open);
    $v->jar->put({ %{ cookie($a, qr/^mnv-f-/) } });
    callback_of($v, $step);    # has a browser cookie for certain
    $attack->refused("$name: with the attacker's flow cookie", '400 MNV0205', $open);
    $v->jar->put({ %{ cookie($a, qr/^mnv-b$/) }, path => '/mynumber' });
    $attack->refused("$name: and the attacker's browser cookie beside the victim's", '400 MNV0202', $open);
    is(tokens(), $before, "$name: no call to the provider came of it");
    is(session_of($v), $id, "$name: the victim's session is what it was");
    $attack->refused("$name: nothing to link", "403 $missing", sub { $v->post_form($url{link}, { csrf => csrf($v) }) }) if $missing;
    nothing_left();
}

# The attacker's code in the victim's own flow: the provider refuses it (PKCE), or the nonce is another; after one call.
for my $step (qw(verify signin)) {
    my ($v, $a) = (browser_of(%victim), browser_of(%attacker));
    my ($mine, $theirs) = map { callback_of($_, $step) } $v, $a;
    my ($code) = $theirs =~ /[?&]code=([^&]+)/;
    $mine =~ s/([?&]code=)[^&]+/$1$code/;
    my $before = tokens();
    $attack->refused("$step: the attacker's code with the victim's state", '502 MNV0410', sub { $v->get($mine) });
    is(tokens(), $before + 1, "$step: one call to the provider");
    is(session_of($v), undef, "$step: no session came of it");
}

# A flow for one half at the other half's callback.
{
    my $v = browser_of(%victim);
    my $callback = callback_of($v, 'verify') =~ s{/verify/callback}{/signin/callback}r;
    $attack->refused("the card's answer at the sign-in's callback", '400 MNV0205', sub { $v->get($callback) });
}

# --- a flow used twice ---
for my $step (qw(verify signin)) {
    my $v = browser_of(%victim);
    my $callback = callback_of($v, $step);
    my @copies = map { twin($t, $v) } 1 .. 9;
    my $before = tokens();
    my @answers = at_once(map { my $b = $_; sub { $attack->answer($b->get($callback)) } } @copies[ 0 .. 7 ]);
    is(scalar(grep { m{^303 /mynumber/} } @answers), 1, "$step: of eight callbacks at once one is answered") or diag join ', ', @answers;
    is(scalar(grep { $_ eq '400 MNV0204' } @answers), 7, "$step: the others are told that it was used");
    $attack->refused("$step: a flow used again", '400 MNV0204', sub { $copies[8]->get($callback) });
    is(tokens(), $before + 1, "$step: one call to the provider, ever");
    nothing_left();
}

# --- two tabs: what is linked is what the page showed ---
for my $case ([ \&verify, person => 'adult2' ], [ \&sign_in, account => '9876543210' ]) {
    my ($step, @other) = @$case;
    my $b = with_both(%victim);
    my $shown = csrf($b);
    $step->($t, tab_with($b, %victim, @other));
    $attack->refused("two tabs: the form of a page that showed another $other[0]", '403 MNV0502', sub { $b->post_form($url{link}, { csrf => $shown }) });
    is(links(), 0, 'nothing was linked');
    nothing_left();
}

# --- a session id planted beforehand ---
{
    my $plant = sub { $_[0]->jar->put({ name => 'mynumber', value => $_[1], domain => 'localhost', host_only => 1 }) };
    my ($v, $a) = (browser_of(%victim), browser_of(%attacker));
    sign_in($t, $a);
    my $planted = session_of($a);
    $plant->($v, $planted);
    verify($t, $v);
    isnt(session_of($v), $planted, "the victim's card does not go into the id that was planted");
    $attack->dead("the attacker's own id, planted before the card", $planted);
    my $known = session_of($v);
    sign_in($t, $v);
    isnt(session_of($v), $known, "nor the victim's sign-in into one that was known");
    $attack->dead('an id known before the sign-in', $known);
    ok(stands($v->visit($t->url('/mynumber/')), account => 1, identity => 0), "the victim's sign-in takes nothing of the attacker's session along");
    verify($t, $v);
    $known = session_of($v);
    link_up($v);
    isnt(session_of($v), $known, 'linking leaves an id behind that was known before it');
    $attack->dead('an id known before linking', $known);
    nothing_left();
}
# Who knew the id before linking has seen the form too; only the browser that sent it may send it again and be told the new id.
for my $form (qw(link unlink)) {
    my $b = with_both(%victim);
    $b->visit($t->url('/mynumber/'));
    if ($form eq 'unlink') { link_up($b); sign_in($t, $b) }
    my ($csrf, $known) = (csrf($b), session_of($b));
    my ($again, $a) = (twin($t, $b), browser_of(%attacker));
    callback_of($a, 'signin');    # has a browser cookie
    $a->visit($t->url('/mynumber/'));
    $a->jar->put({ name => 'mynumber', value => $known, domain => 'localhost', host_only => 1 });
    $b->visit($t->url('/mynumber/'));
    $b->form($form)->submit;
    $attack->refused("an id known before, the form of before: $form again", '403 MNV0501', sub { $a->post_form($url{$form}, { csrf => $csrf }) });
    $attack->refused('the same without a browser cookie', '403 MNV0501', sub { bearing($t, mynumber => $known)->post_form($url{$form}, { csrf => $csrf }) });
    is($again->post_form($url{$form}, { csrf => $csrf })->code, 303, "the browser's own form again is done");
    is(session_of($again), session_of($b), 'and tells the new id');
    # The answer was lost, and the person signs out: it is the session with the new id that ends.
    my $id = session_of($b);
    my $lost = twin($t, $again);
    $lost->jar->put({ name => 'mynumber', value => $known, domain => 'localhost', host_only => 1 });
    $attack->refused("signed out with the id of before: $form", '303 /mynumber/logout/done', sub { $lost->post_form($url{logout}, { csrf => $csrf }) });
    $attack->dead("what a sign-out with the id of before ended: $form", $id);
    nothing_left();
}

# --- another site's session of the same name, in one database ---
{
    my $second = 'http://localhost:' . $t->port('second');
    my $b = with_both(%victim);
    my $csrf = csrf($b);
    is($b->get($t->url('/account/'))->code, 200, 'the session is in the cache of the first site');
    is(scalar(grep { $_->code == 200 } map { $b->get("$second/account/") } 1 .. 6), 0, 'and admitted at none of six requests to the second');
    my $info = $b->fetch("$second/mynumber/info")->json;
    is($info->{account} // $info->{identity}, undef, "the second site's /info knows nobody");
    $attack->refused("another site's session: link", '403 MNV0501', sub { $b->post_form("$second/mynumber/link", { csrf => $csrf }) });
    $attack->refused("another site's session: admission", '303 sign-in', sub { bearing($t, mynumber => session_of($b))->get("$second/account/") });
    is($b->get($t->url('/account/'))->code, 200, 'the first site still knows it');
    my $before = tokens();
    my $callback = callback_of($b, 'verify') =~ s{^\Q${\ $t->base}\E}{$second}r;
    $attack->refused("another site's flow", '400 MNV0205', sub { $b->get($callback) });
    is(tokens(), $before, 'called no provider');
    is(links(), 0, 'nothing was linked');
    nothing_left();
}

# --- one connection, as a proxy in front has with all of its browsers ---
{
    my ($v, $a) = (with_both(%victim), with_both(%attacker));
    my @cookies = map { $_ ? 'Cookie: mynumber=' . session_of($_) . "\r\n" : '' } $v, $a, undef, $v, $a, undef;
    my $answers = MNV::Browser::raw('localhost', $t->port, join '', map { my $last = $_ == $#cookies ? "Connection: close\r\n" : ''; "GET /account/ HTTP/1.1\r\nHost: localhost:" . $t->port . "\r\n$cookies[$_]$last\r\n" } 0 .. $#cookies);
    my @who = $answers =~ /"MYNUMBER_ACCOUNT":"([^"]*)"|^HTTP\/1\.1 (303)/mg;
    is(join(' ', grep { defined } @who), "sub-$victim{account} sub-$attacker{account} 303 sub-$victim{account} sub-$attacker{account} 303", 'each request of a connection has its own session');
    $attack->row('requests of several persons in one connection', 'each is who its own cookie says', 'none');
    nothing_left();
}

# --- proofs of an issuer that is no longer the configured one ---
{
    my $b = with_both(%victim);
    my $csrf = csrf($b);
    $t->graceful($t->default_config(location => $second_site, signin => "MyNumberSignInProvider http://127.0.0.1:\@PORT:nobody\@\nMyNumberSignInClientID nobody\nMyNumberSignInClientKey \"\@CLIENTKEY\@\"\n"));
    $attack->refused('proofs of an issuer that is not configured any more', '403 MNV0706', sub { $b->post_form($url{link}, { csrf => $csrf }) });
    $t->allow_log(map { sprintf 'MNV04%02d', $_ } 1 .. 5);
    is(links(), 0, 'nothing was linked');
}

$attack->table;
$t->done;
