"""The command line. Each command reads its words, calls one act and shows what came of it."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import opening
from api.commands import (
    accounts,
    care,
    cases,
    catalogue,
    community,
    deadlines,
    desk,
    dispatching,
    duty,
    exchange,
    indicators,
    intake,
    journal,
    looking,
    open311,
    photos,
    plan_recount,
    register,
    webhooks,
    whistles,
)
from gis.errors import BadInput, WanggeError

if TYPE_CHECKING:
    from api.running import Opened
    from api.settings import Settings

app = typer.Typer(
    name="wangge",
    help="Wangge 网格: run a city by small cells and the network of people behind them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Settings come from the environment: WANGGE_HOME, WANGGE_DATABASE_URL, WANGGE_PORT, "
    "WANGGE_BASEMAP … (docs/settings.md).",
)
ROOT = Path(__file__).resolve().parent.parent
ON_ALL_CORES = ["--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile"]
ON_ALL_CORES += ["--no-loadscope-reorder"]  # tests/conftest.py says which files are last


def main() -> None:
    """Run a command; a refusal is one sentence and exit code 2, never a stack trace."""
    import gc

    import api.show

    gc.set_threshold(100_000)  # large rooms are loaded: many objects, no garbage
    try:
        app()
    except WanggeError as error:
        api.show.refusal(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        api.show.say("stopped")
        sys.exit(130)
    except Exception as error:
        if os.environ.get("WANGGE_DEBUG"):
            raise
        api.show.refusal(
            f"this should not have happened: {type(error).__name__}: {error}. "
            "Nothing was half written. Say WANGGE_DEBUG=1 to see where."
        )
        sys.exit(1)


# Serving

PortOption = Annotated[int | None, typer.Option(help="port to serve on (default 8000; 0: any)")]


@app.command()
def demo(
    port: PortOption = None,
    size: Annotated[
        str, typer.Option(help="small (60 cells), district (1,000) or city (20,000)")
    ] = "small",
    reset: Annotated[bool, typer.Option("--reset", help="load the town anew")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask before deleting")] = False,
) -> None:
    """Load the invented demo town, once, and serve it."""
    import api.actions.demo
    import api.show

    settings = opening.settings(port=port)
    with opening.opened(settings, supervise=True) as opened:
        if reset:
            _confirm_reset(opened, yes)
            api.actions.demo.reset(opened.store)
        with api.show.progress() as progress:
            said = api.actions.demo.load_once(
                opened.store, seal=opened.seal, size=size, now=datetime.now(UTC), progress=progress
            )
        api.show.say(said)
        _serve(settings, opened, and_say="demo accounts, one click each: {url}/sign-in")


def _confirm_reset(opened: Opened, yes: bool) -> None:
    import api.actions.demo
    import api.show

    lost = api.actions.demo.would_lose(opened.store)
    if not lost or yes:
        return
    question = f"--reset deletes everything in this store, also {lost}. Delete it?"
    if not (api.show.is_interactive() and typer.confirm(question)):
        raise BadInput(f"{question} Say --yes to do it.")


@app.command()
def serve(port: PortOption = None) -> None:
    """Serve the map and the layers over the store as it is."""
    settings = opening.settings(port=port)
    with opening.opened(settings, supervise=True) as opened:
        _serve(settings, opened)


def _serve(settings: Settings, opened: Opened, *, and_say: str = "") -> None:
    import api.running
    import api.show

    def ready(url: str) -> None:
        print(f"ready {url}", flush=True)
        if and_say:
            api.show.say(and_say.format(url=url))

    api.running.serve(settings, opened, ready=ready)


# By theme

app.command(name="import")(intake.import_)
app.command()(intake.join)
app.command()(intake.template)
app.command(context_settings={"ignore_unknown_options": True})(looking.locate)  # -87.6 is no option
app.command()(looking.unplaced)
app.command()(looking.export)
app.command()(looking.check)
app.command()(journal.journal)
app.command()(journal.seen)
app.add_typer(accounts.app, name="accounts")
app.add_typer(register.app, name="register")
app.add_typer(whistles.app, name="whistle")
app.command()(indicators.indicators)
app.add_typer(cases.app, name="cases")
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(catalogue.calendar, name="calendar")
app.add_typer(deadlines.app, name="deadlines")
app.add_typer(photos.app, name="photos")
app.add_typer(plan_recount.app, name="plan")
app.command()(duty.assign)
app.command()(dispatching.dispatch)
app.add_typer(duty.app, name="duty")
app.add_typer(desk.app, name="desk")
app.add_typer(desk.collections, name="collections")
app.add_typer(care.app, name="care")
app.add_typer(community.app, name="community")
app.add_typer(open311.app, name="open311")
app.add_typer(webhooks.app, name="webhook")
app.add_typer(exchange.app, name="exchange")


# Developing


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Run all tests, a file of them per core; further words go to pytest, on one core."""
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *(context.args or ON_ALL_CORES)])


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="which one; without a name they are listed")] = "",
) -> None:
    """Run a benchmark beside its peers; --json ends it with one line of plain numbers."""
    names = sorted(path.stem for path in (ROOT / "bench").glob("[!_]*.py"))
    if name not in names:
        raise BadInput(f"{name!r} is no benchmark; there are: {', '.join(names)}")
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", f"bench.{name}", *context.args])
