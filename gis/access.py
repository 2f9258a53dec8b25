"""权限: roles, what each role may do, and the part of the city a viewer is in charge of.

The same words are checked twice: by the table of routes before anything is read, and by the row
policies of the database, which see `Viewer.rights` and `Viewer.scope` in every transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gis.terms import Labelled

LAST_AREA = 2**63 - 1


class Role(Labelled):
    """What somebody is in the city's grid work."""

    WORKER = "worker", "网格员"
    LEADER = "leader", "网格长"
    ACCEPTOR = "acceptor", "受理员"
    DISPATCHER = "dispatcher", "派遣员"
    INSPECTOR = "inspector", "核查员"
    CHIEF = "chief", "街道负责人"
    DEPARTMENT = "department", "部门"
    PLANNER = "planner", "规划员"
    AUDITOR = "auditor", "审计员"
    ADMINISTRATOR = "administrator", "管理员"


class Right(StrEnum):
    """One thing somebody may do, inside his scope; the database knows these words."""

    COUNTS = "counts"
    CASES = "cases"
    PERSONS = "persons"
    EDIT_PERSONS = "edit_persons"
    UNMASK = "unmask"
    DECIDE = "decide"
    IMPORT = "import"
    EXPORT = "export"
    EXPORT_PERSONS = "export_persons"
    JOURNAL = "journal"
    ACCOUNTS = "accounts"
    REPORT = "report"
    ACCEPT = "accept"
    DISPATCH = "dispatch"
    HANDLE = "handle"
    INSPECT = "inspect"
    SUPERVISE = "supervise"
    WHISTLE = "whistle"
    APPROVE = "approve"
    ANSWER = "answer"
    DUTY = "duty"
    EMERGENCY = "emergency"
    COMMUNITY = "community"
    PLAN = "plan"


_IN_CASES = {Right.CASES, Right.REPORT}
_IN_CELLS = {Right.COUNTS, Right.PERSONS, Right.EDIT_PERSONS, Right.UNMASK}

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.WORKER: frozenset(_IN_CASES | _IN_CELLS | {Right.HANDLE, Right.WHISTLE, Right.ANSWER}),
    Role.LEADER: frozenset(
        _IN_CASES
        | _IN_CELLS
        | {Right.DECIDE, Right.IMPORT, Right.EXPORT, Right.ACCEPT, Right.DISPATCH}
        | {Right.HANDLE, Right.WHISTLE, Right.ANSWER, Right.DUTY}
        | {Right.EMERGENCY, Right.COMMUNITY}
    ),
    Role.ACCEPTOR: frozenset(_IN_CASES | {Right.ACCEPT}),
    Role.DISPATCHER: frozenset(
        _IN_CASES
        | {Right.COUNTS, Right.EXPORT, Right.ACCEPT, Right.DISPATCH, Right.SUPERVISE}
        | {Right.WHISTLE, Right.ANSWER, Right.DUTY, Right.EMERGENCY}
    ),
    Role.INSPECTOR: frozenset(_IN_CASES | {Right.INSPECT}),
    Role.CHIEF: frozenset(
        _IN_CASES
        | {Right.COUNTS, Right.DISPATCH, Right.SUPERVISE, Right.WHISTLE, Right.APPROVE}
        | {Right.ANSWER, Right.EMERGENCY, Right.COMMUNITY}
    ),
    Role.DEPARTMENT: frozenset(_IN_CASES | {Right.HANDLE, Right.ANSWER}),
    Role.PLANNER: frozenset({Right.COUNTS, Right.EXPORT, Right.PLAN}),
    Role.AUDITOR: frozenset({Right.JOURNAL}),
    Role.ADMINISTRATOR: frozenset(Right),
}
"""What each role may do. Who keeps the journal sees no person; who plans sees numbers only."""


@dataclass(frozen=True)
class Scope:
    """A part of the city: area numbers from `low` to `high`, and of these only `areas` if told.

    An area number (`grid_cell.area_no`) orders cells by their division, so that a division is a
    range; 0 is the area of records that no cell holds.
    """

    low: int = 1
    high: int = 0
    areas: tuple[int, ...] | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is outside, not even what no cell holds."""
        return self.low == 0 and self.high == LAST_AREA and self.areas is None

    def holds(self, area_no: int) -> bool:
        """Whether an area is inside."""
        return self.low <= area_no <= self.high and (self.areas is None or area_no in self.areas)


NOWHERE = Scope()
EVERYWHERE = Scope(0, LAST_AREA)


@dataclass(frozen=True)
class Viewer:
    """Who asks: an account with its role, or, with `account` 0, anybody.

    `worker` and `unit` are the numbers of whose posts and of which unit of the network the account
    acts for, 0 for none. An operator works on the machine of the store itself, as the owner of the
    database.
    """

    account: int = 0
    login: str = ""
    name: str = ""
    role: Role | None = None
    scope: Scope = NOWHERE
    is_operator: bool = False
    worker: int = 0
    unit: int = 0
    granted: frozenset[Right] = frozenset()

    @property
    def rights(self) -> frozenset[Right]:
        """What the role allows, and what was granted without one."""
        return (RIGHTS[self.role] if self.role else frozenset()) | self.granted

    def may(self, right: Right) -> bool:
        """Whether the role allows `right`; where, the scope says."""
        return right in self.rights


def operator(login: str) -> Viewer:
    """Somebody at the command line of the store's machine: the operating system let him in."""
    return Viewer(0, login, login, Role.ADMINISTRATOR, EVERYWHERE, is_operator=True)


ANYBODY = Viewer(login="anybody")
"""A visitor who has not signed in: the public map, counts of five and more."""

INTAKE = Viewer(login="intake", scope=EVERYWHERE, granted=frozenset({Right.CASES, Right.REPORT}))
"""The city's own ear: anybody may report from anywhere, and every report finds its cell."""
