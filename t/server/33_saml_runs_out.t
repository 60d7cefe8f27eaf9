# What runs out is told 30, 7 and 1 days before and when it is out: metadata, the identity provider's certificate, ours and the federation's. Each once, by whichever process; again at
# a start. Metadata that never had thirty days are no news at thirty.
# httpd lives by a clock that the test sets (libfaketime).
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Source qw(need need_saml);
use MNV::Federation;

need_saml();
my ($library) = glob '/usr/lib/*/faketime/libfaketimeMT.so.1';
need($library, 'libfaketime (script/setup)');
my $t = MNV::Test->new;
my $clock = $t->write_file('conf/clock', "+0\n", 0644);
$t->{env}{LD_PRELOAD} = join ' ', grep { $_ } $t->{env}{LD_PRELOAD}, $library;    # a sanitizer's comes first
$t->{env}{FAKETIME_TIMESTAMP_FILE} = $clock;
$t->{env}{$_} = 1 for qw(FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC NO_FAKE_STAT);
my $DAY = 86400;
my $began = time;
sub at { my ($days) = @_; $t->write_file('conf/clock', sprintf("%+d\n", $began + $days * $DAY - time), 0644) }

my $federation = MNV::Federation->new($t);
$federation->key('idp', 60);
$federation->key('federation', 80);
$federation->key('ours', 100);
$federation->key('ours2', 300);
my $one = $federation->provider('https://idp.example.ac.jp/idp', 'https://idp.example.ac.jp/sso', 'idp');
$t->write_file('keys/metadata.xml', $federation->aggregate(xml => $one, key => 'federation', valid_until => $began + 40 * $DAY), 0644);
my $config = $t->default_config(card => 0, sample => 0, signin => "MyNumberSignIn saml\nMyNumberSAMLMetadata \"\@DIR\@/keys/metadata.xml\"\nMyNumberSAMLMetadataCert \"\@DIR\@/federation/federation.crt\"\n"
      . join '', map { "MyNumberSAMLKey \"\@DIR\@/federation/$_.key\"\nMyNumberSAMLCert \"\@DIR\@/federation/$_.crt\"\n" } qw(ours ours2));
my %thing = (metadata => 'says of identity providers', provider => 'certificate of identity provider', signer => 'MyNumberSAMLMetadataCert', ours => 'MyNumberSAMLCert');
# The warnings since a mark, as "metadata 30".
sub told {
    my ($mark) = @_;
    my @told;
    for my $line (grep { /MNV126[78]/ } split /\n/, $t->log_since($mark)) {
        my ($what) = grep { $line =~ /$thing{$_}/ } sort keys %thing;
        push @told, $what . ' ' . ($line =~ /MNV1268.* within (\d+) days/ ? $1 : 'out');
    }
    return join ', ', sort @told;
}
# The watchdog has looked since: its step ends with the purge where that is due, as it is after a start and each day.
sub has_looked { my ($mark) = @_; return wait_for(sub { $t->log_since($mark) =~ /MNV1130/ }, 30) }
# At a day: what is told then, and nothing else.
sub on {
    my ($days, $want) = @_;
    my $mark = $t->mark;
    at($days);
    is(has_looked($mark) ? told($mark) : 'the watchdog did not look', $want, "day $days: " . ($want || 'nothing'));
}

my $mark = $t->mark;
$t->start($config);
ok(has_looked($mark), 'the watchdog looks at the start');
is(told($mark), '', '... and finds nothing');
on(9.5, '');
on(10.5, 'metadata 30');
on(11.5, '');
on(30.5, 'provider 30');
on(33.5, 'metadata 7');
$mark = $t->mark;
$t->restart($config);
ok(has_looked($mark), 'the watchdog looks at another start');
is(told($mark), 'metadata 7, provider 27', '... and it is told again, once');
on(39.5, 'metadata 1');
on(40.5, 'metadata out');
$t->write_file('keys/metadata.xml', $federation->aggregate(xml => $one, key => 'federation', valid_until => $began + 54 * $DAY), 0644);
utime((time + 40.5 * $DAY) x 2, $t->path('keys/metadata.xml'));
on(41.5, '');
on(47.5, 'metadata 7');
on(50.5, 'signer 30');
on(53.5, 'metadata 1, provider 7');
$t->write_file('keys/metadata.xml', $federation->aggregate(xml => $one, key => 'federation', valid_until => $began + 90 * $DAY), 0644);
on(54.5, '');
on(61, 'metadata 29, provider out');
on(70.5, 'ours 30');
on(99.5, 'metadata out, ours 1, signer out');
$t->expect_log(qw(MNV1267 MNV1268));
$t->done;
