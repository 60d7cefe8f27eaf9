# Prevents: files nobody overlooks. mod_qos is one file of 15,061 lines;
# mod_auth_openidc once had a function of 488. Allowed exceptions stand here by
# name with their limit, so new code cannot grow beyond the largest old one.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Source;
use Test::More;

my %limit = (c => 600, h => 150, function => 60, hard => 100, parameters => 6);
my %file_allowed = (
    'mod_mynumber_verify/model/options.h' => 200,
);
# Functions of 61 to 100 lines, by "file function", each with its reason.
my %function_allowed = (
);
# Functions with more than 6 parameters.
my %parameters_allowed = (
    # key, associated data, text: what an AEAD takes
    'mod_mynumber_verify/lib/crypt.c mnv_crypt_seal' => 7,
    # the same for EVP: two buffers with their lengths
    'mod_mynumber_verify/lib/evp_openssl.c mnv_evp_sign' => 7,
    # purpose, place (associated data), text
    'mod_mynumber_verify/model/keyring.c mnv_keyring_seal' => 7,
    'mod_mynumber_verify/model/keyring.c mnv_keyring_open' => 7,
    # what libxml2 and xmlsec1 call
    'mod_mynumber_verify/lib/xml_xmlsec.c begin_element' => 9,
    'mod_mynumber_verify/lib/xml_xmlsec.c scan_begin' => 9,
    'mod_mynumber_verify/lib/xml_xmlsec.c no_report' => 7,
);

my (@bad, %seen);
for my $file (files(qr/\.[ch]$/, 'mod_mynumber_verify', 'mod_mynumber_bearer')) {
    my $lines = () = slurp($file) =~ /\n/g;
    my ($kind) = $file =~ /\.(\w)$/;
    my $most = $file_allowed{$file} // $limit{$kind};
    push @bad, "$file: $lines lines, $most allowed" if $lines > $most;
    for my $function ($kind eq 'c' ? functions($file) : ()) {
        my ($name, $line, $length, $parameters) = @$function;
        my $key = "$file $name";
        $seen{$key} = 1;
        my $allowed = $function_allowed{$key} ? $limit{hard} : $limit{function};
        push @bad, "$file:$line: $name has $length lines, $allowed allowed"
          if $length > $allowed;
        push @bad, "$file:$line: $name has $parameters parameters"
          if $parameters > ($parameters_allowed{$key} // $limit{parameters});
    }
}
push @bad, "\"$_\" is allowed here but does not exist"
  for grep { !$seen{$_} } keys %function_allowed, keys %parameters_allowed;
push @bad, "\"$_\" is allowed here but does not exist"
  for grep { !-e root . "/$_" } keys %file_allowed;
is(join("\n", @bad), '', 'files and functions are within their limits');
done_testing;
