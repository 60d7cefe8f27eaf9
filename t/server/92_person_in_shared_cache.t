# What an expression puts into an answer of an open page is of one person: a shared cache must not give it to the next one.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
mkdir $t->path('cache');
$t->give_to_server($t->path('cache'));
$t->write_file('htdocs/greeting.html', "hello\n", 0644);
$t->write_file('htdocs/plain.html', "plain\n", 0644);
$t->start($t->default_config(modules => [qw(cache cache_disk)], location => <<'EOT'));
CacheRoot "@DIR@/cache"
CacheEnable disk /
CacheQuickHandler off
CacheDefaultExpire 3600
CacheIgnoreNoLastMod on
<Location /greeting.html>
  Header set X-Account "expr=%{MYNUMBER:account}"
</Location>
EOT
my $b = linked_person($t, '1111111111', 'adult');
my $url = $t->url('/greeting.html');
my $r = $b->get($url);
is($r->header('X-Account'), 'sub-1111111111', 'the person sees their own account');
like($r->header('Cache-Control') // '', qr/\bprivate\b/, 'for proxies: private');
is($t->browser->get($url)->header('X-Account') // '', '', 'the next one does not see it');
my ($stored) = map { $t->browser->get($t->url('/plain.html')); scalar grep { -f } split /\n/, `find '@{[ $t->path('cache') ]}' -name '*.header'` } 1;
is($stored, 1, 'pages of nobody are kept as ever');
$t->done;
