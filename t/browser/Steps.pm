# What a person does on the pages of the stand-ins and of the portal, for the tests of this folder.
package Steps;
use strict;
use warnings;
use utf8;
use JSON::PP ();
use Test::More;
use Exporter 'import';
our @EXPORT = qw(state_is choose_account show_card enter_pins received picture);

# Where the service page says we stand, or will in a moment. Fails telling what is shown.
sub state_is {
    my ($w, $name, %want) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @wrong;
    my $right = MNV::Test::wait_for(sub {
        my %state = map { my $what = $_; $what => eval { $w->attribute('main', "data-$what") } // 'absent' } keys %want;
        @wrong = map { "$_ is $state{$_}, not $want{$_}" } grep { $state{$_} ne $want{$_} } sort keys %want;
        return !@wrong;
    }, 10);
    return ok($right, $name) || diag($w->url . ': ' . join(', ', @wrong) . "\n" . substr($w->text, 0, 600));
}

# At the university.
sub choose_account {
    my ($w, $account) = @_;
    $w->wait_until(sub { $w->has("input[name=account][value='$account']") }, "the university's page");
    $w->click("input[name=account][value='$account']");
    $w->press('Sign in');
}

# At the identification service, on the phone: who, PINs, reading, and what is asked at the end.
sub show_card {
    my ($w, $person, %option) = @_;
    $w->wait_until(sub { $w->has("input[name=person][value='$person']") }, 'the page of the identification service');
    $w->click("input[name=person][value='$person']");
    $w->press('アプリを開く');
    enter_pins($w, %option);
    $w->press('読み取り完了');
}

# Two PINs, or one said to be the same.
sub enter_pins {
    my ($w, %option) = @_;
    $w->wait_until(sub { $w->has('#pin1') }, 'the PINs');
    $w->type('#pin1', '1234');
    if ($option{two}) { $w->type('#pin2', '5678') }
    else { $w->click('input[name=same]') }
    $w->press('次へ');
    $w->wait_until(sub { !$w->has('#pin1') }, 'the reading');
}

# What the sample application says it received.
sub received {
    my ($w) = @_;
    $w->wait_until(sub { $w->has('pre') }, 'the application');
    return JSON::PP->new->decode($w->text('pre'))->{env};
}

# For looking at: MNV_PICTURES=FOLDER keeps a picture of the whole page.
sub picture {
    my ($w, $name) = @_;
    $w->screenshot("$ENV{MNV_PICTURES}/$name.png", whole => 1) if $ENV{MNV_PICTURES};
}

1;
