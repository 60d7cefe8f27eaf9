# Cookies by the rules of RFC 6265bis. SameSite is kept but not applied, and
# HttpOnly means nothing to a browser without scripts.
package MNV::Browser::Jar;
use strict;
use warnings;
use Time::Local qw(timegm);

my %MONTH = map { ('jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug',
                   'sep', 'oct', 'nov', 'dec')[$_] => $_ } 0 .. 11;

# Option secure_localhost: like Chrome, let http://localhost set and get Secure
# cookies. Off, so that nothing comes to depend on it.
sub new {
    my ($class, %option) = @_;
    return bless { cookies => [], rejected => [], clock => undef, %option }, $class;
}

# [[cookie text, reason], ...]: what a browser would not have taken.
sub rejected { $_[0]{rejected} }

# All cookies there are: {name, value, domain, host_only, path, secure,
# http_only, same_site, expires}.
sub all { $_[0]->_expire; @{ $_[0]{cookies} } }

# One cookie by name, or undef.
sub cookie { my ($self, $name) = @_; (grep { $_->{name} eq $name } $self->all)[0] }

# Names in order, for is_deeply.
sub names { sort map { $_->{name} } $_[0]->all }

# Forget a cookie, or all.
sub remove {
    my ($self, $name) = @_;
    @{ $self->{cookies} } = grep { defined $name && $_->{name} ne $name }
      @{ $self->{cookies} };
}

# Put one in by hand, as an attacker's sibling host would: {name, value, domain,
# path, ...}.
sub put {
    my ($self, $cookie) = @_;
    $self->_store({ host_only => 0, path => '/', secure => 0, %$cookie });
}

# End of the browser session: cookies without an expiry go.
sub restart {
    my ($self) = @_;
    @{ $self->{cookies} } = grep { defined $_->{expires} } @{ $self->{cookies} };
}

# Another time of day for expiry, seconds since the epoch.
sub clock { $_[0]{clock} = $_[1] }

sub _now { $_[0]{clock} // time }

sub _expire {
    my ($self) = @_;
    my $now = $self->_now;
    @{ $self->{cookies} } = grep { !defined $_->{expires} || $_->{expires} > $now }
      @{ $self->{cookies} };
}

sub _store {
    my ($self, $cookie) = @_;
    my $same = sub { my $c = shift; join "\0", $c->{name}, $c->{domain}, $c->{path} };
    my $key = $same->($cookie);
    my ($old) = grep { $same->($_) eq $key } @{ $self->{cookies} };
    $cookie->{created} = $old ? $old->{created} : ++$self->{count};
    @{ $self->{cookies} } = grep { $same->($_) ne $key } @{ $self->{cookies} };
    push @{ $self->{cookies} }, $cookie;
    $self->_expire;
}

# Take one Set-Cookie of a response.
sub take {
    my ($self, $url, $text) = @_;
    my ($scheme, $host, undef, $target) = MNV::Browser::split_url($url);
    my ($pair, @rest) = split /;/, $text;
    my ($name, $value) = ($pair // '') =~ /^\s*([^=]*?)\s*=\s*(.*?)\s*$/s
      or return $self->_reject($text, 'no name');
    my %attribute;
    for (@rest) {
        my ($key, $content) = /^\s*([^=]*?)\s*(?:=\s*(.*?)\s*)?$/s;
        $attribute{ lc $key } = $content // '';
    }
    return $self->_reject($text, 'over 4096 bytes')
      if length($name) + length($value) > 4096;
    return $self->_reject($text, 'control character') if "$name$value" =~ /[\x00-\x08\x0a-\x1f\x7f]/;

    (my $default_path = $target) =~ s/\?.*//s;
    $default_path =~ s{/[^/]*$}{};
    $default_path = '/' if $default_path eq '';
    my $path = ($attribute{path} // '') =~ m{^/} ? $attribute{path} : $default_path;
    my $domain = lc($attribute{domain} // '');
    $domain =~ s/^\.//;
    my $host_only = $domain eq '';
    if (!$host_only) {
        return $self->_reject($text, "domain \"$domain\" is not this host's")
          unless _domain_match($host, $domain);
        if ($domain !~ /\./ && $domain eq $host) { $host_only = 1 }
        elsif ($domain !~ /\./) { return $self->_reject($text, 'public suffix') }
    }
    my $secure = exists $attribute{secure};
    return $self->_reject($text, 'Secure over http')
      if $secure && !$self->_is_secure($scheme, $host);
    my $same_site = lc($attribute{samesite} // '');
    return $self->_reject($text, 'SameSite=None without Secure')
      if $same_site eq 'none' && !$secure && $scheme eq 'https';
    return $self->_reject($text, '__Secure- without Secure')
      if $name =~ /^__Secure-/i && !$secure;
    return $self->_reject($text, '__Host- with Domain, other Path or without Secure')
      if $name =~ /^__Host-/i
      && (!$secure || exists $attribute{domain} || ($attribute{path} // '') ne '/');
    # A plain response must not cover a Secure cookie of the same name.
    return $self->_reject($text, 'would cover a Secure cookie')
      if $scheme ne 'https' && grep {
        $_->{secure} && $_->{name} eq $name && _domain_match($host, $_->{domain})
      } $self->all;

    my $expires;
    if (($attribute{'max-age'} // '') =~ /^(-?\d+)$/) {
        $expires = $1 <= 0 ? 0 : $self->_now + $1;
    }
    elsif (defined $attribute{expires}) {
        $expires = _date($attribute{expires});
    }
    $self->_store({ name => $name, value => $value, path => $path,
        domain => $host_only ? $host : $domain, host_only => $host_only,
        secure => $secure, http_only => exists $attribute{httponly},
        same_site => $same_site, expires => $expires });
    return 1;
}

sub _reject {
    my ($self, $text, $reason) = @_;
    push @{ $self->{rejected} }, [ $text, $reason ];
    return 0;
}

sub _is_secure {
    my ($self, $scheme, $host) = @_;
    return $scheme eq 'https'
      || ($self->{secure_localhost} && $host =~ /^(localhost|127\.0\.0\.1)$/);
}

sub _domain_match {
    my ($host, $domain) = @_;
    return $host eq $domain
      || ($host !~ /^[\d.]+$/ && $host =~ /\.\Q$domain\E$/);
}

sub _path_match {
    my ($path, $cookie) = @_;
    return $path eq $cookie || ($path =~ /^\Q$cookie\E/
        && ($cookie =~ m{/$} || substr($path, length $cookie, 1) eq '/'));
}

# The Cookie header of a request: longer paths first, then the older.
sub cookie_header {
    my ($self, $url) = @_;
    my ($scheme, $host, undef, $target) = MNV::Browser::split_url($url);
    (my $path = $target) =~ s/\?.*//s;
    my @sent = grep {
        ($_->{host_only} ? $host eq $_->{domain} : _domain_match($host, $_->{domain}))
          && _path_match($path, $_->{path})
          && (!$_->{secure} || $self->_is_secure($scheme, $host))
    } $self->all;
    return join '; ', map { "$_->{name}=$_->{value}" }
      sort { length $b->{path} <=> length $a->{path}
             || $a->{created} <=> $b->{created} } @sent;
}

sub _date {
    my ($text) = @_;
    my ($day, $month, $year, $hour, $minute, $second) =
      $text =~ /(\d{1,2})[ -](\w{3})\w*[ -](\d{4})\s+(\d\d?):(\d\d):(\d\d)/
      or return undef;
    return undef unless defined $MONTH{ lc $month };
    return timegm($second, $minute, $hour, $day, $MONTH{ lc $month }, $year);
}

1;
