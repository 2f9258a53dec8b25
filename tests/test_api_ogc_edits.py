"""Features written over HTTP: facilities by editors, cells of drafts by planners, with If-Match."""

import json

import httpx
import pytest
import shapely
import sqlalchemy as sa
from conftest import owning, signed_in
from shapely.geometry import mapping, shape

from data.accounts import Charged
from gis.access import Role

FACILITIES = "/ogc/collections/facilities/items"
GEOJSON, MERGE = "application/geo+json", "application/merge-patch+json"
COMMUNITY = "990101001001"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def _person(base, url, role, charge=None):
    charged = Charged(division=charge) if charge else Charged(everything=True)
    token = signed_in(url, f"{role}-{charge or 'all'}", role, [charged])
    return httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=60)


@pytest.fixture
def people(server, town_url):
    base = server(town_url)
    made = []

    def person(role, charge=None):
        made.append(_person(base, town_url, role, charge))
        return made[-1]

    yield person
    for one in made:
        one.close()


def _send(client, method, path, told, tag=None, kind=GEOJSON):
    headers = {"Content-Type": kind} | ({} if tag is None else {"If-Match": tag})
    body = told if isinstance(told, str) else json.dumps(told)
    return client.request(method, path, content=body, headers=headers)


def _feature(geometry, **properties):
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _own(editor):
    """A place that serves people in the editor's charge, as it stands, and its ETag."""
    number = editor.get("/community/pages/facilities").json()[0]["id"]
    answer = editor.get(f"{FACILITIES}/{number}")
    return f"{FACILITIES}/{number}", answer.json(), answer.headers["etag"]


def _lines(url, act):
    with owning(url) as db:
        return db.scalar(sa.text("SELECT count(*) FROM journal WHERE act = :act"), {"act": act})


# Facilities


def test_a_facility_is_added_changed_and_closed(people, town_url):
    editor = people(Role.LEADER, COMMUNITY)
    _, found, _ = _own(editor)
    told = _feature(found["geometry"], name="新开的店", category="commerce", phone="027-1")
    made = _send(editor, "POST", FACILITIES, told)
    assert made.status_code == 201
    new = made.headers["location"]
    kept = editor.get(new)
    assert kept.headers["etag"] == made.headers["etag"]
    held = {"If-None-Match": kept.headers["etag"]}
    assert editor.get(new, headers=held).status_code == 304
    assert kept.json()["properties"]["name"] == "新开的店"
    assert kept.json()["properties"]["cell"] == found["properties"]["cell"]

    changed = _send(
        editor, "PATCH", new, {"properties": {"phone": None}}, kept.headers["etag"], MERGE
    )
    assert changed.status_code == 204
    after = editor.get(new)
    assert after.headers["etag"] == changed.headers["etag"] != kept.headers["etag"]
    assert after.json()["properties"] == kept.json()["properties"] | {"phone": None}

    whole = _feature(
        after.json()["geometry"], **after.json()["properties"] | {"name": "改了名的店"}
    )
    assert _send(editor, "PUT", new, whole, after.headers["etag"]).status_code == 204
    last = editor.get(new)
    assert last.json()["properties"]["name"] == "改了名的店"

    before = _lines(town_url, "change")
    assert editor.delete(new, headers={"If-Match": last.headers["etag"]}).status_code == 204
    assert editor.get(new).status_code == 404
    assert _lines(town_url, "change") == before + 1, "one act, one line"


def test_replacing_leaves_nothing_that_is_not_told(people):
    editor = people(Role.LEADER, COMMUNITY)
    path, found, tag = _own(editor)
    assert found["properties"]["phone"]
    told = _feature(None, name="只剩名字", category="medical")
    assert _send(editor, "PUT", path, told, tag).status_code == 204
    now = editor.get(path).json()["properties"]
    assert (now["name"], now["category"], now["phone"], now["address"], now["hours"]) == (
        "只剩名字", "medical", None, None, None,
    )  # fmt: skip
    assert now["code"] == found["properties"]["code"]
    assert editor.get(path).json()["geometry"] == found["geometry"]


def test_who_saw_an_older_version_changes_nothing(people):
    editor, other = people(Role.LEADER, COMMUNITY), people(Role.CHIEF, COMMUNITY)
    path, _, tag = _own(editor)
    told = {"properties": {"phone": "027-2"}}
    assert _send(editor, "PATCH", path, told, kind=MERGE).status_code == 428
    assert _send(other, "PATCH", path, told, tag, MERGE).status_code == 204
    late = _send(editor, "PATCH", path, {"properties": {"phone": "027-3"}}, tag, MERGE)
    assert late.status_code == 412
    assert late.headers["content-type"] == "application/problem+json"
    assert editor.delete(path, headers={"If-Match": tag}).status_code == 412
    assert editor.get(path).json()["properties"]["phone"] == "027-2"
    assert (
        _send(editor, "PATCH", path, {"properties": {"phone": "027-3"}}, "*", MERGE).status_code
        == 204
    )


@pytest.mark.parametrize(
    ("told", "kind", "status"),
    [
        ("{", MERGE, 400),
        ({"properties": {"colour": "red"}}, MERGE, 400),
        ({"properties": {"code": "X"}}, MERGE, 400),
        ({"properties": {"name": 5}}, MERGE, 400),
        ({"properties": {"name": ""}}, MERGE, 400),
        ({"properties": {"category": "castle"}}, MERGE, 400),
        ({"properties": {"hours": "always"}}, MERGE, 400),
        ({"properties": {"valid_to": "soon"}}, MERGE, 400),
        ({"properties": []}, MERGE, 400),
        ({"properties": {"name": "长" * 1001}}, MERGE, 400),
        ({"geometry": {"type": "Point", "coordinates": ["111.0", "30.0"]}}, MERGE, 400),
        ({"geometry": {"type": "Point", "coordinates": [True, 30]}}, MERGE, 400),
        ('{"geometry": {"type": "Point", "coordinates": [NaN, 30]}}', MERGE, 400),
        ("[" * 5000, MERGE, 400),
        (" " * 2**21 + "{}", MERGE, 413),
        ({"geometry": {"type": "Point", "coordinates": [111.0, 30.0]}}, MERGE, 400),
        ({"geometry": {"type": "Point"}}, MERGE, 400),
        ({"type": "Building", "properties": {}}, MERGE, 400),
        ({"properties": {"name": "x"}}, "text/plain", 415),
    ],
)
def test_what_a_facility_cannot_be_is_refused_and_nothing_done(people, told, kind, status):
    editor = people(Role.LEADER, COMMUNITY)
    path, _, tag = _own(editor)
    answer = _send(editor, "PATCH", path, told, tag, kind)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert editor.get(path).headers["etag"] == tag


@pytest.mark.parametrize("crs", ["<>", "x", f"<{EPSG}27700>"])
def test_a_body_in_a_system_that_is_not_offered_is_refused(people, crs):
    editor = people(Role.LEADER, COMMUNITY)
    path, _, tag = _own(editor)
    headers = {"Content-Type": MERGE, "If-Match": tag, "Content-Crs": crs}
    answer = editor.patch(path, content='{"properties": {"phone": "1"}}', headers=headers)
    assert answer.status_code == 400
    assert answer.json()["field"] == "Content-Crs"


def test_a_new_facility_stands(people):
    editor = people(Role.LEADER, COMMUNITY)
    _, found, _ = _own(editor)
    told = _feature(found["geometry"], name="没开的店", valid_to="2020-01-01")
    answer = _send(editor, "POST", FACILITIES, told)
    assert (answer.status_code, answer.json()["field"]) == (400, "valid_to")


def test_components_of_the_city_are_not_edited(people):
    editor = people(Role.CHIEF)
    asked = {"kind": "component", "limit": 1}
    (one,) = editor.get(FACILITIES, params=asked).json()["features"]
    path = f"{FACILITIES}/{one['id']}"
    told = {"properties": {"phone": "1"}}
    for answer in (
        _send(editor, "PATCH", path, told, "*", MERGE),
        editor.delete(path, headers={"If-Match": "*"}),
    ):
        assert answer.status_code == 403
        assert "component" in answer.json()["detail"]


def test_only_editors_write_and_only_in_their_charge(people):
    nobody, planner = httpx.Client(base_url=people(Role.AUDITOR).base_url), people(Role.PLANNER)
    editor, stranger = people(Role.LEADER, COMMUNITY), people(Role.LEADER, "990101001002")
    path, found, tag = _own(editor)
    told = {"properties": {"phone": "1"}}
    statuses = [
        _send(one, "PATCH", path, told, tag, MERGE).status_code
        for one in (nobody, planner, stranger)
    ]
    nobody.close()
    assert statuses == [401, 403, 403]
    shop = _feature(found["geometry"], name="别处的店")
    assert _send(stranger, "POST", FACILITIES, shop).status_code == 403
    assert editor.get(path).headers["etag"] == tag


def test_options_tell_what_each_may(people):
    editor, planner = people(Role.LEADER, COMMUNITY), people(Role.PLANNER)
    reads = "GET, HEAD, OPTIONS"
    assert editor.options(FACILITIES).headers["allow"] == f"{reads}, POST"
    one = editor.options(f"{FACILITIES}/1")
    assert one.headers["allow"] == f"{reads}, PUT, PATCH, DELETE"
    assert one.headers["accept-patch"] == MERGE
    assert planner.options(FACILITIES).headers["allow"] == reads
    assert editor.options("/ogc/collections/cells/items").headers["allow"] == reads
    refused = editor.delete("/ogc/collections/cells/items/1")
    assert (refused.status_code, refused.headers["allow"]) == (405, reads)
    refused = editor.put(FACILITIES)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")


# Cells of drafts


@pytest.fixture
def planner(people):
    one = people(Role.PLANNER)
    assert one.post("/plans", json={"name": "试", "area": COMMUNITY}).status_code == 201
    return one


def _draft(planner):
    every = planner.get("/ogc/collections").json()["collections"]
    (found,) = [one["id"] for one in every if one["id"].startswith("plan-")]
    return f"/ogc/collections/{found}/items"


def _cells(planner):
    told = planner.get(_draft(planner), params={"limit": 1000}).json()["features"]
    return {one["id"]: (one["properties"], shape(one["geometry"])) for one in told}


def _ground(cells):
    return shapely.union_all([ground for _, ground in cells.values()])


def _whole(cells, like):
    """The cells cover the same ground, none of it twice."""
    area = sum(ground.area for _, ground in cells.values())
    assert area == pytest.approx(_ground(like).area, rel=1e-9)
    strange = _ground(cells).symmetric_difference(_ground(like))
    assert strange.area < _ground(like).area * 1e-9


def test_a_cell_of_a_draft_is_renamed_reshaped_and_its_ground_stays_whole(planner, town_url):
    items, before = _draft(planner), _cells(planner)
    number = min(before)
    path = f"{items}/{number}"
    tag = planner.get(path).headers["etag"]
    assert (
        _send(planner, "PATCH", path, {"properties": {"name": "新名"}}, tag, MERGE).status_code
        == 204
    )
    one = planner.get(path)
    ground = shape(one.json()["geometry"])
    west, south, east, north = ground.bounds
    part = ground.intersection(shapely.box(west, south, west + (east - west) * 0.8, north))
    told = _feature(mapping(part), **one.json()["properties"] | {"name": "又改名"})
    edits = _lines(town_url, "plan-edit")
    assert _send(planner, "PUT", path, told, one.headers["etag"]).status_code == 204
    assert _lines(town_url, "plan-edit") == edits + 1, "one act, one line"
    after = _cells(planner)
    assert after[number][0]["name"] == "又改名"
    assert after[number][1].symmetric_difference(part).area < ground.area * 1e-6
    assert set(after) == set(before)
    _whole(after, before)
    back = planner.get(path)
    assert (
        _send(
            planner, "PATCH", path, {"geometry": mapping(ground)}, back.headers["etag"], MERGE
        ).status_code
        == 204
    )
    assert _cells(planner)[number][1].symmetric_difference(ground).area < ground.area * 1e-6
    _whole(_cells(planner), before)


def test_a_cell_is_made_out_of_others_and_goes_on_in_its_neighbour(planner):
    items, before = _draft(planner), _cells(planner)
    spot = before[min(before)][1].representative_point()
    square = shapely.box(spot.x - 2e-4, spot.y - 2e-4, spot.x + 2e-4, spot.y + 2e-4)
    made = _send(planner, "POST", items, _feature(mapping(square), name="市场专属网格"))
    assert made.status_code == 201, made.text
    cells = _cells(planner)
    (new,) = set(cells) - set(before)
    assert made.headers["location"].endswith(f"/{new}")
    assert cells[new][0]["kind"] == "dedicated"
    assert cells[new][1].symmetric_difference(square).area < square.area * 1e-4
    _whole(cells, before)
    gone = planner.delete(made.headers["location"], headers={"If-Match": made.headers["etag"]})
    assert gone.status_code == 204
    assert planner.get(made.headers["location"]).status_code == 404
    assert set(_cells(planner)) == set(before)
    _whole(_cells(planner), before)


def test_a_cell_may_be_told_in_metres_of_a_zone(planner):
    items, before = _draft(planner), _cells(planner)
    zone = "http://www.opengis.net/def/crs/EPSG/0/4546"
    path = f"{items}/{min(before)}"
    one = planner.get(path, params={"crs": zone})
    told = {"geometry": one.json()["geometry"], "properties": {"name": "按米"}}
    headers = {"Content-Type": MERGE, "If-Match": one.headers["etag"], "Content-Crs": f"<{zone}>"}
    answer = planner.patch(path, content=json.dumps(told), headers=headers)
    assert answer.status_code == 204, answer.text
    number = min(before)
    moved = _cells(planner)[number][1].hausdorff_distance(before[number][1])
    assert moved < 1e-7, "a centimetre at most"
    _whole(_cells(planner), before)


def test_what_a_draft_cannot_be_is_refused_and_nothing_done(planner):
    items, before = _draft(planner), _cells(planner)
    path = f"{items}/{min(before)}"
    tag = planner.get(path).headers["etag"]
    bow = {
        "type": "Polygon",
        "coordinates": [
            [[111.19, 30.1], [111.2, 30.11], [111.19, 30.11], [111.2, 30.1], [111.19, 30.1]]
        ],
    }
    away = mapping(shapely.box(100, 20, 100.001, 20.001))
    for method, where, told, status in (
        ("PATCH", path, {"properties": {"name": ""}}, 400),
        ("PATCH", path, {"properties": {"kind": "unit"}}, 400),
        ("PATCH", path, {"properties": {"code": "990101001001999"}}, 400),
        ("PATCH", path, {"geometry": bow}, 400),
        ("PATCH", path, {"geometry": away}, 400),
        ("PATCH", path, {"geometry": {"type": "Point", "coordinates": [111.2, 30.1]}}, 400),
        ("PUT", path, {"type": "Feature", "properties": {"name": "x"}}, 400),
        ("POST", items, _feature(away, name="在外面"), 400),
        ("POST", items, _feature(None, name="没有地"), 400),
        ("PATCH", f"{items}/99999999", {"properties": {"name": "x"}}, 404),
    ):  # fmt: skip
        answer = _send(planner, method, where, told, tag, MERGE if method == "PATCH" else GEOJSON)
        assert answer.status_code == status, (method, told, answer.text)
    assert planner.get(path).headers["etag"] == tag
    _whole(_cells(planner), before)


def test_drafts_are_for_planners_in_charge(planner, people):
    items = _draft(planner)
    stranger, leader = people(Role.PLANNER, "990101001002"), people(Role.LEADER, COMMUNITY)
    number = min(_cells(planner))
    told = {"properties": {"name": "别人的"}}
    assert leader.get(items).status_code == 403
    assert _send(leader, "PATCH", f"{items}/{number}", told, "*", MERGE).status_code == 403
    assert _send(stranger, "PATCH", f"{items}/{number}", told, "*", MERGE).status_code == 403
    assert "plan-" not in leader.get("/ogc/collections").text
