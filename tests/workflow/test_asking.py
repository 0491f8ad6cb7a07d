"""What a form asks for follows from the kind and the line of the table, and is what the door takes."""

from datetime import date

import pytest

from fireinvest.messages import render
from fireinvest.workflow.actions import KINDS
from fireinvest.workflow.asking import Asked, asked_fields, described, outcome_words, reasons_ahead
from fireinvest.workflow.case import Case
from tests.workflow.stories import Story, filled, told_until


def fields_of(case: Case, step: str) -> dict[str, Asked]:
    return {each.name: each for each in asked_fields(case, case.ruleset.steps[step])}


def fresh() -> Case:
    return Story().case


@pytest.mark.parametrize(
    ("step", "names", "needed"),
    [
        ("establish_team", "document_no person what to", ""),
        ("order_supervision", "document_no ref what to due_on", "ref due_on"),
        ("extend_supervision", "document_no ref what to due_on", "ref due_on"),
        ("lift_supervision", "document_no ref what to", "ref"),
        ("open_evaluation", "document_no what to", ""),
        ("request_team", "to document_no title", "to"),
        ("invite", "to document_no title item", "to item"),
        ("join_team", "person agency duty item", "person item"),
        ("engage_expert", "person agency duty", "person"),
        ("leave_team", "person", "person"),
        ("declare_recusal", "person item note", "person item"),
        ("decide_recusal", "person outcome note", "person outcome"),
        ("test_commissioned", "ref subject body expected_on", "ref"),
        ("test_returned", "ref", "ref"),
        ("line_finding", "item text nothing_found unit person", "item text"),
        ("draft_report", "item text", "item text"),
        ("determine_cause", "text unit person", "text"),
        ("determine_nature", "outcome text unit person", "outcome text"),
        ("ask_extension", "days document_no grounds", "days grounds"),
        ("decide_extension", "days outcome document_no grounds", "days outcome"),
        ("reply", "outcome decided_by document_no effective_on note", "outcome decided_by"),
        ("approve_report", "outcome decided_by document_no note", "outcome decided_by"),
        ("decide_category", "category decided_by document_no note", "category decided_by"),
        (
            "decide_social_impact",
            "outcome decided_by document_no note",
            "outcome decided_by note",
        ),
        ("set_measure", "ref what unit due_on", "ref due_on"),
        ("accept_measure", "ref what unit outcome proof", "ref outcome"),
        ("deliver_reply", "item recipient receipt document_no", "item"),
        ("publish", "item where proof", "item where proof"),
        ("sign_report", "person outcome note", "person outcome"),
    ],
)
def test_a_step_asks_for_what_matters_to_it(step: str, names: str, needed: str) -> None:
    found = fields_of(fresh(), step)
    assert list(found) == names.split()
    assert [name for name, each in found.items() if each.is_needed] == needed.split()


@pytest.mark.parametrize("step", [each.id for each in fresh().ruleset.steps.values()])
def test_what_the_door_needs_is_asked_for(step: str) -> None:
    """Everything that a filled payload of the step says has a field in its form."""
    case = fresh()
    found = fields_of(case, step)
    payload = filled(case.ruleset, step)
    said = set(KINDS[case.ruleset.steps[step].kind].__dataclass_fields__)
    assert set(found) <= said
    for each in found.values():
        if each.choices and not each.is_open:
            value = getattr(payload, each.name)
            assert value is None or value in {choice.code for choice in each.choices}


def test_a_list_says_what_is_on_record_and_begins_with_what_is_not() -> None:
    story = Story()
    story.tell("establish_team", "2025-05-13")
    story.tell("join_team", "2025-05-14", item="fire_rescue", person="zhang")
    item = fields_of(story.case, "join_team")["item"]
    assert [each.code for each in item.choices if each.is_done] == ["fire_rescue"]
    assert item.default == "police"
    # The trade union belongs to fires of work safety only.
    assert "trade_union" not in {each.code for each in item.choices}


def test_members_are_offered_to_sign_and_to_leave() -> None:
    story = Story()
    story.tell("establish_team", "2025-05-13", person="zhao")
    story.tell("join_team", "2025-05-14", item="police", person="zhang")
    story.tell("join_team", "2025-05-15", item="fire_rescue", person="gone")
    story.tell("leave_team", "2025-05-16", person="gone")
    person = fields_of(story.case, "sign_report")["person"]
    assert [each.code for each in person.choices] == ["zhao", "zhang"]
    assert not person.is_open
    assert person.default is None


def test_references_are_new_to_begin_and_known_to_end() -> None:
    story = Story()
    story.tell("establish_team", "2025-05-13")
    assert fields_of(story.case, "test_commissioned")["ref"].default == "1"
    story.tell("test_commissioned", "2025-05-14", ref="1", subject="起火物燃烧性能")
    story.tell("test_commissioned", "2025-05-15", ref="2")
    assert fields_of(story.case, "test_commissioned")["ref"].default == "3"
    ends = fields_of(story.case, "test_returned")["ref"]
    assert [(each.code, render(each.words, "zh")) for each in ends.choices] == [
        ("1", "1 · 起火物燃烧性能"),
        ("2", "2"),
    ]
    story.tell("test_returned", "2025-05-20", ref="2")
    ends = fields_of(story.case, "test_returned")["ref"]
    assert [each.code for each in ends.choices] == ["1"]
    assert ends.default == "1"
    assert not ends.is_open


def test_a_decision_begins_with_what_was_asked() -> None:
    story = Story()
    story.tell("ask_extension", "2025-06-20", days=30, grounds="案情复杂")
    assert fields_of(story.case, "decide_extension")["days"].default == "30"


def test_a_request_asks_for_the_government_once_two_are_concerned() -> None:
    story = Story()
    assert "government" not in fields_of(story.case, "request_team")
    story.tell("update_figures", "2025-05-14", deaths=4)
    assert story.case.handover_pending == "city"
    government = fields_of(story.case, "request_team")["government"]
    assert [each.code for each in government.choices] == ["county", "city"]
    assert government.is_needed


def test_what_usually_comes_first_is_said_before_a_reason_is_missed() -> None:
    story = Story()
    step = story.case.ruleset.steps["establish_team"]
    (problem,) = reasons_ahead(story.case, step)
    assert problem.article == "rule:5"
    story.tell("request_team", "2025-05-13")
    assert list(reasons_ahead(story.case, step)) == []


def test_a_payload_is_told_in_the_words_of_the_law() -> None:
    story = Story()
    ruleset = story.case.ruleset
    step = ruleset.steps["publish"]
    told = {
        name: render(value, "zh") if not isinstance(value, date) else value  # type: ignore[arg-type]
        for name, _label, _shape, value in described(filled(ruleset, "publish"), ruleset, step)  # type: ignore[arg-type]
    }
    assert told["item"] == "调查报告·新闻媒体"
    decision = filled(ruleset, "reply")
    words = {
        name: value
        for name, _label, _shape, value in described(decision, ruleset, ruleset.steps["reply"])  # type: ignore[arg-type]
    }
    assert words["outcome"] == outcome_words("approved")


@pytest.mark.parametrize(
    ("step", "said", "expected"),
    [
        ("decide_category", {"category": "work_safety"}, "安全生产类火灾"),
        ("request_team", {"government": "city"}, "市级人民政府"),
        ("invite", {"item": "unheard"}, "unheard"),
    ],
)
def test_codes_are_told_by_their_labels(step: str, said: dict[str, str], expected: str) -> None:
    ruleset = fresh().ruleset
    told = {
        name: value
        for name, _label, _shape, value in described(
            filled(ruleset, step, **said),  # type: ignore[arg-type] # steps have kinds
            ruleset,
            ruleset.steps[step],
        )
    }
    (field,) = said
    words = told[field]
    assert (words if isinstance(words, str) else render(words, "zh")) == expected  # type: ignore[arg-type]


def test_a_step_that_the_law_no_longer_has_is_told_all_the_same() -> None:
    ruleset = fresh().ruleset
    payload = filled(ruleset, "publish")
    told = list(described(payload, ruleset, None))  # type: ignore[arg-type]
    assert ("item", "report_media") in [(name, value) for name, _l, _s, value in told]


def test_a_new_reference_is_one_that_nothing_has() -> None:
    story = Story()
    story.tell("establish_team", "2025-05-13")
    story.tell("test_commissioned", "2025-05-14", ref="2")
    assert fields_of(story.case, "test_commissioned")["ref"].default == "3"


def test_a_long_subject_is_told_short() -> None:
    story = Story()
    story.tell("establish_team", "2025-05-13")
    story.tell("test_commissioned", "2025-05-14", ref="1", subject="电气线路熔痕" * 20)
    (choice,) = fields_of(story.case, "test_returned")["ref"].choices
    assert len(render(choice.words, "zh")) < 50


def test_measures_that_are_done_stay_in_the_list() -> None:
    story = told_until("execution")
    story.tell("set_measure", "2025-10-20", ref="a", what="更换线路", due_on=date(2026, 3, 1))
    story.tell("set_measure", "2025-10-20", ref="b", due_on=date(2026, 3, 1))
    story.tell("accept_measure", "2025-11-20", ref="a", outcome="proved")
    found = fields_of(story.case, "accept_measure")["ref"]
    mine = {each.code: each.is_done for each in found.choices}
    assert (mine["a"], mine["b"]) == (True, False)


def test_a_ground_can_be_raised_of_members_and_decided_of_those_raised() -> None:
    story = Story()
    story.tell("establish_team", "2025-05-13", person="zhao")
    story.tell("join_team", "2025-05-14", item="police", person="zhang")
    raised = fields_of(story.case, "declare_recusal")["person"]
    assert [each.code for each in raised.choices] == ["zhao", "zhang"]
    assert raised.is_open
    story.tell("declare_recusal", "2025-05-15", person="zhang", item="interest")
    decided = fields_of(story.case, "decide_recusal")["person"]
    assert [each.code for each in decided.choices] == ["zhang"]
    assert decided.default == "zhang"


def test_every_outcome_of_the_profile_has_words() -> None:
    ruleset = fresh().ruleset
    outcomes = {each for step in ruleset.steps.values() for each in step.outcomes}
    assert [each for each in outcomes if isinstance(outcome_words(each), str)] == []
