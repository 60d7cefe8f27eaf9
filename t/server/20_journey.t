# The main job by an HTTP client, in both orders, over http and over https with a CA of its own: verify, sign in, link, open the
# application, unlink, sign out.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(stands sign_in verify link_up);

my $t;
for my $https (0, 1) {
    $t = MNV::Test->new(https => $https);
    my %tls;
    if ($https) {
        my ($key, $certificate) = $t->certificate;
        %tls = (tls => { key => $key, cert => $certificate });
    }
    my $p = $t->providers(card => {%tls}, signin => {%tls});
    $t->start($t->default_config(location => <<'EOT'));
<Location /linked>
  MyNumberExport account account-issuer subject method verified verified-at linked linked-at acr name birthdate gender address age-over-18 age-over-20
</Location>
EOT
    my $how = $https ? 'https: ' : '';
    $p->card_is(person => 'adult');
    $p->signin_is(account => '0123456789');

    for my $order ([ \&sign_in, \&verify ], [ \&verify, \&sign_in ]) {
        my $name = $how . ($order->[0] == \&verify ? 'card first' : 'account first');
        my $b = $t->browser;
        my $page = $b->visit($t->url('/mynumber/'));
        is($page->code, 200, "$name: the service page is there");
        ok(stands($page, account => 0, identity => 0, linked => 0), "$name: nothing yet");

        $page = $order->[0]->($t, $b);
        like($page->url, qr{^\Q${\ $t->base}\E/mynumber/}, "$name: back on the service page after the first half");
        ok(stands($page, step => 2, linked => 0), "$name: step 2 of 4 after the first half");

        $page = $order->[1]->($t, $b);
        ok(stands($page, step => 3, account => 1, identity => 1, linked => 0), "$name: step 3 of 4 with both halves");

        $page = link_up($b);
        ok(stands($page, step => 4, linked => 1), "$name: step 4 of 4, linked");
        like($page->text, qr/0123456789/, "$name: the page confirms the account");
        like($page->text, qr/山田太郎/, "$name: the page confirms the name");

        my $app = $b->get($t->url('/linked/'));
        is($app->code, 200, "$name: the application opens");
        my $env = $app->code == 200 ? $app->json->{env} : {};
        is($env->{MYNUMBER_ACCOUNT}, 'sub-0123456789', "$name: account");
        is($env->{MYNUMBER_NAME}, '山田太郎', "$name: name in UTF-8");
        is($env->{HTTP_MYNUMBER_NAME}, '%E5%B1%B1%E7%94%B0%E5%A4%AA%E9%83%8E', "$name: name in the header, percent-encoded");
        is($env->{MYNUMBER_BIRTHDATE}, '1980-04-01', "$name: birthdate");
        is($env->{MYNUMBER_GENDER}, 'male', "$name: gender");
        is($env->{MYNUMBER_ADDRESS}, '東京都千代田区霞が関一丁目2番3号', "$name: address");
        is($env->{MYNUMBER_AGE_OVER_20}, '1', "$name: over 20");
        is($env->{MYNUMBER_LINKED}, '1', "$name: linked");
        is($env->{MYNUMBER_VERIFIED}, '1', "$name: verified");
        is($env->{MYNUMBER_METHOD}, 'account', "$name: method");
        like($env->{MYNUMBER_VERIFIED_AT}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, "$name: verified-at is RFC 3339");
        is($env->{REMOTE_USER}, 'sub-0123456789', "$name: REMOTE_USER");
        is($env->{HTTP_COOKIE}, undef, "$name: none of our cookies reaches the application");

        my $info = $b->fetch($t->url('/mynumber/info'))->json;
        is($info->{account}{id}, 'sub-0123456789', "$name: /info names the account");

        $page = sign_in($t, $b);
        $page = $b->visit($t->url('/mynumber/'));
        $page = $b->form('unlink')->submit;
        ok(stands($page, linked => 0), "$name: unlinked");
        is($b->get($t->url('/linked/'))->code, 303, "$name: the application is closed again");

        $page = $b->visit($t->url('/mynumber/'));
        $page = $b->form('logout')->submit;
        is($page->code, 200, "$name: signed out");
        $page = $b->visit($t->url('/mynumber/'));
        ok(stands($page, account => 0, identity => 0), "$name: nothing is left after the sign-out");
    }

    # The very URL asked for, query kept.
    my $b = $t->browser;
    my $page = $b->visit($t->url('/account/here?a=1&b=%E3%81%82&c=x%2Fy'));
    is($page->code, 200, "${how}led through the sign-in");
    is($page->url, $t->url('/account/here?a=1&b=%E3%81%82&c=x%2Fy'), "${how}and back to the very URL");
    my $long = '/account/here?q=' . 'x' x 2000;
    $b = $t->browser;
    is($b->visit($t->url($long))->url, $t->url($long), "${how}a long URL is come back to as well");

    my $requests = $p->card_requests;
    my %jti;
    for my $token (@{ $requests->{tokens} }) {
        my (undef, $claims) = split /\./, $token->{form}{client_assertion} // $token->{params}{client_assertion} // '';
        next unless defined $claims;
        $claims =~ tr{-_}{+/};
        require MIME::Base64;
        my $c = JSON::PP->new->decode(MIME::Base64::decode_base64($claims));
        $jti{ $c->{jti} }++;
        cmp_ok($c->{exp} - $c->{iat}, '<=', 60, "${how}the assertion lives at most 60 s");
    }
    is_deeply([ grep { $jti{$_} > 1 } keys %jti ], [], "${how}every assertion has a fresh jti");
    cmp_ok(scalar(keys %jti), '>=', 2, "${how}assertions were seen");
}
$t->done;
