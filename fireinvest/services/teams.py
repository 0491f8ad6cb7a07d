"""The team of a case: its members with what is known of each, matches with parties, open tasks."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from fireinvest.services.casefile import CaseFile
from fireinvest.store import Session
from fireinvest.store import records as store
from fireinvest.workflow.case import Case, Member
from fireinvest.workflow.items.team import OWNER, Task
from fireinvest.workflow.matching import Match, matches_of, members_of
from fireinvest.workflow.registers import Record

__all__ = ["MATCHED", "REGISTERS", "OwnTask", "matches_in", "own_tasks"]

#: What the page of the team shows, beside the journal.
REGISTERS = (
    "roster", "declarations", "duties", "matches", "rechecks", "meetings", "tasks", "parties",
)  # fmt: skip
#: What matching goes by.
MATCHED = ("roster", "parties", "matches")

#: How many tasks a desk shows.
_MOST_TASKS = 50


def matches_in(file: CaseFile, records: dict[str, list[Record]]) -> list[Match]:
    """Return the members of a case who match a party, undecided ones first (art 7).

    ``records``: the items of the registers in ``MATCHED``. Who has left is compared no more.
    """
    names = [(each.person, file.name(each.person)) for each in _active(file.case)]
    members = members_of(names, _of_active(file.case, records["roster"]))
    return matches_of(members, records["parties"], records["matches"])


def _active(case: Case) -> list[Member]:
    return [each for each in case.members if each.is_active]


def _of_active(case: Case, roster: Collection[Record]) -> list[Record]:
    """The lines of the roster but those of people who were on the team and are no more."""
    gone = {each.person for each in case.members} - {each.person for each in _active(case)}
    return [each for each in roster if getattr(each.values, "person", None) not in gone]


@dataclass(frozen=True, slots=True)
class OwnTask:
    """A task that waits for somebody, with the number of its case."""

    number: str
    record: Record
    task: Task
    is_overdue: bool

    @property
    def title(self) -> str:
        """How it is called on a desk: a restricted one by its mark alone."""
        return self.record.mark if self.record.restriction else self.record.values.called


def own_tasks(session: Session, people: Collection[str], today: date) -> list[OwnTask]:
    """Return the open tasks of these people in all cases, the most urgent first; two queries.

    Whether they may see the case is for whoever shows it.
    """
    found = store.find_keys(session, [(OWNER, each) for each in people], size=_MOST_TASKS)
    wanted = [(each.case_id, each.register, each.item) for each in found]
    numbers = {each.case_id: each.number for each in found}
    tasks = []
    for case_id, record in store.items_at(session, wanted):
        if isinstance(record.values, Task) and record.values.due_on is not None:
            task = record.values
            is_overdue = record.values.due_on < today
            tasks.append(OwnTask(numbers[case_id], record, task, is_overdue))
    return sorted(tasks, key=lambda each: (each.task.due_on or today, each.number))
