# What is remembered of a token is no more than the token: it ends with it, is no session, is not another host's, and follows the link.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MNV::Test;
use MNV::Bearer;
use MNV::Journey qw(linked_person sign_in);

my $t = MNV::Test->new;
my $p = $t->providers;
my $api = MNV::Bearer->new($t, issuer => $p->signin->{issuer});
my $location = <<'EOT';
<Location /show/api>
  AuthType mynumber
  Require mynumber-account
  MyNumberBearer on
  MyNumberUnauthenticated 401
</Location>
<Location /show/linked>
  AuthType mynumber
  Require mynumber-linked
  MyNumberBearer required
</Location>
EOT
my $server = $api->load . $api->by_key . "MyNumberRecheck 1h\nMyNumberClockSkew 0s\n";
sub seen { MNV::Bearer::seen(@_) }
$t->start($t->default_config(server => $server, location => $location));

my $short = $api->sign({ exp => time + 3 });
is($api->call('/show/api', $short)->code, 200, 'a token that ends soon');
$t->expect_log(qw(MNV0311 MNV0393));
ok(wait_for(sub { seen($api->call('/show/api', $short)) eq '401 invalid_token MNV0393' }, 10), 'its end counts, although its record is good for an hour');

# A token of the length of a session id: oidc-provider's opaque ones are.
my $id = 'A' x 43;
$t->expect_log('MNV0301');
is(seen($api->call('/show/api', $id)), '401 invalid_token MNV0393', 'an id that is no session is no token');
my $token = $api->sign;
is($api->call('/show/api', $token)->code, 200, 'a token');
$t->expect_log('MNV0802');
for my $as ($token, substr($token, 0, 43)) {
    is($t->browser->request('GET', $t->url('/show/api'), headers => [ [ 'Cookie', "mynumber=$as" ], [ 'Accept', 'application/json' ] ])->code, 401, 'as a cookie it is nothing');
}

# Keep-alive: each token of a connection has its own answer.
my $other = $api->sign({ sub => 'sub-9876543210' });
my $ask = sub { "GET /show/api HTTP/1.1\r\nHost: localhost:" . $t->port . "\r\nAuthorization: Bearer $_[0]\r\n" . ($_[1] // '') . "\r\n" };
my $raw = MNV::Browser::raw('127.0.0.1', $t->port, join '', map { $ask->($_) } $token, $other, $token, "${token}A", $token);
$raw .= MNV::Browser::raw('127.0.0.1', $t->port, $ask->($other, "Connection: close\r\n"));
is(join(' ', $raw =~ /"MYNUMBER_ACCOUNT":"([^"]+)"/g), 'sub-0123456789 sub-9876543210 sub-0123456789 sub-0123456789 sub-9876543210', 'by turns over one connection');

# The link is followed although the record could live for an hour.
$t->expect_log('MNV0822');
is(seen($api->call('/show/linked', $token)), '403 insufficient_scope MNV0822', 'not linked');
my $b = linked_person($t, '0123456789', 'adult');
ok(wait_for(sub { $api->call('/show/linked', $token)->code == 200 }, 10), 'linking is noticed at once');
sign_in($t, $b); # unlinking asks for a new one
$b->visit($t->url('/mynumber/'));
$b->form('unlink')->submit;
ok(wait_for(sub { seen($api->call('/show/linked', $token)) eq '403 insufficient_scope MNV0822' }, 10), 'so is unlinking');

# Another host, for which the token is not.
$t->restart($t->default_config(server => $server, location => $location . <<'EOT'));
Listen 127.0.0.1:@PORT:second@
<VirtualHost 127.0.0.1:@PORT:second@>
  ServerName http://localhost:@PORT:second@
  MyNumberBaseURL http://localhost:@PORT:second@
  MyNumberBearerAudience another
</VirtualHost>
EOT
my $at_second = sub { $t->browser->request('GET', 'http://localhost:' . $t->port('second') . '/show/api', headers => [ [ 'Accept', '*/*' ], [ 'Authorization', "Bearer $_[0]" ] ]) };
is($at_second->($api->sign({ aud => 'another' }))->code, 200, 'another host takes tokens of its own');
$t->expect_log('MNV0309');
for (1 .. 4) {
    is($api->call('/show/api', $token)->code, 200, 'a token is known to its host');
    is(seen($at_second->($token)), '401 invalid_token MNV0393', '... and not let in at another');
}

# A reload with another audience.
$t->graceful($t->default_config(server => $server =~ s/Audience api/Audience another/r, location => $location));
$t->expect_log('MNV0309');
ok(wait_for(sub { seen($api->call('/show/api', $token)) eq '401 invalid_token MNV0393' }, 15), 'what was accepted for another audience is not found');

# Locations by turns: the token counts where tokens are taken, and nowhere else.
$t->restart($t->default_config(server => $server, modules => ['include'], location => $location . <<'EOT'));
<Location /front/>
  AuthType mynumber
  Require mynumber-account
  MyNumberBearer required
  Options +Includes
  SetOutputFilter INCLUDES
</Location>
<Location /show/inner>
  AuthType mynumber
  Require mynumber-account
</Location>
RewriteEngine on
RewriteRule ^/show/api/moved$ /show/inner [PT]
EOT
mkdir $t->path('htdocs/front');
$t->write_file('htdocs/front/page.html', 'out=<!--#echo var="MYNUMBER_ACCOUNT" --> open=<!--#include virtual="/open/x" --> inner=<!--#include virtual="/show/inner" -->', 0644);
my $page = $api->call('/front/page.html', $token)->body;
like($page, qr/out=sub-0123456789/, 'a page that takes tokens');
my ($inner) = $page =~ /inner=(.*)/s;
unlike($inner // '', qr/"MYNUMBER_ACCOUNT":"sub/, 'a part of it that takes none is not told whose token it was');
isnt($api->call('/show/api/moved', $token)->code, 200, 'nor is a place that the URL leads to');
$t->allow_line(qr/AH01374|unable to include/);
$t->done;
