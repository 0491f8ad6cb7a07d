"""Notices on their way out: which channel carries which notice, and when it may be sent."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from fireinvest.china import CHINA
from fireinvest.store import Session
from fireinvest.store.alerts import NewAlert
from fireinvest.store.channels import Channel, sending_channels
from fireinvest.store.outbox import Notice, post_once

#: Robots and other programs that get notices by HTTPS.
HOOKS = ("webhook", "wecom", "dingtalk")
#: The channels by which something is sent; a calendar feed is fetched.
SENDING = ("mail", *HOOKS)
#: When a digest is sent, in China.
DIGEST_AT = time(8, 0)
_ONE_DAY = timedelta(days=1)


def deliver(session: Session, added: Sequence[tuple[int, NewAlert, bool]], now: datetime) -> None:
    """Post the jobs that carry new notices to their people outside, in the same unit of work.

    Of each notice: its id, itself, and whether it may be sent in quiet hours.
    """
    if not added:
        return
    people = {each.person_id for _, each, _ in added}
    channels = sending_channels(session, people, SENDING)
    jobs = [
        job(channel, alert_id, each.case_id, now, passes_quiet=passes_quiet)
        for alert_id, each, passes_quiet in added
        for channel in channels.get(each.person_id, ())
    ]
    # Of a digest there is one job, however many notices it has.
    post_once(session, list({each.key: each for each in jobs}.values()), now)


def job(
    channel: Channel, alert_id: int, case_id: int | None, now: datetime, *, passes_quiet: bool
) -> Notice:
    """Return the job that carries a notice over a channel; what is urgent isn't kept for a digest."""
    if channel.is_digest and not passes_quiet:
        at = next_digest(now)
        day = at.astimezone(CHINA).date()
        digest_at = after_quiet(channel, at) or at
        return Notice(
            f"digest:{channel.id}:{day}", None, "digest", {"day": f"{day}"}, channel.person_id,
            channel.id, digest_at,
        )  # fmt: skip
    key = f"alert:{alert_id}:{channel.id}"
    not_before = None if passes_quiet else after_quiet(channel, now)
    payload = {"alert": alert_id, "passes_quiet": passes_quiet}
    kind = "webhook" if channel.kind in HOOKS else channel.kind
    return Notice(key, case_id, kind, payload, channel.person_id, channel.id, not_before)


def digest_between(day: date) -> tuple[datetime, datetime]:
    """Return from when on and before when notices came that stand in the digest of a day."""
    until = datetime.combine(day, DIGEST_AT, CHINA)
    return until - _ONE_DAY, until


def next_digest(now: datetime) -> datetime:
    """Return the next instant at which digests are sent."""
    here = now.astimezone(CHINA)
    at = datetime.combine(here.date(), DIGEST_AT, CHINA)
    return at if at > here else at + _ONE_DAY


def after_quiet(channel: Channel, now: datetime) -> datetime | None:
    """Return when the quiet hours of a channel end, None outside of them."""
    start, end = channel.quiet_from, channel.quiet_until
    if start is None or end is None or start == end:
        return None
    here = now.astimezone(CHINA)
    minute = here.hour * 60 + here.minute
    is_quiet = start <= minute < end if start < end else minute >= start or minute < end
    if not is_quiet:
        return None
    until = datetime.combine(here.date(), time(end // 60, end % 60), CHINA)
    return until if until > here else until + _ONE_DAY
