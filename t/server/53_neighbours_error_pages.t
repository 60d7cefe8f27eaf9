# Error documents: what is protected is not shown by way of an error, also where httpd itself asks no rule (the error document is the page itself), and an open one knows nobody.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
my $MARK = 'only-for-the-person';
mkdir $t->path("htdocs/$_") for qw(secret bare pass other);
$t->write_file("htdocs/$_/page.html", "$MARK\n", 0644) for qw(secret bare pass other);
$t->write_file('cgi/app', "#!$^X\n" . 'print "Content-Type: text/plain\n\nopen\n", map { "$_=$ENV{$_}\n" } sort keys %ENV;', 0755);
$t->write_file('cgi/told', "#!$^X\n" . "print \"Content-Type: text/plain\\n\\n$MARK\\n\", map { \"\$_=\$ENV{\$_}\\n\" } sort keys %ENV;", 0755);
$t->start($t->default_config(sample => 0, modules => ['allowmethods'], location => <<'EOT'));
LogFormat "%m %U %>s user=%<u last=%>u" who
CustomLog "@DIR@/logs/who.log" who
ScriptAlias /app "@DIR@/cgi/app"
ScriptAliasMatch ^/(?:secret|bare|pass)/told "@DIR@/cgi/told"
# mod_allowmethods refuses before any rule is asked.
<LocationMatch "^/(?:secret|bare|pass|other)/">
  AllowMethods GET
</LocationMatch>
<Location /secret/>
  AuthType mynumber
  Require mynumber-linked
  ErrorDocument 405 /secret/told
  ErrorDocument 400 /secret/page.html
  ErrorDocument 404 /app
  ErrorDocument 416 /secret/told
</Location>
<Location /bare/>
  Require mynumber-linked
  ErrorDocument 405 /bare/page.html
</Location>
<Location /pass/>
  AuthType mynumber
  Require mynumber-linked
  MyNumberUnauthenticated pass
  ErrorDocument 405 /pass/told
</Location>
# Not ours: httpd shows the page of a refusal although the rule refuses that as well.
<Location /other/>
  Require ip 192.0.2.1
  ErrorDocument 403 /other/page.html
</Location>
ErrorDocument 400 /secret/page.html
ErrorDocument 414 /secret/told
EOT
my %who = (stranger => $t->browser, linked => linked_person($t, '1111111111', 'adult'));
my $session = $who{linked}->jar->cookie_header($t->url('/'));

# title, what is asked for (a path, or bytes), what a stranger and what a linked person see: status, and "mark" (protected), "account" (in a variable)
my @cases = (
    ['a refusal before the rules, its page the same', "PUT /secret/told HTTP/1.1\r\nHost: localhost\r\n", '405', '405 mark account'],
    ['the same where there is no AuthType', "PUT /bare/page.html HTTP/1.1\r\nHost: localhost\r\n", '405', '405 mark'],
    ['the same where strangers pass', "PUT /pass/told HTTP/1.1\r\nHost: localhost\r\n", '405 mark', '405 mark account'],
    ['the same of a method that is not known', "FORGE /secret/told HTTP/1.1\r\nHost: localhost\r\n", '405', '405 mark account'],
    ['a refusal by another rule, its page the same', '/other/page.html', '403 mark', '403 mark'],
    ['a page that is not there, its page open', '/secret/nothing', '303', '404 open'],
    ['a bad request, its page protected', "GET /secret/%zz HTTP/1.1\r\nHost: localhost\r\n", '400', '400 mark'],
    ['a bad header, its page protected', "GET /secret/page.html HTTP/1.1\r\nHost: localhost\r\nBad header\r\n", '400', '400'],
    ['no host, its page protected', "GET /secret/page.html HTTP/1.1\r\n", '400', '400 mark'],
    ['a URL too long, its page protected', 'GET /secret/' . ('x' x 9000) . " HTTP/1.1\r\nHost: localhost\r\n", '414', '414'],
    ['a range that cannot be', "GET /secret/page.html HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Mode: cors\r\nRange: bytes=9000-\r\n", '401', '416 mark account'],
);
note sprintf '%-60s %-14s %s', 'error', 'stranger', 'linked';
for my $case (@cases) {
    my ($title, $ask, %want) = ($case->[0], $case->[1], stranger => $case->[2], linked => $case->[3]);
    my %got;
    for my $name (sort keys %who) {
        my $cookie = $name eq 'linked' ? "Cookie: $session\r\n" : '';
        my $answer = $ask =~ m{^/} ? do { my $r = $who{$name}->get($t->url($ask)); $r->head . "\r\n\r\n" . $r->body }
          : MNV::Browser::raw('localhost', $t->port, "${ask}${cookie}Connection: close\r\n\r\n");
        my ($code) = $answer =~ m{^HTTP/1.1 (\d+)};
        $got{$name} = join ' ', $code, $answer =~ /$MARK/ ? 'mark' : (), $answer =~ /^open$/m ? 'open' : (), $answer =~ /^MYNUMBER_ACCOUNT=sub-1111111111$/m ? 'account' : (),
          $answer =~ /^REDIRECT\w*=sub-/m ? 'LEAK' : ();
    }
    note sprintf '%-60s %-14s %s', $title, @got{qw(stranger linked)};
    is($got{$_}, $want{$_}, "$title: $_") for sort keys %got;
}

# A linked person's HEAD has no body; the access log knows who asked, whichever page answered.
my $head = MNV::Browser::raw('localhost', $t->port, "HEAD /secret/page.html HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
unlike($head, qr/$MARK/, 'HEAD shows nothing');
my $log = do { local (@ARGV, $/) = $t->path('logs/who.log'); <> };
like($log, qr{^GET /secret/nothing 404 user=sub-1111111111 }m, 'the access log has the account of who came to an open error document');
like($log, qr{^GET /secret/nothing 303 user=- }m, 'and of a stranger none');
$t->expect_log('AH01623');    # a method that is not allowed
$t->allow_log('AH10244', 'AH01630');
$t->done;
