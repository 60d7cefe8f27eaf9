# docs/saml.md, step by step and with its own lines: the key is made, the configuration starts, our metadata tell what is to be registered, and while keys roll over they have both
# certificates and requests are signed by the first. That either opens what is encrypted is the matter of 33_saml.t.
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(decode_base64);
use MNV::Test;
use MNV::Federation;
use MNV::Recipes;
use MNV::SamlJourney qw(certificate);
use MNV::Source qw(need_saml);

need_saml();
my $page = MNV::Recipes->page('docs/saml.md');
is_deeply([ $page->unknown_directives ], [], 'each directive that the page names exists');
my $t = MNV::Test->new;
sub here { my ($text) = @_; return $text =~ s{/etc/mynumber/}{$t->path('keys/')}ger }
sub make_key { my ($name) = @_; $t->run('sh', '-e', $t->write_file('keys/make.sh', here($page->block('sh')) =~ s/\bsaml\./$name./gr)) }
make_key('saml');
my $federation = MNV::Federation->new($t);
$t->write_file('keys/idp-metadata.xml', $federation->aggregate(providers => { 'https://idp.example.ac.jp/idp' => 'https://idp.example.ac.jp/sso' }), 0644);
sub config {
    my ($keys) = @_;
    my $text = here($page->block('apache'));
    $text =~ s/^MyNumberSAML(?:Key|Cert) .*\n//mg if $keys;
    return $t->default_config(card => 0, signin => $text . here($keys // ''));
}

# By which of these keys is the request signed that leads to the identity provider?
sub signed_by {
    my (@names) = @_;
    my ($signed, $signature) = $t->browser->get($t->url('/mynumber/signin'))->header('Location') =~ /\?(.*)&Signature=(.*)/;
    my ($text, $file) = ($t->write_file('keys/request', $signed), $t->path('keys/signature'));
    open my $out, '>:raw', $file or die $!;
    print $out decode_base64($signature =~ s/%(..)/chr hex $1/ger);
    close $out;
    return join ' ', grep { eval { $t->run(qw(openssl dgst -sha256 -prverify), $t->path("keys/$_.key"), '-signature', $file, $text) } } @names;
}
sub told { return $t->browser->get($t->url('/mynumber/saml/metadata'))->body }
sub certificates { my $told = told() =~ s/\s//gr; return join ' ', grep { index($told, certificate($t, $_)) >= 0 } @_ }

$t->start(config());
for my $row (grep { m{portal\.example\.ac\.jp/mynumber/} } $page->{text} =~ /^\| ([^|]+ \| `[^`]+`) \|$/mg) {
    my ($what, $url) = $row =~ /^(.*) \| `(.*)`/;
    $url =~ s{https://portal\.example\.ac\.jp}{$t->base}e;
    like(told(), qr/(?:entityID|Location)="\Q$url\E"/, "our metadata tell: $what") if $what !~ /discovery/;
}
like(told(), qr{<mdui:DisplayName xml:lang="ja">会員ポータル</mdui:DisplayName><mdui:DisplayName xml:lang="en">Member portal<}, 'and what people know us by');
is(signed_by('saml'), 'saml', 'one key: it signs');
make_key('saml2');
$t->graceful(config($page->block('apache added')));
is(certificates(qw(saml saml2)), 'saml saml2', 'the second added: our metadata have both');
is(signed_by(qw(saml saml2)), 'saml', '... and the first signs');
$t->graceful(config($page->block('apache exchanged')));
is(certificates(qw(saml saml2)), 'saml saml2', 'exchanged: our metadata have both');
is(signed_by(qw(saml saml2)), 'saml2', '... and the new one signs');
$t->graceful(config($page->block('apache exchanged') =~ s/^.*\/saml\..*\n//mgr));
is(certificates(qw(saml saml2)), 'saml2', 'the old one removed: our metadata have the new one');
is(signed_by(qw(saml saml2)), 'saml2', '... which signs');
$t->done;
