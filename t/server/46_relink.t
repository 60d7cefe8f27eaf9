# A person whose subject changed (a certificate that lapsed, issued anew) replaces the link by a guided path: both halves afresh, one step, history and notification of both, and the old identity opens nothing any more.
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use MNV::Test;
use MNV::Journey qw(stands sign_in verify link_up linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
my $told = $t->path('logs/told');
$t->write_file('conf/tell', "#!/bin/sh\nexec cat >>$told\n", 0755);
my $config = sub {
    $t->default_config(server => "MyNumberRecheck 0s\nMyNumberLinkNotify \"|\@DIR\@/conf/tell\"\n$_[0]",
        location => "<Location /show/card>\n  AuthType mynumber\n  Require mynumber-account\n  MyNumberEntry card\n  MyNumberExport account method\n</Location>\n");
};
$t->start($config->(''));
my $link = $t->url('/mynumber/link');

sub account { my ($account, $person) = @_; my $b = $t->browser(language => 'ja'); $p->signin_is(account => $account); sign_in($t, $b); if ($person) { $p->card_is(person => $person); verify($t, $b) } return $b }
sub by_card { my ($person) = @_; my $b = $t->browser; $p->card_is(person => $person); verify($t, $b); return $b }
sub links { return [ map { "$_->{id}" } @{ $t->sql('select id from mynumber_links order by linked_at, id') } ] }
sub history { return [ map { join ' ', grep { length } @$_{qw(event by_whom why)} } @{ $t->sql('select event, by_whom, why from mynumber_link_history order by rowid') } ] }
sub enters { my $r = $_[0]->get($t->url('/show/card')); return $r->code == 200 ? $r->json->{env}{MYNUMBER_ACCOUNT} : $r->mnv_code // $r->code }

# Before: the link with the old subject, and sessions that stand on it.
my $elsewhere = linked_person($t, '0123456789', 'changed');
my $phone = by_card('changed');
is(enters($phone), 'sub-0123456789', 'the old card enters');
my $before = links();

# --- the path ---------------------------------------------------------------------------------
my $b = account('0123456789', 'changed-after');
my $page = $b->visit($t->url('/mynumber/'));
ok(stands($page, account => 1, identity => 1, linked => 0, conflict => 'account'), 'the page tells that the account is linked with another verification');
like($page->text, qr/再発行などにより本人確認情報が変わった場合は、今の連携を今回のものに置き換えられます/, 'and, in words, that it can be replaced');
like($b->get($t->url('/mynumber/?lang=en'))->text, qr/If the card just used is your own and the identity has changed.*you can replace the present link/s, 'in English too');
$b->visit($t->url('/mynumber/?return=%2Fshow%2Fcard'));
is($b->form('link')->value('replace'), $before->[0], 'the form names the link that the person saw');

# Refusals leave everything as it was.
my $csrf = $b->form('link')->value('csrf');
my $refused = sub {
    my ($what, $r, $code) = @_;
    is($r->mnv_code, $code, "refused: $what");
    is_deeply(links(), $before, 'and nothing changed');
};
$t->expect_log(qw(MNV0502 MNV0503 MNV0504 MNV0701 MNV0702 MNV0703 MNV0704));
$refused->('without saying so', $b->post_form($link, { csrf => $csrf }), 'MNV0703');
$refused->('another link than the present one', $b->post_form($link, { csrf => $csrf, replace => 'A' x 22 }), 'MNV0703');
$refused->('any value', $b->post_form($link, { csrf => $csrf, replace => 1 }), 'MNV0703');
$refused->('a wrong token', $b->post_form($link, { csrf => 'x' x 43, replace => $before->[0] }), 'MNV0502');
$refused->('from another site', $b->post_form($link, { csrf => $csrf, replace => $before->[0] }, origin => 'https://evil.example.test'), 'MNV0503');
$refused->('said twice', $b->request(POST => $link, headers => [ [ 'Content-Type', 'application/x-www-form-urlencoded' ], [ 'Origin', $t->base ], [ 'Sec-Fetch-Mode', 'navigate' ] ],
    body => "csrf=$csrf&replace=$before->[0]&replace=$before->[0]"), 'MNV0504');
{
    my $only = account('0123456789');
    $only->visit($t->url('/mynumber/'));
    my $form = { csrf => $only->form('logout')->value('csrf'), replace => $before->[0] };
    is(verify($t, by_card('changed-after'))->code, 200, 'the new card elsewhere');
    # linked, and without a card of this session
    is($only->post_form($link, $form)->mnv_code, 'MNV0702', 'refused: the card was not held in this session');
    my $card = by_card('changed-after');
    $card->visit($t->url('/mynumber/'));
    is($card->post_form($link, { csrf => $card->form('logout')->value('csrf'), replace => $before->[0] })->mnv_code, 'MNV0701', 'refused: nobody signed in in this session');
    is_deeply(links(), $before, 'and nothing changed');
}
is_deeply(history(), [ 'linked self', map { 're-verified self' } 1 ], 'the history has no more than was done') or note explain history();

# Done.
$b->visit($t->url('/mynumber/?return=%2Fshow%2Fcard'));
my $form = $b->form('link');
$page = $form->submit;
is($page->code == 200 && $page->json->{env}{MYNUMBER_ACCOUNT}, 'sub-0123456789', 'replaced, and on to the place');
my $after = links();
ok(@$after == 1 && $after->[0] ne $before->[0], 'one link, and it is a new one');
is_deeply([ @{ history() }[ -2, -1 ] ], [ 'unlinked self replaced', 'linked self' ], 'the history keeps both');
ok(stands($b->visit($t->url('/mynumber/')), linked => 1), 'the page shows it');
my @told;
MNV::Test::wait_for(sub { open my $in, '<', $told or return 0; @told = <$in>; @told >= 3 }, 10);
is_deeply([ map { my $e = JSON::PP->new->utf8->decode($_); "$e->{event} $e->{account}" } @told ], [ 'linked sub-0123456789', 'unlinked sub-0123456789', 'linked sub-0123456789' ], 'the program is told of both');
is(enters($phone), 303, "the old card's session is over");
is($elsewhere->get($t->url('/account/'))->code, 303, 'so is every other session of the account');
is(enters(by_card('changed')), 'MNV0805', 'the old card alone no longer enters');
is(enters(by_card('changed-after')), 'sub-0123456789', 'the new one does');
like($t->error_log, qr/MNV1609/, 'the log tells it');

# The proofs are used up, and the same form again does nothing.
my $rows = @{ history() };
$b->visit($t->url('/mynumber/'));
$t->allow_log(qw(MNV0502));
$b->post_form($link, { csrf => $csrf, replace => $before->[0] });
is(scalar @{ history() }, $rows, 'the old form again: nothing is done twice');
$p->card_is(person => 'kanji');
verify($t, $b);
$page = $b->visit($t->url('/mynumber/'));
ok(stands($page, conflict => 'account'), 'another card after that');
like($page->text, qr/15 分以内/, 'the sign-in of before gives no right any more: told');
unlike($page->body, qr/name="replace"/, 'and no button');
my ($again) = $page->body =~ m{href="([^"]*/signin[^"]*)"};
ok($again, 'but one to sign in again');
is($b->post_form($link, { csrf => $b->form('logout')->value('csrf'), replace => $after->[0] })->mnv_code, 'MNV0701', 'the form itself is refused');

# Pressed twice at once, as people do.
{
    my $two = account('0123456789', 'changed');
    $two->visit($t->url('/mynumber/'));
    my %form = (csrf => $two->form('link')->value('csrf'), replace => $two->form('link')->value('replace'));
    my $old = $two->jar->cookie('mynumber')->{value};
    is($two->post_form($link, \%form)->code, 303, 'pressed');
    $two->jar->put({ %{ $two->jar->cookie('mynumber') }, value => $old });
    my $again = $two->post_form($link, \%form);
    like($again->header('Location') // '', qr/notice=linked/, 'pressed twice: done, and told so');
    is(scalar @{ links() }, 1, 'one link');
}

# --- somebody else's identity ------------------------------------------------------------------
linked_person($t, '9876543210', 'adult2');
$before = links();
my $thief = account('0123456789', 'adult2');
$page = $thief->visit($t->url('/mynumber/'));
ok(stands($page, conflict => 'account'), 'an identity that is linked to another account');
unlike($page->body, qr/name="replace"/, 'no button to replace with it');
my ($own) = map { $_->{id} } @{ $t->sql("select l.id from mynumber_links l join mynumber_link_history h on h.link_id = l.id and h.event = 'linked' order by h.rowid") };
$refused->('an identity linked to another account (one-to-one)', $thief->post_form($link, { csrf => $thief->form('logout')->value('csrf'), replace => $_ }), 'MNV0704') for $own;

# --- what holds for any new link -----------------------------------------------------------------
$t->restart($config->("MyNumberLinkHold 1h\nMyNumberLinkSignInAcr mfa\n"));
$p->control(signin => { acr => 'pwd' });
$b = account('0123456789', 'foreign');
$page = $b->visit($t->url('/mynumber/'));
unlike($page->body, qr/name="replace"/, 'MyNumberLinkSignInAcr: no button after a weak sign-in');
like($page->text, qr/より強い方法/, 'and the page says why');
$t->expect_log('MNV0707');
$refused->('a weak sign-in', $b->post_form($link, { csrf => $b->form('logout')->value('csrf'), replace => $own }), 'MNV0707');
$p->control(signin => { acr => 'mfa' });
$b = account('0123456789', 'foreign');
$b->visit($t->url('/mynumber/'));
ok(stands($b->form('link')->submit, linked => 1), 'after a strong one it is replaced');
is(enters(by_card('foreign')), 'MNV0806', 'MyNumberLinkHold: and that card alone waits');
$t->done;
