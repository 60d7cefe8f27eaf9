# MyNumberLinkNotify is told of every link while its program reads, over graceful restarts and over its own death too; and nobody's link waits for a program that does not.
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use Time::HiRes qw(time);
use MNV::Test;
use MNV::Journey qw(stands sign_in verify link_up linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
my ($told, $started) = map { $t->write_file("run/$_", '', 0666) } qw(told started);
# httpd tells programs to end at a restart; this one goes on to the end of what is said to it.
my $program = $t->write_file('conf/notify', "#!/bin/sh\ntrap '' TERM\necho \$\$ >>$started\nexec cat >>$told\n", 0755);
my $config = sub { $t->default_config(server => "MyNumberLinkNotify \"|$_[0]\"\n") };

sub lines { my ($file) = @_; open my $in, '<', $file or die "could not read \"$file\": $!"; return map { chomp; $_ } <$in> }
# Who was told of, once there are so many lines of the program's.
sub events {
    my ($count) = @_;
    my @events;
    wait_for(sub { (@events = grep { /^\{/ } lines($told)) >= $count }, 10);
    return [ map { my $event = JSON::PP->new->decode($_); "$event->{event} $event->{account}" } @events ];
}
# A form of which a part is on its way; the sub sends the rest and returns the answer.
sub begin {
    my ($b, $name) = @_;
    my $form = $b->form($name);
    my ($body, $url) = (MNV::Browser::encode_form({ csrf => $form->value('csrf') }), $form->action);
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $t->port) or die "could not connect: $@";
    $socket->autoflush;
    print $socket join "\r\n", 'POST ' . $url =~ s/^\Q${\ $t->base}\E//r . ' HTTP/1.1', 'Host: localhost:' . $t->port, 'Connection: close', 'Origin: ' . $t->base,
      'Cookie: ' . $b->jar->cookie_header($url), 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: ' . length $body, '', substr $body, 0, 3;
    return sub { print $socket substr $body, 3; local $/; return scalar <$socket> };
}

sub unlink_it { my ($b, $account) = @_; $p->signin_is(account => $account); sign_in($t, $b); return $b->form('unlink')->submit }

# --- a program that reads ---
$t->start($config->($program));
my $first = linked_person($t, '0123456789', 'adult');
my @expected = ('linked sub-0123456789');
is_deeply(events(1), \@expected, 'told of a link');
sign_in($t, $first);
my $rest = begin($first, 'unlink');
$t->graceful;
ok(wait_for(sub { lines($started) == 2 }, 10), 'a graceful restart starts the program again');
my ($old, $new) = lines($started);
like($rest->(), qr{^HTTP/1\.1 303 }, 'unlinked by a form that was on its way meanwhile');
push @expected, 'unlinked sub-0123456789';
is_deeply(events(2), \@expected, 'told of that too');
ok(wait_for(sub { !kill 0, $old }, 10), 'and the one before ends');
my $second = linked_person($t, '9876543210', 'kanji');
push @expected, 'linked sub-9876543210';
is_deeply(events(3), \@expected, 'told before and after a graceful restart, of each once');
kill 'KILL', $new;
ok(stands(unlink_it($second, '9876543210'), linked => 0), 'unlinked while the program is dead');
push @expected, 'unlinked sub-9876543210';
is_deeply(events(4), \@expected, 'httpd starts a program again that died, and nothing is lost');
is(scalar lines($started), 3, 'once');
$t->expect_log('AH00106');    # httpd's: the program failed unexpectedly
$t->allow_log('AH00488');     # and that an old program, which it told to end, has ended

# --- a program that does not read: its pipe is full. When it does read, "go" is written to it. ---
system('mkfifo', $t->path('run/go')) == 0 or die 'could not make a fifo';
my $full = $t->path('run/full');
my $lazy = $t->write_file('conf/lazy', <<"END", 0755);
#!$^X
use Fcntl;
sysopen my \$own, '/proc/self/fd/0', O_WRONLY | O_NONBLOCK or die \$!;
1 while syswrite \$own, "filled\\n";
close \$own;
open my \$said, '>', '$full' or die \$!;
close \$said;
open my \$go, '<', '${\ $t->path('run/go')}' or die \$!;
exec 'cat' or die \$! if open STDOUT, '>>', '$told';
END
$t->graceful($config->($lazy));
ok(wait_for(sub { -e $full }, 10), 'a program whose pipe is full');
my $b = $t->browser;
$p->signin_is(account => '1111111111');
$p->card_is(person => 'adult2');
sign_in($t, $b);
verify($t, $b);
my $then = time;
ok(stands(link_up($b), linked => 1), 'the person is linked all the same');
ok(time - $then < 5, 'and did not wait') or diag(time - $then . ' s');
is($t->sql("SELECT count(*) AS n FROM mynumber_links")->[0]{n}, 1, 'the link is kept');
ok($t->wait_log(qr/MNV1411.*could not tell/, 10), 'the log tells that the program was not told');
$t->expect_log('MNV1411');
open my $go, '>', $t->path('run/go') or die $!;
close $go;
ok(wait_for(sub { grep { $_ eq 'filled' } lines($told) }, 10), 'the program reads after all');
ok(stands(unlink_it($b, '1111111111'), linked => 0), 'unlinked');
is_deeply(events(5), [ @expected, 'unlinked sub-1111111111' ], 'and it is told again, from then on');
$t->done;
