# The hardest name of Japan's registers (a character of four bytes, one with a variation selector) reaches every kind of application whole, in each encoding.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(decode_base64url);
use MNV::Test;
use MNV::Apps;
use MNV::Journey qw(linked_person);
use MNV::Source qw(root slurp);

my $t = MNV::Test->new;
my $p = $t->providers;
mkdir $t->path('htdocs/php');
$t->write_file('htdocs/php/index.php', slurp('t/apps/received.php'), 0644);
my $apps = MNV::Apps->start($t, qw(php python uwsgi));
my @encodings = qw(percent utf8 base64url);
my $locations = join '', map { my $encoding = $_; <<"EOT" } @encodings;
ScriptAliasMatch "^/$encoding/cgi" "\@DIR\@/cgi/show"
Alias /$encoding/php "\@DIR\@/htdocs/php"
ProxyPassMatch "^/$encoding/python" http://127.0.0.1:\@PORT:python\@/
ProxyPassMatch "^/$encoding/uwsgi" uwsgi://127.0.0.1:\@PORT:uwsgi\@/
<Location /$encoding/>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport name address
  MyNumberHeaderEncoding $encoding
</Location>
EOT
$t->start($t->default_config(modules => [qw(proxy proxy_http proxy_fcgi proxy_uwsgi)], server => "MyNumberLinkKeep name address\n", location => $locations . <<'EOT'));
<FilesMatch "\.php$">
  SetHandler "proxy:unix:@DIR@/run/php.sock|fcgi://localhost"
</FilesMatch>
EOT
my $b = linked_person($t, '1111111111', 'kanji');

# As they stand in the register; compared as bytes, because that is what applications get.
my %fact = (NAME => "\x{20BB7}野葛\x{E0100}美", ADDRESS => "奈良県葛\x{E0100}城市柿本166番地　\x{20BB7}野荘２０３");
utf8::encode($_) for values %fact;
my %decode = (
    percent => sub { $_[0] =~ s/%([0-9A-F]{2})/chr hex $1/ger },
    utf8 => sub { $_[0] },
    base64url => sub { decode_base64url($_[0]) },
);

# What an application shows: {name => value}, bytes.
sub received {
    my ($path) = @_;
    my $r = $b->get($t->url($path));
    if ($path =~ /cgi$/) {
        my %env = %{ $r->json->{env} };
        for (values %env) { utf8::encode($_) if utf8::is_utf8($_) }
        return \%env;
    }
    return { map { /^(?:_SERVER )?(\w+)=(.*)/s ? ($1, $2) : () } split /\n/, $r->bytes =~ s/\r\n/\n/gr };
}

for my $encoding (@encodings) {
    for my $kind (qw(cgi php python uwsgi)) {
        my $got = received("/$encoding/$kind" . ($kind eq 'php' ? '/index.php' : ''));
        for my $name (sort keys %fact) {
            my $header = $got->{"HTTP_MYNUMBER_$name"} // '';
            is($decode{$encoding}->($header), $fact{$name}, "$kind, $encoding: header $name");
            unlike($header, qr/[^\x20-\x7e]/, "$kind, $encoding: header $name is ASCII") if $encoding ne 'utf8';
            is($got->{"MYNUMBER_$name"}, $fact{$name}, "$kind, $encoding: variable $name") if $kind =~ /cgi|php/;
        }
    }
}
$apps->stop;
$t->done;
