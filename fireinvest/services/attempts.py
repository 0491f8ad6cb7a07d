"""How often may something be tried? So that guessing is slow, and nobody is locked out by others.

An account that locks after some failures lets everybody lock out everybody whose login they know.
Here attempts *wait* instead, each counted in up to three buckets, and whoever proved before who
they are isn't held up by strangers (OWASP ASVS 5.0, 6.1.1, 6.3.1, and OWASP's "device cookies"):

``HERE``      a login from one address (of IPv6 its /64): after 5 failures the next one waits half a
              minute, then twice as long each time, up to a quarter of an hour. Somebody who guesses
              at one desk holds up that desk alone.
``ANYWHERE``  a login from all addresses: after 30 failures in an hour, a quarter of an hour. Against
              many machines that guess one password together.
``ADDRESS``   all logins from one address: after 50 failures in ten minutes, ten minutes. Against one
              machine that tries one password with many logins. An office whose people all come from
              one address can raise it or turn it off.
``BROWSER``   a login in a browser in which that person has signed in before, known by a signed
              cookie that is worthless for any other login, and after the next change of the
              password. Its attempts are counted here alone, by the rule of ``HERE``: strangers fill
              the three other buckets as they like, and the owner still gets in. A stolen cookie
              gives no more attempts than an address.

A one-time code isn't counted ``ANYWHERE``: nobody guesses its 120 bits, and whoever signs in for
the first time has no browser yet that knows them.

So a stranger can hold up another's sign-in only in browsers that don't know that person, for a
quarter of an hour at a time, and only as long as the attack goes on; the security administrator
lifts it (``lift``), and every wait is in the log.

How many guesses is that? Of a password some 800 a day for one login, however many machines guess.
Who gets as far as a second factor or a confirmation knows the password or sits in the session:
there nobody is locked out by strangers, and the bounds are closer, some 40 a day, since a code has
six digits.

*Counted first, tried then.* An attempt is counted before it is looked at, and taken back when it
was right: a thousand requests at once are counted one by one, and no failure is forgotten. While
something waits, passwords aren't even compared, and nothing is written. Unknown logins are counted
like known ones, so that waiting tells nothing about who has an account.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from math import ceil

from fireinvest.messages import Text
from fireinvest.services.people import LONGEST_LOGIN, By, Change, log_change
from fireinvest.store import Database, Session
from fireinvest.store import attempts as store
from fireinvest.store.access import NOWHERE, From, log_access
from fireinvest.store.attempts import Counted
from fireinvest.store.conflicts import Conflict, changing

_IPV6_PREFIX = 64
_FIRST_WAIT = timedelta(seconds=30)
_DAY = timedelta(days=1)
#: Those who come at the same moment as many others are tried again so often.
_TRIES = 5


class Kind(StrEnum):
    """What is tried?"""

    PASSWORD = "password"  # noqa: S105 - no password
    CODE = "code"
    FACTOR = "factor"
    CONFIRMATION = "confirm"


class Scope(StrEnum):
    """Which attempts are counted together?"""

    HERE = "here"
    ANYWHERE = "anywhere"
    ADDRESS = "address"
    BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is tried, with which login as it was typed, from where?

    ``browser``: by what a browser is told from others in which this person has signed in before;
    None for one that doesn't know them.
    """

    kind: Kind
    login: str
    address: str | None = None
    browser: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be tried? ``per_address`` 0: attempts from one address aren't counted."""

    free: int = 5
    longest_wait: timedelta = timedelta(minutes=15)
    per_login: int = 30
    per_address: int = 50


USUAL = Limits()


@dataclass(frozen=True, slots=True)
class _Bound:
    """From this many on within a time, the next waits: so long, twice as long, up to the longest."""

    free: int
    within: timedelta
    first: timedelta
    longest: timedelta

    def wait(self, count: int) -> timedelta:
        """Return how long the next one waits after so many."""
        if count < self.free:
            return timedelta(0)
        wait = self.first
        for _ in range(count - self.free):
            if wait >= self.longest:
                break
            wait *= 2
        return min(wait, self.longest)


@dataclass(frozen=True, slots=True)
class _Bucket:
    key: str
    scope: Scope
    kind: str
    about: str | None
    bound: _Bound


def _bound(kind: Kind, scope: Scope, limits: Limits) -> _Bound:
    quarter, hour = timedelta(minutes=15), timedelta(hours=1)
    is_outside = kind in (Kind.PASSWORD, Kind.CODE)
    match scope:
        case Scope.ADDRESS:
            ten = timedelta(minutes=10)
            return _Bound(limits.per_address, ten, ten, ten)
        case Scope.ANYWHERE if is_outside:
            return _Bound(limits.per_login, hour, quarter, quarter)
        case Scope.ANYWHERE:
            return _Bound(2 * limits.free, _DAY, _FIRST_WAIT, max(hour, limits.longest_wait))
        case Scope.HERE | Scope.BROWSER:
            longest = limits.longest_wait if is_outside else max(hour, limits.longest_wait)
            return _Bound(limits.free, _DAY, min(_FIRST_WAIT, longest), longest)


def _buckets(attempt: Attempt, limits: Limits) -> list[_Bucket]:
    """Return where an attempt is counted, in one order for all who count."""
    login = _named(attempt.login)
    network = _network(attempt.address)
    if attempt.browser is not None:
        found = [(Scope.BROWSER, login, attempt.browser)]
    else:
        found = [(Scope.HERE, login, network)]
        if attempt.kind is not Kind.CODE:
            found.append((Scope.ANYWHERE, login, ""))
        if limits.per_address and network and attempt.kind in (Kind.PASSWORD, Kind.CODE):
            found.append((Scope.ADDRESS, "", network))
    buckets = []
    for scope, about, where in found:
        # What one address tries is counted together, whatever it tries.
        kind = scope.value if scope is Scope.ADDRESS else f"{attempt.kind}:{scope}"
        key = hashlib.sha256(json.dumps([kind, about, where]).encode()).hexdigest()
        bound = _bound(attempt.kind, scope, limits)
        buckets.append(_Bucket(key, scope, kind, about or None, bound))
    return sorted(buckets, key=lambda each: each.key)


def _named(login: str) -> str:
    """Return a login as it is counted and written down, whatever was typed."""
    kept = "".join(each for each in login[: 2 * LONGEST_LOGIN] if each.isprintable())
    return kept.strip().lower()[:LONGEST_LOGIN]


def _network(address: str | None) -> str:
    """Return the address, or of IPv6 the network that one household or office has for itself."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return f"{found.ipv4_mapped}"
        # Without the zone's name, which is the sender's own.
        return f"{IPv6Address(int(found) >> _IPV6_PREFIX << _IPV6_PREFIX)}/{_IPV6_PREFIX}"
    return f"{found}"


# ---------------------------------------------------------------------------- counting


def check(
    database: Database, attempt: Attempt, *, now: datetime, limits: Limits = USUAL
) -> datetime | None:
    """Count an attempt that is about to be made; return until when it must wait instead.

    None: it may be made. Then it counts as a failure unless ``succeeded`` follows. With an instant
    back it must not be made, and isn't counted.
    """
    buckets = _buckets(attempt, limits)
    keys = [each.key for each in buckets]
    for left in reversed(range(_TRIES)):
        with database.readers.begin() as session:
            until = store.blocked_until(session, keys, now)
        if until is not None:
            return until
        try:
            with changing(database) as session:
                is_first = _count(session, buckets, now)
        except _Blocked:
            continue  # Others were quicker: what they left is read.
        except Conflict:
            if not left:
                raise
            continue
        if is_first:
            _clean(database, now)
        return None
    return now + _FIRST_WAIT


class _Blocked(Exception):
    """The next attempt must wait, since a moment ago."""


def _count(session: Session, buckets: Iterable[_Bucket], now: datetime) -> bool:
    """Count in every bucket, or in none; return whether one of the counts began with this."""
    is_first = False
    for each in buckets:
        count = store.count_attempt(
            session, each.key, kind=each.kind, about=each.about, now=now, window=each.bound.within
        )
        if count is None:
            raise _Blocked
        if wait := each.bound.wait(count):
            store.block(session, each.key, now + wait)
        is_first |= count == 1
    return is_first


def _clean(database: Database, now: datetime) -> None:
    try:
        with changing(database) as session:
            store.drop_old_attempts(session, now - 2 * _DAY, now)
    except Conflict:
        pass  # Somebody else does it.


def failed(
    database: Database,
    attempt: Attempt,
    *,
    now: datetime,
    limits: Limits = USUAL,
    origin: From = NOWHERE,
) -> datetime | None:
    """Write down that others must wait after an attempt that failed; return until when, if so.

    The failure itself is counted already.
    """
    buckets = {each.key: each for each in _buckets(attempt, limits)}
    with database.readers.begin() as session:
        found = store.counted_attempts(session, list(buckets))
    waits = [each for each in found if each.blocked_until is not None and each.blocked_until > now]
    if not waits:
        return None
    with changing(database) as session:
        for each in waits:
            log_access(
                session,
                happened_at=now,
                person=_named(attempt.login),
                what="attempts_limited",
                origin=origin,
                about=each.about,
                item=each.kind,
                new={
                    "attempts": each.count,
                    "until": each.blocked_until and each.blocked_until.isoformat(),
                },
            )
    return max(each.blocked_until for each in waits if each.blocked_until is not None)


def succeeded(
    database: Database, attempt: Attempt, *, now: datetime, limits: Limits = USUAL
) -> None:
    """Take back an attempt that was right: its desk or browser begins anew.

    The counts of all addresses, and of all logins of an address, lose this one attempt alone: an
    attack that goes on is counted on.
    """
    for left in reversed(range(_TRIES)):
        try:
            with changing(database) as session:
                for each in _buckets(attempt, limits):
                    if each.scope in (Scope.HERE, Scope.BROWSER):
                        store.forget_attempts(session, [each.key])
                    else:
                        store.uncount_attempt(session, each.key, each.bound.free)
            return
        except Conflict:
            if not left:
                raise


# ---------------------------------------------------------------------------- waits


def waits_of(session: Session, login: str, now: datetime) -> list[Counted]:
    """Return the waits that hold for a login now, the longest first."""
    return store.waits_of(session, login, now)


def lift(database: Database, login: str, *, by: By) -> bool:
    """Let a login be tried again at once; return whether there was anything to lift."""
    with changing(database) as session:
        waits = store.waits_of(session, login, by.now)
        count = store.forget_login(session, login)
        if count:
            log_change(session, by, Change.WAIT_LIFTED, login, old={"waits": len(waits)})
    return bool(count)


def seconds_until(until: datetime, now: datetime) -> int:
    """Return in how many seconds something may be tried again: one at least."""
    return max(1, ceil((until - now).total_seconds()))


def wait_text(until: datetime, now: datetime) -> Text:
    """Return what somebody is told who must wait."""
    seconds = seconds_until(until, now)
    if seconds <= 90:
        return Text(
            "Too many attempts failed. Try again in %(seconds)s seconds; nothing was checked now.",
            seconds=seconds,
        )
    return Text(
        "Too many attempts failed. Try again in %(minutes)s minutes; nothing was checked now.",
        minutes=ceil(seconds / 60),
    )
