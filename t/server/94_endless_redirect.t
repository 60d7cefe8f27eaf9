# A session that does not come back with the browser must not send it to the provider again and again: the second time is a page.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
$t->start($t->default_config);
$p->signin_is(account => '0123456789');
$p->card_is(person => 'adult');

sub ends {
    my ($b, $path, $status, $code, $name) = @_;
    my $page = eval { $b->visit($t->url($path)) };
    is($page ? $page->code . ' ' . ($page->mnv_code // '') : $@, "$status $code", "$name: $path ends with a page") or return;
    cmp_ok(scalar @{ $page->hops }, '<=', 8, "$name: $path ends soon");
    $t->expect_log($code);
}

# A jar that refuses some cookies.
my $n;
sub refusing {
    my ($pattern) = @_;
    my $b = $t->browser;
    my $class = ref $b->jar;
    my $refusing = 'Refusing' . ++$n;
    no strict 'refs';
    @{"${refusing}::ISA"} = ($class);
    *{"${refusing}::take"} = sub { $class->can('take')->(@_) unless $_[2] =~ $pattern };
    bless $b->jar, $refusing;
    return $b;
}

for my $path (qw(/account/ /verified/ /linked/)) {
    ends(refusing(qr/./), $path, 400, 'MNV0202', 'no cookies');
    ends(refusing(qr/^mynumber=/), $path, 403, 'MNV0801', 'no session cookie');
    # A second cookie of the name, as whoever owns a sibling path or host can plant it: which is ours cannot be told.
    my $b = $t->browser;
    $b->jar->put({ name => 'mynumber', value => 'B' x 43, domain => 'localhost', path => $path, host_only => 1 });
    ends($b, $path, 403, 'MNV0801', 'a planted session cookie');
}
$t->expect_log('MNV1441');

# Nobody who signs out and in again at once is stopped.
my $b = $t->browser;
is($b->visit($t->url('/account/'))->code, 200, 'signed in');
$b->visit($t->url('/mynumber/'));
$b->form('logout')->submit;
is($b->visit($t->url('/account/'))->code, 200, 'and again at once');
$t->done;
