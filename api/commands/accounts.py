"""账号 at the command line: who may sign in, and of what he is in charge."""

from __future__ import annotations

import secrets
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from api import opening
from gis.access import Role
from gis.errors import BadInput

if TYPE_CHECKING:
    from data.accounts import Known

app = typer.Typer(
    help="Accounts: who may sign in, as what, and of which part of the city he is in charge.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

LoginArgument = Annotated[str, typer.Argument(help="what he signs in with")]
AreaOption = Annotated[
    list[str] | None, typer.Option("--area", help="code of a division in his charge. Repeatable")
]
CellOption = Annotated[
    list[str] | None, typer.Option("--cell", help="code of a cell in his charge. Repeatable")
]
EverythingOption = Annotated[
    bool,
    typer.Option("--everything", help="in charge of the whole city, and of what no cell holds"),
]
UntilOption = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="day on which the charge is over, as 2026-12-31"),
]
WorkerOption = Annotated[
    str | None, typer.Option(help="code of a worker: cells he has a post in are in his charge")
]
UnitOption = Annotated[
    str | None, typer.Option(help="code of a unit of the network: he answers for it")
]
StdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="read the password from standard input")
]
RandomOption = Annotated[bool, typer.Option("--random", help="make a password and print it")]


def _password(*, from_stdin: bool, is_random: bool) -> str:
    import api.show

    if from_stdin and is_random:
        raise BadInput("--password-stdin and --random exclude each other")
    if is_random:
        made = secrets.token_urlsafe(12)
        print(made)
        api.show.say("this password is kept nowhere: hand it over, and have it changed")
        return made
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not api.show.is_interactive():
        raise BadInput(
            "nobody can be asked for the password here; say --password-stdin or --random"
        )
    told: str = typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True)
    return told


def _show(one: Known) -> None:
    state = "closed" if not one.active else "open"
    if one.locked_until:
        state = f"locked until {one.locked_until.astimezone():%H:%M}"
    print(f"{one.login}  {one.name}  {one.role} {one.role.label}  {state}")
    for part in one.charge or ("nothing",):
        print(f"    in charge of {part}")


@app.command()
def add(
    login: LoginArgument,
    role: Annotated[Role, typer.Option(help="what he may do")],
    name: Annotated[str, typer.Option(help="his name")],
    area: AreaOption = None,
    cell: CellOption = None,
    everything: EverythingOption = False,
    worker: WorkerOption = None,
    unit: UnitOption = None,
    until: UntilOption = None,
    password_stdin: StdinOption = False,
    random: RandomOption = False,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="he signs in at the identity provider (OIDC)")
    ] = False,
) -> None:
    """Add an account and put it in charge. The first administrator is made this way."""
    import api.actions.accounts as acts

    charges = acts.charges_of(
        area or [], cell or [], everything=everything, until=until and until.date()
    )
    password = None
    if no_password and (password_stdin or random):
        raise BadInput("--no-password excludes --password-stdin and --random")
    if not no_password:
        password = _password(from_stdin=password_stdin, is_random=random)
    with opening.opened(opening.settings()) as opened:
        _show(
            acts.add(
                opened.store,
                login,
                role=role,
                name=name,
                charges=charges,
                worker=worker,
                unit=unit,
                password=password,
                by=opening.operator(),
            )
        )


@app.command(name="list")
def list_() -> None:
    """List all accounts, one line each."""
    import api.actions.accounts as acts

    with opening.opened(opening.settings()) as opened:
        for one in acts.known(opened.store, by=opening.operator()):
            state = "" if one.active else "  closed"
            state += "  locked" if one.locked_until else ""
            charge = "; ".join(one.charge[:3]) + (" …" if len(one.charge) > 3 else "")
            print(f"{one.login}  {one.name}  {one.role}  {charge or 'nothing'}{state}")


@app.command()
def show(login: LoginArgument) -> None:
    """Show one account: its role, its charge, whether it is locked, how often signed in."""
    import api.actions.accounts as acts

    with opening.opened(opening.settings()) as opened:
        one = acts.known(opened.store, login=login, by=opening.operator())[0]
        _show(one)
        print(f"    signed in {one.sessions} times just now, tokens of programs included")


@app.command()
def charge(
    login: LoginArgument,
    area: AreaOption = None,
    cell: CellOption = None,
    everything: EverythingOption = False,
    until: UntilOption = None,
    only: Annotated[
        bool, typer.Option("--only", help="end every other charge today; posts stay")
    ] = False,
) -> None:
    """Put an account in charge of more, or with --only of this and nothing else."""
    import api.actions.accounts as acts

    charges = acts.charges_of(
        area or [], cell or [], everything=everything, until=until and until.date()
    )
    if not charges and not only:
        raise BadInput("say of what: --area CODE, --cell CODE, --everything; or --only to end all")
    with opening.opened(opening.settings()) as opened:
        _show(acts.put_in_charge(opened.store, login, charges, only=only, by=opening.operator()))


@app.command()
def change(
    login: LoginArgument,
    role: Annotated[Role | None, typer.Option(help="what he may do")] = None,
    name: Annotated[str | None, typer.Option(help="his name")] = None,
    worker: WorkerOption = None,
    unit: UnitOption = None,
) -> None:
    """Change role, name, worker or unit of an account; a closed one is opened again."""
    import api.actions.accounts as acts

    with opening.opened(opening.settings()) as opened:
        _show(
            acts.change(
                opened.store,
                login,
                role=role,
                name=name,
                worker=worker,
                unit=unit,
                by=opening.operator(),
            )
        )


@app.command()
def password(
    login: LoginArgument, password_stdin: StdinOption = False, random: RandomOption = False
) -> None:
    """Give an account a new password; it is signed out everywhere."""
    import api.actions.accounts as acts
    import api.show

    with opening.opened(opening.settings()) as opened:
        acts.known(opened.store, login=login, by=opening.operator())
        told = _password(from_stdin=password_stdin, is_random=random)
        acts.set_password(opened.store, login, told, by=opening.operator())
        api.show.say(f"{login} has a new password and is signed out everywhere")


@app.command()
def close(login: LoginArgument) -> None:
    """Let nobody in by this account any more, from this moment; what it did stays journalled."""
    import api.actions.accounts as acts
    import api.show

    with opening.opened(opening.settings()) as opened:
        ended = acts.close(opened.store, login, by=opening.operator())
        api.show.say(f"{login} is closed; {ended} sessions ended")


@app.command()
def unlock(login: LoginArgument) -> None:
    """Take off the lock that failures to sign in brought."""
    import api.actions.accounts as acts
    import api.show

    with opening.opened(opening.settings()) as opened:
        acts.unlock(opened.store, login, by=opening.operator())
        api.show.say(f"{login} may try again")


@app.command(name="sign-out")
def sign_out(login: LoginArgument) -> None:
    """Sign an account out everywhere, programs too."""
    import api.actions.accounts as acts
    import api.show

    with opening.opened(opening.settings()) as opened:
        ended = acts.sign_out_of(opened.store, login, by=opening.operator())
        api.show.say(f"{login} is signed out; {ended} sessions ended")
