"""Cases as somebody at a keyboard meets them: report, list, move, join, show, draw."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from test_walk_import import cells, folder, wangge

import gis.cases

__all__ = ["folder", "wangge"]
Run = Callable[..., object]


def said(run: object) -> str:
    assert run.returncode == 0, run.stderr  # type: ignore[attr-defined]
    return run.stdout  # type: ignore[attr-defined,no-any-return]


def test_a_case_at_the_keyboard(wangge: Run, folder: Path) -> None:
    (folder / "cells.geojson").write_text(cells("AB"))
    said(wangge("import", "cells", "cells.geojson"))
    place = ("--lon", "114.0078125", "--lat", "30.0078125")  # in the middle of A
    first = said(
        wangge("cases", "report", "水管爆裂", "--kind", "event", "--class", "0501", *place)
    )
    assert "cell A A网格" in first
    main = first.split()[1].rstrip(":")
    again = said(wangge("cases", "report", "--kind", "event", "--class", "0501", *place))
    assert f"like it: {main} (reported), 0 m away" in again
    other = again.split()[1].rstrip(":")
    assert "duty desk above all" in said(wangge("cases", "report", "井盖丢了"))
    assert said(wangge("cases", "list", "--area", "A")).count("供水管道破裂") == 2
    assert "file\t立案\tcondition" in said(wangge("cases", "moves", main))
    said(wangge("cases", "join", other, main))
    said(wangge("cases", "move", main, "file", "--condition", "1"))
    late = wangge("cases", "move", main, "void", "--reason", "误报", "--version", "1")
    assert late.returncode == 2  # type: ignore[attr-defined]
    assert "立案 file" in late.stderr  # type: ignore[attr-defined]
    shown = said(wangge("cases", "show", main))
    assert f"case {main}: 已立案 filed, version 2" in shown
    assert f"joined\t{other}" in shown
    assert said(wangge("cases", "diagram")).strip() == gis.cases.diagram()
    assert "all where their last event led" in said(wangge("check"))


def test_what_is_said_at_the_keyboard_helps(wangge: Run, folder: Path) -> None:
    (folder / "cells.geojson").write_text(cells("AB"))
    said(wangge("import", "cells", "cells.geojson"))
    code = said(wangge("cases", "report", "不知是什么")).split()[1].rstrip(":")
    assert "desk\tabove all" in said(wangge("cases", "show", code))
    unclassed = wangge("cases", "move", code, "file", "--condition", "1")
    assert "none is told: name its kind and its code" in unclassed.stderr  # type: ignore[attr-defined]
    how = ("--kind", "event", "--class", "0501", "--condition", "1")
    said(wangge("cases", "move", code, "file", *how))
    nobody = wangge("cases", "move", code, "dispatch")
    assert "needs a unit or a worker" in nobody.stderr  # type: ignore[attr-defined]
    said(wangge("cases", "move", code, "suspend", "--reason", "等料", "--until", soon()))
    shown = said(wangge("cases", "show", code))
    assert "condition\t1 泄漏: 1 urgent_hour" in shown
    assert f"等料 · {soon().replace('T', ' ')}" in shown
    assert "nobody has whistled" in wangge("whistle", "show", code).stderr  # type: ignore[attr-defined]
    assert "no whistle waits" in wangge("whistle", "list").stderr  # type: ignore[attr-defined]


def soon() -> str:
    """An evening in a month, as it is typed."""
    return f"{datetime.now() + timedelta(days=30):%Y-%m-%dT20:00}"
