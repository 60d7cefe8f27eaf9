# Answers of a SAML identity provider that is not there, forged as a case of t/data/saml/response says and signed with its key: the builder of the unit test itself.
#
#   my $forger = MNV::SamlForger->start($t);                     # keys in $t->path('keys/forger')
#   $t->write_file('keys/idp.xml', $forger->metadata(qw(idp idp2)), 0644);
#   my $form = $forger->response($case, request => '_123', sp => ENTITYID, acs => URL);   # and id => the assertion's, else another each time
package MNV::SamlForger;
use strict;
use warnings;
use Exporter 'import';
use IPC::Open2;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use MNV::Source qw(root slurp need);
our @EXPORT_OK = qw(request_in);

my $CASES = root . '/t/data/saml/response';
my $count = 0;

sub start {
    my ($class, $t) = @_;
    my $program = "$t->{build}/t/unit/test_saml_response";
    $t->run('flock', $t->{build}, 'make', '-s', '-C', $t->{build}, 't/unit/test_saml_response');
    need(-x $program, 'test_saml_response');
    my $self = bless { idp => 'https://idp.example.ac.jp/idp', folder => $t->path('keys/forger'), owner => $$ }, $class;
    mkdir $self->{folder}, 0755;
    local $ENV{LD_PRELOAD};
    $self->{pid} = open2($self->{out}, $self->{in}, $program, '--forge', $self->{folder});
    readline($self->{out}) eq "ready\n" or die 'the forger did not start';
    chmod 0600, glob "$self->{folder}/*.key";
    $t->give_to_server(glob "$self->{folder}/*");
    return $self;
}

# All cases: {name, folder, file, case}.
sub cases {
    return map { my $file = $_; my ($folder, $name) = $file =~ m{([^/]+)/([^/]+)\.json$}; { name => "$folder/$name", folder => $folder, file => $file, case => JSON::PP->new->decode(_bytes($file)) } }
      sort glob "$CASES/*/*.json";
}

# One of them is about bytes that are no UTF-8.
sub _bytes { open my $in, "<:raw", $_[0] or die $!; local $/; return scalar <$in> }

sub response {
    my ($self, $case, %for) = @_;
    print { $self->{in} } join("\t", $case->{file}, $for{id} // sprintf('_forged%d', ++$count), $for{request}, $self->{idp}, $for{sp}, $for{acs}), "\n";
    $self->{in}->flush;
    my $length = readline($self->{out}) // die "the forger ended at $case->{name}";
    read($self->{out}, my $form, $length) == $length or die "the forger ended at $case->{name}";
    return $form;
}

sub metadata {
    my ($self, @names) = @_;
    my $keys = join '', map { '<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>'
          . join('', grep { !/-----/ } split /\n/, slurp("$self->{folder}/$_.crt")) . '</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>' } @names;
    return qq(<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="$self->{idp}"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">)
      . qq($keys<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="$self->{idp}/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>\n);
}

# The AuthnRequest in a redirect: (ID, RelayState, the XML).
sub request_in {
    my ($location) = @_;
    my %value = map { my ($name, $text) = split /=/, $_, 2; $text =~ s/%(..)/chr hex $1/ge; ($name => $text) } split /&/, $location =~ s/.*?\?//r;
    require IO::Uncompress::RawInflate;
    IO::Uncompress::RawInflate::rawinflate(\decode_base64($value{SAMLRequest}), \my $xml) or die "no request in $location";
    return ($xml =~ /\bID="([^"]+)"/, $value{RelayState}, $xml);
}

sub DESTROY {
    my ($self) = @_;
    return unless $self->{pid} && $self->{owner} == $$;
    local $?;
    close $self->{in};
    waitpid delete $self->{pid}, 0;
}

1;
