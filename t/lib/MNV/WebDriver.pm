# A real browser: Chromium without a window, driven over the W3C WebDriver protocol by chromedriver.
#
#   my $w = MNV::WebDriver->new(phone => 1, language => 'ja');
#   $w->go($t->url('/mynumber/'));           # waits until the page is there
#   $w->press('サインイン');                  # a button or link by the words on it
#   $w->type('#pin1', '1234');
#   $w->wait_until(sub { $w->url =~ m{/mynumber/} }, 'back at the portal');
#   $w->text('main');  $w->cookies;  $w->problems;
#
# Elements are named by CSS selectors. The browser has a profile of its own, resolves no name but this machine's and
# those it is given, and ends with the object.
package MNV::WebDriver;
use strict;
use warnings;
use utf8;
use Carp qw(croak);
use File::Temp;
use HTTP::Tiny;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use POSIX qw(WNOHANG);
use Scalar::Util qw(weaken);
use MNV::Source qw(need);
use MNV::Test ();

my $START_SECONDS = 60;
my $LOAD_SECONDS = 30;
my $ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';    # the standard's name for a reference to an element
my $PHONE_AGENT = 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) '
  . 'Chrome/130.0.0.0 Mobile Safari/537.36';
my %KEY = (tab => "\x{E004}", enter => "\x{E007}", space => ' ');
my $JSON = JSON::PP->new->utf8->allow_nonref->canonical;

my ($driver, $browser, @alive);

sub _program {
    my ($variable, @names) = @_;
    return $ENV{$variable} if $ENV{$variable};
    return (grep { -x } map { my $name = $_; map { "$_/$name" } split /:/, $ENV{PATH} } @names)[0];
}

# What is missing skips the test before it has started anything.
sub import {
    $driver = _program('MNV_CHROMEDRIVER', 'chromedriver');
    $browser = _program('MNV_CHROMIUM', qw(chromium chromium-browser google-chrome));
    need($browser && $driver, 'Chromium with chromedriver (packages chromium, chromium-driver)');
}

# Options, all with a default:
#   phone         1: 390 x 844 points, touch, a phone's User-Agent; else a window of 1280 x 900
#   language      "ja", "en"
#   names         [host names that are this machine]; "NAME:PORT HOST:PORT" leads that port elsewhere
#   certificates  [PEM files whose keys are trusted, whatever their names and issuers]
#   script        0: scripts of pages do not run
sub new {
    my ($class, %option) = @_;
    my $self = bless { language => 'en', names => [], certificates => [], script => 1, %option, owner => $$,
                       refused => [] }, $class;
    $self->{profile} = File::Temp->newdir('mnv-browser-XXXXXX', TMPDIR => 1);
    $self->{http} = HTTP::Tiny->new(timeout => 2 * $LOAD_SECONDS, keep_alive => 1, proxy => undef, http_proxy => undef);
    push @alive, $self;
    weaken($alive[-1]);
    $self->_start_driver;
    $self->_start_browser;
    return $self;
}

# --- the programs -------------------------------------------------------------------------------------------------------

# chromedriver chooses a free port itself and tells it.
sub _start_driver {
    my ($self) = @_;
    my $pid = open my $out, '-|';
    die "could not fork: $!" unless defined $pid;
    unless ($pid) {
        setpgrp;
        open STDIN, '<', '/dev/null';
        open STDERR, '>', "$self->{profile}/chromedriver.log";
        # Nothing of the person who runs the tests: settings, display, languages.
        delete @ENV{qw(DISPLAY WAYLAND_DISPLAY XDG_CONFIG_HOME XDG_CACHE_HOME DBUS_SESSION_BUS_ADDRESS LANGUAGE)};
        $ENV{HOME} = "$self->{profile}";
        exec $driver, '--port=0' or POSIX::_exit(127);
    }
    @$self{qw(pid out)} = ($pid, $out);
    local $SIG{ALRM} = sub { die "chromedriver was not ready in $START_SECONDS s\n" };
    alarm $START_SECONDS;
    while (my $line = <$out>) {
        last if ($self->{port}) = $line =~ /started successfully on port (\d+)/;
    }
    alarm 0;
    $self->{port} or die "chromedriver did not start:\n" . _slurp("$self->{profile}/chromedriver.log");
}

sub _start_browser {
    my ($self) = @_;
    my $options = { binary => $browser, args => [ $self->_arguments ], prefs => {
        'intl.accept_languages' => $self->{language},
        'profile.managed_default_content_settings.javascript' => $self->{script} ? 1 : 2,
    } };
    $options->{mobileEmulation} = { userAgent => $PHONE_AGENT, deviceMetrics => { width => 390, height => 844,
        pixelRatio => 2, touch => JSON::PP::true, mobile => JSON::PP::true } } if $self->{phone};
    my $answer = $self->_call('POST', '/session', { capabilities => { alwaysMatch => {
        pageLoadStrategy => 'normal', acceptInsecureCerts => JSON::PP::false,
        timeouts => { pageLoad => 1000 * $LOAD_SECONDS, script => 1000 * $LOAD_SECONDS, implicit => 0 },
        'goog:chromeOptions' => $options, 'goog:loggingPrefs' => { browser => 'ALL', performance => 'ALL' },
    } } });
    $self->{session} = "/session/$answer->{sessionId}";
}

sub _arguments {
    my ($self) = @_;
    my @rules = ((map { / / ? "MAP $_" : "MAP $_ 127.0.0.1" } @{ $self->{names} }, 'localhost', '127.0.0.1'), 'MAP * ~NOTFOUND');
    my @keys = map { _key_hash($_) } @{ $self->{certificates} };
    return ('--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync', '--window-size=1280,900',
        "--user-data-dir=$self->{profile}/profile", '--host-resolver-rules=' . join(', ', @rules),
        @keys ? '--ignore-certificate-errors-spki-list=' . join(',', @keys) : ());
}

# SHA-256 of a certificate's public key, in base64.
sub _key_hash {
    my ($file) = @_;
    my $hash = `openssl x509 -in '$file' -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | openssl base64`;
    $hash =~ s/\s//g;
    return $hash || die "could not read the certificate \"$file\"";
}

sub _slurp {
    my ($file) = @_;
    open my $in, '<:encoding(UTF-8)', $file or return '';
    local $/;
    return scalar(<$in>) // '';
}

# One command. A failure dies with what the driver says of it.
sub _call {
    my ($self, $method, $path, $data) = @_;
    my $response = $self->{http}->request($method, "http://127.0.0.1:$self->{port}$path", {
        headers => { 'Content-Type' => 'application/json; charset=utf-8' },
        $method eq 'POST' ? (content => $JSON->encode($data // {})) : (),
    });
    my $answer = eval { $JSON->decode($response->{content}) }
      or die "chromedriver did not answer to $method $path: $response->{status} $response->{content}";
    return $answer->{value} if $response->{success};
    my $why = $answer->{value}{error} . ': ' . ($answer->{value}{message} =~ /^([^\n]*)/)[0];
    croak $self->{session} && $path ne '/session' ? "$why, for " . $JSON->encode($data // {}) : $why;
}

sub _do {
    my ($self, $method, $path, $data) = @_;
    return $self->_call($method, "$self->{session}$path", $data);
}

# --- pages ----------------------------------------------------------------------------------------------------------------

# Type a URL into the address bar; returns when the page at the end of all redirects is there.
sub go { my ($self, $url) = @_; $self->_do('POST', '/url', { url => $url }); return $self }
sub back { $_[0]->_do('POST', '/back'); return $_[0] }
sub reload { $_[0]->_do('POST', '/refresh'); return $_[0] }
sub url { $_[0]->_do('GET', '/url') }
sub title { $_[0]->_do('GET', '/title') }
sub source { $_[0]->_do('GET', '/source') }

# A picture of the window as it is now (PNG), or with whole => 1 of the whole page.
sub screenshot {
    my ($self, $file, %option) = @_;
    my $data = $option{whole}
      ? $self->cdp('Page.captureScreenshot', captureBeyondViewport => JSON::PP::true, format => 'png')->{data}
      : $self->_do('GET', '/screenshot');
    open my $out, '>:raw', $file or croak "could not write \"$file\": $!";
    print $out decode_base64($data);
    close $out;
    return $file;
}

# Asks again until the answer is true; dies, telling what is shown, when the time is up. A page that changes meanwhile
# makes elements stale: that is no answer.
sub wait_until {
    my ($self, $condition, $what, $seconds) = @_;
    return MNV::Test::wait_for(sub { eval { $condition->() } }, $seconds // $LOAD_SECONDS)
      || croak 'waited in vain for ' . ($what // 'a condition') . $self->_here;
}

# Where we are and what is shown, for messages.
sub _here {
    my ($self) = @_;
    return ' at ' . $self->url . ":\n" . substr($self->run('return document.body ? document.body.innerText : ""'), 0, 1000);
}

# --- elements -------------------------------------------------------------------------------------------------------------

# The first element, undef if there is none; all of them.
sub find { my ($self, $css) = @_; return ($self->all($css))[0] }
sub all { my ($self, $css) = @_; return $self->_find('css selector', $css) }
sub has { my ($self, $css) = @_; return defined $self->find($css) }

sub _find {
    my ($self, $using, $value) = @_;
    return map { $_->{$ELEMENT} } @{ $self->_do('POST', '/elements', { using => $using, value => $value }) };
}

# Does something with the first element, which may come a moment later. Where the page changed between finding it and that,
# it is found anew.
sub _with {
    my ($self, $using, $value, $code) = @_;
    my ($result, $problem);
    MNV::Test::wait_for(sub {
        my ($element) = $self->_find($using, $value);
        $problem = "there is no $using $value" . $self->_here unless defined $element;
        return if !defined $element;
        return 1 if eval { $result = $code->($element); 1 };
        $problem = $@;
        croak $problem if $problem !~ /stale element|no such element|no node with given id/i;
        return;
    }, 2) or croak $problem;
    return $result;
}

# What a person reads: hidden text is left out.
sub text { my ($self, $css) = @_; return $self->_with('css selector', $css // 'body', sub { $self->_do('GET', "/element/$_[0]/text") }) }

sub attribute {
    my ($self, $css, $name) = @_;
    return $self->_with('css selector', $css, sub { $self->_do('GET', "/element/$_[0]/attribute/$name") });
}

# Only what can be seen and reached can be clicked; a navigation that begins is waited for.
sub click { my ($self, $css) = @_; $self->_with('css selector', $css, sub { $self->_click_on($_[0]) }); return $self }

# The button or link whose words contain these.
sub press {
    my ($self, $words) = @_;
    my $test = 'contains(normalize-space(.), ' . ($words =~ /"/ ? "'$words'" : "\"$words\"") . ')';
    $self->_with('xpath', "//button[$test] | //a[$test] | //summary[$test]", sub { $self->_click_on($_[0]) });
    return $self;
}

# chromedriver waits for scripts of its own that never run where scripts do not: then as a mouse does.
sub _click_on {
    my ($self, $element) = @_;
    return $self->_do('POST', "/element/$element/click") if $self->{script};
    my $at = $self->run('arguments[0].scrollIntoView({block: "center"}); const r = arguments[0].getBoundingClientRect();'
        . 'return [r.x + r.width / 2, r.y + r.height / 2]', { $ELEMENT => $element });
    $self->cdp('Input.dispatchMouseEvent', type => $_, x => $at->[0], y => $at->[1], button => 'left', clickCount => 1)
      for qw(mousePressed mouseReleased);
    return;
}

# In place of what the field holds.
sub type {
    my ($self, $css, $text) = @_;
    $self->_with('css selector', $css, sub {
        my ($element) = @_;
        $self->run('arguments[0].value = ""', { $ELEMENT => $element });
        return $self->_do('POST', "/element/$element/value", { text => "$text" }) if $self->{script};
        $self->_click_on($element);
        $self->cdp('Input.insertText', text => "$text");
    });
    return $self;
}

# Keys go to what has the focus: "tab", "enter", "space".
sub key {
    my ($self, $name) = @_;
    $self->_do('POST', '/actions', { actions => [ { type => 'key', id => 'keys',
        actions => [ map { { type => $_, value => $KEY{$name} // $name } } qw(keyDown keyUp) ] } ] });
    return $self;
}

# Two clicks as fast as a nervous finger; returns at once, whatever they set off.
sub double_click {
    my ($self, $css) = @_;
    my $element = $self->find($css) // croak "there is no \"$css\"";
    $self->run('arguments[0].scrollIntoView({block: "center"})', { $ELEMENT => $element });
    my @click = ({ type => 'pointerDown', button => 0 }, { type => 'pointerUp', button => 0 });
    $self->_do('POST', '/actions', { actions => [ { type => 'pointer', id => 'finger', parameters => { pointerType => 'mouse' },
        actions => [ { type => 'pointerMove', duration => 0, x => 0, y => 0, origin => { $ELEMENT => $element } },
                     @click, { type => 'pause', duration => 40 }, @click ] } ] });
    return $self;
}

# --- looking deeper -------------------------------------------------------------------------------------------------------

# A script of the test in the page ("return ..."), also where the page's own do not run.
sub run {
    my ($self, $script, @arguments) = @_;
    return $self->_do('POST', '/execute/sync', { script => $script, args => \@arguments });
}

# A command of Chromium's own protocol.
sub cdp { my ($self, $command, %parameters) = @_; return $self->_do('POST', '/goog/cdp/execute', { cmd => $command, params => \%parameters }) }

# All cookies of the browser, of every host: [{name, value, domain, path, secure, httpOnly, sameSite, session, ...}].
sub cookies { return @{ $_[0]->cdp('Network.getAllCookies')->{cookies} } }
sub cookie { my ($self, $name) = @_; return (grep { $_->{name} eq $name } $self->cookies)[0] }

# Show the page as in a window of this size; ratio 2 is what a zoom of 200 % does.
sub resize {
    my ($self, $width, $height, $ratio) = @_;
    $self->cdp('Emulation.setDeviceMetricsOverride', width => $width, height => $height, deviceScaleFactor => $ratio // 1,
        mobile => $self->{phone} ? JSON::PP::true : JSON::PP::false);
    return $self;
}

# Windows, by handle: all, the current one or to choose one, one more (which is then the current one).
sub windows { return @{ $_[0]->_do('GET', '/window/handles') } }
sub window {
    my ($self, $handle) = @_;
    return $self->_do('GET', '/window') unless defined $handle;
    $self->_do('POST', '/window', { handle => $handle });
    return $self;
}
sub new_tab { my ($self) = @_; return $self->window($self->_do('POST', '/window/new', { type => 'tab' })->{handle}) }

# For somebody else: without cookies, cache and history, as a new browser is, whose start takes seconds.
sub afresh {
    my ($self) = @_;
    $self->cdp("Network.clearBrowser$_") for qw(Cookies Cache);
    my @old = $self->windows;
    my $own = $self->new_tab->window;
    $self->window($_)->_do('DELETE', '/window') for @old;
    return $self->window($own);
}

# What the browser complained of on pages of this origin since the last call: policy violations, failed downloads,
# errors of scripts, refused cookies.
sub problems {
    my ($self, $origin) = @_;
    my @found = map { $_->{message} } grep { $_->{level} =~ /SEVERE|WARNING/ } $self->_log('browser');
    $self->_read_network;
    push @found, splice @{ $self->{refused} };
    return grep { index($_, $origin) == 0 } @found;
}

# Navigations since the last call in their order, each hop of a redirect on its own:
# [{url, status, sent => {cookie name => 1}, withheld => {cookie name => why}}].
sub navigations {
    my ($self) = @_;
    $self->_read_network;
    my $hops = delete $self->{hops} // [];
    delete $self->{request};
    return grep { defined $_->{status} } @$hops;
}

# Chromium tells of each hop in three messages; those of one request come in the order of its hops.
sub _read_network {
    my ($self) = @_;
    for my $entry ($self->_log('performance')) {
        my ($method, $p) = @{ JSON::PP->new->decode($entry->{message})->{message} }{qw(method params)};
        my $request = $self->{request}{ $p->{requestId} // '' } //= { to => 0, from => 0 };
        if ($method eq 'Network.requestWillBeSent' && ($p->{type} // '') eq 'Document') {
            push @{ $self->{hops} }, { url => $p->{request}{url}, sent => {}, withheld => {} };
            push @{ $request->{hops} }, $self->{hops}[-1];
        }
        elsif ($method eq 'Network.requestWillBeSentExtraInfo') {
            push @{ $request->{cookies} }, $p->{associatedCookies};
        }
        elsif ($method eq 'Network.responseReceivedExtraInfo') {
            push @{ $request->{answers} }, $p;
        }
        else {
            next;
        }
        $self->_join_hop($request);
    }
}

sub _join_hop {
    my ($self, $request) = @_;
    my $hops = $request->{hops} // return;
    while (my $cookies = $request->{cookies}[ $request->{to} ]) {
        my $hop = $hops->[ $request->{to} ] // last;
        for my $cookie (@$cookies) {
            my $why = join ' ', @{ $cookie->{blockedReasons} };
            if ($why) { $hop->{withheld}{ $cookie->{cookie}{name} } = $why }
            else { $hop->{sent}{ $cookie->{cookie}{name} } = 1 }
        }
        $request->{to}++;
    }
    while (my $answer = $request->{answers}[ $request->{from} ]) {
        my $hop = $hops->[ $request->{from} ] // last;
        $hop->{status} = $answer->{statusCode};
        push @{ $self->{refused} }, map { my ($name) = $_->{cookieLine} =~ /^([^=]*)/;
            "$hop->{url}: cookie \"$name\" refused: @{ $_->{blockedReasons} }" } @{ $answer->{blockedCookies} };
        $request->{from}++;
    }
}

sub _log { my ($self, $type) = @_; return @{ $self->_do('POST', '/se/log', { type => $type }) } }

# --- the end --------------------------------------------------------------------------------------------------------------

sub stop {
    my ($self) = @_;
    return unless $self->{pid} && $self->{owner} == $$;
    local ($?, $@, $!);
    my $pid = delete $self->{pid};
    eval { local $self->{http} = HTTP::Tiny->new(timeout => 10); $self->_do('DELETE', '') } if $self->{session};
    # chromedriver and what it started are one process group.
    kill 'TERM', -$pid;
    my $ended = MNV::Test::wait_for(sub { waitpid($pid, WNOHANG) == $pid }, 10);
    kill 'KILL', -$pid;
    waitpid $pid, 0 unless $ended;
    close delete $self->{out};
    return;
}

# All browsers, before httpd: a connection that a browser keeps in reserve and has not begun to use makes a child of httpd with
# mod_ssl wait in the handshake when it is to end.
sub stop_all { $_ && $_->stop for @alive }

sub DESTROY { $_[0]->stop }
END { stop_all() }

1;
