"""Many cases, many responders: who goes where, in which order, and why.

`consider` looks at every pair of a case and a responder: it is barred for a reason, or has a cost
in parts. `decide` takes the assignment whose sum is least. Costs are seconds walked, or what is
worth as much: `Rules` says how much.

Live, a responder has up to three places in his queue, told apart by the time at which he would
set out: busy ones who will soon be free count too. Nothing is fixed until somebody departs: the
caller decides again whenever something happens. In bulk the places differ by load alone.

Times are seconds on one clock of the caller's choice, places metres of one plane.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

import gis.roads
from gis.dispatch_times import expected_late
from gis.errors import BadInput
from gis.terms import Labelled

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NOWHERE = -1
"""The cell of a case that lies in none; also: no responder, no place in a queue."""


class Barrier(Labelled):
    """Why somebody does not come into question, or why a case is left."""

    OFF_DUTY = "off_duty", "不在岗"
    POSITION_TOO_OLD = "position_too_old", "定位过旧"
    AT_CAPACITY = "at_capacity", "任务已满"
    SKILL_MISSING = "skill_missing", "不具备技能"
    OUT_OF_RANGE = "out_of_range", "距离过远"
    PLACE_UNKNOWN = "place_unknown", "位置不明"
    SHIFT_ENDS = "shift_ends", "下班前无法办完"
    CHOSEN_BY_HAND = "chosen_by_hand", "已人工指定他人"
    OUTBID = "outbid", "人手让给更急的案卷"
    NOBODY = "nobody", "没有处置人员"


BARRIERS = tuple(Barrier)
FREE = -1
"""Barriers are kept as places in `BARRIERS`; this is none."""
PARTS = ("travel", "lateness", "load", "unfamiliar")
"""What a cost is made of, in this order."""


@dataclass(frozen=True, eq=False)
class Cases:
    """Cases that wait for somebody to set out, as columns of equal length n.

    xy: metres (n, 2). urgency: what lateness weighs, 1 for routine. due_s: when somebody should
    have arrived, inf for any time. handling_s: expected. skill: bits of the skills that are
    needed. cell: number of the own cell, NOWHERE for none. held: the responder chosen by hand
    (his place), NOWHERE for none.
    """

    xy: Floats
    urgency: Floats
    due_s: Floats
    handling_s: Floats
    skill: Ints
    cell: Ints
    held: Ints

    @classmethod
    def at(cls, xy: npt.ArrayLike, **columns: npt.ArrayLike) -> Self:
        """Cases at these places; each column one value for all, or one each.

        Without a word they are routine, due at no time, take twenty minutes, need no skill, lie in
        no cell and are held for nobody.
        """
        usual = {
            "urgency": 1.0, "due_s": np.inf, "handling_s": 1_200.0,
            "skill": 0, "cell": NOWHERE, "held": NOWHERE,
        }  # fmt: skip
        return cls(**_columns(xy, usual, columns))

    def __len__(self) -> int:
        return len(self.xy)


@dataclass(frozen=True, eq=False)
class Responders:
    """Who may be sent, as columns of equal length m.

    xy: where one is when free, metres (m, 2). free_s: when one is expected to be free. vague_s: how
    far that may be off (standard deviation). from_s, until_s: the shift. seen_s: when the position
    was told, NaN for never. load_s: seconds worked so far. room: how many cases one may take more.
    skill: bits. own: pairs (q, 2) of a responder's place and the number of a cell of his.
    """

    xy: Floats
    free_s: Floats
    vague_s: Floats
    from_s: Floats
    until_s: Floats
    seen_s: Floats
    load_s: Floats
    room: Ints
    skill: Ints
    own: Ints

    @classmethod
    def at(cls, xy: npt.ArrayLike, *, own: npt.ArrayLike = (), **columns: npt.ArrayLike) -> Self:
        """Responders at these places; each column one value for all, or one each.

        Without a word they are free, on duty all day, just seen, have done nothing yet, take three
        cases and have no skill.
        """
        usual = {
            "free_s": -np.inf, "vague_s": 0.0, "from_s": -np.inf, "until_s": np.inf,
            "seen_s": np.inf, "load_s": 0.0, "room": 3, "skill": 0,
        }  # fmt: skip
        pairs = np.asarray(own, dtype=np.int64).reshape(-1, 2)
        return cls(**_columns(xy, usual, columns), own=pairs)

    def __len__(self) -> int:
        return len(self.xy)


@dataclass(frozen=True, eq=False)
class Travel:
    """Seconds from responders to cases, (p,) each: case, responder (places), seconds."""

    case: Ints
    responder: Ints
    seconds: Floats

    @classmethod
    def on(
        cls,
        roads: gis.roads.Roads | None,
        cases: Cases,
        responders: Responders,
        pace: gis.roads.Pace | None = None,
    ) -> Self:
        """All pairs, walked on the streets, in straight lines where there are none."""
        return cls.every(gis.roads.walk_s(roads, responders.xy, cases.xy, pace))

    @classmethod
    def every(cls, seconds: npt.ArrayLike) -> Self:
        """All pairs of a matrix: responders (rows) to cases (columns)."""
        matrix = np.asarray(seconds, dtype=float)
        responder, case = np.indices(matrix.shape).reshape(2, -1)
        return cls(case, responder, matrix.ravel())

    @classmethod
    def nearest(cls, seconds: npt.ArrayLike, most: int) -> Self:
        """Of a matrix as for `every`, the nearest responders of each case, `most` of them."""
        matrix = np.asarray(seconds, dtype=float)
        if most >= len(matrix):
            return cls.every(matrix)
        responder = np.argpartition(matrix, most, axis=0)[:most].ravel()
        case = np.tile(np.arange(matrix.shape[1]), most)
        return cls(case, responder, matrix[responder, case])


@dataclass(frozen=True)
class Rules:
    """What the dispatcher's house holds for right; `own_cell` and `fairness` are his two dials.

    own_cell: seconds one walks further so that the worker of the case's own cell comes.
    fairness: seconds one walks further for every hour that somebody else has worked more.
    waiting: what a second until arrival costs, per unit of urgency. late: what a second after the
    deadline costs besides. crowd: how much less both count when many wait, per unit of urgency and
    responder: a walk then keeps all the others waiting. spread: how much times differ from what is
    expected, as a share. doubt: the share of `vague_s` that counts; it is not all, for when one is
    not free in time another is. queue: places told apart in time. range_s: the longest walk.
    position_age_s: the oldest position that is believed.
    """

    own_cell: float = 180.0
    fairness: float = 30.0
    waiting: float = 0.5
    late: float = 4.0
    crowd: float = 3.0
    spread: float = 0.25
    doubt: float = 0.5
    queue: int = 3
    range_s: float = 3_600.0
    position_age_s: float = 1_800.0


@dataclass(frozen=True, eq=False)
class Choices:
    """Every pair that was looked at, with its barrier or its cost.

    case, responder, travel_s: (p,). barrier: place in `BARRIERS`, or FREE (p,). parts: seconds,
    by place in the queue (p, queue, 4) in the order of `PARTS`; inf where that place is no choice.
    start_s: when one would set out (p, queue). turn_s: what a place in the queue takes.
    late_s: expected lateness (p, queue).
    """

    cases: Cases
    responders: Responders
    rules: Rules
    now_s: float
    case: Ints
    responder: Ints
    travel_s: Floats
    barrier: npt.NDArray[np.int8]
    start_s: Floats
    turn_s: float
    late_s: Floats
    parts: Floats

    def why(self, case: int) -> list[tuple[int, Barrier | None, dict[str, float]]]:
        """Everybody looked at for a case: place, barrier or none, cost parts if sent next.

        Those who may be sent come first, the cheapest before.
        """
        at = np.flatnonzero(self.case == case)
        total = self.parts[at, 0].sum(axis=1)
        at = at[np.lexsort((self.travel_s[at], total, self.barrier[at] != FREE))]
        return [
            (int(self.responder[p]), named(self.barrier[p]), self._parts(p)) for p in at.tolist()
        ]

    def _parts(self, pair: int) -> dict[str, float]:
        if self.barrier[pair] != FREE:
            return {}
        return dict(zip(PARTS, self.parts[pair, 0].tolist(), strict=True))


# Every pair


def consider(
    cases: Cases, responders: Responders, travel: Travel, *, now_s: float, rules: Rules
) -> Choices:
    """Look at every pair of `travel`.

    Raises:
        BadInput: a responder chosen by hand who is barred, or not among the pairs.
    """
    barrier = _barriers(cases, responders, travel, now_s, rules)
    turn_s = _turn(cases, travel, barrier == FREE)
    earliest = np.maximum(now_s, np.maximum(responders.free_s, responders.from_s))
    start_s = earliest[travel.responder, None] + turn_s * np.arange(rules.queue)
    arrival_s = start_s + travel.seconds[:, None]
    finish_s = arrival_s + cases.handling_s[travel.case, None]
    in_time = finish_s <= responders.until_s[travel.responder, None]
    barrier[(barrier == FREE) & ~in_time[:, 0]] = BARRIERS.index(Barrier.SHIFT_ENDS)
    barrier = _held(cases, travel, barrier)
    possible = in_time & (np.arange(rules.queue) < responders.room[travel.responder, None])
    choices = Choices(
        cases, responders, rules, now_s, travel.case, travel.responder, travel.seconds, barrier,
        start_s, turn_s, _late(cases, responders, travel, arrival_s, now_s, rules), np.empty(0),
    )  # fmt: skip
    parts = _parts(choices)
    parts[~possible | (barrier != FREE)[:, None]] = np.inf
    return replace(choices, parts=parts)


def _barriers(
    cases: Cases, responders: Responders, travel: Travel, now_s: float, rules: Rules
) -> npt.NDArray[np.int8]:
    """The first barrier of every pair; a shift that has not begun is no duty."""
    one = travel.responder
    missing = cases.skill[travel.case] & ~responders.skill[one] != 0
    barred = {
        Barrier.OFF_DUTY: ((now_s < responders.from_s) | (now_s >= responders.until_s))[one],
        Barrier.POSITION_TOO_OLD: ~(now_s - responders.seen_s <= rules.position_age_s)[one],
        Barrier.AT_CAPACITY: (responders.room <= 0)[one],
        Barrier.SKILL_MISSING: missing,
        Barrier.PLACE_UNKNOWN: np.isnan(travel.seconds),
        Barrier.OUT_OF_RANGE: travel.seconds > rules.range_s,
    }
    barrier = np.full(len(one), FREE, dtype=np.int8)
    for reason, rows in reversed(barred.items()):
        barrier[rows] = BARRIERS.index(reason)
    return barrier


def _held(cases: Cases, travel: Travel, barrier: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Bar everybody but the one chosen by hand."""
    held = cases.held[travel.case]
    chosen = held == travel.responder
    why = {int(travel.case[p]): named(barrier[p]) for p in np.flatnonzero(chosen)}
    faults = [
        f"responder {cases.held[case]} was chosen for case {case}, but: {why.get(case, 'no pair')}"
        for case in np.flatnonzero(cases.held != NOWHERE).tolist()
        if why.get(case, Barrier.NOBODY) is not None
    ]
    if faults:
        raise BadInput("; ".join(faults), field="held")
    others = (held != NOWHERE) & ~chosen & (barrier == FREE)
    return np.where(others, BARRIERS.index(Barrier.CHOSEN_BY_HAND), barrier).astype(np.int8)


def _turn(cases: Cases, travel: Travel, free: Bools) -> float:
    """What a place in a queue takes: the mean handling, and the mean of the shortest walks."""
    nearest = np.full(len(cases), np.inf)
    np.minimum.at(nearest, travel.case[free], travel.seconds[free])
    reachable = np.isfinite(nearest)
    if not reachable.any():
        return 0.0
    return float(cases.handling_s[reachable].mean() + nearest[reachable].mean())


def _late(
    cases: Cases,
    responders: Responders,
    travel: Travel,
    arrival_s: Floats,
    now_s: float,
    rules: Rules,
) -> Floats:
    """Expected lateness by place in the queue (p, queue)."""
    vague_s = rules.doubt * responders.vague_s[travel.responder, None]
    spread_s = np.hypot(rules.spread * (arrival_s - now_s), vague_s)
    return expected_late(arrival_s, cases.due_s[travel.case, None], spread_s)


def _parts(seen: Choices) -> Floats:
    """Cost parts by place in the queue (p, queue, 4)."""
    cases, responders, rules = seen.cases, seen.responders, seen.rules
    parts = np.empty((*seen.start_s.shape, len(PARTS)))
    parts[..., 0] = seen.travel_s[:, None]
    crowd = rules.crowd * cases.urgency.sum() / max(len(responders), 1)
    weight = cases.urgency[seen.case, None] / (1 + crowd)
    wait_s = seen.start_s + seen.travel_s[:, None] - seen.now_s
    parts[..., 1] = weight * (rules.waiting * wait_s + rules.late * seen.late_s)
    load_s = responders.load_s[seen.responder, None] + seen.turn_s * np.arange(rules.queue)
    possible_s = load_s[seen.barrier == FREE]
    least_s = possible_s.min() if possible_s.size else 0.0
    parts[..., 2] = rules.fairness / 3_600 * (load_s - least_s)
    parts[..., 3] = rules.own_cell * unfamiliar(cases, responders, seen)[:, None]
    return parts


def unfamiliar(cases: Cases, responders: Responders, pairs: Travel | Choices) -> Bools:
    """Whether a pair is a case in a cell that is not the responder's own (p,)."""
    cells, at = np.unique(cases.cell, return_inverse=True)
    own = np.zeros((len(responders), len(cells)), dtype=bool)
    known = np.isin(responders.own[:, 1], cells)
    of, cell = responders.own[known].T
    own[of, np.searchsorted(cells, cell)] = True
    own[:, cells == NOWHERE] = True
    return ~own[pairs.responder, at[pairs.case]]


def _columns(
    xy: npt.ArrayLike, usual: dict[str, float], given: dict[str, npt.ArrayLike]
) -> dict[str, npt.NDArray[Any]]:
    """The places and their columns, given or usual, whole numbers where the usual one is."""
    if unknown := set(given) - set(usual):
        raise BadInput(f"no column {', '.join(sorted(unknown))}; there are: {', '.join(usual)}")
    spots = np.asarray(xy, dtype=float).reshape(-1, 2)
    columns: dict[str, npt.NDArray[Any]] = {"xy": spots}
    for name, value in usual.items():
        one = np.asarray(given.get(name, value), np.int64 if isinstance(value, int) else float)
        if one.ndim and one.shape != (len(spots),):
            raise BadInput(f"{name}: {one.shape} values for {len(spots)} places; one, or one each")
        columns[name] = np.broadcast_to(one, (len(spots),))
    return columns


def named(barrier: int) -> Barrier | None:
    """A barrier by its place in `BARRIERS`."""
    return None if barrier == FREE else BARRIERS[barrier]
