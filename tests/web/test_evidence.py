"""The room of evidence through HTTP: pieces, hand-overs with two sides, photographs, labels."""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook

from fireinvest.store import records as store
from fireinvest.store.log import LogFilters, log_page
from fireinvest.workflow.registers import Record
from tests.queries import counted
from tests.services.test_photographs import NORTH, photo
from tests.uploads import heif
from tests.web.office import hidden, text_of, token
from tests.web.test_team import Office

TRACE: dict[str, Any] = {
    "title": "铜导线熔痕", "kind": "object", "quantity": "1件", "place": "配电箱下方",
    "taken_at": "2025-05-14T15:00", "taken_by": "甲", "taken_with": "乙", "seal_no": "封01",
}  # fmt: skip
GIVEN: dict[str, Any] = {
    "items": "1", "occasion": "keeping", "giver": "甲", "receiver": "李组长",
    "given_at": "2025-05-14T16:00", "condition": "intact", "seal_before": "封01",
    "to_place": "1号柜",
}  # fmt: skip
RECEIPT: dict[str, Any] = {
    "receipt": "account", "received_at": "2025-05-14T16:30", "received_condition": "intact",
}  # fmt: skip
PHOTO = photo(taken="2025:05:14 15:00:00", gps=NORTH)


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


@pytest.fixture
def quick_office(quick_app: Flask) -> Office:
    return Office(quick_app)


def sent(office: Office, login: str, page: str, **fields: object) -> str:
    """The page, sent with a file or without, and followed to where it leads."""
    form = office.page(login, page)
    data = {"csrf_token": token(form), "key": hidden(form, "key"), **fields}
    if 'name="version"' in form:
        data["version"] = hidden(form, "version")
    client: FlaskClient = office.client(login)
    answer = client.post(
        f"/cases/{office.ref.number}{page}", data=data, content_type="multipart/form-data",
        follow_redirects=True,
    )  # fmt: skip
    assert answer.status_code in (200, 400), answer.status
    return text_of(answer.text)


def record(office: Office, register: str, item: int = 1) -> Record:
    with office.database.readers.begin() as session:
        found = store.last_version(session, office.ref.id, register, item)
    assert found is not None
    return found


def notes(office: Office, *kinds: str) -> list[tuple[str | None, str | None]]:
    with office.database.readers.begin() as session:
        lines = log_page(session, LogFilters(kinds=kinds), None, 50).lines
    return [(each.person, each.item) for each in lines]


def test_objects_are_taken_by_two_and_what_was_typed_stays(quick_office: Office) -> None:
    office = quick_office
    alone = {name: text for name, text in TRACE.items() if name != "taken_with"}
    page = office.send("member", "/evidence/new", 400, **alone)
    assert "This is needed for: object or trace." in text_of(page)
    assert 'value="封01"' in page
    office.send("member", "/evidence/new", **TRACE)
    page = text_of(office.page("leader", "/evidence"))
    assert "E1 铜导线熔痕" in page
    assert "甲, 乙" in page
    office.page("leader", "/evidence/2", 404)


def test_a_hand_over_has_two_sides(office: Office) -> None:
    office.send("carrier", "/evidence/new", **TRACE)
    # Who has it, and its seal, are known.
    form = office.page("carrier", "/evidence/custody/new?items=1")
    assert 'value="甲"' in form
    assert 'value="封01"' in form
    office.send("carrier", "/evidence/custody/new?items=1", **GIVEN)
    page = text_of(office.page("member", "/evidence/1"))
    assert "李组长 has not confirmed it since 2025-05-14 16:00." in page
    assert "H1 甲 → 李组长" in text_of(office.client("leader").get("/desk").text)
    assert "H1 甲 → 李组长" not in text_of(office.client("member").get("/desk").text)
    # Nobody else confirms it under an account, the giver neither.
    page = office.send("carrier", "/evidence/custody/1/receipt", 400, **RECEIPT)
    assert "only the receiver confirms" in text_of(page)
    page = sent(office, "carrier", "/evidence/custody/1/receipt", **RECEIPT | {"receipt": "scan"})
    assert "The signed receipt is needed as a scan." in page
    assert "handed over to you" in text_of(office.page("leader", "/evidence"))
    office.send("leader", "/evidence/custody/1/receipt", **RECEIPT)
    moved = record(office, "custody")
    assert (moved.version, moved.actor) == (2, "leader")
    page = text_of(office.page("member", "/evidence/1"))
    assert "Held by 李组长 · 1号柜 · seal 封01" in page
    assert "gap" not in page
    office.client("leader").get("/desk")  # Which tells that it was recorded.
    assert "H1" not in text_of(office.client("leader").get("/desk").text)
    # What both have said stays, and a second receipt is none.
    assert office.client("leader").get(
        f"/cases/{office.ref.number}/evidence/custody/1/receipt"
    ).status_code == 303  # fmt: skip
    changed: dict[str, Any] = {**GIVEN, **RECEIPT, "seal_before": "封09"}
    page = office.send("carrier", "/registers/custody/1/edit", 400, **changed)
    assert "It was confirmed as it stands" in text_of(page)


def test_what_is_out_too_long_and_other_gaps_show(quick_office: Office) -> None:
    office = quick_office
    office.send("carrier", "/evidence/new", **TRACE)
    office.send("carrier", "/evidence/new", title="录像", kind="video")
    test = GIVEN | {
        "occasion": "test", "receiver": "鉴定中心", "seal_before": "封05",
        "expected_back": "2025-05-30", "purpose": "金相分析",
    }  # fmt: skip
    office.send("carrier", "/evidence/custody/new", **test)
    page = text_of(office.page("leader", "/evidence"))
    assert "The seal was 封01, and is 封05." in page
    assert "It was to be back on 2025-05-30." in page
    assert "not back since 2025-05-30" in text_of(office.page("leader", "/evidence/custody"))
    for only in ("gaps", "out"):
        page = text_of(office.page("leader", f"/evidence?only={only}"))
        assert "E1 铜导线熔痕" in page
        assert "E2" not in page
    paper = text_of(office.page("leader", "/evidence/1/paper"))
    assert "金相分析" in paper
    assert "not confirmed yet" in paper


def test_pieces_are_found(quick_office: Office) -> None:
    office = quick_office
    office.send("carrier", "/evidence/new", **TRACE)
    office.send("carrier", "/evidence/new", title="检测报告", kind="document", taken_by="丙")
    for asked, first, second in (
        ("kind=document", False, True), ("person=乙", True, False), ("text=熔痕", True, False),
        ("text=E2", False, True), ("text=封0", True, False), ("text=没有", False, False),
        ("only=photos", False, False), ("after=1", False, True), ("after=x", True, True),
    ):  # fmt: skip
        page = office.page("member", f"/evidence?{asked}")
        assert ("铜导线熔痕" in page, "检测报告" in page) == (first, second), asked
    paper = text_of(office.page("member", "/evidence/paper?kind=object"))
    assert "铜导线熔痕" in paper
    assert "检测报告" not in paper
    assert "Witness or party (signature)" in paper


def test_a_label_leads_to_the_piece_and_only_after_a_sign_in(quick_office: Office) -> None:
    office = quick_office
    office.send("carrier", "/evidence/new", **TRACE)
    office.send("carrier", "/evidence/new", title="检测报告", kind="document")
    page = office.page("member", "/evidence/labels")
    assert page.count('<li class="label">') == 2
    page = office.page("member", "/evidence/labels?item=1")
    assert page.count("<svg") >= 1
    for words in ("E1", office.ref.number, "铜导线熔痕", "封01", "2025-05-14 15:00"):
        assert words in text_of(page)
    assert "检测报告" not in page
    address = f"/cases/{office.ref.number}/evidence/1"
    answer = office.app.test_client().get(address)
    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in?next=")


def test_a_photograph_offers_its_time_and_place(office: Office) -> None:
    page = sent(
        office, "carrier", "/evidence/new", title="概貌", kind="photo",
        files=(BytesIO(PHOTO), "概貌.jpg"),
    )  # fmt: skip
    assert "概貌" in page
    page = office.page("leader", "/evidence/1")
    assert "The photograph 概貌.jpg says of itself: 2025-05-14 15:00" in text_of(page)
    form = office.page(
        "carrier", "/evidence/1/edit?taken_at=2025-05-14T15:00&position=25.49,103.796"
    )
    assert 'value="2025-05-14T15:00"' in form
    office.send(
        "carrier", "/evidence/1/edit", title="概貌", kind="photo", taken_at="2025-05-14T15:00",
        position="25.49, 103.796",
    )  # fmt: skip
    page = office.page("leader", "/evidence/1")
    assert "says of itself" not in page
    root = f"/cases/{office.ref.number}/evidence/1"
    client = office.client("leader")
    for size in ("small", "large"):
        answer = client.get(f"{root}/2/0/{size}")
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        assert answer.headers["Cache-Control"] == "no-store"
    assert ("leader", f"evidence E1/0 {record(office, 'evidence').attachments[0].sha256}") in notes(
        office, "view"
    )
    page = text_of(office.page("leader", "/evidence/1/2/0"))
    assert "25.490000, 103.796000" in page
    assert "Maker Model" in page
    assert "900 × 600" in page
    for address in (
        "2/0/huge", "2/1/small", "9/0/small",
        "2/7",
    ):  # fmt: skip
        assert client.get(f"{root}/{address}").status_code == 404
    # The original is what came in.
    answer = client.get(f"/cases/{office.ref.number}/registers/evidence/1/versions/2/files/0")
    assert answer.data == PHOTO
    answer.close()


def test_a_file_is_checked_against_its_hash(office: Office) -> None:
    sent(
        office, "carrier", "/evidence/new", title="概貌", kind="photo",
        files=[(BytesIO(PHOTO), "概貌.jpg"), (BytesIO(heif(4000, 3000)), "手机.heic")],
    )  # fmt: skip
    page = office.page("member", "/evidence/1")
    assert "not checked since it came in" in text_of(page)
    address = f"/cases/{office.ref.number}/evidence/1/files"
    form = {"csrf_token": token(page)}
    client = office.client("member")

    def checked(place: int) -> str:
        assert client.post(f"{address}/{place}/check", data=form).status_code == 303
        client.get("/desk")  # Which tells of it.
        return text_of(office.page("leader", "/evidence/1"))

    assert "unchanged since it came in" in checked(0)
    first, second = record(office, "evidence").attachments
    blobs = office.app.extensions["fireinvest"].blobs
    path = blobs._path(first.sha256)
    path.write_bytes(PHOTO[:-1] + b"x")
    blobs._path(second.sha256).unlink()
    assert "CHANGED since it came in" in checked(0)
    assert "missing from the file store" in checked(1)
    assert notes(office, "file_checked")[0] == ("member", f"evidence E1 {second.sha256}")
    assert client.post(f"{address}/2/check", data=form).status_code == 404
    # What can't be decoded shows as a file.
    answer = client.get(f"/cases/{office.ref.number}/evidence/1/1/1/small")
    assert answer.status_code == 404
    path.unlink()


def test_many_photographs_become_a_piece_each(office: Office) -> None:
    future = photo((80, 60), taken="2099:01:01 00:00:00")
    page = office.page("member", "/evidence/photos")
    client = office.client("member")
    address = f"/cases/{office.ref.number}/evidence/photos"
    form = {
        "csrf_token": token(page),
        "key": hidden(page, "key"),
        "taken_by": "甲",
        "place": "东侧",
    }
    files = [(BytesIO(PHOTO), "一.jpg"), (BytesIO(future), "二.jpg"), (BytesIO(b"x"), "坏.jpg")]
    read = client.post(
        address, data={**form, "do": "save", "files": files}, content_type="multipart/form-data"
    )
    # Shown first with what each says of itself, whatever was pressed.
    assert read.status_code == 400
    assert "坏.jpg" in read.text
    assert 'value="2025-05-14T15:00"' in read.text
    assert not office.items("evidence")
    staged = [each.split('"')[0] for each in read.text.split('name="staged" value="')[1:]]
    assert len(staged) == 2
    rows: dict[str, str] = {}
    for number, each in enumerate(staged, 1):
        rows |= {f"title-{each}": f"照片{number}", f"kind-{each}": "photo", f"position-{each}": ""}
    rows |= {
        f"taken_at-{staged[0]}": "2025-05-14T15:00",
        f"taken_at-{staged[1]}": "2099-01-01T00:00",
    }
    wrong = client.post(address, data={**form, **rows, "do": "save", "staged": staged})
    assert wrong.status_code == 400
    assert wrong.text.count("The time lies in the future.") == 1
    assert not office.items("evidence")
    rows[f"taken_at-{staged[1]}"] = "2025-05-14T15:02"
    alone = client.post(
        address, data={**form, **rows, "do": "save", "staged": staged, "taken_with": "甲"}
    )
    assert alone.text.count("Two different people are needed.") == 1
    for _again in range(2):
        done = client.post(address, data={**form, **rows, "do": "save", "staged": staged})
        assert done.status_code == 303
    found = office.items("evidence")
    assert [each.title for each in found] == ["照片1", "照片2"]  # type: ignore[attr-defined]
    assert {each.place for each in found} == {"东侧"}  # type: ignore[attr-defined]
    assert record(office, "evidence", 2).attachments[0].name == "二.jpg"
    assert client.get(address.replace("/photos", "?view=gallery")).text.count('class="thumb"') == 2


def test_a_restricted_piece_is_shown_to_those_named_and_written_down(office: Office) -> None:
    sent(
        office, "carrier", "/evidence/new", title="举报材料", kind="photo",
        restriction="informer", files=(BytesIO(PHOTO), "举报.jpg"),
    )  # fmt: skip
    office.send(
        "carrier", "/evidence/custody/new?items=1", **GIVEN | {"seal_before": "", "giver": "丁"}
    )
    for page in (
        "",
        "?view=gallery",
        "?text=举报",
        "?kind=photo",
        "/1",
        "/labels",
        "/paper",
        "/custody",
    ):
        for login in ("member", "carrier"):
            assert "举报材料" not in office.page(login, f"/evidence{page}"), page
    assert "E1" not in text_of(office.page("carrier", "/evidence?text=举报"))
    assert "E1" in text_of(office.page("member", "/evidence"))
    for address in (
        "/1/open",
        "/1/paper",
        "/1/1/0/small",
        "/1/1/0",
    ):
        office.page("member", f"/evidence{address}", 403)
    shown = office.page("carrier", "/evidence/1/open")
    assert "举报材料" in shown
    assert "举报材料" in office.page("carrier", "/evidence/1/1/0")
    assert ("carrier", "evidence E1") in notes(office, "view_restricted")
    form = {"csrf_token": token(shown)}
    address = f"/cases/{office.ref.number}/evidence/1/files/0/check"
    assert office.client("member").post(address, data=form).status_code in (400, 403)
    assert office.client("carrier").post(address, data=form).location.endswith("/open#files")
    assert "举报材料" in office.page("carrier", "/evidence/1/paper")
    office.page("member", "/evidence/1/edit", 403)


def test_where_a_piece_is_used(quick_office: Office) -> None:
    office = quick_office
    office.send("carrier", "/evidence/new", **TRACE)
    assert "names it yet" in text_of(office.page("leader", "/evidence/1"))
    test: dict[str, Any] = {
        "subject": "熔痕", "body": "鉴定中心", "question": "性质？", "sent_on": "2025-05-20",
        "expected_on": "2025-08-01", "qualification": "资质1号", "items": "1",
    }  # fmt: skip
    office.send("carrier", "/scene/tests/new", **test)
    assert "T1" in text_of(office.page("leader", "/evidence/1")).split("Where it is used")[1]
    # Withdrawn it is looked up in the register.
    form = {"csrf_token": token(office.page("carrier", "/evidence/1")), "key": "k" * 32}
    client = office.client("carrier")
    client.post(
        f"/cases/{office.ref.number}/registers/evidence/1/withdraw",
        data={**form, "version": 1, "reason": "误录"},
    )
    answer = client.get(f"/cases/{office.ref.number}/evidence/1")
    assert answer.location.endswith("/registers/evidence/1")


def test_excel_tells_who_holds_it(quick_office: Office) -> None:
    office = quick_office
    office.send("carrier", "/evidence/new", **TRACE)
    answer = office.client("member").get(f"/cases/{office.ref.number}/evidence/excel")
    assert (answer.mimetype or "").endswith("sheet")
    sheet = load_workbook(BytesIO(answer.data)).worksheets[0]
    row = list(sheet.iter_rows(values_only=True))[-1]
    assert row[0] == "E1"
    assert "甲" in row
    answer.close()
    assert ("member", "evidence") in notes(office, "export")


def test_pages_do_not_query_more_with_more_pieces(office: Office) -> None:
    def sizes() -> list[int]:
        found = []
        for page in ("", "?view=gallery", "/1", "/custody", "/paper", "/labels", "/1/paper"):
            office.page("leader", f"/evidence{page}")
            with counted(office.database) as sent_now:
                office.page("leader", f"/evidence{page}")
            found.append(len(sent_now))
        with counted(office.database) as sent_now:
            office.client("leader").get("/desk")
        return [*found, len(sent_now)]

    office.send("carrier", "/evidence/new", **TRACE)
    office.send("carrier", "/evidence/custody/new", **GIVEN)
    few = sizes()
    for number in range(3):
        office.send("carrier", "/evidence/new", **TRACE | {"title": f"第{number}件"})
        office.send("carrier", "/evidence/custody/new", **GIVEN | {"items": f"1,{number + 2}"})
    assert sizes() == few


def test_pages_come_by_number(quick_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office = quick_office
    monkeypatch.setattr("fireinvest.web.views.evidence._PAGE", 1)
    for _number in range(2):
        office.send("carrier", "/evidence/new", **TRACE)
        office.send("carrier", "/evidence/custody/new", **GIVEN)
    assert "after=1" in office.page("leader", "/evidence")
    assert "after=2" not in office.page("leader", "/evidence?after=1")
    assert "before=2" in office.page("leader", "/evidence/custody")
    assert "before=1" not in office.page("leader", "/evidence/custody?before=2")
