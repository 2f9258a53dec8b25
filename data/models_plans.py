"""Plans: what was done to a draft, and which cells became which."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from data.models import Base


class PlanEdit(Base):
    """编辑: one change of a draft, by number; `what` are the words of the operation."""

    __tablename__ = "plan_edit"
    plan_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("grid_plan.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    account: Mapped[int] = mapped_column(BigInteger, server_default="0")
    actor: Mapped[str]
    kind: Mapped[str]
    what: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class PlanEditCell(Base):
    """A cell as an edit found it, or (`is_after`) left it."""

    __tablename__ = "plan_edit_cell"
    plan_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    is_after: Mapped[bool] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    division_code: Mapped[str | None]
    parent_code: Mapped[str | None]
    area_no: Mapped[int] = mapped_column(BigInteger, server_default="0")
    households_declared: Mapped[int | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    geom: Mapped[Any] = mapped_column(
        Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False
    )
    __table_args__ = (
        ForeignKeyConstraint(
            ["plan_id", "number"], ["plan_edit.plan_id", "plan_edit.number"], ondelete="CASCADE"
        ),
        Index("plan_edit_cell_code", "plan_id", "code"),
    )


class CellLineage(Base):
    """沿革: how much of a cell went to which, with the publication `number`.

    The child '' is no cell. Ids are those of cells of the day: of one that lives on its own.
    """

    __tablename__ = "cell_lineage"
    number: Mapped[int] = mapped_column(primary_key=True)
    parent_code: Mapped[str] = mapped_column(primary_key=True)
    child_code: Mapped[str] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    child_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    kind: Mapped[str]
    households: Mapped[float]
    area_m2: Mapped[float]
    households_share: Mapped[float]
    area_share: Mapped[float]
