#!/usr/bin/env python3
# A WSGI application that shows what it received, a line each: the variables, and where the server knows them the header lines as they came. Run by uWSGI, or by
# itself with the standard library's server: received.py PORT
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server


def application(environ, start_response):
    lines = ['%s=%s' % (name, value) for name, value in sorted(environ.items()) if isinstance(value, str)]
    body = ('\n'.join(lines + environ.get('received.headers', [])) + '\n').encode('latin-1', 'replace')
    status = '500 As asked' if environ.get('PATH_INFO', '').startswith('/fail') else '200 OK'
    start_response(status, [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]


class Handler(WSGIRequestHandler):
    def get_environ(self):
        environ = super().get_environ()
        environ['received.headers'] = ['%s: %s' % pair for pair in self.headers.items()]
        return environ

    def log_message(self, *arguments):
        pass


if __name__ == '__main__':
    make_server('127.0.0.1', int(sys.argv[1]), application, handler_class=Handler).serve_forever()
