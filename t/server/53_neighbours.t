# Internal redirects and sub-requests of other modules: the identity is neither lost nor leaked, and nobody without right sees a byte of what is protected.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Neighbours qw(modules make_site site_text person matrix);

my $t = MNV::Test->new;
$t->providers;
my $apps = make_site($t, 'cgi');
$t->start($t->default_config(modules => [ modules() ], location => site_text('cgi')));
my $person = person($t);
matrix($t, $t->browser, $person, 'stranger | linked');

# What a part of a page may know, the rest of the page does not learn.
$t->write_file('htdocs/from-open/after.shtml', '<!--#include virtual="/secret-program" -->=====<!--#printenv -->', 0644);
my ($part, $after) = split /=====/, $person->get($t->url('/from-open/after.shtml'))->body;
like($part, qr/^MYNUMBER_ACCOUNT=sub-/m, 'an included part knows the person');
unlike($after, qr/MYNUMBER|REMOTE_USER|sub-/, 'the page around it does not');
$t->expect_log('AH00687');    # a variant that this person may not have
$t->expect_log('AH01230');    # exec cgi says so of a refusal
$t->allow_line(qr/unable to include "\/(?:secret|bare)-program"/);
$apps->stop;
$t->done;
