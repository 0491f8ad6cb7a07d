"""Fires told entry by entry: replayed as they stand, or taken through the one door."""

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fireinvest.messages import Faulty, Problem, render
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.facts import Facts
from fireinvest.regulation.profile import Mode, Ruleset
from fireinvest.regulation.rulesets import known_law
from fireinvest.workflow.actions import KINDS, Entry, Opening, Payload, Shape
from fireinvest.workflow.case import Case, fold
from fireinvest.workflow.deadlines import deadlines_of
from fireinvest.workflow.engine import Action, Outcome, apply, available
from fireinvest.workflow.permissions import SYSTEM, Actor, Grant
from tests.regulation.law import HARMLESS, day, law_of

CALENDAR = Calendar()
CASE_ID = "case-1"
COUNTY, OTHER_COUNTY, CITY, ZONE = "530325", "530326", "530300", "530300-jkq"

#: A fire with one death, of which everything else is known: general, investigated by the county.
ONE_DEATH: dict[str, Any] = {**HARMLESS, "deaths": 1, "social_impact": None}

#: Posts that are held on a case; the others are held at a government.
ON_CASE = (
    "carrier",
    "leader",
    "deputy_leader",
    "group_head",
    "member",
    "expert",
    "discipline_observer",
    "evaluator",
)

THE_SYSTEM = Actor(SYSTEM)
OFFICER = Actor("officer", (Grant("carrier", CASE_ID),))
LEADER = Actor("leader", (Grant("leader", CASE_ID),))
REVIEWER = Actor(
    "reviewer",
    tuple(
        Grant(role, division=COUNTY, tier="county")
        for role in ("government_registrar", "government_handler", "government_signer")
    ),
)
STRANGER = Actor("stranger")


def holder(role: str, *, division: str = COUNTY, tier: str = "county") -> Actor:
    """Somebody who holds this post and no other."""
    if role in ON_CASE:
        return Actor(f"the {role}", (Grant(role, CASE_ID),))
    return Actor(f"the {role}", (Grant(role, division=division, tier=tier),))


def filled(ruleset: Ruleset, step_id: str, **said: Any) -> Payload:
    """A payload of the step with everything that it needs, and what is said."""
    step = ruleset.steps[step_id]
    cls = KINDS[step.kind]
    values: dict[str, Any] = {}
    for each in fields(cls):
        if each.name in said:
            values[each.name] = said[each.name]
        elif each.metadata["shape"] is Shape.OUTCOME and step.outcomes:
            values[each.name] = step.outcomes[0]
        elif each.name == "item" and step.items is not None and step.items in ruleset.lists:
            values[each.name] = ruleset.lists[step.items].items[0].id
        elif each.name == "category" and step.decides == "category":
            values[each.name] = "ordinary"
        elif each.name == "due_on" and any(
            ruleset.clocks[c].per == "reference" for c in step.starts
        ):
            values[each.name] = date(2026, 12, 31)
        elif each.name in ("ref", "days"):
            values[each.name] = {"ref": "1", "days": 30}[each.name]
        elif each.name in ("person", "note", "grounds", "source") or each.metadata["needed"]:
            values[each.name] = each.name
    return cls(**values)


class Story:
    """A fire and its journal."""

    def __init__(
        self,
        on: str = "2025-05-12",
        place: str | None = COUNTY,
        ruleset: Ruleset | None = None,
        at: datetime | None = None,
        **facts: Any,
    ) -> None:
        self.ruleset = ruleset or law_of(on, place)
        self.division = None if place is None else known_law().division(place, day(on))
        known = Facts(occurred_on=day(on), occurred_at=at, division=place, **(facts or ONE_DEATH))
        self.entries: list[Entry] = []
        self._append("open", Opening(known), day(on), "officer")

    def _append(self, step: str, payload: Payload, on: date, actor: str, **more: Any) -> Entry:
        seq = len(self.entries) + 1
        recorded_at = datetime(2025, 5, 12, tzinfo=UTC) + timedelta(minutes=seq)
        entry = Entry(seq, step, payload, on, recorded_at, actor, **more)
        self.entries.append(entry)
        return entry

    def tell(self, step: str, on: str, payload: Payload | None = None, **said: Any) -> Entry:
        """Put an entry into the journal as it stands, past the door."""
        if payload is None:
            payload = filled(self.ruleset, step, **said)
        return self._append(step, payload, day(on), "officer")

    def take(
        self,
        step: str,
        on: str,
        payload: Payload | None = None,
        *,
        actor: Actor = THE_SYSTEM,
        today: str | None = None,
        reason: str | None = None,
        at: datetime | None = None,
        expected_version: int | None = None,
        **said: Any,
    ) -> Outcome:
        """Take a step through the door and keep its entry."""
        if payload is None:
            payload = filled(self.ruleset, step, **said)
        action = Action(step, payload, day(on), at, reason, expected_version)
        outcome = self.asked(action, actor=actor, today=today or on)
        self.entries.append(outcome.entry)
        return outcome

    def asked(self, action: Action, *, actor: Actor = THE_SYSTEM, today: str) -> Outcome:
        """What would follow; nothing is kept."""
        now = datetime.combine(day(today), datetime.max.time(), UTC)
        return apply(
            self.case,
            actor,
            action,
            calendar=CALENDAR,
            now=now,
            today=day(today),
            case_id=CASE_ID,
        )

    def without(self, seq: int) -> "Story":
        """The same story without one of its entries."""
        return self.only(each for each in self.entries if each.seq != seq)

    def only(self, entries: Iterable[Entry]) -> "Story":
        """The same fire with these entries."""
        other = object.__new__(Story)
        other.ruleset, other.division, other.entries = self.ruleset, self.division, list(entries)
        return other

    @property
    def case(self) -> Case:
        return fold(self.ruleset, self.division, self.entries)

    def deadlines(self, as_of: str = "2025-05-13") -> dict[str, Deadline]:
        """Every deadline, by clock and instance: "report/1"."""
        found = deadlines_of(self.case, CALENDAR, day(as_of))
        return {f"{each.clock.id}/{each.run.instance}": each for each in found}

    def clock(self, name: str, as_of: str = "2025-05-13") -> Deadline:
        return self.deadlines(as_of)[name]

    def can(self, step: str, actor: Actor) -> bool:
        return next(
            each.is_possible
            for each in available(self.case, actor, CASE_ID)
            if each.step.id == step
        )


#: The whole procedure of one fire, by the stage in which the case is after each step (art 4):
#: step, day, and what is said beyond what the step needs.
PROCEDURE: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "team": [
        ("update_figures", "2025-05-12", {"missing": 1}),
        ("decide_category", "2025-05-12", {}),
        ("decide_social_impact", "2025-05-13", {}),
        ("request_team", "2025-05-13", {}),
    ],
    "evidence": [
        ("establish_team", "2025-05-14", {"person": "leader"}),
        ("name_deputy", "2025-05-14", {"person": "deputy"}),
        ("join_team", "2025-05-14", {"person": "member one", "item": "fire_rescue"}),
        ("join_team", "2025-05-14", {"person": "member two", "item": "police"}),
        ("join_team", "2025-05-14", {"person": "member three", "item": "emergency_management"}),
        ("join_team", "2025-05-14", {"person": "member four", "item": "industry_authority"}),
        ("form_group", "2025-05-14", {"person": "member one", "item": "technical"}),
        ("invite", "2025-05-14", {"item": "discipline"}),
        ("invite", "2025-05-14", {"item": "procuratorate"}),
        ("engage_expert", "2025-05-14", {"person": "expert"}),
        ("declare_recusal", "2025-05-15", {"person": "expert"}),
        ("decide_recusal", "2025-05-15", {"person": "expert"}),
        ("founding_meeting", "2025-05-15", {}),
        ("work_plan", "2025-05-15", {}),
        ("progress_meeting", "2025-05-20", {}),
        ("test_commissioned", "2025-05-20", {"ref": "T1"}),
        ("test_returned", "2025-06-02", {"ref": "T1"}),
        ("assess_rescue", "2025-06-03", {}),
        *(
            ("line_finding", "2025-06-03", {"item": item})
            for item in ("use", "construction", "services", "products", "supervision")
        ),
        ("group_report", "2025-06-05", {}),
    ],
    "review": [
        ("analysis_meeting", "2025-06-09", {}),
        ("determine_cause", "2025-06-10", {}),
        ("determine_nature", "2025-06-10", {}),
        *(
            ("draft_report", "2025-06-12", {"item": item})
            for item in ("unit", "course", "casualties", "cause", "responsibility", "measures")
        ),
        ("consult", "2025-06-13", {}),
        ("consult_answer", "2025-06-16", {}),
        ("deliberation_meeting", "2025-06-17", {}),
        ("ask_extension", "2025-06-18", {}),
        ("decide_extension", "2025-06-19", {}),
    ],
    "approval": [
        ("approve_report", "2025-06-20", {}),
        *(
            ("sign_report", "2025-06-23", {"person": person})
            for person in (
                "leader",
                "deputy",
                "member one",
                "member two",
                "member three",
                "member four",
            )
        ),
        ("submit_report", "2025-06-24", {}),
        ("receive_report", "2025-06-25", {}),
        ("return_report", "2025-06-27", {}),
        ("submit_report", "2025-07-01", {}),
        ("receive_report", "2025-07-02", {}),
    ],
    "execution": [
        ("reply", "2025-07-10", {}),
        *(
            ("deliver_reply", "2025-07-11", {"item": item})
            for item in ("lead", "discipline", "judicial")
        ),
        ("reply_received", "2025-07-11", {}),
        *(
            ("publish", "2025-07-14", {"item": item})
            for item in ("report_media", "report_website", "result_media", "result_website")
        ),
        *(
            ("send_copies", "2025-07-14", {"item": item})
            for item in ("participants", "lower_governments")
        ),
        ("transfer", "2025-07-14", {}),
        *(
            ("archive", "2025-07-20", {"item": item})
            for item in ("founding", "report", "signatures", "reply", "evidence")
        ),
        ("set_measure", "2025-07-20", {"ref": "M1", "due_on": date(2025, 12, 31)}),
        ("accept_measure", "2025-12-01", {"ref": "M1"}),
        ("record_penalty", "2025-12-01", {"ref": "P1"}),
        ("order_supervision", "2025-12-02", {"ref": "S1", "due_on": date(2026, 3, 31)}),
        ("extend_supervision", "2026-03-01", {"ref": "S1", "due_on": date(2026, 4, 30)}),
        ("lift_supervision", "2026-04-20", {"ref": "S1"}),
    ],
    "evaluation": [
        ("open_evaluation", "2026-05-11", {"person": None}),
        ("join_evaluation", "2026-05-11", {"person": "evaluator"}),
        *(
            ("evaluate", "2026-06-01", {"item": item})
            for item in ("measures", "penalties", "lessons")
        ),
        ("evaluation_report", "2026-06-10", {}),
    ],
}

STAGES = tuple(PROCEDURE)


def told_until(stage: str, story: Story | None = None) -> Story:
    """A fire that went through the door up to the end of a stage."""
    story = story or Story()
    for name in STAGES[: STAGES.index(stage) + 1]:
        for step, on, said in PROCEDURE[name]:
            story.take(step, on, reason="As it went.", **said)
    return story


def told_before(step: str, story: Story | None = None) -> Story:
    """A fire that went through the door up to the step, which isn't taken yet."""
    story = story or Story()
    for name, on, said in (line for stage in STAGES for line in PROCEDURE[stage]):
        if name == step:
            return story
        story.take(name, on, reason="As it went.", **said)
    raise AssertionError(f"the procedure has no {step}")


def with_reading(ruleset: Ruleset, reading: str, option: str) -> Ruleset:
    """The same law, with another option of one reading."""
    chosen = replace(ruleset.readings[reading], chosen=option)
    return replace(ruleset, readings={**ruleset.readings, reading: chosen})


def faults(error: Faulty | Iterable[Problem]) -> list[str]:
    """Every problem as "field: text (article)"."""
    problems = error.problems if isinstance(error, Faulty) else error
    return [
        f"{each.field}: {render(each.text, 'en')}" + (f" ({each.article})" if each.article else "")
        for each in problems
    ]


MODES = {"I": Mode.INVESTIGATE, "A": Mode.ASSIST, "O": Mode.OUT_OF_SCOPE, "X": Mode.OTHER_REGIME}
