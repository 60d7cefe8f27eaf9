#!/usr/bin/env node
// A tiny application for use behind mod_proxy_http: shows the request headers that arrived, as a page, or as JSON when
// the Accept header asks for application/json. Usage: node headers.mjs PORT [HOST]   (port 0: a free one)

import * as http from 'node:http';

const [port = '0', host = '127.0.0.1'] = process.argv.slice(2);

const escaped = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
  .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

// Node reads header octets as Latin-1; they are UTF-8 here (MyNumberHeaderEncoding utf8) or ASCII
const text = (value) => Buffer.from(value, 'latin1').toString('utf8');

function percentDecoded(value) {
  const octets = Buffer.from(value, 'latin1').toString('latin1').replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return text(octets);
}

function* headersOf(req) {
  for (let i = 0; i < req.rawHeaders.length; i += 2) yield [req.rawHeaders[i], req.rawHeaders[i + 1]];
}

function json(req) {
  const all = {};
  const decoded = {};
  for (const [name, value] of headersOf(req)) {
    const key = name.toLowerCase();
    all[key] = key in all ? [].concat(all[key], text(value)) : text(value);
    if (key.startsWith('mynumber-')) decoded[name] = percentDecoded(value);
  }
  return `${JSON.stringify({ method: req.method, url: req.url, mynumber: decoded, headers: all }, null, 1)}\n`;
}

function row(name, value) {
  const decoded = /^mynumber-/i.test(name) ? percentDecoded(value) : '';
  return `<tr><th scope="row"><code>${escaped(name)}</code></th><td>${escaped(text(value))}</td><td>${escaped(decoded === text(value) ? '' : decoded)}</td></tr>`;
}

function page(req) {
  return `<!doctype html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>届いた要求ヘッダー / Request headers that arrived</title>
<style>
body { font: 1rem/1.6 system-ui, "Noto Sans JP", sans-serif; max-width: 52rem; margin: 0 auto; padding: 1rem; color: #1d1d1f }
table { border-collapse: collapse; width: 100% } th, td { border: 1px solid #bbb; padding: .3rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere }
th { background: #f4f6fa }
</style>
</head>
<body>
<h1><span lang="ja">届いた要求ヘッダー</span><br><span lang="en">Request headers that arrived</span></h1>
<p><code>${escaped(`${req.method} ${req.url}`)}</code></p>
<table>
<thead><tr><th scope="col">名前 / name</th><th scope="col">届いたままの値 / as it came</th><th scope="col">復号した値 / decoded</th></tr></thead>
<tbody>
${[...headersOf(req)].map(([name, value]) => row(name, value)).join('\n')}
</tbody>
</table>
</body>
</html>
`;
}

const server = http.createServer((req, res) => {
  req.resume();
  const wantsJson = /application\/json/i.test(req.headers.accept ?? '');
  const body = wantsJson ? json(req) : page(req);
  res.writeHead(200, {
    'content-type': wantsJson ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(body), 'cache-control': 'no-store', 'x-content-type-options': 'nosniff',
  });
  res.end(req.method === 'HEAD' ? undefined : body);
});
server.on('error', (e) => { process.stderr.write(`headers.mjs: ${e.message}\n`); process.exit(1); });
server.listen(Number(port), host, () => process.stdout.write(`ready http://${host}:${server.address().port}\n`));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
