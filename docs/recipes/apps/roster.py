#!/usr/bin/env python3
"""A list of members with the names on their cards. Standard library only.

roster.py SOCKET DATABASE
"""
import csv
import hashlib
import hmac
import html
import io
import os
import secrets
import socketserver
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote

KEY = secrets.token_bytes(32)

PAGE = """<!doctype html><html lang="ja"><meta charset="utf-8"><title>名簿 / list of members</title>
<h1>{name}</h1><p id="row">{row}</p>
<form method="post" action="/roster/"><input type="hidden" name="token" value="{token}">
<button>この氏名を名簿に載せる / put this name on the list</button></form>
"""


def rows(statement, *values):
    database = sqlite3.connect(sys.argv[2])
    with database:
        found = database.execute(statement, values).fetchall()
    database.close()
    return found


class Handler(BaseHTTPRequestHandler):
    def address_string(self):
        return 'httpd'

    def log_message(self, *arguments):
        pass

    def fact(self, name):
        return unquote(self.headers.get('MyNumber-' + name, ''))

    def token(self):
        return hmac.new(KEY, self.fact('Account').encode(), hashlib.sha256).hexdigest()

    def send(self, status, kind, text):
        body = text.encode()
        self.send_response(status)
        self.send_header('Content-Type', kind + '; charset=utf-8')
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Cache-Control', 'no-store')
        self.end_headers()
        self.wfile.write(body)

    def show(self, status):
        own = rows('SELECT name, verified_at FROM member WHERE account = ?', self.fact('Account'))
        self.send(status, 'text/html', PAGE.format(name=html.escape(self.fact('Name')), token=self.token(),
                                                   row=html.escape(' '.join(own[0]) if own else 'まだ載っていません / not on the list yet')))

    def do_GET(self):
        if not self.fact('Account'):
            self.send(403, 'text/plain', 'not by httpd\n')
        elif self.path == '/roster/list':
            table = io.StringIO()
            csv.writer(table).writerows([('account', 'name', 'verified_at')] + rows('SELECT account, name, verified_at FROM member ORDER BY account'))
            self.send(200, 'text/csv', table.getvalue())
        else:
            self.show(200)

    def do_POST(self):
        form = parse_qs(self.rfile.read(min(int(self.headers.get('Content-Length') or 0), 10000)).decode())
        good = hmac.compare_digest(form.get('token', [''])[0].encode(), self.token().encode())
        if not good or self.fact('Linked') != '1' or not self.fact('Account') or not self.fact('Name'):
            self.send(403, 'text/plain', 'この画面からやり直してください / please start again\n')
            return
        rows('INSERT OR REPLACE INTO member VALUES (?, ?, ?)', self.fact('Account'), self.fact('Name'), self.fact('Verified-At'))
        self.show(200)


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


if __name__ == '__main__':
    if os.path.exists(sys.argv[1]):
        os.unlink(sys.argv[1])
    os.umask(0o117)  # httpd's group may connect, nobody else
    rows('CREATE TABLE IF NOT EXISTS member (account TEXT PRIMARY KEY, name TEXT NOT NULL, verified_at TEXT NOT NULL)')
    Server(sys.argv[1], Handler).serve_forever()
