"""The public version through HTTP: withheld, checked, released, proved."""

import hashlib
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from fireinvest.services.cases import load_case
from fireinvest.workflow.actions import Decision, DocumentSent, Publication
from fireinvest.workflow.items.casualties import Casualty
from fireinvest.workflow.items.public import Release
from fireinvest.workflow.items.reply import Reply
from fireinvest.workflow.items.report import Section, Submission
from tests.queries import counted
from tests.services.office import did
from tests.uploads import picture
from tests.web.office import text_of as read
from tests.web.test_reply import ANSWER, REPLIED_ON, Office

TEXT = "店主王小二，电话13812345678。值班电话0874-3123456。"
RELEASE: dict[str, Any] = {"title": "火灾事故调查报告（公开版）", "released_on": "2025-07-28"}


@pytest.fixture
def office(quick_app: Flask) -> Office:
    return _written(Office(quick_app))


def _written(office: Office) -> Office:
    office.report()
    office.file(
        (
            "casualties",
            Casualty("王小二", outcome="light", age=9, observed_on=REPLIED_ON, source="医院"),
        )
    )
    text = Section("unit", "章unit", 1, TEXT, "released")
    office.file(("sections", text), changed=("sections", 1, 1))
    return office


def _replied(office: Office) -> None:
    office.submit()
    office.received()
    office.decide("handler", "/reply/answer", **ANSWER)


def test_what_the_check_finds_is_withheld_or_accepted_before_the_release(office: Office) -> None:
    page = read(office.page("carrier", "/public"))
    assert "The government has not replied yet: this is a draft." in page
    for label in ("name of a minor", "telephone number"):
        assert label in page
    _replied(office)
    assert "The report as it was replied to" in read(office.page("carrier", "/public"))
    page = office.decide("carrier", "/public/release", 400, **RELEASE)
    assert "The check has 3 open findings" in read(page)
    wrong: dict[str, Any] = {"section": "1", "passage": "王小三", "ground": "minors"}
    page = office.send("carrier", "/public/withheld/new", 400, **wrong)
    assert "doesn't stand in the section" in read(page)
    assert not office.items("withheld")
    named: dict[str, Any] = {**wrong, "passage": "王小二", "replacement": "王某"}
    office.send("carrier", "/public/withheld/new", **named)
    number: dict[str, Any] = {"section": "1", "passage": "13812345678", "ground": "personal"}
    office.send("carrier", "/public/withheld/new", **number)
    page = office.page("carrier", "/public")
    assert "店主王某，电话（略）。" in page
    assert "王小二" not in page.partition("As the public would read it")[2]
    accepted: dict[str, Any] = {"section": "1", "sort": "phone", "passage": "0874-3123456"}
    page = office.send("carrier", "/public/accepted/new", 400, **accepted)
    assert "This is needed." in read(page)
    office.send("carrier", "/public/accepted/new", **accepted, grounds="单位公开电话")
    assert "stands open" in read(office.page("carrier", "/public"))
    office.decide("carrier", "/public/release", **RELEASE)
    (release,) = office.items("releases")
    (sent,) = office.items("submissions")
    assert isinstance(release, Release)
    assert isinstance(sent, Submission)
    assert release.text is not None
    assert release.text.startswith("火灾事故调查报告（公开版）\n\n")
    assert "王小二" not in release.text
    assert release.text_hash == hashlib.sha256(release.text.encode()).hexdigest()
    assert (release.source_hash, release.withheld, release.accepted) == (
        sent.text_hash, (1, 2), (1,),
    )  # fmt: skip
    # What was released stays, whatever is withheld later.
    office.send("carrier", "/public/withheld/2", **{**number, "replacement": "（电话略）"})
    assert office.items("releases") == [release]
    answer = office.client("leader").get(f"/cases/{office.ref.number}/public/releases/1/text")
    assert answer.text == release.text
    assert "attachment" in answer.headers["Content-Disposition"]
    assert release.text_hash in read(office.page("leader", "/public/releases/1"))
    office.page("leader", "/public/releases/2", 404)
    office.page("leader", "/public/release", 403)


def test_a_release_is_of_the_text_that_was_read_and_comes_after_the_reply(
    office: Office,
) -> None:
    for passage in ("王小二", "13812345678", "0874-3123456"):
        given: dict[str, Any] = {"section": "1", "passage": passage, "ground": "personal"}
        office.send("carrier", "/public/withheld/new", **given)
    page = office.decide("carrier", "/public/release", 409, **RELEASE)
    assert "published only after the reply" in read(page)
    _replied(office)
    page = office.decide("carrier", "/public/release", 400, **RELEASE, seen="0" * 64)
    assert "The text was changed since" in read(page)
    assert not office.items("releases")
    # What is withheld stays out of the text that is searched, and shows where it no longer stands.
    office.send(
        "carrier", "/registers/withheld/new", section="2", passage="没有", ground="personal"
    )
    assert "no longer stands in the text" in read(office.page("carrier", "/public"))


def test_with_changes_the_final_version_is_published_once_it_is_confirmed(
    office: Office,
) -> None:
    office.submit()
    office.received()
    office.send("handler", "/reply/points/new", round="1", text="改写", section="1")
    changes: dict[str, Any] = {**ANSWER, "decision": "approved_with_changes", "points": ["1"]}
    office.decide("handler", "/reply/answer", **changes)
    fresh = Section("unit", "章unit", 1, "定稿。", "released")
    office.file(("sections", fresh), changed=("sections", 1, 2))
    page = office.decide("carrier", "/public/release", 400, **RELEASE)
    assert "is not confirmed against the points" in read(page)
    given: dict[str, Any] = {"confirmed_on": f"{REPLIED_ON}", "note": "已核对", "result-1": "met"}
    office.decide("handler", "/reply/final", **given)
    later = Section("unit", "章unit", 1, "确认之后的改动。", "released")
    office.file(("sections", later), changed=("sections", 1, 3))
    page = read(office.page("carrier", "/public"))
    assert "The final version, as confirmed" in page
    assert "定稿。" in page
    assert "确认之后的改动" not in page
    office.decide("carrier", "/public/release", **RELEASE)
    assert "定稿。" in str(office.items("releases")[0])


def test_a_proof_records_each_place_with_its_files(office: Office) -> None:
    _replied(office)
    accepted: dict[str, Any] = {"section": "1", "grounds": "已获同意"}
    for sort, passage in (
        ("minor", "王小二"), ("phone", "13812345678"), ("phone", "0874-3123456"),
    ):  # fmt: skip
        office.send("carrier", "/public/accepted/new", **accepted, sort=sort, passage=passage)
    office.decide("carrier", "/public/release", **RELEASE)
    proof: dict[str, Any] = {
        "release": "1", "places": ["report_media", "report_website"], "where": "某日报",
        "published_on": "2025-07-29",
    }  # fmt: skip
    page = office.send("carrier", "/public/proofs/new", 400, **proof)
    assert "A link is needed, or a picture" in read(page)
    early: dict[str, Any] = {
        **proof,
        "published_on": "2025-07-01",
        "address": "https://example.org/1",
    }
    office.send("carrier", "/public/proofs/new", 400, **early)
    assert not office.items("proofs")
    assert not office.steps("publish")
    files = (BytesIO(picture("PNG")), "截图.png")
    office.send("carrier", "/public/proofs/new", **proof, files=files)
    assert office.steps("publish") == [
        Publication(place, "某日报", "截图.png") for place in ("report_media", "report_website")
    ]
    with office.database.readers.begin() as session:
        case = load_case(session, office.ref.id).case
    assert all(each.attachments[0].name == "截图.png" for each in case.done["publish"])
    # Another place is added; those that were recorded are not recorded again.
    more = [*proof["places"], "result_media"]
    office.send("carrier", "/public/proofs/1", **{**proof, "places": more})
    assert len(office.steps("publish")) == 3
    office.page("carrier", "/public")  # Tells what was recorded.
    page = read(office.page("carrier", "/public"))
    assert page.count("PF1 某日报") == 3
    assert "missing" in page


def test_what_was_replied_to_elsewhere_is_published_as_it_stands(office: Office) -> None:
    did(
        office.database,
        office.ref,
        "submit_report",
        DocumentSent("县政府", "富消1号"),
        date(2025, 7, 10),
    )
    did(office.database, office.ref, "reply", Decision("approved", None, "县政府"), REPLIED_ON)
    page = read(office.page("carrier", "/public"))
    assert "The report as its sections stand now" in page
    assert "not replied yet" not in page
    page = read(office.page("handler", "/reply"))
    assert "only as a file or on paper" in page
    assert "No text was kept with this submission" in read(office.page("handler", "/reply/report"))
    assert not any(isinstance(each, Reply) for each in office.items("replies"))


def test_the_page_costs_the_same_however_much_stands_there(office: Office) -> None:

    def cost() -> int:
        office.page("carrier", "/public")
        with counted(office.database) as sent:
            office.page("carrier", "/public")
        return len(sent)

    few = cost()
    for passage in ("王小二", "13812345678", "值班"):
        given: dict[str, Any] = {"section": "1", "passage": passage, "ground": "personal"}
        office.send("carrier", "/public/withheld/new", **given)
    office.file(("sections", Section("unit", "又一章", 2, "电话13900000000", "released")))
    assert cost() == few
