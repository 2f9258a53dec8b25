"""台账's paper trail: sheets, refused rows, decisions waiting, changes and merges of residents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.models import Base, InArea, Numbered, Watched


def _of_sheet(*, stays: bool) -> Mapped[Any]:
    kept = ForeignKey("sheet.id", ondelete="SET NULL" if stays else "CASCADE")
    return mapped_column(BigInteger, kept, nullable=stays, index=not stays)


class Sheet(Numbered, Base):
    """表格: one file of residents that was brought."""

    __tablename__ = "sheet"
    name: Mapped[str]
    kind: Mapped[str]
    told_at: Mapped[datetime]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    content: Mapped[bytes | None]
    report: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    __table_args__ = (Index("sheet_content", "content"),)


class SheetRow(Numbered, Watched, InArea, Base):
    """待补行: a row that was refused, sealed, with what was wrong, until somebody mends it.

    `content` is a keyed digest: the same row is not kept twice.
    """

    __tablename__ = "sheet_row"
    sheet_id: Mapped[int] = _of_sheet(stays=False)
    row: Mapped[int]
    sealed: Mapped[bytes]
    content: Mapped[bytes]
    faults: Mapped[list[Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(server_default="waiting")
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'mended', 'dropped')", name="sheet_row_state"),
        Index("sheet_row_area_no", "area_no"),
        Index("sheet_row_content", "content"),
    )


class Decision(Numbered, Base):
    """待定事项: what a sheet says otherwise, which only a person can decide.

    `content` is a keyed digest of the row: the same sheet asks once.
    """

    __tablename__ = "decision"
    kind: Mapped[str]
    resident_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("resident.id", ondelete="CASCADE")
    )
    sheet_id: Mapped[int | None] = _of_sheet(stays=True)
    row: Mapped[int | None]
    told_at: Mapped[datetime]
    reason: Mapped[str]
    shown: Mapped[dict[str, Any]]
    sealed: Mapped[bytes]
    content: Mapped[bytes]
    state: Mapped[str] = mapped_column(server_default="open")
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    __table_args__ = (
        CheckConstraint(
            "kind IN ('conflict', 'same_person', 'twice_in_sheet')", name="decision_kind"
        ),
        CheckConstraint("state IN ('open', 'taken', 'kept', 'added')", name="decision_state"),
        Index("decision_open", "resident_id", postgresql_where=text("state = 'open'")),
        Index("decision_content", "content"),
    )


class ResidentChange(Numbered, Base):
    """沿革: a field of a resident that changed, by whom, from which sheet."""

    __tablename__ = "resident_change"
    resident_id: Mapped[int] = mapped_column(BigInteger, index=True)
    field: Mapped[str]
    old_shown: Mapped[str | None]
    new_shown: Mapped[str | None]
    old_sealed: Mapped[bytes | None]
    new_sealed: Mapped[bytes | None]
    act: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    told_at: Mapped[datetime | None]
    actor: Mapped[str]
    sheet_id: Mapped[int | None] = _of_sheet(stays=True)


class ResidentMerge(Numbered, Base):
    """合并: two records that were one person; what both were before, so that it can be undone."""

    __tablename__ = "resident_merge"
    kept_id: Mapped[int] = mapped_column(BigInteger, index=True)
    merged_id: Mapped[int] = mapped_column(BigInteger, index=True)
    kept_before: Mapped[dict[str, Any]]
    merged_row: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor: Mapped[str]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]
