# mynumberctl check where the metadata are at a URL: nothing is fetched, it looks at the copy that httpd keeps, by the same rules. Where it is, how old, what of it runs out.
# httpd lives three days ago by a clock that the test sets (libfaketime); mynumberctl lives today.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Source qw(need need_saml);
use MNV::Federation;
use POSIX qw(strftime);

need_saml();
my ($library) = glob '/usr/lib/*/faketime/libfaketimeMT.so.1';
need($library, 'libfaketime (script/setup)');
my $t = MNV::Test->new;
my $env = join ' ', map { "$_='$t->{env}{$_}'" } sort keys %{ $t->{env} };    # of a sanitizer
my $httpd = $t->write_file('conf/httpd.sh', "#!/bin/sh\n$env exec \@HTTPD\@ \"\$\@\"\n", 0755);
$t->{env}{LD_PRELOAD} = join ' ', grep { $_ } $t->{env}{LD_PRELOAD}, $library;    # a sanitizer's comes first
$t->{env}{FAKETIME_TIMESTAMP_FILE} = $t->write_file('conf/clock', "+0\n", 0644);
$t->{env}{$_} = 1 for qw(FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC NO_FAKE_STAT);
my $DAY = 86400;

my $federation = MNV::Federation->new($t);
$federation->key('short', 20);
my ($ID, $url) = ('https://idp.example.ac.jp/idp', $federation->url);
sub metadata { my (%of) = @_; return $federation->aggregate(xml => $federation->provider($ID, 'https://idp.example.ac.jp/sso', $of{of} // 'provider'), key => 'signer', %of) }
sub config {
    my (@signers) = @_;
    return $t->default_config(card => 0, sample => 0, signin => "MyNumberSignIn saml\nMyNumberSAMLMetadata $url\n" . join '', map { "MyNumberSAMLMetadataCert \"\@DIR\@/federation/$_.crt\"\n" } @signers);
}
sub copy { return grep { !/\.lock$/ } glob $t->path('state/saml-*') }
# Exit code, and what is told of metadata and of the keys in them.
sub check {
    my ($config) = @_;
    my $file = $t->write_file('conf/check.conf', $config // config('signer'), 0644);
    my ($exit, $told) = $t->ctl('check', '--httpd', $httpd, '--config', $file);
    return join '', "$exit\n", map { "$_\n" } grep { /metadata|identity provider/ } split /\n/, $told;
}
# httpd fetches metadata at a moment, and has a copy.
sub fetched {
    my ($days_ago, %of) = @_;
    unlink copy();
    $federation->answer(body => metadata(%of));
    $t->write_file('conf/clock', '-' . $days_ago * $DAY . "\n", 0644);
    $t->start(config('signer'));
    $t->browser->get($t->url('/mynumber/signin'));
    $t->stop;
    is(scalar(copy()), 1, 'a copy');
}

my $told = check();
like($told, qr/^0\n/, 'no copy yet: no failure');
like($told, qr/^warn .*of metadata "\Q$url\E" there is no copy in "\Q${\ $t->path('state')}\E" yet: httpd fetches them when it runs/m, '... but told');

fetched(0, valid_until => time + 90 * $DAY);
$told = check();
my ($file) = copy();
like($told, qr/^0\n/, 'a copy of today: nothing to be done');
like($told, qr/^ok .*metadata "\Q$url\E" can be used, copy "\Q$file\E" of \d{4}-\d\d-\d\dT\S+Z, 0 h old: 1 identity providers, signed, valid until ${\ strftime('%Y-%m-%d', gmtime(time + 90 * $DAY))}$/m, '... where, how old, until when');
like($told, qr/^ok .*identity provider \Q$ID\E, key 1 of 1: certificate is good until /m, "... the provider's certificate");
like($told, qr/^ok .*signer of the metadata in ".*signer\.crt": certificate is good until /m, "... the signer's");
unlike($told, qr/^(?:warn|FAIL)/m, '... and no more than that');

fetched(0, valid_until => time + 1 * $DAY, of => 'short');
$told = check();
like($told, qr/^0\n/, 'about to run out: no failure');
like($told, qr/^warn .*metadata "\Q$url\E" can be used.*valid until.*: httpd's error log says why/m, '... but told');
like($told, qr/^warn .*identity provider \Q$ID\E, key 1 of 1: certificate is good until .*: ask the provider/m, '... and so is a certificate of twenty days');

fetched(3, valid_until => time + 90 * $DAY);
like(check(), qr/^0\n(?:.*\n)*warn .*can be used, copy .*, 72 h old: .*: httpd's error log says why/m, 'three days old: httpd could not refresh it');
fetched(3, valid_until => time - 3600);
like(check(), qr/^1\n(?:.*\n)*FAIL .*cannot be used, copy .*, ran out on /m, 'run out: nobody can sign in');

fetched(0);
like(check(), qr/signed$/m, 'metadata that never run out');
like(check(config('other')), qr/^0\n(?:.*\n)*warn .*copy "\Q$file\E" .* is not used: other certificates might sign then/m, 'made when others might sign: not used');
open my $out, '>>', $file or die $!;
print $out 'x';
close $out;
like(check(), qr/^0\n(?:.*\n)*warn .*copy "\Q$file\E" .* is not used: it was changed/m, 'changed by somebody else: not used');
$t->done;
