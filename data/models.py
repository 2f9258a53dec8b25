"""The tables.

Places are WGS-84 (SRID 4326) at rest. A building, dwelling, facility or case has a place, which
decides the cell: `cell_id` is only ever set by `data.locate`; null, without coordinates or outside
all cells, is what *unplaced* means. `changed_at` moves only when a value changed.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

import data.tiles_dots


def _geometry(kind: str, srid: int = 4326) -> Geometry:
    return Geometry(kind, srid=srid, spatial_index=False)


class Base(DeclarativeBase):
    """All tables of the store."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
    }


class Numbered:
    """A table whose rows are known by a number of our own."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True, sort_order=-1)


class InArea:
    """A table whose rows are seen by those in charge of the area: that of the record's cell.

    0 where no cell holds it. Row policies compare it with the viewer's range.
    """

    area_no: Mapped[int] = mapped_column(BigInteger, server_default="0")


class Versioned:
    """A table whose rows people edit: who saw an older version is told, not overwritten."""

    version: Mapped[int] = mapped_column(server_default="1")


class Watched:
    """A table that remembers when a row last really changed."""

    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Placed:
    """A table whose rows stand somewhere: the place decides the cell."""

    @declared_attr
    def geom(cls) -> Mapped[Any]:
        """Point, WGS-84; null when the record came without coordinates."""
        return mapped_column(_geometry("POINT"), nullable=True)

    @declared_attr
    def cell_id(cls) -> Mapped[int | None]:
        """The cell of the plan in force; null when unplaced.

        No foreign key: it is computed from the place, and checking it row by row would cost more
        than computing it. `wangge check` compares every one with the place.
        """
        return mapped_column(BigInteger)


def placed_indexes(table: str) -> tuple[Index, ...]:
    """The two indexes every placed table has."""
    return (
        Index(f"{table}_geom_gist", "geom", postgresql_using="gist"),
        Index(f"{table}_cell_id", "cell_id"),
    )


class Division(Numbered, Watched, Base):
    """行政区划: one row per code and period; codes die and names are reused."""

    __tablename__ = "division"
    code: Mapped[str]
    name: Mapped[str]
    level: Mapped[str]
    parent_code: Mapped[str | None]
    urban_rural: Mapped[str | None]
    valid_from: Mapped[date] = mapped_column(server_default=text("'-infinity'"))
    valid_to: Mapped[date | None]
    geom: Mapped[Any] = mapped_column(_geometry("MULTIPOLYGON"), nullable=True)
    __table_args__ = (
        UniqueConstraint("code", "valid_from"),
        Index("division_parent_code", "parent_code"),
        Index("division_geom_gist", "geom", postgresql_using="gist"),
    )


class GridPlan(Numbered, Base):
    """网格方案: a drawing of cells, numbered when it is published; exactly one is in force."""

    __tablename__ = "grid_plan"
    name: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default="draft")
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    base_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("grid_plan.id", ondelete="SET NULL")
    )
    area: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="0")
    number: Mapped[int | None] = mapped_column(unique=True)
    publish_on: Mapped[date | None]
    publish_refused: Mapped[str | None]
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'published', 'retired')", name="grid_plan_state"),
        CheckConstraint(
            "CASE state WHEN 'draft' THEN number IS NULL ELSE publish_on IS NULL END",
            name="grid_plan_drafts",
        ),
        Index(
            "grid_plan_one_in_force",
            "state",
            unique=True,
            postgresql_where=text("state = 'published'"),
        ),
    )


class GridCell(Numbered, Watched, Base):
    """网格: a cell. `division_code` is the community it belongs to.

    It is as it is since the publication `since` (null: that of its plan); see `data.plan_cells`.
    In a draft, `version` is the edit that last changed it.
    """

    __tablename__ = "grid_cell"
    plan_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("grid_plan.id", ondelete="CASCADE"), index=True
    )
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="basic")
    division_code: Mapped[str | None]
    parent_code: Mapped[str | None]
    area_no: Mapped[int] = mapped_column(BigInteger, server_default="0")
    households_declared: Mapped[int | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default="0")
    since: Mapped[int | None]
    geom: Mapped[Any] = mapped_column(_geometry("MULTIPOLYGON"), nullable=False)
    geom_3857: Mapped[Any] = mapped_column(
        _geometry("MULTIPOLYGON", 3857), Computed("ST_Transform(geom, 3857)", persisted=True)
    )
    area_m2: Mapped[float | None] = mapped_column(
        Computed("ST_Area(geom::geography)", persisted=True)
    )
    __table_args__ = (
        UniqueConstraint("plan_id", "code"),
        Index("grid_cell_geom_gist", "geom", postgresql_using="gist"),
        Index("grid_cell_division_code", "division_code"),
        Index("grid_cell_area_no", "area_no"),
    )


class CellTally(Base):
    """What stands in each cell, counted when records are filed, never per request."""

    __tablename__ = "cell_tally"
    cell_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("grid_cell.id", ondelete="CASCADE"), primary_key=True
    )
    buildings: Mapped[int] = mapped_column(server_default="0")
    dwellings: Mapped[int] = mapped_column(server_default="0")
    households: Mapped[int] = mapped_column(server_default="0")
    residents: Mapped[int] = mapped_column(server_default="0")
    facilities: Mapped[int] = mapped_column(server_default="0")
    cases: Mapped[int] = mapped_column(server_default="0")
    open_cases: Mapped[int] = mapped_column(server_default="0")


class CellShown(Base):
    """What people outside a cell may know of its numbers: no small count, null where hidden."""

    __tablename__ = "cell_shown"
    cell_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("grid_cell.id", ondelete="CASCADE"), primary_key=True
    )
    buildings: Mapped[int | None]
    dwellings: Mapped[int | None]
    households: Mapped[int | None]
    residents: Mapped[int | None]
    facilities: Mapped[int | None]
    cases: Mapped[int | None]
    open_cases: Mapped[int | None]


class Building(Numbered, Watched, Placed, Base):
    """楼栋: `geom` is its place (a point), `footprint` its outline where known."""

    __tablename__ = "building"
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str | None]
    address: Mapped[str | None]
    floors: Mapped[int | None]
    footprint: Mapped[Any] = mapped_column(_geometry("MULTIPOLYGON"), nullable=True)
    footprint_3857: Mapped[Any] = mapped_column(
        _geometry("MULTIPOLYGON", 3857),
        Computed("ST_Transform(footprint, 3857)", persisted=True),
        nullable=True,
    )
    __table_args__ = (*placed_indexes("building"), Index("building_address", "address"))


class Dwelling(Numbered, Watched, Placed, InArea, Base):
    """房屋: a home in a building; stands where its building stands unless it has its own place."""

    __tablename__ = "dwelling"
    building_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("building.id", ondelete="CASCADE")
    )
    number: Mapped[str]
    own_place: Mapped[bool] = mapped_column(server_default=text("false"))
    __table_args__ = (
        UniqueConstraint("building_id", "number"),
        Index("dwelling_area_no", "area_no"),
        *placed_indexes("dwelling"),
    )


class Household(Numbered, Watched, Versioned, InArea, Base):
    """户: the people who live together in a dwelling."""

    __tablename__ = "household"
    dwelling_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("dwelling.id", ondelete="CASCADE")
    )
    number: Mapped[str] = mapped_column(server_default="1")
    __table_args__ = (
        UniqueConstraint("dwelling_id", "number"),
        Index("household_area_no", "area_no"),
    )


class Resident(Numbered, Watched, Versioned, InArea, Base):
    """居民: one person, once. Name, id and phone are sealed; lists show their masks.

    `told_at` is when the values were true, as the sheet says; `told` the same for single fields
    that were told later.
    """

    __tablename__ = "resident"
    household_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("household.id", ondelete="CASCADE"), index=True
    )
    name_mask: Mapped[str]
    name_index: Mapped[bytes]
    name_sealed: Mapped[bytes]
    id_mask: Mapped[str | None]
    id_index: Mapped[bytes | None]
    id_sealed: Mapped[bytes | None]
    phone_mask: Mapped[str | None]
    phone_index: Mapped[bytes | None]
    phone_sealed: Mapped[bytes | None]
    sex: Mapped[str | None]
    birth_date: Mapped[date | None]
    relation: Mapped[str | None]
    residence: Mapped[str | None]
    floating: Mapped[bool] = mapped_column(server_default=text("false"))
    floating_since: Mapped[date | None]
    floating_until: Mapped[date | None]
    told_at: Mapped[datetime] = mapped_column(server_default=func.now())
    told: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    __table_args__ = (
        Index(
            "resident_id_index", "id_index", unique=True,
            postgresql_where=text("id_index IS NOT NULL"),
        ),
        Index("resident_name_index", "name_index"),
        Index("resident_phone_index", "phone_index",
              postgresql_where=text("phone_index IS NOT NULL")),
        Index("resident_area_no", "area_no"),
        CheckConstraint("sex IN ('male', 'female')", name="resident_sex"),
        CheckConstraint("residence IN ('matches', 'separated')", name="resident_residence"),
    )  # fmt: skip


class Facility(Numbered, Watched, Placed, data.tiles_dots.Dotted, Base):
    """设施: a component of the city (部件) or a place that serves."""

    __tablename__ = "facility"
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="service")
    category: Mapped[str] = mapped_column(server_default="other")
    class_code: Mapped[str | None]
    address: Mapped[str | None]
    phone: Mapped[str | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    hours: Mapped[str | None]
    __table_args__ = (*placed_indexes("facility"), data.tiles_dots.index("facility"))


class NetworkUnit(Numbered, Watched, Base):
    """网络: a department, team or office that can be called in."""

    __tablename__ = "network_unit"
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    division_code: Mapped[str | None]
    parent_code: Mapped[str | None]
    phone: Mapped[str | None]
    skills: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    geom: Mapped[Any] = mapped_column(_geometry("POINT"), nullable=True)


class Worker(Numbered, Watched, Base):
    """工作人员: somebody who holds posts. Work phone only; where he walks is nobody's business."""

    __tablename__ = "worker"
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    phone: Mapped[str | None]
    unit_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("network_unit.id", ondelete="SET NULL")
    )
    skills: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    capacity: Mapped[int] = mapped_column(server_default="8")
    __table_args__ = (CheckConstraint("capacity BETWEEN 0 AND 100", name="worker_capacity"),)


class Post(Numbered, Base):
    """岗位: who answers for a cell, in which role, in which period."""

    __tablename__ = "post"
    cell_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("grid_cell.id", ondelete="CASCADE"), index=True
    )
    worker_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("worker.id", ondelete="CASCADE"), index=True
    )
    role: Mapped[str]
    valid_from: Mapped[date] = mapped_column(server_default=func.current_date())
    valid_to: Mapped[date | None]
    __table_args__ = (UniqueConstraint("cell_id", "worker_id", "role", "valid_from"),)


class BaseFeature(Numbered, Base):
    """The ground under the cells: water, green, roads."""

    __tablename__ = "base_feature"
    kind: Mapped[str]
    rank: Mapped[int] = mapped_column(server_default="0")
    name: Mapped[str | None]
    geom: Mapped[Any] = mapped_column(_geometry("GEOMETRY"), nullable=False)
    geom_3857: Mapped[Any] = mapped_column(
        _geometry("GEOMETRY", 3857), Computed("ST_Transform(geom, 3857)", persisted=True)
    )
    __table_args__ = (Index("base_feature_geom_gist", "geom", postgresql_using="gist"),)


class DataVersion(Base):
    """Rises in the same transaction that changes a layer: exact cache invalidation."""

    __tablename__ = "data_version"
    layer: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")


class StoreFact(Base):
    """What the store knows of itself, such as which demo town was loaded."""

    __tablename__ = "store_fact"
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
