"""A project and styles to take away for QGIS, with the addresses of the host that was asked.

They name public layers and hold no data: QGIS asks for it as whoever is signed in there.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import data.ogc
import data.scope
import maps.qgis
from api.deps import viewer_of
from api.ogc_asked import offered
from gis.errors import NotFound
from gis.terms import CellKind, FacilityCategory
from maps.qgis import Asked
from maps.qgis_style import STYLED

router = APIRouter()
QML = "application/x-qgis-layer-settings"
QGZ = "application/zip"
_WORDS = {
    "cells": {"kind": {one.value: one.label for one in CellKind}},
    "facilities": {"category": {one.value: one.label for one in FacilityCategory}},
}


async def project(request: Request) -> Response:
    """The project: cells and facilities over the ground, as this host serves them."""
    async with data.scope.looking(request.app.state.pool, viewer_of(request)) as connection:
        found = [_asked(await data.ogc.one_of(connection, viewer_of(request), one))
                 for one in STYLED]  # fmt: skip
        where, _ = await offered(request, connection)
    base = str(request.base_url).rstrip("/")
    return _sent(maps.qgis.project(found, base=base, box=where), QGZ, "wangge.qgz")


async def style(request: Request) -> Response:
    """The style of one layer."""
    name, viewer = request.path_params["layer"], viewer_of(request)
    if name not in STYLED:
        said = f"there is no style of {name!r:.40}; choose from {', '.join(STYLED)}"
        raise NotFound(said, choices=list(STYLED))
    async with data.scope.looking(request.app.state.pool, viewer) as connection:
        one = await data.ogc.one_of(connection, viewer, name)
    return _sent(maps.qgis.qml(_asked(one)), QML, f"{name}.qml")


def _asked(one: data.ogc.Collection) -> Asked:
    titles = {name: told.title for name, told in one.properties.items()}
    return Asked(one.name, one.title, titles, _WORDS[one.name])


def _sent(body: bytes, kind: str, name: str) -> Response:
    about = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-cache",
    }
    return Response(body, media_type=kind, headers=about)


router.add_route("/qgis/wangge.qgz", project, methods=["GET"])
router.add_route("/qgis/{layer}.qml", style, methods=["GET"])
