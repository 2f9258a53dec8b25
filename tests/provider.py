"""A small OpenID Connect provider: real HTTP, real keys, real signatures; nobody is asked a
password there. What it says can be bent, to see that we do not believe it."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "wangge", "a secret between the two"


class Provider:
    """Serves one client; `claims` are what it says of whoever comes, `bend` changes its word."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.claims: dict[str, Any] = {"sub": "u-1", "preferred_username": "li.si"}
        self.bend: Callable[[dict[str, Any]], None] = lambda claims: None
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, str]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.get(self)

            def do_POST(self) -> None:
                provider.post(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/realm"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

    def get(self, request: BaseHTTPRequestHandler) -> None:
        path, asked = urlsplit(request.path).path, dict(parse_qsl(urlsplit(request.path).query))
        if path.endswith("/openid-configuration"):
            ends = {
                f"{name}_endpoint": f"{self.issuer}/{name}" for name in ("authorization", "token")
            }
            _answer(request, {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **ends})
        elif path.endswith("/keys"):
            _answer(request, {"keys": [self.key.as_dict(private=False)]})
        elif path.endswith("/authorization"):
            self.asked.append(asked)
            code = secrets.token_urlsafe()
            self.codes[code] = asked
            request.send_response(303)
            back = f"{asked['redirect_uri']}?code={code}&state={quote(asked['state'])}"
            request.send_header("Location", back)
            request.send_header("Content-Length", "0")
            request.end_headers()

    def post(self, request: BaseHTTPRequestHandler) -> None:
        told = dict(parse_qsl(request.rfile.read(int(request.headers["Content-Length"])).decode()))
        basic = base64.b64encode(f"{CLIENT}:{quote(SECRET)}".encode()).decode()
        plain = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self.codes.pop(told.get("code", ""), None)  # a code is good once
        proof = hashlib.sha256(told.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
        if request.headers.get("Authorization") not in {f"Basic {basic}", f"Basic {plain}"}:
            _answer(request, {"error": "invalid_client"}, 401)
        elif (
            asked is None
            or asked["code_challenge"] != challenge
            or (asked["redirect_uri"] != told["redirect_uri"])
        ):
            _answer(request, {"error": "invalid_grant"}, 400)
        else:
            token = {"access_token": "x", "token_type": "Bearer", "expires_in": 60}
            _answer(request, {**token, "id_token": self.sign(self.word(asked["nonce"]))})

    def word(self, nonce: str) -> dict[str, Any]:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": nonce}
        claims |= self.claims
        self.bend(claims)
        return claims

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)

    def signed_by_another(self, claims: dict[str, Any]) -> str:
        other = RSAKey.generate_key(2048, {"kid": "one"})
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, other)

    def signed_by_the_secret(self, claims: dict[str, Any]) -> str:
        key = OctKey.import_key(SECRET * 2)
        return jwt.encode({"alg": "HS256"}, claims, key, algorithms=["HS256"])

    def unsigned(self, claims: dict[str, Any]) -> str:
        parts = [json.dumps({"alg": "none"}), json.dumps(claims)]
        return (
            ".".join(
                base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts
            )
            + "."
        )


def _answer(request: BaseHTTPRequestHandler, told: dict[str, Any], status: int = 200) -> None:
    body = json.dumps(told).encode()
    request.send_response(status)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
