"""GET /export/{kind}{suffix}: the same files as `wangge export`.

Residents go out masked only; clear values are for the command line.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from api.deps import SealDep, SettingsDep, Store, Streams, ViewerDep
from api.streaming import Streamed
from gis.errors import BadInput
from gis.terms import Datum

router = APIRouter()

MEDIA = {
    ".geojson": "application/geo+json",
    ".geojsonl": "application/geo+json-seq",
    ".csv": "text/csv; charset=utf-8",
    ".gpkg": "application/geopackage+sqlite3",
    ".fgb": "application/octet-stream",
    ".parquet": "application/vnd.apache.parquet",
    ".shp.zip": "application/zip",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Area = Annotated[
    str | None,
    Query(max_length=64, description="code of a cell or a division, or its leading digits"),
]
Reason = Annotated[
    str | None, Query(max_length=200, description="why; the journal keeps it. Residents need one")
]
Headings = Annotated[Literal["zh"] | None, Query(description="Chinese ones, of .xlsx")]


@router.get("/export/{name}")
def export(
    store: Store,
    settings: SettingsDep,
    viewer: ViewerDep,
    seal: SealDep,
    streams: Streams,
    name: str,
    area: Area = None,
    plan: Annotated[str | None, Query(max_length=200)] = None,
    as_of: date | None = None,
    datum: Datum = Datum.WGS84,
    crs: Annotated[str | None, Query(max_length=60)] = None,
    by: Annotated[str, Query(max_length=20, description="cell, community or street")] = "cell",
    reason: Reason = None,
    headings: Headings = None,
    named_area: Annotated[int | None, Query(ge=1, lt=2**63, description="of the desk")] = None,
) -> Response:
    """Send cells, facilities, cases, dwellings, statistics or residents; the format is the suffix.

    Counts of people and cases that are hidden from the viewer are null.
    """
    import api.actions.exports
    import data.files.write
    from api.actions.exports import Shape, Taking
    from data.exports import PERSONS, Wanted

    suffix = data.files.write.suffix_of(name)
    kind = _kind(name.lower().removesuffix(suffix))
    wanted = Wanted(kind, area, plan, as_of, settings.time_zone, by, named_area)
    api.actions.exports.may_take(kind, viewer)
    now = datetime.now(UTC)
    today = settings.today()
    headers = {
        "Content-Disposition": f'attachment; filename="{kind}{suffix}"',
        "Cache-Control": "private, no-store",
    }
    shape = Shape(datum, crs, in_chinese=headings is not None)
    if suffix in data.files.write.STREAMED and kind != PERSONS:
        with streams.entering():
            body = api.actions.exports.stream(
                store, wanted, suffix, shape, by=viewer, today=today, reason=reason
            )
        return Streamed(body, streams, media_type=MEDIA[suffix], headers=headers)
    folder = tempfile.TemporaryDirectory(prefix="wangge-export-")
    path = Path(folder.name) / f"{wanted.kind}{suffix}"
    try:
        if kind == PERSONS:
            api.actions.exports.export_persons(
                store, wanted, path, shape, Taking(reason or "", now), by=viewer, seal=seal
            )
        else:
            api.actions.exports.export_file(
                store, wanted, path, shape, by=viewer, today=today, reason=reason
            )
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        path, media_type=MEDIA[suffix], headers=headers, background=BackgroundTask(folder.cleanup)
    )


def _kind(name: str) -> str:
    import data.exports

    choices = (*data.exports.KINDS, data.exports.PERSONS)
    if name not in choices:
        raise BadInput(
            f"{name!r} is not exported; choose from {', '.join(choices)}", choices=list(choices)
        )
    return name
