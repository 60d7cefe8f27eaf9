# MyNumberUnauthenticated, every cell: policy x session x kind of request, set in the server's configuration and in .htaccess. What was answered, whether a flow was begun, and what
# the application was told, which is never anything of a session that has ended.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(sign_in linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
my @policies = qw(redirect 401 403 pass);
my $application = do { open my $in, '<', $t->path('cgi/show') or die $!; local $/; <$in> };
my $locations = '';
mkdir $t->path('htdocs/parts');
for my $policy (@policies) {
    my $rules = "AuthType mynumber\nRequire mynumber-linked\nMyNumberUnauthenticated $policy\n";
    $locations .= "<Location /show/$policy>\n$rules</Location>\n";
    mkdir $t->path("htdocs/$policy");
    $t->write_file("htdocs/$policy/.htaccess", $rules, 0644);
    $t->write_file("htdocs/$policy/app.cgi", $application, 0755);
}
my %place = (server => sub { "/show/$_[0]" }, htaccess => sub { "/$_[0]/app.cgi" });
for my $how (keys %place) {
    $t->write_file("htdocs/parts/$how-$_.shtml", '<!--#include virtual="' . $place{$how}->($_) . "\" -->\n", 0644) for @policies;
}
my $config = sub { $t->default_config(modules => ['include'], server => "MyNumberRecheck 0s\n$_[0]", location => $locations . <<'EOT');
<Directory "@DIR@/htdocs">
  Options +Includes +ExecCGI
  AllowOverride AuthConfig
  AddHandler cgi-script .cgi
  AddType text/html .shtml
  AddOutputFilter INCLUDES .shtml
</Directory>
EOT
};
$t->start($config->(''));

# --- people -------------------------------------------------------------------------------
my %who = (stranger => $t->browser, idle => linked_person($t, '0123456789', 'adult'));
is($who{idle}->get($t->url('/show/403'))->code, 200, 'who is linked and idle was let in before');
$t->sql('UPDATE mynumber_sessions SET seen_at = 1');
$p->signin_is(account => '0123456789');
$who{expired} = $t->browser;
sign_in($t, $who{expired});
$who{ended} = $t->browser;
sign_in($t, $who{ended});
$who{ended}->jar->put({ %{ $who{ended}->jar->cookie('mynumber') }, value => 'A' x 43 });
$who{linked} = linked_person($t, '1111111111', 'kanji');
$who{signed_in} = $t->browser;
$p->signin_is(account => '9876543210');
sign_in($t, $who{signed_in});

# --- requests -------------------------------------------------------------------------------
my %ask = (
    GET => sub { $_[0]->get($_[1]) },
    HEAD => sub { $_[0]->request('HEAD', $_[1], headers => [ [ Accept => 'text/html' ], [ 'Sec-Fetch-Mode' => 'navigate' ] ]) },
    POST => sub { $_[0]->post_form($_[1], { text => 'long work' }) },
    fetch => sub { $_[0]->fetch($_[1]) },
    part => sub { $_[0]->get($_[2]) },
);
my @kinds = qw(GET HEAD POST fetch part);
sub told {
    my ($r) = @_;
    my $to = $r->header('Location') // '';
    my @cell = ($r->code, $to =~ m{/realms/} ? 'card' : $to =~ m{/university/} ? 'sign-in' : $to, $r->mnv_code);
    push @cell, 'how' if defined $r->header('WWW-Authenticate');
    push @cell, 'flow' if grep { /^mnv-f-/ } $r->headers('Set-Cookie');
    if ($r->body =~ /\{"env":/) {
        my %got = $r->body =~ /"((?:HTTP_)?(?:MYNUMBER_\w+|REMOTE_USER|COOKIE))":"([^"]*)"/g;
        # Variables and headers tell the same, or it is a mistake.
        my @wrong = grep { /^HTTP_(MYNUMBER.*)/ && $got{$_} ne ($got{$1} // '') } keys %got;
        push @cell, 'V' . ($got{MYNUMBER_VERIFIED} // '-'), 'L' . ($got{MYNUMBER_LINKED} // '-'), $got{MYNUMBER_ACCOUNT} // 'nobody', @wrong,
          ($got{REMOTE_USER} // '') eq ($got{MYNUMBER_ACCOUNT} // '') ? () : 'USER', ($got{HTTP_COOKIE} // '') =~ /mynumber|mnv/ ? 'COOKIE' : (),
          !defined $got{MYNUMBER_ACCOUNT} && exists $got{MYNUMBER_VERIFIED_AT} ? 'STALE' : ();
    }
    push @cell, 'an error' if $r->body =~ /an error occurred/;
    return join ' ', grep { defined && length } @cell;
}

# policy => cells of GET, HEAD, POST, fetch, part
my %nobody = (
    redirect => [ '303 sign-in flow', '303 sign-in flow', '401 MNV0803 how', '401 MNV0802 how', '200 an error' ],
    401 => [ '401 MNV0802 how', '401 how', '401 MNV0803 how', '401 MNV0802 how', '200 an error' ],
    403 => [ '403 MNV0801', '403', '403 MNV0801', '403 MNV0801', '200 an error' ],
    pass => [ '200 V0 L0 nobody', '200', ('200 V0 L0 nobody') x 3 ],
);
my %want = (
    (map { $_ => \%nobody } qw(stranger expired idle ended)),
    signed_in => { %nobody, redirect => [ '303 card flow', '303 card flow', @{ $nobody{redirect} }[ 2 .. 4 ] ], pass => [ '200 V0 L0 sub-9876543210', '200', ('200 V0 L0 sub-9876543210') x 3 ] },
    linked => { map { $_ => [ '200 V1 L1 sub-1111111111', '200', ('200 V1 L1 sub-1111111111') x 3 ] } @policies },
);
sub table {
    my (@names) = @_;
    for my $how (sort keys %place) {
        note sprintf '%-30s' . '%-27s' x @kinds, $how, @kinds;
        for my $policy (@policies) {
            for my $who (@names) {
                my @got = map { told($ask{$_}->($who{$who}, $t->url($place{$how}->($policy)), $t->url("/parts/$how-$policy.shtml"))) } @kinds;
                note sprintf '%-30s' . '%-27s' x @kinds, "$policy, $who", @got;
                is_deeply(\@got, $want{$who}{$policy}, "$how: $policy, $who: answer, flow and what the application is told, for @kinds");
            }
        }
    }
}
table(qw(stranger idle ended signed_in linked));
is($who{stranger}->post_form($t->url('/show/pass'), { text => 'long work' })->json->{body}, 'text=long+work', 'pass: what was sent arrives');
is($who{linked}->post_form($t->url('/show/redirect'), { text => 'long work' })->json->{body}, 'text=long+work', 'a linked person: what was sent arrives');
is($who{expired}->get($t->url('/show/403'))->code, 200, 'who will have stayed too long is let in before');
$t->restart($config->("MyNumberSessionInactivity 5s\nMyNumberSessionLifetime 5s\n"));
$t->sql('UPDATE mynumber_sessions SET seen_at = ' . time);    # not idle
wait_for(sub { $who{expired}->get($t->url('/show/403'))->code == 403 });
table('expired');
$t->allow_line(qr/unable to include/);
$t->allow_log('AH01630');
$t->done;
