# However a request comes over the wire - method, range, condition, version, HTTP/2, connection shared with somebody else, body cut off, WebSocket -, a stranger gets no byte of
# what is protected, and a linked person is known.
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use MNV::Test;
use MNV::Apps;
use MNV::Backend;
use MNV::Journey qw(linked_person);

my $MARK = 'only-for-the-person';
my $t = MNV::Test->new;
my $p = $t->providers;
my $apps = MNV::Apps->start($t, 'python');
my $socket_app = MNV::Backend->start($t->port('socket'));
mkdir $t->path('htdocs/secret');
$t->write_file('htdocs/secret/file.txt', "$MARK\n" x 2000, 0644);
$t->write_file('cgi/app', "#!$^X\n" . 'my $body = ""; read STDIN, $body, 1 << 20; print "Content-Type: text/plain\n\nonly-for-the-person ", length $body, "\n", map { "$_=$ENV{$_}\n" } sort keys %ENV;', 0755);
$t->start($t->default_config(sample => 0, modules => [ qw(http2 proxy proxy_http) ], location => <<'EOT'));
Protocols h2c http/1.1
TraceEnable on
ScriptAliasMatch "^/(?:secret/)?app" "@DIR@/cgi/app"
ProxyPassMatch "^/(?:secret/)?python" http://127.0.0.1:@PORT:python@/
ProxyPass /secret/socket http://127.0.0.1:@PORT:socket@/ upgrade=websocket
<Location /secret/>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport account
</Location>
EOT
my $person = linked_person($t, '1111111111', 'adult');
my $cookie = 'Cookie: theirs=1; ' . $person->jar->cookie_header($t->url('/'));
my $base = $t->base;

# --- HTTP/1 ------------------------------------------------------------------------------

my $close = "Host: localhost\r\nConnection: close\r\n";
# title, request (@ is where a linked person's cookie goes), answers to a stranger, answers to a linked person: statuses, "mark"
my @cases = (
    ['GET', "GET /secret/file.txt HTTP/1.1\r\n$close@\r\n", '303', '200 mark'],
    ['HEAD', "HEAD /secret/file.txt HTTP/1.1\r\n$close@\r\n", '303', '200'],
    ['OPTIONS', "OPTIONS /secret/file.txt HTTP/1.1\r\n$close@\r\n", '401', '200'],
    ['OPTIONS of an application', "OPTIONS /secret/app HTTP/1.1\r\n$close@\r\n", '401', '200 mark'],
    ['OPTIONS *', "OPTIONS * HTTP/1.1\r\n$close@\r\n", '200', '200'],
    ['TRACE', "TRACE /secret/file.txt HTTP/1.1\r\n$close@\r\n", '200', '200'],
    ['DELETE', "DELETE /secret/app HTTP/1.1\r\n$close@\r\n", '401', '200 mark'],
    ['unknown method', "FORGE /secret/app HTTP/1.1\r\n$close@\r\n", '401', '200 mark'],
    ['lower case get', "get /secret/file.txt HTTP/1.1\r\n$close@\r\n", '401', '501'],
    ['HTTP/1.0', "GET /secret/file.txt HTTP/1.0\r\n@\r\n", '303', '200 mark'],
    ['HTTP/0.9', "GET /secret/file.txt\r\n", 'none', 'none'],
    ['absolute URL', "GET $base/secret/file.txt HTTP/1.1\r\n$close@\r\n", '303', '200 mark'],
    ['range', "GET /secret/file.txt HTTP/1.1\r\n${close}Range: bytes=0-99\r\n@\r\n", '303', '206 mark'],
    ['ranges', "GET /secret/file.txt HTTP/1.1\r\n${close}Range: bytes=0-99,200-299\r\n@\r\n", '303', '206 mark'],
    ['range that cannot be', "GET /secret/file.txt HTTP/1.1\r\n${close}Range: bytes=999999-\r\n@\r\n", '303', '416'],
    ['modified since', "GET /secret/file.txt HTTP/1.1\r\n${close}If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n@\r\n", '303', '200 mark'],
    ['none match', "GET /secret/file.txt HTTP/1.1\r\n${close}If-None-Match: *\r\n@\r\n", '303', '304'],
    ['match', "GET /secret/file.txt HTTP/1.1\r\n${close}If-Match: \"x\"\r\n@\r\n", '303', '412'],
    ['POST', "POST /secret/app HTTP/1.1\r\n${close}Content-Length: 3\r\n@\r\nabc", '401', '200 mark'],
    ['POST in chunks', "POST /secret/app HTTP/1.1\r\n${close}Transfer-Encoding: chunked\r\n@\r\n3\r\nabc\r\n0\r\n\r\n", '401', '200 mark'],
    ['Expect', "POST /secret/app HTTP/1.1\r\n${close}Content-Length: 3\r\nExpect: 100-continue\r\n@\r\nabc", '401', '100 200 mark'],
    ['two lengths', "POST /secret/app HTTP/1.1\r\n${close}Content-Length: 3\r\nContent-Length: 4\r\n@\r\nabc", '400', '400'],
    ['length and chunks', "POST /secret/app HTTP/1.1\r\n${close}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n@\r\n0\r\n\r\n", '401', '200 mark'],
    ['two after another, the second without cookie', "GET /secret/file.txt HTTP/1.1\r\nHost: localhost\r\n@\r\nGET /secret/app HTTP/1.1\r\n$close\r\n", '303 303', '200 303 mark'],
    ['two after another, the second with it', "GET /secret/app HTTP/1.1\r\nHost: localhost\r\n\r\nGET /secret/file.txt HTTP/1.1\r\n$close@\r\n", '303 303', '303 200 mark'],
    ['a body that looks like a request', "POST /secret/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 54\r\n\r\nGET /secret/app HTTP/1.1\r\nHost: localhost\r\nX: 12345678\r\nGET /secret/file.txt HTTP/1.1\r\n$close@\r\n", '401 303', '401 200 mark'],
);
note sprintf '%-48s %-12s %s', 'request', 'stranger', 'linked';
for my $case (@cases) {
    my ($title, $request, %want) = ($case->[0], $case->[1], stranger => $case->[2], linked => $case->[3]);
    my %got;
    for my $who (qw(stranger linked)) {
        (my $bytes = $request) =~ s/@/$who eq 'linked' ? "$cookie\r\n" : ''/ge;
        my $answer = MNV::Browser::raw('localhost', $t->port, $bytes);
        $got{$who} = join ' ', $answer =~ m{^(?:.*\n)*?(?=HTTP)}m ? $answer =~ m{HTTP/1\.1 (\d+) }g : 'none', $answer =~ /$MARK/ ? 'mark' : ();
    }
    note sprintf '%-48s %-12s %s', $title, @got{qw(stranger linked)};
    is("$got{stranger} | $got{linked}", "$want{stranger} | $want{linked}", "over the wire: $title");
}

# --- bodies cut off --------------------------------------------------------------------------

my @cut = map { ["POST $_ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n@\r\n100\r\nabc", $_],
    ["POST $_ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n@\r\nabc", $_],
    ["POST $_ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n@\r\nno chunk\r\n", $_] }
  qw(/secret/app /secret/python /secret/file.txt /secret/socket /mynumber/link /mynumber/logout /mynumber/backchannel-logout);
for my $cut (@cut) {
    for my $who (qw(stranger linked)) {
        (my $bytes = $cut->[0]) =~ s/@/$who eq 'linked' ? "$cookie\r\n" : ''/e;
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $t->port) or die "could not connect: $@";
        $socket->print($bytes);
        $socket->shutdown(1);
        my $answer = do { local $/; <$socket> } // '';
        unlike($answer, qr/$MARK/, "a body cut off shows nothing: $cut->[1], $who") if $who eq 'stranger';
    }
}
is($person->get($t->url('/secret/app'))->code, 200, 'still served, still signed in: a cut off sign-out is none');

# --- HTTP/2 --------------------------------------------------------------------------------------

# Under load httpd's answer to a body that it refuses to read may be lost with the stream, also where httpd itself refuses (curl ends with 92): asked again.
sub curl {
    my (@arguments) = @_;
    for (1 .. 20) {
        my $answer = eval { $t->run(qw(curl -sS -i --http2-prior-knowledge --max-time 30), @arguments) };
        return $answer if defined $answer;
        die $@ if $@ !~ /ended with 92:/;
    }
    die 'no answer over HTTP/2';
}
my @known = ('-H', $cookie);
my $navigate = 'Accept: text/html';
my @h2 = (
    ['GET', ["$base/secret/file.txt"], '303', '200 mark'],
    ['HEAD', ['--head', "$base/secret/file.txt"], '303', '200'],
    ['range', ['-r', '0-99', "$base/secret/file.txt"], '303', '206 mark'],
    ['POST', ['-d', 'abc', "$base/secret/app"], '401', '200 mark known'],
    ['application', ["$base/secret/app"], '303', '200 mark known'],
    ['Python', ["$base/secret/python"], '303', '200 known'],
    ['forged headers', ['-H', 'MyNumber-Account: forged', '-H', 'mynumber_name: forged', "$base/app"], '200 mark', '200 mark'],
    ['forged headers, protected', ['-H', 'MyNumber-Account: forged', '-H', 'mynumber_name: forged', '-H', 'x: MyNumber-Account', "$base/secret/app"], '303', '200 mark known'],
    ['service page', ["$base/mynumber/"], '200', '200'],
);
for my $case (@h2) {
    my ($title, $arguments, @want) = @$case;
    my @got = map {
        my $answer = curl(@$_, '-H', $navigate, @$arguments);
        my ($code) = $answer =~ m{^HTTP/2 (\d+)};
        join ' ', $code // 'not HTTP/2', $answer =~ /$MARK/ ? 'mark' : (), $answer =~ /^HTTP_MYNUMBER_ACCOUNT=sub-1111111111$/m ? 'known' : (), $answer =~ /forged/ ? 'FORGED' : (),
          $answer =~ /COOKIE.*(?:mnv|mynumber)=/ ? 'COOKIE' : ();
    } [], \@known;
    note sprintf '%-48s %-12s %s', "HTTP/2 $title", @got;
    is("$got[0] | $got[1]", "$want[0] | $want[1]", "HTTP/2: $title");
}

# Two requests at once over one connection, frame by frame (RFC 9113, RFC 7541 6.2.2): {stream => what its data are}.
sub number { my ($n) = @_; my $out = ''; return chr $n if $n < 127; for ($n -= 127; $n > 127; $n >>= 7) { $out .= chr(128 | $n & 127) } return chr(127) . $out . chr $n }
sub frame { my ($type, $flags, $stream, $data) = @_; return substr(pack('N', length $data), 1) . pack('CCN', $type, $flags, $stream) . $data }

sub at_once {
    my (%headers) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $t->port) or die "could not connect: $@";
    $socket->print("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(4, 0, 0, '') . join '', map {
        my @fields = (@{ $headers{$_} }, ':method', 'GET', ':scheme', 'http', ':authority', 'localhost', 'accept', 'text/html');
        my ($block, $rest) = ('', '');
        while (my ($name, $value) = splice @fields, 0, 2) {
            my $field = "\0" . number(length $name) . $name . number(length $value) . $value;
            $name =~ /^:/ ? $block .= $field : ($rest .= $field);
        }
        frame(1, 5, $_, $block . $rest);
    } sort { $a <=> $b } keys %headers);
    my (%data, %ended);
    while (keys %ended < keys %headers) {
        my ($head, $body);
        last if (read($socket, $head, 9) // 0) < 9;
        my ($length, $type, $flags, $stream) = (unpack('N', "\0" . substr $head, 0, 3), unpack 'x3CCN', $head);
        read $socket, $body, $length;
        $data{$stream} .= $body if !$type;
        $ended{$stream} = 1 if $type < 2 && $flags & 1;
    }
    return \%data;
}
for my $first (1, 3) {
    my ($second) = 4 - $first;
    my $data = at_once($first => [ ':path', '/secret/app', 'cookie', $cookie =~ s/^Cookie: //r ], $second => [ ':path', '/secret/app' ]);
    like($data->{$first} // '', qr/$MARK.*^MYNUMBER_ACCOUNT=sub-1111111111$/ms, "HTTP/2: the linked person on stream $first");
    unlike($data->{$second} // '', qr/$MARK|1111111111/, "HTTP/2: is not the stranger on stream $second");
}
$t->write_file('body', "abc\n");
my $trailer = $t->run('nghttp', '-d', $t->path('body'), '--trailer', 'mynumber-account: forged', '--trailer', 'mynumber_name: forged', "$base/app");
like($trailer, qr/$MARK 4/, 'HTTP/2: a body with trailers arrives');
unlike($trailer, qr/forged/, 'HTTP/2: the trailers do not');
my $crumbs = $t->run('nghttp', '-H', 'accept: text/html', map({ ('-H', "cookie: $_") } split /; /, $cookie =~ s/^Cookie: //r), "$base/secret/app");
like($crumbs, qr/^MYNUMBER_ACCOUNT=sub-1111111111$/m, 'HTTP/2: cookies in many fields are one header');
like($crumbs, qr/^HTTP_COOKIE=theirs=1$/m, 'HTTP/2: of which the application gets its own');

# --- WebSocket --------------------------------------------------------------------------------------

my $upgrade = "GET /secret/socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-Fetch-Mode: websocket\r\nMyNumber-Account: forged\r\n";
like(MNV::Browser::raw('localhost', $t->port, "$upgrade\r\n" =~ s/Connection: Upgrade/Connection: close, Upgrade/r), qr{^HTTP/1\.1 401 }, 'WebSocket: not for a stranger');
my $opened = MNV::Browser::raw('localhost', $t->port, "$upgrade$cookie\r\n\r\n");
like($opened, qr{^HTTP/1\.1 101 .*"MyNumber-Account","sub-1111111111"}s, 'WebSocket: a linked person is known to the application');
unlike($opened, qr/forged|mynumber=/, 'WebSocket: without a forged header or a cookie of ours');

$t->expect_log(qw(AH01095 MNV0504));    # bodies cut off: for the proxy, for ourselves
$t->allow_log(qw(AH01270 AH01225));     # for mod_cgid, mod_cgi
$t->allow_log('AH10034');               # HTTP/2 is not for prefork
$t->expect_log('AH00135');    # a method in lower case
$apps->stop;
$socket_app->stop;
$t->done;
