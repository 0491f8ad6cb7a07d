"""A long form of old cases as a job: looked at or brought in, with a report of every line."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from tempfile import TemporaryFile

from fireinvest.documents.tables import Cell, Column, Shape, write_table
from fireinvest.messages import Faulty, Problem, Text, Words, render
from fireinvest.regulation.rulesets import Law
from fireinvest.services.cases import may_open
from fireinvest.services.files import as_attachments, open_attachment, staged_files
from fireinvest.services.jobs import Job, JobKind, JobRun, Result
from fireinvest.services.notices import calendar_in_force
from fireinvest.services.old_ledger.bringing_in import (
    Line,
    Office,
    Standing,
    bring_in,
    look_at,
    note_brought_in,
)
from fireinvest.services.old_ledger.columns import COLUMNS
from fireinvest.services.old_ledger.reading import choices_of, read_form
from fireinvest.store import Session
from fireinvest.workflow.permissions import Actor

__all__ = ["IN_REQUEST", "OLD_CASES", "OLD_CASES_KIND", "STANDINGS", "counted", "report_of"]

#: The code under which a job is asked for.
OLD_CASES = "old_cases"
#: A form of no more lines is looked at, and brought in, while its page is awaited.
IN_REQUEST = 50

STANDINGS: dict[Standing, Text] = {
    Standing.NEW: Text("would be brought in"),
    Standing.BROUGHT: Text("brought in"),
    Standing.SAME: Text("there already"),
    Standing.OTHER: Text("there already, otherwise"),
    Standing.WRONG: Text("wrong"),
}

_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def counted(standings: Iterable[Standing]) -> Text:
    """Return how many lines there are of each sort, in words."""
    found = dict.fromkeys(Standing, 0)
    for each in standings:
        found[each] += 1
    counts = {each.value: count for each, count in found.items()}
    return Text(
        "Would be brought in: %(new)s. Brought in: %(brought)s. There already: %(same)s. There "
        "already, otherwise: %(other)s. Wrong: %(wrong)s.",
        **counts,
    )


def report_of(lines: Iterable[Line], say: Callable[[Words], str]) -> Iterator[list[Cell]]:
    """Yield what became of each line as the rows of a table."""
    for each in lines:
        row, case = each.row, each.planned.case
        level = None if case is None else say(case.judgement.severity.level.label)
        yield [
            row.number,
            row.cells.get("old_number"),
            row.cells.get("unit_name"),
            say(STANDINGS[each.standing]),
            each.number,
            level,
            "\n".join(_problem(each, problem, say) for problem in each.problems) or None,
            "\n".join(say(remark) for remark in each.planned.remarks) or None,
        ]


def _problem(line: Line, problem: Problem, say: Callable[[Words], str]) -> str:
    """What is wrong, by the cell's name and what was typed in it."""
    name = problem.field
    place, typed = line.row.places.get(name), line.row.cells.get(name)
    head = say(COLUMNS[name].label) if name in COLUMNS else name
    where = " ".join(each for each in (place, head, f"“{typed}”" if typed else None) if each)
    return f"{where}: {say(problem.text)}"


def _columns(say: Callable[[Words], str]) -> list[Column]:
    return [
        Column(say(Text("Row")), Shape.NUMBER, 8),
        Column(say(Text("old number")), Shape.TEXT, 18),
        Column(say(Text("Unit")), Shape.TEXT, 30),
        Column(say(Text("what becomes of it")), Shape.TEXT, 20),
        Column(say(Text("Case number")), Shape.TEXT, 18),
        Column(say(Text("Level")), Shape.TEXT, 12),
        Column(say(Text("What is wrong")), Shape.TEXT, 60),
        Column(say(Text("Remarks")), Shape.TEXT, 60),
    ]


def _do(run: JobRun) -> Result:
    """Look at a form, or bring it in; each case is a transaction of its own, so it can be repeated."""
    given = run.job.arguments
    language, applies = str(given.get("language", "zh")), bool(given.get("applies"))
    with run.database.readers.begin() as session:
        staged = staged_files(session, run.job.person_id, [str(given.get("staged", ""))])
        actor = run.actor(session)
    if not staged:
        raise Faulty([Problem("files", Text("The file is gone; hand it in once more."))])
    law, home = run.law(), run.settings.law.home_division
    choices = choices_of(law.in_force(home, run.today), law.divisions)
    with open_attachment(run.blobs, as_attachments(staged)[0]) as stream:
        rows = read_form(stream, staged[0].name, choices)
    office = Office(
        law, calendar_in_force(run.database), actor, home, run.now, run.today,
        run.settings.law.profiles,
    )  # fmt: skip
    stage = Text("Old cases are brought in.") if applies else Text("Old cases are looked at.")

    def progress(done: int) -> None:
        run.progress(done, len(rows), stage)

    standings: list[Standing] = []

    def told(lines: Iterable[Line]) -> Iterator[Line]:
        for each in lines:
            standings.append(each.standing)
            yield each

    def say(words: Words) -> str:
        return render(words, language)

    lines = (bring_in if applies else look_at)(run.database, office, rows, progress)
    title = say(Text("Old cases: what became of each line"))
    with TemporaryFile() as report:
        rows_said = report_of(told(lines), say)
        write_table(report, title, _columns(say), rows_said, note=staged[0].name, made_at=run.now)
        report.seek(0)
        run.keep(f"{title} {run.today}.xlsx", _EXCEL, report)
    if applies:
        note_brought_in(run.database, office, staged[0].name, staged[0].sha256, standings)
    target = "ledger/" if applies else f"old_cases/{staged[0].id}"
    return Result(counted(standings), target=target)


def _may_take(_session: Session, _law: Law, actor: Actor, _job: Job, _today: date) -> bool:
    """The report names units: it is for whoever still opens cases."""
    return may_open(actor, None)


OLD_CASES_KIND = JobKind(Text("Old cases from a ledger"), _do, _may_take)
