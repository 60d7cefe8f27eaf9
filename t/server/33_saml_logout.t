# Single logout with a real identity provider (SimpleSAMLphp). Who signs out here is signed out there, and is told what ended and what did not; who signs out there is signed out here, at
# every node, by HTTP-Redirect and by HTTP-POST, also where the browser brings no cookie of ours. Names that the provider has for people are nowhere in the clear but in SAML's own messages.
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use MNV::Test;
use MNV::Source qw(need_saml);
use MNV::External;
use MNV::Attack qw(twin);
use MNV::Journey qw(verify);
use MNV::SamlJourney qw(saml_key certificate key_lines known_by_idp answer_for fields person_in);
use MNV::SamlLogout;

need_saml();
my $t = MNV::Test->new;
$t->providers(signin => 0)->card_is(person => 'adult');
saml_key($t, 'saml');
my $slo = $t->url('/mynumber/saml/slo');
my $done = $t->url('/mynumber/logout/done');

my $idp = MNV::External->saml_idp($t, known_by_idp($t) . "\$metadata['urn:second'] = ['AssertionConsumerService' => '${\ $t->base}/second'];\n");
sub relearn { $t->write_file('saml/metadata/saml20-sp-remote.php', "<?php\n" . known_by_idp($t, @_), 0644) }
$t->write_file('keys/idp.xml', $idp->metadata, 0644);
$t->write_file('keys/idp-post.xml', $idp->metadata =~ s/(<md:SingleLogoutService Binding="[^"]*):HTTP-Redirect"/$1:HTTP-POST"/r, 0644);
$t->write_file('keys/idp-none.xml', $idp->metadata =~ s/<md:SingleLogoutService[^>]*>//r, 0644);

sub config {
    my ($node, %option) = @_;
    my $keys = $option{keys} // key_lines('saml');
    my $file = $option{idp} // 'idp.xml';
    return $node->default_config(signin => "MyNumberSignIn saml\nMyNumberSAMLMetadata \"${\ $t->path(\"keys/$file\")}\"\n" . ($keys =~ s/\@DIR\@/$t->dir/ger) . "MyNumberAccountAttribute eduPersonPrincipalName\n",
        server => 'MyNumberSignInLogout ' . ($option{logout} // 'on') . "\nMyNumberRecheck 1s\n");
}
my $other_node = MNV::Test->new(node_of => $t);
my @node = ($t, $other_node);
$_->start(config($_)) for @node;

# Somebody signed in: the browser, the NameID with its attributes and the SessionIndex as the assertion had them.
sub signed_in {
    my ($user) = @_;
    my $b = $t->browser;
    my ($name, $index) = person_in(answer_for($b, $user // 'alice', $t->url('/mynumber/signin')));
    like($b->form->submit->url, qr/notice=signed-in/, 'signed in') or die;
    $t->forbid_in_log($index, $name =~ s/.*>//r);
    return ($b, $name, $index);
}
sub stands { my ($b, $i) = @_; return $b->get($node[ $i // 0 ]->url('/account/'))->code == 200 ? 1 : 0 }
sub told { my ($page) = @_; return ($page->body =~ /<main data-signed-out="(\w+)"/)[0] // $page->code . ' ' . $page->url . ' ' . ($page->mnv_code // '') }
sub sign_out {
    my ($b, %field) = @_;
    my $csrf = $b->visit($t->url('/mynumber/')) && $b->form('logout')->value('csrf');
    return $b->post_form($t->url('/mynumber/logout'), { csrf => $csrf, %field });
}
# Does the provider still know this browser?
sub is_known_there { my ($b) = @_; return $b->visit($t->url('/mynumber/signin'))->body =~ /name="SAMLResponse"/ ? 1 : 0 }
sub at_idp { return "$idp->{url}/saml2/idp/$_[0]" }
my $leave = at_idp('SingleLogoutService.php?ReturnTo=' . at_idp('metadata.php'));

# --- what our metadata tell ------------------------------------------------------------------------------
my $metadata = $t->browser->get($t->url('/mynumber/saml/metadata'))->body;
like($metadata, qr/<md:SingleLogoutService Binding="[^"]*:HTTP-$_" Location="\Q$slo\E"/, "our metadata: logout by $_") for qw(Redirect POST);

# --- begun here --------------------------------------------------------------------------------------------
my ($b, $name, $index) = signed_in();
like($name, qr/ Format="[^"]*:persistent"/, 'a NameID for life');
like($name, qr/ $_="/, "with its $_") for qw(NameQualifier SPNameQualifier);
my $rows = join ' ', map { $_ // '' } map { values %$_ } @{ $t->sql('select * from mynumber_sessions') };
unlike($rows, qr/\Q$index\E|alice/, 'what the provider calls person and session is not in the clear in the database');
unlike($b->fetch($t->url('/mynumber/info'))->body, qr/\Q$index\E/, 'nor in /info');
my $copy = twin($t, $b);
my $page = sign_out($b);
is(told($page), 'leading', 'signed out here, and on the way');
is(stands($copy), 0, 'the session here has ended before the browser goes anywhere');
my ($next) = $page->header('Refresh') =~ /^0;url=(.*)/;
my ($xml, $parameter) = MNV::SamlLogout::read_url($next);
like($next, qr{^\Q${\ at_idp('SingleLogoutService.php')}\E\?}, 'to the single logout service');
unlike($next, qr/\Q$index\E|alice/, 'nobody is in the clear in the address');
sub parts { return join ' ', sort map { split / /, $_ } $_[0] =~ /<saml:NameID ([^>]*)>([^<]*)/ }
is(parts($xml), parts($name), 'the very NameID');
is(($xml =~ m{<samlp:SessionIndex>([^<]*)})[0], $index, 'and the very SessionIndex');
like($page->body, qr/<a [^>]*href="\Q${\ at_idp('SingleLogoutService.php')}\E\?/, 'and a link for those whom nothing leads on');
$b->{page} = $page;
$page = $b->go_on;
is(told($page), 'there', 'back: signed out here and there');
ok(!$b->jar->cookie('mnv-o'), 'and nothing is left of it');
is(told($b->visit($page->url)), 'here', 'once');
is(is_known_there($b), 0, 'the provider asks for a password again');

($b) = signed_in();
$b->{page} = sign_out($b, return => '/open/?after=1');
is($b->go_on->url, $t->url('/open/?after=1'), 'the place that the application named comes last');

# Somebody else's: neither the answer nor its end says anything in another browser.
($b) = signed_in();
$page = sign_out($b);
my $answer = $b->get(($page->header('Refresh') =~ /^0;url=(.*)/)[0]);
$answer = $b->get($answer->header('Location')) while $answer->is_redirect && $answer->header('Location') !~ /^\Q$slo\E/;
my $stranger = $t->browser;
is($stranger->get($answer->header('Location'))->mnv_code, 'MNV0416', 'the answer in another browser: refused');
$t->expect_log('MNV0416');
is(told($b->visit($answer->header('Location'))), 'there', 'while it is good in this one');

# The other services.
($b) = signed_in();
like($b->visit(at_idp('SSOService.php?spentityid=urn:second'))->body, qr/name="SAMLResponse"/, 'signed in at a second service, which knows no logout');
$b->{page} = sign_out($b);
$page = $b->go_on;
is(told($page), 'partly', 'told: not at every service');
like($page->text, qr/some could not be signed out of/, 'in words');
is($page->header('Refresh'), undef, 'and nothing leads on');
is(told($b->visit($page->url)), 'here', 'once');

# With the card alone the university knows nothing of it.
$b = $t->browser;
verify($t, $b);
is(sign_out($b)->header('Location'), $done, 'the card alone: here');

# --- begun there ---------------------------------------------------------------------------------------------
for my $by ('HTTP-Redirect', 'HTTP-POST') {
    relearn(by => $by);
    ($b) = signed_in();
    my ($phone) = signed_in();
    my ($bob) = signed_in('bob');
    is(join(' ', map { stands($b, $_) } 0, 1), '1 1', "$by: admitted at both nodes");
    my $old = $b->jar->cookie('mynumber')->{value};
    $page = $b->visit($leave);
    if ($by eq 'HTTP-POST') {
        like($page->body, qr/name="SAMLRequest"/, "$by: the provider's page sends a form");
        $page = $b->form->submit;
    }
    is($page->url, at_idp('metadata.php'), "$by: the provider is answered, and ends its own") or diag $page->url . $page->text;
    ok(!$b->jar->cookie('mynumber'), "$by: our cookie is gone");
    $b->jar->put({ name => 'mynumber', value => $old, domain => 'localhost', path => '/', host_only => 1 });
    is(stands($b), 0, "$by: and the session");
    wait_for(sub { !stands($b, 1) }, 10);
    is(stands($b, 1), 0, "$by: at the other node too");
    is(stands($phone) . stands($bob), '11', "$by: another browser of the person stays, and so do others");
}
relearn(more => "'nameid.encryption' => true,");
($b) = eval { my $b = $t->browser; answer_for($b, 'alice', $t->url('/mynumber/signin')); $b->form->submit; $b };
is(stands($b), 1, 'a NameID that is encrypted');
is($b->visit($leave)->url, at_idp('metadata.php'), '... ends');
is(stands($b), 0, '... its session');
relearn();

# --- a provider that knows HTTP-POST alone -----------------------------------------------------------------
$t->restart(config($t, idp => 'idp-post.xml'));
($b) = signed_in();
$page = sign_out($b, return => '/open/');
is(told($page) . ($page->header('Refresh') // ''), 'leading', 'a button leads on');
like($page->header('Content-Security-Policy'), qr/form-action 'self' \Q$idp->{url}\E https:;/, 'the policy lets its form go there, and on');
is(stands($b), 0, 'while the session has ended');
$b->{page} = $page;
is($b->form->submit->url, $t->url('/open/'), 'there and back');
($b) = signed_in();
$page = $b->visit($leave);
is(told($page), 'asked', 'asked for there: our answer is a form too');
is(stands($b), 0, 'the session has ended');
$b->{page} = $page;
is($b->form->submit->url, at_idp('metadata.php'), 'and the provider takes it');

# --- here alone ------------------------------------------------------------------------------------------------
$t->restart(config($t, idp => 'idp-none.xml'));
($b) = signed_in();
$copy = twin($t, $b);
$page = sign_out($b, return => '/open/');
is(told($page) . ($page->header('Refresh') // ''), 'alone', 'a provider without single logout: told');
like($page->text, qr/may still be signed in there/, 'in words');
like($page->body, qr{<a [^>]*href="\Q${\ $t->url('/open/')}\E"}, 'a link leads on to the place');
is(stands($copy), 0, 'the session has ended');
$t->restart(config($t, keys => ''));
unlike($t->browser->get($t->url('/mynumber/saml/metadata'))->body, qr/SingleLogoutService/, 'without a key: our metadata tell of none');
relearn(more => "'validate.authnrequest' => false,");
($b) = signed_in();
is(told(sign_out($b)), 'alone', '... and it is here alone');
is(stands($b), 0, '... but it has ended');
($b) = signed_in();
$page = $b->visit($leave);
is(told($page), 'here', '... asked for there: ended, and the way ends here');
is(stands($b), 0, '... it has');
relearn();
$t->restart(config($t, logout => 'off'));
($b) = signed_in();
is(sign_out($b)->header('Location'), $done, 'not asked for: here alone');
is(is_known_there($b), 1, 'and still signed in there');
is($b->form->submit->code, 200, '(signed in again)');
is($b->visit($leave)->url, at_idp('metadata.php'), 'what is begun there does not depend on it');
is(stands($b), 0, 'ended');

# --- a provider that is down -------------------------------------------------------------------------------------
$t->restart(config($t));
($b) = signed_in();
$idp->stop;
$copy = twin($t, $b);
$page = sign_out($b);
is(told($page), 'leading', 'down: nobody here can know');
$b->{page} = $page;
eval { $b->go_on };
is(stands($copy), 0, 'the session has ended all the same');
is(told($b->visit($done)), 'here', 'and the page is there for those who come back by hand');
$_->stop for @node;
unlike($t->access_log =~ s/SAML(?:Request|Response)=\S+//gr, qr/alice%40|alice@/, 'nobody is in the clear in the access log');
$t->done;
