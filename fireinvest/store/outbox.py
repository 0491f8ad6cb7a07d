"""Notices that commit with the change that they tell of; sending them is a matter of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, insert, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant, LargeId
from fireinvest.store.codec import canonical


class OutboxRow(Base):
    """A notice to be sent once. ``claimed_until`` is the lease of the worker that sends it."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("key"),
        Index(
            "ix_outbox_pending",
            "id",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index(None, "case_id"),
    )

    id: Mapped[int] = mapped_column(LargeId, primary_key=True)
    key: Mapped[str] = mapped_column(Text)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    claimed_by: Mapped[str | None] = mapped_column(String(100))
    claimed_until: Mapped[datetime | None] = mapped_column(Instant)
    attempts: Mapped[int]
    done_at: Mapped[datetime | None] = mapped_column(Instant)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is there to tell, under a key that no second notice can have?"""

    key: str
    case_id: int | None
    kind: str
    payload: dict[str, object]


def post(session: Session, notices: Iterable[Notice], created_at: datetime) -> None:
    """Put notices into the outbox."""
    rows = [
        {
            "key": each.key,
            "case_id": each.case_id,
            "kind": each.kind,
            "payload": canonical(each.payload),
            "created_at": created_at,
            "attempts": 0,
        }
        for each in notices
    ]
    if rows:
        session.execute(insert(OutboxRow), rows)
