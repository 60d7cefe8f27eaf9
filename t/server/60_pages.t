# The pages: languages, steps, errors with code and reference, headers that keep them safe; nothing of a person is shown unescaped.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(stands verify linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
$t->start($t->default_config);
$p->signin_is(account => '0123456789');
my $home = $t->url('/mynumber/');

my %b = map { $_ => $t->browser(language => $_) } 'ja', 'en', 'fr, en;q=0.5', 'ja;q=0.3, en;q=0.2', 'de';
like($b{ja}->get($home)->body, qr/<html[^>]*lang="ja"/, 'Japanese for ja');
like($b{en}->get($home)->body, qr/<html[^>]*lang="en"/, 'English for en');
like($b{'fr, en;q=0.5'}->get($home)->body, qr/<html[^>]*lang="en"/, 'English where it is the better of the two');
like($b{'ja;q=0.3, en;q=0.2'}->get($home)->body, qr/<html[^>]*lang="ja"/, 'weights count');
like($b{en}->get("$home?lang=ja")->body, qr/<html[^>]*lang="ja"/, '?lang= chooses');
like($b{en}->get($home)->body, qr/step 1 of 4/i, 'step 1 of 4');
like($b{ja}->get($home)->body, qr/本人確認/, '本人確認');

# "Stop" is no error: back on the service page, nothing changed, try again.
for my $outcome (qw(stop stop-bare stop-state-only)) {
    my $b = $t->browser;
    $p->card_is(person => 'adult', outcome => $outcome);
    my $page = $b->visit($t->url('/mynumber/verify?return=/linked/'));
    is($page->code, 200, "$outcome: not an error");
    like($page->url, qr{^\Q$home\E}, "$outcome: the service page");
    like($page->text, qr/MNV0201/, "$outcome: its code");
    like($page->text, qr/nothing (?:was|has been) changed/i, "$outcome: nothing was changed");
    ok(stands($page, identity => 0), "$outcome: nothing is verified");
}
$p->card_is(outcome => 'error:server_error');
my $b = $t->browser;
my $page = $b->visit($t->url('/mynumber/verify'));
like($page->text, qr/MNV0209/, 'a provider error has its page');
$t->expect_log('MNV0209');
$p->card_is(outcome => 'error:temporarily_unavailable');
$page = $b->visit($t->url('/mynumber/verify'));
like($page->text, qr/MNV0212/, 'a busy provider too');
is($page->code, 503, 'which is 503');
$t->expect_log('MNV0212');
$p->card_is(outcome => 'allow');

# A callback nobody began, begun elsewhere, or a second time.
my ($flow) = grep { /verify\/callback/ } map { $_->[1] } @{ $b->visit($t->url('/mynumber/verify'))->hops };
ok($flow, 'a callback was seen');
for my $try ([ $b, 'MNV0202', 'a second time in the same browser' ], [ $t->browser, 'MNV0202', 'in another browser' ]) {
    my $answer = $try->[0]->get($flow);
    is($answer->mnv_code, $try->[1], "the callback $try->[2]: $try->[1]");
    my ($reference) = $answer->text =~ /\b([0-9a-f]{8})\b/;
    ok($reference && $t->error_log =~ /\Q$reference\E/, 'its reference stands in the log');
}
$t->expect_log('MNV0202');
for my $query ('code=x&state=y', 'code=x&code=y&state=AAAAAAAAAAAAAAAAAAAAAA', 'state=' . 'A' x 300, 'code=%00&state=AAAAAAAAAAAAAAAAAAAAAA', '%zz', 'x=' . 'x' x 6000) {
    my $answer = $b->visit($t->url("/mynumber/verify/callback?$query"));
    like($answer->mnv_code // '', qr/^MNV0(?:201|202|206|207|210|211)$/, 'a callback of "' . substr($query, 0, 40) . '"');
    $t->allow_log($answer->mnv_code // ());
}

# Unknown pages, methods, places to return to.
is($b->get($t->url('/mynumber/nothing'))->mnv_code, 'MNV0103', 'an unknown page');
is($b->get($t->url('/mynumber'))->code, 200, 'the path without its slash');
my $answer = $b->post_form($home, {});
is($answer->code, 405, 'POST to a page');
is($answer->header('Allow'), 'GET, HEAD', 'says what is allowed');
for my $evil ('//evil.example/', '/\\evil.example', 'https://evil.example/', 'javascript:alert(1)', '/%09/evil.example', "/\t/evil.example", 'http:evil.example', '@evil.example', 'https://localhost.evil.example/') {
    for my $path ('verify', 'signin', '') {
        my $location = $b->get($t->url("/mynumber/$path?return=" . MNV::Browser::encode_form({ r => $evil }) =~ s/^r=//r));
        is($location->mnv_code, 'MNV0213', "/$path does not return to $evil") if $evil ne '/%09/evil.example';
    }
}
$t->allow_log(qw(MNV0213));

# Under another name of this host: first to the base URL's, over a page that sees whether cookies come back; else the flow's would not come back either.
my $port = $t->port;
my $here = $t->url('/mynumber/here');
my $hop = sub { $here . '?return=' . MNV::Browser::encode_form({ r => $_[0] }) =~ s/^r=//r };
for my $path ('/mynumber/?lang=en', '/mynumber/verify', '/account/x?y=1') {
    my $visitor = $t->browser;
    my @hops = map { $visitor->get("http://127.0.0.1:$port$path")->header('Location') } 1, 2;
    is_deeply(\@hops, [ ($hop->($path)) x 2 ], "$path under another name: to ours, each time");
    my $asked = $visitor->get($hops[0])->header('Location');
    is($asked, "$hops[0]&again=1", 'there a cookie is set');
    is($visitor->get($asked)->header('Location'), $t->url($path), 'and when it has come back, to the same place');
    my $proxied = $t->browser(headers => [ [ 'X-Forwarded-Host', "localhost:$port" ] ])->get("http://127.0.0.1:$port$path");
    unlike($proxied->header('Location') // '', qr{/here\?}, "$path under another name, which a proxy made of ours");
}
for my $evil ('https://evil.example/', '//evil.example/', '/\\evil.example', "http://127.0.0.1:$port/account/", '/mynumber/here?return=/mynumber/', '') {
    is($t->browser->get($hop->($evil))->mnv_code, 'MNV0213', "not to \"$evil\"");
    is($t->browser->get($hop->($evil) . '&again=1')->mnv_code, 'MNV0213', "nor when asked again");
}
is($t->browser->get($_)->mnv_code, 'MNV0213', "$_: a place, once") for $here, "$here?return=/account/&return=/account/", "$here?return=%zz";
is($t->browser->request('HEAD', $hop->('/account/'))->header('Location'), $hop->('/account/') . '&again=1', 'HEAD as GET');
$answer = $t->browser->post_form($hop->('/account/'), { return => '/account/' });
is_deeply([ $answer->code, $answer->mnv_code, $answer->header('Allow') ], [ 405, 'MNV0104', 'GET, HEAD' ], 'POST is not for there');
for my $language (qw(en ja)) {
    $page = $t->browser(language => $language)->get($hop->('/account/') . '&again=1');
    is_deeply([ $page->code, $page->mnv_code ], [ 400, 'MNV0214' ], "no cookie has come back: a page that says so ($language)");
    like($page->text, $language eq 'en' ? qr/enable cookies/ : qr/Cookie を有効に/, 'and what to do');
}
$t->expect_log('MNV0214');

# What keeps pages safe.
$page = $b->get($home);
like($page->header('Content-Security-Policy'), qr/default-src 'none'/, 'Content-Security-Policy');
like($page->header('Content-Security-Policy'), qr/frame-ancestors 'none'/, 'no framing');
like($page->header('Cache-Control'), qr/no-store/, 'not stored');
is($page->header('X-Content-Type-Options'), 'nosniff', 'nosniff');
unlike($page->body, qr/<script/i, 'no script');
$p->card_is(forge => 'userinfo-name-html');
my $victim = $t->browser;
$page = verify($t, $victim);
unlike($page->body, qr/<script>alert/, 'markup in a name is escaped');
like($page->text, qr/<script>alert\(1\)/, 'and shown as it is');
my $asset = $b->get($t->url('/mynumber/assets/style.css'));
like($asset->header('Content-Type'), qr{^text/css\b}, 'the stylesheet');
is($b->get($t->url('/mynumber/assets/../../../etc/passwd'))->code == 200 ? 'open' : 'closed', 'closed', 'no way out of assets');
$t->allow_log('AH10244');

# Unlinking: folded for whoever comes by, unfolded for whoever has signed in again for it.
my $person = linked_person($t, '0123456789', 'adult');
my $unfolded = qr/<details class="unlink" open>/;
unlike($person->get("$home?unlink=1")->body, $unfolded, 'the right to unlink is used up: folded');
my ($again) = $person->get($home)->body =~ /class="button danger" href="([^"]+)"/;
ok($again, 'a button to sign in again') or $again = '/';
$page = $person->visit($t->base . $again =~ s/&amp;/&/gr);
like($page->body, $unfolded, 'it leads back to where unlinking is unfolded');
unlike($person->get($home)->body, $unfolded, 'anywhere else it is folded');
ok(stands($person->form('unlink')->submit, linked => 0), 'unlinked');

# Machine readable.
my $jwks = $b->get($t->url('/mynumber/jwks.json'));
is(scalar @{ $jwks->json->{keys} }, 1, 'jwks.json has our key');
ok(!grep({ exists $_->{d} } @{ $jwks->json->{keys} }), 'its public half only');
my $info = $t->browser->fetch($t->url('/mynumber/info'))->json;
is($info->{account}, undef, 'info without a session');

# A card only, an account only.
$t->graceful($t->default_config(signin => 0));
$page = $t->browser->get($t->url('/mynumber/signin'));
is($page->mnv_code, 'MNV0108', 'no sign-in is configured: says so');
is($t->browser->get($home)->code, 200, 'the service page without a sign-in');
$t->graceful($t->default_config(card => 0));
is($t->browser->get($t->url('/mynumber/verify'))->mnv_code, 'MNV0107', 'no card provider: says so');
$t->done;
