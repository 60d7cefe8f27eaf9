# Many persons link, unlink and sign out at once, and many of them against somebody who wants the same account or card: at the end every account and every card has one link
# at most, who lost was told so, and the history tells of each link its whole life. SQLite, processes with eight threads each.
#
#   MNV_GROUPS=40 MNV_ROUNDS=10 prove -v t/server/45_linking_races.t
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use MNV::Test;
use MNV::Journey qw(sign_in verify);
use MNV::Attack qw(at_once session_of twin);

my $groups = $ENV{MNV_GROUPS} // 10;
my $rounds = $ENV{MNV_ROUNDS} // 2;

my $t = MNV::Test->new(mpm => 'event');
my $p = $t->providers(
    card => { persons => { map { ("$_" => { name => "person of group $_" }) } map { ("${_}x", "${_}y") } 1 .. $groups } },
    signin => { accounts => { map { ("$_" => { claims => {} }) } map { ("${_}a", "${_}b") } 1 .. $groups } });
$t->start($t->default_config(server => "StartServers 3\nThreadsPerChild 8\nMaxRequestWorkers 32\nMinSpareThreads 8\nMaxSpareThreads 32\nMyNumberMaxOutbound 32\n"));
$t->expect_log(qw(MNV0703 MNV0704));    # what whoever comes second is told
my $url = $t->url('/mynumber/');

sub ready {
    my ($account, $person) = @_;
    my $b = $t->browser(headers => [ [ 'X-Standin-Account', $account ], [ 'X-Standin-Person', $person ] ]);
    sign_in($t, $b);
    verify($t, $b);
    return [ $b, { csrf => $b->form('link')->value('csrf') } ];
}

# Post forms at the same moment: [browser, fields, "link"], ... Returns [answer, session id], ...
sub race {
    return map { [ split / \| /, $_ ] } at_once(map { my ($b, $fields, $form) = @$_; sub {
        my $r = $b->post_form("$url$form", $fields);
        return join ' | ', join(' ', $r->code, $r->mnv_code // ($r->header('Location') // '') =~ /(unlinked|linked|done)\b/), session_of($b) // '';
    } } @_);
}

# The kinds of races; each ends with one link. [name, racers of a group, what the two may be told]
my @kinds = (
    [ 'double click', sub { my $one = ready("$_[0]a", "$_[0]x"); return [ @$one, 'link' ], [ twin($t, $one->[0]), $one->[1], 'link' ] }, qr/^303 linked, 303 linked$/ ],
    [ 'two browsers of one person', sub { return map { [ @{ ready("$_[0]a", "$_[0]x") }, 'link' ] } 1, 2 }, qr/^303 linked, 303 linked$/ ],
    [ 'two accounts for one card', sub { return map { [ @{ ready("$_[0]$_[1]{$_}", "$_[0]x") }, 'link' ] } qw(one other) }, qr/^303 linked, 409 MNV0704$/ ],
    [ 'two cards for one account', sub { return map { [ @{ ready("$_[0]a", "$_[0]$_") }, 'link' ] } qw(x y) }, qr/^303 linked, 409 MNV0703$/ ],
);

sub life {
    my ($group) = @_;
    my @told;
    for my $round (0 .. $rounds - 1) {
        my $kind = ($group + $round) % @kinds;
        my @racers = $kinds[$kind][1]->($group, { one => 'a', other => 'b' });
        my @answers = race(@racers);
        my ($winner) = grep { $answers[$_][0] eq '303 linked' } 0, 1;
        my $b = defined $winner ? $racers[$winner][0] : undef;
        $b->jar->put({ name => 'mynumber', value => $answers[$winner][1], domain => 'localhost', host_only => 1 }) if $b;
        my $admitted = $b ? $b->get($t->url('/linked/'))->code : 'nobody';
        my $unlinked = 'stays';
        if ($b && $round < $rounds - 1) {    # the last round's links stay
            sign_in($t, $b);
            $b->visit($url);
            my $fields = { csrf => $b->form('unlink')->value('csrf') };
            $unlinked = join ', ', sort map { $_->[0] } race([ $b, $fields, 'unlink' ], [ twin($t, $b), $fields, 'unlink' ]);
        }
        push @told, [ $kind, join(', ', sort map { $_->[0] } @answers), $admitted, $unlinked ];
    }
    return JSON::PP->new->canonical->encode(\@told);
}

ready('1a', '1x');    # the schema is there now
$t->sql('DELETE FROM mynumber_sessions');
my @lives = at_once(map { my $group = $_; sub { life($group) } } 1 .. $groups);
my %seen;
for my $group (1 .. $groups) {
    my $told = eval { JSON::PP->new->decode($lives[ $group - 1 ]) } or do { fail("group $group lives on: $lives[$group - 1]"); next };
    my @wrong = grep { my ($kind, $answers, $admitted, $unlinked) = @$_;
        $answers !~ $kinds[$kind][2] || $admitted ne 200 || $unlinked !~ /^(?:stays|303 unlinked, 303 unlinked)$/ } @$told;
    is_deeply(\@wrong, [], "group $group: each race has one winner, who is let in") or diag explain \@wrong;
    $seen{"$kinds[$_->[0]][0]: $_->[1]; unlinked twice: $_->[3]"}++ for @$told;
}
note("$seen{$_} x $_") for sort keys %seen;

my ($links) = @{ $t->sql('SELECT count(*) AS n, count(DISTINCT account_hash) AS accounts, count(DISTINCT identity_hash) AS identities FROM mynumber_links') };
is_deeply($links, { n => $groups, accounts => $groups, identities => $groups }, 'one link for each account and for each card') or diag explain $links;
my $history = $t->sql(q{SELECT h.link_id, sum(event = 'linked') AS made, sum(event = 'unlinked') AS removed, count(l.id) > 0 AS alive FROM mynumber_link_history h LEFT JOIN mynumber_links l ON l.id = h.link_id GROUP BY h.link_id});
is(scalar @$history, $groups * $rounds, 'the history knows each link that was made');
is_deeply([ grep { $_->{made} != 1 || $_->{removed} != 1 - $_->{alive} } @$history ], [], 'each was made once, and is there or was removed once');
is(scalar(() = $t->error_log =~ /MNV1605/g), $groups * $rounds, 'and the log tells each once');
is_deeply([ map { $_->{n} } @{ $t->sql('SELECT count(*) AS n FROM mynumber_sessions WHERE (account_hash IS NULL) <> (identity_hash IS NULL)') } ], [0], 'no session lost a half');
is(scalar(() = $t->access_log =~ /" 5\d\d /g), 0, 'no answer was an error of the server');
$t->done;
