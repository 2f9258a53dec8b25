"""The life of a case as one table: who moves it from where to where, told with what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import gis.cases
from gis.access import EVERYWHERE, Right, Role, Viewer, operator
from gis.cases import NETWORK, Event, Said, Standing
from gis.errors import BadInput, Conflict, NotAllowed
from gis.terms import CaseState, Move

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
S, M = CaseState, Move
OWNER = operator("test")


def viewer(role: Role, account: int = 7, *, worker: int = 0, unit: int = 0) -> Viewer:
    return Viewer(account, role, role.label, role, EVERYWHERE, worker=worker, unit=unit)


TOLD = {
    "words": Said(words="说明"),
    "reason": Said(reason="原因"),
    "condition": Said(condition=3),
    "holder": Said(unit=5),
    "worker": Said(worker=9),
    "until": Said(until=NOW + timedelta(days=3)),
    "closing": Said(closing="已恢复"),
    "other": Said(other=77),
    "cell": Said(cell="A"),
    "rating": Said(rating=4),
}


def said(move: Move) -> Said:
    """Everything the move needs, and nothing else."""
    told = Said()
    for need in gis.cases.STEPS[move].needs:
        name = "unit" if need == "holder" else need
        told = replace(told, **{name: getattr(TOLD[need], name)})
    return told


def go(standing: Standing, *moves: Move, by: Viewer = OWNER) -> Standing:
    for move in moves:
        target = gis.cases.check(standing, move, said(move), by=by)
        standing = gis.cases.applied(
            standing, Event(move, standing.state, target, by.account, NOW, said(move))
        )
    return standing


REPORTED = Standing(S.REPORTED)
FILED = go(REPORTED, M.FILE)
HANDLING = go(FILED, M.DISPATCH, M.TAKE)
FEEDBACK = go(HANDLING, M.FEEDBACK)


def test_a_case_goes_from_report_to_evaluation() -> None:
    done = go(FEEDBACK, M.INSPECT, M.CLOSE, M.EVALUATE)
    assert done == Standing(S.EVALUATED, unit=5, condition=3)


def test_every_state_is_reached_and_every_open_one_is_left() -> None:
    ways = [way for step in gis.cases.STEPS.values() for way in step.ways]
    assert {to for _, to in ways} == set(CaseState)
    moved = {source for source, to in ways if source is not to}
    assert moved >= set(gis.cases.OPEN)


def test_every_move_has_a_step_but_those_that_begin_a_case() -> None:
    assert set(gis.cases.STEPS) == set(Move) - {M.REPORT, M.BRING}


def test_a_move_from_elsewhere_says_what_may_be_done_instead() -> None:
    with pytest.raises(Conflict, match="takes no 结案 close; it may take settle, verify, file"):
        gis.cases.check(REPORTED, M.CLOSE, said(M.CLOSE), by=OWNER)


def test_what_a_move_needs_is_named_all_at_once() -> None:
    with pytest.raises(BadInput, match="needs until, reason") as refused:
        gis.cases.check(FILED, M.SUSPEND, Said(), by=OWNER)
    assert refused.value.facts["fields"] == ["until", "reason"]


@pytest.mark.parametrize("rating", [-1, 6, 100])
def test_a_rating_is_one_to_five(rating: int) -> None:
    closed = go(FEEDBACK, M.INSPECT, M.CLOSE)
    with pytest.raises(BadInput, match=f"1 to 5, not {rating}"):
        gis.cases.check(closed, M.EVALUATE, Said(rating=rating), by=OWNER)


@pytest.mark.parametrize("move", [M.INSPECT, M.REWORK])
def test_the_handler_never_inspects_his_own_work(move: Move) -> None:
    own = replace(FEEDBACK, handled_by=7)
    with pytest.raises(NotAllowed, match="whoever handled a case does not inspect it"):
        gis.cases.check(own, move, said(move), by=viewer(Role.ADMINISTRATOR, 7))
    assert gis.cases.check(own, move, said(move), by=viewer(Role.ADMINISTRATOR, 8))


@pytest.mark.parametrize("role", [Role.WORKER, Role.DEPARTMENT])
def test_workers_and_departments_act_on_what_lies_with_them_only(role: Role) -> None:
    sent = go(FILED, M.DISPATCH)
    with pytest.raises(NotAllowed, match="lies with somebody else; 接单 take"):
        gis.cases.check(sent, M.TAKE, Said(), by=viewer(role, worker=1, unit=4))
    assert gis.cases.check(sent, M.TAKE, Said(), by=viewer(role, unit=5)) is S.HANDLING
    own = replace(sent, worker=9)
    assert gis.cases.check(own, M.TAKE, Said(), by=viewer(role, worker=9)) is S.HANDLING
    assert gis.cases.check(own, M.TAKE, Said(), by=viewer(Role.LEADER)) is S.HANDLING


def test_nobody_makes_by_hand_what_the_clock_does() -> None:
    with pytest.raises(NotAllowed, match="what the clock does"):
        gis.cases.check(FILED, M.OVERDUE, Said(), by=viewer(Role.ADMINISTRATOR))
    assert gis.cases.check(FILED, M.OVERDUE, Said(), by=OWNER) is S.FILED


def test_a_return_goes_one_step_back_by_the_right_of_that_step() -> None:
    assert go(HANDLING, M.RETURN) == replace(FILED, returns=1)
    assert go(FILED, M.RETURN).state is S.REPORTED
    for standing, right in [
        (HANDLING, Right.HANDLE),
        (FILED, Right.DISPATCH),
        (Standing(S.VERIFIED), Right.ACCEPT),
    ]:
        assert gis.cases.right_of(M.RETURN, standing.state) is right
    with pytest.raises(Conflict, match="assigned to a worker"):
        go(HANDLING, M.ASSIGN, M.RETURN)
    assert go(HANDLING, M.ASSIGN, M.UNASSIGN, M.RETURN).state is S.FILED


def test_a_suspended_case_resumes_where_it_stood() -> None:
    for standing in (FILED, go(FILED, M.DISPATCH), HANDLING):
        away = go(standing, M.SUSPEND)
        assert (away.state, away.stood) == (S.SUSPENDED, standing.state)
        assert go(away, M.RESUME) == standing


def test_an_extension_is_asked_once_and_answered_once() -> None:
    asked = go(HANDLING, M.ASK_EXTENSION)
    for standing, move in [(asked, M.ASK_EXTENSION), (HANDLING, M.EXTEND)]:
        with pytest.raises(Conflict, match="extension"):
            go(standing, move)
    assert go(asked, M.EXTEND) == replace(HANDLING, extensions=1)
    assert go(asked, M.REFUSE_EXTENSION) == HANDLING


def test_an_appeal_is_heard_once() -> None:
    asked = go(HANDLING, M.APPEAL)
    assert go(asked, M.UPHOLD) == replace(HANDLING, appeal="upheld", exempt=True)
    refused = go(asked, M.REJECT)
    assert (refused.appeal, refused.exempt) == ("rejected", False)
    for standing, move in [(HANDLING, M.UPHOLD), (refused, M.APPEAL), (refused, M.REJECT)]:
        with pytest.raises(Conflict, match="appeal"):
            go(standing, move)


def test_a_joined_case_goes_only_with_the_main_one() -> None:
    joined = go(REPORTED, M.JOIN)
    assert joined.joined_to == 77
    with pytest.raises(Conflict, match="joined to another"):
        go(joined, M.FILE)
    assert go(joined, M.PART) == REPORTED
    assert go(joined, M.FOLLOW).state is S.CLOSED
    for move in (M.PART, M.FOLLOW):
        with pytest.raises(Conflict, match="joined to no other"):
            go(REPORTED, move)


def test_replay_adds_up_the_events_and_refuses_a_gap() -> None:
    told = [
        Event(M.REPORT, None, S.REPORTED, 0, NOW),
        Event(M.FILE, S.REPORTED, S.FILED, 1, NOW, Said(condition=3)),
        Event(M.DISPATCH, S.FILED, S.DISPATCHED, 1, NOW, Said(unit=5)),
        Event(M.TAKE, S.DISPATCHED, S.HANDLING, 2, NOW),
        Event(M.BRING, S.HANDLING, S.CLOSED, 0, NOW),
    ]
    assert gis.cases.replay(told) == Standing(S.CLOSED, unit=5, handled_by=2, condition=3)
    with pytest.raises(ValueError, match="begins at filed"):
        gis.cases.replay([told[0], told[2]])
    with pytest.raises(ValueError, match="at least the event that began it"):
        gis.cases.replay([])


def test_open_moves_are_exactly_those_that_check_lets_through() -> None:
    standings = [REPORTED, FILED, HANDLING, FEEDBACK, go(FILED, M.SUSPEND), go(REPORTED, M.JOIN)]
    for standing in standings:
        for role in Role:
            by = viewer(role, unit=5)
            told = {step.move for step in gis.cases.open_moves(standing, by=by)}
            assert told == {move for move in gis.cases.STEPS if _passes(standing, move, by)}


def _passes(standing: Standing, move: Move, by: Viewer) -> bool:
    try:
        gis.cases.check(standing, move, said(move), by=by)
    except (Conflict, NotAllowed):
        return False
    return True


def test_the_diagram_draws_every_change_of_state() -> None:
    drawn = gis.cases.diagram()
    for step in gis.cases.STEPS.values():
        for source, target in step.ways:
            line = f"    {source} --> {target}: {step.move.label} {step.move}"
            assert (line in drawn) == (source is not target)


def test_the_guide_shows_the_diagram_of_today() -> None:
    guide = (Path(__file__).parents[1] / "docs" / "cases.md").read_text()
    assert f"```mermaid\n{gis.cases.diagram()}\n```" in guide


def test_a_refused_move_is_told_no_move_of_a_whistle() -> None:
    for state in CaseState:
        assert not {Move(one) for one in gis.cases.moves_from(state)} & NETWORK
