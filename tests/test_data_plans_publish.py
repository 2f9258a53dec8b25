"""Publishing: what lives on keeps its number, what was stays to be asked for, records follow."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from test_data_plans import ANN, across, ask, cells, community, do
from town import wait_for

import api.actions.collections
import api.actions.desk_areas
import api.actions.plans
import api.actions.plans_due
import data.accounts
import data.cases
import data.db
import data.exports
import data.grid
import data.layers
import data.locate
import data.plan_cells
import data.plans
import data.plans_compare
import data.plans_differing
import data.plans_publish
import data.tiles
import gis.cases
import gis.plan
import gis.plan_edit
from api.actions.collections import Begun
from api.actions.desk import Drawn
from data.accounts import Charged
from gis.access import Role
from gis.errors import BadInput, Conflict
from gis.plan_edit import Merge, Rename, Split
from gis.terms_community import CollectionKind

TODAY = date(2026, 11, 22)
YESTERDAY = TODAY - timedelta(days=1)


def publish(store: sa.Engine, name: str, on: date = TODAY) -> data.plans_publish.Published:
    with data.db.transaction(store) as db:
        plan = data.plans.draft_named(db, name)
        return data.plans_publish.publish(db, plan, by=ANN, on=on)


def in_force(db: Session, plan: str | None = None, day: date | None = None) -> dict[str, tuple]:
    """Name and outline of the cells of a plan or a day by code, as an export gives them."""
    wanted = data.exports.Wanted("cells", plan=plan, as_of=day)
    frames = list(data.exports.frames(db, wanted, today=TODAY))
    return {
        code: (name, shape.wkb)
        for frame in frames
        for code, name, shape in zip(frame["code"], frame["name"], frame["geom"], strict=True)
    }


def on_the_map(store: sa.Engine, **words: object) -> set[str]:
    """Codes of the cells that the layer gives of a plan or a day; the tile around the town has as many."""

    async def read() -> tuple[bytes, bytes]:
        url = store.url.set(drivername="postgresql").render_as_string(hide_password=False)
        async with await psycopg.AsyncConnection.connect(url) as connection:
            wanted = data.layers.Wanted("cells", **words)
            parts = [part async for part in data.layers.collection(connection, wanted)]
            ask = data.tiles.Ask(("cells",), 8, 207, 105, **words)
            return b"".join(parts), await data.tiles.tile(connection, ask)

    features, tile = wait_for(read())
    codes = {one["properties"]["code"] for one in json.loads(features)["features"]}
    assert all(code.encode() in tile for code in codes)
    return codes


def sound(store: sa.Engine) -> None:
    """What `wangge check` looks at is right."""
    with data.db.transaction(store) as db:
        assert data.locate.misfiled(db) == dict.fromkeys(data.locate.TABLES, 0)
        assert data.locate.wrong_tallies(db) == 0
        wrong = """
            SELECT 'dwelling', count(*) FROM dwelling d LEFT JOIN grid_cell c ON c.id = d.cell_id
            WHERE d.area_no <> coalesce(c.area_no, 0)
            UNION ALL SELECT 'resident', count(*) FROM resident r
            JOIN household h ON h.id = r.household_id JOIN dwelling d ON d.id = h.dwelling_id
            WHERE r.area_no <> d.area_no OR h.area_no <> d.area_no
            UNION ALL SELECT 'care', count(*) FROM care_recipient k
            JOIN resident r ON r.id = k.resident_id WHERE k.area_no <> r.area_no
            UNION ALL SELECT 'case', count(*) FROM case_file f JOIN grid_cell c ON c.id = f.cell_id
            WHERE f.desk_code IS NULL AND f.area_no <> c.area_no
            UNION ALL SELECT 'twice', count(*) - count(DISTINCT c.area_no) FROM grid_cell c
            JOIN grid_plan p ON p.id = c.plan_id AND p.state = 'published'"""
        assert {kind: n for kind, n in ask(db, wrong) if n} == {}


def draft(store: sa.Engine, name: str, area: str | None = None):
    with data.db.transaction(store) as db:
        plan = data.plans.draw(db, name, area=area or community(db))
        return data.plans.value(db, plan, on=TODAY)


@pytest.fixture
def split_and_merged(town: sa.Engine):
    """A draft in which the cell with most households is split and two others become one."""
    value = draft(town, "草案")
    order = np.argsort(-value.counts["households"].to_numpy())
    big = int(order[0])
    other = next(
        int(at) for at in order[1:] if len(np.setdiff1d(value.beside(np.array([at])), [big]))
    )
    with_ = int(np.setdiff1d(value.beside(np.array([other])), [big])[0])
    born = do(town, "草案", Split(value.codes[big], across(value.shapes[big]))).born[0]
    merged = sorted([str(value.codes[other]), str(value.codes[with_])])
    ended = do(town, "草案", Merge(tuple(merged), into=merged[0])).ended
    assert ended == merged[1:]
    return value, str(value.codes[big]), born, merged


def test_a_publication_moves_only_what_it_changes(town: sa.Engine, split_and_merged) -> None:
    _, big, born, (kept, ended) = split_and_merged
    ids = "SELECT c.code, c.id, c.area_no FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id "
    posts = ("SELECT c.code, p.worker_id, p.role FROM post p JOIN grid_cell c ON c.id = p.cell_id "
             "WHERE c.code = ANY (:codes) AND p.valid_from <= :on "
             "AND (p.valid_to IS NULL OR p.valid_to > :on) ORDER BY 1, 2, 3")  # fmt: skip
    cases = (
        "SELECT code, cell_id, state FROM case_file WHERE state IN ('closed', 'evaluated', 'void')"
    )
    with data.db.transaction(town) as db:
        before, stood = in_force(db), ask(db, f"{ids} WHERE p.state = 'published'")
        posted = ask(db, posts, codes=[big], on=TODAY)
        closed = ask(db, cases)
        old = data.grid.plan_in_force(db).name
        chief = data.accounts.add(db, "of-one-cell", role=Role.LEADER, name="组长")
        data.accounts.put_in_charge(db, chief, [Charged(cell=ended)])
    done = publish(town, "草案")
    assert (done.number, done.retired, done.born, done.ended) == (2, old, [born], [ended])
    assert done.charges_idle == 1
    assert {big, kept} <= set(done.changed)
    sound(town)
    with data.db.transaction(town) as db:
        after = in_force(db)
        now = {code: rest for code, *rest in ask(db, f"{ids} WHERE p.state = 'published'")}
        assert set(after) == set(before) - {ended} | {born}
        assert {c: now[c] for c, *_ in stood if c != ended} == {
            c: r for c, *r in stood if c != ended
        }
        ((place,),) = ask(db, "SELECT name FROM division WHERE code = :c", c=born[:-3])
        assert after[born][0] == f"{place} {born[-3:]}"  # nobody named it
        assert in_force(db, plan=old) == before
        assert in_force(db, day=YESTERDAY) == before
        assert in_force(db, plan="草案") == in_force(db, day=TODAY) == after
    for words, codes in (({"plan": old}, before), ({"as_of": YESTERDAY}, before), ({}, after)):
        assert on_the_map(town, **words) == set(codes)
    with data.db.transaction(town) as db:
        assert (
            ask(db, posts, codes=[born], on=TODAY) == [(born, *rest) for _, *rest in posted] != []
        )
        assert ask(db, posts, codes=[ended], on=TODAY) == []
        assert sorted(ask(db, cases)) == sorted(closed)
        shares = ask(db, "SELECT parent_code, sum(households_share), sum(area_share) "
                         "FROM cell_lineage GROUP BY 1")  # fmt: skip
        parents = {one for one, *_ in shares}
        only_corners = parents - {big, ended, *done.changed}
        assert parents - only_corners == {big, kept, ended, *done.changed}
        lives_on = "SELECT child_code FROM cell_lineage WHERE parent_code = ANY (:codes)"
        assert {code for (code,) in ask(db, lives_on, codes=[*only_corners])} == only_corners
        assert all(abs(h - 1) < 1e-9 and abs(a - 1) < 1e-9 for _, h, a in shares)
        heirs = ask(db, "SELECT child_code, kind FROM cell_lineage WHERE parent_code = :p", p=ended)
        assert heirs == [(kept, "merge")]


def test_what_somebody_drew_stays_over_its_ground(town: sa.Engine, split_and_merged) -> None:
    _, big, born, (kept, ended) = split_and_merged
    now = datetime.now(UTC)
    begun = Begun(CollectionKind.FLOOD, "汛期转移低洼住户", 0.0, now + timedelta(days=1))
    for cells_ in ([big, ended], [kept]):
        drawn = Drawn(cells=cells_)
        api.actions.collections.begin(town, begun, drawn, by=ANN, now=now)
        api.actions.desk_areas.keep(town, "低洼片", "", drawn, by=ANN, now=now)
    publish(town, "草案")
    with data.db.transaction(town) as db:
        areas = dict(ask(db, "SELECT c.code, c.area_no FROM grid_cell c JOIN grid_plan p "
                             "ON p.id = c.plan_id WHERE p.state = 'published'"))  # fmt: skip
        wide = sorted(areas[code] for code in (big, born, kept))
        told = [(wide, wide[0], wide[-1]), ([areas[kept]], areas[kept], areas[kept])]
        for table in ("collection", "named_area"):
            assert ask(db, f"SELECT areas, area_no, area_high FROM {table} ORDER BY id") == told
        listed = ask(db, "SELECT c.code, e.area_no, count(*) FROM collection_entry e "
                         "LEFT JOIN grid_cell c ON c.id = e.cell_id GROUP BY 1, 2")  # fmt: skip
    assert {(code, area) for code, area, _ in listed} <= set(areas.items())
    assert {kept, born} <= {code for code, *_ in listed}


def test_open_cases_follow_their_place_with_a_line_on_their_timeline(
    town: sa.Engine, split_and_merged
) -> None:
    _, _, _, (kept, ended) = split_and_merged
    open_in = ("SELECT f.code FROM case_file f JOIN grid_cell c ON c.id = f.cell_id WHERE c.code = :c "
               "AND f.state NOT IN ('closed', 'evaluated', 'void') ORDER BY 1")  # fmt: skip
    with data.db.transaction(town) as db:
        db.execute(
            sa.text(
                "UPDATE case_file SET cell_id = c.id, area_no = c.area_no, settled = true "
                "FROM grid_cell c WHERE c.code = :c AND c.plan_id = 1 AND case_file.id = "
                "(SELECT id FROM case_file WHERE state = 'reported' ORDER BY id LIMIT 1)"
            ),
            {"c": kept},
        )
        data.locate.tally(db)
        was = [str(code) for (code,) in ask(db, open_in, c=ended)]
        mine = [str(code) for (code,) in ask(db, open_in, c=kept)]
        versions = {code: data.cases.find(db, code).version for code in was}
    done = publish(town, "草案")
    sound(town)
    assert was
    with data.db.transaction(town) as db:
        assert sorted(was + mine) == [code for (code,) in ask(db, open_in, c=kept)]
        for code in was:
            case = data.cases.find(db, code)
            line = data.cases.timeline(db, case)[-1]
            assert (line["move"], line["actor"], line["target"]) == ("refile", "ann", case.state)
            told = {"cell": kept, "cell_before": ended, "plan": "草案"}
            assert {key: line["detail"][key] for key in told} == told
            assert case.version == versions[code]
            assert gis.cases.replay(data.cases.events(db, case)) == case.standing
        told = ask(db, "SELECT count(*) FROM case_event WHERE move = 'refile'")
    assert told == [(done.cases_moved,)]


def test_two_publications_on_one_day_and_drafts_that_were_overtaken(town: sa.Engine) -> None:
    value = draft(town, "一")
    one, other = str(value.codes[0]), str(value.codes[-1])
    for name in ("二", "三"):
        draft(town, name)
    with data.db.transaction(town) as db:
        first, before = data.grid.plan_in_force(db).name, in_force(db)
    born = do(town, "一", Split(one, across(value.shapes[0]))).born[0]
    do(town, "二", Rename(other, "新名"))
    do(town, "三", Rename(one, "迟到"))
    assert publish(town, "一").number == 2
    with data.db.transaction(town) as db:
        second = in_force(db)
    done = publish(town, "二")
    assert (done.number, done.changed, done.born, done.ended) == (3, [other], [], [])
    with pytest.raises(
        Conflict, match=rf"changed in force since it was drawn: {one} by '一' on 2026"
    ):
        publish(town, "三")
    sound(town)
    with data.db.transaction(town) as db:
        third = in_force(db)
        assert (third[other][0], set(third) - set(before)) == ("新名", {born})
        assert [in_force(db, plan=name) for name in (first, "一", "二")] == [before, second, third]
        assert in_force(db, day=TODAY) == third
        assert in_force(db, day=YESTERDAY) == before
        assert [p["number"] for p in data.plans.known(db)] == [1, 2, 3, None]
        assert [p["cells"] for p in data.plans.known(db)][:3] == list(
            map(len, (before, second, third))
        )
        again = data.plans.draw(db, "回退", source=data.grid.plan_named(db, first))
        assert set(cells(db, "回退")) == set(before)
        data.plans_publish.publish(db, again, by=ANN, on=TODAY)
        assert in_force(db) == before
    sound(town)


def test_a_draft_is_published_by_itself_on_its_day_or_the_journal_says_why(town: sa.Engine) -> None:
    value = draft(town, "按时")
    draft(town, "太晚")
    for name in ("按时", "太晚"):
        do(town, name, Rename(str(value.codes[0]), f"{name}的"))
    with data.db.transaction(town) as db:
        today = db.scalar(sa.text("SELECT current_date"))
    for name, day in (("按时", today), ("太晚", today)):
        api.actions.plans.publish_on(town, name, day, by=ANN, today=today)
    draft(town, "以后")
    later = today + timedelta(days=1)
    api.actions.plans.publish_on(town, "以后", later, by=ANN, today=today)
    assert api.actions.plans_due.publish_due(town) == ["按时"]
    assert api.actions.plans_due.publish_due(town) == []
    with data.db.transaction(town) as db:
        told = {one["name"]: (one["state"], one["publish_on"]) for one in data.plans.known(db)}
        lines = ask(
            db, "SELECT act, subject, actor FROM journal WHERE act LIKE 'publish%' ORDER BY id"
        )
        why = ask(db, "SELECT detail ->> 'why' FROM journal WHERE act = 'publish-refused'")
        told_why = ask(db, "SELECT publish_refused FROM grid_plan WHERE name = '太晚'")
        # the town's day has begun, the store's not
        due = [data.plan_cells.by_the_store(db, day, later) for day in (None, today, later)]
    assert due == [None, today, today]
    assert told_why == why
    assert (told["按时"], told["太晚"], told["以后"]) == (
        ("published", None), ("draft", None), ("draft", later),
    )  # fmt: skip
    assert lines == [("publish", "按时", "clock"), ("publish-refused", "太晚", "clock")]
    assert f"{value.codes[0]} by '按时' on {today}" in why[0][0]


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_published_every_plan_of_the_past_stays_as_it_was(
    town: sa.Engine, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    with data.db.transaction(town) as db:
        past = {data.grid.plan_in_force(db).name: in_force(db)}
        areas = [a for (a,) in ask(db, "SELECT DISTINCT division_code FROM grid_cell ORDER BY 1")]
    for number in range(3):
        name = f"第{number}版"
        draft(town, name, str(rng.choice(areas)))
        for _ in range(2):
            with data.db.transaction(town) as db:
                value = data.plans.value(db, data.grid.plan_named(db, name), on=TODAY)
            try:
                do(town, name, some_operation(rng, value))
            except BadInput:
                continue  # what would break the coverage is refused; the next one may go
        with data.db.transaction(town) as db:
            drawn = set(cells(db, name))
        publish(town, name)
        with data.db.transaction(town) as db:
            assert drawn <= set(in_force(db))
            past[name] = in_force(db)
            assert {one: in_force(db, plan=one) for one in past} == past
    sound(town)


def some_operation(rng: np.random.Generator, value: gis.plan.Plan) -> gis.plan_edit.Operation:
    at = int(rng.integers(len(value)))
    code = str(value.codes[at])
    beside = [str(one) for one in value.codes[value.beside(np.array([at]))]]
    kind = rng.integers(3) if beside else 0
    if kind == 0:
        return Split(code, across(value.shapes[at]))
    other = str(rng.choice(beside))
    mine = value.units.codes[value.cell_of_unit == at]
    if kind == 1 or not len(mine):
        return Merge((code, other))
    return gis.plan_edit.Hand((str(rng.choice(mine)),), other)


def test_a_draft_is_held_against_a_plan_published_of_another_area_in_its_own(
    town: sa.Engine,
) -> None:
    """What is published holds all cells, whatever area its draft was of."""
    with data.db.transaction(town) as db:
        areas = ask(db, "SELECT DISTINCT division_code FROM grid_cell ORDER BY 1 LIMIT 2")
        (one,), (other,) = areas
    first = draft(town, "一", area=str(one))
    do(town, "一", Split(first.codes[0], across(first.shapes[0])))
    publish(town, "一")
    value = draft(town, "二", area=str(other))
    basic = np.flatnonzero(value.cells["kind"] == "basic")[0]
    born = do(town, "二", Split(value.codes[basic], across(value.shapes[basic]))).born
    with data.db.transaction(town) as db:
        plans = [data.grid.plan_named(db, name) for name in ("一", "二")]
        found, near = (
            data.plans_compare.compared(db, *plans, on=TODAY, closely=close)
            for close in (False, True)
        )
        fate = data.plans_publish.weighed(db, *plans[::-1])
    told = found.cells[found.cells["fate"] != "kept"]
    fates = dict(zip(told["code"], told["fate"], strict=True))
    # by one rule: a neighbour whose border got a corner more is written, but not changed
    assert fates == {value.codes[basic]: "changed", born[0]: "born"}
    assert data.plans_publish.told(fate) == {
        one: [code for code, is_one in fates.items() if is_one == one]
        for one in data.plans_differing.FATES
    }
    assert len(fate) > 2
    assert int(fate["only_corners"].sum()) == len(fate) - 2
    assert near.cells[near.cells["fate"] != "kept"]["code"].tolist() == told["code"].tolist()
    assert (
        found.fates
        == near.fates
        == {one: list(fates.values()).count(one) for one in data.plans_differing.FATES}
    )
    assert found.old.codes.tolist() == value.codes.tolist()
