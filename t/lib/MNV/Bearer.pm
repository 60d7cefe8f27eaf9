# API clients: their tokens, good ones by the provider and bad ones by hand, and what a server needs to take them.
#
#   my $api = MNV::Bearer->new($t);                       # loads mod_mynumber_bearer
#   $t->start($t->default_config(server => $api->load . $api->by_key, location => ...));
#   my $r = $api->call('/show/api', $api->sign);
#   my $r = $api->call('/show/api', $api->sign({ exp => 0 }, { kid => 'other' }));
package MNV::Bearer;
use strict;
use warnings;
use Digest::SHA ();
use File::Basename qw(dirname);
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);
use MNV::Browser;
use MNV::Source qw(need);

my $JSON = JSON::PP->new->utf8->canonical->allow_nonref;

sub new {
    my ($class, $t, %option) = @_;
    my $self = bless { t => $t, issuer => 'https://issuer.example.test', %option }, $class;
    $self->{module} = dirname($t->module) . '/mod_mynumber_bearer.so';
    need(-e $self->{module}, 'mod_mynumber_bearer (liboauth2-dev, script/build)');
    return $self;
}

sub load { return qq{LoadModule mynumber_bearer_module "$_[0]{module}"\n} }

# A key of ours as issuer: RS256 or ES256.
sub key {
    my ($self, $alg) = @_;
    my $t = $self->{t};
    my $file = $t->path("keys/issuer-$alg.pem");
    $t->run($t->{ctl}, qw(keygen client --alg), $alg, $file) unless -e $file;
    return $file;
}

# Its public half, {kty, kid, ...}.
sub jwk {
    my ($self, $alg) = @_;
    return $self->{jwk}{$alg} //= $JSON->decode($self->{t}->run($self->{t}{ctl}, 'jwks', $self->key($alg)))->{keys}[0];
}

# Directives that take tokens of that key.
sub by_key {
    my ($self, $alg, %change) = @_;
    my $jwk = $JSON->encode({ %{ $self->jwk($alg // 'RS256') }, %change });
    return "MyNumberBearerVerify jwk '$jwk'\nMyNumberBearerIssuer $self->{issuer}\nMyNumberBearerAudience api\n";
}

# Claims that are right.
sub claims {
    my ($self) = @_;
    return { iss => $self->{issuer}, aud => 'api', sub => 'sub-0123456789', iat => time, exp => time + 300, client_id => 'script' };
}

# A signed token. claims and header: members that differ (undef: not there), or a text in their place; alg in header may lie, by says which key signs (RS256).
sub sign {
    my ($self, $claims, $header, $by) = @_;
    $by //= 'RS256';
    $header = $JSON->encode(_with({ alg => $by, kid => $self->jwk($by)->{kid}, typ => 'JWT' }, $header)) if ref($header // {});
    $claims = $JSON->encode(_with($self->claims, $claims)) if ref($claims // {});
    my $text = join '.', map { encode_base64url($_) } $header, $claims;
    return "$text." . encode_base64url($self->_signature($text, $by));
}

sub _with {
    my ($base, $change) = @_;
    my %all = (%$base, %{ $change // {} });
    return { map { defined $all{$_} ? ($_ => $all{$_}) : () } keys %all };
}

sub _signature {
    my ($self, $text, $alg) = @_;
    my ($in, $out) = map { $self->{t}->path("keys/signing.$_") } qw(in out);
    open my $file, '>', $in or die "could not write \"$in\": $!";
    print $file $text;
    close $file;
    $self->{t}->run(qw(openssl dgst -sha256 -sign), $self->key($alg), '-out', $out, $in);
    open $file, '<:raw', $out or die "could not read \"$out\": $!";
    local $/;
    my $signature = <$file>;
    return $alg eq 'RS256' ? $signature : _raw($signature);
}

# DER of two integers as 64 bytes (RFC 7518 3.4).
sub _raw {
    my ($der) = @_;
    my ($at, @numbers) = (2);
    for (1, 2) {
        my $length = ord substr $der, $at + 1, 1;
        my $number = substr $der, $at + 2, $length;
        $number =~ s/^\0+//;
        push @numbers, ("\0" x (32 - length $number)) . $number;
        $at += 2 + $length;
    }
    return join '', @numbers;
}

# HS256 by any key, as somebody who knows the public one would.
sub mac {
    my ($self, $secret, $header) = @_;
    my $text = join '.', map { encode_base64url($JSON->encode($_)) } { alg => 'HS256', typ => 'JWT', %{ $header // {} } }, $self->claims;
    return "$text." . encode_base64url(Digest::SHA::hmac_sha256($text, $secret));
}

# A request of a program: no cookies. Options: method, headers.
sub call {
    my ($self, $path, $token, %option) = @_;
    return $self->{t}->browser->request($option{method} // 'GET', $self->{t}->url($path),
        headers => [ [ 'Accept', '*/*' ], defined $token ? [ 'Authorization', "Bearer $token" ] : (), @{ $option{headers} // [] } ]);
}

# "401 invalid_token MNV0393", "200", ...: what a client sees, in short.
sub seen {
    my ($r) = @_;
    my ($error) = ($r->header('WWW-Authenticate') // '') =~ /\berror="([^"]*)"/;
    my ($code) = $r->body =~ /"code":"(MNV\d+)"/;
    return join ' ', $r->code, $error // (), $code // ();
}

# The proof of a key of ours for a request (RFC 9449).
sub proof {
    my ($self, $method, $url) = @_;
    my %jwk = %{ $self->jwk('ES256') };
    delete @jwk{qw(kid alg use)};
    return $self->sign($JSON->encode({ htm => $method, htu => $url, iat => time, jti => join('', map { chr(97 + rand 26) } 1 .. 20) }), $JSON->encode({ alg => 'ES256', typ => 'dpop+jwt', jwk => \%jwk }), 'ES256');
}

my %CLIENT = (client_id => 'app', client_secret => 'secret-of-the-app-0123456789-abcdefghijklmnopqrs');

sub _post {
    my ($url, $form, @headers) = @_;
    return MNV::Browser->new->request('POST', $url, body => MNV::Browser::encode_form($form), headers => [ [ 'Content-Type', 'application/x-www-form-urlencoded' ],
        [ 'Authorization', 'Basic ' . MIME::Base64::encode_base64("$CLIENT{client_id}:$CLIENT{client_secret}", '') ], @headers ]);
}

sub revoke {
    my ($self, $p, $token) = @_;
    my $r = _post($p->signin->{issuer} . '/token/revocation', { token => $token });
    die 'not revoked: ' . $r->code . ' ' . $r->body if $r->code != 200;
}

# An access token of the provider, as a program gets one for a person: code flow with resource indicator. Options: account, resource, dpop => 1 (bound to a key).
sub fetch {
    my ($self, $p, %option) = @_;
    my $signin = $p->signin;
    my $browser = MNV::Browser->new;
    my $callback = 'http://localhost/callback';
    $p->signin_is(account => $option{account} // '0123456789');
    $p->control('signin', { client => { %CLIENT, redirect_uris => [$callback], client_name => 'App' } }) unless $self->{registered}{ $signin->{issuer} }++;
    my $r = $browser->get("$signin->{issuer}/auth?" . MNV::Browser::encode_form({ client_id => 'app', response_type => 'code', scope => 'openid api', redirect_uri => $callback,
        nonce => 'n', state => 's', resource => $option{resource} }));
    my ($code) = ($r->header('Location') // '') =~ /[?&]code=([^&]+)/ or die 'no code: ' . $r->code . ' ' . ($r->header('Location') // $r->body);
    my $answer = _post("$signin->{issuer}/token", { grant_type => 'authorization_code', code => $code, redirect_uri => $callback, resource => $option{resource} },
        $option{dpop} ? [ 'DPoP', $self->proof('POST', "$signin->{issuer}/token") ] : ());
    return $answer->json->{access_token} // die 'no token: ' . $answer->body;
}

1;
