"""The desk: named areas, emergency collections."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from data.models import Base, InArea, Numbered


class Drawn(InArea):
    """A table whose rows are shapes that somebody drew.

    `areas` are the area numbers of the cells inside, `area_no` and `area_high` the first and the
    last of them: who has all in his charge sees the row, and whoever drew it.
    """

    area_high: Mapped[int] = mapped_column(BigInteger)
    areas: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    account: Mapped[int] = mapped_column(BigInteger, server_default="0")
    actor: Mapped[str]
    made_at: Mapped[datetime]

    @declared_attr
    def geom(cls) -> Mapped[Any]:
        """What was drawn, WGS-84."""
        return mapped_column(
            Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False
        )


class NamedArea(Numbered, Drawn, Base):
    """片区: a shape that is asked about again and again, with a name."""

    __tablename__ = "named_area"
    name: Mapped[str]
    purpose: Mapped[str] = mapped_column(server_default=text("''"))
    __table_args__ = (Index("named_area_area_no", "area_no"),)


class Collection(Numbered, Drawn, Base):
    """应急清单: the people of a shape gathered for a purpose, until `ends_at`, when all is deleted.

    `near_m` is how far a volunteer may live from a cell to count for it.
    """

    __tablename__ = "collection"
    kind: Mapped[str]
    purpose: Mapped[str]
    near_m: Mapped[float]
    ends_at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint(
            "kind IN ('flood', 'lockdown', 'outage', 'evacuation', 'other')", name="collection_kind"
        ),
        CheckConstraint(
            "ends_at > made_at AND ends_at <= made_at + interval '90 days'", name="collection_ends"
        ),
        Index("collection_ends_at", "ends_at"),
    )


class CollectionEntry(Numbered, InArea, Base):
    """A person of a call list: a copy that lives as long as the collection, sealed as the register.

    `level` and `categories` are the gravest first; `state` is what came of calling.
    """

    __tablename__ = "collection_entry"
    collection_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("collection.id", ondelete="CASCADE")
    )
    number: Mapped[int]
    resident_id: Mapped[int] = mapped_column(BigInteger)
    cell_id: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[str | None]
    name_mask: Mapped[str]
    name_sealed: Mapped[bytes]
    phone_mask: Mapped[str | None]
    phone_sealed: Mapped[bytes | None]
    categories: Mapped[list[str]]
    level: Mapped[str]
    state: Mapped[str | None]
    words: Mapped[str | None]
    told_at: Mapped[datetime | None]
    told_by: Mapped[str | None]
    __table_args__ = (
        CheckConstraint(
            "state IN ('reached', 'unreached', 'needs_help', 'moved')",
            name="collection_entry_state",
        ),
        UniqueConstraint("collection_id", "number"),
    )
