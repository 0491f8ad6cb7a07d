"""When a notice may be sent: at once, in a digest, after quiet hours; each at its bounds."""

from datetime import UTC, datetime

import pytest

from fireinvest.china import CHINA
from fireinvest.services.delivering import after_quiet, digest_between, job, next_digest
from fireinvest.store.channels import Channel


def at(written: str) -> datetime:
    """An instant from a day and time in China."""
    return datetime.fromisoformat(written).replace(tzinfo=CHINA)


def channel(
    kind: str = "mail", *, is_digest: bool = False, quiet: tuple[int, int] | None = None
) -> Channel:
    """A confirmed channel."""
    start, end = quiet or (None, None)
    since = at("2025-01-01 00:00")
    return Channel(7, 1, kind, "a@b", None, is_digest, start, end, since, since, None, None)


NIGHT, NOON = (22 * 60, 7 * 60), (12 * 60, 14 * 60)


@pytest.mark.parametrize(
    ("quiet", "now", "until"),
    [
        (None, "2025-07-08 23:00", None),
        (NIGHT, "2025-07-08 21:59", None),
        (NIGHT, "2025-07-08 22:00", "2025-07-09 07:00"),
        (NIGHT, "2025-07-08 23:59", "2025-07-09 07:00"),
        (NIGHT, "2025-07-09 00:00", "2025-07-09 07:00"),
        (NIGHT, "2025-07-09 06:59", "2025-07-09 07:00"),
        (NIGHT, "2025-07-09 07:00", None),
        (NOON, "2025-07-08 11:59", None),
        (NOON, "2025-07-08 12:00", "2025-07-08 14:00"),
        (NOON, "2025-07-08 13:59", "2025-07-08 14:00"),
        (NOON, "2025-07-08 14:00", None),
        ((8 * 60, 8 * 60), "2025-07-08 08:00", None),
    ],
)
def test_quiet_hours(quiet: tuple[int, int] | None, now: str, until: str | None) -> None:
    found = after_quiet(channel(quiet=quiet), at(now).astimezone(UTC))
    assert found == (None if until is None else at(until))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2025-07-08 07:59", "2025-07-08 08:00"),
        ("2025-07-08 08:00", "2025-07-09 08:00"),
        ("2025-07-08 23:59", "2025-07-09 08:00"),
        ("2025-12-31 08:01", "2026-01-01 08:00"),
    ],
)
def test_digests_are_sent_at_eight_and_each_notice_stands_in_one(now: str, expected: str) -> None:
    found = next_digest(at(now))
    assert found == at(expected)
    since, until = digest_between(found.date())
    assert since <= at(now) < until == found


@pytest.mark.parametrize(
    ("given", "passes_quiet", "now", "kind", "not_before"),
    [
        (channel(), False, "2025-07-08 23:00", "mail", None),
        (channel(quiet=NIGHT), False, "2025-07-08 23:00", "mail", "2025-07-09 07:00"),
        # What is due today or urgent passes.
        (channel(quiet=NIGHT), True, "2025-07-08 23:00", "mail", None),
        (channel(is_digest=True), False, "2025-07-08 23:00", "digest", "2025-07-09 08:00"),
        (channel(is_digest=True), True, "2025-07-08 23:00", "mail", None),
        # A digest too keeps quiet: until nine in the morning, here.
        (channel(is_digest=True, quiet=(22 * 60, 9 * 60)), False, "2025-07-08 23:00", "digest",
         "2025-07-09 09:00"),
        (channel("wecom"), False, "2025-07-08 23:00", "webhook", None),
        (channel("dingtalk"), True, "2025-07-08 23:00", "webhook", None),
        (channel("webhook", is_digest=True), False, "2025-07-08 23:00", "digest",
         "2025-07-09 08:00"),
    ],
)  # fmt: skip
def test_which_job_carries_a_notice_and_when(
    given: Channel, passes_quiet: bool, now: str, kind: str, not_before: str | None
) -> None:
    found = job(given, 5, 3, at(now), passes_quiet=passes_quiet)
    assert found.kind == kind
    assert found.not_before == (None if not_before is None else at(not_before))
    assert found.key == ("digest:7:2025-07-09" if kind == "digest" else "alert:5:7")
