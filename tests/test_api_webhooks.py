"""Messages on their way: over TLS, to addresses that are allowed, whatever the subscriber answers."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import test_data_webhooks
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from test_data_webhooks import ENV, SECRET, Subscriber, again, deliver, report, subscribe
from town import TESTER

import api.actions.webhooks as acts
import api.webhooks
import gis.webhooks
from gis.errors import NotAllowed

subscriber = test_data_webhooks.subscriber
NAME = "hook.example"
Found = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def ground(settled: Callable[..., str]) -> str:
    return settled(test_data_webhooks.settle)


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Callable[[Found], list[str]]:
    """Answer for `NAME` in place of the name server; give the list of questions asked."""
    look = socket.getaddrinfo

    def answer(found: Found) -> list[str]:
        asked: list[str] = []

        def looked(host: Any, *told: Any, **more: Any) -> Any:
            if host != NAME:
                return look(host, *told, **more)
            asked.append(host)
            return [one for address in found(host) for one in look(address, *told, **more)]

        monkeypatch.setattr(socket, "getaddrinfo", looked)
        return asked

    return answer


def rename(store: sa.Engine, url: str) -> None:
    with store.begin() as db:
        db.execute(sa.text("UPDATE webhook SET url = :url, paused_until = NULL"), {"url": url})


def one(store: sa.Engine) -> dict[str, Any]:
    [told] = acts.listed(store, by=TESTER)
    return told


def test_a_name_is_looked_up_once_and_what_was_found_is_what_is_called(
    store: sa.Engine, subscriber: Subscriber, named: Callable[[Found], list[str]]
) -> None:
    asked: list[str] = []
    # who answers otherwise the second time cannot lead a message elsewhere
    asked = named(lambda _: ["127.0.0.1"] if len(asked) < 2 else ["10.255.255.1"])
    subscribe(store, subscriber)
    rename(store, f"http://{NAME}:{subscriber.server_port}/")
    for _ in range(3):
        report(store)
    deliver(store)
    assert (len(subscriber.heard), asked) == (3, [NAME])
    assert {headers["Host"] for headers in subscriber.headers} == {
        f"{NAME}:{subscriber.server_port}"
    }


def test_a_name_that_leads_into_a_private_net_is_not_called(
    store: sa.Engine, subscriber: Subscriber, named: Callable[[Found], list[str]]
) -> None:
    named(lambda _: ["93.184.216.34", "127.0.0.1"])
    url = f"https://{NAME}:{subscriber.server_port}/"
    acts.add(store, url, secret_env=ENV, moves=[], division=None, private=False, by=TESTER)
    report(store)
    deliver(store)
    assert (subscriber.heard, one(store)["waiting"]) == ([], 1)
    assert "127.0.0.1 is not of the public net" in one(store)["fault"]


def test_of_several_addresses_the_next_is_tried(
    store: sa.Engine, subscriber: Subscriber, named: Callable[[Found], list[str]]
) -> None:
    named(lambda _: ["127.0.0.2", "127.0.0.1"])  # it listens on the second
    subscribe(store, subscriber)
    rename(store, f"http://{NAME}:{subscriber.server_port}/")
    report(store)
    deliver(store)
    assert (len(subscriber.heard), one(store)["sent"]) == (1, 1)


@pytest.mark.parametrize(
    "address",
    ["64:ff9b::a00:1", "64:ff9b::7f00:1", "2002:a00:1::", "::7f00:1", "::ffff:0:10.0.0.1",
     "64:ff9b:1::a00:1", "fec0::1", "100::1", "198.18.0.1", "240.0.0.1", "255.255.255.255"],
)  # fmt: skip
def test_addresses_that_lead_inside_by_another_way_are_refused(address: str) -> None:
    with pytest.raises(NotAllowed):
        gis.webhooks.check_address(address, private=False)


def test_link_local_addresses_are_nobodys_even_so() -> None:
    for address in ("169.254.169.254", "fe80::1%eth0", "::ffff:169.254.169.254"):
        with pytest.raises(NotAllowed):
            gis.webhooks.check_address(address, private=True)
    for address in ("127.0.0.1", "::1", "fd00::1", "192.168.1.1", "64:ff9b::808:808"):
        gis.webhooks.check_address(address, private=True)
    gis.webhooks.check_address("2606:4700::1111", private=False)


# What a subscriber answers


@pytest.mark.parametrize("after", ["9" * 5000, "²", "-5", "soon", "Fri, 99 Xxx 2026 99:99:99 GMT"])
def test_a_strange_retry_after_is_nothing_to_stumble_over(
    store: sa.Engine, subscriber: Subscriber, after: str
) -> None:
    subscribe(store, subscriber)
    report(store)
    subscriber.says = lambda _: (503, {"Retry-After": after})
    assert deliver(store) == 1
    assert (one(store)["waiting"], one(store)["fault"]) == (1, "answered 503")


def test_a_retry_after_is_seconds_or_a_date_of_an_hour_at_most() -> None:
    now = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    for text, seconds in (
        ("120", 120), ("9" * 5000, 3600), ("Tue, 24 Nov 2026 03:10:00 GMT", 600),
        ("Tue, 24 Nov 2026 03:10:00 -0000", 600), ("Wed, 25 Nov 2026 03:00:00 GMT", 3600),
    ):  # fmt: skip
        assert gis.webhooks.asked_for(text, now=now) == timedelta(seconds=seconds)
    for text in ("", "0", "-5", "²", "soon", "Tue, 24 Nov 2026 02:00:00 GMT"):
        assert gis.webhooks.asked_for(text, now=now) is None


def test_who_never_ends_is_not_waited_for(
    store: sa.Engine, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.webhooks, "TIMEOUT_S", 0.5)
    subscribe(store, subscriber)
    report(store)
    subscriber.says = lambda _: time.sleep(3) or 200  # type: ignore[func-returns-value]
    begun = time.monotonic()
    deliver(store)
    assert time.monotonic() - begun < 3
    assert (one(store)["waiting"], one(store)["paused_until"] is not None) == (1, True)


def test_what_is_no_http_is_no_answer(store: sa.Engine, subscriber: Subscriber) -> None:
    subscribe(store, subscriber)
    report(store)
    subscriber.says = lambda _: (200, {"Content-Length": "2\r\nContent-Length: 3"})
    deliver(store)
    assert (one(store)["waiting"], one(store)["sent"]) == (1, 0)


def test_a_secret_is_followed_by_another_without_a_gap(
    store: sa.Engine, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENV, f"{SECRET} {SECRET[:-4]}AAA=")
    subscribe(store, subscriber)
    report(store)
    deliver(store)
    first, second = subscriber.headers[0]["webhook-signature"].split()
    assert first != second
    subscriber.says = lambda _: 200
    assert one(store)["waiting"] == 1  # this one knows a single signature only, and answered 401
    monkeypatch.setenv(ENV, SECRET)
    again(store)
    assert one(store)["sent"] == 1


# TLS


def certificate(folder: Path, name: str) -> Path:
    """A certificate of its own authority, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def secured(
    subscriber: Subscriber, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Subscriber]:
    """The subscriber behind TLS, vouched for as `NAME`."""
    path = certificate(tmp_path, NAME)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    subscriber.socket = context.wrap_socket(subscriber.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    api.webhooks._vouched.cache_clear()
    yield subscriber
    api.webhooks._vouched.cache_clear()


def test_by_tls_the_name_counts_not_the_address(
    store: sa.Engine, secured: Subscriber, named: Callable[[Found], list[str]]
) -> None:
    named(lambda _: ["127.0.0.1"])
    subscribe(store, secured)
    rename(store, f"https://{NAME}:{secured.server_port}/")
    report(store)
    deliver(store)
    assert (len(secured.heard), one(store)["sent"]) == (1, 1)
    report(store)
    rename(
        store, f"https://localhost:{secured.server_port}/"
    )  # its certificate is not of this name
    deliver(store)
    assert (len(secured.heard), one(store)["waiting"]) == (1, 1)
    assert "certificate" in one(store)["fault"].lower()
