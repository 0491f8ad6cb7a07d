"""Failed attempts to sign in, counted by what they have in common."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from fireinvest.store.base import Base, Instant


class AttemptRow(Base):
    """How often something failed since a moment, and until when it isn't tried again.

    ``bucket``: the hash of what the attempts have in common, such as a login and an address.
    ``about``: the login, where there is one, so that an administrator can lift the wait.
    """

    __tablename__ = "attempts"
    __table_args__ = (Index(None, "began_at"),)

    bucket: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    about: Mapped[str | None] = mapped_column(String(200))
    count: Mapped[int]
    began_at: Mapped[datetime] = mapped_column(Instant)
    blocked_until: Mapped[datetime | None] = mapped_column(Instant)
