"""How the matrix asks routes of pages, maps, exports and of signing in."""

from __future__ import annotations

import math

from matrix import Area, Ask, Examples


def _tiles(area: Area) -> list[Ask]:
    lon, lat = area.spot
    asks = []
    for z in (8, 11, 14, 17):
        x = int((lon + 180) / 360 * 2**z)
        y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z)
        asks += [
            Ask(f"/tiles/{layers}/{z}/{x}/{y}.mvt")
            for layers in ("cases", "cells,cases,facilities,buildings,base,divisions")
        ]
    return asks


ASKS: Examples = {
    ("GET", "/"): lambda _: [Ask("/")],
    ("GET", "/map"): lambda _: [Ask("/map")],
    ("GET", "/style"): lambda _: [Ask("/style")],
    ("GET", "/worker"): lambda _: [Ask("/worker")],
    ("GET", "/worker/sw.js"): lambda _: [Ask("/worker/sw.js")],
    ("GET", "/worker/manifest.webmanifest"): lambda _: [Ask("/worker/manifest.webmanifest")],
    ("GET", "/worker/left"): lambda _: [Ask("/worker/left")],
    ("GET", "/worker/key"): lambda _: [Ask("/worker/key")],
    ("GET", "/desk"): lambda _: [Ask("/desk")],
    ("GET", "/plan"): lambda _: [Ask("/plan")],
    ("GET", "/editors"): lambda _: [Ask("/editors")],
    ("GET", "/work"): lambda _: [Ask("/work")],
    ("POST", "/view"): lambda _: [Ask("/view", form={"language": "en"})],
    ("GET", "/static"): lambda _: [Ask("/static/map/main.js")],
    ("GET", "/openapi.json"): lambda _: [Ask("/openapi.json")],
    ("GET", "/tiles/{layers}/{z}/{x}/{y}.mvt"): _tiles,
    ("GET", "/tiles/{layers}.json"): lambda _: [Ask("/tiles/cells,cases.json")],
    ("GET", "/tiles/{layers}/style.json"): lambda _: [Ask("/tiles/cells,cases/style.json")],
    ("GET", "/layers/{layer}.geojson"): lambda area: [
        Ask(f"/layers/{layer}.geojson", params)
        for layer in ("cells", "facilities", "cases", "buildings")
        for params in ({}, {"area": area.code}, {"area": area.cell}, {"bbox": "113,29,115,31"})
    ],
    ("GET", "/overview"): lambda _: [Ask("/overview")],
    ("GET", "/cells/search"): lambda area: [Ask("/cells/search", {"q": area.cell})],
    ("GET", "/divisions/search"): lambda area: [Ask("/divisions/search", {"q": area.code})],
    ("GET", "/cells/{code:path}"): lambda area: [Ask(f"/cells/{area.cell}")],
    ("GET", "/locate"): lambda area: [
        Ask("/locate", {"lon": area.spot[0], "lat": area.spot[1], "accuracy_m": 500, **day})
        for day in ({}, {"on": "2026-01-01"})
    ],
    ("GET", "/catalogue"): lambda _: [Ask("/catalogue")],
    ("GET", "/live"): lambda _: [Ask("/live", {"lasts_s": 0.05})],
    ("GET", "/export/{name}"): lambda area: [
        Ask(f"/export/{kind}{suffix}", {"area": place, "reason": "对账 to compare"})
        for kind in ("cells", "facilities", "cases", "dwellings", "statistics", "residents")
        for suffix in (".csv", ".geojson", ".gpkg")
        for place in (area.code, area.cell)
    ],
    ("GET", "/sign-in"): lambda _: [Ask("/sign-in")],
    ("POST", "/sign-in"): lambda _: [Ask("/sign-in", form={"login": "x", "password": "y"})],
    ("POST", "/sign-in/demo"): lambda _: [Ask("/sign-in/demo", form={"login": "worker"})],
    ("GET", "/sign-in/oidc"): lambda _: [Ask("/sign-in/oidc")],
    ("GET", "/sign-in/oidc/back"): lambda _: [Ask("/sign-in/oidc/back", {"code": "x"})],
    ("POST", "/sign-out"): lambda _: [Ask("/sign-out", form={})],
    ("GET", "/me"): lambda _: [Ask("/me")],
    ("POST", "/me/password"): lambda _: [Ask("/me/password", form={"old": "x", "new": "y" * 12})],
    ("POST", "/tokens"): lambda _: [Ask("/tokens", body={"label": "report"})],
    ("DELETE", "/tokens/{number}"): lambda _: [Ask("/tokens/1")],
    ("GET", "/cells/{code:path}/duty"): lambda area: [Ask(f"/cells/{area.cell}/duty")],
}
