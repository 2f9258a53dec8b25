"""GET /export/{kind}{suffix}: the same files as `wangge export`."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response, StreamingResponse

from api.deps import SettingsDep, Store, ViewerDep
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
    Query(max_length=64, description="code of a cell or a division"),
]


@router.get("/export/{name}")
def export(
    store: Store,
    settings: SettingsDep,
    viewer: ViewerDep,
    name: str,
    area: Area = None,
    plan: Annotated[str | None, Query(max_length=200)] = None,
    as_of: date | None = None,
    datum: Datum = Datum.WGS84,
    crs: Annotated[str | None, Query(max_length=60)] = None,
) -> Response:
    """Send cells, facilities, cases, dwellings or statistics; the format is the suffix."""
    import api.actions.exports
    import data.files.write
    from api.actions.exports import Shape
    from data.exports import Wanted

    suffix = data.files.write.suffix_of(name)
    wanted = Wanted(_kind(name.lower().removesuffix(suffix)), area, plan, as_of, settings.time_zone)
    today = date.today()
    headers = {"Content-Disposition": f'attachment; filename="{wanted.kind}{suffix}"'}
    shape = Shape(datum, crs)
    if suffix in data.files.write.STREAMED:
        body = api.actions.exports.stream(store, wanted, suffix, shape, by=viewer, today=today)
        return StreamingResponse(body, media_type=MEDIA[suffix], headers=headers)
    folder = tempfile.TemporaryDirectory(prefix="wangge-export-")
    path = Path(folder.name) / f"{wanted.kind}{suffix}"
    try:
        api.actions.exports.export_file(store, wanted, path, shape, by=viewer, today=today)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        path, media_type=MEDIA[suffix], headers=headers, background=BackgroundTask(folder.cleanup)
    )


def _kind(name: str) -> str:
    import data.exports

    if name not in data.exports.KINDS:
        raise BadInput(
            f"{name!r} is not exported; choose from {', '.join(data.exports.KINDS)}",
            choices=list(data.exports.KINDS),
        )
    return name
