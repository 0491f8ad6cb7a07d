"""Which law is in force for a place on a day, and how do its layers lie over each other?"""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fireinvest.messages import Faulty, render
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.days import Unit
from fireinvest.regulation.loading import ProfileFaulty, load_layer
from fireinvest.regulation.rulesets import BUILT_IN, Law, join, known_law
from tests.regulation import toml
from tests.regulation.law import PROFILES, day, law_of

PORT = toml.read(PROFILES / "riverport.toml")
LABEL = {"zh": "某", "en": "some"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the made-up city, to be added to."""
    shutil.copytree(PROFILES, tmp_path / "profiles")
    return tmp_path / "profiles"


def add(folder: Path, name: str, content: dict[str, Any], **changes: Any) -> None:
    (folder / name).write_text(toml.document(toml.changed(content, changes)), encoding="utf-8")


def refusal(folder: Path) -> tuple[str, list[tuple[str, str]]]:
    with pytest.raises(ProfileFaulty) as refused:
        known_law(folder)
    problems = refused.value.problems
    return refused.value.file, [(each.field, render(each.text, "en")) for each in problems]


# ---------------------------------------------------------------- in force


@pytest.mark.parametrize("on", ["2007-05-31", "0001-01-01", "2100-01-01", "9999-12-31"])
def test_before_the_first_rule_and_after_the_calendar_no_law_is_known(on: str) -> None:
    with pytest.raises(Faulty) as refused:
        known_law().in_force("530325", day(on))
    assert [each.field for each in refused.value.problems] == ["occurred_at"]
    assert on in render(refused.value.problems[0].text, "en")


@pytest.mark.parametrize(
    ("place", "layers"),
    [
        ("530325", ["china", "yunnan", "qujing-2023"]),
        ("530300-jkq", ["china", "yunnan", "qujing-2023"]),
        ("530102", ["china", "yunnan"]),
        ("110101", ["china"]),
        (None, ["china"]),
    ],
)
def test_the_layers_are_those_of_the_place(place: str | None, layers: list[str]) -> None:
    assert [layer.id for layer in law_of(place=place).layers] == layers


def test_a_ruleset_is_made_once_and_pinned_by_its_contents() -> None:
    law = known_law()
    assert law_of() is law_of("2026-01-01")
    assert law_of().pin != law_of("2023-02-01").pin
    assert len(law_of().pin) == 64
    again = join(law_of().layers)
    assert again.pin == law_of().pin
    changed = [replace(law.layers[0], sha256="0"), *law_of().layers[1:]]
    assert join(changed).pin != law_of().pin


def test_a_place_that_is_not_known_is_refused() -> None:
    for code in ("110101", "", "530325\x1b[2J", "9" * 5000):
        with pytest.raises(Faulty, match="No division with the code") as refused:
            known_law().division(code, day("2025-05-12"), "place")
        assert refused.value.problems[0].field == "place"
        assert len(str(refused.value)) < 200
        assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize(("code", "on"), [("530328", "2016-03-20"), ("530304", "2018-02-21")])
def test_a_place_that_did_not_exist_on_the_day_is_refused(code: str, on: str) -> None:
    with pytest.raises(Faulty, match=f"does not exist as such on {on}"):
        known_law().division(code, day(on))


# ---------------------------------------------------------------- layers


def test_a_lower_layers_items_replace_those_of_the_same_id() -> None:
    national, full = law_of("2020-05-12"), law_of()
    assert str(national.clocks["report"].basis) == "decree493:29"
    assert str(full.clocks["report"].basis) == "rule:21"
    assert "report-493" in full.terms
    assert full.label.en == "Qujing rule on the investigation of fires (2023)"


def test_a_lower_layers_routes_are_asked_first_and_the_rest_stay_below(folder: Path) -> None:
    route = {
        "id": "big", "label": LABEL, "basis": "rule:3.1", "government": "city",
        "mode": "investigate", "when": {"fact": "deaths", "at_least": 2},
    }  # fmt: skip
    content = toml.changed(toml.read(BUILT_IN / "qujing-2023.toml"), {"routes": [route]})
    add(folder, "mine.toml", content, valid_from=date(2030, 1, 1))
    ruleset = join([load_layer(BUILT_IN / "china.toml"), load_layer(folder / "mine.toml")])
    assert [each.id for each in ruleset.routes] == ["big", "state", "province", "city", "county"]


@pytest.mark.parametrize(
    ("up_to", "unit"),
    [(4, Unit.NATURAL_DAYS), (5, Unit.WORKING_DAYS), (6, Unit.WORKING_DAYS), (None, None)],
)
def test_plain_days_are_working_days_up_to_the_instruments_number(
    folder: Path, up_to: int | None, unit: Unit | None
) -> None:
    changes: dict[str, Any] = {"instruments|port|working_days_up_to": up_to}
    if up_to is None:
        changes = {
            f"instruments|port|{key}": toml.DROP for key in ("working_days_up_to", "counting")
        }
    (folder / "mine.toml").write_text(toml.document(toml.changed(PORT, changes)))
    ruleset = join([load_layer(BUILT_IN / "china.toml"), load_layer(folder / "mine.toml")])
    assert ruleset.terms["team_request-port"].length.unit is (unit or Unit.NATURAL_DAYS)
    assert ruleset.terms["notice-port"].length.unit is Unit.HOURS


def test_a_citation_is_read_with_its_instrument_and_states_what_it_says() -> None:
    law = law_of()
    item, article = Citation("rule", "31(1)"), Citation("rule", "31")
    assert law.citation(item).zh == "本规定第三十一条第（一）项"
    assert (
        law.statement(item).en
        == "Periods of 15 days or fewer are working days, without statutory holidays."
    )
    assert law.statement(Citation("rule", "31(9)")) == law.statement(article)
    assert law.stage_index("approval") == 3


# ---------------------------------------------------------------- folders


def test_a_folder_of_profiles_adds_its_rules_and_places(folder: Path) -> None:
    law = known_law(folder)
    assert law.in_force("990121", day("2025-05-12")).profile == "riverport-2024"
    assert law.division("990122", day("2025-05-12")).parent == "990100"
    assert law.in_force("530325", day("2025-05-12")).pin == law_of().pin


def test_two_rules_of_one_rank_do_not_hold_at_once(folder: Path) -> None:
    add(folder, "second.toml", PORT, id="second")
    assert refusal(folder) == (
        "second.toml",
        [("valid_from", "It is in force at the same time and place as riverport-2024.")],
    )


@pytest.mark.parametrize("place", ["99", "9901", "990121"])
def test_a_part_or_the_whole_of_a_place_is_the_same_place(folder: Path, place: str) -> None:
    add(folder, "second.toml", PORT, id="second", divisions=[place])
    assert refusal(folder)[1][0][0] == "valid_from"


@pytest.mark.parametrize(
    "changes",
    [
        {"divisions": ["9902"]},
        {"valid_from": date(2026, 1, 1), "valid_until": toml.DROP},
        {"valid_from": date(2023, 1, 1), "valid_until": date(2023, 12, 31)},
    ],
)
def test_another_place_or_another_time_is_no_overlap(folder: Path, changes: dict[str, Any]) -> None:
    add(folder, "second.toml", PORT, id="second", **changes)
    assert "second" in [layer.id for layer in known_law(folder).layers]


def test_two_rules_have_two_ids(folder: Path) -> None:
    add(folder, "second.toml", PORT, divisions=["9902"])
    assert refusal(folder) == (
        "second.toml",
        [("id", "The id riverport-2024 is taken by another profile.")],
    )


def test_a_second_nation_overlaps_with_the_first(folder: Path) -> None:
    content = toml.read(BUILT_IN / "china.toml")
    add(folder, "nation.toml", content, id="nation")
    assert refusal(folder)[1][0][1] == "It is in force at the same time and place as china."


def test_what_contradicts_the_layers_above_is_refused_on_loading(folder: Path) -> None:
    add(folder, "riverport.toml", PORT, **{"repeal": [*PORT["repeal"], "bodies.fire_rescue"],
        "leading|police|bodies": ["fire_rescue"]})  # fmt: skip
    assert refusal(folder) == (
        "riverport.toml",
        [("leading.police.bodies", "There is no fire_rescue.")],
    )


def test_what_a_later_layer_above_breaks_is_refused_on_loading(folder: Path) -> None:
    province = {
        "schema": 1, "id": "province-99", "rank": "province", "divisions": ["99"],
        "label": LABEL, "valid_from": date(2025, 7, 1), "repeal": ["routes.state"],
    }  # fmt: skip
    add(folder, "province.toml", province)
    file, problems = refusal(folder)
    assert file == "riverport.toml"
    assert problems == [("repeal.routes.state", "There is nothing with this address to repeal.")]


def test_a_rule_older_than_any_national_law_lacks_what_it_rests_on(folder: Path) -> None:
    add(folder, "riverport.toml", PORT, valid_from=date(2000, 1, 1))
    assert refusal(folder)[0] == "riverport.toml"


def test_a_rule_may_end_with_the_calendar(folder: Path) -> None:
    add(folder, "riverport.toml", PORT, valid_until=date(9999, 12, 31))
    assert known_law(folder).in_force("990121", day("2099-12-31")).profile == "riverport-2024"


@pytest.mark.parametrize(
    ("division", "key", "why"),
    [
        ({"id": "530325"}, "divisions.530325", "The division 530325 is listed twice."),
        (
            {"id": "990199", "parent": "990190"},
            "divisions.990199.parent",
            "There is no 990190.",
        ),
    ],
)
def test_places_are_listed_once_and_below_places_that_are_listed(
    folder: Path, division: dict[str, Any], key: str, why: str
) -> None:
    content = {"divisions": [{"label": LABEL, "tier": "banner", **division}]}
    add(folder / "divisions", "zzz.toml", content)
    assert refusal(folder) == ("zzz.toml", [(key, why)])


def test_law_that_knows_nothing_refuses_every_day() -> None:
    with pytest.raises(Faulty, match="No rule is known"):
        Law((), {}).in_force("530325", day("2025-05-12"))
