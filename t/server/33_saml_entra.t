# conf/examples/entra-saml.conf as it stands, SimpleSAMLphp posing as a tenant of Microsoft Entra ID: the object ID in this tenant, no guests, and groups that are too many are unknown.
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use MNV::Test;
use MNV::Source qw(need_saml);
use MNV::External;
use MNV::Federation;
use MNV::SamlForger qw(request_in);
use MNV::SamlUniversity;

need_saml();
my $t = MNV::Test->new;
$t->providers(signin => 0);
my ($TENANT, $OTHER, $GROUP) = qw(11111111-2222-3333-4444-555555555555 99999999-2222-3333-4444-555555555555 22222222-3333-4444-5555-666666666666);
my $ID = "https://sts.windows.net/$TENANT/";
my ($MS, $NAME) = ('http://schemas.microsoft.com/identity/claims', 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name');
my $GROUPS = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups';
sub person { my ($oid, %more) = @_; return { "$MS/tenantid" => [$TENANT], "$MS/objectidentifier" => [$oid], "$MS/identityprovider" => [$ID], $NAME => ["$oid\@utac.example.ac.jp"], %more } }
my $u = MNV::SamlUniversity->start($t, entity_id => $ID, people => {
    staff => person('o-1', $GROUPS => [ '33333333-3333-4444-5555-666666666666', $GROUP ]),
    student => person('o-2', $GROUPS => ['33333333-3333-4444-5555-666666666666']),
    nobody => person('o-3'),
    joiner => person('o-4', 'http://schemas.microsoft.com/claims/groups.link' => ["https://graph.windows.net/$TENANT/users/o-4/getMemberObjects"]),
    many => person('o-5', $GROUPS => [ (map { sprintf '44444444-3333-4444-5555-%012d', $_ } 1 .. 149), $GROUP ]),
    guest => person('o-6', "$MS/identityprovider" => ["https://sts.windows.net/$OTHER/"], $GROUPS => [$GROUP]),
    stranger => person('o-1', "$MS/tenantid" => [$OTHER], $GROUPS => [$GROUP]),
    homeless => { %{ person('o-1', $GROUPS => [$GROUP]) }, "$MS/tenantid" => [] },
    unnamed => { %{ person('o-7', $GROUPS => [$GROUP]) }, "$MS/objectidentifier" => [] },
});
my $source = MNV::Federation->new($t);
$source->answer(body => $u->metadata);
my $place = [ "https://login.microsoftonline.com/$TENANT/federationmetadata/2007-06/federationmetadata.xml?appid=66666666-7777-8888-9999-000000000000" => $source->url ];
my @more = (more => "ScriptAlias /staff \"\@DIR\@/cgi/show\"\nScriptAlias /others \"\@DIR\@/cgi/show\"\n"
      . "<Location /others>\n  AuthType mynumber\n  <RequireAll>\n    Require mynumber-account\n    Require not mynumber-attribute account:groups $GROUP\n  </RequireAll>\n</Location>\n");
MNV::External->start($t, 'entra-saml.conf', @more, replace => [$place]);

sub at { my ($user, $path) = @_; my $page = $u->open_as($t->browser, $user, $path); return $page->code == 200 ? 'in' : $page->mnv_code }
my $staff = $t->browser;
my $page = $u->open_as($staff, 'staff', '/staff/');
is($page->code, 200, 'a member of the group') or diag $page->text;
is($page->json->{env}{MYNUMBER_ATTRIBUTE_UPN}, 'o-1@utac.example.ac.jp', '... whose name is shown') if $page->code == 200;
is_deeply([ @{ $staff->fetch($t->url('/mynumber/info'))->json->{account} }{qw(issuer id)} ], [ $ID, 'o-1' ], '... and who is known by the object ID of this tenant');
my $request = (request_in($u->{request}))[2];
unlike($request, qr/RequestedAuthnContext|NameIDPolicy|ForceAuthn|<saml:Subject/, 'nothing is asked for that Entra ID refuses');
like($request, qr/ ID="_/, '... and the ID begins with no digit');
is(at('student', '/staff/'), 'MNV0809', 'of other groups');
is(at('nobody', '/staff/'), 'MNV0809', 'of none');
is(at('joiner', '/staff/'), 'MNV0811', 'of too many: unknown');
is(at('many', '/staff/'), 'in', 'of 150');
is(at('staff', '/others/'), 'MNV0801', 'kept out by a rule behind "not"');
is(at('joiner', '/others/'), 'MNV0811', '... as is who is unknown');
is(at('many', '/others/'), 'MNV0801', '... and who is in it among 150');
is(at('student', '/others/'), 'in', '... but not another');
is(at('guest', '/staff/'), 'MNV0377', 'a guest');
is(at('stranger', '/staff/'), 'MNV0377', 'of another tenant');
is(at('homeless', '/staff/'), 'MNV0377', 'of none that is told');
is(at('unnamed', '/staff/'), 'MNV0414', 'a user principal name alone is no account');
$t->expect_log(qw(AH01630 MNV0377 MNV0414 MNV1254));
for my $issuer ("https://sts.windows.net/$TENANT", "https://sts.windows.net/$OTHER/", "https://login.microsoftonline.com/$TENANT/v2.0") {
    $u->is(entity_id => $issuer);
    is(at('staff', '/staff/'), 'MNV0352', "answered by $issuer");
}
$t->expect_log('MNV0352');

# --- guests where they are wanted ---
$u->is(entity_id => $ID);
$t->stop;
MNV::External->start($t, 'entra-saml.conf', @more, replace => [ $place, [ 'MyNumberSignInRefuseGuests on' => '' ] ]);
is(at('guest', '/staff/'), 'in', 'a guest, where none are refused');
is(at('stranger', '/staff/'), 'MNV0377', '... of this tenant all the same');
$source->stop;
$u->stop;
$t->done;
