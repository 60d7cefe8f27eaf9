# Reads the sources for the guards of t/guard.
package MNV::Source;
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Find qw(find);
use Exporter qw(import);
our @EXPORT = qw(root files slurp code rows functions build_file need without_saml need_saml);

my $root = abs_path(dirname(__FILE__) . '/../../..');

sub root { $root }

# Files below the folders, relative to the root, whose name matches.
sub files {
    my ($pattern, @folders) = @_;
    my @found;
    for my $folder (grep { -e "$root/$_" } @folders) {
        find({ no_chdir => 1,
               preprocess => sub { grep { $_ ne 'node_modules' } @_ },
               wanted => sub {
                   return unless -f && /$pattern/;
                   push @found, substr($_, length($root) + 1);
               } }, "$root/$folder");
    }
    return sort @found;
}

sub slurp {
    my ($file) = @_;
    open my $in, '<:encoding(UTF-8)', $file =~ m{^/} ? $file : "$root/$file"
      or die "could not read \"$file\": $!";
    local $/;
    return scalar <$in>;
}

# The text of a C file with comments blanked, and strings too unless they are
# asked for. Line numbers stay.
sub code {
    my ($file, %keep) = @_;
    my $text = slurp($file);
    my $blank = sub { my $t = shift; $t =~ s/[^\n]/ /g; return $t };
    $text =~ s{(/\*.*?\*/|//[^\n]*)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')}
              {defined $1 ? $blank->($1)
               : $keep{strings} ? $2
               : '"' . $blank->(substr($2, 1, -1)) . '"'}gse;
    return $text;
}

# The rows of a .def file: MACRO(a, "b", ...) as [line, macro, [arguments]].
# Strings are given without their quotes, neighbours joined.
sub rows {
    my ($file) = @_;
    my $text = code($file, strings => 1);
    my @rows;
    while ($text =~ /^[ \t]*([A-Z][A-Z0-9_]*)\s*\(/gm) {
        my ($macro, $start) = ($1, pos $text);
        my $line = 1 + (substr($text, 0, $-[1]) =~ tr/\n//);
        my ($depth, @args) = (1, '');
        while ($depth && $text =~ /\G("(?:[^"\\]|\\.)*"|.)/gcs) {
            my $token = $1;
            if ($token eq '(') { $depth++ }
            elsif ($token eq ')') { last unless --$depth }
            if ($token eq ',' && $depth == 1) { push @args, ''; next }
            $args[-1] .= $token;
        }
        for (@args) {
            s/^\s+|\s+$//g;
            $_ = join '', /"((?:[^"\\]|\\.)*)"/g
              if /^"/ && /^(?:"(?:[^"\\]|\\.)*"\s*)+$/;
        }
        push @rows, [ $line, $macro, \@args ];
    }
    return @rows;
}

# Functions of a C file as [name, first line, lines, parameters]: the body is
# from a "{" in column 0 to the next "}" in column 0.
sub functions {
    my ($file) = @_;
    my @lines = split /\n/, code($file);
    my (@found, $start);
    for my $i (0 .. $#lines) {
        $start = $i if $lines[$i] =~ /^\{/;
        next unless $lines[$i] =~ /^\}/ && defined $start;
        my $head = '';
        for (my $j = $start - 1; $j >= 0 && $lines[$j] !~ /^[}#]|;\s*$/; $j--) {
            $head = "$lines[$j] $head";
        }
        if ($head =~ /(\w+)\s*\((.*)\)\s*$/s) {
            my ($name, $list) = ($1, $2);
            1 while $list =~ s/\([^()]*\)//g;
            push @found, [ $name, $start + 1, $i - $start + 1,
                $list =~ /^\s*(?:void)?\s*$/ ? 0 : 1 + ($list =~ tr/,//) ];
        }
        undef $start;
    }
    return @found;
}

# A file of the build, and its name; undef when there is no build.
sub build_file {
    my ($name) = @_;
    my $file = ($ENV{MNV_BUILD} // "$root/build") . "/$name";
    return -e $file ? $file : undef;
}

# What a test cannot do without: missing, it is skipped, or, under script/test
# (MNV_STRICT), fails.
sub need {
    my ($is_there, $what) = @_;
    return if $is_there;
    require Test::More;
    if ($ENV{MNV_STRICT}) {
        Test::More::fail("$what is there");
        Test::More::done_testing();
        exit 1;
    }
    Test::More::plan(skip_all => "$what is missing");
}

# Why what is about SAML is not tried; undef where the build has it, as its config.h says. A build by script/build is without it only where that was asked for, so that under
# script/test too this is a reason to skip.
sub without_saml {
    my $config = build_file('config.h');
    need($config, 'a build');
    return slurp($config) =~ /^#define MNV_HAVE_SAML 1$/m ? undef : 'this build is without SAML (configure --without-saml)';
}

# For a test that is about SAML alone.
sub need_saml {
    my $reason = without_saml() // return;
    require Test::More;
    Test::More::plan(skip_all => $reason);
}

1;
