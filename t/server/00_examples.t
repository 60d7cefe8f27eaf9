# Every file of conf/ and conf/examples/ is loaded into a complete server and serves one request whose answer is checked: an example cannot rot.
# An example is taken as it is, but for the host names, paths and ports below.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Source qw(root);
use MNV::Journey qw(stands sign_in verify link_up linked_person);
use MNV::Backend;

my $conf = root . '/conf';
my $t = MNV::Test->new;
my $p = $t->providers;
$p->card_is(person => 'adult');
$p->signin_is(account => '0123456789');
my ($card, $university) = ($p->card->{issuer}, $p->signin->{issuer});
$t->write_file('keys/signin-secret', $p->signin->{client_secret}, 0600);

my %tested;

sub example {
    my ($name) = @_;
    $tested{$name} = 1;
    open my $in, '<:encoding(UTF-8)', "$conf/$name" or die "$conf/$name: $!";
    local $/;
    return scalar <$in>;
}

# The same university as a tenant of Entra ID.
my $tenant = '11111111-2222-3333-4444-555555555555';
my $entra = $t->more_providers('entra', card => 0, signin => { entra => JSON::PP::true, accounts => {
    staff => { claims => { tid => $tenant, oid => 'o-1', preferred_username => 'staff@example.ac.jp', groups => ['22222222-3333-4444-5555-666666666666'] } },
    guest => { claims => { tid => $tenant, oid => 'o-2', idp => 'https://sts.windows.net/99999999-2222-3333-4444-555555555555/' } } } });
$entra->signin_is(account => 'staff');

# What stands for something of the reader's own: [as in the example, here].
my @replace = (
    [ 'https://auth-and-sign.go.jp/api/realms/main/protocol/openid-connect' => "$card/protocol/openid-connect" ],
    [ 'https://auth-and-sign.go.jp/api/realms/main' => $card ],
    [ 'https://idp.example.ac.jp' => $university ],
    [ 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0' => $entra->signin->{issuer} ],
    [ 'https://portal.example.ac.jp' => '@BASE@' ],
    [ yourClientId => 'portal' ],
    [ '/var/lib/mynumber/links.db' => '@DB@' ],
    [ '/etc/mynumber/secret' => '@SECRET@' ],
    [ '/etc/mynumber/client.pem' => '@CLIENTKEY@' ],
    [ '/etc/mynumber/signin-secret' => '@DIR@/keys/signin-secret' ],
    [ 'http://127.0.0.1:8000' => 'http://127.0.0.1:@PORT:backend@' ],
    [ 'modules/mod_mynumber_verify.so' => '@MODULE@' ],
);

sub here {
    my ($text) = @_;
    $text =~ s/\Q$_->[0]\E/$_->[1]/g for @replace;
    return $text;
}

# Started and judged by the code; the configuration test has nothing to say.
sub serves {
    my ($name, $text, $judge) = @_;
    my ($code, $out) = $t->configtest($text);
    is($code, 0, "$name: loaded") or diag $out;
    unlike($out, qr/MNV\d/, "$name: without a warning");
    $t->restart($text);
    $judge->();
}

sub alias { return join '', map { "ScriptAlias /$_ \"\@DIR\@/cgi/show\"\n" } @_ }
sub env { my ($b, $path) = @_; my $r = $b->visit($t->url($path)); return $r->code == 200 ? $r->json->{env} : { code => $r->code, text => $r->text } }

# --- mynumber_verify.load and .conf: the smallest set-up ---------------------------------------
my $load = here(example('mynumber_verify.load'));
my $smallest = $t->preamble(without => 1, modules => [qw(proxy proxy_http)]) . $load . here(example('mynumber_verify.conf')) . "MyNumberStateDir \"\@STATE\@\"\n";
is($load, qq(LoadModule mynumber_verify_module \@MODULE\@\n), 'mynumber_verify.load is one line');
my $b;
serves('mynumber_verify.conf', $smallest . alias('app'), sub {
    $b = $t->browser;
    my $page = $b->visit($t->url('/app'));
    ok(stands($page, step => 3, account => 1, identity => 1, linked => 0), 'mynumber_verify.conf: led through sign-in and card to the link page') or return;
    link_up($b);
    my $env = env($b, '/app');
    is_deeply([ @$env{qw(MYNUMBER_ACCOUNT MYNUMBER_VERIFIED MYNUMBER_LINKED MYNUMBER_NAME MYNUMBER_AGE_OVER_20)} ], [ 'sub-0123456789', 1, 1, '山田太郎', 1 ], 'mynumber_verify.conf: what the application receives');
    my @ours = grep { /^MYNUMBER_/ } keys %$env;
    is(scalar @ours, 5, 'mynumber_verify.conf: and nothing else') or diag "@ours";
    is($b->request('TRACE', $t->url('/app'))->code, 405, 'mynumber_verify.conf: TRACE is off');
});

# --- the examples, each on top of it ------------------------------------------------------------
my %judge = (
    'api.conf' => [ alias('api'), sub {
        my $nobody = $t->browser->get($t->url('/api'));
        is($nobody->code, 401, 'api.conf: 401, even to a navigation');
        is($t->browser->fetch($t->url('/api'), accept => 'application/json')->json->{code}, 'MNV0802', 'api.conf: JSON with the code');
        is(env($b, '/api')->{MYNUMBER_ACCOUNT}, 'sub-0123456789', 'api.conf: a linked session is let in');
    } ],
    'entra-id.conf' => [ alias('staff'), sub {
        my $staff = $t->browser;
        is(env($staff, '/staff')->{MYNUMBER_ACCOUNT}, '11111111-2222-3333-4444-555555555555:o-1', 'entra-id.conf: a member of the group, known by tid and oid');
        $entra->signin_is(account => 'guest');
        is($t->browser->visit($t->url('/staff'))->mnv_code, 'MNV0415', 'entra-id.conf: no guest');
    }, sub { my ($text) = @_; $text =~ s/^MyNumberSignIn.*\n//mg; return $text } ],
    'lost-password.conf' => [ alias('reset'), sub {
        is($t->browser->get($t->url('/reset'))->header('Location') =~ m{^\Q$card\E/} ? 1 : 0, 1, 'lost-password.conf: the card is asked for, not the password');
        is(env($b, '/reset')->{MYNUMBER_ACCOUNT}, 'sub-0123456789', 'lost-password.conf: a linked session is let in');
        my $only = $t->browser->visit($t->url('/reset'));
        is($only->mnv_code, 'MNV0806', 'lost-password.conf: not yet by the card of a link made a moment ago');
    } ],
    'open-page.conf' => [ alias('welcome'), sub {
        my $nobody = env($t->browser, '/welcome');
        ok(exists $nobody->{REQUEST_URI} && !exists $nobody->{MYNUMBER_ACCOUNT}, 'open-page.conf: open to everybody');
        is(env($b, '/welcome')->{MYNUMBER_ACCOUNT}, 'sub-0123456789', 'open-page.conf: shows more to those who are known');
    } ],
    'reverse-proxy.conf' => [ '', sub {
        my $backend = MNV::Backend->start($t->port('backend'));
        my $r = $b->get($t->url('/app'));
        my %header = $r->code == 200 ? map { lc $_->[0] => $_->[1] } @{ $r->json } : ();
        is($header{'mynumber-account'}, 'sub-0123456789', 'reverse-proxy.conf: the account arrives');
        my $name = $header{'mynumber-name'} // '';
        utf8::encode(my $wanted = '山田太郎');
        ok($name eq '山田太郎' || $name eq $wanted, 'reverse-proxy.conf: the name in UTF-8') or diag $name;
        is($t->browser->get($t->url('/app'))->code, 303, 'reverse-proxy.conf: closed to others');
        $backend->stop;
    }, sub { my ($text) = @_; $text =~ s{<Location /app>.*?</Location>\n}{}s; return $text } ],
    'verify-only.conf' => [ alias('adults'), sub {
        my $only = $t->browser;
        my $env = env($only, '/adults');
        is_deeply([ @$env{qw(MYNUMBER_VERIFIED MYNUMBER_AGE_OVER_18 MYNUMBER_ACCOUNT)} ], [ 1, 1, undef ], 'verify-only.conf: the card alone') or diag explain $env;
        isnt($only->visit($t->url('/mynumber/signin'))->code, 500, 'verify-only.conf: the sign-in that is not there says so');
        $t->allow_log('MNV0104', 'MNV0105', 'MNV0106');
    }, sub { my ($text) = @_; $text =~ s/^MyNumberSignIn.*\n//mg; $text =~ s{<Location /app>.*?</Location>\n}{}s; return $text } ],
);
# These stand in front of real modules or behind a real identity provider, each in a test of its own: t/server/NN_external_NAME.t, 33_saml_NAME.t
my %elsewhere = map { /_external_(\w+)\.t$/ ? ("external-$1.conf" => 1) : /_saml_(gakunin|entra)\.t$/ ? ($1 eq 'entra' ? 'entra-saml.conf' : "$1.conf", 1) : () } glob root . '/t/server/*.t';
opendir my $folder, "$conf/examples" or die $!;
for my $name (sort grep { /\.conf$/ && !$elsewhere{$_} } readdir $folder) {
    my ($more, $check, $without) = @{ $judge{$name} // [] };
    ok($check, "examples/$name is known to this test") or next;
    serves("examples/$name", ($without ? $without->($smallest) : $smallest) . here(example("examples/$name")) . $more, $check);
}

# --- demonstration.conf, with the definitions of script/server ------------------------------------
my $run = $t->path('demo');
mkdir $run, 0755;
chmod 0755, $run;
mkdir "$run/$_", 0755 for qw(keys data www www-cgi);
$t->give_to_server("$run/data");
$t->run('cp', '-p', $t->secret_file, "$run/keys/secret");
$t->run('cp', '-p', $t->client_key, "$run/keys/client.pem");
$t->write_file("$run/keys/university-secret", $p->signin->{client_secret}, 0600);
$t->write_file("$run/www/index.html", "<title>demonstration</title>\n", 0644);
$t->run('cp', root . '/t/apps/received.cgi', "$run/www-cgi/received.cgi");
chmod 0755, "$run/www-cgi/received.cgi";
my $backend = MNV::Backend->start($t->port('backend'));
$p->control($_, { client => { client_id => 'demonstration', redirect_uris => [ $t->url('/mynumber/' . ($_ eq 'card' ? 'verify' : 'signin') . '/callback') ],
    $_ eq 'card' ? (token_endpoint_auth_method => 'private_key_jwt', jwks => $t->client_jwks)
      : (token_endpoint_auth_method => 'client_secret_basic', client_secret => $p->signin->{client_secret}) } }) for qw(card signin);
my $demonstration = example('demonstration.conf');
# Here it is started with our port, log and process id, and two of its lines are about the machine.
my %define = (RUN => $run, MODULES => $t->{modules_dir}, MODULE => '@MODULE@', PORT => '@PORT@', CARD => $card, UNIVERSITY => $university, BACKEND => '@PORT:backend@');
my $text = join '', map { "Define $_ $define{$_}\n" } sort keys %define;
$text .= "Define AS_ROOT\n" if $> == 0;
$demonstration =~ s/^(PidFile|ErrorLog) \S+$/$1 . ' ' . ($1 eq 'PidFile' ? '@DIR@\/run\/httpd.pid' : '@DIR@\/logs\/error.log')/gme;
$demonstration =~ s/^LoadModule mpm_event_module.*\n/$t->load("mpm_$t->{mpm}")/gme;
$demonstration =~ s/^(LogLevel) warn/$1 notice/m;    # the harness waits for "resuming normal operations"
serves('demonstration.conf', $text . $demonstration, sub {
    my $visitor = $t->browser;
    $p->signin_is(account => '9876543210');
    $p->card_is(person => 'adult2');
    my $page = $visitor->visit($t->url('/app/received.cgi'));
    ok(stands($page, step => 3), 'demonstration.conf: led to the link page') or return;
    $page = link_up($visitor);
    is($page->code, 200, 'demonstration.conf: the first application opens');
    my %header = map { lc $_->[0] => $_->[1] } @{ $visitor->get($t->url('/proxied/'))->json };
    is($header{'mynumber-account'}, '9876543210', 'demonstration.conf: the second application knows the account');
    is($t->browser->get($t->url('/'))->code, 200, 'demonstration.conf: the front page is open');
});
$backend->stop;

# --- nothing forgotten ------------------------------------------------------------------------------
opendir my $top, $conf or die $!;
for my $name (sort grep { /\.(?:conf|load)$/ } readdir $top) {
    next if $name eq 'reference.conf';
    ok($tested{$name}, "$name was tested");
}
# The reference: every line that is not a comment is one that httpd takes.
if (-e "$conf/reference.conf") {
    my $reference = example('reference.conf');
    my @lines = grep { !/^\s*(?:#|$)/ } split /\n/, $reference;
    my ($code, $out) = $t->configtest($t->preamble . join("\n", @lines) . "\n");
    is($code, 0, 'reference.conf: loaded') or diag $out;
}
$t->done;
