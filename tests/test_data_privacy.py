"""Small counts: hidden so that nobody who subtracts gets them back, whatever else he knows."""

from __future__ import annotations

import itertools
from collections import defaultdict

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

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
            for place in set(range(cells)) - set(known):
                values = {one[place] for one in candidates}
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
    for place in range(9):
        counts = [100] * 9
        counts[place] = 2
        settle(db, {"1": counts})
        gone = [at for at, n in enumerate(shown(db)["1"]) if n is None]
        assert gone == ([0, 1, 2, 3, 4] if place < 5 else [5, 6, 7, 8])
