"""End to end, as somebody at a keyboard does it: import, unplaced, locate, join, export, check."""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import keyboard
import pytest
import shapely
from town import LAT, LON, SIDE, draw

import data.embedded

Run = Callable[..., keyboard.Done]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A home and files of its own, where the postgres user may enter; its store stays up."""
    path = Path(tempfile.mkdtemp(prefix="wangge-walk-"))
    path.chmod(0o755)
    with data.embedded.running(path / "home"):
        yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def wangge(folder: Path) -> Run:
    return partial(keyboard.wangge, folder=folder, WANGGE_HOME=str(folder / "home"))


FACILITIES = f"""编号,名称,经度,纬度
f1,一号,{LON + SIDE / 2},{LAT + SIDE / 2}
f2,二号,{LON + SIDE * 1.5},{LAT + SIDE / 2}
f3,=远方,{LON + SIDE * 9},{LAT + SIDE / 2}
f4,无处,,
f5,,abc,30
"""


def cells(drawing: str) -> str:
    features = [
        {
            "type": "Feature",
            "properties": {"网格编码": code, "网格名称": f"{code}网格", "户数": 300},
            "geometry": shapely.geometry.mapping(shape),
        }
        for code, shape in draw(drawing).items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def done(run: keyboard.Done) -> str:
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    return run.stdout


def test_a_town_from_files_to_files(wangge: Run, folder: Path) -> None:
    (folder / "cells.geojson").write_text(cells("AB"))
    (folder / "facilities.csv").write_text(FACILITIES, encoding="gb18030")

    said = done(wangge("import", "cells", "cells.geojson", "--plan", "甲"))
    assert "cells from GeoJSON, plan 甲" in said
    assert "added      2" in said

    bring = ("import", "facilities", "facilities.csv", "--datum", "wgs84", "--errors", "e.csv")
    dry = done(wangge(*bring, "--dry-run"))
    assert "dry run: nothing was written" in dry
    real = done(wangge(*bring))
    assert real == dry.replace("dry run: nothing was written\n", "")
    assert "added      4" in real
    assert "refused    1" in real
    assert "unplaced   2  (1 outside all cells, 1 no coordinates)" in real
    assert "row 6 经度 'abc': a number is expected" in real
    with (folder / "e.csv").open(encoding="utf-8-sig") as file:
        assert [row["行号 row"] for row in csv.DictReader(file)] == ["6"]
    assert "unchanged  4" in done(wangge(*bring))

    listed = list(csv.DictReader(done(wangge("unplaced")).splitlines()))
    assert [(row["code"], row["reason"]) for row in listed] == [
        ("f3", "outside all cells"), ("f4", "no coordinates"),
    ]  # fmt: skip
    done(wangge("unplaced", "--kind", "facilities", "-o", "u.csv"))
    assert "'=远方" in (folder / "u.csv").read_text(encoding="utf-8-sig")

    here = json.loads(done(wangge("locate", LON + SIDE / 2, LAT + SIDE / 2)))
    assert (here["cell"]["code"], here["cell"]["name"]) == ("A", "A网格")
    near = ("locate", LON + SIDE * 0.999, LAT + SIDE / 2, "--accuracy-m", "50")
    assert [one["code"] for one in json.loads(done(wangge(*near)))["candidates"]] == ["B"]

    (folder / "next.geojson").write_text(cells("CC"))
    assert "is a draft" in done(wangge("import", "cells", "next.geojson", "--plan", "乙"))
    joined = done(wangge("join", "--plan", "乙"))
    assert "filed by plan '乙'; plan '甲' is retired" in joined
    assert "facilities             4  moved 2  unplaced 2" in joined

    done(wangge("export", "facilities", "-o", "out.geojson"))
    out = json.loads((folder / "out.geojson").read_text())
    assert {one["properties"]["code"]: one["properties"]["cell_code"] for one in out["features"]} == {
        "f1": "C", "f2": "C", "f3": None, "f4": None,
    }  # fmt: skip
    done(wangge("export", "cells", "-o", "out.gpkg", "--plan", "甲", "--crs", "EPSG:4547"))
    again = done(wangge("import", "cells", "out.gpkg", "--plan", "丙"))
    assert "added      2" in again

    checked = done(wangge("check"))
    assert "ok    every record joined" in checked
    assert "note  records placed: 2 facilities" in checked


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("import", "cells", "nothing.geojson"), "there is no file"),
        (("import", "facilities", "f.csv"), "--datum wgs84 (GPS)"),
        (("import", "facilities", "f.csv", "--map", "经度"), "write it as left=right"),
        (("import", "facilities", "f.csv", "--errors", "e.txt"), "write .xlsx or .csv"),
        (("import", "facilities", "f.csv", "--errors", "no/e.csv"), "there is no folder no"),
        (("import", "facilities", "f.csv", "--encoding", "klingon"), "no such encoding"),
        (("import", "facilities", "f.csv", "--crs", "EPSG:1"), "is no coordinate system"),
        (("import", "facilities", "f.csv", "--datum", "wgs84", "--set", "x=1"), "no field 'x'"),
        (("import", "cells", "f.csv", "--datum", "wgs84"), "every row was refused"),
        (("locate", "30", "114"), "look swapped"),
        (("locate", "nan", "30"), "is no place"),
        (("export", "people", "-o", "a.csv"), "is not exported; choose from"),
        (("export", "cells", "-o", "a.csv", "--unmasked"), "cells hold no masks"),
        (("export", "cells", "-o", "a.doc"), "has none of the suffixes"),
        (("export", "cells", "-o", "a.geojson", "--crs", "EPSG:4547"), "WGS-84 only"),
        (("unplaced", "--kind", "dogs"), "choose from buildings"),
        (("bench", "nothing"), "is no benchmark"),
    ],
)
def test_a_refusal_is_a_sentence_and_exit_code_2(
    words: tuple[str, ...], sentence: str, wangge: Run, folder: Path
) -> None:
    (folder / "f.csv").write_text(FACILITIES)
    run = wangge(*words)
    assert run.returncode == 2, run.stdout + run.stderr
    assert sentence in run.stderr
    assert run.stderr.count("wangge: ") == 1
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("import", "--datum --crs --encoding --layer --map --set --plan --source --local-codes --swap --dry-run --errors"),
        ("join", "--plan"),
        ("locate", "--datum --accuracy-m"),
        ("unplaced", "--kind --output"),
        ("export", "--output --area --plan --as-of --crs --datum"),
        ("check", "--help"),
        ("demo", "--port --size --reset --yes"),
        ("serve", "--port"),
        ("bench", "--help"),
        ("test", "--help"),
    ],
)  # fmt: skip
def test_help_shows_every_option(command: str, options: str, wangge: Run) -> None:
    said = done(wangge(command, "--help"))
    assert [option for option in options.split() if option not in said] == []
