# A form of a page, filled with what the page wrote into it.
package MNV::Browser::Form;
use strict;
use warnings;
use MNV::Browser::Response;

sub find {
    my ($class, $browser, $page, $name) = @_;
    my $html = $page->body;
    $html =~ s/<!--.*?-->//gs;
    my @forms;
    while ($html =~ m{<form\b([^>]*)>(.*?)</form>}gis) {
        my ($attributes, $inner) = (_attributes($1), $2);
        push @forms, bless { browser => $browser, page => $page,
            attributes => $attributes, fields => _fields($inner),
            buttons => _buttons($inner), inner => $inner }, $class;
    }
    my @found = grep {
        my $a = $_->{attributes};
        !defined $name || ($a->{id} // '') eq $name
          || ($a->{name} // '') eq $name
          || ($a->{action} // '') =~ m{(?:^|/)\Q$name\E/?(?:\?|$)}
    } @forms;
    my $what = defined $name ? "form \"$name\"" : 'form';
    die "there is no $what on \"" . $page->url . '" (' . $page->code . '): '
      . substr($page->text, 0, 300) unless @found;
    die "there are " . @found . " forms, name one" if @found > 1 && !defined $name;
    return $found[0];
}

sub action {
    my ($self) = @_;
    return MNV::Browser::resolve($self->{page}->url,
                                 $self->{attributes}{action} // '');
}

sub method { uc($_[0]{attributes}{method} // 'GET') }

# [[name, value], ...] as the page has them.
sub fields { $_[0]{fields} }

# The value of a field; with a second argument, set it.
sub value {
    my ($self, $name, $value) = @_;
    my ($field) = grep { $_->[0] eq $name } @{ $self->{fields} };
    if (@_ > 2) {
        if ($field) { $field->[1] = $value }
        else { push @{ $self->{fields} }, [ $name, $value ] }
        return $self;
    }
    return $field ? $field->[1] : undef;
}

# Send it, with other values ({name => value}, undef removes a field) and by a
# button (its name, value or text; without one the first). Options go to the
# browser: origin, headers, follow => 0.
sub submit {
    my ($self, $values, %option) = @_;
    my $follow = delete $option{follow} // 1;
    my $button = _pick($self->{buttons}, delete $option{button});
    my %left = %{ $values // {} };
    my @pairs;
    for my $field (@{ $self->{fields} },
                   $button && length($button->{name} // '')
                   ? [ $button->{name}, $button->{value} // '' ] : ()) {
        my ($name, $value) = @$field;
        $value = delete $left{$name} if exists $left{$name};
        push @pairs, $name, $value if defined $value;
    }
    push @pairs, $_, $left{$_} for grep { defined $left{$_} } sort keys %left;
    my $to = $self->action;
    if ($button && defined $button->{formaction}) {
        $to = MNV::Browser::resolve($self->{page}->url, $button->{formaction});
    }
    my $browser = $self->{browser};
    my $response;
    if ($self->method eq 'POST') {
        $response = $browser->post_form($to, \@pairs, %option);
    }
    else {
        $to =~ s/\?.*//s;
        $to .= '?' . MNV::Browser::encode_form(\@pairs) if @pairs;
        $response = $browser->click($to, %option);
    }
    return $follow ? $browser->follow($response) : $response;
}

sub _pick {
    my ($buttons, $wanted) = @_;
    return $buttons->[0] unless defined $wanted;
    my ($found) = grep {
        my $button = $_;
        grep { defined && $_ eq $wanted } @$button{qw(name value text id)}
    } @$buttons;
    return $found // die "there is no button \"$wanted\"";
}

sub _attributes {
    my ($text) = @_;
    my %found;
    while ($text =~ /([\w:-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g) {
        $found{ lc $1 } = MNV::Browser::Response::unescape($2 // $3 // $4 // '');
    }
    return \%found;
}

sub _fields {
    my ($html) = @_;
    my @fields;
    while ($html =~ m{<(input|textarea|select)\b([^>]*)>(?:(.*?)</\1>)?}gis) {
        my ($tag, $a, $inner) = (lc $1, _attributes($2), $3);
        pos($html) = $+[2] + 1 if $tag eq 'input';
        next unless length($a->{name} // '') && !exists $a->{disabled};
        my $type = lc($a->{type} // 'text');
        if ($tag eq 'textarea') {
            push @fields, [ $a->{name}, MNV::Browser::Response::unescape($inner // '') ];
        }
        elsif ($tag eq 'select') {
            my ($option) = ($inner // '') =~ /<option\b([^>]*\bselected\b[^>]*)>/i;
            ($option) = ($inner // '') =~ /<option\b([^>]*)>/i unless defined $option;
            push @fields, [ $a->{name}, _attributes($option // '')->{value} // '' ];
        }
        elsif ($type eq 'checkbox' || $type eq 'radio') {
            push @fields, [ $a->{name}, $a->{value} // 'on' ] if exists $a->{checked};
        }
        elsif ($type !~ /^(submit|button|image|reset|file)$/) {
            push @fields, [ $a->{name}, $a->{value} // '' ];
        }
    }
    return \@fields;
}

sub _buttons {
    my ($html) = @_;
    my @buttons;
    while ($html =~ m{<button\b([^>]*)>(.*?)</button>|<input\b([^>]*)>}gis) {
        my ($a, $text) = (_attributes($1 // $3), $2);
        my $type = lc($a->{type} // (defined $text ? 'submit' : 'text'));
        next if $type ne 'submit';
        ($a->{text} = $text // $a->{value} // '') =~ s/<[^>]*>//g;
        $a->{text} =~ s/^\s+|\s+$//g;
        push @buttons, $a;
    }
    return \@buttons;
}

1;
