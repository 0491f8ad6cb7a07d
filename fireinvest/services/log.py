"""The log of all cases and accounts: who reads what of it, and that none of it goes missing."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from fireinvest.gateways.heads import Heads
from fireinvest.services.people import Change
from fireinvest.store import Database, Session, verifying
from fireinvest.store.access import NOWHERE, From, last_sealed, log_access, seal_accesses
from fireinvest.store.cases import find_number
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.journal import NOTHING_BEFORE
from fireinvest.store.log import (
    Line,
    LogFilters,
    LogKey,
    LogLines,
    Noted,
    count_noted,
    has_more_lines,
    is_noted,
    log_lines,
    log_page,
)
from fireinvest.store.people import logins_called, names_of_logins

__all__ = [
    "GROUPS",
    "Act",
    "Group",
    "Line",
    "LogFilters",
    "LogKey",
    "LogPage",
    "Noted",
    "case_id_of",
    "export_head",
    "exported_lines",
    "has_more",
    "log_of_case",
    "logins_meant",
    "note",
    "note_once",
    "note_refusal",
    "seal",
    "search_log",
]


class Act(StrEnum):
    """What is written down of people, beside changes of accounts and their sign-ins?"""

    ENTRY = "entry"
    RECORD = "record"
    REVEALED = "revealed"
    VIEW = "view"
    RESTRICTED_VIEW = "view_restricted"
    DOWNLOAD = "download"
    CHECKED = "file_checked"
    EXPORT = "export"
    PRINT = "print"
    SEARCH = "log_search"
    REFUSED = "refused"


class Group(StrEnum):
    """By what is the log searched, if not by one kind of line?"""

    SIGN_INS = "sign_ins"
    REFUSALS = "refusals"
    VIEWS = "views"
    RESTRICTED = "restricted"
    TAKEN = "taken"
    PRINTS = "prints"
    STEPS = "steps"
    ACCOUNTS = "accounts"
    SEARCHES = "searches"


_SIGN_INS = (
    "sign_in", "sign_in_begun", "sign_out", "confirmed", Change.CODE_USED.value,
    Change.RECOVERY_CODE_USED.value,
)  # fmt: skip
_REFUSALS = (
    Act.REFUSED.value, "sign_in_refused", "second_factor_refused", "code_refused",
    "confirmation_refused", "attempts_limited", "passkey_count_went_back",
    Change.OWN_PASSWORD_REFUSED.value,
)  # fmt: skip

#: The kinds of lines of each group.
GROUPS: Mapping[Group, tuple[str, ...]] = {
    Group.SIGN_INS: _SIGN_INS,
    Group.REFUSALS: _REFUSALS,
    Group.VIEWS: (Act.VIEW.value,),
    Group.RESTRICTED: (Act.RESTRICTED_VIEW.value, Act.REVEALED.value),
    Group.TAKEN: (Act.DOWNLOAD.value, Act.EXPORT.value, "package_made", "backup_made"),
    Group.PRINTS: (Act.PRINT.value,),
    Group.STEPS: (Act.ENTRY.value, Act.RECORD.value, Act.CHECKED.value),
    Group.ACCOUNTS: tuple(
        each.value for each in Change if each.value not in (*_SIGN_INS, *_REFUSALS)
    ),
    Group.SEARCHES: (Act.SEARCH.value,),
}


# ---------------------------------------------------------------------------- written


def note(
    database: Database,
    noted: Noted,
    *,
    now: datetime,
    origin: From = NOWHERE,
    about: str | None = None,
    reason: str | None = None,
    new: Mapping[str, object] | None = None,
) -> None:
    """Write down what somebody did that changed nothing; it stands when this returns.

    ``about``: whose account it concerns. ``new``: what was asked for, where that says more.
    """
    with changing(database) as session:
        log_access(
            session,
            happened_at=now,
            person=noted.person,
            what=noted.what,
            case_id=noted.case_id,
            item=noted.item,
            origin=origin,
            about=about,
            acting_for=noted.acting_for,
            reason=reason,
            new=new,
        )


def note_once(
    database: Database, noted: Noted, *, now: datetime, within: timedelta, origin: From = NOWHERE
) -> None:
    """Write it down, unless the same was within this time."""
    with database.readers.begin() as session:
        if is_noted(session, noted, now - within):
            return
    note(database, noted, now=now, origin=origin)


_ONE_MINUTE = timedelta(minutes=1)
#: So many refusals of one person are written down in a minute; more say nothing new.
MOST_REFUSALS = 30


def note_refusal(
    database: Database, noted: Noted, *, now: datetime, origin: From = NOWHERE
) -> None:
    """Write a refusal down: each address once a minute, and no more than a disk can bear."""
    since = now - _ONE_MINUTE
    with database.readers.begin() as session:
        if is_noted(session, noted, since):
            return
        if count_noted(session, noted.person, noted.what, since) >= MOST_REFUSALS:
            return
    note(database, noted, now=now, origin=origin)


# ---------------------------------------------------------------------------- read


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of the log. ``names``: by login, whoever has an account."""

    lines: tuple[Line, ...]
    next_key: LogKey | None
    names: Mapping[str, str]


def search_log(database: Database, filters: LogFilters, after: LogKey | None, size: int) -> LogPage:
    """Return a page of the lines that are wanted, the newest first, with the names in it."""
    with database.readers.begin() as session:
        page = log_page(session, filters, after, size)
        return LogPage(page.lines, page.next_key, _names(session, page))


def _names(session: Session, page: LogLines) -> dict[str, str]:
    logins = {
        login
        for each in page.lines
        for login in (each.person, each.acting_for, each.about)
        if login is not None
    }
    return names_of_logins(session, logins)


def exported_lines(
    database: Database, filters: LogFilters, most: int
) -> Iterator[tuple[Line, Mapping[str, str]]]:
    """Yield up to so many of the lines that are wanted, each with the names that it needs."""
    with database.readers.begin() as session:
        known: dict[str, str] = {}
        for line in log_lines(session, filters, most):
            unknown = {
                login
                for login in (line.person, line.acting_for, line.about)
                if login is not None and login not in known
            }
            if unknown:
                known |= {login: login for login in unknown} | names_of_logins(session, unknown)
            yield line, known


def has_more(database: Database, filters: LogFilters, most: int) -> bool:
    """Are more lines wanted than so many?"""
    with database.readers.begin() as session:
        return has_more_lines(session, filters, most)


def log_of_case(
    database: Database, case_id: int, kinds: tuple[str, ...], after: LogKey | None, size: int
) -> LogPage:
    """Return a page of what was done and seen in one case, the newest first."""
    return search_log(database, LogFilters(kinds=kinds, case_id=case_id), after, size)


#: More people of one name than these are meant by none.
_MOST_NAMESAKES = 10


def logins_meant(database: Database, written: str) -> tuple[str, ...]:
    """Return the logins that a login or a name may mean; what nobody is called, as it stands."""
    with database.readers.begin() as session:
        found = logins_called(session, written)
    return tuple(dict.fromkeys([*found[:_MOST_NAMESAKES], written.lower()]))


def case_id_of(database: Database, number: str) -> int | None:
    """Return the id of the case with this number, None where there is none."""
    with database.readers.begin() as session:
        return find_number(session, number)


# ---------------------------------------------------------------------------- sealed


def seal(database: Database, now: datetime) -> int:
    """Seal all that was written down and isn't sealed yet; return the number of its rows."""
    sealed = 0
    while True:
        try:
            with changing(database) as session:
                count = seal_accesses(session, now)
        except Conflict:
            return sealed  # Somebody else seals at the same time.
        if not count:
            return sealed
        sealed += count


def export_head(database: Database, heads: Heads, *, now: datetime, today: date) -> str:
    """Tell the state of the log outside of the database, and return what was told.

    One line of JSON: the day, the last sealed row and the hash over all up to it, and how much
    there is. Whoever cuts the log off or writes it anew after that can't make it fit.
    """
    with database.readers.begin() as session:
        sealed = last_sealed(session)
        head = {
            "day": today.isoformat(),
            "at": now.isoformat(timespec="seconds"),
            "sealed": 0 if sealed is None else sealed.last_id,
            "hash": NOTHING_BEFORE if sealed is None else sealed.hash,
            "entries": verifying.count_entries(session),
            "cases": verifying.count_cases(session),
        }
    line = json.dumps(head, separators=(",", ":"))
    heads.append(line)
    return line
