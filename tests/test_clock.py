"""The clock, and that nobody else reads the time."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config import ROOT
from fireinvest import clock

READS_THE_TIME = re.compile(
    r"datetime\.(now|utcnow|today)\(|date\.today\(|\btime\.(time|time_ns|monotonic|perf_counter"
    r"|localtime|gmtime)\(|from time import"
)


def test_utcnow_is_aware_and_now() -> None:
    before = datetime.now(UTC)
    now = clock.utcnow()
    assert now.utcoffset() is not None
    assert before <= now <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 2, 24, 15, 59, 59, tzinfo=UTC), "2026-02-24"),
        (datetime(2026, 2, 24, 16, 0, 0, tzinfo=UTC), "2026-02-25"),
        (datetime(2025, 12, 31, 16, 0, 0, tzinfo=UTC), "2026-01-01"),
    ],
)
def test_the_day_in_china_begins_at_16_utc(
    instant: datetime, day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "utcnow", lambda: instant)
    assert clock.today_in_china().isoformat() == day


def test_the_stopwatch_never_runs_back() -> None:
    first = clock.stopwatch()
    assert clock.stopwatch() >= first


def test_only_the_clock_reads_the_time() -> None:
    package = ROOT / "fireinvest"
    readers = [
        str(path.relative_to(ROOT))
        for path in sorted(package.rglob("*.py"))
        if path != Path(clock.__file__) and READS_THE_TIME.search(path.read_text())
    ]
    assert readers == []
