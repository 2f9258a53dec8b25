"""Photographs of cases over HTTP and by the command line: who adds, who sees, what the card says."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from conftest import Base, owning, signed_in
from PIL import Image
from town import SEAL, SIDE, at, draw, found
from typer.testing import CliRunner

import data.db
import data.grid
import data.locate
from api.actions import photos, reports
from api.actions.reports import Report
from api.cli import app
from data.accounts import Charged
from gis.access import ANYBODY, Role, operator
from gis.errors import NotAllowed, NotFound, TooLarge

REQUEST = "9f6f1d0e-4b9a-4d8e-9a39-000000000001"
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


def jpeg(colour: str = "red", *, east: float | None = None) -> bytes:
    """A photograph; with `east`, taken so many squares east of the town's corner."""
    told, file = Image.Exif(), io.BytesIO()
    told.get_ifd(0x8769)[0x9003] = "2026:11:22 11:30:00"
    if east is not None:
        spot = at(east, 0.5)
        place = {1: "N", 2: (spot.y, 0.0, 0.0), 3: "E", 4: (spot.x, 0.0, 0.0)}
        told.get_ifd(0x8825).update(place)
    Image.new("RGB", (640, 480), colour).save(file, "JPEG", exif=told)
    return file.getvalue()


def report(url: str, *, request_id: str = REQUEST, now: datetime = NOW) -> str:
    """A case in the middle of cell A; return its code."""
    spot = at(0.5, 0.5)
    told = Report(
        description="路灯不亮", lon=spot.x, lat=spot.y, accuracy_m=5, request_id=request_id
    )
    store = data.db.engine(url)
    answer = reports.report(store, told, by=ANYBODY, seal=SEAL, now=now)
    store.dispose()
    return str(answer["code"])


@pytest.fixture
def url(empty_url: str) -> str:
    """A town of two cells, A and B."""
    with owning(empty_url) as db:
        found(db, draw("AB"))
        data.grid.number_areas(db)
        data.locate.refile(db)
    return empty_url


def send(base: str, code: str, *contents: bytes, **said: Any) -> httpx.Response:
    files = [("file", ("a.jpg", content, "image/jpeg")) for content in contents]
    headers = said.pop("headers", {})
    return httpx.post(f"{base}/cases/{code}/photos", files=files, data=said, headers=headers)


def test_who_reported_adds_to_his_fresh_report_and_those_in_charge_see(
    server: Callable[..., Base], url: str
) -> None:
    base, code = server(url), report(url, now=datetime.now(UTC))
    added = send(base, code, jpeg(east=0.5), jpeg("blue", east=0.9), request_id=REQUEST)
    assert added.status_code == 200, added.text
    near, far = added.json()["photos"]
    assert (near["number"], near["photo_distance_m"], near["is_far"]) == (1, 0, False)
    metres = 0.4 * SIDE * 111_320 * 0.866
    assert far["is_far"]
    assert far["photo_distance_m"] == pytest.approx(metres, rel=0.01)
    assert datetime.fromisoformat(far["taken_at"]) == datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
    listed = httpx.get(f"{base}/cases/{code}/photos", headers=base.headers).json()
    assert (listed["photos"], listed["most"]) == ([near, far], 12)
    assert httpx.get(f"{base}/cases/{code}/photos").status_code == 401
    with owning(url) as db:
        event = db.execute(
            sa.text("SELECT id, move, words, detail, account FROM case_event ORDER BY id DESC")
        ).first()
        place = db.execute(sa.text("SELECT ST_X(geom), ST_Y(geom) FROM case_file")).one()
    assert event is not None
    assert tuple(event)[1:] == ("note", "照片 2 张 photographs", {"photos": [1, 2]}, 0)
    assert {one["event"] for one in listed["photos"]} == {event.id}
    assert tuple(place) == (at(0.5, 0.5).x, at(0.5, 0.5).y)


def test_whoever_holds_a_case_adds_to_it_once_however_often_his_phone_sends(
    server: Callable[..., Base], url: str
) -> None:
    base, code = server(url), report(url)
    with owning(url) as db:
        db.execute(sa.text("INSERT INTO worker (code, name) VALUES ('W1', '王五'), ('W2', '赵六')"))
    headers = {
        worker: {"Authorization": "Bearer " + signed_in(
            url, worker.lower(), Role.WORKER, [Charged(cell="B")], worker=worker
        )}
        for worker in ("W1", "W2")
    }  # fmt: skip
    assert send(base, code, jpeg(), headers=headers["W1"]).status_code == 404
    with owning(url) as db:
        db.execute(sa.text("UPDATE case_file SET state = 'handling', worker_id = "
                           "(SELECT id FROM worker WHERE code = 'W1')"))  # fmt: skip
    first, again = (
        send(base, code, jpeg("green"), words="已修复", headers=headers["W1"]) for _ in "12"
    )
    assert (first.status_code, again.json()) == (200, first.json())
    assert [one["number"] for one in first.json()["photos"]] == [1]
    assert send(base, code, jpeg(), headers=headers["W2"]).status_code == 404
    with owning(url) as db:
        told = db.scalars(sa.text("SELECT words FROM case_event WHERE move = 'note'")).all()
    assert told == ["已修复"]


def test_a_picture_is_shown_as_what_it_is_to_those_in_charge_only(
    server: Callable[..., Base], url: str
) -> None:
    base, code = server(url), report(url)
    send(base, code, jpeg("blue"), headers=base.headers, words="修好之前")
    for end, side in (("1.jpg", 640), ("1/thumb.jpg", 320)):
        path = f"{base}/cases/{code}/photos/{end}"
        answer = httpx.get(path, headers=base.headers)
        assert answer.status_code == 200
        assert Image.open(io.BytesIO(answer.content)).width == side
        told = {name: answer.headers[name] for name in ("content-type", "cache-control")}
        assert told == {"content-type": "image/jpeg", "cache-control": "private, no-store"}
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "content-encoding" not in answer.headers
        assert "etag" not in answer.headers
        assert httpx.get(path).status_code == 401
        elsewhere = signed_in(url, f"w{side}", Role.WORKER, [])
        refused = httpx.get(path, headers={"Authorization": f"Bearer {elsewhere}"})
        assert refused.status_code == 404
        assert (
            httpx.get(path.replace("photos/1", "photos/2"), headers=base.headers).status_code == 404
        )


def test_who_is_not_in_charge_and_did_not_report_adds_nothing(
    server: Callable[..., Base], url: str
) -> None:
    base, code = server(url), report(url, now=datetime.now(UTC))
    worker = signed_in(url, "worker", Role.WORKER, [])
    planner = signed_in(url, "planner", Role.PLANNER, [Charged(everything=True)])
    tries = [
        (send(base, code, jpeg()), 403),
        (send(base, code, jpeg(), headers={"Authorization": f"Bearer {worker}"}), 404),
        (send(base, code, jpeg(), headers={"Authorization": f"Bearer {planner}"}), 403),
        (send(base, code, jpeg(), request_id=REQUEST[:-1] + "2"), 404),
        (send(base, "20260101-000001", jpeg(), request_id=REQUEST), 404),
    ]
    assert [answer.status_code for answer, _ in tries] == [status for _, status in tries]
    short = report(url, request_id="7", now=datetime.now(UTC))
    assert "16 characters and more" in send(base, short, jpeg(), request_id="7").json()["detail"]
    with owning(url) as db:
        assert db.scalar(sa.text("SELECT count(*) FROM case_photo")) == 0


def test_nobody_learns_by_an_id_which_cases_there_are(
    server: Callable[..., Base], url: str
) -> None:
    base, code = server(url), report(url)
    answers = [
        send(base, one, jpeg(), request_id="x" * 20).json()["detail"].replace(one, "…")
        for one in (code, "20991231-999999")
    ]
    assert answers[0] == answers[1]


def test_words_that_nobody_can_read_are_refused(server: Callable[..., Base], url: str) -> None:
    base, code = server(url), report(url, now=datetime.now(UTC))
    refused = send(base, code, jpeg(), request_id=REQUEST, words="a\x00b")
    assert (refused.status_code, "U+0000" in refused.json()["detail"]) == (400, True)


def test_what_is_no_photograph_is_named_and_nothing_is_half_added(
    server: Callable[..., Base], url: str
) -> None:
    base, code = server(url), report(url)
    answer = send(base, code, jpeg(), b"GIF89a", jpeg()[:400], headers=base.headers)
    assert answer.status_code == 400
    told = answer.json()
    assert [fault["file"] for fault in told["faults"]] == [2, 3]
    assert told["detail"].startswith("no photograph was added: file 2: this is a GIF; JPEG, PNG")
    assert httpx.get(f"{base}/cases/{code}/photos", headers=base.headers).json()["photos"] == []
    assert send(base, code, headers=base.headers).status_code == 400


# The act


@pytest.fixture
def city(url: str) -> Any:
    store = data.db.engine(url)
    yield store
    store.dispose()


def add(store: sa.Engine, code: str, *contents: bytes, now: datetime = NOW, **said: Any) -> Any:
    from zoneinfo import ZoneInfo

    said = {"by": operator("test"), **said}
    zone = ZoneInfo("Asia/Shanghai")
    answer = photos.add(store, code, contents, now=now, zone=zone, **said)
    return [one["number"] for one in answer["photos"]]


def count(store: sa.Engine, table: str) -> int:
    with data.db.transaction(store) as db:
        return int(db.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0)


def test_the_same_photograph_twice_is_one(city: sa.Engine, url: str) -> None:
    code = report(url)
    assert add(city, code, jpeg("red"), jpeg("blue"), jpeg("red")) == [1, 2]
    before = [count(city, table) for table in ("case_photo", "case_event", "journal")]
    assert add(city, code, jpeg("blue", east=0.5)) == [2]
    assert [count(city, table) for table in ("case_photo", "case_event", "journal")] == before
    assert add(city, code, jpeg("blue"), jpeg("green")) == [2, 3]
    other = report(url, request_id=REQUEST + "b")
    assert add(city, other, jpeg("red")) == [1]


def test_a_case_has_twelve_photographs_at_most_also_when_all_send_at_once(
    city: sa.Engine, url: str
) -> None:
    code = report(url)
    pictures = [jpeg(f"rgb({10 * n},0,{200 - 10 * n})") for n in range(16)]
    start = threading.Barrier(16)

    def one(content: bytes) -> str:
        start.wait()
        try:
            return str(add(city, code, content)[0])
        except TooLarge as refused:
            return str(refused)

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(one, pictures))
    full = "a case has at most 12 photographs; this one has 12, and 1 are new"
    assert sorted(answers) == sorted([*map(str, range(1, 13)), *[full] * 4])
    assert count(city, "case_event") == 1 + 12


def test_only_a_fresh_and_open_report_is_the_reporters(city: sa.Engine, url: str) -> None:
    code = report(url)
    his: dict[str, Any] = {"by": ANYBODY, "request_id": REQUEST}
    assert add(city, code, jpeg(), **his, now=NOW + timedelta(hours=23)) == [1]
    with pytest.raises(NotAllowed, match="within a day"):
        add(city, code, jpeg("blue"), **his, now=NOW + timedelta(hours=25))
    assert add(city, code, jpeg("blue"), now=NOW + timedelta(hours=25)) == [2]
    with data.db.transaction(city) as db:
        db.execute(sa.text("UPDATE case_file SET state = 'void'"))
    with pytest.raises(NotAllowed, match="while it is open"):
        add(city, code, jpeg("green"), **his)
    with pytest.raises(NotFound):
        add(city, "none", jpeg("green"), **his)


def test_photographs_by_the_command_line(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = report(url)
    monkeypatch.setenv("WANGGE_DATABASE_URL", url)
    monkeypatch.setattr("api.running.stop_on_sigterm", lambda: None)
    (tmp_path / "a.jpg").write_bytes(jpeg(east=3))
    head = "number\twidth\theight\ttaken_at\tphoto_distance_m"
    words = ["photos", "add", code, str(tmp_path / "a.jpg")]
    added = CliRunner().invoke(app, words)
    assert added.output.splitlines()[0] == head
    line = added.output.splitlines()[1]
    assert line.startswith("1\t640\t480\t2026-11-22 11:30:00+08:00\t3")
    assert line.endswith("\tfar from the reported place 拍摄点较远")
    assert CliRunner().invoke(app, ["photos", "list", code]).output == added.output
    missing = CliRunner().invoke(app, [*words, str(tmp_path / "b.jpg")])
    assert "there is no file" in str(missing.exception)
