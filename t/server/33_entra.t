# A tenant of Microsoft Entra ID as sign-in: accounts are known by tid and oid, never by an address; what the tenant did not send is not known, whichever way a rule is written; nobody of another
# tenant gets in, guests only where they may; several keys at once, and new ones at any time.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(sign_in stands);

my $TENANT = '11111111-2222-3333-4444-555555555555';
my ($STAFF, $STUDENTS) = ('22222222-3333-4444-5555-666666666666', '33333333-4444-5555-6666-777777777777');
sub person { my ($oid, %more) = @_; return { claims => { tid => $TENANT, oid => $oid, name => "Person $oid", preferred_username => "$oid\@utac.example.ac.jp", %more } } }
my %people = (
    staff => person('o-staff', groups => [ $STUDENTS, $STAFF ]), student => person('o-student', groups => [$STUDENTS]), none => person('o-none'),
    many => person('o-many', _claim_names => { groups => 'src1' }, _claim_sources => { src1 => { endpoint => 'https://graph.example/' } }),
    crowd => person('o-crowd', groups => [ (map { sprintf '00000000-0000-4000-8000-%012d', $_ } 1 .. 149), $STAFF ]),
    mangled => person('o-mangled', groups => [ $STUDENTS, "\x07" ]),
    renamed => person('o-staff', preferred_username => 'married@utac.example.ac.jp', groups => [$STAFF]),
    successor => person('o-new', preferred_username => 'o-staff@utac.example.ac.jp'),
    guest => person('o-guest', idp => 'https://sts.windows.net/99999999-2222-3333-4444-555555555555/'),
    stranger => person('o-staff', tid => '99999999-2222-3333-4444-555555555555'),
);
my $t = MNV::Test->new;
my $p = $t->providers(signin => { entra => JSON::PP::true, accounts => \%people });
like($p->signin->{issuer}, qr{/$TENANT/v2\.0$}, "the issuer is a tenant's");
my %rule = (
    in => "Require mynumber-attribute account:groups $STAFF",
    out => "<RequireAll>\nRequire mynumber-account\nRequire not mynumber-attribute account:groups $STAFF\n</RequireAll>",
    none => "<RequireAll>\nRequire mynumber-account\n<RequireNone>\nRequire mynumber-attribute account:groups $STAFF\n</RequireNone>\n</RequireAll>",
    any => "<RequireAny>\nRequire mynumber-attribute account:groups $STAFF\nRequire mynumber-attribute account:oid o-many\n</RequireAny>",
);
my $rules = join '', map { "<Location /show/$_>\nAuthType mynumber\n$rule{$_}\nMyNumberExport account\n</Location>\n" } sort keys %rule;
my $start = sub { $t->restart($t->default_config(location => $rules, server => "MyNumberAccountPass preferred_username\n$_[0]")) };
$start->('');

sub signed_in { my ($who) = @_; my $b = $t->browser; $p->signin_is(account => $who); return ($b, sign_in($t, $b)) }
sub account { my ($b) = signed_in($_[0]); my $r = $b->get($t->url('/account/')); return $r->code == 200 ? $r->json->{env}{MYNUMBER_ACCOUNT} : $r->code }

is(account('staff'), "$TENANT:o-staff", 'tid and oid are the account');
is(account('renamed'), "$TENANT:o-staff", 'whatever the person is called now');
is(account('successor'), "$TENANT:o-new", 'and not whoever has that address next');
my $b = (signed_in('staff'))[0];
is($b->get($t->url('/account/'))->json->{env}{MYNUMBER_ATTRIBUTE_PREFERRED_USERNAME}, 'o-staff@utac.example.ac.jp', 'the address is handed on to be shown');
is($b->fetch($t->url('/mynumber/info'))->json->{account}{acr}, undef, 'no level is made up for a token that has none');

# --- groups ----------------------------------------------------------------------------------------------
my %want = (    #          in        out       none      any
    staff => [ qw(         200       MNV0801   MNV0801   200     ) ],
    student => [ qw(       MNV0809   200       200       MNV0809 ) ],
    none => [ qw(          MNV0809   200       200       MNV0809 ) ],
    many => [ qw(          MNV0811   MNV0811   MNV0811   200     ) ],
    crowd => [ qw(         200       MNV0801   MNV0801   200     ) ],    # the most that are sent along: 5.5 KB
    mangled => [ qw(       MNV0811   MNV0811   MNV0811   MNV0811 ) ],    # told, and not to be handed on
);
for my $who (sort keys %want) {
    my ($b) = signed_in($who);
    my @got = map { my $r = $b->get($t->url("/show/$_")); $r->mnv_code // $r->code } qw(in out none any);
    is_deeply(\@got, $want{$who}, "$who: in, out, none, any") or diag "@got";
}
$t->allow_log('AH01630');
$t->expect_log('MNV1200');

# --- whose people ------------------------------------------------------------------------------------------
my ($page);
($b, $page) = signed_in('stranger');
is($page->mnv_code, 'MNV0307', 'another tenant in the token: refused');
$t->expect_log('MNV0307');
is(account('guest'), "$TENANT:o-guest", 'a guest may come in by default');
$start->("MyNumberSignInRefuseGuests on\n");
($b, $page) = signed_in('guest');
is($page->mnv_code, 'MNV0415', 'MyNumberSignInRefuseGuests on: not any more');
is($b->get($t->url('/account/'))->code, 303, 'and has no session');
is(account('staff'), "$TENANT:o-staff", 'members may');

# --- keys --------------------------------------------------------------------------------------------------
my $keys = $p->rotate('signin');
cmp_ok(scalar @{ $keys->{published} }, '>=', 3, 'several keys at once');
is(account('student'), "$TENANT:o-student", 'a key that was not known: asked for, and in');

# --- the configuration -----------------------------------------------------------------------------------
my $configured = sub { my ($issuer, $more) = @_; return $t->configtest($t->default_config(server => $more // '', signin => "MyNumberSignInProvider $issuer\nMyNumberSignInClientID portal\nMyNumberSignInClientKey \"\@CLIENTKEY\@\"\n")) };
$t->write_file('conf/template.json', JSON::PP->new->encode({ issuer => 'https://login.microsoftonline.com/{tenantid}/v2.0' }), 0644);
for my $issuer (map({ "https://login.microsoftonline.com/$_/v2.0" } qw(common organizations consumers {tenantid})), $t->path('conf/template.json')) {
    my ($code, $out) = $configured->($issuer);
    ok($code && $out =~ /names no tenant.*TENANT-ID/, "does not start: $issuer") or diag $out;
}
for my $name (qw(preferred_username email upn)) {
    my ($code, $out) = $configured->("https://login.microsoftonline.com/$TENANT/v2.0", "MyNumberAccountAttribute $name sub\n");
    ok(!$code && $out =~ /MNV1212.*MyNumberAccountAttribute: "$name" is no identifier.*write tid\+oid/, "warned of $name") or diag $out;
}
my ($code, $out) = $configured->("https://login.microsoftonline.com/$TENANT/v2.0");
unlike($out, qr/MNV1212/, 'and of nothing by default');
$t->done;
