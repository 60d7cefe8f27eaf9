# Attacks on sessions and links: how they are made, and a table of what each was answered.
#
#   my $attack = MNV::Attack->new($t);
#   $attack->refused("another session's form token", '403 MNV0502', sub { $b->post_form(...) });
#   $attack->table;                       # notes: attack, answer, log numbers
#   my $copy = bearing($t, mynumber => $id);
#   my @answers = at_once(sub { ... }, sub { ... });
package MNV::Attack;
use strict;
use warnings;
use Exporter 'import';
use POSIX ();
use Test::More;
our @EXPORT_OK = qw(at_once bearing twin session_of);

sub new {
    my ($class, $t) = @_;
    return bless { t => $t, rows => [] }, $class;
}

# An answer in a word or two: "403 MNV0502", "303 sign-in", "303 card", "303 /place", "200".
sub answer {
    my ($self, $r) = @_;
    my $p = $self->{t}{providers};
    my $place = $r->header('Location') // '';
    my $code = $r->mnv_code;
    my $word = !length $place ? $code : index($place, $p->card->{issuer}) == 0 ? 'card' : index($place, $p->signin->{issuer}) == 0 ? 'sign-in'
      : $place =~ s/^\Q${\ $self->{t}->base}\E//r =~ s/\?next=[\w-]+$//r;
    return join ' ', $r->code, $word // ();
}

# Make an attack; its answer must be this one, and where that is a code, a line of the log must tell it. Returns the response.
sub refused {
    my ($self, $name, $expected, $act) = @_;
    my $t = $self->{t};
    my $mark = $t->mark;
    my $r = $act->();
    my $got = $self->answer($r);
    is($got, $expected, $name) or diag(substr $r->text, 0, 300);
    my %numbers = map { $_ => 1 } $t->log_since($mark) =~ /\b(MNV\d{4}): /g;
    if (my ($code) = $expected =~ /\b(MNV\d{4})$/) {
        ok($numbers{$code}, "$name: the log says $code");
        $t->allow_log($code);
    }
    push @{ $self->{rows} }, [ $name, $got, join(' ', sort keys %numbers) || 'none' ];
    return $r;
}

# A row for what was judged elsewhere.
sub row { my ($self, @cells) = @_; push @{ $self->{rows} }, \@cells }

# The old cookie of a session is worth nothing at any door.
sub dead {
    my ($self, $name, $id, $csrf) = @_;
    my $t = $self->{t};
    my $b = bearing($t, mynumber => $id);
    my %answers = map { my $path = $_; ($path => $self->answer(bearing($t, mynumber => $id)->get($t->url($path)))) } qw(/account/ /verified/ /linked/);
    is_deeply(\%answers, { '/account/' => '303 sign-in', '/verified/' => '303 card', '/linked/' => '303 sign-in' }, "$name: admitted nowhere") or diag explain \%answers;
    my $info = $b->fetch($t->url('/mynumber/info'))->json;
    is($info->{account} // $info->{identity}, undef, "$name: /info knows nobody");
    for my $form (qw(link unlink logout)) {
        next unless defined $csrf;
        my $r = bearing($t, mynumber => $id)->post_form($t->url("/mynumber/$form"), { csrf => $csrf });
        is($self->answer($r), $form eq 'logout' ? '303 /mynumber/logout/done' : '403 MNV0501', "$name: no $form");
        $t->allow_log('MNV0501');
    }
    $self->row($name, 'nobody: 303, 403 MNV0501', 'MNV0501');
}

sub table {
    my ($self) = @_;
    note("attack | answer | log");
    note(join ' | ', @$_) for @{ $self->{rows} };
}

# --- browsers ----------------------------------------------------------------

# A browser that sends just these cookies.
sub bearing {
    my ($t, %cookies) = @_;
    my $b = $t->browser;
    $b->jar->put({ name => $_, value => $cookies{$_}, domain => $t->{host}, host_only => 1, secure => $t->{https} ? 1 : 0 }) for sort keys %cookies;
    return $b;
}

# A browser with a copy of another's cookies.
sub twin {
    my ($t, $b) = @_;
    my $copy = $t->browser;
    $copy->jar->put({%$_}) for $b->jar->all;
    return $copy;
}

sub session_of {
    my ($b) = @_;
    my ($cookie) = map { $b->jar->cookie($_) // () } qw(__Host-mynumber mynumber);
    return $cookie ? $cookie->{value} : undef;
}

# --- at once -----------------------------------------------------------------

# Each act in a process of its own, all let go at the same moment. Returns what each returned, as text.
sub at_once {
    my (@acts) = @_;
    pipe my $gate, my $opener or die "could not make a pipe: $!";
    my @readers = map {
        my $act = $_;
        my $pid = open my $reader, '-|';
        die "could not fork: $!" unless defined $pid;
        if (!$pid) {
            close $opener;
            sysread $gate, my $go, 1;
            my $text = eval { $act->() } // "died: $@";
            syswrite STDOUT, $text;
            POSIX::_exit(0);
        }
        $reader;
    } @acts;
    close $gate;
    close $opener;
    return map { local ($/, $?); my $text = readline($_) // ''; close $_; $text } @readers;
}

1;
