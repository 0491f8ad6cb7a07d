"""The scene and the inquiry of a case: what is open or late, and who was in two places at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fireinvest.messages import Text, Words
from fireinvest.regulation.clocks import Deadline
from fireinvest.services.cases import Loaded
from fireinvest.store import Session
from fireinvest.store import records as store
from fireinvest.workflow.actions import Interval
from fireinvest.workflow.engine import Action
from fireinvest.workflow.items.scene import (
    INVESTIGATOR,
    Attended,
    CommissionedTest,
    RecordsRequest,
    SceneClosure,
)
from fireinvest.workflow.presence import Attendance, Clash, clashes_of
from fireinvest.workflow.registers import Record

__all__ = [
    "ATTENDED",
    "REGISTERS",
    "TESTS",
    "Caution",
    "clashes_in",
    "steps_of_test",
    "warnings_of",
]

#: What the page of the scene shows, in its order.
REGISTERS = (
    "closures", "surveys", "scene_plans", "interviews", "tests", "expert_opinions", "experiments",
    "records_requests", "disagreements",
)  # fmt: skip
#: Registers of what investigators attended.
ATTENDED = ("interviews", "surveys", "experiments")

#: The register of commissioned tests.
TESTS = "tests"
#: The steps by which a test is out, and back (art 16).
_SENT, _BACK = "test_commissioned", "test_returned"
#: The clock by which the report is due (art 21).
_REPORT = "report"
_MOST_CLASHES = 200


@dataclass(frozen=True, slots=True)
class Caution:
    """What is wrong with an item of a register, and how grave it is."""

    text: Words
    is_late: bool


def clashes_in(
    session: Session, case_id: int, number: str, records: Mapping[str, list[Record]]
) -> list[Clash]:
    """Return where an investigator of this case was elsewhere at the same time; two queries.

    Also in other cases, of which no more than that is told.
    """
    mine = [
        Attendance(number, each)
        for name in ATTENDED
        for each in records.get(name, ())
        if isinstance(each.values, Attended)
    ]
    keys = set().union(*(each.record.values.keys() for each in mine))
    found = store.find_keys(session, sorted(keys), size=_MOST_CLASHES)
    elsewhere = {
        (each.case_id, each.register, each.item): each.number
        for each in found
        if each.case_id != case_id and each.sort == INVESTIGATOR
    }
    numbers = {each[0]: number for each, number in elsewhere.items()}
    others = [
        Attendance(numbers[other], record)
        for other, record in store.items_at(session, list(elsewhere))
    ]
    return clashes_of(mine, [*mine, *others])


def warnings_of(record: Record, deadlines: Iterable[Deadline], today: date) -> Iterator[Caution]:
    """Yield what somebody should know of an item: what is late, open or not in due form."""
    values = record.values
    match values:
        case CommissionedTest() if values.is_open:
            due = next(
                (
                    each.due_on
                    for each in deadlines
                    if each.clock.id == _REPORT and not each.is_ended
                ),
                None,
            )
            expected = values.expected_on
            if expected is None:
                yield Caution(Text("No day is expected yet."), is_late=False)
            elif expected < today:
                text = Text("Expected on %(day)s, and still out.", day=expected)
                yield Caution(text, is_late=True)
            if expected is not None and due is not None and expected > due:
                text = Text("Expected after the report is due on %(day)s.", day=due)
                yield Caution(text, is_late=True)
        case RecordsRequest() if values.is_open and values.due_on is not None:
            if values.due_on < today:
                days = (today - values.due_on).days
                yield Caution(Text("%(days)s days over: chase it.", days=days), is_late=True)
        case SceneClosure() if values.released_at is None and values.closed_at is not None:
            days = (today - values.closed_at.date()).days
            text = Text("Closed for %(days)s days, not released yet.", days=days)
            yield Caution(text, is_late=False)
    for doubt in values.doubts():
        yield Caution(doubt.text, is_late=False)


def steps_of_test(_session: Session, loaded: Loaded, records: Sequence[Record]) -> Iterator[Action]:
    """Yield the steps that follow from a test as it stands: it went out, and it came back.

    The interval of the procedure, by which clocks leave it out, carries the item's mark.
    """
    case = loaded.case
    for record in records:
        test = record.values
        if not isinstance(test, CommissionedTest) or test.sent_on is None:
            continue
        sent = {getattr(each.payload, "ref", None) for each in case.done.get(_SENT, ())}
        back = {getattr(each.payload, "ref", None) for each in case.done.get(_BACK, ())}
        if record.mark not in sent and _SENT in case.ruleset.steps:
            payload = Interval(record.mark, test.subject, test.body, test.expected_on)
            yield Action(_SENT, payload, test.sent_on)
        if test.returned_on is not None and record.mark not in back and _BACK in case.ruleset.steps:
            payload = Interval(record.mark, test.subject, test.body)
            yield Action(_BACK, payload, test.returned_on)
