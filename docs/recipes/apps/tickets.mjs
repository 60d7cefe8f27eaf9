#!/usr/bin/env node
// An application written for mod_auth_openidc: it reads OIDC_CLAIM_… and the user's name from headers, and stays as it is.
// tickets.mjs 127.0.0.1:PORT

import * as http from 'node:http';

const [host, port] = process.argv[2].split(':');
const utf8 = (value) => value === undefined ? null : Buffer.from(value, 'latin1').toString('utf8');    // Node reads headers as Latin-1

http.createServer((req, res) => {
  const claim = (name) => utf8(req.headers[`oidc_claim_${name}`]);
  const claims = (name) => claim(name)?.split(';') ?? [];
  const body = JSON.stringify({
    user: utf8(req.headers['x-remote-user']), account: claim('eduperson_principal_name'), name: claim('name'), email: claim('email'),
    affiliation: claims('edupersonaffiliation'), groups: claims('groups'),
  });
  res.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  res.end(body);
}).listen(Number(port), host);
