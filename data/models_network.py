"""网络: who answers for what and when, who reported in, and the whistles that call them."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from data.models import Base, InArea, Numbered, Placed, Versioned, Watched, placed_indexes


def _number_of(table: str, ondelete: str = "CASCADE") -> Any:
    return mapped_column(BigInteger, ForeignKey(f"{table}.id", ondelete=ondelete))


class Responsibility(Numbered, Watched, Base):
    """责任清单: a unit answers for a class (null: all; two digits: a major) in a division."""

    __tablename__ = "responsibility"
    kind: Mapped[str | None]
    class_code: Mapped[str | None]
    division_code: Mapped[str | None]
    unit_id: Mapped[int] = _number_of("network_unit")
    side: Mapped[str]
    rank: Mapped[int] = mapped_column(server_default="1")
    valid_from: Mapped[date] = mapped_column(server_default=text("'-infinity'"))
    valid_to: Mapped[date | None]
    __table_args__ = (
        CheckConstraint("kind IN ('component', 'event', 'service')", name="responsibility_kind"),
        CheckConstraint("side IN ('owner', 'territory')", name="responsibility_side"),
        UniqueConstraint(
            "kind", "class_code", "division_code", "unit_id", "valid_from",
            postgresql_nulls_not_distinct=True,
        ),
        Index("responsibility_class_code", "class_code"),
    )  # fmt: skip


class Shift(Numbered, Base):
    """班次: when a worker is on duty, by weekday (1 is Monday); past midnight if it ends before."""

    __tablename__ = "shift"
    worker_id: Mapped[int] = _number_of("worker")
    weekday: Mapped[int]
    starts: Mapped[time]
    ends: Mapped[time]
    valid_from: Mapped[date] = mapped_column(server_default=text("'-infinity'"))
    valid_to: Mapped[date | None]
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 1 AND 7", name="shift_weekday"),
        CheckConstraint("starts <> ends", name="shift_not_empty"),
        UniqueConstraint("worker_id", "weekday", "starts", "valid_from"),
    )


class Absence(Numbered, Base):
    """请假: a worker is away, for a reason that is nobody's business here."""

    __tablename__ = "absence"
    worker_id: Mapped[int] = _number_of("worker")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="absence_forward"),
        UniqueConstraint("worker_id", "starts_at"),
    )


class Member(Numbered, Watched, Placed, InArea, Base):
    """双报到: a volunteer or party member who offers what he can where he lives; sealed."""

    __tablename__ = "member"
    code: Mapped[str] = mapped_column(unique=True)
    unit_id: Mapped[int] = _number_of("network_unit")
    name_mask: Mapped[str]
    name_sealed: Mapped[bytes]
    phone_mask: Mapped[str | None]
    phone_sealed: Mapped[bytes | None]
    skills: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    __table_args__ = (*placed_indexes("member"), Index("member_area_no", "area_no"))


class OpenHours(Numbered, Base):
    """可响应时段: when a unit or a member can come; always, where none is told."""

    __tablename__ = "open_hours"
    unit_id: Mapped[int | None] = _number_of("network_unit")
    member_id: Mapped[int | None] = _number_of("member")
    weekday: Mapped[int]
    starts: Mapped[time]
    ends: Mapped[time]
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 1 AND 7", name="open_hours_weekday"),
        CheckConstraint("num_nonnulls(unit_id, member_id) = 1", name="open_hours_of_one"),
        CheckConstraint("starts <> ends", name="open_hours_not_empty"),
        UniqueConstraint(
            "unit_id", "member_id", "weekday", "starts", postgresql_nulls_not_distinct=True
        ),
    )


class Whistle(Numbered, Versioned, Base):
    """吹哨: others are called in to a case, up to three times; at `next_at` it is late."""

    __tablename__ = "whistle"
    case_id: Mapped[int] = _number_of("case_file")
    round: Mapped[int]
    kind: Mapped[str]
    state: Mapped[str]
    level: Mapped[str]
    words: Mapped[str]
    skills: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    account: Mapped[int] = mapped_column(BigInteger, server_default="0")
    unit_id: Mapped[int | None] = _number_of("network_unit", "SET NULL")
    cell_id: Mapped[int | None] = mapped_column(BigInteger)
    asked_at: Mapped[datetime]
    approved_by: Mapped[int | None] = mapped_column(BigInteger)
    approved_at: Mapped[datetime | None]
    approve_due_at: Mapped[datetime]
    due_at: Mapped[datetime]
    next_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closing: Mapped[str | None]
    __table_args__ = (
        CheckConstraint("round BETWEEN 1 AND 3", name="whistle_round"),
        CheckConstraint("kind IN ('routine', 'tough', 'emergency')", name="whistle_kind"),
        CheckConstraint(
            "state IN ('asked', 'sounding', 'meeting', 'closed', 'refused')", name="whistle_state"
        ),
        UniqueConstraint("case_id", "round"),
        Index("whistle_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    )


class WhistleParty(Numbered, Versioned, Base):
    """应哨方: an invited unit or member with its part, its own deadlines, and how far it came."""

    __tablename__ = "whistle_party"
    whistle_id: Mapped[int] = _number_of("whistle")
    number: Mapped[int]
    unit_id: Mapped[int | None] = _number_of("network_unit")
    member_id: Mapped[int | None] = _number_of("member")
    part: Mapped[str]
    state: Mapped[str]
    invited_at: Mapped[datetime | None]
    claim_due_at: Mapped[datetime | None]
    arrive_due_at: Mapped[datetime | None]
    finish_due_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    words: Mapped[str | None]
    rating: Mapped[int | None]
    rating_words: Mapped[str | None]
    __table_args__ = (
        CheckConstraint("num_nonnulls(unit_id, member_id) = 1", name="whistle_party_of_one"),
        CheckConstraint("part IN ('lead', 'joint')", name="whistle_party_part"),
        CheckConstraint(
            "state IN ('named', 'invited', 'claimed', 'declined', 'arrived', 'finished')",
            name="whistle_party_state",
        ),
        CheckConstraint("rating BETWEEN 1 AND 5", name="whistle_party_rating"),
        UniqueConstraint("whistle_id", "number"),
        UniqueConstraint("whistle_id", "unit_id", "member_id", postgresql_nulls_not_distinct=True),
        Index("whistle_party_unit_id", "unit_id"),
        Index("whistle_party_member_id", "member_id"),
        Index("whistle_party_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    )


class Meeting(Numbered, Base):
    """联席会: when those called in sat together, and what they decided."""

    __tablename__ = "meeting"
    whistle_id: Mapped[int] = _number_of("whistle")
    at: Mapped[datetime]
    place: Mapped[str | None]
    participants: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    decisions: Mapped[str | None]
    held_at: Mapped[datetime | None]
    __table_args__ = (Index("meeting_whistle_id", "whistle_id"),)


class FollowUp(Numbered, Base):
    """落实: what a unit is to do after a meeting, by when, and whether it did."""

    __tablename__ = "follow_up"
    meeting_id: Mapped[int] = _number_of("meeting")
    unit_id: Mapped[int] = _number_of("network_unit")
    words: Mapped[str]
    due_at: Mapped[datetime]
    next_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    done_words: Mapped[str | None]
    __table_args__ = (
        Index("follow_up_meeting_id", "meeting_id"),
        Index("follow_up_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index("follow_up_unit_id", "unit_id", postgresql_where=text("done_at IS NULL")),
    )
