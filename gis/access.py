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
    DISPATCHER = "dispatcher", "派遣员"
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


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.WORKER: frozenset(
        {Right.COUNTS, Right.CASES, Right.PERSONS, Right.EDIT_PERSONS, Right.UNMASK}
    ),
    Role.LEADER: frozenset(
        {Right.COUNTS, Right.CASES, Right.PERSONS, Right.EDIT_PERSONS, Right.UNMASK}
        | {Right.DECIDE, Right.IMPORT, Right.EXPORT}
    ),
    Role.DISPATCHER: frozenset({Right.COUNTS, Right.CASES, Right.EXPORT}),
    Role.DEPARTMENT: frozenset({Right.CASES}),
    Role.PLANNER: frozenset({Right.COUNTS, Right.EXPORT}),
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


NOWHERE = Scope()
EVERYWHERE = Scope(0, LAST_AREA)


@dataclass(frozen=True)
class Viewer:
    """Who asks: an account with its role, or, with `account` 0, anybody.

    An operator works on the machine of the store itself, as the owner of the database.
    """

    account: int = 0
    login: str = ""
    name: str = ""
    role: Role | None = None
    scope: Scope = NOWHERE
    is_operator: bool = False

    @property
    def rights(self) -> frozenset[Right]:
        """What the role allows."""
        return RIGHTS[self.role] if self.role else frozenset()

    def may(self, right: Right) -> bool:
        """Whether the role allows `right`; where, the scope says."""
        return right in self.rights


def operator(login: str) -> Viewer:
    """Somebody at the command line of the store's machine: the operating system let him in."""
    return Viewer(0, login, login, Role.ADMINISTRATOR, EVERYWHERE, is_operator=True)


ANYBODY = Viewer(login="anybody")
"""A visitor who has not signed in: the public map, counts of five and more."""
