# The recipes as one server of $t: each is a virtual host with a port and a database of its own, beside the smallest set-up (conf/mynumber_verify.conf), and its application runs.
# The configuration is the page's own; nothing is exchanged but what the table below says.
#
#   my $server = MNV::Recipes::Server->start($t, @recipes);    # of MNV::Recipes
#   my $site = $server->site('api');                           # url($path), and what MNV::Journey needs of a server
#   $server->site('password-reset', 'later');                  # the same some days later: see %later
#   $server->site('migrate-from-mod-auth-openidc', 'before');  # what it replaces
#   $site->ready;                                              # its application is up
#   $server->stop;
package MNV::Recipes::Server;
use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::UNIX;
use MNV::Apps;
use MNV::Backend;
use MNV::Bearer;
use MNV::Source qw(root slurp);

# NAME => [what stands in the page, what the days that passed are made of].
my %later = ('password-reset' => [ 'MyNumberLinkHold 3d' => 'MyNumberLinkHold 1s' ]);
# Where the module of before can be had: the callback of its own.
my %before = ('migrate-from-mod-auth-openidc' => '/tickets/redirect_uri');

# Files beside the recipes, under the names that the pages give them, and what shows in a folder what arrives there.
my %file = (
    (map { ($_ => 'docs/recipes/apps/' . s{.*/}{}r) } qw(reset/reset.py members/portal.mjs vote/api.mjs roster/roster.py chat-server/chat.py tickets/tickets.mjs tomcat/conf/server.xml)),
    'portal/index.php' => 'docs/recipes/apps/portal.php', 'chat/index.html' => 'docs/recipes/apps/chat.html', 'tomcat/webapps/diploma/index.jsp' => 'docs/recipes/apps/diploma.jsp',
    (map { ("staff$_/index.php" => 'docs/recipes/apps/staff.php') } '', '/personal'),
    (map { ("library$_/index.php" => 'docs/recipes/apps/library.php') } '', qw(/loans /newcomers /theses)),
    (map { ("$_/received.php" => 't/apps/received.php') } qw(portal staff library)),
);

sub start {
    my ($class, $t, @recipes) = @_;
    my $self = bless { t => $t, recipes => \@recipes }, $class;
    for my $recipe (@recipes) {
        my $name = $recipe->{name};
        for my $kind ('', $later{$name} ? 'later' : (), $before{$name} ? 'before' : ()) {
            $self->{site}{"$name $kind"} = bless { server => $self, recipe => $recipe, kind => $kind, port => ("$name $kind" =~ tr/- /__/r) }, 'MNV::Recipes::Site';
        }
    }
    my @sites = map { $self->{site}{$_} } sort keys %{ $self->{site} };
    my ($api) = grep { $_->{recipe}{name} eq 'api-with-tokens' } @sites;
    $self->{providers} = $t->providers($api ? (signin => { apis => { $api->url('/api') => 'jwt', $api->url('/other') => 'jwt' } }) : (), clients => { map { my $kind = $_; ($kind => { redirect_uris => [ map { $_->callback($kind) } @sites ], $kind eq 'signin' ? (post_logout_redirect_uris => [ map { $_->callback($kind) =~ s{signin/callback$}{logout/done}r } @sites ]) : () }) } qw(card signin) });
    $self->_make_files;
    $self->_start_applications;
    my %needed = map { $_ => 1 } map { $_->modules } @recipes;
    $needed{auth_openidc} = 1 if grep { $_->{kind} eq 'before' } @sites;
    delete $needed{headers};    # the harness has it
    my $bearer = delete $needed{mynumber_bearer} ? MNV::Bearer->new($t)->load : '';
    $t->allow_line(qr/auth_openidc:warn.*SHOULD be "https"/);
    $t->start($t->preamble(modules => [ sort keys %needed ]) . $bearer . join '', map { $_->virtual_host } @sites);
    return $self;
}

sub site { my ($self, $name, $kind) = @_; return $self->{site}{ "$name " . ($kind // '') } // die "no recipe \"$name\"" }

# --- the table: what stands for something of the reader's own --------------------------------------------
sub here {
    my ($self, $text, $site) = @_;
    my ($card, $university) = ($self->{providers}->card, $self->{providers}->signin);
    for (
        [ qr{/run/php/php8\.2-fpm\.sock} => '@DIR@/run/php.sock' ],
        [ qr{\Q192.0.2.0/24} => '127.0.0.9' ],
        [ qr{(?<![\w@])/(srv|run)/} => sub { "\@DIR\@/$1/" } ],
        [ qr{/usr/local/sbin/} => '@DIR@/sbin/' ],
        [ qr{\bport="(\d+)"} => sub { "port=\"\@PORT:p$1\@\"" } ],
        [ qr{\b127\.0\.0\.1:(\d+)} => sub { "127.0.0.1:\@PORT:p$1\@" } ],
        [ qr{\Qhttps://auth-and-sign.go.jp/api/realms/main/protocol/openid-connect} => "$card->{issuer}/protocol/openid-connect" ],
        [ qr{\Qhttps://auth-and-sign.go.jp/api/realms/main} => $card->{issuer} ],
        [ qr{\Qhttps://idp.example.ac.jp} => $university->{issuer} ],
        [ qr{\Qhttps://portal.example.ac.jp} => $site->url('') ],
        [ qr{OIDCClientSecret "the client secret"} => "OIDCClientSecret $university->{client_secret}" ],
        [ qr{\byourClientId\b} => $card->{client_id} ],
        [ qr{/var/lib/mynumber/links\.db} => "\@DIR\@/db/$site->{recipe}{name}.db" ],
        [ qr{/etc/mynumber/secret} => '@SECRET@' ],
        [ qr{/etc/mynumber/client\.pem} => '@CLIENTKEY@' ],
        [ qr{/etc/mynumber/signin-secret} => '@DIR@/keys/signin-secret' ],
    ) {
        my ($there, $here) = @$_;
        $text =~ s/$there/ref $here ? $here->() : $here/ge;
    }
    return $text;
}

# --- files and applications --------------------------------------------------------------------------------
sub _make_files {
    my ($self) = @_;
    my $t = $self->{t};
    $t->write_file('keys/signin-secret', $self->{providers}->signin->{client_secret}, 0600);
    mkdir $t->path($_), 0755 for qw(srv sbin srv/tasting);
    for my $name (sort keys %file) {
        $t->run('mkdir', '-p', $t->path("srv/$name") =~ s{/[^/]*$}{}r);
        $t->run('cp', root . "/$file{$name}", $t->path("srv/$name"));
    }
    # The reader's own programs, and a page.
    for my $program ([ 'tell-the-owner', 'told', 'exec cat' ], [ 'reset-account', 'reset-done', 'echo "$1 $2 $(cat)"' ]) {
        my ($name, $out, $command) = @$program;
        $t->write_file("run/$out", '', 0666);
        $t->write_file("sbin/$name", "#!/bin/sh\n$command >>\@DIR\@/run/$out\n", 0755);
    }
    $t->write_file('srv/tasting/index.html', "<title>tasting</title>\n", 0644);
    $t->write_file('srv/tasting/.htaccess', "Options +ExecCGI\n<Files received>\nSetHandler cgi-script\n</Files>\n", 0644);
    $t->run('cp', $t->path('cgi/show'), $t->path('srv/tasting/received'));
    for my $recipe (@{ $self->{recipes} }) {
        my $text = $recipe->block('apache .htaccess') // next;
        my ($folder) = $recipe->{text} =~ /`(\S+)` writes a `\.htaccess`/;
        $t->write_file($t->expand($self->here("$folder/.htaccess", $self->site($recipe->{name}))), $text, 0644);
    }
}

sub _start_applications {
    my ($self) = @_;
    my $t = $self->{t};
    my %is_asked = map { $_->{name} => 1 } @{ $self->{recipes} };
    my $apps = $self->{apps} = MNV::Apps->start($t);
    if ($is_asked{'tomcat-behind-proxy'}) {    # first: it takes longest
        $t->write_file('srv/tomcat/conf/server.xml', $self->here(slurp('docs/recipes/apps/server.xml'), $self->site('tomcat-behind-proxy')), 0644);
        $self->{ready}{'tomcat-behind-proxy'} = $apps->tomcat($t->path('srv/tomcat'), $t->port('p8003'));
    }
    $self->{php} = MNV::Apps->start($t, 'php') if grep { grep { $_ eq 'proxy_fcgi' } $_->modules } @{ $self->{recipes} };
    $self->{backend} = MNV::Backend->start($t->port('backend'));
    for my $recipe (@{ $self->{recipes} }) {
        my $command = $recipe->block('sh') // next;
        $self->{ready}{ $recipe->{name} } = $self->run($recipe->{name}, split ' ', $t->expand($self->here($command, $self->site($recipe->{name}))));
    }
}

# A command that listens on the Unix socket or the 127.0.0.1:PORT among its arguments. Returns what waits for that.
sub run {
    my ($self, $name, @command) = @_;
    my ($socket) = grep { /\.sock$/ } @command;
    my ($address) = grep { /^127\.0\.0\.1:\d+$/ } @command;
    if ($socket) {
        my $folder = $socket =~ s{/[^/]*$}{}r;
        mkdir $folder, 0755;
        $self->{t}->give_to_server($folder);
    }
    return $self->{apps}->run($name, sub { $socket ? IO::Socket::UNIX->new(Peer => $socket) : IO::Socket::INET->new(PeerAddr => $address) }, @command);
}

sub stop { my ($self) = @_; $_ && $_->stop for @$self{qw(apps php backend)} }

package MNV::Recipes::Site;

sub url { my ($self, $path) = @_; return 'http://localhost:' . $self->{server}{t}->port($self->{port}) . $path }
sub browser { return $_[0]{server}{t}->browser }
sub providers { return $_[0]{server}{providers} }
sub ready { my ($self) = @_; my $wait = $self->{server}{ready}{ $self->{recipe}{name} }; $wait->() if $wait }

sub callback {
    my ($self, $half) = @_;
    return $half eq 'signin' ? $self->url($before{ $self->{recipe}{name} }) : () if $self->{kind} eq 'before';
    return $self->url($half eq 'card' ? '/mynumber/verify/callback' : '/mynumber/signin/callback');
}

sub _configuration {
    my ($self) = @_;
    my $recipe = $self->{recipe};
    return $recipe->block('apache before') if $self->{kind} eq 'before';
    my $text = $recipe->block('apache') // '';
    if ($self->{kind} eq 'later') {
        my ($there, $then) = @{ $later{ $recipe->{name} } };
        $text =~ s/\Q$there\E/$then/ or die "$recipe->{name}: \"$there\" is not there";
    }
    return MNV::Source::slurp('conf/mynumber_verify.conf') =~ s{<Location /app>.*?</Location>\n}{}sr . $text;
}

sub virtual_host {
    my ($self) = @_;
    my $port = "\@PORT:$self->{port}\@";
    my $text = $self->_configuration;
    my ($location) = $text =~ /^ProxyPass /m ? $text =~ m{^<Location (/\w+)>}m : ();
    # Beside the application, in its place, one that shows what arrives.
    my $beside = $location ? "ProxyPass $location/received http://127.0.0.1:\@PORT:backend\@/\n" : '';
    return "Listen 127.0.0.1:$port\n<VirtualHost 127.0.0.1:$port>\nServerName localhost:$port\n$beside" . $self->{server}->here($text, $self) . "</VirtualHost>\n";
}

1;
