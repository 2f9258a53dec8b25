"""What is kept for tiles alone, made from cells and posts and made again where it is missing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, Numeric, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from data.models import Base


class CellOutline(Base):
    """A cell as tiles of one zoom draw it: see `data.tiles_outlines`.

    `shape` and the place of its name (`x`, `y`) are in units of such a tile (4096 to a side) east
    and north of where the equator meets Greenwich. No shape: nothing is left of it there, and
    it is drawn as it is. A trigger takes it away when the cell is drawn anew, or goes.
    """

    __tablename__ = "cell_outline"
    zoom: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    cell_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, index=True)
    x: Mapped[int]
    y: Mapped[int]
    shape: Mapped[Any] = mapped_column(Geometry(srid=-1, spatial_index=False), nullable=True)


class CellWorkers(Base):
    """How many full-time grid workers a cell has, as of the ground that `store_fact` names."""

    __tablename__ = "cell_workers"
    cell_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    full_time: Mapped[Decimal] = mapped_column(Numeric)
