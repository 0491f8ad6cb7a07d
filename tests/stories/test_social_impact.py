"""A general fire without a death: out of scope first, in scope by a later decision."""

from flask import Flask

from fireinvest.services.cases import find_number, load_case
from tests.stories.city import FIVE_DEATHS, City
from tests.web.office import text_of


def test_a_fire_comes_into_scope_by_social_impact(app: Flask) -> None:
    city = City(app, "county", "county_reviewer", "officer")
    county, reviewer = city["county"], city["county_reviewer"]
    number = county.opens(
        **{
            **FIVE_DEATHS, "deaths": "0", "serious_injuries": "0", "social_impact": "no",
            "direct_economic_loss_yuan": "800000",
        }
    )  # fmt: skip
    with city.database.readers.begin() as session:
        ref = find_number(session, number)
        assert ref is not None
        case = load_case(session, ref.id).case
    assert case.mode == "out_of_scope"
    # Only the fire service's own clock runs: 30 days from the alarm.
    assert county.dues(number) == {"determination/1": "2025-06-11"}
    assert not county.may_take(number, "request_team")

    # Who decides is recorded, and why; without grounds it is refused.
    page = county.client.get(f"/cases/{number}/steps/decide_social_impact")
    assert page.status_code == 200
    reviewer.takes(
        number, "decide_social_impact", "2025-05-26", outcome="yes", decided_by="县人民政府",
        note="视频传播广泛，群众反映强烈",
    )  # fmt: skip
    page_text = text_of(county.reads(number))
    assert "县级人民政府" in page_text
    dues = county.dues(number)
    # The dates still count from the fire, and are marked as having arisen late.
    assert dues["team_request/1"] == "2025-05-15"
    assert dues["report/1"] == "2025-07-11"
    clock = text_of(county.reads(number, "/clocks/team_request/1"))
    assert "2025-05-29" in clock  # the same length from the late fact
    county.takes(
        number, "request_team", "2025-05-27", to="县人民政府", reason="5月26日才认定社会影响"
    )
    with city.database.readers.begin() as session:
        case = load_case(session, ref.id).case
    assert case.mode == "investigate"
    assert case.investigating == "county"
    assert f"{case.governments[0].late_since}" == "2025-05-26"

    # The decision taken back: nothing of the rule ever applied.
    seq = next(each.seq for each in case.entries if each.step == "decide_social_impact")
    county.sends(f"/cases/{number}/entries/{seq}/void", reason="认定撤回")
    with city.database.readers.begin() as session:
        case = load_case(session, ref.id).case
    assert case.mode == "out_of_scope"
