# One HTTP response.
package MNV::Browser::Response;
use strict;
use warnings;
use JSON::PP ();
use Encode ();

sub parse {
    my ($class, $method, $url, $raw) = @_;
    my ($head, $body) = split /\r\n\r\n/, $raw, 2;
    while (defined $head && $head =~ m{^HTTP/1\.1 1\d\d}) {
        ($head, $body) = split /\r\n\r\n/, $body, 2;
    }
    die "\"$url\" did not answer with HTTP: \"" . substr($raw, 0, 200) . '"'
      unless defined $head && $head =~ m{^HTTP/1\.[01] (\d{3})};
    my $code = $1;
    my (undef, @lines) = split /\r\n/, $head;
    my @headers = map { /^([^:]+):\s*(.*?)\s*$/s ? [ $1, $2 ] : () } @lines;
    my $self = bless { method => $method, url => $url, code => $code,
                       head => $head, headers => \@headers,
                       hops => [ [ $method, $url, $code ] ] }, $class;
    $self->{raw_body} = ($self->header('Transfer-Encoding') // '') =~ /chunked/i
      ? _unchunk($body) : $body // '';
    return $self;
}

sub _unchunk {
    my ($in) = @_;
    my $out = '';
    while ($in =~ s/^([0-9A-Fa-f]+)[^\r\n]*\r\n//) {
        my $length = hex $1;
        return $out unless $length;
        die 'the chunked body ends early' if length $in < $length;
        $out .= substr $in, 0, $length, '';
        $in =~ s/^\r\n//;
    }
    die 'the chunked body has no last chunk';
}

sub code { $_[0]{code} }
sub url { $_[0]{url} }
sub head { $_[0]{head} }
sub bytes { $_[0]{raw_body} }

# [[method, url, code], ...] of all requests that led here.
sub hops { $_[0]{hops} }

# The body as text (UTF-8).
sub body { Encode::decode('UTF-8', $_[0]{raw_body}) }

# The first header of a name; undef when there is none.
sub header { ($_[0]->headers($_[1]))[0] }

# All headers of a name.
sub headers {
    my ($self, $name) = @_;
    return map { $_->[1] } grep { lc $_->[0] eq lc $name } @{ $self->{headers} };
}

sub is_redirect {
    my ($self) = @_;
    return $self->{code} =~ /^30[12378]$/ && defined $self->header('Location');
}

sub json { JSON::PP->new->utf8->decode($_[0]{raw_body}) }

# The text a person reads, without tags.
sub text {
    my $text = $_[0]->body;
    $text =~ s{<(script|style)\b.*?</\1>}{}gis;
    $text =~ s/<[^>]*>/ /g;
    $text = unescape($text);
    $text =~ s/\s+/ /g;
    return $text;
}

# The code of our error page, "MNV0203"; undef when there is none.
sub mnv_code { $_[0]->body =~ /\b(MNV\d{4})\b/ ? $1 : undef }

sub unescape {
    my ($text) = @_;
    my %named = (amp => '&', lt => '<', gt => '>', quot => '"', apos => "'",
                 nbsp => ' ');
    $text =~ s/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/
        defined $1 ? chr $1 : defined $2 ? chr hex $2 : $named{$3} \/\/ "&$3;"/gie;
    return $text;
}

1;
