# The order of LoadModule lines decides in which order modules of one rank are called. The same ways between locations come out the same, whoever is loaded first.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Neighbours qw(modules make_site site_text person matrix reordered);

my $OURS = 'mynumber_verify';
# 53_neighbours.t has us last. With these, of any two modules each comes first once, and we come before and after every other in either order of the others.
my %order = (
    '1 first' => sub { $OURS, @_ },
    '2 in the middle' => sub { @_[0 .. @_ / 2], $OURS, @_[@_ / 2 + 1 .. $#_] },
    '3 first of the reverse' => sub { $OURS, reverse @_ },
    '4 last of the reverse' => sub { reverse(@_), $OURS },
);

my $t = MNV::Test->new;
$t->providers;
my $apps = make_site($t, 'shtml');
my $text = $t->default_config(modules => [ modules() ], location => site_text('shtml'));
$t->start($text);
my $person = person($t);
for my $name (sort keys %order) {
    $t->restart(reordered($text, $order{$name}));
    matrix($t, $t->browser, $person, $name);
}
$t->expect_log('AH00687');    # a variant that this person may not have
$t->expect_log('AH01230');    # exec cgi says so of a refusal
$t->allow_line(qr/unable to include "\/(?:secret|bare)-program"/);
$apps->stop;
$t->done;
