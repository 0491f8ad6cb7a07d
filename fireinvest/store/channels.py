"""The ways in which people hear outside the application."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
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
