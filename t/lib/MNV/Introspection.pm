# An introspection endpoint in the httpd under test: the token's name is the file it answers with, header and body, and it keeps what it was asked.
#
#   my $endpoint = MNV::Introspection->new($t);
#   $t->start($endpoint->config);
#   my $token = $endpoint->answer({ exp => 0 });          # a whole answer but for that; or its text
#   my $asked = $endpoint->asked;                          # {form, authorization, client} of the last call
package MNV::Introspection;
use strict;
use warnings;
use JSON::PP ();
use MNV::Bearer;

my $JSON = JSON::PP->new->canonical;

sub new {
    my ($class, $t) = @_;
    my $self = bless { t => $t, api => MNV::Bearer->new($t), count => 0 }, $class;
    mkdir $t->path('answers'), 0755;
    mkdir $t->path('asked'), 0755;
    $t->give_to_server($t->path('asked'));
    $t->write_file('cgi/introspect', "#!$^X\n" . <<'EOT' =~ s/\@DIR\@/$t->dir/ger, 0755);
use strict;
use JSON::PP;
read STDIN, my $form, $ENV{CONTENT_LENGTH} // 0;
open my $asked, '>', '@DIR@/asked/last' or die $!;
print $asked JSON::PP->new->encode({ form => $form, authorization => $ENV{HTTP_AUTHORIZATION}, client => $ENV{SSL_CLIENT_S_DN_CN} });
close $asked or die $!;
my ($token) = $form =~ /(?:^|&)token=([\w-]+)/;
open my $in, '<', "@DIR@/answers/$token" or do { print "Status: 500\r\n\r\n"; exit };
print <$in>;
EOT
    return $self;
}

# A configuration whose /show/api takes tokens. more: further directives; url: of another endpoint; options: those of the line.
sub config {
    my ($self, $more, $url, $options) = @_;
    my ($api, $t) = @$self{qw(api t)};
    $more //= '';
    $url //= 'http://127.0.0.1:@PORT@/introspect';
    $options = defined $options ? qq("$options") : '';
    return $t->default_config(server => $api->load . <<"EOT", location => <<'EOT');
ScriptAlias /introspect "\@DIR\@/cgi/introspect"
ScriptAlias /elsewhere "\@DIR\@/cgi/introspect"
MyNumberBearerVerify introspect $url $options
MyNumberBearerIssuer $api->{issuer}
MyNumberBearerAudience api
$more
EOT
<Location /introspect>
  CGIPassAuth on
</Location>
<Location /show/api>
  AuthType mynumber
  Require mynumber-account
  MyNumberBearer required
</Location>
EOT
}

sub json { return "Content-Type: application/json\r\n\r\n$_[0]" }

# An answer that lets its token in, but for what change says (undef: not there).
sub whole {
    my ($self, $change) = @_;
    my %all = (active => JSON::PP::true, %{ $self->{api}->claims }, token_type => 'Bearer', %{ $change // {} });
    return json($JSON->encode({ map { defined $all{$_} ? ($_ => $all{$_}) : () } keys %all }));
}

# The token that gets an answer.
sub answer {
    my ($self, $what) = @_;
    my $token = 'token-' . ++$self->{count};
    $self->{t}->write_file("answers/$token", ref $what ? $self->whole($what) : $what, 0644);
    return $token;
}

sub asked {
    my ($self) = @_;
    open my $file, '<', $self->{t}->path('asked/last') or die "was not asked: $!";
    local $/;
    return $JSON->decode(<$file>);
}

1;
