# The main job in a real browser on a phone, in Japanese, over the stand-ins' own pages: verify by card, sign in, link, open the
# application, unlink, sign out. Once with scripts and once where no script runs.
use FindBin;
use lib "$FindBin::Bin/../lib", $FindBin::Bin;
use MNV::Test;
use MNV::WebDriver;
use Steps;

my $t = MNV::Test->new;
$t->providers;
$t->start($t->default_config(location => "<Location /linked>\n  MyNumberExport account name linked verified\n</Location>\n"));
$t->write_file('htdocs/script.html', "<!doctype html><title>off</title><h1>script</h1><script>document.title = 'on'</script>\n");

for my $script (1, 0) {
    my $how = $script ? '' : 'without scripts: ';
    my $w = MNV::WebDriver->new(phone => 1, language => 'ja', script => $script);
    is($w->go($t->url('/script.html'))->title, $script ? 'on' : 'off', "${how}scripts " . ($script ? 'run' : 'do not run'));

    # An application that wants a linked person; the person comes with nothing.
    $w->go($t->url('/mynumber/?return=/linked/'));
    state_is($w, "${how}nothing yet", step => 1, account => 0, identity => 0, linked => 0);
    is($w->attribute('html', 'lang'), 'ja', "${how}Japanese, as the browser asks for");
    like($w->text, qr{手順 1/4}, "${how}step 1 of 4");
    picture($w, "phone-$script-1-start");

    $w->press('マイナンバーカードで本人確認');
    show_card($w, 'adult', two => $script);
    picture($w, "phone-$script-1a-consent");
    $w->press('許可');
    state_is($w, "${how}verified", step => 2, account => 0, identity => 1, linked => 0);
    like($w->text, qr/まだ完了していません/, "${how}says that it is not finished");
    like($w->text, qr/山田太郎/, "${how}shows the name");
    picture($w, "phone-$script-2-verified");

    $w->press('大学のアカウントでサインイン');
    choose_account($w, '0123456789');
    state_is($w, "${how}signed in", step => 3, account => 1, identity => 1, linked => 0);
    picture($w, "phone-$script-3-both");

    $w->press('連携する');
    is(received($w)->{MYNUMBER_NAME}, '山田太郎', "${how}linking leads on to the application, which received the name");
    is($w->url, $t->url('/linked/'), "${how}at its own URL");
    is(scalar @{ $t->sql('select id from mynumber_links') }, 1, "${how}one link");

    $w->go($t->url('/mynumber/'));
    state_is($w, "${how}linked", step => 4, account => 1, identity => 1, linked => 1);
    picture($w, "phone-$script-4-linked");

    # Unlinking asks for a sign-in that is younger than the link.
    $w->press('連携解除');
    $w->press('連携を解除するためにもう一度サインイン');
    choose_account($w, '0123456789') if $w->url !~ m{^\Q${\ $t->base}\E};
    state_is($w, "${how}signed in again", linked => 1);
    ok(defined $w->attribute('details.unlink', 'open'), "${how}and need not look for the part again");
    picture($w, "phone-$script-5-unlink");
    $w->press('連携を解除する');
    state_is($w, "${how}unlinked", linked => 0, account => 1, identity => 1);
    like($w->text('[role=status]'), qr/連携を解除しました/, "${how}and says so");
    is(scalar @{ $t->sql('select id from mynumber_links') }, 0, "${how}no link is left");
    picture($w, "phone-$script-6-unlinked");

    $w->press('サインアウト');
    $w->wait_until(sub { $w->url =~ m{/mynumber/logout/done} }, 'the page after the sign-out');
    like($w->text('h1'), qr/サインアウトしました/, "${how}signed out");
    picture($w, "phone-$script-7-out");
    is(join(' ', grep { /mynumber|mnv-f/ } map { $_->{name} } $w->cookies), '', "${how}no session and no flow is left in the browser");
    $w->press('本人確認と連携のページへ');
    state_is($w, "${how}nothing is left after the sign-out", step => 1, account => 0, identity => 0);
    is(join("\n", $w->problems($t->url('/mynumber/'))), '', "${how}the browser has nothing to complain of");
}
MNV::WebDriver->stop_all;
$t->done;
