"""社区云 at the store's own machine: what waits, a notice from a file, days to answer."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from api import opening
from api.commands import intake
from gis.errors import BadInput
from gis.terms import RecordKind
from gis.terms_community import Audience

app = typer.Typer(
    name="community",
    help="The community 社区云: what waits, notices, by when questions are answered.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
MOST_BYTES = 100_000


@app.command()
def work() -> None:
    """List what waits: questions and applications by deadline, polls, decisions."""
    import api.actions.community_edit

    with opening.opened(opening.settings()) as opened:
        told = api.actions.community_edit.work(opened.store, by=opening.operator())
    for name in ("questions", "applications"):
        for one in told[name]:
            what = one.get("topic") or "、".join(one["skills"])
            print(f"{name[:-1]} {one['id']}\t{one['due_at']:%Y-%m-%d}\t{one['division']}\t{what}")
    for one in told["polls"]:
        print(f"poll {one['id']}\t{one['closes_at']:%Y-%m-%d}\t{one['title']}")
    for one in told["decisions"]:
        print(
            f"decision {one['id']}\t{one['due_on'] or ''}\t{one['meeting_title']}\t{one['words']}"
        )
    print(f"{sum(map(len, told.values()))} things wait 项待办")


@app.command()
def notice(
    file: Annotated[Path, typer.Argument(help="the words: plain text in UTF-8")],
    title: Annotated[str, typer.Option(help="its title")],
    division: Annotated[
        str | None, typer.Option(help="code of the division; the whole town without")
    ] = None,
    until: Annotated[datetime | None, typer.Option(help="until when it is shown")] = None,
    staff: Annotated[bool, typer.Option("--staff", help="for staff, not for residents")] = False,
) -> None:
    """Publish a notice from a file; a blank line parts its paragraphs."""
    import api.actions.community_edit
    from data.community_edit import Page

    settings = opening.settings()
    told = {
        "title": title, "body": _read(file), "division": division,
        "audience": Audience.STAFF if staff else Audience.PUBLIC,
        "until_at": until and until.replace(tzinfo=ZoneInfo(settings.time_zone)),
    }  # fmt: skip
    with opening.opened(settings) as opened:
        made = api.actions.community_edit.publish(
            opened.store, Page.NOTICE, told, by=opening.operator(), now=datetime.now(UTC)
        )
    print(f"notice {made['id']} is published 已发布")


@app.command()
def guides(
    file: Annotated[Path, typer.Argument(help="xlsx or CSV: a guide a row")],
    try_: Annotated[bool, typer.Option("--try", help="tell all, write nothing")] = False,
    errors: Annotated[Path | None, typer.Option(help="write refused rows here")] = None,
) -> None:
    """Publish the guides of a sheet, or change those of the same title in the same division.

    The same sheet again changes nothing. An empty one: wangge template guides -o FILE.xlsx
    """
    intake.import_(RecordKind.GUIDES, file, dry_run=try_, errors=errors)


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise BadInput(f"{file} is larger than {MOST_BYTES} bytes; a notice is a page")
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read as text in UTF-8: {error}") from error


@app.command(name="answer-days")
def answer_days(
    days: Annotated[float, typer.Argument(help="how many work days, 0.5 to 100")],
) -> None:
    """Set within how many work days questions from now on are answered."""
    import api.actions.community_edit

    with opening.opened(opening.settings()) as opened:
        api.actions.community_edit.set_answer_days(opened.store, days, by=opening.operator())
    print(f"questions are answered within {days:g} work days 工作日内答复")


@app.command(name="contact-days")
def contact_days(
    days: Annotated[float, typer.Argument(help="how many days, 1 to 365")],
) -> None:
    """Set how many days after the answer names and telephones of who asked are erased."""
    import api.actions.community_edit

    with opening.opened(opening.settings()) as opened:
        api.actions.community_edit.set_contact_days(opened.store, days, by=opening.operator())
    print(f"names and telephones are erased {days:g} days after the answer 答复后删除联系方式")
