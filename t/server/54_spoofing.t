# What a client sends under our names never reaches an application: no spelling, no place, no kind of application. Nor do our cookies; theirs arrive as they were sent.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Apps;
use MNV::Journey qw(linked_person);
use MNV::Source qw(root);

my $t = MNV::Test->new;
my $p = $t->providers;
mkdir $t->path("htdocs/$_") for qw(php php/open php/secret pages);
for my $folder (qw(open secret)) {
    $t->write_file("htdocs/php/$folder/index.php", do { local (@ARGV, $/) = root . '/t/apps/received.php'; <> }, 0644);
}
$t->write_file('cgi/app', "#!$^X\n" . 'print "Content-Type: text/plain\n\n"; open my $in, "<", "/proc/self/environ"; local $/ = "\0"; print map { s/\0$//r . "\n" } <$in>;', 0755);
$t->write_file('htdocs/pages/print.shtml', "<!--#printenv -->\n", 0644);
$t->write_file('htdocs/pages/include.shtml', "<!--#include virtual=\"/app\" -->\n", 0644);
my $apps = MNV::Apps->start($t, qw(php python uwsgi));
$t->start($t->default_config(sample => 0, modules => [ qw(setenvif include actions proxy proxy_http proxy_fcgi proxy_uwsgi slotmem_shm lbmethod_byrequests proxy_balancer) ], location => <<'EOT'));
ScriptAliasMatch "^/(?:app|secret/app|other)" "@DIR@/cgi/app"
ProxyPassMatch "^/(?:secret/)?python" http://127.0.0.1:@PORT:python@/
ProxyPassMatch "^/(?:secret/)?uwsgi" uwsgi://127.0.0.1:@PORT:uwsgi@/
ProxyPassMatch "^/(?:secret/)?balanced" balancer://both/
<Proxy balancer://both>
  BalancerMember http://127.0.0.1:@PORT:python@
  BalancerMember http://localhost:@PORT:python@
</Proxy>
Alias /secret/php "@DIR@/htdocs/php/secret"
Alias /secret/pages "@DIR@/htdocs/pages"
<FilesMatch "\.php$">
  SetHandler "proxy:unix:@DIR@/run/php.sock|fcgi://localhost"
</FilesMatch>
<Directory "@DIR@/htdocs/pages">
  Options +Includes
  AddType text/html .shtml
  AddOutputFilter INCLUDES .shtml
</Directory>
RewriteEngine on
RewriteRule ^/rewritten /app [PT]
RewriteRule ^/(secret/)?by-rule http://127.0.0.1:@PORT:python@/ [P]
ErrorDocument 400 /app/400
ErrorDocument 404 /app/404
ErrorDocument 403 /app/403
<Location /forbidden>
  Require all denied
</Location>
<Location /secret/>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport account
</Location>
<Location /other>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport account
  MyNumberHeaderPrefix X-Person-
</Location>
Listen 127.0.0.1:@PORT:front@
<VirtualHost 127.0.0.1:@PORT:front@>
  ServerName front.example.test
  MyNumberBaseURL https://front.example.test
  ScriptAlias /app "@DIR@/cgi/app"
  <Location /nowhere>
    MyNumberHeaderPrefix Uni-Id-
  </Location>
</VirtualHost>
Listen 127.0.0.1:@PORT:none@
<VirtualHost 127.0.0.1:@PORT:none@>
  ServerName none.example.test
  MyNumberSecretFile none
  ScriptAlias /app "@DIR@/cgi/app"
</VirtualHost>
EOT
my %who = (stranger => $t->browser, linked => linked_person($t, '1111111111', 'adult'));

# --- headers ---------------------------------------------------------------------------

my @marks = split //, q{-_.+~!#$%&'*^`|};
my @names = (
    (map { "MyNumber${_}Account" } @marks), qw(mynumber_account MYNUMBER-ACCOUNT mYnUmBeR-aCcOuNt MyNumber--Account MyNumber-),
    (map { "MyNumber-$_" } qw(Name Birthdate Verified Linked Subject Method Age-Over-20 Attribute-Mail Attribute_Mail Assertion Not-Yet-Known)),
    (map { ("X${_}Person${_}Account", "uni${_}ID${_}Name") } qw(- _ .)), 'x-person-attribute-mail',
);
my @forged = map { ([ $_, "forged-by-$_" ], [ $_, 'forged-again' ]) } @names;

# What the application there may know: of the linked person (known), of nobody though it takes a linked person to get there (behind), of nobody.
my @places = (
    ['CGI', '/app'], ['CGI, protected', '/secret/app', 'known'], ['CGI, other prefix', '/other', 'known'], ['CGI, other host', '/app', 'open', 'front'],
    ['CGI, host without us', '/app', 'open', 'none'], ['PHP-FPM', '/php/open/index.php'], ['PHP-FPM, protected', '/secret/php/index.php', 'known'],
    ['Python', '/python'], ['Python, protected', '/secret/python', 'known'], ['uWSGI', '/uwsgi'], ['uWSGI, protected', '/secret/uwsgi', 'known'],
    ['balancer', '/balanced'], ['balancer, protected', '/secret/balanced', 'known'], ['rewrite [P]', '/by-rule'], ['rewrite [P], protected', '/secret/by-rule', 'known'],
    ['SSI', '/pages/print.shtml'], ['SSI, protected', '/secret/pages/print.shtml', 'known'], ['SSI include', '/pages/include.shtml'],
    ['SSI include, from protected', '/secret/pages/include.shtml', 'behind'], ['rewrite [PT]', '/rewritten'], ['error 404', '/nothing'],
    ['error 404, from protected', '/secret/nothing', 'behind'], ['error 403', '/forbidden'],
    ['service page', '/mynumber/', 'ours'], ['own JSON', '/mynumber/info', 'ours'], ['own error', '/mynumber/nothing', 'ours'], ['own asset', '/mynumber/assets/style.css', 'ours'],
);

sub url { my ($path, $port) = @_; return $port ? 'http://localhost:' . $t->port($port) . $path : $t->url($path) }

# Lines of an answer that tell something under one of our names.
sub ours { my ($body) = @_; return grep { /^(?:\w+ )?(?:REDIRECT_)*(?:HTTP_)?(?:MYNUMBER|X\W*_?PERSON|UNI\W*_?ID)/i } split /\n/, $body }

note sprintf '%-28s %-10s %-10s', 'place', sort keys %who;
for my $place (@places) {
    my ($title, $path, $kind, $port) = @$place;
    $kind //= 'open';
    my (@wrong, @cells);
    for my $who (sort keys %who) {
        my $r = $who{$who}->get(url($path, $port), headers => [ @forged, [ 'X-Control', 'arrived' ], [ 'X-Folded', "a\r\n MyNumber-Account: folded" ] ]);
        my $is_refused = $kind =~ /known|behind/ && $who eq 'stranger';
        my @known = grep { /[=:] ?sub-1111111111$/ } ours($r->body);
        my @bad = grep { /forged|folded/ } ours($r->body), grep { /forged/ } split /\n/, $r->head . $r->body;
        push @bad, 'no application: ' . $r->code if $kind ne 'ours' && !$is_refused && $r->body !~ /arrived/;
        push @bad, "known as @known" if @known && $kind ne 'known';
        push @bad, 'not known' if !@known && $kind eq 'known' && !$is_refused;
        push @wrong, map { "$who: $_" } @bad;
        push @cells, @bad ? 'WRONG' : @known ? 'known' : $r->body =~ /arrived/ ? 'nobody' : $r->code;
    }
    note sprintf '%-28s %-10s %-10s', $title, @cells;
    is(join("\n", @wrong), '', "no forged header arrives: $title");
}

# --- requests that no browser sends -------------------------------------------------------

# title, bytes behind the request line ("GET PATH HTTP/1.1"), status of a stranger at an open application
my $forged = 'MyNumber-Account: forged';
my @raw = (
    ['blank before the colon', "MyNumber-Account : forged", 400], ['blank in the name', "MyNumber Account: forged", 400], ['no name', ": forged\r\n$forged", 400],
    ['folded into another', " MyNumber-Account: folded", 200], ['carriage return alone', "X: y\r$forged", 400], ['zero byte', "X: \0y\r\n$forged", 400], ['letters of Latin-1', "MyNumber-\xc4ccount: forged", 400],
    ['URL that cannot be decoded', $forged, 400, '/app/%zz'], ['URL outside', $forged, 400, '/../../app'], ['no such method', $forged, 200, '/app', 'FORGE'],
    ['HTTP/1.0', $forged, 200, '/app', 'GET', '1.0'], ['HTTP/1.9', $forged, 200, '/app', 'GET', '1.9'], ['TRACE', $forged, 200, '/app', 'TRACE'], ['OPTIONS', $forged, 200, '/app', 'OPTIONS'],
    ['trailer', "Transfer-Encoding: chunked\r\nTrailer: MyNumber-Account\r\n\r\n3\r\nabc\r\n0\r\n$forged\r\nMyNumber_Name: forged", 200, '/app', 'POST'],
    ['trailer to Python', "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n$forged", 200, '/python', 'POST'],
    ['very many', join("\r\n", map { "MyNumber-N$_: forged" } 1 .. 80), 200], ['too many', join("\r\n", map { "MyNumber-N$_: forged" } 1 .. 120), 400],
);
for my $case (@raw) {
    my ($title, $bytes, $want, $path, $method, $version) = @$case;
    # A connection that is closed while bytes are on their way may take the answer with it (RST): then once more.
    my $answer = '';
    for (1 .. 5) {
        $answer = MNV::Browser::raw('localhost', $t->port, ($method // 'GET') . ' ' . ($path // '/app') . ' HTTP/' . ($version // '1.1') . "\r\nHost: localhost\r\nConnection: close\r\n$bytes\r\n\r\n");
        last if length $answer;
    }
    my ($code) = $answer =~ m{^HTTP/1\.1 (\d+)};
    note sprintf '%-28s %s', $title, $code;
    is($code . join('', map { "\n$_" } grep { /forged/ } split(/\r?\n/, $answer), ours($answer)), $want, "no forged header arrives: $title");
}

# A header named in "Connection" ends at a proxy: nobody can make ours end there.
for my $kind (qw(python balanced by-rule uwsgi php/index.php app)) {
    my $r = $who{linked}->get($t->url("/secret/$kind"), headers => [ [ 'Connection', 'close, MyNumber-Account, mynumber_account, X-Control' ], [ 'X-Control', 'arrived' ] ]);
    ok($r->body =~ /HTTP_MYNUMBER_ACCOUNT=sub-1111111111$/m, "\"Connection: MyNumber-Account\" takes nothing away: $kind");
}

# --- cookies --------------------------------------------------------------------------------

my $session = $who{linked}->jar->cookie('mynumber')->{value};
my %set = (
    httpd => { port => undef, own => [ "mynumber=$session", 'mnv-b=secret1', 'mnv-f-abc=secret2', 'mnv-n=secret3', 'mynumber', 'mnv-x' ] },
    front => { port => 'front', own => [ '__Host-mynumber=secret1', '__Host-mnv-b=secret2', '__Secure-mnv-f-abc=secret3', '__Host-mnv-h=1' ] },
);
my @theirs = ('theirs=1', 'quoted="a b"', 'empty=', '=unnamed', 'bare', 'xmynumber=2', 'mynumberx=3', 'x-mnv-b=4', 'utf8=%E5%B1%B1', "raw=\xe5\xb1\xb1", 'equal=a=b==', 'comma=1,2', '__Host-theirs=5');
for my $name (sort keys %set) {
    my ($port, @own) = ($set{$name}{port}, @{ $set{$name}{own} });
    my @all = map { ($theirs[$_], $own[ $_ % @own ]) } 0 .. $#theirs;
    for my $path ($port ? '/app' : map { $_->[1] } grep { !$_->[3] && ($_->[2] // '') ne 'ours' } @places) {
        my $r = $who{stranger}->request('GET', url($path, $port), extra => [ [ 'Cookie', join '; ', @all ], [ 'Accept', 'text/html' ] ]);
        next if $r->code =~ /30|401/;
        my ($line) = $r->bytes =~ /^(?:_SERVER )?(?:HTTP_COOKIE|Cookie)[=:] ?(.*)/m;
        $line = MNV::Browser::Response::unescape($line) if $path =~ /print/;
        is($line, join('; ', @theirs), "their cookies arrive, ours do not: $name $path");
    }
}
# Two headers are one (httpd joins them with a comma): ours may stand behind it.
for my $order ([ 'theirs=1', "mynumber=$session" ], [ "mynumber=$session; theirs=1", 'mnv-b=secret1' ], [ 'theirs=1', "mynumber=$session; other=2" ]) {
    my $r = $who{stranger}->request('GET', $t->url('/app'), extra => [ map { [ 'Cookie', $_ ] } @$order ]);
    my ($line) = $r->bytes =~ /^HTTP_COOKIE=(.*)/m;
    note "two headers: $line";
    unlike($line, qr/mynumber|mnv|secret/, 'no cookie of ours from two headers');
    like($line, qr/theirs=1/, 'theirs arrives');
}
$t->allow_log('AH01630', 'AH10244');
$t->allow_log(qw(AH01270 AH01225 AH00574));    # bodies that applications do not read, or that never come
$apps->stop;
$t->done;
