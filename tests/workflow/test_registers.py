"""The one door of registers: who writes into them, what must be there, and who reads what."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from fireinvest.messages import Faulty, Label, Text, render
from fireinvest.regulation.condition import Comparison, Leaf
from fireinvest.regulation.profile import Issuer, PaperForm, PaperKind, PaperOf, Ruleset
from fireinvest.workflow.actions import Merging, Order, Recusal
from fireinvest.workflow.case import Case
from fireinvest.workflow.errors import Invalid, NotAllowed, Refused
from fireinvest.workflow.items.papers import OfficialPaper
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.items.scene import Interview
from fireinvest.workflow.items.team import Task
from fireinvest.workflow.permissions import Actor, Grant
from fireinvest.workflow.registers import (
    Filing,
    Record,
    StaleItem,
    choices_of,
    file,
    masked,
    may_draw_up,
    may_write,
    record_reader,
    register_of,
    restrictions_of,
    writable,
)
from tests.regulation.law import day
from tests.workflow.stories import CASE_ID, LEADER, OFFICER, STRANGER, THE_SYSTEM, Story, told_until

TODAY = date(2025, 6, 10)
NOW = datetime(2025, 6, 10, 4, tzinfo=UTC)
SHOP = Party("某某商贸有限公司", "unit", "user")
MEMBER = Actor("member", (Grant("member", CASE_ID),))


@pytest.fixture(scope="module")
def case() -> Case:
    return told_until("evidence").case


def without(ruleset: Ruleset, *registers: str) -> Ruleset:
    left = {name: each for name, each in ruleset.registers.items() if name not in registers}
    return replace(ruleset, registers=left)


def nothing(_register: str, _items: frozenset[int]) -> Collection[int]:
    return ()


def everything(_register: str, items: frozenset[int]) -> Collection[int]:
    return items


def filed(
    case: Case,
    filing: Filing,
    before: Record | None = None,
    *,
    by: Actor = OFFICER,
    known: Callable[[str, frozenset[int]], Collection[int]] = nothing,
) -> Record:
    return file(
        case, by, filing, before, known, seq=7, number=3, case_id=CASE_ID, now=NOW, today=TODAY
    )


def record(values: Any = SHOP, register: str = "parties", **more: Any) -> Record:
    given = {"seq": 1, "item": 2, "version": 4, "recorded_at": NOW, "actor": "somebody", **more}
    return Record(register=register, values=values, **given)


def change(before: Record, values: Any = None, **more: Any) -> Filing:
    given = {"item": before.item, "expected_version": before.version, **more}
    return Filing(before.register, values or before.values, **given)


# ---------------------------------------------------------------------------- what is written


def test_a_new_item_has_the_next_number_and_a_changed_one_the_next_version(case: Case) -> None:
    new = filed(case, Filing("parties", SHOP, reason="现场登记", acting_for="chen"))
    assert (new.mark, new.version, new.seq, new.actor) == ("P3", 1, 7, "officer")
    assert (new.recorded_at, new.reason, new.acting_for) == (NOW, "现场登记", "chen")
    again = filed(case, change(record(), replace(SHOP, note="补充")), record())
    assert (again.mark, again.version, again.values) == ("P2", 5, replace(SHOP, note="补充"))


@pytest.mark.parametrize(
    ("filing", "before", "fault"),
    [
        (Filing("no_such", SHOP), None, Refused),
        (Filing("tasks", SHOP), None, Refused),
        (Filing("parties", SHOP, item=2), None, Refused),
        (Filing("parties", SHOP), record(), Refused),
        (change(record(version=3)), record(), StaleItem),
        (Filing("parties", SHOP, item=2), record(), StaleItem),
    ],
)
def test_what_names_nothing_that_is_there_is_refused(
    case: Case, filing: Filing, before: Record | None, fault: type[Faulty]
) -> None:
    with pytest.raises(fault):
        filed(case, filing, before)


def test_a_register_that_the_rule_of_a_case_does_not_keep_is_refused(case: Case) -> None:
    older = replace(case, ruleset=without(case.ruleset, "parties"))
    assert register_of(older, "parties") is None
    assert "parties" not in writable(THE_SYSTEM, older, CASE_ID)
    with pytest.raises(Refused):
        filed(older, Filing("parties", SHOP))


def test_a_case_that_goes_on_in_another_takes_nothing_more() -> None:
    story = told_until("evidence")
    story.tell("merge", "2025-06-09", Merging("case-2"))
    with pytest.raises(Refused):
        filed(story.case, Filing("parties", SHOP))


@pytest.mark.parametrize(
    ("values", "more", "fields"),
    [
        (SHOP, {}, []),
        (Party(), {}, ["name", "sort", "role"]),
        (replace(SHOP, sort="x"), {}, ["sort"]),
        (replace(SHOP, identity_no="1"), {}, ["identity_no"]),
        (replace(SHOP, of_unit=(1, 9)), {}, ["of_unit"]),
        (SHOP, {"restriction": "discipline"}, []),
        (SHOP, {"restriction": "x"}, ["restriction"]),
        (SHOP, {"reason": "x" * 2000}, []),
        (SHOP, {"reason": "x" * 2001}, ["reason"]),
        (SHOP, {"is_withdrawn": True}, ["reason"]),
        (Party(), {"is_withdrawn": True, "reason": "错"}, []),
    ],
)
def test_what_can_not_be_is_named_at_its_field(
    case: Case, values: Party, more: dict[str, Any], fields: list[str]
) -> None:
    def known(_register: str, items: frozenset[int]) -> Collection[int]:
        return items & {1}

    found: list[str] = []
    try:
        filed(case, Filing("parties", values, **more), known=known)
    except Invalid as invalid:
        found = [each.field for each in invalid.problems]
    assert found == fields


def test_days_that_lie_ahead_are_named(case: Case) -> None:
    interview = Interview()
    ahead = replace(interview, began_at=datetime(2025, 6, 10, 5, tzinfo=UTC))
    with pytest.raises(Invalid) as caught:
        filed(case, Filing("interviews", ahead))
    named = [each for each in caught.value.problems if each.field == "began_at"]
    assert [each.text for each in named] == [Text("The time lies in the future.")]


def test_an_item_names_others_that_count_or_that_it_named_before(case: Case) -> None:
    before = record(replace(SHOP, of_unit=(1,)))
    kept = change(before, replace(SHOP, of_unit=(1,), note="x"))
    assert filed(case, kept, before).version == 5
    for wrong in ((2,), (1, 3)):
        with pytest.raises(Invalid) as caught:
            filed(case, change(before, replace(SHOP, of_unit=wrong)), before)
        assert [each.field for each in caught.value.problems] == ["of_unit"]
    more = change(before, replace(SHOP, of_unit=(1, 3)))
    assert filed(case, more, before, known=everything).version == 5


def test_a_code_that_went_off_its_list_may_stay_where_it_was(case: Case) -> None:
    once = replace(SHOP, role="once")
    before = record(once)
    assert filed(case, change(before, replace(once, note="x")), before).version == 5
    with pytest.raises(Invalid):
        filed(case, Filing("parties", once))


def test_what_is_withdrawn_can_count_again(case: Case) -> None:
    gone = filed(case, change(record(), reason="重复", is_withdrawn=True), record())
    assert gone.is_withdrawn
    assert not filed(case, change(gone), gone).is_withdrawn


def test_what_is_withdrawn_is_found_by_nothing_but_a_void_paper_by_its_codes() -> None:
    shop = record(SHOP)
    assert shop.keys == tuple(SHOP.keys())
    assert replace(shop, is_withdrawn=True).keys == ()
    paper = OfficialPaper(kind="team_request", codes="AAAA BBBB", document_no="1号")
    void = replace(shop, register="papers", values=paper, is_withdrawn=True)
    assert void.keys == (("paper", "AAAA"), ("paper", "BBBB"), ("document", "1号"))


# ---------------------------------------------------------------------------- who


def test_whoever_the_register_names_writes_into_it(case: Case) -> None:
    register = case.ruleset.registers["parties"]
    matches = case.ruleset.registers["matches"]
    for actor, may, may_decide in (
        (THE_SYSTEM, True, True),
        (OFFICER, True, True),
        (LEADER, True, True),
        (MEMBER, True, False),
        (STRANGER, False, False),
    ):
        assert may_write(actor, case, CASE_ID, register) is may, actor
        assert may_write(actor, case, CASE_ID, matches) is may_decide, actor
        names = writable(actor, case, CASE_ID)
        assert ("parties" in names, "matches" in names) == (may, may_decide)
    with pytest.raises(NotAllowed) as caught:
        filed(case, Filing("parties", SHOP), by=STRANGER)
    assert caught.value.problems[0].article == str(register.basis)


def test_a_paper_is_written_by_those_who_draw_up_its_kind(case: Case) -> None:
    kind = PaperKind(
        id="team_request", label=Label("请示", "request"), basis=case.ruleset.stages["team"].basis,
        stage="team", form=PaperForm.UPWARD, of=PaperOf.CASE, of_id=None, who=("leader", "x"),
        issued_by=Issuer.AGENCY, is_numbered=True, archive=None, restriction=None, step=None,
        when=Leaf("mode", Comparison.IS, "investigate"),
    )  # fmt: skip
    ruled = replace(case, ruleset=replace(case.ruleset, papers={kind.id: kind}))
    paper = OfficialPaper(kind=kind.id, title="请示", drawn_on=TODAY)
    assert [each.id for each in choices_of(ruled, "papers")] == [kind.id]
    for actor, may in ((THE_SYSTEM, True), (LEADER, True), (OFFICER, False), (STRANGER, False)):
        assert may_draw_up(actor, ruled, CASE_ID, kind) is may, actor
    assert filed(ruled, Filing("papers", paper), by=LEADER).mark == "GW3"
    with pytest.raises(NotAllowed) as caught:
        filed(ruled, Filing("papers", paper), by=OFFICER)
    assert [each.field for each in caught.value.problems] == ["kind"]
    assert "组长" in render(caught.value.problems[0].text, "zh")
    with pytest.raises(Invalid):
        filed(ruled, Filing("papers", replace(paper, kind="poem")), by=OFFICER)
    void = record(paper, "papers", is_withdrawn=True)
    with pytest.raises(Refused, match="stays so"):
        filed(ruled, change(void), void, by=LEADER)
    assert filed(
        ruled, change(void, is_withdrawn=True, reason="重复"), void, by=LEADER
    ).is_withdrawn


def test_a_restricted_item_is_read_by_those_named_and_by_who_wrote_it(case: Case) -> None:
    plain, secret = record(), record(restriction="discipline")
    unknown = record(restriction="of a later rule")
    by_member = record(restriction="discipline", actor="member")
    for_member = record(restriction="discipline", actor="x", acting_for="member")
    for actor, reads in (
        (THE_SYSTEM, (True, True, True, True, True)),
        (LEADER, (True, True, False, True, True)),
        (MEMBER, (True, False, False, True, True)),
        (STRANGER, (False, False, False, False, False)),
    ):
        may = record_reader(actor, case, CASE_ID)
        found = tuple(may(each) for each in (plain, secret, unknown, by_member, for_member))
        assert found == reads, actor
    with pytest.raises(NotAllowed):
        filed(case, change(secret), secret, by=MEMBER)
    assert filed(case, change(secret), secret, by=LEADER).version == 5


def test_a_recused_person_reads_and_writes_nothing() -> None:
    story = told_until("evidence")
    grounds = story.ruleset.lists["recusal_grounds"].items[0].id
    story.tell("establish_team", "2025-05-14", Order(document_no="1", person="leader"))
    story.tell("declare_recusal", "2025-06-01", Recusal(person="member", item=grounds))
    story.tell("decide_recusal", "2025-06-02", Recusal(person="member", outcome="granted"))
    assert not record_reader(MEMBER, story.case, CASE_ID)(record(actor="member"))
    assert writable(MEMBER, story.case, CASE_ID) == frozenset()


def test_a_register_can_be_restricted_as_a_whole(case: Case) -> None:
    register = replace(case.ruleset.registers["parties"], restriction="informer")
    ruleset = replace(case.ruleset, registers={"parties": register})
    assert restrictions_of(ruleset, record(restriction="discipline")) == {"informer", "discipline"}
    assert restrictions_of(ruleset, record()) == {"informer"}
    assert restrictions_of(without(ruleset, "parties"), record()) == frozenset()


def test_choices_are_those_of_the_list_that_fit_the_case(case: Case) -> None:
    assert [each.id for each in choices_of(case, "party_sorts")] == ["unit", "person"]
    assert choices_of(case, "no_such_list") == ()
    assert [each.id for each in choices_of(case, "periods")] == ["permanent", "years30", "years10"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("530302190001011234", "530302********1234"),
        ("13800001234", "138****1234"),
        ("0874312", "0*****2"),
        ("12", "**"),
        ("", ""),
    ],
)
def test_numbers_of_people_are_shown_in_part(value: str, shown: str) -> None:
    assert masked(value) == shown


def test_an_item_of_a_task_is_called_by_its_mark() -> None:
    task = Task("查阅消防档案", "zhao", day("2025-06-12"), "open")
    assert record(task, "tasks").mark == f"{Task.PREFIX}2"
    assert Story().case.ruleset.registers["tasks"].one.zh == "任务"
