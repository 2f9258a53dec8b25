"""指标 over HTTP and as a sheet: with formulae, in the order of codes, of one's own charge."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from conftest import Base, owning, signed_in
from town import at, place
from typer.testing import CliRunner
from whistling import settle

import data.locate
from api.cli import app
from data.accounts import Charged
from gis.access import Role
from gis.errors import BadInput
from gis.indicators import COUNTED, INDICATORS

MONTH = {"from": "2026-11-01", "to": "2026-11-30"}


@pytest.fixture
def url(empty_url: str) -> str:
    """One case in the first street, two in the second, all reported in November; four are not."""
    with owning(empty_url) as db:
        settle(db)
        place(db, "case_file", {"湖1": at(3.5, 0.5), "湖2": at(3.4, 0.5)}, title="堆物",
              reported_at="2026-11-30T23:59+08:00")  # fmt: skip
        place(
            db,
            "case_file",
            {"湖3": at(3.5, 0.5)},
            title="堆物",
            reported_at="2026-12-01T00:00+08:00",
        )
        db.execute(sa.text("UPDATE network_unit SET name = '=cmd' WHERE code = 'D-gas'"))
        data.locate.refile(db)
    return empty_url


def test_each_sees_the_numbers_of_his_charge_with_their_formulae(
    url: str, server: Callable[..., Base]
) -> None:
    base = server(url)
    leader = signed_in(url, "leader", Role.LEADER, [Charged(division="420106002001")])

    def asked(token: str, **params: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.get(f"{base}/indicators", params=MONTH | params, headers=headers)

    told = asked(base.token).json()
    assert [(one["code"], one["name"], one["counts"]["reported"]) for one in told["areas"]] == [
        ("420106001000", "望江街道", 1), ("420106002000", "临湖街道", 2),
    ]  # fmt: skip
    assert told["areas"][1]["values"]["filing"] == 0
    assert told["areas"][1]["values"]["satisfaction"] is None
    assert [one["key"] for one in told["indicators"]] == [one.key for one in INDICATORS]
    assert told["indicators"][0]["formula_zh"].startswith("期内上报")
    assert [one["code"] for one in asked(leader, by="cell").json()["areas"]] == ["D"]
    for params in ({"by": "person"}, {"to": "2026-10-01"}, {"from": "x"}, {"to": "9999-12-31"},
                   {"from": "9999-12-31", "to": "9999-12-31"}):  # fmt: skip
        assert asked(base.token, **params).status_code == 400, params
    planner = signed_in(url, "planner", Role.PLANNER, [Charged(everything=True)])
    assert asked(planner).status_code == 403


def test_the_command_line_prints_a_table_or_writes_a_sheet(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANGGE_DATABASE_URL", url)
    monkeypatch.setattr("api.running.stop_on_sigterm", lambda: None)

    def wangge(*words: str) -> str:
        asked = ["indicators", "--from", MONTH["from"], "--to", MONTH["to"], *words]
        result = CliRunner().invoke(app, asked)
        if result.exception is not None:
            raise result.exception
        return result.output

    lines = wangge("--by", "street").splitlines()
    assert lines[:3] == [
        "420106001000  望江街道",
        "    立案率 filing  100.0%",
        "    处置率 handling  —",
    ]
    sheet = tmp_path / "指标.csv"
    wangge("--by", "street", "--csv", str(sheet))
    rows = list(csv.reader(sheet.read_text("utf-8-sig").splitlines()))
    assert rows[0] == [
        "代码 code",
        "名称 name",
        *(f"{one.zh} {one.key}" for one in INDICATORS),
        *COUNTED,
    ]
    assert rows[1][:4] == ["420106001000", "望江街道", "1.0", ""]
    assert rows[2][:3] == ["420106002000", "临湖街道", "0.0"]
    assert [row[0] for row in rows[4:]] == [one.key for one in INDICATORS]
    with pytest.raises(BadInput, match="is there already"):
        wangge("--csv", str(sheet))


def test_no_name_becomes_a_formula_in_a_spreadsheet(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with owning(url) as db:
        db.execute(
            sa.text(
                "UPDATE case_file SET unit_id = (SELECT id FROM network_unit WHERE code = 'D-gas'), "
                "due_at = reported_at WHERE code = '积水'"
            )
        )
    monkeypatch.setenv("WANGGE_DATABASE_URL", url)
    monkeypatch.setattr("api.running.stop_on_sigterm", lambda: None)
    sheet = tmp_path / "部门.csv"
    words = [
        "--from",
        MONTH["from"],
        "--to",
        MONTH["to"],
        "--by",
        "department",
        "--csv",
        str(sheet),
    ]
    assert CliRunner().invoke(app, ["indicators", *words]).exit_code == 0
    rows = list(csv.reader(sheet.read_text("utf-8-sig").splitlines()))
    assert rows[1][:2] == ["D-gas", "'=cmd"]
