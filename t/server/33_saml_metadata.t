# MyNumberSAMLMetadata from a URL: fetched while the server runs, refreshed in time, in all processes; the last good copy serves on through everything a source can do wrong and
# over a restart, but not past its validUntil, nor when others have changed it or its signer is not trusted any more. A file that changes is read again.
# httpd lives by a clock that the test sets (libfaketime).
use FindBin;
use lib "$FindBin::Bin/../lib";
use List::Util qw(none);
use MNV::Test;
use MNV::Source qw(need need_saml);
use MNV::Federation;
use MNV::SamlForger qw(request_in);

need_saml();
my ($library) = glob '/usr/lib/*/faketime/libfaketimeMT.so.1';
need($library, 'libfaketime (script/setup)');
my $t = MNV::Test->new(mpm => 'prefork');
my $clock = $t->write_file('conf/clock', "+0\n", 0644);
$t->{env}{LD_PRELOAD} = join ' ', grep { $_ } $t->{env}{LD_PRELOAD}, $library;    # a sanitizer's comes first
$t->{env}{FAKETIME_TIMESTAMP_FILE} = $clock;
$t->{env}{$_} = 1 for qw(FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC NO_FAKE_STAT);
$t->allow_log(qw(AH00161 MNV1268));    # few processes; what runs out is the matter of another test
my ($HOUR, $DAY, $ahead) = (3600, 86400, 0);
sub later { my ($seconds) = @_; $ahead += $seconds; $t->write_file('conf/clock', sprintf("%+d\n", $ahead), 0644) }
sub now { return time + $ahead }
later(-5 * 60);    # for answers that are forged today and good for five minutes

$t->providers(signin => 0);
my $federation = MNV::Federation->new($t);
my $forger = MNV::SamlForger->start($t);
my $ID = 'https://idp.example.ac.jp/idp';
# Metadata whose provider signs people in at this path.
sub metadata { my ($path, %of) = @_; return $federation->aggregate(providers => { $ID => "https://idp.example.ac.jp/$path" }, key => 'signer', valid_until => now() + 90 * $DAY, %of) }
my $url = $federation->url;
my $prefork = "StartServers 4\nMinSpareServers 4\nMaxSpareServers 4\nServerLimit 5\nMaxRequestWorkers 5\n";
sub config {
    my ($more) = @_;
    return $t->default_config(signin => "MyNumberSignIn saml\nMyNumberSAMLKey \"\@DIR\@/keys/forger/sp.key\"\nMyNumberSAMLCert \"\@DIR\@/keys/forger/sp.crt\"\n" . ($more // "MyNumberSAMLMetadata $url\nMyNumberSAMLMetadataCert \"\@DIR\@/federation/signer.crt\"\n"), server => $prefork);
}

# Where somebody who signs in is sent: the path there, or our failure.
sub sent { my $r = $t->browser->get($t->url('/mynumber/signin')); return ($r->header('Location') // '') =~ m{^https://idp\.example\.ac\.jp/(\w+)} ? $1 : $r->mnv_code // $r->code }
# Everywhere: four processes answer 24 requests one after another.
sub all { my ($want) = @_; return none { sent() ne $want } 1 .. 24 }
sub everywhere {
    my ($want, $name) = @_;
    my $is_somewhere = wait_for(sub { sent() eq $want }, 30);
    later(6);    # a process looks every five seconds for what another has fetched
    ok($is_somewhere && wait_for(sub { all($want) }, 30), $name) or diag 'now: ' . sent();
}
# Nobody has asked the source, though the watchdog has had its turn since: that ends with the purge where ten minutes have gone by.
sub quiet { my ($mark, $name) = @_; ok(wait_for(sub { $t->log_since($mark) =~ /MNV1130/ }, 30) && !$federation->asked, $name) }
sub copy { my @copies = grep { !/\.lock$/ } glob $t->path('state/saml-*'); return $copies[0] }

# --- nothing yet ---
$t->expect_log('MNV0401');
$t->start(config());
is(sent(), 'MNV0401', 'no copy and no answer: the server runs, and says so to who signs in');
$federation->answer(body => metadata('one'));
later(11);
everywhere('one', 'it works when the metadata come');
ok($federation->asked <= 2, '... fetched by one process for all') or diag $federation->asked;
is((stat copy())[2] & 07777, 0600, '... and kept, for nobody else to read');

# --- keys that are not known yet ---
my %case = map { $_->{name} => $_ } $forger->cases;
# What somebody gets whose answer is made as the case says.
sub answered {
    my ($case) = @_;
    my $b = $t->browser;
    my ($id, $state) = request_in($b->get($t->url('/mynumber/signin'))->header('Location'));
    my $form = $forger->response($case{$case}, request => $id, sp => $t->url('/mynumber/saml/metadata'), acs => $t->url('/mynumber/saml/acs'));
    my $r = $b->post_form($t->url('/mynumber/saml/acs'), { SAMLResponse => $form, RelayState => $state }, origin => 'https://idp.example.ac.jp');
    return $r->mnv_code // $r->code;
}
sub of_keys { return metadata('', providers => {}, xml => $forger->metadata(@_) =~ s{/idp/sso"}{/one"}r) }
$t->expect_log(qw(MNV0361 MNV0364));
for ([ [qw(idp)], '10-encrypted/good-aes-128-gcm', 'MNV0361' ], [ [qw(idp idp2)], '00-good/second-key', 'MNV0364' ]) {
    my ($keys, $case, $code) = @$_;
    $federation->answer(body => of_keys(@$keys));
    is(answered($case), $code, "$case: signed by a new key");
    ok(!wait_for(sub { $federation->asked }, 5), '... of metadata of a moment ago: nobody asks');
    later(5 * 60);
    is(answered($case), $code, '... of metadata of five minutes ago');
    ok(wait_for(sub { $federation->asked }, 30), '... they are asked for');
    ok(wait_for(sub { answered($case) eq '303' }, 30), '... and the next one is let in');
}
is($federation->asked, 1, '... once');

# --- in time ---
# No doubt is left that a process with the old keys has raised last.
$t->stop;
unlink copy();
$federation->answer(body => metadata('one'));
$t->start($t->{config});
everywhere('one', 'a new start');
$federation->answer(body => metadata('two', cache => 'PT1S'));
my $mark = $t->mark;
later(3 * $HOUR);
is(sent(), 'one', 'not before four hours');
quiet($mark, '... nobody asks');
later(2 * $HOUR);
everywhere('two', 'after that the new ones, in all processes');
$federation->answer(body => metadata('three', cache => 'P30D'));
later(4 * 60);
ok(!wait_for(sub { $federation->asked }, 5), 'cacheDuration of a second: not before five minutes');
later(2 * 60);
everywhere('three', '... but then');
$federation->answer(body => metadata('four'));
$mark = $t->mark;
later(23 * $HOUR);
quiet($mark, 'cacheDuration of a month: not before a day');
$federation->answer(body => metadata('four', valid_until => now() + 8 * $HOUR));
later(2 * $HOUR);
everywhere('four', '... but then');
$federation->answer(body => metadata('five'));
later(3 * $HOUR + 120);
everywhere('five', 'of a validUntil in six hours half');

# --- what a source can do wrong ---
my $good = metadata('five');
my @wrong = (
    [ 'an error',               MNV0404 => sub { (status => 503, body => 'down') } ],
    [ 'a redirect',             MNV0404 => sub { (status => 302, headers => "Location: $url\r\n") } ],
    [ 'nothing',                MNV0380 => sub { (body => '') } ],
    [ 'a page',                 MNV0380 => sub { (body => "<!doctype html>\n<p>Welcome") } ],
    [ 'half of it',             MNV0380 => sub { (body => substr $good, 0, length($good) / 2) } ],
    [ 'unsigned',               MNV0381 => sub { (body => metadata('evil', key => undef)) } ],
    [ 'of another signer',      MNV0381 => sub { (body => metadata('evil', key => 'other')) } ],
    [ 'changed',                MNV0381 => sub { (body => metadata('six') =~ s{/six"}{/evil"}r) } ],
    [ 'expired',                MNV0382 => sub { (body => metadata('evil', valid_until => now() - 60)) } ],
    [ 'too large, as it says',  MNV0406 => sub { (body => $good, length => 128 * 1024 * 1024 + 1) } ],
    [ 'too large, on the way',  MNV0406 => sub { (body => ' ' x (1024 * 1024), repeat => 129) } ],
    [ 'compressed',             MNV0380 => sub { (body => "\x1f\x8b\x08\x00" . "\xff" x 1000, headers => "Content-Encoding: gzip\r\n") } ],
    [ 'nobody there',           MNV0401 => undef ],
);
$t->expect_log('MNV1266', map { $_->[1] } @wrong);
for (@wrong) {
    my ($name, $code, $answer) = @$_;
    $answer ? $federation->answer($answer->()) : $federation->stop;
    $mark = $t->mark;
    later(5 * $HOUR);
    ok(wait_for(sub { $t->log_since($mark) =~ /$code\b.*MNV1266/s }, 30), "$name: $code in the log, and that the last good ones serve on") or diag $t->log_since($mark);
    ok(all('five'), "$name: they do");
}
my $asked_again = sub { $federation->answer(body => metadata('six')); later(11 * 60); everywhere('six', $_[0]) };
$asked_again->('back again ten minutes later');

# --- over a restart ---
$federation->stop;
$t->restart(config());
everywhere('six', 'restarted while the source is down: the copy');
my $slurp = sub { open my $in, '<:raw', shift or die $!; local $/; return scalar <$in> };
my $kept = $slurp->(copy());
sub put_copy { my ($text, $mode) = @_; my $file = copy(); open my $out, '>:raw', $file or die $!; print $out $text; close $out; chmod $mode // 0600, $file }
# Started with another copy or configuration, while the source is down.
sub started { my ($text, $mode, $config) = @_; $t->stop; put_copy($text, $mode); $t->start($config // config()); return sent() }
$t->expect_log('MNV1263');
is(started($kept =~ s{/six}{/evil}r), 'MNV0401', 'a copy that somebody has changed is not used');
is(started($kept =~ s{"fetched_at":\K\d+}{now() + 60 * $DAY}er), 'MNV0401', '... nor in its head');
is(started(substr $kept, 0, -1), 'MNV0401', '... nor a part of it');
is(started('x' x 43 . substr $kept, 43), 'MNV0401', '... nor under another hash');
is(started(''), 'MNV0401', '... nor an empty one');
is(started($kept, 0644), 'MNV0401', '... nor one that everybody could have written down');
is(started($kept), 'six', 'the same, as it was: used');
my $certificates = sub { "MyNumberSAMLMetadata $url\n" . join '', map { "MyNumberSAMLMetadataCert \"\@DIR\@/federation/$_.crt\"\n" } @_ };
is(started($kept, 0600, config($certificates->('signer', 'other'))), 'six', 'a certificate more: used');
is(started($kept, 0600, config($certificates->('other'))), 'MNV0401', 'another certificate: not used');
is(started($kept, 0600, config($certificates->())), 'MNV0401', 'no certificate: not used, somebody else may have asked for less');
is(started($kept, 0600, config()), 'six', 'and with its own again');

# --- to the end ---
later(89 * $DAY);
is(sent(), 'six', 'a day before its validUntil');
later(2 * $DAY);
$t->expect_log('MNV1267');
is(sent(), 'MNV0401', 'past its validUntil it is not used, whoever has it in memory');
is(started($slurp->(copy())), 'MNV0401', '... nor after a restart');

# --- a source that takes its time ---
$federation->answer(body => metadata('seven'), hang => 1);
later(61);
ok(wait_for(sub { $federation->asked }, 20), 'asked, and no end of the answer') or diag $federation->asked;
my $before = time;
$t->allow_log('MNV0401');
$t->stop;
ok(time - $before < 8, '... keeps nobody from stopping') or diag time - $before;

# --- a file ---
my $file = $t->write_file('keys/federation.xml', metadata('eight', cache => 'PT1S'), 0644);
my $from_file = config("MyNumberSAMLMetadata \"$file\"\nMyNumberSAMLMetadataCert \"\@DIR\@/federation/signer.crt\"\n");
$federation->stop;
$t->start($from_file);
everywhere('eight', 'from a file');
$t->write_file('keys/federation.xml', metadata('nine'), 0644);
later(70);
everywhere('nine', 'changed: read again, by all processes');
$mark = $t->mark;
$t->write_file('keys/federation.xml', metadata('evil', key => 'other'), 0644);
later(70);
ok(wait_for(sub { $t->log_since($mark) =~ /MNV0381.*MNV1266/s }, 30), 'changed by somebody else: told');
ok(all('nine'), '... and not used');
$t->done;
