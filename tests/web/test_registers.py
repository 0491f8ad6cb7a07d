"""The pages of registers: lists, items with versions, what is shown in part, and forms that clash."""

import re
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import text

from fireinvest.services.records import file_records
from fireinvest.store import records as store
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.registers import Filing
from tests.queries import counted
from tests.services.office import CALENDAR, LAW, NOW, TIMERS, TODAY, key
from tests.web.office import hidden, text_of, token
from tests.web.test_team import Office

PARTY = {"name": "钱某", "sort": "person", "role": "witness", "phone": "13800001234"}
PHONE, MASKED = "13800001234", "138****1234"


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


@pytest.fixture
def quick_office(quick_app: Flask) -> Office:
    return Office(quick_app)


def filed(office: Office, *parties: Item, **more: object) -> None:
    filings = [Filing("parties", each, **more) for each in parties]  # type: ignore[arg-type] # names are fields
    file_records(
        office.database, LAW, CALENDAR, TIMERS, office.ref.id, filings,
        idempotency_key=key(), now=NOW, today=TODAY,
    )  # fmt: skip


def logged(office: Office, what: str) -> list[tuple[str | None, str | None]]:
    with office.database.readers.begin() as session:
        rows = session.execute(
            text("SELECT item, reason FROM access_log WHERE what = :what ORDER BY id"),
            {"what": what},
        )
        return [(row.item, row.reason) for row in rows]


def test_an_item_is_written_changed_compared_and_withdrawn(office: Office) -> None:
    office.send("member", "/registers/parties/new", **PARTY, note="仓库管理员。\n夜班。")
    page = office.page("leader", "/registers/parties")
    assert "钱某" in page
    assert MASKED in page
    assert PHONE not in page
    office.send(
        "member", "/registers/parties/1/edit", reason="更正",
        **{**PARTY, "name": "钱某某", "note": "仓库管理员。\n白班。"},
    )  # fmt: skip
    page = office.page("leader", "/registers/parties/1?old=1&new=2")
    assert "<del>夜班。</del>" in page
    assert "<ins>白班。</ins>" in page
    assert "更正" in page
    assert "What changed" in page
    address = f"/cases/{office.ref.number}/registers/parties/1/withdraw"
    form = office.page("member", "/registers/parties/1")
    data = {
        "csrf_token": token(form), "version": hidden(form, "version"), "key": hidden(form, "key"),
    }  # fmt: skip
    answer = office.client("member").post(address, data=data)
    assert answer.status_code == 400
    assert "This is needed." in answer.text
    done = office.client("member").post(address, data={**data, "reason": "重复登记"})
    assert done.status_code == 303
    assert "钱某某" not in office.page("leader", "/registers/parties")
    assert "钱某某" in office.page("leader", "/registers/parties?withdrawn=1")
    assert "重复登记" in office.page("leader", "/registers/parties/1")
    # The page that was open before changes nothing any more.
    stale = office.client("member").post(address, data={**data, "reason": "x", "key": "other"})
    assert stale.status_code == 409
    page = office.page("member", "/registers")
    assert "Units and persons" in text_of(page)


def test_whoever_may_not_write_reads_only(office: Office) -> None:
    filed(office, Party("钱某", "person", "witness"))
    client = office.client("member")
    base = f"/cases/{office.ref.number}/registers"
    assert "New: " in text_of(client.get(f"{base}/parties").text)
    assert client.get(f"{base}/matches").status_code == 200
    assert "New: " not in text_of(client.get(f"{base}/matches").text)
    for page in ("/matches/new", "/matches/1/edit"):
        assert client.get(base + page).status_code == 403
    for page in ("/nothing", "/nothing/new", "/parties/9", "/parties/9/edit", "/parties/x"):
        assert client.get(base + page).status_code == 404


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
    quick_office: Office,
) -> None:
    office = quick_office
    wrong = {**PARTY, "role": "nobody", "identity_no": "53030219000101123X", "note": "特别记录"}
    page = office.send("member", "/registers/parties/new", 400, **wrong)
    for field in ("role", "identity_no"):
        assert re.search(rf'id="{field}-problem"><p>', page), field
    assert "特别记录" in page
    assert office.items("parties") == []
    for rubbish in (
        {**PARTY, "of_unit": "x"},
        {**PARTY, "of_unit": "99999999999999999999"},
        {**PARTY, "name": "x" * 201},
        {**PARTY, "note": "\x00\x1b"},
        {**PARTY, "restriction": "x"},
        {},
    ):
        office.send("member", "/registers/parties/new", 400, **rubbish)
    form = office.page("member", "/registers/parties/new")
    address = f"/cases/{office.ref.number}/registers/parties/new"
    for key_ in ("", "x" * 500, "\x00"):
        data = {"csrf_token": token(form), "key": key_, **PARTY}
        assert office.client("member").post(address, data=data).status_code == 400
    assert office.items("parties") == []


def test_addresses_of_rubbish_name_nothing(office: Office) -> None:
    filed(office, Party("钱某", "person", "witness"))
    huge = "9" * 30
    for page in (
        f"/registers/parties/{huge}", f"/registers/parties/{huge}/edit",
        f"/registers/parties/1/versions/{huge}/files/0", f"/registers/parties/1/versions/1/files/{huge}",
        "/registers/parties/0",
    ):  # fmt: skip
        office.page("member", page, 404)
    for page in (
        f"/registers/parties?after={huge}", "/registers/parties?after=-1",
        "/registers/parties?after=x", f"/registers/parties/1?old={huge}&new=1",
    ):  # fmt: skip
        office.page("member", page)


def test_the_slower_of_two_sees_both_texts_and_loses_nothing(office: Office) -> None:
    filed(office, Party("钱某", "person", "witness", note="原文。"))
    mine = office.page("member", "/registers/parties/1/edit")
    theirs = {**PARTY, "note": "他人改写。"}
    office.send("leader", "/registers/parties/1/edit", **theirs)
    data = {
        "csrf_token": token(mine), "key": hidden(mine, "key"), "version": hidden(mine, "version"),
        **PARTY, "note": "我的补充。",
    }  # fmt: skip
    address = f"/cases/{office.ref.number}/registers/parties/1/edit"
    answer = office.client("member").post(address, data=data)
    assert answer.status_code == 409
    assert "<del>他人改写。</del>" in answer.text
    assert "<ins>我的补充。</ins>" in answer.text
    assert 'name="version" value="2"' in answer.text
    # Sent once more with both before their eyes, it is saved over theirs.
    again = {**data, "version": "2"}
    assert office.client("member").post(address, data=again).status_code == 303
    notes = [each.note for each in office.items("parties")]  # type: ignore[attr-defined]
    assert notes == ["我的补充。"]


def test_full_numbers_are_shown_for_a_reason_that_is_on_record(office: Office) -> None:
    filed(office, Party("钱某", "person", "witness", phone=PHONE, identity_no="530302190001011231"))
    page = office.page("member", "/registers/parties/1")
    assert MASKED in page
    assert "530302********1231" in page
    address = f"/cases/{office.ref.number}/registers/parties/1/full"
    form = {"csrf_token": token(page)}
    answer = office.client("member").post(address, data=form)
    assert answer.status_code == 400
    assert PHONE not in answer.text
    shown = office.client("member").post(address, data={**form, "reason": "电话通知询问"})
    assert shown.status_code == 200
    assert PHONE in shown.text
    assert "530302190001011231" in shown.text
    assert logged(office, "revealed") == [("parties P1", "电话通知询问")]
    # And not in what is taken away.
    page = f"/cases/{office.ref.number}/registers/parties/excel"
    with office.client("member").get(page) as excel:
        assert excel.status_code == 200
    assert len(logged(office, "export")) == 1


def test_a_restricted_item_is_hidden_and_its_opening_on_record(office: Office) -> None:
    filed(office, Party("举报人", "person", "witness", phone=PHONE), restriction="discipline")
    for login in ("member", "leader"):
        assert "举报人" not in office.page(login, "/registers/parties")
        assert "举报人" not in office.page(login, "/registers/parties/1")
    for page in ("/open", "/edit"):
        office.page("member", f"/registers/parties/1{page}", 403)
    assert "举报人" in office.page("leader", "/registers/parties/1/open")
    form = {"csrf_token": token(office.page("member", "/registers/parties/new"))}
    base = f"/cases/{office.ref.number}/registers/parties/1"
    client = office.client("member")
    assert client.post(f"{base}/full", data={**form, "reason": "x"}).status_code == 403
    data = {**form, "reason": "x", "version": "1", "key": "k"}
    assert client.post(f"{base}/withdraw", data=data).status_code == 403
    leaders = {"csrf_token": token(office.page("leader", "/registers/parties/new"))}
    shown = office.client("leader").post(f"{base}/full", data={**leaders, "reason": "核实"})
    assert PHONE in shown.text
    # A form that comes too late shows it again, and that is on record as well.
    before = len(logged(office, "view_restricted"))
    stale = {**leaders, "reason": "x", "version": "7", "key": "k"}
    answer = office.client("leader").post(f"{base}/withdraw", data=stale)
    assert answer.status_code == 409
    assert len(logged(office, "view_restricted")) == before + 1


def test_files_come_and_go_with_versions_and_every_download_is_on_record(office: Office) -> None:
    form = office.page("member", "/registers/parties/new")
    address = f"/cases/{office.ref.number}/registers/parties/new"
    data = {
        "csrf_token": token(form), "key": hidden(form, "key"), **PARTY,
        "files": (BytesIO("身份证明。\n".encode()), "证明.txt"),
    }  # fmt: skip
    assert office.client("member").post(address, data=data).status_code == 303
    office.send("member", "/registers/parties/1/edit", **PARTY, dropped="0")
    base = f"/cases/{office.ref.number}/registers/parties/1/versions"
    with office.client("leader").get(f"{base}/1/files/0") as answer:
        assert answer.data == "身份证明。\n".encode()
        assert answer.headers["Content-Disposition"].startswith("attachment")
    assert len(logged(office, "download")) == 1
    assert office.client("leader").get(f"{base}/2/files/0").status_code == 404


def test_a_draft_is_kept_for_its_author_alone(quick_office: Office) -> None:
    office = quick_office
    office.send("member", "/registers/parties/new", **PARTY, note="特别记录", do="draft")
    assert office.items("parties") == []
    assert "特别记录" in office.page("member", "/registers/parties/new")
    assert "特别记录" not in office.page("leader", "/registers/parties/new")
    office.send("member", "/registers/parties/new", **PARTY, note="特别记录")
    office.page("member", "/registers")  # Which tells that it was recorded.
    assert "特别记录" not in office.page("member", "/registers/parties/new")


def test_lists_are_paged_and_cost_the_same_however_long(office: Office) -> None:
    filed(office, Party("甲", "person", "witness"))

    def cost(page: str) -> int:
        office.page("member", page)
        with counted(office.database) as sent:
            office.page("member", page)
        return len(sent)

    pages = ("/registers", "/registers/parties", "/registers/parties/1", "/registers/parties/new")
    few = [cost(page) for page in pages]
    filed(office, *(Party(f"乙{each}", "person", "witness", of_unit=(1,)) for each in range(110)))
    assert [cost(page) for page in pages] == few
    assert len(re.findall(r"<th scope=\"row\">", office.page("member", "/registers/parties"))) == 50
    last = office.page("member", "/registers/parties?after=100")
    assert "乙109" in last
    assert "Next page" not in last
    with office.database.readers.begin() as session:
        assert store.count_items(session, office.ref.id)["parties"] == 111
