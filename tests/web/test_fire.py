"""People and losses through HTTP: the list feeds the figures, by the day of death."""

from datetime import date

import pytest
from flask import Flask

from fireinvest.services.cases import load_case
from fireinvest.workflow.actions import Figures
from fireinvest.workflow.case import Case
from tests.queries import counted
from tests.services.office import FUYUAN, did, opened
from tests.web.office import text_of, token
from tests.web.test_team import Office

DEAD = {
    "name": "遇难者", "outcome": "dead", "died_on": "2025-05-13", "cause": "烟气",
    "observed_on": "2025-05-30", "source": "法医鉴定",
}  # fmt: skip


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


@pytest.fixture
def quick_office(quick_app: Flask) -> Office:
    return Office(quick_app)


def case_of(office: Office) -> Case:
    with office.database.readers.begin() as session:
        return load_case(session, office.ref.id).case


def post(office: Office, login: str, **fields: str) -> int:
    page = office.page(login, "/fire")
    data = {"csrf_token": token(page), "key": f"k{fields}", **fields}
    address = f"/cases/{office.ref.number}/fire/figures"
    return office.client(login).post(address, data=data).status_code


def test_a_death_that_is_listed_moves_the_level_by_its_own_day(office: Office) -> None:
    # The case was opened with one death: one in the list says nothing new.
    office.send("carrier", "/fire/casualties/new", **DEAD)
    assert not office.steps("update_figures")
    office.send("carrier", "/fire/casualties/new", 400, **DEAD, identity_no="1")
    for number in (2, 3):
        office.send("carrier", "/fire/casualties/new", **{**DEAD, "name": f"遇难者{number}"})
    case = case_of(office)
    assert case.facts.deaths == 3
    # Written down late, it counts within the seven days all the same.
    assert case.judgement.severity.level.id == "larger"
    figures = [each for each in case.entries if each.step == "update_figures"]
    assert {each.on for each in figures} == {date(2025, 5, 13)}
    assert "3 in the list" in text_of(office.page("carrier", "/fire"))


def test_later_figures_are_told_anew_and_never_say_less(office: Office) -> None:
    did(office.database, office.ref, "update_figures", Figures(deaths=2), date(2025, 5, 25))
    for number in (1, 2, 3):
        office.send("carrier", "/fire/casualties/new", **{**DEAD, "name": f"遇难者{number}"})
    case = case_of(office)
    assert case.facts.deaths == 3
    assert case.judgement.severity.level.id == "larger"


def test_who_dies_later_is_no_longer_counted_as_hurt_wherever_it_is_written(
    office: Office,
) -> None:
    hurt = {**DEAD, "outcome": "serious", "died_on": "", "observed_on": "2025-05-12"}
    office.send("carrier", "/registers/casualties/new", **DEAD)
    office.send("carrier", "/registers/casualties/new", **{**hurt, "name": "伤员"})
    assert case_of(office).facts.serious_injuries == 1
    office.send(
        "carrier",
        "/registers/casualties/2/edit",
        **{**DEAD, "name": "伤员", "died_on": "2025-05-15"},
    )
    facts = case_of(office).facts
    assert (facts.deaths, facts.serious_injuries) == (2, 0)
    missing = {**hurt, "name": "失踪者", "outcome": "missing"}
    office.send("carrier", "/fire/casualties/new", **missing)
    assert case_of(office).facts.missing == 1


def test_a_shorter_list_lowers_nothing_until_somebody_takes_it_over(office: Office) -> None:
    did(office.database, office.ref, "update_figures", Figures(deaths=4), date(2025, 5, 12))
    office.send("carrier", "/fire/casualties/new", **DEAD)
    assert case_of(office).facts.deaths == 4
    page = text_of(office.page("carrier", "/fire"))
    assert "The list and the figures of the case differ." in page
    assert post(office, "carrier", of="casualties") == 303
    assert case_of(office).facts.deaths == 1
    assert "differ" not in text_of(office.page("carrier", "/fire"))
    assert post(office, "carrier", of="x") == 400


def test_final_losses_become_the_figures(quick_office: Office) -> None:
    office = quick_office
    loss = {
        "what": "货物", "kind": "property", "amount_yuan": "1000.50", "by": "评估公司",
        "on": "2025-06-01",
    }  # fmt: skip
    office.send("carrier", "/registers/losses/new", **loss, stage="declared")
    assert "Take the final sums" not in office.page("carrier", "/fire")
    office.send("carrier", "/registers/losses/new", **loss, stage="final")
    cost = {**loss, "kind": "aftermath", "amount_yuan": "99.50"}
    office.send("carrier", "/registers/losses/new", **cost, stage="final")
    assert post(office, "carrier", of="losses") == 303
    facts = case_of(office).facts
    assert (facts.direct_property_loss, facts.direct_economic_loss) == (100_050, 110_000)
    # A member who may not change the figures is told so, and nothing is changed.
    page = office.page("member", "/fire")
    assert "Take the final sums" not in page


def test_earlier_fires_families_and_watched_people_stand_on_the_page(
    quick_office: Office,
) -> None:
    office = quick_office
    other = opened(office.database)
    hurt = {**DEAD, "outcome": "serious", "died_on": ""}
    office.send("carrier", "/fire/casualties/new", **hurt)
    contact = {
        "with_whom": "家属", "at": "2025-05-20T09:00", "way": "met", "by": "承办人", "said": "通报进展",
        "next_on": "2025-05-25",
    }  # fmt: skip
    office.send("carrier", "/registers/family_contacts/new", **contact)
    page = text_of(office.page("carrier", "/fire"))
    assert other.number in page
    assert "same address" in page
    assert "next contact due on 2025-05-25" in page
    change = {**hurt, "note": "x", "csrf": ""}
    office.send("carrier", "/fire/casualties/1", **change)
    office.page("carrier", "/fire/casualties/9", 404)
    office.page("member", "/fire/casualties/new", 403)
    assert FUYUAN in str(case_of(office).division)


def test_the_page_costs_the_same_however_much_stands_there(quick_office: Office) -> None:
    office = quick_office

    def cost() -> int:
        with counted(office.database) as sent:
            office.page("carrier", "/fire")
        return len(sent)

    office.send("carrier", "/fire/casualties/new", **DEAD)
    office.page("carrier", "/fire")
    few = cost()
    for number in range(3):
        office.send("carrier", "/fire/casualties/new", **{**DEAD, "name": f"甲{number}"})
        party = {"name": f"乙{number}", "sort": "person", "role": "witness"}
        office.send("carrier", "/registers/parties/new", **party)
    assert cost() == few
