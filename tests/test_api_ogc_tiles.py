"""OGC API Tiles over a served town, and all of the API as pages."""

import math

import httpx
import pytest

COLLECTIONS = ("cells", "facilities", "buildings", "divisions")


@pytest.fixture(scope="module")
def api(still_base):
    """Nobody who is signed in, at the landing page of the small demo town."""
    with httpx.Client(base_url=f"{still_base}/ogc", timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def chief(still_base):
    with httpx.Client(base_url=f"{still_base}/ogc", headers=still_base.headers) as client:
        yield client


def test_tiles_are_those_of_the_map_by_row_and_column(api, chief, still_base):
    west, south, east, north = api.get("/collections/cells").json()["extent"]["spatial"]["bbox"][0]
    n = 2**14
    column = int(((west + east) / 2 + 180) / 360 * n)
    row = int((1 - math.asinh(math.tan(math.radians((south + north) / 2))) / math.pi) / 2 * n)
    for collection in (*COLLECTIONS, "cases"):
        told = chief.get(f"/collections/{collection}/tiles/WebMercatorQuad").json()
        (template,) = [one for one in told["links"] if one["rel"] == "item"]
        assert template["templated"] is True
        href = template["href"].format(tileMatrix=14, tileRow=row, tileCol=column)
        tile = chief.get(href)
        ours = httpx.get(
            f"{still_base}/tiles/{collection}/14/{column}/{row}.mvt", headers=still_base.headers
        )
        assert tile.content == ours.content != b""
        assert tile.headers["content-type"] == template["type"]
        held = {"If-None-Match": tile.headers["etag"]}
        assert chief.get(href, headers=held).status_code == 304
        assert {one["id"] for one in told["layers"]}


def test_the_tiling_is_that_of_the_web(api):
    told = api.get("/tileMatrixSets/WebMercatorQuad").json()
    assert told["uri"] == "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
    assert told["tileMatrices"][0]["scaleDenominator"] == pytest.approx(559082264.0287178)
    assert told["tileMatrices"][3]["matrixWidth"] == 8


# Pages


@pytest.mark.parametrize(
    "path",
    [
        "", "/conformance", "/api", "/collections", "/tileMatrixSets", "/tileMatrixSets/WebMercatorQuad",
        *(f"/collections/{name}{rest}" for name in COLLECTIONS for rest in (
            "", "/queryables", "/items", "/items/1", "/tiles", "/tiles/WebMercatorQuad")),
    ],
)  # fmt: skip
def test_everything_is_a_page_too(api, path):
    for asked in ({"params": {"f": "html"}}, {"headers": {"Accept": "text/html,*/*;q=0.1"}}):
        answer = api.get(path, **asked)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert '<main id="main">' in answer.text
    plain = api.get(path, headers={"Accept": "application/geo+json,application/json,*/*"})
    assert "json" in plain.headers["content-type"]


def test_names_of_features_run_as_no_script(api, still_base):
    answer = api.get(
        "/collections/cells/items", params={"f": "html", "code": "<script>alert(1)</script>"}
    )
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
