# What the tests of SAML sign-in have in common: keys of ours, and the way through SimpleSAMLphp (MNV::External->saml_idp).
package MNV::SamlJourney;
use strict;
use warnings;
use Exporter 'import';
our @EXPORT_OK = qw(saml_key certificate key_lines answer_for fields);

# A key pair of this name below keys/.
sub saml_key {
    my ($t, $name) = @_;
    $t->run(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj), "/CN=$name", '-keyout', $t->path("keys/$name.key"), '-out', $t->path("keys/$name.crt"));
}

# Its certificate, as metadata hold it.
sub certificate { my ($t, $name) = @_; open my $in, '<', $t->path("keys/$name.crt") or die $!; return join '', grep { !/-----/ } map { s/\s//gr } <$in> }

# The directives that name them.
sub key_lines { return join '', map { "MyNumberSAMLKey \"\@DIR\@/keys/$_.key\"\nMyNumberSAMLCert \"\@DIR\@/keys/$_.crt\"\n" } @_ }

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

1;
