# SimpleSAMLphp posing as somebody's identity provider: its entityID, the people and their attributes, the way they sign in.
#
#   my $u = MNV::SamlUniversity->start($t, entity_id => ..., people => { alice => { NAME => [values] } }, context => URI, encrypt => PEM file, sp => our entityID, scope => 'example.ac.jp');
#   $u->is(context => URI);                       # from now on
#   my $page = $u->open_as($b, 'alice', '/members/');
package MNV::SamlUniversity;
use strict;
use warnings;
use MNV::Source qw(slurp);
use MNV::Bench::SamlIdp;

sub start {
    my ($class, $t, %of) = @_;
    my $self = bless { t => $t, %of }, $class;
    $self->{idp} = MNV::Bench::SamlIdp->start($t, $self->_files);
    return $self;
}

sub _php { my ($value) = @_; return ref $value ? '[' . join(', ', map { _php($_) } @$value) . ']' : "'" . $value =~ s/([\\'])/\\$1/gr . "'" }

sub _files {
    my ($self) = @_;
    my $people = join '', map { my $of = $self->{people}{$_}; "'$_:secret' => [" . join(', ', map { _php($_) . ' => ' . _php($of->{$_}) } sort keys %$of) . "],\n" } sort keys %{ $self->{people} };
    my $more = "    'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',\n";
    $more .= "    'scope' => [" . _php($self->{scope}) . "],\n" if $self->{scope};
    $more .= "    'authproc' => [50 => ['class' => 'saml:AuthnContextClassRef', 'AuthnContextClassRef' => " . _php($self->{context}) . "]],\n" if $self->{context};
    my $encrypt = $self->{encrypt} ? ", 'assertion.encryption' => true, 'certData' => '" . join('', grep { !/-----/ } split /\n/, slurp($self->{encrypt})) . "'" : '';
    my $hosted = slurp('t/bench/saml/saml20-idp-hosted.php') =~ s/'\@IDP\@\/idp'/_php($self->{entity_id})/er;
    $hosted =~ s/^    'auth' => .*\n\K/$more/m or die;
    return ('saml20-idp-hosted' => $hosted, authsources => "<?php\n\$config = ['member' => ['exampleauth:UserPass', $people]];\n",
        'saml20-sp-remote' => "<?php\n\$metadata['" . ($self->{sp} // '@BASE@/mynumber/saml/metadata') . "'] = ['AssertionConsumerService' => '\@BASE\@/mynumber/saml/acs'$encrypt];\n");
}

# SimpleSAMLphp reads its files anew for each request.
sub is {
    my ($self, %of) = @_;
    @$self{ keys %of } = values %of;
    my %file = $self->_files;
    $self->{t}->write_file("saml/metadata/$_.php", $file{$_} =~ s/\@IDP\@/$self->{idp}{url}/gr) for qw(saml20-idp-hosted saml20-sp-remote);
    delete $self->{idp}{metadata};
    return $self;
}

# Its EntityDescriptor.
sub metadata { my ($self) = @_; return $self->{idp}->metadata =~ s/^<\?xml[^>]*>\s*//r }

# A page, through its sign-in. What it answered, decoded, stands in $u->{answer}, and where the request was sent in $u->{request}.
sub open_as {
    my ($self, $b, $user, $path) = @_;
    my $page = $b->visit($self->{t}->url($path));
    ($self->{request}) = grep { /SAMLRequest=/ } map { $_->[1] } @{ $page->hops };
    for (1 .. 4) {
        last if index($page->url, $self->{t}->base) == 0;
        if (my ($answer) = $page->body =~ /name="SAMLResponse" value="([^"]*)"/) { require MIME::Base64; $self->{answer} = MIME::Base64::decode_base64($answer =~ s/&#0?43;/+/gr) }
        $page = $b->form->submit($page->body =~ /name="username"/ ? { username => $user, password => 'secret' } : {});
    }
    return $page;
}

sub stop { $_[0]{idp}->stop }

1;
