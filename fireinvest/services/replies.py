"""The government's reply: to which text, with which points, and whether these were met (arts 21, 22).

Whoever answers says which text they have read; it is compared while the case is held, so that
nobody replies to what was submitted anew a moment before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fireinvest.messages import Problem, Text
from fireinvest.services.casefile import case_file
from fireinvest.services.cases import Loaded
from fireinvest.services.records import Filed
from fireinvest.services.report_tables import FILLED_FROM, freeze, tables_of
from fireinvest.services.reports import SECTIONS, Asking, ReportText, text_of
from fireinvest.services.together import write_together
from fireinvest.store import Session
from fireinvest.store import records as store
from fireinvest.workflow.actions import Attachment, Decision, DocumentSent, Entry, Finding
from fireinvest.workflow.case import Case
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Invalid, Refused
from fireinvest.workflow.items.reply import (
    RETURNED,
    WITH_CHANGES,
    Confirmation,
    PointCheck,
    Reply,
    ReplyPoint,
)
from fireinvest.workflow.items.report import Submission
from fireinvest.workflow.registers import Filing, Record
from fireinvest.workflow.report_hash import versions_in
from fireinvest.workflow.report_text import frozen

__all__ = [
    "REGISTERS",
    "Submitted",
    "answer",
    "bound_text",
    "confirm",
    "last_reply",
    "points_as_replied",
    "points_of",
    "standing_checks",
    "submissions_of",
]

#: What the pages of the reply show.
REGISTERS = (
    "submissions", "route", "reply_points", "replies", "point_checks", "confirmations",
)  # fmt: skip
_SUBMIT, _REPLY, _RETURN, _CONFIRM = "submit_report", "reply", "return_report", "confirm_changes"
#: To whom a report is returned.
_TEAM = "火灾事故调查组"


@dataclass(frozen=True, slots=True)
class Submitted:
    """A report that was submitted: which one, its entry, and the text that is kept of it.

    ``record``: None where only the step was recorded, with the report as a file or on paper.
    """

    round: int
    entry: Entry
    record: Record | None

    @property
    def submission(self) -> Submission | None:
        """The text that is kept of it, with its hash."""
        values = self.record.values if self.record is not None else None
        return values if isinstance(values, Submission) else None

    @property
    def hash(self) -> str | None:
        """By which hash it is told: of the text, or of the one file that was sent instead."""
        if self.submission is not None:
            return self.submission.text_hash
        files = self.entry.attachments
        return files[0].sha256 if len(files) == 1 else None

    @property
    def seal(self) -> str:
        """By what a form says which of them was read."""
        return f"{self.round}:{self.hash or self.entry.seq}"


def submissions_of(case: Case, records: Iterable[Record]) -> tuple[Submitted, ...]:
    """Return what was submitted in a case, as it happened.

    A text belongs to the entry of the same day and document, with which it was written.
    """
    left = [each for each in records if isinstance(each.values, Submission)]
    found = []
    for place, entry in enumerate(case.done.get(_SUBMIT, ()), 1):
        number = getattr(entry.payload, "document_no", None)
        mine = next(
            (
                each
                for each in left
                if (
                    getattr(each.values, "submitted_on", None),
                    getattr(each.values, "number", None),
                )
                == (entry.on, number)
            ),
            None,
        )
        if mine is not None:
            left.remove(mine)
        found.append(Submitted(place, entry, mine))
    return tuple(found)


def bound_text(session: Session, case_id: int, bound: str | None) -> ReportText:
    """Return the text that certain versions of the sections make, whatever became of them since."""
    wanted = versions_in(bound)
    records = store.records_at(session, case_id, SECTIONS, wanted)
    found = {(each.item, each.version): each for each in records}
    return ReportText.of([found[each] for each in wanted if each in found])


def points_of(records: Iterable[Record], number: int) -> list[Record]:
    """Return the points that were noted on a submission."""
    return [
        each
        for each in records
        if isinstance(each.values, ReplyPoint) and each.values.round == number
    ]


def last_reply(replies: Iterable[Record], *, returns: bool = False) -> Record | None:
    """Return the reply that was given last; ``returns``: a return counts as one."""
    found = [
        each
        for each in replies
        if isinstance(each.values, Reply) and (returns or each.values.decision != RETURNED)
    ]
    return found[-1] if found else None


def points_as_replied(session: Session, case_id: int, reply: Reply) -> list[Record]:
    """Return the points of a reply, in the versions that it was given with."""
    wanted = [
        (int(item), int(version))
        for each in (reply.points_bound or "").split()
        for item, _, version in (each.removeprefix(ReplyPoint.PREFIX).partition("@"),)
    ]
    return store.records_at(session, case_id, "reply_points", wanted)


def standing_checks(checks: Iterable[Record]) -> dict[int, Record]:
    """Return the last check of each point, by the point's number."""
    found: dict[int, Record] = {}
    for each in checks:
        if isinstance(each.values, PointCheck):
            for number in each.values.point or ():
                found[number] = each
    return found


# ---------------------------------------------------------------------------- the reply itself


def answer(
    asking: Asking,
    given: Reply,
    *,
    seen: str,
    reason: str | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> Filed:
    """Reply to the report that was read, or return it: bound to its hash, with its step (art 22).

    Raises:
        Refused: when nothing was submitted.
        Invalid: when something else was submitted since.
        Faulty: as ``file_records`` and ``act`` do.

    """

    def make(session: Session, loaded: Loaded) -> tuple[list[Filing], list[Action]]:
        items = store.items_of(session, loaded.ref.id, ["submissions", "reply_points"])
        sent = submissions_of(loaded.case, items["submissions"])
        if not sent:
            raise Refused([Problem("seen", Text("No report was submitted yet."))])
        last = sent[-1]
        if last.seal != seen:
            words = Text("Another report was submitted since you opened this page: read it.")
            raise Invalid([Problem("seen", words)])
        named = set(given.points or ())
        points = points_of(items["reply_points"], last.round)
        if not named <= {each.item for each in points}:
            words = Text("A point that is named belongs to another submission.")
            raise Invalid([Problem("points", words)])
        values = replace(
            given,
            round=last.round,
            submission=None if last.record is None else (last.record.item,),
            text_hash=last.hash,
            points_bound=" ".join(
                f"{each.mark}@{each.version}" for each in points if each.item in named
            )
            or None,
        )
        filing = Filing(
            "replies", values, acting_for=asking.acting_for, reason=reason,
            attachments=attachments,
        )  # fmt: skip
        if given.replied_on is None:
            return [filing], []
        if given.decision == RETURNED:
            sent_back = DocumentSent(_TEAM, given.document_no)
            action = Action(_RETURN, sent_back, given.replied_on, reason=given.grounds)
        else:
            decided = Decision(
                given.decision, None, given.decider, given.document_no, given.closed_on,
                given.grounds,
            )  # fmt: skip
            action = Action(_REPLY, decided, given.replied_on, reason=reason)
        return [filing], [replace(action, acting_for=asking.acting_for, attachments=attachments)]

    return write_together(asking, make)


# ---------------------------------------------------------------------------- the final version


def confirm(
    asking: Asking,
    checks: Sequence[PointCheck],
    given: Confirmation,
    *,
    seen: str,
    reason: str | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> Filed:
    """Confirm the final version: each point of the reply is met, or waived with a reason (art 22).

    ``seen``: the hash of the final text that was read. Problems of a point are named by the field
    and its number, as "result-3".

    Raises:
        Refused: when no reply asked for changes.
        Invalid: when a point is open, or the text was changed since.
        Faulty: as ``file_records`` and ``act`` do.

    """

    def make(session: Session, loaded: Loaded) -> tuple[list[Filing], list[Action]]:
        items = store.items_of(
            session, loaded.ref.id, [SECTIONS, "replies", "point_checks", *FILLED_FROM]
        )
        reply = last_reply(items["replies"])
        values = reply.values if reply is not None else None
        if reply is None or not isinstance(values, Reply) or values.decision != WITH_CHANGES:
            raise Refused([Problem("seen", Text("No reply asked for changes."))])
        text = text_of(loaded.case, items[SECTIONS])
        if text.hash != seen:
            words = Text("The text was changed since you opened this page: read it again.")
            raise Invalid([Problem("seen", words)])
        if problems := _open_points(values, checks, loaded.case, asking):
            raise Invalid(problems)
        kept = standing_checks(items["point_checks"])
        filings = [_checked(each, kept, asking) for each in checks]
        number = loaded.ref.number
        file = case_file(session, asking.actor, number, asking.calendar, asking.today)
        confirmed = replace(
            given,
            reply=(reply.item,),
            bound=text.bound,
            text_hash=text.hash,
            tables=frozen(freeze(tables_of(file, items))),
        )
        filings.append(
            Filing(
                "confirmations", confirmed, acting_for=asking.acting_for, reason=reason,
                attachments=attachments,
            )
        )  # fmt: skip
        if given.confirmed_on is None:
            return filings, []
        action = Action(
            _CONFIRM, Finding(text=given.note), given.confirmed_on, reason=reason,
            acting_for=asking.acting_for, attachments=attachments,
        )  # fmt: skip
        return filings, [action]

    return write_together(asking, make)


def _open_points(
    reply: Reply, checks: Sequence[PointCheck], case: Case, asking: Asking
) -> list[Problem]:
    """What is wrong with the checks, each problem at its point."""
    by_point = {number: each for each in checks for number in each.point or ()}
    problems = []
    for number in reply.points or ():
        check = by_point.get(number)
        if check is None or check.result is None:
            words = Text("Each point is met, or waived with a reason.")
            problems.append(Problem(f"result-{number}", words))
            continue
        problems += [
            Problem(f"{each.field}-{number}", each.text)
            for each in check.problems(case.occurred_on, asking.today)
        ]
    return problems


def _checked(check: PointCheck, kept: dict[int, Record], asking: Asking) -> Filing:
    """A point that was checked before gets a new version of its check."""
    before = next((kept[each] for each in check.point or () if each in kept), None)
    if before is None:
        return Filing("point_checks", check, acting_for=asking.acting_for)
    return Filing(
        "point_checks", check, before.item, before.version, acting_for=asking.acting_for,
        attachments=before.attachments, restriction=before.restriction,
    )  # fmt: skip
