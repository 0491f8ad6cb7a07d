"""Items of the scene: what has to be there, in which order, and what should be looked at again."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.scene import (
    Attended,
    CommissionedTest,
    Disagreement,
    Experiment,
    ExpertOpinion,
    Interview,
    Pin,
    RecordsRequest,
    SceneClosure,
    Survey,
)

DAY = date(2025, 5, 20)
NEXT = date(2025, 5, 21)
AT = datetime(2025, 5, 20, 1, tzinfo=UTC)
LATER = AT.replace(hour=2)

ASKED = Interview(
    person="张三", kind="witness", place="派出所", began_at=AT, ended_at=LATER,
    interviewer="甲", second="乙", rights_told=True, content="问答", signed="signed",
)  # fmt: skip
SURVEYED = Survey(
    place="现场", began_at=AT, ended_at=LATER, state="未动", lead="甲", second="乙", detail="痕迹"
)
TRIED = Experiment(
    "复燃", AT, LATER, "场地", lead="甲", second="乙", conditions="a", course="b", result="c"
)
TEST = CommissionedTest(
    subject="熔痕", body="中心", qualification="1", question="性质", sent_on=DAY
)
DIFFER = Disagreement("定性", ("nature",), "公安", "各方意见", DAY)
ASKS = RecordsRequest(to="供电局", what="记录", sent_on=DAY, due_on=NEXT)
CLOSED = SceneClosure("起火楼层", AT, guarded_by="民警")


@pytest.mark.parametrize(
    ("item", "wrong"),
    [
        (ASKED, []),
        (replace(ASKED, ended_at=AT), ["ended_at"]),
        (replace(ASKED, second="甲"), ["second"]),
        (replace(ASKED, interviewer=None), []),
        (replace(ASKED, identity_no="1"), ["identity_no"]),
        (replace(ASKED, signed="refused"), ["refusal"]),
        (replace(ASKED, signed="refused", refusal="认为不实"), []),
        (SURVEYED, []),
        (replace(SURVEYED, ended_at=AT, second="甲"), ["ended_at", "second"]),
        (replace(SURVEYED, detail=None), ["surroundings"]),
        (Pin((1,), "箱", 0, 1000), []),
        (Pin((1,), "箱", 1001, 1001), ["across", "down"]),
        (Pin((1, 2), "箱", 1, 1), ["plan"]),
        (Pin(None, "箱"), []),
        (TEST, []),
        (replace(TEST, expected_on=DAY), []),
        (replace(TEST, expected_on=date(2025, 5, 19)), ["expected_on"]),
        (replace(TEST, returned_on=date(2025, 5, 19)), ["returned_on", "conclusion"]),
        (replace(TEST, returned_on=DAY, conclusion="一次短路"), []),
        (replace(TEST, sent_on=None, expected_on=DAY), []),
        (CLOSED, []),
        (replace(CLOSED, released_at=AT), ["released_at", "released_by"]),
        (replace(CLOSED, released_at=LATER, released_by="组长"), []),
        (TRIED, []),
        (replace(TRIED, ended_at=AT, second="甲"), ["ended_at", "second"]),
        (DIFFER, []),
        (replace(DIFFER, court="法院"), ["court_on", "court_opinion"]),
        (replace(DIFFER, court="法院", court_on=DAY, court_opinion="适用"), []),
        (replace(DIFFER, settled_on=DAY), ["outcome"]),
        (ASKS, []),
        (replace(ASKS, sent_on=None), []),
        (replace(ASKS, due_on=date(2025, 5, 19)), ["due_on"]),
        (replace(ASKS, chased_on=date(2025, 5, 19), answered_on=date(2025, 5, 19)),
         ["chased_on", "answered_on"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_named(item: Item, wrong: list[str]) -> None:
    assert [each.field for each in item.problems(DAY, NEXT)] == wrong


@pytest.mark.parametrize(
    ("item", "doubted"),
    [
        (ASKED, []),
        (replace(ASKED, rights_told=False), ["rights_told"]),
        (TEST, []),
        (replace(TEST, qualified_until=DAY), []),
        (replace(TEST, qualified_until=date(2025, 5, 19)), ["qualified_until"]),
        (replace(TEST, returned_on=DAY, conclusion="x"), ["is_stamped"]),
        (replace(TEST, returned_on=DAY, conclusion="x", is_stamped=True), ["is_stamped"]),
        (replace(TEST, returned_on=DAY, is_stamped=True, is_signed=True), []),
        (ExpertOpinion("钱", is_signed=True), []),
        (ExpertOpinion("钱", is_signed=False), ["is_signed"]),
    ],
)
def test_what_should_be_looked_at_again_is_told(item: Item, doubted: list[str]) -> None:
    assert [each.field for each in item.doubts()] == doubted


@pytest.mark.parametrize(
    ("item", "people"),
    [
        (replace(ASKED, recorder=" 乙 "), ("甲", "乙")),
        (replace(SURVEYED, others="丙、丁，甲"), ("甲", "乙", "丙", "丁")),
        (TRIED, ("甲", "乙")),
    ],
)
def test_who_was_there_is_found_by_name_and_day(item: Item, people: tuple[str, ...]) -> None:
    assert isinstance(item, Attended)
    assert item.investigators == people
    # At one in the morning UTC it is nine in China, the same day.
    assert list(item.keys()) == [("investigator", f"2025-05-20 {each}") for each in people]
    assert not list(replace(item, began_at=None).keys())  # type: ignore[call-arg] # all have it


def test_only_what_is_attended_has_investigators() -> None:
    with pytest.raises(NotImplementedError):
        _ = Attended().investigators


def test_what_is_out_waits() -> None:
    assert TEST.is_open
    assert not TEST.lacks
    assert ASKS.is_open
    assert not replace(ASKS, answered_on=NEXT).is_open
