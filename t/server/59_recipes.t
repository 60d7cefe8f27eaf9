# Each page of docs/recipes does what it says: its configuration is taken out of the page, with other host names, ports and paths (the table in MNV::Recipes::Server) and nothing
# else changed, and somebody goes through it.
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use MNV::Test;
use MNV::Bearer;
use MNV::Journey qw(stands sign_in verify link_up linked_person);
use MNV::Recipes;
use MNV::Recipes::Server;
use MNV::Source qw(slurp);
use MNV::WebSocket;

my @recipes = MNV::Recipes->all;
my $t = MNV::Test->new;
my $server = MNV::Recipes::Server->start($t, @recipes);
my $p = $t->providers;

# --- what somebody goes through ---------------------------------------------------------------------------
sub spoken { my ($page) = @_; return $page->mnv_code // $page->code . ($page->code == 303 ? ' ' . location_of($page) : '') }
sub signed_in { my ($site, $account) = @_; my $b = $t->browser; $p->signin_is(account => $account); sign_in($site, $b); return $b }
sub read_file { my ($name) = @_; open my $in, '<:encoding(UTF-8)', $t->path($name) or die "$name: $!"; local $/; return <$in> // '' }
sub location_of { my ($r) = @_; my $to = $r->header('Location') // ''; return $to =~ m{/realms/main/} ? 'card' : $to =~ m{/university/} ? 'sign-in' : $to }
sub card_only { my ($site, $person) = @_; my $b = $t->browser; $p->card_is(person => $person); verify($site, $b); return $b }
# What arrives beside the application, lower case, our names alone: to be what the page says.
sub arrives {
    my ($r) = @_;
    return [ sort map { lc } grep { /^(?:mynumber|oidc)[-_]/i } map { $_->[0] } @{ $r->json } ] if $r->body =~ /\A\[/;
    return [ sort map { lc } grep { /MYNUMBER/ } keys %{ $r->json->{env} } ] if $r->body =~ /\A\{/;
    return [ sort map { lc } $r->body =~ /^_SERVER ((?:HTTP_)?MYNUMBER_\w+)=/mg ];
}
my %is_said;
sub as_said { my ($recipe) = @_; $is_said{ $recipe->{name} } = 1; return [ sort map { lc } $recipe->received ] }
my $as_said = 'the application receives what the page says, and nothing else';
my @spoofed = map { ([ "MyNumber-$_" => 'sub-9876543210' ], [ "MYNUMBER_$_" => 'sub-9876543210' ]) } qw(Account Linked Name);

my %journey = (
    'password-reset' => sub {
        my ($site, $recipe) = @_;
        my $b = $t->browser;
        is(location_of($b->get($site->url('/reset/'))), 'card', 'the card is asked for, not the password');
        linked_person($site, '0123456789', 'adult');
        like(wait_for(sub { read_file('run/told') }), qr/"event":"linked"/, 'the owner is told of the link');
        is(card_only($site, 'adult')->get($site->url('/reset/'))->mnv_code, 'MNV0806', 'a new link opens nothing by card alone');
        # Three days later.
        $site = $server->site('password-reset', 'later');
        my $page;
        wait_for(sub { $b = card_only($site, 'adult'); $page = $b->get($site->url('/reset/')); $page->code == 200 });
        like($page->body, qr/<h1>sub-0123456789</, 'then the card alone opens the form of its account') or diag $page->text;
        is_deeply(arrives($b->fetch($site->url('/reset/received'))), as_said($recipe), $as_said);
        $page = $b->form->submit({ password => 'a new passphrase' }, button => 'password');
        is(read_file('run/reset-done'), "password sub-0123456789 a new passphrase\n", 'and changes its password');
        my $token = $b->form->value('token');
        $b->post_form($site->url('/reset/'), { what => 'mfa', token => $token }, headers => [@spoofed]);
        like(read_file('run/reset-done'), qr/^mfa sub-0123456789 $/m, "and its second factor, whatever a client says in the module's names");
        is($b->post_form($site->url('/reset/'), { what => 'mfa', token => 'f' x 64 })->code, 403, 'not without the form');
        is(card_only($site, 'kanji')->get($site->url('/reset/'))->mnv_code, 'MNV0805', 'a card that is linked with no account opens nothing');
        my $signed = signed_in($site, '0123456789');
        is(location_of($signed->get($site->url('/reset/'))), 'card', 'whoever is signed in shows the card as well');
        $p->card_is(person => 'adult2');
        is($signed->visit($site->url('/reset/'))->mnv_code, 'MNV0708', "and not another person's");
        $t->expect_log(qw(MNV0708 MNV1608));
        unlike(read_file('run/reset-done'), qr/9876543210/, 'nothing was done to another account');
    },
    'age-gate' => sub {
        my ($site, $recipe) = @_;
        my $b = $t->browser;
        my $asked = $b->get($site->url('/tasting/'));
        is(location_of($asked), 'card', 'the card is asked for, and no account');
        like($asked->header('Location'), qr/[?&]scope=openid(?:%20|\+)birthdate(?:&|$)/, 'and of it the date of birth alone');
        $p->card_is(person => 'adult');
        is($b->visit($site->url('/tasting/'))->code, 200, 'an adult is let in');
        my $received = $b->get($site->url('/tasting/received'));
        is_deeply(arrives($received), as_said($recipe), $as_said);
        is($received->json->{env}{MYNUMBER_AGE_OVER_20}, 1, 'which is that the age is reached');
        for my $young (qw(minor turns18)) {
            $b = card_only($site, $young);
            is(spoken($b->get($site->url('/tasting/'))), 'MNV0807', "$young: a page says why, and no second check begins");
        }
    },
    'api' => sub {
        my ($site, $recipe) = @_;
        my $b = $t->browser;
        my $page = $b->get($site->url('/vote'));
        is($page->code, 200, 'the page is open');
        my $call = sub { my ($path, %option) = @_; return $b->fetch($site->url($path), headers => [ [ Referer => $site->url('/vote') ], @{ delete $option{headers} // [] } ], %option) };
        my $refused = $call->('/api/vote');
        is($refused->code, 401, 'its script gets 401');
        my ($got, $said) = ($refused->json, JSON::PP->new->decode($server->here($recipe->block('json'), $site)));
        $said->{reference} = $got->{reference};
        is_deeply($got, $said, 'with the JSON of the page');
        is($b->get($site->url('/api/vote'))->code, 401, 'a navigation too');
        $p->signin_is(account => '0123456789');
        $p->card_is(person => 'adult');
        is($b->visit($got->{cure})->url, $site->url('/vote'), 'the cure leads through the sign-in and back to the page');
        is($b->visit($call->('/api/vote')->json->{cure})->url, $site->url('/vote'), 'then through the card');
        $b->visit($call->('/api/vote')->json->{cure});
        is(link_up($b)->url, $site->url('/vote'), 'then to the link and back');
        is_deeply($call->('/api/vote', headers => [@spoofed])->json, { vote => undef }, 'now the API answers');
        my @vote = (method => 'POST', body => '{"vote":"yes"}');
        is($call->('/api/vote', @vote)->code, 415, 'not what a form of another page could send');
        is($call->('/api/vote', @vote, type => 'application/json', headers => [@spoofed])->json->{vote}, 'yes', 'but JSON');
        is($t->browser->fetch($site->url('/api/vote'), method => 'OPTIONS', origin => 'https://other.example.ac.jp', headers => [ [ 'Access-Control-Request-Method' => 'POST' ] ])->code, 401, "another host's script is not answered");
        is_deeply(arrives($b->fetch($site->url('/api/received'))), as_said($recipe), $as_said);
        linked_person($site, '9876543210', 'adult2');
        is_deeply($call->('/api/vote')->json, { vote => 'yes' }, "votes are the account's own");
    },
    'api-with-tokens' => sub {
        my ($site, $recipe) = @_;
        my $api = MNV::Bearer->new($t);
        my $call = sub { my ($token, @more) = @_; return $t->browser->request('GET', $site->url('/api/vote'), headers => [ defined $token ? [ Authorization => "Bearer $token" ] : (), @more ]) };
        my $as_in_page = sub { my ($r) = @_; my ($code) = $r->body =~ /"code":"(MNV\d+)"/; my ($error) = ($r->header('WWW-Authenticate') // '') =~ /(error="\w+")/;
            ok($recipe->{text} =~ /^\| \Q@{[ $r->code ]} $code\E \|(.*)/m && (!$error || index($1, $error) > 0), "  as the page has it: $code") };
        my $token = $api->fetch($p, resource => $site->url('/api'));
        $as_in_page->($call->(undef));
        $as_in_page->($call->($token));
        linked_person($site, '0123456789', 'adult');
        ok(wait_for(sub { $call->($token)->code == 200 }), 'once the member has linked, the token opens the API');
        is_deeply($call->($token, @spoofed)->json, { vote => undef }, 'and the application knows the account');
        $as_in_page->($call->($api->fetch($p, resource => $site->url('/other'))));
        $as_in_page->($call->('a,b'));
        is_deeply(arrives($t->browser->request('GET', $site->url('/api/received'), headers => [ [ Authorization => "Bearer $token" ], @spoofed ])), as_said($recipe), $as_said);
        $t->expect_log(qw(MNV0821 MNV0822 MNV0309 MNV0393 MNV0392));
    },
    'member-list' => sub {
        my ($site, $recipe) = @_;
        my $student = linked_person($site, '0123456789', 'kanji');
        is_deeply(arrives($student->fetch($site->url('/roster/received'))), as_said($recipe), $as_said);
        my $page = $student->get($site->url('/roster/'), headers => [@spoofed]);
        like($page->body, qr{<h1>\x{20BB7}野葛\x{E0100}美</h1><p id="row">まだ}, 'a member of the department sees the name on the card');
        $page = $student->form->submit({});
        like($page->body, qr{id="row">\x{20BB7}野葛\x{E0100}美 20\d\d-}, 'and puts it on the list');
        is($student->post_form($site->url('/roster/'), { token => '' })->code, 403, 'not without the form');
        my $later = signed_in($site, '0123456789');
        like($later->get($site->url('/roster/'))->body, qr{<h1>\x{20BB7}野葛\x{E0100}美</h1>}, 'at a later visit the link tells the name');
        is(spoken($student->get($site->url('/roster/list'))), 'MNV0809', 'the list is not for members');
        my $other = linked_person($site, '9876543210', 'adult2');
        is(spoken($other->get($site->url('/roster/'))), 'MNV0809', 'somebody of another department cannot enter');
        is(spoken(signed_in($site, '2222222222')->get($site->url('/roster/'))), 'MNV0809', 'nor be led to the card for nothing');
        $other = signed_in($site, '9876543210');
        my $list = $other->get($site->url('/roster/list'));
        like($list->body, qr/\Aaccount,name,verified_at\r\nsub-0123456789,\x{20BB7}野葛\x{E0100}美,20[\dTZ:-]+\r\n\z/, 'staff read it');
        $t->allow_log('AH01630');
    },
    'websocket' => sub {
        my ($site, $recipe) = @_;
        my $own = $site->url('');
        my $b = linked_person($site, '1111111111', 'kanji');
        like($b->get($site->url('/chat/'))->body, qr{/chat/socket}, 'a linked member gets the page');
        is_deeply(arrives($b->fetch($site->url('/chat/received'))), as_said($recipe), $as_said);
        my ($one, $two) = map { MNV::WebSocket->open($b, $site->url('/chat/socket'), origin => $own, headers => [@spoofed]) } 1, 2;
        is_deeply([ map { $_->code, $_->is_accepted } $one, $two ], [ 101, 1, 101, 1 ], 'whose script opens WebSockets');
        # What the other one says first tells that both are in.
        $two->say('1');
        $two->hear;
        $one->say('こんにちは');
        is_deeply([ map { JSON::PP->new->decode($two->hear) } 1 ], [ { name => "\x{20BB7}野葛\x{E0100}美", text => 'こんにちは' } ], 'over which everybody hears the verified name');
        is(MNV::WebSocket->open($t->browser, $site->url('/chat/socket'), origin => $own)->code, 401, 'without a session: 401');
        is(MNV::WebSocket->open(signed_in($site, '2222222222'), $site->url('/chat/socket'), origin => $own)->code, 401, 'without a link: 401');
        is(MNV::WebSocket->open($b, $site->url('/chat/socket'), origin => 'https://other.example.ac.jp')->code, 403, "opened by another host's page: 403");
        is(MNV::WebSocket->open($b, $site->url('/chat/socket'))->code, 403, 'by no page: 403');
        $b->visit($site->url('/mynumber/'));
        $b->form('logout')->submit;
        $one->say('still here');
        is(JSON::PP->new->decode($two->hear)->{text}, 'still here', 'an open one outlives the sign-out, as the page warns');
        is(MNV::WebSocket->open($b, $site->url('/chat/socket'), origin => $own)->code, 401, 'no other is opened');
        my @brief = ('127.0.0.1:' . $t->port('chat_brief'), 0.1);
        $server->run('chat_brief', 'python3', $t->path('srv/chat-server/chat.py'), @brief)->();
        my $brief = MNV::WebSocket->open($t->browser, "http://$brief[0]/", headers => [ [ 'MyNumber-Linked' => '1' ] ]);
        ok($brief->is_closed_by(1000), 'therefore the application closes it after a time');
    },
    'migrate-from-mod-auth-openidc' => sub {
        my ($site, $recipe) = @_;
        $p->signin_is(account => '9876543210');
        my $old = $t->browser->visit($server->site('migrate-from-mod-auth-openidc', 'before')->url('/tickets/'));
        is($old->code, 200, 'mod_auth_openidc lets staff in') or return diag $old->body;
        my $b = $t->browser;
        my $new = $b->visit($site->url('/tickets/'));
        is($new->code, 200, 'so does the new configuration');
        is($new->body, $old->body, 'and the application cannot tell the difference');
        is_deeply($new->json, { user => '9876543210@example.ac.jp', account => '9876543210@example.ac.jp', name => '佐藤 花子', email => 'sato@example.ac.jp', affiliation => [qw(staff employee member)], groups => [] }, 'it has all it needs');
        my @false = map { [ $_ => 'root' ] } qw(X-Remote-User OIDC_CLAIM_name OIDC-CLAIM-name OIDC_CLAIM_groups oidc-claim_eduPersonAffiliation MyNumber-Account);
        is($b->get($site->url('/tickets/'), headers => \@false)->body, $new->body, 'and believes no client');
        is_deeply(arrives($b->fetch($site->url('/tickets/received'))), as_said($recipe), $as_said);
        my $env = $b->get($site->url('/show'), headers => [ @false, [ 'OIDC-CLAIM-groups' => 'root' ] ])->json->{env};
        is_deeply([ grep { $env->{$_} eq 'root' } keys %$env ], [], 'nor does an application elsewhere in this host');
        is(spoken(signed_in($site, '0123456789')->get($site->url('/tickets/'))), 'MNV0809', 'a student is refused, as before');
        is(spoken($b->get($site->url('/tickets/personal'))), '303 card', 'what is new: the card can be asked for');
        is($b->get($site->url('/tickets/personal/'))->code, 303, 'below too');
    },
    'migrate-from-mod-shib' => sub {
        my ($site, $recipe) = @_;
        my $b = $t->browser;
        is(location_of($b->get($site->url('/staff/'))), 'sign-in', 'strangers are led to the sign-in');
        $p->signin_is(account => '0123456789');
        my $old = { eppn => '0123456789@example.ac.jp', REMOTE_USER => '0123456789@example.ac.jp', displayName => '山田 太郎', mail => 'yamada@example.ac.jp',
            affiliation => 'student@example.ac.jp;member@example.ac.jp', 'Shib-Identity-Provider' => $p->signin->{issuer} };
        is_deeply($b->visit($site->url('/staff/'))->json, $old, 'the application finds the variables it knows');
        is_deeply($b->get($site->url('/staff/'), headers => [ map { [ $_ => 'root' ] } qw(eppn Shib-Identity-Provider mail MyNumber-Account) ])->json, $old, 'whatever a client sends');
        is_deeply(arrives($b->get($site->url('/staff/received.php'))), as_said($recipe), $as_said);
        is(spoken(signed_in($site, '1111111111')->get($site->url('/staff/'))), 'MNV0809', 'who has no such affiliation is refused');
        is(spoken($b->get($site->url('/staff/personal/'))), '303 card', 'what is new: the card can be asked for');
        $p->card_is(person => 'adult');
        verify($site, $b);
        $b->visit($site->url('/staff/personal/'));
        is_deeply(link_up($b)->json, $old, 'and then the same application answers there');
    },
    'tomcat-behind-proxy' => sub {
        my ($site, $recipe) = @_;
        linked_person($site, '1111111111', 'kanji');
        my $b = signed_in($site, '1111111111');
        my $page = $b->get($site->url('/diploma/'), headers => [@spoofed]);
        my %shown = $page->body =~ /<p id="(\w+)">(.*?)</g;
        is_deeply(\%shown, { account => 'sub-1111111111', name => "\x{20BB7}野葛\x{E0100}美", birthdate => '1965-12-31', url => 'https://portal.example.ac.jp/diploma/' }, 'a linked graduate sees name and date of birth');
        is_deeply(arrives($b->fetch($site->url('/diploma/received'))), as_said($recipe), $as_said);
        is($t->browser->fetch($site->url('/diploma/index.jsp'))->code, 401, 'nobody else does');
    },
    'mixed-rules' => sub {
        my ($site, $recipe) = @_;
        my %who = (
            nobody => sub { $t->browser },
            linked => sub { linked_person($site, '0123456789', 'adult') },
            'linked earlier' => sub { signed_in($site, '0123456789') },
            'linked, other department' => sub { linked_person($site, '9876543210', 'adult2') },
            minor => sub { linked_person($site, '1111111111', 'minor') },
            'signed in' => sub { signed_in($site, '2222222222') },
        );
        my @columns = ('', qw(loans/ newcomers/ theses/));
        my %want = (    #                     library        loans          newcomers      theses
            nobody                     => [ '303 sign-in', '303 sign-in', '303 sign-in', '303 sign-in' ],
            linked                     => [ 200,           200,           'MNV0801',     200 ],
            'linked earlier'           => [ 200,           '303 card',    'MNV0801',     '303 card' ],
            'linked, other department' => [ 200,           200,           'MNV0801',     'MNV0809' ],
            minor                      => [ 200,           200,           'MNV0801',     'MNV0809' ],
            'signed in'                => [ '303 card',    '303 card',    200,           'MNV0809' ],
        );
        for my $who ('nobody', 'linked', 'linked earlier', 'linked, other department', 'minor', 'signed in') {
            my $b = $who{$who}->();
            is(spoken($b->get($site->url("/library/$columns[$_]"))), $want{$who}[$_], "$who at /library/$columns[$_]") for 0 .. $#columns;
        }
        my $guest = IO::Socket::INET->new(LocalAddr => '127.0.0.9', PeerAddr => '127.0.0.1', PeerPort => $t->port($site->{port}));
        print $guest "GET /library/ HTTP/1.1\r\nHost: localhost\r\nMyNumber-Account: sub-0123456789\r\nConnection: close\r\n\r\n";
        like(join('', <$guest>), qr{^HTTP/1\.1 200 .*guest}s, 'the campus network at /library/: a guest, whatever it says');
        my $b = signed_in($site, '0123456789');
        $p->card_is(person => 'minor');
        verify($site, $b);
        is(spoken($b->get($site->url('/library/theses/'))), 'MNV0807', "the department, with a minor's card, at /library/theses/");
        is_deeply(arrives(signed_in($site, '0123456789')->get($site->url('/library/received.php'))), as_said($recipe), $as_said);
        like(signed_in($site, '0123456789')->get($site->url('/library/'), headers => [@spoofed])->body, qr{<p>sub-0123456789 linked</p>}, 'the application is told the account');
        $t->allow_log('AH01630');    # mod_authz_core tells what nobody can cure
    },
    'php-portal' => sub {
        my ($site, $recipe) = @_;
        my $b = $t->browser;
        $p->signin_is(account => '1111111111');
        $p->card_is(person => 'kanji');
        ok(stands($b->visit($site->url('/portal/courses/5?term=2')), step => 3), 'led through sign-in and card to the link page');
        my $page = link_up($b);
        is($page->url, $site->url('/portal/courses/5?term=2'), 'and back to the very URL');
        like($page->body, qr{<title>/portal/courses/5</title>.*ようこそ、\x{20BB7}野葛\x{E0100}美 さん.*id="account">sub-1111111111<}s, 'which the front controller answers with account and name');
        like($b->get($site->url('/portal/'), headers => [@spoofed])->body, qr{id="account">sub-1111111111<}, "a client's headers change nothing");
        is_deeply(arrives($b->get($site->url('/portal/received.php'))), as_said($recipe), $as_said);
        is($t->browser->fetch($site->url('/portal/index.php'))->code, 401, 'the script itself is closed too');
        is($t->browser->fetch($site->url('/portal/nothing.png'))->code, 401, 'so is any file of the folder');
    },
    'node-behind-proxy' => sub {
        my ($site, $recipe) = @_;
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
        is_deeply(arrives($b->fetch($site->url('/members/received'))), as_said($recipe), $as_said);
    },
);

my $index = MNV::Recipes->index;
for my $recipe (@recipes) {
    my $name = $recipe->{name};
    subtest $recipe->{title} => sub {
        ok($recipe->block('apache'), 'is a configuration');
        like($index, qr/\(\Q$name\E\.md\)/, 'stands in the index');
        is_deeply([ $recipe->trust ], [ 1, 1 ], 'says what may be trusted, and what must not');
        is(join(' ', $recipe->unknown_directives), '', 'names no directive that there is not');
        my $applications = join '', map { slurp("docs/recipes/apps/$_") } $recipe->{text} =~ m{\(apps/([\w.]+)\)}g;
        is(join('', grep { index($applications, $_) < 0 } map { $recipe->block($_) // () } qw(js xml)), '', "shows the application's lines as they stand there");
        ok($journey{$name}, 'somebody goes through it') or return;
        eval { $server->site($name)->ready; $journey{$name}->($server->site($name), $recipe); 1 } or fail("the journey came to its end: $@");
        ok($is_said{$name}, 'what the application receives was compared with the page');
    };
}
my %is_page = map { $_->{name} => 1 } @recipes;
is(join(' ', grep { !$is_page{$_} } sort keys %journey), '', 'each journey belongs to a page');
$server->stop;
$t->done;
