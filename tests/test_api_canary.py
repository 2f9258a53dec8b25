"""A canary: one resident's name, id and phone are put into a town, and found nowhere in clear.

Not in the server's output, the database's log, the journal, a dump, an error answer, an export or
what `wangge check` says, also after everything went wrong that can.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pandas as pd
import psycopg
import pytest
import sqlalchemy as sa
from conftest import signed_in
from town import SEAL, TESTER

import api.actions.checks
import api.actions.exports
import api.actions.imports
import data.db
import data.embedded
import data.postgres_binaries
import data.scope
import gis.codes
from api.actions.exports import Shape, Taking
from api.actions.sheets import Order
from data.accounts import Charged
from data.exports import KINDS, Wanted
from gis.access import EVERYWHERE, Role, Viewer
from gis.errors import Conflict
from gis.terms import RecordKind

BODY = "42010619770203455"
CANARY = ("金丝雀鸣", BODY + gis.codes.resident_id_check(pd.Series([BODY])).iloc[0], "13712345987")
BROKEN_ID = BODY + "Y"
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
HEADER = "姓名,身份证号,联系电话,地址,房号,户号"
KEY = base64.b64encode(bytes(range(32))).decode()
REPO = Path(__file__).parent.parent
ADMINISTRATOR = Viewer(900, "root", "root", Role.ADMINISTRATOR, EVERYWHERE)


def leaks(content: bytes | str) -> list[str]:
    """Which of the three stand in clear in `content`, in any of the ways text is written."""
    found = content.encode() if isinstance(content, str) else content
    ways = [*CANARY, BROKEN_ID, "金丝雀儿鸣", CANARY[0].encode("unicode_escape").decode()]
    named = [one for one in ways if one.encode() in found]
    return named + [CANARY[0] for code in ("gbk", "utf-16-le") if CANARY[0].encode(code) in found]


@dataclass(frozen=True)
class Town:
    url: str
    store: sa.Engine
    resident: int
    base: str
    headers: dict[str, str]
    output: Path


@contextmanager
def serving(url: str, folder: Path, output: Path) -> Iterator[str]:
    """`wangge serve` in earnest; all it says goes to `output`."""
    settings = {
        "WANGGE_DATABASE_URL": url,
        "WANGGE_APP_DATABASE_URL": url.replace("//wangge@", f"//{data.scope.APP_ROLE}@"),
        "WANGGE_HOME": str(folder),
        "WANGGE_REGISTER_KEY": KEY,
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-c", "import api.cli; api.cli.main()", "serve", "--port", "0"]
    with output.open("wb") as said:
        served = subprocess.Popen(
            command, cwd=REPO, env=os.environ | settings, stdout=subprocess.PIPE, stderr=said
        )
        try:
            assert served.stdout is not None
            ready = served.stdout.readline().decode()
            assert ready.startswith("ready http"), output.read_text()
            yield ready.split()[1]
        finally:
            served.terminate()
            said.write(served.communicate(timeout=20)[0])


def bring(store: sa.Engine, folder: Path, by: Viewer, *rows: str) -> object:
    path = folder / "名册.csv"
    path.write_text("\n".join([HEADER, *rows]))
    order = Order(RecordKind.RESIDENTS, path)
    return api.actions.imports.import_file(store, order, seal=SEAL, by=by, now=NOW)


@pytest.fixture
def town_with_canary(town_url: str, tmp_path: Path) -> Iterator[Town]:
    store = data.db.engine(town_url)
    with data.db.transaction(store) as db:
        address = db.scalar(
            sa.text("SELECT address FROM building WHERE address IS NOT NULL LIMIT 1")
        )
    name, number, phone = CANARY
    good = f"{name},{number},{phone},{address},101,1"
    bring(store, tmp_path, TESTER, good, f"{name},{BROKEN_ID},{phone},{address},102,1")
    app = data.db.engine(town_url.replace("//wangge@", f"//{data.scope.APP_ROLE}@"))
    bring(app, tmp_path, ADMINISTRATOR, f"{name},{number},13700000000,{address},101,1",
          f"{name},{BROKEN_ID},{phone},{address},103,1")  # fmt: skip
    app.dispose()
    (index,) = SEAL.index("id_number", [number])
    with data.db.transaction(store) as db:
        resident = db.scalar(sa.text("SELECT id FROM resident WHERE id_index = :i"), {"i": index})
    assert resident is not None
    token = signed_in(town_url, "canary-root", Role.ADMINISTRATOR, [Charged(everything=True)])
    output = tmp_path / "output"
    with serving(town_url, tmp_path / "home", output) as base:
        headers = {"Authorization": f"Bearer {token}"}
        yield Town(town_url, store, resident, base, headers, output)
    store.dispose()


def _asked(town: Town) -> list[httpx.Response]:
    """Requests that hold the canary and cannot be right, then some after the store was spoilt."""
    name, number, phone = CANARY
    one = f"/register/residents/{town.resident}"
    with httpx.Client(
        base_url=town.base, headers=town.headers | {"Connection": "close"}, timeout=40
    ) as client:
        stranger = client.get("/register/homes", params={"cell": "Z"})
        found = client.get("/register/find", params={"q": phone})
        version = found.json()["residents"][0]["version"] if "residents" in found.json() else 1
        for address, seen in ((one, 2**31), (f"/register/residents/{2**63}", 1)):
            beyond = client.patch(address, json={"version": seen, "changes": {"name": name}})
            assert beyond.status_code == 400  # larger than the store counts
        answers = [
            found,
            stranger,
            client.patch(one, json={"version": 999, "changes": {"name": name, "phone": phone}}),
            client.patch(one, json={"version": version, "changes": {"id_number": BROKEN_ID}}),
            client.patch(one, json={"version": version, "changes": {"phone": f"{phone}{phone}"}}),
            client.patch(one, json={"version": name, "changes": {"phone": phone}}),
            client.patch(one, json={"version": version, "changes": {"unknown": phone}}),
            client.patch(one, json=[name, number, phone]),
            client.patch(one, content=f'{{"version": {phone}, "changes": {{"name": "{name}'),
            client.post(f"{one}/unmask", json={"reason": [number]}),
            client.post(f"{one}/unmask", json={"reason": f"{name} {number}", "x": phone}),
            client.get("/export/residents.csv", params={"reason": "核对名册"}),
        ]
        with psycopg.connect(town.url) as connection:
            connection.execute("ALTER TABLE resident RENAME COLUMN phone_mask TO spoilt")
        answers += [
            client.get("/register/find", params={"q": name}),
            client.get("/register/find", params={"q": number}),
            client.patch(one, json={"version": version, "changes": {"phone": phone}}),
            client.post(f"{one}/unmask", json={"reason": "上门回访核对"}),
        ]
        with psycopg.connect(town.url) as connection:
            connection.execute("ALTER TABLE resident RENAME COLUMN spoilt TO phone_mask")
    assert {answer.status_code for answer in answers} >= {200, 400, 500}
    return answers


def _break(town: Town, folder: Path) -> None:
    """Let the database refuse rows that hold the canary, for the owner and the application."""
    name, _, phone = CANARY
    with psycopg.connect(town.url) as connection:
        connection.execute("ALTER TABLE resident ADD CONSTRAINT odd CHECK (relation <> '怪')")
        connection.execute(
            "CREATE UNIQUE INDEX odd_phone ON resident (phone_mask) WHERE name_mask = '金***'"
        )
    app = data.db.engine(town.url.replace("//wangge@", f"//{data.scope.APP_ROLE}@"))
    for store, by in ((town.store, TESTER), (app, ADMINISTRATOR)):
        with pytest.raises(sa.exc.DBAPIError) as refusal, data.scope.transaction(store, by) as db:
            db.execute(
                sa.text("INSERT INTO resident (household_id, name_mask, name_index, name_sealed, "
                        "relation) SELECT id, :name, :phone, :phone, '怪' FROM household LIMIT 1"),
                {"name": name, "phone": phone.encode()},
            )  # fmt: skip
        assert leaks(str(refusal.value).partition("DETAIL")[0]) == []
        with pytest.raises(Conflict, match="nothing was written"):
            bring(
                store,
                folder,
                by,
                f"金丝雀儿鸣,,{phone},不知道路9号,1,1",
                f"金丝雀儿鸣,,{phone},不知道路9号,2,1",
            )
    app.dispose()


def test_the_canary_is_found_nowhere(
    town_with_canary: Town, cluster: data.embedded.Cluster, tmp_path: Path
) -> None:
    town = town_with_canary
    said_before = cluster.log.stat().st_size
    for answer in _asked(town):
        told = f"{answer.request.method} {answer.request.url.path}: {answer.text}"
        if not (answer.is_success and answer.request.url.path.endswith("unmask")):
            assert leaks(answer.content) == [], told
    _break(town, tmp_path)
    log = cluster.log.read_bytes()
    assert b"ERROR" in log[said_before:], "the database had something to say"
    assert leaks(log) == []
    assert leaks(town.output.read_bytes()) == []
    assert b"Traceback" in town.output.read_bytes(), "the server had something to say"
    with data.db.transaction(town.store) as db:
        lines = db.scalars(sa.text("SELECT journal::text FROM journal")).all()
    assert len(lines) > 4
    assert leaks("\n".join(lines)) == []
    findings = api.actions.checks.run(town.store, home=None)
    assert leaks(repr(findings)) == []
    assert leaks(_dump(town.url)) == []


def _dump(url: str) -> bytes:
    program = data.postgres_binaries.choose().program("pg_dump")
    dump = subprocess.run([program, "--dbname", url], capture_output=True, check=True).stdout
    assert b"COPY public.resident" in dump
    return dump


@pytest.mark.parametrize("suffix", [".csv", ".geojsonl", ".gpkg"])  # these pack nothing
def test_no_export_holds_it_but_one_that_was_unmasked_for_a_reason(
    town_with_canary: Town, tmp_path: Path, suffix: str
) -> None:
    path, store = tmp_path / f"out{suffix}", town_with_canary.store
    for kind in KINDS:
        api.actions.exports.export_file(
            store, Wanted(kind), path, Shape(), by=TESTER, today=NOW.date()
        )
        assert leaks(path.read_bytes()) == []
    for unmasked in (False, True):
        taking = Taking("核对名册", NOW, unmasked)
        api.actions.exports.export_persons(
            store, Wanted("residents"), path, Shape(), taking, by=TESTER, seal=SEAL
        )
        assert sorted(leaks(path.read_bytes())) == (sorted(CANARY) if unmasked else [])
