"""A plan at the keyboard: drafted, split, undone, checked, compared, published, looked back at."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from test_walk_import import FACILITIES, Run, cells, done, folder, wangge
from town import LAT, LON, SIDE

__all__ = ["folder", "wangge"]
MIDDLE = LAT + SIDE / 2
LINE = f"{LON - 0.001},{MIDDLE} {LON + SIDE + 0.001},{MIDDLE}"


def refused(run: object) -> str:
    assert run.returncode == 2, run.stdout  # type: ignore[attr-defined]
    assert "Traceback" not in run.stderr  # type: ignore[attr-defined]
    return str(run.stderr)  # type: ignore[attr-defined]


def drafted(wangge: Run, folder: Path) -> str:
    """Draft 乙 of the town: cell A split, B renamed; return the code of the new cell."""
    (folder / "cells.geojson").write_text(cells("AB"))
    (folder / "facilities.csv").write_text(FACILITIES, encoding="gb18030")
    done(wangge("import", "cells", "cells.geojson", "--plan", "甲"))
    done(wangge("import", "facilities", "facilities.csv", "--datum", "wgs84"))

    assert "draft '乙' has 2 cells" in done(wangge("plan", "new", "乙"))
    assert "there is a plan '乙' already" in refused(wangge("plan", "new", "乙"))
    frozen = refused(wangge("plan", "split", "甲", "A", "--line", LINE))
    assert "plan '甲' is published and stays as it is; change a draft of it" in frozen
    split = done(wangge("plan", "split", "乙", "A", "--line", LINE))
    assert "version 1" in split
    born = next(line.split("\t")[1] for line in split.splitlines() if line.startswith("born"))
    shown = done(wangge("plan", "show", "乙"))
    assert f"edit 1 {datetime.now(UTC):%Y}" in shown
    assert "split cell=A line={" in shown
    assert "say either --line or --units" in refused(wangge("plan", "split", "乙", "A"))
    assert "born" not in done(wangge("plan", "undo", "乙"))
    assert f"born\t{born}" in done(wangge("plan", "redo", "乙"))
    assert "has undone no edit" in refused(wangge("plan", "redo", "乙"))
    done(wangge("plan", "rename", "乙", "B", "湖滨"))
    return born


def held_against_what_is_in_force(wangge: Run, folder: Path, born: str) -> None:
    checked = done(wangge("plan", "check", "乙", "-o", "findings.geojson"))
    found = json.loads((folder / "findings.geojson").read_text())["features"]
    assert f"{len(found)} findings are in findings.geojson" in checked
    assert {one["properties"]["kind"] for one in found} >= {"households"}
    mended = done(wangge("plan", "mend", "乙"))  # codes that follow no scheme get one that does
    assert "stays\thouseholds" in mended
    assert "ended\tA B" in mended
    assert "ended\t002 003" in done(wangge("plan", "undo", "乙"))
    compared = done(wangge("plan", "compare", "甲", "乙", "-o", "over.csv"))
    assert [line.split("\t")[:2] for line in compared.splitlines()[1:4]] == [
        *sorted([[born, "born"], ["A", "changed"], ["B", "changed"]]),
    ]
    with (folder / "over.csv").open(encoding="utf-8-sig") as file:
        assert list(csv.DictReader(file)) == []  # nobody is posted, nothing changes hands


def put_off(wangge: Run) -> None:
    done(wangge("plan", "new", "丙", "--from", "甲"))
    later = f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}"
    later_on = ("plan", "publish", "丙", "--yes", "--on")
    assert f"draft '丙' will be published on {later}" in done(wangge(*later_on, later))
    assert later in done(wangge("plan", "list")).splitlines()[-1]
    assert "is over" in refused(wangge(*later_on, "2001-01-01"))
    done(wangge("plan", "drop", "丙", "--yes"))
    assert "丙" not in done(wangge("plan", "list"))


def test_a_plan_at_the_keyboard(wangge: Run, folder: Path) -> None:
    born = drafted(wangge, folder)
    held_against_what_is_in_force(wangge, folder, born)
    assert "Publish '乙' on" in refused(asked := wangge("plan", "publish", "乙"))
    assert "born                 1" in asked.stdout
    assert "draft" in done(wangge("plan", "list")).split("乙")[1]
    said = done(wangge("plan", "publish", "乙", "--yes"))
    assert "plan '乙' is in force as publication 2; '甲' is retired" in said
    assert "is published and stays" in refused(wangge("plan", "rename", "乙", "B", "x"))

    day = f"{datetime.now(UTC) + timedelta(hours=8):%Y-%m-%d}"
    here = done(wangge("plan", "cell-on", f"{LON + SIDE / 2},{LAT + SIDE / 4}", "--on", day))
    assert here.split()[0] in {"A", born}
    assert "no plan was in force on 2001-01-01" in refused(
        wangge("plan", "cell-on", "A", "--on", "2001-01-01")
    )
    done(wangge("export", "cells", "-o", "was.geojson", "--plan", "甲"))
    done(wangge("export", "cells", "-o", "now.geojson", "--as-of", day))
    names = [
        sorted(
            one["properties"]["name"] for one in json.loads((folder / name).read_text())["features"]
        )
        for name in ("was.geojson", "now.geojson")
    ]
    assert names == [["A网格", "B网格"], sorted(["A网格", "湖滨", born])]
    assert "FAIL" not in done(wangge("check"))
    put_off(wangge)
