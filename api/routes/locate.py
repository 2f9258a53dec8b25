"""GET /locate: in which cell is this, and who is responsible. About now mostly `api.locating`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

import data.locate_on
import data.locate_point
import gis.dials
from api.deps import Hot, ViewerDep
from gis import coordinates
from gis.access import Right
from gis.terms import Datum

router = APIRouter()
MOST_ACCURACY_M = 10_000

Day = Annotated[date, Field(ge=gis.dials.FIRST_DAY, le=gis.dials.LAST_DAY)]


class Asked(BaseModel):
    """A place, and of which day."""

    lon: float = Field(description="degrees in the datum named")
    lat: float = Field(description="degrees in the datum named")
    datum: Datum = Datum.WGS84
    accuracy_m: float = Field(
        default=0.0, ge=0, le=MOST_ACCURACY_M, description="accuracy of the position in metres"
    )
    on: Day | None = Field(default=None, description="a day past or coming; else now")


@router.get("/locate")
async def locate(connection: Hot, viewer: ViewerDep, asked: Annotated[Asked, Query()]) -> Response:
    """Answer the cell of a point, its posts, and other cells within the accuracy.

    On another day, by the cells of that day; its posts for who has the right `counts`.
    """
    coordinates.check_point(asked.lon, asked.lat)
    place = coordinates.convert_point(asked.lon, asked.lat, source=asked.datum)
    question = data.locate_point.question(*place, accuracy_m=asked.accuracy_m)
    if asked.on is None:
        found = await data.locate_point.at(connection, question)
    else:
        with_posts = viewer.may(Right.COUNTS)
        found = await data.locate_on.at(connection, question, asked.on, with_posts=with_posts)
    return Response(found, media_type="application/json")
