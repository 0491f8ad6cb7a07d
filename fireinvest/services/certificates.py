"""The certificate of a clock (期限计算说明): made from a case, known again by its code.

Each one that is made stands in the access log with its code, so that whoever holds a paper can see
when and by whom it was made, and whether the clock's date is still the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from fireinvest.documents.certificate import (
    Certificate,
    DayRow,
    Row,
    code_of,
    fingerprint,
    pdf_of,
    read_code,
)
from fireinvest.messages import Text, Words, render
from fireinvest.regulation.calendar import Calendar, DayKind
from fireinvest.regulation.clocks import (
    Deadline,
    Prolonged,
    explain,
    option_of,
)
from fireinvest.regulation.days import CountedDay, Skipped, Unit, length_in_words
from fireinvest.services.casefile import CaseFile, case_file
from fireinvest.services.cases import NoSuchCase
from fireinvest.services.wording import DAY_KINDS, weekday
from fireinvest.store import Database, Session
from fireinvest.store.access import NOWHERE, From, Made, find_made, log_access
from fireinvest.store.conflicts import changing
from fireinvest.store.projections import calendar_id
from fireinvest.workflow.actions import Entry
from fireinvest.workflow.permissions import Actor

CERTIFICATE = "certificate"
SLIP = "slip"

_SKIPPED = {
    Skipped.START: Text("the first day isn't counted"),
    Skipped.NOT_WORKED: Text("not counted"),
    Skipped.LEFT_OUT: Text("left out of the count"),
    Skipped.ROLLED: Text("the end moves on over it"),
}


@dataclass(frozen=True)
class _Paper:
    """One instance of a clock, to be worded in one language."""

    file: CaseFile
    found: Deadline
    language: str

    def say(self, words: Words) -> str:
        return render(words, self.language)

    def day(self, on: date) -> str:
        return f"{on.isoformat()} {self.say(weekday(on))}"

    def in_words(self, on: date) -> str:
        """A day as it is written in a document, with its weekday."""
        return f"{in_words(on, self.language)} {self.say(weekday(on))}"

    def row(self, label: Words, value: Words, note: Words = "") -> Row:
        return Row(self.say(label), self.say(value), self.say(note))

    def entry(self, seq: int | None) -> Entry | None:
        return next((each for each in self.file.case.entries if each.seq == seq), None)

    def entry_words(self, entry: Entry) -> str:
        return entry_words(self.file, entry, self.language)


def in_words(on: date, language: str) -> str:
    """Return a day as it is written in a document."""
    return f"{on.year}年{on.month}月{on.day}日" if language == "zh" else on.isoformat()


def entry_words(file: CaseFile, entry: Entry, language: str) -> str:
    """Return an entry by its step, number, document and day."""
    step = file.ruleset.steps.get(entry.step)
    name = render(step.label, language) if step else entry.step
    document = getattr(entry.payload, "document_no", None)
    parts = [name, render(Text("entry %(seq)s", seq=entry.seq), language), document]
    return " · ".join(part for part in (*parts, entry.on.isoformat()) if part)


def certificate_of(file: CaseFile, found: Deadline, *, language: str = "zh") -> Certificate:
    """Return the certificate of one instance of a clock, as on the day of the case file."""
    paper = _Paper(file, found, language)
    say, run = paper.say, found.run
    name = say(found.clock.label)
    if run.instance != "1":
        name = f"{name} ({run.instance})"
    titles = {
        "how": Text("How the date comes about"),
        "days": Text("The counted days"),
        "when": Text("Day"),
        "number": Text("No."),
        "kind": Text("What day it is"),
        "why": Text("Why"),
        "readings": Text("Readings"),
        "versions": Text("Editions"),
        "code": Text("Code of this certificate"),
        "check": Text("To be checked at"),
    }
    return Certificate(
        language=language,
        titles={key: say(words) for key, words in titles.items()},
        title=say(Text("Explanation of deadlines")),
        number=file.ref.number,
        clock=name,
        due=_due(paper),
        standing=say(_standing(found)),
        case=tuple(_case(paper)),
        how=tuple(_how(paper)),
        days=tuple(_days(paper)),
        readings=tuple(_readings(paper)),
        versions=tuple(_versions(paper)),
        as_of=file.today.isoformat(),
    )


def _due(paper: _Paper) -> str:
    found = paper.found
    if found.due_at is not None:
        return paper.say(Text("%(at)s", at=found.due_at))
    return paper.in_words(found.due_on)


def _standing(found: Deadline) -> Words:
    run = found.run
    if run.satisfied_on is not None:
        return Text("done on %(day)s", day=run.satisfied_on)
    if run.returned_on is not None:
        return Text("returned on %(day)s", day=run.returned_on)
    if run.handed_over_on is not None:
        return Text("handed over on %(day)s", day=run.handed_over_on)
    if found.provisional:
        return Text("provisional: a year that it touches has no holiday notice yet")
    return Text("running")


def _case(paper: _Paper) -> Iterator[Row]:
    file, case = paper.file, paper.file.case
    yield paper.row(Text("Case"), file.ref.number)
    yield paper.row(Text("Unit"), file.loaded.row["unit_name"])
    yield paper.row(Text("Address"), file.loaded.row["address"])
    place: Words = case.division.label if case.division else ""
    yield paper.row(Text("Fire"), case.occurred_on.isoformat(), place)
    severity = case.judgement.severity
    level: Words = severity.level.label
    if severity.is_floor:
        level = Text("at least %(level)s", level=severity.level.label)
    yield paper.row(Text("Level"), level)


def _how(paper: _Paper) -> Iterator[Row]:
    file, found = paper.file, paper.found
    ruleset, run = file.ruleset, found.run
    for basis in dict.fromkeys([found.basis, found.clock.basis]):
        yield paper.row(Text("Basis"), ruleset.citation(basis), ruleset.statement(basis))
    start = paper.entry(run.started_by)
    if start is not None:
        yield paper.row(Text("Trigger"), paper.entry_words(start))
    else:
        fire = Text("the fire itself")
        yield paper.row(Text("Trigger"), fire, Text("entry %(seq)s", seq=file.case.opening.seq))
    if found.term is not None:
        counted: Words = Text("not counted; the count begins on the day after")
        if found.count.start_counts:
            counted = Text("counted itself as the first day")
        note = "" if found.due_at is not None else counted
        yield paper.row(Text("Start day"), paper.in_words(found.count.start_on), note)
        yield paper.row(Text("Length"), length_in_words(found.term.length))
    else:
        yield paper.row(Text("Length"), Text("none: a document set the day"))
    for each in found.count.prolonged:
        yield _extension(paper, each)
    left_out = bool(found.count.left_out)
    for test in run.tests:
        span = Text("since %(day)s, still out", day=test.began_on)
        if test.ended_on is not None:
            span = Text("%(first)s to %(last)s", first=test.began_on, last=test.ended_on)
        how = Text("left out of the count") if left_out else Text("counted like other days")
        yield paper.row(Text("Appraisal"), span, how)
    end = "" if found.due_at is not None else " 24:00"
    yield paper.row(Text("Due"), f"{_due(paper)}{end}")
    if found.act_by != found.due_on:
        yield paper.row(Text("Act by"), paper.in_words(found.act_by))
    met = paper.entry(run.satisfied_by)
    if met is not None:
        yield paper.row(Text("Ended"), paper.entry_words(met))


def _extension(paper: _Paper, each: Prolonged) -> Row:
    entry = paper.entry(each.granted.entry)
    proof = paper.entry_words(entry) if entry is not None else ""
    if each.came_late:
        text = Text("It came after %(day)s and moves nothing.", day=each.from_on)
    else:
        text = Text(
            "%(days)s days, from %(old)s to %(new)s",
            days=each.effective_days,
            old=each.from_on,
            new=each.to_on,
        )
    return paper.row(Text("Extension"), text, proof)


#: A count of more days than these is told by its ends alone.
_LONGEST = 800


def _days(paper: _Paper) -> Iterator[DayRow]:
    """Every day of the count, those in a row of which it says the same together."""
    found = paper.found
    span = (found.count.parts[-1].ends_on - found.count.start_on).days
    if found.term is None or found.unit is Unit.HOURS or span > _LONGEST:
        return
    is_natural = found.unit is not Unit.WORKING_DAYS

    def same(each: CountedDay) -> tuple[object, ...]:
        if is_natural and each.number is not None:
            return (None, each.day.announced)
        return (each.skipped, each.day.kind, each.day.name, each.day.notice, each.day.announced)

    for _, row in groupby(explain(paper.file.calendar, found), same):
        yield _day_row(paper, list(row), is_natural=is_natural)


def _day_row(paper: _Paper, row: list[CountedDay], *, is_natural: bool) -> DayRow:
    first, last = row[0], row[-1]
    days = paper.day(first.day.on)
    if len(row) > 1:
        days = f"{days} – {paper.day(last.day.on)}"
    numbers = "–"
    if first.number is not None:
        numbers = f"{first.number}" if len(row) == 1 else f"{first.number}–{last.number}"
    day = first.day
    is_special = day.name is not None or day.kind is DayKind.MAKE_UP
    kind: Words = DAY_KINDS[day.kind]
    notice: Words = day.notice if day.notice is not None and is_special else ""
    if is_natural and first.number is not None:
        kind, notice = Text("natural days"), ""
    elif day.name is not None:
        kind = Text("%(kind)s: %(name)s", kind=kind, name=day.name)
    if not day.announced:
        notice = Text("no notice for this year yet")
    why: Words = _SKIPPED[first.skipped] if first.skipped is not None else Text("counted")
    return DayRow(
        days, numbers, paper.say(kind), paper.say(why), paper.say(notice), first.number is not None
    )


def _readings(paper: _Paper) -> Iterator[Row]:
    found, ruleset = paper.found, paper.file.ruleset
    if found.term is None:
        return
    for name in found.term.readings:
        reading = ruleset.readings[name]
        option = reading.option(option_of(reading, found.run.decided))
        note: Words = ruleset.citation(reading.basis)
        decided = next((each for each in found.run.decided if each.reading == name), None)
        if decided is not None:
            note = Text(
                "%(document)s, for clocks that begin on %(day)s or later (entry %(seq)s)",
                document=decided.document,
                day=decided.applies_from,
                seq=decided.entry,
            )
        yield paper.row(reading.question, option.label, note)


def _versions(paper: _Paper) -> Iterator[Row]:
    file = paper.file
    ruleset, calendar = file.ruleset, file.calendar
    yield paper.row(Text("Law"), ruleset.label, ruleset.pin[:16])
    until = Text("announced until %(day)s", day=calendar.announced_until)
    yield paper.row(Text("Working calendar"), until, calendar_id(calendar))
    count = paper.found.count
    years = range(count.start_on.year, count.parts[-1].ends_on.year + 2)
    for each in calendar.in_force_here:
        if each.year in years:
            yield paper.row(Text("Holiday notice"), each.number, f"{each.year}")
    yield paper.row(
        Text("State of the case"),
        Text("entry %(seq)s", seq=file.case.version),
        file.loaded.head_hash[:16],
    )
    yield paper.row(Text("As of"), file.today.isoformat())


# ---------------------------------------------------------------------------- made, and checked


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate as it was made: its code, and its pages as a PDF."""

    code: str
    pdf: bytes


def make_certificate(
    database: Database,
    file: CaseFile,
    found: Deadline,
    by: str,
    by_name: str,
    *,
    address: str,
    now: datetime,
    language: str = "zh",
    acting_for: str | None = None,
    origin: From = NOWHERE,
) -> Paper:
    """Make the certificate of a clock, and write into the log that it was made.

    ``address``: where its code is checked.
    """
    certificate = certificate_of(file, found, language=language)
    made = render(Text("Made at %(at)s by %(name)s", at=now, name=by_name), language)
    pdf = pdf_of(certificate, address=address, made=made)
    note_certificate(
        database, file, found, certificate, by, now=now, acting_for=acting_for, origin=origin
    )
    return Paper(code_of(certificate), pdf)


def note_certificate(
    database: Database,
    file: CaseFile,
    found: Deadline,
    certificate: Certificate,
    by: str,
    *,
    now: datetime,
    acting_for: str | None,
    origin: From,
) -> None:
    """Write into the log that a certificate was made, under its code, in whatever form."""
    with changing(database) as session:
        log_access(
            session,
            happened_at=now,
            person=by,
            what=CERTIFICATE,
            case_id=file.ref.id,
            item=code_of(certificate),
            origin=origin,
            acting_for=acting_for,
            new={
                "clock": found.clock.id,
                "instance": found.run.instance,
                "due_on": found.due_on.isoformat(),
                "act_by": found.act_by.isoformat(),
                "as_of": file.today.isoformat(),
                "version": file.case.version,
                "sha256": fingerprint(certificate),
            },
        )


@dataclass(frozen=True)
class Checked:
    """A paper that was found: who made it when, and the clock as it stands today.

    ``paper``: what it is, a certificate or the slip of a notice. ``made``: each time that it was made, the first first. ``now``: None where the clock no longer
    runs at all.
    """

    code: str
    paper: Words
    file: CaseFile
    made: tuple[Made, ...]
    clock: str
    instance: str
    due_on: date
    as_of: date
    now: Deadline | None

    @property
    def is_same(self) -> bool:
        """Has the clock today the date that the certificate tells?"""
        return self.now is not None and self.now.due_on == self.due_on


def check_certificate(
    session: Session, actor: Actor, typed: str, calendar: Calendar, today: date
) -> Checked | None:
    """Return what the log knows of a code; None for one that is wrong, forged, or not for them."""
    code = read_code(typed)
    made = () if code is None else tuple(find_made(session, (CERTIFICATE, SLIP), code))
    if code is None or not made:
        return None
    try:
        file = case_file(session, actor, made[0].number, calendar, today)
    except NoSuchCase:
        return None
    said = made[0].new
    clock, instance = str(said["clock"]), str(said["instance"])
    rung = file.ruleset.rungs.get(str(said.get("rung")))
    paper = Text("Explanation of deadlines") if rung is None else rung.paper or rung.label
    return Checked(
        code,
        paper,
        file,
        made,
        clock,
        instance,
        date.fromisoformat(str(said["due_on"])),
        date.fromisoformat(str(said["as_of"])),
        file.deadline(clock, instance),
    )
