"""The demo's archive: how long a file is kept, a document that was left out, and who had the file."""

from collections.abc import Iterator
from datetime import timedelta

from fireinvest.services.archives.keeping import kept_until
from fireinvest.services.demo.papers import Papers
from fireinvest.services.demo.story import Story
from fireinvest.workflow.items.archive import Lending, Retention
from fireinvest.workflow.items.base import Item

#: Of a case that ended, the period of its level.
_PERIOD = "years30"
_PLACE = "档案室3排2柜4层（演示）"


def papers(story: Story) -> Iterator[Papers]:
    """Yield what the archive says of a general case that was filed and has ended."""
    filed = [each for each in story.deeds if each.step == "archive"]
    ended = [each for each in story.deeds if each.step == "evaluation_report"]
    ruleset = story.law.in_force(story.place.division, story.fire_on)
    period = ruleset.periods.get(_PERIOD)
    if not filed or not ended or period is None:
        return
    last = filed[-1]
    until = kept_until(period, last.on)
    kept = Retention(_PERIOD, last.on, until, _PLACE)
    yield Papers(last.by, last.on, (("retentions", kept),))
    lent_on = last.on + timedelta(days=40)
    back = Lending(
        "审计组查阅人（演示）", "审计机关（演示）", "核对整改资金使用情况", "paper", "第1卷",
        "机构负责人（演示）", lent_on, lent_on + timedelta(days=10), lent_on + timedelta(days=6),
        "档案室（演示）",
    )  # fmt: skip
    again = lent_on + timedelta(days=60)
    out = Lending(
        "评估组查阅人（演示）", "整改评估组（演示）", "核对整改措施落实情况", "paper", "第1卷",
        "机构负责人（演示）", again, again + timedelta(days=15),
    )  # fmt: skip
    copied = Lending(
        "法制部门查阅人（演示）", "法制部门（演示）", "行政复议答复", "copy", "第1卷",
        "机构负责人（演示）", again + timedelta(days=3),
    )  # fmt: skip
    items: tuple[tuple[str, Item], ...] = (("lendings", back),)
    yield Papers(last.by, lent_on + timedelta(days=6), items)
    yield Papers(last.by, again + timedelta(days=3), (("lendings", out), ("lendings", copied)))
