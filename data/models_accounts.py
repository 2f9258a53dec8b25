"""账号 and 日志: who may sign in, of what he is in charge, where he is signed in, who did what."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, func, text
from sqlalchemy.orm import Mapped, mapped_column

from data.models import Base, Numbered


class Account(Numbered, Base):
    """账号: who may sign in."""

    __tablename__ = "account"
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str | None]
    worker_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("worker.id", ondelete="SET NULL")
    )
    unit_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("network_unit.id", ondelete="SET NULL")
    )
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    failures: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    oidc_subject: Mapped[str | None] = mapped_column(unique=True)
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))


class Charge(Numbered, Base):
    """职责范围: a division, a cell or everything, for a period."""

    __tablename__ = "charge"
    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    division_code: Mapped[str | None]
    cell_code: Mapped[str | None]
    everything: Mapped[bool] = mapped_column(server_default=text("false"))
    valid_from: Mapped[date] = mapped_column(server_default=func.current_date())
    valid_to: Mapped[date | None]
    __table_args__ = (
        CheckConstraint(
            "(division_code IS NOT NULL)::int + (cell_code IS NOT NULL)::int + everything::int = 1",
            name="charge_of_one",
        ),
    )


class SignedIn(Numbered, Base):
    """会话: a browser or a program that is signed in; only the hash of its token is kept."""

    __tablename__ = "session"
    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    kind: Mapped[str]
    label: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    __table_args__ = (CheckConstraint("kind IN ('cookie', 'bearer')", name="session_kind"),)


class Journal(Base):
    """日志: one line per act, never changed; each line's hash covers the one before it."""

    __tablename__ = "journal"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    actor: Mapped[str]
    act: Mapped[str]
    subject: Mapped[str | None]
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    hash: Mapped[bytes]


class JournalHead(Base):
    """The last line of the journal: the next one is chained to it."""

    __tablename__ = "journal_head"
    one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    id: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes]
    __table_args__ = (CheckConstraint("one", name="journal_head_one"),)
