"""What the law says of a fire that nobody has opened as a case."""

from datetime import date
from typing import Any

import pytest

from fireinvest.messages import Faulty
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.rulesets import known_law
from fireinvest.services.assessing import as_document, assess

FIRE: dict[str, object] = {"occurred_at": "2025-05-12", "division": "530325", "deaths": 5}
ALL_KNOWN: dict[str, object] = {
    "serious_injuries": 0,
    "missing": 0,
    "direct_economic_loss_yuan": "155454",
    "direct_property_loss_yuan": "155454",
    "social_impact": False,
    "category": "ordinary",
}

CALENDAR = Calendar()


def said(as_of: str = "2025-06-30", language: str = "en", /, **given: object) -> dict[str, Any]:
    found = assess(
        known_law(),
        CALENDAR,
        given,
        as_of=date.fromisoformat(as_of),
        home_division="530300",
    )
    return as_document(found, language)


def clocks(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{each['id']}/{each['instance']}": each for each in document["clocks"]}


def fields_refused(**given: object) -> set[str]:
    with pytest.raises(Faulty) as refused:
        said("2025-06-30", **given)
    return {problem.field for problem in refused.value.problems}


def test_five_deaths_in_fuyuan_are_larger_and_the_citys() -> None:
    document = said("2025-05-13", **FIRE)
    assert document["profile"] == "qujing-2023"
    assert document["in_scope"] is True
    assert document["mode"] == "investigate"
    assert document["level"] == "larger"
    assert document["level_is_floor"] is True
    assert document["government"] == "city"
    assert document["lead"] == ["fire_rescue"]
    assert document["stage"] == "team"
    assert [each["article"] for each in document["level_because"]] == ["Rule art 32"] * 3
    found = clocks(document)
    assert set(found) == {"team_request/1", "report/1", "determination/1"}
    assert found["team_request/1"]["due"] == "2025-05-15"
    assert found["team_request/1"]["days_left"] == 2
    assert found["team_request/1"]["article"] == "Rule art 5"
    assert found["report/1"]["due"] == "2025-07-11"
    assert found["report/1"]["from"] == "2025-05-12"


def test_property_loss_alone_leaves_the_level_a_floor() -> None:
    document = said(**FIRE, direct_property_loss_yuan="155454", serious_injuries=0)
    assert (document["level"], document["level_is_floor"]) == ("larger", True)
    document = said(**FIRE, direct_economic_loss_yuan="155454", serious_injuries=0)
    assert (document["level"], document["level_is_floor"]) == ("larger", False)


def test_nothing_known_leaves_the_scope_open_and_the_clocks_running() -> None:
    document = said(occurred_at="2025-05-12", division="530325")
    assert document["in_scope"] is None
    assert (document["level"], document["level_is_floor"]) == ("general", True)
    assert document["government"] == "county"
    assert "team_request/1" in clocks(document)


def test_an_unnamed_place_leaves_the_government_open_and_the_clocks_running() -> None:
    document = said(occurred_at="2025-05-12", deaths=1)
    assert document["government"] is None
    assert clocks(document)["team_request/1"]["due"] == "2025-05-15"
    assert any("county" in each["what"] for each in document["missing"])


def test_a_fire_out_of_scope_has_only_the_agencys_own_clock() -> None:
    document = said(occurred_at="2025-05-12", division="530325", deaths=0, **ALL_KNOWN)
    assert document["in_scope"] is False
    assert document["mode"] == "out_of_scope"
    assert document["government"] is None
    assert document["lead"] == ["fire_rescue"]
    assert document["stage"] is None
    assert set(clocks(document)) == {"determination/1"}
    assert clocks(document)["determination/1"]["due"] == "2025-06-11"


def test_a_fire_that_comes_into_scope_later_keeps_its_dates_and_shows_the_others() -> None:
    document = said(
        occurred_at="2025-05-12",
        division="530325",
        deaths=0,
        **ALL_KNOWN,
        actions=[{"action": "decide_social_impact", "on": "2025-05-28", "outcome": "yes"}],
    )
    assert document["in_scope"] is True
    assert document["government"] == "county"
    request = clocks(document)["team_request/1"]
    assert request["due"] == "2025-05-15"
    assert request["arose_late"] == "2025-05-28"
    late = [each for each in request["readings"] if each["kind"] == "late_fact"]
    assert [each["due"] for each in late] == ["2025-06-03"]  # 05-31 to 06-02 is Dragon Boat
    assert clocks(document)["determination/1"]["arose_late"] is None


@pytest.mark.parametrize(
    ("deaths", "government"), [(10, "province"), (29, "province"), (30, "state")]
)
def test_major_from_the_outset_is_assisted_without_own_clocks(deaths: int, government: str) -> None:
    document = said(occurred_at="2025-05-12", division="530325", deaths=deaths)
    assert document["mode"] == "assist"
    assert document["government"] == government
    assert document["clocks"] == []
    assert document["lead"] == []


def test_a_rise_to_major_asks_for_the_hand_over_and_goes_on_until_it_is_recorded() -> None:
    rise = {"action": "update_figures", "on": "2025-05-18", "deaths": 12}
    fire: dict[str, object] = {"occurred_at": "2025-05-12", "division": "530325", "deaths": 8}
    document = said(**fire, actions=[rise])
    assert document["mode"] == "investigate"
    assert document["investigating"] == "city"
    assert document["handover_pending"] == "province"
    assert document["lead"] == ["fire_rescue"]
    assert [each["level"] for each in document["level_history"]] == ["larger", "major"]
    found = clocks(document)
    assert found["team_request/2"]["government"] == "province"
    assert found["report/1"]["state"] == "running"
    assert "report/2" not in found

    handed = {"action": "hand_over", "on": "2025-05-25", "government": "province"}
    document = said(**fire, actions=[rise, handed])
    assert document["mode"] == "assist"
    assert document["handover_pending"] is None
    assert {each["state"] for each in document["clocks"]} == {"handed_over"}
    assert set(clocks(document)) == {
        "team_request/1",
        "team_request/2",
        "report/1",
        "determination/1",
    }


def test_a_death_after_the_seventh_day_changes_no_level() -> None:
    fire: dict[str, object] = {"occurred_at": "2025-05-12", "division": "530325", "deaths": 2}
    third = {"action": "update_figures", "deaths": 3}
    assert said(**fire, actions=[{**third, "on": "2025-05-19"}])["level"] == "larger"
    assert said(**fire, actions=[{**third, "on": "2025-05-20"}])["level"] == "general"


def test_the_zone_is_the_citys_unless_authorised() -> None:
    zone: dict[str, object] = {"occurred_at": "2025-05-12", "division": "530300-jkq", "deaths": 1}
    assert said(**zone)["government"] == "city"
    assert said(**zone, zone_authorised=True)["government"] == "county"


def test_before_the_rule_the_nation_gives_level_and_government_only() -> None:
    document = said(occurred_at="2022-05-12", division="530325", deaths=5)
    assert document["profile"] == "china"
    assert document["level"] == "larger"
    assert document["government"] == "city"
    assert document["clocks"] == []
    document = said(occurred_at="2022-05-12", division="530325", deaths=5, category="work_safety")
    assert set(clocks(document)) == {"report/1"}
    assert clocks(document)["report/1"]["due"] == "2022-07-11"
    assert document["in_scope"] is True


def test_work_safety_is_led_jointly_and_answered_in_natural_days() -> None:
    document = said(
        "2025-09-30",
        **FIRE,
        category="work_safety",
        actions=[
            {"action": "establish_team", "on": "2025-05-15"},
            {"action": "test_commissioned", "on": "2025-05-20", "ref": "T1"},
            {"action": "test_returned", "on": "2025-06-10", "ref": "T1"},
            {"action": "submit_report", "on": "2025-09-08"},
            {"action": "receive_report", "on": "2025-09-09"},
        ],
    )
    assert document["lead"] == ["emergency_management", "fire_rescue"]
    found = clocks(document)
    reply, report = found["reply/1"], found["report/1"]
    assert reply["due"] == "2025-09-24"  # 15 natural days (Decree 493 art 32)
    assert reply["article"] == "Decree 493 art 32"
    others = {each["id"]: each["due"] for each in reply["readings"]}
    assert others["reply-rule"] == "2025-09-29"  # 15 working days (Rule art 22)
    assert report["due"] == "2025-08-01"  # 60 days and the 21 of the test (Decree 493 art 27)
    assert report["act_by"] == "2025-07-11"  # the earlier date governs the day to act


def test_an_extension_counts_from_the_old_due_date_and_is_cut_at_sixty_days() -> None:
    asked = {"action": "ask_extension", "on": "2025-06-20", "days": 75}
    decided = {"action": "decide_extension", "outcome": "approved", "days": 75}
    document = said("2025-08-01", **FIRE, actions=[asked, {**decided, "on": "2025-07-11"}])
    report = clocks(document)["report/1"]
    assert report["due"] == "2025-09-09"
    assert report["extensions"][0]["effective_days"] == 60
    assert report["extensions"][0]["excess_days"] == 15
    document = said("2025-08-01", **FIRE, actions=[asked, {**decided, "on": "2025-07-12"}])
    report = clocks(document)["report/1"]
    assert report["due"] == "2025-07-11"
    assert report["extensions"][0]["came_late"] is True


def test_a_wrong_action_is_voided_or_corrected_by_its_place_in_the_list() -> None:
    request = {"action": "request_team", "on": "2025-05-14"}
    void = {"action": "void", "on": "2025-05-20", "target": 1}
    correct = {"action": "correct", "on": "2025-05-15", "target": 1}
    assert clocks(said(**FIRE, actions=[request]))["team_request/1"]["met_on"] == "2025-05-14"
    assert clocks(said(**FIRE, actions=[request, void]))["team_request/1"]["state"] == "overdue"
    corrected = said(**FIRE, actions=[request, correct])
    assert clocks(corrected)["team_request/1"]["met_on"] == "2025-05-15"


def test_actions_that_do_not_fit_are_named_and_not_refused() -> None:
    document = said(
        **FIRE,
        actions=[
            {"action": "submit_report", "on": "2025-06-01"},
            {"action": "establish_team", "on": "2025-06-10"},
        ],
    )
    assert [each["action"] for each in document["inconsistencies"]] == [1]


def test_the_language_changes_the_words_and_nothing_else() -> None:
    english, chinese = said(**FIRE), said("2025-06-30", "zh", **FIRE)
    assert english["government_because"] != chinese["government_because"]
    assert "较大" in chinese["government_because"][0]["because"]
    assert [each["due"] for each in english["clocks"]] == [
        each["due"] for each in chinese["clocks"]
    ]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"occurred_at": None}, "occurred_at"),
        ({"occurred_at": "2025-02-30"}, "occurred_at"),
        ({"occurred_at": "2025-07-01"}, "occurred_at"),
        ({"occurred_at": "2001-01-01"}, "occurred_at"),
        ({"occurred_at": 20250512}, "occurred_at"),
        ({"division": "530399"}, "division"),
        ({"division": "530328"}, "division"),
        ({"division": ["530325"]}, "division"),
        ({"deaths": -1}, "deaths"),
        ({"deaths": "1.5"}, "deaths"),
        ({"deaths": True}, "deaths"),
        ({"deaths": 10**30}, "deaths"),
        ({"serious_injuries": {}}, "serious_injuries"),
        ({"missing": "a"}, "missing"),
        ({"direct_economic_loss_yuan": "1.001"}, "direct_economic_loss_yuan"),
        ({"direct_economic_loss_yuan": "-1"}, "direct_economic_loss_yuan"),
        ({"direct_property_loss_yuan": "1e9"}, "direct_property_loss_yuan"),
        ({"direct_property_loss_yuan": "9" * 30}, "direct_property_loss_yuan"),
        ({"social_impact": "maybe"}, "social_impact"),
        ({"category": "volcano"}, "category"),
        ({"depth": 3}, "depth"),
        ({"actions": {}}, "actions"),
        ({"actions": "request_team"}, "actions"),
        ({"actions": [3]}, "actions.1"),
        ({"actions": [{"action": "dance", "on": "2025-05-13"}]}, "actions.1.action"),
        ({"actions": [{"action": "request_team"}]}, "actions.1.on"),
        ({"actions": [{"action": "request_team", "on": "2025-05-11"}]}, "actions.1.on"),
        ({"actions": [{"action": "request_team", "on": "2025-07-11"}]}, "actions.1.on"),
        (
            {"actions": [{"action": "request_team", "on": "2025-05-13", "x": 1}]},
            "actions.1.x",
        ),
        (
            {"actions": [{"action": "decide_extension", "on": "2025-06-13", "days": 5}]},
            "actions.1.outcome",
        ),
        (
            {
                "actions": [
                    {"action": "decide_extension", "on": "2025-06-13", "outcome": "approved"}
                ]
            },
            "actions.1.days",
        ),
        (
            {"actions": [{"action": "line_finding", "on": "2025-06-13", "item": "moon"}]},
            "actions.1.item",
        ),
        (
            {"actions": [{"action": "decide_category", "on": "2025-06-13"}]},
            "actions.1.category",
        ),
        (
            {"actions": [{"action": "set_measure", "on": "2025-06-13", "ref": "M1"}]},
            "actions.1.due_on",
        ),
        (
            {"actions": [{"action": "hand_over", "on": "2025-06-13"}]},
            "actions.1.government",
        ),
        ({"actions": [{"action": "void", "on": "2025-06-13"}]}, "actions.1.target"),
    ],
)
def test_bad_input_is_refused_beside_its_field(given: dict[str, object], field: str) -> None:
    assert field in fields_refused(**{**FIRE, **given})


def test_every_problem_is_named_at_once() -> None:
    assert fields_refused(**{**FIRE, "deaths": -1, "category": "x", "extra": 1}) == {
        "deaths",
        "category",
        "extra",
    }
