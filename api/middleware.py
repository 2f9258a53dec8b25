"""What every request passes on its way in and every answer on its way out."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import coding, errors

CACHE = {"/static/vendor/": "max-age=86400", "/static/": "no-cache"}
MAX_PATH, MAX_QUERY = 1000, 4000
MIB = 1024 * 1024
MAX_BODY = 21 * MIB


class SafeHeaders:
    """Put the safety headers on every answer; a page may bring a content policy of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in errors.SAFE.items():
                    headers.setdefault(name, value)
                for path, value in CACHE.items():
                    if scope["path"].startswith(path):
                        headers.setdefault("Cache-Control", value)
            await send(message)

        await self.app(scope, receive, send_safely if scope["type"] == "http" else send)


class Heads:
    """Answer HEAD by what GET would, without its body: routes need not know of it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_head(message: Message) -> None:
            is_body = message["type"] == "http.response.body"
            await send({**message, "body": b""} if is_body else message)

        if scope["type"] == "http" and scope["method"] == "HEAD":
            await self.app({**scope, "method": "GET"}, receive, send_head)
        else:
            await self.app(scope, receive, send)


class Doorkeeper:
    """Turn away requests that no page of ours makes, before anything reads them.

    A foreign Host is how another site's page would reach a server on this machine (DNS
    rebinding); a NUL is no text of PostgreSQL.
    """

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str]) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self.app(scope, receive, send)
        else:
            await errors.problem(400, "BadInput", refusal)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        host = Headers(scope=scope).get("host", "")
        name = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
        if name.lower() not in self.hosts:
            return f"this server is not {host[:100]!r}; name it in WANGGE_ALLOWED_HOSTS if it is"
        if len(scope["path"]) > MAX_PATH or len(scope["query_string"]) > MAX_QUERY:
            return (
                f"the address is longer than {MAX_PATH} characters, or its query than {MAX_QUERY}"
            )
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            return "the address holds the character NUL"
        return _too_much(Headers(scope=scope))


def _too_much(headers: Headers) -> str | None:
    """A body says beforehand how long it is, and the server cuts it off there."""
    if "transfer-encoding" in headers:
        return "say how long the body is (Content-Length); a body in chunks is not taken"
    length = headers.get("content-length", "0")
    if not (length.isdigit() and int(length[:12]) <= MAX_BODY):
        return f"the body is longer than {MAX_BODY // MIB} MiB; larger sheets: wangge import"
    return None


class Compressed:
    """Send text and tiles packed, for weak signals; exports and photographs go out as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self.plain, self.packed = app, GZipMiddleware(app, minimum_size=1000, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        is_file = path.startswith("/export/") or path.endswith(".jpg")
        is_plain = is_file or not coding.takes_gzip(dict(scope.get("headers", ())))
        await (self.plain if is_plain else self.packed)(scope, receive, send)
