"""What time is it? The only module that reads the time, so that everything else can be replayed."""

import time
from datetime import UTC, date, datetime

from fireinvest.china import CHINA


def utcnow() -> datetime:
    """Which instant is it now, in UTC?"""
    return datetime.now(UTC)


def today_in_china() -> date:
    """Which day does the calendar on a Chinese wall show now?"""
    return utcnow().astimezone(CHINA).date()


def stopwatch() -> float:
    """How many seconds does a steady clock show? Only differences have a meaning."""
    return time.perf_counter()
