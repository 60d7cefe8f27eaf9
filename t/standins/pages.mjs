// Pages of the stand-ins: plain HTML without script, Japanese and English side by side.

export const esc = (text) => String(text ?? '').replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** Both languages of one text, as a block (`p`, `h1`, …) or inline. */
export const both = (ja, en, tag = 'p') => `<${tag}><span lang="ja">${ja}</span><br><span lang="en" class="en">${en}</span></${tag}>`;
export const inline = (ja, en) => `<span lang="ja">${ja}</span> <span lang="en" class="en">${en}</span>`;

const STYLE = `
:root { color-scheme: light }
body { margin: 0; font: 1rem/1.6 system-ui, "Noto Sans JP", "Hiragino Sans", sans-serif; color: #1d1d1f; background: #fff }
main { max-width: 36rem; margin: 0 auto; padding: 1rem }
.standin { background: #fff3c4; border-bottom: 3px solid #b7791f; padding: .5rem 1rem; text-align: center }
.en { color: #555; font-size: .9em }
h1 { font-size: 1.3rem; line-height: 1.4 }
button, .button { font: inherit; padding: .6rem 1.2rem; border: 1px solid #0b57d0; background: #0b57d0; color: #fff; border-radius: .4rem; cursor: pointer }
button .en { color: #e8f0fe }
button.plain { background: #fff; color: #0b57d0 } button.plain .en { color: #0b57d0 }
fieldset { border: 1px solid #bbb; border-radius: .4rem; margin: 1rem 0 }
label { display: block; padding: .35rem 0 }
input[type=text], input[type=password] { font: inherit; font-size: 1.3rem; width: 9rem; padding: .3rem; letter-spacing: .2em; border: 1px solid #777; border-radius: .3rem }
.qr { border: 6px double #333; padding: 2rem 1rem; margin: 1rem auto; max-width: 17rem; text-align: center; overflow-wrap: anywhere }
.number { font-size: 2.2rem; letter-spacing: .3em; text-align: center }
.error { border-left: 5px solid #b3261e; padding: .3rem .8rem; background: #fce8e6 }
dl { display: grid; grid-template-columns: auto 1fr; gap: .3rem 1rem } dd { margin: 0 }
.row { display: flex; gap: 1rem; flex-wrap: wrap; margin: 1rem 0 }
`;

/** One page. `what` names the stand-in in both languages. */
export function page({ ja, en, what, body, refresh }) {
  return `<!doctype html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refresh ? `<meta http-equiv="refresh" content="${refresh}">\n` : ''}<title>${ja} / ${en}</title>
<style>${STYLE}</style>
</head>
<body>
<div class="standin" role="note"><strong lang="ja">これは${what.ja}の代役（試験用）です。本物ではなく、登場する人はすべて架空です。</strong><br>
<span lang="en" class="en">This is a stand-in of ${what.en}, for tests. It is not the real one, and everyone in it is made up.</span></div>
<main>
${both(ja, en, 'h1')}
${body}
</main>
</body>
</html>
`;
}

export const form = (inner, action = '') => `<form method="post" action="${esc(action)}">${inner}</form>`;
export const hidden = (name, value) => `<input type="hidden" name="${name}" value="${esc(value)}">`;
export const button = (name, value, ja, en, cls = '') => `<button name="${name}" value="${esc(value)}"${cls ? ` class="${cls}"` : ''}>${inline(ja, en)}</button>`;

export function choices(name, people, chosen) {
  return Object.entries(people).map(([id, { label }], i) => `<label><input type="radio" name="${name}" value="${esc(id)}"${id === chosen || (!chosen && i === 0) ? ' checked' : ''}> ${inline(esc(label.ja), esc(label.en))} <code>${esc(id)}</code></label>`).join('\n');
}
