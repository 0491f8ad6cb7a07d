"""Who saw what is written down, shown to those who administer the case, and found by the auditor."""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import text

from fireinvest.services.cases import CaseRef
from fireinvest.services.log import Act, LogFilters, search_log
from fireinvest.services.people import Change, Post
from fireinvest.store import Database
from fireinvest.store.access import log_access
from fireinvest.store.append_only import unprotect
from fireinvest.web.present_log import GROUPS, KINDS
from fireinvest.web.views import log as views
from fireinvest.workflow.actions import Figures, Membership, Order
from tests.queries import counted
from tests.services.office import FUYUAN, NOW, did, facts, opened
from tests.web.office import database_of, person_with, sign_in, text_of, token


def lines_of(database: Database, *kinds: str, **wanted: Any) -> list[tuple[Any, ...]]:
    """Who, which case, what of it: of these kinds, the oldest first."""
    page = search_log(database, LogFilters(kinds=kinds, **wanted), None, 500)
    return [(each.person, each.case_id, each.item) for each in reversed(page.lines)]


def town(app: Flask) -> CaseRef:
    """A case of the county, whose agency has a head, a leader of the team and a member."""
    database = database_of(app)
    person_with(database, "head", Post("agency_head", division=FUYUAN, tier="county"), name="何某")
    for login in ("leader", "member"):
        person_with(database, login)
    person_with(database, "far", Post("agency_head", division="530302", tier="county"))
    person_with(database, "audit", Post("audit_administrator"), name="审某")
    ref = opened(database, known=facts(FUYUAN, deaths=1))
    did(database, ref, "establish_team", Order(document_no="1", person="leader"))
    did(database, ref, "join_team", Membership(person="member", agency="公安局", item="police"))
    return ref


def english(app: Flask, login: str) -> FlaskClient:
    client = sign_in(app, login)
    client.get("/desk?lang=en")
    return client


def sheet_of(client: FlaskClient, address: str) -> list[list[object]]:
    """The rows of the Excel file at this address."""
    with client.get(address) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment")
        sheet = load_workbook(BytesIO(answer.data)).active
    assert sheet is not None
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


# ---------------------------------------------------------------------------- what is written


def test_a_look_at_a_case_is_written_once_for_each_page(app: Flask) -> None:
    ref = town(app)
    database = database_of(app)
    client = sign_in(app, "head")
    pages = ("", "/team", "/history", "/clocks/report/1", "/steps/update_figures", "/entries/1")
    for _ in range(2):
        for page in pages:
            assert client.get(f"/cases/{ref.number}{page}").status_code == 200
    kinds = ("case.show", "team.show", "case.history", "clock.show", "step.step", "case.entry")
    assert lines_of(database, Act.VIEW) == [("head", ref.id, each) for each in kinds]
    with counted(database) as sent:
        client.get(f"/cases/{ref.number}")
    assert not [each for each in sent if each.startswith("INSERT INTO access_log")]


def test_refusals_and_hidden_cases_are_written_with_their_address(app: Flask) -> None:
    ref = town(app)
    database = database_of(app)
    far, member = sign_in(app, "far"), sign_in(app, "member")
    assert far.get(f"/cases/{ref.number}/team?x=1").status_code == 404
    assert far.get("/cases/5303-2025-0999").status_code == 404
    assert far.get("/people").status_code == 403
    assert far.get("/nowhere").status_code == 404  # Hides nothing.
    assert member.get(f"/cases/{ref.number}/log").status_code == 403
    assert app.test_client().get("/log").status_code == 302
    assert lines_of(database, Act.REFUSED) == [
        ("far", ref.id, f"GET /cases/{ref.number}/team"),
        ("far", None, "GET /cases/5303-2025-0999"),
        ("far", None, "GET /people"),
        ("member", ref.id, f"GET /cases/{ref.number}/log"),
    ]


def test_a_print_is_told_by_the_page(quick_app: Flask) -> None:
    ref = town(quick_app)
    database = database_of(quick_app)
    client = sign_in(quick_app, "head")
    page = client.get(f"/cases/{ref.number}/clocks/report/1").text
    assert "prints.js" in page

    def told(address: str, who: FlaskClient = client, form: str | None = None) -> int:
        given = token(page) if form is None else form
        answer = who.post("/log/print", data={"csrf_token": given, "address": address})
        return answer.status_code

    assert told(f"/cases/{ref.number}/clocks/report/1") == 204
    assert told(f"/cases/{ref.number}") == 204
    for address in ("", "//elsewhere/x", "/nowhere", "/desk", "/log", "x" * 5000):
        assert told(address) == 400, address
    assert told("/cases/5303-2025-0999") == 404
    assert told(f"/cases/{ref.number}", form="") == 400
    far = sign_in(quick_app, "far")
    form = token(far.get("/desk").text)
    assert told(f"/cases/{ref.number}", far, form) == 404
    assert lines_of(database, Act.PRINT) == [
        ("head", ref.id, "clock.show"), ("head", ref.id, "case.show"),
    ]  # fmt: skip


def test_work_goes_on_where_a_look_cannot_be_written_but_nothing_leaves(
    quick_app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    ref = town(quick_app)
    client = sign_in(quick_app, "head")
    auditor = sign_in(quick_app, "audit")
    with database_of(quick_app).engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER full BEFORE INSERT ON access_log "
                "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )
        )
    quick_app.testing = False
    assert client.get(f"/cases/{ref.number}").status_code == 200
    assert "a view could not be written down" in capsys.readouterr().err
    assert client.get(f"/cases/{ref.number}/log/excel").status_code == 500
    assert auditor.get("/log").status_code == 500
    assert auditor.get("/log/excel").status_code == 500
    assert client.get("/log").status_code == 403
    assert "a refusal could not be written down" in capsys.readouterr().err


# ---------------------------------------------------------------------------- of one case


def test_the_log_of_a_case_is_for_those_who_administer_or_lead_it(quick_app: Flask) -> None:
    ref = town(quick_app)
    for login, status in (
        ("head", 200),
        ("leader", 200),
        ("member", 403),
        ("far", 404),
        ("audit", 404),
    ):
        client = sign_in(quick_app, login)
        for page in ("log", "log/excel"):
            with client.get(f"/cases/{ref.number}/{page}") as answer:
                assert answer.status_code == status, (login, page)
        if status != 404:
            there = f'/cases/{ref.number}/log"' in client.get(f"/cases/{ref.number}").text
            assert there is (status == 200)


def test_the_log_of_a_case_names_who_saw_and_changed_it(app: Flask) -> None:
    ref = town(app)
    other = opened(database_of(app), known=facts(FUYUAN, deaths=1))
    sign_in(app, "member").get(f"/cases/{ref.number}/team")
    client = english(app, "head")
    client.get(f"/cases/{other.number}")
    page = text_of(client.get(f"/cases/{ref.number}/log").text)
    assert "某member member page viewed Team" in page
    assert "step recorded" in page
    assert "entry 3" in page
    assert other.number not in page
    views_only = text_of(client.get(f"/cases/{ref.number}/log?kind=views").text)
    assert "page viewed Team" in views_only
    assert "step recorded" not in views_only.replace("Steps in cases", "")
    for query in ("kind=x", "size=7", "after=1", "after=2025-09-10T04:00:00~x", "other=1"):
        answer = client.get(f"/cases/{ref.number}/log?{query}")
        assert answer.status_code == 400, query


def test_the_pages_of_a_case_take_no_more_statements_for_more_lines(app: Flask) -> None:
    ref = town(app)
    database = database_of(app)
    client = sign_in(app, "head")
    address = f"/cases/{ref.number}/log?size=100"
    client.get(address)
    with counted(database) as few:
        client.get(address)
    for _ in range(5):
        did(database, ref, "update_figures", Figures(deaths=2))
    with counted(database) as many:
        client.get(address)
    assert len(many) == len(few)


def test_a_page_leads_to_the_next(quick_app: Flask) -> None:
    ref = town(quick_app)
    database = database_of(quick_app)
    for deaths in range(2, 24):
        did(database, ref, "update_figures", Figures(deaths=deaths))
    client = english(quick_app, "head")
    first = client.get(f"/cases/{ref.number}/log?kind=steps").text
    assert "20 lines on this page" in first
    following = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    rest = client.get(following.replace("&amp;", "&"))
    assert "5 lines on this page" in rest.text


# ---------------------------------------------------------------------------- of everything


@pytest.mark.parametrize("login", ["head", "leader", "accounts", "security"])
def test_the_log_of_everything_is_the_auditors(quick_app: Flask, login: str) -> None:
    town(quick_app)
    database = database_of(quick_app)
    person_with(database, "accounts", Post("system_administrator"))
    person_with(database, "security", Post("security_administrator"))
    client = sign_in(quick_app, login)
    for address in ("/log", "/log/excel"):
        assert client.get(address).status_code == 403
    assert 'href="/log"' not in client.get("/desk").text


def test_the_auditor_finds_lines_by_each_filter(app: Flask) -> None:
    ref = town(app)
    database = database_of(app)
    sign_in(app, "head").get(f"/cases/{ref.number}")
    sign_in(app, "far").get("/people")
    client = english(app, "audit")

    def found(query: str) -> str:
        answer = client.get(f"/log?{query}")
        assert answer.status_code == 200, query
        return text_of(answer.text.partition("<tbody>")[2])

    everything = found("size=100")
    for words in ("page viewed", "access refused GET /people", "sign-in password", "step recorded"):
        assert words in everything, words
    assert "access refused" not in found("person=head")
    assert "page viewed Overview" in found("person=何某")
    assert "far" not in found("person=何某")
    assert "sign-in password" in found("kind=sign_ins")
    assert "page viewed" not in found("kind=sign_ins")
    assert "page viewed" in found(f"number={ref.number}")
    assert "sign-in password" not in found(f"number={ref.number}")
    assert "sign-in password" in found("address_from=127.0.0.1")
    assert found("address_from=10.9.9.9") == ""
    assert "page viewed" not in found("until=2025-09-10")
    assert "step recorded" in found("since=2025-09-10&until=2025-09-10")
    # Their own searches stand there too, once each.
    searches = [item for _, _, item in lines_of(database, Act.SEARCH)]
    assert searches[:2] == ["*", "person=head"]
    assert len(searches) == len(set(searches))


def test_the_auditor_sees_no_contents_of_cases_but_old_and_new_values_of_accounts(
    app: Flask,
) -> None:
    ref = town(app)
    database = database_of(app)
    did(database, ref, "update_figures", Figures(deaths=9), reason="现场勘验所得秘密")
    with database.sessions.begin() as session:
        log_access(
            session, happened_at=NOW, person="root", what="post_given", about="head",
            reason="因工作需要", old={"role": None}, new={"role": "archivist"},
        )  # fmt: skip
        log_access(session, happened_at=NOW, person="root", what="brand_new_kind")
    page = text_of(english(app, "audit").get("/log?size=100").text)
    assert "post given Reason: 因工作需要 role archivist 何某 head" in page
    assert "brand_new_kind" in page  # A kind without words shows its code.
    assert "step recorded Case opened 5303-2025-0001 entry 1" in page
    assert "5303-2025-0001 entry 4" in page
    assert "秘密" not in page
    assert "某某商贸有限公司" not in page


@pytest.mark.parametrize(
    "query",
    [
        "kind=x", "size=1", "since=2025-13-01", "until=1", "since=2026-01-02&until=2026-01-01",
        "number=5303-2025-0999", "person=" + "x" * 400, "other=1", "after=x", "person=a&person=b",
        "after=2025-09-10T04:00:00~99999999999999999999", "after=0001-01-01T00:00:00~1",
    ],
)  # fmt: skip
def test_what_cannot_be_looked_for_is_told_beside_its_field(quick_app: Flask, query: str) -> None:
    town(quick_app)
    client = sign_in(quick_app, "audit")
    answer = client.get(f"/log?{query}")
    assert answer.status_code == 400
    assert client.get(f"/log/excel?{query}").status_code == 400
    assert "aria-invalid" in answer.text or "problems-elsewhere" in answer.text


def test_an_address_without_end_is_refused(quick_app: Flask) -> None:
    town(quick_app)
    assert sign_in(quick_app, "audit").get(f"/log?person={'x' * 5000}").status_code == 414


def test_excel_has_what_the_page_has_and_is_written_down(app: Flask) -> None:
    ref = town(app)
    database = database_of(app)
    client = english(app, "audit")
    rows = sheet_of(client, f"/log/excel?number={ref.number}&kind=steps")
    assert rows[0][0] == "Audit log"
    assert [row[7] for row in rows[2:]] == [3, 2, 1]
    assert rows[2][4:7] == ["step recorded", "entry", ref.number]
    assert lines_of(database, Act.EXPORT) == [("audit", None, "log.excel")]
    assert len(sheet_of(english(app, "head"), f"/cases/{ref.number}/log/excel")) > 4
    assert lines_of(database, Act.EXPORT)[1:] == [("head", ref.id, "log.case_excel")]


def test_excel_says_where_it_is_cut(quick_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    town(quick_app)
    monkeypatch.setattr(views, "MOST_LINES", 2)
    rows = sheet_of(english(quick_app, "audit"), "/log/excel")
    assert rows[1][0] == "Only the newest 2 lines. Narrow the days to fetch older ones."
    assert len(rows) == 5  # Title, note, header, two lines.


def test_every_kind_has_words() -> None:
    known = {each.value for each in Change} | {each.value for each in Act}
    assert known <= {str(each) for each in KINDS}
    assert len(GROUPS) == 9


def test_acting_for_somebody_stands_in_every_line(quick_app: Flask) -> None:
    ref = town(quick_app)
    database = database_of(quick_app)
    with database.sessions.begin() as session:
        session.execute(
            text(
                "INSERT INTO deputies (person_id, acts_for_id, valid_from, valid_until, granted_by) "
                "SELECT a.id, b.id, '2020-01-01', '2099-12-31', 'x' FROM people a, people b "
                "WHERE a.login = 'leader' AND b.login = 'head'"
            )
        )
    client = sign_in(quick_app, "leader")
    client.post("/acting", data={"csrf_token": token(client.get("/desk").text), "login": "head"})
    client.get(f"/cases/{ref.number}")
    page = search_log(database, LogFilters(kinds=(Act.VIEW,)), None, 10)
    assert [(each.person, each.acting_for) for each in page.lines] == [("leader", "head")]


def test_the_database_keeps_the_log_as_it_is(quick_app: Flask) -> None:
    town(quick_app)
    database = database_of(quick_app)
    for statement in ("DELETE FROM access_log", "UPDATE access_log SET person = 'x'"):
        with pytest.raises(Exception, match="only grows"), database.sessions.begin() as session:
            session.execute(text(statement))
    with database.engine.begin() as connection:
        unprotect(connection, "access_log")
