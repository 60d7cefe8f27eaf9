# The subject an application receives is its own: another one at another application and another host, the same for good at this one - session after session, on every node, after a
# restart, with new sealing keys, with the card held again or renewed. The provider's own is for nobody's eyes.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64url);
use MNV::Test;
use MNV::Backend;
use MNV::Journey qw(sign_in verify linked_person);

my $t = MNV::Test->new;
my $second = 'http://localhost:' . $t->port('second');
my $p = $t->providers(
    clients => { card => { redirect_uris => [ map { "$_/mynumber/verify/callback" } $t->base, $second ] } },
    card => { persons => { renewed => { same_as => 'adult', label => { ja => '改姓', en => 'renamed' }, name => '川田太郎', address => '東京都港区', birthdate => '19800401', gender => '1' } } });
my $backend = MNV::Backend->start($t->port('backend'));
my %section = (
    one => 'MyNumberExport subject', two => 'MyNumberExport subject', 'one/inside' => 'MyNumberHeaderEncoding base64url', 'one/own' => 'MyNumberSubject pairwise',
    shared1 => "MyNumberExport subject\nMyNumberSubject shared", shared2 => "MyNumberExport subject\nMyNumberSubject shared", everything => 'MyNumberExport account subject method verified verified-at acr name',
);
my $locations = join '', map { "<Location /show/$_>\n  AuthType mynumber\n  Require mynumber-verified\n$section{$_}\n</Location>\n" } sort keys %section;
# Sections that say more of a part of an application.
my %part = (
    if1 => ['', '<If "true">', 'MyNumberExport subject', '</If>'], if2 => ['', '<If "true">', 'MyNumberExport subject', '</If>'],
    if3 => ['MyNumberExport account subject', '<If "%{QUERY_STRING} == \'x\'">', 'MyNumberExport subject', '</If>'],
    files1 => ['', '<Files "page.html">', 'MyNumberExport subject', '</Files>'], files2 => ['', '<FilesMatch "page">', "MyNumberExport subject\n</FilesMatch>\n<Files \"*.html\">\nMyNumberSubject pairwise", '</Files>'],
    files3 => ['', '<Files "page.html">', 'MyNumberExport subject', '</Files>'],
);
for my $name (sort keys %part) {
    my ($whole, @inside) = @{ $part{$name} };
    mkdir $t->path("htdocs/$name");
    $t->write_file("htdocs/$name/page.html", "a page\n", 0644);
    my $text = join "\n", 'AuthType mynumber', 'Require mynumber-verified', 'Header set X-Subject "expr=%{MYNUMBER:subject}"', $whole, @inside;
    $locations .= $name =~ /if/ ? "<Location /$name>\n$text\n</Location>\n" : "<Directory \"\@DIR\@/htdocs/$name\">\n$text\n</Directory>\n";
}
my $config = $t->default_config(modules => [qw(proxy proxy_http)], location => <<"EOT" . $locations);
CustomLog "\@DIR\@/logs/people.log" "%U %u %{MYNUMBER_SUBJECT}e %{MyNumber-Subject}i %{REMOTE_USER}e"
ProxyPass /proxied http://127.0.0.1:\@PORT:backend\@/
<Location /proxied>
  AuthType mynumber
  Require mynumber-verified
  MyNumberExport subject
</Location>
Listen 127.0.0.1:\@PORT:second\@
<VirtualHost 127.0.0.1:\@PORT:second\@>
  ServerName $second
  MyNumberBaseURL $second
</VirtualHost>
EOT
$t->start($config);
my $other = MNV::Test->new(node_of => $t);
$other->start($other->default_config(location => $locations));

sub at { my ($b, $name, $base) = @_; return $b->get(($base // $t->base) . "/show/$name")->json->{env}{MYNUMBER_SUBJECT} }
sub by_card { my ($person, $base) = @_; my $b = $t->browser; $p->card_is(person => $person); $b->visit(($base // $t->base) . '/mynumber/verify'); return $b }
my $LOOK = qr/^[\w-]{43}$/;

# --- differs, and where ------------------------------------------------------------
my $b = by_card('adult');
my $own = $p->card_requests->{userinfo}[-1]{subject};
like($own, qr/^[0-9a-f]{8}-/, "the provider's own subject");
my %here = map { $_ => at($b, $_) } grep { $_ ne 'everything' } keys %section;
like($here{$_}, $LOOK, "$_: a subject") for sort keys %here;
isnt($here{one}, $here{two}, 'another application, another subject');
is($here{'one/inside'}, $here{one}, 'a section inside an application is part of it, whatever the encoding');
isnt($here{'one/own'}, $here{one}, 'unless it says that it is one of its own');
is($here{shared1}, $here{shared2}, 'shared: the same in the whole host');
is(scalar(keys %{ { map { $_ => 1 } @here{qw(one two one/own shared1)} } }), 4, 'and none of them another');
my $there = by_card('adult', $second);
my %there = map { $_ => at($there, $_, $second) } qw(one two shared1 shared2);
is(scalar(grep { $there{$_} !~ $LOOK || $there{$_} eq $here{$_} } keys %there), 0, 'another host, another subject, shared or not') or diag explain \%there;
is($there{shared1}, $there{shared2}, 'shared: the same in that host too');
my $somebody = by_card('adult2');
is(scalar(grep { at($somebody, $_) eq $here{$_} } keys %here), 0, 'another person, another subject');
my %part_of = map { my $name = $_; map { ("$name$_" => $b->get($t->url("/$name/page.html$_"))->header('X-Subject')) } '', '?x' } sort keys %part;
like($part_of{$_}, $LOOK, "$_: a subject") for sort keys %part_of;
is($part_of{"$_?x"}, $part_of{$_}, "$_: one application, one subject") for sort keys %part;
is(scalar(keys %{ { map { $_ => 1 } values %part_of, values %here } }), keys(%part) + 4, 'two applications that say it for a part of theirs in the same words are two all the same') or diag explain \%part_of;
my $account = linked_person($t, '0123456789', 'adult');

# --- stays ---------------------------------------------------------------------------
sub stays { my ($title, $who, $base) = @_; is_deeply({ map { $_ => at($who, $_, $base) } keys %here }, \%here, "the same $title") }
stays('in the same session', $b);
stays('with the card held again in it', do { verify($t, $b); $b });
stays('in another session', by_card('adult'));
stays('with a renewed card, as long as the provider keeps its subject', by_card('renewed'));
stays('for who is linked', $account);
$p->signin_is(account => '0123456789');
my $linked = $t->browser;
sign_in($t, $linked);
stays('when the link tells it, without a card', $linked);
stays('on another node', $b, $other->base);
isnt(at(by_card($_), 'one'), $here{one}, "not with the provider's subject of somebody else: $_") for qw(changed changed-after);
isnt(at(by_card('changed'), 'one'), at(by_card('changed-after'), 'one'), 'nor after the provider changed it');
$other->stop;
$t->run($t->{ctl}, qw(keygen secret), $t->secret_file);
$t->give_to_server($t->secret_file);
$t->restart;
stays('after a restart with a new sealing key', $b);
$linked = $t->browser;
sign_in($t, $linked);
stays('after that, when the link tells it', $linked);

# --- REMOTE_USER -----------------------------------------------------------------------
my $env = $b->get($t->url('/show/one'))->json->{env};
is_deeply([ @$env{qw(REMOTE_USER MYNUMBER_SUBJECT HTTP_MYNUMBER_SUBJECT AUTH_TYPE)} ], [ ($here{one}) x 3, 'mynumber' ], 'by card alone REMOTE_USER is the subject, as variable and header');
is($b->get($t->url('/show/two'))->json->{env}{REMOTE_USER}, $here{two}, "at each application its own");
is($linked->get($t->url('/show/one'))->json->{env}{REMOTE_USER}, 'sub-0123456789', 'with an account it is the account');
my %proxied = map { lc $_->[0] => $_->[1] } @{ $b->get($t->url('/proxied/x'))->json };
like($proxied{'mynumber-subject'}, $LOOK, 'a proxied application gets its own');
isnt($proxied{'mynumber-subject'}, $here{one}, 'which is no other');

# --- the provider's own ----------------------------------------------------------------------
$b->get($t->url('/proxied/last'));
my %everywhere = (
    map({ my $who = $_->[0]; my $browser = $_->[1]; map { ("$_, $who" => $browser->get($t->url($_))->{raw_body}) } qw(/show/one /show/everything /show/shared1 /proxied/x /open/ /mynumber/ /mynumber/info) }
        [ card => $b ], [ linked => $linked ], [ both => $account ]),
    cookies => join('', map { $_->{value} } $b->jar->all),
    map({ my $file = $_; ("$_.log" => do { open my $in, '<:raw', $t->path("logs/$file.log") or die $!; local $/; scalar <$in> }) } qw(access error people)),
    map({ ($_ => JSON::PP->new->encode($t->sql("SELECT * FROM $_"))) } qw(mynumber_links mynumber_link_history mynumber_sessions mynumber_replay)),
);
for my $place (sort keys %everywhere) {
    my $text = $everywhere{$place};
    my @found = grep { index(lc $text, lc $_) >= 0 } $own, $own =~ tr/-//dr, map { s/^.|.$//gr } encode_base64url($own);
    ok(length $text && !@found, "the provider's own subject is not to be found: $place") or diag "@found";
}
$backend->stop;
$t->done;
