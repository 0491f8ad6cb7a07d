"""The form of a step: drawn from the table, sent through the one door, and nothing typed is lost."""

import io
import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from fireinvest.services.cases import CaseRef, find_number, load_case, rebuild
from fireinvest.services.people import Post, actor_of
from fireinvest.store import Database
from fireinvest.store.people import find_login
from fireinvest.workflow.actions import DocumentSent, Figures, Finding, Order
from tests.queries import counted
from tests.services.office import CALENDAR, CITY, FUYUAN, TODAY, did, facts, opened
from tests.web.office import database_of, hidden, person_with, sign_in, text_of

OFFICER = Post("carrier", division=CITY, tier="city")


class Desk:
    """An officer of the city who carries a case, and the forms that they send."""

    def __init__(self, app: Flask, ref: CaseRef, client: FlaskClient) -> None:
        self.app, self.ref, self.client = app, ref, client
        self.database = database_of(app)

    def address(self, step: str) -> str:
        return f"/cases/{self.ref.number}/{step}"

    def form(self, path: str) -> dict[str, str]:
        """The hidden fields of a form, as a browser has them."""
        page = self.client.get(self.address(path))
        assert page.status_code == 200, page.text
        names = ("csrf_token", "key", "expected_version")
        return {name: hidden(page.text, name) for name in names}

    def send(self, path: str, sent: Any = None, /, **fields: Any) -> TestResponse:
        """Send a form with its hidden fields, as it was opened before or now, and these."""
        return self.client.post(self.address(path), data={**(sent or self.form(path)), **fields})

    def version(self) -> int:
        with self.database.readers.begin() as session:
            return load_case(session, self.ref.id).case.version


@pytest.fixture
def desk(app: Flask) -> Desk:
    """The case of a fire with five deaths, opened by the officer."""
    return _desk(app)


@pytest.fixture
def quick_desk(quick_app: Flask) -> Desk:
    """The same on SQLite alone."""
    return _desk(quick_app)


def _desk(app: Flask) -> Desk:
    database = database_of(app)
    person_with(database, "sun", OFFICER, Post("agency_head", division=CITY, tier="city"))
    client = sign_in(app, "sun")
    with database.readers.begin() as session:
        person = find_login(session, "sun")
        assert person is not None
        actor = actor_of(session, person.id, TODAY)
    return Desk(app, opened(database, actor, facts(FUYUAN)), client)


REQUEST = {"on": "2025-05-13", "to": "曲靖市人民政府", "document_no": "曲消请〔2025〕5号"}


def test_a_step_is_recorded_and_shown(desk: Desk) -> None:
    answer = desk.send("steps/request_team", **REQUEST)
    assert answer.status_code == 303
    assert answer.location == f"/cases/{desk.ref.number}"
    page = text_of(desk.client.get(answer.location).text)
    assert "2025-05-15" in page  # the day on which the request was due
    history = text_of(desk.client.get(desk.address("history")).text)
    assert "曲消请〔2025〕5号" in history
    assert desk.version() == 2


def test_every_step_has_a_form_or_says_why_not(quick_desk: Desk) -> None:
    with quick_desk.database.readers.begin() as session:
        ruleset = load_case(session, quick_desk.ref.id).case.ruleset
    for lang in ("zh", "en"):
        forms = 0
        for step in ruleset.steps.values():
            page = quick_desk.client.get(
                quick_desk.address(f"steps/{step.id}"), query_string={"lang": lang}
            )
            assert page.status_code == 200, step.id
            label = step.label.zh if lang == "zh" else step.label.en
            assert label in unescape(page.text)
            assert (
                ruleset.citation(step.basis).zh if lang == "zh" else ruleset.citation(step.basis).en
            ) in unescape(page.text)
            forms += 'name="expected_version"' in page.text
        assert forms >= 5
    assert quick_desk.client.get(quick_desk.address("steps/unheard")).status_code == 404


def test_a_form_posted_twice_is_done_once(desk: Desk) -> None:
    form = desk.form("steps/request_team")
    assert desk.send("steps/request_team", form, **REQUEST).status_code == 303
    assert desk.send("steps/request_team", form, **REQUEST).status_code == 303
    assert desk.version() == 2


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"to": ""}, "to", "needed"),
        ({"on": ""}, "on", "needed"),
        ({"on": "2025-05-11"}, "on", "before the fire"),
        ({"on": "2999-01-01"}, "on", "future"),
        ({"on": "2025-02-30"}, "on", "not a date"),
        ({"on": "yesterday"}, "on", "not a date"),
        ({"to": "x" * 201}, "to", "at most 200"),
        ({"to": "a\u202eb"}, "to", "can't be shown"),
        ({"reason": "x" * 2001}, "reason", "at most 2000"),
        ({"on": "2025-07-01"}, "reason", "was due on 2025-05-15"),
        ({"at": "25:00"}, "at", "time of day"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    quick_desk: Desk, fields: dict[str, str], field: str, words: str
) -> None:
    quick_desk.client.get("/desk?lang=en")
    answer = quick_desk.send("steps/request_team", **{**REQUEST, **fields})
    assert answer.status_code == 400
    problems = re.search(rf'id="{field}-problem">(.*?)</div>', answer.text, re.DOTALL)
    assert problems is not None
    assert words in unescape(problems[1])
    # What was typed is still there.
    assert "曲消请〔2025〕5号" in answer.text
    for name, value in fields.items():
        if value and name != "reason":
            assert f'value="{value}"' in unescape(answer.text), name
    assert quick_desk.version() == 1


def test_a_reason_makes_a_late_step_possible(quick_desk: Desk) -> None:
    fields = {**REQUEST, "on": "2025-07-01", "reason": "现场处置延误"}
    assert quick_desk.send("steps/request_team", **fields).status_code == 303
    assert "现场处置延误" in quick_desk.client.get(quick_desk.address("entries/2")).text


def test_a_step_for_a_stage_that_is_not_there_changes_nothing(quick_desk: Desk) -> None:
    page = quick_desk.client.get(quick_desk.address("steps/reply"))
    assert "expected_version" not in page.text
    form = quick_desk.form("steps/request_team")
    answer = quick_desk.send(
        "steps/reply", form, on="2025-05-13", outcome="approved", decided_by="市政府"
    )
    assert answer.status_code == 403
    form = quick_desk.form("steps/request_team")
    answer = quick_desk.send(
        "steps/publish", form, on="2025-05-13", item="report_media", where="报", proof="版"
    )
    assert answer.status_code == 409
    assert "报" in answer.text
    assert quick_desk.version() == 1


def test_two_people_at_once_both_see_both_texts(desk: Desk) -> None:
    form = desk.form("steps/request_team")
    did(desk.database, desk.ref, "update_figures", _figures(deaths=6))
    answer = desk.send("steps/request_team", form, **REQUEST)
    assert answer.status_code == 409
    page = unescape(answer.text)
    assert 'id="stale-title"' in page
    assert "曲消请〔2025〕5号" in page
    assert ">6<" in page  # what the other one recorded
    assert desk.version() == 2
    # Sent again, in the knowledge of it, it counts.
    fresh = {name: hidden(answer.text, name) for name in ("csrf_token", "key", "expected_version")}
    assert fresh["key"] == form["key"]
    assert desk.send("steps/request_team", fresh, **REQUEST).status_code == 303
    assert desk.version() == 3


def _figures(deaths: int) -> Figures:
    return Figures(deaths=deaths)


# ---------------------------------------------------------------------------- attachments


def test_an_attachment_goes_into_the_entry_and_comes_back(desk: Desk) -> None:
    content = b"%PDF-1.7 scan " + bytes(range(256)) * 1000
    answer = desk.send(
        "steps/request_team", **REQUEST, files=(io.BytesIO(content), "请示 扫描件.pdf")
    )
    assert answer.status_code == 303
    page = desk.client.get(desk.address("entries/2"))
    assert "请示 扫描件.pdf" in page.text
    with desk.client.get(desk.address("entries/2/files/0")) as file:
        assert file.data == content
        assert file.headers["Content-Disposition"].startswith("attachment")
        assert file.mimetype == "application/octet-stream"
    with desk.database.readers.begin() as session:
        line = load_case(session, desk.ref.id).lines[-1]
        (attachment,) = line.entry().attachments
        assert attachment.size == len(content)
        what = session.scalar(text("SELECT what FROM access_log ORDER BY id DESC LIMIT 1"))
    assert what == "download"
    assert desk.client.get(desk.address("entries/2/files/1")).status_code == 404
    assert desk.client.get(desk.address("entries/9/files/0")).status_code == 404


def test_a_file_survives_a_mistake_in_the_form(quick_desk: Desk) -> None:
    answer = quick_desk.send(
        "steps/request_team", on="2025-05-13", to="", files=(io.BytesIO(b"%PDF-1.4 scan"), "a.pdf")
    )
    assert answer.status_code == 400
    staged = hidden(answer.text, "staged")
    form = {name: hidden(answer.text, name) for name in ("csrf_token", "key", "expected_version")}
    assert quick_desk.send("steps/request_team", form, **REQUEST, staged=staged).status_code == 303
    with quick_desk.client.get(quick_desk.address("entries/2/files/0")) as file:
        assert file.data == b"%PDF-1.4 scan"


def test_an_empty_file_is_told_beside_the_field(quick_desk: Desk) -> None:
    answer = quick_desk.send("steps/request_team", **REQUEST, files=(io.BytesIO(b""), "a.pdf"))
    assert answer.status_code == 400
    assert re.search(r'id="files-problem"><p>', answer.text)
    assert quick_desk.version() == 1


def test_a_file_that_is_not_what_it_is_called_is_told_beside_the_field(quick_desk: Desk) -> None:
    page = (io.BytesIO(b"<!DOCTYPE html><html><script>alert(1)</script>"), "a.pdf")
    answer = quick_desk.send("steps/request_team", **REQUEST, files=page)
    assert answer.status_code == 400
    assert re.search(r'id="files-problem"><p>[^<]*a\.pdf[^<]*text/html', answer.text)
    assert quick_desk.version() == 1


def test_what_is_taken_away_is_never_a_page_of_ours(quick_desk: Desk) -> None:
    """Its name is told as the standard has it, and a browser runs nothing of it."""
    name = "请示; filename=evil.html; x.pdf"
    files = (io.BytesIO(b"%PDF-1.4 <script>alert(1)</script>"), name)
    assert quick_desk.send("steps/request_team", **REQUEST, files=files).status_code == 303
    with quick_desk.client.get(quick_desk.address("entries/2/files/0")) as file:
        headers = file.headers
    told = headers["Content-Disposition"]
    assert told.startswith("attachment; filename")
    assert "filename*=UTF-8''%E8%AF%B7%E7%A4%BA" in told
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Cache-Control"] == "no-store"


def test_extremes_in_a_form_are_told_and_nothing_fails(desk: Desk) -> None:
    desk.app.testing = False  # Faults answer as they do for people.
    form = desk.form("steps/request_team")
    failed = []
    for field, value in [
        *(("on", each) for each in ("9999-12-31", "0001-01-01", "10000-01-01", "2025-W01-1", "٢")),
        *(("at", each) for each in ("24:00", "99:99", "23:59:59.999999", "9" * 5000)),
        *(("expected_version", each) for each in ("9" * 9, "9" * 5000, "-1", "²")),
        *(("key", each) for each in ("", "x" * 5000, "\u202e", "字" * 120)),
        *(("to", each) for each in ("x" * 201, "\ud7ff\ufdd0", "a\u0301" * 50_000)),
        ("reason", "x" * 2001),
        ("document_no", "\u202e" * 10),
        ("staged", "9" * 5000),
    ]:
        answer = desk.client.post(
            desk.address("steps/request_team"), data={**form, **REQUEST, field: value}
        )
        if answer.status_code >= 500:
            failed.append((field, value[:20], answer.status_code))
    assert failed == []
    # At most one was done, however often it was sent: the key is the same.
    assert desk.version() <= 2


def test_a_request_larger_than_allowed_is_refused_plainly(quick_desk: Desk) -> None:
    form = quick_desk.form("steps/request_team")
    # As bytes: the client of the tests would leave a temporary file behind.
    too_large = quick_desk.client.post(
        quick_desk.address("steps/request_team"),
        data=b"x" * 5 * 1024**2,
        content_type="multipart/form-data; boundary=part",
    )
    assert too_large.status_code == 413
    ten = quick_desk.client.post(
        quick_desk.address("steps/request_team"), data={**form, "to": "x" * 10 * 1024**2}
    )
    assert ten.status_code == 413
    assert quick_desk.version() == 1
    assert quick_desk.send("steps/request_team", form, **REQUEST).status_code == 303


def test_somebody_elses_file_is_no_attachment(quick_desk: Desk) -> None:
    """A file's id that another person staged is as good as none."""
    first = quick_desk.send(
        "steps/request_team", on="2025-05-13", to="", files=(io.BytesIO(b"%PDF-1.4 mine"), "a.pdf")
    )
    staged = hidden(first.text, "staged")
    person_with(quick_desk.database, "zhou", Post("agency_head", division=CITY, tier="city"))
    other = Desk(quick_desk.app, quick_desk.ref, sign_in(quick_desk.app, "zhou"))
    assert other.send("steps/request_team", **REQUEST, staged=staged).status_code == 303
    with quick_desk.database.readers.begin() as session:
        assert load_case(session, quick_desk.ref.id).lines[-1].entry().attachments == ()


# ---------------------------------------------------------------------------- drafts


def test_a_draft_is_kept_resumed_and_gone(quick_desk: Desk) -> None:
    form = quick_desk.form("steps/request_team")
    path = quick_desk.address("steps/request_team")
    kept = quick_desk.client.post("/drafts", data={**form, "form": path, "to": "写到一半"})
    assert kept.status_code == 204
    page = quick_desk.client.get(path).text
    assert "写到一半" in page
    assert hidden(page, "key") == form["key"]
    quick_desk.client.post("/drafts/drop", data={"csrf_token": form["csrf_token"], "form": path})
    assert "写到一半" not in quick_desk.client.get(path).text
    by_button = quick_desk.send("steps/request_team", form, to="没有脚本", do="draft")
    assert by_button.status_code == 303
    assert "没有脚本" in quick_desk.client.get(path).text
    assert quick_desk.version() == 1


@pytest.mark.parametrize(
    "form", ["", "/desk", "/cases", "https://example.com/", "/cases/x/steps/y/z", "/sign-in"]
)
def test_drafts_are_of_forms_only(quick_desk: Desk, form: str) -> None:
    token_ = quick_desk.form("steps/request_team")["csrf_token"]
    answer = quick_desk.client.post("/drafts", data={"csrf_token": token_, "form": form, "to": "x"})
    assert answer.status_code == 400


# ---------------------------------------------------------------------------- void, correct, as a whole


def test_an_entry_is_voided_with_a_reason_and_stays(desk: Desk) -> None:
    desk.send("steps/request_team", **REQUEST)
    assert desk.send("entries/2/void", reason="").status_code == 400
    assert desk.send("entries/2/void", reason="发错政府").status_code == 303
    page = desk.client.get(desk.address("entries/2")).text
    assert "曲消请〔2025〕5号" in page
    assert "is-voided" in page
    assert desk.version() == 3
    assert desk.client.get(desk.address("entries/2/void")).status_code == 404


def test_an_entry_is_corrected_and_both_texts_stand(desk: Desk) -> None:
    desk.send("steps/request_team", **REQUEST)
    page = desk.client.get(desk.address("entries/2/correct")).text
    assert 'value="曲消请〔2025〕5号"' in unescape(page)
    assert 'value="2025-05-13"' in page
    fields = {**REQUEST, "document_no": "曲消请〔2025〕6号", "on": "2025-05-14"}
    assert desk.send("entries/2/correct", **fields).status_code == 400  # a reason is needed
    assert desk.send("entries/2/correct", **fields, reason="文号抄错").status_code == 303
    history = text_of(desk.client.get(desk.address("entries/3")).text)
    assert "曲消请〔2025〕5号" in history
    assert "曲消请〔2025〕6号" in history
    assert "2025-05-13" in history
    assert "2025-05-14" in history


def test_the_facts_of_the_fire_can_be_corrected(desk: Desk) -> None:
    page = desk.client.get(desk.address("entries/1/correct")).text
    assert re.search(r'name="deaths" value="5"', page)
    assert 'value="某某商贸有限公司"' in page
    called = {"unit_name": "某某贸易有限公司", "address": "胜境街道10号"}
    answer = desk.send(
        "entries/1/correct", on="2025-05-12", deaths="2", direct_property_loss_yuan="155454.00",
        reason="重复登记", **called,
    )  # fmt: skip
    assert answer.status_code == 303, text_of(answer.text)
    with desk.database.readers.begin() as session:
        loaded = load_case(session, desk.ref.id)
    assert loaded.case.facts.deaths == 2
    assert loaded.case.facts.direct_property_loss == 15_545_400
    assert loaded.case.judgement.severity.level.id == "general"
    # The case is called, and found, by its right name; the wrong one stands in the history.
    assert (loaded.row["unit_name"], loaded.row["address"]) == tuple(called.values())
    assert desk.ref.number in desk.client.get("/cases", query_string={"text": "贸易"}).text
    assert desk.ref.number not in desk.client.get("/cases", query_string={"text": "商贸"}).text
    history = text_of(desk.client.get(desk.address("entries/2")).text)
    assert "某某商贸有限公司" in history
    assert "某某贸易有限公司" in history
    assert list(rebuild(desk.database, CALENDAR)) == []
    wrong = desk.send(
        "entries/1/correct", on="2025-05-12", deaths="many", unit_name="", address="x", reason="x"
    )
    assert wrong.status_code == 400
    assert 'value="many"' in wrong.text
    assert re.search(r'id="unit_name-problem"><p>', wrong.text)


def test_a_correction_keeps_what_its_form_does_not_ask_for(desk: Desk) -> None:
    did(desk.database, desk.ref, "establish_team", Order(person="zhao"))
    drafted = Finding(item="unit", text="概况", unit="某单位")
    did(desk.database, desk.ref, "draft_report", drafted)
    page = desk.client.get(desk.address("entries/3/correct")).text
    assert 'name="unit"' not in page
    answer = desk.send(
        "entries/3/correct", on="2025-05-12", item="unit", text="单位概况", reason="补充"
    )
    assert answer.status_code == 303, text_of(answer.text)
    with desk.database.readers.begin() as session:
        case = load_case(session, desk.ref.id).case
    (entry,) = case.recorded["draft_report"]
    assert entry.payload == Finding(item="unit", text="单位概况", unit="某单位")


def test_merging_ends_one_case_in_the_other(desk: Desk) -> None:
    other = opened(desk.database, known=facts(FUYUAN))
    assert (
        desk.send("actions/merge", on="2025-05-13", into="5303-2025-9999", reason="x").status_code
        == 400
    )
    assert (
        desk.send("actions/merge", on="2025-05-13", into=desk.ref.number, reason="x").status_code
        == 400
    )
    assert (
        desk.send(
            "actions/merge", on="2025-05-13", into=other.number, reason="同一起火灾"
        ).status_code
        == 303
    )
    page = desk.client.get(f"/cases/{desk.ref.number}").text
    assert f'href="/cases/{other.number}"' in page
    assert desk.ref.number in desk.client.get(f"/cases/{other.number}").text
    assert desk.client.get(desk.address("actions/unheard")).status_code == 404


def test_a_risen_case_is_handed_over_or_raised(desk: Desk) -> None:
    refused = desk.send("actions/hand_over", on="2025-05-14", government="province", reason="x")
    assert refused.status_code == 400
    did(desk.database, desk.ref, "update_figures", _figures(deaths=12))
    answer = desk.send(
        "actions/hand_over", on="2025-05-14", government="province", document_no="云政1号",
        reason="死亡人数达到12人",
    )  # fmt: skip
    assert answer.status_code == 303
    with desk.database.readers.begin() as session:
        case = load_case(session, desk.ref.id).case
    assert case.investigating == "province"
    assert case.handover_pending is None


def test_linking_names_an_entry_of_a_case_that_one_may_see(desk: Desk) -> None:
    other = opened(desk.database, known=facts(FUYUAN))
    hidden_one = opened(desk.database, known=facts(None))
    for number, entry in ((hidden_one.number, "1"), (other.number, "7"), ("x", "1")):
        answer = desk.send(
            "actions/link", on="2025-05-14", other=number, entry=entry, reason="再次起火"
        )
        assert answer.status_code == 400, number
    answer = desk.send(
        "actions/link", on="2025-05-14", other=other.number, entry="1", reason="再次起火"
    )
    assert answer.status_code == 303, text_of(answer.text)
    assert desk.ref.number in desk.client.get(f"/cases/{other.number}").text


# ---------------------------------------------------------------------------- people


def test_a_name_becomes_the_account_and_the_account_its_post(desk: Desk) -> None:
    person_with(desk.database, "zhao", name="组长甲")
    did(desk.database, desk.ref, "request_team", DocumentSent(to="市政府"))
    page = desk.client.get(desk.address("steps/establish_team")).text
    assert "组长甲（zhao）" in page
    answer = desk.send(
        "steps/establish_team", on="2025-05-14", person="组长甲（zhao）", document_no="1"
    )
    assert answer.status_code == 303, text_of(answer.text)
    leader = sign_in(desk.app, "zhao")
    shown = leader.get(f"/cases/{desk.ref.number}")
    assert shown.status_code == 200
    assert "组长甲" in shown.text
    assert leader.get(desk.address("steps/approve_report")).status_code == 200


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("zhao", "zhao"),
        ("组长甲", "zhao"),
        ("无账号的人", "无账号的人"),
        ("某人（nobody）", "某人（nobody）"),
    ],
)
def test_whoever_is_typed_is_found_or_kept_as_written(
    quick_desk: Desk, typed: str, kept: str
) -> None:
    person_with(quick_desk.database, "zhao", name="组长甲")
    did(quick_desk.database, quick_desk.ref, "request_team", DocumentSent(to="市政府"))
    assert quick_desk.send("steps/establish_team", on="2025-05-14", person=typed).status_code == 303
    with quick_desk.database.readers.begin() as session:
        payload = load_case(session, quick_desk.ref.id).lines[-1].entry().payload
    assert payload == Order(person=kept)


def test_a_name_that_two_accounts_have_is_asked_about(quick_desk: Desk) -> None:
    for login in ("zhao1", "zhao2"):
        person_with(quick_desk.database, login, name="组长甲")
    did(quick_desk.database, quick_desk.ref, "request_team", DocumentSent(to="市政府"))
    answer = quick_desk.send("steps/establish_team", on="2025-05-14", person="组长甲")
    assert answer.status_code == 400
    assert re.search(r'id="person-problem"><p>', answer.text)


def test_recusal_bites_at_once(desk: Desk) -> None:
    for login in ("zhao", "qian"):
        person_with(desk.database, login)
    did(desk.database, desk.ref, "request_team", DocumentSent(to="市政府"))
    desk.send("steps/establish_team", on="2025-05-14", person="zhao")
    assert (
        desk.send(
            "steps/join_team", on="2025-05-14", person="qian", item="police", agency="公安"
        ).status_code
        == 303
    )
    member = sign_in(desk.app, "qian")
    page = f"/cases/{desk.ref.number}"
    assert member.get(page).status_code == 200
    assert (
        desk.send(
            "steps/declare_recusal", on="2025-05-15", person="某qian（qian）", item="interest"
        ).status_code
        == 303
    )
    assert member.get(page).status_code == 200  # work goes on until decided
    leader = Desk(desk.app, desk.ref, sign_in(desk.app, "zhao"))
    done = leader.send(
        "steps/decide_recusal",
        on="2025-05-15",
        person="某qian（qian）",
        outcome="granted",
        note="利害关系",
    )
    assert done.status_code == 303, text_of(done.text)
    assert member.get(page).status_code == 404
    assert desk.ref.number not in member.get("/cases").text


# ---------------------------------------------------------------------------- cost


def test_a_form_asks_the_database_as_often_however_long_the_journal(desk: Desk) -> None:
    path = desk.address("steps/update_figures")
    pages = [
        path,
        desk.address("history"),
        desk.address("team"),
        f"/cases/{desk.ref.number}",
        desk.address("steps"),
        desk.address("entries/1"),
    ]
    _costs(desk, pages)  # The first look at each is written down.
    before = _costs(desk, pages)
    for deaths in range(6, 9):
        did(desk.database, desk.ref, "update_figures", _figures(deaths=deaths))
    person_with(desk.database, "qian", name="成员甲")
    desk.send("steps/request_team", **REQUEST)
    desk.send("steps/establish_team", on="2025-05-14", person="qian")
    assert _costs(desk, pages) == before
    assert max(before) <= 17


def _costs(desk: Desk, pages: list[str]) -> list[int]:
    costs = []
    for page in pages:
        with counted(desk.database) as sent:
            assert desk.client.get(page).status_code == 200
        costs.append(len(sent))
    return costs


def test_a_case_is_found_by_what_was_recorded(desk: Desk) -> None:
    assert find_number_of(desk.database, desk.ref.number) == desk.ref.id
    desk.send("steps/request_team", **REQUEST)
    assert desk.ref.number in desk.client.get("/cases", query_string={"text": "曲消请"}).text


def find_number_of(database: Database, number: str) -> int | None:
    with database.readers.begin() as session:
        found = find_number(session, number)
    return None if found is None else found.id
