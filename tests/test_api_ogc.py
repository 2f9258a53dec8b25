"""OGC API Features Core, CRS and filters: the abstract tests of the standards, over a served town."""

import re

import httpx
import numpy as np
import pyproj
import pytest
import shapely
from shapely.geometry import shape

from api.ogc_told import CONFORMS

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
COLLECTIONS = ("cells", "facilities", "buildings", "divisions")
SPATIAL = ("cells", "facilities", "buildings")


@pytest.fixture(scope="module")
def api(still_base):
    """Nobody who is signed in, at the landing page of the small demo town."""
    with httpx.Client(base_url=f"{still_base}/ogc", timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def chief(still_base):
    with httpx.Client(base_url=f"{still_base}/ogc", headers=still_base.headers) as client:
        yield client


def _links(told, rel):
    return [one for one in told["links"] if one["rel"] == rel]


def _items(api, collection, **asked):
    answer = api.get(f"/collections/{collection}/items", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _ids(page):
    return [one["id"] for one in page["features"]]


# Common and Core


def test_the_landing_page_leads_to_everything(api):
    for path in ("", "/"):
        answer = api.get(path)
        assert answer.headers["content-type"] == "application/json"
    told = api.get("").json()
    assert told["title"]
    for rel in ("self", "service-desc", "service-doc", "conformance", "data"):
        for link in _links(told, rel):
            found = api.get(link["href"])
            assert found.status_code == 200
            assert found.headers["content-type"].split(";")[0] == link["type"].split(";")[0]


def test_the_conformance_classes_are_told(api):
    told = api.get("/conformance").json()["conformsTo"]
    assert told == list(CONFORMS)
    core = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
    assert {core + name for name in ("core", "oas30", "html", "geojson")} <= set(told)
    # QGIS leaves filters to the server only where all of these hold
    three, cql = (
        "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/",
        "http://www.opengis.net/spec/cql2/1.0/conf/",
    )
    assert {
        three + "filter",
        three + "features-filter",
        cql + "cql2-text",
        cql + "basic-cql2",
    } <= set(told)


def test_the_api_is_told_as_openapi_3_0(api):
    answer = api.get("/api")
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    told = answer.json()
    assert told["openapi"].startswith("3.0")
    limit = told["components"]["parameters"]["limit"]
    assert (limit["style"], limit["explode"], limit["in"]) == ("form", False, "query")
    assert (
        1 == limit["schema"]["minimum"] <= limit["schema"]["default"] <= limit["schema"]["maximum"]
    )
    names = [op["operationId"] for ways in told["paths"].values() for op in ways.values()]
    assert len(names) == len(set(names))
    refs = re.findall(r'"#/components/(\w+)/([\w-]+)"', answer.text)
    assert refs
    for kind, name in refs:
        assert name in told["components"][kind]


def test_every_path_of_the_api_document_is_there_and_asked_as_it_says(api):
    told = api.get("/api").json()
    place = {
        "featureId": "1",
        "tileMatrixSetId": "WebMercatorQuad",
        "tileMatrix": "0",
        "tileRow": "0",
        "tileCol": "0",
    }
    for path, ways in told["paths"].items():
        asked = re.sub(r"\{(\w+)\}", lambda found: place[found[1]], path)
        assert api.get(asked).status_code == 200, path
        assert api.get(asked, params={"kennt_keiner": "1"}).status_code == 400, path
        if path.endswith("/items"):
            named = [
                one.get("name") or one["$ref"].rpartition("/")[2]
                for one in ways["get"]["parameters"]
            ]
            assert {"limit", "bbox", "datetime", "filter", "code"} <= set(named)


def test_each_collection_tells_its_place_its_systems_and_its_items(api):
    every = api.get("/collections").json()
    assert [one["id"] for one in every["collections"]] == list(COLLECTIONS)
    for one in every["collections"]:
        alone = api.get(f"/collections/{one['id']}").json()
        assert alone["title"] == one["title"]
        assert alone["extent"] == one["extent"]
        assert alone["crs"] == one["crs"] == every["crs"]
        assert one["crs"][0] == one["storageCrs"] == CRS84
        west, south, east, north = one["extent"]["spatial"]["bbox"][0]
        assert west < east
        assert south < north
        for link in _links(one, "items"):
            assert api.get(link["href"]).status_code == 200


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("", "application/json"), ("/conformance", "application/json"),
        ("/collections", "application/json"), ("/collections/cells", "application/json"),
        ("/collections/cells/items", "application/geo+json"),
        ("/collections/cells/items?limit=3&bbox=-180,-90,180,90", "application/geo+json"),
        ("/collections/cells/items/1", "application/geo+json"),
    ],
)  # fmt: skip
def test_every_answer_leads_to_itself_and_to_its_page(api, path, kind):
    told = api.get(path).json()
    assert all({"href", "rel", "type"} <= set(one) for one in told["links"])
    (itself,), (page,) = _links(told, "self"), _links(told, "alternate")
    assert (itself["type"], page["type"]) == (kind, "text/html")
    again = api.get(itself["href"]).json()
    assert {k: v for k, v in again.items() if k not in ("links", "timeStamp")} == {
        k: v for k, v in told.items() if k not in ("links", "timeStamp")
    }
    assert api.get(page["href"]).headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "box",
    ["-1.5,50,1.5,53", "-80,-5,-70,5", "177,65,-177,70", "-180,85,180,90", "-180,-90,180,-85"],
)
def test_boxes_of_the_far_ends_of_the_earth_are_empty(api, box):
    assert _items(api, "cells", bbox=box)["numberMatched"] == 0


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_items_are_features_page_by_page(api, collection):
    first = _items(api, collection, limit=7)
    assert first["type"] == "FeatureCollection"
    assert first["timeStamp"].endswith("Z")
    assert first["numberReturned"] == len(first["features"]) <= 7
    seen, page = _ids(first), first
    while following := _links(page, "next"):
        page = api.get(following[0]["href"]).json()
        assert page["numberMatched"] == first["numberMatched"]
        assert page["numberReturned"] == len(page["features"])
        seen += _ids(page)
    assert len(seen) == len(set(seen)) == first["numberMatched"]
    for one in first["features"]:
        assert one["type"] == "Feature"
        alone = api.get(f"/collections/{collection}/items/{one['id']}").json()
        assert {name: alone[name] for name in ("id", "geometry", "properties")} == {
            name: one[name] for name in ("id", "geometry", "properties")
        }
        assert _links(alone, "self")
        assert _links(alone, "collection")


@pytest.mark.parametrize("collection", SPATIAL)
def test_a_box_finds_what_meets_it_and_nothing_else(api, collection):
    every = _items(api, collection, limit=10000)["features"]
    shapes = np.array([shape(one["geometry"]) for one in every])
    ids = np.array([one["id"] for one in every])
    middle = shapely.union_all(shapes).centroid
    box = shapely.box(middle.x - 0.004, middle.y - 0.003, middle.x + 0.004, middle.y + 0.003)
    wanted = set(ids[shapely.intersects(shapes, box)].tolist())
    assert 0 < len(wanted) < len(ids)
    four = ",".join(map(str, box.bounds))
    w, s, e, n = box.bounds
    for told in (four, f"{w},{s},-100,{e},{n},100"):
        assert set(_ids(_items(api, collection, bbox=told, limit=10000))) == wanted
    assert _ids(_items(api, collection, bbox=f"{e + 10},-90,{w - 10},90", limit=10000)) == []
    round_the_world = _items(api, collection, bbox=f"{w},{s},{w - 0.0001},{n}", limit=10000)
    assert set(_ids(round_the_world)) >= wanted
    line = shapely.LineString([(w, middle.y), (e, middle.y)])
    crossed = set(ids[shapely.intersects(shapes, line)].tolist())
    flat = f"{w},{middle.y},{e},{middle.y}"
    assert set(_ids(_items(api, collection, bbox=flat, limit=10000))) == crossed


def test_a_time_finds_what_was_reported_then(chief):
    asked = {"limit": 10000, "filter": "reported_at IS NOT NULL"}
    every = _items(chief, "cases", **asked)["features"]
    times = np.array([np.datetime64(one["properties"]["reported_at"][:19]) for one in every])
    day = str(np.sort(times)[len(times) // 2])[:10]
    both = [
        _items(chief, "cases", datetime=told, **asked)["numberMatched"]
        for told in (f"../{day}T00:00:00Z", f"{day}T00:00:00.000001Z/..")
    ]
    assert sum(both) == len(every)
    assert min(both) > 0
    whole = _items(chief, "cases", datetime="2000-01-01/2099-12-31", **asked)
    assert whole["numberMatched"] == len(every)
    assert _items(chief, "cases", datetime="1999-01-01T00:00:00Z", **asked)["features"] == []
    lasting = _items(chief, "cases", datetime="2000-01-01/P40000D", **asked)
    assert lasting["numberMatched"] == len(every)
    assert _items(chief, "cells", datetime="1999-01-01")["features"], "cells have no time"


def test_facilities_are_there_from_their_first_to_their_last_day(api):
    total = _items(api, "facilities")["numberMatched"]
    assert _items(api, "facilities", datetime="2026-01-01T08:00:00Z")["numberMatched"] == total
    before = _items(api, "facilities", datetime="../1999-12-31")["numberMatched"]
    undated = _items(api, "facilities", filter="valid_from IS NULL")["numberMatched"]
    assert before == undated < total


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": "0"}, {"limit": "-1"}, {"limit": "many"}, {"limit": "1.5"},
        {"bbox": "1,2,3"}, {"bbox": "1,2,3,4,5"}, {"bbox": "a,b,c,d"}, {"bbox": "1,5,2,4"},
        {"bbox": "1,2,nan,4"}, {"bbox": "1,2,3,95"},
        {"datetime": "yesterday"}, {"datetime": "2026-01-01T00:00:00"}, {"datetime": "2026-13-01"},
        {"datetime": "2026-02-01/2026-01-01"}, {"datetime": "2026-01-01/2026-01-02/2026-01-03"},
        {"unknown": "1"}, {"f": "xml"}, {"crs": "EPSG:4490"}, {"bbox-crs": f"{EPSG}27700"},
        {"crs": f"{EPSG}4513"}, {"filter": "nobody = 1"}, {"filter": "name ="}, {"filter-lang": "sql"},
        {"filter": "{}", "filter-lang": "cql2-json"}, {"filter-crs": "mine"},
        {"households": "many"}, {"households": "NaN"}, {"households": "1_0"}, {"after": "x"},
        {"filter": "null", "filter-lang": "cql2-json"}, {"filter": "S_INTERSECTS(geometry, POINT EMPTY)"},
        {"filter": "POWER(households, 2) > 1"}, {"filter": "households ^ 99999 > 1"},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_400_in_words(api, asked):
    answer = api.get("/collections/cells/items", params=asked)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/collections/residents", "/collections/residents/items", "/collections/cells/items/99999999",
        "/collections/cells/items/x", "/collections/plan-1/items", "/nowhere",
        "/collections/cells/tiles/Other", "/collections/cells/tiles/WebMercatorQuad/1/2/0",
    ],
)  # fmt: skip
def test_what_is_not_there_is_404_in_words(api, path):
    answer = api.get(path)
    assert answer.status_code in ({401} if "plan-" in path else {404})
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_parameter_may_be_repeated_but_not_told_otherwise(api):
    """Clients that follow a link with parameters of their own repeat what it says."""
    again = api.get("/collections/cells/items?f=json&limit=3&limit=3&f=json")
    assert again.json()["numberReturned"] == 3
    answer = api.get("/collections/cells/items?limit=3&limit=4")
    assert (answer.status_code, answer.json()["field"]) == (400, "limit")


def test_a_page_for_people_is_short(api):
    asked = {"f": "html", "limit": 10000}
    assert api.get("/collections/facilities/items", params=asked).text.count("<tr>") == 501


def test_more_than_the_most_is_the_most(api):
    assert _items(api, "cells", limit=10**9)["numberReturned"] == 60


# Part 2


def _system(uri):
    return pyproj.CRS.from_epsg(int(uri.rpartition("/")[2]))


@pytest.mark.parametrize("collection", SPATIAL)
def test_every_system_tells_the_same_places_with_its_axes_in_order(api, collection):
    systems = api.get(f"/collections/{collection}").json()["crs"]
    assert {f"{EPSG}{srid}" for srid in (4326, 3857, 4490)} < set(systems)
    assert any(4490 < int(uri.rpartition("/")[2]) < 4555 for uri in systems[1:]), (
        "a zone of CGCS2000"
    )
    plain = _items(api, collection, limit=5)["features"]
    for uri in systems:
        answer = api.get(f"/collections/{collection}/items", params={"limit": 5, "crs": uri})
        assert answer.headers["content-crs"] == f"<{uri}>"
        if uri == CRS84:
            assert answer.json()["features"] == plain
            continue
        # pyproj tells and takes coordinates in the order of the authority unless told otherwise
        to = pyproj.Transformer.from_crs(4326, _system(uri))
        for one, told in zip(plain, answer.json()["features"], strict=True):
            lon, lat = shapely.get_coordinates(shape(one["geometry"])).T
            wanted = np.column_stack(to.transform(lat, lon))
            found = shapely.get_coordinates(shape(told["geometry"]))
            near = 1e-6 if _system(uri).is_geographic else 0.02
            assert np.abs(found - wanted).max() < near, uri
        alone = api.get(f"/collections/{collection}/items/{plain[0]['id']}", params={"crs": uri})
        assert alone.headers["content-crs"] == f"<{uri}>"
        assert alone.json()["geometry"] == answer.json()["features"][0]["geometry"]


@pytest.mark.parametrize("collection", SPATIAL)
def test_a_box_in_any_system_finds_the_same(api, collection):
    told = api.get(f"/collections/{collection}").json()
    west, south, east, north = told["extent"]["spatial"]["bbox"][0]
    wanted = _ids(_items(api, collection, bbox=f"{west},{south},{east},{north}", limit=10000))
    assert wanted
    for uri in told["crs"][1:]:
        to = pyproj.Transformer.from_crs(4326, _system(uri))
        low, high = to.transform(south, west), to.transform(north, east)
        box = ",".join(map(str, (*low, *high)))
        found = _items(api, collection, bbox=box, limit=10000, **{"bbox-crs": uri})
        assert _ids(found) == wanted, uri


def test_a_box_told_with_its_axes_the_other_way_is_an_empty_place(api):
    told = api.get("/collections/cells").json()
    west, south, east, north = told["extent"]["spatial"]["bbox"][0]
    for uri in told["crs"][1:]:
        if uri == f"{EPSG}3857":
            continue
        to = pyproj.Transformer.from_crs(4326, _system(uri), always_xy=True)
        box = ",".join(map(str, (*to.transform(west, south), *to.transform(east, north))))
        assert _ids(_items(api, "cells", bbox=box, **{"bbox-crs": uri})) == [], uri


def test_shapes_of_a_filter_may_be_told_in_any_system(api):
    one = _items(api, "facilities", limit=1)["features"][0]
    lon, lat = one["geometry"]["coordinates"]
    for uri in api.get("/collections/facilities").json()["crs"]:
        if uri == CRS84:
            low, high = (lon - 1e-4, lat - 1e-4), (lon + 1e-4, lat + 1e-4)
        else:
            to = pyproj.Transformer.from_crs(4326, _system(uri))
            low, high = to.transform(lat - 1e-4, lon - 1e-4), to.transform(lat + 1e-4, lon + 1e-4)
        box = ",".join(f"{value:.9f}" for value in (*low, *high))
        found = _items(
            api, "facilities", filter=f"S_INTERSECTS(geometry, BBOX({box}))", **{"filter-crs": uri}
        )
        assert one["id"] in _ids(found), uri
        assert found["numberMatched"] < 30


# Part 3


def test_queryables_are_what_filters_take(api):
    for collection in COLLECTIONS:
        answer = api.get(f"/collections/{collection}/queryables")
        assert answer.headers["content-type"] == "application/schema+json"
        told = answer.json()
        assert told["$id"] == str(answer.url)
        assert told["properties"]["geometry"]["x-ogc-role"] == "primary-geometry"
        for name in told["properties"]:
            nothing = _items(api, collection, filter=f'"{name}" IS NULL', limit=1)["numberMatched"]
            some = _items(api, collection, filter=f'"{name}" IS NOT NULL', limit=1)["numberMatched"]
            assert nothing + some == _items(api, collection, limit=1)["numberMatched"]


def test_a_property_may_be_asked_for_by_its_name(api):
    plain = _items(api, "facilities", category="medical", limit=10000)
    told = _items(api, "facilities", filter="category = 'medical'", limit=10000)
    json = '{"op": "=", "args": [{"property": "category"}, "medical"]}'
    as_json = _items(api, "facilities", filter=json, limit=10000, **{"filter-lang": "cql2-json"})
    assert _ids(plain) == _ids(told) == _ids(as_json)
    assert {one["properties"]["category"] for one in plain["features"]} == {"medical"}
    both = _items(api, "facilities", category="medical", filter="name LIKE '%药%'", limit=10000)
    assert set(_ids(both)) < set(_ids(plain))
    assert _items(api, "cells", households="-5")["features"] == []


# Rights


def test_cases_are_a_collection_only_for_who_may_see_them(api, chief):
    assert api.get("/collections/cases/items").status_code == 401
    assert "/collections/cases" not in api.get("/api").json()["paths"]
    assert "cases" in {one["id"] for one in chief.get("/collections").json()["collections"]}
    answer = chief.get("/collections/cases/items", params={"limit": 3})
    assert answer.json()["numberReturned"] == 3
    assert answer.headers["cache-control"] == "private, no-store"


def test_hidden_numbers_stay_hidden_also_from_filters(api, chief):
    hidden = _items(api, "cells", filter="open_cases IS NULL", limit=100)["features"]
    seen = _items(chief, "cells", limit=100)["features"]
    exact = {one["id"]: one["properties"]["open_cases"] for one in seen}
    assert all(one["properties"]["hidden"] for one in hidden)
    small = _items(api, "cells", filter="open_cases BETWEEN 1 AND 4", limit=100)
    assert small["features"] == []
    assert all(number is not None for number in exact.values())
