# The pages of docs/recipes: what they say, and the configuration that stands in them, which is the one that is tested.
#
#   for my $recipe (MNV::Recipes->all) { $recipe->{name}; $recipe->{title}; $recipe->block('apache') }
#
# A block is fenced; its first line says what it is:
#   apache            the configuration, inside the virtual host of conf/mynumber_verify.conf
#   apache before     the lines it replaces
#   apache .htaccess  a file of that name, in the folder that the line before the block names
#   sh                how the application is started
#   xml, js           lines of the application's own
package MNV::Recipes;
use strict;
use warnings;
use MNV::Source qw(root rows slurp);

my $folder = 'docs/recipes';

sub index { return slurp("$folder/README.md") }

sub all {
    my ($class) = @_;
    opendir my $pages, root . "/$folder" or die "$folder: $!";
    return map { $class->page("$folder/$_") } sort grep { /\.md$/ && $_ ne 'README.md' } readdir $pages;
}

# Any page whose blocks are tested.
sub page {
    my ($class, $file) = @_;
    my $text = slurp($file);
    my %block;
    push @{ $block{$1} }, $2 while $text =~ /^```(\S.*?)\n(.*?)^```$/gms;
    my ($title) = $text =~ /\A# (.+)/;
    my ($name) = $file =~ m{([^/]+)\.md$};
    return bless { name => $name, title => $title, text => $text, blocks => \%block }, $class;
}

# The only block of a kind; undef when there is none.
sub block {
    my ($self, $kind) = @_;
    my @found = @{ $self->{blocks}{$kind} // [] };
    die "$self->{name}: more than one block \"$kind\"" if @found > 1;
    return $found[0];
}

# The modules of httpd that the page says are needed beside those of the smallest set-up.
sub modules {
    my ($self) = @_;
    my ($list) = $self->{text} =~ /^Modules: (.+)$/m;
    return ($list // '') =~ /`(\w+)`/g;
}

# What the page says the application receives: the names in the first column of that table.
sub received {
    my ($self) = @_;
    my ($section) = $self->{text} =~ /^## What the application receives\n(.*?)(?=^## |\z)/ms;
    return ($section // '') =~ /^\| `([\w-]+)` \|/gm;
}

# Directives of ours that the page names and that do not exist.
sub unknown_directives {
    my ($self) = @_;
    my %is_known = map { ($_->[2][1] => 1) } rows('mod_mynumber_verify/httpd/directives.def');
    my %named = map { $_ => 1 } $self->{text} =~ /\b(MyNumber[A-Z]\w*)/g;
    return grep { !$is_known{$_} } sort keys %named;
}

# Both sentences about trust, each a line of its own.
sub trust {
    my ($self) = @_;
    return map { $self->{text} =~ /^- \*\*\Q$_\E\*\* \S.*\.$/m ? 1 : 0 } 'The application may trust', 'It must never trust';
}

1;
