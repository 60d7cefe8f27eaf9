# No redirect is endless: for every rule and everything that may be amiss (cookies, clocks, cache, database, providers) a browser that follows redirects ends on a page, after
# one round trip to each provider at most. 94_endless_redirect.t has what happens to a session cookie that does not come back.
use FindBin;
use lib "$FindBin::Bin/../lib";
use IPC::Open2 qw(open2);
use List::Util qw(max);
use Time::HiRes qw(time);
use MNV::Test;
use MNV::Journey qw(sign_in verify linked_person);
use MNV::Attack qw(at_once);
use MNV::Program;

my $HOPS = 12;    # a sign-in and a card: asked for, provider, callback, back; the link page
my %rules = (
    account => 'Require mynumber-account',
    verified => 'Require mynumber-verified',
    linked => 'Require mynumber-linked',
    valid => 'Require valid-user',
    all => '<RequireAll>; Require mynumber-account; Require mynumber-verified; </RequireAll>',
    any => '<RequireAny>; Require mynumber-verified; Require mynumber-account; </RequireAny>',
    every => '<RequireAll>; Require mynumber-linked; Require mynumber-verified; Require mynumber-account; Require valid-user; </RequireAll>',
    never => '<RequireAll>; Require mynumber-account; Require user nobody; </RequireAll>',
    neither => '<RequireAll>; Require mynumber-linked; Require not mynumber-linked; </RequireAll>',
    card => 'MyNumberEntry card; Require mynumber-account',
    choose => 'MyNumberEntry choose; Require mynumber-account',
    detour => '<RequireAny>; <RequireAll>; Require mynumber-account; Require user nobody; </RequireAll>; <RequireAll>; Require mynumber-verified; Require expr false; </RequireAll>; </RequireAny>',
);
my $locations = join '', map { "<Location /show/$_>\n  AuthType mynumber\n" . join('', map { "  $_\n" } split /\s*;\s*/, $rules{$_}) . "</Location>\n" } sort keys %rules;

my $t = MNV::Test->new;
my $p = $t->providers;
my $redis = MNV::Program->redis($t->dir);
my @options = (modules => [qw(authz_user socache_redis)], location => $locations,
    server => "MyNumberRecheck 1s\nMyNumberTimeout 1s 2s\nMyNumberMaxOutbound 32\nMyNumberSessionCache redis:127.0.0.1:" . $redis->port . "\n");
$t->start($t->default_config(@options));
# Of the rules' refusals; of what is made to go wrong below.
$t->allow_log(qw(AH01630 AH01631 MNV0801 MNV0804 MNV0805 MNV1441));
$p->signin_is(account => '0123456789');
$p->card_is(person => 'adult');

# A jar that refuses cookies.
my $n = 0;
sub refusing {
    my ($pattern, @options) = @_;
    my $b = $t->browser(@options);
    my $class = ref $b->jar;
    my $refusing = 'Refusing' . ++$n;
    no strict 'refs';
    @{"${refusing}::ISA"} = ($class);
    *{"${refusing}::take"} = sub { $class->can('take')->(@_) unless $_[2] =~ $pattern };
    bless $b->jar, $refusing;
    return $b;
}

# Behind a proxy that writes another Host for the URLs of a pattern.
sub proxied {
    my ($b, $pattern) = @_;
    my $class = ref $b;
    my $proxied = 'Proxied' . ++$n;
    no strict 'refs';
    @{"${proxied}::ISA"} = ($class);
    *{"${proxied}::request"} = sub {
        my ($self, $method, $url, %option) = @_;
        my @host = index($url, $t->base) == 0 && $url =~ $pattern ? [ 'Host', '127.0.0.1:' . $t->port ] : ();
        return $class->can('request')->($self, $method, $url, %option, extra => [ @{ $option{extra} // [] }, @host ]);
    };
    return bless $b, $proxied;
}

# Where following leads, in words: "200", "403 MNV0801", "link page", "stopped", "provider is gone"; then hops and round trips.
sub follow {
    my ($b, $url) = @_;
    my $page = eval {
        my $first = $b->visit($url);
        return $first if ($first->mnv_code // '') ne 'MNV0804';
        my ($signin) = $first->body =~ /href="([^"]*\/signin[^"]*)"/;    # both ways are offered: this one is taken
        my $next = $b->follow($b->click(MNV::Browser::Response::unescape($signin)));
        $next->{hops} = [ @{ $first->hops }, @{ $next->hops } ];
        return $next;
    };
    return $@ =~ /could not connect/ ? ('provider is gone', 1, 1) : ($@ =~ s/\n.*//sr, 99, 99) if !$page;
    my %trips;
    for my $hop (@{ $page->hops }) {
        my ($who) = grep { index($hop->[1], $p->$_->{issuer}) == 0 } qw(card signin);
        $trips{$who}++ if $who && $hop->[1] =~ /[?&]state=/;
    }
    my $end = $page->url =~ m{/mynumber/\?} ? ($page->url =~ /notice=stopped/ ? 'stopped' : 'link page') : join ' ', $page->code, $page->mnv_code // ();
    return ($end, scalar @{ $page->hops }, max(0, values %trips));
}

# One condition, every rule. What it ends with: a pattern for all, or by rule with "other" for the rest.
sub ends {
    my ($name, $expected, %option) = @_;
    my $make = $option{browser} // sub { $t->browser };
    my $base = $option{base} // $t->base;
    my @names = sort keys %rules;
    my $then = time;
    my @acts = map { my $rule = $_; sub { join "\t", follow($make->($rule), "$base/show/$rule") } } @names;
    my @ends = at_once(@acts);
    note(sprintf '%.1f s', time - $then);
    my @wrong;
    for my $i (0 .. $#names) {
        my ($end, $hops, $trips) = split /\t/, $ends[$i];
        my $wanted = ref $expected eq 'HASH' ? $expected->{ $names[$i] } // $expected->{other} : $expected;
        push @wrong, "$names[$i]: $end after $hops requests, $trips round trips" if $end !~ /^(?:$wanted)$/ || $hops > $HOPS || $trips > 1;
    }
    is(join("\n", @wrong), '', "$name: every rule ends with a page soon");
}

# --- nothing amiss, so that the rest is worth something ---
my %well = (linked => 'link page', every => 'link page', neither => 'link page', never => '403 MNV0801', detour => '403 MNV0801', card => '403 MNV0805', other => '200');
ends('nothing amiss', \%well);
my $linked = linked_person($t, '1111111111', 'kanji');
ends('linked', { never => '403 MNV0801', neither => '403 MNV0801', detour => '403 MNV0801', other => '200' }, browser => sub { $linked });
$p->signin_is(account => '1111111111');
$p->card_is(person => 'adult2');
ends("a linked account and somebody else's card", { %well, card => '200' }, browser => sub { my $b = $t->browser; sign_in($t, $b); verify($t, $b); return $b });
$p->signin_is(account => '0123456789');
$p->card_is(person => 'adult');

# Links made to lead from step to step.
for my $step (qw(signin verify here)) {
    my $nested = '/mynumber/signin';
    $nested = "/mynumber/$step?return=$nested" for 1 .. 40;
    my ($end, $hops, $trips) = follow($t->browser, $t->url($nested));
    ok($end eq ($step eq 'here' ? '400 MNV0213' : 'link page') && $hops <= 4 && $trips <= 1, "steps nested in each other ($step) end after one") or diag("$end after $hops requests, $trips round trips");
}
$t->expect_log('MNV0213');

# --- cookies ---
ends('no cookies', '400 MNV0202', browser => sub { refusing(qr/./) });
my %lost = (choose => '401 MNV0804', other => '403 MNV0801');    # who chooses is asked again, and has to press again
ends('no session cookie', \%lost, browser => sub { refusing(qr/^mynumber=/) });
ends('no flow cookie', '400 MNV0202', browser => sub { refusing(qr/^mnv-f-/) });
# (From the choice the flow is begun where that cookie is sent too.)
ends('a browser cookie tossed in', { choose => '200', other => '400 MNV0202' }, browser => sub {
    my $b = $t->browser;
    $b->jar->put({ name => 'mnv-b', value => 'B' x 22, domain => 'localhost', path => '/mynumber', host_only => 1 });
    return $b;
});
ends('the session cookie and the word of its arrival tossed in', \%lost, browser => sub {
    my ($rule) = @_;
    my $b = $t->browser;
    $b->jar->put({ name => $_, value => 'account', domain => 'localhost', path => "/show/$rule", host_only => 1 }) for qw(mynumber mnv-a);
    return $b;
});
$t->expect_log(qw(MNV0202 MNV0801 MNV1441));
$t->allow_log('MNV1601');
# Under another name of the host: sent to ours once a visit. A proxy that writes the Host header, everywhere or in one place of two, looks the same; our cookie ends it, or a page
# that says so. X-Forwarded-Host spares the detour.
my $other = '127.0.0.1:' . $t->port;
my @told = [ 'X-Forwarded-Host', 'localhost:' . $t->port ];
ends('another name', \%well, base => "http://$other");
ends('a proxy that writes another Host', \%well, browser => sub { proxied($t->browser, qr/./) });
ends('a proxy that writes another Host for the application', \%well, browser => sub { proxied($t->browser, qr{/show/}) });
ends("another name and no cookies", '400 MNV0214', base => "http://$other", browser => sub { refusing(qr/./) });
ends('a proxy that writes another Host and no cookies', '400 MNV0214', browser => sub { proxied(refusing(qr/./), qr/./) });
ends('a proxy that writes another Host for the application, and no cookies', '400 MNV0214', browser => sub { proxied(refusing(qr/./), qr{/show/}) });
ends('a proxy that writes another Host for our own URLs, and no cookies', '400 MNV0214', browser => sub { proxied(refusing(qr/./), qr{/mynumber/}) });
ends('a proxy that writes another Host and tells, and no cookies', '400 MNV0202', browser => sub { proxied(refusing(qr/./, headers => [@told]), qr/./) });
$t->expect_log('MNV0214');
like($t->error_log, qr/MNV0214.*ProxyPreserveHost/, 'the log has the mend');

# --- clocks ---
ends("the browser's clock a day before or behind", \%well, browser => sub { my $b = $t->browser; $b->jar->clock(time + 86400 * (ord($_[0]) % 2 ? 1 : -1)); return $b });
my %clock = ('iat-future' => '502 MNV0312', 'exp-past' => '502 MNV0311', 'nbf-future' => '502 MNV0313');
for my $case (sort keys %clock) {
    $p->control($_ => { forge => $case }) for qw(card signin);
    ends("a provider's clock ($case)", $clock{$case});
    $t->expect_log($clock{$case} =~ /(MNV\d+)/);
}
$p->control($_ => { forge => undef }) for qw(card signin);
# What a node sees whose clock is behind that of the node that made the session.
$t->sql('CREATE TRIGGER fault AFTER INSERT ON mynumber_sessions BEGIN UPDATE mynumber_sessions SET seen_at = seen_at + 3600 WHERE id_hash = NEW.id_hash; END');
ends('sessions from the future', \%lost);
$t->sql('DROP TRIGGER fault');

# --- cache and database ---
$redis->stop;
ends('the cache is down', \%well);
$t->expect_log('MNV1405');
$t->allow_log(qw(AH03478 AH03479));
$redis->start;
$t->sql('CREATE TRIGGER fault BEFORE INSERT ON mynumber_sessions BEGIN SELECT RAISE(IGNORE); END');
ends('sessions that the database loses', \%lost);
$t->sql('DROP TRIGGER fault');
$t->sql('CREATE TRIGGER fault BEFORE INSERT ON mynumber_sessions BEGIN SELECT RAISE(ABORT, "full"); END');
ends('a database that is full', '503 MNV0601');
$t->sql('DROP TRIGGER fault');
$t->sql('ALTER TABLE mynumber_replay RENAME TO away');
ends('a table is gone', '503 MNV0601');
$t->sql('ALTER TABLE away RENAME TO mynumber_replay');
$t->expect_log('MNV0601');
my $pid = open2(my $said, my $sqlite, 'sqlite3', $t->path('db/mynumber.db'));
syswrite $sqlite, "BEGIN IMMEDIATE; SELECT 'locked';\n";
is(scalar readline $said, "locked\n", 'the database is locked');
ends('the database is locked', '503 MNV0601');
close $sqlite;
waitpid $pid, 0;

# --- providers ---
for my $case ([ 'the person stops', 'stop', 'stopped' ], [ 'the provider is busy', 'error:temporarily_unavailable', '503 MNV0212' ], [ 'the provider refuses', 'error:unauthorized_client', '502 MNV0209' ]) {
    $p->control($_ => { outcome => $case->[1] }) for qw(card signin);
    ends($case->[0], $case->[2]);
}
$t->expect_log(qw(MNV0212 MNV0209));
$p->control($_ => { outcome => 'allow' }) for qw(card signin);
$p->stop_one($_) for qw(card signin);
ends('the providers are gone', 'provider is gone');
my $node = MNV::Test->new(node_of => $t);
$node->start($node->default_config(@options));
ends('a server that never met them', '502 MNV0401', base => 'http://localhost:' . $node->port);
$node->expect_log('MNV0401');
$t->allow_log('MNV0401');
$node->stop;
$p->start_one($_) for qw(card signin);

# --- no database at all ---
my $db = $t->path('db/mynumber.db');
$node->start($node->default_config(@options) =~ s/\@DB\@/$db-away\/none.db/r);
ends('a server without a database', '503 MNV060[12]', base => 'http://localhost:' . $node->port);
$node->allow_log(qw(MNV0601 MNV0602 AH00629 AH00632 AH00633 AH00634 AH00636));
$t->done;
