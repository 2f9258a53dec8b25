"""Where points are in web Mercator: what a tile draws of them, without PostGIS transforming each.

A facility's place is kept so (`facility.dot`), in an index that answers for dots by itself: of a
tile's thirty thousand no row is looked at.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Computed, Index
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.types import UserDefinedType

_M_PER_DEGREE, _RADIUS_M = 111319.49079327358, 6378137
_MOST_NORTH = 89.9  # the pole itself is infinitely far


def east(geom: str) -> str:
    """Write how far east a WGS-84 point is, in metres of web Mercator."""
    return f"ST_X({geom}) * {_M_PER_DEGREE}"


def north(geom: str) -> str:
    """Write how far north it is."""
    lat = f"greatest(least(ST_Y({geom}), {_MOST_NORTH}), -{_MOST_NORTH})"
    return f"ln(tan(0.7853981633974483 + {lat} * 0.008726646259971648)) * {_RADIUS_M}"


def kept(geom: str) -> str:
    """Write the column `dot` of a place."""
    return f"point({east(geom)}, {north(geom)})"


class Dot(UserDefinedType[Any]):
    """The type `point` of PostgreSQL itself: unlike a geometry, an index gives it back."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Its name in SQL."""
        return "POINT"


ischema_names["point"] = Dot


class Dotted:
    """A table with places that tiles show as dots."""

    @declared_attr
    def dot(cls) -> Mapped[Any]:
        """The place in metres of web Mercator; null where there is none."""
        return mapped_column(Dot, Computed(kept("geom"), persisted=True), nullable=True)


def index(table: str) -> Index:
    """Its index, which holds all that a tile of dots tells."""
    return Index(
        f"{table}_dot", "dot", postgresql_using="gist", postgresql_include=["id", "category"]
    )
