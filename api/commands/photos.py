"""Photographs 照片 of cases, at the store's own machine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from api import opening
from gis.errors import BadInput

app = typer.Typer(
    name="photos",
    help="Photographs 照片 of a case: added, listed.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Code = Annotated[str, typer.Argument(help="code of the case")]


@app.command()
def add(
    code: Code,
    files: Annotated[list[Path], typer.Argument(help="JPEG, PNG or WebP")],
    words: Annotated[str, typer.Option(help="what they show; stands on the timeline")] = "",
) -> None:
    """Add photographs to a case, as one line of its timeline."""
    import api.actions.photos

    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        raise BadInput(f"there is no file {', '.join(missing)}")
    settings = opening.settings()
    with opening.opened(settings) as opened:
        added = api.actions.photos.add(
            opened.store,
            code,
            [path.read_bytes() for path in files],
            by=opening.operator(),
            now=datetime.now(UTC),
            zone=ZoneInfo(settings.time_zone),
            words=words,
        )
    _lines(added["photos"])


@app.command(name="list")
def list_(code: Code) -> None:
    """List the photographs of a case; how far from the reported place each was taken."""
    import api.actions.photos

    with opening.opened(opening.settings()) as opened:
        found = api.actions.photos.of_case(opened.store, code, by=opening.operator())
    _lines(found["photos"])


def _lines(photos: list[dict[str, object]]) -> None:
    print("number\twidth\theight\ttaken_at\tphoto_distance_m")
    for one in photos:
        far = "\tfar from the reported place 拍摄点较远" if one["is_far"] else ""
        distance = "" if one["photo_distance_m"] is None else f"{one['photo_distance_m']:.0f}"
        print(
            f"{one['number']}\t{one['width']}\t{one['height']}\t{one['taken_at'] or ''}\t{distance}"
            f"{far}"
        )
