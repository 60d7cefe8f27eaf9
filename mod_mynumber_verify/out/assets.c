#include "out/pages.h"

#include <string.h>

/* Mobile first; colours keep a contrast of 7:1 for text in both schemes; nothing depends on colour alone. Sizes in rem: usable at 200 % zoom. */
static const char style_css[] =
    ":root{color-scheme:light dark;--back:#f4f5f7;--paper:#fff;--ink:#1b1f27;--soft:#4a5160;--line:#c9ced8;--main:#0b4f9e;--on-main:#fff;--main-soft:#e8f0fb;"
    "--good:#0c5c33;--good-soft:#e3f4ea;--warn:#7a4300;--warn-soft:#fff3dc;--bad:#96131b;--bad-soft:#fdeaea}\n"
    "@media (prefers-color-scheme:dark){:root{--back:#12151b;--paper:#1c2129;--ink:#eef1f6;--soft:#b9c1cf;--line:#3d4655;--main:#8fc0ff;--on-main:#0b1b30;"
    "--main-soft:#1b2c45;--good:#8fe0b0;--good-soft:#15301f;--warn:#ffd08a;--warn-soft:#33260f;--bad:#ffb0b0;--bad-soft:#3a1a1c}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--back);color:var(--ink);font:1rem/1.7 system-ui,-apple-system,\"Hiragino Sans\",\"Noto Sans JP\",\"Noto Sans CJK JP\",Meiryo,sans-serif;"
    "overflow-wrap:anywhere;line-break:strict}\n"
    "header{display:flex;align-items:center;gap:.6rem;max-width:46rem;margin:0 auto;padding:1rem;font-weight:700}\n"
    "header img{flex:none}\n"
    "header .language{margin-left:auto;flex:none;font-weight:400;padding:.5rem}\n"
    "main{max-width:46rem;margin:0 auto;padding:0 1rem 3rem}\n"
    "h1{font-size:1.5rem;line-height:1.35;margin:.4rem 0 .6rem}\n"
    "h1,.button{word-break:auto-phrase;text-wrap:balance}\n"
    "h2{font-size:1.1rem;line-height:1.4;margin:0 0 .5rem}\n"
    "p{margin:.5rem 0}\n"
    "a{color:var(--main)}\n"
    "a:focus-visible,button:focus-visible,summary:focus-visible{outline:3px solid var(--main);outline-offset:3px;border-radius:.4rem}\n"
    ".card{background:var(--paper);border:1px solid var(--line);border-radius:.8rem;padding:1.1rem;margin:0 0 1rem}\n"
    ".lead{border-top:.4rem solid var(--main)}\n"
    ".lead.todo{border-top-color:var(--warn)}\n"
    ".lead.done{border-top-color:var(--good)}\n"
    ".lead.bad{border-top-color:var(--bad)}\n"
    ".badge{display:inline-block;padding:.15rem .8rem;border-radius:2rem;font-weight:700;font-size:.95rem;background:var(--main-soft);color:var(--main)}\n"
    ".todo .badge{background:var(--warn-soft);color:var(--warn)}\n"
    ".done .badge{background:var(--good-soft);color:var(--good)}\n"
    ".bad .badge{background:var(--bad-soft);color:var(--bad)}\n"
    ".notice{padding:.8rem 1.1rem;border-radius:.8rem;margin:0 0 1rem;font-weight:700;background:var(--paper);border:1px solid}\n"
    ".notice.good{background:var(--good-soft);color:var(--good)}\n"
    ".soft,.hint{color:var(--soft)}\n"
    ".hint{margin-top:1rem;font-size:.95rem;border-left:.25rem solid var(--line);padding-left:.8rem}\n"
    ".steps{list-style:none;margin:1rem 0 .5rem;padding:0}\n"
    ".steps li{display:flex;gap:.8rem;align-items:flex-start;padding:.45rem 0;color:var(--soft)}\n"
    ".steps .mark{flex:none;width:2rem;height:2rem;border-radius:50%;border:2px solid var(--line);display:grid;place-items:center;font-weight:700;line-height:1}\n"
    ".steps .what{padding-top:.15rem}\n"
    ".steps .is-done .mark{background:var(--good);border-color:var(--good);color:var(--paper)}\n"
    ".steps .is-next{color:var(--ink);font-weight:700}\n"
    ".steps .is-next .mark{background:var(--main);border-color:var(--main);color:var(--on-main)}\n"
    ".steps small{display:inline-block;padding:0 .6rem;border:1px solid var(--line);border-radius:1rem;font-size:.85rem;font-weight:400}\n"
    ".steps .is-next small{font-weight:700;color:var(--main);border-color:var(--main)}\n"
    "dl{margin:0}\n"
    "dl div{display:flex;flex-wrap:wrap;align-items:baseline;gap:0 .8rem;padding:.45rem 0;border-top:1px solid var(--line)}\n"
    "dl div:first-child{border-top:0}\n"
    "dt{flex:0 0 7.3rem;color:var(--soft);font-size:.9rem}\n"
    "dd{flex:1 1 10rem;min-width:0;margin:0;font-weight:600;word-break:keep-all}\n"
    ".halves{display:grid;gap:1rem;margin:0 0 1rem}\n"
    ".halves .card{margin:0}\n"
    ".actions{display:flex;flex-direction:column;gap:.7rem;margin:1rem 0 .4rem}\n"
    ".actions:empty{display:none}\n"
    ".card>.actions:first-child,.card>.steps:first-child{margin-top:0}\n"
    ".actions+.soft{margin-top:1rem}\n"
    ".actions form{margin:0}\n"
    ".button{display:block;width:100%;min-height:3rem;padding:.75rem 1.1rem;border-radius:.6rem;border:2px solid var(--main);font:inherit;font-weight:700;line-height:1.4;"
    "text-align:center;text-decoration:none;cursor:pointer}\n"
    ".main{background:var(--main);color:var(--on-main)}\n"
    ".plain{background:transparent;color:var(--main)}\n"
    ".danger{background:transparent;color:var(--bad);border-color:var(--bad)}\n"
    ".button:hover{text-decoration:underline}\n"
    "details summary{cursor:pointer;font-weight:700;padding:.3rem 0}\n"
    "ul{margin:.3rem 0;padding-left:1.3rem}\n"
    ".reference{font-size:.95rem;color:var(--soft);border-top:1px solid var(--line);margin-top:1rem;padding-top:.7rem}\n"
    ".reference code{font-size:1rem;color:var(--ink);font-weight:700}\n"
    "@media (min-width:40rem){.halves{grid-template-columns:1fr 1fr}.actions{flex-direction:row;flex-wrap:wrap}.button{width:auto;min-width:16rem}h1{font-size:1.8rem}.card{padding:1.4rem}}\n"
    "@media (forced-colors:active){.button,.card,.notice,.steps .mark{border:2px solid}}\n"
    "@media print{body{background:#fff}.actions,.language,.unlink{display:none}}\n";

/* A card with a tick. No state emblem, no logo of others. */
static const char logo_svg[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\"><rect x=\"3\" y=\"12\" width=\"58\" height=\"40\" rx=\"7\" fill=\"#0b4f9e\"/>"
    "<rect x=\"6\" y=\"15\" width=\"52\" height=\"34\" rx=\"4.5\" fill=\"#e8f0fb\"/><circle cx=\"20\" cy=\"28\" r=\"5.5\" fill=\"#0b4f9e\"/>"
    "<path d=\"M10.5 43a9.5 7.5 0 0 1 19 0z\" fill=\"#0b4f9e\"/><path d=\"M36 33l6 6 11-13\" fill=\"none\" stroke=\"#0c5c33\" stroke-width=\"5\" "
    "stroke-linecap=\"round\" stroke-linejoin=\"round\"/></svg>\n";

static const struct asset_t {
    const char *name, *content_type, *text;
} assets[] = {
    {"style.css", "text/css; charset=utf-8", style_css},
    {"logo.svg", "image/svg+xml", logo_svg},
};

apr_status_t mnv_page_asset(const char *name, mnv_reply_t *reply)
{
    apr_size_t i;

    for (i = 0; i < sizeof(assets) / sizeof(assets[0]); i++) {
        if (!strcmp(assets[i].name, name)) {
            mnv_reply_body(reply, 200, assets[i].content_type, assets[i].text);
            reply->cache_sec = 3600;
            return APR_SUCCESS;
        }
    }
    return APR_ENOENT;
}
