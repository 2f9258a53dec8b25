"""Names of plans and of their cells: what speaks against one, in sentences."""

from __future__ import annotations

import unicodedata

from gis.errors import BadInput, Fault
from gis.reports import unreadable

LONGEST = 100
_UNSEEN, _BLANKS = {"Cf", "Zs", "Zl", "Zp"}, " \u3000"
ADDRESSES = (
    "cells", "units", "findings", "edits", "mend", "undo", "redo", "balance", "draw", "compare",
    "hand-over.xlsx", "consequences", "publish_on", "export",
)  # fmt: skip
"""What the address of something about a plan ends in, after the plan's name."""


def faults_of_cell(name: str) -> list[Fault]:
    """Say what speaks against the name of a cell."""
    return _faults(name, "a cell's name", "name")


def faults_of_plan(name: str) -> list[Fault]:
    """Say what speaks against the name of a plan, which its address is to tell."""
    faults = _faults(name, "a plan's name", "plan_name")
    *_, last = parts = name.split("/")
    if not {"", ".", ".."}.isdisjoint(parts) and name:
        said = (
            f"{name!r:.150} is no name of a plan: addresses leave out . and .., and / at its ends "
            "or twice"
        )
        faults.append(Fault("plan_name_parts", said))
    if len(parts) > 1 and last in ADDRESSES:
        said = (
            f"a plan's name does not end in /{last}, as the address of what there is about a plan "
            f"does; nor in {', '.join(f'/{one}' for one in ADDRESSES if one != last)}"
        )
        faults.append(Fault("plan_name_end", said, end=last))
    return faults


def refuse_plan(name: str) -> None:
    """See that a plan may have a name.

    Raises:
        BadInput: what speaks against it, all of it.
    """
    if faults := faults_of_plan(name):
        raise BadInput(" ".join(f"{one}." for one in faults), field="name", faults=faults)


def _faults(name: str, whose: str, key: str) -> list[Fault]:
    faults = []
    if not 0 < len(name.strip()) <= LONGEST or len(name) > LONGEST:
        said = f"{whose} has 1 to {LONGEST} characters, not {len(name.strip())}"
        faults.append(Fault(key, said, n=LONGEST))
    if fault := unreadable(name) or _unseen(name):
        faults.append(Fault(f"{key}_unreadable", f"{whose} {fault}"))
    return faults


def _unseen(name: str) -> str | None:
    """Say what in a name nobody sees, by which two names that look the same would differ."""
    if name.strip() not in {"", name}:
        return "begins or ends with a blank"
    unseen = [one for one in name if unicodedata.category(one) in _UNSEEN and one not in _BLANKS]
    return f"holds the character U+{ord(unseen[0]):04X}, which nobody can see" if unseen else None
