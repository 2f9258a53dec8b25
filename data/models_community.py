"""社区云: notices, guides, polls, questions, volunteers, councils."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from data.models import Base, Numbered, Versioned, Watched


class InDivision:
    """A table whose rows belong to a division; null: to the whole town.

    `area_no` is the number of the division's desk: who is in charge of that edits the row.
    """

    division_code: Mapped[str | None]
    area_no: Mapped[int] = mapped_column(
        BigInteger,
        Computed(
            "CASE WHEN division_code IS NULL THEN 0 WHEN division_code ~ '^[0-9]{1,12}$' "
            "THEN rpad(division_code, 12, '0')::bigint * 1000000 ELSE 999999999999000000 END",
            persisted=True,
        ),
        nullable=False,
    )


class Edited(Versioned, Watched):
    """A table that staff of a community write; what is taken back stays as a row."""

    account: Mapped[int] = mapped_column(BigInteger, server_default="0")
    taken_back_at: Mapped[datetime | None]
    request_id: Mapped[str | None] = mapped_column(unique=True)


class Notice(Numbered, Edited, InDivision, Base):
    """通知公告: for residents or for staff of a division; `cells`, if told, are codes in it."""

    __tablename__ = "notice"
    audience: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    cells: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    from_at: Mapped[datetime] = mapped_column(server_default=func.now())
    until_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("audience IN ('public', 'staff')", name="notice_audience"),
        CheckConstraint("from_at < until_at", name="notice_forward"),
        Index("notice_division_code", "division_code", "from_at"),
    )


def _number_of(table: str) -> Any:
    return mapped_column(BigInteger, ForeignKey(f"{table}.id", ondelete="CASCADE"))


class Guide(Numbered, Edited, InDivision, Base):
    """办事指南 and 便民服务: what to bring where and when; `initials` are those of its pinyin."""

    __tablename__ = "guide"
    kind: Mapped[str]
    title: Mapped[str]
    initials: Mapped[str] = mapped_column(server_default="")
    body: Mapped[str]
    materials: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    place: Mapped[str | None]
    hours: Mapped[str | None]
    phone: Mapped[str | None]
    __table_args__ = (
        CheckConstraint("kind IN ('service', 'convenience')", name="guide_kind"),
        Index("guide_division_code", "division_code"),
    )


class Council(Numbered, Edited, InDivision, Base):
    """议事会议: residents, offices and companies sat together; `body` is what was said."""

    __tablename__ = "council"
    kind: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    place: Mapped[str | None]
    at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint(
            "kind IN ('hearing', 'coordination', 'review', 'joint')", name="council_kind"
        ),
        Index("council_division_code", "division_code", "at"),
    )


class CouncilDecision(Numbered, Edited, Base):
    """议定事项: what was decided, who does it by when, and what became of it."""

    __tablename__ = "council_decision"
    council_id: Mapped[int] = _number_of("council")
    words: Mapped[str]
    who: Mapped[str | None]
    due_on: Mapped[date | None]
    state: Mapped[str] = mapped_column(server_default="open")
    outcome: Mapped[str | None]
    __table_args__ = (
        CheckConstraint("state IN ('open', 'done', 'dropped')", name="council_decision_state"),
        Index("council_decision_council_id", "council_id"),
    )


class Poll(Numbered, Edited, InDivision, Base):
    """投票: a question with 2 to 20 options; once open, nothing about it changes."""

    __tablename__ = "poll"
    title: Mapped[str]
    body: Mapped[str]
    poll_of: Mapped[str]
    options: Mapped[list[str]]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint("poll_of IN ('household', 'resident')", name="poll_of"),
        CheckConstraint("opens_at < closes_at", name="poll_forward"),
        CheckConstraint("cardinality(options) BETWEEN 2 AND 20", name="poll_options"),
        Index("poll_division_code", "division_code", "closes_at"),
    )


class PollVoter(Base):
    """Who voted, as a keyed hash; the application cannot read it."""

    __tablename__ = "poll_voter"
    poll_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("poll.id", ondelete="CASCADE"), primary_key=True
    )
    voter: Mapped[bytes] = mapped_column(primary_key=True)
    request: Mapped[bytes]


class BallotBox(Base):
    """What was voted, as a count for each option; told by `poll_result` after the close only."""

    __tablename__ = "ballot_box"
    poll_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("poll.id", ondelete="CASCADE"), primary_key=True
    )
    choice: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    votes: Mapped[int] = mapped_column(BigInteger)


class Asked(Versioned, InDivision):
    """A table of what residents ask for; who they are is sealed."""

    name_mask: Mapped[str | None]
    name_sealed: Mapped[bytes | None]
    phone_mask: Mapped[str | None]
    phone_sealed: Mapped[bytes | None]
    request_id: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default="waiting")
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    account: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cell_id: Mapped[int | None] = mapped_column(BigInteger)


def _asked_table(table: str) -> tuple[CheckConstraint, Index, Index]:
    is_kept = text("name_sealed IS NOT NULL OR phone_sealed IS NOT NULL")
    return (
        CheckConstraint("state IN ('waiting', 'answered', 'declined')", name=f"{table}_state"),
        Index(f"{table}_waiting", "due_at", postgresql_where=text("state = 'waiting'")),
        Index(f"{table}_contact", "due_at", postgresql_where=is_kept),
    )


class Question(Numbered, Asked, Base):
    """咨询: a message to a cadre or a party member, to be answered by a deadline."""

    __tablename__ = "question"
    adviser: Mapped[str]
    topic: Mapped[str]
    words: Mapped[str]
    __table_args__ = (
        CheckConstraint("adviser IN ('cadre', 'party_member')", name="question_adviser"),
        *_asked_table("question"),
    )


class Application(Numbered, Asked, Base):
    """志愿者报名: who offers what, when and where; decided, name and telephone are erased here."""

    __tablename__ = "application"
    skills: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    times: Mapped[str | None]
    __table_args__ = _asked_table("application")
