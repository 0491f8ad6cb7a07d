"""Evidence and its custody: what fits together, who signs, and where a chain has gaps."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from fireinvest.messages import render
from fireinvest.regulation.rulesets import known_law
from fireinvest.workflow.custody import Chain, chains_of, seals_in
from fireinvest.workflow.errors import Invalid
from fireinvest.workflow.items import ITEMS
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.evidence import Custody, Evidence, position_of
from fireinvest.workflow.registers import Filing, Record, file
from tests.workflow.stories import CASE_ID, COUNTY, OFFICER, Story

T = datetime(2025, 5, 14, 7, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TRACE = Evidence(
    "铜导线熔痕", "object", "1件", "配电箱下方", taken_at=T, taken_by="甲", taken_with="乙",
    seal_no="封01", storage="现场",
)  # fmt: skip
GIVEN = Custody((1,), "keeping", "甲", "库管", T + HOUR, "intact", "封01", to_place="1号柜")
CONFIRMED = replace(
    GIVEN, receipt="account", received_at=T + 2 * HOUR, received_condition="intact",
    receiver_login="ku",
)  # fmt: skip


def wrong(item: Item) -> list[tuple[str, str]]:
    return [
        (each.field, render(each.text, "en"))
        for each in item.problems(date(2025, 5, 12), date(2025, 6, 1))
    ]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("25.492, 103.7961", (25.492, 103.7961)),
        ("25.492，103.7961", (25.492, 103.7961)),
        (" -8 115.25 ", (-8, 115.25)),
        ("90,180", (90, 180)),
        ("90.1,0", None),
        ("0,180.1", None),
        ("103.7961, 25.492", None),
        ("25°29'N", None),
        ("25.492", None),
    ],
)
def test_positions(written: str, found: tuple[float, float] | None) -> None:
    assert position_of(written) == found
    item = Evidence("照片", "photo", position=written)
    assert [each for each, _text in wrong(item)] == ([] if found else ["position"])


def test_two_people_are_two() -> None:
    assert wrong(TRACE) == []
    assert wrong(replace(TRACE, taken_with="甲")) == [
        ("taken_with", "Two different people are needed.")
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"receiver": "甲"}, "receiver"),
        ({"received_at": T + HOUR - timedelta(minutes=1)}, "received_at"),
        ({"expected_back": date(2025, 5, 13)}, "expected_back"),
        ({"received_at": None}, "received_at"),
        ({"received_condition": None}, "received_condition"),
        ({"receipt": None}, "receipt"),
        ({"receipt": None, "received_at": None}, "receipt"),
    ],
)
def test_two_sides_fit_together(changes: dict[str, Any], field: str) -> None:
    assert wrong(CONFIRMED) == []
    assert field in [each for each, _text in wrong(replace(CONFIRMED, **changes))]


@pytest.mark.parametrize(
    "item",
    [
        GIVEN,
        replace(CONFIRMED, received_at=T + HOUR),
        replace(CONFIRMED, expected_back=date(2025, 5, 14)),
        Custody(receipt="scan", received_at=T, received_condition="intact"),
        Custody(),
    ],
)
def test_what_is_at_the_bounds_fits(item: Custody) -> None:
    assert wrong(item) == []


def signing(item: Item, before: Item | None, *people: str, files: bool = False) -> list[str]:
    return [each.field for each in item.signing_problems(before, people, has_files=files)]


def test_only_the_receiver_confirms_under_an_account() -> None:
    assert signing(CONFIRMED, replace(GIVEN, receiver_login="ku"), "ku") == []
    assert signing(CONFIRMED, replace(GIVEN, receiver_login="ku"), "jia") == ["receipt"]
    assert signing(replace(CONFIRMED, receiver_login=None), GIVEN, "ku") == ["receipt"]
    # Afterwards somebody else may add a remark.
    assert signing(replace(CONFIRMED, receipt_note="补记"), CONFIRMED, "jia") == []


def test_a_receipt_on_paper_needs_its_scan() -> None:
    on_paper = replace(CONFIRMED, receipt="scan")
    assert signing(on_paper, GIVEN, "jia") == ["files"]
    assert signing(on_paper, GIVEN, "jia", files=True) == []


def test_what_was_confirmed_stays_and_another_receiver_is_another_hand_over() -> None:
    assert signing(replace(CONFIRMED, seal_after="封02"), CONFIRMED, "ku") == ["seal_after"]
    assert set(signing(GIVEN, CONFIRMED, "ku")) == {
        "receipt", "received_at", "received_condition", "receiver_login",
    }  # fmt: skip
    assert signing(replace(GIVEN, receiver="丙"), GIVEN, "jia") == ["receiver"]
    assert signing(GIVEN, None, "jia") == []
    assert signing(TRACE, None, "jia") == []


def test_it_is_called_and_found_by_its_receiver_until_confirmed() -> None:
    waiting = replace(GIVEN, receiver_login="ku")
    assert waiting.called == "甲 → 库管"
    assert Custody().called == " → "
    assert list(waiting.keys()) == [("receiver", "ku")]
    assert list(GIVEN.keys()) == list(CONFIRMED.keys()) == []


# ---------------------------------------------------------------------------- chains


def chain(*moves: Custody, of: Evidence = TRACE, at: datetime = T + 30 * DAY) -> Chain:
    evidence = Record(1, "evidence", 1, 1, of, T, "jia")
    custody = [Record(n + 1, "custody", n, 1, each, T, "jia") for n, each in enumerate(moves, 1)]
    return chains_of(
        [evidence, Record(9, "parties", 1, 1, ITEMS["parties"](), T, "jia")], custody,
        within_days=1, now=at, today=at.date(),
    )[1]  # fmt: skip


def gaps(*moves: Custody, of: Evidence = TRACE, at: datetime = T + 30 * DAY) -> list[str]:
    return [render(each, "en") for each in chain(*moves, of=of, at=at).gaps]


def confirmed(move: Custody) -> Custody:
    assert move.given_at is not None
    return replace(
        move, receipt="scan", received_at=move.given_at + HOUR, received_condition="intact"
    )


TO_TEST = confirmed(
    Custody(
        (1,), "test", "库管", "鉴定中心", T + 3 * DAY, "intact", "封01", "封02",
        expected_back=date(2025, 5, 28),
    )
)  # fmt: skip


def test_a_whole_chain_has_no_gap_and_tells_where_it_is() -> None:
    found = chain(CONFIRMED, TO_TEST, at=T + 14 * DAY)
    assert (found.gaps, found.holder, found.kept_at, found.seal_no) == (
        (),
        "鉴定中心",
        None,
        "封02",
    )
    assert (found.due_back, found.is_overdue, found.is_waiting) == (date(2025, 5, 28), False, False)
    assert chain(CONFIRMED, TO_TEST, at=T + 15 * DAY).is_overdue
    back = confirmed(
        Custody(
            (1,), "return", "鉴定中心", "库管", T + 10 * DAY, "intact", "封02", to_place="1号柜"
        )
    )
    # Told in the order of time, whatever the order in which they were written.
    found = chain(back, TO_TEST, CONFIRMED)
    assert (found.gaps, found.holder, found.kept_at, found.due_back) == ((), "库管", "1号柜", None)
    given_away = replace(back, occasion="restitution", receiver="业主")
    assert chain(CONFIRMED, TO_TEST, given_away).due_back is None
    passed_on = replace(back, occasion="lending", receiver="另一机构")
    assert chain(CONFIRMED, TO_TEST, passed_on).due_back == date(2025, 5, 28)


def test_nothing_was_handed_over_yet() -> None:
    found = chain()
    assert (found.holder, found.kept_at, found.seal_no, found.links) == ("甲", "现场", "封01", ())
    assert chain(of=Evidence("照片", "photo")).holder is None
    assert gaps(CONFIRMED, of=Evidence("照片", "photo")) == []
    assert chain(Custody((1,), "keeping")).links == ()
    assert chain(replace(CONFIRMED, items=(2,))).links == ()
    assert chain(replace(CONFIRMED, items=None)).links == ()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"giver": "乙"}, []),
        ({"giver": "丙"}, ["丙 gave it, but 甲 held it."]),
        ({"given_at": T}, []),
        ({"given_at": T - timedelta(minutes=1)}, ["It was handed over before it was there."]),
        ({"seal_before": None}, ["The seal 封01 is not named."]),
        ({"seal_before": "封09、封01"}, []),
        ({"seal_before": "封011"}, ["The seal was 封01, and is 封011."]),
        ({"condition": "broken"}, ["Its packing or seal was broken."]),
        ({"received_condition": "broken"}, ["Its packing or seal was broken."]),
        ({"received_at": T + HOUR + DAY}, []),
        (
            {"received_at": T + HOUR + DAY + timedelta(minutes=1)},
            ["Nobody held it from 2025-05-14 16:00 to 2025-05-15 16:01."],
        ),
    ],
)
def test_gaps_of_a_hand_over(changes: dict[str, Any], told: list[str]) -> None:
    assert gaps(replace(CONFIRMED, **changes)) == told


def test_a_receipt_has_a_day_of_time() -> None:
    last = T + HOUR + DAY
    assert gaps(GIVEN, at=last) == []
    assert chain(GIVEN, at=last).is_waiting
    late = chain(GIVEN, at=last + timedelta(seconds=1))
    assert [render(each, "en") for each in late.gaps] == [
        "库管 has not confirmed it since 2025-05-14 16:00."
    ]
    assert not late.is_waiting
    # A rule without such a time lets it wait.
    evidence, move = (
        Record(1, "evidence", 1, 1, TRACE, T, "j"),
        Record(2, "custody", 1, 1, GIVEN, T, "j"),
    )
    found = chains_of(
        [evidence], [move], within_days=None, now=T + 99 * DAY, today=date(2025, 9, 1)
    )
    assert found[1].gaps == ()
    assert found[1].is_waiting


def test_going_on_before_a_receipt_and_by_another_than_the_receiver() -> None:
    assert gaps(GIVEN, TO_TEST, at=T + 3 * DAY + 2 * HOUR)[-1] == (
        "It went on before the hand-over before was confirmed."
    )
    # Whoever took it doesn't hold it any more.
    assert gaps(CONFIRMED, replace(TO_TEST, giver="甲"), at=T + 4 * DAY) == [
        "甲 gave it, but 库管 held it."
    ]


def test_seals_of_several_pieces_stand_in_their_order() -> None:
    assert seals_in(" 封01、封02，封03; ") == ["封01", "封02", "封03"]
    assert seals_in(None) == []
    both = replace(CONFIRMED, items=(3, 1), seal_before="封07、封01", seal_after="封08、封02")
    assert chain(both).seal_no == "封02"
    assert gaps(both) == []
    assert chain(replace(both, seal_after="封10")).seal_no == "封10"


# ---------------------------------------------------------------------------- by the rule

BEGUN = Story("2025-05-12").case


def test_what_the_rule_demands_names_fields_and_codes() -> None:
    ruleset = known_law().in_force(COUNTY, date(2025, 5, 12))
    for name, register in ruleset.registers.items():
        known = {each.name: each.metadata["of"] for each in fields(ITEMS[name])}
        for demand in register.demands:
            codes = {each.id for each in ruleset.lists[known[demand.where] or ""].items}
            assert set(demand.among) <= codes
            assert set(demand.needs) <= set(known)


def filed(item: Item, register: str = "evidence", before: Record | None = None) -> list[str]:
    """The fields in which the door refuses an item."""
    filing = Filing(
        register, item, before.item if before else None, before.version if before else 0
    )
    try:
        file(
            BEGUN, OFFICER, filing, before, lambda _register, numbers: numbers, seq=2, number=1,
            case_id=CASE_ID, now=T + 30 * DAY, today=date(2025, 6, 13),
        )  # fmt: skip
    except Invalid as invalid:
        return [each.field for each in invalid.problems]
    return []


@pytest.mark.parametrize(
    ("item", "refused"),
    [
        (TRACE, []),
        (replace(TRACE, taken_with=None), ["taken_with"]),
        (
            Evidence("熔痕", "object"),
            ["quantity", "place", "taken_at", "taken_by", "taken_with"],
        ),
        (Evidence("录像", "data"), ["taken_at", "taken_by", "taken_with"]),
        (Evidence("照片", "photo"), []),
        (Evidence("某物", "nothing"), ["kind"]),
        (Evidence("照片"), ["kind"]),
        (replace(TRACE, taken_at=T + 30 * DAY + HOUR), ["taken_at"]),
    ],
)
def test_objects_are_taken_by_two(item: Evidence, refused: list[str]) -> None:
    assert filed(item) == refused


@pytest.mark.parametrize(
    ("item", "refused"),
    [
        (GIVEN, []),
        (replace(GIVEN, to_place=None), ["to_place"]),
        (replace(GIVEN, occasion="test"), ["expected_back", "purpose"]),
        (replace(GIVEN, occasion="restitution", to_place=None), []),
        (replace(CONFIRMED, receipt="scan"), ["files"]),
        (replace(CONFIRMED, receiver_login="somebody"), ["receipt"]),
        (replace(CONFIRMED, receiver_login="officer"), []),
    ],
)
def test_a_hand_over_says_what_its_occasion_needs(item: Custody, refused: list[str]) -> None:
    assert filed(item, "custody") == refused


def test_a_withdrawn_hand_over_binds_nobody_any_more() -> None:
    before = Record(1, "custody", 1, 2, CONFIRMED, T, "officer")
    changed = replace(GIVEN, seal_after="封05")
    assert "seal_after" in filed(changed, "custody", before)
    assert filed(changed, "custody", replace(before, is_withdrawn=True)) == []
    file(
        BEGUN, OFFICER, Filing("custody", CONFIRMED, 1, 2, "误录", is_withdrawn=True), before,
        lambda _register, _numbers: (), seq=2, number=1, case_id=CASE_ID, now=T + DAY,
        today=date(2025, 5, 15),
    )  # fmt: skip
