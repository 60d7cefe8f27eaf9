# The steps of a person, for tests that need somebody who has taken them.
package MNV::Journey;
use strict;
use warnings;
use Exporter 'import';
our @EXPORT_OK = qw(stands sign_in verify link_up linked_person state_of);

# Where the service page says we stand: {step, account, identity, linked}.
sub state_of {
    my ($page) = @_;
    my ($main) = $page->body =~ /<main\b([^>]*)>/;
    return { ($main // '') =~ /\bdata-(\w+)="([^"]*)"/g };
}

sub stands {
    my ($page, %want) = @_;
    my $state = state_of($page);
    my @wrong = grep { ($state->{$_} // '') ne $want{$_} } sort keys %want;
    Test::More::diag($page->code . ' ' . $page->url . ': ' . join(', ', map { "$_ is " . ($state->{$_} // 'not there') } @wrong)
          . "\n" . substr($page->text, 0, 600)) if @wrong;
    return !@wrong;
}

sub sign_in { my ($t, $b) = @_; return $b->visit($t->url('/mynumber/signin')) }
sub verify { my ($t, $b) = @_; return $b->visit($t->url('/mynumber/verify')) }
sub link_up { my ($b) = @_; return $b->form('link')->submit }

# A new browser of somebody who has linked this account and this card.
sub linked_person {
    my ($t, $account, $person) = @_;
    my $b = $t->browser;
    $t->providers->signin_is(account => $account);
    $t->providers->card_is(person => $person);
    sign_in($t, $b);
    verify($t, $b);
    my $page = link_up($b);
    die "could not link: " . substr($page->text, 0, 500) unless stands($page, linked => 1);
    return $b;
}

1;
