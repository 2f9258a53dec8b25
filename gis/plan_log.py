"""撤销与重做: which edit of a draft one takes back next, and which one does again.

Everybody takes back his own. Taking back is an edit too; doing again takes that one back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gis.errors import Fault, NotFound

UNDO, REDO = "undo", "redo"


@dataclass(frozen=True)
class Edit:
    """One edit of a draft: its number, whose it was, its kind; `of` is what an undo or a redo took
    back."""

    number: int
    actor: str
    kind: str
    of: int | None = None


def to_undo(edits: Iterable[Edit], actor: str) -> int:
    """The edit that `actor` takes back next.

    Raises:
        NotFound: he has none.
    """
    done, _ = _replayed(edits, actor)
    if not done:
        said = f"{actor} has made no edit of this draft that could be taken back"
        raise NotFound(Fault("no_undo", said))
    return done[-1]


def to_redo(edits: Iterable[Edit], actor: str) -> int:
    """The undo that `actor` takes back next; a new edit forgets what was undone before it.

    Raises:
        NotFound: there is none.
    """
    _, undone = _replayed(edits, actor)
    if not undone:
        said = f"{actor} has undone no edit of this draft that could be done again"
        raise NotFound(Fault("no_redo", said))
    return undone[-1]


def _replayed(edits: Iterable[Edit], actor: str) -> tuple[list[int], list[int]]:
    """Numbers of the edits that stand, and of the undos that could be taken back, latest last."""
    done: list[int] = []
    undone: list[int] = []
    for edit in sorted(edits, key=lambda one: one.number):
        if edit.actor != actor:
            continue
        if edit.kind == UNDO:
            done.remove(edit.of or 0)
            undone.append(edit.number)
            continue
        if edit.kind == REDO:
            undone.remove(edit.of or 0)
        else:
            undone.clear()
        done.append(edit.number)
    return done, undone
