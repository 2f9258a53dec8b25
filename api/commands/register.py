"""台账 at the store's own machine: find, show, mend next, decide, merge; masked but for unmask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from api import opening

app = typer.Typer(
    name="register",
    help="The register 台账: people and homes, masked. One person is opened for a reason only.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
CellOption = Annotated[str | None, typer.Option(help="only of the cell with this code")]
LimitOption = Annotated[int, typer.Option(help="at most so many")]
Resident = Annotated[int, typer.Argument(help="number of the resident")]

_LINE = ("id", "name", "sex", "birth", "id_number", "phone", "address", "dwelling", "household_id",
         "cell", "cell_name")  # fmt: skip


def _table(rows: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> None:
    """Print rows for people and programs: a header, then values between tabs."""
    names = list(columns)
    print("\t".join(names))
    for row in rows:
        values = ("" if row.get(name) is None else str(row[name]) for name in names)
        print("\t".join(" ".join(value.split()) for value in values))


@app.command()
def find(
    words: Annotated[
        str, typer.Argument(help="a name, an id, a phone, a surname, or an address and number")
    ],
    cell: CellOption = None,
    limit: LimitOption = 50,
) -> None:
    """Find residents: 张三, 张, an id, a phone, 桥头路1号, "桥头路1号 302"."""
    import api.actions.register
    import api.show

    with opening.opened(opening.settings()) as opened:
        found = api.actions.register.find(
            opened.store, words, by=opening.operator(), seal=opened.seal, cell=cell, limit=limit
        )
    _table(found["lines"], _LINE)
    if found["more"]:
        api.show.say(f"there are more than {limit}; say more, or --limit")


@app.command()
def show(household: Annotated[int, typer.Argument(help="number of the household")]) -> None:
    """Show a household's card: where it lives and who belongs to it."""
    import api.actions.register

    with opening.opened(opening.settings()) as opened:
        card = api.actions.register.household(opened.store, household, by=opening.operator())
    cell = card["cell"] or {"code": "none", "name": ""}
    home = f"{card['address'] or card['building_code']} {card['dwelling']}"
    where = f"cell {cell['code']} {cell['name'] or ''}".rstrip()
    print(f"household {card['id']}: {home}, number {card['number']}, {where}")
    _table(
        card["residents"],
        ("id", "version", "name", "sex", "birth", "id_number", "phone", "relation", "residence",
         "floating", "floating_since", "floating_until"),
    )  # fmt: skip


@app.command()
def completeness(cell: CellOption = None) -> None:
    """Tell what is missing cell by cell, or with --cell list it: what to mend next."""
    import api.actions.register
    import data.register_gaps

    with opening.opened(opening.settings()) as opened:
        told = api.actions.register.completeness(
            opened.store, by=opening.operator(), seal=opened.seal, cell=cell
        )
    if cell is None:
        _table(told["cells"], ("code", "name", *data.register_gaps.GAPS))
        return
    for gap, label in data.register_gaps.GAPS.items():
        for one in told["lists"][gap]:
            print(f"{gap}\t{label}\t{one.get('label') or _about_row(one)}")


def _about_row(one: Mapping[str, Any]) -> str:
    faults = "; ".join(f"{fault['field']} {fault['reason']}" for fault in one["faults"])
    return f"{one['sheet']} row {one['row']} {one['values']['name'] or ''}: {faults}"


@app.command()
def decisions(cell: CellOption = None, limit: LimitOption = 100) -> None:
    """List what sheets say otherwise and only a person can decide."""
    import api.actions.deciding

    with opening.opened(opening.settings()) as opened:
        found = api.actions.deciding.decisions(
            opened.store, by=opening.operator(), cell=cell, limit=limit
        )
    for one in found:
        one["says"] = "; ".join(
            f"{field} {said['now'] or '-'} → {said['sheet']}"
            for field, said in one["fields"].items()
        )
    _table(found, ("id", "kind", "name", "address", "dwelling", "says", "sheet", "row", "told_at"))


@app.command()
def decide(
    decision: Annotated[int, typer.Argument(help="number of the decision")],
    choice: Annotated[str, typer.Argument(help="taken, kept, or added (another person)")],
    field: Annotated[
        list[str] | None, typer.Option(help="with taken: only this field. Repeatable")
    ] = None,
) -> None:
    """Settle a decision: take the sheet's values, keep the register's, or add another person."""
    import api.actions.deciding

    with opening.opened(opening.settings()) as opened:
        done = api.actions.deciding.decide(
            opened.store, decision, choice, fields=field or None, by=opening.operator(),
            seal=opened.seal, now=datetime.now(UTC),
        )  # fmt: skip
    print(f"decision {done['id']} is {done['state']}: resident {done['resident_id']}")


@app.command()
def duplicates(cell: CellOption = None, limit: LimitOption = 100) -> None:
    """Propose pairs of records that may be one person, the likeliest first."""
    import api.actions.deciding

    with opening.opened(opening.settings()) as opened:
        found = api.actions.deciding.duplicates(
            opened.store, by=opening.operator(), cell=cell, limit=limit
        )
    for pair in found:
        for side in ("one", "other"):
            told = pair[side]
            words = (told["name"], told["birth"], told["id_number"], told["phone"])
            place = f"{told['address'] or ''} {told['dwelling']}"
            pair[side] = " ".join([str(told["id"]), *(one or "-" for one in words), place])
    _table(found, ("reason", "one", "other"))


@app.command()
def merge(
    keep: Annotated[int, typer.Argument(help="number of the resident that stays")],
    merged: Annotated[int, typer.Argument(help="number of the one that goes into it")],
) -> None:
    """Make one record of two: blanks of the first are filled from the second, which goes."""
    import api.actions.deciding

    with opening.opened(opening.settings()) as opened:
        done = api.actions.deciding.merge(
            opened.store, keep=keep, merged=merged, by=opening.operator(), seal=opened.seal,
            now=datetime.now(UTC),
        )  # fmt: skip
    print(f"resident {merged} is merged into {keep}; undo: register undo-merge {done['id']}")


@app.command(name="undo-merge")
def undo_merge(number: Annotated[int, typer.Argument(help="number of the merge")]) -> None:
    """Make two records again of one, exactly as both were."""
    import api.actions.deciding

    with opening.opened(opening.settings()) as opened:
        done = api.actions.deciding.undo_merge(
            opened.store, number, by=opening.operator(), now=datetime.now(UTC)
        )
    print(f"residents {done['kept']} and {done['merged']} are two again")


@app.command()
def history(resident: Resident) -> None:
    """List what changed of a resident, when, by whom and from which sheet."""
    import api.actions.register

    with opening.opened(opening.settings()) as opened:
        changes = api.actions.register.history(opened.store, resident, by=opening.operator())
    _table(changes, ("at", "act", "field", "old", "new", "actor", "sheet", "told_at"))


@app.command()
def unmask(
    resident: Resident,
    reason: Annotated[str, typer.Option(help="why; it is written into the journal")],
) -> None:
    """Open one person: name, id, phone and birth in clear, for a reason the journal keeps."""
    import api.actions.register

    with opening.opened(opening.settings()) as opened:
        clear = api.actions.register.unmask(
            opened.store, resident, reason, by=opening.operator(), seal=opened.seal
        )
    for field, value in clear.items():
        print(f"{field}\t{value or ''}")
