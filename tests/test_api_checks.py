"""wangge check: each named check finds what it is for, and says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

import api.actions.checks
import data.embedded


def _findings(store: sa.Engine) -> dict[str, tuple[bool | None, str, str]]:
    found = api.actions.checks.run(store, home=Path("/"))
    return {one.name: (one.ok, one.said, one.advice) for one in found}


def test_the_demo_town_is_well(town: sa.Engine) -> None:
    found = _findings(town)
    assert [name for name, (ok, _, _) in found.items() if ok is False] == []
    assert found["plan in force"][1].endswith("60 cells")
    assert found["records placed"] == (
        None,
        "12 cases",
        "See them with: wangge unplaced. Give them coordinates, or draw cells where they stand.",
    )


def test_an_empty_store_says_what_to_do_first(store: sa.Engine) -> None:
    ok, said, advice = _findings(store)["plan in force"]
    assert (ok, said) == (False, "none")
    assert "wangge import cells FILE" in advice


@pytest.mark.parametrize(
    ("sabotage", "name"),
    [
        ("UPDATE facility SET cell_id = (SELECT max(id) FROM grid_cell) WHERE id = 1",
         "every record joined"),
        ("UPDATE cell_tally SET residents = residents + 1 "
         "WHERE cell_id = (SELECT min(cell_id) FROM cell_tally)", "tallies true"),
        ("UPDATE grid_cell SET geom = ST_Multi(ST_Buffer(geom, 0.0001)) "
         "WHERE id = (SELECT min(id) FROM grid_cell)", "coverage sound"),
    ],
)  # fmt: skip
def test_a_fault_is_found(town: sa.Engine, sabotage: str, name: str) -> None:
    assert _findings(town)[name][0] is True
    with town.begin() as connection:
        connection.execute(sa.text(sabotage))
    ok, _, advice = _findings(town)[name]
    assert ok is False
    assert advice


def test_orphan_divisions_are_remarked_on(town: sa.Engine) -> None:
    with town.begin() as connection:
        connection.execute(sa.text("DELETE FROM division WHERE level = 'county'"))
    assert _findings(town)["division tree whole"][:2] == (None, "2 without their parent")


def test_the_version_found_is_the_cluster_s(
    store: sa.Engine, cluster: data.embedded.Cluster
) -> None:
    assert _findings(store)["server reachable"][1].split(".")[0].isdigit()
