"""The slip of a notice (催办单, 督办单): made from what is on record of a rung, known by its code.

Whose seal it bears and to whom it goes follow from who hears of the rung: what a superior hears, it
takes in hand by its own slip to the agency below; else the agency urges those who owe the step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from fireinvest.documents.certificate import Row, code_of, fingerprint
from fireinvest.documents.slip import Slip, pdf_of
from fireinvest.messages import Joined, Text, Words, render
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.profile import Rung
from fireinvest.regulation.rulesets import Law
from fireinvest.regulation.rungs import ABOVE
from fireinvest.services.casefile import CaseFile
from fireinvest.services.certificates import SLIP, Paper, entry_words, in_words
from fireinvest.services.issuing import agency_name
from fireinvest.store import Database, Session
from fireinvest.store.access import NOWHERE, From, log_access
from fireinvest.store.alerts import Reached, reached_by
from fireinvest.store.conflicts import changing
from fireinvest.workflow.deadlines import satisfying_steps
from fireinvest.workflow.permissions import CARRIER, acting_tiers, superior_tiers

_LEADERS = ("leader", "deputy_leader")


@dataclass(frozen=True, slots=True)
class Found:
    """A rung on record with its paper, and the clock that reached it."""

    rung: Rung
    reached: Reached
    deadline: Deadline


def find_slip(
    session: Session,
    file: CaseFile,
    rung: str,
    occurrence: int,
    due_on: date,
    clock: str,
    instance: str,
) -> Found | None:
    """Return the rung of which a slip can be made, None where it has no paper or isn't on record."""
    found = file.deadline(clock, instance)
    known = file.ruleset.rungs.get(rung)
    if found is None or known is None or known.paper is None:
        return None
    for each in reached_by(session, file.ref.id, clock, instance):
        if (each.rung, each.occurrence, each.due_on) == (rung, occurrence, due_on):
            return Found(known, each, found)
    return None


def slip_of(
    session: Session, file: CaseFile, found: Found, law: Law, *, language: str = "zh"
) -> Slip:
    """Return the slip of a rung, as of the day on which it was reached.

    ``law``: by which the city above a county is called by its name.
    """

    def say(words: Words) -> str:
        return render(words, language)

    rung, reached = found.rung, found.reached
    assert rung.paper is not None  # noqa: S101 - none is found without
    is_superior = any(role.startswith(ABOVE) for role in rung.hears)
    on = reached.reached_on
    own, above = agency_name(session, file, law, acting_tiers(file.case), on), None
    if is_superior:
        above = agency_name(session, file, law, superior_tiers(file.case), on)
    days = (on - reached.due_on).days
    opening = Text(
        "The step below was due on %(due)s and was not on record as done on %(day)s: it is overdue by %(days)s days.",
        due=in_words(reached.due_on, language),
        day=in_words(on, language),
        days=days,
    )
    demand = Text(
        "Do it without delay, and answer in writing on this slip: what was done and when; where it "
        "cannot be done now, why, and by which day it will be."
    )
    if is_superior:
        demand = Text(
            "See to it that it is done without delay, name who answers for it, and report in writing "
            "on this slip what was done and when; where it cannot be done now, why, and by which day "
            "it will be."
        )
    titles = {
        "seal": Text("(seal)"),
        "signed": Text("Signed by:"),
        "received": Text("Received by"),
        "received_on": Text("Received on"),
        "done": Text("Answer"),
        "code": Text("Code of this slip"),
        "check": Text("To be checked at"),
    }
    number = Text(
        "%(number)s · %(paper)s no. %(time)s", number=file.ref.number, paper=rung.paper,
        time=reached.occurrence,
    )  # fmt: skip
    return Slip(
        language=language,
        titles={key: say(words) for key, words in titles.items()},
        title=say(Text("%(paper)s: deadline of a fire accident investigation", paper=rung.paper)),
        number=say(number),
        case=file.ref.number,
        addressee=say(
            Text("To: %(who)s", who=own if is_superior else _owing(file, found.deadline))
        ),
        opening=say(opening),
        rows=tuple(
            Row(say(label), say(value), say(note))
            for label, value, note in _rows(file, found, language)
        ),
        demand=say(demand),
        issuer=say(above or own),
        on=in_words(on, language),
    )


def _rows(file: CaseFile, found: Found, language: str) -> Iterator[tuple[Words, Words, Words]]:
    case, ruleset, row = file.case, file.ruleset, file.loaded.row
    deadline, reached = found.deadline, found.reached
    run, clock = deadline.run, deadline.clock
    yield Text("Case"), file.ref.number, row["unit_name"]
    place: Words = case.division.label if case.division else ""
    yield (
        Text("Fire"),
        Text("%(day)s, %(address)s", day=case.occurred_on, address=row["address"]),
        place,
    )
    severity = case.judgement.severity
    level: Words = severity.level.label
    if severity.is_floor:
        level = Text("at least %(level)s", level=level)
    yield Text("Level"), level, ""
    name: Words = clock.label
    if run.instance != "1":
        name = Text("%(clock)s (%(instance)s)", clock=clock.label, instance=run.instance)
    yield Text("Clock"), name, run.about or ""
    instrument = ruleset.instruments[deadline.basis.instrument].title
    basis = Text("%(article)s (%(of)s)", article=ruleset.citation(deadline.basis), of=instrument)
    yield Text("Basis"), basis, ruleset.statement(deadline.basis)
    start = next((each for each in case.entries if each.seq == run.started_by), None)
    begun: Words = Text("the fire itself")
    if start is not None and not file.restrictions(start.seq):
        begun = entry_words(file, start, language)
    yield Text("Runs since"), in_words(deadline.count.start_on, language), begun
    yield Text("Due"), in_words(reached.due_on, language), ""
    days = (reached.reached_on - reached.due_on).days
    over = Text("%(days)s days, as of %(day)s", days=days, day=reached.reached_on)
    yield Text("Overdue"), over, ""


def _owing(file: CaseFile, found: Deadline) -> Words:
    """Who owes the step, by their posts; those of the case itself with their names."""
    case, ruleset = file.case, file.ruleset
    steps = satisfying_steps(ruleset, found.clock.id, found.run.decided)
    roles = dict.fromkeys(role for step in steps for role in step.who)
    named: dict[str, list[str]] = {}
    if case.carrier is not None:
        named[CARRIER] = [file.name(case.carrier.person)]
    for each in case.members:
        if each.is_active and each.post in _LEADERS:
            named.setdefault(each.post, []).append(file.name(each.person))
    parts: list[Words] = []
    for role in roles:
        known = ruleset.roles.get(role)
        label: Words = known.label if known else role
        for name in named.get(role, ()):
            parts.append(Text("%(role)s %(name)s", role=label, name=name))
        if role not in named:
            parts.append(label)
    return Joined(tuple(parts))


# ---------------------------------------------------------------------------- made


def make_slip(
    database: Database,
    file: CaseFile,
    found: Found,
    by: str,
    by_name: str,
    *,
    address: str,
    now: datetime,
    law: Law,
    language: str = "zh",
    acting_for: str | None = None,
    origin: From = NOWHERE,
) -> Paper:
    """Make the slip of a rung, and write into the log that it was made.

    ``address``: where its code is checked.
    """
    with database.readers.begin() as session:
        slip = slip_of(session, file, found, law, language=language)
    made = render(Text("Made at %(at)s by %(name)s", at=now, name=by_name), language)
    pdf = pdf_of(slip, address=address, made=made)
    note_slip(database, file, found, slip, by, now=now, acting_for=acting_for, origin=origin)
    return Paper(code_of(slip), pdf)


def note_slip(
    database: Database,
    file: CaseFile,
    found: Found,
    slip: Slip,
    by: str,
    *,
    now: datetime,
    acting_for: str | None,
    origin: From,
) -> None:
    """Write into the log that a slip was made, under its code, in whatever form."""
    reached = found.reached
    with changing(database) as session:
        log_access(
            session,
            happened_at=now,
            person=by,
            what=SLIP,
            case_id=file.ref.id,
            item=code_of(slip),
            origin=origin,
            acting_for=acting_for,
            new={
                "clock": found.deadline.clock.id,
                "instance": found.deadline.run.instance,
                "rung": reached.rung,
                "occurrence": reached.occurrence,
                "due_on": reached.due_on.isoformat(),
                "as_of": reached.reached_on.isoformat(),
                "version": file.case.version,
                "sha256": fingerprint(slip),
            },
        )
