"""What every page of a case needs: the case, as somebody may see it today, and its header."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request

from fireinvest.messages import Joined, Text, Words
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.profile import Mode, Ruleset, Stage, Step
from fireinvest.services.casefile import CaseFile, case_file
from fireinvest.services.leaving import Left
from fireinvest.services.wording import title_of
from fireinvest.web import law
from fireinvest.web.noting import note_view
from fireinvest.web.present import MODES, WEIGHTS
from fireinvest.web.present_entries import hidden_title
from fireinvest.web.state import state
from fireinvest.web.visiting import today, who
from fireinvest.workflow.case import Case, Member
from fireinvest.workflow.engine import available
from fireinvest.workflow.permissions import (
    may_administer,
    may_read_log,
    may_reassign,
    may_take_over,
)


def open_file(number: str) -> CaseFile:
    """Return the case with this number, for whoever is here; that they look at it is noted.

    Raises:
        NoSuchCase: when there is none, or they may not see it.

    """
    calendar = law.calendar()
    with state().database.readers.begin() as session:
        file = case_file(session, who().actor, number, calendar, today(), law=law.law())
    note_view(file.ref.id)
    return file


@dataclass(frozen=True, slots=True)
class StageView:
    """A stage on the bar: its place, when it began, and whether the case is past, in or before it."""

    stage: Stage
    number: int
    began_on: date | None
    standing: str


@dataclass(frozen=True, slots=True)
class LeftView:
    """Somebody who left a case, in words: in which post, and what the law has to say of it.

    ``name``: None where there is no account. ``step``: by which the post is given, None for the
    carrier, who is changed in another way.
    """

    role: Words
    name: str | None
    was_recused: bool
    step: Step | None


def left_view(ruleset: Ruleset, left: Left) -> LeftView:
    """Return somebody who left a case, in words."""
    found = ruleset.roles.get(left.role)
    steps = ruleset.steps.values()
    step = next((each for each in steps if each.assigns == left.role), None)
    role: Words = found.label if found else left.role
    return LeftView(role, left.name, left.was_recused, step)


def left_words(left: LeftView) -> Words:
    """Return what is told where somebody left a case."""
    if left.name is None:
        return Text("The case has no carrier who can sign in: name one.")
    if left.step is not None:
        return Text("%(role)s %(name)s has left: appoint another.", role=left.role, name=left.name)
    if left.was_recused:
        return Text("The carrier %(name)s was recused: name another.", name=left.name)
    return Text("The carrier %(name)s has left: name another.", name=left.name)


@dataclass(frozen=True)
class Header:
    """The head of every page of a case.

    ``level_place``: the level's place on the scale, from 0, for its colour. ``may_take_over``:
    whoever is here could take the case up or over for a government.
    """

    file: CaseFile
    level: Words
    level_place: int
    is_floor: bool
    stages: tuple[StageView, ...]
    next: Deadline | None
    government: Words
    government_place: Words | None
    carrier: str
    is_demo: bool
    may_administer: bool
    may_take_over: bool
    may_read_log: bool
    may_reassign: bool
    left: tuple[LeftView, ...]


#: The pages of every case, in their order; a room is one of them with all pages of its own.
TABS: tuple[tuple[str, Text], ...] = (
    ("case.show", Text("Overview")),
    ("case.steps", Text("Steps")),
    ("plan.show", Text("Plan")),
    ("team.show", Text("Team")),
    ("fire.show", Text("People and losses")),
    ("evidence.show", Text("Evidence")),
    ("scene.show", Text("Scene")),
    ("inquiry.show", Text("Inquiry")),
    ("report.show", Text("Report")),
    ("reply.show", Text("Reply")),
    ("public.show", Text("Public version")),
    ("execution.show", Text("Execution")),
    ("evaluation.show", Text("Evaluation")),
    ("papers.show", Text("Papers")),
    ("archive.show", Text("Archive")),
    ("registers.index", Text("Registers")),
    ("case.history", Text("History")),
)


def is_at(endpoint: str) -> bool:
    """Is this page shown, or one of its room?"""
    blueprint = endpoint.partition(".")[0]
    if blueprint == "case":
        return request.endpoint == endpoint
    return request.blueprint == blueprint


def open_steps(file: CaseFile) -> frozenset[str]:
    """Return the steps that whoever is here can take now."""
    found = available(file.case, who().actor, file.ref.number)
    return frozenset(each.step.id for each in found if each.is_possible)


def case_context(file: CaseFile) -> dict[str, Any]:
    """Return what the frame of a case's pages needs."""
    return {
        "file": file,
        "case": file.case,
        "ruleset": file.ruleset,
        "number": file.ref.number,
        "header": header_of(file),
        "weights": WEIGHTS,
        "modes": MODES,
        "step_title": lambda step: title_of(file.ruleset, step),
        "restricted_as": hidden_title,
        "role_names": lambda roles: role_names(file.ruleset, roles),
        "item_label": lambda member: item_label(file, member),
        "left_words": left_words,
        "new_key": lambda: uuid.uuid4().hex,
        "tabs": [(endpoint, words, is_at(endpoint)) for endpoint, words in TABS],
    }


def role_names(ruleset: Ruleset, roles: Iterable[str]) -> Words:
    """Return how roles are called, one after the other; those that the rule lacks are left out."""
    known = ruleset.roles
    return Joined(tuple(known[role].label for role in roles if role in known))


def item_label(file: CaseFile, member: Member) -> Words:
    """Return how the body or group of a member is called; nothing where there is none."""
    entry = next((each for each in file.case.entries if each.seq == member.entry), None)
    step = file.ruleset.steps.get(entry.step) if entry is not None else None
    listing = file.ruleset.lists.get(step.items or "") if step is not None else None
    items = listing.items if listing is not None else ()
    return next((each.label for each in items if each.id == member.item), member.item or "")


def header_of(file: CaseFile) -> Header:
    """Return the head of a case's pages."""
    case, ruleset, row = file.case, file.ruleset, file.loaded.row
    severity = case.judgement.severity
    government: Words = Text("not certain yet")
    if case.investigating is not None:
        government = ruleset.tiers[case.investigating].label
    elif case.mode in (Mode.OUT_OF_SCOPE, Mode.OTHER_REGIME):
        government = Text("none under this rule")
    return Header(
        file=file,
        level=severity.level.label,
        level_place=severity.place,
        is_floor=severity.is_floor,
        stages=_stages(file),
        next=file.next_deadline,
        government=government,
        government_place=_place_of(case),
        carrier=file.name(row["carrier"]),
        is_demo=row["is_demo"],
        may_administer=may_administer(who().actor, case, file.ref.number),
        may_take_over=any(
            may_take_over(who().actor, case, file.ref.number, tier) for tier in ruleset.tiers
        ),
        may_read_log=may_read_log(who().actor, case, file.ref.number),
        may_reassign=may_reassign(who().actor, case, file.ref.number),
        left=tuple(left_view(ruleset, each) for each in file.left),
    )


def _place_of(case: Case) -> Words | None:
    """Whose government investigates: the county's own, or that of the city above it."""
    place = case.division
    if place is None or case.investigating is None:
        return None
    if place.tier == case.investigating and place.is_government:
        return place.label
    above = law.law().divisions.get(place.parent or "")
    return above.label if above is not None and above.tier == case.investigating else None


def _stages(file: CaseFile) -> tuple[StageView, ...]:
    case = file.case
    has_ended = file.loaded.row["ended_on"] is not None
    views = []
    for place, stage in enumerate(file.ruleset.stages.values()):
        began_on = case.stages_began[place] if place else case.occurred_on
        standing = "coming"
        if case.mode is Mode.INVESTIGATE or case.stage_place:
            if place < case.stage_place or has_ended:
                standing = "past"
            elif place == case.stage_place:
                standing = "current"
        views.append(StageView(stage, place + 1, began_on, standing))
    return tuple(views)
