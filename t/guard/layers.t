# Prevents: a layer that is only a promise. mod_md's core included <httpd.h>
# without need and nothing noticed; mod_auth_openidc's folders include each
# other in twelve pairs, so no part can be read, tested or fuzzed alone.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Source;
use Test::More;

my $tree = 'mod_mynumber_verify';
my %layer = (base => 0, lib => 1, model => 2, proto => 3, store => 3,
             out => 3, flow => 4, httpd => 5, ctl => 5);
# Foreign headers and the only files that may include them.
my @foreign = (
    [ qr{^jansson},                      qr{^lib/json\.c$} ],
    [ qr{^curl/},                        qr{^lib/http_curl\.c$} ],
    [ qr{^openssl/},                     qr{^lib/(\w+_openssl\.[ch]|(crypt|pem)\.c)$} ],
    [ qr{^(libxml|xmlsec)},              qr{^lib/\w+_xmlsec\.[ch]$} ],
    [ qr{^malloc\.h$},                   qr{^lib/xml_xmlsec\.c$} ],
    [ qr{^zlib\.h$},                     qr{^lib/deflate_zlib\.c$} ],
    [ qr{^apr_dbd\.h$},                  qr{^(store/\w+\.[ch]|httpd/dbd\.[ch])$} ],
    [ qr{^(httpd|http_\w+|ap_\w+|mod_\w+|util_\w+|unixd|scoreboard|mpm_common)\.h$},
      qr{^(httpd/\w+\.[ch]|mod_mynumber_verify\.c)$} ],
);
# System headers anyone may include: C, POSIX, APR.
my $free = qr{^(apr_?\w*\.h|apu\w*\.h|std\w+\.h|(string|strings|ctype|errno|
    limits|inttypes|time|math|assert|float|locale|unistd|fcntl|signal|pthread|
    pwd|grp|getopt)\.h|sys/\w+\.h|netinet/\w+\.h|arpa/\w+\.h)$}x;

my @bad;
my @files = files(qr/\.(c|h|def)$/, $tree);
for my $file (@files) {
    (my $name = $file) =~ s{^$tree/}{};
    my $folder = $name =~ m{^(\w+)/} ? $1 : 'httpd';
    push @bad, "$file: folder \"$folder\" is in no layer"
      unless exists $layer{$folder};
    my $n = 0;
    for (split /\n/, slurp($file)) {
        $n++;
        if (/^\s*#\s*include\s+"([^"]+)"/) {
            my $what = $1;
            next if $what eq 'config.h';
            my ($to) = $what =~ m{^(\w+)/\w+\.(?:h|def)$};
            if (!$to || !exists $layer{$to}) {
                push @bad, "$file:$n: \"$what\" does not name a folder of ours";
            }
            elsif (!-e root . "/$tree/$what") {
                push @bad, "$file:$n: \"$what\" does not exist";
            }
            elsif ($what =~ m{^lib/\w+_(?:openssl|curl|xmlsec)\.h$}
                   && $name !~ m{^lib/\w+_(?:openssl|curl|xmlsec)\.[ch]$}) {
                push @bad, "$file:$n: \"$what\" holds foreign types, for lib/ only";
            }
            elsif ($to ne $folder && $layer{$to} >= ($layer{$folder} // 9)) {
                push @bad, "$file:$n: $folder/ must not include \"$what\"";
            }
        }
        elsif (/^\s*#\s*include\s+<([^>]+)>/) {
            my $what = $1;
            my ($rule) = grep { $what =~ $_->[0] } @foreign;
            if ($rule) {
                push @bad, "$file:$n: <$what> is not for this file"
                  unless $name =~ $rule->[1];
            }
            elsif ($what !~ $free) {
                push @bad, "$file:$n: <$what> is a library without a wrapper";
            }
        }
    }
}
ok(@files, 'there are sources');
is(join("\n", @bad), '', 'includes follow the order of the layers');
done_testing;
