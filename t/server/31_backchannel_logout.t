# The sign-in provider ends sessions over the back channel (OpenID Connect Back-Channel Logout 1.0): those it names by sid or sub, whatever attribute the account is known by, at
# every node within MyNumberRecheck. Whoever is not the provider, and whatever was made for another purpose or sent before, ends nothing.
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Time::HiRes qw(time);
use MNV::Test;
use MNV::Journey qw(sign_in);
use MNV::Attack qw(session_of);

my $RECHECK = 1;
my $t = MNV::Test->new;
my $address = $t->url('/mynumber/backchannel-logout');
my $p = $t->providers(clients => { signin => { backchannel_logout_uri => $address, backchannel_logout_session_required => JSON::PP::true } });
my @node = ($t, MNV::Test->new(node_of => $t));
$_->start($_->default_config(server => "MyNumberRecheck ${RECHECK}s\nMyNumberAccountAttribute employee_id sub\n")) for @node;

sub signed_in { my ($account) = @_; my $b = $t->browser; $p->signin_is(account => $account); sign_in($t, $b); return $b }
sub stands { my ($i, $b) = @_; return $b->get($node[$i]->url('/account/'))->code == 200 ? 1 : 0 }
sub where { my ($b) = @_; return join ' ', map { stands($_, $b) } 0, 1 }
sub token { my (%how) = @_; return $p->logout_token('signin', client_id => 'portal', %how)->{logout_token} }

# A provider accepts anything, as curl does.
sub told {
    my ($i, $token, %option) = @_;
    my $body = $option{body} // "logout_token=$token";
    return $t->browser->request($option{method} // 'POST', $node[$i]->url('/mynumber/backchannel-logout'),
        headers => [ [ 'Content-Type', $option{type} // 'application/x-www-form-urlencoded' ], [ 'Accept', '*/*' ] ], body => $body);
}

# Both nodes have the session in their caches, then it ends at the first: refused there at once, at the other in time.
sub ends_everywhere {
    my ($name, $b, $do) = @_;
    is(where($b), '1 1', "$name: admitted at both nodes before");
    $do->();
    my $ended = time;
    is(stands(0, $b), 0, "$name: refused at once at the node that was told");
    my $late = 0;
    while ((my $begun = time) < $ended + $RECHECK + 0.5) {
        $late++ if stands(1, $b) && $begun > $ended + $RECHECK;
    }
    is($late, 0, "$name: refused at the other within MyNumberRecheck");
}

# --- the provider's own tokens ----------------------------------------------------------------------
my ($b, $phone, $other) = map { signed_in($_) } qw(0123456789 0123456789 9876543210);
ends_everywhere('signed out at the university', $b, sub {
    my $page = $b->visit($p->signin->{issuer} . '/session/end?client_id=portal&post_logout_redirect_uri=' . $t->url('/mynumber/logout/done'));
    $page = $b->form('op.logoutForm')->submit({ logout => 'yes' });
    is($page->code, 200, 'the university signs out');
    ok($t->wait_log(qr/MNV1620/, 10), 'and has told us');
});
like($t->error_log, qr/MNV1620: 1 sessions were ended by their provider "\Q${\ $p->signin->{issuer}}\E"/, 'one session');
is(where($phone), '1 1', 'the same account in another browser is still signed in');
is(where($other), '1 1', 'and so are others');

my $tablet = signed_in('0123456789');
my $r;
ends_everywhere('sub alone', $phone, sub { $r = told(0, token(account => '0123456789')) });
is($r->code . $r->body, '200', '200 without a body');
is($r->header('Cache-Control'), 'no-store', 'which is not kept');
is(where($tablet), '0 0', 'sub alone: all sessions of the person');
is(where($other), '1 1', 'sub alone: not those of others');
is(told(0, token(account => '0123456789'))->code, 200, 'nobody is left: 200 all the same');

# --- what is no logout -----------------------------------------------------------------------------------
my %cases = map { $_->{name} => $_ } @{ $p->cases('signin') };
my @logout = grep { $cases{$_}{where} eq 'logout-token' } sort keys %cases;
# Those of ID tokens that speak of what a logout token has too; what is left to a relying party there is not here.
my @token = qw(alg-none alg-none-mixed-case alg-missing alg-hs256-with-public-key alg-es384-header alg-ps256-header sig-flipped sig-der sig-empty sig-zero sig-long sig-other-payload sig-stranger kid-unknown kid-number
  kid-of-other-key key-p384 key-rsa-1024 jwk-in-header crit-unknown crit-b64 iss-other iss-slash iss-missing aud-other aud-missing aud-empty-array aud-array-numbers exp-past exp-missing exp-string exp-huge iat-future
  iat-missing iat-old iat-string sub-empty sub-number dup-claim-sub dup-header-alg payload-junk payload-array two-dots segments-two segments-four padding-in-base64 trailing-junk leading-space);
my %code;
for my $name (@logout, @token) {
    my $token = token(account => '9876543210', sid => 'no-such-session', forge => $name);
    my $mark = $t->mark;
    my $r = told(0, $token);
    if ($cases{$name}{expect} eq 'accept') {
        is($r->code, 200, "$name: accepted");
        next;
    }
    my $answer = eval { $r->json } // {};
    is($r->code . ' ' . ($answer->{error} // ''), '400 invalid_request', "$name: refused");
    is($r->header('Cache-Control'), 'no-store', "$name: the answer is not kept");
    my ($logged) = $t->log_since($mark) =~ /\b(MNV0\d{3}): /;
    is($logged, $answer->{code}, "$name: the log has the same number") or next;
    $t->allow_log($logged);
    push @{ $code{$logged} }, $name;
}
note("$_: @{ $code{$_} }") for sort keys %code;
is(where($other), '1 1', 'nobody was signed out by any of them');
my $before = $p->signin_requests->{counts}{certs};
told(0, token(account => '9876543210', forge => 'kid-unknown')) for 1 .. 5;
cmp_ok($p->signin_requests->{counts}{certs} - $before, '<=', 1, 'unknown keys do not make us ask the provider again and again');

# --- once --------------------------------------------------------------------------------------------------
my $once = token(account => '9876543210', sid => 'no-such-session');
is(told(0, $once)->code, 200, 'a token');
is(told($_, $once)->json->{code}, 'MNV0391', "sent again to node $_: refused") for 0, 1;
my $again = token(account => '9876543210');
is(told(1, $again)->code, 200, 'at the other node');
wait_for(sub { !stands(0, $other) }, 10);
is(where($other), '0 0', 'ends the session at both');
my $new = signed_in('9876543210');
is(told(0, $again)->json->{code}, 'MNV0391', 'somebody who kept that token');
is(where($new), '1 1', 'cannot sign the person out for ever');
$_->expect_log('MNV0391') for @node;

# --- the form -------------------------------------------------------------------------------------------------
my $good = token(account => '9876543210');
my %form = ('another type' => [ { type => 'application/json', body => JSON::PP->new->encode({ logout_token => $good }) }, 'MNV0504' ], 'two of them' => [ { body => "logout_token=$good&logout_token=$good" }, 'MNV0504' ],
    'none' => [ { body => 'state=1' }, 'MNV0390' ], 'an empty one' => [ { body => 'logout_token=' }, 'MNV0301' ], 'nothing' => [ { body => '' }, 'MNV0390' ],
    'too much' => [ { body => "logout_token=$good&more=" . 'x' x 20000 }, 'MNV0106' ], 'GET' => [ { method => 'GET' }, 'MNV0104' ]);
for my $name (sort keys %form) {
    my ($how, $code) = @{ $form{$name} };
    my $r = told(0, $good, %$how);
    cmp_ok($r->code, '>=', 400, "$name: refused");
    like($r->header('Content-Type'), qr{^application/json}, "$name: as JSON");
    is($r->json->{code}, $code, "$name: $code");
    $t->allow_log($code);
}
is(where($new), '1 1', 'none of them was taken');
is(told(0, $good)->code, 200, 'the token itself was good');
$t->allow_log('MNV1204');
$node[1]->stop;
$t->done;
