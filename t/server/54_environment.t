# Variables and headers of our names that a configuration sets: who may set what, and what an application sees then. What is set before the hand-off goes; an administrator's own
# words after it stand; a .htaccess file of an open folder cannot forge anything for a protected application.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Apps;
use MNV::Journey qw(linked_person);
use MNV::Source qw(root);

my $t = MNV::Test->new(env => { MYNUMBER_NAME => 'forged-in-the-process' });
$t->providers;
my $php = do { local (@ARGV, $/) = root . '/t/apps/received.php'; <> };
$t->write_file('cgi/app', "#!$^X\n" . 'print "Content-Type: text/plain\n\n"; open my $in, "<", "/proc/self/environ"; local $/ = "\0"; print map { s/\0$//r . "\n" } <$in>;', 0755);

# title, .htaccess of an open folder; then the server's configuration around; what /secret/app shows to the linked person who comes over /open-folder/
my $away = 'RewriteRule ^ /secret/app';
my @htaccess = (
    ['RewriteRule [E=] and away', "$away [E=MYNUMBER_ACCOUNT:forged,E=MYNUMBER_NAME:forged,E=HTTP_MYNUMBER_ACCOUNT:forged,E=REMOTE_USER:forged]"],
    ['RewriteRule [E=] of redirected names', "$away [E=REDIRECT_MYNUMBER_ACCOUNT:forged,E=REDIRECT_HTTP_MYNUMBER_NAME:forged,E=REDIRECT_REMOTE_USER:forged]"],
    ['SetEnv', "SetEnv MYNUMBER_ACCOUNT forged\nSetEnv MYNUMBER_NAME forged\nDirectoryIndex /secret/app"],
    ['SetEnv and FallbackResource', "SetEnv MYNUMBER_ACCOUNT forged\nSetEnv HTTP_MYNUMBER_NAME forged\nFallbackResource /secret/app"],
    ['SetEnvIf', "SetEnvIf Request_URI . MYNUMBER_ACCOUNT=forged HTTP_MYNUMBER_ACCOUNT=forged MYNUMBER_NAME=forged\n$away"],
    ['PassEnv', "PassEnv MYNUMBER_NAME\nDirectoryIndex /secret/app"],
    ['RequestHeader', "RequestHeader set MyNumber-Account forged\nRequestHeader set mynumber_name forged\n$away"],
    ['RequestHeader and FallbackResource', "RequestHeader set MyNumber-Account forged\nRequestHeader set MyNumber-Name forged\nFallbackResource /secret/app"],
    ['ErrorDocument', "RequestHeader set MyNumber-Name forged\nSetEnv MYNUMBER_NAME forged\nErrorDocument 404 /secret/app"],
    ['Action', "SetEnv MYNUMBER_NAME forged\nAction way /secret/app virtual\nSetHandler way"],
);
# title, server configuration, %known: lines that /secret/app must show, %open: lines that /open/app shows
my $real = { MYNUMBER_ACCOUNT => ['sub-1111111111'], HTTP_MYNUMBER_ACCOUNT => ['sub-1111111111'] };
my @server = (
    ['SetEnvIf', 'SetEnvIf Request_URI . MYNUMBER_ACCOUNT=forged MYNUMBER_NAME=forged', $real],
    ['SetEnvIf from a header', 'SetEnvIf X-Control (.*) MYNUMBER_ACCOUNT=forged$1 HTTP_MYNUMBER_NAME=forged', $real],
    ['SetEnvIf from a forged header', 'SetEnvIf MyNumber-Name (.+) COPY_MYNUMBER_NAME=$1', $real],
    ['RewriteRule [E=]', "RewriteEngine on\nRewriteRule ^ - [E=MYNUMBER_ACCOUNT:forged,E=MYNUMBER_NAME:forged]", $real],
    ['RequestHeader early', 'RequestHeader set MyNumber-Account forged early', $real],
    ['RequestHeader set', 'RequestHeader set MyNumber-Account administrator', { %$real, HTTP_MYNUMBER_ACCOUNT => ['administrator'] }],
    ['RequestHeader unset', 'RequestHeader unset MyNumber-Account', { MYNUMBER_ACCOUNT => ['sub-1111111111'] }],
    ['RequestHeader from a variable', 'RequestHeader set X-Remote-User "%{MYNUMBER_ACCOUNT}e"', { %$real, HTTP_X_REMOTE_USER => ['sub-1111111111'] }],
    ['RequestHeader from an expression', 'RequestHeader set X-Remote-User "expr=%{MYNUMBER:account}"', { %$real, HTTP_X_REMOTE_USER => ['sub-1111111111'] }],
    ['RewriteCond on what we hand on', "<Location /secret/>\nRewriteEngine on\nRewriteCond %{ENV:MYNUMBER_ACCOUNT} (.+)\nRewriteRule ^ - [E=COPY_MYNUMBER_ACCOUNT:%1]\n</Location>",
        { %$real, COPY_MYNUMBER_ACCOUNT => ['sub-1111111111'] }],
    ['RewriteCond that looks ahead', "RewriteEngine on\nRewriteCond %{LA-U:REMOTE_USER} (.+)\nRewriteRule ^ - [E=COPY_MYNUMBER_ACCOUNT:%1]", { %$real, COPY_MYNUMBER_ACCOUNT => ['sub-1111111111'] }],
    ['UnsetEnv', 'UnsetEnv MYNUMBER_ACCOUNT', $real],
);
my $n = 0;
my $hosts = '';
for my $row (@server) {
    my $port = $t->port('host' . ++$n);
    $hosts .= "Listen 127.0.0.1:$port\n<VirtualHost 127.0.0.1:$port>\nServerName localhost:$port\n$row->[1]\n</VirtualHost>\n";
}
$n = 0;
for my $row (@htaccess) {
    mkdir $t->path('htdocs/folder' . ++$n);
    $t->write_file("htdocs/folder$n/.htaccess", "RewriteEngine on\n$row->[1]\n", 0644);
}
$t->start($t->default_config(sample => 0, modules => [ qw(setenvif actions) ], location => <<'EOT' . $hosts));
ScriptAliasMatch "^/(?:secret|open)/app" "@DIR@/cgi/app"
<Location /secret/>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport account
</Location>
EOT
my $person = linked_person($t, '1111111111', 'adult');

# {name => [values]} of what an application received under our names.
sub received {
    my ($body) = @_;
    my %received;
    push @{ $received{$1} }, $2 while $body =~ /^((?:\w+_)?(?:MYNUMBER_\w+|REMOTE_USER))=(.*)$/mg;
    return \%received;
}

sub told { my ($received) = @_; return join ' ', map { my $name = $_; map { "$name=$_" } @{ $received->{$name} } } sort keys %$received }

$n = 0;
for my $row (@htaccess) {
    my $r = $person->get($t->url('/folder' . ++$n . ($row->[1] =~ /DirectoryIndex/ ? '/' : '/x')));
    my $received = received($r->body);
    note sprintf '%-42s %s', ".htaccess, $row->[0]", told($received);
    is(told($received), 'HTTP_MYNUMBER_ACCOUNT=sub-1111111111 MYNUMBER_ACCOUNT=sub-1111111111 REMOTE_USER=sub-1111111111', ".htaccess of an open folder: $row->[0]");
}
$n = 0;
my $cookie = $person->jar->cookie_header($t->url('/'));
for my $row (@server) {
    my $url = 'http://localhost:' . $t->port('host' . ++$n);
    my $received = received($t->browser->get("$url/secret/app", headers => [ [ 'X-Control', 'arrived' ], [ 'MyNumber-Name', 'forged' ], [ 'Cookie', $cookie ] ])->body);
    note sprintf '%-42s %s', "server, $row->[0]", told($received);
    is(told($received), told({ %{ $row->[2] }, REMOTE_USER => ['sub-1111111111'] }), "server: $row->[0]");
}
$t->done;
