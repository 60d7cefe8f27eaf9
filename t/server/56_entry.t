# Card first: a linked person gets in with the card alone where the location says so, and nobody else does. With it what guards the link:
# MyNumberLinkHold, MyNumberLinkSignInAcr, MyNumberLinkNotify.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(stands sign_in verify linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
my $told = $t->write_file('run/told', '', 0666);
my $program = $t->write_file('conf/notify', "#!/bin/sh\nexec cat >>$told\n", 0755);
my $rules = join '', map {
    my $entry = $_;
    map { "<Location /show/$entry/$_>\n  AuthType mynumber\n  Require mynumber-$_\n  MyNumberEntry $entry\n  MyNumberExport account account-issuer subject method linked name\n</Location>\n" }
      qw(account verified linked)
} qw(account card choose);
$rules .= "<Location /show/card/user>\n  AuthType mynumber\n  Require valid-user\n  MyNumberEntry card\n</Location>\n"
  . "<Location /show/choose/user>\n  AuthType mynumber\n  Require valid-user\n  MyNumberEntry choose\n</Location>\n";
my $config = sub { $t->default_config(location => $rules, modules => ['authz_user'], server => "MyNumberLinkNotify \"|$program\"\nMyNumberRecheck 0s\n" . ($_[0] // '')) };
$t->start($config->());

sub at { my ($r) = @_; my $to = $r->header('Location') // ''; return $to =~ m{/realms/main/} ? 'card' : $to =~ m{/university/} ? 'sign-in' : $to =~ m{/mynumber/} ? 'service page' : $to }
# What a location answers: "200 account", "303 card", "403 MNV0805".
sub answer {
    my ($b, $path) = @_;
    my $r = $b->get($t->url("/show$path"));
    return '200 ' . ($r->json->{env}{MYNUMBER_METHOD} // 'nobody') . ' ' . ($r->json->{env}{REMOTE_USER} // '') if $r->code == 200;
    return join ' ', $r->code, $r->mnv_code // at($r);
}
sub card_only { my ($person) = @_; my $b = $t->browser; $p->card_is(person => $person); verify($t, $b); return $b }

linked_person($t, '0123456789', 'adult');
my %who = (
    nobody => sub { $t->browser },
    linked_card => sub { card_only('adult') },
    unlinked_card => sub { card_only('kanji') },
    account => sub { my $b = $t->browser; $p->signin_is(account => '0123456789'); sign_in($t, $b); $b },
    other_account => sub { my $b = $t->browser; $p->signin_is(account => '9876543210'); sign_in($t, $b); $b },
);
# The truth table of the entries. SUBJECT: the pairwise subject, because no account is known there.
my %want = (
    nobody => {
        'account/account' => '303 sign-in', 'account/verified' => '303 card', 'account/linked' => '303 sign-in',
        'card/account' => '303 card', 'card/verified' => '303 card', 'card/linked' => '303 card', 'card/user' => '303 card',
        'choose/account' => '401 MNV0804', 'choose/verified' => '303 card', 'choose/linked' => '401 MNV0804', 'choose/user' => '401 MNV0804',
    },
    linked_card => {
        'account/account' => '303 sign-in', 'account/verified' => '200 card SUBJECT', 'account/linked' => '200 card SUBJECT',
        (map { ("$_/account" => '200 card sub-0123456789', "$_/verified" => '200 card sub-0123456789', "$_/linked" => '200 card sub-0123456789') } qw(card choose)),
        'card/user' => '200 nobody sub-0123456789',
    },
    unlinked_card => {
        'account/account' => '303 sign-in', 'account/verified' => '200 card SUBJECT', 'account/linked' => '303 sign-in',
        (map { ("$_/account" => '403 MNV0805', "$_/verified" => '200 card SUBJECT', "$_/linked" => '403 MNV0805') } qw(card choose)),
        'card/user' => '200 nobody SUBJECT',
    },
    account => { map { ("$_/account" => '200 account sub-0123456789', "$_/verified" => '200 account sub-0123456789', "$_/linked" => '200 account sub-0123456789') } qw(account card choose) },
    other_account => { map { ("$_/account" => '200 account sub-9876543210', "$_/verified" => '303 card', "$_/linked" => '303 card') } qw(account card choose) },
);
for my $who (sort keys %want) {
    my $b = $who{$who}->();
    for my $path (sort keys %{ $want{$who} }) {
        my $got = answer($b, "/$path");
        $got =~ s/ [\w-]{43}$/ SUBJECT/;
        is($got, $want{$who}{$path}, "$who at /$path");
        note(sprintf '%-14s %-17s %s', $who, "/$path", $got);
    }
}

# Who came by card receives the account, not its attributes of another day; elsewhere the account stays unknown.
my $b = $who{linked_card}->();
my $env = $b->get($t->url('/show/card/account'))->json->{env};
is_deeply([ @$env{qw(MYNUMBER_ACCOUNT MYNUMBER_METHOD MYNUMBER_LINKED HTTP_MYNUMBER_ACCOUNT)} ], [qw(sub-0123456789 card 1 sub-0123456789)], 'account, method and link are handed on');
is($b->get($t->url('/show/account/linked'))->json->{env}{MYNUMBER_ACCOUNT}, undef, 'a location entered by account is not told the account of a card');

# The way in, from a lost password to the page.
$b = $t->browser;
$p->card_is(person => 'adult');
my $page = $b->visit($t->url('/show/card/account?x=1'));
is($page->json->{env}{QUERY_STRING}, 'x=1', 'the card leads back to the very page');

# The choice: both ways lead back.
for my $way (qw(signin verify)) {
    $b = $t->browser(language => 'en');
    $p->signin_is(account => '0123456789');
    $page = $b->get($t->url('/show/choose/linked?x=1'));
    my ($url) = $page->body =~ /href="([^"]*\/$way\?[^"]*)"/;
    $url =~ s/&amp;/&/g;
    $page = $b->visit($t->url($url));
    is($page->code == 200 && $page->json->{env}{MYNUMBER_METHOD}, $way eq 'signin' ? 'account' : 'card', "chosen: $way");
}
is($t->browser->fetch($t->url('/show/choose/linked'))->code, 401, 'a script is told in JSON');
like($t->browser->fetch($t->url('/show/choose/linked'))->json->{cure}, qr{^\Q@{[$t->url('/mynumber/')]}}, 'and where both ways are offered');

# An unlinked card: the page leads to where the two are linked.
$b = $who{unlinked_card}->();
$page = $b->get($t->url('/show/card/account'));
like($page->body, qr{href="[^"]*/mynumber/\?return=}, 'an unlinked card is shown the way to link it');

# The link is removed: the card opens nothing any more.
my $phone = $who{linked_card}->();
is(answer($phone, '/card/account'), '200 card sub-0123456789', 'the card opens');
$b = $who{account}->();
$b->visit($t->url('/mynumber/'));
$b->form('unlink')->submit;
is(answer($phone, '/card/account'), '303 card', 'unlinked: that session is over');
is(answer(card_only('adult'), '/card/account'), '403 MNV0805', 'and the card alone leads nowhere');

# Both were told.
my @told;
wait_for(sub { open my $in, '<', $told or die $!; @told = <$in>; @told >= 2 }, 10);
my @events = map { JSON::PP->new->utf8->decode($_) } @told;
is_deeply([ map { "$_->{event} $_->{account} $_->{by}" } @events ], [ 'linked sub-0123456789 self', 'unlinked sub-0123456789 self' ], 'MyNumberLinkNotify: the program is told of link and unlink');
is_deeply([ sort keys %{ $events[0] } ], [qw(account account_issuer at by event site)], 'and of nothing else');
unlike("@told", qr/山田|card/, 'nothing of the card');

# A new link is held.
$t->restart($config->("MyNumberLinkHold 1h\n"));
my $both = linked_person($t, '0123456789', 'adult');
is(answer($both, '/card/account'), '200 account sub-0123456789', 'MyNumberLinkHold: whoever signs in is let in');
my $held = card_only('adult');
is(answer($held, "/$_"), '403 MNV0806', "the card alone is not: /$_") for qw(card/account card/linked choose/linked);
is(answer($held, '/account/linked'), '303 sign-in', 'and elsewhere the link is not believed either');
$t->restart($config->("MyNumberLinkHold 1s\n"));
wait_for(sub { answer(card_only('adult'), '/card/account') eq '200 card sub-0123456789' }, 10);
is(answer(card_only('adult'), '/card/account'), '200 card sub-0123456789', 'later it is');

# Linking needs a stronger sign-in.
$t->sql('delete from mynumber_links');
$p->control(signin => { acr => 'pwd' });
$t->restart($config->("MyNumberLinkSignInAcr mfa phr\n"));
$b = $t->browser(language => 'en');
$p->signin_is(account => '0123456789');
sign_in($t, $b);
$page = verify($t, $b);
ok(stands($page, step => 3), 'both halves are there');
unlike($page->body, qr{action="[^"]*/link"}, 'MyNumberLinkSignInAcr: no button to link');
my ($again) = $page->body =~ /href="([^"]*signin\?for=link[^"]*)"/;
ok($again, 'but one to sign in as linking needs it');
$t->expect_log('MNV0707');
is($b->post_form($t->url('/mynumber/link'), { csrf => $b->form('logout')->value('csrf') })->mnv_code, 'MNV0707', 'the form itself is refused');
is(scalar @{ $t->sql('select * from mynumber_links') }, 0, 'nothing is linked');
$p->control(signin => { acr => 'mfa' });
$b->visit($t->url($again =~ s/&amp;/&/gr));
is($p->signin_requests->{authorizations}[-1]{params}{acr_values}, 'mfa phr', 'that is asked for');
$page = $b->visit($t->url('/mynumber/'));
ok(stands($b->form('link')->submit, linked => 1), 'and then links');

$t->done;
