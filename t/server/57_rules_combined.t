# Rules combined - <RequireAll>, <RequireAny>, <RequireNone>, not, one in another, with httpd's own rules, Satisfy and AuthMerging -, the same in the server's configuration and in
# .htaccess. Every cell rule x session x outcome; what a person can mend starts the least that mends it, and what nobody can starts nothing.
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use MNV::Test;
use MNV::Journey qw(sign_in verify linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
my %short = (A => 'mynumber-account', V => 'mynumber-verified', L => 'mynumber-linked', AGE => 'mynumber-age 20', STUDENT => 'mynumber-attribute account:eduPersonAffiliation student',
    OSAKA => 'mynumber-attribute identity:address 大阪府*', HERE => 'ip 127.0.0.1', AWAY => 'ip 192.0.2.1', ONE => 'user sub-0123456789', STAFF => 'group staff', SOMEBODY => 'valid-user',
    NOTHING => 'all denied', ANYTHING => 'all granted');

# "all(A not(V) any(L AGE))" as lines of a configuration.
sub lines {
    my ($text) = @_;
    my %container = (all => 'RequireAll', any => 'RequireAny', none => 'RequireNone');
    my ($lines, @open) = ('');
    for my $word ($text =~ /(\w+\(|\)|\w+)/g) {
        if ($word =~ /^not\($/) { push @open, ''; $lines .= 'Require not ' }
        elsif ($word =~ /^(\w+)\($/) { push @open, $container{$1}; $lines .= "<$container{$1}>\n" }
        elsif ($word eq ')') { my $name = pop @open; $lines .= "</$name>\n" if $name }
        else { $lines .= ($lines =~ /not $/ ? '' : 'Require ') . "$short{$word}\n" }
    }
    return $lines;
}

my %who = (nobody => [], unlinked => ['1111111111'], adult_card => [ undef, 'kanji' ], minor_card => [ undef, 'turns18' ], linked_adult => ['0123456789'], linked_minor => ['9876543210'],
    both => [ '2222222222', 'foreign' ]);
my @who = qw(nobody unlinked adult_card minor_card linked_adult linked_minor both);
# rule, outcome for each of them in this order: 200, what is started, or the code of the page that says no
my @table = (
    #                                    nobody       unlinked     adult_card   minor_card   linked_adult linked_minor both
    [ 'A',                                 qw(sign-in      200          sign-in      sign-in      200          200          200) ],
    [ 'V',                                 qw(card         card         200          200          200          200          200) ],
    [ 'L',                                 qw(sign-in      card         sign-in      sign-in      200          200          service) ],
    [ 'AGE',                               qw(card         card         200          MNV0807      200          MNV0807      200) ],
    [ 'STUDENT',                           qw(sign-in      200          sign-in      sign-in      200          MNV0809      200) ],
    [ 'OSAKA',                             qw(card         card         MNV0809      MNV0809      MNV0809      200          MNV0809) ],
    [ 'all(A V)',                          qw(sign-in      card         sign-in      sign-in      200          200          200) ],
    [ 'any(A V)',                          qw(sign-in      200          200          200          200          200          200) ],
    [ 'any(V A)',                          qw(sign-in      200          200          200          200          200          200) ],
    [ 'all(A L)',                          qw(sign-in      card         sign-in      sign-in      200          200          service) ],
    [ 'any(L AGE)',                        qw(sign-in      card         200          sign-in      200          200          200) ],
    [ 'all(V not(L))',                     qw(card         card         200          200          MNV0801      MNV0801      200) ],
    [ 'all(A not(V))',                     qw(sign-in      200          MNV0801      MNV0801      MNV0801      MNV0801      MNV0801) ],
    [ 'all(ANYTHING none(L))',             qw(200          200          200          200          MNV0801      MNV0801      200) ],
    [ 'all(A none(V AGE))',                qw(sign-in      200          MNV0801      MNV0801      MNV0801      MNV0801      MNV0801) ],
    [ 'all(V not(AGE))',                   qw(card         card         MNV0801      200          MNV0801      200          MNV0801) ],
    [ 'all(V not(STUDENT))',               qw(card         MNV0801      200          200          MNV0801      200          MNV0801) ],
    [ 'all(A not(STUDENT))',               qw(sign-in      MNV0801      sign-in      sign-in      MNV0801      200          MNV0801) ],
    [ 'all(AGE STUDENT)',                  qw(sign-in      card         sign-in      MNV0807      200          MNV0807      200) ],
    [ 'any(AGE STUDENT)',                  qw(sign-in      200          200          sign-in      200          MNV0807      200) ],
    [ 'any(all(A STUDENT) all(V AGE))',    qw(sign-in      200          200          sign-in      200          MNV0809      200) ],
    [ 'all(any(A V) not(AGE))',            qw(sign-in      200          MNV0801      200          MNV0801      200          MNV0801) ],
    [ 'all(any(STUDENT OSAKA) any(A AGE))', qw(sign-in      200          sign-in      sign-in      200          200          200) ],
    [ 'any(NOTHING A)',                    qw(sign-in      200          sign-in      sign-in      200          200          200) ],
    [ 'all(NOTHING A)',                    qw(MNV0801      MNV0801      MNV0801      MNV0801      MNV0801      MNV0801      MNV0801) ],
    [ 'any(AWAY L)',                       qw(sign-in      card         sign-in      sign-in      200          200          service) ],
    [ 'any(HERE L)',                       qw(200          200          200          200          200          200          200) ],
    [ 'all(HERE A)',                       qw(sign-in      200          sign-in      sign-in      200          200          200) ],
    [ 'all(AWAY A)',                       qw(MNV0801      MNV0801      MNV0801      MNV0801      MNV0801      MNV0801      MNV0801) ],
    [ 'all(A not(AWAY))',                  qw(sign-in      200          sign-in      sign-in      200          200          200) ],
    [ 'all(A not(HERE))',                  qw(MNV0801      MNV0801      MNV0801      MNV0801      MNV0801      MNV0801      MNV0801) ],
    [ 'ONE',                               qw(sign-in      MNV0801      sign-in      sign-in      200          MNV0801      MNV0801) ],
    [ 'all(ONE V)',                        qw(card         MNV0801      sign-in      sign-in      200          MNV0801      MNV0801) ],
    [ 'any(ONE AGE)',                      qw(card         card         200          sign-in      200          MNV0807      200) ],
    [ 'all(A not(ONE))',                   qw(sign-in      200          sign-in      sign-in      MNV0801      200          200) ],
    [ 'SOMEBODY',                          qw(sign-in      200          200          200          200          200          200) ],
    [ 'all(SOMEBODY V)',                   qw(card         card         200          200          200          200          200) ],
    [ 'any(SOMEBODY V)',                   qw(card         200          200          200          200          200          200) ],
    [ 'STAFF',                             qw(sign-in      MNV0801      sign-in      sign-in      200          MNV0801      200) ],
    [ 'all(STAFF V)',                      qw(card         MNV0801      sign-in      sign-in      200          MNV0801      200) ],
    [ 'any(STAFF L)',                      qw(sign-in      card         sign-in      sign-in      200          200          200) ],
);
$t->write_file('conf/groups', "staff: sub-0123456789 sub-2222222222\n", 0644);
# What is not written with Require alone: title, text, text of the folder around, rule of the table that it comes to (undef: httpd's own 403).
my @worded = (
    [ 'Satisfy Any, from here', "Order deny,allow\nDeny from all\nAllow from 127.0.0.1\nSatisfy Any\n" . lines('L'), '', 'any(HERE L)' ],
    [ 'Satisfy Any, from elsewhere', "Order deny,allow\nDeny from all\nSatisfy Any\n" . lines('L'), '', 'L' ],
    [ 'Satisfy All, from here', "Order deny,allow\nDeny from all\nAllow from 127.0.0.1\n" . lines('L'), '', 'L' ],
    [ 'Satisfy All, from elsewhere', "Order deny,allow\nDeny from all\n" . lines('L'), '' ],
    [ 'AuthMerging And', "AuthMerging And\n" . lines('V'), lines('A'), 'all(A V)' ],
    [ 'AuthMerging Or', "AuthMerging Or\n" . lines('V'), lines('A'), 'any(A V)', 'in .htaccess alone' ],    # a <Location> joins what <Directory> says as well
    [ 'AuthMerging Off', lines('V'), lines('A'), 'V' ],
);
my %outcome = map { my ($rule, @want) = @$_; ($rule => \@want) } @table;
my @cases = ((map { [ $_->[0], lines($_->[0]), '', $outcome{ $_->[0] } ] } @table), map { [ @$_[ 0 .. 2 ], $_->[3] ? $outcome{ $_->[3] } : [ (403) x @who ], $_->[4] ] } @worded);
my $locations = '';
for my $n (0 .. $#cases) {
    my (undef, $text, $around) = @{ $cases[$n] };
    my $auth = "AuthType mynumber\nAuthGroupFile \"\@DIR\@/conf/groups\"\n";
    $locations .= "<Location /server/$n>\n$auth$around</Location>\n<Location /server/$n/in>\n$text</Location>\n";
    mkdir $t->path("htdocs/$n$_") for '', '/in';
    $t->write_file("htdocs/$n/.htaccess", $auth . $around, 0644);
    $t->write_file("htdocs/$n/in/.htaccess", $text, 0644);
    $t->write_file("htdocs/$n/in/page.html", "a page\n", 0644);
}
for my $mistake ([ closed => 'Require mynumber-account' ], [ wrong => 'Require mynumber-age young' ]) {
    mkdir $t->path("htdocs/$mistake->[0]");
    $t->write_file("htdocs/$mistake->[0]/.htaccess", "AuthType mynumber\n$mistake->[1]\n", 0644);
    $t->write_file("htdocs/$mistake->[0]/page.html", "a page\n", 0644);
}
$t->start($t->default_config(modules => [qw(authz_user authz_groupfile access_compat)],
    server => "MyNumberLinkKeep name birthdate address\nMyNumberScope openid name birthdate address\nMyNumberAccountPass eduPersonAffiliation\n", location => $locations . <<'EOT'));
AliasMatch "^/server/" "@DIR@/htdocs/index.html"
LogLevel authz_core:debug mynumber_verify:trace8
<Directory "@DIR@/htdocs">
  AllowOverride AuthConfig Limit
</Directory>
<Directory "@DIR@/htdocs/closed">
  AllowOverride FileInfo
</Directory>
EOT
# Not what anybody was refused for, either: of these rules speak, the others are the people's.
$t->forbid_in_log('1965-12-31', '19651231', '1980-04-01', '19800401', '奈良県', '愛知県', '福岡県', '東京都', 'affiliate');

sub answer {
    my ($b, $path) = @_;
    my $r = $b->get($t->url($path));
    my $to = $r->header('Location') // '';
    return $r->code == 303 ? ($to =~ m{/realms/} ? 'card' : $to =~ m{/university/} ? 'sign-in' : 'service') : $r->mnv_code // $r->code;
}
linked_person($t, '0123456789', 'adult');
linked_person($t, '9876543210', 'minor');
my %browser = map { my ($account, $person) = @{ $who{$_} };
    my $b = $t->browser;
    if ($account) { $p->signin_is(account => $account); sign_in($t, $b) }
    if ($person) { $p->card_is(person => $person); verify($t, $b) }
    $_ => $b } @who;
note(sprintf '%-36s' . ' %-13s' x @who, 'rule', @who);
for my $n (0 .. $#cases) {
    my ($rule, $want, $alone) = @{ $cases[$n] }[ 0, 3, 4 ];
    my @got = map { answer($browser{$_}, "/$n/in/page.html") } @who;
    note(sprintf '%-36s' . ' %-13s' x @who, $rule, @got);
    is_deeply(\@got, $want, "$rule, in .htaccess");
    is_deeply([ map { answer($browser{$_}, "/server/$n/in") } @who ], $want, $rule) if !$alone;
}
# A file that nobody can follow lets nobody in, and the log says why.
is(answer($browser{linked_adult}, "/$_/page.html"), 500, ".htaccess: nobody is let in: $_") for qw(closed wrong);
my @told = (qr{/htdocs/closed/\.htaccess: AuthType not allowed here}, qr{/htdocs/wrong/\.htaccess: "Require mynumber-age": "young" is no age: write the years});
for my $line (@told) {
    like($t->error_log, $line, '.htaccess: and the log says why');
    $t->allow_line($line);
}
$t->allow_log(qw(AH01630 AH01631 AH01797));
$t->done;
