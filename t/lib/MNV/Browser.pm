# A browser as far as servers can tell: cookies by the rules (RFC 6265bis),
# redirects, forms, the headers of a navigation or of a script's fetch.
#
#   my $b = MNV::Browser->new(language => 'ja');
#   my $r = $b->visit("$base/linked/");        # redirects followed
#   my $r = $b->get("$base/linked/");          # one request, not followed
#   $r->code; $r->header('Location'); $r->body; $r->json; $r->hops;
#   $r = $b->form('link')->submit;             # of the page shown last
#
# Every host name is this machine (127.0.0.1), like an entry in /etc/hosts.
# http goes over a plain socket, so that odd requests are sent as they are;
# https over the curl program.
package MNV::Browser;
use strict;
use warnings;
use IO::Socket::INET;
use File::Temp;
use MNV::Browser::Response;
use MNV::Browser::Form;
use MNV::Browser::Jar;

my $AGENT = 'Mozilla/5.0 (X11; Linux x86_64) Test/1.0';
my $HOPS_MAX = 20;
my $TIMEOUT = 30;

# Options: language ("ja"), ca_file (PEM, for https), headers ([[name, value]]
# sent with every request), jar (another browser's, to share cookies).
sub new {
    my ($class, %option) = @_;
    return bless { language => 'en', headers => [], page => undef,
                   jar => MNV::Browser::Jar->new, %option }, $class;
}

sub jar { $_[0]{jar} }
sub page { $_[0]{page} }    # the response shown now

# --- navigations ---------------------------------------------------------------

# Type a URL into the address bar. Redirects are not followed.
sub get {
    my ($self, $url, %option) = @_;
    return $self->_navigate('GET', $url, undef, %option);
}

# The same, and follow. $r->hops lists every request made.
sub visit {
    my ($self, $url, %option) = @_;
    return $self->follow($self->get($url, %option));
}

# Follow a link of the page shown (Referer and Sec-Fetch-Site say so).
sub click {
    my ($self, $url, %option) = @_;
    $url = resolve($self->{page}->url, $url) if $self->{page};
    return $self->get($url, initiator => _origin($self->{page}), %option);
}

# Send a form, as the page shown or, with origin => "https://evil.example",
# another would. Fields are [name, value, ...] or {name => value}.
sub post_form {
    my ($self, $url, $fields, %option) = @_;
    my $body = ref $fields ? encode_form($fields) : $fields;
    my $origin = exists $option{origin} ? delete $option{origin}
      : _origin($self->{page}) // origin_of($url);
    return $self->_navigate('POST', $url, $body, initiator => $origin,
                            %option);
}

# Follow redirects from a response until there is none.
sub follow {
    my ($self, $response) = @_;
    my @hops = @{ $response->hops };
    while ($response->is_redirect) {
        die "more than $HOPS_MAX redirects:\n" . join("\n", map { "@$_" } @hops)
          if @hops > $HOPS_MAX;
        my $keep = $response->code == 307 || $response->code == 308;
        my $url = resolve($response->url, $response->header('Location'));
        my $initiator = $response->{initiator};
        # After a detour over another origin a POST says "Origin: null".
        my $tainted = $response->{tainted}
          || origin_of($url) ne origin_of($response->url);
        $response = $self->_navigate($keep ? $response->{method} : 'GET', $url,
            $keep ? $response->{sent} : undef, initiator => $initiator,
            tainted => $tainted, via => [ map { $_->[1] } @hops ]);
        push @hops, @{ $response->hops };
        $response->{hops} = [@hops];
    }
    return $response;
}

# Where the page shown leads on by itself (Refresh), followed; undef: nowhere.
sub go_on {
    my ($self) = @_;
    my ($url) = ($self->{page}->header('Refresh') // '') =~ /^0;url=(.+)$/ or return undef;
    return $self->follow($self->click($url));
}

sub _navigate {
    my ($self, $method, $url, $body, %option) = @_;
    my $initiator = $option{initiator};
    my @headers = (
        [ 'Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' ],
        [ 'Sec-Fetch-Dest', 'document' ],
        [ 'Sec-Fetch-Mode', 'navigate' ],
        [ 'Sec-Fetch-Site', _site($initiator, @{ $option{via} // [] }, $url) ],
        [ 'Sec-Fetch-User', '?1' ],
        [ 'Upgrade-Insecure-Requests', '1' ],
    );
    if (defined $body) {
        push @headers, [ 'Content-Type', 'application/x-www-form-urlencoded' ];
        push @headers, [ 'Origin', $option{tainted} ? 'null' : $initiator ]
          if defined $initiator;
    }
    push @headers, [ 'Referer', "$initiator/" ]
      if defined $initiator && $initiator =~ /^http/;
    my $response = $self->request($method, $url, headers => \@headers,
        body => $body, extra => $option{headers});
    @$response{qw(initiator tainted sent)} = ($initiator, $option{tainted}, $body);
    $self->{page} = $response;
    return $response;
}

# --- scripts --------------------------------------------------------------------

# What a script of the page does: fetch(url, {method, headers, body}).
sub fetch {
    my ($self, $url, %option) = @_;
    my $origin = $option{origin} // _origin($self->{page}) // origin_of($url);
    my $method = $option{method} // 'GET';
    my @headers = (
        [ 'Accept', $option{accept} // '*/*' ],
        [ 'Sec-Fetch-Dest', 'empty' ],
        [ 'Sec-Fetch-Mode', 'cors' ],
        [ 'Sec-Fetch-Site', _site($origin, $url) ],
    );
    push @headers, [ 'Origin', $origin ]
      if $method ne 'GET' || $origin ne origin_of($url);
    push @headers, [ 'Content-Type', $option{type} // 'application/x-www-form-urlencoded' ]
      if defined $option{body};
    return $self->request($method, $url, headers => \@headers,
        body => ref $option{body} ? encode_form($option{body}) : $option{body},
        extra => $option{headers});
}

# --- forms ------------------------------------------------------------------------

# A form of the page shown: by id, name or the end of its action; without a
# name the only one.
sub form {
    my ($self, $name) = @_;
    die 'no page is shown' unless $self->{page};
    return MNV::Browser::Form->find($self, $self->{page}, $name);
}

# --- one request -----------------------------------------------------------------

# Send one request with the jar's cookies and take the answer's. Options:
# headers, extra ([[name, value], ...]; a name given here replaces the same of
# headers, value undef removes it), body (bytes).
sub request {
    my ($self, $method, $url, %option) = @_;
    my ($scheme, $host, $port, $target) = split_url($url);
    my @extra = (@{ $self->{headers} }, @{ $option{extra} // [] });
    my %replaced = map { lc $_->[0] => 1 } @extra;
    my $default = $scheme eq 'https' ? 443 : 80;
    my $cookies = $self->{jar}->cookie_header($url);
    my @headers = grep { !$replaced{ lc $_->[0] } } (
        [ 'Host', $host . ($port == $default ? '' : ":$port") ],
        [ 'User-Agent', $AGENT ],
        [ 'Accept-Language', $self->{language} ],
        @{ $option{headers} // [] },
        length $cookies ? [ 'Cookie', $cookies ] : (),
        defined $option{body} ? [ 'Content-Length', length $option{body} ] : (),
    );
    push @headers, grep { defined $_->[1] } @extra;
    push @headers, [ 'Connection', 'close' ];
    my $head = "$method $target HTTP/1.1\r\n"
      . join('', map { "$_->[0]: $_->[1]\r\n" } @headers) . "\r\n";
    my $raw = $scheme eq 'https'
      ? $self->_curl($method, $url, \@headers, $option{body})
      : raw($host, $port, $head . ($option{body} // ''));
    my $response = MNV::Browser::Response->parse($method, $url, $raw);
    $self->{jar}->take($url, $_) for $response->headers('Set-Cookie');
    return $response;
}

# Send bytes to a port of this machine and read until it closes.
sub raw {
    my ($host, $port, $bytes) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $port, Proto => 'tcp', Timeout => $TIMEOUT)
      or die "could not connect to \"$host:$port\": $@";
    local $SIG{PIPE} = 'IGNORE';
    local $SIG{ALRM} = sub { die "\"$host:$port\" did not answer in $TIMEOUT s\n" };
    alarm $TIMEOUT;
    $socket->print($bytes);
    $socket->flush;
    my $answer = '';
    while (sysread $socket, my $part, 65536) { $answer .= $part }
    alarm 0;
    return $answer;
}

sub _curl {
    my ($self, $method, $url, $headers, $body) = @_;
    my (undef, $host, $port) = split_url($url);
    my @command = ('curl', '-sS', '-i', '--raw', '--http1.1', '--path-as-is',
        '--max-time', $TIMEOUT, '--resolve', "$host:$port:127.0.0.1",
        '-X', $method, '-H', 'Expect:');
    push @command, '--head' if $method eq 'HEAD';
    push @command, '--cacert', $self->{ca_file} if $self->{ca_file};
    push @command, '-H', "$_->[0]: $_->[1]"
      for grep { $_->[0] !~ /^content-length$/i } @$headers;
    my $sent = File::Temp->new;
    if (defined $body) {
        binmode $sent;
        print $sent $body;
        close $sent;
        push @command, '--data-binary', '@' . $sent->filename;
    }
    open my $out, '-|', @command, $url or die "could not run curl: $!";
    binmode $out;
    local $/;
    my $raw = <$out>;
    close $out;
    die "curl of \"$url\" failed with exit status " . ($? >> 8) if $?;
    return $raw;
}

# --- URLs ----------------------------------------------------------------------------

# (scheme, host, port, path with query)
sub split_url {
    my ($url) = @_;
    $url =~ m{^(https?)://([^/:?#]+|\[[^\]]+\])(?::(\d+))?([^#]*)}i
      or die "\"$url\" is not an http URL";
    my ($scheme, $host, $port, $target) = (lc $1, lc $2, $3, $4);
    $target = "/$target" if $target !~ m{^/};
    return ($scheme, $host, $port // ($scheme eq 'https' ? 443 : 80), $target);
}

sub origin_of {
    my ($scheme, $host, $port) = split_url($_[0]);
    return "$scheme://$host"
      . ($port == ($scheme eq 'https' ? 443 : 80) ? '' : ":$port");
}

sub _origin { $_[0] ? origin_of($_[0]->url) : undef }

# A reference as a browser resolves it.
sub resolve {
    my ($base, $reference) = @_;
    $reference =~ s/^\s+|\s+$//g;
    $reference =~ s/#.*//s;
    return $reference if $reference =~ m{^https?://}i;
    my ($scheme, undef, undef, $target) = split_url($base);
    return "$scheme:$reference" if $reference =~ m{^//};
    my $origin = origin_of($base);
    (my $path = $target) =~ s/\?.*//s;
    return $origin . ($reference eq '' ? $target : "$path$reference")
      if $reference =~ /^\?|^$/;
    if ($reference !~ m{^/}) {
        $path =~ s{[^/]*$}{};
        $reference = "$path$reference";
    }
    my ($to, $query) = $reference =~ /^([^?]*)(\?.*)?$/s;
    my @segments;
    my @parts = split m{/}, substr($to, 1), -1;
    for my $i (0 .. $#parts) {
        my $last = $i == $#parts;
        if ($parts[$i] eq '..') { pop @segments; push @segments, '' if $last }
        elsif ($parts[$i] eq '.') { push @segments, '' if $last }
        else { push @segments, $parts[$i] }
    }
    return "$origin/" . join('/', @segments) . ($query // '');
}

# Sec-Fetch-Site of a request from an origin over the URLs to the last one.
sub _site {
    my ($initiator, @urls) = @_;
    return 'none' unless defined $initiator;
    my $worst = 'same-origin';
    for my $url (@urls) {
        next if $initiator eq origin_of($url);
        return 'cross-site' if $initiator eq 'null'
          || _registrable($initiator) ne _registrable($url);
        $worst = 'same-site';
    }
    return $worst;
}

# Scheme and registrable domain, near enough for test hosts: two labels.
sub _registrable {
    my ($scheme, $host) = split_url($_[0]);
    return "$scheme://$host" if $host =~ /^[\d.]+$/;
    return "$scheme://" . join '.', grep { defined } (split /\./, $host)[-2, -1]
      if $host =~ /\./;
    return "$scheme://$host";
}

sub encode_form {
    my ($fields) = @_;
    my @pairs = ref $fields eq 'HASH'
      ? map { ($_, $fields->{$_}) } sort keys %$fields : @$fields;
    my @out;
    while (my ($name, $value) = splice @pairs, 0, 2) {
        push @out, join '=', map {
            my $text = $_ // '';
            utf8::encode($text) if utf8::is_utf8($text);
            $text =~ s/([^A-Za-z0-9*._ -])/sprintf '%%%02X', ord $1/ge;
            $text =~ tr/ /+/;
            $text;
        } $name, $value;
    }
    return join '&', @out;
}

1;
