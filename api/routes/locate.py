"""GET /locate: in which cell is this, and who is responsible."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

import data.locate
import data.locate_on
import gis.dials
from api.deps import Hot, ViewerDep
from gis import coordinates
from gis.access import Right
from gis.terms import Datum

router = APIRouter()

Degrees = Annotated[float, Query(description="degrees in the datum named")]
Accuracy = Annotated[
    float, Query(ge=0, le=10_000, description="accuracy of the position in metres")
]


Day = Annotated[date, Field(ge=gis.dials.FIRST_DAY, le=gis.dials.LAST_DAY)]


@router.get("/locate")
async def locate(
    connection: Hot,
    viewer: ViewerDep,
    lon: Degrees,
    lat: Degrees,
    datum: Datum = Datum.WGS84,
    accuracy_m: Accuracy = 0.0,
    on: Annotated[Day | None, Query(description="a day past or coming; else now")] = None,
) -> Response:
    """Answer the cell of a point, its posts, and other cells within the accuracy.

    On another day, by the cells of that day; its posts for who has the right `counts`.
    """
    coordinates.check_point(lon, lat)
    asked = data.locate.question(
        *coordinates.convert_point(lon, lat, source=datum), accuracy_m=accuracy_m
    )
    if on is None:
        found = await data.locate.at(connection, asked)
    else:
        with_posts = viewer.may(Right.COUNTS)
        found = await data.locate_on.at(connection, asked, on, with_posts=with_posts)
    return Response(found, media_type="application/json")
