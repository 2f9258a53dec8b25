"""Small counts: hidden so that nobody who subtracts gets them back, whatever else he knows."""

from __future__ import annotations

import itertools
from collections import defaultdict
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from town import TESTER, at, box, found, place

import data.db
import data.exports
import data.grid
import data.locate
import data.scope
from api.settings import Settings
from data.exports import COUNTED, Wanted
from gis.access import ANYBODY, LAST_AREA, Role, Scope, Viewer

TODAY = Settings().today()
YESTERDAY = TODAY - timedelta(days=1)
SMALL = range(1, 5)


def settle(db: Session, communities: dict[str, list[int]]) -> None:
    """A plan of cells with these residents, by the code of their community (or None)."""
    rows = [
        {"code": f"{community}-{place:03}", "community": community or None, "n": n}
        for community, counts in communities.items()
        for place, n in enumerate(counts)
    ]
    one = sa.text(
        "INSERT INTO grid_plan (name, state) VALUES ('p', 'published') "
        "ON CONFLICT (name) DO NOTHING"
    )
    db.execute(sa.text("DELETE FROM grid_plan"))
    db.execute(one)
    db.execute(
        sa.text(
            "WITH told AS (SELECT * FROM unnest(CAST(:codes AS text[]), CAST(:of AS text[]), "
            "CAST(:counts AS int[])) t (code, community, n)), "
            "cell AS (INSERT INTO grid_cell (plan_id, code, name, division_code, area_no, geom) "
            "SELECT p.id, t.code, t.code, t.community, row_number() OVER (ORDER BY t.code), "
            "'SRID=4326;MULTIPOLYGON(((1 1,2 1,2 2,1 1)))' FROM told t, grid_plan p "
            "RETURNING id, code) "
            "INSERT INTO cell_tally (cell_id, residents) "
            "SELECT c.id, t.n FROM cell c JOIN told t USING (code)"
        ),
        {
            "codes": [row["code"] for row in rows],
            "of": [row["community"] for row in rows],
            "counts": [row["n"] for row in rows],
        },
    )
    db.execute(sa.text("SELECT show_counts()"))


def shown(db: Session) -> dict[str, list[int | None]]:
    """What outsiders see of the residents, by community."""
    rows = db.execute(
        sa.text(
            "SELECT coalesce(c.division_code, ''), s.residents FROM cell_shown s "
            "JOIN grid_cell c ON c.id = s.cell_id ORDER BY c.code"
        )
    )
    told: dict[str, list[int | None]] = defaultdict(list)
    for community, n in rows:
        told[community].append(n)
    return told


@pytest.mark.parametrize(("cells", "most"), [(2, 20), (3, 13), (4, 8)])
def test_by_brute_force_nobody_short_of_all_cells_but_one_pins_a_small_count(
    db: Session, cells: int, most: int
) -> None:
    """Every community there can be, at once: who knows the rule, the total and all cells but two
    finds at least two numbers possible for each small one."""
    vectors = list(itertools.product(range(most + 1), repeat=cells))
    settle(db, {f"{number:06}": list(vector) for number, vector in enumerate(vectors)})
    told = [tuple(one) for one in shown(db).values()]
    assert any(None in one for one in told)
    assert any(None not in one for one in told)
    for known in itertools.chain(
        *(itertools.combinations(range(cells), k) for k in range(cells - 1))
    ):
        possible = defaultdict(list)
        for vector, seen in zip(vectors, told, strict=True):
            own = tuple(vector[place] for place in known)
            possible[(seen, sum(vector), own)].append(vector)
        for (seen, total, _), candidates in possible.items():
            assert not any(n in SMALL for n in seen)
            if total > most:  # of these not every community was tried
                continue
            for cell in set(range(cells)) - set(known):
                values = {one[cell] for one in candidates}
                assert len(values) > 1 or not values & set(SMALL)


COUNTS = st.lists(st.one_of(st.integers(0, 6), st.integers(0, 400)), min_size=1, max_size=14)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([f"42010600{s}00{c}" for s in (1, 2, 3) for c in (1, 2, 3)] + [""]),
                       COUNTS, min_size=1))  # fmt: skip
def test_what_is_shown_is_true_and_what_is_hidden_has_company(
    db: Session, communities: dict[str, list[int]]
) -> None:
    settle(db, communities)
    seen = shown(db)
    hidden = 0
    for code, truth in communities.items():
        for n, told in zip(truth, seen[code], strict=True):
            assert told is None or told == n
            assert not (n in SMALL and told is not None)
            hidden += told is None
        gone = [n for n, told in zip(truth, seen[code], strict=True) if told is None]
        if any(n in SMALL for n in gone):
            assert len(gone) >= min(4, len(truth)), "a block is four cells, or all there are"
    if not any(n in SMALL for truth in communities.values() for n in truth):
        assert hidden == 0
    streets = defaultdict(list)
    for code, truth in communities.items():
        streets[code[:9]] += list(zip(truth, seen[code], strict=True))
    everywhere = [one for cells in streets.values() for one in cells]
    for cells in [*streets.values(), everywhere]:
        if any(n in SMALL for n, _ in cells) and len(cells) > 1:
            assert sum(told is None for _, told in cells) > 1


def test_a_lone_cell_hides_with_its_street_or_else_with_its_plan(db: Session) -> None:
    settle(db, {"420106001001": [3], "420106001002": [300], "420106002001": [9, 8, 7]})
    assert shown(db) == {
        "420106001001": [None], "420106001002": [None], "420106002001": [9, 8, 7],
    }  # fmt: skip
    settle(db, {"420106001001": [3], "420106001002": [30, 31], "420106002001": [9, 8, 7]})
    assert shown(db)["420106001002"] == [None, None]
    settle(db, {"420106001001": [3], "420106002001": [9, 8, 7]})
    assert shown(db) == {"420106001001": [None], "420106002001": [None] * 3}
    settle(db, {"420106001001": [3]})
    assert shown(db) == {"420106001001": [None]}


def test_which_cells_hide_together_never_hangs_on_the_numbers(db: Session) -> None:
    for small in range(9):
        counts = [100] * 9
        counts[small] = 2
        settle(db, {"1": counts})
        gone = [cell for cell, n in enumerate(shown(db)["1"]) if n is None]
        assert gone == ([0, 1, 2, 3, 4] if small < 5 else [5, 6, 7, 8])


# Differencing: what is published, in all its unions, against the truth


STREETS = {
    "420106001": {"001": 9, "002": 5, "003": 1},
    "420106002": {"001": 4, "002": 1, "003": 1},
    "420106003": {"001": 12, "002": 3},
    "420106004": {"001": 1},
    "420106005": {"001": 6, "002": 2},
}


def _city(db: Session, seed: int) -> None:
    """Thirty or so square cells of a row, homes and people in them: few, none or many."""
    chance = np.random.default_rng(seed)
    codes = [
        (f"{street}{community}", place)
        for street, communities in STREETS.items()
        for community, cells in communities.items()
        for place in range(cells)
    ]
    db.execute(
        sa.text(
            "INSERT INTO division (code, name, level, parent_code) "
            "SELECT DISTINCT c, c, 'village', left(c, 9) || '000' FROM unnest(CAST(:c AS text[])) c"
            " UNION SELECT DISTINCT left(c, 9) || '000', c, 'township', '420106000000' "
            "FROM unnest(CAST(:c AS text[])) c WHERE right(c, 3) = '001'"
        ),
        {"c": sorted({code for code, _ in codes})},
    )
    cells = {f"{code}{place:03}": code for code, place in codes}
    ground = {cell: box(at, 0, at + 1, 1) for at, cell in enumerate(cells)}
    found(db, ground)
    doubles = list(cells)
    pairs = {
        f"D{at:03}": shapely.union_all([ground[one] for one in doubles[at : at + 2]])
        for at in range(0, len(doubles), 2)
    }
    found(db, pairs, plan="草案", state="draft")
    db.execute(sa.text("UPDATE grid_cell SET division_code = left(code, 12) WHERE code LIKE '42%'"))
    db.execute(
        sa.text(
            "UPDATE grid_cell d SET division_code = c.division_code FROM grid_cell c "
            "WHERE d.code LIKE 'D%' AND c.code LIKE '42%' AND ST_Contains(c.geom, "
            "ST_Translate(ST_Centroid(ST_Envelope(d.geom)), -0.001, 0))"
        )
    )
    data.grid.number_areas(db)
    few = chance.choice([0, 1, 2, 3, 4, 5, 6, 30, 90], len(doubles))
    place(db, "building", {cell: at(i + 0.5, 0.5) for i, cell in enumerate(doubles)}, name="栋")
    db.execute(
        sa.text(
            "INSERT INTO dwelling (building_id, number, geom) SELECT b.id, n, b.geom "
            "FROM unnest(CAST(:codes AS text[]), CAST(:few AS int[])) t (code, few) "
            "JOIN building b USING (code), generate_series(1, t.few) n"
        ),
        {"codes": doubles, "few": few.tolist()},
    )
    db.execute(
        sa.text("INSERT INTO household (dwelling_id) SELECT id FROM dwelling WHERE id % 7 > 0")
    )
    db.execute(
        sa.text(
            "INSERT INTO resident (household_id, name_mask, name_index, name_sealed) "
            "SELECT id, '张*', 'x', 'x' FROM household, generate_series(0, (id % 3)::int) "
        )
    )
    many = int(few.sum()) // 3
    where = chance.integers(0, len(doubles), many)
    place(db, "case_file", {f"c{n}": at(i + 0.3, 0.4) for n, i in enumerate(where)}, title="案")
    db.execute(sa.text("UPDATE case_file SET state = 'closed', closed_at = now() WHERE id % 3 = 0"))
    data.locate.refile(db)


def _told(store: sa.Engine, by: Viewer, **wanted: object) -> pd.DataFrame:
    with data.scope.transaction(store, by, keep=False) as db:
        frames = data.exports.frames(db, Wanted("statistics", **wanted), today=TODAY)
        table = pd.concat(list(frames)).set_index("code")
    table.index = [f"{place} {code}" for place, code in enumerate(table.index)]
    return table[list(COUNTED)].astype("float")


def _pinned(rows: np.ndarray, unknowns: int) -> set[int]:
    """Which unknowns a system of sums settles, if they are any numbers: a unit vector is in it."""
    if len(rows) == 0:
        return set()
    _, sizes, directions = np.linalg.svd(rows)
    kernel = directions[(sizes > 1e-9).sum() :].T
    return {at for at in range(unknowns) if np.abs(kernel[at]).max(initial=0) < 1e-9}


@pytest.mark.parametrize("seed", range(2))
def test_ten_thousand_ways_of_subtracting_recover_no_small_count(
    store: sa.Engine, seed: int
) -> None:
    """By viewers of any part of the city, who know the true total of every community of two cells
    and more, of every street and of the city, from all that is published by every way there is."""
    with data.db.transaction(store) as db:
        _city(db, seed)
        areas = db.scalars(
            sa.text("SELECT area_no FROM grid_cell WHERE code LIKE '42%' ORDER BY code")
        ).all()
        communities = db.scalars(
            sa.text("SELECT division_code FROM grid_cell WHERE code LIKE '42%' ORDER BY code")
        ).all()
    truth = _told(store, TESTER)
    outsider = _told(store, ANYBODY)
    assert outsider.isna().any().all()
    assert ((outsider == truth) | outsider.isna()).all().all()
    chance, tried, hidden = np.random.default_rng(seed), 0, 0
    for attempt in range(20):
        size = int(chance.integers(0, 4)) if attempt else 0
        own = sorted(int(one) for one in chance.choice(len(areas), size, replace=False))
        scope = Scope(1, LAST_AREA, tuple(areas[at] for at in own))
        viewer = Viewer(1, "w", "w", Role.WORKER, scope) if own else ANYBODY
        seen = _told(store, viewer)
        anew = [_told(store, viewer, plan="草案"), _told(store, viewer, as_of=TODAY)]
        anew += [_told(store, viewer, plan="现行"), _told(store, viewer, as_of=YESTERDAY)]
        assert anew[1].notna().any(axis=1).sum() == anew[3].notna().any(axis=1).sum() == len(own)
        for name in COUNTED:
            rows = _known(seen[name], [anew[0][name]], own, communities)
            hidden_here = {
                at for at in np.flatnonzero(seen[name].isna()) if truth[name].iloc[at] in SMALL
            }
            hidden += len(hidden_here)
            tried += len(rows) * (len(rows) - 1) // 2
            left_alone = _all_but_one_known(seen[name], own, communities)
            assert not (_pinned(rows, len(areas)) & hidden_here) - left_alone
    assert tried > 10_000
    assert hidden > 100


def _known(
    seen: pd.Series, doubles: list[pd.Series], own: list[int], communities: list[str]
) -> np.ndarray:
    """All sums somebody knows, as rows over the cells: what is shown, and totals from elsewhere."""
    size = len(seen)
    rows = [np.eye(size)[at] for at in np.flatnonzero(seen.notna())]
    for table in doubles:
        rows += [np.arange(size) // 2 == pair for pair in np.flatnonzero(table.notna())]
    codes = pd.Series(communities)
    for key in (codes, codes.str[:9], codes.str[:6]):
        for _, cells in codes.groupby(key):
            if len(cells) > 1:
                rows.append(np.isin(np.arange(size), cells.index).astype(float))
    return np.array(rows, dtype=float)


def _all_but_one_known(seen: pd.Series, own: list[int], communities: list[str]) -> set[int]:
    """Cells that are alone but for the viewer's own in what hides together: he may subtract."""
    codes = pd.Series(communities)
    alone = set()
    for key in (codes, codes.str[:9]):
        for _, cells in codes.groupby(key):
            unknown = [at for at in cells.index if at not in own and np.isnan(seen.iloc[at])]
            if len(unknown) == 1 and (len(cells) == 1 or set(own) & set(cells.index)):
                alone |= set(unknown)
    return alone
