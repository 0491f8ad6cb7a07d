"""Texts of reports: where tables stand, how they are kept, which text a hash tells."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fireinvest.workflow.case import Case
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.items.report import Section
from fireinvest.workflow.registers import Record
from fireinvest.workflow.report_hash import bound_to, in_order, text_hash, versions_in
from fireinvest.workflow.report_text import FrozenTable, Piece, frozen, pieces, thawed
from tests.workflow.stories import told_until

NAMES = {"losses": "losses", "经济损失表": "losses"}
TABLE = Piece("{{losses}}", "losses")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("一\n二", [Piece("一\n二")]),
        ("{{losses}}", [TABLE]),
        ("一\n\n{{losses}}\n二\n", [Piece("一"), TABLE, Piece("二\n")]),
        ("{{ 经济损失表 }}", [Piece("{{ 经济损失表 }}", "losses")]),
        ("{{losses}}\n{{losses}}", [TABLE, TABLE]),
        ("见{{nothing}}\n。", [Piece("见"), Piece("{{nothing}}", None, True), Piece("\n。")]),
        ("{{ 7*7 }}", [Piece("{{ 7*7 }}", None, True)]),
        ("{{a\nb}} {x} {{}} {{", [Piece("{{a\nb}} {x} {{}} {{")]),
        ("{{" + "x" * 41 + "}}", [Piece("{{" + "x" * 41 + "}}")]),
    ],
)
def test_tables_stand_where_their_names_do(text: str, parts: list[Piece]) -> None:
    assert list(pieces(text, NAMES)) == parts


@pytest.mark.parametrize(
    "tables",
    [
        (),
        (FrozenTable("losses", (("类型", "金额"), ("财产", "1万元"), ("—", "—"))),),
        (FrozenTable("team", (("姓名",),)), FrozenTable("losses", (("类型",), ("财产",)))),
    ],
)
def test_tables_are_kept_as_they_were(tables: tuple[FrozenTable, ...]) -> None:
    assert thawed(frozen(tables)) == tables


def test_cells_stay_in_their_line() -> None:
    kept = frozen([FrozenTable("losses", ((" 一\n\t二 \t三", " \n"),))])
    assert kept.count("\n") == 1
    assert thawed(kept) == (FrozenTable("losses", (("一\n二 三", "—"),)),)
    assert thawed(None) == ()
    assert thawed("no table\n1\t2") == ()


# ---------------------------------------------------------------------------- which text


@pytest.fixture(scope="module")
def case() -> Case:
    return told_until("evidence").case


def section(
    item: int, part: str, order: int | None, text: str = "文字", version: int = 1
) -> Record:
    values = Section(part, f"{part}{item}", order, text, "drafting")
    at = datetime(2025, 6, 1, tzinfo=UTC)
    return Record(item, "sections", item, version, values, at, "zhao")


SECTIONS = (
    section(1, "measures", 1), section(2, "unit", 2), section(3, "unit", 1), section(4, "unit", 2),
    section(5, "of_another_rule", 1), section(6, "course", None),
)  # fmt: skip


def test_sections_are_read_by_part_then_place_then_number(case: Case) -> None:
    party = replace(SECTIONS[0], register="parties", values=Party("甲"))
    assert [each.item for each in in_order(case, [*SECTIONS, party])] == [3, 2, 4, 6, 1, 5]
    assert [each.item for each in in_order(case, SECTIONS, "unit")] == [3, 2, 4]
    assert in_order(case, SECTIONS, "cause") == ()


def test_a_hash_tells_a_text_and_not_its_versions() -> None:
    first = section(1, "unit", 1)
    same = replace(first, version=9, values=replace(first.values, state="released"))  # type: ignore[call-arg] # a section
    assert text_hash([first]) == text_hash([same])
    others = [
        section(1, "unit", 1, "文字。"), section(1, "unit", 2), section(1, "course", 1),
        section(2, "unit", 1),
    ]  # fmt: skip
    hashes = {text_hash([each]) for each in [first, *others]}
    hashes |= {text_hash([first, others[3]]), text_hash([others[3], first]), text_hash([])}
    assert len(hashes) == 8
    party = replace(first, values=Party("甲"))
    assert text_hash([party]) == text_hash([])


def test_versions_are_written_down_and_read_again() -> None:
    bound = bound_to([section(3, "unit", 1, version=12), section(1, "unit", 2)])
    assert bound == "R3@12 R1@1"
    assert versions_in(bound) == ((3, 12), (1, 1))
    assert versions_in("") == versions_in(None) == ()
