"""Second factors: what somebody has beside a password, and the codes that stand in for it once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant
from fireinvest.store.people import Person


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


# ---------------------------------------------------------------------------- authenticators


@dataclass(frozen=True, slots=True)
class Authenticator:
    """An authenticator app ("totp") or a passkey ("passkey") of somebody, confirmed by them."""

    id: int
    person_id: int
    kind: str
    label: str
    secret: str
    credential_id: str | None
    sign_count: int
    added_at: datetime
    last_used_at: datetime | None


def _authenticator(row: AuthenticatorRow) -> Authenticator:
    return Authenticator(
        row.id,
        row.person_id,
        row.kind,
        row.label,
        row.secret,
        row.credential_id,
        row.sign_count,
        row.added_at,
        row.last_used_at,
    )


def add_authenticator(
    session: Session,
    *,
    person_id: int,
    kind: str,
    label: str,
    secret: str,
    now: datetime,
    credential_id: str | None = None,
    sign_count: int = 0,
    last_step: int | None = None,
) -> int:
    """Keep an authenticator that was confirmed just now; return its id."""
    added = session.execute(
        insert(AuthenticatorRow)
        .values(
            person_id=person_id,
            kind=kind,
            label=label,
            secret=secret,
            credential_id=credential_id,
            sign_count=sign_count,
            last_step=last_step,
            added_at=now,
            confirmed_at=now,
        )
        .returning(AuthenticatorRow.id)
    )
    return int(added.scalar_one())


def authenticators_of(session: Session, person_id: int) -> list[Authenticator]:
    """Return somebody's authenticators, the oldest first."""
    rows = session.scalars(
        select(AuthenticatorRow)
        .where(AuthenticatorRow.person_id == person_id, AuthenticatorRow.confirmed_at.is_not(None))
        .order_by(AuthenticatorRow.id)
    )
    return [_authenticator(each) for each in rows]


def find_credential(session: Session, credential_id: str) -> Authenticator | None:
    """Return the passkey with this id, whoever has it."""
    row = session.scalars(
        select(AuthenticatorRow).where(
            AuthenticatorRow.credential_id == credential_id,
            AuthenticatorRow.confirmed_at.is_not(None),
        )
    ).one_or_none()
    return None if row is None else _authenticator(row)


def take_step(session: Session, authenticator_id: int, step: int, now: datetime) -> bool:
    """Use an app's code of a time step up; of many who bring the same code, one is told yes."""
    taken = session.execute(
        update(AuthenticatorRow)
        .where(
            AuthenticatorRow.id == authenticator_id,
            or_(AuthenticatorRow.last_step.is_(None), AuthenticatorRow.last_step < step),
        )
        .values(last_step=step, last_used_at=now)
        .returning(AuthenticatorRow.id)
    )
    return taken.one_or_none() is not None


def count_use(session: Session, authenticator_id: int, old: int, new: int, now: datetime) -> bool:
    """Note a passkey's count of uses; no where it was used in between."""
    counted = session.execute(
        update(AuthenticatorRow)
        .where(AuthenticatorRow.id == authenticator_id, AuthenticatorRow.sign_count == old)
        .values(sign_count=new, last_used_at=now)
        .returning(AuthenticatorRow.id)
    )
    return counted.one_or_none() is not None


def rename_authenticator(session: Session, authenticator_id: int, label: str) -> None:
    """Call an authenticator something else."""
    session.execute(
        update(AuthenticatorRow).where(AuthenticatorRow.id == authenticator_id).values(label=label)
    )


def drop_authenticators(session: Session, person_id: int, ids: Iterable[int]) -> None:
    """Take authenticators away from somebody."""
    session.execute(
        delete(AuthenticatorRow).where(
            AuthenticatorRow.person_id == person_id, AuthenticatorRow.id.in_(list(ids))
        )
    )


# ---------------------------------------------------------------------------- recovery codes

#: The purposes of the codes that are kept here; those for a first sign-in have others.
_RECOVERY = "recovery"
_CHALLENGE = "challenge"


def set_recovery_codes(
    session: Session, person_id: int, hashes: Iterable[str], *, made_by: str, now: datetime
) -> None:
    """Give somebody these recovery codes, by their hashes; those they had are good no more."""
    drop_recovery_codes(session, person_id)
    session.execute(
        insert(OneTimeCodeRow),
        [
            {
                "person_id": person_id,
                "purpose": _RECOVERY,
                "code_hash": each,
                "made_by": made_by,
                "made_at": now,
            }
            for each in hashes
        ],
    )


def drop_recovery_codes(session: Session, person_id: int) -> None:
    """Take somebody's recovery codes away, used or not."""
    session.execute(
        delete(OneTimeCodeRow).where(
            OneTimeCodeRow.person_id == person_id, OneTimeCodeRow.purpose == _RECOVERY
        )
    )


def recovery_codes_left(session: Session, person_id: int) -> int:
    """Return how many recovery codes somebody has not used yet."""
    return (
        session.scalar(
            select(func.count())
            .select_from(OneTimeCodeRow)
            .where(
                OneTimeCodeRow.person_id == person_id,
                OneTimeCodeRow.purpose == _RECOVERY,
                OneTimeCodeRow.used_at.is_(None),
            )
        )
        or 0
    )


def take_recovery_code(session: Session, person_id: int, code_hash: str, now: datetime) -> bool:
    """Use a recovery code up; of many who bring the same one, one is told yes."""
    taken = session.execute(
        update(OneTimeCodeRow)
        .where(
            OneTimeCodeRow.person_id == person_id,
            OneTimeCodeRow.purpose == _RECOVERY,
            OneTimeCodeRow.code_hash == code_hash,
            OneTimeCodeRow.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(OneTimeCodeRow.id)
    )
    return taken.one_or_none() is not None


def use_challenge_up(
    session: Session,
    person_id: int,
    challenge_hash: str,
    *,
    login: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Note that a passkey answered a challenge that nobody's sign-in kept.

    A second answer to it meets a Conflict. Challenges that are too old for an answer go.
    """
    session.execute(
        delete(OneTimeCodeRow).where(
            OneTimeCodeRow.person_id == person_id,
            OneTimeCodeRow.purpose == _CHALLENGE,
            OneTimeCodeRow.expires_at < now,
        )
    )
    session.execute(
        insert(OneTimeCodeRow).values(
            person_id=person_id,
            purpose=_CHALLENGE,
            code_hash=challenge_hash,
            made_by=login,
            made_at=now,
            expires_at=expires_at,
            used_at=now,
        )
    )


# ---------------------------------------------------------------------------- codes on paper


def replace_code(
    session: Session,
    person_id: int,
    purposes: Iterable[str],
    *,
    purpose: str,
    code_hash: str,
    made_by: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Give somebody a code; those of these purposes that they haven't used are good no more."""
    session.execute(
        delete(OneTimeCodeRow).where(
            OneTimeCodeRow.person_id == person_id,
            OneTimeCodeRow.purpose.in_(list(purposes)),
            OneTimeCodeRow.used_at.is_(None),
        )
    )
    session.execute(
        insert(OneTimeCodeRow).values(
            person_id=person_id,
            purpose=purpose,
            code_hash=code_hash,
            made_by=made_by,
            made_at=now,
            expires_at=expires_at,
        )
    )


def take_code(
    session: Session, login: str, purposes: Iterable[str], code_hash: str, now: datetime
) -> int | None:
    """Use a code of an active person up, and return their id; of many who bring it, one is told."""
    whose = select(Person.id).where(Person.login == login, Person.is_active).scalar_subquery()
    taken = session.execute(
        update(OneTimeCodeRow)
        .where(
            OneTimeCodeRow.person_id == whose,
            OneTimeCodeRow.purpose.in_(list(purposes)),
            OneTimeCodeRow.code_hash == code_hash,
            OneTimeCodeRow.used_at.is_(None),
            OneTimeCodeRow.expires_at > now,
        )
        .values(used_at=now)
        .returning(OneTimeCodeRow.person_id)
    )
    return taken.scalar_one_or_none()


def code_until(session: Session, person_id: int, purposes: Iterable[str]) -> datetime | None:
    """Return until when somebody's unused code is good, None where they have none."""
    return session.scalar(
        select(func.max(OneTimeCodeRow.expires_at, type_=Instant)).where(
            OneTimeCodeRow.person_id == person_id,
            OneTimeCodeRow.purpose.in_(list(purposes)),
            OneTimeCodeRow.used_at.is_(None),
        )
    )
