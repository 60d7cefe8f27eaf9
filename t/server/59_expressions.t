# %{MYNUMBER:name} tells the same wherever httpd takes an expression: what that location may export, of the person who asks; an unknown name is told at start. And access logs:
# who it was, and nothing more of the person.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(sign_in verify linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
my $asked = '%{MYNUMBER:account}/%{MYNUMBER:name}/%{MYNUMBER:linked}/%{MYNUMBER:attribute-ou}';
my $nothing = '///';
my $nobody = '//0/';    # that it is nobody we know is something to tell

sub utf8_of { my ($text) = @_; utf8::decode($text) if defined $text; return $text }
sub header { return utf8_of($_[0]->header('X-Seen')) }
sub variable { my $env = $_[0]->json->{env}; return $env->{SEEN} // $env->{HTTP_X_SEEN} }
my $requests = 0;
sub is_logged {
    my ($r) = @_;
    my ($number) = $r->url =~ /\?(\d+)$/;
    my $lines = sub { my ($name) = @_; open my $in, '<', $t->path("logs/$name.log") or die $!; return grep { /^\?$number / } <$in> };
    wait_for(sub { $lines->('after') });    # httpd writes its logs in their order
    return $lines->('expression') ? 'logged' : '';
}

# Where an expression may stand: title, text in which SEEN is the expression, how its value shows in an answer, and as what (itself, unless it decides something).
my @places = (
    [ '<If> <ElseIf> <Else>', <<'EOT', \&header ],
<If "%{MYNUMBER:name} != ''">
  Header set X-Seen "expr=SEEN"
</If>
<ElseIf "%{MYNUMBER:account} -strmatch 'sub-*'">
  Header set X-Seen "expr=SEEN"
</ElseIf>
<Else>
  Header set X-Seen "expr=SEEN"
</Else>
EOT
    [ '<If>', "<If \"!('SEEN' -strmatch '//*/')\">\nHeader set X-Seen some\n</If>", \&header, 'some' ],
    [ '<ElseIf>', "<If false>\n</If>\n<ElseIf \"!('SEEN' -strmatch '//*/')\">\nHeader set X-Seen some\n</ElseIf>", \&header, 'some' ],
    [ 'Header', 'Header set X-Seen "expr=SEEN"', \&header ],
    [ 'Header always', 'Header always set X-Seen "expr=SEEN"', \&header ],
    [ 'Header, condition', "Header set X-Seen some \"expr=!('SEEN' -strmatch '//*/')\"", \&header, 'some' ],
    [ 'RequestHeader', 'RequestHeader set X-Seen "expr=SEEN"', \&variable ],
    [ 'SetEnvIfExpr', q{SetEnvIfExpr "'SEEN' =~ /(.*)/" SEEN=$1}, \&variable ],
    [ 'SetEnvIfExpr, host', q{SetEnvIfExpr "'SEEN' =~ /(.*)/" SEEN=$1}, \&variable ],
    [ 'RewriteCond', qq{RewriteEngine on\nRewriteCond expr "'SEEN' =~ /(.*)/"\nRewriteRule ^ - [E=SEEN:%1]}, \&variable ],
    [ 'RewriteCond, host', qq{RewriteEngine on\nRewriteCond expr "'SEEN' =~ /(.*)/"\nRewriteRule ^ - [E=SEEN:%1]}, \&variable ],
    [ 'Redirect', 'Redirect 302 "/elsewhere?SEEN"', sub { utf8_of(($_[0]->header('Location') // '') =~ s/.*\?//r =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger) } ],
    [ 'ErrorDocument', "ErrorDocument 410 \"SEEN\"\nRewriteEngine on\nRewriteRule ^ - [G]", sub { $_[0]->body } ],
    [ 'Require expr', "Require expr \"!('SEEN' -strmatch '//*/')\"", sub { $_[0]->code == 200 ? 'in' : '' }, 'in' ],
    [ 'CustomLog', '', \&is_logged, 'logged' ],
);
my ($n, $locations, $hosts) = (0, '', '');
for my $place (@places) {
    $n++;
    my $text = $place->[1] =~ s/SEEN(?=["'])/$asked/gr;
    for my $export ([ told => 'account name linked attribute-ou' ], [ untold => 'verified attribute-mail' ]) {
        my $section = "MyNumberExport $export->[1]\n$text\n";
        $locations .= "<Location /show/$export->[0]$n>\n$section</Location>\n" if $place->[0] !~ /host/;
        my $port = "\@PORT:$export->[0]$n\@";
        $hosts .= "Listen 127.0.0.1:$port\n<VirtualHost 127.0.0.1:$port>\nServerName localhost:$port\n$section</VirtualHost>\n" if $place->[0] =~ /host/;
    }
}
my $config = $t->default_config(modules => ['setenvif'], server => "MyNumberAccountPass ou mail\n", location => <<"EOT" . $locations . $hosts);
CustomLog "\@DIR\@/logs/expression.log" "%q " "expr=!('$asked' -strmatch '//*/')"
CustomLog "\@DIR\@/logs/after.log" "%q "
CustomLog "\@DIR\@/logs/variables.log" "%U account=%{MYNUMBER_ACCOUNT}e name=%{MYNUMBER_NAME}e header=%{MyNumber-Account}i user=%u"
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined
LogFormat "%v:%p %h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" vhost_combined
CustomLog "\@DIR\@/logs/combined.log" combined
CustomLog "\@DIR\@/logs/vhosts.log" vhost_combined
<Location /show/everything>
  AuthType mynumber
  Require mynumber-verified
  MyNumberExport account account-issuer subject method verified verified-at linked linked-at acr name birthdate gender address age-over-18 age-over-20
</Location>
EOT
$t->start($config);

my %who = (stranger => $t->browser, linked => linked_person($t, '1111111111', 'kanji'), signed_in => $t->browser, card => $t->browser);
$p->signin_is(account => '0123456789');
sign_in($t, $who{signed_in});
$p->card_is(person => 'kanji');
verify($t, $who{card});
my $name = "\x{20BB7}野葛\x{E0100}美";
my %seen = (stranger => $nobody, signed_in => 'sub-0123456789//0/工学部;電気電子工学科', linked => "sub-1111111111/$name/1/", card => "/$name/1/");
my @who = qw(stranger signed_in linked card);

# --- every place, who exports and who does not -------------------------------------------------
$n = 0;
note sprintf '%-22s ' . '%-32s' x @who, 'place', @who;
for my $place (@places) {
    my ($title, undef, $show, $as) = @$place;
    $n++;
    my (@wrong, @cells);
    for my $who (@who) {
        for my $export (qw(told untold)) {
            my $base = $title =~ /host/ ? 'http://localhost:' . $t->port("$export$n") . '/open' : $t->url("/show/$export$n");
            # Cookies do not tell ports apart; the jar does.
            my $got = $show->($who{$who}->get("$base/x?" . ++$requests, headers => [ [ Cookie => $who{$who}->jar->cookie_header($t->url('/')) ] ])) // '';
            my $want = $export eq 'told' ? $seen{$who} : $nothing;
            $want = $want =~ m{^//0?/$} ? '' : $as if $as;
            push @wrong, "$who, $export: \"$got\" instead of \"$want\"" if $got ne $want;
            push @cells, $got if $export eq 'told';
        }
    }
    note sprintf '%-22s ' . '%-32s' x @cells, $title, @cells;
    is(join("\n", @wrong), '', "$title: what the location may export of the person, and nothing else");
}

# --- names -----------------------------------------------------------------------------------------
my @lines = ('Header set X "expr=%{MYNUMBER:NAME}"', "<If \"%{MYNUMBER:NAME} != 'x'\">\n</If>", "Require expr \"%{MYNUMBER:NAME} != 'x'\"");
for my $case ((map { [ 'acount', $_ ] } @lines), map { [ $_, $lines[0] ] } qw(Account linked_at attribute- attribute-UPPER password)) {
    my ($name, $line) = ($case->[0], $case->[1] =~ s/NAME/$case->[0]/r);
    my ($code, $out) = $t->configtest($t->default_config(location => "<Location /x>\n$line\n</Location>\n"));
    ok($code && $out =~ /%\{MYNUMBER:\Q$name\E\}: there is no such fact: write a name of MyNumberExport/, "refused at start: $line") or diag $out;
}
my ($code, $out) = $t->configtest($t->default_config(modules => ['setenvif'], location => "SetEnvIfExpr \"%{mynumber:age-over-20} == '1' || %{MyNumber:attribute-x-y} != ''\" X\n"));
is($code, 0, 'the word before the colon is as httpd takes it, in any case') or diag $out;

# --- access logs -----------------------------------------------------------------------------------
is($who{linked}->get($t->url('/show/everything'))->json->{env}{MYNUMBER_ADDRESS} =~ /奈良県/ && 1, 1, 'an application that knows everything');
is($who{card}->get($t->url('/show/everything'))->code, 200, 'also by card');
$who{linked}->get($t->url('/linked/variables'));
$who{linked}->visit($t->url($_)) for qw(/mynumber/ /mynumber/info /mynumber/nothing);
my $last = '/open/last';
$who{stranger}->get($t->url($last));
my %log = map { my $file = $_; ($file => sub { open my $in, '<:raw', $t->path("logs/$file.log") or die $!; local $/; return scalar <$in> }) } qw(combined vhosts variables access);
ok(wait_for(sub { $log{$_}->() =~ /\Q$last\E/ }), "$_.log is complete") for sort keys %log;
like($log{variables}->(), qr{^/linked/variables account=sub-1111111111 name=- header=sub-1111111111 user=sub-1111111111$}m, 'variables and headers in a log: what is handed on there');
like($log{variables}->(), qr{^/open/last account=- name=- header=- user=-$}m, 'and nothing elsewhere');
like($log{combined}->(), qr{ sub-1111111111 \[[^\]]*\] "GET /show/everything }, 'the default formats tell the account');
for my $log (qw(combined vhosts access)) {
    my $text = $log{$log}->();
    for my $what ([ name => $name ], [ address => '奈良県' ], [ birthdate => '1965-12-31' ], [ birthdate => '19651231' ], [ attribute => '工学部' ], [ account => '\@example\.ac\.jp' ]) {
        utf8::encode(my $bytes = $what->[1]);
        my $encoded = $bytes =~ s/([^\x20-\x7e])/sprintf '%%%02X', ord $1/ger;
        my $escaped = $bytes =~ s/([^\x20-\x7e])/sprintf '\\\\x%02x', ord $1/ger;
        unlike($text, qr/$bytes|$encoded|\Q$escaped\E/i, "$log.log: no $what->[0] of the person");
    }
}
$t->allow_log(qw(AH01630 MNV0501 MNV0504));
$t->done;
