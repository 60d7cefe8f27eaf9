# Forged answers of an identity provider, each posted to us and to mod_auth_mellon in one run: every case of t/data/saml/response, signed with the provider's own key. Ours is refused
# by the rule that the case names; what mellon does is told beside it. docs/saml.md keeps the table (MNV_WRITE_DOCS=1 writes it).
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use MNV::Test;
use MNV::Source qw(root slurp need_saml);
use MNV::SamlForger qw(request_in);

need_saml();
my $t = MNV::Test->new;
my $p = $t->providers(signin => 0);
my $forger = MNV::SamlForger->start($t);
$t->write_file('keys/idp.xml', $forger->metadata(qw(idp idp2 ec ec384)), 0644);
$t->write_file('keys/mellon-idp.xml', $forger->metadata(qw(idp idp2)), 0644);
my $keys = join '', map { "MyNumberSAMLKey \"\@DIR\@/keys/forger/$_.key\"\nMyNumberSAMLCert \"\@DIR\@/keys/forger/$_.crt\"\n" } qw(sp sp2);
my $saml = "MyNumberSignIn saml\nMyNumberSAMLMetadata \"\@DIR\@/keys/idp.xml\"\n$keys";
$t->start($t->default_config(signin => $saml));
# A server of its own: Lasso and libxml2 write to its standard error whatever they think of a message.
# And for each message xmlsec reads and parses all authorities of this machine, half a second of computing; none of them matters here.
my $m = MNV::Test->new(env => { SSL_CERT_FILE => '/dev/null' });
$m->allow_line(qr/^[^\[]|^\[[^\]]*\] \[auth_mellon:|^$/);
$m->run('cp', '-r', "$forger->{folder}", $t->path('keys/mellon-idp.xml'), $m->path('keys'));
$m->give_to_server(glob $m->path('keys/forger/*'));
$m->start($m->preamble(without => 1, modules => ['auth_mellon', 'authz_user']) . <<'EOT');
ScriptAlias /mellon-app "@DIR@/cgi/show"
<Location />
  MellonEndpointPath /mellon
  MellonSPentityId "@BASE@/mellon/metadata"
  MellonSPPrivateKeyFile "@DIR@/keys/forger/sp.key"
  MellonSPCertFile "@DIR@/keys/forger/sp.crt"
  MellonIdPMetadataFile "@DIR@/keys/mellon-idp.xml"
</Location>
<Location /mellon-app>
  AuthType Mellon
  MellonEnable auth
  Require valid-user
</Location>
EOT

# Numbers and answers of the failures.
my %row = map { /^MNV_FAILURE\((\w+), (\d+), (\d+),/ ? ($1 => sprintf '%d MNV%04d', $3, $2) : () } split /\n/, slurp('mod_mynumber_verify/base/failures.def');
# What the case says, where a running server says something else.
my %instead = (
    '01-format/too-large' => '413 MNV0106',           # httpd's side reads no more of the form
    '01-format/too-large-blanks' => '413 MNV0106',
);
# Judged in the unit test alone: another configuration or another clock than a server's.
my %apart = map { $_ => 1 } qw(00-good/fractions 14-conditions/not-yet-by-a-millisecond);
sub is_apart { my ($c) = @_; return $apart{ $c->{name} } || grep { exists $c->{case}{$_} } qw(request_id issuer sha1 contexts no_keys trust) }

sub wanted {
    my ($c) = @_;
    return $instead{ $c->{name} } // ($c->{case}{expect} eq 'none' ? 'in' : $row{ $c->{case}{expect} });
}

sub ours {
    my ($c) = @_;
    my $b = $t->browser;
    my ($id, $state) = request_in($b->get($t->url('/mynumber/signin'))->header('Location'));
    my $form = $forger->response($c, request => $id, sp => $t->url('/mynumber/saml/metadata'), acs => $t->url('/mynumber/saml/acs'));
    my $r = $b->post_form($t->url('/mynumber/saml/acs'), { SAMLResponse => $form, RelayState => $state }, origin => 'https://idp.example.ac.jp');
    $r = $b->get($r->header('Location')) if $r->code == 303;
    return $r->code . ' ' . ($r->mnv_code // 'without a code') if $r->code != 303;
    my $account = $b->fetch($t->url('/mynumber/info'))->json->{account};
    return $account && $account->{id} !~ /evil/ ? 'in' : 'in as another person';
}

sub mellons {
    my ($c) = @_;
    my $b = $m->browser;
    my $r = $b->get($m->url('/mellon/login?ReturnTo=' . $m->url('/mellon-app')));
    my ($id, $state) = request_in($r->header('Location'));
    my $form = $forger->response($c, request => $id, sp => $m->url('/mellon/metadata'), acs => $m->url('/mellon/postResponse'));
    $r = $b->post_form($m->url('/mellon/postResponse'), { SAMLResponse => $form, RelayState => $state }, origin => 'https://idp.example.ac.jp');
    my $code = $r->code;
    return $code if $code != 303;
    $r = $b->get($m->url('/mellon-app'));
    return "$code, not in" if $r->code != 200;
    return (grep { /evil/ } map { $_ // '' } %{ $r->json->{env} }) ? 'in as another person' : 'in';
}

# Once more, with an answer that is good: [what is done to it, what we say, what mellon does].
sub again {
    my ($good) = @_;
    my ($b, $who) = ($t->browser, $m->browser);
    my ($id, $state) = request_in($b->get($t->url('/mynumber/signin'))->header('Location'));
    my $answer = { SAMLResponse => $forger->response($good, request => $id, sp => $t->url('/mynumber/saml/metadata'), acs => $t->url('/mynumber/saml/acs')), RelayState => $state };
    my ($mellon_id, $mellon_state) = request_in($who->get($m->url('/mellon/login?ReturnTo=' . $m->url('/mellon-app')))->header('Location'));
    my $mellon_answer = { SAMLResponse => $forger->response($good, request => $mellon_id, sp => $m->url('/mellon/metadata'), acs => $m->url('/mellon/postResponse')), RelayState => $mellon_state };
    my $ask = sub { my ($browser, $url, $form) = @_; my $r = $browser->post_form($url, $form, origin => 'https://idp.example.ac.jp'); return $r->code == 303 ? 'in' : $r->code . ($r->mnv_code ? ' ' . $r->mnv_code : '') };
    my $stranger = $t->browser;
    $stranger->get($t->url('/mynumber/signin'));
    my $other = $m->browser;
    $other->get($m->url('/mellon/login?ReturnTo=' . $m->url('/mellon-app')));
    my @rows = ([ 'in the browser of somebody else', $ask->($stranger, $t->url('/mynumber/saml/acs'), $answer), $ask->($other, $m->url('/mellon/postResponse'), $mellon_answer) ]);
    $ask->($b, $t->url('/mynumber/saml/acs'), $answer);
    push @rows, [ 'the same a second time', $ask->($b, $t->url('/mynumber/saml/acs'), $answer), $ask->($other, $m->url('/mellon/postResponse'), $mellon_answer) ];
    (undef, my $state2) = request_in($b->get($t->url('/mynumber/signin'))->header('Location'));
    push @rows, [ 'the same for a sign-in begun anew', $ask->($b, $t->url('/mynumber/saml/acs'), { %$answer, RelayState => $state2 }), $ask->($m->browser, $m->url('/mellon/postResponse'), $mellon_answer) ];
    return @rows;
}

my (%group, @names);
for my $c ($forger->cases) {
    my $group = $group{ $c->{folder} } //= { cases => 0, in => 0, let_in => [], kept_out => [] };
    push @names, $c->{folder} unless grep { $_ eq $c->{folder} } @names;
    next if is_apart($c);
    my ($here, $there) = (ours($c), mellons($c));
    is($here, wanted($c), $c->{name});
    $t->expect_log($here =~ /(MNV\d+)/) if $here =~ /MNV/;
    note(sprintf '%-50s | %-12s | %s', $c->{name}, $here, $there);
    $group->{cases}++;
    $group->{in} += $here eq 'in';
    my $is_in = $there =~ /^in/;
    push @{ $group->{let_in} }, $c->{name} =~ s{.*/}{}r if $is_in && $here ne 'in';
    push @{ $group->{kept_out} }, $c->{name} =~ s{.*/}{}r if !$is_in && $here eq 'in';
}
my ($good) = grep { $_->{name} eq '00-good/both-signed' } $forger->cases;
my @again = again($good);
is_deeply([ map { $_->[1] } @again ], [ '400 MNV0202', '400 MNV0204', '502 MNV0353' ], 'a good answer, again');
note(sprintf '%-50s | %-12s | %s', @$_) for @again;
$t->expect_log(qw(MNV0202 MNV0204));

# --- once: a flow, whatever assertion comes for it; an assertion, whatever flow it comes for ------------
sub begun { my $b = $t->browser; return [ $b, request_in($b->get($t->url('/mynumber/signin'))->header('Location')) ] }
sub answered {
    my ($flow, %of) = @_;
    my ($b, $id, $state) = @$flow;
    my $form = $forger->response($good, request => $id, sp => $t->url('/mynumber/saml/metadata'), acs => $t->url('/mynumber/saml/acs'), %of);
    my $r = $b->post_form($t->url('/mynumber/saml/acs'), { SAMLResponse => $form, RelayState => $state }, origin => 'https://idp.example.ac.jp');
    return $r->mnv_code // $r->code;
}
my $flow = begun();
is_deeply([ answered($flow), answered($flow) ], [ 303, 'MNV0204' ], 'another assertion for the same flow');
is_deeply([ map { answered(begun(), id => '_twice') } 1, 2 ], [ 303, 'MNV0204' ], 'the same assertion for another flow');

# --- SHA-1 where a directive says so, and nothing else with it ----------------------------------------
$t->restart($t->default_config(signin => $saml . "MyNumberSAMLSHA1 on\n"));
$t->expect_log('MNV1353');
my %weak = map { $_->{name} => $_ } $forger->cases;
is(ours($weak{"08-algorithm/$_"}), 'in', "$_: let in by MyNumberSAMLSHA1") for qw(digest-sha1 rsa-sha1 rsa-sha1-response ecdsa-sha1);
is(ours($weak{"08-algorithm/$_"}), '502 MNV0363', "$_: not even then") for qw(rsa-md5 digest-md5);
is(ours($weak{'07-signature/by-a-stranger'}), '502 MNV0364', 'a stranger: not even then');

# --- the table --------------------------------------------------------------------------------------
sub listed { my ($names) = @_; return @$names ? join ', ', map { "`$_`" } @$names : '–' }
my $table = "| rule | cases | refused here | let in here | mod_auth_mellon lets in besides | and keeps out |\n|---|---|---|---|---|---|\n";
for my $name (@names) {
    my $g = $group{$name};
    $table .= "| `$name` | $g->{cases} | @{[$g->{cases} - $g->{in}]} | $g->{in} | @{[listed($g->{let_in})]} | @{[listed($g->{kept_out})]} |\n";
}
$table .= "\n| a good answer | here | mod_auth_mellon |\n|---|---|---|\n" . join '', map { "| $_->[0] | $_->[1] | $_->[2] |\n" } @again;
note($table);
my $document = slurp('docs/saml.md');
my ($begin, $end) = ('<!-- measured by t/server/33_saml_forged.t -->', '<!-- to here -->');
if ($ENV{MNV_WRITE_DOCS}) {
    $document =~ s/\Q$begin\E.*?\Q$end\E/$begin\n$table$end/s;
    open my $out, '>:encoding(UTF-8)', root . '/docs/saml.md' or die $!;
    print $out $document;
}
# What mellon does is its own affair, and may change with its version.
sub of_us { my ($text) = @_; return join "\n", map { join '|', (split /\|/, $_)[ 1 .. (/^\| `/ ? 4 : 2) ] } grep { /^\| [`a-z]/ } split /\n/, $text }
my ($written) = $document =~ /\Q$begin\E\n(.*?)\Q$end\E/s;
is(of_us($written // ''), of_us($table), 'docs/saml.md tells what we do; MNV_WRITE_DOCS=1 writes it anew');
note('docs/saml.md tells something else of mod_auth_mellon') if ($written // '') ne $table;
$t->allow_log(qw(MNV1250 MNV1251 MNV1252 MNV1253));
$t->done;
