"""GET /locate: in which cell is this, and who is responsible."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

import data.locate
from api.deps import Hot
from gis import coordinates
from gis.terms import Datum

router = APIRouter()

Degrees = Annotated[float, Query(description="degrees in the datum named")]
Accuracy = Annotated[
    float, Query(ge=0, le=10_000, description="accuracy of the position in metres")
]


@router.get("/locate")
async def locate(
    connection: Hot,
    lon: Degrees,
    lat: Degrees,
    datum: Datum = Datum.WGS84,
    accuracy_m: Accuracy = 0.0,
) -> Response:
    """Answer the cell of a point, its posts, and other cells within the accuracy."""
    coordinates.check_point(lon, lat)
    asked = data.locate.question(
        *coordinates.convert_point(lon, lat, source=datum), accuracy_m=accuracy_m
    )
    return Response(await data.locate.at(connection, asked), media_type="application/json")
