# Whoever owns another host of the domain can set cookies for all of it: neither the attacker's card nor their account nor their session gets into the victim's browser by that.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(stands sign_in verify state_of);
use MNV::Attack qw(session_of);

my $t = MNV::Test->new(https => 1);
my ($key, $certificate) = $t->certificate;
my $p = $t->providers(map { $_ => { tls => { key => $key, cert => $certificate } } } qw(card signin));
$t->start($t->default_config);
my $attack = MNV::Attack->new($t);
my $sibling = 'https://games.example.test/';
sub browser_of { return $t->browser(headers => [ [ 'X-Standin-Account', $_[0] ], [ 'X-Standin-Person', $_[1] ] ]) }
sub cookie { my ($b, $pattern) = @_; return (grep { $_->{name} =~ $pattern } $b->jar->all)[0] }
sub tokens { return ($p->card_requests->{counts}{token} // 0) + ($p->signin_requests->{counts}{token} // 0) }
sub callback_of {
    my ($b, $step) = @_;
    return $b->get($b->get($t->url("/mynumber/$step"))->header('Location'))->header('Location');
}
# What the sibling makes a browser keep.
sub toss { my ($b, $cookie, $path) = @_; return $b->jar->take($sibling, "$cookie->{name}=$cookie->{value}; Domain=example.test; Path=$path; Secure") }

for my $case ([ 'verify', \&sign_in, "the attacker's card" ], [ 'signin', \&verify, "the attacker's account" ], [ 'signin', undef, "the attacker's account, to nobody" ], [ 'verify', undef, "the attacker's card, to nobody" ]) {
    my ($step, $has, $name) = @$case;
    my ($v, $a) = (browser_of('0123456789', 'adult'), browser_of('9876543210', 'adult2'));
    $has->($t, $v) if $has;
    my $id = session_of($v);
    my $callback = callback_of($a, $step);
    my $before = tokens();
    my $open = sub { $v->get($callback, initiator => $sibling) };
    ok(toss($v, cookie($a, qr/^__Secure-mnv-f-/), '/mynumber'), "$name: the flow cookie is taken from the sibling");
    $attack->refused("$name: flow cookie of a sibling host", $has ? '400 MNV0205' : '400 MNV0202', $open);
    ok(!toss($v, cookie($a, qr/^__Host-mnv-b/), $_), "$name: the browser cookie is not (path $_)") for '/', '/mynumber';
    callback_of($v, $step);
    $attack->refused("$name: once the victim has a browser cookie", '400 MNV0205', $open);
    # A browser that does not know the prefix.
    my @sent = map { "$_->{name}=$_->{value}" } cookie($a, qr/^__Host-mnv-b/), $v->jar->all;
    $attack->refused("$name: both browser cookies", '400 MNV0202', sub { $t->browser->get($callback, headers => [ [ 'Cookie', join '; ', @sent ] ]) });
    is(tokens(), $before, "$name: no call to the provider came of it");
    is(session_of($v), $id, "$name: the victim's session is what it was");
}

# Sessions.
my ($v, $a) = (browser_of('0123456789', 'adult'), browser_of('9876543210', 'adult2'));
sign_in($t, $a);
ok(!toss($v, cookie($a, qr/^__Host-mynumber/), '/'), "the attacker's session cookie is not taken");
ok(toss($v, { name => 'mynumber', value => session_of($a) }, '/'), 'under a name without prefix it is');
$attack->refused('session of the attacker under a name without prefix', '303 sign-in', sub { $v->get($t->url('/account/')) });
verify($t, $v);
ok(stands($v->visit($t->url('/mynumber/')), account => 0, identity => 1), 'and nothing of it gets into a session');

# Flow cookies by the dozen: the victim gets on all the same.
toss($v, { name => sprintf('__Secure-mnv-f-%022d', $_), value => 'x' x 600 }, '/mynumber') for 1 .. 9;
sign_in($t, $v);
ok(stands($v->visit($t->url('/mynumber/')), account => 1, identity => 1), 'with nine flow cookies tossed in a sign-in still works');

# What all of this stands on: each cookie of ours has the prefix that keeps siblings out, or, with authority by the browser cookie alone, keeps http out.
my %seen;
my $b = browser_of('1111111111', 'kanji');
my $page = $b->get($t->url('/linked/'));
for (1 .. 12) {
    for my $text (index($page->url, $t->base) == 0 ? $page->headers('Set-Cookie') : ()) {
        my ($name, @attributes) = $text =~ /^([^=]+)=[^;]*|;\s*([^;]+)/g;
        my ($short) = $text =~ /^([^=]+)=/;
        $short =~ s/(mnv-f-).*/$1/;
        my %has = map { lc $_ => 1 } grep { defined } @attributes;
        $seen{$short}{ join ', ', grep { $has{ lc $_ } } 'Path=/', 'Path=/mynumber', 'HttpOnly', 'Secure', 'SameSite=Lax', 'SameSite=None' } = 1;
    }
    last unless $page->is_redirect;
    $page = $b->get(MNV::Browser::resolve($page->url, $page->header('Location')));
}
is_deeply({ map { $_ => join ' | ', sort keys %{ $seen{$_} } } keys %seen }, {
    '__Host-mynumber' => 'Path=/, HttpOnly, Secure, SameSite=Lax',
    '__Host-mnv-b' => 'Path=/, HttpOnly, Secure, SameSite=None',
    '__Host-mnv-a' => 'Path=/, HttpOnly, Secure, SameSite=None',
    '__Secure-mnv-f-' => 'Path=/mynumber, HttpOnly, Secure, SameSite=None',
}, 'names and attributes of our cookies') or diag explain \%seen;
$attack->table;
$t->done;
