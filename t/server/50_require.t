# The truth table of Require mynumber-account, -verified, -linked, alone and combined, and the kinds of request.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(stands sign_in verify link_up linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
sub location {
    my ($name, $rules, $more) = @_;
    return "<Location /show/$name>\n  AuthType mynumber\n" . join('', map { "  $_\n" } split /\s*;\s*/, $rules) . ($more // '') . "</Location>\n";
}
$t->start($t->default_config(modules => [ 'authz_user' ], location => join('',
    location(all => '<RequireAll>; Require mynumber-account; Require mynumber-verified; </RequireAll>'),
    location(any => '<RequireAny>; Require mynumber-verified; Require mynumber-account; </RequireAny>'),
    location(none => '<RequireAll>; Require all granted; <RequireNone>; Require mynumber-linked; </RequireNone>; </RequireAll>'),
    location(notlinked => '<RequireAll>; Require mynumber-account; Require not mynumber-linked; </RequireAll>'),
    location(valid => 'Require valid-user'),
    location(user => 'Require user sub-0123456789'),
    location(mixed => '<RequireAny>; Require ip 192.0.2.1; Require mynumber-linked; </RequireAny>'),
    location(here => '<RequireAny>; Require ip 127.0.0.1; Require mynumber-linked; </RequireAny>'),
    location(u401 => 'Require mynumber-account', "  MyNumberUnauthenticated 401\n"),
    location(u403 => 'Require mynumber-account', "  MyNumberUnauthenticated 403\n"),
    location(pass => 'Require mynumber-account', "  MyNumberUnauthenticated pass\n"),
)));

sub code { my ($b, $path) = @_; return $b->get($t->url($path))->code }
sub place { my ($b, $path) = @_; return $b->get($t->url($path))->header('Location') // '' }
my ($card, $university) = map { $_->{issuer} } $p->card, $p->signin;

# Nobody.
my $b = $t->browser;
like(place($b, '/account/'), qr/^\Q$university\E/, 'account: led to the sign-in');
like(place($b, '/verified/'), qr/^\Q$card\E/, 'verified: led to the card');
like(place($b, '/linked/'), qr/^\Q$university\E/, 'linked: the sign-in comes first, a link may tell the rest');
like(place($b, '/show/all'), qr/^\Q$university\E/, 'all of both: the sign-in first');
like(place($b, '/show/any'), qr/^\Q$university\E/, 'any of both: the sign-in is the lesser');
is(code($b, '/show/none'), 200, 'none of linked: anybody else is let in');
is(code($b, '/show/here'), 200, 'another rule may let in');
like(place($b, '/show/valid'), qr/^\Q$university\E/, 'valid-user: the sign-in');
is(code($b, '/show/u401'), 401, 'MyNumberUnauthenticated 401');
is(code($b, '/show/u403'), 403, 'MyNumberUnauthenticated 403');
$t->allow_log(qw(MNV0801 MNV0802 MNV0803));

my $open = $b->get($t->url('/show/pass'));
is($open->code, 200, 'MyNumberUnauthenticated pass lets through');
is_deeply({ map { /MYNUMBER/ ? ($_ => $open->json->{env}{$_}) : () } keys %{ $open->json->{env} } }, { map { ("MYNUMBER_$_" => 0, "HTTP_MYNUMBER_$_" => 0) } qw(VERIFIED LINKED) },
    'and tells that nobody is known');

# Kinds of request.
my $fetch = $b->fetch($t->url('/account/'));
is($fetch->code, 401, 'a script gets 401');
is($fetch->json->{code}, 'MNV0802', 'as JSON with the code') or diag $fetch->body;
like($fetch->json->{cure}, qr{^\Q${\ $t->base}\E/mynumber/}, 'and the page where a person can cure it');
is_deeply([ $fetch->headers('Set-Cookie') ], [], 'and no cookie');
my $post = $b->post_form($t->url('/account/'), { text => 'long work' });
is($post->code, 401, 'a form gets a 401 page');
like($post->text, qr/MNV0803/, 'that says the text was not sent');
is($b->request('HEAD', $t->url('/account/'), headers => [ [ 'Sec-Fetch-Mode', 'navigate' ] ])->code, 303, 'HEAD of a navigation is led on too');

# The account half alone.
$p->signin_is(account => '0123456789');
$p->card_is(person => 'adult');
sign_in($t, $b);
is(code($b, '/account/'), 200, 'signed in: account');
like(place($b, '/verified/'), qr/^\Q$card\E/, 'signed in, no link: verified asks for the card');
like(place($b, '/linked/'), qr/^\Q$card\E/, 'signed in, no link: linked asks for the card');
is(code($b, '/show/any'), 200, 'any of both: enough');
like(place($b, '/show/all'), qr/^\Q$card\E/, 'all of both: the card is missing');
is(code($b, '/show/notlinked'), 200, 'not linked: let in');
is(code($b, '/show/valid'), 200, 'valid-user');
is(code($b, '/show/user'), 200, 'user');
like(place($b, '/show/mixed'), qr/^\Q$card\E/, 'ip or linked: the card');

# Both halves, no link: the link page, and back to the application.
verify($t, $b);
is(code($b, '/verified/'), 200, 'both halves: verified');
is(code($b, '/show/all'), 200, 'both halves: all of both');
like(place($b, '/linked/'), qr{^\Q${\ $t->base}\E/mynumber/\?}, 'both halves: linked leads to the link page');
my $page = $b->visit($t->url('/linked/deep?x=1&y=2'));
ok(stands($page, step => 3), 'which shows step 3');
$page = $b->form('link')->submit;
is($page->url, $t->url('/linked/deep?x=1&y=2'), 'and after linking leads back to the very URL');
is($page->code, 200, 'which is open now');

# Linked.
is(code($b, '/linked/'), 200, 'linked');
is(code($b, '/show/none'), 403, 'none of linked: closed for the linked, and nothing is started');
is(code($b, '/show/notlinked'), 403, 'not linked: closed');

# Account first: the link tells the rest.
my $later = $t->browser;
sign_in($t, $later);
is(code($later, '/linked/'), 200, 'account first: linked, no card');
is(code($later, '/verified/'), 200, 'account first: verified through the link');
my $env = $later->get($t->url('/linked/'))->json->{env};
is($env->{MYNUMBER_ACCOUNT}, 'sub-0123456789', 'account first: account');
is($env->{MYNUMBER_VERIFIED}, '1', 'account first: verified');

# Card first: linked is true, the account rule is not.
my $cardfirst = $t->browser;
verify($t, $cardfirst);
is(code($cardfirst, '/linked/'), 200, 'card first: linked');
is(code($cardfirst, '/verified/'), 200, 'card first: verified');
like(place($cardfirst, '/account/'), qr/^\Q$university\E/, 'card first: account needs a sign-in');
$env = $cardfirst->get($t->url('/linked/'))->json->{env};
ok(!exists $env->{MYNUMBER_ACCOUNT}, 'card first: no account is handed on');
isnt($env->{REMOTE_USER}, undef, 'card first: REMOTE_USER is a subject');

# Halves of different people.
my $mixed = $t->browser;
sign_in($t, $mixed);
$p->card_is(person => 'adult2');
verify($t, $mixed);
isnt(code($mixed, '/linked/'), 200, "somebody else's card beside a linked account is not linked");
is(code($mixed, '/account/'), 200, 'though the account is');

# Another user.
$p->signin_is(account => '9876543210');
my $other = $t->browser;
sign_in($t, $other);
is(code($other, '/show/user'), 403, 'user: somebody else is refused, no loop');
$t->allow_log('AH01631', 'AH01630');
$t->done;
