#!/usr/bin/env python3
"""Password and second factor reset for whom httpd let in by card. Standard library only.

reset.py SOCKET PROGRAM    PROGRAM is run as "PROGRAM password ACCOUNT" with the new password on standard input, or as "PROGRAM mfa ACCOUNT"
"""
import hashlib
import hmac
import html
import os
import secrets
import socketserver
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

KEY = secrets.token_bytes(32)

PAGE = """<!doctype html><html lang="ja"><meta charset="utf-8"><title>パスワードの再設定 / Reset</title>
<h1>{account}</h1><p>{message}</p>
<form method="post"><input type="hidden" name="token" value="{token}">
<label>新しいパスワード / new password <input type="password" name="password" autocomplete="new-password"></label>
<button name="what" value="password">パスワードを変更 / change</button>
<button name="what" value="mfa">二段階認証を解除 / remove the second factor</button></form>
"""


class Handler(BaseHTTPRequestHandler):
    def address_string(self):
        return 'httpd'

    def log_message(self, *arguments):
        pass

    def account(self):
        # Only httpd reaches the socket, and httpd lets nobody in without a linked card. Asked all the same: a rule may be lost in a new configuration.
        return self.headers.get('MyNumber-Account') if self.headers.get('MyNumber-Linked') == '1' else None

    def token(self, account):
        return hmac.new(KEY, account.encode(), hashlib.sha256).hexdigest()

    def answer(self, status, account='', message=''):
        token = self.token(account) if account else ''
        body = PAGE.format(account=html.escape(account), message=html.escape(message), token=token).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'text/html; charset=utf-8')
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Cache-Control', 'no-store')
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        account = self.account()
        self.answer(200 if account else 403, account or '')

    def do_POST(self):
        account = self.account()
        length = int(self.headers.get('Content-Length') or 0)
        form = parse_qs(self.rfile.read(min(length, 10000)).decode())
        what, password, token = (form.get(name, [''])[0] for name in ('what', 'password', 'token'))
        if not account or not hmac.compare_digest(token.encode(), self.token(account).encode()):
            self.answer(403, account or '', 'この画面からやり直してください / please start again here')
        elif what == 'password' and len(password) < 12:
            self.answer(422, account, '12文字以上にしてください / at least 12 characters')
        elif what in ('password', 'mfa'):
            done = subprocess.run([sys.argv[2], what, account], input=password.encode(), check=False).returncode == 0
            self.answer(200 if done else 502, account, '完了しました / done' if done else '変更できませんでした / could not be changed')
        else:
            self.answer(400, account)


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


if __name__ == '__main__':
    if os.path.exists(sys.argv[1]):
        os.unlink(sys.argv[1])
    os.umask(0o117)  # httpd's group may connect, nobody else
    Server(sys.argv[1], Handler).serve_forever()
