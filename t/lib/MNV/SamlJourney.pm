# What the tests of SAML sign-in have in common: keys of ours, and the way through SimpleSAMLphp (MNV::External->saml_idp).
package MNV::SamlJourney;
use strict;
use warnings;
use Exporter 'import';
use MIME::Base64 qw(decode_base64);
our @EXPORT_OK = qw(saml_key certificate key_lines known_by_idp answer_for fields person_in);

# A key pair of this name below keys/.
sub saml_key {
    my ($t, $name) = @_;
    $t->run(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 400 -subj), "/CN=$name", '-keyout', $t->path("keys/$name.key"), '-out', $t->path("keys/$name.crt"));
}

# Its certificate, as metadata hold it.
sub certificate { my ($t, $name) = @_; open my $in, '<', $t->path("keys/$name.crt") or die $!; return join '', grep { !/-----/ } map { s/\s//gr } <$in> }

# The directives that name them.
sub key_lines { return join '', map { "MyNumberSAMLKey \"\@DIR\@/keys/$_.key\"\nMyNumberSAMLCert \"\@DIR\@/keys/$_.crt\"\n" } @_ }

# What SimpleSAMLphp knows of us for single logout: a NameID for life with all its qualifiers, and nothing unsigned. Options: by (the binding of our endpoint), more (PHP).
sub known_by_idp {
    my ($t, %option) = @_;
    my ($base, $format) = ($t->base . '/mynumber/saml', 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent');
    my $service = $option{by} ? "[['Binding' => 'urn:oasis:names:tc:SAML:2.0:bindings:$option{by}', 'Location' => '$base/slo']]" : "'$base/slo'";
    my $more = $option{more} // '';
    return <<"EOT";
\$metadata['$base/metadata'] = ['AssertionConsumerService' => '$base/acs', 'SingleLogoutService' => $service, 'validate.authnrequest' => true, 'validate.logout' => true, 'sign.logout' => true,
  'certData' => '@{[certificate($t, 'saml')]}', 'NameIDFormat' => '$format',
  'authproc' => [1 => ['class' => 'saml:AttributeNameID', 'attribute' => 'urn:oid:1.3.6.1.4.1.5923.1.1.1.6', 'Format' => '$format', 'NameQualifier' => true, 'SPNameQualifier' => true]], $more];
EOT
}

# Up to the page of the identity provider that posts its answer to us; the form, not yet sent.
sub answer_for {
    my ($b, $user, $url) = @_;
    my $page = $b->visit($url);
    for (1 .. 4) {
        return $page if $page->body =~ /name="SAMLResponse"/;
        $page = $b->form->submit($page->body =~ /name="username"/ ? { username => $user, password => 'secret' } : {});
    }
    die 'no answer of the identity provider: ' . substr $page->text, 0, 400;
}

# The fields of that form.
sub fields {
    my ($page) = @_;
    my %f = map { my $n = $_; $n => ($page->body =~ /name="$n" value="([^"]*)"/)[0] } qw(SAMLResponse RelayState);
    s/&#0?43;/+/g, s/&amp;/&/g for values %f;
    return \%f;
}

# Whom the assertion in such a form is about: the NameID with its attributes, and the SessionIndex.
sub person_in {
    my $xml = decode_base64(fields(@_)->{SAMLResponse});
    my ($name) = $xml =~ m{(<saml:NameID[^>]*>[^<]*)</saml:NameID>} or die 'no NameID';
    my ($index) = $xml =~ /SessionIndex="([^"]+)"/ or die 'no SessionIndex';
    return ($name, $index);
}

1;
