"""The Python client against the served application: what it tells, and how it is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import geopandas
import httpx
import pytest
import sqlalchemy as sa
import test_api_cases
from conftest import Base, hashed, owning, signed_in
from sqlalchemy.orm import Session
from town import at

import api.client
import data.accounts
from api.client import Wangge
from data.accounts import Charged
from gis.access import Role
from gis.errors import BadInput, Conflict, NotAllowed, NotFound, Unavailable, WanggeError

PASSWORD = "correct horse battery"
SPOT = at(0.99, 0.5)


def settle(db: Session) -> None:
    test_api_cases.settle(db)
    told = {"role": Role.LEADER, "name": "李四", "password_hash": hashed(PASSWORD)}
    for line in (
        "INSERT INTO worker (code, name, phone) VALUES ('W1', '张三', '027-1')",
        "INSERT INTO post (cell_id, worker_id, role, valid_from) SELECT c.id, w.id, 'grid_worker',"
        " '2020-01-01' FROM grid_cell c JOIN grid_plan p ON p.id = plan_id, worker w"
        " WHERE c.code = 'A' AND p.state = 'published' AND w.code = 'W1'",
    ):
        db.execute(sa.text(line))
    data.accounts.put_in_charge(
        db, data.accounts.add(db, "li.si", **told), [Charged(division=test_api_cases.A)]
    )


@pytest.fixture(scope="module")
def ground(settled: Callable[..., str]) -> str:
    return settled(settle)


@pytest.fixture
def base(server: Callable[..., Base], store_url: str) -> Base:
    return server(store_url)


@pytest.fixture
def anybody(base: Base) -> Iterator[Wangge]:
    with Wangge(base) as wangge:
        yield wangge


@pytest.fixture
def leader(base: Base) -> Iterator[Wangge]:
    with Wangge.sign_in(base, "li.si", PASSWORD) as wangge:
        yield wangge


def test_who_signs_in_has_a_token_and_no_session(
    anybody: Wangge, leader: Wangge, base: Base, store: sa.Engine
) -> None:
    assert anybody.me() == api.client.Me("", "", "", (), ())
    me = leader.me()
    assert (me.login, me.name, me.role) == ("li.si", "李四", "leader")
    assert {"cases", "dispatch"} <= set(me.rights)
    with store.connect() as connection:
        query = "SELECT kind FROM session s JOIN account a ON a.id = account_id AND login = 'li.si'"
        assert connection.scalars(sa.text(query)).all() == ["bearer"]
    with pytest.raises(NotAllowed):
        Wangge.sign_in(base, "li.si", "wrong password")
    with Wangge(base, token="none") as stranger, pytest.raises(NotAllowed, match="sign in"):
        list(stranger.cases())


def test_a_place_has_a_cell_and_people(anybody: Wangge) -> None:
    found = anybody.locate(SPOT.x, SPOT.y, accuracy_m=100)
    assert (found.cell, found.name, found.street) == ("A", "A网格", "420106001000")
    assert found.near == (api.client.Near("B", "B网格", 15.1),)
    assert found.posts == (api.client.Post("grid_worker", "张三", "027-1"),)
    assert anybody.locate(0, 0).cell is None
    assert anybody.locate(SPOT.x, SPOT.y, on=date(2026, 3, 1)).cell == "A"
    with pytest.raises(BadInput):
        anybody.locate(0, 100)


def test_a_report_is_followed_listed_and_moved(anybody: Wangge, leader: Wangge) -> None:
    now = datetime.now(UTC)
    told = {"kind": "event", "class_code": "0501", "lon": at(0.5, 0.5).x, "lat": at(0.5, 0.5).y}
    made = anybody.report("喷水", request_id="r-1", reported_at=now, **told)
    assert anybody.report("喷水", request_id="r-1", reported_at=now, **told) == made
    assert (made.cell, made.desk, made.state) == ("A", None, "reported")
    assert [step.move for step in anybody.follow(made.follow).steps] == ["report"]
    with pytest.raises(NotAllowed):
        list(anybody.cases())
    [case] = [one for one in leader.cases(state="reported") if one.code == made.code]
    assert (case.cell, case.class_code, case.told["cell_name"]) == ("A", "0501", "A网格")
    leader.move(made.code, "file", version=case.version, condition=1)
    with pytest.raises(Conflict) as refused:
        leader.move(made.code, "file", version=case.version, condition=1)
    assert [one["move"] for one in refused.value.facts["since"]] == ["file"]  # type: ignore[attr-defined]
    assert leader.case(made.code)["state"] == "filed"
    assert anybody.follow(made.follow).state == "filed"
    with pytest.raises(NotFound):
        anybody.follow("C222-2222-2222-2222")
    with pytest.raises(BadInput) as wrong:
        anybody.report(contact="call me")
    assert {one["field"] for one in wrong.value.facts["faults"]} == {"contact", "description"}  # type: ignore[attr-defined]


def test_lists_go_on_page_by_page(leader: Wangge) -> None:
    for number in range(5):
        leader.report(f"第{number}处", lon=at(0.5, 0.5).x, lat=at(0.5, 0.5).y)
    all_at_once = [one.code for one in leader.cases()]
    assert [one.code for one in leader.cases(limit=2)] == all_at_once
    assert len(all_at_once) >= 5


def test_layers_and_exports_are_frames_and_files(
    leader: Wangge, anybody: Wangge, tmp_path: Path
) -> None:
    cells = anybody.layer("cells", bbox=(SPOT.x, SPOT.y, SPOT.x + 1e-6, SPOT.y))
    assert (list(cells["code"]), cells.crs.to_epsg()) == (["A"], 4326)
    assert set(anybody.table("cells", area="A")["code"]) == {"A"}
    path = leader.save("cases", tmp_path / "案卷.gpkg", area=test_api_cases.A)
    assert len(geopandas.read_file(path)) == len(list(leader.cases(area=test_api_cases.A)))
    with pytest.raises(NotAllowed):
        anybody.save("cases", tmp_path / "x.csv")
    assert [one.name for one in tmp_path.iterdir()] == ["案卷.gpkg"]
    assert len(anybody.catalogue()) == 1


def test_collections_come_page_by_page(anybody: Wangge) -> None:
    every = anybody.items("cells")
    assert {"A", "B"} <= set(every["code"])
    assert every.crs.to_epsg() == 4326
    assert list(anybody.items("cells", limit=1)["code"]) == list(every["code"])
    assert list(anybody.items("cells", limit=1, most=2)["code"]) == list(every["code"])[:2]
    assert list(anybody.items("cells", code="B")["code"]) == ["B"]
    here = (SPOT.x, SPOT.y, SPOT.x + 1e-6, SPOT.y + 1e-6)
    assert list(anybody.items("cells", bbox=here)["code"]) == ["A"]
    assert anybody.items("cells", code="nowhere").empty
    with pytest.raises(NotFound, match="nothing"):
        anybody.items("nothing")


def test_what_is_sent_again_is_one_case(
    base: Base, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.client, "AGAIN_S", 0.0)
    with Wangge(base) as wangge:
        send, lost = wangge._http.request, []

        def lose(*args: object, **told: object) -> httpx.Response:
            answer = send(*args, **told)  # type: ignore[arg-type]
            if len(lost) < 2:
                lost.append(answer.status_code)
                raise httpx.ReadError("the network is gone")
            return answer

        monkeypatch.setattr(wangge._http, "request", lose)
        made = wangge.report("路灯不亮", lon=SPOT.x, lat=SPOT.y)
    assert lost == [201, 201]
    with owning(store_url) as db:
        assert db.scalars(
            sa.text("SELECT code FROM case_file WHERE description = '路灯不亮'")
        ).all() == [made.code]


def test_who_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.client, "AGAIN_S", 0.0)
    with (
        Wangge("http://127.0.0.1:1") as wangge,
        pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"),
    ):
        wangge.me()


def test_every_way_to_fail_is_one_of_ours(
    anybody: Wangge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.client, "AGAIN_S", 0.0)
    nobody = "http://127.0.0.1:1"
    with Wangge(nobody) as wangge:
        for ask in (
            lambda: wangge.table("cells"),
            lambda: wangge.save("cells", tmp_path / "cells.gpkg"),
            lambda: wangge.items("cells"),
            lambda: Wangge.sign_in(nobody, "a", "b"),
        ):
            with pytest.raises(Unavailable, match=nobody):
                ask()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(WanggeError, match="answered text/html"):
        anybody.get("/")
    with pytest.raises(NotFound):
        anybody.follow("a/b?c#d")
    for address, token in (("127.0.0.1:1", None), ("ftp://x", None), (nobody, "令牌")):
        with pytest.raises(BadInput):
            Wangge(address, token=token)


def test_a_token_may_what_its_owner_may(base: Base, store_url: str) -> None:
    token = signed_in(store_url, "auditor", Role.AUDITOR, [])
    with Wangge(base, token=token) as auditor, pytest.raises(NotAllowed, match="the right cases"):
        list(auditor.cases())
