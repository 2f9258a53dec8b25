"""Row policies: nobody sees what is not in his charge, and the spatial index stays in use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from conftest import _sql, _template
from sqlalchemy.orm import Session
from town import wait_for

import bench._crowd
import data.db
import data.embedded
import data.layers
import data.scope
import data.tiles
import data.tiles_place
from gis.access import ANYBODY, EVERYWHERE, NOWHERE, Role, Scope, Viewer, operator

RESIDENTS, CELLS = 1_000_000, 2_000
PER_CELL = RESIDENTS // CELLS
OWNER = operator("test")
UNMARK = "ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF"


def leader(scope: Scope) -> Viewer:
    return Viewer(1, "leader", "组长", Role.LEADER, scope)


def area(division: str, place: int = 0) -> int:
    return int(division.ljust(12, "0")) * 10**6 + place


STREET = Scope(area("990101001"), area("990101002") - 1)
# of two communities every other cell: what no range can say
_SOME = tuple(area("990101001001", n) for n in range(1, 21, 2)) + tuple(
    area("990101001003", n) for n in range(1, 21, 2)
)
SCOPES = {
    "street": STREET,
    "everywhere": EVERYWHERE,
    "areas": Scope(_SOME[0], _SOME[-1], _SOME),
}


@pytest.fixture(scope="module")
def crowd_url(cluster: data.embedded.Cluster, empty_template: str) -> Iterator[str]:
    """A million homes, households, residents and cases in 2,000 cells."""
    url = _template(cluster, "crowd", empty_template)
    store = data.db.engine(url)
    bench._crowd.settle(store, residents=RESIDENTS, cells=CELLS)
    store.dispose()
    yield url
    _sql(cluster, "DROP DATABASE {} WITH (FORCE)", "crowd")


@pytest.fixture(scope="module")
def crowd(crowd_url: str) -> Iterator[sa.Engine]:
    store = data.db.engine(crowd_url)
    yield store
    store.dispose()


# What the queries read


def within(scope: Scope, table: str) -> str:
    """The same wish without policies: what is in the scope, said in the query itself."""
    said = f"{table}.area_no BETWEEN {scope.low} AND {scope.high}"
    if scope.areas is not None:
        said += f" AND {table}.area_no = ANY ('{{{','.join(map(str, scope.areas))}}}'::int8[])"
    return said


def explain(store: sa.Engine, viewer: Viewer, query: str, values: Any = None) -> dict[str, Any]:
    """Run a query twice and tell what the second run did."""
    with data.scope.transaction(store, viewer, keep=False) as db:
        cursor = data.db.cursor(db)
        for _ in range(2):
            row = cursor.execute(
                "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + query, values, prepare=False
            ).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]
    return plan


def buffers(plan: dict[str, Any]) -> int:
    return int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])


def scans(plan: dict[str, Any]) -> set[str]:
    """The indexes a plan uses, and the tables it walks through."""
    found: set[str] = set()

    def walk(node: dict[str, Any]) -> None:
        if node["Node Type"].endswith("Seq Scan"):
            found.add(f"all of {node['Relation Name']}")
        found.update({node["Index Name"]} if "Index Name" in node else set())
        for below in node.get("Plans", []):
            walk(below)

    walk(plan["Plan"])
    return found


VIEW = bench._crowd.box(1.5, 1.2)
_HOMES = "FROM dwelling d JOIN household h ON h.dwelling_id = d.id JOIN resident r ON {}"
_JOINED = _HOMES.format("r.household_id = h.id")
QUERIES = {
    "dwellings of a viewport": (
        f"SELECT id, number, geom FROM dwelling d WHERE geom && {VIEW} AND {{scope}}",
        "dwelling_geom_gist",
    ),
    "dwellings of a polygon": (  # ST_Intersects apart: it may not be asked before the policy is
        f"WITH near AS MATERIALIZED (SELECT id, geom FROM dwelling d WHERE geom && {VIEW} "
        f"AND {{scope}}) SELECT id FROM near WHERE ST_Intersects(geom, ST_Buffer({VIEW}, -0.001))",
        "dwelling_geom_gist",
    ),
    "residents of a viewport": (
        f"SELECT r.id, r.name_mask {_JOINED} WHERE d.geom && {VIEW} AND {{scope}}",
        "dwelling_geom_gist",
    ),
    "residents of a cell": (
        f"SELECT d.number, h.number, r.name_mask {_JOINED} WHERE d.cell_id = "
        "(SELECT id FROM grid_cell WHERE code = '99010100100100003') AND {scope}",
        "dwelling_cell_id",
    ),
    "residents of a household": (
        "SELECT r.* FROM household d JOIN resident r ON r.household_id = d.id WHERE d.id = 777 AND {scope}",
        "ix_resident_household_id",
    ),
    "residents of a name": (
        "SELECT id, name_mask FROM resident d WHERE name_index = uuid_send(md5('n77')::uuid) AND {scope}",
        "resident_name_index",
    ),
    "a worker's list": (
        "SELECT id, name_mask FROM resident d WHERE area_no = 990101001001000005 "
        "AND {scope} ORDER BY id LIMIT 50",
        "resident_area_no",
    ),
}


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("scope", SCOPES)
def test_protected_queries_read_no_more_than_unprotected_ones(
    crowd: sa.Engine, name: str, scope: str
) -> None:
    query, index = QUERIES[name]
    unprotected = explain(crowd, OWNER, query.format(scope=within(SCOPES[scope], "d")))
    protected = explain(crowd, leader(SCOPES[scope]), query.format(scope="TRUE"))
    assert protected["Plan"]["Actual Rows"] == unprotected["Plan"]["Actual Rows"]
    assert index in scans(protected)
    assert buffers(protected) <= 1.1 * buffers(unprotected), (scans(protected), scans(unprotected))


def tile_of_cases() -> tuple[str, dict[str, Any]]:
    """The SQL of the cases in a tile of zoom 15 in the middle of the first street."""
    sql = data.tiles.RECIPES["cases"][1].sql
    return sql, data.tiles_place.values(data.tiles.Ask(("cases",), 15, 26488, 13518))


def box_of_cases() -> tuple[str, dict[str, Any]]:
    """The SQL of a page of cases in a viewport."""
    wanted = data.layers.Wanted("cases", data.layers.Box(111.0132, 30.0108, 111.0192, 30.0156))
    sql, values = data.layers._question(wanted)
    return sql, values | {"after": -1, "most": 5000}


ASKED: dict[str, Callable[[], tuple[str, dict[str, Any]]]] = {
    "tile": tile_of_cases,
    "page": box_of_cases,
}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("scope", SCOPES)
def test_the_applications_own_queries_keep_the_spatial_index(
    crowd: sa.Engine, name: str, scope: str
) -> None:
    query, values = ASKED[name]()
    # a list written out in the query would let the owner combine two indexes, which no setting can:
    # for a list the measure is the same query over all areas
    said = "TRUE" if scope == "areas" else within(SCOPES[scope], "case_file")
    plain = query.replace("WHERE", f"WHERE {said} AND", 1)
    unprotected = explain(crowd, OWNER, plain, values)
    protected = explain(crowd, leader(SCOPES[scope]), query, values)
    assert "case_file_geom_gist" in scans(protected)
    assert buffers(protected) <= 1.1 * buffers(unprotected), (scans(protected), scans(unprotected))


def test_a_count_of_the_whole_city_may_use_several_processes(crowd: sa.Engine) -> None:
    with data.scope.transaction(crowd, leader(EVERYWHERE), keep=False) as db:
        for name in ("parallel_setup_cost", "parallel_tuple_cost"):
            db.execute(sa.text(f"SET LOCAL {name} = 0"))
        plan = db.scalar(sa.text("EXPLAIN (FORMAT JSON) SELECT count(*) FROM resident"))
    assert '"Gather"' in str(plan).replace("'", '"')


@pytest.fixture
def unmarked(crowd: sa.Engine) -> Iterator[sa.Engine]:
    """The crowd in a store that no superuser set up: `&&` is not leakproof there."""
    with crowd.begin() as connection:
        connection.execute(sa.text(UNMARK))
    yield crowd
    with crowd.begin() as connection:
        connection.execute(sa.text(UNMARK.replace("NOT ", "")))


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("scope", SCOPES)
def test_without_the_mark_the_cells_lead_to_the_rows(
    unmarked: sa.Engine, name: str, scope: str
) -> None:
    query, values = ASKED[name]()
    plan = explain(unmarked, leader(SCOPES[scope]), query, values)
    assert "case_file_cell_id" in scans(plan)
    assert "case_file_geom_gist" not in scans(plan)  # or the test would prove nothing
    assert buffers(plan) < 1_000  # of 20,000 in the table


def test_both_ways_find_the_same_cases(unmarked: sa.Engine) -> None:
    query, values = box_of_cases()
    with data.scope.transaction(unmarked, leader(STREET), keep=False) as db:
        found = {row[0] for row in data.db.cursor(db).execute(query, values)}
    with data.db.transaction(unmarked, keep=False) as db:
        sql = f"SELECT id FROM case_file WHERE {data.layers._BOX} AND {within(STREET, 'case_file')}"
        there = {row[0] for row in data.db.cursor(db).execute(sql, values)}
    assert len(found) > 500
    assert found == there


# What the role can do


def count(db: Session, table: str = "resident") -> int:
    return int(db.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (EVERYWHERE, RESIDENTS),
        (STREET, 400 * PER_CELL),
        (SCOPES["areas"], 20 * PER_CELL),
        (NOWHERE, 0),
    ],
)
def test_each_scope_sees_exactly_its_own(crowd: sa.Engine, scope: Scope, expected: int) -> None:
    with data.scope.transaction(crowd, leader(scope), keep=False) as db:
        assert [count(db, t) for t in ("dwelling", "household", "resident", "case_file")] == [
            expected
        ] * 4


def app_role(db: Session) -> None:
    db.execute(sa.text("SET LOCAL ROLE wangge_app"))


_ACCOUNT = """INSERT INTO account (login, name, password_hash, role)
              VALUES ('a', 'a', 'x', 'worker')"""


def test_the_role_alone_sees_no_person_and_no_account(town: sa.Engine) -> None:
    hidden = ("dwelling", "household", "resident", "case_file", "cell_tally", "sheet",
              "sheet_row", "decision", "resident_change", "resident_merge", "journal", "account",
              "charge", "session")  # fmt: skip
    with data.db.transaction(town, keep=False) as db:
        assert count(db) > 0
        db.execute(sa.text(_ACCOUNT))
        app_role(db)
        assert {table: count(db, table) for table in hidden} == dict.fromkeys(hidden, 0)
        assert count(db, "grid_cell") > 0


def test_the_role_owns_nothing_and_passes_no_policy(town: sa.Engine) -> None:
    with town.connect() as connection:
        role = connection.execute(
            sa.text(
                "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication "
                "FROM pg_roles WHERE rolname = 'wangge_app'"
            )
        ).one()
        owned = connection.scalar(
            sa.text("SELECT count(*) FROM pg_class WHERE relowner = 'wangge_app'::regrole")
        )
        member_of = connection.scalar(
            sa.text("SELECT count(*) FROM pg_auth_members WHERE member = 'wangge_app'::regrole")
        )
    assert (tuple(role), owned, member_of) == ((False,) * 5, 0, 0)


def test_no_view_looks_over_the_policies(town: sa.Engine) -> None:
    with town.connect() as connection:
        views = connection.scalars(
            sa.text(
                "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = "
                "'public'::regnamespace AND NOT coalesce(reloptions, '{}') && "
                "ARRAY['security_invoker=true', 'security_invoker=on']"
            )
        ).all()
        unprotected = connection.scalars(
            sa.text(
                "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
                "WHERE c.relkind = 'r' AND a.attname IN ('area_no', 'resident_id', 'account_id') "
                "AND NOT c.relrowsecurity AND c.relname <> 'grid_cell' "
                "AND has_table_privilege('wangge_app', c.oid, 'SELECT')"
            )
        ).all()
    assert set(views) <= {"geography_columns", "geometry_columns"}  # PostGIS's own
    assert unprotected == []


@pytest.mark.parametrize(
    "attempt",
    [
        "SELECT count(*) FROM resident",
        "TRUNCATE resident",
        "ALTER TABLE resident DISABLE ROW LEVEL SECURITY",
        "DROP POLICY may_select ON resident",
        "CREATE TABLE copied AS SELECT * FROM resident",
        "ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF",
        "COPY resident TO PROGRAM 'cat'",
    ],
)
def test_the_role_cannot_lift_the_policies(town: sa.Engine, attempt: str) -> None:
    with data.db.transaction(town, keep=False) as db:
        app_role(db)
        db.execute(sa.text("SET LOCAL row_security = off"))
        with pytest.raises(sa.exc.ProgrammingError) as refused:
            db.execute(sa.text(attempt))
    assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)


def test_who_signs_in_as_the_application_cannot_become_the_owner(
    cluster: data.embedded.Cluster, town_url: str
) -> None:
    name = town_url.rpartition("/")[2].partition("?")[0]
    with psycopg.connect(cluster.url(name, user="wangge_app"), autocommit=True) as connection:
        row = connection.execute("SELECT count(*) FROM resident").fetchone()
        assert row == (0,)
        for wish in ("SET ROLE wangge", "SET SESSION AUTHORIZATION wangge"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(wish)


def test_the_role_cannot_hang_the_journals_trigger_on_a_table_of_its_own(town: sa.Engine) -> None:
    with data.db.transaction(town, keep=False) as db:
        app_role(db)
        db.execute(sa.text("CREATE TEMP TABLE own (LIKE journal) ON COMMIT DROP"))
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied for function"):
            db.execute(
                sa.text(
                    "CREATE TRIGGER own BEFORE INSERT ON own "
                    "FOR EACH ROW EXECUTE FUNCTION journal_chain()"
                )
            )


def test_sheets_are_staged_and_copied_as_the_role(town: sa.Engine) -> None:
    with data.scope.transaction(town, leader(STREET), keep=False) as db:
        with data.db.cursor(db) as cursor:
            cursor.execute("CREATE TEMP TABLE staged (row int) ON COMMIT DROP")
            with cursor.copy("COPY staged FROM STDIN") as copy:
                copy.write(b"1\n2\n")
        assert count(db, "staged") == 2


# Nothing is remembered


SET_NOW = (
    "SELECT current_user, current_setting('wangge.low', true), "
    "current_setting('wangge.rights', true), (SELECT count(*) FROM resident)"
)


def _forgotten(row: Any) -> bool:
    return row[0] == "wangge" and not row[1] and not row[2]


def test_an_engine_forgets_after_each_transaction(town: sa.Engine) -> None:
    everyone = leader(EVERYWHERE)
    with data.scope.transaction(town, everyone) as db:
        assert count(db) > 0
    _same_connection_forgot(town)
    with pytest.raises(sa.exc.ProgrammingError), data.scope.transaction(town, everyone) as db:
        db.execute(sa.text("SELECT nonsense"))
    _same_connection_forgot(town)
    assert "Connections in pool: 1 " in town.pool.status()  # it was the same one each time


def _same_connection_forgot(town: sa.Engine) -> None:
    with data.db.transaction(town, keep=False) as db:
        assert _forgotten(db.execute(sa.text(SET_NOW)).one())
        app_role(db)
        assert count(db) == 0


def test_a_pool_forgets_after_each_transaction(town_url: str) -> None:
    async def look() -> list[Any]:
        async with data.db.pool(town_url, size=1) as pool:
            seen: list[Any] = []
            for query in ("SELECT count(*) FROM resident", "SELECT nonsense"):
                try:
                    async with data.scope.looking(pool, leader(EVERYWHERE)) as connection:
                        cursor = await connection.execute(query)
                        seen.append(await cursor.fetchone())
                except psycopg.errors.UndefinedColumn:
                    seen.append("aborted")
                async with pool.connection() as connection:
                    seen.append(_forgotten(await (await connection.execute(SET_NOW)).fetchone()))
                async with data.scope.looking(pool, ANYBODY) as connection:
                    cursor = await connection.execute("SELECT count(*) FROM resident")
                    seen.append(await cursor.fetchone())
            return seen

    first, *rest = wait_for(look())
    assert first[0] > 0
    assert rest == [True, (0,), "aborted", True, (0,)]
