# mod_cache in front: what one person was given is never stored nor given to another, whatever the cache is told to ignore; pages of nobody are kept as ever.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Journey qw(linked_person);

my $t = MNV::Test->new;
my $p = $t->providers;
mkdir $t->path("htdocs/$_") for qw(pages index from-secret);
# An application that asks every cache to keep its answer. No two answers are the same.
$t->write_file('cgi/app', "#!$^X\n" . <<'EOT', 0755);
my $body = join '', 'answer ', rand, "-$$\n", map { "$_=$ENV{$_}\n" } grep { /MYNUMBER|REMOTE_USER/ } sort keys %ENV;
print "Content-Type: text/html\nContent-Length: ", length $body, "\nCache-Control: public, max-age=3600\nLast-Modified: Mon, 05 Jan 2026 00:00:00 GMT\n\n$body";
EOT
my $long = 'x' x 20_000;
$t->write_file("htdocs/pages/$_->[0].shtml", $_->[1], 0755)
  for ['include', '<!--#include virtual="/secret" -->'], ['include-late', $long . '<!--#include virtual="/secret" -->'],
  ['include-two', '<!--#include virtual="/plain" -->' . $long . '<!--#include virtual="/secret" -->'],
  ['expression', $long . '<!--#include virtual="/plain" -->' . join '', map { "<!--#if expr='%{MYNUMBER:account} == \"sub-$_\"' -->known as sub-$_<!--#endif -->" } qw(1111111111 2222222222)];
$t->write_file('htdocs/pages/secret.html', "only-for-the-person\n", 0644);
$t->write_file('htdocs/pages/plain.html', "for-everybody\n", 0644);
$t->write_file('htdocs/index/.htaccess', "DirectoryIndex /secret\n", 0644);
$t->write_file('htdocs/from-secret/.htaccess', "DirectoryIndex /plain\n", 0644);

# Each way to keep things is a virtual host with a port and a cache of its own; the session is one.
my @cases = map { my $storage = $_; map { my $quick = $_; map { { storage => $storage, quick => $quick, first => $_ } } qw(stranger one) } qw(on off) } qw(disk socache);
my $hosts = '';
for my $case (@cases) {
    my $name = "$case->{storage}_$case->{quick}_$case->{first}";
    $case->{port} = $t->port($name);
    $case->{folder} = $t->path("cache_$name");
    mkdir $case->{folder};
    $t->give_to_server($case->{folder});
    $hosts .= "Listen 127.0.0.1:$case->{port}\n<VirtualHost 127.0.0.1:$case->{port}>\nServerName localhost:$case->{port}\nCacheEnable $case->{storage} /\nCacheQuickHandler $case->{quick}\n"
      . "CacheRoot \"$case->{folder}\"\n</VirtualHost>\n";
}
$t->start($t->default_config(modules => [ qw(include cache cache_disk cache_socache) ], location => <<'EOT' . $hosts));
CacheSocache shmcb
CacheDefaultExpire 3600
CacheIgnoreNoLastMod on
CacheIgnoreCacheControl on
CacheStorePrivate on
CacheStoreNoStore on
CacheStoreExpired on
CacheIgnoreHeaders None
# mod_cache_socache keeps nothing of unknown size
SetEnv ap_trust_cgilike_cl 1
ScriptAlias /secret "@DIR@/cgi/app"
ScriptAlias /plain "@DIR@/cgi/app"
ScriptAlias /either "@DIR@/cgi/app"
ScriptAlias /bare "@DIR@/cgi/app"
ScriptAlias /any "@DIR@/cgi/app"
<Directory "@DIR@/htdocs/pages">
  Options +Includes
  AddType text/html .shtml
  AddOutputFilter INCLUDES .shtml
</Directory>
<LocationMatch "^/(?:secret|from-secret|either|pages/secret)">
  AuthType mynumber
  Require mynumber-linked
</LocationMatch>
<Location /either>
  MyNumberUnauthenticated pass
</Location>
<Location /bare>
  Require mynumber-linked
</Location>
<Location /any>
  <RequireAny>
    Require ip 192.0.2.1
    Require mynumber-linked
  </RequireAny>
</Location>
<Location /plain>
  AuthType None
  Require all granted
</Location>
EOT

# path => what a linked person sees there of themselves: the account, or only the mark.
my @pages = (
    ['/secret', 'account'], ['/from-secret/', 'plain'], ['/index/', 'account'], ['/pages/secret.html', 'mark'], ['/either', 'account'], ['/bare', 'account'], ['/any', 'account'],
    ['/pages/include.shtml', 'account'], ['/pages/include-late.shtml', 'account'], ['/pages/include-two.shtml', 'account'], ['/pages/expression.shtml', 'known'],
);
my %is_seen = (account => sub { qr/^MYNUMBER_ACCOUNT=sub-$_[0]$/m }, known => sub { qr/known as sub-$_[0]$/ }, mark => sub { qr/only-for-the-person/ }, plain => sub { qr/answer/ });

my @people = (['stranger', $t->browser], ['one', linked_person($t, '1111111111', 'adult'), '1111111111'], ['two', linked_person($t, '2222222222', 'foreign'), '2222222222']);
my %order = (stranger => [ @people[0, 1, 2, 1] ], one => [ @people[1, 2, 0] ]);

sub get { my ($who, $case, $path) = @_; return $who->[1]->get("http://localhost:$case->{port}$path") }

# Several people one after the other: each sees their own or is refused, never another's.
for my $case (@cases) {
    my $how = "$case->{storage}, quick handler $case->{quick}, $case->{first} first";
    for my $page (@pages) {
        my ($path, $kind) = @$page;
        my (@wrong, @cells);
        for my $who (@{ $order{ $case->{first} } }) {
            my ($name, undef, $account) = @$who;
            my $r = get($who, $case, $path);
            my ($whose) = $r->body =~ /sub-(\d+)/;
            my $own = !defined $account ? !defined $whose && ($kind eq 'account' || $kind eq 'known' || $r->code != 200)
              : $r->body =~ $is_seen{$kind}->($account) && ($whose // $account) eq $account;
            push @cells, "$name " . $r->code . ($r->header('Age') ? ' kept' : '') . (defined $whose ? " sees $whose" : '');
            push @wrong, $cells[-1] if !$own || defined $r->header('Age');
        }
        note sprintf '%-42s %-28s %s', $how, $path, join ' | ', @cells;
        is(join("\n", @wrong), '', "$how: $path");
    }
    my @plain = map { get($_, $case, '/plain') } @people;
    is(scalar(grep { $_->body eq $plain[0]->body } @plain), 3, "$how: an open page is kept and given to everybody");
    my @service = map { get($_, $case, '/mynumber/') } @people;
    is(join(' ', map { $_->code . ($_->header('Age') // '') } @service), '200 200 200', "$how: the service page is not kept");
    isnt($service[1]->body, $service[0]->body, "$how: and it is of each");
    next if $case->{storage} ne 'disk';
    is(`grep -rlE 'sub-[0-9]{10}|only-for-the-person|mnv-|csrf' '$case->{folder}'`, '', "$how: nothing of a person lies in the cache");
    isnt(`grep -rl answer '$case->{folder}'`, '', "$how: of open pages something does");
}
$t->allow_line(qr/unable to include "\/secret/);
$t->done;
