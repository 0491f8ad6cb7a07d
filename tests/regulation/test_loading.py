"""Is a profile that can't be meant refused, with its file and dotted key?"""

import itertools
import random
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireinvest.messages import Label, render
from fireinvest.regulation.loading import (
    LARGEST_FILE,
    ProfileFaulty,
    load_divisions,
    load_layer,
    read_toml,
)
from fireinvest.regulation.profile import Layer, Rank
from fireinvest.regulation.rulesets import BUILT_IN, join
from tests.regulation import toml
from tests.regulation.law import PROFILES
from tests.regulation.toml import DROP

PORT = toml.read(PROFILES / "riverport.toml")
LABEL = {"zh": "某", "en": "some"}
CHINA = load_layer(BUILT_IN / "china.toml")

#: A reading, a list and a plan, of which the made-up city has none.
READING: dict[str, Any] = {
    "id": "start",
    "basis": "port:4",
    "setting": "start_day",
    "chosen": "next",
    "question": LABEL,
    "reason": LABEL,
    "source": ["port:4"],
    "options": [
        {"id": "next", "value": "next", "label": LABEL},
        {"id": "same", "value": "same", "label": LABEL},
    ],
}
LISTING: dict[str, Any] = {
    "id": "parts",
    "basis": "port:5",
    "label": LABEL,
    "items": [{"id": "one", "label": LABEL}, {"id": "two", "label": LABEL, "basis": "port:6"}],
}
PLAN: dict[str, Any] = {
    "id": "report",
    "clock": "report",
    "basis": "house:*",
    "steps": [{"step": "pre_review", "working_days": 2}],
}
RUNGS: list[dict[str, Any]] = [
    {"id": "soon", "label": LABEL, "basis": "house:*", "at": "before", "left": 3, "hears": ["carrier"]},
    {
        "id": "late", "label": LABEL, "basis": "house:*", "at": "overdue", "first": 1, "every": 1,
        "last": 7, "hears": ["superior-carrier"], "weights": ["statutory"], "clocks": ["report"],
        "paper": LABEL, "passes_quiet": True,
    },
]  # fmt: skip
APART: dict[str, Any] = {
    **READING,
    "id": "own-report",
    "setting": "apart",
    "chosen": "yes",
    "options": [
        {"id": "yes", "value": True, "label": LABEL},
        {"id": "no", "value": False, "label": LABEL},
    ],
}
RESTRICTION: dict[str, Any] = {
    "id": "secret", "label": LABEL, "basis": "port:6", "seen_by": ["leader"],
}  # fmt: skip
SEPARATION: dict[str, Any] = {
    "id": "reply", "basis": "port:6", "roles": ["government_signer"], "steps": ["pre_review"],
    "reading": "own-report",
}  # fmt: skip
REGISTER: dict[str, Any] = {
    "id": "berths", "label": LABEL, "one": LABEL, "basis": "port:6", "who": ["leader"],
    "restriction": "secret",
}  # fmt: skip
PAPER: dict[str, Any] = {
    "id": "log_page", "label": LABEL, "basis": "port:6", "stage": "approval", "form": "record",
    "step": "reply",
    "of": "register:berths", "who": ["leader"], "archive": "log", "restriction": "secret",
    "when": {"fact": "mode", "is": "investigate"},
}  # fmt: skip
FILED: dict[str, Any] = {
    "id": "archive_file", "basis": "port:5", "label": LABEL,
    "items": [{"id": "log", "label": LABEL}],
}  # fmt: skip
FILLED: dict[str, Any] = {
    "id": "log", "basis": "port:5", "steps": ["reply"], "registers": ["berths"],
}  # fmt: skip
PERIODS: list[dict[str, Any]] = [
    {"id": "always", "label": LABEL, "basis": "port:5", "levels": ["small"]},
    {"id": "short", "label": LABEL, "basis": "port:5", "years": 1, "levels": ["serious"]},
]
FULL = toml.changed(
    PORT,
    {
        "registers": [REGISTER],
        "papers": [PAPER],
        "filings": [FILLED],
        "periods": PERIODS,
        "readings": [READING, APART],
        "restrictions": [RESTRICTION],
        "separations": [SEPARATION],
        "steps|reply|restriction": "secret",
        "lists": [LISTING, FILED],
        "plans": [PLAN],
        "rungs": RUNGS,
        "terms|team_request-port|readings": ["start"],
    },
)


def fault_of(path: Path, *above: Layer, below: tuple[Layer, ...] = ()) -> ProfileFaulty | None:
    """What is wrong with a file between these layers, or None if it fits."""
    try:
        join([*above, load_layer(path), *below])
    except ProfileFaulty as fault:
        return fault
    return None


def problems_of(folder: Path, changes: dict[str, Any]) -> list[tuple[str, str]]:
    """The problems (dotted key, text) of the city's profile with these changes; none if it loads."""
    path = folder / "mine.toml"
    path.write_text(toml.document(toml.changed(FULL, changes)), encoding="utf-8")
    fault = fault_of(path, CHINA)
    if fault is None:
        return []
    assert fault.file == "mine.toml"
    assert str(fault).startswith("mine.toml: ")
    return [(each.field, render(each.text, "en")) for each in fault.problems]


def test_the_profile_that_is_changed_below_is_sound(tmp_path: Path) -> None:
    assert problems_of(tmp_path, {}) == []


MISSING = "This key is missing."
UNKNOWN = "This key is not known."

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    # ---- the file itself
    ({"schema": 2}, "schema", "This schema is not known; 1 is."),
    ({"schema": DROP}, "schema", "This schema is not known; 1 is."),
    ({"schema": True}, "schema", "A whole number is needed."),
    ({"id": DROP}, "id", MISSING),
    ({"id": "河港"}, "id", "An id has lower-case"),
    ({"id": "Port"}, "id", "An id has lower-case"),
    ({"id": "  "}, "id", "A text is needed."),
    ({"id": 5}, "id", "A text is needed."),
    ({"rank": "village"}, "rank", "One of these is needed: nation, province, city."),
    ({"rank": DROP}, "rank", MISSING),
    ({"label": DROP}, "label", MISSING),
    ({"label": "x"}, "label", "A table with zh and en is needed."),
    ({"label": {"zh": "某"}}, "label.en", MISSING),
    ({"label": {"zh": "某", "en": "x", "fr": "x"}}, "label.fr", UNKNOWN),
    ({"divisions": DROP}, "divisions", MISSING),
    ({"divisions": [9901]}, "divisions", "A list of ids is needed."),
    ({"divisions": "9901"}, "divisions", "A list of ids is needed."),
    ({"divisions": ["9901", "9901"]}, "divisions", "An id stands in the list twice."),
    ({"valid_from": DROP}, "valid_from", MISSING),
    ({"valid_from": "2024-01-01"}, "valid_from", "A date is needed."),
    ({"valid_until": datetime(2025, 1, 1)}, "valid_until", "A date is needed."),  # noqa: DTZ001
    ({"valid_until": date(2023, 1, 1)}, "valid_until", "The last day lies before the first."),
    ({"surprise": 1}, "surprise", UNKNOWN),
    ({"repeal|+": "routes.nothing"}, "repeal.routes.nothing", "nothing with this address"),
    ({"repeal|+": "nothing"}, "repeal.nothing", "nothing with this address"),
    # ---- tables and items
    ({"routes": {}}, "routes", "A list of tables is needed."),
    ({"routes|0": 5}, "routes.0", "A table is needed."),
    ({"routes|banner|surprise": 1}, "routes.banner.surprise", UNKNOWN),
    ({"routes|league|id": "region"}, "routes.region.id", "This id stands in the table twice."),
    ({"routes|league|id": DROP}, "routes.1.id", MISSING),
    ({"routes|league|id": 7}, "routes.1.id", "A text is needed."),
    ({"steps|reply|basis": DROP}, "steps.reply.basis", MISSING),
    ({"steps|reply|label": DROP}, "steps.reply.label", MISSING),
    ({"steps|reply|basis": "art 7"}, "steps.reply.basis", "art 7 is not a citation"),
    ({"steps|reply|basis": 7}, "steps.reply.basis", "A citation is needed."),
    ({"articles|port:7|id": "seven"}, "articles.seven.id", "seven is not a citation"),
    ({"articles|port:7|statement": DROP}, "articles.port:7.statement", MISSING),
    ({"instruments|port|counting": DROP}, "instruments.port.counting", MISSING),
    ({"instruments|port|working_days_up_to": -1}, "instruments.port.working_days_up_to", "from 0"),
    ({"tiers|league|rank": DROP}, "tiers.league.rank", MISSING),
    ({"tiers|league|rank": 10**6}, "tiers.league.rank", "A number from 0 to 9999"),
    (
        {"categories": [{"id": "boats", "label": LABEL, "basis": "port:1"}]},
        "categories.boats.id",
        "One of these is needed: ordinary",
    ),
    # ---- readings
    ({"readings|start|chosen": "other"}, "readings.start.chosen", "none of the options"),
    ({"readings|start|options": DROP}, "readings.start.chosen", "none of the options"),
    ({"readings|start|source": DROP}, "readings.start.source", "A citation is needed."),
    ({"readings|start|source": ["x"]}, "readings.start.source", "A citation is needed."),
    ({"readings|start|setting": "mood"}, "readings.start.setting", "One of these is needed: roll"),
    (
        {"readings|start|options|same|value": "last"},
        "readings.start.options.same.value",
        "One of these is needed: next, same.",
    ),
    ({"readings|start|options|same|value": DROP}, "readings.start.options.same.value", MISSING),
    (
        {"readings|start|options|same|id": "next"},
        "readings.start.options.next.id",
        "This id stands in the table twice.",
    ),
    (
        {"readings|start|options|same|why": "x"},
        "readings.start.options.same.why",
        UNKNOWN,
    ),
    # ---- levels
    ({"scales|accident|levels": DROP}, "scales.accident.levels", MISSING),
    ({"scales|accident|window_days": DROP}, "scales.accident.window_days", MISSING),
    (
        {"scales|accident|levels|small|least": {"deaths": 1}},
        "scales.accident.levels.small.least",
        "The lowest level has no thresholds",
    ),
    ({"scales|accident|levels|grave|least": DROP}, "scales.accident.levels.grave.least", MISSING),
    (
        {"scales|accident|levels|grave|least|deaths": 2},
        "scales.accident.levels.grave.least.deaths",
        "The bands contradict each other",
    ),
    (
        {"scales|accident|levels|grave|least|deaths": 0},
        "scales.accident.levels.grave.least.deaths",
        "A number from 1",
    ),
    (
        {"scales|accident|levels|grave|least|smoke": 5},
        "scales.accident.levels.grave.least.smoke",
        "Levels are reached by counts and by losses only.",
    ),
    (
        {"scales|accident|levels|grave|least|direct_economic_loss": 2.5},
        "scales.accident.levels.grave.least.direct_economic_loss",
        "An amount in yuan is needed",
    ),
    (
        {"scales|accident|levels|grave|least|direct_economic_loss": "0.001"},
        "scales.accident.levels.grave.least.direct_economic_loss",
        "An amount in yuan is needed",
    ),
    (
        {"scales|accident|levels|grave|least": 5},
        "scales.accident.levels.grave.least",
        "A table is needed.",
    ),
    ({"scales|accident|levels|grave|id": "serious"}, "scales.accident.levels.serious.id", "twice"),
    ({"scales|accident|confirmed": "yes"}, "scales.accident.confirmed", "true or false is needed."),
    ({"scales|accident|id": "other"}, "routes.region.when", "There is no grave."),
    # ---- conditions
    ({"routes|region|when": {}}, "routes.region.when", "A condition is one of"),
    ({"routes|region|when": 5}, "routes.region.when", "A table is needed."),
    ({"routes|region|when": {"all": []}}, "routes.region.when.all", "A condition needs parts."),
    ({"routes|region|when": {"any": 5}}, "routes.region.when.any", "A list of tables is needed."),
    ({"routes|region|when": {"all": [5]}}, "routes.region.when.all.0", "A table is needed."),
    ({"routes|region|when": {"not": 5}}, "routes.region.when.not", "A table is needed."),
    (
        {"routes|region|when": {"any": [{"fact": "deaths", "at_least": 1}], "fact": "deaths", "is": 1}},
        "routes.region.when",
        "A condition is one of",
    ),
    ({"routes|region|when|all|0|fact": "smoke"}, "routes.region.when.all.0.fact", "not known"),
    ({"routes|region|when|all|0|is": DROP}, "routes.region.when.all.0.fact", "One comparison"),
    ({"routes|region|when|all|1|below": 9}, "routes.region.when.all.1.fact", "One comparison"),
    ({"routes|region|when|all|1|at_least": "ten"}, "routes.region.when.all.1.at_least", "whole number"),
    (
        {"routes|region|when": {"fact": "deaths", "in": ["1"]}},
        "routes.region.when.in",
        "This fact can't be compared so.",
    ),
    (
        {"routes|region|when": {"fact": "social_impact", "at_least": 1}},
        "routes.region.when.at_least",
        "This fact can't be compared so.",
    ),
    (
        {"routes|region|when": {"fact": "social_impact", "is": "yes"}},
        "routes.region.when.is",
        "true or false is needed.",
    ),
    (
        {"routes|region|when": {"fact": "category", "below": "x"}},
        "routes.region.when.below",
        "This fact can't be compared so.",
    ),
    (
        {"routes|region|when": {"fact": "level", "in": ["grave"]}},
        "routes.region.when.in",
        "This fact can't be compared so.",
    ),
    (
        {"routes|region|when": {"fact": "direct_economic_loss", "at_least": 1.5}},
        "routes.region.when.at_least",
        "An amount in yuan is needed",
    ),
    ({"routes|region|when": {"fact": "deaths", "known": 1}}, "routes.region.when.known", "true or"),
    ({"routes|region|when": {"fact": "level", "is": "huge"}}, "routes.region.when", "There is no huge."),
    ({"routes|region|when": {"fact": "category", "in": ["x"]}}, "routes.region.when", "There is no x."),
    ({"routes|region|when": {"fact": "mode", "is": "x"}}, "routes.region.when", "There is no x."),
    ({"routes|region|when": {"fact": "deaths", "is": 1, "why": 2}}, "routes.region.when.why", UNKNOWN),
    (
        {"lists|parts|items|one|when": {"fact": "level", "is": "huge"}},
        "lists.parts.items.one.when",
        "There is no huge.",
    ),
    (
        {"scopes|scope|within|serious|when|at_least": "huge"},
        "scopes.scope.serious.when",
        "There is no huge.",
    ),
    # ---- who and where
    ({"presumptions|category|fact": "mode"}, "presumptions.category.fact", "Only the category"),
    ({"presumptions|category|value": "x"}, "presumptions.category.value", "There is no x."),
    ({"routes|banner|government": "state"}, "routes.banner.government", "There is no state."),
    ({"routes|banner|mode": DROP}, "routes.banner.mode", MISSING),
    ({"routes|banner|when": {"fact": "deaths", "is": 0}}, "routes", "has no condition"),
    ({"routes|league|when": DROP}, "routes.league", "What stands below is never reached."),
    ({"leading|joint|when": DROP}, "leading.joint", "What stands below is never reached."),
    ({"leading|police|bodies": ["army"]}, "leading.police.bodies", "There is no army."),
    # ---- stages, lists, steps
    ({"stages|after|begins_with": ["end"]}, "stages.after.begins_with", "There is no end."),
    ({"stages|after|begins_with": DROP}, "stages.after.begins_with", "No step leads to this stage."),
    ({"lists|parts|items": DROP}, "lists.parts.items", MISSING),
    ({"lists|parts|items|two|id": "one"}, "lists.parts.items.one.id", "twice"),
    ({"steps|reply|kind": "dance"}, "steps.reply.kind", "One of these is needed: figures"),
    ({"steps|reply|need": "can"}, "steps.reply.need", "One of these is needed: must"),
    ({"steps|reply|stage": "end"}, "steps.reply.stage", "There is no end."),
    ({"steps|reply|through": "end"}, "steps.reply.stage", "There is no end."),
    ({"steps|reply|through": "team"}, "steps.reply.through", "lies before the step's own"),
    ({"steps|reply|who": DROP}, "steps.reply.who", "Somebody must be able to do it."),
    ({"steps|reply|who": ["king"]}, "steps.reply.who", "There is no king."),
    ({"steps|reply|requires": ["x"]}, "steps.reply.requires", "There is no x."),
    ({"steps|reply|expects": ["x"]}, "steps.reply.expects", "There is no x."),
    ({"steps|reply|after": ["x"]}, "steps.reply.after", "There is no x."),
    ({"steps|reply|satisfies": ["x"]}, "steps.reply.satisfies", "There is no x."),
    ({"steps|reply|starts": ["x"]}, "steps.reply.starts", "There is no x."),
    ({"steps|reply|stops": ["x"]}, "steps.reply.stops", "There is no x."),
    ({"steps|reply|items": "x"}, "steps.reply.items", "There is no x."),
    ({"steps|reply|assigns": "x"}, "steps.reply.assigns", "There is no x."),
    ({"steps|reply|closes": "x"}, "steps.reply.closes", "There is no x."),
    ({"steps|reply|extends": "x"}, "steps.reply.extends", "There is no x."),
    ({"steps|reply|effective": ["x"]}, "steps.reply.effective", "There is no x."),
    ({"steps|reply|modes": ["x"]}, "steps.reply.modes", "One of these is needed: investigate"),
    ({"steps|reply|decides": "x"}, "steps.reply.decides", "One of these is needed: social_impact"),
    (
        {"steps|decide_social_impact|outcomes": DROP},
        "steps.decide_social_impact.outcomes",
        MISSING,
    ),
    ({"steps|reply|requires": ["reply"]}, "steps.reply.requires", "it requires itself"),
    (
        {"steps|establish_team|requires": ["reply"]},
        "steps.establish_team.requires",
        "it requires itself",
    ),
    (
        {"steps|give_notice|requires": ["publish"]},
        "steps.give_notice.requires",
        "publish comes in a later stage.",
    ),
    ({"steps|publish|assigns": "leader"}, "steps.publish.assigns", "membership, order"),
    ({"steps|publish|closes": "reply"}, "steps.publish.closes", "membership, interval"),
    ({"steps|publish|decides": "category"}, "steps.publish.decides", "decision, finding"),
    ({"steps|reply|extends": "report"}, "steps.reply.extends", "extension"),
    # ---- clocks and terms
    ({"clocks|notice|red": DROP}, "clocks.notice.red", MISSING),
    ({"clocks|notice|red": 5}, "clocks.notice.red", "before it turns yellow"),
    ({"clocks|publication|red": 1}, "clocks.publication.red", "never turns red"),
    ({"clocks|notice|yellow": "x"}, "clocks.notice.yellow", "A whole number is needed."),
    ({"clocks|reply|date_field": "whenever"}, "clocks.reply.date_field", "on, effective_on"),
    ({"clocks|reply|received_by": "x"}, "clocks.reply", "There is no x."),
    ({"clocks|notice|starts_from": "step"}, "clocks.notice", "No step starts this clock."),
    ({"steps|give_notice|satisfies": DROP}, "clocks.notice", "No step satisfies this clock."),
    ({"clocks|notice|per": "reference"}, "clocks.notice.per", "go together"),
    ({"clocks|notice|weight": "set"}, "clocks.notice.per", "go together"),
    (
        {"clocks|notice|weight": "set", "clocks|notice|per": "reference"},
        "steps.give_notice.satisfies",
        "measure, order",
    ),
    (
        {"clocks|report|weight": "set", "clocks|report|per": "reference"},
        "steps.decide_extension.extends",
        "measure, order",
    ),
    (
        {"clocks|evaluation|weight": "set", "clocks|evaluation|per": "reference"},
        "steps.reply.starts",
        "measure, order",
    ),
    ({"terms|notice-port|clock": "x"}, "terms.notice-port.clock", "There is no x."),
    ({"terms|notice-port|hours": DROP}, "terms.notice-port.length", "One length is needed"),
    ({"terms|notice-port|days": 1}, "terms.notice-port.length", "One length is needed"),
    ({"terms|notice-port|hours": 0}, "terms.notice-port.hours", "from 1 to 9999"),
    ({"terms|notice-port|hours": 10**9}, "terms.notice-port.hours", "from 1 to 9999"),
    ({"terms|evaluation-port|opens": {}}, "terms.evaluation-port.opens", "One length is needed"),
    ({"terms|evaluation-port|opens": 6}, "terms.evaluation-port.opens", "A table is needed."),
    (
        {"terms|evaluation-port|opens": {"months": 9}},
        "terms.evaluation-port.opens",
        "It would open only when it is over.",
    ),
    (
        {"terms|evaluation-port|opens": {"months": 0}},
        "terms.evaluation-port.opens.months",
        "from 1 to 9999",
    ),
    ({"terms|report-port|start_day": "x"}, "terms.report-port.start_day", "next, same"),
    ({"terms|report-port|roll": 1}, "terms.report-port.roll", "true or false is needed."),
    ({"terms|report-port|tests": ["x"]}, "terms.report-port.tests", "There is no x."),
    ({"terms|report-port|tests": ["reply"]}, "terms.report-port.tests", "reply is no interval."),
    ({"terms|report-port|readings": ["x"]}, "terms.report-port.readings", "There is no x."),
    (
        {"terms|report-port|readings": ["start"]},
        "terms.report-port.readings",
        "start is settled twice",
    ),
    (
        {"readings|start|setting": DROP, "readings|start|options": [
            {"id": "next", "label": LABEL}, {"id": "same", "label": LABEL}]},
        "terms.team_request-port.readings",
        "start decides no date.",
    ),
    (
        {"terms|notice-port|when": {"fact": "deaths", "at_least": 1}},
        "clocks.notice",
        "No term says how long this clock runs.",
    ),
    ({"plans|report|clock": "x"}, "plans.report.clock", "There is no x."),
    ({"plans|report|steps|0|step": "x"}, "plans.report.steps", "There is no x."),
    ({"plans|report|steps|0|pace": 1}, "plans.report.steps.0.pace", UNKNOWN),
    # ---- the ladder of notices
    ({"rungs|soon|left": DROP}, "rungs.soon.left", "This key is missing."),
    ({"rungs|soon|first": 1}, "rungs.soon.first", "A rung at before has none."),
    ({"rungs|late|left": 1}, "rungs.late.left", "A rung at overdue has none."),
    ({"rungs|late|first": DROP}, "rungs.late.first", "This key is missing."),
    ({"rungs|late|last": 0}, "rungs.late.last", "A number from 1 to"),
    ({"rungs|late|first": 8}, "rungs.late.last", "The last day lies before the first."),
    ({"rungs|late|every": DROP}, "rungs.late.every", "This key is missing."),
    ({"rungs|late|weights": ["heavy"]}, "rungs.late.weights", "One of these is needed"),
    ({"rungs|late|clocks": ["x"]}, "rungs.late.clocks", "There is no x."),
    ({"rungs|late|hears": ["superior-x"]}, "rungs.late.hears", "There is no x."),
    ({"rungs|soon|hears": DROP}, "rungs.soon.hears", "This key is missing."),
    ({"rungs|soon|basis": "law:1"}, "rungs.soon.basis", "There is no law."),
    ({"rungs|soon|tone": 1}, "rungs.soon.tone", UNKNOWN),
    # ---- who reads, and who stays apart
    ({"restrictions|secret|seen_by": DROP}, "restrictions.secret.seen_by", "Somebody must be able"),
    ({"restrictions|secret|seen_by": ["x"]}, "restrictions.secret.seen_by", "There is no x."),
    ({"restrictions|secret|basis": "law:1"}, "restrictions.secret.basis", "There is no law."),
    ({"restrictions|secret|label": DROP}, "restrictions.secret.label", MISSING),
    ({"restrictions|secret|confirmed": 1}, "restrictions.secret.confirmed", "true or false"),
    ({"restrictions|secret|tone": 1}, "restrictions.secret.tone", UNKNOWN),
    ({"steps|reply|restriction": "x"}, "steps.reply.restriction", "There is no x."),
    ({"steps|establish_team|restriction": "secret"}, "steps.establish_team.restriction", "shows to everybody"),
    ({"separations|reply|basis": DROP}, "separations.reply.basis", MISSING),
    ({"separations|reply|roles": ["x"]}, "separations.reply.roles", "There is no x."),
    ({"separations|reply|steps": ["x"]}, "separations.reply.steps", "There is no x."),
    ({"separations|reply|reading": "x"}, "separations.reply.reading", "There is no x."),
    ({"separations|reply|reading": DROP}, "separations.reply.reading", MISSING),
    ({"separations|reply|reading": "start"}, "separations.reply.reading", "start doesn't decide"),
    # ---- what is kept beside the procedure
    ({"registers|berths|label": DROP}, "registers.berths.label", MISSING),
    ({"registers|berths|one": DROP}, "registers.berths.one", MISSING),
    ({"registers|berths|basis": DROP}, "registers.berths.basis", MISSING),
    ({"registers|berths|basis": "law:1"}, "registers.berths.basis", "There is no law."),
    ({"registers|berths|who": DROP}, "registers.berths.who", "Somebody must be able to write"),
    ({"registers|berths|who": ["x"]}, "registers.berths.who", "There is no x."),
    ({"registers|berths|restriction": "x"}, "registers.berths.restriction", "There is no x."),
    ({"registers|berths|within_days": 0}, "registers.berths.within_days", "A number from 1"),
    ({"registers|berths|tone": 1}, "registers.berths.tone", UNKNOWN),
    ({"papers|log_page|label": DROP}, "papers.log_page.label", MISSING),
    ({"papers|log_page|basis": "law:1"}, "papers.log_page.basis", "There is no law."),
    ({"papers|log_page|form": "poem"}, "papers.log_page.form", "One of these is needed: upward"),
    ({"papers|log_page|issued_by": "x"}, "papers.log_page.issued_by", "One of these is needed: ag"),
    ({"papers|log_page|of": DROP}, "papers.log_page.of", MISSING),
    ({"papers|log_page|of": "ship"}, "papers.log_page.of", "One of these is needed: case"),
    ({"papers|log_page|of": "register"}, "papers.log_page.of", MISSING),
    ({"papers|log_page|of": "register:x"}, "papers.log_page.of", "There is no x."),
    ({"papers|log_page|of": "step:x"}, "papers.log_page.of", "There is no x."),
    ({"papers|log_page|of": "rung:x"}, "papers.log_page.of", "There is no x."),
    ({"papers|log_page|of": "clock:x"}, "papers.log_page.of", "There is no x."),
    ({"papers|log_page|of": "rung:x"}, "papers.log_page.of", "There is no x."),
    ({"papers|log_page|of": "case:x"}, "papers.log_page.of", "There is no x."),
    ({"papers|log_page|who": DROP}, "papers.log_page.who", "Somebody must be able to write"),
    ({"papers|log_page|who": ["x"]}, "papers.log_page.who", "There is no x."),
    ({"papers|log_page|stage": "x"}, "papers.log_page.stage", "There is no x."),
    ({"papers|log_page|step": "x"}, "papers.log_page.step", "There is no x."),
    ({"papers|log_page|archive": "x"}, "papers.log_page.archive", "There is no x."),
    ({"lists|archive_file": DROP}, "papers.log_page.archive", "There is no log."),
    ({"papers|log_page|restriction": "x"}, "papers.log_page.restriction", "There is no x."),
    ({"papers|log_page|when|is": "x"}, "papers.log_page.when", "There is no x."),
    ({"papers|log_page|is_numbered": 1}, "papers.log_page.is_numbered", "true or false"),
    ({"papers|log_page|tone": 1}, "papers.log_page.tone", UNKNOWN),
    ({"filings|log|basis": "law:1"}, "filings.log.basis", "There is no law."),
    ({"filings|log|id": "x"}, "filings.x.id", "There is no x."),
    ({"filings|log|steps": ["x"]}, "filings.log.steps", "There is no x."),
    ({"filings|log|registers": ["x"]}, "filings.log.registers", "There is no x."),
    ({"filings|log|tone": 1}, "filings.log.tone", UNKNOWN),
    ({"periods|short|label": DROP}, "periods.short.label", MISSING),
    ({"periods|short|basis": "law:1"}, "periods.short.basis", "There is no law."),
    ({"periods|short|years": 0}, "periods.short.years", "A number from 1"),
    ({"periods|short|levels": ["x"]}, "periods.short.levels", "There is no x."),
    ({"periods|short|levels": ["small"]}, "periods.short.levels", "A level has one period."),
    ({"periods|short|tone": 1}, "periods.short.tone", UNKNOWN),
    ({"readings|own-report|options|yes|value": "yes"}, "readings.own-report.options.yes.value", "true or false"),
    ({"clocks|reply|hears": ["x"]}, "clocks.reply.hears", "There is no x."),
    # ---- citations
    ({"articles|port:7": DROP}, "clocks.reply.basis", "no statement of what port:7 says"),
    ({"steps|reply|basis": "law:7"}, "steps.reply.basis", "There is no law."),
    ({"articles|port:7|id": "law:7"}, "articles.law:7.id", "There is no law."),
    ({"readings|start|source": ["law:7"]}, "readings.start.source", "There is no law."),
    ({"lists|parts|items|two|basis": "law:7"}, "lists.parts.items.two.basis", "There is no law."),
    ({"instruments|port|counting": "port:99"}, "instruments.port.counting", "no statement"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "key", "why"), REFUSED, ids=[str(number) for number in range(len(REFUSED))]
)
def test_what_can_not_be_meant_is_refused_at_its_key(
    tmp_path: Path, changes: dict[str, Any], key: str, why: str
) -> None:
    found = problems_of(tmp_path, changes)
    assert any(field == key and why in text for field, text in found), found


ACCEPTED: list[dict[str, Any]] = [
    {"valid_until": DROP},
    {"steps|reply|basis": "port:7(2)"},
    {"restrictions|secret|confirmed": False, "steps|reply|restriction": DROP},
    {"readings|own-report|chosen": "no"},
    {"readings|start|setting": "roll", "readings|start|options|next|value": True,
     "readings|start|options|same|value": False},
    {"readings|start|setting": "satisfied_by", "readings|start|options|next|value": ["request_team"],
     "readings|start|options|same|value": ["establish_team"]},
    {"readings|start|setting": "on_return", "readings|start|options|next|value": "restart",
     "readings|start|options|same|value": "continue"},
    {"terms|notice-port|when": {"fact": "social_impact", "known": True},
     "clocks|notice|when": {"fact": "social_impact", "known": True}},
    {"routes|region|when": {"not": {"any": [{"fact": "direct_economic_loss", "below": 10**7},
                                            {"fact": "level", "known": False}]}}},
    {"scales|accident|valid_from": date(2024, 6, 1)},
    {"steps|establish_team|items": "@members"},
    {"clocks|evaluation|date_field": "effective_on"},
]  # fmt: skip


@pytest.mark.parametrize("changes", ACCEPTED, ids=[str(number) for number in range(len(ACCEPTED))])
def test_what_can_be_meant_is_taken(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert problems_of(tmp_path, changes) == []


# ---------------------------------------------------------------- terms that leave a gap

PARTS = {"serious": {"fact": "level_so_far", "at_least": "serious"},
         "small": {"fact": "level_so_far", "is": "small"}}  # fmt: skip


def notice_terms(*conditions: dict[str, Any]) -> dict[str, Any]:
    terms = [each for each in FULL["terms"] if each["id"] != "notice-port"]
    for number, when in enumerate(conditions):
        term = {"id": f"notice-{number}", "clock": "notice", "basis": "port:4", "hours": 12}
        terms.append({**term, "when": when})
    return {"terms": terms}


@pytest.mark.parametrize(
    ("conditions", "sound"),
    [
        ([PARTS["serious"], PARTS["small"]], True),
        ([PARTS["serious"]], False),
        ([{"fact": "deaths", "at_least": 3}, {"fact": "deaths", "below": 3}], True),
        ([{"fact": "deaths", "at_least": 4}, {"fact": "deaths", "below": 3}], False),
        ([{"fact": "burnt_area_m2", "is": 3}, {"not": {"fact": "burnt_area_m2", "is": 3}}], True),
        ([{"fact": "social_impact", "is": True}, {"fact": "social_impact", "is": False}], True),
        ([{"fact": "social_impact", "is": True}], False),
        ([{"fact": "category", "in": ["ordinary", "traffic"]}], False),
        ([{"fact": "mode", "is": "assist"}, {"not": {"fact": "mode", "is": "assist"}}], True),
        ([{"fact": "deaths", "known": True}], True),
        ([{"fact": "level", "known": True}], True),
        (
            [
                {"all": [PARTS["small"], {"fact": "social_impact", "is": True}]},
                {"any": [PARTS["serious"], {"fact": "social_impact", "is": False}]},
            ],
            True,
        ),
    ],
)
def test_the_terms_of_a_clock_must_leave_no_gap(
    tmp_path: Path, conditions: list[dict[str, Any]], sound: bool
) -> None:
    found = problems_of(tmp_path, notice_terms(*conditions))
    gap = ("clocks.notice", "No term says how long this clock runs.")
    assert found == ([] if sound else [gap])


def test_a_condition_that_names_no_level_is_reported_once_as_such(tmp_path: Path) -> None:
    found = problems_of(tmp_path, notice_terms({"fact": "level", "is": "huge"}))
    assert found == [("terms.notice-0.when", "There is no huge.")]


@pytest.mark.parametrize("depth", [11, 50])
def test_a_condition_is_not_nested_without_end(tmp_path: Path, depth: int) -> None:
    when: dict[str, Any] = {"fact": "deaths", "is": 1}
    for _ in range(depth):
        when = {"not": when}
    (field, text), *_ = problems_of(tmp_path, {"routes|region|when": when})
    assert field.startswith("routes.region.when.not")
    assert text == "The condition is nested too deeply."


def test_a_condition_nested_by_a_dotted_key_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    deep = ".".join(["not"] * 20_000)
    text = toml.document({key: value for key, value in FULL.items() if key != "presumptions"})
    path.write_text(
        f'{text}[[presumptions]]\nid = "x"\n[presumptions.when.{deep}]\nfact = "deaths"\n'
    )
    with pytest.raises(ProfileFaulty):
        load_layer(path)
    routes = 'routes = [{id = "banner", when.%s.fact = "deaths"}]\n' % deep  # noqa: UP031
    path.write_text(
        toml.document({key: value for key, value in FULL.items() if key != "routes"}) + routes
    )
    with pytest.raises(ProfileFaulty):
        load_layer(path)


def test_a_row_of_steps_of_any_length_is_checked(tmp_path: Path) -> None:
    model = {"kind": "meeting", "label": LABEL, "basis": "port:5", "stage": "team"}
    steps = [
        {**model, "id": f"s{n}", "who": ["carrier"], "requires": [f"s{(n + 1) % 1100}"]}
        for n in range(1100)
    ]
    found = problems_of(tmp_path, {"steps": [*FULL["steps"], *steps]})
    assert ("steps.s0.requires", "The step can't be reached: it requires itself.") in found


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (("leader", "nobody here"), []),
        (("nobody here",), [("restrictions.discipline.seen_by", "Somebody must be able to read it.")]),
    ],
)  # fmt: skip
def test_a_higher_layer_may_name_readers_that_a_city_lacks_but_not_only_such(
    tmp_path: Path, roles: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    above = replace(CHINA.tables["restrictions"]["discipline"], seen_by=roles)  # type: ignore[type-var]
    china = replace(CHINA, tables={**CHINA.tables, "restrictions": {"discipline": above}})
    path = tmp_path / "mine.toml"
    path.write_text(toml.document(FULL), encoding="utf-8")
    fault = fault_of(path, china)
    assert [(e.field, render(e.text, "en")) for e in (fault.problems if fault else [])] == expected


def test_a_satisfying_reading_names_steps(tmp_path: Path) -> None:
    found = problems_of(
        tmp_path,
        {
            "readings|start|setting": "satisfied_by",
            "readings|start|options|next|value": ["x"],
            "readings|start|options|same|value": [],
        },
    )
    assert found == [
        ("readings.start.options.next.value", "There is no x."),
        ("readings.start.options.same.value", MISSING),
    ]


def test_every_kind_of_fire_needs_its_label(tmp_path: Path) -> None:
    assert problems_of(tmp_path, {"repeal|+": "categories.railway"}) == [
        ("categories", "There is no railway.")
    ]


def test_a_ruleset_needs_a_scale_and_a_scope(tmp_path: Path) -> None:
    repeal = [*FULL["repeal"], "scales.accident", "scopes.scope"]
    found = problems_of(tmp_path, {"repeal": repeal, "scales": [], "scopes": []})
    assert ("scales", "There is no accident.") in found
    assert ("scopes", "There is no scope.") in found


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    found = problems_of(tmp_path, {"id": DROP, "surprise": 1, "steps|reply|label": DROP})
    assert {field for field, _ in found} == {"id", "surprise", "steps.reply.label"}


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"schema = ", "The file is not TOML: "),
        (b"a = 1\na = 2", "The file is not TOML: "),
        (b"a = " + b"9" * 5000, "The file is not TOML: "),
        (b"a = " + b"[" * 100_000, "The file is not TOML: "),
        (b"\x00", "The file is not TOML: "),
        (b'id = "\xff"', "The file is not UTF-8."),
        ("id = '河港'".encode("gb18030"), "The file is not UTF-8."),
        (b"#" * (LARGEST_FILE + 1), f"The file is larger than {LARGEST_FILE} bytes."),
    ],
    ids=["cut", "twice", "digits", "brackets", "nul", "byte", "gb18030", "large"],
)
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(ProfileFaulty) as refused:
        read_toml(path)
    (problem,) = refused.value.problems
    assert (refused.value.file, problem.field) == ("bad.toml", "")
    assert render(problem.text, "en").startswith(why)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("name", ["absent.toml", "folder.toml"])
def test_a_file_that_can_not_be_read_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ProfileFaulty, match="can't be read"):
        read_toml(tmp_path / name)


def test_an_empty_file_lacks_everything(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("")
    with pytest.raises(ProfileFaulty) as refused:
        load_layer(tmp_path / "empty.toml")
    assert {each.field for each in refused.value.problems} >= {"schema", "id", "rank", "label"}


def test_a_layer_keeps_its_file_and_the_hash_of_its_bytes(tmp_path: Path) -> None:
    layer = load_layer(PROFILES / "riverport.toml")
    (tmp_path / "copy.toml").write_bytes((PROFILES / "riverport.toml").read_bytes() + b"\n")
    other = load_layer(tmp_path / "copy.toml")
    assert (layer.file, layer.rank, layer.divisions) == ("riverport.toml", Rank.CITY, ("9901",))
    assert layer.label == Label("河港市火灾调查办法（试行）", "Riverport measures on fires (trial)")
    assert len(layer.sha256) == 64
    assert layer.sha256 != other.sha256


@pytest.mark.parametrize(
    ("division", "key", "why"),
    [
        ({"id": DROP}, "divisions.0.id", MISSING),
        ({"label": DROP}, "divisions.99.label", MISSING),
        ({"tier": DROP}, "divisions.99.tier", MISSING),
        ({"name": "x"}, "divisions.99.name", UNKNOWN),
        ({"is_government": "no"}, "divisions.99.is_government", "true or false is needed."),
        ({"valid_from": 2020}, "divisions.99.valid_from", "A date is needed."),
    ],
)
def test_a_division_that_can_not_be_meant_is_refused(
    tmp_path: Path, division: dict[str, Any], key: str, why: str
) -> None:
    content = {"divisions": [{"id": "99", "label": LABEL, "tier": "city"}]}
    changes = {f"divisions|0|{name}": value for name, value in division.items()}
    path = tmp_path / "places.toml"
    path.write_text(toml.document(toml.changed(content, changes)))
    with pytest.raises(ProfileFaulty) as refused:
        load_divisions(path)
    assert refused.value.file == "places.toml"
    assert (key, why) in [(e.field, render(e.text, "en")) for e in refused.value.problems]


# ---------------------------------------------------------------- random damage

BUILT = {name: toml.read(BUILT_IN / f"{name}.toml") for name in ("china", "yunnan", "qujing-2023")}
LAYERS = {name: load_layer(BUILT_IN / f"{name}.toml") for name in BUILT}
OTHER_VALUES: list[Any] = [
    5, -1, 10**12, True, 1.5, "", " ", "x", "rule:1", "\u0000", [], ["x"], [1], {}, {"id": 1},
    {"zh": "某", "en": "x"}, date(2024, 2, 29), float("inf"), 10**30, "level", "deaths",
]  # fmt: skip


def ways(content: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document, as the keys and indexes that lead there."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(content, dict):
        pairs = list(content.items())
    elif isinstance(content, list):
        pairs = list(enumerate(content))
    inner = [ways(value, (*way, key)) for key, value in pairs]
    return [*((*way, key) for key, _ in pairs), *itertools.chain.from_iterable(inner)]


PLACES = {name: ways(content) for name, content in BUILT.items()}


@given(
    st.sampled_from(sorted(BUILT)),
    st.randoms(use_true_random=False),
    st.integers(1, 3),
)
def test_a_damaged_profile_is_taken_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, name: str, chance: random.Random, number: int
) -> None:
    content = toml.changed(BUILT[name], {})
    for _ in range(number):
        *way, last = chance.choice(PLACES[name])
        inside: Any = content
        try:
            for key in way:
                inside = inside[key]
            if chance.random() < 0.4:
                del inside[last]
            else:
                inside[last] = chance.choice(OTHER_VALUES)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    path = tmp_path_factory.mktemp("damaged") / f"{name}.toml"
    path.write_text(toml.document(content), encoding="utf-8")
    order = list(BUILT)
    above, below = order[: order.index(name)], order[order.index(name) + 1 :]
    fault = fault_of(
        path, *(LAYERS[each] for each in above), below=tuple(LAYERS[each] for each in below)
    )
    if fault is not None:
        assert fault.problems
        assert all(render(each.text, "en") for each in fault.problems)


def test_what_is_written_for_these_tests_is_read_back_unchanged(tmp_path: Path) -> None:
    for name, content in BUILT.items():
        path = tmp_path / f"{name}.toml"
        path.write_text(toml.document(content), encoding="utf-8")
        assert toml.read(path) == content
