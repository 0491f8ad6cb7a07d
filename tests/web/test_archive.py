"""The archive room and the archive's own pages: filed, ordered, kept, lent, and disposed of."""

import re
from datetime import date
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import text

from fireinvest.services.cases import CaseRef
from fireinvest.services.people import Post
from fireinvest.services.records import file_records
from fireinvest.store.records import items_of
from fireinvest.workflow.actions import Attachment
from fireinvest.workflow.items.archive import Arrangement, Lending, Retention
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.evidence import Evidence
from fireinvest.workflow.registers import Filing, Record
from tests.queries import counted
from tests.services.office import (
    CALENDAR,
    FUYUAN,
    LAW,
    NOW,
    REPLY,
    TIMERS,
    TODAY,
    did,
    facts,
    key,
    opened,
    submitted,
)
from tests.uploads import picture
from tests.web.office import database_of, person_with, sign_in, text_of, token


def _writes(app: Flask, ref: CaseRef, register: str, item: Item, *files: Attachment) -> None:
    file_records(
        database_of(app), LAW, CALENDAR, TIMERS, ref.id,
        [Filing(register, item, attachments=files)], idempotency_key=key(), now=NOW, today=TODAY,
    )  # fmt: skip


def _photo(app: Flask, ref: CaseRef, name: str) -> None:
    blob = app.extensions["fireinvest"].blobs.put(BytesIO(picture("PNG")), at_most=10**6)
    file = Attachment(f"{name}.png", "image/png", blob.sha256, blob.size)
    _writes(app, ref, "evidence", Evidence(name, "photo", taken_by="甲"), file)


def _case(app: Flask, *photos: str) -> CaseRef:
    database = database_of(app)
    ref = opened(database, known=facts(deaths=1))
    submitted(database, ref)
    did(database, ref, "reply", REPLY, date(2025, 7, 15))
    for each in photos:
        _photo(app, ref, each)
    return ref


def _archivist(app: Flask, login: str = "archivist", role: str = "archivist") -> FlaskClient:
    person_with(database_of(app), login, Post(role, division=FUYUAN, tier="county"))
    return sign_in(app, login)


def _items(app: Flask, ref: CaseRef, register: str) -> list[Record]:
    with database_of(app).readers.begin() as session:
        return items_of(session, ref.id, [register])[register]


def _sent(client: FlaskClient, address: str, page: str, **fields: str) -> str:
    form = {"csrf_token": token(page), "key": key(), **fields}
    answer = client.post(address, data=form, follow_redirects=True)
    assert answer.status_code in (200, 400), answer.status
    return answer.text


def test_what_is_there_is_filed_at_once_and_what_is_missing_is_told(quick_app: Flask) -> None:
    ref = _case(quick_app, "照片")
    client = _archivist(quick_app)
    room = f"/cases/{ref.number}/archive"
    page = client.get(room, headers={"Accept-Language": "en"}).text
    assert "缺" in text_of(page)
    page = _sent(client, f"{room}/file", page)
    with database_of(quick_app).readers.begin() as session:
        filed = session.scalar(text("SELECT count(*) FROM journal WHERE step = 'archive'"))
    assert filed == 1
    assert "批复文件" in text_of(page)
    # Nothing whole was filed, so nobody says yet how long it is kept.
    assert _items(quick_app, ref, "retentions") == []


def test_documents_are_moved_left_out_with_a_reason_and_taken_in_again(quick_app: Flask) -> None:
    ref = _case(quick_app, "甲图", "乙图", "丙图")
    client = _archivist(quick_app)
    order = f"/cases/{ref.number}/archive/order"
    page = client.get(order).text

    def names() -> list[str]:
        return re.findall(r'archive-title">[^<]*?(.图)：?[^<]*<', client.get(order).text)

    keys = list(dict.fromkeys(re.findall(r'name="document" value="([^"]+)"', page)))
    assert names() == ["甲图", "乙图", "丙图"]
    _sent(client, order, page, way="up", document=keys[2], row="1-3")
    assert names() == ["甲图", "丙图", "乙图"]
    _sent(client, order, page, way="down", document=keys[0], row="1-1")
    assert names() == ["丙图", "甲图", "乙图"]
    refused = _sent(client, order, page, way="leave_out", document=keys[1], row="1-2", why="")
    assert "problems" in refused
    assert names() == ["丙图", "甲图", "乙图"]
    _sent(client, order, page, way="leave_out", document=keys[1], row="1-2", why="重份")
    assert names() == ["丙图", "甲图"]
    assert "重份" in client.get(order).text
    _sent(client, order, page, way="take_in", document=keys[1], row="out")
    _sent(client, order, page, way="volume", document=keys[0], row="1-1", volume="2")
    with database_of(quick_app).readers.begin() as session:
        changed = items_of(session, ref.id, ["arrangements"])["arrangements"]
    assert {getattr(each.values, "document", None) for each in changed} == set(keys)
    assert 'aria-labelledby="volume-2"' in client.get(order).text
    for wrong in ("0", "x"):
        assert "problems" in _sent(
            client, order, page, way="volume", document=keys[0], row="1-1", volume=wrong
        )
    answer = client.post(order, data={"csrf_token": token(page), "way": "burn", "document": "x"})
    assert answer.status_code == 400


def test_how_long_it_is_kept_and_who_has_it(quick_app: Flask) -> None:
    ref = _case(quick_app, "照片")
    client = _archivist(quick_app)
    room = f"/cases/{ref.number}/archive"
    page = client.get(room).text
    given = {"period": "permanent", "filed_on": "2025-09-01", "place": "3柜", "why": ""}
    refused = client.post(
        f"{room}/retention", data={"csrf_token": token(page), "key": key(), **given}
    )
    assert refused.status_code == 400
    assert 'value="3柜"' in refused.text
    assert _items(quick_app, ref, "retentions") == []
    _sent(client, f"{room}/retention", page, **{**given, "why": "社会影响大"})
    (kept,) = _items(quick_app, ref, "retentions")
    assert isinstance(kept.values, Retention)
    assert (kept.values.period, kept.values.until) == ("permanent", None)
    form = client.get(f"{room}/lendings/new").text
    _sent(
        client, f"{room}/lendings/new", form, borrower="某人", agency="某局", purpose="查阅",
        form="paper", lent_on="2025-08-01", due_on="2025-08-15", item_version="0",
    )  # fmt: skip
    assert "某人" in client.get("/archive/lent").text
    assert "某人" in client.get(room).text
    # What is written with the archive's own forms isn't written with the others.
    for register in ("volumes", "retentions", "arrangements"):
        answer = client.get(f"/cases/{ref.number}/registers/{register}/new", follow_redirects=True)
        assert answer.request.path == room


def test_the_archives_pages_ask_as_often_however_much_is_there(quick_app: Flask) -> None:
    ref = _case(quick_app, "照片")
    client = _archivist(quick_app)
    database = database_of(quick_app)
    _writes(quick_app, ref, "retentions", Retention("years10", TODAY, date(2024, 12, 31)))
    lent = Lending("某人", "某局", "查阅", "paper", lent_on=TODAY, due_on=TODAY)
    _writes(quick_app, ref, "lendings", lent)
    with database.sessions.begin() as session:
        session.execute(text("UPDATE cases SET ended_on = '2025-09-01'"))
    room = f"/cases/{ref.number}/archive"
    pages = [room, f"{room}/order", "/archive", "/archive/due", "/archive/lent",
             "/archive/disposals", "/archive/disposals/new"]  # fmt: skip

    def costs() -> list[int]:
        found = []
        for each in pages:
            client.get(each)
            with counted(database) as sent:
                assert client.get(each).status_code == 200, each
            found.append(len(sent))
        return found

    before = costs()
    for number in range(3):
        _photo(quick_app, ref, f"照片{number}")
        _writes(quick_app, ref, "lendings", lent)
        _writes(quick_app, ref, "arrangements", Arrangement("照片", f"evidence:{number}:x", "^"))
    other = _case(quick_app, "照片")
    _writes(quick_app, other, "retentions", Retention("years10", TODAY, date(2024, 12, 31)))
    _writes(quick_app, other, "lendings", lent)
    with database.sessions.begin() as session:
        session.execute(text("UPDATE cases SET ended_on = '2025-09-01'"))
    assert costs() == before


def test_a_list_is_drawn_up_decided_by_another_and_asked_to_be_carried_out(app: Flask) -> None:
    ref = _case(app, "照片")
    archivist, head = _archivist(app), _archivist(app, "head", "agency_head")
    _writes(app, ref, "retentions", Retention("years10", TODAY, date(2024, 12, 31)))
    with database_of(app).sessions.begin() as session:
        session.execute(text("UPDATE cases SET ended_on = '2025-09-01'"))
    page = archivist.get("/archive/disposals/new").text
    fields = {"title": "销毁清册", "appraisers": "甲、乙", "case": f"{ref.id}"}
    named = {**fields, f"verdict-{ref.id}": "dispose", f"opinion-{ref.id}": ""}
    assert "销毁清册" in _sent(archivist, "/archive/disposals/new", page, **named)
    assert archivist.get("/archive/disposals/1").status_code == 404
    named[f"opinion-{ref.id}"] = "无保存价值"
    page = _sent(archivist, "/archive/disposals/new", page, **named)
    assert ref.number in page
    assert archivist.post(
        "/archive/disposals/1/decide", data={"csrf_token": token(page), "decision": "approved"}
    ).status_code == 403  # fmt: skip
    decide = head.get("/archive/disposals/1").text
    taken = archivist.get("/archive/disposals/1/excel")
    table = load_workbook(BytesIO(taken.data)).worksheets[0]
    taken.close()
    assert len(list(table.iter_rows(values_only=True))) >= 2
    assert archivist.get("/archive/disposals/2/excel").status_code == 404
    refused = head.post(
        "/archive/disposals/1/decide", data={"csrf_token": token(decide), "decision": "refused"}
    )
    assert refused.status_code == 400
    _sent(head, "/archive/disposals/1/decide", decide, decision="approved")
    page = archivist.get("/archive/disposals/1").text
    asked = archivist.post(
        "/archive/disposals/1/carry-out",
        data={"csrf_token": token(page), "key": key(), "witnesses": "丙，丁"},
    )
    assert asked.status_code == 303
    assert "/jobs/" in asked.location
    assert archivist.get("/archive/disposals/99999999999").status_code == 404


@pytest.mark.parametrize("after", ["", "x", "2025-01-01_", "_7", "2025-01-01_7", "2025-01-01_x"])
def test_any_key_of_a_page_is_answered(quick_app: Flask, after: str) -> None:
    client = _archivist(quick_app)
    assert client.get("/archive", query_string={"after": after}).status_code == 200
