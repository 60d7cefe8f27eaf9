# Metadata of federations for tests: made, signed (by xmlsec1's own program, not by our code), and served by a source that can do everything wrong.
#
#   my $federation = MNV::Federation->new($t);
#   my $xml = $federation->aggregate(providers => { 'https://a.example.ac.jp/idp' => 'https://a.example.ac.jp/sso' }, key => 'signer', valid_until => time + 3600);
#   $federation->answer(body => $xml);        # at $federation->url from now on
#   $federation->asked;                       # how often it was asked
package MNV::Federation;
use strict;
use warnings;
use IO::Socket::INET;
use POSIX ();

my $MD = 'urn:oasis:names:tc:SAML:2.0:metadata';
my $DS = 'http://www.w3.org/2000/09/xmldsig#';

# A folder of its own below the server's, with the keys "signer", "other" and "provider".
sub new {
    my ($class, $t) = @_;
    my $self = bless { t => $t, folder => $t->path('federation'), owner => $$ }, $class;
    mkdir $self->{folder};
    $self->key($_) for qw(signer other provider);
    return $self;
}

# A key and its certificate, made on first use. Returns their names without ending.
sub key {
    my ($self, $name, $days) = @_;
    my $file = "$self->{folder}/$name";
    $self->{t}->run(qw(openssl req -x509 -newkey rsa:2048 -nodes -days), $days // 400, '-subj', "/CN=$name", '-keyout', "$file.key", '-out', "$file.crt") unless -e "$file.crt";
    chmod 0644, "$file.crt";
    return $file;
}

sub _slurp { my ($file) = @_; local (@ARGV, $/) = ($file); return scalar <> }
sub _time { return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime shift) }

# An EntityDescriptor.
sub provider {
    my ($self, $entity_id, $sign_on, $key) = @_;
    my $certificate = $self->{certificate}{ $key // 'provider' } //= join '', grep { !/-----/ } split /\n/, _slurp($self->key($key // 'provider') . '.crt');
    return qq{<EntityDescriptor entityID="$entity_id"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="$DS">}
      . qq{<ds:X509Data><ds:X509Certificate>$certificate</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor><SingleSignOnService }
      . qq{Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="$sign_on"/></IDPSSODescriptor></EntityDescriptor>\n};
}

# Options: providers {entityID => where people sign in} or xml (EntityDescriptors as they stand); key (none: unsigned), valid_until, cache.
sub aggregate {
    my ($self, %of) = @_;
    my $attributes = ($of{valid_until} ? ' validUntil="' . _time($of{valid_until}) . '"' : '') . ($of{cache} ? qq{ cacheDuration="$of{cache}"} : '');
    my $signature = $of{key} ? qq{<ds:Signature xmlns:ds="$DS"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>}
      . qq{<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI="#_federation"><ds:Transforms><ds:Transform Algorithm="${DS}enveloped-signature"/>}
      . qq{<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference>}
      . qq{</ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>} : '';
    my $providers = $of{providers} // {};
    my $xml = qq{<EntitiesDescriptor xmlns="$MD" ID="_federation" Name="urn:test"$attributes>$signature\n}
      . ($of{xml} // '') . join('', map { $self->provider($_, $providers->{$_}) } sort keys %$providers) . "</EntitiesDescriptor>\n";
    return $of{key} ? $self->_signed($xml, $of{key}) : $xml;
}

sub _signed {
    my ($self, $xml, $key) = @_;
    my ($in, $out) = map { "$self->{folder}/$_" } qw(unsigned.xml signed.xml);
    $self->_write($in, $xml);
    $self->{t}->run('xmlsec1', '--sign', '--privkey-pem', join(',', map { $self->key($key) . ".$_" } qw(key crt)), '--id-attr:ID', 'EntitiesDescriptor', '--output', $out, $in);
    return _slurp($out);
}

sub _write { my ($self, $file, $text) = @_; open my $out, '>:raw', "$file.new" or die $!; print $out $text; close $out; rename "$file.new", $file or die $! }

# --- the source ---------------------------------------------------------------

sub url { my ($self) = @_; return 'http://127.0.0.1:' . $self->{t}->port('federation') . '/metadata' }

# What is answered from now on: body, and status (200), headers (text), repeat (the body so many times over, chunked), hang (never end).
sub answer {
    my ($self, %of) = @_;
    $self->stop;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $self->{t}->port('federation'), Listen => 16, ReuseAddr => 1) or die "could not listen: $@";
    $self->_write("$self->{folder}/asked", '');
    my $pid = fork // die "could not fork: $!";
    $self->{pid} = $pid;
    return if $pid;
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
    local $SIG{PIPE} = 'IGNORE';
    while (my $socket = $listener->accept) {
        while (my $line = <$socket>) { last if $line =~ /^\r?\n$/ }
        open my $log, '>>', "$self->{folder}/asked" or die $!;
        print $log ".";
        close $log;
        _send($socket, %of);
    }
    POSIX::_exit(0);
}

sub _send {
    my ($socket, %of) = @_;
    my $status = $of{status} // 200;
    my $length = $of{repeat} ? "Transfer-Encoding: chunked\r\n" : 'Content-Length: ' . ($of{length} // length($of{body} // '') + ($of{hang} ? 1 : 0)) . "\r\n";
    print $socket "HTTP/1.1 $status Answer\r\nConnection: close\r\nContent-Type: application/samlmetadata+xml\r\n$length" . ($of{headers} // '') . "\r\n";
    if ($of{repeat}) {
        for (1 .. $of{repeat}) { last unless print $socket sprintf("%x\r\n", length $of{body}), $of{body}, "\r\n" }
        print $socket "0\r\n\r\n";
    }
    else {
        print $socket $of{body} // '';
    }
    $socket->flush;
    if ($of{hang}) { my $end; sysread $socket, $end, 1 }    # until the other side goes
}

# How often since the last answer().
sub asked { my ($self) = @_; return -s "$self->{folder}/asked" }

sub stop {
    my ($self) = @_;
    return unless $self->{pid} && $self->{owner} == $$;
    local $?;
    kill 'TERM', $self->{pid};
    waitpid $self->{pid}, 0;
    undef $self->{pid};
}

sub DESTROY { $_[0]->stop }

1;
