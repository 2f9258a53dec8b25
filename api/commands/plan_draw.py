"""Cells drawn anew from buildings, or balanced: `draw` and `balance` of `wangge plan`.

`app` is that of `api.commands.plan` with these two besides.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from api import opening
from api.commands import plan
from gis.errors import BadInput

if TYPE_CHECKING:
    from data.plans_draw import Made, Wish

app = plan.app
Name = Annotated[str, typer.Option("--name", help="the draft; begun if it is not there yet")]
Area = Annotated[str | None, typer.Option(help="code of the division a new draft is about")]
Barriers = Annotated[
    str, typer.Option(help="what cells should not cross: roads, water, with commas")
]
Seed = Annotated[int, typer.Option(help="the same seed gives the same cells")]
Workload = Annotated[
    str,
    typer.Option(help="what is balanced: weights of households, residents, care, as care=5"),
]


@app.command()
def draw(
    name: Name,
    area: Area = None,
    target: Annotated[float, typer.Option(help="workload of a cell")] = 400,
    tolerance: Annotated[float, typer.Option(help="share by which it may differ")] = 0.1,
    barriers: Barriers = "",
    workload: Workload = "households=1",
    seed: Seed = 0,
) -> None:
    """Draw the basic cells of a draft anew: contiguous, compact, of equal workload.

    Ctrl-C stops and keeps the best so far. It is one edit: `wangge plan undo` takes it back.
    """
    import api.actions.plans_draw

    with _wish(barriers, workload, seed) as wish:
        settings = opening.settings()
        with opening.opened(settings) as opened:
            made = api.actions.plans_draw.draw(
                opened.store, name, area=area, target=target, tolerance=tolerance, wish=wish,
                by=opening.operator(), today=settings.today(),
            )  # fmt: skip
    _say(name, made)


@app.command()
def balance(
    name: Name,
    area: Area = None,
    low: Annotated[float, typer.Option(help="least workload of a cell")] = 300,
    high: Annotated[float, typer.Option(help="most workload of a cell")] = 500,
    barriers: Barriers = "",
    workload: Workload = "households=1",
    seed: Seed = 0,
) -> None:
    """Bring the basic cells of a draft into a range, so that few residents change their worker.

    Ctrl-C stops and keeps the best so far. It is one edit: `wangge plan undo` takes it back.
    """
    import api.actions.plans_draw

    with _wish(barriers, workload, seed) as wish:
        settings = opening.settings()
        with opening.opened(settings) as opened:
            made = api.actions.plans_draw.balance(
                opened.store, name, area=area, low=low, high=high, wish=wish,
                by=opening.operator(), today=settings.today(),
            )  # fmt: skip
    _say(name, made)


@contextmanager
def _wish(barriers: str, workload: str, seed: int) -> Iterator[Wish]:
    import api.show
    from data.plans_draw import Wish

    weights = _weights(workload)
    named = [one for one in barriers.split(",") if one]
    with _stopped() as keep_going, api.show.progress() as progress:
        yield Wish(
            weights, named, seed, keep_going,
            lambda done: progress("making cells", round(100 * done), 100),
        )  # fmt: skip


def _weights(text: str) -> dict[str, float]:
    try:
        pairs = [one.split("=") for one in text.split(",")]
        return {name.strip(): float(weight) for name, weight in pairs}
    except ValueError:
        raise BadInput(
            f"--workload {text!r}: write it as column=weight,column=weight", value=text
        ) from None


@contextmanager
def _stopped() -> Iterator[Callable[[], bool]]:
    """Ask whether to go on; the first Ctrl-C says no, and what is best so far is kept."""
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: asked.append(number))
    try:
        yield lambda: not asked
    finally:
        signal.signal(signal.SIGINT, before)


def _say(name: str, made: Made) -> None:
    least, most = min(made.loads), max(made.loads)
    print(
        f"draft {name!r}: {len(made.loads):,} cells with a workload of {least:g} to {most:g}; "
        f"{made.moved_households:,} households are in another cell"
    )
    if made.edited is None:
        print("nothing had to move")
    for sentence in made.said:
        print(f"· {sentence}")
    if not made.complete:
        print("stopped before the end; this is the best so far")
