# MyNumberSignIn external, with the simplest module there is (mod_auth_basic): the account half is whom that module authenticated at /mynumber/signin, and nothing that a client
# sends; a session never speaks for another user of that module.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use MNV::Test;
use MNV::Journey qw(stands sign_in verify link_up state_of);

my $t = MNV::Test->new;
my $p = $t->providers(signin => 0);
my %odd = (several => 'first-value;second-value', long => 'x' x 256, control => "a\x{1}b", blank => 'blank ', latin => "no-utf8-\xe9");
{
    open my $out, '>:raw', $t->path('conf/users') or die $!;
    chomp(my $hash = $t->run(qw(openssl passwd -apr1 secret)));
    print $out "$_:$hash\n" for qw(alice bob carol), values %odd;
    close $out;
    chmod 0644, $t->path('conf/users');
}
my $basic = "  AuthType Basic\n  AuthName x\n  AuthBasicProvider file\n  AuthUserFile \"\@DIR\@/conf/users\"\n";
sub place { my ($path, $rules, $auth) = @_; return "<Location /show/$path>\n" . ($auth // $basic) . "$rules  MyNumberExport account account-issuer method verified linked name\n</Location>\n" }
my $places = join '', (map { place($_, "  Require mynumber-$_\n") } qw(account verified linked)),
  place('own', "  Require mynumber-account\n", "  AuthType mynumber\n"),
  place('pass', "  <RequireAll>\n  Require valid-user\n  Require mynumber-account\n  </RequireAll>\n  MyNumberUnauthenticated pass\n"),
  place('unlinked', "  <RequireAll>\n  Require valid-user\n  Require not mynumber-linked\n  </RequireAll>\n"),
  place('expr', "  Require expr %{MYNUMBER:linked} == '1'\n"),
  place('near', "  Require mynumber-linked\n  Require ip 127.0.0.1\n"),
  place('adult', "  Require mynumber-age 150\n"),
  "<Location /show/plain>\n${basic}  Require valid-user\n</Location>\n";
my $guard = "<Location /mynumber/signin>\n${basic}  Require valid-user\n</Location>\n";
my $config = sub { my ($server, $more) = @_; $t->default_config(signin => "MyNumberSignIn external\n", sample => 0, modules => [qw(auth_basic authn_file authz_user)], server => $server, location => $places . ($more // $guard)) };
$t->start($config->("MyNumberRecheck 0s\n"));
my $issuer = $t->url('/mynumber/signin');

sub is_now { my ($b, $user) = @_; $b->{headers} = defined $user ? [ [ 'Authorization', 'Basic ' . encode_base64("$user:secret", '') ] ] : []; return $b }
sub as { return is_now($t->browser, @_) }
sub at { my ($b, $path, %option) = @_; return $b->get($t->url("/show/$path"), %option) }
sub goes_to { my ($r) = @_; return join ' ', $r->code, $r->mnv_code // (($r->header('Location') // '') =~ s/\Q@{[$t->base]}\E//r =~ s/\?.*//r) }
sub told { my ($r) = @_; return $r->code == 200 ? { map { $_ => $r->json->{env}{$_} } grep { /MYNUMBER_/ } keys %{ $r->json->{env} } } : $r->code }
sub sessions { return scalar @{ $t->sql('select * from mynumber_sessions') } }
sub person { my ($user, $card) = @_; my $b = as($user); sign_in($t, $b); if ($card) { $p->card_is(person => $card); verify($t, $b) } return $b }

# --- from the other module's page to the link, and back ---------------------------------------------
my $b = as('alice');
my $page = $b->visit($t->url('/show/account?x=1&y=%E3%81%82'));
is(join(' ', map { s/\Q@{[$t->base]}\E//r =~ s/\?.*//r } map { $_->[1] } @{ $page->hops }), '/show/account /mynumber/signin /show/account', 'signed in there: one detour, and back');
my $env = $page->json->{env};
is_deeply([ @$env{qw(QUERY_STRING REMOTE_USER AUTH_TYPE)} ], [ 'x=1&y=%E3%81%82', 'alice', 'Basic' ], "at the very URL, which keeps the other module's user");
is_deeply(told($page), { MYNUMBER_ACCOUNT => 'alice', MYNUMBER_ACCOUNT_ISSUER => $issuer, MYNUMBER_METHOD => 'external', MYNUMBER_VERIFIED => 0, MYNUMBER_LINKED => 0,
    map { ("HTTP_$_->[0]" => $_->[1]) } [ MYNUMBER_ACCOUNT => 'alice' ], [ MYNUMBER_ACCOUNT_ISSUER => $issuer ], [ MYNUMBER_METHOD => 'external' ], [ MYNUMBER_VERIFIED => 0 ], [ MYNUMBER_LINKED => 0 ] }, 'account, its source and the method are handed on');
is($b->fetch($t->url('/mynumber/info'))->json->{account}{method}, 'external', '/info says which sign-in it was');
$p->card_is(person => 'adult');
ok(stands($b->visit($t->url('/show/linked')), step => 3, account => 1, identity => 1), 'card and link page');
$page = link_up($b);
is_deeply([ @{ told($page) }{qw(MYNUMBER_ACCOUNT MYNUMBER_LINKED MYNUMBER_NAME HTTP_MYNUMBER_LINKED)} ], [ 'alice', 1, '山田太郎', 1 ], 'linked: back at the page, which is told');
is(told(at(as('alice'), 'account')), 303, 'another browser has no session');
is(told(as('alice')->visit($t->url('/show/linked')))->{MYNUMBER_NAME}, '山田太郎', 'there signing in is enough');
is(as('alice')->visit($t->url('/show/own'))->json->{env}{REMOTE_USER}, 'alice', 'AuthType mynumber works with it too: only /mynumber/signin is guarded by the other module');

# --- another user in the same browser -----------------------------------------------------------------
$t->expect_log('MNV1617');
for my $path (qw(pass plain linked account unlinked expr)) {
    $b = person('alice', 'adult');
    is(told(at($b, 'linked'))->{MYNUMBER_ACCOUNT}, 'alice', "before /$path: alice's session speaks");
    my $before = sessions();
    is_now($b, 'bob');
    my $r = at($b, $path);
    my $text = $r->bytes;
    is(goes_to($r), { pass => '200 ', plain => '200 ', unlinked => '200 ', linked => '303 /mynumber/signin', account => '303 /mynumber/signin', expr => '401 ' }->{$path}, "bob at /$path: as with no session");
    unlike($text, qr/MYNUMBER_(?:ACCOUNT|METHOD|NAME)|MYNUMBER_\w+":"1|alice/, '... and told nothing of her');
    is(sessions(), $before - 1, '... her session is gone from the database') or diag $t->error_log;
    is($b->jar->cookie('mynumber'), undef, '... and from the browser');
    is_now($b, 'alice');
    isnt(told(at($b, 'account'))->{MYNUMBER_ACCOUNT} // '', 'alice', '... also when she comes back') if ref told(at($b, 'account'));
}
$b = person('alice', 'adult');
for my $user (undef, 'alice', 'bob') {
    is_deeply({ map { /^HTTP_/ ? () : ($_ => told(at($b, 'near'))->{$_}) } keys %{ told(at(is_now($b, $user), 'near')) } }, { MYNUMBER_VERIFIED => 0, MYNUMBER_LINKED => 0 }, 'a page that the network alone opens asks nobody for a password, and so is told nobody');
}
is_now($b, undef);
$b->visit($t->url('/mynumber/'));
ok(stands($b->page, account => 1, identity => 1), 'a page without that module compares nothing');
is_now($b, 'bob');
ok(stands(sign_in($t, $b), account => 1, identity => 0, linked => 0), "bob at /mynumber/signin: a new session without alice's card");
is(told(at($b, 'account'))->{MYNUMBER_ACCOUNT}, 'bob', 'and it is his');

# --- a card alone says nothing of whom the other module names --------------------------------------------
$b = $t->browser;
$p->card_is(person => 'adult');
verify($t, $b);
is_now($b, 'bob');
is(goes_to(at($b, 'linked')), '303 /mynumber/signin', "a card that is linked to alice's account does not make bob linked");
is(told(at($b, 'pass'))->{MYNUMBER_VERIFIED}, 0, 'nor verified');
is(goes_to($b->visit($t->url('/show/linked'))), '200 ', 'signed in with it he comes to the service page');
ok(stands($b->page, account => 1, identity => 1, linked => 0), 'which shows the conflict');
is(told(at($b, 'verified'))->{MYNUMBER_LINKED}, 0, 'the card that he holds is his, the link is not');
$b = $t->browser;
$p->card_is(person => 'kanji');
verify($t, $b);
is(told(is_now($b, 'carol')->visit($t->url('/show/verified')))->{MYNUMBER_ACCOUNT}, 'carol', 'card first, then the account: one session with both');

# --- rules and forms ------------------------------------------------------------------------------------
is(person('alice')->get($t->url('/show/unlinked'))->mnv_code, 'MNV0801', 'Require not mynumber-linked: refused to alice, who is linked');
is(person('alice', 'adult')->get($t->url('/show/adult'))->mnv_code, 'MNV0807', 'what nothing cures has its own page');
$b = as('bob');
my $r = $b->post_form($t->url('/show/account'), { text => 'x' });
is(goes_to($r), '401 MNV0803', 'a form that is sent without a session: not received');
like($r->body, qr{href="[^"]*/mynumber/signin}, '... and the way to mend it');
$r = $b->fetch($t->url('/show/account'));
is(goes_to($r), '401 MNV0802', 'a script is told in JSON');
is($r->json->{cure}, $issuer, '... where a person can mend it');
is(goes_to($b->fetch($issuer)), '303 /mynumber/', 'a script of the own site may sign in');
is(goes_to(as('bob')->fetch($issuer, origin => 'https://evil.example')), '403 MNV0503', "another site's must not");
is(goes_to($b->post_form($issuer, {})), '405 MNV0104', 'POST has no business at /mynumber/signin');
is(goes_to(as('bob')->get($t->url('/mynumber/signin/callback?code=x&state=y'))), '404 MNV0108', 'there is no callback');
is(goes_to(as('bob')->get("$issuer?return=$_")), '400 MNV0213', "return=$_ is refused") for 'https://evil.example/', '//evil.example/', '/%5cevil.example';
is(as('bob')->get("$issuer?return=/show/account%3Fa%3D1")->header('Location'), $t->url('/show/account?a=1'), 'return= is honoured');
is(as('bob')->get("$issuer?return=/mynumber/signin")->header('Location'), $t->url('/mynumber/?notice=signed-in'), 'but leads into no circle');
$t->expect_log(qw(MNV0503 MNV0213 MNV0104 MNV0108 MNV0803));

# The browser that keeps no session cookie is told, not sent round.
$b = as('bob');
$b->visit($t->url('/show/account'));
$b->jar->remove('mynumber');
$t->expect_log('MNV1441');
is(at($b, 'account')->mnv_code, 'MNV0801', 'a session that does not come back ends on a page');

# --- signing out, and the right to link --------------------------------------------------------------------
$b = person('alice');
$b->visit($t->url('/mynumber/'));
$page = $b->form('logout')->submit;
like($page->text, qr/may still be signed in with your account/, "signed out: the page says that the other module's session may go on");
is($b->jar->cookie('mynumber'), undef, '... ours has ended');
is(told($b->visit($t->url('/show/account')))->{MYNUMBER_ACCOUNT}, 'alice', '... and what goes on signs in again');
$b = person('alice', 'adult');
$b->visit($t->url('/mynumber/'));
$page = $b->form('unlink')->submit;
ok(stands($page, account => 1, identity => 1, linked => 0), 'unlinked with a sign-in of this session');
unlike($page->body, qr{action="[^"]*/link"}, 'the proofs are used up');
$p->card_is(person => 'adult');
verify($t, $b);
ok(stands(sign_in($t, $b), step => 3), 'a visit of /mynumber/signin proves the account again');
ok(stands(link_up($b), linked => 1), 'which gives the right to link');

# --- whom nobody can identify ---------------------------------------------------------------------------------
my $rows = sessions();
for my $how (sort keys %odd) {
    my $r = as($odd{$how})->get($issuer);
    is(goes_to($r), '403 MNV0414', "a user whose name cannot be an account: $how");
    $b = person('alice');
    is(goes_to(is_now($b, $odd{$how})->get($issuer)), '403 MNV0414', "... in alice's browser");
    isnt(goes_to(at(is_now($b, 'alice'), 'account')), '200 ', '... whose session has ended');
}
is(sessions(), $rows, 'no session was made');
$t->expect_log('MNV0414');
$t->forbid_in_log('first-value', 'x' x 256, 'no-utf8');

# --- /mynumber/signin is not guarded ----------------------------------------------------------------------------
$t->restart($config->('', ''));
$t->expect_log('MNV0109');
my @spoofed = map { [ $_, 'alice' ] } qw(REMOTE_USER Remote-User X-Remote-User X-Forwarded-User REDIRECT_REMOTE_USER eppn HTTP_EPPN OIDC_CLAIM_sub MyNumber-Account), 'From';
for my $headers ([], \@spoofed, [ [ 'Authorization', 'Basic ' . encode_base64('alice:secret', '') ] ]) {
    $b = $t->browser;
    $r = $b->get($issuer, headers => $headers);
    is(goes_to($r), '403 MNV0109', 'nobody was authenticated: ' . (@$headers > 1 ? 'headers that a client writes' : @$headers ? 'a password that nobody judged' : 'a page'));
    is($b->jar->cookie('mynumber'), undef, '... and no session');
}
like($t->error_log, qr/MNV0109: .*protect that location by it, with its AuthType and Require valid-user/, 'the log names the mend');
is($b->fetch($issuer)->json->{error}, 'external_nobody', 'a script is told');
$p->card_is(person => 'kanji');
ok(stands($b->visit($t->url('/mynumber/verify')), account => 0, identity => 1), 'the card works without it');

$t->allow_log(qw(AH01630 AH01631 AH01618 AH01617));    # mod_authz_core and mod_auth_basic tell what they refuse
$t->done;
