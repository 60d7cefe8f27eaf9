# Other modules between a request and the application: one httpd in which every way from one location into another exists four times,
#
#   open -> secret     open -> bare     secret -> plain     secret -> secret
#
# where /secret is under our rule and exports the account, /bare likewise but has no AuthType (so there is no REMOTE_USER), /plain is under no rule, and a way that starts in a
# secret place is under our rule there and exports the name as well. Who comes through must be known by the account at /secret and /bare, by nothing at /plain, and by the name
# nowhere.
package MNV::Neighbours;
use strict;
use warnings;
use Exporter 'import';
use MNV::Apps;
use MNV::Browser;
use MNV::Journey qw(linked_person);
use MNV::Test;
our @EXPORT_OK = qw(modules make_site site_text seen person matrix reordered);

my $account = '1111111111';
my $SECRET = 'only-for-the-person';
my $PLAIN = 'for-everybody';

sub modules { return qw(setenvif include negotiation actions proxy proxy_http proxy_fcgi proxy_uwsgi slotmem_shm lbmethod_byrequests proxy_balancer cache cache_disk cache_socache) }

# --- ways ------------------------------------------------------------------------

# By name: access (the .htaccess of the way's folder, TO is the place it leads to), server (text in the server, WAY is the way's folder), files ({name => text}),
# ask (what is asked for in the folder), status (of the answer to who may see it; 200), inside => 1: the place is a file page.APP of the same folder, under rules of
# its own. stranger: what somebody unknown gets on the way from open to secret: "away" (sent to sign in) or a status.
my @ways = (
    { name => 'rewrite', access => 'RewriteRule ^ TO [L]', ask => 'x' },
    { name => 'rewrite-pt', server => 'RewriteRule ^/WAY/ TO [PT]', ask => 'x', is_early => 1 },
    { name => 'rewrite-pt-location', access => 'RewriteRule ^ TO [PT]', ask => 'x' },
    { name => 'fallback', access => 'FallbackResource TO', ask => 'nothing', stranger => '401' },
    { name => 'index', access => 'DirectoryIndex TO', ask => '', stranger => '401' },
    { name => 'index-file', access => 'DirectoryIndex page.APP', ask => '', inside => 1, stranger => '401' },
    { name => 'error-404', access => 'ErrorDocument 404 TO', ask => 'nothing', status => 404, stranger => '404' },
    { name => 'error-403', access => "ErrorDocument 403 TO\nRewriteRule ^ - [F]", ask => 'x', status => 403, stranger => '403' },
    { name => 'error-backend', server => "ProxyPass /WAY http://127.0.0.1:\@PORT:python\@/fail\n<Location /WAY>\nProxyErrorOverride on\nErrorDocument 500 TO\n</Location>", ask => '',
        status => 500, stranger => '500' },
    { name => 'include', files => { 'parts.shtml' => '<!--#include virtual="PROGRAM" -->' }, ask => 'parts.shtml', stranger => '200' },
    { name => 'include-cgi', files => { 'parts.shtml' => '<!--#exec cgi="PROGRAM" -->' }, ask => 'parts.shtml', stranger => '200' },
    { name => 'include-late', files => { 'parts.shtml' => ('x' x 20_000) . '<!--#include virtual="PROGRAM" -->' }, ask => 'parts.shtml', stranger => '200' },
    { name => 'multiviews', ask => 'page', inside => 1, stranger => '404' },
    { name => 'type-map', files => { 'map.var' => "URI: page.APP\nContent-Type: text/html\n" }, ask => 'map.var', inside => 1, stranger => '401' },
    { name => 'action', access => "Action way TO virtual\nSetHandler way", ask => 'x' },
    { name => 'cgi-location', files => { 'away.cgi' => "#!/bin/sh\nprintf 'Location: TO\\n\\n'\n" }, ask => 'away.cgi' },
    { name => 'chain', access => 'RewriteRule ^ /chain-to-NAME/ [L]', ask => 'x', stranger => '401' },
);
my @legs = (['open', 'secret'], ['open', 'bare'], ['secret', 'plain'], ['secret', 'secret']);

sub _folder { my ($way, $leg) = @_; return "from-$leg->[0]/$way->{name}-to-$leg->[1]" }

sub _filled {
    my ($text, $way, $leg, $app) = @_;
    my ($folder, $to) = (_folder($way, $leg), $leg->[1]);
    $text =~ s/\bWAY\b/$folder/g;
    $text =~ s/\bPROGRAM\b/\/$to-program/g;
    $text =~ s/\bTO\b/\/$to\/x/g;
    $text =~ s/\bNAME\b/$to/g;
    $text =~ s/\bAPP\b/$app/g;
    return $text;
}

# The application: a mark, and all that it received, also what came twice. As a program, and as a page of mod_include, which is quick.
sub _application {
    my ($mark, $app) = @_;
    return "$mark\n<!--#printenv -->" if $app eq 'shtml';
    return "#!$^X\n" . 'print "Content-Type: text/html\n\n' . $mark . '\n"; open my $in, "<", "/proc/self/environ"; local $/ = "\0"; print map { s/\0$//r . "\n" } sort <$in>;' . "\n";
}

sub _make_way {
    my ($t, $way, $leg, $app) = @_;
    my $folder = 'htdocs/' . _folder($way, $leg);
    mkdir $t->path($folder) or die "could not make \"$folder\": $!";
    my %files = (%{ $way->{files} // {} }, '.htaccess' => "RewriteEngine on\n" . ($way->{access} // ''));
    for my $name (keys %files) {
        $t->write_file("$folder/$name", _filled($files{$name}, $way, $leg, $app), 0755);
    }
    _write_as_is($t, "$folder/page.$app", _application($leg->[1] eq 'plain' ? $PLAIN : $SECRET, $app)) if $way->{inside};
}

sub _write_as_is {
    my ($t, $name, $text) = @_;
    open my $out, '>', $t->path($name) or die "could not write \"$name\": $!";
    print $out $text;
    close $out;
    chmod 0755, $t->path($name);
}

# Folders, files and applications; those at the end of a way are cgi or shtml. Returns those with a process of their own.
sub make_site {
    my ($t, $app) = @_;
    mkdir $t->path("htdocs/$_") for qw(from-open from-secret chain-to-secret chain-to-plain chain-to-bare);
    for my $to (qw(secret bare plain)) {
        my $mark = $to eq 'plain' ? $PLAIN : $SECRET;
        _write_as_is($t, "cgi/$to.$app", _application($mark, $app));
        # Not a page: in a page that another one includes, mod_include shows the variables of the other one.
        _write_as_is($t, "cgi/$to-program", _application($mark, 'cgi'));
        $t->write_file("htdocs/chain-to-$to/.htaccess", "DirectoryIndex nothing\nFallbackResource /fall-to-$to/\n", 0644);
        mkdir $t->path("htdocs/fall-to-$to");
        $t->write_file("htdocs/fall-to-$to/.htaccess", "DirectoryIndex /$to/x\n", 0644);
    }
    for my $way (@ways) {
        _make_way($t, $way, $_, $app) for @legs;
    }
    return MNV::Apps->start($t, qw(python));
}

# The configuration of the site, for "location" of default_config.
sub site_text {
    my ($app) = @_;
    my $text = <<"EOT" . <<'EOT';
RewriteEngine on
ScriptAliasMatch "^/(secret|bare|plain)-program" "\@DIR\@/cgi/\$1-program"
AliasMatch "^/(secret|bare|plain)/x" "\@DIR\@/cgi/\$1.$app"
EOT
<Directory "@DIR@">
  Options +Includes +ExecCGI +MultiViews
  AcceptPathInfo on
  AddHandler cgi-script .cgi
  AddHandler type-map .var
  AddType text/html .shtml .cgi
  AddOutputFilter INCLUDES .shtml
</Directory>
<Location /from-secret/>
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport account name
</Location>
<LocationMatch "^/secret|^/from-\w+/[\w-]+-to-secret/page\.">
  AuthType mynumber
  Require mynumber-linked
  MyNumberExport account
</LocationMatch>
<LocationMatch "^/bare|^/from-\w+/[\w-]+-to-bare/page\.">
  Require mynumber-linked
  MyNumberExport account
</LocationMatch>
<LocationMatch "^/plain|^/from-\w+/[\w-]+-to-plain/page\.">
  AuthType None
  Require all granted
</LocationMatch>
EOT
    for my $way (grep { $_->{server} } @ways) {
        $text .= join '', map { _filled($way->{server}, $way, $_, $app) . "\n" } @legs;
    }
    return $text;
}

# --- people and what they see --------------------------------------------------------

sub person { my ($t) = @_; return linked_person($t, $account, 'adult') }

# What an answer tells: "200 secret account" and the like.
sub seen {
    my ($b, $r) = @_;
    my $body = $r->body;
    my $all = $r->head . $body;
    my @facts = ($r->code);
    push @facts, 'secret' if $all =~ /$SECRET/;
    push @facts, 'plain' if $all =~ /$PLAIN/;
    push @facts, 'account' if $body =~ /^(?:HTTP_)?MYNUMBER_ACCOUNT=sub-$account$/m;
    push @facts, 'twice' if $body =~ /^(\w+)=.*\n\1=/m;
    push @facts, 'user' if $body =~ /^REMOTE_USER=sub-$account$/m;
    (my $rest = $all) =~ s/^(?:(?:HTTP_)?MYNUMBER_ACCOUNT|REMOTE_USER)=sub-$account$//mg;
    push @facts, 'account-elsewhere(' . ($rest =~ /(\S*$account)/)[0] . ')' if $rest =~ /$account/;
    push @facts, 'name' if $all =~ /MYNUMBER_NAME/i;
    my $session = $b->jar->cookie('mynumber');
    push @facts, 'cookie' if $session && index($body, $session->{value}) >= 0;
    return join ' ', @facts;
}

sub _expected {
    my ($way, $leg, $who) = @_;
    my ($from, $to) = @$leg;
    my $status = $way->{status} // 200;
    if ($who eq 'stranger') {
        return $way->{is_early} && $to eq 'plain' ? "$status plain" : '303' if $from eq 'secret';
        return $way->{stranger} // '303';
    }
    return $to eq 'plain' ? "$status plain" : "$status secret account" . ($to eq 'secret' ? ' user' : '');
}

# Walk all ways as a stranger and as a linked person; one test a way, and a table as a note.
sub matrix {
    my ($t, $stranger, $person, $title) = @_;
    Test::More::note(sprintf '%-22s %s', $title, join ' ', map { sprintf '%-31s', "$_->[0] -> $_->[1]" } @legs);
    for my $way (@ways) {
        my (@wrong, @cells);
        for my $leg (@legs) {
            my $url = $t->url('/' . _folder($way, $leg) . "/$way->{ask}");
            my %got = (stranger => seen($stranger, $stranger->get($url)), linked => seen($person, $person->get($url)));
            for my $who (sort keys %got) {
                my $want = _expected($way, $leg, $who);
                push @wrong, "$leg->[0] -> $leg->[1], $who: \"$got{$who}\" instead of \"$want\"" if $got{$who} ne $want;
            }
            push @cells, sprintf '%-31s', "$got{stranger} | $got{linked}";
        }
        Test::More::note(sprintf '%-22s %s', $way->{name}, join ' ', @cells);
        Test::More::is(join("\n", @wrong), '', "$title: $way->{name}");
    }
}

# --- orders ----------------------------------------------------------------------------

# The configuration with its modules loaded in another order: a sub that gets the names and ours apart and returns all. What a module needs comes before it all the same.
sub reordered {
    my ($text, $order) = @_;
    my (@names, %line);
    $text =~ s/^(LoadModule (\w+)_module .*\n)/push @names, $2; $line{$2} = $1; ''/gem;
    my @others = grep { $_ ne 'mynumber_verify' } @names;
    my (@sorted, %is_in);
    for my $name ($order->(@others)) {
        my ($base) = $name =~ /^(proxy|cache)_/ ? $1 : $name =~ /^lbmethod_/ ? 'proxy' : undef;
        push @sorted, grep { !$is_in{$_}++ } grep { defined } $base, $name;
    }
    die 'not every module is in the order' if @sorted != @names;
    return join('', map { $line{$_} } @sorted) . $text;
}

1;
