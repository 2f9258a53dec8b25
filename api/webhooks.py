"""Sending what subscribers are owed: signed, by https, to where the operator allows, many at once.

It runs in the process beside the server. A message goes to the address that was looked up and
found allowed, never to another that the name leads to a moment later; no redirect is followed.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

import api.actions.webhooks as acts
import data.db
import data.deadlines
import gis.webhooks
from data.webhooks import Hook, Owed, Sent
from gis.errors import Unavailable, WanggeError

if TYPE_CHECKING:
    import httpx

AT_ONCE = 20
"""Messages to one subscriber at a time, each about another case."""
TIMEOUT_S = 15.0
CONNECT_S = 5.0
ENOUGH = 16 * 1024
"""Bytes of an answer that are read; only its status counts."""
GATHER_S = 0.02
LOOK_S, AGAIN_S, FORGET_S = 2.0, 5.0, 3600.0
ASKED_MOST_S = 3600


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


async def _for_ever(store: sa.Engine, wait: Callable[[float], None]) -> None:
    busy: dict[int, asyncio.Task[int]] = {}
    forgotten_at = -FORGET_S
    while True:
        for hook in await asyncio.to_thread(acts.due, store):
            if hook.id not in busy or busy[hook.id].done():
                busy[hook.id] = asyncio.create_task(_drain(store, hook))
        if time.monotonic() - forgotten_at >= FORGET_S:
            await asyncio.to_thread(acts.forget, store)
            forgotten_at = time.monotonic()
        await asyncio.to_thread(wait, LOOK_S)
        for number in [number for number, task in busy.items() if task.done()]:
            busy.pop(number).result()


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
        while True:
            free = AT_ONCE - len(flying)
            owed = await asyncio.to_thread(acts.claim, store, hook.id, most=free) if free else []
            flying |= {asyncio.create_task(_send(client, hook, one)) for one in owed}
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
        return await _send(client, hook, Owed(0, f"test-{time.time_ns()}", body))


# One message


def _client() -> httpx.AsyncClient:
    import httpx

    if "sniffio" not in sys.modules and importlib.util.find_spec("sniffio") is None:
        # httpcore asks for it at every step; what is known to be absent is not looked for on disk
        sys.modules["sniffio"] = None  # type: ignore[assignment]
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    timeout = httpx.Timeout(TIMEOUT_S, connect=CONNECT_S)
    return httpx.AsyncClient(
        limits=limits, timeout=timeout, trust_env=False, follow_redirects=False
    )


async def _send(client: httpx.AsyncClient, hook: Hook, owed: Owed) -> Answer:
    import httpx

    try:
        request = await _request(client, hook, owed)
        async with asyncio.timeout(TIMEOUT_S):
            status, after = await _status(client, request)
    except _NOBODY as error:
        return Answer(Sent(owed.id, False, None, _told(error), is_down=True))
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        return Answer(Sent(owed.id, False, None, _told(error), is_down=True))
    except (httpx.HTTPError, OSError, TimeoutError) as error:
        return Answer(Sent(owed.id, False, None, _told(error), is_ill=True))
    if 200 <= status < 300:
        return Answer(Sent(owed.id, True, status))
    is_ill = status >= 500 or status in {408, 425, 429}
    fault = f"answered {status}" + (", and no redirect is followed" if 300 <= status < 400 else "")
    return Answer(Sent(owed.id, False, status, fault, is_ill=is_ill), after if is_ill else None)


_NOBODY = (WanggeError, socket.gaierror, UnicodeError)
"""No secret, no address that is allowed, no address at all."""


def _told(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:300]


async def _request(client: httpx.AsyncClient, hook: Hook, owed: Owed) -> httpx.Request:
    """The signed request, to the very address that was found allowed."""
    text = os.environ.get(hook.secret_env)
    if not text:
        raise Unavailable(f"{hook.secret_env} is not set where the server runs")
    key = gis.webhooks.secret(text)
    told = gis.webhooks.check_url(hook.url, private=hook.private)
    assert told.hostname is not None
    port = told.port or (443 if told.scheme == "https" else 80)
    address = await _allowed(told.hostname, port, private=hook.private)
    now, body = int(time.time()), owed.body.encode()
    host = f"[{address}]" if ":" in address else address
    path = (told.path or "/") + (f"?{told.query}" if told.query else "")
    return client.build_request(
        "POST",
        f"{told.scheme}://{host}:{port}{path}",
        content=body,
        headers={
            "Host": told.netloc,
            "Content-Type": "application/json",
            "User-Agent": "wangge-webhooks",
            "webhook-id": owed.message,
            "webhook-timestamp": str(now),
            "webhook-signature": gis.webhooks.signature(key, owed.message, now, body),
        },
        extensions={"sni_hostname": told.hostname},
    )


async def _allowed(host: str, port: int, *, private: bool) -> str:
    """The first address of a name, all of which have to be allowed."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_S):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise Unavailable(f"the name {host} is not answered for") from error
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    for address in addresses:
        gis.webhooks.check_address(address, private=private)
    return addresses[0]


async def _status(
    client: httpx.AsyncClient, request: httpx.Request
) -> tuple[int, timedelta | None]:
    answer = await client.send(request, stream=True)
    try:
        read = 0
        async for chunk in answer.aiter_raw():
            read += len(chunk)
            if read > ENOUGH:
                break
    finally:
        await answer.aclose()
    after = answer.headers.get("retry-after", "")
    seconds = min(int(after), ASKED_MOST_S) if after.isascii() and after.isdigit() else 0
    return answer.status_code, timedelta(seconds=seconds) if seconds else None
