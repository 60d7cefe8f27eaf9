# Every page of ours, in both languages: readable by a screen reader, usable by keyboard, with large letters, on small windows, in the dark,
# without scripts. The numbers in brackets are those of WCAG 2.2.
use FindBin;
use lib "$FindBin::Bin/../lib", $FindBin::Bin;
use MNV::Test;
use MNV::WebDriver;
use Steps;

my $t = MNV::Test->new;
my $p = $t->providers;
$t->start($t->default_config(location => <<'EOT'));
<Location /show/never>
  AuthType mynumber
  <RequireAll>
    Require mynumber-verified
    Require expr false
  </RequireAll>
</Location>
EOT
my $home = $t->url('/mynumber/');
my $w;

# What is wrong with the structure of the page shown.
my $STRUCTURE = <<'JS';
const wrong = [], lang = arguments[0];
const all = css => [...document.querySelectorAll(css)];
const name = e => (e.getAttribute("aria-label") || e.innerText || e.alt || e.title || "").trim();
if (document.documentElement.lang !== lang) wrong.push("(3.1.1) lang is " + document.documentElement.lang);
if (all("h1").length !== 1) wrong.push("(1.3.1) " + all("h1").length + " h1");
if (all("main").length !== 1) wrong.push("(1.3.1) " + all("main").length + " main");
if (document.title.trim().length < 4) wrong.push("(2.4.2) title \"" + document.title + "\"");
let level = 0;
for (const h of all("h1,h2,h3,h4,h5,h6")) {
  if (+h.tagName[1] > level + 1) wrong.push("(1.3.1) " + h.tagName + " after level " + level + ": " + h.innerText);
  level = +h.tagName[1];
  if (!name(h)) wrong.push("(2.4.6) an empty heading");
}
for (const e of all("a[href],button,summary")) if (!name(e)) wrong.push("(4.1.2) nameless " + e.outerHTML);
for (const e of all("input:not([type=hidden]),select,textarea"))
  if (!e.labels.length && !e.getAttribute("aria-label")) wrong.push("(1.3.1) no label: " + e.outerHTML);
for (const e of all("img")) if (!e.hasAttribute("alt")) wrong.push("(1.1.1) no alt: " + e.outerHTML);
for (const e of all("ul>*,ol>*")) if (e.tagName !== "LI") wrong.push("(1.3.1) in a list: " + e.tagName);
const ids = all("[id]").map(e => e.id);
if (new Set(ids).size !== ids.length) wrong.push("(4.1.1) ids occur twice: " + ids);
if (document.scripts.length) wrong.push("there is a script");
for (const e of all("a.button,button,summary,header a")) {
  const box = e.getBoundingClientRect();
  if (box.width && Math.min(box.height, box.width) < 24) wrong.push("(2.5.8) " + box.width + " x " + box.height + ": " + name(e));
}
return wrong;
JS

# Texts of too little contrast (1.4.3), here with the colours as they are computed.
my $CONTRAST = <<'JS';
const wrong = [];
const parse = c => { const m = c.match(/[\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m };
const linear = v => v <= 10 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
const back = e => {
  for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] === 1) return c }
  return [255, 255, 255];
};
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const e = walk.currentNode.parentElement;
  if (!walk.currentNode.data.trim() || !e.checkVisibility()) continue;
  const a = light(parse(getComputedStyle(e).color)), b = light(back(e));
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) wrong.push(ratio.toFixed(2) + ": " + walk.currentNode.data.trim().slice(0, 40));
}
return wrong;
JS

# What sticks out at the side (1.4.10).
my $WIDTH = <<'JS';
const wide = document.documentElement.clientWidth, page = document.scrollingElement.scrollWidth;
if (page <= wide) return [];
const out = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > wide + 1);
return [page + " in " + wide].concat(out.map(e => e.tagName + "." + e.className));
JS

# Every place the tabulator key stops at: what it is, and whether one can see it has the focus and where (2.1.1, 2.4.7, 2.4.11).
sub wrong_for_keyboard {
    my @wrong;
    my $wanted = $w->run(<<'JS');
getSelection().removeAllRanges();
document.activeElement.blur();
return [...document.querySelectorAll("a[href],button,summary,input:not([type=hidden])")].filter(e => e.checkVisibility()).length;
JS
    my %seen;
    for (1 .. $wanted) {
        $w->key('tab');
        my ($what, $outline, $in_sight) = @{ $w->run(<<'JS') };
const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
return [e.tagName + " " + e.innerText.trim().slice(0, 40), s.outlineStyle === "none" ? 0 : parseFloat(s.outlineWidth), r.bottom > 0 && r.top < innerHeight];
JS
        $seen{$what} = 1;
        push @wrong, "focus cannot be seen: $what" if $outline < 2;
        push @wrong, "focus is out of sight: $what" if !$in_sight;
    }
    push @wrong, 'reached ' . keys(%seen) . " of $wanted: " . join(', ', sort keys %seen) if keys %seen != $wanted;
    return @wrong;
}

# The person's system is set to dark, or light.
sub dark { $w->cdp('Emulation.setEmulatedMedia', features => [ { name => 'prefers-color-scheme', value => $_[0] ? 'dark' : 'light' } ]) }

sub look {
    my ($name, $language) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $name = "$language, $name";
    my $same = sub { my ($wrong, $what) = @_; is(join("\n", @$wrong), '', "$name: $what") };
    $w->run('document.querySelectorAll("details").forEach(e => e.open = true)');
    $same->($w->run($STRUCTURE, $language), 'structure');
    $same->($w->run($CONTRAST), 'contrast');
    dark(1);
    $same->($w->run($CONTRAST), 'contrast in the dark');
    picture($w, "dark-$name") if $language eq 'ja';
    dark(0);
    # A phone; 1280 points at a zoom of 200 % and of 400 %.
    for my $size ([ 390, 844, 2 ], [ 640, 450, 2 ], [ 320, 256, 4 ]) {
        $w->resize(@$size);
        $same->($w->run($WIDTH), "nothing sticks out at $size->[0] points");
    }
    $w->run('document.documentElement.style.fontSize = "200%"');
    $w->resize(390, 844, 2);
    $same->($w->run($WIDTH), 'nothing sticks out with letters twice as large on a phone');
    picture($w, "large-$name") if $language eq 'ja';
    $w->run('document.documentElement.style.fontSize = ""');
    $w->cdp('Emulation.clearDeviceMetricsOverride');
    $same->([ wrong_for_keyboard() ], 'keyboard');
    picture($w, "wide-$name") if $language eq 'en';
}

$p->card_is(person => 'foreign');
$p->signin_is(account => '2222222222');
for my $language (qw(ja en)) {
    $w = MNV::WebDriver->new(language => $language);
    my $go = sub { $w->go($t->url($_[0])) };
    $go->('/mynumber/');
    look('start', $language);
    $go->('/mynumber/nothing');
    look('not found', $language);
    $p->card_is(outcome => 'stop');
    $go->('/mynumber/verify?return=/linked/');
    look('stopped', $language);
    $p->card_is(outcome => 'error:server_error');
    $go->('/mynumber/verify');
    look('failure', $language);
    $p->card_is(outcome => 'allow');
    $go->('/mynumber/verify?return=' . '/mynumber/');
    look('verified', $language);
    $go->('/show/never');
    look('a rule that is not met', $language);
    $go->('/mynumber/signin?return=/mynumber/%3Freturn%3D/linked/');
    state_is($w, "$language, both halves", step => 3);
    look('both halves', $language);
    $w->click('form[action*="/link"] button');
    $w->wait_until(sub { $w->url eq $t->url('/linked/') }, 'the application');
    $go->('/mynumber/');
    state_is($w, "$language, linked", linked => 1);
    look('linked', $language);
    $go->('/mynumber/signin?return=/mynumber/');
    look('linked, may unlink', $language);
    $w->run('document.querySelectorAll("details").forEach(e => e.open = true)');
    $w->click('form[action*="/unlink"] button');
    state_is($w, "$language, unlinked", linked => 0);
    look('unlinked', $language);
    $w->click('form[action*="/logout"] button');
    $w->wait_until(sub { $w->url =~ m{/logout/done} }, 'the page after the sign-out');
    look('signed out', $language);
    is(join("\n", grep { !/a status of (?:40[34]|502) / } $w->problems($home)), '', "$language: the browser has nothing to complain of");
}
$t->expect_log('MNV0209', 'AH01630');
MNV::WebDriver->stop_all;
$t->done;
