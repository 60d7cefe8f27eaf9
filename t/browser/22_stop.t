# Whoever presses "Stop", or whose card is refused, is back at the portal, reads that nothing was changed, and can go on from there.
use FindBin;
use lib "$FindBin::Bin/../lib", $FindBin::Bin;
use MNV::Test;
use MNV::WebDriver;
use Steps;

my $t = MNV::Test->new;
my $p = $t->providers;
$t->start($t->default_config);
my $home = $t->url('/mynumber/');

my %words = (ja => { stop => '中止', stopped => qr/手続きは完了しませんでした/, unchanged => qr/変更/, verify => 'マイナンバーカードで本人確認' },
    en => { stop => 'Stop', stopped => qr/This was not completed/, unchanged => qr/Nothing has been changed|have not been changed/, verify => 'Verify identity with My Number Card' });

for my $language (qw(ja en)) {
    my $w = MNV::WebDriver->new(phone => 1, language => $language);
    my $words = $words{$language};
    my $says_stopped = sub {
        my ($where) = @_;
        $w->wait_until(sub { $w->url =~ m{^\Q${\ $t->base}\E} }, 'the portal');
        like($w->text, $words->{stopped}, "$language: stopped $where: says so");
        like($w->text, $words->{unchanged}, "$language: stopped $where: and that nothing was changed");
        unlike($w->text, qr/[Ee]rror|エラー/, "$language: stopped $where: it is called no error");
        is($w->attribute('html', 'lang'), $language, "$language: stopped $where: in the language");
    };

    for my $shape (qw(error state-only bare)) {
        $p->control('card', { stopShape => $shape });
        $w->go($t->url('/mynumber/verify?return=/linked/'));
        $w->wait_until(sub { $w->has('input[name=person]') }, 'the page of the identification service');
        $w->press($words->{stop});
        $says_stopped->("at once ($shape)");
    }
    picture($w, "stop-$language");
    $w->go($home);
    state_is($w, "$language: nothing was verified", step => 1, identity => 0);

    # At the very end, and then again to the end.
    $p->control('card', { stopShape => 'error' });
    $w->press($words->{verify});
    show_card($w, 'adult');
    $w->press($words->{stop});
    $says_stopped->('at the consent');
    $w->go($home);
    $w->press($words->{verify});
    show_card($w, 'adult');
    $w->press('許可');
    state_is($w, "$language: a second attempt gets through", step => 2, identity => 1);

    # A stop later on does not take away what was there.
    $w->go($t->url('/mynumber/signin'));
    $w->wait_until(sub { $w->has('input[name=account]') }, "the university's page");
    $w->press($words->{stop});
    $says_stopped->('at the sign-in');
    $w->go($home);
    state_is($w, "$language: the verification is still there", step => 2, identity => 1, account => 0);

    # Somebody whose card's certificate has lapsed.
    my @problems = $w->problems($home);
    $w->afresh;
    $w->go($t->url('/mynumber/verify'));
    show_card($w, 'lapsed');
    $w->press('元のサービスに戻る');
    $w->wait_until(sub { $w->url =~ m{^\Q${\ $t->base}\E} }, 'the portal');
    like($w->text, $words->{stopped}, "$language: a lapsed certificate: it was not completed");
    like($w->text, $words->{unchanged}, "$language: a lapsed certificate: nothing was changed");
    picture($w, "lapsed-$language");
    $w->go($home);
    state_is($w, "$language: a lapsed certificate verifies nobody", identity => 0);
    is(join("\n", @problems, $w->problems($home)), '', "$language: the browser has nothing to complain of");
}
MNV::WebDriver->stop_all;
$t->done;
