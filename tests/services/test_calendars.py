"""The calendar under the notices of a folder."""

import json
from datetime import date
from pathlib import Path

import pytest

from fireinvest.regulation.loading import ProfileFaulty
from fireinvest.services.calendars import calendar_with, notices_in, read_notice

#: A made-up notice for 2027: the statutory days, and one swap at New Year.
NOTICE_2027: dict[str, object] = {
    "year": 2027,
    "number": "试〔2026〕1号",
    "off": [
        *("2027-01-01", "2027-01-04"),
        *("2027-02-05", "2027-02-06", "2027-02-07", "2027-02-08", "2027-02-09", "2027-02-10"),
        *("2027-04-05", "2027-05-01", "2027-05-02", "2027-05-03", "2027-05-04"),
        *("2027-06-09", "2027-09-15", "2027-10-01", "2027-10-02", "2027-10-03"),
        *("2027-10-04", "2027-10-05"),
    ],
    "worked": ["2027-01-09"],
}


def written(folder: Path, name: str, document: object) -> Path:
    path = folder / name
    path.write_text(json.dumps(document, ensure_ascii=False))
    return path


def test_a_notice_moves_the_working_days_of_its_year(tmp_path: Path) -> None:
    written(tmp_path, "2027.json", NOTICE_2027)
    before, after = calendar_with(()), calendar_with(notices_in(tmp_path))
    assert not before.is_announced(date(2027, 1, 4))
    assert after.is_announced(date(2027, 1, 4))
    assert before.nth_working_day(date(2026, 12, 31), 1) == date(2027, 1, 4)
    assert after.nth_working_day(date(2026, 12, 31), 1) == date(2027, 1, 5)
    assert after.is_working(date(2027, 1, 9))
    assert after.announced_until == date(2027, 12, 31)


def test_the_same_notices_give_the_same_calendar(tmp_path: Path) -> None:
    written(tmp_path, "2027.json", NOTICE_2027)
    assert calendar_with(notices_in(tmp_path)) is calendar_with(notices_in(tmp_path))


def test_without_a_folder_there_are_no_notices() -> None:
    assert notices_in(None) == ()


def test_a_notice_can_be_written_as_toml(tmp_path: Path) -> None:
    lines = [
        f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in NOTICE_2027.items()
    ]
    (tmp_path / "2027.toml").write_text("\n".join(lines))
    assert read_notice(tmp_path / "2027.toml").year == 2027


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"worked": ["2027-01-06"]}, "worked"),
        ({"worked": ["2028-01-08"]}, "worked"),
        ({"off": ["2027-01-01"]}, "off"),
        ({"number": ""}, "number"),
        ({"year": "2027"}, "year"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_bad_notice_is_refused_with_its_file_and_key(
    tmp_path: Path, change: dict[str, object], field: str
) -> None:
    path = written(tmp_path, "2027.json", {**NOTICE_2027, **change})
    with pytest.raises(ProfileFaulty) as refused:
        read_notice(path)
    assert refused.value.file == "2027.json"
    assert field in {each.field for each in refused.value.problems}


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff", b"[" * 100_000, b" " * 2_000_000])
def test_a_file_that_is_no_notice_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notice.json"
    path.write_bytes(content)
    with pytest.raises(ProfileFaulty):
        read_notice(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileFaulty):
        read_notice(tmp_path / "none.json")
