# script/server --check: the demonstration starts by the one command of the README, with each kind of sign-in, drives the main job through itself and leaves nothing running.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use MNV::Source qw(root need without_saml);
use IO::Socket::IP;

need(-d '/usr/share/simplesamlphp', 'simplesamlphp (script/setup)');
$ENV{MNV_BUILD} //= root . '/build';
# Its httpd is started without the harness, which alone knows how to load a build with sanitizers.
plan skip_all => 'a build with sanitizers' if qx(ldd "$ENV{MNV_BUILD}/.libs/mod_mynumber_verify.so") =~ /libasan/;
delete $ENV{MNV_SERVER_DIR};
for my $signin ([], [ '--sign-in', 'saml' ]) {
  SKIP: {
    skip without_saml(), 1 if @$signin && without_saml();
    my $out = do { open my $in, '-|', 'setsid', root . '/script/server', @$signin, '--check' or die $!; local $/; <$in> };
    my $name = "script/server @$signin --check";
    is($?, 0, "$name: exit 0") or diag $out;
    like($out, qr/^all is right$/m, "$name: ... and says so");
    my ($issuer) = $out =~ /"MYNUMBER_ACCOUNT_ISSUER" : "http:\/\/localhost:(\d+)/;
    ok($issuer && !grep { IO::Socket::IP->new(PeerHost => $_, PeerPort => $issuer) } qw(127.0.0.1 ::1), "$name: its sign-in has ended with it");
  }
}
is(system(root . '/script/server --sign-in carrier-pigeon 2>/dev/null') >> 8, 2, 'another word: usage');
done_testing;
