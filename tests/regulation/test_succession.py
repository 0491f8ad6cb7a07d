"""Divisions end, and others take over; or they are called otherwise from a day on."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fireinvest.messages import Label, render
from fireinvest.regulation.loading import ProfileFaulty
from fireinvest.regulation.profile import Division
from fireinvest.regulation.rulesets import Law, known_law
from tests.regulation import toml

LAST = date(2025, 6, 30)
BEFORE, AFTER = LAST, date(2025, 7, 1)


def division(code: str, **more: Any) -> dict[str, Any]:
    known = {"id": code, "label": {"zh": f"某{code}", "en": f"Some {code}"}, "tier": "county"}
    return {**known, "parent": "530300", **more}


#: Two counties become one, which later becomes a part of another city's district.
MERGER = (
    division("530391", valid_until=LAST, succeeded_by="530393"),
    division("530392", valid_until=LAST, succeeded_by="530393"),
    division("530393", valid_from=AFTER, valid_until=date(2026, 12, 31), succeeded_by="530401"),
    {**division("530401", valid_from=date(2027, 1, 1)), "parent": "530400"},
)
OTHER_CITY = {**division("530400"), "parent": None, "tier": "city"}


def law_with(folder: Path, *divisions: dict[str, Any]) -> Law:
    """The law that is known, with these divisions as well."""
    (folder / "divisions").mkdir(parents=True, exist_ok=True)
    listed = [{name: each for name, each in one.items() if each is not None} for one in divisions]
    (folder / "divisions" / "made-up.toml").write_text(
        toml.document({"divisions": listed}), encoding="utf-8"
    )
    known_law.cache_clear()
    return known_law(folder)


@pytest.fixture
def law(tmp_path: Path) -> Law:
    return law_with(tmp_path, OTHER_CITY, *MERGER)


@pytest.mark.parametrize(
    ("code", "on", "later"),
    [
        ("530391", BEFORE, ()),
        ("530391", AFTER, ("530393",)),
        ("530391", date(2026, 12, 31), ("530393",)),
        ("530391", date(2027, 1, 1), ("530393", "530401")),
        ("530393", AFTER, ()),
        ("530325", AFTER, ()),
        ("no such", AFTER, ()),
    ],
)
def test_cases_go_to_the_successor_on_the_day_after_the_last(
    law: Law, code: str, on: date, later: tuple[str, ...]
) -> None:
    assert law.successors(code, on) == later


@pytest.mark.parametrize(
    ("code", "on", "before"),
    [
        ("530393", BEFORE, set()),
        ("530393", AFTER, {"530391", "530392"}),
        ("530401", date(2026, 12, 31), set()),
        ("530401", date(2027, 1, 1), {"530391", "530392", "530393"}),
        # The city that they come to sees them; the one in which they lay does anyway.
        ("530400", date(2027, 1, 1), {"530391", "530392", "530393"}),
        ("530300", date(2027, 1, 1), set()),
        ("530391", AFTER, set()),
        ("530303", date(2016, 3, 19), set()),
        ("530303", date(2016, 3, 20), {"530328"}),
        ("530304", date(2018, 2, 22), {"530321"}),
    ],
)
def test_which_cases_came_to_a_division(law: Law, code: str, on: date, before: set[str]) -> None:
    assert law.predecessors(code, on) == before


@pytest.mark.parametrize("on", [BEFORE, AFTER, date(2027, 1, 1)])
def test_a_post_covers_a_place_exactly_where_it_is_one_of_its_places(law: Law, on: date) -> None:
    for place in law.divisions.values():
        covering = {
            post
            for post in law.divisions
            if {place.code, place.parent} & {post, *law.predecessors(post, on)}
        }
        assert law.places_of(place, on) == covering


def test_a_division_without_a_parent_is_covered_by_its_own_posts(law: Law) -> None:
    city = Division("530300", Label("市", "City"), None, "city", True, None, None)
    assert law.places_of(city, AFTER) == {"530300"}


MISSING_DAY = "Only a division that ends has a successor."


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"succeeded_by": "530393"}, MISSING_DAY),
        ({"succeeded_by": "530399", "valid_until": LAST}, "There is no 530399."),
        (
            {"succeeded_by": "530393", "valid_until": date(2025, 6, 29)},
            "Some 530393 does not exist as such on 2025-06-30.",
        ),
        (
            {"succeeded_by": "530391", "valid_until": LAST},
            "Some 530391 does not exist as such on 2025-07-01.",
        ),
    ],
)
def test_no_case_is_nobodys_for_a_day(tmp_path: Path, wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ProfileFaulty) as refused:
        law_with(tmp_path, division("530391", **wrong), division("530393", valid_from=AFTER))
    assert refused.value.file == "made-up.toml"
    assert [(e.field, render(e.text, "en")) for e in refused.value.problems] == [
        ("divisions.530391.succeeded_by", why)
    ]


def named(zh: str, until: date | None) -> dict[str, Any]:
    known: dict[str, Any] = {"label": {"zh": zh, "en": zh.upper()}}
    return known if until is None else {**known, "until": until}


def test_a_division_is_called_as_it_was_on_the_day(tmp_path: Path) -> None:
    former = [named("first", date(2010, 1, 1)), named("second", LAST)]
    law = law_with(tmp_path, division("530391", former=former))
    for on, name in (
        (date(2010, 1, 1), "first"),
        (date(2010, 1, 2), "second"),
        (LAST, "second"),
        (AFTER, "某530391"),
    ):
        found = law.division("530391", on)
        assert found.label.zh == name
        assert found.former is None
    assert law.divisions["530391"].label.zh == "某530391"


@pytest.mark.parametrize(
    ("former", "key", "why"),
    [
        ([named("a", None)], "0.until", "This key is missing."),
        (
            [named("a", LAST), named("b", LAST)],
            "1.until",
            "Former names stand in their order, the earliest first.",
        ),
        ([{**named("a", LAST), "until": "x"}], "0.until", "A date is needed."),
    ],
)
def test_former_names_that_can_not_be_meant_are_refused(
    tmp_path: Path, former: list[dict[str, Any]], key: str, why: str
) -> None:
    with pytest.raises(ProfileFaulty) as refused:
        law_with(tmp_path, division("530391", former=former))
    found = [(e.field, render(e.text, "en")) for e in refused.value.problems]
    assert (f"divisions.530391.former.{key}", why) in found
