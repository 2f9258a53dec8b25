"""Tiles, GeoJSON, overview, search and card over HTTP."""

import httpx
import psycopg
import pytest

import data.layers_kept


@pytest.fixture
def town_api(still_base):
    with httpx.Client(base_url=still_base, headers=still_base.headers) as client:
        yield client


def _middle(url):
    west, south, east, north = url.get("/overview").json()["bbox"]
    return (west + east) / 2, (south + north) / 2


def _tile(client, layers, z=15):
    import math

    lon, lat = _middle(client)
    n = 2**z
    row = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
    return f"/tiles/{layers}/{z}/{int((lon + 180) / 360 * n)}/{row}.mvt"


def test_cases_of_who_is_signed_in_stay_in_no_browser(server, town_url, town_api):
    base = server(town_url)
    with httpx.Client(base_url=base, headers=base.headers) as signed:
        for layers, kept in (("cells,cases", "no-store"), ("cells", "no-cache")):
            answer = signed.get(_tile(town_api, layers))
            assert answer.headers["cache-control"] == f"private, {kept}"
        features = signed.get("/layers/cases.geojson?limit=1")
        assert features.headers["cache-control"] == "private, no-store"
    open_to_all = httpx.get(base + _tile(town_api, "cases"))
    assert open_to_all.headers["cache-control"] == "private, no-cache"


def test_a_tile_is_asked_once_and_then_confirmed(server, town_url):
    base = server(town_url)
    town_api = httpx.Client(base_url=base, headers=base.headers)
    path = _tile(town_api, "cells")
    first = town_api.get(path)
    assert first.status_code == 200
    assert first.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert first.headers["cache-control"] == "private, no-cache"
    held = {"If-None-Match": first.headers["etag"]}
    again = town_api.get(path, headers=held)
    assert (again.status_code, again.content) == (304, b"")
    with psycopg.connect(town_url) as connection:
        connection.execute("UPDATE grid_cell SET name = name || '改'")
        connection.execute("UPDATE data_version SET version = version + 1 WHERE layer = 'cells'")
    changed = town_api.get(path, headers=held)
    assert changed.status_code == 200
    assert "改".encode() in changed.content
    assert "改".encode() not in first.content
    town_api.close()


def test_several_layers_come_in_one_tile(town_api):
    joint = town_api.get(_tile(town_api, "base,cells,cases")).content
    parts = [town_api.get(_tile(town_api, layer)).content for layer in ("base", "cells", "cases")]
    assert joint == b"".join(parts)
    assert min(map(len, parts)) > 100


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/tiles/residents/1/0/0.mvt", 404, "choose from base"),
        ("/tiles/cells,foo/1/0/0.mvt", 404, "'foo'"),
        ("/tiles/cells/x/0/0.mvt", 400, "not a whole number"),
        ("/tiles/cells/3/9/0.mvt", 400, "from 0 to 7"),
        ("/tiles/cells/99/0/0.mvt", 400, "0 to 22"),
        ("/tiles/cells/1/0/0.mvt?plan=nope", 404, "no plan"),
        ("/tiles/cells/1/0/0.mvt?datum=bd09", 400, "gcj02"),
        ("/tiles/cells/1/0/0.mvt?colour=red", 400, "no parameter"),
        ("/layers/residents.geojson", 404, "choose from cells"),
        ("/layers/cells,cases.geojson", 404, "no layer"),
        ("/layers/cells.geojson?bbox=1,2", 400, "four numbers"),
        ("/layers/cells.geojson?area=999", 404, "neither"),
        ("/layers/cells.geojson?area=", 404, "neither"),
        ("/layers/cells.geojson?limit=0", 400, "whole number"),
        ("/layers/cells.geojson?limit=%D9%A3", 400, "whole number"),
        ("/layers/cells.geojson?datum=mars", 400, "choose from"),
        ("/layers/cells.geojson?limit=3&area=999", 404, "neither"),
        ("/layers/cells.geojson?limit=3&plan=nope", 404, "no plan"),
        ("/layers/base.geojson?limit=3&area=9901", 400, "use bbox"),
        ("/cells/nope", 404, "'nope'"),
        ("/cells/search?q=", 400, "q"),
    ],
)
def test_refusals_say_what_was_met_and_what_would_do(town_api, path, status, says):
    answer = town_api.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


def test_geojson_streams_a_whole_layer(town_api):
    overview = town_api.get("/overview").json()
    answer = town_api.get("/layers/cells.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    features = answer.json()["features"]
    fresh = town_api.get(
        "/overview", headers={"If-None-Match": town_api.get("/overview").headers["etag"]}
    )
    assert fresh.status_code == 304
    assert len(features) == overview["totals"]["cells"] == 60
    assert sum(f["properties"]["households"] for f in features) == overview["totals"]["households"]
    assert (
        town_api.get(
            "/layers/cells.geojson", headers={"If-None-Match": answer.headers["etag"]}
        ).status_code
        == 304
    )
    facilities = town_api.get("/layers/facilities.geojson").json()["features"]
    assert len(facilities) == 1500
    assert set(facilities[0]["properties"]) == {
        "id",
        "code",
        "name",
        "kind",
        "category",
        "class_code",
        "address",
    }


@pytest.mark.parametrize("layer", ["cells", "facilities", "cases", "buildings", "divisions"])
def test_a_page_is_the_beginning_of_the_whole(town_api, layer):
    lon, lat = _middle(town_api)
    path = f"/layers/{layer}.geojson"
    for asked in (
        {},
        {"bbox": f"{lon - 0.004},{lat - 0.003},{lon + 0.004},{lat + 0.003}"},
        {"area": "9901"},
        {"datum": "gcj02"},
        {"plan": town_api.get("/overview").json()["plan"]},
    ):
        whole = town_api.get(path, params=asked).json()
        assert set(whole) == {"type", "features"}
        assert len(whole["features"]) > 1, asked
        some = len(whole["features"]) // 2
        for limit in (1, some, data.layers_kept.MOST):
            page = town_api.get(path, params={**asked, "limit": limit})
            assert page.headers["content-type"] == "application/geo+json"
            again = town_api.get(path, params={**asked, "limit": limit})
            assert page.json()["features"] == whole["features"][:limit]
            assert (again.content, again.headers["etag"]) == (page.content, page.headers["etag"])


def test_more_than_a_page_is_streamed_and_the_same(town_api):
    few, more = (
        town_api.get("/layers/facilities.geojson", params={"limit": data.layers_kept.MOST + one})
        for one in (0, 1)
    )
    assert "content-length" in few.headers or "content-encoding" in few.headers
    assert more.headers["transfer-encoding"] == "chunked"
    assert few.json() == more.json()


def test_a_page_is_kept_until_an_edit_and_sent_as_the_reader_takes_it(server, town_url):
    base = server(town_url)
    with httpx.Client(base_url=base, headers=base.headers) as client:
        path, told = "/layers/cells.geojson?limit=20", {}
        for coding in ("identity", "gzip", "br"):
            answer = client.get(path, headers={"Accept-Encoding": coding})
            assert answer.headers.get("content-encoding", "identity") == coding
            held = {"If-None-Match": answer.headers["etag"], "Accept-Encoding": coding}
            assert client.get(path, headers=held).status_code == 304
            told[answer.headers["etag"]] = answer.content
        assert (len(told), len(set(told.values()))) == (3, 1)
        shelf = base.app.state.shelf
        assert sum(isinstance(key[0], data.layers_kept.Page) for key in shelf._tiles) == 1
        with psycopg.connect(town_url) as connection:
            connection.execute("UPDATE grid_cell SET name = name || '改'")
            connection.execute(
                "UPDATE data_version SET version = version + 1 WHERE layer = 'cells'"
            )
        after = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert after.status_code == 200
        assert all(f["properties"]["name"].endswith("改") for f in after.json()["features"])


def test_a_page_of_one_viewer_is_never_anothers(server, town_url):
    base = server(town_url)
    cases, cells = (f"/layers/{layer}.geojson?limit=100" for layer in ("cases", "cells"))
    with httpx.Client(base_url=base, headers=base.headers) as signed:
        mine = signed.get(cases)
        assert len(mine.json()["features"]) == 100
        held = {"If-None-Match": mine.headers["etag"]}
        theirs = httpx.get(base + cases, headers=held)
        assert (theirs.status_code, theirs.json()["features"]) == (200, [])
        assert signed.get(cases).content == mine.content
        one, other = signed.get(cells).json(), httpx.get(base + cells).json()
        assert [f["properties"]["code"] for f in one["features"]] == [
            f["properties"]["code"] for f in other["features"]
        ]
        assert not any(f["properties"]["hidden"] for f in one["features"])
        assert any(f["properties"]["hidden"] for f in other["features"])


def test_divisions_are_found_by_their_name_and_that_of_the_one_above(town_api):
    cell = town_api.get("/cells/search", params={"q": "第一网格"}).json()[0]
    card = town_api.get(f"/cells/{cell['code']}").json()
    (found,) = town_api.get(
        "/divisions/search", params={"q": f"{card['street']['name']} {cell['community']}"}
    ).json()
    assert (found["code"], found["name"]) == (card["community"]["code"], cell["community"])
    assert (found["level"], found["parent"]) == ("village", card["street"]["name"])
    west, south, east, north = found["bbox"]
    assert west <= card["bbox"][0] < east
    assert south <= card["bbox"][1] < north
    assert town_api.get("/divisions/search", params={"q": "没有这样的地方"}).json() == []


def test_search_and_card(town_api):
    found = town_api.get("/cells/search", params={"q": "第一网格"}).json()
    assert 0 < len(found) <= 20
    card = town_api.get(f"/cells/{found[0]['code']}").json()
    assert card["bbox"] == found[0]["bbox"]
    assert card["community"]["name"] == found[0]["community"]
    assert sum(card["open_cases_by_state"].values()) == card["open_cases"]
    assert sum(card["facilities_by_category"].values()) == card["facilities"]
    assert {post["role"] for post in card["posts"]} <= {"grid_leader", "grid_worker", "backup"}
    area = town_api.get("/layers/facilities.geojson", params={"area": card["code"]}).json()
    assert len(area["features"]) == card["facilities"]


def test_an_empty_store_answers_too(server, empty_url):
    with httpx.Client(base_url=server(empty_url)) as client:
        overview = client.get("/overview").json()
        assert (overview["plan"], overview["bbox"], overview["totals"]["cells"]) == (None, None, 0)
        assert client.get("/layers/cells.geojson").json()["features"] == []
        assert client.get("/tiles/cells,base/1/0/0.mvt").content == b""
