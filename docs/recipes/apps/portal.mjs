#!/usr/bin/env node
// A members' page behind mod_proxy: everybody who has signed in may come, and sees the verified name once the card is linked.
// portal.mjs SOCKET

import * as fs from 'node:fs';
import * as http from 'node:http';

const [socket] = process.argv.slice(2);
const escaped = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

// Values beyond ASCII come percent-encoded (MyNumberHeaderEncoding percent, the default).
const fact = (req, name) => decodeURIComponent(req.headers[`mynumber-${name}`] ?? '');

function page(req) {
  const account = escaped(fact(req, 'account'));
  return fact(req, 'linked') === '1'
    ? `<p>${account}: <b id="name">${escaped(fact(req, 'name'))}</b></p>`
    : `<p>${account}</p><p><a href="/mynumber/?return=${encodeURIComponent(req.url)}">カードを連携する / link your card</a></p>`;
}

const server = http.createServer((req, res) => {
  const known = fact(req, 'account') !== '';
  res.writeHead(known ? 200 : 403, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  res.end(known ? `<!doctype html><html lang="ja"><meta charset="utf-8"><title>members</title>${page(req)}\n` : '');
});
fs.rmSync(socket, { force: true });
process.umask(0o117);    // httpd's group may connect, nobody else
server.listen(socket);
