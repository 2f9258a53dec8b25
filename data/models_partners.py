"""Other systems: who reports by a key, what of the cases is public, who hears of what happens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from data.models import Base, Numbered


class Open311Jurisdiction(Base):
    """A name by which other systems ask for the city or a division of it."""

    __tablename__ = "open311_jurisdiction"
    id: Mapped[str] = mapped_column(primary_key=True)
    division_code: Mapped[str | None]


class Open311Published(Base):
    """A class whose cases are told to anybody, with their places."""

    __tablename__ = "open311_published"
    kind: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)


class Open311Key(Numbered, Base):
    """A key by which an organisation reports; only its digest is kept."""

    __tablename__ = "open311_key"
    label: Mapped[str]
    jurisdiction: Mapped[str | None]
    digest: Mapped[bytes] = mapped_column(unique=True)
    per_hour: Mapped[int] = mapped_column(server_default="300")
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]
    __table_args__ = (CheckConstraint("per_hour > 0", name="open311_key_per_hour"),)


class Open311Sent(Base):
    """Which case came by which key."""

    __tablename__ = "open311_sent"
    case_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("case_file.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    key_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("open311_key.id", ondelete="CASCADE")
    )
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (Index("open311_sent_key_id", "key_id", "at"),)


class Webhook(Numbered, Base):
    """A subscriber: where it is told, of which moves (none named: all) and of which division.

    The secret stands in an environment variable of the server; only its name is kept.
    """

    __tablename__ = "webhook"
    url: Mapped[str] = mapped_column(unique=True)
    secret_env: Mapped[str]
    moves: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    division_code: Mapped[str | None]
    stem: Mapped[str] = mapped_column(server_default="")
    private: Mapped[bool] = mapped_column(server_default=text("false"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    failures: Mapped[int] = mapped_column(server_default="0")
    paused_until: Mapped[datetime | None]
    fault: Mapped[str | None]


class WebhookDelivery(Numbered, Base):
    """An event that a subscriber is owed, written with the event itself."""

    __tablename__ = "webhook_delivery"
    webhook_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("webhook.id", ondelete="CASCADE")
    )
    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("case_file.id", ondelete="CASCADE"))
    event_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("case_event.id", ondelete="CASCADE")
    )
    message: Mapped[str] = mapped_column(Uuid, server_default=text("gen_random_uuid()"))
    state: Mapped[str] = mapped_column(server_default="waiting")
    tries: Mapped[int] = mapped_column(server_default="0")
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    status: Mapped[int | None]
    fault: Mapped[str | None]
    body: Mapped[str | None]
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'sent', 'dead')", name="webhook_delivery_state"),
        UniqueConstraint("webhook_id", "event_id"),
        Index(
            "webhook_delivery_line", "webhook_id", "case_id", "event_id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "webhook_delivery_due", "webhook_id", "event_id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("webhook_delivery_case_id", "case_id"),
        Index("webhook_delivery_event_id", "event_id"),
        Index(
            "webhook_delivery_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")
        ),
    )  # fmt: skip
