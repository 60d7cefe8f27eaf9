# Requests as large and as odd as httpd lets through, at every door: clear answers, no crash, no error of the server; who is admitted otherwise is admitted still.
# LimitRequest* are httpd's defaults: a line of 8,190 bytes, a field of 8,190, a hundred fields.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(linked_person);
use MNV::Attack qw(session_of);

my $t = MNV::Test->new;
my $p = $t->providers;
$t->start($t->default_config);
my $b = linked_person($t, '0123456789', 'adult');
my $id = session_of($b);
my @doors = qw(/open/ /linked/ /mynumber/ /mynumber/info /mynumber/signin /mynumber/verify/callback /mynumber/assets/style.css);
$t->allow_log(map { sprintf 'MNV%04d', $_ } 105, 106, 201, 202, 205, 206, 207, 210, 211, 213, 501, 502, 504, 1601, 1602);

# One request, byte for byte. Headers: [name, value], ...
sub raw {
    my ($method, $target, $headers, $body) = @_;
    my $bytes = MNV::Browser::raw('localhost', $t->port, "$method $target HTTP/1.1\r\nHost: localhost:" . $t->port . "\r\n"
          . join('', map { "$_->[0]: $_->[1]\r\n" } @$headers) . "Connection: close\r\n\r\n" . ($body // ''));
    return MNV::Browser::Response->parse($method, $t->url($target), $bytes);
}
sub page { my ($target, @headers) = @_; return raw('GET', $target, \@headers) }

# The same at all doors: statuses by door, "other" for the rest.
sub doors {
    my ($name, $expected, @headers) = @_;
    my %got = map { $_ => page($_, [ 'Sec-Fetch-Mode', 'navigate' ], @headers)->code } @doors;
    my %wanted = map { $_ => ref $expected ? $expected->{$_} // $expected->{other} : $expected } @doors;
    my @wrong = grep { $got{$_} !~ /^(?:$wanted{$_})$/ } @doors;
    is(join(', ', map { "$_: $got{$_}" } @wrong), '', $name);
}
my %admitted = ('/mynumber/signin' => 303, '/mynumber/verify/callback' => '303|200', other => 200);
my %nobody = (%admitted, '/linked/' => 303);

# --- cookies ---
doors('a session', \%admitted, [ Cookie => "mynumber=$id" ]);
doors('a cookie of 64 KB is refused by httpd', 400, [ Cookie => 'a=' . 'x' x 65536 . "; mynumber=$id" ]);
doors('one of 8 KB beside the session', \%admitted, [ Cookie => 'a=' . 'x' x 8100 . "; mynumber=$id" ]);
doors('a session cookie of 8 KB', \%nobody, [ Cookie => 'mynumber=' . 'x' x 8100 ]);
doors('300 cookies and the session', \%admitted, [ Cookie => join '; ', (map { "cookie$_=value$_" } 1 .. 300), "mynumber=$id" ]);
doors('2,700 cookies without a name, and the session', \%admitted, [ Cookie => '=; ' x 2700 . "mynumber=$id" ]);
doors('8,000 separators', \%admitted, [ Cookie => ';' x 8000 . "mynumber=$id" ]);
doors('cookies without "="', \%admitted, [ Cookie => "mynumber; a; $id; mnv-b; mnv-f-; mynumber=$id" ]);
doors('the session cookie without "="', \%nobody, [ Cookie => 'mynumber' ]);
doors('the session cookie without a value', \%nobody, [ Cookie => 'mynumber=' ]);
doors('the session cookie in quotes', \%nobody, [ Cookie => "mynumber=\"$id\"" ]);
doors('the session cookie twice', \%nobody, [ Cookie => "mynumber=$id; mynumber=$id" ]);
doors('the session cookie twice, once empty', \%nobody, [ Cookie => "mynumber=; mynumber=$id" ]);
doors('other cookies twice', \%admitted, [ Cookie => "a=1; a=2; mnv-b=1; mnv-b=2; mnv-a=1; mnv-a=2; mynumber=$id; a=3" ]);
doors('names that only begin or end alike', \%admitted, [ Cookie => "mynumber2=x; xmynumber=y; MYNUMBER=z; mynumber=$id" ]);
doors('two Cookie fields', \%nobody, [ Cookie => "mynumber=$id" ], [ Cookie => 'a=1' ]);
doors('bytes that are no ASCII', \%admitted, [ Cookie => "a=\xff\xfe\x80; \xe3\x81\x82=\t; mynumber=$id" ]);
doors('a control character is refused by httpd', 400, [ Cookie => "a=\x01; mynumber=$id" ]);
doors('90 flow cookies', \%admitted, [ Cookie => join '; ', (map { sprintf 'mnv-f-%022d=%s', $_, 'x' x 40 } 1 .. 90), "mynumber=$id" ]);
my $shown = page('/open/', [ Cookie => join '; ', (map { "cookie$_=value$_" } 1 .. 300), "mynumber=$id" ])->json->{env}{HTTP_COOKIE};
is(scalar(() = $shown =~ /cookie\d+=value\d+/g), 300, 'an application sees all of its 300 cookies');
unlike($shown, qr/mynumber/, 'and none of ours');
my $set = page('/mynumber/signin', [ Cookie => join '; ', map { sprintf 'mnv-f-%022d=%s', $_, 'x' x 40 } 1 .. 90 ]);
cmp_ok(length $set->head, '<', 16384, 'the answer that drops the oldest of 90 flows is not larger than browsers take');

# --- fields ---
doors('99 fields', \%admitted, [ Cookie => "mynumber=$id" ], map { [ "X-Field-$_", 'value' ] } 1 .. 95);
doors('101 fields are refused by httpd', 400, [ Cookie => "mynumber=$id" ], map { [ "X-Field-$_", 'value' ] } 1 .. 110);
doors('95 fields that we strip', \%admitted, [ Cookie => "mynumber=$id" ], map { [ "MyNumber-Fact-$_", 'forged' x 100 ] } 1 .. 95);
unlike(page('/open/', map { [ "MyNumber_Fact_$_", 'forged' ] } 1 .. 90)->body, qr/forged/, 'none of 90 is let through');
for my $name ('Accept-Language', 'Accept', 'Origin', 'Referer', 'Sec-Fetch-Site', 'User-Agent', 'X-Requested-With') {
    doors("$name of 8 KB", { '/linked/' => '200|303|401', '/mynumber/verify/callback' => '\d00|303|502', other => '200|303|4\d\d' }, [ $name => 'a,b;q=0.5,' x 800 ]);
}

# --- URLs ---
my %long = ('/account/' => '303', '/linked/' => '303', '/mynumber/' => '200|400', '/mynumber/signin' => '400|303', '/mynumber/verify/callback' => '400|303', '/open/' => '200');
for my $door (sort keys %long) {
    my $room = 8190 - length("GET $door HTTP/1.1\r\n") - 4;
    for my $query ('?return=/' . 'x' x ($room - 10), '?state=' . 'A' x ($room - 8), '?' . 'a=1&' x int($room / 4 - 1), '?' . '%E3%81%82' x int($room / 9 - 1), '?code=x&state=' . '%41' x int($room / 3 - 8)) {
        my $r = page("$door$query", [ 'Sec-Fetch-Mode', 'navigate' ]);
        like($r->code, qr/^(?:$long{$door}|400)$/, "$door with a query of " . length($query) . ' bytes (' . substr($query, 0, 12) . '...)');
    }
    is(page($door . '?' . 'x' x 8190, [ 'Sec-Fetch-Mode', 'navigate' ])->code, 414, "$door beyond the line's limit: by httpd");
}
my $away = $t->browser->get($t->url('/account/' . 'deep/' x 700));
is($away->code, 303, 'a path of 3,500 bytes is led to the sign-in');
my ($flow) = map { /^mnv-f-[^=]*=([^;]*)/ ? $1 : () } $away->headers('Set-Cookie');
cmp_ok(length $flow, '<=', 700, 'with a flow cookie as small as ever');

# --- bodies ---
for my $case ([ 'of 1 MB', 'csrf=' . 'x' x 1048576, 413 ], [ 'of 10,000 fields', 'a=1&' x 10000, '400|413' ], [ 'of nothing but "&"', '&' x 8000, '400|403' ], [ 'of bytes', join('', map { chr } 0 .. 255) x 20, 400 ], [ 'of nothing', '', '400|403' ]) {
    my ($name, $body, $status) = @$case;
    for my $form (qw(link unlink logout)) {
        my $r = raw('POST', "/mynumber/$form", [ [ Cookie => "mynumber=$id" ], [ 'Content-Type', 'application/x-www-form-urlencoded' ], [ 'Content-Length', length $body ], [ 'Sec-Fetch-Mode', 'navigate' ] ], $body);
        like($r->code, qr/^(?:$status)$/, "POST /$form $name");
    }
}

# --- and after all of it ---
is($b->get($t->url('/linked/'))->code, 200, 'the session is what it was');
is(join(', ', grep { / 5\d\d / } split /\n/, $t->access_log), '', 'no answer was an error of the server');
$t->allow_log(qw(AH00135 AH00561 AH00565 AH00566 AH10240 AH10244 AH02429 AH00126 AH00028));
$t->done;
