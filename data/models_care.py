"""走访 and 关爱对象: who is cared for, who was visited."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from data.models import Base, InArea, Numbered, Watched
from gis.terms import Labelled
from gis.terms_community import CareCategory, CareLevel, VisitChannel, VisitFinding


def _of_resident() -> Mapped[int]:
    return mapped_column(BigInteger, ForeignKey("resident.id", ondelete="CASCADE"))


def _word(table: str, column: str, words: type[Labelled]) -> CheckConstraint:
    told = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({told})", name=f"{table}_{column}")


class CareRecipient(Numbered, Watched, InArea, Base):
    """关爱对象: why and how closely somebody is cared for; one row for each category of his.

    `grade` is that of a disability, 1 the gravest; on the day `until` it no longer counts;
    `told_on` is when the store heard of it, `due_on` when he is to be visited next.
    """

    __tablename__ = "care_recipient"
    resident_id: Mapped[int] = _of_resident()
    category: Mapped[str]
    level: Mapped[str]
    grade: Mapped[int | None]
    since: Mapped[date | None]
    until: Mapped[date | None]
    told_on: Mapped[date] = mapped_column(server_default=func.current_date())
    due_on: Mapped[date]
    __table_args__ = (
        _word("care_recipient", "category", CareCategory),
        _word("care_recipient", "level", CareLevel),
        CheckConstraint("grade IS NULL OR grade BETWEEN 1 AND 4 AND category = 'disabled'",
                        name="care_recipient_grade"),
        CheckConstraint("since <= until", name="care_recipient_period"),
        UniqueConstraint("resident_id", "category"),
        Index("care_recipient_area_no", "area_no", "due_on"),
    )  # fmt: skip


class Visit(Numbered, Base):
    """走访: somebody was looked after, when, how, what was found. Where its maker was is not kept.

    `told_at` is when the store heard of it; an undone visit stays and counts no more.
    """

    __tablename__ = "visit"
    resident_id: Mapped[int] = _of_resident()
    at: Mapped[datetime]
    channel: Mapped[str]
    finding: Mapped[str]
    words: Mapped[str | None]
    account: Mapped[int] = mapped_column(BigInteger, server_default="0")
    actor: Mapped[str]
    request_id: Mapped[str | None] = mapped_column(unique=True)
    told_at: Mapped[datetime] = mapped_column(server_default=func.now())
    undone_at: Mapped[datetime | None]
    __table_args__ = (
        _word("visit", "channel", VisitChannel),
        _word("visit", "finding", VisitFinding),
        Index("visit_resident_id", "resident_id", "at"),
    )


class CellCare(Base):
    """How many are cared for in a cell, by category; counted by the store (`count_care`)."""

    __tablename__ = "cell_care"
    cell_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    category: Mapped[str] = mapped_column(primary_key=True)
    recipients: Mapped[int]
