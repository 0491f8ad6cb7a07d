"""Restricted entries: what restricts them, who reads them, and who may void or correct them."""

from dataclasses import replace

import pytest

from fireinvest.regulation.profile import Kind
from fireinvest.workflow.actions import Correcting, DocumentSent, Extension, Meeting, Voiding
from fireinvest.workflow.asking import asked_fields
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Invalid, NotAllowed
from fireinvest.workflow.permissions import (
    PERMISSIONS,
    ROLES,
    Actor,
    Grant,
    Permission,
    allowed,
    may_read,
    reader,
)
from tests.regulation.law import day, law_of
from tests.workflow.stories import (
    CASE_ID,
    CITY,
    OFFICER,
    OTHER_COUNTY,
    REVIEWER,
    STRANGER,
    THE_SYSTEM,
    Story,
    faults,
    filled,
    holder,
    told_until,
)

HEAD = holder("agency_head")
SENT = DocumentSent(to="纪委", title="线索")


def restricted(restriction: str | None = "discipline") -> tuple[Story, int]:
    """A fire of which something is written down, by the officer; and the entry's number."""
    story = told_until("evidence")
    entry = story._append(
        "coordinate", Meeting(subject="协调"), day("2025-06-06"), "officer", restriction=restriction
    )
    return story, entry.seq


# ---------------------------------------------------------------- what is restricted


def test_an_entry_is_restricted_by_its_own_word_or_by_its_step() -> None:
    story, seq = restricted()
    by_step = story.tell("refer_discipline", "2025-06-06").seq
    both = story._append(
        "refer_discipline", SENT, day("2025-06-06"), "officer", restriction="informer"
    )
    plain = story.tell("coordinate", "2025-06-06").seq
    assert story.case.restrictions == {
        seq: {"discipline"},
        by_step: {"discipline"},
        both.seq: {"discipline", "informer"},
    }
    assert plain not in story.case.restrictions


def test_the_door_writes_down_what_the_step_restricts() -> None:
    story = told_until("evidence")
    assert story.take("refer_discipline", "2025-06-06").entry.restriction == "discipline"
    assert story.take("coordinate", "2025-06-06").entry.restriction is None


def test_what_voids_or_corrects_an_entry_is_restricted_with_it() -> None:
    story, seq = restricted()
    fresh = Correcting(seq, Meeting(subject="另一"), day("2025-06-06"))
    correcting = story.tell("correct", "2025-06-07", fresh).seq
    voiding = story.tell("void", "2025-06-07", Voiding(seq)).seq
    assert set(story.case.restrictions) == {seq, correcting, voiding}


def test_a_restricted_correction_restricts_what_it_corrects() -> None:
    story, seq = restricted(None)
    fresh = Correcting(seq, Meeting(subject="协调"), day("2025-06-06"))
    action = Action(
        "correct", fresh, day("2025-06-07"), reason="涉及举报人", restriction="informer"
    )
    outcome = story.asked(action, actor=OFFICER, today="2025-06-07")
    assert outcome.case.restrictions == {seq: {"informer"}, outcome.entry.seq: {"informer"}}


# ---------------------------------------------------------------- what can be


@pytest.mark.parametrize(
    ("restriction", "expected"),
    [
        ("discipline", []),
        ("informer", []),
        (None, []),
        ("secret", ["restriction: One of these is needed: discipline, informer."]),
        ("", ["restriction: One of these is needed: discipline, informer."]),
    ],
)
def test_only_what_the_rule_names_restricts(restriction: str | None, expected: list[str]) -> None:
    story = told_until("evidence")
    action = Action(
        "coordinate", Meeting(subject="协调"), day("2025-06-06"), restriction=restriction
    )
    if not expected:
        assert story.asked(action, today="2025-06-06").entry.restriction == restriction
        return
    with pytest.raises(Invalid) as refused:
        story.asked(action, today="2025-06-06")
    assert faults(refused.value) == expected


SHOWS = "restriction: What this does shows to everybody who sees the case: it can't be restricted."


@pytest.mark.parametrize(
    "step",
    [
        "establish_team",
        "join_team",
        "leave_team",
        "declare_recusal",
        "decide_recusal",
        "test_commissioned",
        "test_returned",
        "set_measure",
        "accept_measure",
        "order_supervision",
        "extend_supervision",
    ],
)
def test_what_shows_anyway_cannot_be_restricted(step: str) -> None:
    """Posts and recusals, on which rights hang, and references, by which others are called."""
    story = told_until("evaluation")
    payload = filled(story.ruleset, step)
    action = Action(step, payload, day("2025-06-06"), reason="x", restriction="discipline")
    with pytest.raises(Invalid) as refused:
        story.asked(action, today="2026-06-30")
    assert SHOWS in faults(refused.value)


def test_a_code_action_is_not_restricted_by_itself() -> None:
    story, seq = restricted(None)
    for payload, step in ((Voiding(seq), "void"), (Voiding(2), "void")):
        action = Action(step, payload, day("2025-06-07"), reason="x", restriction="discipline")
        with pytest.raises(Invalid) as refused:
            story.asked(action, actor=OFFICER, today="2025-06-07")
        assert faults(refused.value) == [SHOWS]


# ---------------------------------------------------------------- who reads


def readers(story: Story, seq: int) -> set[str]:
    entry = next(each for each in story.case.journal if each.seq == seq)
    return {role for role in ROLES if may_read(holder(role), story.case, CASE_ID, entry)}


@pytest.mark.parametrize(
    ("restriction", "expected"),
    [
        ("discipline", {"carrier", "leader", "discipline_observer"}),
        ("informer", {"carrier", "leader"}),
        (None, set(ROLES)),
    ],
)
def test_each_restriction_is_for_its_roles(restriction: str | None, expected: set[str]) -> None:
    story, seq = restricted(restriction)
    assert readers(story, seq) == expected


def test_of_two_restrictions_both_must_be_passed() -> None:
    story = told_until("evidence")
    entry = story._append("refer_discipline", SENT, day("2025-06-06"), "x", restriction="informer")
    assert readers(story, entry.seq) == {"carrier", "leader"}


def test_a_restriction_that_the_rule_no_longer_has_is_for_nobody() -> None:
    story, seq = restricted("forgotten")
    assert readers(story, seq) == set()


def test_the_author_reads_their_own_as_long_as_they_have_to_do_with_the_case() -> None:
    story = told_until("evidence")
    member = Actor("somebody", (Grant("member", CASE_ID),))
    own = story._append("coordinate", Meeting(subject="协调"), day("2025-06-06"), "somebody", restriction="informer")  # fmt: skip
    for_them = story._append(
        "coordinate", Meeting(subject="协调"), day("2025-06-06"), "deputy", restriction="informer", acting_for="somebody"
    )  # fmt: skip
    other = story._append("coordinate", Meeting(subject="协调"), day("2025-06-06"), "x", restriction="informer")  # fmt: skip
    may = reader(member, story.case, CASE_ID)
    assert [may(each) for each in (own, for_them, other)] == [True, True, False]
    deputy = Actor("deputy", member.grants, "somebody")
    may = reader(deputy, story.case, CASE_ID)
    assert [may(each) for each in (own, for_them, other)] == [True, True, False]
    for gone in (Actor("somebody"), Actor("somebody", (Grant("archivist", division=OTHER_COUNTY, tier="county"),))):  # fmt: skip
        assert not may_read(gone, story.case, CASE_ID, own)
    # A post of a place that doesn't act in the case shows the case, and no more.
    city = Actor("somebody", (Grant("archivist", division=CITY, tier="city"),))
    assert not may_read(city, story.case, CASE_ID, own)


def test_nobody_who_was_recused_reads_anything_and_none_for_them() -> None:
    story, seq = restricted()
    story.tell("declare_recusal", "2025-06-06", person="officer")
    story.tell("decide_recusal", "2025-06-06", person="officer")
    entries = story.case.journal
    for actor in (
        OFFICER,
        Actor("officer", holder("leader").grants),
        Actor("deputy", holder("leader").grants, "officer"),
        Actor("officer", holder("leader").grants, "another"),
        STRANGER,
    ):
        may = reader(actor, story.case, CASE_ID)
        assert not any(may(each) for each in entries), actor
        assert not any(allowed(each, actor, story.case, CASE_ID) for each in PERMISSIONS), actor
    assert may_read(THE_SYSTEM, story.case, CASE_ID, entries[seq - 1])


# ---------------------------------------------------------------- void, correct, offer


def test_only_a_reader_voids_or_corrects() -> None:
    story, seq = restricted()
    fresh = Correcting(seq, Meeting(subject="另一"), day("2025-06-06"))
    for step, payload in (("void", Voiding(seq)), ("correct", fresh)):
        action = Action(step, payload, day("2025-06-07"), reason="x")
        with pytest.raises(NotAllowed) as refused:
            story.asked(action, actor=HEAD, today="2025-06-07")
        text = "The entry is restricted: only those who may read it void or correct it."
        assert faults(refused.value) == [f"target: {text}"]
        assert story.asked(action, actor=OFFICER, today="2025-06-07").entry.seq == seq + 1


def test_a_form_offers_nothing_of_a_restricted_entry() -> None:
    for restriction, expected in ((None, "20"), ("informer", None)):
        story = told_until("evidence")
        story._append(
            "ask_extension", Extension(days=20, grounds="复杂"), day("2025-06-06"), "officer",
            restriction=restriction,
        )  # fmt: skip
        fields = asked_fields(story.case, story.ruleset.steps["decide_extension"])
        assert {each.name: each.default for each in fields}["days"] == expected


# ---------------------------------------------------------------- the permissions of a case


@pytest.mark.parametrize(
    ("permission", "expected"),
    [
        (Permission.SEE_CASE, set(ROLES)),
        (Permission.SEE_LOG, {"carrier", "leader", "deputy_leader", "agency_head"}),
        (Permission.ADMINISTER, {"carrier", "agency_head"}),
        (Permission.REASSIGN, {"carrier", "agency_head"}),
        (Permission.TAKE_OVER, {"carrier", "agency_head"}),
    ],
)
def test_each_permission_is_for_its_roles(permission: Permission, expected: set[str]) -> None:
    case = Story().case
    assert {each for each in ROLES if allowed(permission, holder(each), case, CASE_ID)} == expected
    for role in ROLES:
        elsewhere = Actor("x", (Grant(role, "case-2"), Grant(role, None, OTHER_COUNTY, "county")))
        assert not allowed(permission, elsewhere, case, CASE_ID)
    assert not allowed(permission, STRANGER, case, CASE_ID)


def test_every_permission_stands_in_the_map() -> None:
    assert set(PERMISSIONS) == set(Permission)


# ---------------------------------------------------------------- nobody replies to their own


def replies(story: Story, actor: Actor = REVIEWER) -> bool:
    return story.can("reply", actor)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("group_report", False),
        ("draft_report", False),
        ("approve_report", False),
        ("sign_report", False),
        ("submit_report", False),
        ("consult", True),
        ("analysis_meeting", True),
    ],
)
def test_whoever_wrote_the_report_does_not_reply_to_it(step: str, *, expected: bool) -> None:
    story = told_until("approval")
    assert replies(story)
    last = [at for at, each in enumerate(story.entries) if each.step == step][-1]
    by_them = [*story.entries]
    by_them[last] = replace(by_them[last], actor="reviewer")
    assert replies(story.only(by_them)) is expected
    for_them = [*story.entries]
    for_them[last] = replace(for_them[last], acting_for="reviewer")
    assert replies(story.only(for_them)) is expected


def test_whoever_a_report_is_about_may_reply_and_who_signs_it_may_not() -> None:
    story = told_until("approval")
    story.tell("draft_report", "2025-06-25", item="unit", person="reviewer", text="有关人员")
    assert replies(story)
    story.tell("sign_report", "2025-06-25", person="reviewer")
    assert not replies(story)


def test_who_acts_for_an_author_or_is_one_stays_apart() -> None:
    story = told_until("approval")
    grants = REVIEWER.grants
    assert replies(story, Actor("substitute", grants, "reviewer"))
    assert not replies(story, Actor("leader", grants, "reviewer"))
    assert not replies(story, Actor("substitute", grants, "leader"))


def test_the_reading_decides_whether_they_stay_apart() -> None:
    law = law_of()
    chosen = replace(law.readings["handler-apart"], chosen="allowed")
    lax = replace(law, readings={**law.readings, "handler-apart": chosen})
    strict, loose = told_until("approval"), told_until("approval", Story(ruleset=lax))
    author = Actor("leader", REVIEWER.grants)
    assert (replies(strict, author), replies(loose, author)) == (False, True)


def test_a_rule_from_before_there_were_separations_keeps_the_team_apart() -> None:
    story = told_until("approval", Story(ruleset=replace(law_of(), separations={})))
    assert replies(story)
    assert not replies(story, Actor("leader", REVIEWER.grants))


def test_a_separation_is_of_the_roles_that_it_names() -> None:
    law = law_of()
    only = replace(law.separations["reply"], roles=("government_signer",))
    story = told_until("approval", Story(ruleset=replace(law, separations={"reply": only})))
    for role, expected in (("government_signer", False), ("government_handler", True)):
        author = Actor("leader", holder(role).grants)
        assert replies(story, author) is expected


def test_the_kinds_that_cannot_be_restricted_are_those_of_people_and_intervals() -> None:
    """Every always restricted step of the profile is of a kind that can be."""
    always = [each for each in law_of().steps.values() if each.restriction is not None]
    assert {each.id for each in always} == {"refer_discipline", "accountability_group"}
    assert all(each.kind not in (Kind.MEMBERSHIP, Kind.RECUSAL, Kind.INTERVAL) for each in always)
