"""Holiday notices as public data has them, and as somebody types them."""

import json
from typing import Any

import pytest

from fireinvest.messages import Faulty, render
from fireinvest.regulation.calendar import parse_notice
from fireinvest.services.notice_files import LARGEST_FILE, days_in, days_off_in, notice_in
from tests.services.test_calendars import NOTICE_2027

OFF: list[str] = NOTICE_2027["off"]  # type: ignore[assignment]
WORKED: list[str] = NOTICE_2027["worked"]  # type: ignore[assignment]
NUMBER = {"number": "试〔2026〕1号"}

PUBLIC: dict[str, Any] = {
    "$schema": "https://example.org/schema.json",
    "year": 2027,
    "papers": ["https://example.org/notice.htm"],
    "days": [
        *({"name": "节", "date": each, "isOffDay": True} for each in OFF),
        *({"name": "节", "date": each, "isOffDay": False} for each in WORKED),
    ],
}
TABLE = "date,name,isOffDay\n" + "".join(
    f"{day},节,{'true' if day in OFF else 'false'}\n" for day in (*OFF, *WORKED)
)


def read(content: object, name: str = "2027.json", **given: object) -> Any:
    written = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return notice_in(written.encode(), name, given={**NUMBER, **given})


def faults(content: object, name: str = "2027.json", **given: object) -> list[str]:
    with pytest.raises(Faulty) as refused:
        read(content, name, **given)
    return [f"{each.field}: {render(each.text, 'en')}" for each in refused.value.problems]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (NOTICE_2027, "n.json"),
        (PUBLIC, "n.JSON"),
        (TABLE, "n.csv"),
        ("\ufeff" + TABLE.replace("true", "是").replace("false", "否"), "n.csv"),
        (TABLE.replace("date,name,isOffDay", "日期,名称,放假"), "n.csv"),
        (
            "\n".join(f"{key} = {json.dumps(value)}" for key, value in NOTICE_2027.items()),
            "n.toml",
        ),
    ],
)
def test_every_form_says_the_same_days(content: object, name: str) -> None:
    found, plain = read(content, name), parse_notice(NOTICE_2027)
    assert (found.year, found.number) == (2027, plain.number)
    assert set(found.off) == set(plain.off)
    assert found.worked == plain.worked


def test_what_the_file_says_counts_before_what_was_typed() -> None:
    assert read(NOTICE_2027, number="别的").number == "试〔2026〕1号"
    assert read(PUBLIC, number="别的", published_on="2026-11-04").number == "别的"


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        ({"days": "x"}, "n.json", "days: A list of at most"),
        ({"days": [{"date": "2027-01-01"}]}, "n.json", "days: Entry 1: name, date and isOffDay"),
        ({"days": [{}] * 401}, "n.json", "days: A list of at most 400"),
        ({**PUBLIC, "days": [{"date": "x", "isOffDay": True}]}, "n.json", "days: Line 1: x is not"),
        ([], "n.json", "file: A table is needed."),
        ("{", "n.json", "file: The file can't be read"),
        ("[" * 100_000, "n.json", "file: The file can't be read"),
        ("a = ", "n.toml", "file: The file can't be read"),
        ("day,name\n", "n.csv", "file: The first line must name the columns"),
        ("", "n.csv", "file: The first line must name the columns"),
        ("date,name,isOffDay\n2027-01-01,节,maybe\n", "n.csv", "file: Line 2: isOffDay"),
        ("date,isOffDay\n2027-13-01,true\n", "n.csv", "file: Line 2: 2027-13-01 is not"),
        ("date,isOffDay\n" + "2027-01-01,true\n" * 2, "n.csv", "file: Line 3: 2027-01-01 stands"),
        ("date,isOffDay\n" + "2027-01-01,true\n" * 401, "n.csv", "file: A list of at most 400"),
        ("date,isOffDay\n2027-01-01,true\n", "n.csv", "off: 2027-02-08 is a statutory holiday"),
        ("date,isOffDay\n", "n.csv", "year: A year from"),
    ],
)
def test_what_cannot_be_taken_is_named_by_its_line(
    content: object, name: str, expected: str
) -> None:
    assert any(each.startswith(expected) for each in faults(content, name))


def test_a_file_that_is_no_text_or_too_large_is_refused() -> None:
    for content in (b"\xff\xfe", b" " * (LARGEST_FILE + 1)):
        with pytest.raises(Faulty) as refused:
            notice_in(content, "n.json")
        assert [each.field for each in refused.value.problems] == ["file"]


def test_typed_ranges_give_each_day_its_name() -> None:
    typed = "2027-02-05 至 2027-02-07 春节\n\n2027-04-05 清明节\n2027-05-01~2027-05-02"
    assert days_off_in(typed) == {
        "2027-02-05": "春节", "2027-02-06": "春节", "2027-02-07": "春节", "2027-04-05": "清明节",
        "2027-05-01": "", "2027-05-02": "",
    }  # fmt: skip
    assert days_off_in("2027-02-05 2027-02-06") == {"2027-02-05": "", "2027-02-06": ""}
    assert days_in(" 2027-01-09，2027-01-10\n2027-02-20 ") == [
        "2027-01-09", "2027-01-10", "2027-02-20",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("春节", "Line 1"),
        ("2027-02-05 节\n2027-02-30 节", "Line 2"),
        ("2027-02-07 2027-02-05 节", "Line 1"),
        ("2027-02-05 2027-06-05 节", "Line 1"),
        ("2027-02-05 节\n2027-02-05 节", "Line 2"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(typed: str, line: str) -> None:
    with pytest.raises(Faulty) as refused:
        days_off_in(typed)
    assert render(refused.value.problems[0].text, "en").startswith(line)
