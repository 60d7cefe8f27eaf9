# What cannot be led through a sign-in is told where a person can: fetches of scripts get 401 as JSON with the URL of the cure and start nothing, forms sent to a protected
# place get a 401 page that says that the text was not sent. 50_require.t has one of each.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(sign_in verify);

my $t = MNV::Test->new;
my $p = $t->providers;
$t->start($t->default_config(location => <<'EOT'));
<Location /show/both>
  AuthType mynumber
  <RequireAll>
    Require mynumber-account
    Require mynumber-verified
  </RequireAll>
</Location>
<Location /show/never>
  AuthType mynumber
  <RequireAll>
    Require mynumber-account
    Require expr false
  </RequireAll>
</Location>
EOT
$t->expect_log(qw(MNV0802 MNV0803));
$t->allow_log(qw(MNV0801 AH01630 AH01631));
$p->signin_is(account => '0123456789');
$p->card_is(person => 'adult');
my $own = $t->url('/mynumber');

# Bare requests: nothing but these headers. [what, headers, "json" "flow" or "page"]
my @kinds = (
    [ 'fetch() of today', [ [ 'Accept', '*/*' ], [ 'Sec-Fetch-Mode', 'cors' ], [ 'Sec-Fetch-Dest', 'empty' ] ], 'json' ],
    [ 'fetch() with mode same-origin', [ [ 'Accept', '*/*' ], [ 'Sec-Fetch-Mode', 'same-origin' ] ], 'json' ],
    [ 'an image', [ [ 'Accept', 'image/avif,image/webp,*/*;q=0.8' ], [ 'Sec-Fetch-Mode', 'no-cors' ], [ 'Sec-Fetch-Dest', 'image' ] ], 'json' ],
    [ 'a WebSocket', [ [ 'Sec-Fetch-Mode', 'websocket' ] ], 'json' ],
    [ 'an empty Sec-Fetch-Mode', [ [ 'Accept', 'text/html' ], [ 'Sec-Fetch-Mode', '' ] ], 'json' ],
    [ 'XMLHttpRequest of a library', [ [ 'Accept', 'text/html, */*' ], [ 'X-Requested-With', 'XMLHttpRequest' ] ], 'json' ],
    [ 'the same that says navigate', [ [ 'Sec-Fetch-Mode', 'navigate' ], [ 'X-Requested-With', 'xmlhttprequest' ] ], 'json' ],
    [ 'a page fetched ahead of need', [ [ 'Accept', 'text/html' ], [ 'Sec-Fetch-Mode', 'navigate' ], [ 'Sec-Purpose', 'prefetch;prerender' ] ], 'json' ],
    [ 'an API client', [ [ 'Accept', 'application/json' ] ], 'json' ],
    [ 'a feed reader', [ [ 'Accept', 'application/rss+xml, text/xml;q=0.9' ] ], 'json' ],
    [ 'a navigation of today', [ [ 'Accept', 'text/html,*/*;q=0.8' ], [ 'Sec-Fetch-Mode', 'navigate' ] ], 'flow' ],
    [ 'a navigation of an old browser', [ [ 'Accept', 'text/html,application/xhtml+xml,*/*;q=0.8' ] ], 'flow' ],
    [ 'a client that takes anything', [ [ 'Accept', '*/*' ] ], 'flow' ],
    [ 'a client that says nothing', [], 'flow' ],
);
for my $kind (@kinds) {
    my ($name, $headers, $is) = @$kind;
    my $r = $t->browser->request('GET', $t->url('/account/x?y=1'), headers => $headers);
    if ($is eq 'flow') {
        is($r->code, 303, "$name is led to the sign-in");
        next;
    }
    is($r->code . ' ' . ($r->header('Content-Type') // ''), '401 application/json', "$name gets 401 as JSON") or next;
    my $json = $r->json;
    is($json->{code}, 'MNV0802', "$name: code");
    is($json->{cure}, "$own/signin", "$name: the cure, with no place to come back to but the page's own");
    is_deeply([ $r->headers('Set-Cookie') ], [], "$name: no cookie, no flow");
    is($r->header('Location'), undef, "$name: no redirect");
    like($r->header('WWW-Authenticate') // '', qr/^MyNumber\b/, "$name: WWW-Authenticate");
    like($r->header('Cache-Control') // '', qr/no-store/, "$name: not stored");
    is($json->{message} =~ /\S/ && $r->code, 401, "$name: a sentence for people");
}

# The cure is the least that is missing, and a person who takes it comes back to the page whose script it was.
sub cure { my ($b, $path, @more) = @_; return $b->fetch($t->url($path), @more)->json->{cure} }
my $b = $t->browser;
$b->get($t->url('/open/app?z=1'));
is(cure($b, '/account/'), "$own/signin", 'nobody: the sign-in');
is(cure($b, '/verified/'), "$own/verify", 'nobody, verified: the card');
is(cure($b, '/linked/', headers => [ [ 'Referer', $t->url('/open/app?z=1') ] ]), "$own/signin?return=%2Fopen%2Fapp%3Fz%3D1", "linked: the sign-in, back to the page the script runs in");
is(cure($b, '/linked/', headers => [ [ 'Referer', 'https://evil.example/x' ] ]), "$own/signin", "never to another site's page");
my $page = $b->visit(cure($b, '/account/', headers => [ [ 'Referer', $t->url('/open/app?z=1') ] ]));
is($page->url, $t->url('/open/app?z=1'), 'taken, it leads back');
is($b->fetch($t->url('/account/'))->code, 200, 'and the script gets on');
is(cure($b, '/show/both'), "$own/verify", 'signed in, both asked for: the card');
is(cure($b, '/linked/'), "$own/verify", 'signed in, linked asked for: the card');
verify($t, $b);
is(cure($b, '/linked/'), "$own/", 'both halves: the page with the button');
my $never = $b->fetch($t->url('/show/never'));
is($never->code . ' ' . $never->json->{code}, '403 MNV0801', 'what nothing cures is 403');
my $kept = $t->browser(language => 'ja')->fetch($t->url('/account/'))->json;
like($kept->{message}, qr/手続き/, 'the sentence is in the language of the browser');
for my $method (qw(POST PUT DELETE PATCH OPTIONS)) {
    my $r = $t->browser->fetch($t->url('/account/'), method => $method, $method eq 'OPTIONS' ? () : (body => 'x=1'));
    is($r->code . ' ' . ($r->json->{code} // ''), '401 MNV0802', "$method of a script");
}

# --- forms ---
my $secret_text = 'three hours of writing 8d1f';
my $stranger = $t->browser;
$stranger->get($t->url('/open/form'));
for my $how ([ 'a form', [] ], [ 'a form with a file', [ [ 'Content-Type', 'multipart/form-data; boundary=x' ] ] ], [ 'a form of an old browser', [ map { [ $_, undef ] } qw(Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-Dest Sec-Fetch-User) ] ]) {
    my ($name, $headers) = @$how;
    my $r = $stranger->post_form($t->url('/account/save'), "text=$secret_text", headers => $headers);
    is($r->code . ' ' . ($r->mnv_code // ''), '401 MNV0803', "$name: 401 page");
    like($r->header('Content-Type'), qr{^text/html\b}, "$name: HTML");
    like($r->text, qr/was not received/, "$name: says that the text was not sent");
    like($r->text, qr/Back button/, "$name: and that the browser's Back keeps it");
    unlike($r->body, qr/8d1f/, "$name: the text is not kept in the page");
    is_deeply([ $r->headers('Set-Cookie') ], [], "$name: nor in a cookie, and no flow is begun");
    like($r->body, qr{href="\Q$own\E/signin}, "$name: leads to the cure");
}
like($t->browser(language => 'ja')->post_form($t->url('/account/save'), { text => 1 })->text, qr/受け取られていません/, 'in Japanese too');
is_deeply([ grep { /8d1f/ } $t->error_log, map { join '|', map { $_ // '' } values %$_ } map { @{ $t->sql("SELECT * FROM $_") } } qw(mynumber_sessions mynumber_replay) ], [], 'nor in the log or the database');
my $large = $stranger->post_form($t->url('/account/save'), 'text=' . 'x' x 3_000_000);
is($large->code . ' ' . ($large->mnv_code // ''), '401 MNV0803', 'a form of 3 MB is answered as well');
# After the cure the very form gets through.
sign_in($t, $stranger);
is($stranger->post_form($t->url('/account/save'), "text=$secret_text")->json->{body}, "text=$secret_text", 'sent again after the sign-in it arrives');
is($t->browser->request('PUT', $t->url('/account/'), headers => [ [ 'Sec-Fetch-Mode', 'navigate' ] ], body => 'x')->code, 401, 'any other method of a navigation is no reason for a flow');
$t->done;
