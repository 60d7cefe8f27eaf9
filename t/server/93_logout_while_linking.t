# Of two requests that a browser sends at once with one session id, one wins: nothing is used twice, and who has signed out stays signed out.
# (The right to link was used by both, and a logout beside a link left the session alive under the id that linking had given it.)
# Every answer to a form pressed several times tells the same new id: browsers keep the last answer alone.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(sign_in verify);
use MNV::Attack qw(at_once);

my $t = MNV::Test->new;
my $p = $t->providers;
$t->start($t->default_config);
$t->allow_log(qw(MNV0501));
my $url = $t->url('/mynumber/');
my $rounds = $ENV{MNV_ROUNDS} // 8;

# What each answered: "303 linked ID", "403 MNV0501".
sub answer {
    my ($r) = @_;
    return join ' ', $r->code, $r->mnv_code // ($r->header('Location') // '') =~ /((?:un)?linked|done)\b/, map { /^mynumber=(\S{43});/ ? $1 : () } $r->headers('Set-Cookie');
}
sub press { my ($b, $what, $form) = @_; return sub { answer($b->post_form("$url$what", $form)) } }

sub ready_to_link {
    my $b = $t->browser;
    $p->signin_is(account => '0123456789');
    $p->card_is(person => 'adult');
    sign_in($t, $b);
    verify($t, $b);
    return ($b, { csrf => $b->form('link')->value('csrf') });
}
# Those that go on: a predecessor has no half.
sub sessions { return scalar @{ $t->sql('select * from mynumber_sessions where account_hash is not null or identity_hash is not null') } }
sub rows { return scalar @{ $t->sql("select * from mynumber_$_[0]") } }

ready_to_link();    # the schema is there now
for my $round (1 .. $rounds) {
    $t->sql('delete from mynumber_links');
    $t->sql('delete from mynumber_sessions');
    my ($b, $form) = ready_to_link();
    my @answers = at_once((press($b, 'link', $form)) x 4);
    is(scalar(grep { /^303 linked/ } @answers), 4, 'four clicks at once end in "linked"') or diag(join ', ', @answers);
    is(rows('links'), 1, 'one link comes of them');
    is(sessions(), 1, 'and one session comes of it');
    my %ids = map { /(\S{43})$/ ? ($1 => 1) : () } @answers;
    is(scalar(keys %ids), 1, 'whose id is in every answer') or diag(join ', ', @answers);
}
for my $round (1 .. $rounds) {
    $t->sql('delete from mynumber_links');
    $t->sql('delete from mynumber_sessions');
    my ($b, $form) = ready_to_link();
    my @answers = at_once((press($b, 'link', $form)) x 2, press($b, 'logout', $form));
    like($answers[2], qr/^303 done/, 'signed out') or diag(join ', ', @answers);
    is(sessions(), 0, 'and no session is left, under whatever id') or diag(join ', ', @answers);
}
# Unlinking likewise.
for my $round (1 .. $rounds) {
    $t->sql('delete from mynumber_links');
    $t->sql('delete from mynumber_sessions');
    my ($b, $form) = ready_to_link();
    $b->form('link')->submit;
    sign_in($t, $b);
    $b->visit($url);
    $form->{csrf} = $b->form('unlink')->value('csrf');
    my @answers = at_once((press($b, 'unlink', $form)) x 4);
    is(scalar(grep { /^303 unlinked/ } @answers), 4, 'four clicks at once end in "unlinked"') or diag(join ', ', @answers);
    is(sessions(), 1, 'and one session comes of it');
}
$t->done;
