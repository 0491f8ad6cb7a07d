"""Series of numbers: by the year, no gap, nobody's twice, and kept by the office itself."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from fireinvest.messages import Faulty, render
from fireinvest.services.papers import series
from fireinvest.services.papers.offices import Keeper, Office
from fireinvest.store import Database
from fireinvest.store import papers as store
from fireinvest.store.access import AccessRow
from tests.services.office import CITY, LAW, NOW, TODAY

RULES = LAW.in_force(CITY, TODAY)
REQUEST, ORDER = RULES.papers["team_request"], RULES.papers["team_order"]
AGENCY = Office(CITY, "city", ("agency",))
BOTH = Office(CITY, "city")
BY = Keeper("head", NOW, TODAY, acting_for="boss")
KNOWN = ("team_request", "expert_engagement")


def add(
    database: Database,
    pattern: str = "曲消火调〔{year}〕{number}号",
    *,
    office: Office = BOTH,
    issued_by: str = "agency",
    label: str = "发文",
    kinds: tuple[str, ...] = (),
    used: int = 0,
) -> int:
    """A series of the city's agency, unless something else is given."""
    return series.add(
        database, office, issued_by=issued_by, label=label, pattern=pattern, kinds=kinds,
        known=KNOWN, used=used, by=BY,
    )  # fmt: skip


def take(database: Database, series_id: int, year: int = 2025) -> str:
    with database.sessions.begin() as session:
        return series.allot(session, series_id, year=year, by="carrier", now=NOW)


def told(faulty: pytest.ExceptionInfo[Faulty]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in faulty.value.problems:
        found.setdefault(each.field, []).append(render(each.text, "en"))
    return found


def logged(database: Database, what: str) -> list[tuple[object, object, str | None]]:
    with database.readers.begin() as session:
        rows = session.scalars(
            select(AccessRow).where(AccessRow.what == what).order_by(AccessRow.id)
        )
        return [
            (json.loads(each.old_values or "null"), json.loads(each.new_values or "null"),
             each.acting_for)
            for each in rows
        ]  # fmt: skip


def test_twenty_at_once_get_twenty_numbers_and_those_who_fail_leave_no_gap(
    database: Database,
) -> None:
    one, other = add(database), add(database, "曲消〔{year}〕{number:03}号")

    def ask(turn: int) -> str | None:
        try:
            with database.sessions.begin() as session:
                given = series.allot(session, one, year=2025, by=f"{turn}", now=NOW)
                if turn % 5 == 0:
                    raise RuntimeError("the paper was not kept")
                return given
        except RuntimeError:
            return None

    with ThreadPoolExecutor(20) as pool:
        given = [each for each in pool.map(ask, range(25)) if each is not None]
    assert len(given) == 20
    assert sorted(given) == sorted(f"曲消火调〔2025〕{number}号" for number in range(1, 21))
    # Each series, and each year, counts for itself.
    assert take(database, other) == "曲消〔2025〕001号"
    assert take(database, one, 2026) == "曲消火调〔2026〕1号"
    with database.readers.begin() as session:
        assert series.upcoming(session, one, year=2025) == "曲消火调〔2025〕21号"
        lines = series.series_lines(session, CITY, "city")
    assert [each.counts for each in lines] == [{2026: 1, 2025: 20}, {2025: 1}]
    assert logged(database, "number_given")[-1][:2] == (
        {"last": 0}, {"last": 1, "number": "曲消火调〔2026〕1号", "year": 2026},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "wrong"),
    [
        ("", ["This is needed."]),
        ("{year}{number}", ["Beside year and number, the office's own mark is needed."]),
        ("曲{number}", ["{year} is needed once, where the year stands."]),
        ("曲{year}", ["{number} is needed once, where the number stands."]),
        ("曲{year}-{year}-{number}", ["{year} is needed once, where the year stands."]),
        ("曲{year}{number}{number:03}", ["{number} is needed once, where the number stands."]),
        (
            "曲{year}{number}{name}",
            ["In braces stand only {year} and {number}, which may be {number:03}."],
        ),
        (
            "曲{year}{number:3}",
            [
                "In braces stand only {year} and {number}, which may be {number:03}.",
                "{number} is needed once, where the number stands.",
            ],
        ),
        (
            "曲{year}}{number}",
            ["In braces stand only {year} and {number}, which may be {number:03}."],
        ),
        (
            "曲{year!r}{number}",
            [
                "In braces stand only {year} and {number}, which may be {number:03}.",
                "{year} is needed once, where the year stands.",
            ],
        ),
        (f"{'曲' * 87}{{year}}{{number}}", ["At most 100 characters are taken."]),
        ("曲\u202e{year}{number}", ["There are characters in it that can't be read."]),
    ],
)
def test_a_pattern_that_makes_no_number_is_refused(
    quick_database: Database, pattern: str, wrong: list[str]
) -> None:
    with pytest.raises(Faulty) as faulty:
        add(quick_database, pattern)
    assert told(faulty) == {"pattern": wrong}
    with quick_database.readers.begin() as session:
        assert store.series_of(session, CITY, "city") == []


@pytest.mark.parametrize(
    ("pattern", "number", "written"),
    [
        (f"{'曲' * 86}{{year}}{{number}}", 1, f"{'曲' * 86}20261"),
        ("曲〔{year}〕{number:02}号", 9, "曲〔2026〕09号"),
        ("曲〔{year}〕{number:09}号", 9, "曲〔2026〕000000009号"),
        ("曲〔{year}〕{number:03}号", 1000, "曲〔2026〕1000号"),
        ("{number} of {year}, 曲", 7, "7 of 2026, 曲"),
    ],
)
def test_numbers_look_as_the_pattern_says(pattern: str, number: int, written: str) -> None:
    assert series.looks_like(pattern, 2026, number) == written


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"label": ""}, "label"),
        ({"label": "字" * 201}, "label"),
        ({"label": "发\u200b文"}, "label"),
        ({"issued_by": "team"}, "issued_by"),
        ({"issued_by": "government", "office": AGENCY}, "issued_by"),
        ({"kinds": ("team_request", "nothing")}, "kinds"),
        ({"used": -1}, "used"),
        ({"used": 1_000_000}, "used"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    quick_database: Database, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(Faulty) as faulty:
        add(quick_database, **given)
    assert list(told(faulty)) == [field]


def test_an_office_has_one_series_of_a_pattern(database: Database) -> None:
    first = add(database)
    for pattern in ("曲消火调〔{year}〕{number}号", "曲消火调〔{year}〕{number:03}号"):
        with pytest.raises(Faulty) as faulty:
            add(database, pattern)
        assert told(faulty) == {"pattern": ["Your office has a series with this pattern already."]}
    assert add(database, office=Office("530325", "county")) != first


def test_a_series_is_for_the_papers_of_its_house_and_its_kinds(quick_database: Database) -> None:
    all_kinds = add(quick_database)
    only = add(quick_database, "曲函〔{year}〕{number}号", kinds=("expert_engagement",))
    government = add(quick_database, "曲政〔{year}〕{number}号", issued_by="government")
    with quick_database.readers.begin() as session:

        def found(kind: str, tier: str = "city") -> list[int]:
            return [each.id for each in series.series_for(session, CITY, tier, RULES.papers[kind])]

        assert found("team_request") == [all_kinds]
        assert found("expert_engagement") == [all_kinds, only]
        assert found("team_order") == [government]
        assert found("team_request", "county") == []


def test_it_goes_on_after_what_was_used_by_hand(quick_database: Database) -> None:
    series_id = add(quick_database, used=36)
    assert take(quick_database, series_id) == "曲消火调〔2025〕37号"
    assert logged(quick_database, "series_added") == [
        (
            None,
            {
                "issued_by": "agency", "kinds": [], "label": "发文", "last": 36,
                "pattern": "曲消火调〔{year}〕{number}号", "year": 2025,
            },
            "boss",
        )
    ]  # fmt: skip


def test_once_begun_the_pattern_stays_and_the_rest_can_change(database: Database) -> None:
    series_id = add(database)

    def change(pattern: str, label: str = "发文", kinds: tuple[str, ...] = ()) -> None:
        series.change(
            database, BOTH, series_id,
            label=label, pattern=pattern, kinds=kinds, known=KNOWN, by=BY,
        )  # fmt: skip

    change("曲消调〔{year}〕{number}号")
    assert take(database, series_id) == "曲消调〔2025〕1号"
    with pytest.raises(Faulty) as faulty:
        change("曲消〔{year}〕{number}号")
    assert list(told(faulty)) == ["pattern"]
    change("曲消调〔{year}〕{number}号", "调查发文", ("team_request",))
    change("曲消调〔{year}〕{number}号", "调查发文", ("team_request",))  # Nothing is changed.
    log = logged(database, "series_changed")
    assert [each[1] for each in log] == [
        {"kinds": [], "label": "发文", "pattern": "曲消调〔{year}〕{number}号"},
        {"kinds": ["team_request"], "label": "调查发文", "pattern": "曲消调〔{year}〕{number}号"},
    ]
    assert log[0][0] == {"kinds": [], "label": "发文", "pattern": "曲消火调〔{year}〕{number}号"}


def test_what_is_switched_off_gives_nothing_and_then_goes_on(database: Database) -> None:
    series_id = add(database)
    take(database, series_id)
    series.switch(database, BOTH, series_id, is_active=False, by=BY)
    with pytest.raises(Faulty):
        take(database, series_id)
    with database.readers.begin() as session:
        assert series.series_for(session, CITY, "city", REQUEST) == ()
        with pytest.raises(Faulty):
            series.upcoming(session, series_id, year=2025)
    series.switch(database, BOTH, series_id, is_active=True, by=BY)
    series.switch(database, BOTH, series_id, is_active=True, by=BY)  # Nothing is changed.
    assert take(database, series_id) == "曲消火调〔2025〕2号"
    assert [each[:2] for each in logged(database, "series_changed")] == [
        ({"is_active": True}, {"is_active": False}),
        ({"is_active": False}, {"is_active": True}),
    ]


def test_nobody_changes_the_series_of_another_office(quick_database: Database) -> None:
    series_id = add(quick_database)
    elsewhere = Office("530325", "county")
    of_government = Office(CITY, "city", ("government",))
    for office in (elsewhere, of_government):
        with pytest.raises(Faulty):
            series.switch(quick_database, office, series_id, is_active=False, by=BY)
        with pytest.raises(Faulty):
            series.change(
                quick_database, office, series_id,
                label="x", pattern="x{year}{number}", kinds=(), known=KNOWN, by=BY,
            )  # fmt: skip
        with quick_database.readers.begin() as session:
            assert series.find(session, office, series_id) is None
    assert take(quick_database, series_id) == "曲消火调〔2025〕1号"
