"""What must a list of the law contain, and what is lacking? In which stage is a case?"""

import pytest

from fireinvest.regulation.contents import lacking, needed
from fireinvest.regulation.facts import Category
from fireinvest.regulation.stages import stage_of
from tests.regulation.law import judged, law_of


def test_optional_items_are_never_lacking() -> None:
    law = law_of()
    assert lacking(law.lists["groups"], set(), judged().view()) == ()
    tests = [item.id for item in needed(law.lists["archive_file"], judged().view())]
    assert tests == ["founding", "report", "signatures", "reply", "evidence"]


@pytest.mark.parametrize(
    ("category", "union"), [(Category.WORK_SAFETY, True), (Category.ORDINARY, False), (None, False)]
)
def test_the_trade_union_is_needed_for_work_safety_alone(
    category: Category | None, union: bool
) -> None:
    items = needed(law_of().lists["team_bodies"], judged(category=category).view())
    assert ("trade_union" in [item.id for item in items]) is union


def test_what_is_covered_is_not_lacking() -> None:
    lines = law_of().lists["lines"]
    found = lacking(lines, {"use", "services", "nothing"}, judged().view())
    assert [item.id for item in found] == ["construction", "products", "supervision"]
    assert lacking(lines, {item.id for item in lines.items}, judged().view()) == ()


@pytest.mark.parametrize(
    ("done", "stage"),
    [
        (set(), "team"),
        ({"request_team"}, "team"),
        ({"establish_team"}, "evidence"),
        ({"establish_team", "analysis_meeting"}, "review"),
        ({"approve_report"}, "approval"),
        ({"submit_report"}, "approval"),
        ({"establish_team", "reply"}, "execution"),
        ({"superior_reply"}, "execution"),
        ({"open_evaluation"}, "evaluation"),
        ({"evaluation_report", "request_team"}, "evaluation"),
    ],
)
def test_the_furthest_stage_begun_counts(done: set[str], stage: str) -> None:
    assert stage_of(law_of(), done) == stage


def test_national_law_alone_knows_no_stages() -> None:
    assert stage_of(law_of("2020-05-12"), {"establish_team"}) is None
