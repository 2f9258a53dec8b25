"""指标 at the command line: a table on the screen, or a sheet with counts and formulae."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api import opening
from gis.errors import BadInput
from gis.indicators import COUNTED, By, Measure

if TYPE_CHECKING:
    from collections.abc import Iterable

_DAY = ["%Y-%m-%d"]
_NO_AREA = "未定 none"


def indicators(
    since: Annotated[datetime, typer.Option("--from", formats=_DAY, help="first day")],
    until: Annotated[datetime, typer.Option("--to", formats=_DAY, help="last day")],
    by: Annotated[By, typer.Option(help="one row for each")] = By.STREET,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="write them here, with counts and formulae")
    ] = None,
) -> None:
    """Tell the indicators of a period per area, in the order of codes; nobody is ranked."""
    import api.actions.indicators
    import api.show

    if csv_file is not None and csv_file.exists():
        raise BadInput(f"{csv_file} is there already; choose another name, or take it away")
    with opening.opened(opening.settings()) as opened:
        told = api.actions.indicators.indicators(
            opened.store, by, since=since.date(), until=until.date(), viewer=opening.operator()
        )
    if told["recounted"]:
        api.show.say(f"cells were drawn anew on {told['redrawn_on']}: told in those of today")
    if csv_file is not None:
        _write(csv_file, told)
        api.show.say(f"{len(told['areas'])} areas are in {csv_file}")
        return
    for area in told["areas"]:
        print(f"{area['code'] or ''}  {area['name'] or _NO_AREA}")
        for one in told["indicators"]:
            print(f"    {one['zh']} {one['key']}  {_said(one, area['values'][one['key']])}")


def _said(one: dict[str, Any], value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:.1%}" if one["measure"] is Measure.SHARE else f"{value:g}"


def _write(path: Path, told: dict[str, Any]) -> None:
    """Areas below each other, then what each column means."""
    keys = [one["key"] for one in told["indicators"]]
    with path.open("x", encoding="utf-8-sig", newline="") as file:
        sheet = csv.writer(file)
        heads = [f"{one['zh']} {one['key']}" for one in told["indicators"]]
        sheet.writerow(["代码 code", "名称 name", *heads, *COUNTED])
        for area in told["areas"]:
            named = [area["code"] or "", area["name"] or _NO_AREA]
            values = [area["values"][key] for key in keys]
            counts = [round(area["counts"][name], 2) for name in COUNTED]
            sheet.writerow([*map(_plain, named), *_blank(values), *counts])
        sheet.writerow([])
        for one in told["indicators"]:
            sheet.writerow([one["key"], one["zh"], one["formula_zh"], one["formula_en"]])


def _blank(values: Iterable[float | None]) -> list[float | str]:
    return ["" if value is None else value for value in values]


def _plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in set("=+-@\t\r") else text
