# The scripts of the recipes in a real browser: the API's page leads through what is missing and back, the chat speaks and hears over its WebSocket.
use FindBin;
use lib "$FindBin::Bin/../lib", $FindBin::Bin;
use MNV::Test;
use MNV::Recipes;
use MNV::Recipes::Server;
use MNV::WebDriver;

my $t = MNV::Test->new;
my $server = MNV::Recipes::Server->start($t, grep { $_->{name} =~ /^(?:api|websocket)$/ } MNV::Recipes->all);
$t->providers->signin_is(account => '1111111111');
$t->providers->card_is(person => 'kanji');

my $site = $server->site('api');
$site->ready;
my $w = MNV::WebDriver->new(language => 'en');
$w->go($site->url('/vote'));
$w->wait_until(sub { $w->has('form[action$="/link"]') }, 'the script led through sign-in and card to the link page');
$w->press('Link your account and the verified identity above');
$w->wait_until(sub { $w->url eq $site->url('/vote') && $w->has('#vote') && $w->text('#vote') eq 'no vote yet' }, 'and back to the page, which has its answer');
is($w->text('#vote'), 'no vote yet', 'the API answered the script');

# Another port is another site, whose session takes the place of the first one's.
$site = $server->site('websocket');
$site->ready;
$w->go($site->url('/chat/'));
$w->press('Link your account and the verified identity above');
$w->wait_until(sub { $w->has('button:enabled') }, "the chat's WebSocket is open");
$w->type('#text', 'こんにちは');
$w->press('送信 / send');
$w->wait_until(sub { $w->has('#messages li') }, 'what was said is heard');
is($w->text('#messages li'), "\x{20BB7}野葛\x{E0100}美: こんにちは", 'with the verified name');
is(join("\n", grep { !/favicon/ } $w->problems($site->url(''))), '', 'no error in the browser');
$w->stop;    # a page that is open would connect again
$server->stop;
$t->done;
