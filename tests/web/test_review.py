"""The review of rights: what the security administrator looks at, and puts on record."""

from datetime import date

from flask import Flask

from fireinvest.services.people import Post, give_post, set_active
from fireinvest.workflow.permissions import AUDIT_ADMINISTRATOR, SECURITY_ADMINISTRATOR
from tests.queries import counted
from tests.services.office import FUYUAN
from tests.web.office import database_of, person_with, text_of
from tests.web.test_people import DAY, TODAY, administrator, logged, post, problem_at

ARCHIVIST = Post("archivist", division=FUYUAN, tier="county")


def test_the_review_lists_what_is_to_be_looked_at_and_goes_on_record(quick_app: Flask) -> None:
    database = database_of(quick_app)
    guard = administrator(quick_app, "guard", SECURITY_ADMINISTRATOR, "乙管理员")
    ids = {
        login: person_with(database, login, name=f"某{login}")
        for login in ("without", "ending", "outlived", "gone")
    }
    for login, person in ids.items():
        if login == "ending":
            give_post(
                database, person, ARCHIVIST, valid_from=TODAY, valid_until=TODAY + DAY,
                granted_by="guard",
            )  # fmt: skip
        elif login != "without":
            place = "530328" if login == "outlived" else FUYUAN
            post_there = Post("archivist", division=place, tier="county")
            give_post(database, person, post_there, valid_from=date(2020, 1, 1), granted_by="x")
    set_active(database, ids["gone"], is_active=False)
    page = guard.get("/people/review").text
    parts = {
        each.split('-title"')[0]: text_of(each)
        for each in page.split('<section class="card-plain" aria-labelledby="')[1:]
    }
    assert "乙管理员 guard Security administrator" in parts["offices"]
    assert "某ending" in parts["ending"]
    assert "某outlived" in parts["outlived"]
    assert "某gone" in parts["forgotten"]
    assert "某without" in parts["without"]
    # Added long ago, and nobody was ever here with it.
    assert "某without" in parts["unused"]
    assert "乙管理员" not in parts["unused"]
    assert "No review is on record yet." in text_of(page)
    refused = post(guard, "/people/review", note=" ")
    assert refused.status_code == 400
    assert problem_at(refused.text, "note")
    assert logged(database) == []
    assert post(guard, "/people/review", note="无异常").status_code == 303
    assert logged(database) == [("guard", "rights_reviewed", "rights")]
    assert "by 乙管理员. 无异常" in text_of(guard.get("/people/review").text)


def test_the_review_asks_the_same_however_many_there_are(quick_app: Flask) -> None:
    database = database_of(quick_app)
    guard = administrator(quick_app, "guard", SECURITY_ADMINISTRATOR, "乙管理员")

    def asked() -> int:
        with counted(database) as sent:
            assert guard.get("/people/review").status_code == 200
        return len(sent)

    few = asked()
    for n in range(10):
        person_with(database, f"p{n}", ARCHIVIST)
        person_with(database, f"a{n}", Post(AUDIT_ADMINISTRATOR))
    assert asked() == few <= 16
