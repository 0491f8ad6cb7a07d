"""Restricted entries: whoever may not read one finds nothing of it on any page; others by opening it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from html import unescape
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from fireinvest.regulation.profile import Kind
from fireinvest.services.cases import CaseRef, act, load_case
from fireinvest.services.people import Post, name_deputy
from fireinvest.store import Database
from fireinvest.store.people import find_login
from fireinvest.workflow.actions import (
    KINDS,
    Attachment,
    Correcting,
    Meeting,
    Payload,
    Shape,
    Voiding,
)
from fireinvest.workflow.engine import Action
from fireinvest.workflow.permissions import (
    AUDIT_ADMINISTRATOR,
    SECURITY_ADMINISTRATOR,
    SYSTEM_ADMINISTRATOR,
    Actor,
    Grant,
)
from tests.services.office import (
    CALENDAR,
    CITY,
    FUYUAN,
    LAW,
    NOW,
    REPLY,
    TODAY,
    did,
    facts,
    key,
    opened,
    submitted,
)
from tests.web.office import database_of, hidden, person_with, sign_in, text_of

#: Stands in every text of a restricted entry, and nowhere else.
MARK = "密件xqz"
RULESET = LAW.in_force(FUYUAN, date(2025, 5, 12))

#: A step of each kind that can be restricted, and its day.
STEPS = {
    "update_figures": "2025-05-12",
    "decide_social_impact": "2025-05-13",
    "refer_discipline": "2025-07-08",
    "coordinate": "2025-07-08",
    "line_finding": "2025-07-08",
    "sign_report": "2025-07-09",
    "consult": "2025-07-08",
    "consult_answer": "2025-07-09",
    "release_progress": "2025-07-09",
    "ask_extension": "2025-07-08",
    "accountability_group": "2025-07-08",
    "send_copies": "2025-07-25",
    "record_penalty": "2025-07-25",
}
FIELDS: dict[Shape, Any] = {
    Shape.COUNT: 7, Shape.DAYS: 9, Shape.AREA: 7, Shape.FEN: 700, Shape.FLAG: True,
    Shape.CATEGORY: None, Shape.DAY: None,
}  # fmt: skip


def marked(step_id: str) -> Payload:
    """A payload of the step that says the mark wherever it takes a text."""
    step = RULESET.steps[step_id]
    said: dict[str, Any] = {}
    for each in fields(KINDS[step.kind]):
        shape = each.metadata["shape"]
        if shape is Shape.OUTCOME:
            said[each.name] = step.outcomes[0] if step.outcomes else None
        elif shape is Shape.ITEM:
            listing = RULESET.lists.get(step.items or "")
            said[each.name] = listing.items[0].id if listing else None
        elif each.name == "government":
            said[each.name] = None
        else:
            said[each.name] = FIELDS.get(shape, f"{MARK}-{step_id}-{each.name}")
    if step.kind is Kind.SIGNATURE:
        said["person"] = "zhao"
    return KINDS[step.kind](**said)


def test_the_mark_stands_in_an_entry_of_every_kind_that_can_be_restricted() -> None:
    kinds = {RULESET.steps[name].kind for name in STEPS}
    assert set(Kind) - kinds == {
        Kind.MEMBERSHIP, Kind.RECUSAL, Kind.INTERVAL, Kind.MEASURE, Kind.DELIVERY,
    } - {Kind.MEASURE, Kind.DELIVERY}  # fmt: skip


@dataclass(frozen=True)
class Town:
    """A case with restricted entries, and those who look at it."""

    app: Flask
    database: Database
    ref: CaseRef
    restricted: tuple[int, ...]
    first: int

    def address(self, path: str = "") -> str:
        return f"/cases/{self.ref.number}{path}"

    def version(self) -> int:
        with self.database.readers.begin() as session:
            return load_case(session, self.ref.id).case.version


SCRIBE, NAME = "kongyiji", "某抄写"


def record(
    database: Database, ref: CaseRef, step: str, payload: Payload, on: str, **more: Any
) -> int:
    """What the scribe, who carries the case too, writes down as restricted."""
    grants = tuple(Grant(role, ref.number) for role in ("carrier", "leader"))
    scribe = Actor(SCRIBE, grants)
    action = Action(step, payload, date.fromisoformat(on), reason=f"{MARK}-{step}-reason", **more)
    done = act(
        database, LAW, CALENDAR, scribe, ref.id, action,
        idempotency_key=key(), now=NOW, today=TODAY,
    )  # fmt: skip
    return done.entry.seq


def town(app: Flask) -> Town:
    database = database_of(app)
    person_with(database, "sun", Post("agency_head", division=FUYUAN, tier="county"))
    person_with(database, "zhao")
    person_with(database, "qian")
    person_with(database, SCRIBE, name=NAME)
    ref = opened(database, known=facts(FUYUAN, deaths=1))
    submitted(database, ref)
    did(database, ref, "join_team", _member("qian"), date(2025, 5, 14))
    did(database, ref, "reply", REPLY, date(2025, 7, 20))
    found = []
    file = Attachment(f"{MARK}.txt", "text/plain", "0" * 64, 3)
    for step, on in STEPS.items():
        restriction = None if RULESET.steps[step].restriction else "informer"
        found.append(
            record(
                database, ref, step, marked(step), on, restriction=restriction, attachments=(file,)
            )
        )
    places = dict(zip(STEPS, found, strict=True))
    fresh = Meeting(subject=f"{MARK}-again", minutes=f"{MARK}-again")
    fresh_on = date(2025, 7, 8)
    found.append(
        record(
            database,
            ref,
            "correct",
            Correcting(places["coordinate"], fresh, fresh_on),
            "2025-09-10",
        )
    )
    found.append(record(database, ref, "void", Voiding(places["record_penalty"]), "2025-09-10"))
    return Town(app, database, ref, tuple(found), found[0])


def _member(login: str) -> Payload:
    return KINDS[Kind.MEMBERSHIP](person=login, item="police", agency="富源县公安局")  # type: ignore[call-arg]


@pytest.fixture
def quick_town(quick_app: Flask) -> Town:
    return town(quick_app)


_LINK = re.compile(r'(?:href|action)="(/[^"#]*)')
_FOLLOWED = re.compile(r"/(cases/|desk|board|log|search)")
#: Months are linked for ever on: those of the fire's year and the next can hold the case.
_NOT_FOLLOWED = re.compile(r"lang=|[?&](size|light|due_|weight)|/month/(?!202[56]-)")
MONTH = "/board/month/2025-05"


def read(content: bytes) -> str:
    """What a page or a workbook says."""
    if content[:2] != b"PK":
        return content.decode(errors="replace")
    with ZipFile(BytesIO(content)) as parts:
        return "".join(parts.read(name).decode(errors="replace") for name in parts.namelist())


#: Other ways to see what the page of a register says, and months, one of which stands for all.
_AGAIN = re.compile(r"/registers/\w+(/excel|\?withdrawn=)|/month/(?!2025-0[567])")


def crawled(
    client: FlaskClient, *starts: str, opens: bool = False, again: bool = True
) -> Iterator[tuple[str, str]]:
    """Every page that links lead to, from the beginnings on; ``again``: in each of its ways."""
    left, seen = list(starts), set(starts)
    while left:
        address = left.pop()
        with client.get(address) as answer:
            assert answer.status_code < 500, address
            page = unescape(read(answer.data))
        yield address, page
        for found in _LINK.findall(page):
            if found in seen or not _FOLLOWED.match(found) or _NOT_FOLLOWED.search(found):
                continue
            if ("/restricted" in found and not opens) or (not again and _AGAIN.search(found)):
                continue
            seen.add(found)
            left.append(found)


def everywhere(town: Town, most: int = 100) -> list[str]:
    """Where a page of the case could be, told by its address; of so many restricted entries."""
    restricted = town.restricted[:most]
    entries = range(1, town.version() + 1) if most > len(town.restricted) else restricted
    return [
        "/desk", "/cases", "/board", "/board?weight=every", MONTH,
        *(town.address(path) for path in ("", "/steps", "/team", "/history")),
        *(town.address(f"/steps/{step}") for step in (*STEPS, "decide_extension", "test_returned")),
        *(town.address(f"/entries/{seq}") for seq in entries),
        *(town.address(f"/entries/{seq}/{last}") for seq in restricted
          for last in ("restricted", "void", "correct", "files/0", "restricted/files/0")),
    ]  # fmt: skip


def leaks(page: str) -> list[str]:
    """Where the mark or its writer stands on a page, beside the list of all accounts in a form."""
    plain = re.sub(r"<datalist.*?</datalist>", "", page, flags=re.DOTALL)
    found = re.finditer(rf"{MARK}|xqz|{NAME}|{SCRIBE}", plain)
    return [plain[max(each.start() - 40, 0) : each.end() + 40] for each in found]


def openings(database: Database) -> list[tuple[str, str]]:
    with database.readers.begin() as session:
        query = "SELECT person, item FROM access_log WHERE what = 'view_restricted' ORDER BY id"
        return [(row.person, row.item) for row in session.execute(text(query))]


@pytest.mark.parametrize("login", ["sun", "qian", "city"])
def test_whoever_may_not_read_finds_the_mark_nowhere(quick_town: Town, login: str) -> None:
    """The head of the agency, a member of the team, and the head at the city above."""
    if login == "city":
        person_with(quick_town.database, login, Post("agency_head", division=CITY, tier="city"))
    client = sign_in(quick_town.app, login)
    # Whoever answers for the case has every link; of the others some entries and ways will do.
    is_head = login == "sun"
    starts = everywhere(quick_town, 100 if is_head else 4)
    pages = dict(crawled(client, *starts, opens=True, again=is_head))
    assert len(pages) > 60
    assert sum(each.startswith("/board/month/") for each in pages) == (24 if is_head else 3)
    # Who wrote something stands in the log for those who answer for the case; what, doesn't.
    logs = {address: page for address, page in pages.items() if "/log" in address}
    assert [address for address, page in logs.items() if MARK in page] == []
    told = {each: leaks(page) for each, page in pages.items() if each not in logs and leaks(page)}
    assert told == {}
    for asked in (MARK, "xqz"):
        page = client.get("/cases", query_string={"text": asked}).text
        assert quick_town.ref.number not in page
    history = text_of(pages[quick_town.address("/history")])
    assert history.count("举报人信息") >= 10
    assert history.count("纪检监察事项") >= 2
    # That there is one shows, with its number, its day and what became of it.
    stub = text_of(pages[quick_town.address(f"/entries/{quick_town.first}")])
    assert "2025-05-12" in stub
    assert "您无权查看" in stub or "You may not read" in stub
    for last, status in (("restricted", 403), ("restricted/files/0", 403), ("files/0", 404)):
        answer = client.get(quick_town.address(f"/entries/{quick_town.first}/{last}"))
        assert answer.status_code == status, last
    assert openings(quick_town.database) == []


def test_another_county_and_the_administrators_find_no_page_of_it(quick_town: Town) -> None:
    posts = {
        "o.carrier": Post("carrier", division="530302", tier="county"),
        "accounts": Post(SYSTEM_ADMINISTRATOR),
        "security": Post(SECURITY_ADMINISTRATOR),
        "audit": Post(AUDIT_ADMINISTRATOR),
    }
    for login, post in posts.items():
        person_with(quick_town.database, login, post)
        client = sign_in(quick_town.app, login)
        for address in everywhere(quick_town, 2):
            answer = client.get(address)
            if address.startswith(quick_town.address()):
                assert answer.status_code in (403, 404), (login, address)
            assert MARK not in unescape(answer.text), (login, address)
        for address, page in crawled(
            client, "/desk", MONTH, *(["/log"] if login == "audit" else [])
        ):
            assert MARK not in page, (login, address)
    assert openings(quick_town.database) == []


def carries(database: Database) -> None:
    """Let the scribe carry the case, at a browser too."""
    with database.sessions.begin() as session:
        session.execute(
            text(
                "INSERT INTO grants (person_id, role, case_id, valid_from, granted_by) "
                "SELECT id, 'carrier', 1, '2020-01-01', 'x' FROM people WHERE login = :login"
            ),
            {"login": SCRIBE},
        )


@pytest.mark.parametrize("login", ["zhao", SCRIBE])
def test_a_reader_finds_it_by_opening_it_and_each_opening_is_logged(
    quick_town: Town, login: str
) -> None:
    """The leader, and whoever wrote it while they carry the case."""
    if login == SCRIBE:
        carries(quick_town.database)
    client = sign_in(quick_town.app, login)
    for address in everywhere(quick_town):
        if not address.endswith(("/restricted", "/void", "/correct", "/files/0")):
            assert MARK not in unescape(client.get(address).text), address
    assert openings(quick_town.database) == []
    for seq in quick_town.restricted:
        answer = client.get(quick_town.address(f"/entries/{seq}/restricted"))
        assert answer.status_code == 200
        assert MARK in answer.text
        assert NAME in answer.text
    assert openings(quick_town.database) == [(login, f"{seq}") for seq in quick_town.restricted]


def test_without_a_row_in_the_log_nothing_is_shown(
    quick_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(quick_town.app, "zhao")
    quick_town.app.testing = False

    def fails(*_args: object, **_values: object) -> None:
        raise OSError("the log is full")

    monkeypatch.setattr("fireinvest.services.log.log_access", fails)
    for path in ("restricted", "restricted/files/0"):
        answer = client.get(quick_town.address(f"/entries/{quick_town.first}/{path}"))
        assert answer.status_code == 500
        assert MARK not in answer.text
    monkeypatch.undo()
    assert openings(quick_town.database) == []


def test_an_old_sign_in_proves_itself_first(quick_town: Town) -> None:
    client = sign_in(quick_town.app, "zhao")
    with quick_town.database.sessions.begin() as session:
        session.execute(
            text("UPDATE sign_ins SET verified_at = '2020-01-01', began_at = '2020-01-01'")
        )
    answer = client.get(quick_town.address(f"/entries/{quick_town.first}/restricted"))
    assert answer.status_code in (302, 401)
    assert MARK not in answer.text
    assert openings(quick_town.database) == []


def test_who_comes_second_is_not_told_what_is_restricted(quick_town: Town) -> None:
    client = sign_in(quick_town.app, "sun")
    address = quick_town.address("/steps/publish")
    page = client.get(address).text
    form = {name: hidden(page, name) for name in ("csrf_token", "key")}
    said = {"on": "2025-07-21", "item": "report_media", "where": "报纸", "proof": "第一版"}
    answer = client.post(address, data={**form, **said, "expected_version": "1"})
    assert answer.status_code == 409
    assert answer.text.count("举报人信息") >= 10
    assert leaks(answer.text) == []


def test_who_corrects_or_voids_a_restricted_entry_opens_it(quick_town: Town) -> None:
    """The carrier, after a fresh proof; the head of the agency, who administers too, may not."""
    carries(quick_town.database)
    client, head = sign_in(quick_town.app, SCRIBE), sign_in(quick_town.app, "sun")
    for count, path in enumerate(("correct", "void"), 1):
        address = quick_town.address(f"/entries/{quick_town.first}/{path}")
        page = client.get(address)
        assert page.status_code == 200
        assert MARK in page.text
        assert openings(quick_town.database) == [(SCRIBE, f"{quick_town.first}")] * count
        assert head.get(address).status_code == 403
    address = quick_town.address(f"/entries/{quick_town.first}/void")
    page = client.get(address)
    form = {name: hidden(page.text, name) for name in ("csrf_token", "key", "expected_version")}
    with quick_town.database.sessions.begin() as session:
        session.execute(text("UPDATE sign_ins SET verified_at = '2020-01-01'"))
    for answer in (client.get(address), client.post(address, data=form)):
        assert answer.status_code in (302, 401)
        assert MARK not in answer.text
    assert len(openings(quick_town.database)) == 3


# ---------------------------------------------------------------- the form


def test_an_entry_is_restricted_in_its_form_and_the_choice_is_kept(app: Flask) -> None:
    database = database_of(app)
    person_with(database, "sun", Post("carrier", division=CITY, tier="city"))
    sun = Actor("sun", (Grant("carrier", division=CITY, tier="city"),))
    ref = opened(database, sun, facts(FUYUAN))
    client = sign_in(app, "sun")
    address = f"/cases/{ref.number}/steps/request_team"

    def form() -> dict[str, str]:
        page = client.get(address).text
        return {name: hidden(page, name) for name in ("csrf_token", "key", "expected_version")}

    page = client.get(address).text
    assert re.findall(r'<option value="(discipline|informer)"', page) == ["discipline", "informer"]
    said = {"on": "2025-05-13", "to": "曲靖市人民政府", "restriction": "secret"}
    answer = client.post(address, data={**form(), **said})
    assert answer.status_code == 400
    (beside,) = re.findall(r'id="restriction-problem">(.*?)</div>', answer.text, re.DOTALL)
    assert "discipline" in beside
    said["restriction"] = "informer"
    client.post(address, data={**form(), **said, "do": "draft"})
    assert re.search(r'<option value="informer" selected', client.get(address).text)
    files = {"files": (BytesIO(b"informer's letter"), "letter.txt")}
    answer = client.post(address, data={**form(), **said, **files})
    assert answer.status_code == 303, answer.text
    with database.readers.begin() as session:
        loaded = load_case(session, ref.id)
    assert loaded.case.journal[-1].restriction == "informer"
    # Read back from the journal by its carrier, with its file.
    opened_page = client.get(f"/cases/{ref.number}/entries/2/restricted").text
    assert "曲靖市人民政府" in opened_page
    link = re.search(r'href="([^"]*restricted/files/0)"', opened_page)
    assert link is not None
    with client.get(link[1]) as file:
        assert file.data == b"informer's letter"
    assert [person for person, _ in openings(database)] == ["sun", "sun"]


def test_what_cannot_be_restricted_has_no_choice_and_what_always_is_says_so(
    quick_town: Town,
) -> None:
    client = sign_in(quick_town.app, "zhao")
    for step, has_choice, says in (
        ("refer_criminal", True, False),
        ("refer_discipline", False, True),
        ("leave_team", False, False),
    ):
        page = client.get(quick_town.address(f"/steps/{step}")).text
        assert ('name="restriction"' in page) is has_choice, step
        assert ("纪检监察事项" in text_of(page)) is (has_choice or says), step


# ---------------------------------------------------------------- recused


def test_recusal_closes_every_page_of_the_case_to_them_and_to_who_acts_for_them(
    quick_town: Town,
) -> None:
    """The team's leader, who reads what is restricted; and the deputy of the recused head."""
    database, ref = quick_town.database, quick_town.ref
    person_with(database, "fu")
    with database.readers.begin() as session:
        people = {each: find_login(session, each) for each in ("fu", "sun", "zhao")}
    ids = {login: person.id for login, person in people.items() if person is not None}
    name_deputy(
        database, person_id=ids["fu"], acts_for_id=ids["sun"], valid_from=date(2020, 1, 1),
        valid_until=date(2099, 12, 31), granted_by="x",
    )  # fmt: skip
    clients = {login: sign_in(quick_town.app, login) for login in ("zhao", "sun", "fu")}
    form = quick_town.address("/steps/coordinate")

    def sent(who: str, address: str, /, **data: str) -> int:
        page = clients[who].get("/cases").text
        form = {"csrf_token": hidden(page, "csrf_token"), **data}
        return clients[who].post(address, data=form).status_code

    assert sent("fu", "/acting", login="sun") in (302, 303)
    for login, client in clients.items():
        assert client.get(quick_town.address()).status_code == 200
        assert sent(login, "/drafts", form=form, reason="未完") == 204
        assert ref.number in client.get("/desk").text
    grounds = RULESET.lists["recusal_grounds"].items[0].id
    on = date(2025, 5, 20)
    for login, step in (("sun", "decide_recusal"), ("zhao", "decide_leader_recusal")):
        raised = KINDS[Kind.RECUSAL](person=login, item=grounds)  # type: ignore[call-arg]
        did(database, ref, "declare_recusal", raised, on)
        granted = KINDS[Kind.RECUSAL](person=login, outcome="granted")  # type: ignore[call-arg]
        did(database, ref, step, granted, on)
    for login, client in clients.items():
        for address in (*everywhere(quick_town, 1), quick_town.address("/log")):
            if address.startswith(quick_town.address()):
                with client.get(address) as answer:
                    assert answer.status_code == 404, (login, address)
        assert sent(login, "/drafts", form=form, reason="未完") == 404
        assert sent(login, form, on="2025-07-08", subject="协调") == 404
        for address in ("/desk", "/cases", "/board"):
            assert ref.number not in client.get(address).text, (login, address)
    assert openings(database) == []
