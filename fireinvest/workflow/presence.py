"""Was somebody in two places at once? Interviews, surveys and experiments of one investigator.

Two that follow each other without a gap don't overlap.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from fireinvest.workflow.items.scene import Attended
from fireinvest.workflow.registers import Record


@dataclass(frozen=True, slots=True)
class Attendance:
    """What investigators attended. ``number``: the case in which it stands."""

    number: str
    record: Record

    @property
    def attended(self) -> Attended | None:
        """From when to when, and by whom; None where its times aren't known."""
        values = self.record.values
        if not isinstance(values, Attended) or values.began_at is None or values.ended_at is None:
            return None
        return values


@dataclass(frozen=True, slots=True)
class Clash:
    """Somebody was at two things at once."""

    person: str
    one: Attendance
    other: Attendance


def clashes_of(mine: Iterable[Attendance], all_of_them: Iterable[Attendance]) -> list[Clash]:
    """Return where the investigators of some attendances were elsewhere at the same time."""
    others = [(each, each.attended) for each in all_of_them]
    found: list[Clash] = []
    for one in mine:
        first = one.attended
        if first is None:
            continue
        for other, second in others:
            if second is None or _is_same(one, other) or not _overlap(first, second):
                continue
            theirs = {"".join(name.split()) for name in second.investigators}
            found.extend(
                Clash(name, one, other)
                for name in first.investigators
                if "".join(name.split()) in theirs
            )
    return found


def _is_same(one: Attendance, other: Attendance) -> bool:
    keys = [(each.number, each.record.register, each.record.item) for each in (one, other)]
    return keys[0] == keys[1]


def _overlap(one: Attended, other: Attended) -> bool:
    assert one.began_at is not None  # noqa: S101 - attended looked for both
    assert other.began_at is not None  # noqa: S101
    return bool(
        one.began_at < (other.ended_at or other.began_at)
        and other.began_at < (one.ended_at or one.began_at)
    )
