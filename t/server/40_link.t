# The right to link and to unlink: what is refused, and that the database decides races.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(stands sign_in verify link_up linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
$t->start($t->default_config);
my $link = $t->url('/mynumber/link');
my $unlink = $t->url('/mynumber/unlink');

sub links { return scalar @{ $t->sql('select id from mynumber_links') } }

sub refused {
    my ($page, $code, $name) = @_;
    my ($got) = $page->text =~ /\b(MNV\d{4})\b/;
    is($got, $code, "$name: $code") or diag($page->code . ' ' . $page->url . "\n" . substr($page->text, 0, 400));
    $t->allow_log($code);
}

# Without a session, a token, from elsewhere.
my $b = $t->browser;
refused($b->post_form($link, { csrf => 'x' }), 'MNV0501', 'no session');
$p->signin_is(account => '0123456789');
$p->card_is(person => 'adult');
sign_in($t, $b);
my $page = verify($t, $b);
my $csrf = $b->form('link')->value('csrf');
refused($b->post_form($link, {}), 'MNV0502', 'no token');
refused($b->post_form($link, { csrf => "x$csrf" }), 'MNV0502', 'a wrong token');
refused($b->post_form($link, [ csrf => $csrf, csrf => $csrf ]), 'MNV0504', 'the token twice');
refused($b->post_form($link, { csrf => $csrf }, origin => 'https://evil.example'), 'MNV0503', 'from another site');
refused($b->post_form($link, { csrf => $csrf, return => 'https://evil.example/' }), 'MNV0213', 'to return elsewhere');
is($b->get("$link?csrf=$csrf")->code, 405, 'GET does not link');
$t->allow_log('MNV0104');
is(links(), 0, 'nothing was linked by any of these');

# One half is not enough.
my $half = $t->browser;
sign_in($t, $half);
my $half_page = $half->visit($t->url('/mynumber/'));
my $half_csrf = $half->form('logout')->value('csrf');
refused($half->post_form($link, { csrf => $half_csrf }), 'MNV0702', 'account half alone');
refused($half->post_form($link, { csrf => $csrf }), 'MNV0502', "another browser's token");

# The link, once; the proofs are used up by it.
$b->visit($t->url('/mynumber/'));
$page = link_up($b);
ok(stands($page, linked => 1), 'linked');
$csrf = $b->form('logout')->value('csrf');
is($b->post_form($link, { csrf => $csrf })->code, 303, 'pressing again says that it is done');
refused($b->post_form($unlink, { csrf => $csrf }), 'MNV0701', 'unlinking without a new sign-in');
is(links(), 1, 'one link');

# One to one.
my $other = $t->browser;
$p->card_is(person => 'adult2');
sign_in($t, $other);
verify($t, $other);
$other->visit($t->url('/mynumber/'));
$csrf = $other->form('logout')->value('csrf');
refused($other->post_form($link, { csrf => $csrf }), 'MNV0703', 'the account has another card');
$other = $t->browser;
$p->card_is(person => 'adult');
$p->signin_is(account => '9876543210');
sign_in($t, $other);
verify($t, $other);
$other->visit($t->url('/mynumber/'));
$csrf = $other->form('logout')->value('csrf');
my $taken = $other->post_form($link, { csrf => $csrf });
refused($taken, 'MNV0704', 'the card has another account');
unlike($taken->text, qr/0123456789/, 'without telling which');

# A sign-in as somebody else takes nothing along.
$p->signin_is(account => '1111111111');
$page = sign_in($t, $other);
ok(stands($page, account => 1, identity => 0), 'another account starts a new session');

# Unlink with the account alone; other sessions of both ends are over.
my $phone = $t->browser;
$p->signin_is(account => '0123456789');
sign_in($t, $phone);
is($phone->get($t->url('/linked/'))->code, 200, 'a second browser of the same person is let in');
sign_in($t, $b);
$b->visit($t->url('/mynumber/'));
$page = $b->form('unlink')->submit;
ok(stands($page, linked => 0), 'unlinked');
is(links(), 0, 'the link is gone');
is($phone->get($t->url('/linked/'))->code, 303, 'the second browser is no longer let in');
is_deeply([ map { $_->{event} } @{ $t->sql('select event from mynumber_link_history order by at, event') } ],
    [ 'linked', 're-verified', 'unlinked' ], 'history keeps all');
$csrf = $b->form('logout')->value('csrf');
refused($b->post_form($unlink, { csrf => $csrf }), 'MNV0701', 'the right to unlink is used up');
refused($b->post_form($link, { csrf => $csrf }), 'MNV0701', 'and the right to link with it');

# Two browsers racing for one identity: one link, one clear refusal.
for my $round (1 .. 3) {
    my @racers;
    for my $account (qw(2222222222 1111111111)) {
        my $racer = $t->browser;
        $p->signin_is(account => $account);
        $p->card_is(person => 'kanji');
        sign_in($t, $racer);
        verify($t, $racer);
        push @racers, [ $racer, $racer->form('link')->value('csrf') ];
    }
    my @pids;
    for my $racer (@racers) {
        my $pid = fork // die "could not fork: $!";
        if (!$pid) {
            my $answer = $racer->[0]->post_form($link, { csrf => $racer->[1] });
            my ($code) = $answer->text =~ /\b(MNV\d{4})\b/;
            POSIX::_exit($answer->code == 303 ? 10 : ($code // '') eq 'MNV0704' ? 20 : 30);
        }
        push @pids, $pid;
    }
    my @results = sort map { waitpid $_, 0; $? >> 8 } @pids;
    is("@results", '10 20', "race $round: one link, one refusal");
    is(links(), 1, "race $round: one row");
    $t->allow_log('MNV0704');
    $t->sql('delete from mynumber_links');
}

# At rest nothing is readable.
linked_person($t, '0123456789', 'adult');
my $raw = do { local (@ARGV, $/) = glob($t->path('db/mynumber.db*')); join '', map { local $/; open my $in, '<:raw', $_; <$in> } glob($t->path('db/mynumber.db*')) };
for my $text ('山田太郎', '0123456789', 'standin') {
    utf8::encode(my $bytes = $text);
    ok(index($raw, $bytes) < 0, "\"$text\" is not in the database file");
}
# Linking gives the session a new id; the old one opens nothing any more, not even the service page.
{
    my $c = $t->browser;
    $p->signin_is(account => '1111111111');
    $p->card_is(person => 'foreign');
    sign_in($t, $c);
    verify($t, $c);
    my $csrf = $c->form('link')->value('csrf');
    my %old = %{ $c->jar->cookie('mynumber') };
    $c->form('link')->submit;
    isnt($c->jar->cookie('mynumber')->{value}, $old{value}, 'another id after linking');
    is($c->get($t->url('/linked/'))->code, 200, 'which is let in');
    my $thief = $t->browser;
    $thief->jar->put({%old});
    is($thief->get($t->url($_))->code, 303, "the old id is refused at $_") for qw(/linked/ /account/ /verified/);
    is($thief->fetch($t->url('/mynumber/info'))->json->{account}, undef, 'and has no account');

    # The page of before is shown a moment longer: its form says what is true.
    like($c->post_form($link, { csrf => $csrf })->header('Location'), qr/notice=linked/, 'the form of before, with the new id');

    # The same form once more is the one thing it is good for, in the browser that sent it and for a minute.
    $thief->jar->put({%old});
    refused($thief->post_form($link, { csrf => $csrf }), 'MNV0501', 'the form again from another browser');
    $thief->jar->put({ %{ $c->jar->cookie('mnv-b') } });
    $thief->jar->put({%old});
    like($thief->post_form($link, { csrf => $csrf })->header('Location'), qr/notice=linked/, 'the same form again says that it is done');
    is($thief->jar->cookie('mynumber')->{value}, $c->jar->cookie('mynumber')->{value}, 'and tells the new id');
    $t->sql('update mynumber_sessions set seen_at = seen_at - 61 where account_hash is null and identity_hash is null');
    $thief->jar->put({%old});
    refused($thief->post_form($link, { csrf => $csrf }), 'MNV0501', 'not after a minute');

    sign_in($t, $c);
    $c->visit($t->url('/mynumber/'));
    %old = %{ $c->jar->cookie('mynumber') };
    $c->form('unlink')->submit;
    isnt($c->jar->cookie('mynumber')->{value}, $old{value}, 'another id after unlinking');
    $thief->jar->put({%old});
    is($thief->get($t->url('/account/'))->code, 303, 'the old one is refused');
}

$t->done;
