"""派遣 of many at the store's own machine: propose, look, commit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from api import opening


def dispatch(
    area: Annotated[
        str | None, typer.Argument(help="a cell or a division; without it everywhere")
    ] = None,
    commit: Annotated[
        bool, typer.Option("--commit", help="dispatch as proposed, all of it or nothing")
    ] = False,
    own_cell: Annotated[
        float,
        typer.Option(
            min=0, max=7200, help="seconds one walks further so that the own worker comes"
        ),
    ] = 180.0,
    fairness: Annotated[
        float,
        typer.Option(
            min=0, max=7200, help="seconds one walks further per hour that another worked more"
        ),
    ] = 30.0,
    hand: Annotated[
        list[str] | None, typer.Option(help="CASE=WORKER, chosen by you; may be told often")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=20_000, help="at most so many cases")] = 20_000,
) -> None:
    """Propose who goes to the cases that wait, with the reason, and with --commit send them."""
    import api.actions.dispatching
    import api.show
    from api.actions.dispatching import Choice
    from gis.dispatch_pairs import Rules

    with opening.opened(opening.settings()) as opened:
        found = api.actions.dispatching.propose(
            opened.store,
            by=opening.operator(),
            now=datetime.now(UTC),
            area=area,
            rules=Rules(own_cell=own_cell, fairness=fairness),
            held=api.actions.dispatching.by_hand(hand or []),
            most=limit,
        )
        print("case\tgoes\twhy\twhy in English")
        for item in found.items:
            print("\t".join((item.code, item.worker or item.unit or "-", item.zh, item.en)))
        for dial in found.dials:
            api.show.say(
                f"{dial.dial} {dial.value:g} s: walks {dial.travel_s / 60:+.1f} min, lateness "
                f"{dial.late_s / 60:+.1f} min, busiest {dial.busiest_s / 60:+.1f} min, "
                f"own cell {dial.own_cell:+d} cases"
            )
        choices = [
            Choice(one.code, one.version, one.worker, one.unit)
            for one in found.items
            if one.worker or one.unit
        ]
        api.show.say(f"{len(found.items)} cases wait; {len(choices)} of them can be sent")
        if commit and choices:
            api.actions.dispatching.send(
                opened.store, choices, by=opening.operator(), now=datetime.now(UTC)
            )
            api.show.say(f"dispatched {len(choices)} cases")
