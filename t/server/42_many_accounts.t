# MyNumberLinkPolicy many-accounts, MyNumberLinkLifetime, MyNumberLinkKeep.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(stands sign_in verify link_up linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
$t->start($t->default_config(server => <<'EOT', location => <<'EOL'));
MyNumberLinkPolicy many-accounts
MyNumberLinkKeep name birthdate
MyNumberScope "openid name birthdate address gender"
EOT
<Location /linked>
  MyNumberExport account name birthdate address gender age-over-18
</Location>
EOL
my @person = map { linked_person($t, $_, 'adult') } qw(0123456789 9876543210);
is(scalar @{ $t->sql('select id from mynumber_links') }, 2, 'one person, two accounts');
is($_->get($t->url('/linked/'))->code, 200, 'each is let in') for @person;

# What the link keeps is known to a later visit by the account alone; what it does not keep is not.
$p->signin_is(account => '0123456789');
my $b = $t->browser;
my $env = $b->visit($t->url('/linked/'))->json->{env};
is($env->{MYNUMBER_NAME}, '山田太郎', 'the kept name is handed on');
is($env->{MYNUMBER_BIRTHDATE}, '1980-04-01', 'the kept birthdate too');
is($env->{MYNUMBER_AGE_OVER_18}, '1', 'and the age from it');
ok(!exists $env->{MYNUMBER_ADDRESS}, 'an address that is not kept is not handed on');

# A second identity for one account is still refused.
$p->card_is(person => 'adult2');
sign_in($t, $b);
verify($t, $b);
$b->visit($t->url('/mynumber/'));
my $page = $b->post_form($t->url('/mynumber/link'), { csrf => $b->form('logout')->value('csrf') });
like($page->text, qr/MNV0703/, 'an account has one identity');
$t->expect_log('MNV0703');

# An expired link is none, and gives way.
$t->graceful($t->default_config(server => "MyNumberLinkLifetime 5s\n"));
$p->signin_is(account => '1111111111');
$p->card_is(person => 'kanji');
$b = linked_person($t, '1111111111', 'kanji');
ok(MNV::Test::wait_for(sub { $b->get($t->url('/linked/'))->code == 303 }, 15), 'an expired link no longer lets in');
$t->done;
