"""Eight deaths, then a ninth to a twelfth within seven days: from the city to the province."""

from flask import Flask

from fireinvest.services.cases import find_number, load_case
from tests.stories.city import FIVE_DEATHS, City
from tests.web.office import text_of


def test_a_fire_that_rises_is_asked_to_be_handed_over_and_is(app: Flask) -> None:
    city = City(app, "officer", "head", "reviewer")
    officer = city["officer"]
    number = officer.opens(**{**FIVE_DEATHS, "deaths": "8", "direct_economic_loss_yuan": "3000000"})
    officer.takes(number, "request_team", "2025-05-13", to="市人民政府")
    officer.takes(number, "establish_team", "2025-05-14", document_no="曲政办1号")
    for day, deaths in (("2025-05-14", "9"), ("2025-05-16", "10"), ("2025-05-18", "12")):
        officer.takes(number, "update_figures", day, deaths=deaths, source="医院通报")

    page = text_of(officer.reads(number))
    assert "重大" in page
    assert "省级人民政府" in page
    with city.database.readers.begin() as session:
        ref = find_number(session, number)
        assert ref is not None
        case = load_case(session, ref.id).case
    # The level moved on the day of the tenth death; nobody moved the case.
    assert [(f"{each.on}", each.level) for each in case.levels] == [
        ("2025-05-12", "larger"),
        ("2025-05-16", "major"),
    ]
    assert case.handover_pending == "province"
    assert case.investigating == "city"
    # The request now goes to the government responsible as well, from the fire, and arose late.
    assert officer.dues(number)["team_request/2"] == "2025-05-15"
    assert officer.dues(number)["report/1"] == "2025-07-11"
    officer.takes(
        number,
        "request_team",
        "2025-05-18",
        to="省人民政府",
        government="province",
        reason="等级上升",
    )
    # It goes neither down nor to whom the rule doesn't name.
    wrong = officer.client.get(f"/cases/{number}/actions/hand_over").text
    assert 'value="province"' in wrong
    assert 'value="state"' not in wrong

    officer.sends(
        f"/cases/{number}/actions/hand_over", on="2025-05-20", government="province",
        document_no="云政办1号", reason="死亡12人，升为重大",
    )  # fmt: skip
    page = text_of(officer.reads(number))
    assert "上级" in page
    with city.database.readers.begin() as session:
        case = load_case(session, ref.id).case
    assert case.investigating == "province"
    assert case.mode == "assist"
    # The city's own clock ended with the hand-over, not at the rise.
    history = text_of(officer.reads(number, "/clocks/report/1"))
    assert "2025-05-20" in history

    # Now the place assists: tasks with dates, and after the superior's reply its measures.
    officer.takes(
        number, "assist_task", "2025-05-21", ref="1", what="提供消防档案", due_on="2025-05-30"
    )
    assert officer.dues(number)["assist/1"] == "2025-05-30"
    officer.takes(number, "assist_done", "2025-05-28", ref="1", what="已提供")
    officer.takes(
        number, "superior_reply", "2025-09-01", sender="省人民政府", document_no="云政复1号"
    )
    officer.takes(
        number, "set_measure", "2025-09-10", ref="1", what="整治同类场所", due_on="2026-03-01"
    )
    assert officer.dues(number)["measure/1"] == "2026-03-01"
    assert not city["reviewer"].may_take(number, "reply")

    # A thirteenth death after the window changes the figures, not the level.
    officer.takes(number, "update_figures", "2025-05-29", deaths="31", source="医院通报")
    with city.database.readers.begin() as session:
        case = load_case(session, ref.id).case
    assert case.facts.deaths == 31
    assert case.judgement.severity.level.id == "major"
