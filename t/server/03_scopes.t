# Data minimisation: what is asked of the card provider is what the configuration can use, and what it sends beyond that is not kept. A scope written by hand that lacks what a line counts on is told at start.
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use MNV::Test;
use MNV::Journey qw(verify);

my $t = MNV::Test->new;
my $base = $t->preamble . <<'EOC';
DBDriver sqlite3
DBDParams "@DB@"
MyNumberBaseURL https://www.example.test
MyNumberSecretFile "@SECRET@"
MyNumberProvider https://card.example.test/realm
MyNumberClientID portal
MyNumberClientKey "@CLIENTKEY@"
EOC
my $signin = <<'EOC';
MyNumberSignInProvider https://idp.example.test
MyNumberSignInClientID portal
MyNumberSignInClientSecretFile "@DIR@/keys/signin-secret"
EOC
$t->write_file('keys/signin-secret', "a secret\n", 0600);

sub at { my ($path, @lines) = @_; return join '', "<Location $path>\n", (map { "  $_\n" } 'AuthType mynumber', @lines), "</Location>\n" }

# --- what is asked --------------------------------------------------------------------------
# what => [configuration, scope asked of the card provider]
my @table = (
    [ 'nothing',                       '',                                                                             'openid' ],
    [ 'a rule about nothing personal', at('/x', 'Require mynumber-verified'),                                          'openid' ],
    [ 'the default export',            at('/x', 'Require mynumber-verified', 'MyNumberExport account verified linked verified-at subject method acr account-issuer linked-at'), 'openid' ],
    [ 'an age flag',                   at('/x', 'MyNumberExport age-over-20'),                                         'openid birthdate' ],
    [ 'the other age flag',            at('/x', 'MyNumberExport age-over-18'),                                         'openid birthdate' ],
    [ 'a name',                        at('/x', 'MyNumberExport name'),                                                'openid name' ],
    [ 'gender and address',            at('/x', 'MyNumberExport gender') . at('/y', 'MyNumberExport address'),         'openid address gender' ],
    [ 'everywhere',                    "MyNumberExport birthdate\n",                                                   'openid birthdate' ],
    [ 'a rule about age',              at('/x', 'Require mynumber-age 18'),                                            'openid birthdate' ],
    [ 'a negated rule',                at('/x', '<RequireAll>', 'Require all granted', 'Require not mynumber-age 18', '</RequireAll>'), 'openid birthdate' ],
    [ 'a rule about the address',      at('/x', 'Require mynumber-attribute identity:address 東京都*'),                'openid address' ],
    [ 'rules without details',         at('/x', 'Require mynumber-acr a', 'Require mynumber-attribute account:name x'), 'openid' ],
    [ 'an expression and its export',  at('/x', 'MyNumberExport gender', 'Require expr "%{MYNUMBER:gender} == \'female\'"'), 'openid gender' ],
    [ 'an expression alone',           at('/x', 'Require expr "%{MYNUMBER:gender} == \'female\'"'),                    'openid' ],    # it is told nothing that is not exported
    [ 'a link',                        $signin,                                                                        'openid name' ],    # what a link keeps by default
    [ 'a link that keeps nothing',     "${signin}MyNumberLinkKeep none\n",                                             'openid' ],
    [ 'a link that keeps more',        "${signin}MyNumberLinkKeep birthdate address\n",                                'openid address birthdate' ],
    [ 'without accounts no link',      "MyNumberLinkKeep birthdate address\n",                                         'openid' ],
    [ 'by hand',                       "MyNumberScope openid gender\n",                                                'openid gender' ],
);
for my $row (@table) {
    my ($what, $config, $scope) = @$row;
    my $text = $base . $config;
    my $dump = eval { $t->dump($text) } or diag $@;
    is($dump->{hosts}[0]{card_scope}, $scope, "$what: $scope");
    note(sprintf '%-30s %s', $what, $scope);
}

# Another host's lines are its own affair; those outside of hosts are everybody's.
my $host = sub { "<VirtualHost 127.0.0.1:\@PORT\@>\nServerName $_[0].example.test\nMyNumberBaseURL https://$_[0].example.test\n$_[1]</VirtualHost>\n" };
my $dump = $t->dump($base . at('/x', 'MyNumberExport gender') . $host->('a', at('/y', 'MyNumberExport name')) . $host->('b', at('/z', 'Require mynumber-age 20')));
is_deeply({ map { $_->{name} => $_->{card_scope} } grep { $_->{line} } @{ $dump->{hosts} } }, { 'a.example.test' => 'openid name gender', 'b.example.test' => 'openid birthdate gender' }, 'each host asks for its own');

# --- what is told ----------------------------------------------------------------------------
# configuration => [the line that counts on it, what is missing]
sub told {
    my ($config) = @_;
    my $text = $base . $config;
    my ($code, $out) = $t->configtest($text);
    is($code, 0, 'it starts') or diag $out;
    return ($out, split /\n/, $t->expand($text));
}
for my $row ([ 'MyNumberExport account age-over-20 name', 'birthdate', 'name' ], [ 'Require mynumber-age 20', 'birthdate' ], [ 'Require mynumber-attribute identity:gender female', 'gender' ],
    [ 'MyNumberExport address', 'address' ]) {
    my ($line, @missing) = @$row;
    my ($out, @lines) = told("MyNumberScope openid\n" . at('/x', $line));
    my ($number) = grep { $lines[ $_ - 1 ] eq "  $line" } 1 .. @lines;
    my ($directive) = $line =~ /^(\w+)/;
    like($out, qr/MNV1347: line $number of \S+: $directive: "[^"]+" can use $_, for which MyNumberScope never asks: add $_ to MyNumberScope, or remove it here/, "$line: told that $_ is missing, where, and how to mend it")
      for @missing;
    is(() = $out =~ /MNV1347/g, scalar @missing, 'and nothing else');
    ($out) = told("MyNumberScope openid @missing\n" . at('/x', $line));
    unlike($out, qr/MNV1347/, 'not where it is asked for');
}
my ($out) = told("MyNumberScope openid profile\n" . at('/x', 'MyNumberExport name birthdate gender address'));
is_deeply([ $out =~ /can use (\w+),/g ], ['address'], "OpenID Connect's profile stands for name, birthdate and gender");
($out) = told("${signin}MyNumberScope openid\n");
like($out, qr/MNV1330: line \d+ of \S+: MyNumberScope: name is not asked for, but MyNumberLinkKeep would use it: add it here, or remove it there/, 'what a link would keep');
($out) = told("${signin}MyNumberSignInScope openid\nMyNumberAccountPass email displayName\n");
like($out, qr/MNV1346: line \d+ of \S+: MyNumberSignInScope: "email" is used, for which the standard scope email is not asked: add email/, 'the same of a standard claim of the account');
is(() = $out =~ /MNV1346/g, 1, 'and of no other');

# --- what is kept -----------------------------------------------------------------------------
my $p = $t->providers;
my $with = sub { $t->default_config(server => $_[0] // '', location => "<Location /show>\n  AuthType mynumber\n  Require all granted\n  MyNumberExport $_[1]\n</Location>\n") };
my $show = sub { my $env = $_[0]->get($t->url('/show/'))->json->{env}; return { map { lc s/^MYNUMBER_//r => $env->{$_} } grep { /^MYNUMBER_/ } keys %$env } };
my $all = 'name birthdate gender address age-over-20';
$t->start($with->("MyNumberLinkKeep none\n", 'age-over-20'));
$p->card_is(person => 'adult', forge => 'userinfo-more');
my $b = $t->browser;
verify($t, $b);
is_deeply($show->($b), { age_over_20 => 1 }, 'the flag alone is handed on');
is($p->card_requests->{authorizations}[-1]{params}{scope}, 'openid birthdate', 'only the birthdate was asked for');
$t->restart($with->("MyNumberLinkKeep none\n", $all));    # the session is the one made before
is_deeply($show->($b), { age_over_20 => 1, birthdate => '1970-01-01' }, 'and nothing else that the provider sent was kept');
$t->restart($with->("MyNumberLinkKeep none\nMyNumberScope openid name\n", 'verified'));
$b = $t->browser;
verify($t, $b);
$t->restart($with->("MyNumberLinkKeep none\n", $all));
is_deeply($show->($b), { name => '余分太郎' }, 'what was asked for by hand is kept');
$t->done;
