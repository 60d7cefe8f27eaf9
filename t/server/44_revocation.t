# Whose session or link is ended is refused everywhere within MyNumberRecheck: by sign-out, unlinking and an administrator's SQL, at two nodes of one database that both had
# the session in their caches, each its own or one shared, and also where a reader that was in flight stores what it read before the end.
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::SHA qw(sha256_base64);
use IPC::Open2 qw(open2);
use Time::HiRes qw(time);
use MNV::Test;
use MNV::Journey qw(stands sign_in verify link_up);
use MNV::Attack qw(at_once session_of twin);
use MNV::Program;

my $RECHECK = 1;
my @node = (MNV::Test->new);
my $t = $node[0];
my $p = $t->providers(signin => { accounts => { map { ("person$_" => { claims => {} }) } 1 .. 9 } });
push @node, MNV::Test->new(node_of => $t);
my @people = qw(adult adult2 minor turns18 kanji foreign null empty omitted);
my $n = 0;

sub key_of { my $hash = sha256_base64(session_of($_[0])); $hash =~ tr{+/}{-_}; return $hash }
sub admin { $t->sql($_) for @_, 'UPDATE mynumber_schema SET generation = generation + 1' }
sub at { my ($i, $b, $path) = @_; return $b->get($node[$i]->url($path)) }
sub pause_until { my ($moment) = @_; wait_for(sub { time >= $moment }) }

# Somebody who has linked, with a second browser that has the card alone.
sub somebody {
    my $who = $n++ % @people;
    my @headers = (headers => [ [ 'X-Standin-Account', 'person' . ($who + 1) ], [ 'X-Standin-Person', $people[$who] ] ]);
    my ($b, $phone) = map { $t->browser(@headers) } 1, 2;
    sign_in($t, $b);
    verify($t, $b);
    stands(link_up($b), linked => 1) or die 'could not link';
    sign_in($t, $b);
    verify($t, $phone);
    return ($b, $phone);
}

# What each end closes: [name, sub that ends it, browser, path, closed at once at the node where it was done].
sub ends {
    my (@ends, $b, $phone);
    ($b) = somebody();
    push @ends, [ 'sign-out', sub { $_[0]->visit($t->url('/mynumber/')); $_[0]->form('logout')->submit }, $b, '/account/', 1 ];
    ($b, $phone) = somebody();
    my $hers = $b;
    push @ends, [ 'unlinking', sub { $hers->visit($t->url('/mynumber/')); $hers->form('unlink')->submit }, twin($t, $phone), '/verified/', 1 ];
    ($b) = somebody();
    push @ends, [ "an administrator's end of the session", sub { admin("DELETE FROM mynumber_sessions WHERE id_hash = '" . key_of($_[0]) . "'") }, $b, '/account/', 0 ];
    ($b) = somebody();
    push @ends, [ "an administrator's end of the link", sub { admin("DELETE FROM mynumber_links WHERE account_hash = (SELECT account_hash FROM mynumber_sessions WHERE id_hash = '" . key_of($_[0]) . "')") }, $b, '/linked/', 0 ];
    ($b, $phone) = somebody();
    push @ends, [ "an administrator's end of all of a card's sessions", sub { admin("DELETE FROM mynumber_sessions WHERE identity_hash = (SELECT identity_hash FROM mynumber_sessions WHERE id_hash = '" . key_of($_[0]) . "')") }, $phone, '/verified/', 0 ];
    return @ends;
}

sub refuses_in_time {
    my ($name) = @_;
    my @ends = ends();
    for my $end (@ends) {
        my (undef, undef, $b, $path) = @$end;
        is(join(' ', map { my $i = $_; map { at($i, $b, $path)->code } 1 .. 3 } 0, 1), '200 200 200 200 200 200', "$name, $end->[0]: admitted at both nodes before");
    }
    my (@watched, @late, @still);
    for my $end (@ends) {
        my ($what, $do, $b, $path, $at_once) = @$end;
        my $copy = twin($t, $b);    # the browser itself forgets its cookie when it signs out
        at($_, $copy, $path) for 0, 1;
        $do->($b);
        push @watched, [ $what, $copy, $path, time ];
        # No record is used that is older than what was ended here, whosever it is.
        is(scalar(grep { at(0, $copy, $path)->code == 200 } 1 .. 3), 0, "$name, $what: refused at once at the node where it was done") if $at_once;
    }
    my $until = $watched[-1][3] + $RECHECK + 0.5;
    while (time < $until) {
        for my $row (@watched) {
            my ($what, $copy, $path, $ended) = @$row;
            for my $i (0, 1) {
                my $begun = time;
                my $admitted = at($i, $copy, $path)->code == 200 or next;
                push @late, sprintf '%s: admitted by node %d %.3f s after the end', $what, $i + 1, $begun - $ended if $begun > $ended + $RECHECK;
                push @still, $what if $i == 1;
            }
        }
    }
    is_deeply(\@late, [], "$name: nobody is admitted later than MyNumberRecheck after any of these ends");
    note("$name: the second node still admitted " . @still . ' times in between');
}

# Readers at both nodes all the while; each tells when it asked and was admitted.
sub readers_are_refused_in_time {
    my ($name) = @_;
    my ($b) = somebody();
    my $copy = twin($t, $b);
    my $start = time + 0.3;
    my @asked = at_once(sub { pause_until($start + 0.3); $b->visit($t->url('/mynumber/')); my $r = $b->form('logout')->submit(undef, follow => 0); return 'end ' . time . ' ' . $r->code },
        map { my $i = $_ % 2; sub { my $told = ''; pause_until($start); while ((my $now = time) < $start + 0.8 + 1.5 * $RECHECK) { $told .= "$now\n" if at($i, $copy, '/account/')->code == 200 } return $told } } 1 .. 6);
    my ($ended, $code) = shift(@asked) =~ /^end ([\d.]+) (\d+)$/ or die 'no end';
    is($code, 303, "$name, readers: signed out meanwhile");
    my @times = map { split /\n/ } @asked;
    cmp_ok(scalar(grep { $_ < $ended } @times), '>', 0, "$name, readers: admitted before");
    is_deeply([ map { sprintf '%.3f s', $_ - $ended } grep { $_ > $ended + $RECHECK } @times ], [], "$name, readers: nobody later than MyNumberRecheck after the sign-out's answer");
}

# A reader reads the row, is held up, and stores its record when the session is long gone: held by the lock of the very transaction that ends the session (writing last-seen
# waits for it), then with its whole process.
sub held_reader_stores_nothing_that_lives_on {
    my ($name) = @_;
    my ($b) = somebody();
    my $key = key_of($b);
    $t->sql("UPDATE mynumber_sessions SET seen_at = seen_at - 900 WHERE id_hash = '$key'");
    pause_until(time + $RECHECK + 0.1);
    my $pid = open2(my $said, my $sqlite, 'sqlite3', $t->path('db/mynumber.db'));
    my $tell = sub { syswrite $sqlite, "$_[0] SELECT 'done';\n"; scalar readline $said };
    $tell->("BEGIN IMMEDIATE; DELETE FROM mynumber_sessions WHERE id_hash = '$key';");
    my $reader = open(my $answer, '-|') // die "could not fork: $!";
    if (!$reader) { syswrite STDOUT, at(1, $b, '/account/')->code; POSIX::_exit(0) }
    pause_until(time + 0.3);
    my @children = $node[1]->child_pids;
    kill 'STOP', @children;
    $tell->('COMMIT;');
    my $ended = time;
    pause_until($ended + 0.7 * $RECHECK);
    kill 'CONT', @children;
    is(scalar readline $answer, 200, "$name, held reader: read the row before the end, and is answered by it");
    close $_ for $answer, $sqlite;
    waitpid $pid, 0;
    my @late;
    while ((my $begun = time) < $ended + 1.9 * $RECHECK) {
        for my $i (0, 1) {
            push @late, sprintf 'node %d %.3f s', $i + 1, $begun - $ended if at($i, $b, '/account/')->code == 200 && $begun > $ended + $RECHECK;
        }
    }
    is_deeply(\@late, [], "$name, held reader: what it stored admits nobody later than MyNumberRecheck after the end");
}

my %server = (redis => sub { MNV::Program->redis($t->dir) }, memcache => sub { MNV::Program->memcached });
for my $cache (split ' ', $ENV{MNV_CACHES} // 'shmcb redis memcache') {
    my $shared = $server{$cache} && $server{$cache}->();
    my $text = "MyNumberRecheck ${RECHECK}s\n" . ($shared ? "MyNumberSessionCache $cache:127.0.0.1:" . $shared->port . "\n" : '');
    my @options = (modules => $shared ? ["socache_$cache"] : [], server => $text);
    $t->sql("DELETE FROM mynumber_$_") for $n ? qw(links sessions) : ();
    $_->start($_->default_config(@options)) for @node;
    my $name = $shared ? "one $cache" : 'two caches';
    refuses_in_time($name);
    if ($cache ne 'memcache') {    # another protocol, the same cache as redis for these
        readers_are_refused_in_time($name);
        held_reader_stores_nothing_that_lives_on($name);
    }
    is(scalar(grep { $_->error_log =~ /MNV1405/ } @node), 0, "$name: took every record");
    if ($cache eq 'redis') {
        my ($b) = somebody();
        is(at(0, $b, '/linked/')->code, 200, 'redis: admitted');
        my ($keys) = $shared->ask("DBSIZE\r\n", qr/\n/) =~ /^:(\d+)/;
        cmp_ok($keys, '>', 0, 'redis: holds records');
    }
    $_->stop for @node;
    $shared->stop if $shared;
}
$t->allow_log('MNV0501');
$t->done;
