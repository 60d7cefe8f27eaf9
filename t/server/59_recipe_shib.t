# docs/recipes/migrate-from-mod-shib.md, the other two ways: by SAML without mod_shib, with the page's own lines and mod_shib's entityID and keys, the application finds the variables
# it knows; and what the page says of keeping mod_shib is what the tested example has.
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use MNV::Test;
use MNV::Apps;
use MNV::Journey qw(link_up);
use MNV::Recipes;
use MNV::SamlUniversity;
use MNV::Source qw(root slurp need_saml);

need_saml();
my ($recipe) = grep { $_->{name} eq 'migrate-from-mod-shib' } MNV::Recipes->all;
my $t = MNV::Test->new;
my $p = $t->providers(signin => 0);
$t->run(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 400 -subj /CN=sp -keyout), $t->path('keys/sp-key.pem'), '-out', $t->path('keys/sp-cert.pem'));
my %oid = (eppn => 'urn:oid:1.3.6.1.4.1.5923.1.1.1.6', scoped => 'urn:oid:1.3.6.1.4.1.5923.1.1.1.9', name => 'urn:oid:2.16.840.1.113730.3.1.241', mail => 'urn:oid:0.9.2342.19200300.100.1.3');
my $u = MNV::SamlUniversity->start($t, entity_id => 'https://idp.example.ac.jp/idp/shibboleth', scope => 'example.ac.jp', sp => '@BASE@/shibboleth', encrypt => $t->path('keys/sp-cert.pem'), people => {
    alice => { $oid{eppn} => ['alice@example.ac.jp'], $oid{scoped} => [ 'student@example.ac.jp', 'member@example.ac.jp' ], $oid{name} => ['試験 アリス'], $oid{mail} => ['a@example.ac.jp'] },
    bob => { $oid{eppn} => ['bob@example.ac.jp'], $oid{scoped} => ['affiliate@example.ac.jp'], $oid{name} => ['B'], $oid{mail} => ['b@example.ac.jp'] },
});
$t->write_file('keys/idp-metadata.xml', $u->metadata, 0644);
for my $folder ('srv', 'srv/staff', 'srv/staff/personal') {
    mkdir $t->path($folder), 0755;
    $t->run('cp', root . '/docs/recipes/apps/staff.php', $t->path("$folder/index.php")) if $folder ne 'srv';
}
my $rest = $recipe->block('apache') =~ s/\AMyNumberAccountAttribute .*\nMyNumberAccountPass .*\n//r;
isnt($rest, $recipe->block('apache'), 'the first two lines are of the sign-in');
$rest =~ s/attribute-name\b/attribute-displayname/g;
$rest =~ s/attribute-email\b/attribute-mail/g;
sub here { my ($text) = @_; return $text =~ s{/etc/shibboleth/}{\@DIR\@/keys/}gr =~ s{https://portal\.example\.ac\.jp}{\@BASE\@}gr =~ s{/run/php/php8\.2-fpm\.sock}{\@DIR\@/run/php.sock}gr =~ s{/srv/}{\@DIR\@/srv/}gr }
my $apps = MNV::Apps->start($t, 'php');
$t->start($t->default_config(signin => here($recipe->block('apache saml')), modules => [ $recipe->modules ], location => here($rest)));

my $b = $t->browser;
my $page = $u->open_as($b, 'alice', '/staff/');
my $old = { eppn => 'alice@example.ac.jp', REMOTE_USER => 'alice@example.ac.jp', displayName => '試験 アリス', mail => 'a@example.ac.jp', affiliation => 'student@example.ac.jp;member@example.ac.jp',
    'Shib-Identity-Provider' => 'https://idp.example.ac.jp/idp/shibboleth' };
is_deeply($page->code == 200 ? $page->json : $page->text, $old, 'the application finds the variables it knows');
is_deeply($b->get($t->url('/staff/'), headers => [ map { [ $_ => 'root' ] } qw(eppn Shib-Identity-Provider mail MyNumber-Account) ])->json, $old, 'whatever a client sends');
is($u->open_as($t->browser, 'bob', '/staff/')->mnv_code, 'MNV0809', 'who has no such affiliation is refused');
$t->expect_log('AH01630');
$p->card_is(person => 'adult');
$page = $b->visit($t->url('/staff/personal/'));
is_deeply(link_up($b)->json, $old, 'what is new: the card, and then the same application answers there');

# --- keeping mod_shib ---
my %example = map { $_ => 1 } split /\n/, slurp('conf/examples/external-shib.conf');
is(join("\n", grep { !$example{$_} } split /\n/, $recipe->block('apache external')), '', 'what is added beside mod_shib stands in the example that is tested with it');
$u->stop;
$t->done;
