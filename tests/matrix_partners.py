"""How the matrix asks routes for other systems."""

from __future__ import annotations

from matrix import Area, Ask, Examples
from town import SEAL, TESTER

from api.actions import follow, open311
from gis.follow import Followed

_NEW = (
    "INSERT INTO case_file (code, title, description, address, area_no, cell_id, geom) "
    "SELECT 'O-' || (SELECT max(id) FROM case_file), title, title, title, area_no, cell_id, geom "
    "FROM case_file WHERE area_no = :area ORDER BY id LIMIT 1 RETURNING id"
)
"""A case whose words bear the mark of the area."""


def _id(area: Area) -> str:
    return follow.code(Followed.CASE, area.number(_NEW), SEAL)


def _report(area: Area) -> list[Ask]:
    key = open311.add_key(area.store, "matrix", jurisdiction="", per_hour=1000, by=TESTER)[1]
    lon, lat = area.spot
    form = {"api_key": key, "service_code": "event-0113", "lat": str(lat), "long": str(lon)}
    return [Ask("/open311/v2/requests.json", form=form)]


ASKS: Examples = {
    ("GET", "/open311/discovery.{suffix}"): lambda _: [Ask("/open311/discovery.json")],
    ("GET", "/open311/v2/services.{suffix}"): lambda _: [Ask("/open311/v2/services.json")],
    ("GET", "/open311/v2/services/{name}"): lambda _: [Ask("/open311/v2/services/event-0113.xml")],
    ("POST", "/open311/v2/requests.{suffix}"): _report,
    ("GET", "/open311/v2/requests.{suffix}"): lambda area: [
        Ask("/open311/v2/requests.json", params={"extensions": "true"}),
        Ask(
            "/open311/v2/requests.xml",
            params={"extensions": "true", "service_request_id": f"{_id(area)},{area.case}"},
        ),
    ],
    ("GET", "/open311/v2/requests/{name}"): lambda area: [
        Ask(f"/open311/v2/requests/{_id(area)}.json", params={"extensions": "true"})
    ],
    ("GET", "/open311/v2/tokens/{name}"): lambda area: [
        Ask(f"/open311/v2/tokens/{_id(area)}.json")
    ],
}
