# MyNumberSignIn external behind mod_shib (conf/examples/external-shib.conf), a real one with its shibd, in front of SimpleSAMLphp. It sets its variables in fixups, behind the rules.
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use MNV::Test;
use MNV::Apps;
use MNV::External;
use MNV::Journey qw(stands);
use MNV::Source qw(slurp need);

my $t = MNV::Test->new;
$t->providers(signin => 0);
mkdir $t->path('shib'), 0755;
$t->run(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=sp -keyout), $t->path('shib/sp.key'), '-out', $t->path('shib/sp.crt'));
my $idp = MNV::External->saml_idp($t, "\$metadata['\@BASE\@/shibboleth'] = ['AssertionConsumerService' => '\@BASE\@/Shibboleth.sso/SAML2/POST'];\n");
$t->write_file('shib/idp.xml', $idp->metadata, 0644);
$t->write_file('shib/shibboleth2.xml', slurp('t/apps/shibboleth2.xml') =~ s/\@IDP\@/$idp->{url}/gr, 0644);
my $map = join '', map { my ($id, $name, $type) = @$_; "<Attribute name=\"urn:oid:$name\" id=\"$id\">" . ($type ? "<AttributeDecoder xsi:type=\"$type\" caseSensitive=\"false\"/>" : '') . "</Attribute>\n" }
  [ eppn => '1.3.6.1.4.1.5923.1.1.1.6', 'ScopedAttributeDecoder' ], [ affiliation => '1.3.6.1.4.1.5923.1.1.1.9', 'ScopedAttributeDecoder' ], [ displayName => '2.16.840.1.113730.3.1.241' ];
$t->write_file('shib/attribute-map.xml', "<Attributes xmlns=\"urn:mace:shibboleth:2.0:attribute-map\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n$map</Attributes>\n", 0644);
$t->write_file("shib/$_.logger", "log4j.rootCategory=WARN, file\nlog4j.appender.file=org.apache.log4j.FileAppender\nlog4j.appender.file.fileName=\@DIR\@/shib/$_.log\n"
      . "log4j.appender.file.layout=org.apache.log4j.PatternLayout\nlog4j.appender.file.layout.ConversionPattern=%d %p %c %x: %m%n\n", 0644) for qw(native shibd);
$t->give_to_server($t->path('shib'), glob $t->path('shib/*'));
my $module = "$t->{modules_dir}/mod_shib.so";
need(-e $module, 'mod_shib');
my $apps = MNV::Apps->start($t);
my $is_up = $apps->run('shibd', sub { -S $t->path('shib/shibd.sock') }, '/usr/sbin/shibd', '-f', '-F', '-c', $t->path('shib/shibboleth2.xml'), '-p', $t->path('shib/shibd.pid'), '-w', 30);
$is_up->();
my $x = MNV::External->start($t, 'external-shib.conf', load => qq(LoadModule mod_shib "$module"\n), more => <<'EOT');
ShibConfig "@DIR@/shib/shibboleth2.xml"
UseCanonicalName On
ScriptAlias /lazy "@DIR@/cgi/show"
<LocationMatch "^/(?:lazy|mynumber/$)">
  AuthType shibboleth
  ShibRequestSetting requireSession 0
  Require shibboleth
</LocationMatch>
<Location /lazy>
  <RequireAll>
  Require shibboleth
  Require mynumber-account
  </RequireAll>
  MyNumberUnauthenticated pass
</Location>
EOT
$x->journey(account => { map { $_ => "$_\@example.ac.jp" } qw(alice bob) }, issuer => $t->url('/shibboleth'), type => 'shibboleth', refuses => qr/^$/,
    attributes => { DISPLAYNAME => 'Alice テスト', AFFILIATION => 'member@example.ac.jp;student@example.ac.jp', SHIB_IDENTITY_PROVIDER => "$idp->{url}/idp" });

# Lazy sessions: the module is there, but asks nobody.
$t->providers->card_is(person => 'adult');
my ($b, $other) = map { my $b = $t->browser; $x->open_as($b, $_, '/mynumber/signin'); $b } qw(alice bob);
my $account = sub { my ($b) = @_; my $r = $b->visit($t->url('/lazy')); return $r->code == 200 ? $r->json->{env}{MYNUMBER_ACCOUNT} : $r->code };
is($account->($t->browser), undef, 'lazy session: nobody is told nobody');
is($account->($b), 'alice@example.ac.jp', '... alice is known');
my $session = $b->jar->cookie('mynumber');
MNV::External::forget($b);
is($account->($b), 'alice@example.ac.jp', '... also when mod_shib knows nobody any more');
$other->jar->put({ %$session });
$t->expect_log('MNV1617');
isnt($account->($other) // '', 'alice@example.ac.jp', '... but not to bob');
is($account->($b), undef, '... whose visit has ended her session');
($b, $other) = map { my $b = $t->browser; $x->open_as($b, $_, '/mynumber/signin'); $b } qw(alice bob);
$other->jar->put({ %{ $b->jar->cookie('mynumber') } });
ok(stands($other->visit($t->url('/mynumber/')), account => 0, identity => 0), "the service page behind a lazy session shows bob nothing of alice's session");
ok(stands($b->visit($t->url('/mynumber/')), account => 0), '... and ends it');
$apps->stop;
$idp->stop;
$t->done;
