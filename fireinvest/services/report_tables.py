"""The tables of a report: statistics, casualties, losses and the team, filled from the case."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fireinvest.messages import Text, Words, money, render
from fireinvest.services.casefile import CaseFile
from fireinvest.services.casualties import sums_of
from fireinvest.workflow.actions import Signature
from fireinvest.workflow.asking import outcome_words
from fireinvest.workflow.case import Case
from fireinvest.workflow.items.casualties import Casualty, Loss
from fireinvest.workflow.items.report import SIGNED
from fireinvest.workflow.registers import Record, choices_of, restrictions_of
from fireinvest.workflow.report_text import FrozenTable

__all__ = ["FILLED_FROM", "Table", "freeze", "names_of_tables", "tables_of"]

#: The registers from which tables are filled.
FILLED_FROM = ("casualties", "losses")
#: The list of the tables that there are.
TABLES = "report_tables"
#: A report is written in Chinese, whatever language somebody reads the pages in.
_LANGUAGE = "zh"
_KEPT_BACK = Text("(restricted)")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a report in words: its name, its head, and its rows."""

    code: str
    label: Words
    head: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]


def names_of_tables(case: Case) -> Mapping[str, str]:
    """Return the code of each table by each name under which a text can call it."""
    return {
        name: each.id
        for each in choices_of(case, TABLES)
        for name in (each.id, each.label.zh, each.label.en)
    }


def tables_of(file: CaseFile, records: Mapping[str, Sequence[Record]]) -> Mapping[str, Table]:
    """Return the tables of a case's report as of now, by code.

    ``records``: the items of the registers in ``FILLED_FROM``. What is restricted shows as such.
    """
    rows: Mapping[str, Callable[[], Iterable[tuple[Words, ...]]]] = {
        "statistics": lambda: _statistics(file.case),
        "casualties": lambda: _casualties(file.case, records.get("casualties", ())),
        "losses": lambda: _losses(file.case, records.get("losses", ())),
        "team": lambda: _team(file),
        "dissents": lambda: _dissents(file),
    }
    found = {}
    for each in choices_of(file.case, TABLES):
        if each.id in rows:
            head, *body = rows[each.id]()
            found[each.id] = Table(each.id, each.label, head, tuple(body))
    return found


def freeze(tables: Mapping[str, Table]) -> tuple[FrozenTable, ...]:
    """Return tables as they are kept with what is submitted: as they read in Chinese."""
    return tuple(
        FrozenTable(
            code,
            tuple(
                tuple(render(cell, _LANGUAGE) for cell in row) for row in (table.head, *table.rows)
            ),
        )
        for code, table in tables.items()
    )


def _statistics(case: Case) -> Iterator[tuple[Words, ...]]:
    facts = case.facts
    yield Text("Item"), Text("Figure")
    yield case.ruleset.scale.label, case.judgement.severity.level.label
    for label, number in (
        (Text("Deaths"), facts.deaths),
        (Text("Serious injuries"), facts.serious_injuries),
        (Text("Missing persons"), facts.missing),
    ):
        if number is not None:
            yield label, Text("%(number)s people", number=number)
    for label, fen in (
        (Text("Direct economic loss"), facts.direct_economic_loss),
        (Text("Direct property loss"), facts.direct_property_loss),
    ):
        if fen is not None:
            yield label, money(fen)
    if facts.burnt_area_m2 is not None:
        yield Text("Burnt area"), Text("%(number)s m²", number=facts.burnt_area_m2)
    if facts.households is not None:
        yield Text("Households hit"), f"{facts.households}"


def _casualties(case: Case, records: Iterable[Record]) -> Iterator[tuple[Words, ...]]:
    yield (
        Text("No."), Text("Name"), Text("Sex"), Text("Age"), Text("Outcome"), Text("Died on"),
        Text("Cause of death or injury"),
    )  # fmt: skip
    for place, record in enumerate(records, 1):
        each = record.values
        if not isinstance(each, Casualty):
            continue
        if restrictions_of(case.ruleset, record):
            yield f"{place}", _KEPT_BACK, "", "", "", "", ""
            continue
        yield (
            f"{place}",
            each.name or "",
            _listed(case, "sexes", each.sex),
            "" if each.age is None else f"{each.age}",
            _listed(case, "casualty_outcomes", each.outcome),
            "" if each.died_on is None else each.died_on.isoformat(),
            each.cause or "",
        )


def _losses(case: Case, records: Sequence[Record]) -> Iterator[tuple[Words, ...]]:
    """Sums by kind, a column for each stage."""
    stages = choices_of(case, "loss_stages")
    yield Text("Kind of loss"), *(each.label for each in stages)
    for kind in choices_of(case, "loss_kinds"):
        mine = [each for each in records if getattr(each.values, "kind", None) == kind.id]
        if mine:
            yield kind.label, *_amounts(mine, [each.id for each in stages])
    if any(isinstance(each.values, Loss) for each in records):
        yield Text("Sum"), *_amounts(records, [each.id for each in stages])


def _amounts(records: Iterable[Record], stages: Iterable[str]) -> Iterator[Words]:
    for sums in sums_of(records, stages):
        yield money(sums.whole_fen) if sums.whole_fen else "—"


def _team(file: CaseFile) -> Iterator[tuple[Words, ...]]:
    """Everybody who signs, with what is on record of it (art 19)."""
    yield Text("No."), Text("Name"), Text("Post"), Text("Agency"), Text("Signature")
    signed = {each.person: each.outcome for each in _signatures(file.case)}
    people: dict[str, list[str]] = {}
    agencies: dict[str, str] = {}
    for member in file.case.team:
        if member.is_active:
            people.setdefault(member.person, []).append(member.post)
            if member.agency:
                agencies.setdefault(member.person, member.agency)
    roles = file.ruleset.roles
    for place, (person, posts) in enumerate(people.items(), 1):
        outcome = signed.get(person)
        yield (
            f"{place}",
            file.name(person),
            roles[posts[0]].label if posts[0] in roles else posts[0],
            agencies.get(person, ""),
            "" if outcome is None else outcome_words(outcome),
        )


def _dissents(file: CaseFile) -> Iterator[tuple[Words, ...]]:
    """Who doesn't agree or refused to sign, and why: the separate page of art 19."""
    yield Text("Name"), Text("Signature"), Text("dissent, or grounds of refusal")
    last = {each.person: each for each in _signatures(file.case)}
    for person, each in last.items():
        if each.outcome not in (None, SIGNED):
            yield file.name(person), outcome_words(each.outcome), each.note or ""


def _signatures(case: Case) -> Iterator[Signature]:
    """The signatures on record, in the order of their days."""
    for entry in case.recorded.get("sign_report", ()):
        if isinstance(entry.payload, Signature):
            yield entry.payload


def _listed(case: Case, name: str, code: str | None) -> Words:
    return next((each.label for each in choices_of(case, name) if each.id == code), code or "")
