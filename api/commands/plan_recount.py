"""Numbers of one day by the cells of another: `recount` of `wangge plan`.

`app` is that of `api.commands.plan_draw` with this besides.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api import opening
from api.commands import plan_draw

app = plan_draw.app
_DAY = ["%Y-%m-%d"]


class By(StrEnum):
    """By what a number of a cell that was divided is shared out."""

    HOUSEHOLDS = "households"
    AREA = "area"


@app.command()
def recount(
    file: Annotated[Path, typer.Argument(help=".csv or .xlsx: a column of codes, and numbers")],
    taken: Annotated[datetime, typer.Option("--from", formats=_DAY, help="day they were counted")],
    as_of: Annotated[datetime, typer.Option("--to", formats=_DAY, help="day of the cells wanted")],
    weight: Annotated[
        By, typer.Option(help="what a divided cell is shared out by")
    ] = By.HOUSEHOLDS,
    out: Annotated[Path | None, typer.Option(help="write them to this .csv or .xlsx")] = None,
) -> None:
    """Tell numbers counted by the cells of one day by those of another: comparable over a re-draw.

    wangge plan recount 走访2025.xlsx --from 2025-12-31 --to 2027-01-01 --out 可比.xlsx

    A column of codes (code, 网格编码) and any columns of numbers; names, kinds and divisions are
    left out. Numbers are rounded to four decimals, and every total stays what it is. Bring counts
    and sums: a rate cannot be shared out. The days may lie in either direction.
    """
    import api.actions.recount

    with opening.opened(opening.settings()) as opened:
        found = api.actions.recount.recount(
            opened.store,
            api.actions.recount.Order(file, taken.date(), as_of.date(), weight.value, out),
            by=opening.operator(),
        )
    if out is None:
        print(found.numbers.reset_index().to_csv(sep="\t", index=False), end="")
    for name, total in found.totals.iterrows():
        print(f"total {name}\t{total['before']} before\t{total['after']} after")
    if "" in found.numbers.index:
        print("without a code: what went to no cell")
    if out is not None:
        print(f"{len(found.numbers):,} rows are in {out}")
