# Each page of docs/recipes does what it says: its configuration is taken out of the page, with other host names, ports and paths (the table below) and nothing else changed, and
# somebody goes through it. Each recipe is a virtual host of one httpd, with a database of its own, beside the smallest set-up (conf/mynumber_verify.conf).
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use IO::Socket::UNIX;
use MNV::Test;
use MNV::Apps;
use MNV::Journey qw(stands sign_in verify link_up linked_person);
use MNV::Recipes;
use MNV::Source qw(root slurp);

my @recipes = MNV::Recipes->all;
my $t = MNV::Test->new;
# A recipe's site, or the same some days later: NAME => [[what stands in the page, what stood there by then], ...].
my %later = ('password-reset' => [ [ 'MyNumberLinkHold 3d' => 'MyNumberLinkHold 1s' ] ]);
my %site = map { ($_->{name} => Site->new($t, $_), $later{ $_->{name} } ? ("$_->{name}, later" => Site->new($t, $_, @{ $later{ $_->{name} } })) : ()) } @recipes;
my @sites = map { $site{$_} } sort keys %site;
my $p = $t->providers(clients => { map { my $kind = $_; ($kind => { redirect_uris => [ map { $_->callbacks($kind) } @sites ] }) } qw(card signin) });
my ($card, $university) = ($p->card->{issuer}, $p->signin->{issuer});
$t->write_file('keys/signin-secret', $p->signin->{client_secret}, 0600);

# --- the table: what stands for something of the reader's own ---------------------------------------
sub here {
    my ($text, $site) = @_;
    for (
        [ qr{/run/php/php8\.2-fpm\.sock} => '@DIR@/run/php.sock' ],
        [ qr{(?<![\w@])/(srv|run|usr/local/sbin)/} => sub { '@DIR@/' . ($1 eq 'usr/local/sbin' ? 'sbin' : $1) . '/' } ],
        [ qr{\b127\.0\.0\.1:(\d+)} => sub { "127.0.0.1:\@PORT:p$1\@" } ],
        [ qr{\Qhttps://auth-and-sign.go.jp/api/realms/main/protocol/openid-connect} => "$card/protocol/openid-connect" ],
        [ qr{\Qhttps://auth-and-sign.go.jp/api/realms/main} => $card ],
        [ qr{\Qhttps://idp.example.ac.jp} => $university ],
        [ qr{\Qhttps://portal.example.ac.jp} => $site->url('') ],
        [ qr{\byourClientId\b} => 'portal' ],
        [ qr{/var/lib/mynumber/links\.db} => $t->path("db/$site->{recipe}{name}.db") ],
        [ qr{/etc/mynumber/secret} => '@SECRET@' ],
        [ qr{/etc/mynumber/client\.pem} => '@CLIENTKEY@' ],
        [ qr{/etc/mynumber/signin-secret} => '@DIR@/keys/signin-secret' ],
    ) {
        my ($there, $here) = @$_;
        $text =~ s/$there/ref $here ? $here->() : $here/ge;
    }
    return $text;
}

# --- the applications ---------------------------------------------------------------------------------
# Files beside the recipes, under the names that the pages give them.
my %file = (
    'reset/reset.py' => 'reset.py', 'portal/index.php' => 'portal.php', 'members/portal.mjs' => 'portal.mjs',
);
mkdir $t->path($_), 0755 for qw(srv sbin);
for my $name (sort keys %file) {
    mkdir $t->path('srv/' . $name =~ s{/.*}{}r), 0755;
    $t->run('cp', root . "/docs/recipes/apps/$file{$name}", $t->path("srv/$name"));
}
# Programs of the reader's own.
$t->write_file('run/told', '', 0666);
$t->write_file('sbin/tell-the-owner', "#!/bin/sh\nexec cat >>\@DIR\@/run/told\n", 0755);
$t->write_file('run/reset-done', '', 0666);
$t->write_file('sbin/reset-account', "#!/bin/sh\necho \"\$1 \$2 \$(cat)\" >>\@DIR\@/run/reset-done\n", 0755);

my $apps = MNV::Apps->start($t, 'php');
my %ready;
for my $recipe (@recipes) {
    my $command = $recipe->block('sh') // next;
    my $site = $site{ $recipe->{name} };
    my @command = split ' ', $t->expand(here($command, $site));
    my ($socket) = grep { /\.sock$/ } @command;
    my ($port) = map { /^127\.0\.0\.1:(\d+)$/ ? $1 : () } @command;
    if ($socket) {
        mkdir $socket =~ s{/[^/]*$}{}r, 0755;
        $t->give_to_server($socket =~ s{/[^/]*$}{}r);
    }
    $ready{ $recipe->{name} } = $apps->run($recipe->{name}, sub { $socket ? IO::Socket::UNIX->new(Peer => $socket) : IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") }, $command[0] =~ m{/} ? $command[0] : "/usr/bin/$command[0]", @command[1 .. $#command]);
}

# --- the server -----------------------------------------------------------------------------------------
my $base = slurp('conf/mynumber_verify.conf') =~ s{<Location /app>.*?</Location>\n}{}sr;
my %needed = map { $_ => 1 } qw(setenvif), map { $_->modules } @recipes;
$t->start($t->preamble(modules => [ sort keys %needed ]) . join '', map { $_->virtual_host } @sites);

# --- what somebody goes through ---------------------------------------------------------------------------
sub read_file { my ($name) = @_; open my $in, '<:encoding(UTF-8)', $t->path($name) or die "$name: $!"; local $/; return <$in> // '' }
sub location_of { my ($r) = @_; my $to = $r->header('Location') // ''; return $to =~ m{/realms/main/} ? 'card' : $to =~ m{/university/} ? 'sign-in' : $to }
sub card_only { my ($site, $person) = @_; my $b = $t->browser; $p->card_is(person => $person); verify($site, $b); return $b }
my @spoofed = map { ([ "MyNumber-$_" => 'sub-9876543210' ], [ "MYNUMBER_$_" => 'sub-9876543210' ]) } qw(Account Linked Name);

my %journey = (
    'password-reset' => sub {
        my ($site) = @_;
        my $b = $t->browser;
        is(location_of($b->get($site->url('/reset/'))), 'card', 'the card is asked for, not the password');
        linked_person($site, '0123456789', 'adult');
        like(wait_for(sub { read_file('run/told') }), qr/"event":"linked"/, 'the owner is told of the link');
        is(card_only($site, 'adult')->get($site->url('/reset/'))->mnv_code, 'MNV0806', 'a new link opens nothing by card alone');
        # Three days later.
        $site = $site{'password-reset, later'};
        my $page;
        wait_for(sub { $b = card_only($site, 'adult'); $page = $b->get($site->url('/reset/')); $page->code == 200 });
        like($page->body, qr/<h1>sub-0123456789</, 'then the card alone opens the form of its account') or diag $page->text;
        $page = $b->form->submit({ password => 'a new passphrase' }, button => 'password');
        is(read_file('run/reset-done'), "password sub-0123456789 a new passphrase\n", 'and changes its password');
        my $token = $b->form->value('token');
        $b->post_form($site->url('/reset/'), { what => 'mfa', token => $token }, headers => [@spoofed]);
        like(read_file('run/reset-done'), qr/^mfa sub-0123456789 $/m, "and its second factor, whatever a client says in the module's names");
        is($b->post_form($site->url('/reset/'), { what => 'mfa', token => 'f' x 64 })->code, 403, 'not without the form');
        is(card_only($site, 'kanji')->get($site->url('/reset/'))->mnv_code, 'MNV0805', 'a card that is linked with no account opens nothing');
        my $signed = $t->browser;
        $p->signin_is(account => '0123456789');
        sign_in($site, $signed);
        is(location_of($signed->get($site->url('/reset/'))), 'card', 'whoever is signed in shows the card as well');
        $p->card_is(person => 'adult2');
        is($signed->visit($site->url('/reset/'))->mnv_code, 'MNV0708', "and not another person's");
        $t->expect_log(qw(MNV0708 MNV1608));
        unlike(read_file('run/reset-done'), qr/9876543210/, 'nothing was done to another account');
    },
    'php-portal' => sub {
        my ($site) = @_;
        my $b = $t->browser;
        $p->signin_is(account => '1111111111');
        $p->card_is(person => 'kanji');
        ok(stands($b->visit($site->url('/portal/courses/5?term=2')), step => 3), 'led through sign-in and card to the link page');
        my $page = link_up($b);
        is($page->url, $site->url('/portal/courses/5?term=2'), 'and back to the very URL');
        like($page->body, qr{<title>/portal/courses/5</title>.*ようこそ、\x{20BB7}野葛\x{E0100}美 さん.*id="account">sub-1111111111<}s, 'which the front controller answers with account and name');
        like($b->get($site->url('/portal/'), headers => [@spoofed])->body, qr{id="account">sub-1111111111<}, "a client's headers change nothing");
        is($t->browser->fetch($site->url('/portal/index.php'))->code, 401, 'the script itself is closed too');
        is($t->browser->fetch($site->url('/portal/nothing.png'))->code, 401, 'so is any file of the folder');
    },
    'node-behind-proxy' => sub {
        my ($site) = @_;
        my $b = $t->browser;
        is(location_of($b->get($site->url('/members/'))), 'sign-in', 'strangers are led to the sign-in');
        $p->signin_is(account => '1111111111');
        $p->card_is(person => 'kanji');
        my $page = $b->visit($site->url('/members/list?x=1'), headers => [@spoofed]);
        like($page->body, qr{sub-1111111111</p>.*href="/mynumber/\?return=%2Fmembers%2Flist%3Fx%3D1"}, 'signed in: the account, and the way to link');
        $page = $b->follow($b->click($page->body =~ /href="([^"]+)"/));
        verify($site, $b);
        $b->visit($site->url('/mynumber/?return=%2Fmembers%2Flist%3Fx%3D1'));
        $page = link_up($b);
        like($page->body, qr{sub-1111111111: <b id="name">\x{20BB7}野葛\x{E0100}美</b>}, 'linked: back at the application, which knows the name');
    },
);

my $index = MNV::Recipes->index;
for my $recipe (@recipes) {
    my $name = $recipe->{name};
    subtest $recipe->{title} => sub {
        like($index, qr/\(\Q$name\E\.md\)/, 'stands in the index');
        is_deeply([ $recipe->trust ], [ 1, 1 ], 'says what may be trusted, and what must not');
        is_deeply([ sort map { lc } $recipe->received ], [ sort map { lc } $recipe->exported ], 'says what the application receives, as configured');
        ok($journey{$name}, 'somebody goes through it') or return;
        $ready{$name}->() if $ready{$name};
        $journey{$name}->($site{$name});
    };
}
my %is_page = map { $_->{name} => 1 } @recipes;
is(join(' ', grep { !$is_page{$_} } sort keys %journey), '', 'each journey belongs to a page');
$apps->stop;
$t->done;

# One recipe's virtual host: what MNV::Journey needs of a server.
package Site;

sub new { my ($class, $t, $recipe, @changes) = @_; return bless { t => $t, recipe => $recipe, changes => \@changes, port => $recipe->{name} =~ tr/-/_/r . (@changes ? '_later' : '') }, $class }
sub url { my ($self, $path) = @_; return 'http://localhost:' . $self->{t}->port($self->{port}) . $path }
sub browser { return $_[0]{t}->browser }
sub providers { return $_[0]{t}->providers }
sub callbacks { my ($self, $kind) = @_; return $self->url($kind eq 'card' ? '/mynumber/verify/callback' : '/mynumber/signin/callback') }

sub virtual_host {
    my ($self) = @_;
    my $text = $self->{recipe}->block('apache');
    for my $change (@{ $self->{changes} }) {
        $text =~ s/\Q$change->[0]\E/$change->[1]/ or die "$self->{recipe}{name}: \"$change->[0]\" is not there";
    }
    return "Listen 127.0.0.1:\@PORT:$self->{port}\@\n<VirtualHost 127.0.0.1:\@PORT:$self->{port}\@>\nServerName localhost:\@PORT:$self->{port}\@\n"
      . main::here($base . $text, $self) . "</VirtualHost>\n";
}
