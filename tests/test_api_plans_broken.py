"""Plans over a store that breaks half-way: all stays as it was, and it is told in words."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
import sqlalchemy as sa
from conftest import Base, owning, signed_in
from test_api_plans import EVERYTHING, Planner, owner, publish_due, split

import data.db
from api.settings import Settings
from gis.access import Role
from gis.errors import Unavailable

# All that a publication writes, one number for each table
_KEPT = ("grid_plan", "grid_cell", "cell_lineage", "post", "building", "dwelling", "household",
         "resident", "facility", "case_file", "case_event", "care_recipient", "cell_tally")  # fmt: skip
_AS_IT_IS = " UNION ALL ".join(
    f"SELECT '{table}', sum(hashtextextended(t::text, 0)) FROM {table} t" for table in _KEPT
)


def standing(url: str) -> dict[str, object]:
    """All that a publication writes, in short; without the words about the publication itself."""
    without = "(SELECT id, name, state, number, version, valid_from, valid_to FROM grid_plan)"
    query = _AS_IT_IS.replace("FROM grid_plan t", f"FROM {without} t")
    return {str(table): total for table, total in owner(url, query)}


def do(url: str, *statements: str) -> None:
    with owning(url) as db:
        for one in statements:
            db.execute(sa.text(one))


@pytest.fixture
def ann(town_url: str, server: Callable[..., Base]) -> Planner:
    """A planner with a draft 新案 in which a cell is split, due today."""
    who = Planner(server(town_url), signed_in(town_url, "ann", Role.PLANNER, EVERYTHING))
    ((area,),) = owner(town_url, "SELECT min(division_code) FROM grid_cell")
    who.send("/plans", 201, name="新案", area=area)
    who.edit("新案", 0, **split(next(iter(who.cells("/plans/新案/cells").values()))))
    who.send("/plans/新案/publish_on", 204, method="PUT", on=str(Settings().today()))
    return who


# Where a publication fails: while lineage is written, posts are carried over, records are filed,
# and at its very last statement
_BREAKS = {
    "cell_lineage": "CHECK (kind = 'none') NOT VALID",
    "post": "CHECK (role = 'none') NOT VALID",
    "building": "CHECK (cell_id IS NULL) NOT VALID",
    "journal": "CHECK (act <> 'publish') NOT VALID",
}


def test_a_publication_that_fails_half_way_leaves_all_as_it_was(
    town_url: str, ann: Planner
) -> None:
    before = standing(town_url)
    for table, rule in _BREAKS.items():
        do(town_url, f"ALTER TABLE {table} ADD CONSTRAINT broken {rule}")
        assert publish_due(town_url) == []
        do(town_url, f"ALTER TABLE {table} DROP CONSTRAINT broken")
        assert standing(town_url) == before, table
        about = ann.get("/plans/新案")
        assert (about["state"], about["publish_on"], about["version"]) == ("draft", None, 1)
        why = about["publish_refused"]
        assert why.startswith(f'the store refused it: new row for relation "{table}')
        assert why.endswith("; nothing was published")
        assert "\n" not in why
        line = owner(town_url, "SELECT actor, act, subject, detail FROM journal "
                               "ORDER BY id DESC LIMIT 1")[0]  # fmt: skip
        assert line == ("clock", "publish-refused", "新案", {"why": why})
        ann.send("/plans/新案/publish_on", 204, method="PUT", on=str(Settings().today()))
    store = data.db.engine(town_url)
    with store.connect() as other, other.begin():  # somebody holds what has to be written
        do(town_url, f"ALTER DATABASE {store.url.database} SET lock_timeout = '200ms'")
        other.execute(sa.text("LOCK TABLE cell_lineage IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(Unavailable, match="lock timeout"):
            publish_due(town_url)
    store.dispose()
    assert standing(town_url) == before
    waits = ann.get("/plans/新案")
    assert (waits["publish_on"], waits["publish_refused"]) == (str(Settings().today()), None)
    assert publish_due(town_url) == ["新案"]
    assert ann.get("/plans/新案")["state"] == "published"
    assert standing(town_url) != before


def test_what_fails_is_told_in_words_and_changes_nothing(town_url: str, ann: Planner) -> None:
    """No answer shows how the store or the program is made."""
    code = next(iter(ann.cells("/plans/新案/cells")))
    rename = {"operation": {"kind": "rename", "cell": code, "name": "一格"}, "seen": 1}
    ann.send("/plans/新案/edits", **rename)
    do(
        town_url,
        "ALTER TABLE plan_edit ADD CONSTRAINT broken CHECK (number < 3) NOT VALID",
        "ALTER FUNCTION plan_units (bigint[]) RENAME TO broken",
    )
    lines = owner(town_url, "SELECT max(id) FROM journal")
    ((old,),) = owner(town_url, "SELECT name FROM grid_plan WHERE state = 'published'")
    asks: list[tuple[str, str, dict[str, object] | None]] = [
        ("POST", "undo", {"seen": 2}),
        ("POST", "edits", rename | {"seen": 2}),
        ("POST", "mend", {"seen": 2, "repairs": [rename["operation"]]}),
        ("POST", "balance", {"seen": 2, "low": 1, "high": 2}),
        ("POST", "draw", {"seen": 2, "target": 400}),
        ("GET", f"units?cells={code}", None),
        ("GET", "findings", None),
        ("GET", "consequences", None),
        ("GET", f"compare?with={old}", None),
        ("GET", f"hand-over.xlsx?with={old}", None),
    ]
    for method, path, body in asks:
        told = httpx.request(
            method, f"{ann.base}/plans/新案/{path}", json=body, headers=ann.headers, timeout=90
        )
        assert told.status_code == 500, (path, told.text)
        assert told.json() == {
            "type": "about:blank", "title": "WanggeError", "status": 500,
            "detail": "something went wrong here; it has been logged",
        }  # fmt: skip
    assert owner(town_url, "SELECT max(id) FROM journal") == lines
    about = ann.get("/plans/新案")
    assert (about["version"], about["can_redo"]) == (2, False)
