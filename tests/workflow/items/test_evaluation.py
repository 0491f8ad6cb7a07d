"""Items of evaluation and supervision: limits in order, and by what a unit is known again."""

from dataclasses import replace
from datetime import date

from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.evaluation import (
    DelayNotice,
    NewFireJudgement,
    SheetLine,
    Supervision,
    place_keys,
)

FIRE, TODAY = date(2025, 5, 12), date(2025, 9, 10)
ONE, TWO, THREE = date(2025, 8, 1), date(2025, 8, 2), date(2025, 8, 3)


def wrong(item: Item) -> set[str]:
    return {each.field for each in item.problems(FIRE, TODAY)}


ORDERED = Supervision(
    "某 公司", None, "某路1号", "某区政府", "拆除", None, "政发1号", ONE, TWO
)  # fmt: skip


def test_limits_of_a_supervision_follow_one_another() -> None:
    assert wrong(ORDERED) == set()
    assert wrong(replace(ORDERED, due_on=date(2025, 7, 31))) == {"due_on"}
    assert wrong(replace(ORDERED, due_on=None)) == set()
    assert wrong(replace(ORDERED, ordered_on=None)) == set()
    extended = replace(ORDERED, extended_to=TWO)
    assert wrong(extended) == {"extended_to", "extended_on", "extension_grounds"}
    extended = replace(extended, extended_to=THREE, extended_on=TWO, extension_grounds="雨季")
    assert wrong(extended) == set()
    assert wrong(replace(extended, due_on=None)) == set()
    assert wrong(replace(ORDERED, lifted_on=TWO)) == {"lifting_grounds"}
    assert wrong(replace(ORDERED, lifted_on=TWO, lifting_grounds="已拆除")) == set()
    assert (ORDERED.limit, extended.limit) == (TWO, THREE)


def test_a_unit_is_known_again_as_long_as_it_is_supervised() -> None:
    assert set(ORDERED.keys()) == {
        ("supervised", "name:某公司"), ("supervised", "at:某路1号"),
    }  # fmt: skip
    assert list(place_keys(None, "91A", None)) == [("supervised", "code:91a")]
    assert list(replace(ORDERED, lifted_on=TWO).keys()) == []


def test_an_answer_follows_its_notice() -> None:
    sent = DelayNotice("court", "人民法院", (1,), "请督促", None, TWO)
    assert wrong(sent) == set()
    assert wrong(replace(sent, answered_on=ONE)) == {"answered_on", "answer"}
    assert wrong(replace(sent, answered_on=TWO, answer="已排期")) == set()
    assert wrong(replace(sent, sent_on=None, answered_on=TWO, answer="已排期")) == set()


def test_all_three_conditions_make_it_serious() -> None:
    judged = NewFireJudgement("5303-2025-0002", None, True, True, True, "依据", "市政府", ONE)
    assert judged.outcome == "conditions_met"
    for one in (
        replace(judged, is_past=False),
        replace(judged, is_not_rectified=False),
        replace(judged, is_serious=None),
    ):
        assert one.outcome == "conditions_not_met"
    assert list(judged.keys()) == [("judged", "5303-2025-0002")]
    assert list(replace(judged, other=None).keys()) == []
    assert wrong(SheetLine("lessons", "专项整治")) == set()
