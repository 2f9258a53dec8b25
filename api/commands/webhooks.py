"""Webhooks 回调: other systems are told what happens to cases, as it happens."""

from __future__ import annotations

from typing import Annotated

import typer

from api import opening
from gis.errors import Unavailable

app = typer.Typer(
    name="webhook",
    help="Webhooks 回调: tell other systems what happens to cases. docs/webhooks.md",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Number = Annotated[int, typer.Argument(min=1, help="as `wangge webhook list` tells")]


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="https://… that takes POST requests")],
    secret_env: Annotated[
        str, typer.Option(help="environment variable of the server with the secret, whsec_…")
    ],
    moves: Annotated[str, typer.Option(help="which moves, as file,close; all without")] = "",
    area: Annotated[str | None, typer.Option(help="only cases of this division")] = None,
    private: Annotated[
        bool, typer.Option("--private", help="allow http, this machine and private networks")
    ] = False,
) -> None:
    """Tell a subscriber of every move from now on; while `serve` runs, messages leave at once."""
    import os

    import api.actions.webhooks
    import api.show
    import gis.webhooks

    told = [one.strip() for one in moves.split(",") if one.strip()]
    if text := os.environ.get(secret_env):
        gis.webhooks.secrets(text)
    with opening.opened(opening.settings()) as opened:
        number = api.actions.webhooks.add(
            opened.store, url, secret_env=secret_env, moves=told, division=area, private=private,
            by=opening.operator(),
        )  # fmt: skip
    if not text:
        api.show.say(f"{secret_env} is not set here; set it where `wangge serve` runs")
    print(f"webhook {number}: {url}")


@app.command(name="list")
def list_() -> None:
    """List the subscribers: what each is owed, was sent, was never reached with."""
    import api.actions.webhooks

    with opening.opened(opening.settings()) as opened:
        found = api.actions.webhooks.listed(opened.store, by=opening.operator())
    for one in found:
        state = "" if one["active"] else "\tstopped"
        if one["paused_until"]:
            state = f"\tleft alone until {one['paused_until']:%Y-%m-%d %H:%M:%S%z}"
        what = ",".join(one["moves"]) or "all moves"
        print(
            f"{one['id']}\t{one['url']}\t{one['division_code'] or 'everywhere'}\t{what}\t"
            f"waiting {one['waiting']:,}\tsent {one['sent']:,}\tgiven up {one['dead']:,}{state}"
            + (f"\t{one['fault']}" if one["fault"] else "")
        )


@app.command()
def remove(number: Number) -> None:
    """Tell a subscriber nothing more; what it was owed is forgotten."""
    import api.actions.webhooks

    with opening.opened(opening.settings()) as opened:
        url = api.actions.webhooks.remove(opened.store, number, by=opening.operator())
    print(f"webhook {number} is off: {url}")


@app.command()
def test(number: Number) -> None:
    """Send a subscriber a signed message about nothing (type wangge.test), from here."""
    import asyncio

    import api.actions.webhooks
    import api.webhooks

    with opening.opened(opening.settings()) as opened:
        hook = api.actions.webhooks.hook(opened.store, number, by=opening.operator())
    answer = asyncio.run(api.webhooks.ping(hook)).sent
    if not answer.taken:
        raise Unavailable(f"{hook.url}: {answer.fault}")
    print(f"{hook.url} answered {answer.status}")


@app.command()
def dead(
    number: Annotated[int | None, typer.Argument(min=1, help="of one subscriber")] = None,
    most: Annotated[int, typer.Option(min=1, max=100_000)] = 100,
) -> None:
    """List messages that were given up."""
    import api.actions.webhooks

    with opening.opened(opening.settings()) as opened:
        found = api.actions.webhooks.dead(opened.store, number, by=opening.operator(), most=most)
    for one in found:
        print(
            f"{one['ended_at']:%Y-%m-%d %H:%M}\t{one['code']}\t{one['move']}\t{one['url']}\t"
            f"{one['tries']} tries\t{one['fault'] or ''}"
        )


@app.command()
def resend(number: Number) -> None:
    """Send what was given up once more, under the same ids; wakes a stopped subscriber too."""
    import api.actions.webhooks

    with opening.opened(opening.settings()) as opened:
        again = api.actions.webhooks.resend(opened.store, number, by=opening.operator())
    print(f"{again:,} messages wait to be sent again")
