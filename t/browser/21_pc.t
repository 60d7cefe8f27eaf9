# The card on a PC, in English: the box in place of the QR code is opened on the phone, whose 6-digit number is typed into the PC's page.
# The PC's browser alone holds the flow; what the phone did gives the phone nothing.
use FindBin;
use lib "$FindBin::Bin/../lib", $FindBin::Bin;
use MNV::Test;
use MNV::WebDriver;
use Steps;

my $t = MNV::Test->new;
$t->providers;
$t->start($t->default_config(location => "<Location /linked>\n  MyNumberExport account name linked verified\n</Location>\n"));
my $home = $t->url('/mynumber/');

my $pc = MNV::WebDriver->new(language => 'en');
my $phone = MNV::WebDriver->new(phone => 1, language => 'ja');

# The application leads over the sign-in straight on to the card.
$pc->go($t->url('/linked/here?a=1'));
choose_account($pc, '9876543210');
$pc->wait_until(sub { $pc->has('.qr a') }, 'the QR code');
my $old = $pc->attribute('.qr a', 'href');
picture($pc, 'pc-2a-qr');
$pc->press('Renew the QR code');
$pc->wait_until(sub { $pc->attribute('.qr a', 'href') ne $old }, 'the renewed QR code');

$phone->go($pc->attribute('.qr a', 'href'));
show_card($phone, 'adult2');
$phone->wait_until(sub { $phone->has('.number') }, 'the number');
my $number = $phone->text('.number');
like($number, qr/^\d{6}$/, 'the phone shows 6 digits');

$pc->type('input[name=number]', sprintf '%06d', ($number + 1) % 1_000_000);
$pc->press('Continue');
$pc->wait_until(sub { $pc->has('[role=alert]') }, 'the refusal of a wrong number');
$pc->type('input[name=number]', $number);
$pc->press('Continue');
$pc->wait_until(sub { $pc->has('button[value=allow]') }, 'the consent');
$pc->press('Allow');
state_is($pc, 'both halves are there', step => 3, account => 1, identity => 1, linked => 0);
is($pc->attribute('html', 'lang'), 'en', 'English, as the browser asks for');
like($pc->text, qr/Step 3 of 4/, 'step 3 of 4');
like($pc->text, qr/You are not finished yet/, 'says that it is not finished');
like($pc->text, qr/佐藤花子/, 'the name');
picture($pc, 'pc-3-both');

$phone->go($home);
state_is($phone, 'the phone has no session by that', account => 0, identity => 0);

$pc->press('Link your account and the verified identity above');
is(received($pc)->{MYNUMBER_NAME}, '佐藤花子', 'linking leads on to the application');
is($pc->url, $t->url('/linked/here?a=1'), 'at the very URL that was asked for');
$pc->go($home);
state_is($pc, 'linked', step => 4, linked => 1);
picture($pc, 'pc-4-linked');

# The language can be chosen, and is kept on the way over the providers.
$pc->press('日本語');
is($pc->attribute('html', 'lang'), 'ja', 'the other language by the switch');
$pc->press('連携解除');
$pc->press('連携を解除するためにもう一度サインイン');
choose_account($pc, '9876543210') if $pc->url !~ m{^\Q${\ $t->base}\E};
state_is($pc, 'signed in again', linked => 1);
is($pc->attribute('html', 'lang'), 'ja', 'which is kept on the way over the sign-in');
is(join("\n", $pc->problems($home), $phone->problems($home)), '', 'the browsers have nothing to complain of');
MNV::WebDriver->stop_all;
$t->done;
