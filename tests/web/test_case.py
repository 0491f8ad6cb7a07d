"""The pages of a case: its header everywhere, its team, and everything that happened."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fireinvest.services.cases import CaseRef
from fireinvest.services.people import Post
from fireinvest.workflow.actions import (
    Decision,
    DocumentSent,
    Figures,
    HandingOver,
    Linking,
    Membership,
    Order,
    Voiding,
)
from tests.services.office import CITY, FUYUAN, did, facts, opened
from tests.web.office import database_of, hidden, person_with, sign_in, text_of


def reader(app: Flask) -> FlaskClient:
    """Somebody of the city's agency, who reads English."""
    person_with(database_of(app), "sun", Post("agency_head", division=CITY, tier="city"))
    client = sign_in(app, "sun")
    client.get("/desk?lang=en")
    return client


def page_of(client: FlaskClient, ref: CaseRef, page: str = "") -> str:
    answer = client.get(f"/cases/{ref.number}{page}")
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(
    "page", ["", "/steps", "/team", "/history", "/entries/1", "/clocks/report/1"]
)
def test_the_header_is_the_same_on_every_page(quick_app: Flask, page: str) -> None:
    client = reader(quick_app)
    ref = opened(database_of(quick_app), known=facts(FUYUAN))
    found = re.search(
        r'<header class="case-head.*?</header>', page_of(client, ref, page), re.DOTALL
    )
    assert found is not None
    text = text_of(found[0])
    for words in (ref.number, "某某商贸有限公司", "2025-05-12", "Fuyuan County", "at least relatively serious",
                  "Rule art 32", "Qujing City · city government", "Team request 2025-05-15"):  # fmt: skip
        assert words in text, words
    assert found[0].count('<li class="stage-') == 6
    assert found[0].count('aria-current="step"') == 1


@pytest.mark.parametrize(
    ("category", "is_there"), [("ordinary", False), ("work_safety", True), (None, False)]
)
def test_the_team_page_lists_the_bodies_that_this_fire_wants(
    quick_app: Flask, category: str | None, is_there: bool
) -> None:
    client = reader(quick_app)
    database = database_of(quick_app)
    ref = opened(database)
    if category is not None:
        did(database, ref, "decide_category", Decision(category=category, decided_by="两部门"))
    did(database, ref, "establish_team", Order(person="zhao"))
    did(database, ref, "join_team", Membership(person="zhang", item="police"))
    page = text_of(page_of(client, ref, "/team"))
    assert "zhang" in page
    assert "authority of the industry missing" in page
    # An unrecorded kind is presumed ordinary, so the trade union isn't wanted either.
    assert ("trade union" in page) is is_there


def test_the_history_shows_old_and_new_values_page_by_page(app: Flask) -> None:
    client = reader(app)
    database = database_of(app)
    ref = opened(database)
    for deaths in range(6, 36):
        did(database, ref, "update_figures", Figures(deaths=deaths % 7 + 3, source="医院"))
    newest = page_of(client, ref, "/history")
    assert newest.count('class="history-entry') == 25
    assert 'id="entry-31"' in newest
    older = re.search(r'rel="next" href="([^"]+)"', newest)
    assert older is not None
    rest = client.get(older[1]).text
    assert 'id="entry-1"' in rest
    assert newest.count('id="entry-') + rest.count('id="entry-') == 31
    entry = text_of(page_of(client, ref, "/entries/3"))
    assert re.search(r"deaths 9 3", entry)  # before and after
    assert re.search(r"accident level relatively serious|医院", entry)
    assert client.get(f"/cases/{ref.number}/history?before=x").status_code == 400
    assert client.get(f"/cases/{ref.number}/history?before={'9' * 30}").status_code == 400
    assert client.get(f"/cases/{ref.number}/entries/99").status_code == 404


def test_what_was_voided_and_linked_shows(app: Flask) -> None:
    client = reader(app)
    database = database_of(app)
    ref, other = opened(database), opened(database)
    did(database, ref, "request_team", DocumentSent(to="市政府"))
    did(database, ref, "void", Voiding(2), reason="发错")
    did(database, ref, "link", Linking(other.number, "open", 1), reason="再次起火")
    history = text_of(page_of(client, ref, "/history"))
    assert "voided by entry 3" in history
    assert "发错" in history
    assert "no longer counts" in history
    assert f'href="/cases/{other.number}"' in page_of(client, ref)
    assert f'href="/cases/{ref.number}"' in page_of(client, other)


def test_a_risen_case_says_what_is_pending(app: Flask) -> None:
    client = reader(app)
    database = database_of(app)
    ref = opened(database)
    did(database, ref, "update_figures", Figures(deaths=12))
    page = page_of(client, ref)
    assert "hand-over to provincial government pending" in text_of(page)
    assert f'href="/cases/{ref.number}/actions/hand_over"' in page
    did(database, ref, "hand_over", HandingOver("province"))
    assert "pending" not in text_of(page_of(client, ref)).partition("History")[0]


def test_a_superior_takes_a_countys_case_up_to_itself(app: Flask) -> None:
    """The head of the city's agency, who has no say in the county's own steps (Decree 493 art 20)."""
    client = reader(app)
    ref = opened(database_of(app), known=facts(FUYUAN, deaths=1))
    steps = page_of(client, ref, "/steps")
    address = f"/cases/{ref.number}/actions/raise"
    assert f'href="{address}"' in steps
    assert "/actions/merge" not in steps
    form = client.get(address).text
    names = ("csrf_token", "key", "expected_version")
    answer = client.post(
        address,
        data={
            **{name: hidden(form, name) for name in names},
            "on": "2025-05-20", "government": "city", "document_no": "曲政办3号", "reason": "影响较大",
        },
    )  # fmt: skip
    assert answer.status_code == 303, text_of(answer.text)
    assert "Qujing City · city government" in text_of(page_of(client, ref))
