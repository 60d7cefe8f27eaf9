# Messages of single logout, as an identity provider writes them or somebody who would like to be one. Signed by its key with openssl alone: the XML below stands in canonical form
# (exclusive, without comments) already, so that its own bytes are what is digested.
#
#   my $forge = MNV::SamlLogout->new($t, key => $file, issuer => $entity_id, url => 'http://…/saml/slo');
#   my $url = $forge->redirect(name => $name_id, indexes => [...]);           # a LogoutRequest by HTTP-Redirect
#   my $form = $forge->post(answers => $id, relay => $state);                  # a LogoutResponse by HTTP-POST, as form fields
# More: id, issuer, destination, age (seconds), ends (seconds from now), status ([first, second]), unsigned, key, algorithm, version.
package MNV::SamlLogout;
use strict;
use warnings;
use IO::Compress::RawDeflate qw(rawdeflate);
use IO::Uncompress::RawInflate qw(rawinflate);
use MIME::Base64 qw(decode_base64 encode_base64);
use POSIX qw(strftime);

my ($SAMLP, $SAML, $DS) = ('urn:oasis:names:tc:SAML:2.0:protocol', 'urn:oasis:names:tc:SAML:2.0:assertion', 'http://www.w3.org/2000/09/xmldsig#');
my ($C14N, $STATUS) = ('http://www.w3.org/2001/10/xml-exc-c14n#', 'urn:oasis:names:tc:SAML:2.0:status:');
my %ALGORITHM = (sha256 => [ 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'http://www.w3.org/2001/04/xmlenc#sha256' ], sha1 => [ "${DS}rsa-sha1", "${DS}sha1" ]);
my $count = 0;

sub new { my ($class, $t, %option) = @_; return bless { t => $t, algorithm => 'sha256', version => '2.0', age => 0, %option }, $class }

sub _moment { return strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $_[0])) }
sub _text { return $_[0] =~ s/&/&amp;/gr =~ s/</&lt;/gr =~ s/>/&gt;/gr }
sub _encode { return $_[0] =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ger }

sub _openssl {
    my ($self, $bytes, @arguments) = @_;
    $self->{t}->write_file('forge.in', $bytes);
    $self->{t}->run('openssl', 'dgst', @arguments, '-binary', '-out', $self->{t}->path('forge.out'), $self->{t}->path('forge.in'));
    open my $in, '<:raw', $self->{t}->path('forge.out') or die $!;
    local $/;
    return encode_base64(<$in>, '');
}

sub _sign { my ($self, $how, $bytes) = @_; return $self->_openssl($bytes, "-$how->{algorithm}", '-sign', $how->{key}) }

# Around the place of the signature.
sub _parts {
    my ($how) = @_;
    my $name = defined $how->{answers} ? 'LogoutResponse' : 'LogoutRequest';
    my %attribute = (Destination => $how->{destination} // $how->{url}, ID => $how->{id}, IssueInstant => _moment(-$how->{age}), Version => $how->{version}, InResponseTo => $how->{answers},
        NotOnOrAfter => defined $how->{ends} ? _moment($how->{ends}) : undef);
    my $attributes = join '', map { defined $attribute{$_} ? " $_=\"" . _text($attribute{$_}) . '"' : '' } sort keys %attribute;
    my $head = "<samlp:$name xmlns:samlp=\"$SAMLP\"$attributes><saml:Issuer xmlns:saml=\"$SAML\">" . _text($how->{issuer}) . '</saml:Issuer>';
    my ($first, $second) = @{ $how->{status} // ['Success'] };
    my $inner = defined $second ? "<samlp:StatusCode Value=\"$STATUS$second\"></samlp:StatusCode>" : '';
    my $body = defined $how->{answers} ? "<samlp:Status><samlp:StatusCode Value=\"$STATUS$first\">$inner</samlp:StatusCode></samlp:Status>"
      : (defined $how->{name} ? "<saml:NameID xmlns:saml=\"$SAML\">" . _text($how->{name}) . '</saml:NameID>' : '') . join '', map { "<samlp:SessionIndex>$_</samlp:SessionIndex>" } @{ $how->{indexes} // [] };
    return ($head, "$body</samlp:$name>");
}

sub _how { my ($self, %how) = @_; return { id => '_forged' . ++$count . "x$$", %$self, %how } }
sub _field { my ($how) = @_; return defined $how->{answers} ? 'SAMLResponse' : 'SAMLRequest' }

sub redirect {
    my ($self, %how) = @_;
    my $how = $self->_how(%how);
    my $xml = join '', _parts($how);
    rawdeflate(\$xml => \my $packed) or die 'deflate';
    my $query = ($how->{field} // _field($how)) . '=' . _encode(encode_base64($packed, ''));
    $query .= '&RelayState=' . _encode($how->{relay}) if defined $how->{relay};
    unless ($how->{unsigned}) {
        $query .= '&SigAlg=' . _encode($ALGORITHM{ $how->{algorithm} }[0]);
        $query .= '&Signature=' . _encode($self->_sign($how, $query));
    }
    return "$how->{url}?$query";
}

sub post {
    my ($self, %how) = @_;
    my $how = $self->_how(%how);
    my ($head, $body) = _parts($how);
    my ($method, $digest) = @{ $ALGORITHM{ $how->{algorithm} } };
    my $signature = '';
    unless ($how->{unsigned}) {
        my $info = "<ds:SignedInfo xmlns:ds=\"$DS\"><ds:CanonicalizationMethod Algorithm=\"$C14N\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"$method\"></ds:SignatureMethod>"
          . "<ds:Reference URI=\"#$how->{id}\"><ds:Transforms><ds:Transform Algorithm=\"${DS}enveloped-signature\"></ds:Transform><ds:Transform Algorithm=\"$C14N\"></ds:Transform></ds:Transforms>"
          . "<ds:DigestMethod Algorithm=\"$digest\"></ds:DigestMethod><ds:DigestValue>" . $self->_openssl("$head$body", "-$how->{algorithm}") . '</ds:DigestValue></ds:Reference></ds:SignedInfo>';
        my $value = $self->_sign($how, $info);
        $signature = "<ds:Signature xmlns:ds=\"$DS\">" . ($info =~ s/ xmlns:ds="[^"]*"//r) . "<ds:SignatureValue>$value</ds:SignatureValue></ds:Signature>";
    }
    return { ($how->{field} // _field($how)) => encode_base64("$head$signature$body", ''), defined $how->{relay} ? (RelayState => $how->{relay}) : () };
}

# The XML of a message by HTTP-Redirect, and its parameters.
sub read_url {
    my ($url) = @_;
    my %parameter = map { my ($name, $value) = split /=/, $_, 2; ($name => $value =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger) } split /&/, $url =~ s/^[^?]*\?//r;
    my $packed = decode_base64($parameter{SAMLRequest} // $parameter{SAMLResponse} // return);
    rawinflate(\$packed => \my $xml) or die 'inflate';
    return ($xml, \%parameter);
}

1;
