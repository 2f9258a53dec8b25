"""What the terminal shows: progress of long work, reports, refusals."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from gis.terms import Progress

if TYPE_CHECKING:
    from api.actions.sheets import Report

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)
EVERY_S = 2.0
SHOWN = 10
_PLACED = {"buildings", "residents", "facilities", "cases"}


def say(sentence: str) -> None:
    """Tell people, not programs: one line on standard error."""
    err.print(sentence, markup=False)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="cyan")


@contextmanager
def progress() -> Iterator[Progress]:
    """Show bars with rate and time left on a terminal, a line now and then elsewhere."""
    if not err.is_terminal:
        yield _lines()
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30))
    with Bars(
        *columns, MofNCompleteColumn(), _Rate(), TimeRemainingColumn(), console=err, transient=True
    ) as bars:
        steps: dict[str, Any] = {}

        def show(step: str, done: int, total: int | None) -> None:
            if step not in steps:
                steps[step] = bars.add_task(step, total=total)
            bars.update(steps[step], completed=done, total=total)

        yield show


def _lines() -> Progress:
    last: dict[str, float] = {}

    def show(step: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if step not in last or now - last[step] > EVERY_S:
            far = f" {done:,} of {total:,}" if total else ""
            say(f"{step} …{far}")
            last[step] = now

    return show


def report(one: Report, *, dry_run: bool) -> None:
    """Print what an import did, the worst first."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name in ("rows", "added", "changed", "unchanged", "refused"):
        table.add_row(name, f"{getattr(one, name):,}")
    if one.outside or one.without_coordinates or one.kind in _PLACED:
        where = f"{one.outside:,} outside all cells, {one.without_coordinates:,} no coordinates"
        table.add_row("unplaced", f"{one.unplaced:,}", f"({where})" if one.unplaced else "")
    out.print(f"{one.kind} from {one.format}" + (f", plan {one.plan}" if one.plan else ""))
    out.print(table)
    for line in [*one.notes, *_mended(one), *_flaws(one), *_refused(one)]:
        out.print(f"· {line}", markup=False)
    if dry_run:
        out.print("dry run: nothing was written", style="yellow")


def _mended(one: Report) -> list[str]:
    if not one.mended:
        return []
    worst = max(change for _, change in one.mended)
    places = ", ".join(str(row) for row, _ in one.mended[:SHOWN])
    more = " …" if len(one.mended) > SHOWN else ""
    return [
        f"{len(one.mended):,} invalid outlines were repaired, area kept within {worst:.2g} "
        f"(rows {places}{more})"
    ]


def _flaws(one: Report) -> list[str]:
    lines = []
    for kind in ("overlap", "gap", "slit"):
        found = [flaw for flaw in one.flaws if flaw.kind == kind]
        if found:
            total = sum(flaw.area_m2 for flaw in found)
            lines.append(f"{len(found):,} {kind}s between cells, {total:,.2f} m² in all; largest:")
        for flaw in found[:5]:
            cells = " and ".join(one.flaw_codes[cell] for cell in flaw.cells)
            lines.append(f"    {flaw.area_m2:,.2f} m² at {flaw.lon}, {flaw.lat} {cells}".rstrip())
    return lines


def _refused(one: Report) -> list[str]:
    lines = [
        f"row {fault.row} {fault.field} {fault.value!r}: {fault.reason}"
        for fault in one.faults.head(SHOWN).itertuples()
    ]
    if len(one.faults) > SHOWN:
        lines.append(f"… {len(one.faults) - SHOWN:,} more; --errors FILE writes them all")
    return lines


def where(answer: str, *, has_plan: bool) -> None:
    """Print a look-up's answer for programs, and for people what an empty one means."""
    if not has_plan:
        say("no plan is in force; import cells first: wangge import cells FILE")
    elif '"cell" : null' in answer:
        say("no cell in force holds this point")
    print(answer)


def refusal(sentence: str) -> None:
    """Print a refusal in red on standard error."""
    err.print(Text(f"wangge: {sentence}", style="red"))


def is_interactive() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()
