#!/usr/bin/perl
# Shows what an application behind mod_mynumber_verify receives: the MYNUMBER_* variables, REMOTE_USER, AUTH_TYPE and
# the request headers MyNumber-* (HTTP_MYNUMBER_*). A page, or JSON when the Accept header asks for application/json.
# Core Perl alone.

use strict;
use warnings;
use utf8;
use Encode ();
use JSON::PP ();

binmode STDOUT, ':raw';

# Values are octets; those that are not UTF-8 are shown with replacement characters, never passed on as they are.
sub text { return Encode::decode('UTF-8', $_[0] // '', Encode::FB_DEFAULT) }

sub percent_decoded {
    my ($octets) = @_;
    $octets =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
    return text($octets);
}

sub escaped {
    my ($text) = @_;
    $text =~ s/([&<>"'])/'&#' . ord($1) . ';'/ge;
    $text =~ s/([\x00-\x08\x0b-\x1f\x7f])/sprintf '\\x%02X', ord $1/ge;
    return $text;
}

my %variables = map { $_ => text($ENV{$_}) } grep { /\A(?:REDIRECT_)*MYNUMBER_/ || /\A(?:REMOTE_USER|AUTH_TYPE)\z/ } keys %ENV;
my %headers = map { $_ => { raw => text($ENV{$_}), text => percent_decoded($ENV{$_}) } } grep { /\AHTTP_MYNUMBER_/ } keys %ENV;
my %cookies = map { $_ => 1 } grep { length } map { /\A\s*([^=]+)=/ ? $1 : '' } split /;/, $ENV{HTTP_COOKIE} // '';

if (($ENV{HTTP_ACCEPT} // '') =~ m{application/json}i) {
    my $json = JSON::PP->new->utf8->canonical->pretty;
    print "Content-Type: application/json; charset=utf-8\r\nCache-Control: no-store\r\n\r\n";
    print $json->encode({
        variables => \%variables,
        headers   => { map { $_ => $headers{$_}{text} } keys %headers },
        raw       => { map { $_ => $headers{$_}{raw} } keys %headers },
        cookies   => [sort keys %cookies],
        method    => text($ENV{REQUEST_METHOD}),
        uri       => text($ENV{REQUEST_URI}),
    });
    exit 0;
}

sub table {
    my ($ja, $en, @rows) = @_;
    my $html = qq{<h2><span lang="ja">$ja</span> / <span lang="en">$en</span></h2>\n};
    return $html . qq{<p><span lang="ja">（ありません）</span> / <span lang="en">(none)</span></p>\n} if !@rows;
    $html .= "<table>\n";
    for my $row (@rows) {
        my ($name, @cells) = map { escaped($_) } @{$row};
        $html .= qq{<tr><th scope="row"><code>$name</code></th>} . join('', map { "<td>$_</td>" } @cells) . "</tr>\n";
    }
    return $html . "</table>\n";
}

my $page = <<'HTML';
<!doctype html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>アプリケーションが受け取ったもの / What the application received</title>
<style>
body { font: 1rem/1.6 system-ui, "Noto Sans JP", sans-serif; max-width: 52rem; margin: 0 auto; padding: 1rem; color: #1d1d1f }
table { border-collapse: collapse; width: 100% } th, td { border: 1px solid #bbb; padding: .3rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere }
th { font-weight: normal; background: #f4f6fa; width: 18rem }
</style>
</head>
<body>
<h1><span lang="ja">アプリケーションが受け取ったもの</span><br><span lang="en">What the application received</span></h1>
HTML
$page .= table('環境変数', 'Variables', map { [$_, $variables{$_}] } sort keys %variables);
$page .= table('要求ヘッダー（復号した値、届いたままの値）', 'Request headers (decoded, and as they came)', map { [$_, $headers{$_}{text}, $headers{$_}{raw}] } sort keys %headers);
$page .= table('Cookie の名前', 'Names of cookies', map { [$_] } sort keys %cookies);
$page .= "</body>\n</html>\n";

print "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n";
print Encode::encode('UTF-8', $page);
