# Another site's form must not sign anybody out. The session cookie does not come with it (SameSite=Lax), so that it looks like a logout without a session; the answer
# that deletes cookies would be taken by the browser all the same.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(sign_in);

my $t = MNV::Test->new;
my $p = $t->providers;
$t->start($t->default_config);
my $logout = $t->url('/mynumber/logout');

for my $headers ([], [ [ 'Origin', undef ] ], [ [ 'Sec-Fetch-Site', undef ] ]) {
    my $r = $t->browser->post_form($logout, {}, origin => 'https://evil.example', headers => $headers);
    is($r->code, 403, 'refused');
    is($r->mnv_code, 'MNV0503', 'as from another site');
    is_deeply([ $r->headers('Set-Cookie') ], [], 'no cookie is deleted');
}
$t->expect_log('MNV0503');

# Of our own page it is no error to sign out twice.
my $b = $t->browser;
$p->signin_is(account => '0123456789');
sign_in($t, $b);
$b->visit($t->url('/mynumber/'));
my $form = $b->form('logout');
is($form->submit->code, 200, 'signed out');
is($form->submit->code, 200, 'and once more');
ok(!$b->jar->cookie('mynumber'), 'no session cookie is left');
$t->done;
