#!/usr/bin/env node
// A page with a script, and the JSON API it calls. httpd lets only sessions with a link through to /api; the page is open.
// api.mjs SOCKET

import * as fs from 'node:fs';
import * as http from 'node:http';

const [socket] = process.argv.slice(2);
const votes = new Map();

const page = `<!doctype html>
<html lang="ja"><meta charset="utf-8"><title>vote</title>
<p id="vote">…</p>
<script type="module">
async function call(path, options) {
  const answer = await fetch(path, options);
  const data = await answer.json();
  if (answer.status === 401) location.href = data.cure;    // sign in, or show the card; then back to this page
  return data;
}
const { vote } = await call('/api/vote');
document.getElementById('vote').textContent = vote ?? 'no vote yet';
</script>
`;

function send(res, status, type, body) {
  res.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  res.end(body);
}
const json = (res, status, data) => send(res, status, 'application/json', JSON.stringify(data));

function vote(account, req, res) {
  // Another page cannot send this type without asking first, which nobody answers here.
  if (req.headers['content-type'] !== 'application/json') return json(res, 415, { error: 'application/json please' });
  let body = '';
  req.setEncoding('utf8').on('data', (part) => { body += body.length < 1000 ? part : ''; }).on('end', () => {
    let choice;
    try { choice = JSON.parse(body).vote; } catch { return json(res, 400, { error: 'no JSON' }); }
    votes.set(account, String(choice));    // one vote for each account
    return json(res, 200, { vote: votes.get(account) });
  });
}

const server = http.createServer((req, res) => {
  if (!req.url.startsWith('/api/')) return send(res, 200, 'text/html; charset=utf-8', page);
  const account = req.headers['mynumber-account'];
  if (!account || req.headers['mynumber-linked'] !== '1') return json(res, 403, { error: 'not by httpd' });
  if (req.method === 'POST') return vote(account, req, res);
  return json(res, 200, { vote: votes.get(account) ?? null });
});
fs.rmSync(socket, { force: true });
process.umask(0o117);
server.listen(socket);
