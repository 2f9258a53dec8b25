"""What the server tells a program, as values with types (`api.client`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Me:
    """Who the server takes us for; nobody has no login."""

    login: str
    name: str
    role: str
    rights: tuple[str, ...]
    charge: tuple[str, ...]


@dataclass(frozen=True)
class Post:
    """Who answers for a cell: role, name and telephone of the office."""

    role: str
    name: str
    phone: str | None


@dataclass(frozen=True)
class Near:
    """Another cell within the accuracy of a place, and how far it is."""

    code: str
    name: str
    distance_m: float


@dataclass(frozen=True)
class Located:
    """Which cell a place is in: None outside of all; `near` are those it may be in, too."""

    cell: str | None
    name: str | None
    community: str | None
    street: str | None
    posts: tuple[Post, ...]
    near: tuple[Near, ...]


@dataclass(frozen=True)
class Reported:
    """What became of a report: its number, and the code by which anybody follows it."""

    code: str
    follow: str
    state: str
    cell: str | None
    desk: str | None
    similar: int
    posts: tuple[Post, ...]


@dataclass(frozen=True)
class Step:
    """A move of a case that led to another state."""

    move: str
    state: str
    at: datetime


@dataclass(frozen=True)
class Followed:
    """Where a case stands, as whoever has its code is told."""

    code: str
    state: str
    reported_at: datetime | None
    due_at: datetime | None
    closed_at: datetime | None
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Case:
    """A case in one's charge; `told` is all that the server says of it."""

    code: str
    version: int
    state: str
    title: str
    kind: str | None
    class_code: str | None
    cell: str | None
    reported_at: datetime | None
    due_at: datetime | None
    lon: float | None
    lat: float | None
    told: Mapping[str, Any] = field(repr=False)
