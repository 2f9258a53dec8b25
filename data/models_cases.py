"""案卷: the catalogue, the calendar, cases and what happened to them."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Sequence,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from data.models import Base, InArea, Numbered, Placed, Versioned, Watched, placed_indexes


def _number_of(table: str, ondelete: str) -> Any:
    return mapped_column(BigInteger, ForeignKey(f"{table}.id", ondelete=ondelete))


class CaseClass(Numbered, Watched, Base):
    """类别: a minor class of a code system; `code` is unique within its kind only."""

    __tablename__ = "case_class"
    system: Mapped[str]
    kind: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    major_code: Mapped[str]
    major_name: Mapped[str]
    is_local: Mapped[bool] = mapped_column(server_default=text("false"))
    skills: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    __table_args__ = (
        CheckConstraint("kind IN ('component', 'event', 'service')", name="case_class_kind"),
        UniqueConstraint("system", "kind", "code"),
    )


class CaseCondition(Numbered, Watched, Base):
    """立案条件: when a class is filed, by which clock it must be done, what closes it."""

    __tablename__ = "case_condition"
    class_id: Mapped[int] = _number_of("case_class", "CASCADE")
    number: Mapped[int]
    filing: Mapped[str]
    amount: Mapped[float]
    clock: Mapped[str]
    closing: Mapped[str]
    unit_kinds: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    basis: Mapped[str] = mapped_column(server_default="own")
    __table_args__ = (
        CheckConstraint("amount > 0", name="case_condition_amount"),
        CheckConstraint(
            "clock IN ('urgent_hour', 'work_hour', 'work_day', 'natural_day')",
            name="case_condition_clock",
        ),
        UniqueConstraint("class_id", "number"),
    )


class WorkPeriod(Numbered, Base):
    """工作时段: when work is done on a weekday (1 is Monday), local time."""

    __tablename__ = "work_period"
    weekday: Mapped[int]
    starts: Mapped[time]
    ends: Mapped[time]
    valid_from: Mapped[date] = mapped_column(server_default=text("'-infinity'"))
    valid_to: Mapped[date | None]
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 1 AND 7", name="work_period_weekday"),
        CheckConstraint("starts < ends", name="work_period_forward"),
        UniqueConstraint("weekday", "starts", "valid_from"),
    )


class CalendarDay(Base):
    """法定节假日 and 调休工作日: the days that are not what their weekday says."""

    __tablename__ = "calendar_day"
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    __table_args__ = (CheckConstraint("kind IN ('holiday', 'workday')", name="calendar_day_kind"),)


case_number = Sequence("case_number", metadata=Base.metadata)


class CaseFile(Numbered, Watched, Versioned, Placed, InArea, Base):
    """案卷: an incident on its way from report to closing: the sum of its events.

    `desk_code` is the division whose duty desk has it while its cell is not sure, and `area_no` is
    then the desk's; `settled` says that somebody chose the cell, whatever the place says. `clock`
    is the `run` of `gis.case_clock.Times`; `next_move` is what time does at `next_at`.
    """

    __tablename__ = "case_file"
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    kind: Mapped[str | None]
    class_code: Mapped[str | None]
    condition_id: Mapped[int | None] = _number_of("case_condition", "SET NULL")
    state: Mapped[str] = mapped_column(server_default="reported")
    request_id: Mapped[str | None] = mapped_column(unique=True)
    channel: Mapped[str] = mapped_column(server_default="sheet")
    reported_at: Mapped[datetime | None]
    reported_by: Mapped[int | None] = mapped_column(BigInteger)
    contact_mask: Mapped[str | None]
    contact_sealed: Mapped[bytes | None]
    due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    address: Mapped[str | None]
    description: Mapped[str | None]
    accuracy_m: Mapped[float | None]
    desk_code: Mapped[str | None]
    settled: Mapped[bool] = mapped_column(server_default=text("false"))
    candidates: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    joined_to: Mapped[int | None] = _number_of("case_file", "SET NULL")
    unit_id: Mapped[int | None] = _number_of("network_unit", "SET NULL")
    worker_id: Mapped[int | None] = _number_of("worker", "SET NULL")
    assigned: Mapped[bool] = mapped_column(server_default=text("false"))
    handled_by: Mapped[int | None] = mapped_column(BigInteger)
    stood: Mapped[str | None]
    suspended_until: Mapped[datetime | None]
    extension_asked: Mapped[bool] = mapped_column(server_default=text("false"))
    extensions: Mapped[int] = mapped_column(server_default="0")
    appeal: Mapped[str | None]
    exempt: Mapped[bool] = mapped_column(server_default=text("false"))
    supervised: Mapped[bool] = mapped_column(server_default=text("false"))
    returns: Mapped[int] = mapped_column(server_default="0")
    reworks: Mapped[int] = mapped_column(server_default="0")
    clock: Mapped[dict[str, Any] | None]
    stage_due_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    next_move: Mapped[str | None]
    level: Mapped[str | None]
    filed_at: Mapped[datetime | None]
    dispatched_at: Mapped[datetime | None]
    handled_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]
    __table_args__ = (
        *placed_indexes("case_file"),
        Index("case_file_reported_at", "reported_at"),
        Index("case_file_class_reported_at", "kind", "class_code", "reported_at"),
        Index("case_file_area_no", "area_no"),
        Index("case_file_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index("case_file_joined_to", "joined_to", postgresql_where=text("joined_to IS NOT NULL")),
        *(
            Index(
                f"case_file_{holder}", holder,
                postgresql_where=text("state NOT IN ('closed', 'evaluated', 'void')"),
            )
            for holder in ("unit_id", "worker_id")
        ),
        Index(
            "case_file_due_next",
            text("coalesce(stage_due_at, due_at, 'infinity'::timestamptz)"),
            "id",
            postgresql_where=text("state NOT IN ('closed', 'evaluated', 'void')"),
        ),
        Index(
            "case_file_open_cell_id", "cell_id",
            postgresql_where=text("state NOT IN ('closed', 'evaluated', 'void')"),
        ),
        CheckConstraint("joined_to <> id", name="case_file_not_itself"),
    )  # fmt: skip


class CaseEvent(Numbered, Base):
    """经过: one move of a case, as it happened; it is never changed."""

    __tablename__ = "case_event"
    case_id: Mapped[int] = _number_of("case_file", "CASCADE")
    at: Mapped[datetime]
    account: Mapped[int] = mapped_column(BigInteger, server_default="0")
    actor: Mapped[str]
    move: Mapped[str]
    source: Mapped[str | None]
    target: Mapped[str]
    words: Mapped[str | None]
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    request_id: Mapped[str | None] = mapped_column(unique=True)
    __table_args__ = (
        Index("case_event_case_id", "case_id", "id"),
        Index("case_event_begins", "case_id", unique=True, postgresql_where=text("source IS NULL")),
    )


class CasePhoto(Numbered, Base):
    """照片: a photograph, without what the camera wrote into it; `number` is within the case."""

    __tablename__ = "case_photo"
    case_id: Mapped[int] = _number_of("case_file", "CASCADE")
    event_id: Mapped[int | None] = _number_of("case_event", "CASCADE")
    number: Mapped[int]
    digest: Mapped[bytes]
    width: Mapped[int]
    height: Mapped[int]
    image: Mapped[bytes]
    thumbnail: Mapped[bytes]
    taken_at: Mapped[datetime | None]
    taken: Mapped[Any] = mapped_column(
        Geometry("POINT", srid=4326, spatial_index=False), nullable=True
    )
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        UniqueConstraint("case_id", "digest"),
    )


class CaseStep(Base):
    """The table of moves as the database checks it; `gis.cases.STEPS` says the same."""

    __tablename__ = "case_step"
    move: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    needed_right: Mapped[str | None]
