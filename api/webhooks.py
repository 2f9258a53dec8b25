"""Sending what subscribers are owed: signed, by https, to where the operator allows, many at once.

It runs in the process beside the server. A message goes to the address that was looked up and
found allowed, never to another that the name leads to a moment later; no redirect is followed.
"""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import SplitResult

import sqlalchemy as sa

import api.actions.webhooks as acts
import data.db
import data.deadlines
import gis.webhooks
from data.webhooks import Hook, Owed, Sent
from gis.errors import Unavailable, WanggeError

if TYPE_CHECKING:
    import ssl

    import httpx

AT_ONCE = 20
"""Messages to one subscriber at a time, each about another case."""
TIMEOUT_S = 15.0
CONNECT_S = 5.0
ENOUGH = 16 * 1024
"""Bytes of an answer that are read; only its status counts."""
GATHER_S = 0.02
LOOK_S, AGAIN_S, FORGET_S = 2.0, 5.0, 3600.0
NAME_S, MOST_ADDRESSES = 30.0, 3
"""How long an address that was looked up is good, and how many of a name are tried."""
_NAMES = ThreadPoolExecutor(16, "names")
"""Names are looked up apart: who waits for a dead name server keeps no thread of the store's."""


@dataclass(frozen=True)
class Answer:
    """What came of one message, and for how long the subscriber asks to be left alone."""

    sent: Sent
    asked: timedelta | None = None


# For ever


def work(url: str, *, pooler: bool) -> None:
    """Send what is owed as soon as it is, for ever; a store that is down is waited for."""
    store = data.db.engine(url, pooler=pooler)
    while True:
        try:
            with data.deadlines.woken(None if pooler else url) as wait:
                asyncio.run(_for_ever(store, wait))
        except (Unavailable, OSError, sa.exc.SQLAlchemyError):
            time.sleep(AGAIN_S)
        except Exception:  # a fault of ours is told, and holds up no deadline beside
            traceback.print_exc()
            time.sleep(AGAIN_S)


async def _for_ever(store: sa.Engine, wait: Callable[[float], None]) -> None:
    busy: dict[int, asyncio.Task[int]] = {}
    forgotten_at = -FORGET_S
    while True:
        for number in [number for number, task in busy.items() if task.done()]:
            busy.pop(number).result()
        for hook in await asyncio.to_thread(acts.due, store):
            if hook.id not in busy:
                busy[hook.id] = asyncio.create_task(_drain(store, hook))
        if time.monotonic() - forgotten_at >= FORGET_S:
            await asyncio.to_thread(acts.forget, store)
            forgotten_at = time.monotonic()
        await asyncio.to_thread(wait, LOOK_S)


# Once


async def deliver(store: sa.Engine) -> int:
    """Send all that is owed now; return how many messages were tried."""
    hooks = await asyncio.to_thread(acts.due, store)
    return sum(await asyncio.gather(*(_drain(store, hook) for hook in hooks)))


async def _drain(store: sa.Engine, hook: Hook) -> int:
    """Send what one subscriber is owed until nothing is due; slow cases hold up no other."""
    tried = 0
    flying: set[asyncio.Task[Answer]] = set()
    async with _client() as client:
        line = Line(hook, client)
        while True:
            free = AT_ONCE - len(flying)
            owed = await asyncio.to_thread(acts.claim, store, hook.id, most=free) if free else []
            flying |= {asyncio.create_task(line.send(one)) for one in owed}
            tried += len(owed)
            if not flying:
                return tried
            await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(GATHER_S)
            over = {task for task in flying if task.done()}
            flying -= over
            answers = [task.result() for task in over]
            asked = max((one.asked for one in answers if one.asked), default=None)
            told = [one.sent for one in answers]
            await asyncio.to_thread(acts.mark, store, hook.id, told, asked=asked)


async def ping(hook: Hook) -> Answer:
    """Send a subscriber a message about nothing, to see that it arrives."""
    body = '{"type": "wangge.test", "data": {}}'
    async with _client() as client:
        return await Line(hook, client).send(Owed(0, f"test-{time.time_ns()}", body))


# One message


def _client() -> httpx.AsyncClient:
    import httpx

    if "sniffio" not in sys.modules and importlib.util.find_spec("sniffio") is None:
        # httpcore asks for it at every step; what is known to be absent is not looked for on disk
        sys.modules["sniffio"] = None  # type: ignore[assignment]
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    timeout = httpx.Timeout(TIMEOUT_S, connect=CONNECT_S)
    return httpx.AsyncClient(
        limits=limits, timeout=timeout, verify=_vouched(), trust_env=False, follow_redirects=False
    )


@functools.cache
def _vouched() -> ssl.SSLContext:
    """Who vouches for a subscriber: the authorities in SSL_CERT_FILE, else those of the wheel."""
    import httpx

    return httpx.create_ssl_context()


class Line:
    """The line to one subscriber: messages go to addresses that were looked up and are allowed."""

    def __init__(self, hook: Hook, client: httpx.AsyncClient) -> None:
        self._hook, self._client = hook, client
        self._lookup: asyncio.Task[list[str]] | None = None
        self._looked_at, self._good = 0.0, ""

    async def send(self, owed: Owed) -> Answer:
        """Send a message, and tell what came of it; nothing that a subscriber does is raised."""
        import httpx

        try:
            async with asyncio.timeout(TIMEOUT_S):
                status, after = await self._post(owed)
        except (WanggeError, socket.gaierror, UnicodeError) as error:  # no secret, no address
            return Answer(Sent(owed.id, False, None, _told(error), is_down=True))
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return Answer(Sent(owed.id, False, None, _told(error), is_down=True))
        except Exception as error:
            return Answer(Sent(owed.id, False, None, _told(error), is_ill=True))
        if 200 <= status < 300:
            return Answer(Sent(owed.id, True, status))
        is_ill = status >= 500 or status in {408, 425, 429}
        is_elsewhere = 300 <= status < 400
        fault = f"answered {status}" + (", and no redirect is followed" if is_elsewhere else "")
        return Answer(Sent(owed.id, False, status, fault, is_ill=is_ill), after if is_ill else None)

    async def _post(self, owed: Owed) -> tuple[int, timedelta | None]:
        """Post it to the first address that takes connections; the one that did is asked first."""
        import httpx

        keys = _keys(self._hook)
        told = gis.webhooks.check_url(self._hook.url, private=self._hook.private)
        port = told.port or (443 if told.scheme == "https" else 80)
        found = await self._addresses(str(told.hostname), port)
        tried = sorted(found, key=lambda one: one != self._good)[:MOST_ADDRESSES]
        for left, address in zip(reversed(range(len(tried))), tried, strict=True):
            host = f"[{address}]" if ":" in address else address
            path = (told.path or "/") + (f"?{told.query}" if told.query else "")
            try:
                answer = await self._answer(
                    f"{told.scheme}://{host}:{port}{path}", told, _signed(owed, keys)
                )
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if not left:
                    raise
            else:
                self._good = address
                return answer
        raise AssertionError

    async def _addresses(self, host: str, port: int) -> list[str]:
        """The addresses of the name, looked up once for all messages of a while."""
        now = time.monotonic()
        if self._lookup is None or now - self._looked_at > NAME_S:
            looked = _looked_up(host, port, private=self._hook.private)
            self._lookup, self._looked_at = asyncio.create_task(looked), now
        return await asyncio.shield(self._lookup)

    async def _answer(
        self, url: str, told: SplitResult, signed: tuple[bytes, dict[str, str]]
    ) -> tuple[int, timedelta | None]:
        body, headers = signed
        request = self._client.build_request(
            "POST", url, content=body, headers={"Host": told.netloc, **headers},
            extensions={"sni_hostname": told.hostname},
        )  # fmt: skip
        answer = await self._client.send(request, stream=True)
        try:
            read = 0
            async for chunk in answer.aiter_raw():
                read += len(chunk)
                if read > ENOUGH:
                    break
        finally:
            await answer.aclose()
        after = answer.headers.get("retry-after", "")
        return answer.status_code, gis.webhooks.asked_for(after, now=datetime.now(UTC))


def _told(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:300]


def _keys(hook: Hook) -> list[bytes]:
    text = os.environ.get(hook.secret_env)
    if not text:
        raise Unavailable(f"{hook.secret_env} is not set where the server runs")
    return gis.webhooks.secrets(text)


def _signed(owed: Owed, keys: list[bytes]) -> tuple[bytes, dict[str, str]]:
    """The body and the headers that sign it, as of now."""
    now, body = int(time.time()), owed.body.encode()
    return body, {
        "Content-Type": "application/json",
        "User-Agent": "wangge-webhooks",
        "webhook-id": owed.message,
        "webhook-timestamp": str(now),
        "webhook-signature": gis.webhooks.signature(keys, owed.message, now, body),
    }


async def _looked_up(host: str, port: int, *, private: bool) -> list[str]:
    """The addresses of a name, all of which have to be allowed."""
    look = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        async with asyncio.timeout(CONNECT_S):
            found = await asyncio.get_running_loop().run_in_executor(_NAMES, look)
    except TimeoutError as error:
        raise Unavailable(f"the name {host} is not answered for") from error
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    for address in addresses:
        gis.webhooks.check_address(address, private=private)
    return addresses
