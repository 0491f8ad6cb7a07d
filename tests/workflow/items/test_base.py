"""What every item is: read from outside in its shapes, naming others, found, and as the law has it."""

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import pytest

from fireinvest.messages import Problem
from fireinvest.regulation.facts import Given
from fireinvest.regulation.rulesets import known_law
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.items import ITEMS
from fireinvest.workflow.items.archive import PERIODS
from fireinvest.workflow.items.base import (
    Item,
    days_ahead,
    item_field,
    list_of,
    parse_item,
    references_of,
)
from fireinvest.workflow.items.inquiry import LineFinding
from fireinvest.workflow.items.papers import PAPERS

TODAY = date(2025, 5, 20)
NOW = datetime(2025, 5, 20, 4, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Thing(Item):
    """Something with a field of every shape."""

    NAME: ClassVar[str] = "name"
    PREFIX: ClassVar[str] = "X"

    name: str | None = item_field("name", needed=True)
    words: str | None = item_field("words", longest=12)
    told: str | None = item_field("told", Shape.LONG_TEXT)
    of: str | None = item_field("of", Shape.LISTED, of="things")
    some: tuple[str, ...] | None = item_field("some", Shape.CHOSEN, of="things")
    others: tuple[int, ...] | None = item_field("others", Shape.REFERENCES, of="parties")
    more: tuple[int, ...] | None = item_field("more", Shape.REFERENCES, of="parties")
    on: date | None = item_field("on", Shape.DAY)  # noqa: RUF009 - it is a field
    until: date | None = item_field("until", Shape.DAY, ahead=True)  # noqa: RUF009 - it is a field
    at: datetime | None = item_field("at", Shape.MOMENT)  # noqa: RUF009 - it is a field
    is_so: bool | None = item_field("is so", Shape.FLAG)
    count: int | None = item_field("count", Shape.COUNT)
    worth: int | None = item_field("worth", Shape.FEN)
    number: str | None = item_field("number", Shape.IDENTITY_NO)
    code: str | None = item_field("code", Shape.CREDIT_CODE)
    phone: str | None = item_field("phone", Shape.PHONE)


def parsed(**given: Any) -> tuple[Item, list[str]]:
    problems: list[Problem] = []
    item = parse_item(Thing, Given(given, problems))
    return item, [each.field for each in problems]


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("name", " 甲 ", "甲"),
        ("words", "一" * 12, "一" * 12),
        ("told", "x" * 10_000, "x" * 10_000),
        ("of", "this", "this"),
        ("some", "a,b，a、c", ("a", "b", "c")),
        ("some", ["a", "b"], ("a", "b")),
        ("some", " , ", None),
        ("others", "3, 1,3", (3, 1)),
        ("others", "", None),
        ("others", ",".join(str(each) for each in range(1, 501)), tuple(range(1, 501))),
        ("on", "2025-05-20", TODAY),
        ("at", "2025-05-20T12:00", NOW),
        ("is_so", "yes", True),
        ("is_so", "no", False),
        ("count", "0", 0),
        ("number", "53030219000101 123x", "53030219000101123X"),
        ("code", "91530300ma6k12345x", "91530300MA6K12345X"),
        ("phone", "+86 138-0000-1234", "+86 138-0000-1234"),
    ],
)
def test_a_field_is_read_in_its_shape(name: str, written: object, value: object) -> None:
    item, problems = parsed(**{name: written})
    assert (getattr(item, name), problems) == (value, [])


def test_money_is_read_in_yuan() -> None:
    item, problems = parsed(worth_yuan="12.50")
    assert (getattr(item, "worth"), problems) == (1250, [])  # noqa: B009 - a field of this test's own


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("name", "x" * 201),
        ("words", "一" * 13),
        ("told", "x" * 10_001),
        ("others", "P1"),
        ("others", "0"),
        ("others", "-1"),
        ("others", "1234567890"),
        ("others", ",".join(str(each) for each in range(1, 502))),
        ("on", "2025-02-30"),
        ("at", "2025-05-20"),
        ("at", "gestern"),
        ("is_so", "perhaps"),
        ("count", "-1"),
    ],
)
def test_what_is_no_such_value_is_named_at_its_field(name: str, written: str) -> None:
    item, problems = parsed(**{name: written})
    assert problems == [name]
    assert getattr(item, name) is None


def test_an_item_is_called_by_its_name_and_names_others() -> None:
    assert Thing("甲").called == "甲"
    assert Thing().called == ""
    assert references_of(Thing()) == {}
    assert references_of(Thing(others=(1, 2), more=(2, 3))) == {"parties": frozenset({1, 2, 3})}


@pytest.mark.parametrize(
    ("point", "of"),
    [
        (LineFinding("use", "spread"), "line_use"),
        (LineFinding("services", "spread"), "line_services"),
        (LineFinding(), "line_"),
    ],
)
def test_a_list_can_depend_on_another_field(point: LineFinding, of: str) -> None:
    known = {each.name: each for each in fields(point)}
    assert list_of(point, known["point"]) == of
    assert list_of(point, known["line"]) == "lines"
    assert list_of(point, known["text"]) is None


def test_what_most_sorts_say_nothing_of() -> None:
    item = Thing("甲")
    assert list(item.keys()) == []
    assert list(item.problems(TODAY, TODAY)) == []
    assert list(item.signing_problems(None, ("zhao",), has_files=True)) == []
    assert list(item.doubts()) == []


@pytest.mark.parametrize(
    ("item", "named"),
    [
        (Thing(on=TODAY, at=NOW, until=TODAY), []),
        (Thing(on=TODAY + timedelta(days=1)), ["on"]),
        (Thing(at=NOW + timedelta(seconds=1)), ["at"]),
        (Thing(until=TODAY + timedelta(days=1)), []),
    ],
)
def test_what_has_happened_does_not_lie_ahead(item: Item, named: list[str]) -> None:
    assert [each.field for each in days_ahead(item, TODAY, NOW)] == named


# ---------------------------------------------------------------------------- as the law has it

RULESET = known_law().in_force("530325", date(2025, 5, 12))


def test_every_register_of_the_rule_has_a_sort_of_items_and_the_other_way_round() -> None:
    assert set(RULESET.registers) == set(ITEMS)


@pytest.mark.parametrize("register", sorted(ITEMS))
def test_what_a_sort_of_items_names_exists(register: str) -> None:
    cls = ITEMS[register]
    names = {each.name for each in fields(cls)}
    assert cls.PREFIX.isascii()
    assert cls.PREFIX.isalpha()
    assert {cls.NAME} <= names
    assert set(cls.COLUMNS) <= names
    assert cls.COLUMNS
    for each in fields(cls):
        shape, of, by = (each.metadata[name] for name in ("shape", "of", "by"))
        if by is not None:
            codes = RULESET.lists[cls.__dataclass_fields__[by].metadata["of"]].items
            assert {f"{of}{code.id}" for code in codes} <= set(RULESET.lists), each.name
        elif shape in (Shape.LISTED, Shape.CHOSEN):
            assert of in {*RULESET.lists, PAPERS, PERIODS}, each.name
        elif shape is Shape.REFERENCES:
            assert of in ITEMS, each.name
        else:
            assert of is None, each.name
    for demand in RULESET.registers[register].demands:
        assert {demand.where, *demand.needs} <= names
        listing = RULESET.lists[cls.__dataclass_fields__[demand.where].metadata["of"]]
        assert set(demand.among) <= {item.id for item in listing.items}


def test_the_marks_of_registers_differ() -> None:
    marks = [cls.PREFIX for cls in ITEMS.values()]
    assert len(marks) == len(set(marks))
