"""Disposal: a list is drawn up, decided by somebody else, carried out, and kept for ever.

Each case on it is appraised. What is carried out closes the case to everybody in one commit, and
then removes its files; broken off in between, it goes on. Journals, registers and the log stay as
they are, so that their chains hold; the list keeps what was what.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import partial

from fireinvest.china import CHINA
from fireinvest.messages import Faulty, Joined, Problem, Text
from fireinvest.services.archives.documents import RETENTIONS
from fireinvest.services.cases import load_case
from fireinvest.services.jobs import Job, JobKind, JobRun, Result, ask_job
from fireinvest.services.records import file_in
from fireinvest.store import Database, Session, disposals, files, jobs
from fireinvest.store.access import NOWHERE, From, log_access
from fireinvest.store.archives import FileLine, due_for_disposal, lent_among
from fireinvest.store.conflicts import changing
from fireinvest.store.disposals import Act, DisposalAct, DisposalEntry, DisposalList
from fireinvest.store.lists import scope_of
from fireinvest.store.papers import template_hashes
from fireinvest.store.records import head_of, items_of
from fireinvest.workflow.errors import NotAllowed, Refused
from fireinvest.workflow.items.archive import Retention
from fireinvest.workflow.permissions import SYSTEM, Actor
from fireinvest.workflow.registers import Filing

__all__ = [
    "DISPOSAL",
    "DISPOSE",
    "Choice",
    "Decision",
    "DisposalState",
    "Drawn",
    "ask_to_carry_out",
    "carry_out",
    "decide",
    "draw_up",
    "due_files",
    "offices_as",
    "period_of",
    "see_list",
    "see_lists",
    "withdraw",
]

#: The code under which the job is asked for.
DISPOSE = "dispose"

ARCHIVIST, HEAD = "archivist", "agency_head"
#: So many cases one list takes.
MOST_CASES = 500
_FILES_AT_ONCE = 200
_LONGEST_TITLE, _LONGEST_TEXT = 200, 2000


class DisposalState(StrEnum):
    """How does it stand with a list?"""

    DRAWN = "drawn"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    BEGUN = "begun"
    DONE = "done"


class Decision(StrEnum):
    """What does the head of the agency say to a list?"""

    APPROVED = Act.APPROVED
    REFUSED = Act.REFUSED


@dataclass(frozen=True, slots=True)
class Choice:
    """What the appraisal says of a case: is it kept, and why."""

    case_id: int
    is_kept: bool
    opinion: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A list as its page shows it. ``count``: of its cases; ``kept``: so many of them stay."""

    list: DisposalList
    acts: tuple[DisposalAct, ...]
    count: int
    kept: int
    entries: tuple[DisposalEntry, ...] = ()

    @property
    def state(self) -> DisposalState:
        """How it stands with it: what was done last."""
        return DisposalState(self.acts[-1].what) if self.acts else DisposalState.DRAWN


# ---------------------------------------------------------------------------- who, and what


def offices_as(actor: Actor, role: str) -> frozenset[tuple[str, str]]:
    """Return the agencies at which somebody holds a post: each a division and a tier."""
    return frozenset(
        (each.division, each.tier)
        for each in actor.grants
        if each.role == role
        and each.case_id is None
        and each.division is not None
        and each.tier is not None
    )


def due_files(
    session: Session, actor: Actor, office: tuple[str, str], today: date
) -> list[FileLine]:
    """Return the files of an agency whose time is over, that stand on no list and aren't out."""
    division, tier = office
    found = due_for_disposal(
        session, scope_of(actor), today, place=division, after=None, size=MOST_CASES, tier=tier
    )
    ids = [each.case_id for each in found]
    left_out = disposals.listed_openly(session, ids) | lent_among(session, ids)
    return [each for each in found if each.case_id not in left_out]


def draw_up(
    database: Database,
    actor: Actor,
    office: tuple[str, str],
    choices: Sequence[Choice],
    *,
    title: str,
    appraisers: str,
    key: str,
    now: datetime,
    origin: From = NOWHERE,
) -> int:
    """Draw up a list of an agency, and return its id. Sent again, it is one list.

    Raises:
        NotAllowed: when the actor isn't the archivist there.
        Refused: when something that was given can't be.

    """
    _need(actor, ARCHIVIST, office)
    today = now.astimezone(CHINA).date()
    problems = list(_problems(choices, title, appraisers, key))
    if problems:
        raise Refused(problems)
    with changing(database) as session:
        known = disposals.list_with_key(session, actor.id, key)
        if known is not None:
            return known
        due = {each.case_id: each for each in due_files(session, actor, office, today)}
        if any(each.case_id not in due for each in choices):
            text = Text("The time of a file isn't over, or it stands on a list already.")
            raise Refused([Problem("cases", text)])
        list_id = disposals.add_list(
            session, division=office[0], tier=office[1], title=title, appraisers=appraisers,
            drawn_by=actor.id, acting_for=actor.acting_for, drawn_at=now, key=key,
        )  # fmt: skip
        entries = [_entry(session, list_id, due[each.case_id], each) for each in choices]
        disposals.add_entries(session, entries)
        _log(session, actor, "disposal_drawn", list_id, now, origin)
    return list_id


def _problems(
    choices: Sequence[Choice], title: str, appraisers: str, key: str
) -> Iterator[Problem]:
    if not key or len(key) > 120:
        yield Problem("key", Text("The form has no valid key; open it again."))
    if not choices:
        yield Problem("cases", Text("Choose at least one file."))
    if len({each.case_id for each in choices}) != len(choices):
        yield Problem("cases", Text("A file stands on the list twice."))
    for name, value, most in (
        ("title", title, _LONGEST_TITLE), ("appraisers", appraisers, _LONGEST_TEXT)
    ):  # fmt: skip
        if not value.strip():
            yield Problem(name, Text("This is needed."))
        elif len(value) > most:
            text = Text("A text of at most %(most)s characters is needed.", most=most)
            yield Problem(name, text)
    for each in choices:
        if not each.opinion.strip():
            yield Problem(f"opinion-{each.case_id}", Text("This is needed."))
        elif len(each.opinion) > _LONGEST_TEXT:
            text = Text("A text of at most %(most)s characters is needed.", most=_LONGEST_TEXT)
            yield Problem(f"opinion-{each.case_id}", text)


def _entry(session: Session, list_id: int, line: FileLine, choice: Choice) -> DisposalEntry:
    loaded = load_case(session, line.case_id, lock=True)
    values = line.record.values
    period = loaded.case.ruleset.periods.get(getattr(values, "period", None) or "")
    _count, records_hash = head_of(session, line.case_id)
    until = date.fromisoformat(line.key)
    label = (
        {"zh": "", "en": ""} if period is None else {"zh": period.label.zh, "en": period.label.en}
    )
    return DisposalEntry(
        list_id=list_id,
        case_id=line.case_id,
        number=line.number,
        title=f"{line.unit_name}火灾事故调查卷宗",
        occurred_on=line.occurred_on,
        filed_on=getattr(values, "filed_on", None) or until,
        period=json.dumps(label, ensure_ascii=False),
        kept_until=until,
        is_kept=choice.is_kept,
        opinion=choice.opinion,
        journal_hash=loaded.head_hash,
        records_hash=records_hash,
    )


# ---------------------------------------------------------------------------- seen


def see_lists(
    session: Session, actor: Actor, *, before: int | None = None, size: int = 50
) -> list[Drawn]:
    """Return the lists of the agencies at which somebody is archivist or head, the newest first."""
    places = offices_as(actor, ARCHIVIST) | offices_as(actor, HEAD)
    if not places:
        return []
    found = disposals.lists_of(session, places, before=before, size=size)
    ids = [each.id for each in found]
    acts, counts = disposals.acts_of(session, ids), disposals.counts_of(session, ids)
    return [Drawn(each, tuple(acts[each.id]), *counts[each.id]) for each in found]


def see_list(session: Session, actor: Actor, list_id: int) -> Drawn | None:
    """Return a list for the archivist and the head of its agency, None for anybody else."""
    found = disposals.find_list(session, list_id)
    if found is None:
        return None
    if (found.division, found.tier) not in offices_as(actor, ARCHIVIST) | offices_as(actor, HEAD):
        return None
    acts = disposals.acts_of(session, [list_id])[list_id]
    entries = disposals.entries_of(session, list_id)
    kept = sum(each.is_kept for each in entries)
    return Drawn(found, tuple(acts), len(entries), kept, tuple(entries))


# ---------------------------------------------------------------------------- decided


def decide(
    database: Database,
    actor: Actor,
    list_id: int,
    decision: Decision,
    *,
    words: str | None,
    now: datetime,
    origin: From = NOWHERE,
) -> None:
    """Approve or refuse a list, as the head of its agency, who didn't draw it up.

    Raises:
        NotAllowed: when the actor may not.
        Refused: when it was decided already, or a refusal has no reason.

    """
    if decision is Decision.REFUSED and not words:
        raise Refused([Problem("words", Text("This is needed."))])
    with changing(database) as session:
        drawn = _held(session, list_id)
        _need(actor, HEAD, (drawn.list.division, drawn.list.tier))
        if not actor.people.isdisjoint({drawn.list.drawn_by, drawn.list.acting_for}):
            text = Text("Whoever drew up a list doesn't decide it.")
            raise NotAllowed([Problem("decision", text)])
        _need_state(drawn, DisposalState.DRAWN)
        _do(session, actor, drawn, decision.value, now, words, origin)


def withdraw(
    database: Database,
    actor: Actor,
    list_id: int,
    *,
    words: str | None,
    now: datetime,
    origin: From = NOWHERE,
) -> None:
    """Take a list back that isn't carried out yet, as an archivist of its agency.

    Raises:
        NotAllowed: when the actor may not.
        Refused: when it is too late, or there is no reason.

    """
    if not words:
        raise Refused([Problem("words", Text("This is needed."))])
    with changing(database) as session:
        drawn = _held(session, list_id)
        _need(actor, ARCHIVIST, (drawn.list.division, drawn.list.tier))
        _need_state(drawn, DisposalState.DRAWN, DisposalState.APPROVED)
        _do(session, actor, drawn, Act.WITHDRAWN, now, words, origin)


def _held(session: Session, list_id: int) -> Drawn:
    found = disposals.find_list(session, list_id)
    if found is None:
        raise Refused([Problem("list", Text("There is no such list."))])
    acts = disposals.acts_of(session, [list_id])[list_id]
    entries = disposals.entries_of(session, list_id)
    kept = sum(each.is_kept for each in entries)
    return Drawn(found, tuple(acts), len(entries), kept, tuple(entries))


def _need(actor: Actor, role: str, office: tuple[str, str]) -> None:
    if office not in offices_as(actor, role):
        raise NotAllowed([Problem("office", Text("You have no such post at this agency."))])


def _need_state(drawn: Drawn, *states: DisposalState) -> None:
    if drawn.state not in states:
        text = Text("Somebody has decided or carried out this list since you opened it.")
        raise Refused([Problem("list", text)])


def _do(
    session: Session,
    actor: Actor,
    drawn: Drawn,
    what: str,
    now: datetime,
    words: str | None,
    origin: From = NOWHERE,
) -> None:
    disposals.add_act(
        session, drawn.list.id, what, seq=len(drawn.acts) + 1, person=actor.id,
        acting_for=actor.acting_for, done_at=now, words=words,
    )  # fmt: skip
    _log(session, actor, f"disposal_{what}", drawn.list.id, now, origin, words)


def _log(
    session: Session,
    actor: Actor,
    what: str,
    list_id: int,
    now: datetime,
    origin: From = NOWHERE,
    reason: str | None = None,
    case_id: int | None = None,
) -> None:
    log_access(
        session, happened_at=now, person=actor.id, what=what, item=f"disposal {list_id}",
        acting_for=actor.acting_for, origin=origin, reason=reason, case_id=case_id,
    )  # fmt: skip


# ---------------------------------------------------------------------------- carried out


def ask_to_carry_out(
    database: Database,
    actor: Actor,
    person_id: int,
    list_id: int,
    *,
    witnesses: str,
    key: str,
    now: datetime,
    origin: From = NOWHERE,
) -> int:
    """Ask for the job that carries a list out, or goes on with one that broke off; return its id.

    ``witnesses``: the two or more who watch it (监销人), by name.

    Raises:
        NotAllowed: when the actor isn't the archivist there.
        Refused: when it isn't approved, or nobody watches.

    """
    with changing(database) as session:
        drawn = _held(session, list_id)
        _need(actor, ARCHIVIST, (drawn.list.division, drawn.list.tier))
        _need_state(drawn, DisposalState.APPROVED, DisposalState.BEGUN)
        if drawn.state is DisposalState.APPROVED and len(_names(witnesses)) < _WITNESSES:
            text = Text("Name at least two who watch it, with a comma between them.")
            raise Refused([Problem("witnesses", text)])
        return ask_job(
            session, DISPOSE, person_id=person_id, login=actor.id,
            key=key, now=now, arguments={"list": list_id, "witnesses": witnesses},
            acting_for=actor.acting_for, origin=origin,
        )  # fmt: skip


_WITNESSES = 2


def _names(witnesses: str) -> list[str]:
    parts = witnesses.replace("，", ",").replace("、", ",").replace(";", ",").replace("；", ",")
    return list(dict.fromkeys(each.strip() for each in parts.split(",") if each.strip()))


def carry_out(run: JobRun) -> Result:
    """Close the cases of a list, then remove their files; broken off, it goes on from there."""
    list_id, witnesses = int(run.job.arguments["list"]), str(run.job.arguments["witnesses"])
    run.progress(0, 1, Text("Closing the files of the list"))
    with changing(run.database) as session:
        drawn = _held(session, list_id)
        if drawn.state is DisposalState.APPROVED:
            actor = run.actor(session)
            _need(actor, ARCHIVIST, (drawn.list.division, drawn.list.tier))
            _close_cases(session, run, actor, drawn, witnesses)
        elif drawn.state is DisposalState.DONE:
            return Result(Text("The list was carried out already."))
        else:
            _need_state(drawn, DisposalState.BEGUN)
    removed = _remove_files(run, list_id)
    text = Text("%(count)s files were removed.", count=removed)
    return Result(text, f"disposal/{list_id}", partial(_finish, run, list_id))


def _close_cases(session: Session, run: JobRun, actor: Actor, drawn: Drawn, witnesses: str) -> None:
    """All of the list's cases at once, or none: what was approved must still be so."""
    gone = [each for each in drawn.entries if not each.is_kept]
    out = lent_among(session, [each.case_id for each in gone])
    if out:
        names = Joined(tuple(each.number for each in gone if each.case_id in out))
        raise Faulty([Problem("", Text("These files are out: %(numbers)s.", numbers=names))])
    for entry in sorted(gone, key=lambda each: each.case_id):
        loaded = load_case(session, entry.case_id, lock=True)
        if loaded.is_disposed:
            text = Text("%(number)s was disposed of already.", number=entry.number)
            raise Faulty([Problem("", text)])
        records = items_of(session, entry.case_id, [RETENTIONS])[RETENTIONS]
        record = next(iter(records), None)
        values = record.values if record is not None else None
        if (
            record is None
            or not isinstance(values, Retention)
            or values.until is None
            or values.until >= run.today
        ):
            text = Text(
                "The retention of %(number)s was changed after the list was drawn up: withdraw it.",
                number=entry.number,
            )
            raise Faulty([Problem("", text)])
        disposed = Retention(
            values.period, values.filed_on, values.until, values.place, values.why,
            str(drawn.list.id), run.today,
        )  # fmt: skip
        file_in(
            session, loaded, Actor(SYSTEM),
            [
                Filing(
                    RETENTIONS, disposed, record.item, record.version, drawn.list.title,
                    attachments=record.attachments,
                )
            ],
            idempotency_key=f"disposal-{drawn.list.id}-{entry.case_id}", now=run.now,
            today=run.today,
        )  # fmt: skip
        hashes = files.hashes_of_case(session, entry.case_id)
        hashes |= jobs.drop_files(session, jobs.jobs_of_case(session, entry.case_id))
        disposals.dispose_files(session, drawn.list.id, entry.case_id, hashes)
        _log(
            session, actor, "case_disposed", drawn.list.id, run.now, case_id=entry.case_id,
            reason=drawn.list.title,
        )  # fmt: skip
    disposals.dispose_cases(session, drawn.list.id, [each.case_id for each in gone], run.today)
    _do(session, actor, drawn, Act.BEGUN, run.now, witnesses)


def _remove_files(run: JobRun, list_id: int) -> int:
    """Remove what no other case uses. Done again, it finds nothing left to do."""
    with run.database.readers.begin() as reading:
        wanted: set[str] = set()
        after = ""
        while part := disposals.files_disposed_by(
            reading, list_id, after=after, size=_FILES_AT_ONCE
        ):
            wanted.update(part)
            after = part[-1]
        gone = set(disposals.disposed_numbers(reading))
        used = {
            each.sha256
            for each in files.recorded_files(reading)
            if each.sha256 in wanted and (each.number not in gone or _is_imported(each.item))
        }
    free = sorted(wanted - used)
    count = 0
    for start in range(0, len(free), _FILES_AT_ONCE):
        run.progress(start, len(free), Text("Removing files"))
        part_of = frozenset(free[start : start + _FILES_AT_ONCE])
        with changing(run.database) as session:
            # Whoever stages or makes the same content waits, and looks afterwards.
            files.lock_staged(session)
            named = files.staged_hashes(session, part_of) | jobs.blobs_of_jobs(session, part_of)
            named |= template_hashes(session, part_of)
            for sha256 in part_of - named:
                run.blobs.remove(sha256)
                count += 1
    return count


def _is_imported(item: str | None) -> bool:
    return item is not None and item.startswith("imported ")


def _finish(run: JobRun, list_id: int, session: Session) -> str | None:
    drawn = _held(session, list_id)
    if drawn.state is DisposalState.BEGUN:
        _do(session, run.actor(session), drawn, Act.DONE, run.now, None)
    return None


def _nobody(_session: Session, _law: object, _actor: Actor, _job: Job, _today: date) -> bool:
    return False


#: Carrying out, as it stands in the list of all kinds of long work; it makes no files.
DISPOSAL = JobKind(Text("Carrying out a disposal list"), carry_out, _nobody)


def period_of(written: str) -> dict[str, str]:
    """Return a period as a list keeps it, in both languages."""
    found = json.loads(written)
    return {"zh": str(found["zh"]), "en": str(found["en"])}
