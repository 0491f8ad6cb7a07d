"""Second factors: what somebody has beside a password, and the codes that stand in for it once."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fireinvest.store.base import Base, Instant


class AuthenticatorRow(Base):
    """An authenticator app or a passkey. It counts once it is confirmed.

    ``secret``: of an app the shared secret, encrypted; of a passkey its public key. ``last_step``:
    the time step of the app's last code, which is never taken again.
    """

    __tablename__ = "authenticators"
    __table_args__ = (UniqueConstraint("credential_id"), Index(None, "person_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    kind: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(100))
    secret: Mapped[str] = mapped_column(Text)
    credential_id: Mapped[str | None] = mapped_column(String(1400))
    sign_count: Mapped[int] = mapped_column(BigInteger)
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    added_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)


class OneTimeCodeRow(Base):
    """A code that is good for one thing once, such as a first sign-in. Only its hash is kept."""

    __tablename__ = "one_time_codes"
    __table_args__ = (UniqueConstraint("code_hash"), Index(None, "person_id", "purpose"))

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    purpose: Mapped[str] = mapped_column(String(20))
    code_hash: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[str] = mapped_column(String(100))
    made_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
