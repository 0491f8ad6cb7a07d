"""Items of the archive: what is left out says why, paper comes back, nothing before its time."""

from dataclasses import replace
from datetime import date

import pytest

from fireinvest.workflow.items.archive import Arrangement, BoundVolume, Lending, Retention
from fireinvest.workflow.items.base import Item

FIRE, TODAY = date(2025, 5, 12), date(2025, 9, 10)
ONE, TWO, THREE = date(2025, 8, 1), date(2025, 8, 2), date(2025, 8, 3)
LENT = Lending("某人", "某局", "查阅", "paper", lent_on=TWO, due_on=THREE)


def wrong(item: Item) -> set[str]:
    return {each.field for each in item.problems(FIRE, TODAY)}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Arrangement("图", "entry:1:ab"), set()),
        (Arrangement("图", "entry:1:ab", left_out=True), {"why"}),
        (Arrangement("图", "entry:1:ab", left_out=True, why="重份"), set()),
        (Arrangement("图", "entry:1:ab", volume=0), {"volume"}),
        (Arrangement("图", "entry:1:ab", volume=1), set()),
        (Retention("years30", FIRE), set()),
        (Retention("years30", date(2025, 5, 11)), {"filed_on"}),
        (Retention("years30"), set()),
        (BoundVolume(1, "卷", 1, 1), set()),
        (LENT, set()),
        (replace(LENT, due_on=None), {"due_on"}),
        (replace(LENT, due_on=None, form="copy"), set()),
        (replace(LENT, due_on=TWO), set()),
        (replace(LENT, due_on=ONE), {"due_on"}),
        (replace(LENT, returned_on=ONE, received_by="某人"), {"returned_on"}),
        (replace(LENT, returned_on=TWO), {"received_by"}),
        (replace(LENT, lent_on=None, due_on=ONE), set()),
    ],
)
def test_what_does_not_fit_together_is_told(item: Item, expected: set[str]) -> None:
    assert wrong(item) == expected


def test_what_is_out_is_overdue_from_the_day_after() -> None:
    assert [LENT.is_overdue(each) for each in (TWO, THREE, date(2025, 8, 4))] == [
        False, False, True,
    ]  # fmt: skip
    back = replace(LENT, returned_on=THREE, received_by="某人")
    assert (LENT.is_out, back.is_out, back.is_overdue(TODAY)) == (True, False, False)
    assert not replace(LENT, form="copy", due_on=None).is_overdue(TODAY)


def test_files_are_found_by_when_they_were_filed_are_over_and_are_due_back() -> None:
    kept = Retention("years10", ONE, TWO)
    assert list(kept.keys()) == [("filed", "2025-08-01"), ("kept_until", "2025-08-02")]
    assert list(replace(kept, until=None).keys()) == [("filed", "2025-08-01")]
    assert list(Retention("years10").keys()) == []
    assert list(replace(kept, disposed_on=THREE).keys()) == []
    assert list(LENT.keys()) == [("lent", "2025-08-03")]
    assert list(replace(LENT, returned_on=THREE, received_by="某人").keys()) == []
