# A browser's WebSocket (RFC 6455): opened with the browser's cookies, short text messages.
#
#   my $socket = MNV::WebSocket->open($b, 'http://localhost:8080/chat', origin => 'http://localhost:8080');
#   $socket->code;               # 101, or what refused it
#   $socket->say('text'); $socket->hear; $socket->is_closed_by(1000);
package MNV::WebSocket;
use strict;
use warnings;
use Encode ();
use IO::Socket::INET;
use MNV::Browser;

my $SECONDS = 20;

sub open {
    my ($class, $browser, $url, %option) = @_;
    my ($scheme, $host, $port, $target) = MNV::Browser::split_url($url);
    my $cookies = $browser->jar->cookie_header($url);
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => $SECONDS) or die "nobody listens on $port";
    my $self = bless { socket => $socket, buffer => '' }, $class;
    print $socket join "\r\n", "GET $target HTTP/1.1", "Host: $host:$port", 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-Fetch-Mode: websocket', (defined $option{origin} ? "Origin: $option{origin}" : ()),
      (length $cookies ? "Cookie: $cookies" : ()), (map { "$_->[0]: $_->[1]" } @{ $option{headers} // [] }), '', '';
    $self->_until(sub { $self->{buffer} =~ /\r\n\r\n/ });
    ($self->{head}, $self->{buffer}) = split /\r\n\r\n/, $self->{buffer}, 2;
    return $self;
}

sub code { return ($_[0]{head} // '') =~ m{^HTTP/1\.1 (\d+)} ? $1 : undef }

# The server's answer to the key above, as the RFC has it.
sub is_accepted { return $_[0]{head} =~ m{^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\s*$}mi ? 1 : 0 }

sub _until {
    my ($self, $condition) = @_;
    local $SIG{ALRM} = sub { die "no answer over the WebSocket in $SECONDS s\n" };
    alarm $SECONDS;
    while (!$condition->()) {
        sysread $self->{socket}, my $part, 65536 or last;
        $self->{buffer} .= $part;
    }
    alarm 0;
    return $condition->();
}

# (opcode, payload) of the next frame that is no ping; nothing at the end.
sub _frame {
    my ($self) = @_;
    my ($head, $length) = (2, 0);
    $self->_until(sub {
        return 0 if length $self->{buffer} < 2;
        $length = ord(substr $self->{buffer}, 1, 1) & 127;
        $head = 4 if $length == 126;
        return 0 if length $self->{buffer} < $head;
        $length = unpack 'n', substr $self->{buffer}, 2, 2 if $head == 4;
        return length $self->{buffer} >= $head + $length;
    }) or return;
    my $opcode = ord($self->{buffer}) & 15;
    my $payload = substr $self->{buffer}, $head, $length;
    substr $self->{buffer}, 0, $head + $length, '';
    return $opcode == 9 ? $self->_frame : ($opcode, $payload);
}

sub say {
    my ($self, $text) = @_;
    my ($payload, $mask) = (Encode::encode('UTF-8', $text), "\x12\x34\x56\x78");
    die 'too long for this client' if length $payload > 125;
    my $masked = $payload ^ substr $mask x 32, 0, length $payload;
    $self->{socket}->syswrite(pack('CC', 0x81, 0x80 | length $payload) . $mask . $masked);
}

# The next text.
sub hear {
    my ($self) = @_;
    my ($opcode, $payload) = $self->_frame or return undef;
    return $opcode == 1 ? Encode::decode('UTF-8', $payload) : "opcode $opcode";
}

# Closed by the other side, with this status.
sub is_closed_by {
    my ($self, $status) = @_;
    my ($opcode, $payload) = $self->_frame or return 0;
    return $opcode == 8 && unpack('n', $payload) == $status;
}

1;
