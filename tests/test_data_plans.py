"""Drafts in the store: drawn from a plan, edited by several, taken back and done again."""

from datetime import date

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
import data.grid
import data.plans
import data.plans_edit
import data.scope
from gis.access import Role, Scope, Viewer, operator
from gis.errors import BadInput, Conflict, NotAllowed, NotFound
from gis.plan_edit import Merge, Rename, Split
from gis.terms import PlanState

TODAY = date(2026, 11, 22)
ANN, BEN = operator("ann"), operator("ben")


def ask(db: Session, query: str, **values: object) -> list[tuple[object, ...]]:
    return [tuple(row) for row in db.execute(sa.text(query), values)]


def cells(db: Session, name: str) -> dict[str, str]:
    query = ("SELECT c.code, c.name || ' ' || md5(ST_AsBinary(c.geom)) FROM grid_cell c "
             "JOIN grid_plan p ON p.id = c.plan_id WHERE p.name = :n")  # fmt: skip
    return {str(code): str(rest) for code, rest in ask(db, query, n=name)}


def community(db: Session) -> str:
    """The division with most cells in force."""
    query = ("SELECT division_code FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id AND "
             "p.state = 'published' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1")  # fmt: skip
    return str(db.scalar(sa.text(query)))


def do(store: sa.Engine, name: str, operation: object, by: Viewer = ANN, seen: int | None = None):
    with data.db.transaction(store) as db:
        plan = data.plans.draft_named(db, name)
        return data.plans_edit.edit(db, plan, operation, by=by, on=TODAY, seen=seen)


def back(store: sa.Engine, name: str, how: str, by: Viewer = ANN, seen: int | None = None):
    with data.db.transaction(store) as db:
        plan = data.plans.draft_named(db, name)
        return getattr(data.plans_edit, how)(db, plan, by=by, seen=seen)


def across(shape: shapely.Geometry) -> shapely.LineString:
    """A line from west to east through the middle of a cell."""
    west, _, east, _ = shape.bounds
    middle = shape.centroid.y
    return shapely.LineString([(west - 0.001, middle), (east + 0.001, middle)])


def test_a_draft_is_a_copy_of_its_area_and_nothing_in_force_moves(town: sa.Engine) -> None:
    with data.db.transaction(town) as db:
        area = community(db)
        force = data.grid.plan_in_force(db)
        before = cells(db, force.name)
        plan = data.plans.draw(db, "草案", area=area)
        mine = {c: v for c, v in before.items() if c.startswith(area)}
        assert (cells(db, "草案"), len(mine) > 1) == (mine, True)
        areas = "SELECT code, area_no FROM grid_cell WHERE plan_id = :p AND starts_with(code, :a)"
        assert sorted(ask(db, areas, p=plan.id, a=area)) == sorted(
            ask(db, areas, p=force.id, a=area)
        )
        value = data.plans.value(db, plan, on=TODAY)
        assert (value.state, value.codes.tolist()) == (PlanState.DRAFT, sorted(mine))
        counted = dict(ask(db, "SELECT c.code, t.households FROM cell_tally t JOIN grid_cell c "
                               "ON c.id = t.cell_id WHERE c.division_code = :a", a=area))  # fmt: skip
        assert dict(zip(value.codes.tolist(), value.counts["households"], strict=True)) == counted
        assert [(one["name"], one["state"], one["cells"], one["base"]) for one in data.plans.known(db)] == [
            (force.name, "published", len(before), None), ("草案", "draft", len(mine), force.name),
        ]  # fmt: skip
        data.plans.draw(db, "初稿", area=area)  # its name stands before the other's
        assert [one["name"] for one in data.plans.known(db)] == [force.name, "草案", "初稿"]
        data.plans.drop(db, "初稿")
        with pytest.raises(Conflict, match="there is a plan '草案' already"):
            data.plans.draw(db, "草案")
        with pytest.raises(NotFound, match="'77' is not the code of a division"):
            data.plans.draw(db, "x", area="77")
        with pytest.raises(BadInput, match="1 to 100 characters"):
            data.plans.draw(db, " ")
        with pytest.raises(Conflict, match="is published and stays as it is"):
            data.plans.draft_named(db, force.name)
        data.plans.drop(db, "草案")
        assert cells(db, force.name) == before
        assert ask(db, "SELECT count(*) FROM grid_cell") == [(len(before),)]


def test_edits_of_two_planners_merge_or_name_their_conflict(town: sa.Engine) -> None:
    with data.db.transaction(town) as db:
        plan = data.plans.draw(db, "草案", area=community(db))
        value = data.plans.value(db, plan, on=TODAY)
    one, other = value.codes[0], value.codes[-1]
    split = Split(one, across(value.shapes[0]))
    edited = do(town, "草案", split, ANN, seen=0)
    assert (edited.number, edited.ended, len(edited.born)) == (1, [], 1)
    assert one in edited.changed
    assert do(town, "草案", Rename(other, "新名"), BEN, seen=0).changed == [other]
    with pytest.raises(Conflict, match=rf"changed since version 0: {one} by ann at 20"):
        do(town, "草案", Rename(one, "乙名"), BEN, seen=0)
    assert do(town, "草案", Rename(one, "乙名"), BEN, seen=1).number == 3
    with pytest.raises(Conflict, match=rf"since version 1: {one} by ben"):
        back(town, "草案", "undo", ANN)
    with data.db.transaction(town) as db:
        told = [(e["number"], e["actor"], e["kind"]) for e in data.plans_edit.edits(db, plan)]
        after = data.plans.value(db, plan, on=TODAY)
        numbers = ask(db, "SELECT count(*), count(DISTINCT area_no), min(area_no / 1000000), "
                          "max(area_no / 1000000) FROM grid_cell WHERE plan_id = :p", p=plan.id)  # fmt: skip
    assert told == [(1, "ann", "split"), (2, "ben", "rename"), (3, "ben", "rename")]
    assert len(after) == len(value) + 1
    assert after.counts["households"].sum() == value.counts["households"].sum()
    division = int(value.cells["division_code"][0])
    assert numbers == [(len(after), len(after), division, division)]


def test_what_was_undone_is_done_again_exactly(town: sa.Engine) -> None:
    with data.db.transaction(town) as db:
        plan = data.plans.draw(db, "草案", area=community(db))
        value = data.plans.value(db, plan, on=TODAY)
        stood = [cells(db, "草案")]
    at = int(value.areas_m2.argmax())
    beside = value.codes[value.beside(np.array([at]))]
    for operation in (
        Split(value.codes[at], across(value.shapes[at])),
        Merge((value.codes[at], beside[0])) if len(beside) else Rename(value.codes[at], "甲"),
    ):
        do(town, "草案", operation)
        with data.db.transaction(town) as db:
            stood.append(cells(db, "草案"))
    walk = ["undo", "undo", "redo", "redo", "undo", "redo"]
    met = []
    for how in walk:
        back(town, "草案", how)
        with data.db.transaction(town) as db:
            met.append(stood.index(cells(db, "草案")))
    assert met == [1, 0, 1, 2, 1, 2]
    with pytest.raises(NotFound, match="ann has undone no edit"):
        back(town, "草案", "redo")
    with pytest.raises(NotFound, match="ben has made no edit"):
        back(town, "草案", "undo", BEN)


def test_only_what_one_saw_is_taken_back(town: sa.Engine) -> None:
    with data.db.transaction(town) as db:
        plan = data.plans.draw(db, "草案", area=community(db))
        one, *_, other = data.plans.value(db, plan, on=TODAY).codes
    do(town, "草案", Rename(one, "一"), ANN)
    do(town, "草案", Rename(one, "二"), BEN)
    back(town, "草案", "undo", BEN, seen=2)  # all is as ann left it, but she knows nothing of it
    with pytest.raises(Conflict, match=f"changed since version 1: {one} by ben at") as met:
        back(town, "草案", "undo", ANN, seen=1)
    assert (met.value.facts["cells"], met.value.facts["seen"]) == ([one], 1)
    back(town, "草案", "undo", ANN, seen=3)
    with pytest.raises(Conflict, match=f"since version 3: {one} by ann at"):
        back(town, "草案", "redo", ANN, seen=3)  # she took it back elsewhere
    back(town, "草案", "redo", ANN, seen=4)
    do(town, "草案", Rename(other, "三"), ANN, seen=5)
    with pytest.raises(Conflict, match=f"since version 5: {other} by ann at"):
        back(town, "草案", "undo", ANN, seen=5)
    do(town, "草案", Rename(one, "四"), BEN, seen=6)
    assert back(town, "草案", "undo", ANN, seen=6).changed == [other]
    do(town, "草案", Rename(one, "五"), ANN, seen=8)
    back(town, "草案", "undo", ANN, seen=9)
    with pytest.raises(Conflict, match=f"{one} by ben at"):  # not by ann, whose steps came later
        back(town, "草案", "undo", ANN, seen=10)


def test_a_planner_edits_drafts_of_his_part_of_the_city_alone(town: sa.Engine) -> None:
    with data.db.transaction(town) as db:
        area = community(db)
        other = ask(
            db, "SELECT max(division_code) FROM grid_cell WHERE division_code <> :a", a=area
        )
    low = int(area) * 1_000_000
    mine = Viewer(7, "pan", "pan", Role.PLANNER, Scope(low, low + 999_999))

    def as_planner(act, viewer=mine):
        with data.scope.transaction(town, viewer) as db:
            return act(db)

    as_planner(lambda db: data.plans.draw(db, "我的", area=area))
    value = as_planner(
        lambda db: data.plans.value(db, data.plans.draft_named(db, "我的"), on=TODAY)
    )
    assert value.counts["households"].sum() > 0
    do_split = Split(value.codes[0], across(value.shapes[0]))
    words = {"by": mine, "on": TODAY}
    edited = as_planner(
        lambda db: data.plans_edit.edit(db, data.plans.draft_named(db, "我的"), do_split, **words)
    )
    assert len(edited.born) == 1
    for act in (
        lambda db: data.plans.draw(db, "别处", area=other[0][0]),
        lambda db: data.plans.draw(db, "全城"),
    ):
        with pytest.raises(NotAllowed):
            as_planner(act)
    in_force = "UPDATE grid_cell SET name = 'x' WHERE plan_id = 1 RETURNING id"
    assert as_planner(lambda db: ask(db, in_force)) == []
    reader = Viewer(8, "aud", "aud", Role.AUDITOR, Scope(low, low + 999_999))
    for table in ("plan_edit", "plan_edit_cell", "cell_lineage"):
        assert as_planner(lambda db, t=table: ask(db, f"SELECT * FROM {t}"), reader) == []
    units = "SELECT * FROM plan_units(ARRAY(SELECT id FROM grid_cell WHERE plan_id = 1))"
    assert as_planner(lambda db: ask(db, units), reader) == []
