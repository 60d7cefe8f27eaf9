# Every wrong answer that the stand-in of the identification service can give, through the whole journey: what it leads to, that nothing
# changed, and that the code was exchanged at most once. The table of codes is the promise; adding a case to the stand-in without a row here fails.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(stands state_of);

my $t = MNV::Test->new;
my $p = $t->providers;
$t->start($t->default_config(server => <<'EOT'));
MyNumberScope "openid name address birthdate gender"
MyNumberTimeout 1s 2s
EOT

my $cases = $p->cases('card');
$cases = [ map { { name => $_, %{ $cases->{$_} } } } sort keys %$cases ] if ref $cases eq 'HASH';
# Logout tokens are no answers to a verification (31_backchannel_logout.t).
$cases = [ grep { $_->{where} ne 'logout-token' } @$cases ];
# The provider's metadata promises iss in callbacks, so a code without it is refused (RFC 9207 section 2.4).
my %stricter = ('callback-iss-missing' => 'refuse');
my %seen;
is($t->browser->get($t->url('/mynumber/'))->code, 200, 'the database is ready');
for my $case (@$cases) {
    my ($name, $expect) = @$case{qw(name expect)};
    $expect = $stricter{$name} // $expect;
    $p->reset;
    $p->card_is(person => 'adult', forge => $name);
    # Provider metadata and keys are kept; a case about them needs a server that has none.
    if ($case->{where} =~ /^(?:certs|discovery)$/ || $name =~ /^key-/) {
        $t->stop;
        unlink glob $t->path('state/*');    # the last good copy would do
        $t->start($t->{config});
    }
    my $b = $t->browser;
    my $rows = @{ $t->sql('select id_hash from mynumber_sessions') };
    my $mark = $t->mark;
    my $page = eval { $b->visit($t->url('/mynumber/verify')) };
    if (!$page) { fail("$name: no answer: $@"); next }
    my $in = $page->code == 200 && (state_of($page)->{identity} // '') eq '1';
    my ($code) = $page->text =~ /\b(MNV\d{4})\b/;
    my ($logged) = $t->log_since($mark) =~ /\b(MNV0[1-9]\d\d)\b/;
    if ($expect eq 'accept') {
        ok($in, "$name: accepted") or diag($page->code . ' ' . substr($page->text, 0, 300));
    }
    elsif ($expect eq 'refuse') {
        ok(!$in && $code, "$name: refused with " . ($code // 'nothing')) or diag($page->code . ' ' . $page->url . ' ' . substr($page->text, 0, 300));
        is($logged, $code, "$name: the log has the same number");
        is(scalar @{ $t->sql('select id_hash from mynumber_sessions') }, $rows, "$name: no session was made");
    }
    else {
        ok($in || $code, "$name: " . ($in ? 'accepted' : "refused with $code")) or diag($page->code . ' ' . $page->url . ' ' . substr($page->text, 0, 300));
    }
    cmp_ok($p->card_requests->{counts}{token} // 0, '<=', 1, "$name: at most one token call");
    $t->allow_log($logged) if $logged;
    $seen{ $code // ($in ? 'accepted' : 'none') }++;
    note(sprintf '%-32s %-7s %s', $name, $expect, $code // 'accepted');
}
$t->allow_log(map { sprintf 'MNV%04d', $_ } 1000 .. 1299);
cmp_ok(scalar @$cases, '>=', 100, scalar(@$cases) . ' cases were tried');
note(join ', ', map { "$_: $seen{$_}" } sort keys %seen);
$t->done;
