"""CQL2 as SQL: the abstract tests of the standard over its own test data, in text and in JSON."""

import random
from pathlib import Path

import geopandas
import numpy as np
import psycopg
import pytest
import shapely
from conftest import REAL
from town import wait_for

import data.ogc
import data.ogc_items
import gis.cql
from data.ogc import Collection, Property
from data.ogc_cql import DAY, MOMENT, NUMBER, TEXT, TRUTH, Writer
from data.ogc_items import Wanted
from gis.errors import BadInput
from gis.ogc_crs import DEFAULT

FOLDER = REAL / "ogc_conformance" / "cql2" / "standard"
NATURAL_EARTH = FOLDER / "data" / "ne110m4cql2.gpkg"
LAYERS = {
    "c": "ne_110m_admin_0_countries",
    "p": "ne_110m_populated_places_simple",
    "r": "ne_110m_rivers_lake_centerlines",
}
EXPECTED = Path(__file__).parent / "conformance" / "cql2.txt"
TYPES = {TEXT: "text", NUMBER: "float8", DAY: "date", MOMENT: "timestamptz", TRUTH: "boolean"}
earthly = pytest.mark.skipif(
    not NATURAL_EARTH.exists(),
    reason=f"the test data of CQL2 is not in {FOLDER}: set WANGGE_REAL_DATA",
)


def _expected():
    found, name = {}, ""
    for line in EXPECTED.read_text().splitlines():
        if line.startswith("["):
            name = line.strip("[]")
            found[name] = []
        elif line and not line.startswith("#"):
            layer, count, predicate = line.split(" ", 2)
            found[name].append((layer, int(count), predicate))
    return found


CLASSES = _expected()


def _kind(name, values):
    if name in ("date", "start", "end", "boolean"):
        return {"date": DAY, "boolean": TRUTH}.get(name, MOMENT)
    return NUMBER if values.dtype.kind in "iuf" else TEXT


def _load(connection, name):
    frame = geopandas.read_file(NATURAL_EARTH, layer=name)
    shapes = frame.geometry.to_numpy()
    table = frame.drop(columns="geometry")
    kinds = {one: _kind(one, table[one]) for one in table.columns}
    columns = ", ".join(f'"{one}" {TYPES[kind]}' for one, kind in kinds.items())
    connection.execute(f"CREATE TABLE {name} (id bigint, {columns}, geom geometry(Geometry, 4326))")
    cells = table.astype(object).where(table.notna(), None)
    if "boolean" in cells:
        cells["boolean"] = [None if one is None else bool(one) for one in cells["boolean"]]
    with connection.cursor().copy(f"COPY {name} FROM STDIN") as copy:
        for number, (row, shape) in enumerate(zip(cells.to_numpy(), shapes, strict=True)):
            copy.write_row(
                (
                    number,
                    *row,
                    shapely.to_wkb(shapely.set_srid(shape, 4326), hex=True, include_srid=True),
                )
            )
    properties = {one: Property(kind, one) for one, kind in kinds.items()}
    rows = f"SELECT e.*, 0::bigint AS version FROM {name} e"
    return Collection(name, name, name, "any", rows, properties)


@pytest.fixture(scope="module")
def earth(template_of):
    collections = {}

    def fill(url):
        with psycopg.connect(url) as connection:
            for letter, name in LAYERS.items():
                collections[letter] = _load(connection, name)

    return template_of(fill), collections


@pytest.fixture
def count(earth, copy_of):
    template, collections = earth
    url = copy_of(template)

    async def counted(asked):
        async with await psycopg.AsyncConnection.connect(url) as connection:
            found = []
            for letter, tree in asked:
                page = await data.ogc_items.page(
                    connection, Wanted(collections[letter], filter=tree, limit=1000)
                )
                found.append(page.returned)
            return found

    return lambda asked: wait_for(counted(asked))


def _read(predicate):
    return gis.cql.read(predicate, "cql2-text")


@earthly
@pytest.mark.parametrize("name", CLASSES)
def test_each_predicate_of_a_conformance_class_finds_what_it_should(count, name):
    asked = [(layer, _read(predicate)) for layer, _, predicate in CLASSES[name]]
    found = dict(zip((one[2] for one in CLASSES[name]), count(asked), strict=True))
    wanted = {predicate: number for _, number, predicate in CLASSES[name]}
    assert {p: n for p, n in found.items() if n != wanted[p]} == {}


@earthly
def test_combinations_of_predicates_are_what_logic_says(count):
    every = [one for of in CLASSES.values() for one in of if one[0] == "p"]
    chance = random.Random(21065)
    asked = []
    for _ in range(40):
        p1, p2, p3, p4 = (f"({one[2]})" for one in chance.sample(every, 4))
        whole = f"((NOT {p1} AND {p2}) OR ({p3} and NOT {p4}) or not ({p1} AND {p4}))"
        asked += [("p", _read(one)) for one in (whole, f"NOT {whole}", "true")]
    found = np.array(count(asked)).reshape(-1, 3)
    assert (found[:, 0] + found[:, 1] <= found[:, 2]).all(), "nulls are neither"
    assert (found[:, 2] == 243).all()
    assert found[:, 0].min() < 243


@earthly
def test_a_filter_of_a_place_off_the_earth_is_refused(count):
    for shape in ("POINT(90 180)", "MULTIPOINT(7.02 49.92, 90 180)"):
        with pytest.raises(BadInput, match="not on the earth"):
            count([("c", _read(f"S_INTERSECTS(geom,{shape})"))])


@pytest.mark.skipif(
    not FOLDER.exists(), reason="the examples of CQL2 are not here: WANGGE_REAL_DATA"
)
def test_every_example_of_the_standard_is_read_in_text_and_in_json():
    examples = FOLDER / "schema" / "examples"
    texts = sorted((examples / "text").glob("*.txt"))
    assert len(texts) > 100
    for path in texts:
        assert gis.cql.read(path.read_text(), "cql2-text") is not None, path
    for path in sorted((examples / "json").glob("*.json")):
        assert gis.cql.read(path.read_text(), "cql2-json") is not None, path


COLUMNS = {"name": TEXT, "n": NUMBER, "day": DAY, "at": MOMENT, "ok": TRUTH}


@pytest.mark.parametrize(
    ("filter", "says"),
    [
        ("nobody = 1", "no property 'nobody'"),
        ("name = 1", "a text and a number"),
        ("name", "a truth is wanted"),
        ("n LIKE 'a'", "a text is wanted"),
        ("pg_sleep(10) = 1", "no function"),
        ("pg_sleep(10)", "no operator or function"),
        ("day > DATE('2022-13-41')", "no day"),
        ("at > TIMESTAMP('yesterday')", "no moment"),
        ("S_INTERSECTS(name, POINT(1 2))", "a ground is wanted"),
        ("S_INTERSECTS(geometry, POLYGON((0 0, 1 1, 0 1, 1 0, 0 0)))", "not sound"),
        ("S_INTERSECTS(geometry, BBOX(5,5,1,1))", "wrong way round"),
        ("A_CONTAINS(name, ('a'))", "no operator or function"),
        ("T_AFTER(INTERVAL(day, at), INTERVAL('2020-01-01', '..'))", "from day to day"),
        ("name = ", "no CQL2"),
        ("name = 'a' OR " * 500 + "ok", "longer"),
        ("(" * 30 + "ok" + ")" * 30, "deeper"),
        ("not " * 30 + "ok", "deeper"),
    ],
)
def test_what_a_filter_may_not_say_is_refused_in_words(filter, says):
    with pytest.raises(BadInput, match=says):
        Writer(COLUMNS, DEFAULT).where(_read(filter))


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        ('{"op": "="}', "no operator with arguments"),
        ('{"op": "=", "args": [1]}', "takes 2"),
        ('{"op": "=", "args": [{"property": ["name"]}, 1]}', "no property"),
        ('{"op": "=", "args": [{"property": "name\\"; DROP"}, 1]}', "no property"),
        ('{"op": "in", "args": [{"property": "n"}, 5]}', "a list"),
        (
            '{"op": "s_intersects", "args": [{"property": "geom"}, {"bbox": [1, 2, "x", 4]}]}',
            "bbox",
        ),
        (
            '{"op": "s_intersects", "args": [{"property": "geom"}, {"type": "Point"}]}',
            "no geometry",
        ),
        (
            '{"op": "t_after", "args": [{"property": "at"}, {"interval": 5}]}',
            "a beginning and an end",
        ),
        ("[" * 80 + "]" * 80, "deeper"),
        ("{", "no JSON"),
        ("5", "neither yes nor no"),
    ],
)
def test_json_that_is_no_filter_is_refused_in_words(tree, says):
    with pytest.raises(BadInput, match=says):
        Writer(COLUMNS, DEFAULT).where(gis.cql.read(tree, "cql2-json"))


def test_values_of_a_filter_never_stand_in_the_sql():
    writer = Writer(COLUMNS, DEFAULT)
    written = writer.where(_read("name = 'x''; DROP TABLE case_file; --' AND n IN (1, 2.5)"))
    assert "DROP" not in written
    assert "x'; DROP TABLE case_file; --" in writer.values.values()
