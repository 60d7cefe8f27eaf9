# MyNumberSignIn external in front of a real module: the example of conf/examples on top of the smallest set-up, and what somebody goes through with it.
#
#   my $x = MNV::External->start($t, 'external-mellon.conf', modules => [...], replace => [[there, here], ...]);
#   $x->journey(user => sub { ... }, forget => qr/.../, ...);
package MNV::External;
use strict;
use warnings;
use utf8;
use Test::More;
use MNV::Source qw(slurp);
use MNV::Bench::SamlIdp;
use MNV::Journey qw(stands link_up);

sub start {
    my ($class, $t, $example, %option) = @_;
    my $self = bless { t => $t, %option }, $class;
    my $card = $t->providers->card->{issuer};
    my $text = slurp('conf/mynumber_verify.conf') =~ s{<Location /app>.*?</Location>\n}{}sr =~ s/^MyNumberSignIn.*\n//mgr;
    $text .= slurp("conf/examples/$example") . "MyNumberStateDir \"\@STATE\@\"\nMyNumberRecheck 0s\nScriptAlias /app \"\@DIR\@/cgi/show\"\n" . ($option{more} // '');
    for (@{ $option{replace} }, [ 'https://auth-and-sign.go.jp/api/realms/main' => $card ], [ 'https://portal.example.ac.jp' => '@BASE@' ], [ yourClientId => 'portal' ],
        [ '/var/lib/mynumber/links.db' => '@DB@' ], [ '/etc/mynumber/secret' => '@SECRET@' ], [ '/etc/mynumber/client.pem' => '@CLIENTKEY@' ], [ '/etc/mynumber/' => '@DIR@/keys/' ]) {
        $text =~ s/\Q$_->[0]\E/$_->[1]/g;
    }
    $text =~ s{\Q$card\E/protocol}{$card/protocol}g;
    my ($code, $out) = $t->configtest(my $whole = $t->preamble(modules => [ 'authz_user', @{ $option{modules} // [] } ]) . ($option{load} // '') . $text);
    is($code, 0, "$example: loaded") or diag $out;
    unlike($out, qr/MNV\d/, "$example: without a warning");
    $t->start($whole);
    return $self;
}

# SimpleSAMLphp with alice and bob. $sp: what it knows of the service provider, PHP; %more: for MNV::Bench::SamlIdp.
sub saml_idp {
    my ($class, $t, $sp, %more) = @_;
    my $people = join '', map { my ($name, $of) = ($_, lc $_); "'$of:secret' => ['urn:oid:1.3.6.1.4.1.5923.1.1.1.6' => ['$of\@example.ac.jp'], 'urn:oid:2.16.840.1.113730.3.1.241' => ['$name テスト'], "
      . "'urn:oid:1.3.6.1.4.1.5923.1.1.1.9' => ['member\@example.ac.jp', 'student\@example.ac.jp']],\n" } qw(Alice Bob);
    my $hosted = slurp('t/bench/saml/saml20-idp-hosted.php');
    $hosted =~ s/^    'auth' => .*\n\K/    'scope' => ['example.ac.jp'],\n    'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',\n/m;
    return MNV::Bench::SamlIdp->start($t, 'saml20-idp-hosted' => $hosted, authsources => "<?php\n\$config = ['member' => ['exampleauth:UserPass', $people]];\n",
        'saml20-sp-remote' => "<?php\n$sp", %more);
}

# A page, through whatever the other module and its provider show on the way: a form for name and password, forms that send themselves.
sub open_as {
    my ($self, $b, $user, $path) = @_;
    my $t = $self->{t};
    $self->{is_user}->($user) if $self->{is_user};
    my $page = $b->visit($t->url($path));
    for (1 .. 6) {
        my $form = $page->code == 200 && $page->url !~ m{^\Q@{[$t->base]}\E/(?:mynumber|app)} ? $b->form : last;
        $page = $form->submit(defined $form->value('username') || $page->body =~ /name="username"/ ? { username => $user, password => 'secret' } : {});
    }
    return $page;
}

# Somebody who has signed out there, some seconds ago, and of whose session here nobody thought.
sub forget { my ($b) = @_; $b->jar->remove($_) for grep { !/^(?:mynumber|mnv-b)$/ } $b->jar->names }

sub received { my ($page) = @_; my $env = $page->code == 200 && eval { $page->json->{env} }; return $env || { code => $page->code, url => $page->url, text => substr $page->text, 0, 300 } }

# Options: account => {alice => id, bob => id}, attributes => {NAME => value}
sub journey {
    my ($self, %want) = @_;
    my ($t, $b) = ($self->{t}, $self->{t}->browser);
    $t->providers->card_is(person => 'adult');
    my $page = $self->open_as($b, 'alice', '/app/x?y=1');
    ok(stands($page, step => 3, account => 1, identity => 1, linked => 0), 'signed in there, verified by card, led to the link page') or return;
    $page = link_up($b);
    is($page->url, $t->url('/app/x?y=1'), 'linked: back at the very URL');
    my $env = received($page);
    is_deeply([ @$env{qw(MYNUMBER_ACCOUNT MYNUMBER_METHOD MYNUMBER_VERIFIED MYNUMBER_LINKED MYNUMBER_NAME)} ], [ $want{account}{alice}, 'external', 1, 1, '山田太郎' ], 'what the application receives') or diag explain $env;
    is($env->{HTTP_MYNUMBER_ACCOUNT}, $want{account}{alice}, '... also as headers');
    is($env->{"MYNUMBER_ATTRIBUTE_$_"}, $want{attributes}{$_}, "... $_") for sort keys %{ $want{attributes} };
    note("$_ = $env->{$_}") for grep { /^(?:MYNUMBER_|REMOTE_USER|AUTH_TYPE)/ } sort keys %$env;
    is($env->{AUTH_TYPE}, $want{type}, "the other module's AuthType stays") if $want{type};
    is($b->fetch($t->url('/mynumber/info'))->json->{account}{issuer}, $want{issuer}, 'the account is of the named source');
    $self->_spoof($b, %want);
    $self->_scripts($b);
    $self->_another($b, %want);
}

sub _spoof {
    my ($self, $b, %want) = @_;
    my $t = $self->{t};
    my @spoofed = map { [ $_, $want{account}{bob} ] } qw(REMOTE_USER eppn subject-id Shib-Identity-Provider OIDC_CLAIM_sub MELLON_eppn MELLON-eppn MyNumber-Account HTTP_EPPN);
    my $stranger = $t->browser;
    my $r = $stranger->get($t->url('/mynumber/signin'), headers => \@spoofed);
    isnt($r->header('Location') // '', $t->url('/mynumber/?notice=signed-in'), "a client's headers sign nobody in") or diag $r->code;
    is($stranger->jar->cookie('mynumber'), undef, '... no session');
    is(received($b->visit($t->url('/app/'), headers => [ grep { $_->[0] !~ /$want{refuses}/ } @spoofed ]))->{MYNUMBER_ACCOUNT}, $want{account}{alice}, '... and change nobody');
    return;
}

sub _scripts {
    my ($self, $b) = @_;
    my $t = $self->{t};
    is(received($b->fetch($t->url('/app/')))->{MYNUMBER_LINKED}, 1, 'a script of the page is let in');
    is(received($b->post_form($t->url('/app/'), { a => 1 }))->{REQUEST_METHOD}, 'POST', 'a form arrives');
    $b->visit($t->url('/mynumber/'));
    like($b->form('logout')->submit->text, qr/may still be signed in with your account/, 'signed out here');
    my $r = $b->fetch($t->url('/app/'));
    is($r->code . ' ' . ($r->mnv_code // ''), '401 MNV0802', 'then a script is told so');
    is($b->post_form($t->url('/app/'), { a => 1 })->mnv_code, 'MNV0803', '... and who sends a form');
    is(received($b->visit($t->url('/app/')))->{MYNUMBER_LINKED}, 1, "while the other module's session lets a person in again");
}

sub _another {
    my ($self, $b, %want) = @_;
    my $t = $self->{t};
    my $sessions = sub { scalar @{ $t->sql('select * from mynumber_sessions') } };
    my $before = $sessions->();
    my $old = $b->jar->cookie('mynumber')->{value};
    forget($b);
    $t->expect_log('MNV1617');
    $t->providers->card_is(outcome => 'stop');
    my $page = $self->open_as($b, 'bob', '/app/');
    unlike($page->body, qr/\Q$want{account}{alice}\E|山田|MYNUMBER_LINKED":"1/, 'another user there: nothing of the first person arrives');
    ok(stands($page, account => 1, identity => 0, linked => 0), '... who is signed in anew, without her card') or diag $page->url;
    isnt($b->jar->cookie('mynumber')->{value}, $old, '... under another id');
    is($sessions->(), $before, '... her session has ended');
    is($b->fetch($t->url('/mynumber/info'))->json->{account}{id}, $want{account}{bob}, '... and it is his account');
}

1;
