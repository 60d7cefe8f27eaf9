"""Who is asking? By the assertion of mod_mynumber_verify, for a Python application.

Needs PyJWT with cryptography (Debian: python3-jwt python3-cryptography). Run it: ISSUER=… AUDIENCE=… python3 verify.py PORT
"""
import json
import os
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

import jwt

ISSUER = os.environ.get("ISSUER", "https://portal.example.ac.jp")  # MyNumberBaseURL
AUDIENCE = os.environ.get("AUDIENCE", "https://app.example.ac.jp")  # what MyNumberAssertion says after aud=
TYPE = "mynumber-assertion+jwt"

# Keeps the keys for five minutes, and asks again for one that it does not know: a roll-over needs nothing here.
KEYS = jwt.PyJWKClient(ISSUER + "/mynumber/jwks.json", lifespan=300)


def person(token):
    """The claims of a good assertion. Anything else raises jwt.PyJWTError."""
    if jwt.get_unverified_header(token).get("typ") != TYPE:
        raise jwt.InvalidTokenError("another kind of token")
    key = KEYS.get_signing_key_from_jwt(token).key
    return jwt.decode(
        token, key, algorithms=["ES256"], issuer=ISSUER, audience=AUDIENCE,
        options={"require": ["iss", "aud", "sub", "iat", "exp", "jti"]})


def application(environ, start_response):
    try:
        status, answer = "200 OK", person(environ.get("HTTP_MYNUMBER_ASSERTION", ""))
    except jwt.PyJWTError as problem:
        status, answer = "401 Unauthorized", {"problem": str(problem)}
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


if __name__ == "__main__":
    make_server("127.0.0.1", int(sys.argv[1]), application, handler_class=Quiet).serve_forever()
