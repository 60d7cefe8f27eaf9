# What comes to /saml/slo and is not, or not any more, what the identity provider wants: refused, and nobody is signed out. What it does want ends the sessions it names and no others, and is
# answered with what became of it. Messages are forged with the provider's own key where it takes that to get further.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Source qw(need_saml);
use MNV::External;
use MNV::Journey qw(stands verify link_up);
use MNV::SamlJourney qw(saml_key key_lines known_by_idp answer_for person_in);
use MNV::SamlLogout;

need_saml();
my $t = MNV::Test->new;
$t->providers(signin => 0)->card_is(person => 'adult');
saml_key($t, $_) for qw(saml other);
my $idp = MNV::External->saml_idp($t, known_by_idp($t));
$t->write_file('keys/idp.xml', $idp->metadata, 0644);
my $slo = $t->url('/mynumber/saml/slo');
my ($issuer, $service) = ("$idp->{url}/idp", "$idp->{url}/saml2/idp/SingleLogoutService.php");
my $forge = MNV::SamlLogout->new($t, key => $t->path('saml/cert/idp.key'), issuer => $issuer, url => $slo);
my $signin = "MyNumberSignIn saml\nMyNumberSAMLMetadata \"${\ $t->path('keys/idp.xml')}\"\n" . (key_lines('saml') =~ s/\@DIR\@/$t->dir/ger) . "MyNumberAccountAttribute eduPersonPrincipalName\n";
my $other_node = MNV::Test->new(node_of => $t);
my @node = ($t, $other_node);
$_->start($_->default_config(signin => $signin, server => "MyNumberSignInLogout on\nMyNumberRecheck 1s\n")) for @node;

sub signed_in {
    my ($user) = @_;
    my $b = $t->browser;
    my ($name, $index) = person_in(answer_for($b, $user // 'alice', $t->url('/mynumber/signin')));
    $b->form->submit->code == 200 or die 'not signed in';
    $name =~ s/.*>//;
    $t->forbid_in_log($name, $index);
    return ($b, $name, $index);
}
sub is_in { my ($b, $i) = @_; return $b->get($node[ $i // 0 ]->url('/account/'))->code == 200 ? 1 : 0 }
sub brief { my ($r) = @_; return $r->code . ' ' . ($r->mnv_code // ($r->header('Location') // '') =~ s/[?].*//r) }

# By either way. %how as MNV::SamlLogout has it, also change => sub { of the address or the form }.
sub send_by {
    my ($by, $b, %how) = @_;
    my $change = delete $how{change} // sub { };
    my $to = delete $how{to} // $slo;
    if ($by eq 'redirect') {
        my $url = $forge->redirect(%how);
        $change->($url);
        return $b->get($url =~ s/^\Q$slo\E/$to/r);
    }
    my $form = $forge->post(%how);
    $change->($_) for values %$form;
    return $b->post_form($to, $form, origin => $idp->{url});
}
# What we answered the provider: the status codes, the request it is to, RelayState.
sub answered {
    my ($r) = @_;
    my ($xml, $parameter) = MNV::SamlLogout::read_url($r->header('Location'));
    my $codes = join '/', map { s/.*://r } $xml =~ /StatusCode Value="([^"]*)"/g;
    return { status => $codes, to => ($xml =~ /InResponseTo="([^"]*)"/)[0], destination => ($xml =~ / Destination="([^"]*)"/)[0], relay => $parameter->{RelayState}, is_signed => $parameter->{Signature} ? 1 : 0 };
}

# --- requests that are refused ----------------------------------------------------------------------------
my ($b, $name, $index) = signed_in();
my $anyone = $t->browser;
my @refused = (
    [ 'unsigned', { unsigned => 1 }, '502 MNV0362' ],
    [ 'signed by another key', { key => $t->path('keys/other.key') }, '502 MNV0364' ],
    [ 'signed by SHA-1', { algorithm => 'sha1' }, '502 MNV0363' ],
    [ 'of another provider', { issuer => 'https://other.example/idp' }, '502 MNV0352' ],
    [ 'of nobody', { issuer => '' }, '502 MNV0352' ],
    [ 'for another address', { destination => $t->url('/mynumber/saml/acs') }, '502 MNV0351' ],
    [ 'made long ago', { age => 400 }, '502 MNV0365' ],
    [ 'made in the future', { age => -400 }, '502 MNV0365' ],
    [ 'expired', { ends => -100 }, '502 MNV0370' ],
    [ 'about nobody', { name => undef }, '502 MNV0366' ],
    [ 'of another version', { version => '1.1' }, '502 MNV0350' ],
    [ 'in the place of a response', { field => 'SAMLResponse' }, '502 MNV0350' ],
);
for my $by ('redirect', 'post') {
    for (@refused) {
        my ($what, $how, $expected) = @$_;
        is(brief(send_by($by, $anyone, name => $name, indexes => [$index], %$how)), $expected, "$by: a request $what");
        $t->allow_log($expected =~ /(MNV\d+)/);
    }
}
# Changed on the way, after it was signed.
my ($bob, $bobs_name, $bobs_index) = signed_in('bob');
is(brief(send_by('redirect', $anyone, name => $name, relay => 'a', change => sub { $_[0] =~ s/RelayState=a/RelayState=b/ })), '502 MNV0364', 'redirect: another RelayState');
is(brief(send_by('redirect', $anyone, name => $name, change => sub { $_[0] .= '&' . ($forge->redirect(name => $name, unsigned => 1) =~ s/.*\?//r) })), '502 MNV0350', 'redirect: two messages');
is(brief(send_by('post', $anyone, name => $name, change => sub { $_[0] = MIME::Base64::encode_base64(MIME::Base64::decode_base64($_[0]) =~ s/alice/bob/r, '') })), '502 MNV0364', 'post: another person');
is(brief($anyone->get("$slo?RelayState=x")), '502 MNV0350', 'no message');
is(brief($anyone->post_form($slo, { RelayState => 'x' })), '502 MNV0350', 'no message in a form');
is(brief($anyone->post_form($slo, { SAMLRequest => '!!' })), '502 MNV0350', 'no base64');
my $head = $anyone->request('HEAD', $slo);
is($head->code . ' ' . $head->header('Allow'), '405 GET, POST', 'HEAD');
is(join('', map { is_in($b, $_) . is_in($bob, $_) } 0, 1), '1111', 'nobody was signed out by any of them');

# --- requests that are good -----------------------------------------------------------------------------------
my $r = send_by('post', $anyone, name => $name, indexes => ['_another'], id => '_none', relay => 'r&s');
is_deeply(answered($r), { status => 'Success', to => '_none', destination => $service, relay => 'r&s', is_signed => 1 }, 'a session that there is not (any more): Success');
is(is_in($b), 1, 'and nobody is signed out');
my ($tablet, undef, $tablets_index) = signed_in();
my ($phone) = signed_in();
is(join(' ', map { is_in($_) } $b, $tablet, $phone), '1 1 1', 'three browsers of one person');
$r = send_by('post', $anyone, name => $name, indexes => [$index], id => '_once');
is(answered($r)->{status}, 'Success', 'a form that brings no cookie of ours');
is_deeply([ $r->headers('Set-Cookie') ], [], 'sets none either');
is(join(' ', map { is_in($_) } $b, $tablet, $phone), '0 1 1', 'the session that is named ends');
wait_for(sub { !is_in($b, 1) }, 10);
is(is_in($b, 1), 0, 'at the other node too');
($b, undef, $index) = signed_in();
my @again = map { send_by($_, $anyone, name => $name, indexes => [$index], id => '_once') } qw(post redirect);
push @again, send_by('post', $anyone, name => $name, indexes => [$index], id => '_once', to => $other_node->url('/mynumber/saml/slo'));
is(join(' ', map { $_->mnv_code // '' } @again), 'MNV0391 MNV0391 MNV0391', 'its ID again, by either way and at the other node: refused');
is(is_in($b), 1, 'and who has signed in since stays so');
$_->expect_log('MNV0391') for @node;
$r = send_by('redirect', $anyone, name => $name, indexes => [ $index, $tablets_index ]);
is(answered($r)->{status}, 'Success', 'two sessions named');
is(join(' ', map { is_in($_) } $b, $tablet, $phone), '0 0 1', 'both end');
($b) = signed_in();
$r = send_by('post', $anyone, name => $name, to => $other_node->url('/mynumber/saml/slo'));
is(answered($r)->{status}, 'Success', 'none named, at the other node');
wait_for(sub { !is_in($b) && !is_in($phone) }, 10);
is(join(' ', map { is_in($_) } $b, $phone, $bob), '0 0 1', 'all of the person end, and nobody else\'s');

# What came to the session since it was begun ends with it.
($b, undef, $index) = signed_in();
verify($t, $b);
ok(stands(link_up($b), step => 4, account => 1, identity => 1, linked => 1), 'the card held, and linked: the session goes on under other ids');
send_by('post', $anyone, name => $name, indexes => [$index]);
is(is_in($b), 0, 'ended by the name it had');
is($b->fetch($t->url('/mynumber/info'))->json->{identity}, undef, 'with the card half');

# The cookie of the session that ended goes; one of another person stays.
($b, undef, $index) = signed_in();
send_by('redirect', $bob, name => $name, indexes => [$index]);
is(is_in($bob) . is_in($b), '10', 'carried by another person: that one stays signed in');
send_by('redirect', $bob, name => $bobs_name);
ok(!$bob->jar->cookie('mynumber'), 'carried by the person: the cookie goes');

# Signed in a moment ago and led to a page, and out again by a form that does not bring the session cookie (Lax). What tells that a session has just been made is against cookies that
# do not come back; nobody may be refused a new sign-in because of it.
my $quick = $t->browser;
$quick->jar->clock(time);    # a moment lasts
($name, $index) = person_in(answer_for($quick, 'alice', $t->url('/account/')));
$name =~ s/.*>//;
is($quick->form->submit->url, $t->url('/account/'), 'signed in, and led to the page');
ok($quick->jar->cookie('mnv-a'), 'which is remembered for a moment');
my $lax = $quick->jar->cookie('mynumber');
$quick->jar->remove('mynumber');
send_by('post', $quick, name => $name, indexes => [$index]);
$quick->jar->put($lax);
like($quick->get($t->url('/account/'))->header('Location'), qr/^\Q$idp->{url}\E/, 'signed out in that moment: led to sign in again');

# On its way from the provider to the session.
my $half = $t->browser;
($name, $index) = person_in(answer_for($half, 'alice', $t->url('/mynumber/signin')));
$name =~ s/.*>//;
my $waiting = $half->post_form($t->url('/mynumber/saml/acs'), MNV::SamlJourney::fields($half->page), origin => $idp->{url});
send_by('post', $anyone, name => $name, indexes => [$index]);
is($half->get($waiting->header('Location'))->mnv_code, 'MNV0204', 'a sign-in that is not complete does not come after the sign-out');
$t->expect_log('MNV0204');

# --- what cannot be done ----------------------------------------------------------------------------------------
($b, undef, $index) = signed_in();
$t->sql("create trigger fault before delete on mynumber_sessions begin select raise(abort, 'no'); end");
$r = send_by('redirect', $anyone, name => $name, indexes => [$index], id => '_later');
is(answered($r)->{status}, 'Responder/PartialLogout', 'the database does not: the provider is told so');
is(is_in($b), 1, 'the session stands');
$t->expect_log('MNV0601');
$t->sql('drop trigger fault');
$r = send_by('redirect', $anyone, name => $name, indexes => [$index], id => '_later');
is(answered($r)->{status}, 'Success', 'and it can be asked for again');
is(is_in($b), 0, 'ended');

# --- answers -------------------------------------------------------------------------------------------------------
# A browser that has signed out here and was sent to the provider: what the answer is to.
sub on_the_way {
    my ($b) = $_[0] // signed_in();
    my $csrf = $b->visit($t->url('/mynumber/')) && $b->form('logout')->value('csrf');
    my $page = $b->post_form($t->url('/mynumber/logout'), { csrf => $csrf });
    my ($xml, $parameter) = MNV::SamlLogout::read_url(($page->header('Refresh') =~ /^0;url=(.*)/)[0]);
    return ($b, answers => ($xml =~ / ID="([^"]*)"/)[0], relay => $parameter->{RelayState});
}
sub told { my ($page) = @_; return ($page->body =~ /<main data-signed-out="(\w+)"/)[0] // brief($page) }
my ($out, %to) = on_the_way();
my ($other, %others) = on_the_way();
$t->allow_log('MNV0416');
for my $by ('redirect', 'post') {
    is(brief(send_by($by, $out, %to, answers => '_other')), '400 MNV0416', "$by: to another request");
    is(brief(send_by($by, $out, %to, answers => $others{answers})), '400 MNV0416', "$by: to that of another browser");
    is(brief(send_by($by, $out, %others)), '400 MNV0416', "$by: the answer of another browser");
    is(brief(send_by($by, $out, %to, relay => undef)), '400 MNV0416', "$by: without RelayState");
    is(brief(send_by($by, $t->browser, %to)), '400 MNV0416', "$by: in a browser that has not signed out");
    is(brief(send_by($by, $out, %to, unsigned => 1)), '502 MNV0362', "$by: unsigned");
    is(brief(send_by($by, $out, %to, key => $t->path('keys/other.key'))), '502 MNV0364', "$by: by another key");
    is(brief(send_by($by, $out, %to, issuer => 'https://other.example/idp')), '502 MNV0352', "$by: of another provider");
    is(brief(send_by($by, $out, %to, destination => $t->url('/'))), '502 MNV0351', "$by: for another address");
    is(brief(send_by($by, $out, %to, age => 400)), '502 MNV0365', "$by: an old one");
    is(brief(send_by($by, $out, %to, field => 'SAMLRequest')), $by eq 'post' ? '400 MNV0416' : '502 MNV0350', "$by: in the place of a request");
}
my %way = (Success => 'there', 'Success PartialLogout' => 'partly', Responder => 'refused', 'Responder PartialLogout' => 'refused', 'Requester UnknownPrincipal' => 'refused');
for my $status (sort keys %way) {
    my ($by) = $status =~ / / ? 'post' : 'redirect';
    $r = send_by($by, $out, %to, status => [ split / /, $status ]);
    my $page = $out->follow($r);
    is(told($page), $way{$status}, "$status: told");
    is($page->header('Refresh'), undef, "$status: nothing leads on");
    is(brief(send_by($by, $out, %to)), '400 MNV0416', "$status: once");
    ($out, %to) = on_the_way();
}
# A second sign-out takes the place of the first.
my ($twice, %first) = on_the_way();
answer_for($twice, 'alice', $t->url('/mynumber/signin'));
$twice->form->submit;
($twice, my %second) = on_the_way($twice);
is(brief(send_by('redirect', $twice, %first)), '400 MNV0416', 'the answer to an earlier sign-out');
is(told($twice->follow(send_by('redirect', $twice, %second))), 'there', 'and to the last');
$idp->stop;
$_->stop for @node;
$t->done;
