"""The ways in which people hear outside the application."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Update, insert, select, update
from sqlalchemy.orm import Session

from fireinvest.store.alerts import ChannelRow


@dataclass(frozen=True, slots=True)
class Channel:
    """How somebody hears: by mail, by a webhook, or by a calendar feed.

    ``quiet_from``, ``quiet_until``: minutes of the day in China between which nothing is sent.
    """

    id: int
    person_id: int
    kind: str
    address: str
    secret: str | None
    is_digest: bool
    quiet_from: int | None
    quiet_until: int | None
    added_at: datetime
    confirmed_at: datetime | None
    failing_since: datetime | None
    ended_at: datetime | None


_OF_CHANNEL = (
    ChannelRow.id, ChannelRow.person_id, ChannelRow.kind, ChannelRow.address, ChannelRow.secret,
    ChannelRow.is_digest, ChannelRow.quiet_from, ChannelRow.quiet_until, ChannelRow.added_at,
    ChannelRow.confirmed_at, ChannelRow.failing_since, ChannelRow.ended_at,
)  # fmt: skip


def sending_channels(
    session: Session, person_ids: Collection[int], kinds: Collection[str]
) -> dict[int, list[Channel]]:
    """Return the confirmed channels of these kinds by which these people hear."""
    rows = session.execute(
        select(*_OF_CHANNEL)
        .where(
            ChannelRow.person_id.in_(person_ids),
            ChannelRow.kind.in_(sorted(kinds)),
            ChannelRow.confirmed_at.is_not(None),
            ChannelRow.ended_at.is_(None),
        )
        .order_by(ChannelRow.id)
    )
    found: dict[int, list[Channel]] = {}
    for row in rows:
        found.setdefault(row.person_id, []).append(Channel(**row._mapping))
    return found


def find_channel(session: Session, channel_id: int) -> Channel | None:
    """Return the channel with this id, or None."""
    row = session.execute(select(*_OF_CHANNEL).where(ChannelRow.id == channel_id)).one_or_none()
    return None if row is None else Channel(**row._mapping)


def channels_of(session: Session, person_id: int) -> list[Channel]:
    """Return the channels of a person that have not ended."""
    rows = session.execute(
        select(*_OF_CHANNEL)
        .where(ChannelRow.person_id == person_id, ChannelRow.ended_at.is_(None))
        .order_by(ChannelRow.id)
    )
    return [Channel(**row._mapping) for row in rows]


# ---------------------------------------------------------------------------- keeping them


def add_channel(
    session: Session,
    *,
    person_id: int,
    kind: str,
    address: str,
    now: datetime,
    secret: str | None = None,
    token_hash: str | None = None,
    is_confirmed: bool = False,
    quiet: tuple[int, int] | None = None,
) -> int:
    """Add a way for somebody to hear, and return its id. ``secret``: encrypted already."""
    quiet_from, quiet_until = quiet or (None, None)
    row = session.execute(
        insert(ChannelRow)
        .values(
            person_id=person_id,
            kind=kind,
            address=address,
            secret=secret,
            token_hash=token_hash,
            is_digest=False,
            quiet_from=quiet_from,
            quiet_until=quiet_until,
            added_at=now,
            confirmed_at=now if is_confirmed else None,
        )
        .returning(ChannelRow.id)
    )
    return row.scalar_one()


def _own(channel_id: int, person_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        ChannelRow.id == channel_id,
        ChannelRow.person_id == person_id,
        ChannelRow.ended_at.is_(None),
    )


def _changed(session: Session, query: Update) -> bool:
    return session.execute(query.returning(ChannelRow.id)).first() is not None


def expect_code(session: Session, channel_id: int, code_hash: str) -> None:
    """Keep the hash of the code by which a channel is confirmed."""
    session.execute(
        update(ChannelRow).where(ChannelRow.id == channel_id).values(token_hash=code_hash)
    )


def confirm(
    session: Session,
    channel_id: int,
    person_id: int,
    code_hash: str,
    since: datetime,
    now: datetime,
) -> bool:
    """Confirm somebody's channel that was added since an instant; was it its code?"""
    query = update(ChannelRow).where(
        *_own(channel_id, person_id),
        ChannelRow.confirmed_at.is_(None),
        ChannelRow.token_hash == code_hash,
        ChannelRow.added_at > since,
    )
    return _changed(session, query.values(confirmed_at=now, token_hash=None))


def change_channel(
    session: Session,
    channel_id: int,
    person_id: int,
    *,
    is_digest: bool,
    quiet: tuple[int, int] | None,
) -> bool:
    """Change when somebody hears over a channel of theirs; False where they have none such."""
    quiet_from, quiet_until = quiet or (None, None)
    query = update(ChannelRow).where(*_own(channel_id, person_id))
    return _changed(
        session,
        query.values(is_digest=is_digest, quiet_from=quiet_from, quiet_until=quiet_until),
    )


def end_channel(session: Session, channel_id: int, person_id: int, now: datetime) -> bool:
    """End a channel of somebody's, and forget its secrets; False where they have none such."""
    query = update(ChannelRow).where(*_own(channel_id, person_id))
    return _changed(session, query.values(ended_at=now, secret=None, token_hash=None))


def end_kind(session: Session, person_id: int, kind: str, now: datetime) -> int:
    """End somebody's channels of a kind, and return how many those were."""
    ended = session.execute(
        update(ChannelRow)
        .where(
            ChannelRow.person_id == person_id,
            ChannelRow.kind == kind,
            ChannelRow.ended_at.is_(None),
        )
        .values(ended_at=now, secret=None, token_hash=None)
        .returning(ChannelRow.id)
    )
    return len(ended.all())


def note_failing(session: Session, channel_id: int, now: datetime) -> None:
    """Note that something could not be sent over a channel, unless that is known."""
    session.execute(
        update(ChannelRow)
        .where(ChannelRow.id == channel_id, ChannelRow.failing_since.is_(None))
        .values(failing_since=now)
    )


def note_working(session: Session, channel_id: int) -> None:
    """Note that a channel works."""
    session.execute(
        update(ChannelRow)
        .where(ChannelRow.id == channel_id, ChannelRow.failing_since.is_not(None))
        .values(failing_since=None)
    )


def find_token(session: Session, token_hash: str) -> Channel | None:
    """Return the confirmed channel whose private address has this hash, or None."""
    row = session.execute(
        select(*_OF_CHANNEL).where(
            ChannelRow.token_hash == token_hash,
            ChannelRow.confirmed_at.is_not(None),
            ChannelRow.ended_at.is_(None),
        )
    ).one_or_none()
    return None if row is None else Channel(**row._mapping)
