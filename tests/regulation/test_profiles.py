"""Do the built-in profiles say what their articles say, and nothing else?"""

from collections.abc import Iterator

import pytest

from fireinvest.regulation.basis import Citation
from fireinvest.regulation.clocks import settings_of
from fireinvest.regulation.condition import evaluate
from fireinvest.regulation.days import Length, Unit
from fireinvest.regulation.facts import Category
from fireinvest.regulation.profile import (
    Kind,
    Mode,
    Per,
    Ruleset,
    Setting,
    StartsFrom,
    Term,
    Weight,
)
from fireinvest.regulation.rulesets import known_law
from tests.regulation.law import WAN, day, law_of

#: Read from the instruments by hand: which numbers does each article state, and of what?
STATED: dict[str, set[tuple[int, str]]] = {
    "rule:5": {(3, "days")},
    "rule:21": {(60, "days")},
    "rule:22": {(15, "days")},
    "rule:28": {(1, "years")},
    "rule:31(1)": {(15, "days")},
    "rule:32": {
        *((deaths, "deaths") for deaths in (3, 10, 30)),
        *((injured, "serious_injuries") for injured in (10, 50, 100)),
        *((loss * WAN, "direct_economic_loss") for loss in (1000, 5000, 10000)),
    },
    "decree493:3(1)": {
        (30, "deaths"),
        (100, "serious_injuries"),
        (10000 * WAN, "direct_economic_loss"),
    },
    "decree493:3(2)": {
        *((deaths, "deaths") for deaths in (10, 30)),
        *((injured, "serious_injuries") for injured in (50, 100)),
        *((loss * WAN, "direct_economic_loss") for loss in (5000, 10000)),
    },
    "decree493:3(3)": {
        *((deaths, "deaths") for deaths in (3, 10)),
        *((injured, "serious_injuries") for injured in (10, 50)),
        *((loss * WAN, "direct_economic_loss") for loss in (1000, 5000)),
    },
    "decree493:13": {(7, "days")},
    "decree493:29": {(60, "days")},
    "decree493:32": {(15, "days"), (30, "days")},
    "worksafety:86": {(1, "years")},
    "yunnan:ch4": {(10, "months"), (12, "months")},
    "order108:18": {(30, "days")},
    "openness:26": {(20, "working_days")},
    "archives:6": {(30, "years"), (10, "years")},
    "returns:*": {
        (30, "days"),
        *((loss * WAN, "direct_economic_loss") for loss in (3000, 10000, 30000)),
    },
}

#: Targets of our own, and the two criteria of the returns that their summary leaves out.
OURS = "house:*"
NOT_IN_THE_SUMMARY = {("returns:*", "deaths"), ("returns:*", "serious_injuries")}

NATIONAL, CITY_ALONE, FULL = "2020-05-12", "2023-02-01", "2025-05-12"


def unit_of(term: Term, length: Length) -> str:
    return "days" if term.is_plain or length.unit is Unit.NATURAL_DAYS else length.unit.value


def numbers(ruleset: Ruleset) -> Iterator[tuple[Citation, int, str]]:
    """Every number of law in a ruleset, with its citation and what it counts."""
    for scale in ruleset.scales.values():
        yield scale.window_basis, scale.window_days, "days"
        for level in scale.levels:
            for criterion, least in level.least.items():
                yield level.basis, least, criterion
    for instrument in ruleset.instruments.values():
        if instrument.counting is not None and instrument.working_days_up_to is not None:
            yield instrument.counting, instrument.working_days_up_to, "days"
    for term in ruleset.terms.values():
        yield term.basis, term.length.number, unit_of(term, term.length)
        if term.opens is not None:
            yield term.basis, term.opens.number, unit_of(term, term.opens)
        if term.extension_at_most:
            yield term.basis, term.extension_at_most, "days"
    for period in ruleset.periods.values():
        if period.years is not None:
            yield period.basis, period.years, "years"


@pytest.mark.parametrize("on", [NATIONAL, CITY_ALONE, FULL])
def test_every_number_stands_in_the_article_that_it_cites(on: str) -> None:
    found = [each for each in numbers(law_of(on)) if str(each[0]) != OURS]
    assert found
    for citation, number, what in found:
        if (str(citation), what) not in NOT_IN_THE_SUMMARY:
            assert (number, what) in STATED[str(citation)], f"{citation}: {number} {what}"


def test_every_number_of_the_rule_stands_in_the_profile() -> None:
    found = {(str(citation), number, what) for citation, number, what in numbers(law_of(FULL))}
    for article, stated in STATED.items():
        if article.startswith("rule:"):
            exceptional = {(30, "deaths"), (100, "serious_injuries")}
            exceptional |= {(10000 * WAN, "direct_economic_loss")}
            for number, what in stated - (exceptional if article == "rule:32" else set()):
                assert (article, number, what) in found


def test_house_targets_are_never_statutory() -> None:
    ruleset = law_of(FULL)
    own = [term for term in ruleset.terms.values() if str(term.basis) == OURS]
    assert {term.clock for term in own} == {"delivery", "copies", "archive"}
    assert all(ruleset.clocks[term.clock].weight is Weight.ADVISORY for term in own)


@pytest.mark.parametrize(
    ("term", "length", "extension"),
    [
        ("team_request-rule", "3wd", 0),
        ("report-rule", "60d", 60),
        ("report-493", "60d", 60),
        ("reply-rule", "15wd", 0),
        ("reply-493", "15d", 0),
        ("reply-493-exceptional", "30d", 0),
        ("evaluation-rule", "1y", 0),
        ("evaluation-worksafety", "1y", 0),
        ("evaluation-yunnan", "12m", 0),
        ("publication-openness", "20wd", 0),
        ("delivery-house", "5wd", 0),
        ("copies-house", "5wd", 0),
        ("archive-house", "30d", 0),
        ("determination-108", "30d", 30),
    ],
)
def test_every_clock_has_its_length(term: str, length: str, extension: int) -> None:
    found = law_of(FULL).terms[term]
    assert str(found.length) == length
    assert found.extension_at_most == extension


def test_no_clock_of_the_readings_is_forgotten() -> None:
    weights = {clock.id: clock.weight for clock in law_of(FULL).clocks.values()}
    assert weights == {
        "team_request": Weight.STATUTORY,
        "report": Weight.STATUTORY,
        "reply": Weight.STATUTORY,
        "evaluation": Weight.STATUTORY,
        "determination": Weight.STATUTORY,
        "publication": Weight.ADVISORY,
        "delivery": Weight.ADVISORY,
        "copies": Weight.ADVISORY,
        "archive": Weight.ADVISORY,
        "measure": Weight.SET,
        "supervision": Weight.SET,
        "assist": Weight.SET,
    }


def test_the_determination_is_a_layer_of_its_own_with_its_own_pauses_and_approver() -> None:
    ruleset = law_of(FULL)
    own, term = ruleset.clocks["determination"], ruleset.terms["determination-108"]
    assert set(own.modes) == {Mode.OUT_OF_SCOPE, Mode.INVESTIGATE}
    assert (own.starts_from, own.per) == (StartsFrom.FIRE, Per.CASE)
    assert (term.basis.instrument, ruleset.terms["report-rule"].basis.instrument) == (
        "order108",
        "rule",
    )
    assert settings_of(ruleset, term)[Setting.LEAVE_OUT_TESTS] is True
    assert settings_of(ruleset, ruleset.terms["report-rule"])[Setting.LEAVE_OUT_TESTS] is False
    assert term.tests == ruleset.terms["report-rule"].tests
    approvers = {each.extends: each.who for each in ruleset.steps.values() if each.extends}
    assert approvers["determination"] == ("superior-agency_head", "agency_head")
    assert approvers["report"] == ("government_handler", "government_signer")


@pytest.mark.parametrize(
    ("on", "layers"),
    [
        ("2007-06-01", ["china"]),
        ("2023-01-30", ["china"]),
        ("2023-01-31", ["china", "qujing-2023"]),
        ("2023-02-16", ["china", "qujing-2023"]),
        ("2023-02-17", ["china", "yunnan", "qujing-2023"]),
        ("2026-12-31", ["china", "yunnan", "qujing-2023"]),
    ],
)
def test_the_layers_in_force_follow_the_day_of_the_fire(on: str, layers: list[str]) -> None:
    assert [layer.id for layer in law_of(on).layers] == layers


def test_the_window_of_the_evaluation_comes_with_the_provincial_layer() -> None:
    assert "evaluation-yunnan" not in law_of("2023-02-16").terms
    assert "evaluation-yunnan" in law_of("2023-02-17").terms


def test_before_the_city_rule_the_clocks_are_those_of_work_safety() -> None:
    ruleset = law_of(NATIONAL)
    assert set(ruleset.clocks) == {"report", "reply", "evaluation"}
    for clock in ruleset.clocks.values():
        for category in Category:
            runs = evaluate(clock.when, {"category": category}).holds
            assert runs is (category is Category.WORK_SAFETY)


def test_the_procedure_has_the_six_stages_of_article_4() -> None:
    assert [stage.label.zh for stage in law_of(FULL).stages.values()] == [
        "成立事故调查组",
        "调查取证",
        "调查报告审核",
        "报批",
        "执行处理",
        "整改评估",
    ]


@pytest.mark.parametrize(
    ("listing", "needed", "optional"),
    [
        ("recusal_grounds", 3, 0),
        ("invited", 2, 0),
        ("groups", 0, 3),
        ("team_duties", 5, 0),
        ("leader_duties", 4, 0),
        ("technical_duties", 6, 0),
        ("management_duties", 5, 0),
        ("general_duties", 6, 0),
        ("lines", 5, 0),
        ("report_parts", 6, 0),
        ("evaluation_findings", 3, 0),
        ("delivery_recipients", 3, 0),
        ("copy_recipients", 2, 0),
        ("publication_places", 4, 0),
    ],
)
def test_every_list_has_as_many_items_as_its_article(
    listing: str, needed: int, optional: int
) -> None:
    items = law_of(FULL).lists[listing].items
    assert len([item for item in items if not item.optional]) == needed
    assert len([item for item in items if item.optional]) == optional


def test_every_article_of_the_rule_is_stated() -> None:
    stated = {
        article.citation.article
        for article in law_of(FULL).articles.values()
        if article.citation.instrument == "rule"
    }
    assert stated == {str(number) for number in range(1, 34)}


def test_every_kind_of_fire_and_every_kind_of_step_is_in_use() -> None:
    ruleset = law_of(FULL)
    assert set(ruleset.categories) == set(Category)
    assert {step.kind for step in ruleset.steps.values()} == set(Kind)


@pytest.mark.parametrize(
    ("reading", "chosen"),
    [
        ("start-day", "next"),
        ("report-roll", "no_roll"),
        ("tests", "counted"),
        ("tests-493", "excluded"),
        ("return-restarts", "restart"),
        ("evaluation-done", "handed_over"),
        ("receipt-day", "registered"),
        ("closing-day", "reply"),
        ("larger-in-scope", "in_scope"),
        ("exceptional-level", "decree493"),
        ("property-loss", "lower_bound"),
        ("casualty-window", "seven_days"),
        ("falling-level", "stays"),
        ("zone", "city"),
        ("cross-boundary", "ignition"),
        ("arson", "filed"),
        ("request-satisfied", "sent"),
        ("social-impact-decider", "government"),
        ("work-safety-decider", "both"),
        ("recusal-decider", "leader"),
        ("return-decider", "government"),
        ("handler-apart", "apart"),
        ("late-extension", "void"),
        ("extension-days", "natural"),
        ("late-scope", "from_fire"),
        ("swapped-days", "not_worked"),
    ],
)
def test_every_reading_is_chosen_as_decided_and_has_an_alternative(
    reading: str, chosen: str
) -> None:
    found = law_of(FULL).readings[reading]
    assert found.chosen == chosen
    assert found.option(chosen).label.zh
    assert len(found.options) > 1


@pytest.mark.parametrize(
    ("code", "last", "successor", "first"),
    [
        ("530328", "2016-03-19", "530303", "2016-03-20"),
        ("530321", "2018-02-21", "530304", "2018-02-22"),
    ],
)
def test_a_county_that_became_a_district_changed_its_code(
    code: str, last: str, successor: str, first: str
) -> None:
    divisions = known_law().divisions
    assert divisions[code].exists_on(day(last))
    assert not divisions[code].exists_on(day(first))
    assert divisions[successor].exists_on(day(first))
    assert not divisions[successor].exists_on(day(last))


def test_the_zone_is_no_government_and_everything_else_is() -> None:
    zones = [each.code for each in known_law().divisions.values() if not each.is_government]
    assert zones == ["530300-jkq"]
    now = [each for each in known_law().divisions.values() if each.exists_on(day("2025-05-12"))]
    assert len(now) == 11
