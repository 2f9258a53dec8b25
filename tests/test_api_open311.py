"""Open311 GeoReport v2: reported by a key, told to whom it may concern, nobody's words to anybody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element

import defusedxml.ElementTree
import httpx
import pytest
import sqlalchemy as sa
import test_api_cases
from conftest import Base, owning
from sqlalchemy.orm import Session
from town import TESTER, at

import api.actions.open311
import api.pace
import data.db
from api.pace import Guess

A = test_api_cases.A
SPOT = at(0.5, 0.5)
PRIVATE = ("门牌三号", "王先生打电话", "13812345678", "5678", "evil.example")


def settle(db: Session) -> None:
    test_api_cases.settle(db)
    for line in (
        "INSERT INTO case_class (id, system, kind, code, name, major_code, major_name)"
        " VALUES (2, 'x', 'component', '0501', '路灯', '05', '公用设施')",
        "INSERT INTO case_condition (class_id, number, filing, amount, clock, closing)"
        " VALUES (1, 2, '渗漏', 4, 'work_hour', '修复'), (2, 1, '不亮', 2, 'work_day', '亮')",
        "DELETE FROM case_file",
    ):
        db.execute(sa.text(line))


@pytest.fixture(scope="module")
def ground(settled: Callable[..., str]) -> str:
    return settled(settle)


@pytest.fixture
def key(store: sa.Engine) -> str:
    return api.actions.open311.add_key(
        store, "FixMyStreet", jurisdiction="", per_hour=50, by=TESTER
    )[1]


@pytest.fixture
def client(server: Callable[..., Base], store_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server(store_url) + "/open311/v2", timeout=30) as client:
        yield client


def told(key: str, **more: str) -> dict[str, str]:
    form = {
        "api_key": key,
        "service_code": "event-0501",
        "lat": str(SPOT.y),
        "long": str(SPOT.x),
        "description": "王先生打电话说 <喷水>",
        "address_string": "门牌三号",
        "phone": "138 1234 5678",
        "email": "a@evil.example",
        "media_url": "http://evil.example/x.jpg",
    }
    return {name: value for name, value in {**form, **more}.items() if value}


def sent(client: httpx.Client, key: str, **more: str) -> str:
    answer = client.post("/requests.json", data=told(key, **more))
    assert answer.status_code == 200, answer.text
    return str(answer.json()[0]["service_request_id"])


def as_rows(answer: httpx.Response, root: str, each: str) -> list[dict[str, Any]]:
    top: Element = defusedxml.ElementTree.fromstring(answer.content)
    assert (top.tag, {one.tag for one in top} <= {each}) == (root, True)
    return [{field.tag: field.text for field in one} for one in top]


def test_services_are_the_classes_of_the_catalogue_in_both_formats(client: httpx.Client) -> None:
    answer = client.get("/services.json")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    services = {one["service_code"]: one for one in answer.json()}
    assert services == {
        "component-0501": {
            "service_code": "component-0501", "service_name": "路灯", "description": "不亮",
            "metadata": False, "type": "realtime", "keywords": "部件, 公用设施",
            "group": "公用设施",
        },
        "event-0501": {
            "service_code": "event-0501", "service_name": "供水管道破裂",
            "description": "喷水；渗漏", "metadata": True, "type": "realtime",
            "keywords": "事件, 突发事件", "group": "突发事件",
        },
    }  # fmt: skip
    answer = client.get("/services.xml")
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert answer.content.startswith(b"<?xml version='1.0' encoding='utf-8'?>\n<services>")
    rows = as_rows(answer, "services", "service")
    assert [row["service_code"] for row in rows] == list(services)
    assert [row["metadata"] for row in rows] == ["false", "true"]


def test_a_definition_offers_the_filing_conditions(client: httpx.Client) -> None:
    one = client.get("/services/event-0501.json").json()
    assert one["service_code"] == "event-0501"
    [attribute] = one["attributes"]
    assert (attribute["code"], attribute["required"]) == ("condition", False)
    assert attribute["values"] == [{"key": "1", "name": "喷水"}, {"key": "2", "name": "渗漏"}]
    xml = client.get("/services/event-0501.xml").content
    assert "<values><value><key>1</key><name>喷水</name></value>" in xml.decode()
    assert client.get("/services/component-0501.json").json()["attributes"] == []
    assert client.get("/services/event-9999.json").status_code == 404


def test_a_report_by_a_key_is_a_case_once(client: httpx.Client, key: str, store: sa.Engine) -> None:
    form = told(key, request_id="fms-1", **{"attribute[condition]": "2"})
    first = client.post("/requests.xml", data=form)
    assert first.status_code == 200
    [row] = as_rows(first, "service_requests", "request")
    again = client.post("/requests.json", data=form)
    assert again.json()[0]["service_request_id"] == row["service_request_id"]
    with data.db.transaction(store) as db:
        [case] = db.execute(
            sa.text(
                "SELECT f.code, f.kind, class_code, channel, description, address, contact_mask,"
                " c.code AS cell, k.label FROM case_file f JOIN grid_cell c ON c.id = f.cell_id"
                " JOIN open311_sent s ON s.case_id = f.id JOIN open311_key k ON k.id = s.key_id"
            )
        ).mappings()
        actor, channel = db.execute(
            sa.text("SELECT actor, detail ->> 'channel' FROM journal WHERE act = 'report'")
        ).one()
    assert dict(case) == {
        "code": case["code"], "kind": "event", "class_code": "0501", "channel": "open311",
        "description": "王先生打电话说 <喷水>\n渗漏", "address": "门牌三号",
        "contact_mask": "138****5678", "cell": case["cell"], "label": "FixMyStreet",
    }  # fmt: skip
    assert (actor, channel) == ("open311:FixMyStreet", "open311")
    assert row["service_notice"] == f"案卷号 {case['code']}"
    other = client.post("/requests.json", data={**form, "description": "别的"})
    assert other.status_code == 400
    assert "the request id 'fms-1' was used" in other.json()[0]["description"]


def test_nobody_else_takes_the_request_ids_of_a_key(
    client: httpx.Client, key: str, store: sa.Engine
) -> None:
    with data.db.transaction(store) as db:
        number = db.scalar(sa.text("SELECT max(id) FROM open311_key"))
    for request_id in ("1", f"o311:{number}:1"):
        told_before = {"description": "先占", "request_id": request_id}
        address = str(client.base_url.join("/cases"))
        assert httpx.post(address, json=told_before).status_code == 201
    other = api.actions.open311.add_key(store, "别人", jurisdiction="", per_hour=5, by=TESTER)[1]
    ids = {sent(client, one, request_id="1") for one in (key, other, key)}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"api_key": "o311_wrong"}, 403, "api_key"),
        ({"api_key": ""}, 403, "api_key"),
        ({"service_code": "event-9999"}, 404, "service_code"),
        ({"service_code": "0501"}, 404, "service_code"),
        ({"service_code": ""}, 400, "service_code was not provided"),
        ({"jurisdiction_id": "nowhere.gov"}, 404, "jurisdiction_id"),
        ({"lat": "", "long": "", "address_string": ""}, 400, "must be provided"),
        ({"lat": "", "long": "", "address_string": "", "address_id": "B-0"}, 404, "address_id"),
        ({"lat": "95"}, 400, "lat"),
        ({"lat": "north"}, 400, "lat"),
        ({"lat": "1_0"}, 400, "no number"),
        ({"lat": "\uff13\uff10"}, 400, "no number"),
        ({"service_code": "event-\0"}, 400, "NUL"),
        ({"jurisdiction_id": "\0"}, 400, "NUL"),
        ({"lat": "", "long": "", "address_id": "\0"}, 400, "NUL"),
        ({"long": ""}, 400, "no number"),
        ({"phone": "call me"}, 400, "contact"),
        ({"description": "x" * 4001}, 400, "description"),
        ({"attribute[colour]": "red"}, 400, "attribute"),
        ({"attribute[condition]": "3"}, 400, "condition"),
        ({"request_id": "x" * 61}, 400, "request_id"),
    ],
)
@pytest.mark.parametrize("suffix", ["json", "xml"])
def test_refusals_are_the_specifications(
    client: httpx.Client, key: str, store: sa.Engine, change: dict[str, str], status: int,
    says: str, suffix: str,
) -> None:  # fmt: skip
    form = {name: value for name, value in {**told(key), **change}.items() if value}
    answer = client.post(f"/requests.{suffix}", data=form)
    errors = answer.json() if suffix == "json" else as_rows(answer, "errors", "error")
    assert answer.status_code == status, answer.text
    assert {str(one["code"]) for one in errors} == {str(status)}
    assert any(says in one["description"] for one in errors), errors
    with data.db.transaction(store) as db:
        assert db.scalar(sa.text("SELECT count(*) FROM case_file")) == 0


def test_a_revoked_key_and_one_for_elsewhere_report_nothing(
    client: httpx.Client, store: sa.Engine
) -> None:
    api.actions.open311.name_jurisdiction(store, "east.gov", A[:9], by=TESTER)
    number, own = api.actions.open311.add_key(
        store, "东街", jurisdiction="east.gov", per_hour=5, by=TESTER
    )
    assert client.post("/requests.json", data=told(own)).status_code == 403
    sent(client, own, jurisdiction_id="east.gov")
    assert api.actions.open311.revoke_key(store, number, by=TESTER) == "东街"
    answer = client.post("/requests.json", data=told(own, jurisdiction_id="east.gov"))
    assert (answer.status_code, answer.json()[0]["code"]) == (403, 403)


def test_a_key_has_a_pace_and_a_repeated_report_takes_none_of_it(
    client: httpx.Client, store: sa.Engine
) -> None:
    key = api.actions.open311.add_key(store, "慢", jurisdiction="", per_hour=2, by=TESTER)[1]
    for request_id in ("1", "2", "2", "2"):
        sent(client, key, request_id=request_id)
    over = client.post("/requests.json", data=told(key, request_id="3"))
    assert (over.status_code, over.headers["retry-after"]) == (429, "600")
    with data.db.transaction(store) as db:
        assert db.scalar(sa.text("SELECT count(*) FROM case_file")) == 2


def test_a_pace_is_kept_by_reports_that_come_at_once(
    client: httpx.Client, store: sa.Engine
) -> None:
    key = api.actions.open311.add_key(store, "快", jurisdiction="", per_hour=3, by=TESTER)[1]
    together = threading.Barrier(8)

    def send(n: int) -> int:
        form = told(key, lat=str(SPOT.y + n), request_id=str(n))  # places apart: no cell in common
        together.wait(30)
        return client.post("/requests.json", data=form).status_code

    with ThreadPoolExecutor(8) as programs:
        assert sorted(programs.map(send, range(8))) == [200] * 3 + [429] * 5
    with data.db.transaction(store) as db:
        assert db.scalar(sa.text("SELECT count(*) FROM case_file")) == 3


def test_the_same_report_at_once_is_one_case(
    client: httpx.Client, key: str, store: sa.Engine
) -> None:
    form = told(key, request_id="1")
    with ThreadPoolExecutor(8) as programs:
        answers = programs.map(lambda _: client.post("/requests.json", data=form).text, range(8))
        assert len(set(answers)) == 1
    with data.db.transaction(store) as db:
        assert db.scalar(sa.text("SELECT count(*) FROM case_file")) == 1


def test_nobody_is_told_where_or_what_unless_the_class_is_published(
    client: httpx.Client, key: str, store: sa.Engine
) -> None:
    number = sent(client, key)
    other = api.actions.open311.add_key(store, "别人", jurisdiction="", per_hour=5, by=TESTER)[1]
    assert client.get("/requests.json").json() == []
    assert client.get("/requests.json", params={"api_key": other}).json() == []
    [own] = client.get("/requests.json", params={"api_key": key}).json()
    [plain] = client.get(f"/requests/{number}.json").json()
    assert (own["lat"], own["long"]) == (SPOT.y, SPOT.x)
    assert (plain["lat"], plain["long"]) == (None, None)
    assert {**plain, "lat": SPOT.y, "long": SPOT.x} == own
    assert (own["status"], own["status_notes"], own["service_code"]) == (
        "open", "待受理", "event-0501",
    )  # fmt: skip
    api.actions.open311.publish(store, ["event-0501"], public=True, by=TESTER)
    [public] = client.get("/requests.json", params={"extensions": "true"}).json()
    assert {name: public[name] for name in own} == own
    more = public["extended_attributes"]
    assert (more["state"], more["overdue"], more["cell"] is not None) == ("reported", False, True)
    assert client.get(f"/requests/{more['code']}.json").json() == [own]
    everything = "".join(
        client.get(f"/requests{path}", params={"api_key": key, "extensions": "true"}).text
        for path in (".json", ".xml", f"/{number}.json", f"/{number}.xml")
    )
    assert [mark for mark in PRIVATE if mark in everything] == []
    api.actions.open311.publish(store, ["event-0501"], public=False, by=TESTER)
    assert client.get("/requests.json").json() == []
    assert client.get(f"/requests/{more['code']}.json").status_code == 404


def test_a_request_is_followed_by_its_id_alone(client: httpx.Client, key: str) -> None:
    number = sent(client, key)
    [row] = as_rows(client.get(f"/requests/{number}.xml"), "service_requests", "request")
    assert (row["service_request_id"], row["status"]) == (number, "open")
    assert client.get(f"/tokens/{number}.json").json() == [
        {"service_request_id": number, "token": number}
    ]
    wrong = f"{number[:-1]}{'3' if number[-1] == '2' else '2'}"
    for path in (f"/requests/{wrong}.json", f"/tokens/{wrong}.json", "/tokens/x.json"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()[0]["code"]) == (404, 404)
    listed = client.get("/requests.json", params={"service_request_id": f"{wrong},{number}"})
    assert [one["service_request_id"] for one in listed.json()] == [number]


def test_who_guesses_ids_in_lists_is_told_to_go_on_later(
    client: httpx.Client, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(api.pace.MOST, Guess.FOLLOW, 2)
    number = sent(client, key)
    for params, status in (
        ("C222-2222-2222-2222", 200), (f"x,{number}", 200), (number, 200), ("y", 429),
    ):  # fmt: skip
        answer = client.get("/requests.json", params={"service_request_id": params})
        assert answer.status_code == status
    assert client.get("/requests/z.xml").status_code == 429


@pytest.fixture
def a_year(store_url: str) -> datetime:
    """A published class with a case a day for ten weeks, half of them closed; and another's."""
    now = datetime.now(UTC).replace(microsecond=0)
    with owning(store_url) as db:
        db.execute(sa.text("INSERT INTO open311_published VALUES ('event', '0501')"))
        db.execute(
            sa.text(
                "INSERT INTO case_file (code, title, kind, class_code, state, reported_at)"
                " SELECT 'x' || n, 't', CASE WHEN n % 10 = 9 THEN 'component' ELSE 'event' END,"
                " '0501', CASE WHEN n % 2 = 0 THEN 'closed' ELSE 'handling' END,"
                " CAST(:now AS timestamptz) - n * interval '1 day' FROM generate_series(0, 119) n"
            ),
            {"now": now},
        )
    return now


def test_requests_are_asked_for_by_time_status_and_service(
    client: httpx.Client, a_year: datetime
) -> None:
    def asked(**params: str) -> list[int]:
        answer = client.get("/requests.json", params=params)
        assert answer.status_code == 200, answer.text
        when = [datetime.fromisoformat(one["requested_datetime"]) for one in answer.json()]
        return [(a_year - one).days for one in when]

    def day(n: int) -> str:
        return (a_year - timedelta(days=n)).isoformat()

    every = [n for n in range(120) if n % 10 != 9]
    assert asked() == [n for n in every if n < 90]
    assert asked(start_date=day(100), end_date=day(95)) == [95, 96, 97, 98, 100]
    assert asked(end_date=day(100)) == [n for n in every if n >= 100]
    assert asked(start_date=day(2)) == [0, 1, 2]
    assert asked(status="closed", start_date=day(5)) == [0, 2, 4]
    assert asked(status="open,closed", start_date=day(5)) == [0, 1, 2, 3, 4, 5]
    assert asked(service_code="component-0501") == []
    assert asked(service_code="component-0501,event-0501", start_date=day(3)) == [0, 1, 2, 3]
    assert asked(service_code="", status="", start_date=day(1)) == [0, 1]
    twice = [("status", "open"), ("status", "closed"), ("start_date", day(3))]
    assert len(client.get("/requests.json", params=twice).json()) == 4


def test_who_goes_on_from_the_last_instant_told_misses_none(
    client: httpx.Client, a_year: datetime, store_url: str
) -> None:
    with owning(store_url) as db:
        db.execute(
            sa.text(
                "INSERT INTO case_file (code, title, kind, class_code, reported_at) SELECT 'y' || n,"
                " 't', 'event', '0501', timestamptz '2026-01-05T00:00:00Z' + n * interval '0.3 s'"
                " FROM generate_series(1, 3) n"
            )
        )
    rows = client.get("/requests.json", params={"end_date": "2026-01-05T00:00:00Z"}).json()
    assert [one["requested_datetime"] for one in rows[:3]] == ["2026-01-05T00:00:00Z"] * 3


@pytest.mark.parametrize(
    "params",
    [
        {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-05-01T00:00:00Z"},
        {"start_date": "2026-05-01T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"},
        {"start_date": "2026-05-01"},
        {"start_date": "yesterday"},
        {"status": "pending"},
    ],
)
def test_a_question_that_is_none_is_refused(client: httpx.Client, params: dict[str, str]) -> None:
    answer = client.get("/requests.xml", params=params)
    [error] = as_rows(answer, "errors", "error")
    assert (answer.status_code, error["code"]) == (400, "400")


def test_no_more_than_a_thousand_are_told_at_once(client: httpx.Client, store_url: str) -> None:
    with owning(store_url) as db:
        db.execute(sa.text("INSERT INTO open311_published VALUES ('event', '0501')"))
        db.execute(
            sa.text(
                "INSERT INTO case_file (code, title, kind, class_code, reported_at)"
                " SELECT 'x' || n, 't', 'event', '0501', now() - n * interval '1 minute'"
                " FROM generate_series(1, 1001) n"
            )
        )
    rows = client.get("/requests.json").json()
    assert len(rows) == 1000
    when = [one["requested_datetime"] for one in rows]
    assert when == sorted(when, reverse=True)


def test_a_jurisdiction_is_a_part_of_the_city(
    client: httpx.Client, store: sa.Engine, key: str
) -> None:
    sent(client, key)
    api.actions.open311.publish(store, ["event-0501"], public=True, by=TESTER)
    api.actions.open311.name_jurisdiction(store, "city.gov", None, by=TESTER)

    def counted(jurisdiction: str) -> int:
        params = {"jurisdiction_id": jurisdiction}
        return len(client.get("/requests.json", params=params).json())

    assert [counted(one) for one in ("", "city.gov", A, A[:9], A[:6])] == [1, 1, 1, 1, 1]
    assert counted(test_api_cases.D) == 0
    answer = client.get("/services.json", params={"jurisdiction_id": "999999"})
    assert (answer.status_code, "jurisdiction_id" in answer.text) == (404, True)


def test_an_address_ends_in_a_format(client: httpx.Client) -> None:
    assert client.get("/services.yaml").status_code == 404
    assert client.get("/services.xml.json").status_code == 404
    assert client.get("/requests/12345").status_code == 404
    told = client.get("/discovery.json".replace("/discovery", "/../discovery"))
    assert told.json()["endpoints"][0]["url"].endswith("/open311/v2")


def test_text_without_a_picture_does_not_break_xml(client: httpx.Client) -> None:
    answer = client.get("/requests.xml", params={"status": "a\x01\ufffe<&"})
    [error] = as_rows(answer, "errors", "error")
    assert answer.status_code == 400
    assert "<&" in str(error["description"])


def test_text_is_utf8_escaped_or_not_and_nothing_else(
    client: httpx.Client, key: str, store: sa.Engine
) -> None:
    form = f"api_key={key}&service_code=event-0501&address_string=a"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (f"{form}&description=水".encode(), f"{form}&description=%E6%B0%B4".encode()):
        assert client.post("/requests.json", content=body, headers=headers).status_code == 200
    parts = {name: (None, value) for name, value in told(key, description="水").items()}
    assert client.post("/requests.json", files=parts).status_code == 200
    with data.db.transaction(store) as db:
        assert set(db.scalars(sa.text("SELECT description FROM case_file"))) == {"水"}
    for body in (f"{form}&description=".encode() + "路灯".encode("gbk"), b"a&" * 300):
        answer = client.post("/requests.json", content=body, headers=headers)
        assert (answer.status_code, answer.json()[0]["code"]) == (400, 400)
    no_parts = {"Content-Type": "multipart/form-data"}
    answer = client.post("/requests.json", content=b"x", headers=no_parts)
    assert (answer.status_code, answer.json()[0]["code"]) == (400, 400)
    answer = client.post("/requests.xml", json={"api_key": key})
    assert (answer.status_code, answer.content[:6]) == (400, b"<?xml ")
