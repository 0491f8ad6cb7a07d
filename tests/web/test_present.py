"""How counts are drawn, whatever reading counts them."""

from datetime import date

import pytest

from fireinvest.regulation.days import Skipped
from fireinvest.web.present import SKIPPED, strip
from tests.workflow.stories import CALENDAR, Story, with_reading


def test_every_reason_for_skipping_a_day_has_words() -> None:
    assert set(SKIPPED) == set(Skipped)


@pytest.mark.parametrize("fire", ["2025-05-13", "2025-05-14", "2025-08-02"])
def test_days_over_which_an_end_rolls_are_drawn(fire: str) -> None:
    """Under the other reading a period that ends on a rest day goes on to the next working day."""
    story = Story(fire)
    rolling = Story(fire, ruleset=with_reading(story.ruleset, "report-roll", "roll"))
    found = rolling.clock("report/1", fire)
    assert found.due_on.weekday() < 5
    assert found.due_on > story.clock("report/1", fire).due_on
    drawn = strip(CALENDAR, found)
    assert drawn is not None
    days = [cell for month in drawn.months for week in month.weeks for cell in week if cell]
    assert days[-1].on == found.due_on
    assert date.fromisoformat(fire) == days[0].on
    assert any("is-rolled" in cell.classes for cell in days)
