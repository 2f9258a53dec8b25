"""Webhooks: owed with the event, signed, in the order of each case, again until taken or given up.

The subscriber is a real server; it says what it does with each message.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa
import test_api_cases
from conftest import MORNING
from sqlalchemy.orm import Session
from town import SEAL, TESTER, at

import api.actions.reports
import api.actions.webhooks as acts
import api.climbing
import api.webhooks
import data.cases
import data.db
import data.scope
import gis.webhooks
from gis.cases import Said
from gis.errors import BadInput, Conflict, NotAllowed, NotFound
from gis.reports import Report
from gis.terms import Move

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
ENV = "WANGGE_TEST_HOOK"
Says = Callable[[dict[str, Any]], "int | tuple[int, dict[str, str]]"]


class Subscriber(ThreadingHTTPServer):
    """Who takes messages: `heard` are those it answered, `says` what it answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.says: Says = lambda _: 200
        self.url = f"http://127.0.0.1:{self.server_port}/hook?a=1"

    def steps(self) -> list[tuple[str, str]]:
        return [(one["data"]["case"], one["data"]["move"]) for one in self.heard]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Subscriber

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        told = json.loads(body)
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode()
        digest = base64.b64encode(hmac.digest(KEY, signed + body, hashlib.sha256)).decode()
        good = self.headers["webhook-signature"] == f"v1,{digest}"
        self.server.heard.append(told)
        self.server.headers.append({**self.headers, "path": self.path})
        answer = self.server.says(told) if good else 401
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        self.send_response(status)
        for name, value in {"Content-Length": "2", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def subscriber(monkeypatch: pytest.MonkeyPatch) -> Iterator[Subscriber]:
    monkeypatch.setenv(ENV, SECRET)
    server = Subscriber()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def settle(db: Session) -> None:
    test_api_cases.settle(db)
    db.execute(sa.text("DELETE FROM case_file"))


@pytest.fixture(scope="module")
def ground(settled: Callable[..., str]) -> str:
    return settled(settle)


def subscribe(store: sa.Engine, subscriber: Subscriber, **more: Any) -> int:
    told = {"secret_env": ENV, "moves": [], "division": None, "private": True, **more}
    return acts.add(store, subscriber.url, by=TESTER, **told)


def report(store: sa.Engine, x: float = 0.5) -> str:
    spot = at(x, 0.5)
    told = Report("event", "0501", "王先生家漏水", lon=spot.x, lat=spot.y, contact="13812345678")
    made = api.actions.reports.report(store, told, by=TESTER, seal=SEAL, now=MORNING)
    return str(made["code"])


def move(store: sa.Engine, code: str, *moves: Move) -> None:
    for one in moves:
        said = Said(condition=1) if one is Move.FILE else Said(words="李女士说的")
        with data.scope.transaction(store, TESTER) as db:
            data.cases.move(db, data.cases.locked(db, code), one, said, by=TESTER, now=MORNING)


def deliver(store: sa.Engine) -> int:
    return asyncio.run(api.webhooks.deliver(store))


def again(store: sa.Engine) -> int:
    """Deliver as if all pauses were over."""
    with data.db.transaction(store) as db:
        db.execute(sa.text("UPDATE webhook_delivery SET due_at = now() WHERE state = 'waiting'"))
        db.execute(sa.text("UPDATE webhook SET paused_until = NULL"))
    return deliver(store)


def states(store: sa.Engine) -> list[tuple[str, str, int]]:
    with data.db.transaction(store) as db:
        query = """SELECT e.move, d.state, d.tries FROM webhook_delivery d
            JOIN case_event e ON e.id = d.event_id ORDER BY d.id"""
        return [tuple(row) for row in db.execute(sa.text(query))]


def test_what_happens_is_told_signed_and_without_words(
    store: sa.Engine, subscriber: Subscriber
) -> None:
    subscribe(store, subscriber)
    code = report(store)
    move(store, code, Move.VERIFY, Move.FILE)
    assert deliver(store) == 3
    assert subscriber.steps() == [(code, "report"), (code, "verify"), (code, "file")]
    last = subscriber.heard[-1]
    event = last["data"].pop("event")
    assert isinstance(event, int)
    assert last == {
        "type": "case.file", "timestamp": "2026-11-22T01:00:00Z",
        "data": {"case": code, "move": "file", "from": "verified", "to": "filed",
                 "service_code": "event-0501", "cell": "A", "due_at": None},
    }  # fmt: skip
    headers = subscriber.headers
    assert len({one["webhook-id"] for one in headers}) == 3
    assert headers[0]["path"] == "/hook?a=1"
    assert abs(int(headers[0]["webhook-timestamp"]) - time.time()) < 60
    text = json.dumps(subscriber.heard, ensure_ascii=False)
    assert [mark for mark in ("王先生", "李女士", "1381234", "test") if mark in text] == []
    assert deliver(store) == 0


def test_what_was_not_kept_is_not_told(store: sa.Engine, subscriber: Subscriber) -> None:
    subscribe(store, subscriber)
    code = report(store)
    with data.scope.transaction(store, TESTER, keep=False) as db:
        case = data.cases.locked(db, code)
        data.cases.move(db, case, Move.VERIFY, Said(), by=TESTER, now=MORNING)
    deliver(store)
    assert subscriber.steps() == [(code, "report")]


def test_a_subscriber_hears_of_its_moves_in_its_division(
    store: sa.Engine, subscriber: Subscriber
) -> None:
    subscribe(store, subscriber, moves=["verify"], division=test_api_cases.D)
    here, there = report(store, 3.5), report(store, 0.5)
    for code in (here, there):
        move(store, code, Move.VERIFY)
    deliver(store)
    assert subscriber.steps() == [(here, "verify")]


def test_the_next_of_a_case_waits_for_the_one_before_and_no_other_case_does(
    store: sa.Engine, subscriber: Subscriber
) -> None:
    subscribe(store, subscriber)
    stuck, free = report(store), report(store)
    for code in (stuck, free):
        move(store, code, Move.VERIFY)
    subscriber.says = lambda told: 400 if told["data"]["case"] == stuck else 200
    assert deliver(store) == 3
    assert subscriber.steps().count((stuck, "report")) == 1
    assert (stuck, "verify") not in subscriber.steps()
    assert (free, "verify") in subscriber.steps()
    assert deliver(store) == 0  # not before its pause is over
    subscriber.says = lambda _: 200
    assert again(store) == 2
    assert [step for step in subscriber.steps() if step[0] == stuck] == [
        (stuck, "report"), (stuck, "report"), (stuck, "verify"),
    ]  # fmt: skip
    ids = [
        headers["webhook-id"]
        for headers, told in zip(subscriber.headers, subscriber.heard, strict=True)
        if told["data"]["case"] == stuck and told["data"]["move"] == "report"
    ]
    assert len(set(ids)) == 1


def test_many_cases_are_told_at_once(store: sa.Engine, subscriber: Subscriber) -> None:
    subscribe(store, subscriber)
    together = threading.Barrier(5)
    for _ in range(5):
        report(store)
    subscriber.says = lambda _: 200 if together.wait(20) >= 0 else 500
    assert deliver(store) == 5  # each is answered only when all five have come


def test_a_refused_message_is_given_up_and_can_be_sent_again(
    store: sa.Engine, subscriber: Subscriber
) -> None:
    number = subscribe(store, subscriber)
    code = report(store)
    move(store, code, Move.VERIFY)
    subscriber.says = lambda told: 422 if told["data"]["move"] == "report" else 200
    for _ in range(len(gis.webhooks.PAUSES) + 1):
        assert {one[0]: one[1] for one in states(store)}["verify"] == "waiting"
        again(store)
    assert states(store) == [("report", "dead", 11), ("verify", "sent", 1)]
    [told] = acts.dead(store, None, by=TESTER)
    assert (told["code"], told["move"], told["status"], told["tries"]) == (code, "report", 422, 11)
    subscriber.says = lambda _: 200
    assert acts.resend(store, number, by=TESTER) == 1
    deliver(store)
    assert states(store)[0] == ("report", "sent", 1)
    assert len({one["webhook-id"] for one in subscriber.headers}) == 2


def test_pauses_grow(store: sa.Engine, subscriber: Subscriber) -> None:
    subscribe(store, subscriber)
    report(store)
    subscriber.says = lambda _: 400
    waits = []
    for _ in range(3):
        again(store)
        with data.db.transaction(store) as db:
            query = "SELECT extract(epoch FROM due_at - clock_timestamp()) FROM webhook_delivery"
            waits.append(float(db.scalar(sa.text(query)) or 0))
    for wait, pause in zip(waits, gis.webhooks.PAUSES, strict=False):
        assert pause.total_seconds() - 5 < wait <= pause.total_seconds()


def test_who_is_down_is_left_alone_and_loses_nothing(
    store: sa.Engine, subscriber: Subscriber
) -> None:
    number = subscribe(store, subscriber)
    for _ in range(3):
        report(store)
    with data.db.transaction(store) as db:
        dead_port = f"http://127.0.0.1:{_closed_port()}/"
        db.execute(sa.text("UPDATE webhook SET url = :url"), {"url": dead_port})
    assert deliver(store) == 3
    assert deliver(store) == 0  # it is left alone
    [told] = acts.listed(store, by=TESTER)
    assert (told["waiting"], told["paused_until"] is not None) == (3, True)
    with data.db.transaction(store) as db:
        db.execute(sa.text("UPDATE webhook SET paused_until = NULL"))
    assert deliver(store) == 1  # one, to see whether it is there again
    with data.db.transaction(store) as db:
        db.execute(sa.text("UPDATE webhook SET url = :u, paused_until = NULL"),
                   {"u": subscriber.url})  # fmt: skip
    assert deliver(store) == 3
    assert {one[1] for one in states(store)} == {"sent"}
    [told] = acts.listed(store, by=TESTER)
    assert (told["id"], told["fault"], told["paused_until"]) == (number, None, None)


def _closed_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_who_is_down_for_days_is_given_up(store: sa.Engine, subscriber: Subscriber) -> None:
    subscribe(store, subscriber)
    report(store)
    with data.db.transaction(store) as db:
        db.execute(sa.text("UPDATE webhook SET url = 'http://127.0.0.1:1/'"))
        db.execute(sa.text("UPDATE webhook_delivery SET made_at = now() - interval '4 days'"))
    report(store)
    deliver(store)
    assert sorted(one[1] for one in states(store)) == ["dead", "waiting"]


def test_who_is_ill_says_for_how_long_and_one_bad_message_stops_no_other(
    store: sa.Engine, subscriber: Subscriber
) -> None:
    subscribe(store, subscriber)
    bad = report(store)
    subscriber.says = lambda told: (
        (503, {"Retry-After": "1200"}) if told["data"]["case"] == bad else 200
    )
    deliver(store)
    with data.db.transaction(store) as db:
        query = "SELECT extract(epoch FROM paused_until - clock_timestamp()) FROM webhook"
        assert 1100 < float(db.scalar(sa.text(query)) or 0) <= 1200
    good = report(store)
    with data.db.transaction(store) as db:
        db.execute(sa.text("UPDATE webhook SET paused_until = NULL"))
    deliver(store)
    assert (good, "report") in subscriber.steps()


def test_no_redirect_is_followed_and_gone_is_the_end(
    store: sa.Engine, subscriber: Subscriber
) -> None:
    subscribe(store, subscriber)
    report(store)
    subscriber.says = lambda _: (307, {"Location": subscriber.url})
    deliver(store)
    assert len(subscriber.heard) == 1
    subscriber.says = lambda _: 410
    again(store)
    [told] = acts.listed(store, by=TESTER)
    assert (told["active"], told["fault"]) == (False, "the subscriber answered 410 Gone")
    report(store)
    assert again(store) == 0


def test_what_was_sent_and_not_marked_is_sent_again_under_the_same_id(
    store: sa.Engine, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(store, subscriber)
    report(store)

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(acts, "mark", crash)
        with pytest.raises(KeyboardInterrupt):
            deliver(store)
    assert (len(subscriber.heard), deliver(store)) == (1, 0)  # it is another's for a minute
    assert again(store) == 1
    first, second = subscriber.headers
    assert first["webhook-id"] == second["webhook-id"]
    assert subscriber.heard[0] == subscriber.heard[1]
    assert [one[1] for one in states(store)] == ["sent"]


def test_two_workers_send_each_message_once(store: sa.Engine, subscriber: Subscriber) -> None:
    subscribe(store, subscriber)
    codes = [report(store) for _ in range(15)]
    for code in codes:
        move(store, code, Move.VERIFY)
    subscriber.says = lambda _: time.sleep(0.01) or 200  # type: ignore[func-returns-value]
    deadline = time.monotonic() + 60
    with ThreadPoolExecutor(3) as workers:
        while len(subscriber.heard) < 30 and time.monotonic() < deadline:
            list(workers.map(deliver, [store] * 3))
    assert sorted(subscriber.steps()) == sorted(
        (code, move) for code in codes for move in ("report", "verify")
    )
    for code in codes:
        assert [step[1] for step in subscriber.steps() if step[0] == code] == ["report", "verify"]


def test_messages_go_only_where_the_operator_allows(
    store: sa.Engine, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="--private"):
        subscribe(store, subscriber, private=False)
    acts.add(store, f"https://127.0.0.1:{subscriber.server_port}/", secret_env=ENV, moves=[],
             division=None, private=False, by=TESTER)  # fmt: skip
    report(store)
    deliver(store)
    [told] = acts.listed(store, by=TESTER)
    assert (subscriber.heard, told["waiting"]) == ([], 1)
    assert "not of the public net" in told["fault"]
    monkeypatch.delenv(ENV)
    again(store)
    [told] = acts.listed(store, by=TESTER)
    assert told["fault"] == f"{ENV} is not set where the server runs"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "::1", "fd00::1", "fe80::1%eth0",
     "::ffff:10.0.0.1", "0.0.0.0", "100.64.0.1", "224.0.0.1"],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    with pytest.raises(NotAllowed):
        gis.webhooks.check_address(address, private=False)


def test_metadata_services_and_no_addresses_are_refused_even_so() -> None:
    for address in ("0.0.0.0", "224.0.0.1", "::"):
        with pytest.raises(NotAllowed):
            gis.webhooks.check_address(address, private=True)
    gis.webhooks.check_address("10.0.0.1", private=True)
    gis.webhooks.check_address("1.1.1.1", private=False)


@pytest.mark.parametrize(
    "url",
    ["http://example.cn/", "ftp://example.cn/", "https://", "https://a:b@example.cn/", "x",
     "https://example.cn/#x", "https://例.cn/", "https://a b/", "https://[::1", "file:///etc"],
)  # fmt: skip
def test_addresses_that_are_none_are_refused(url: str) -> None:
    with pytest.raises(BadInput):
        gis.webhooks.check_url(url, private=False)


def test_what_is_wrong_with_a_subscriber_is_said(store: sa.Engine, subscriber: Subscriber) -> None:
    number = subscribe(store, subscriber)
    with pytest.raises(Conflict):
        subscribe(store, subscriber)
    for more in ({"moves": ["dance"]}, {"secret_env": "x y"}):
        with pytest.raises(BadInput):
            subscribe(store, subscriber, **more)
    for secret in ("", "whsec_", "whsec_AAAA", SECRET.removeprefix("whsec_"), "whsec_%%%"):
        with pytest.raises(BadInput):
            gis.webhooks.secret(secret)
    assert acts.remove(store, number, by=TESTER) == subscriber.url
    with pytest.raises(NotFound):
        acts.remove(store, number, by=TESTER)
    report(store)
    assert deliver(store) == 0


def test_a_ping_is_signed(store: sa.Engine, subscriber: Subscriber) -> None:
    hook = acts.hook(store, subscribe(store, subscriber), by=TESTER)
    assert asyncio.run(api.webhooks.ping(hook)).sent.taken
    assert subscriber.heard == [{"type": "wangge.test", "data": {}}]


def test_the_published_example_of_a_signature() -> None:
    """From the specification of Standard Webhooks."""
    key = gis.webhooks.secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = gis.webhooks.signature(
        [key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_process_beside_the_server_sends(
    store: sa.Engine, store_url: str, subscriber: Subscriber
) -> None:
    subscribe(store, subscriber)
    with api.climbing.beside(store_url, pooler=False) as begin:
        begin()
        code = report(store)
        move(store, code, Move.VERIFY)
        deadline = time.monotonic() + 60
        while len(subscriber.heard) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
    assert subscriber.steps() == [(code, "report"), (code, "verify")]
