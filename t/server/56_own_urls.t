# Our own URLs stay ours, and the whole journey works, whatever a site puts over all of its URLs.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Apps;
use MNV::Journey qw(stands link_up);

my $t = MNV::Test->new;
mkdir $t->path('cache');
$t->give_to_server($t->path('cache'));
$t->write_file('conf/users', 'visitor:{SHA}' . "nU4eI71bcnBGqeO0t9tXvY1u5oQ=\n", 0644);    # pass
$t->write_file('htdocs/front.html', "front controller\n", 0644);

# title, configuration, options: user (Basic), refused (status of our URLs to who may not come at all)
my $python = 'http://127.0.0.1:@PORT:python@';
my @settings = (
    ['our rules over all', <<'EOT'],
<Location />
  AuthType mynumber
  Require mynumber-linked
</Location>
EOT
    ['strangers only', <<'EOT'],
<Location />
  AuthType mynumber
  <RequireAll>
    Require all granted
    <RequireNone>
      Require mynumber-linked
    </RequireNone>
  </RequireAll>
</Location>
EOT
    ['our rules over all, without AuthType', "<Location />\nRequire mynumber-linked\n</Location>\n"],
    ['strangers are told 403', "<Location />\nAuthType mynumber\nRequire mynumber-linked\nMyNumberUnauthenticated 403\n</Location>\n"],
    ['ProxyPass /', "ProxyPass / $python/\n"],
    ['ProxyPass in a location', "<Location />\nProxyPass $python/\n</Location>\n"],
    ['ProxyPassMatch', "ProxyPassMatch ^/(.*)\$ $python/\$1\n"],
    ['rewrite [P] for everything', "RewriteEngine on\nRewriteRule ^ $python%{REQUEST_URI} [P]\n"],
    ['rewrite [P] in a location', "<Location />\nRewriteEngine on\nRewriteRule ^ $python%{REQUEST_URI} [P]\n</Location>\n"],
    ['rewrite to a front controller', "RewriteEngine on\nRewriteRule ^ /front.html [L]\n"],
    ['rewrite to a front controller in a location', "<Location />\nRewriteEngine on\nRewriteCond %{REQUEST_URI} !=/front.html\nRewriteRule ^ /front.html [L]\n</Location>\n"],
    ['FallbackResource', "FallbackResource /front.html\n<Location />\nFallbackResource /front.html\n</Location>\n"],
    ['a handler for everything', "<Location />\nSetHandler \"proxy:$python\"\n</Location>\n"],
    ['AliasMatch', "AliasMatch ^ \"\@DIR\@/htdocs/front.html\"\n"],
    ['ScriptAliasMatch', "ScriptAliasMatch ^ \"\@DIR\@/cgi/show\"\n"],
    ['SSI for everything', "<Location />\nOptions +Includes\nSetOutputFilter INCLUDES\n</Location>\n"],
    ['mod_cache for everything', "CacheEnable disk /\nCacheRoot \"\@DIR\@/cache\"\nCacheStoreNoStore on\nCacheStorePrivate on\nCacheIgnoreCacheControl on\nCacheIgnoreNoLastMod on\n"],
    ['mod_cache without quick handler', "CacheEnable disk /\nCacheRoot \"\@DIR\@/cache\"\nCacheQuickHandler off\nCacheStoreNoStore on\nCacheStorePrivate on\nCacheIgnoreNoLastMod on\n"],
    ['Basic for everything', "<Location />\nAuthType Basic\nAuthName x\nAuthBasicProvider file\nAuthUserFile \"\@DIR\@/conf/users\"\nRequire valid-user\n</Location>\n", user => 1],
    ['Basic and our rule', "<Location />\nAuthType Basic\nAuthName x\nAuthBasicProvider file\nAuthUserFile \"\@DIR\@/conf/users\"\n<RequireAll>\nRequire valid-user\nRequire mynumber-linked\n</RequireAll>\n</Location>\n", user => 1],
    ['nobody from here', "<Location />\nRequire ip 192.0.2.1\n</Location>\n", refused => 403],
    ['nobody from here, under our rules', "<Location />\nAuthType mynumber\n<RequireAll>\nRequire ip 192.0.2.1\nRequire mynumber-linked\n</RequireAll>\n</Location>\n", refused => 403],
);

# Each is a virtual host with a port of its own.
my $n = 0;
my ($hosts, %base) = ('');
for my $setting (@settings) {
    my ($title, $text) = @$setting;
    my $port = $t->port('host' . ++$n);
    $base{$title} = "http://localhost:$port";
    $hosts .= "Listen 127.0.0.1:$port\n<VirtualHost 127.0.0.1:$port>\nServerName localhost:$port\nMyNumberBaseURL $base{$title}\n$text</VirtualHost>\n";
}
my $p = $t->providers(clients => { map { my $half = $_; ($half => { redirect_uris => [ map { "$_/mynumber/" . ($half eq 'card' ? 'verify' : 'signin') . '/callback' } values %base ] }) } qw(card signin) });
my $apps = MNV::Apps->start($t, 'python');
$t->start($t->default_config(sample => 0, modules => [ qw(proxy proxy_http include cache cache_disk auth_basic authn_file authz_user) ], location => $hosts));
$p->signin_is(account => '1111111111');
$p->card_is(person => 'adult');

for my $setting (@settings) {
    my ($title, undef, %option) = @$setting;
    my $home = "$base{$title}/mynumber";
    my $stranger = $t->browser;
    my $refused = $option{refused} // ($option{user} ? 401 : undef);
    if ($refused) {
        my @codes = map { $stranger->get("$home$_")->code } '/', '/signin', '/verify/callback?state=x', '/assets/style.css', '/info';
        is(join(' ', @codes), join(' ', ($refused) x @codes), "$title: who may not come at all gets nothing of ours");
        note sprintf '%-46s %s', $title, "@codes";
        next if $option{refused};
    }
    my $b = $t->browser(headers => $option{user} ? [ [ 'Authorization', 'Basic dmlzaXRvcjpwYXNz' ] ] : []);
    my @codes = map { $b->visit("$home$_")->code } '/', '/signin', '/verify';
    my $linked = link_up($b);
    push @codes, $linked->code, $b->get("$home/info")->code, $b->get("$home/assets/style.css")->code, $b->get("$home/nothing")->code;
    ok(stands($linked, linked => 1), "$title: the whole journey");
    $b->visit("$home/");
    push @codes, $b->form('logout')->submit->code;
    note sprintf '%-46s %s', $title, "@codes";
    is("@codes", '200 200 200 200 200 200 404 200', "$title: each of our URLs is ours");
    unlike($b->get("$base{$title}/mynumberless")->body, qr/data-step/, "$title: what only begins like ours is not ours");
    cmp_ok(scalar @{ $t->browser->visit("$base{$title}/front.html")->hops }, '<', 10, "$title: somebody new gets somewhere");
    $t->sql('DELETE FROM mynumber_links');
}
$t->allow_log('AH01630', 'AH01617', 'AH01618');
$apps->stop;
$t->done;
