"""The five lines of inquiry: a line is closed once all of it was examined (art 15)."""

from fireinvest.messages import Problem, Text
from fireinvest.services.cases import NoSuchCase, act_in, load_case
from fireinvest.services.together import Asking
from fireinvest.store import records as store
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.workflow.actions import Finding
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Refused
from fireinvest.workflow.items.inquiry import LineFinding
from fireinvest.workflow.lines import CLOSING, Line, lines_of
from fireinvest.workflow.permissions import may_see
from fireinvest.workflow.registers import StaleItem, restrictions_of

__all__ = ["FINDINGS", "close_line", "names_in", "newest"]

FINDINGS = "line_findings"
#: Characters of a name that an entry holds.
_LONGEST_NAMES = 200


def close_line(
    asking: Asking, line: str, text: str | None, *, seen: int, reason: str | None = None
) -> None:
    """Close a line with the finding on the whole of it, while its case is held.

    ``seen``: the place of the newest finding that was read, among all records of the case.

    Raises:
        NoSuchCase: when there is none, or the actor may not see it.
        Refused: when a sub-item is still open, or something was found since.
        Faulty: as ``act`` does.

    """
    try:
        with changing(asking.database) as session:
            loaded = load_case(session, asking.case_id, lock=True)
            case = loaded.case
            if not may_see(asking.actor, case, loaded.ref.number):
                raise NoSuchCase
            records = store.items_of(session, loaded.ref.id, [FINDINGS, "parties"])
            found = next(
                (each for each in lines_of(case, records[FINDINGS]) if each.item.id == line), None
            )
            if found is None or not found.can_close:
                words = Text("Every sub-item has to end in a finding, or in “nothing found”.")
                raise Refused([Problem("line", words)])
            if newest(found) != seen:
                words = Text("Something was found since you opened this page: read it again.")
                raise Refused([Problem("line", words)])
            names = {
                each.item: each.values.called
                for each in records["parties"]
                if not restrictions_of(case.ruleset, each)
            }
            payload = Finding(
                line,
                text=text,
                nothing_found=found.found_nothing or None,
                unit=names_in(found, "units", "unit_names", names),
                person=names_in(found, "people", "person_names", names),
            )
            act_in(
                session, asking.law, asking.calendar, asking.actor, asking.case_id,
                Action(
                    CLOSING, payload, asking.today, reason=reason, acting_for=asking.acting_for
                ),
                idempotency_key=asking.key, now=asking.now, today=asking.today,
                origin=asking.origin,
            )  # fmt: skip
    except Conflict as conflict:
        raise StaleItem(0, 0) from conflict


def newest(line: Line) -> int:
    """Return the place of the newest finding on a line, 0 where there is none."""
    return max((each.seq for each in line.records), default=0)


def names_in(line: Line, refs: str, written: str, names: dict[int, str]) -> str | None:
    """Return who is named on a line, each once; ``names``: of the parties, by number."""
    found: dict[str, None] = {}
    for record in line.records:
        values = record.values
        if isinstance(values, LineFinding):
            for number in getattr(values, refs) or ():
                found[names.get(number, f"P{number}")] = None
            if getattr(values, written):
                found[getattr(values, written)] = None
    return "、".join(found)[:_LONGEST_NAMES] or None
