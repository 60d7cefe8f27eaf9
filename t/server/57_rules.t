# Each rule by itself, also those that ask what somebody is: Require mynumber-age, -acr, -attribute, and fresh=. The table rule x session x outcome of every cell; step-up with one's own card and with another's.
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use MNV::Test;
use MNV::Journey qw(stands sign_in verify linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
my %rule = (
    account => 'mynumber-account',
    verified => 'mynumber-verified',
    linked => 'mynumber-linked',
    age18 => 'mynumber-age 18',
    age20 => 'mynumber-age 20',
    notage20 => 'not mynumber-age 20',
    acr => 'mynumber-acr aal9 standin-high',
    student => 'mynumber-attribute account:eduPersonAffiliation none student',
    gender => 'mynumber-attribute identity:gender female',
    tokyo => 'mynumber-attribute identity:address 東京都*',
    fresh => 'mynumber-verified fresh=1000',
    freshlink => 'mynumber-linked fresh=1000',
);
my $rules = join '', map {
    my $lines = $rule{$_} =~ /^not/ ? "  <RequireAll>\n  Require all granted\n  Require $rule{$_}\n  </RequireAll>\n" : "  Require $rule{$_}\n";
    "<Location /show/$_>\n  AuthType mynumber\n$lines  MyNumberExport account\n</Location>\n"
} sort keys %rule;
my $start = sub { $t->restart($t->default_config(location => $rules, server => "MyNumberLinkKeep name birthdate address\nMyNumberRecheck 0s\n$_[0]")) };
$p->control(card => { acr => 'standin-high' });
$start->('');

sub answer {
    my ($b, $name) = @_;
    my $r = $b->get($t->url("/show/$name"));
    my $to = $r->header('Location') // '';
    return $r->code == 303 ? ($to =~ m{/realms/} ? 'card' : $to =~ m{/university/} ? 'sign-in' : 'service') : $r->mnv_code // $r->code;
}
sub somebody {
    my ($account, $person) = @_;
    my $b = $t->browser;
    if ($account) { $p->signin_is(account => $account); sign_in($t, $b) }
    if ($person) { $p->card_is(person => $person); verify($t, $b) }
    return $b;
}
linked_person($t, '0123456789', 'adult');
linked_person($t, '9876543210', 'minor');

my %who = (
    nobody => [], adult => [ undef, 'adult' ], minor => [ undef, 'minor' ], missing => [ undef, 'null' ],
    linked_adult => ['0123456789'], linked_minor => ['9876543210'], unlinked => ['1111111111'],
    other_card => [ '0123456789', 'kanji' ], own_card => [ '0123456789', 'adult' ],
);
my @columns = qw(account verified linked age18 age20 notage20 acr student gender tokyo fresh freshlink);
my %want = (    #            account   verified  linked    age18     age20     notage20  acr       student   gender    tokyo     fresh     freshlink
    nobody       => [ qw(    sign-in   card      sign-in   card      card      200       card      sign-in   card      card      card      sign-in  ) ],
    adult        => [ qw(    sign-in   200       200       200       200       MNV0801   200       sign-in   MNV0809   200       200       200      ) ],
    minor        => [ qw(    sign-in   200       200       MNV0807   MNV0807   200       200       sign-in   MNV0809   MNV0809   200       200      ) ],
    missing      => [ qw(    sign-in   200       sign-in   MNV0810   MNV0810   200       200       sign-in   MNV0810   MNV0810   200       sign-in  ) ],
    linked_adult => [ qw(    200       200       200       200       200       MNV0801   200       200       card      200       card      card     ) ],
    linked_minor => [ qw(    200       200       200       MNV0807   MNV0807   200       200       MNV0809   card      MNV0809   card      card     ) ],
    unlinked     => [ qw(    200       card      card      card      card      200       card      200       card      card      card      card     ) ],
    other_card   => [ qw(    200       200       service   200       200       MNV0801   200       200       200       MNV0809   card      card     ) ],
    own_card     => [ qw(    200       200       200       200       200       MNV0801   200       200       MNV0809   200       200       200      ) ],
);
note(sprintf '%-13s' . ' %-9s' x @columns, 'session', @columns);
for my $who (sort keys %want) {
    my $b = somebody(@{ $who{$who} });
    my @got = map { answer($b, $_) } @columns;
    is($got[$_], $want{$who}[$_], "$who: Require $rule{ $columns[$_] }") for 0 .. $#columns;
    note(sprintf '%-13s' . ' %-9s' x @columns, $who, @got);
}
like($p->card_requests->{authorizations}[-1]{params}{scope}, qr/\bbirthdate\b.*\bgender\b|\bgender\b.*\bbirthdate\b/, 'the scope asks for what rules need');

# Values with the separator in them, and the page that says which rule in the person's language.
my $page = $t->browser(language => 'ja');
$p->card_is(person => 'minor');
verify($t, $page);
like($page->get($t->url('/show/age20'))->text, qr/決められた年齢/, 'under age: told in words, without the age of the person');
unlike($t->error_log, qr/2009-?\d\d-?\d\d|大阪|鈴木/, 'nothing of the person in the log');

# Step-up: one's own card, held again.
my $b = somebody('0123456789');
$p->card_is(person => 'adult');
is($b->visit($t->url('/show/freshlink'))->code, 200, 'the linked card again: straight back and in');
my $before = $b->jar->cookie('mynumber')->{value};

# Another person's card.
$start->("MyNumberSessionInactivity 20min\n");
$b = somebody('0123456789');
$p->card_is(person => 'kanji');
$t->expect_log(qw(MNV0708 MNV1608));
$page = $b->visit($t->url('/show/fresh'));
is($page->mnv_code, 'MNV0708', "another person's card is refused, and told");
is($b->fetch($t->url('/mynumber/info'))->json->{identity}{verified}, undef, 'and is no identity half');
ok(stands($b->visit($t->url('/mynumber/')), account => 1, identity => 0, linked => 1), 'the session is what it was');
is_deeply($t->sql("select event, why from mynumber_link_history where event = 'refused'"), [ { event => 'refused', why => 'another card' } ], 'and the history has it');
$p->card_is(person => 'adult');
is($b->visit($t->url('/show/fresh'))->code, 200, 'with the right card it goes on');

# Mistakes in the configuration.
for my $bad ('mynumber-age', 'mynumber-age x', 'mynumber-age 0', 'mynumber-age 18 19', 'mynumber-acr', 'mynumber-attribute affiliation x', 'mynumber-attribute account:x',
    'mynumber-attribute identity:subject x', 'mynumber-verified fresh=0', 'mynumber-verified fresh=x', 'mynumber-verified fresh=10 more', 'mynumber-linked old', 'mynumber-account fresh=1') {
    my ($code, $out) = $t->configtest($t->default_config(location => "<Location /x>\nAuthType mynumber\nRequire $bad\n</Location>\n"));
    ok($code && $out =~ /"Require mynumber-\w+": .*(?:write|takes no)/, "refused: Require $bad") or diag $out;
}
$t->allow_log("AH01630");    # mod_authz_core tells what nobody can cure
$t->done;
