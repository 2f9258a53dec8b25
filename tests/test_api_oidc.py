"""Signing in at an OpenID Connect provider, and not believing a false one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from conftest import Base, hashed, owning
from provider import CLIENT, SECRET, Provider
from town import TESTER

import api.actions.accounts as acts
import api.oidc
import data.accounts
from gis.access import Role


@pytest.fixture
def provider() -> Iterator[Provider]:
    one = Provider()
    yield one
    one.close()


@pytest.fixture
def base(server: Callable[..., Base], empty_url: str, provider: Provider) -> Base:
    with owning(empty_url) as db:
        data.accounts.add(db, "li.si", role=Role.WORKER, name="李四")
        told = {"role": Role.ADMINISTRATOR, "password_hash": hashed("a long password")}
        data.accounts.add(db, "with.password", name="管理员", **told)
    return server(
        empty_url,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_name="滨江统一认证",
    )


@contextmanager
def signing_in(base: str) -> Iterator[tuple[httpx.Client, httpx.Response]]:
    """Go there and back as a browser does: that browser, and the answer of our own last step."""
    with httpx.Client(base_url=base, timeout=20) as client:
        away = client.get("/sign-in/oidc?next=/locate")
        back = httpx.get(away.headers["location"]).headers["location"]
        yield client, client.get(back)


def test_somebody_is_let_in_once_by_name_and_then_by_who_he_is(
    base: Base, provider: Provider
) -> None:
    assert "滨江统一认证" in httpx.get(f"{base}/sign-in").text
    with signing_in(base) as (client, answer):
        assert (answer.status_code, answer.headers["location"]) == (303, "/locate")
        assert client.get("/me").json()["login"] == "li.si"
        assert api.oidc.COOKIE not in client.cookies
    asked = provider.asked[0]
    assert asked["code_challenge_method"] == "S256"
    assert set(asked["scope"].split()) == {"openid", "profile", "email"}
    provider.claims = {"sub": "u-1", "preferred_username": "renamed"}
    with signing_in(base) as (client, _):
        assert client.get("/me").json()["login"] == "li.si"
    provider.claims = {"sub": "u-2", "preferred_username": "li.si"}  # taken by u-1 already
    with signing_in(base) as (_, answer):
        assert (answer.status_code, "nobody has made an account" in answer.text) == (401, True)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "u-1", "preferred_username": "stranger"},
        {"sub": "u-1"},
        {"sub": "u-1", "preferred_username": "with.password"},
        {"sub": "u-1", "email": "li.si", "email_verified": False},
        {"sub": "u-1", "email": "li.si"},
    ],
)
def test_no_account_is_made_or_taken_from_its_owner(
    base: Base, provider: Provider, claims: dict[str, object]
) -> None:
    provider.claims = claims
    with signing_in(base) as (client, answer):
        assert answer.status_code == 401
        assert client.get("/me").json()["login"] is None


def test_a_closed_account_stays_closed(base: Base, store: sa.Engine) -> None:
    with signing_in(base):
        pass
    acts.close(store, "li.si", by=TESTER)
    with signing_in(base) as (_, answer):
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "claim",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"exp": int(time.time()) - 3600},
        {"nonce": "stolen"},
        {"sub": None},
        {"iat": int(time.time()) + 3600},
    ],
)
def test_a_word_for_another_is_not_believed(
    base: Base, provider: Provider, claim: dict[str, object]
) -> None:
    provider.bend = lambda claims: claims.update(claim)
    with signing_in(base) as (_, answer):
        assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)


@pytest.mark.parametrize("how", ["signed_by_another", "signed_by_the_secret", "unsigned"])
def test_a_false_signature_is_not_believed(base: Base, provider: Provider, how: str) -> None:
    provider.sign = getattr(provider, how)
    with signing_in(base) as (_, answer):
        assert (answer.status_code, "cannot be trusted" in answer.text) == (401, True)


def test_an_answer_for_another_browser_or_told_twice_is_refused(
    base: Base, provider: Provider
) -> None:
    with httpx.Client(base_url=base) as mine, httpx.Client(base_url=base) as other:
        away = mine.get("/sign-in/oidc").headers["location"]
        other.get("/sign-in/oidc")
        back = httpx.get(away).headers["location"]
        assert other.get(back).status_code == 401  # his own state is another
        assert httpx.get(back).status_code == 401  # no state at all
        assert mine.get(back).status_code == 303
        assert mine.get(back).status_code == 401  # nothing is remembered any more
        kept = mine.get("/sign-in/oidc")
        state = parse_qs(urlsplit(kept.headers["location"]).query)["state"][0]
        refused = mine.get(f"/sign-in/oidc/back?error=access_denied&state={state}")
        assert "the provider refused: access_denied" in refused.text


def test_a_provider_that_is_down_or_another_is_said_so(
    server: Callable[..., Base], empty_url: str, provider: Provider
) -> None:
    base = server(empty_url, oidc_issuer=provider.issuer + "/other", oidc_client_id=CLIENT)
    answer = httpx.get(f"{base}/sign-in/oidc")
    assert (answer.status_code, "calls itself" in answer.text) == (503, True)
    provider.close()
    answer = httpx.get(f"{base}/sign-in/oidc")
    assert (answer.status_code, "does not answer" in answer.text) == (503, True)
