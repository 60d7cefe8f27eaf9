# MyNumberAssurance: the institution's own statements, and those alone, reach applications, rules, expressions and /info; who lacks one that can be had is led to it.
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use MNV::Test;
use MNV::Journey qw(stands sign_in verify link_up linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
my %uri = (
    raf => 'https://refeds.org/assurance/version/2',
    low => 'https://refeds.org/assurance/IAP/low',
    high => 'https://refeds.org/assurance/IAP/high',
    ial2 => 'https://www.gakunin.jp/profile/IAL2',
    other => 'https://refeds.org/assurance/ID/unique',
);
my $statements = <<"EOC";
MyNumberAssurance verified $uri{raf} $uri{low}
MyNumberAssurance verified acr=standin-high $uri{high}
MyNumberAssurance linked $uri{raf} $uri{ial2}
EOC
my $locations = join '', map { "<Location /show/$_>\n  AuthType mynumber\n  Require mynumber-attribute identity:assurance $uri{$_}\n  MyNumberExport assurance\n</Location>\n" } sort keys %uri;
$locations .= <<"EOC";
<Location /show/any>
  AuthType mynumber
  Require mynumber-attribute identity:assurance $uri{other} https://www.gakunin.jp/*
</Location>
<Location /show/all>
  AuthType mynumber
  Require all granted
  MyNumberExport assurance
  Header set X-Assurance "expr=%{MYNUMBER:assurance}"
</Location>
<Location /show/hidden>
  AuthType mynumber
  Require all granted
  MyNumberExport verified
  Header set X-Assurance "expr=[%{MYNUMBER:assurance}]"
</Location>
EOC
my $start = sub { $t->restart($t->default_config(location => $locations, server => "MyNumberRecheck 0s\n$_[0]")) };
$start->($statements);

sub answer {
    my ($b, $name) = @_;
    my $r = $b->get($t->url("/show/$name"));
    my $to = $r->header('Location') // '';
    return $r->code == 303 ? ($to =~ m{/realms/} ? 'card' : $to =~ m{/university/} ? 'sign-in' : 'service') : $r->mnv_code // $r->code;
}
sub somebody {
    my ($account, $person, $acr) = @_;
    my $b = $t->browser;
    $p->control(card => { acr => $acr // 'standin-low' });
    if ($account) { $p->signin_is(account => $account); sign_in($t, $b) }
    if ($person) { $p->card_is(person => $person); verify($t, $b) }
    return $b;
}
$p->control(card => { acr => 'standin-low' });
linked_person($t, '0123456789', 'adult');

my %who = (
    nobody => [], card => [ undef, 'kanji' ], high_card => [ undef, 'kanji', 'standin-high' ], account => ['1111111111'], linked => ['0123456789'],
    linked_card => [ undef, 'adult', 'standin-high' ], two_halves => [ '1111111111', 'minor' ],
);
my @columns = qw(raf high ial2 other any);
my %want = (    #          raf       high      ial2      other     any       what is stated
    nobody      => [ qw(   card      card      sign-in   MNV0809   sign-in ), '' ],
    card        => [ qw(   200       MNV0809   sign-in   MNV0809   sign-in ), 'raf low' ],
    high_card   => [ qw(   200       200       sign-in   MNV0809   sign-in ), 'raf low high' ],
    account     => [ qw(   card      card      card      MNV0809   card    ), '' ],
    linked      => [ qw(   200       MNV0809   200       MNV0809   200     ), 'raf low ial2' ],
    linked_card => [ qw(   200       200       200       MNV0809   200     ), 'raf low high ial2' ],
    two_halves  => [ qw(   200       MNV0809   service   MNV0809   service ), 'raf low' ],
);
note(sprintf '%-12s' . ' %-8s' x @columns . ' stated', 'session', @columns);
for my $who (qw(nobody card high_card account linked two_halves linked_card)) {
    my $b = somebody(@{ $who{$who} });
    my @got = map { answer($b, $_) } @columns;
    my @stated = map { $uri{$_} } split / /, $want{$who}[-1];
    is($got[$_], $want{$who}[$_], "$who: needs $columns[$_]") for 0 .. $#columns;
    note(sprintf '%-12s' . ' %-8s' x @columns . ' %s', $who, @got, $want{$who}[-1]);
    my $page = $b->get($t->url('/show/all'));
    my $env = $page->json->{env};
    is($env->{MYNUMBER_ASSURANCE} // '', join(';', @stated), "$who: the variable");
    is($env->{HTTP_MYNUMBER_ASSURANCE} // '', join(';', @stated), "$who: the header");
    is($page->header('X-Assurance') // '', join(';', @stated), "$who: the expression");
    is_deeply($b->fetch($t->url('/mynumber/info'))->json->{assurance}, \@stated, "$who: /info");
    is($b->get($t->url('/show/hidden'))->header('X-Assurance'), '[]', "$who: an expression asks for nothing that is not exported");
}

# What a person can cure leads there and back.
my $b = somebody();
$p->card_is(person => 'kanji');
is($b->visit($t->url('/show/raf'))->code, 200, 'a card is all that this statement needs');
$b = somebody('9876543210', 'foreign');
my $page = $b->visit($t->url('/show/ial2'));
ok(stands($page, step => 3), 'who is not linked is led to where it is done');
is($b->form('link')->submit->code, 200, 'and then let in');

# Nobody can send it.
$page = $t->browser->request(GET => $t->url('/show/all'), extra => [ [ 'MyNumber-Assurance', $uri{ial2} ] ]);
is($page->json->{env}{HTTP_MYNUMBER_ASSURANCE}, undef, 'a copy that a client sends is removed');

# Records made under other statements are not believed: no sign-in anew is needed for it.
$b = somebody('0123456789');
$start->("MyNumberAssurance linked $uri{other}\n");
is(answer($b, 'other'), 200, 'another statement holds at once');
is(answer($b, 'ial2'), 'MNV0809', 'and one that is gone does not');

# A new link that is held states nothing of a card alone, nor does /info.
$start->("MyNumberLinkHold 1h\n$statements");
$b = somebody(undef, 'adult');
is($b->get($t->url('/show/all'))->json->{env}{MYNUMBER_ASSURANCE}, "$uri{raf};$uri{low}", 'held: the card states what a card does');
my $info = $b->fetch($t->url('/mynumber/info'))->json;
is_deeply([ $info->{assurance}, $info->{linked}, $info->{link} ], [ [ @uri{qw(raf low)} ], JSON::PP::false, undef ], 'held: /info says the same');

# The order of the configuration, through a second host.
my $dump = $t->dump($t->default_config(server => $statements, location => "<VirtualHost 127.0.0.1:\@PORT\@>\nServerName http://localhost:\@PORT\@\nMyNumberAssurance linked urn:x\n</VirtualHost>\n"));
is_deeply([ map { scalar @{ $_->{directives}{MyNumberAssurance}{value} } } @{ $dump->{hosts} } ], [ 3, 1 ], "a host's own lines stand in place of the server's");

# Asked for, and never stated.
for my $line ('MyNumberExport account assurance', 'Require mynumber-attribute identity:assurance urn:x') {
    my $config = $t->default_config(location => "<Location /x>\n  AuthType mynumber\n  $line\n</Location>\n");
    my @lines = split /\n/, $t->expand($config);
    my ($number) = grep { $lines[ $_ - 1 ] eq "  $line" } 1 .. @lines;
    my ($code, $out) = $t->configtest($config);
    my ($directive) = $line =~ /^(\w+)/;
    is($code, 0, "starts: $line");
    like($out, qr/MNV1345: line $number of \S+: $directive: assurance stays empty.*write one, or remove/, 'but tells that nothing is stated, where, and how to mend it');
    is(() = $out =~ /MNV1345/g, 1, 'once');
    (undef, $out) = $t->configtest($t->default_config(server => "MyNumberAssurance verified urn:x\n", location => "<Location /x>\n  AuthType mynumber\n  $line\n</Location>\n"));
    unlike($out, qr/MNV1345/, 'not where something is');
}
$t->allow_log('AH01630');    # mod_authz_core tells what nobody can cure
$t->done;
