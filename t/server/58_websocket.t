# A WebSocket's application learns who it is from the handshake: the hardest names of Japan's registers arrive whole by every way httpd has to such an application, forged headers
# by none; strangers, and whoever has signed out, are refused with 401 and get no socket.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(decode_base64url);
use MNV::Test;
use MNV::Apps qw(websocket);
use MNV::Journey qw(sign_in linked_person);

# As they might stand in a register: rare characters of four bytes with variation selectors, marks that combine, and a name of thousands of bytes.
my %name = (
    kanji => "\x{20BB7}野葛\x{E0100}美",
    combining => "か\x{3099}き\x{3099}く\x{3099}　\x{1B002}\x{2B740}\x{E01EF}辻\x{E0101}邉\x{E0113}\x{FE00}",
    long => "\x{20BB7}\x{E0100}" x 165,
);
my $t = MNV::Test->new;
my $p = $t->providers(card => { persons => { map { $_ => { label => { ja => $_, en => $_ }, name => $name{$_}, birthdate => '19800401', address => $name{$_}, gender => '2' } } qw(combining long) } });
my $apps = MNV::Apps->start($t, 'websocket');
my @encodings = qw(percent utf8 base64url);
my @ways = qw(http tunnel rewrite);
my $locations = join '', map { my $encoding = $_; map { <<"EOT" } @ways } @encodings;
<Location /$_/$encoding>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport account name linked
  MyNumberHeaderEncoding $encoding
</Location>
EOT
# mod_proxy_http takes ws:// too unless it is told not to; the rule is what the manual of mod_proxy_wstunnel recommends for applications with pages beside their sockets.
$t->start($t->default_config(modules => [qw(proxy proxy_http proxy_wstunnel)], location => $locations . <<'EOT'));
ProxyWebsocketFallbackToProxyHttp off
ProxyPassMatch "^/(?:http|open)/" http://127.0.0.1:@PORT:websocket@/ upgrade=websocket
ProxyPass /tunnel/ ws://127.0.0.1:@PORT:websocket@/
RewriteEngine on
RewriteCond %{HTTP:Upgrade} =websocket [NC]
RewriteRule ^/rewrite/(.*) ws://127.0.0.1:@PORT:websocket@/$1 [P,L]
EOT
my @forged = map { [ $_, 'forged' ] } qw(MyNumber-Account MyNumber-Name mynumber_account MYNUMBER-NAME MyNumber.Linked MyNumber-Attribute-Mail MyNumber-Verified);
my @browser = ([ Origin => $t->base ], [ 'Sec-Fetch-Mode' => 'websocket' ]);

sub wish {
    my ($b, $path, @headers) = @_;
    my $cookies = $b->jar->cookie_header($t->url($path));
    return { url => $t->url($path) =~ s/^http/ws/r, say => "こんにちは\x{20BB7}", headers => [ @headers, length $cookies ? [ Cookie => "theirs=1; $cookies" ] : () ] };
}
sub as_bytes { utf8::encode(my $bytes = $_[0]); return $bytes }
my %decode = (percent => sub { $_[0] =~ s/%([0-9A-F]{2})/chr hex $1/ger }, utf8 => sub { $_[0] }, base64url => sub { decode_base64url($_[0]) });

# {name in lower case => [values]} of the headers that have to do with us, and of cookies.
sub received {
    my ($answer, $encoding) = @_;
    my %received;
    push @{ $received{ lc $_->[0] } }, $_->[0] =~ /cookie/i ? $_->[1] : $decode{$encoding}->($_->[1]) for grep { $_->[0] =~ /my\W?number|^cookie|_/i } @{ $answer->{told} // [] };
    return \%received;
}

my $account = 1111111111;
my %person;
for my $who (sort keys %name) {
    my $b = $person{$who} = linked_person($t, $account, $who);
    my @places = map { my $way = $_; map { [ $way, $_ ] } @encodings } @ways;
    my @answers = websocket($t, map { wish($b, "/$_->[0]/$_->[1]", @browser, @forged) } @places);
    for my $i (0 .. $#places) {
        my ($way, $encoding) = @{ $places[$i] };
        my $got = received($answers[$i], $encoding);
        is($answers[$i]{said}, "こんにちは\x{20BB7}", "$way, $encoding: a socket that carries what is said") or diag explain $answers[$i];
        is_deeply($got, { 'mynumber-account' => ["sub-$account"], 'mynumber-name' => [ as_bytes($name{$who}) ], 'mynumber-linked' => ['1'], cookie => ['theirs=1'] },
            "$way, $encoding: the name \"$who\" arrives whole, with what is exported and nothing else");
    }
    $account += 1111111111;
}

# Who is not admitted. The program of today says Sec-Fetch-Mode; those of yesterday, and what is no browser, say nothing but Upgrade.
sub refusals {
    my ($title, $b) = @_;
    my @cases = map { my $way = $_; [ "a browser by $way", wish($b, "/$way/percent", @browser, @forged) ], [ "a program by $way", wish($b, "/$way/percent", @forged) ] } @ways;
    my @answers = websocket($t, map { $_->[1] } @cases);
    for my $i (0 .. $#cases) {
        my %told = map { lc $_->[0] => $_->[1] } @{ $answers[$i]{headers} // [] };
        is_deeply([ $answers[$i]{refused}, @told{qw(upgrade location set-cookie)} ], [ 401, undef, undef, undef ], "$title, $cases[$i][0]: 401, no socket and no flow") or diag explain $answers[$i];
    }
}
refusals('a stranger', $t->browser);
$p->signin_is(account => '9876543210');
my $unlinked = $t->browser;
sign_in($t, $unlinked);
refusals('somebody without a link', $unlinked);
my ($open) = websocket($t, wish($t->browser, '/open/', @browser, @forged));
is_deeply([ grep { !/^cookie$/ } keys %{ received($open, 'utf8') } ], [], 'an open socket gets no forged header either') or diag explain $open;
my $left = $person{kanji};
my $old = wish($left, '/http/percent', @browser);
is((websocket($t, $old))[0]{refused}, undef, 'signed in, the socket opens');
$left->visit($t->url('/mynumber/'));
$left->form('logout')->submit;
my ($answer) = websocket($t, $old);
is($answer->{refused}, 401, 'after signing out the same handshake is refused') or diag explain $answer;
refusals('somebody who signed out', $left);
$t->expect_log('MNV0802');
$apps->stop;
$t->done;
