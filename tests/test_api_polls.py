"""投票 over HTTP: one vote for each household or resident, and nobody learns whose was which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
import sqlalchemy as sa
from conftest import Base, owning
from town import MARKED, SEAL, inhabit, move_in

import api.actions.community
import api.pace
import data.grid
import data.locate
import data.polls
import data.scope
from data.polls import Voter

BRIDGE, SHORE = "420106001001", "420106002001"
PEOPLE = [
    ("王桥", "440524188001010014", "13700000001"),
    ("李桥", "320106199003078882", "13700000002"),
]


@pytest.fixture
def base(empty_url: str, server: Callable[..., Base]) -> Base:
    """Cells A and B are 桥头社区: one home with two residents; a poll of each kind."""
    with owning(empty_url) as db:
        inhabit(db)
        data.grid.number_areas(db)
        data.locate.refile(db)
        db.execute(sa.text("DELETE FROM resident"))
        home = db.scalar(sa.text("SELECT min(id) FROM household"))
        for person in PEOPLE:
            move_in(db, home, *person)
    return server(empty_url)


@pytest.fixture
def client(base: Base) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=base, timeout=60) as client:
        yield client


def _poll(url: str, of: str = "household", **told: Any) -> int:
    now = datetime.now(UTC)
    values = {
        "of": of, "division": BRIDGE, "opens": now - timedelta(days=1),
        "closes": now + timedelta(days=1), **told,
    }  # fmt: skip
    query = """
        INSERT INTO poll (title, body, poll_of, options, opens_at, closes_at, division_code)
        VALUES ('长椅', '', :of, ARRAY['装', '不装'], :opens, :closes, :division) RETURNING id
    """
    with owning(url) as db:
        return int(db.execute(sa.text(query), values).scalar_one())


def _verify(client: httpx.Client, person: tuple[str, str, str]) -> httpx.Response:
    told = dict(zip(("name", "resident_id", "phone"), person, strict=True))
    return client.post("/community/voter", json=told)


def _vote(
    client: httpx.Client, poll: int, choice: int = 1, request: str = "r", mark: str = ""
) -> httpx.Response:
    told = {"choice": choice, "request_id": f"request-{request}", "mark": mark}
    return client.post(f"/community/polls/{poll}/votes", json=told)


def test_who_says_all_three_is_known_for_half_an_hour(
    client: httpx.Client,
    base: Base,
    store: sa.Engine,
    empty_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, number, phone = PEOPLE[0]
    wrong = [
        (MARKED[0], number, phone), (name, PEOPLE[1][1], phone), (name, number, PEOPLE[1][2]),
        (name, number, ""), ("", "", ""), ("\0", "\0", "\0"),
    ]  # fmt: skip
    refusals = {(one.status_code, one.text) for one in (_verify(client, who) for who in wrong)}
    assert len(refusals) == 1
    assert refusals.pop()[0] == 403
    answer = _verify(client, (f" {name}", number.lower(), "137-0000 0001"))
    told = answer.json()
    assert len(told.pop("mark")) == 8
    assert told == {"verified": True, "seconds": 1800}
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Path=/community", "SameSite=strict"} <= set(cookie.split("; "))
    token, _ = api.actions.community.verify(
        store,
        name, number, phone, seal=SEAL, now=datetime.now(UTC),
    )  # fmt: skip
    later = datetime.now(UTC) + timedelta(minutes=31)
    with pytest.raises(Exception, match="say first who you are"):
        api.actions.community.verified(token, seal=SEAL, now=later)
    poll = _poll(empty_url)
    for forged in ("", "YWJj", "x" * 200):
        with httpx.Client(base_url=base, cookies={"wangge_voter": forged}, timeout=60) as other:
            assert _vote(other, poll).status_code == 403
    assert client.delete("/community/voter").status_code == 204
    assert _vote(client, poll).json()["verify"] is True
    monkeypatch.setitem(api.pace.MOST, api.pace.Guess.VERIFY, 3)
    assert _verify(client, PEOPLE[0]).status_code == 429


def test_one_vote_for_each_household_or_resident(
    client: httpx.Client, base: Base, empty_url: str
) -> None:
    of_household, of_resident = _poll(empty_url), _poll(empty_url, "resident")
    elsewhere = _poll(empty_url, division=SHORE)
    whole_town = _poll(empty_url, division=None)
    now = datetime.now(UTC)
    coming = _poll(empty_url, opens=now + timedelta(hours=1))
    closed = _poll(empty_url, closes=now - timedelta(hours=1))
    _verify(client, PEOPLE[0])
    assert _vote(client, of_household).json()["counted"] is True
    assert _vote(client, of_household).status_code == 200  # the same request again
    assert _vote(client, of_household, 2, "other").status_code == 409
    assert _vote(client, of_resident, 3).status_code == 400
    assert _vote(client, of_resident, 2).status_code == 200
    assert _vote(client, whole_town).status_code == 200
    refusals = [_vote(client, poll).status_code for poll in (elsewhere, coming, closed, 99_999)]
    assert refusals == [403, 409, 409, 404]
    _verify(client, PEOPLE[1])
    told = _vote(client, of_household, 2, "second").json()["detail"]
    assert told == "your household has voted in this poll already; a vote is counted once"
    assert _vote(client, of_resident, 1, "second").status_code == 200
    with owning(empty_url) as db:
        rows = db.execute(sa.text("SELECT poll_id, choice, votes FROM ballot_box")).all()
    assert sorted(map(tuple, rows)) == [
        (of_household, 1, 1), (of_household, 2, 0), (of_resident, 1, 1), (of_resident, 2, 1),
        (whole_town, 1, 1), (whole_town, 2, 0),
    ]  # fmt: skip


def test_at_one_browser_nobody_votes_for_another_household(
    client: httpx.Client, empty_url: str
) -> None:
    poll, of_resident = _poll(empty_url), _poll(empty_url, "resident")
    with owning(empty_url) as db:
        homes = db.scalars(sa.text("SELECT id FROM household ORDER BY id LIMIT 2")).all()
        move = "UPDATE resident SET household_id = :home WHERE phone_mask LIKE '%0002'"
        assert db.execute(sa.text(move), {"home": homes[1]}).rowcount == 1
    first = _verify(client, PEOPLE[0]).json()["mark"]
    assert _vote(client, poll, mark=first).status_code == 200
    second = _verify(client, PEOPLE[1]).json()["mark"]
    late = _vote(client, of_resident, mark=first)  # of a page that did not hear of the second
    assert (late.status_code, late.json()["verify"]) == (403, True)
    assert _vote(client, poll, 2, mark=second).status_code == 200
    assert _verify(client, (PEOPLE[0][0], *PEOPLE[1][1:])).status_code == 403
    assert _vote(client, of_resident).json()["verify"] is True  # nobody is known any more
    of_home = _poll(empty_url)
    mark = _verify(client, PEOPLE[1]).json()["mark"]
    with owning(empty_url) as db:
        db.execute(sa.text(move), {"home": homes[0]})
    moved = _vote(client, of_home, mark=mark)
    assert (moved.status_code, moved.json()["verify"]) == (403, True)
    assert _vote(client, of_home, mark=_verify(client, PEOPLE[1]).json()["mark"]).status_code == 200
    with owning(empty_url) as db:
        kept = db.scalars(
            sa.text("SELECT voter FROM poll_voter WHERE poll_id = :p"), {"p": of_home}
        )
        voters = [bytes(one) for one in kept]
    assert voters == SEAL.index("voter", [f"{of_home}:household:{homes[0]}"])


def test_a_home_that_no_cell_holds_votes_in_the_whole_town(
    client: httpx.Client, empty_url: str
) -> None:
    whole_town, of_bridge = _poll(empty_url, division=None), _poll(empty_url)
    with owning(empty_url) as db:
        db.execute(sa.text("UPDATE dwelling SET cell_id = NULL, area_no = 0"))
    _verify(client, PEOPLE[0])
    assert _vote(client, whole_town).status_code == 200
    assert _vote(client, of_bridge).status_code == 403


def test_of_many_votes_at_once_one_counts(client: httpx.Client, empty_url: str) -> None:
    poll = _poll(empty_url)
    _verify(client, PEOPLE[0])
    with ThreadPoolExecutor(6) as threads:
        answers = threads.map(
            lambda n: _vote(client, poll, 1 + n % 2, str(n)).status_code, range(6)
        )
        assert sorted(answers) == [200, 409, 409, 409, 409, 409]
    with owning(empty_url) as db:
        assert db.scalar(sa.text("SELECT sum(votes) FROM ballot_box")) == 1


def test_the_ballot_box_tells_nobody_who_voted_what(
    client: httpx.Client, base: Base, empty_url: str
) -> None:
    poll = _poll(empty_url, "resident")
    for choice, person in enumerate(PEOPLE, 1):
        _verify(client, person)
        _vote(client, poll, choice)
    with owning(empty_url) as db:
        ask = "SELECT xmin::text FROM {} WHERE poll_id = :poll"
        voters = db.scalars(sa.text(ask.format("poll_voter")), {"poll": poll}).all()
        counts = db.scalars(sa.text(ask.format("ballot_box")), {"poll": poll}).all()
        # every count was written by the last vote: no earlier voter shares a transaction with one
        assert (len(set(voters)), len(set(counts)), len(set(voters) & set(counts))) == (2, 1, 1)
        columns = db.scalars(
            sa.text("SELECT column_name FROM information_schema.columns "
                    "WHERE table_name IN ('poll_voter', 'ballot_box')")
        ).all()  # fmt: skip
        assert set(columns) == {"poll_id", "voter", "request", "choice", "votes"}
        resident = db.scalar(sa.text("SELECT min(id) FROM resident"))
        kept = db.scalars(sa.text("SELECT voter FROM poll_voter")).all()
        plain = [f"{poll}:resident:{resident}"]
        assert SEAL.index("voter", plain)[0] in [bytes(one) for one in kept]
        assert db.scalar(sa.text("SELECT count(*) FROM journal WHERE subject LIKE 'poll%'")) == 0
    app_url = empty_url.replace("//wangge@", f"//{data.scope.APP_ROLE}@")
    for table in ("poll_voter", "ballot_box"):
        for statement in (f"SELECT * FROM {table}", f"DELETE FROM {table}"):
            with (
                psycopg.connect(app_url) as app,
                pytest.raises(psycopg.errors.Error, match="denied"),
            ):
                app.execute(statement)
    with psycopg.connect(app_url) as app:
        assert app.execute("SELECT * FROM poll_result(ARRAY[%s::bigint])", [poll]).fetchall() == []
    told = client.get("/community/polls", params={"division": BRIDGE}).json()
    assert [(one["id"], one["state"], one["result"]) for one in told] == [(poll, "open", None)]
    seen = httpx.get(f"{base}/community/pages/polls", headers=base.headers, timeout=60).text
    assert "votes" not in seen


def test_a_result_is_told_after_the_close_and_nothing_changes_before(
    client: httpx.Client, empty_url: str
) -> None:
    poll = _poll(empty_url, "resident")
    with owning(empty_url) as db:
        home = db.scalar(sa.text("SELECT min(id) FROM household"))
        voters = [Voter(move_in(db, home, f"投票{n}", None, None), home) for n in range(6)]
        for n, voter in enumerate(voters):
            data.polls.cast(db, poll, 1 + (n > 3), by=voter, seal=SEAL, request_id=f"r{n}")
    for change in ("closes_at = now() + interval '9 days'", "options = ARRAY['好', '坏']"):
        with (
            pytest.raises(sa.exc.DBAPIError, match="nothing about it changes"),
            owning(empty_url) as db,
        ):
            db.execute(sa.text(f"UPDATE poll SET {change}"))
    with owning(empty_url) as db:
        db.execute(sa.text("ALTER TABLE poll DISABLE TRIGGER poll_stands"))
        db.execute(sa.text("UPDATE poll SET closes_at = now()"))
    told = client.get("/community/polls", params={"division": BRIDGE}).json()[0]
    assert (told["state"], told["state_label"], told["result"]["votes"]) == ("closed", "已结束", 6)
    assert [(one["words"], one["votes"]) for one in told["result"]["options"]] == [
        ("装", 4), ("不装", 2),
    ]  # fmt: skip
