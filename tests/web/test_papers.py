"""The room of papers through HTTP: drawn up, numbered, signed on paper, sent, received, void."""

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fireinvest.services.cases import CaseRef
from fireinvest.services.people import Post
from fireinvest.store import records as store
from fireinvest.workflow.actions import Membership, Order
from fireinvest.workflow.items.papers import PAPERS, OfficialPaper, PaperState
from fireinvest.workflow.registers import Record
from tests.queries import counted
from tests.services.office import FUYUAN, actor, did, facts, opened
from tests.web.office import database_of, hidden, person_with, sign_in, text_of, token

SCAN = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


class Office:
    """A county with a case: its carrier, somebody of the team, and a stranger of another county."""

    def __init__(self, app: Flask) -> None:
        self.app, self.database = app, database_of(app)
        carrier = person_with(
            self.database, "carrier", Post("carrier", division=FUYUAN, tier="county")
        )
        person_with(self.database, "leader", name="李组长")
        person_with(self.database, "far", Post("carrier", division="530326", tier="county"))
        self.ref: CaseRef = opened(
            self.database, actor(self.database, carrier), facts(FUYUAN, deaths=1)
        )
        did(self.database, self.ref, "establish_team", Order(document_no="1", person="leader"))
        self.clients: dict[str, FlaskClient] = {}

    def client(self, login: str) -> FlaskClient:
        if login not in self.clients:
            self.clients[login] = sign_in(self.app, login)
            self.clients[login].get("/desk?lang=en")
        return self.clients[login]

    def page(self, login: str, page: str, status: int = 200) -> str:
        answer = self.client(login).get(f"/cases/{self.ref.number}{page}")
        assert answer.status_code == status, text_of(answer.text)
        return answer.text

    def draw(self, kind: str = "team_request", status: int = 303, login: str = "carrier") -> str:
        form = self.page(login, "/papers")
        data = {"csrf_token": token(form), "key": f"key-{kind}-{id(form)}", "subject": ""}
        address = f"/cases/{self.ref.number}/papers/kinds/{kind}"
        answer = self.client(login).post(address, data=data)
        assert answer.status_code == status, text_of(answer.text)
        return answer.headers.get("Location", "")

    def change(
        self, act: str, status: int = 303, /, item: int = 1, scan: bytes | None = None,
        **fields: Any,
    ) -> str:  # fmt: skip
        page = f"/papers/{item}/{act}"
        form = self.page("carrier", page)
        data: dict[str, object] = {
            "csrf_token": token(form), "key": hidden(form, "key"), "seen": hidden(form, "seen"),
            **fields,
        }  # fmt: skip
        if scan is not None:
            data["files"] = (io.BytesIO(scan), "签发件.pdf")
        address = f"/cases/{self.ref.number}{page}"
        answer = self.client("carrier").post(address, data=data)
        assert answer.status_code == status, text_of(answer.text)
        return answer.text

    def told(self, act: str, item: int = 1) -> str:
        """What somebody is told who asks for a form which can't be of the paper any more."""
        client = self.client("carrier")
        answer = client.get(f"/cases/{self.ref.number}/papers/{item}/{act}")
        assert answer.headers["Location"].endswith(f"/papers/{item}")
        page = client.get(answer.headers["Location"]).text
        found = re.search(r'class="told told-warning"[^>]*>(.*?)</', page, re.DOTALL)
        assert found is not None, page
        return text_of(found[1]).strip()

    def record(self, item: int = 1) -> Record:
        with self.database.readers.begin() as session:
            found = store.last_version(session, self.ref.id, PAPERS, item)
        assert found is not None
        return found

    def paper(self, item: int = 1) -> OfficialPaper:
        values = self.record(item).values
        assert isinstance(values, OfficialPaper)
        return values

    def words(self, item: int = 1) -> str:
        """What stands in the file that counts, a Word file."""
        answer = self.client("carrier").get(f"/cases/{self.ref.number}/papers/{item}/file")
        assert answer.status_code == 200
        return word_text(answer.data)


def word_text(docx: bytes) -> str:
    """All that a Word file says in its body."""
    with zipfile.ZipFile(io.BytesIO(docx)) as parts:
        document = parts.read("word/document.xml").decode()
    return re.sub(r"<[^>]+>", "", document)


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


@pytest.fixture
def quick_office(quick_app: Flask) -> Office:
    return Office(quick_app)


def test_a_paper_goes_from_its_draft_to_its_receipt(office: Office) -> None:
    assert office.draw().endswith(f"/cases/{office.ref.number}/papers/1")
    drawn = office.paper()
    assert drawn.state is PaperState.DRAFT
    assert "某某商贸有限公司" in office.words()
    office.change("number", document_no="富消火〔2025〕3号")
    numbered = office.paper()
    assert (numbered.state, numbered.document_no) == (PaperState.NUMBERED, "富消火〔2025〕3号")
    # What stands on it follows, and so does its code.
    assert "富消火〔2025〕3号" in office.words()
    assert numbered.code != drawn.code
    office.change("signed", signed_on="2025-09-09", signed_by="张某", scan=SCAN)
    signed = office.paper()
    assert signed.state is PaperState.SIGNED
    assert [each.name.rpartition(".")[2] for each in office.record().attachments] == ["docx", "pdf"]
    taken = office.client("carrier").get(f"/cases/{office.ref.number}/papers/1/file")
    assert taken.data == SCAN  # the signed paper is the copy that counts
    office.change("sent", sent_on="2025-09-09", sent_to="富源县人民政府", sent_how="专人送达")
    office.change("received", received_on="2025-09-10", received_by="县政府办公室")
    assert office.paper().state is PaperState.RECEIVED
    page = text_of(office.page("carrier", "/papers/1"))
    assert "the signed paper" in page
    assert "富消火〔2025〕3号" in page
    assert office.record().version == 5


@pytest.mark.parametrize(
    ("act", "fields", "scan", "said"),
    [
        ("number", {"document_no": ""}, None, "This is needed."),
        ("number", {"document_no": "1号", "series": "7"}, None, "There is no such series."),
        ("signed", {"signed_on": "2025-09-09"}, None, "The signed paper is needed as a scan."),
        ("signed", {"signed_on": ""}, SCAN, "This is needed."),
        ("signed", {"signed_on": "2125-09-09"}, SCAN, "The day lies in the future."),
        ("signed", {"signed_on": "yesterday"}, SCAN, "is not a date like"),
        ("sent", {"sent_on": "2025-09-09"}, None, "This is needed."),
        ("sent", {"sent_on": "", "sent_to": "县政府"}, None, "This is needed."),
        ("draft", {}, None, "One file is needed."),
        ("void", {"reason": ""}, None, "This is needed."),
    ],
)
def test_what_lacks_stands_beside_its_field_and_nothing_changes(
    quick_office: Office, act: str, fields: Mapping[str, Any], scan: bytes | None, said: str
) -> None:
    quick_office.draw()
    page = quick_office.change(act, 400, scan=scan, **fields)
    assert said in text_of(page)
    assert quick_office.record().version == 1


def test_what_is_signed_is_not_drawn_up_anew_but_made_void(quick_office: Office) -> None:
    office = quick_office
    office.draw()
    assert office.told("received") == "Put down first that it was sent."
    office.change("signed", signed_on="2025-09-09", signed_by="张某", scan=SCAN)
    for act in ("number", "draft"):
        assert "make it void" in office.told(act)
    office.change("void", reason="文号重复")
    assert (office.record().is_withdrawn, office.paper().signed_by) == (True, "张某")
    assert "void" in text_of(office.page("carrier", "/papers"))
    for act in ("void", "number", "signed", "sent"):
        assert "stays so" in office.told(act)
    code = office.client("carrier").get(f"/papers/{office.paper().code}")
    assert "This paper is void" in text_of(code.text)
    assert "This is the last version" not in text_of(code.text)


def test_what_comes_next_of_a_paper_is_the_button_that_stands_out(quick_office: Office) -> None:
    office = quick_office
    office.draw()

    def standing_out() -> list[str]:
        return re.findall(r'class="button" href="[^"]*/papers/1/(\w+)"',
                          office.page("carrier", "/papers/1").partition("acts-title")[2])  # fmt: skip

    assert standing_out() == ["number"]
    office.change("number", document_no="1号")
    assert standing_out() == ["signed"]
    office.change("signed", signed_on="2025-09-09", scan=SCAN)
    assert standing_out() == ["sent"]
    office.change("sent", sent_on="2025-09-09", sent_to="市人民政府")
    assert standing_out() == ["received"]
    office.change("received", received_on="2025-09-09", received_by="收发室")
    assert standing_out() == []


def test_of_a_restricted_paper_not_even_its_kind_is_told(quick_office: Office) -> None:
    office = quick_office
    place = Post("government_handler", division=FUYUAN, tier="county")
    person_with(office.database, "handler", place)
    person_with(office.database, "member")
    joined = Membership(person="member", agency="富源县公安局", item="police")
    did(office.database, office.ref, "join_team", joined)
    kind = "reply_to_discipline"
    office.draw(kind, login="handler")
    page = office.page("handler", f"/papers/kinds/{kind}")
    assert "/papers/1" in page
    assert "1 drawn up" in text_of(office.page("handler", "/papers"))
    # A member sees that there is a paper which is kept from them, and nothing else of it.
    listed = office.page("member", "/papers")
    assert "restricted" in text_of(listed)
    assert "drawn up" not in text_of(listed).partition("Draw up a paper")[2]
    hidden_kind = office.page("member", f"/papers/kinds/{kind}")
    assert "/papers/1" not in hidden_kind
    assert "Drawn up by: " in text_of(hidden_kind)


def test_a_file_of_their_own_takes_the_place_of_the_draft(quick_office: Office) -> None:
    office = quick_office
    office.draw()
    office.change("draft", scan=SCAN)
    assert (office.paper().template, office.paper().draft) != (None, None)
    assert [each.name for each in office.record().attachments] == ["签发件.pdf"]
    office.change("number", document_no="9号")
    assert office.paper().document_no == "9号"
    # It is a PDF already, and taken as it is.
    answer = office.client("carrier").get(f"/cases/{office.ref.number}/papers/1/pdf")
    assert answer.location.endswith("/papers/1/file")


def test_what_somebody_changed_meanwhile_is_not_overwritten(quick_office: Office) -> None:
    office = quick_office
    office.draw()
    form = office.page("carrier", "/papers/1/number")
    office.change("number", document_no="1号")
    data = {"csrf_token": token(form), "key": hidden(form, "key"), "seen": hidden(form, "seen"),
            "document_no": "2号"}  # fmt: skip
    answer = office.client("carrier").post(f"/cases/{office.ref.number}/papers/1/number", data=data)
    assert answer.status_code == 409
    assert "2号" in answer.text
    assert office.paper().document_no == "1号"


def test_it_is_found_by_the_code_on_its_print_and_by_older_ones(quick_office: Office) -> None:
    office = quick_office
    office.draw()
    first = office.paper().code
    office.change("number", document_no="1号")
    last = office.paper().code
    assert first
    assert last
    client = office.client("carrier")
    assert "This is the last version" in text_of(client.get(f"/papers/{last}").text)
    assert "earlier version" in text_of(client.get(f"/papers/{first.lower()}").text)
    found = client.get("/papers", query_string={"code": last})
    assert found.headers["Location"].endswith(f"/papers/{last}")
    for typed in ("AAAA-BBBB-CCCC-DDDD", "nonsense"):
        assert client.get(f"/papers/{typed}").status_code == 404
    # Who may not see the case learns nothing of it.
    stranger = office.client("far").get(f"/papers/{last}")
    assert stranger.status_code == 404
    assert office.ref.number not in stranger.text


def test_only_who_draws_up_a_kind_finds_its_buttons(quick_office: Office) -> None:
    office = quick_office
    office.draw()
    leader = office.page("leader", "/papers/1")
    assert "What comes next" not in text_of(leader)
    office.draw(status=403, login="leader")
    assert office.page("leader", "/papers/1/void", 403)
    assert office.client("far").get(f"/cases/{office.ref.number}/papers").status_code == 404
    assert office.page("carrier", "/papers/kinds/poem", 404)
    assert office.page("carrier", "/papers/1/burn", 404)
    assert office.page("carrier", "/papers/77", 404)


def test_drawn_up_anew_it_says_what_is_on_record_now(quick_office: Office) -> None:
    office = quick_office
    office.draw("team_order")
    number = office.ref.number

    def again() -> str:
        form = office.page("carrier", "/papers/1")
        data = {"csrf_token": token(form), "key": f"again-{office.record().version}"}
        answer = office.client("carrier").post(f"/cases/{number}/papers/1/redraw", data=data)
        assert answer.status_code == 303
        return text_of(office.page("carrier", "/papers/1"))

    assert "It says the same as before" in again()
    assert office.record().version == 1
    joined = Membership(person="member", agency="富源县公安局", item="police")
    did(office.database, office.ref, "join_team", joined)
    assert "Drawn up anew" in again()
    assert office.record().version == 2


def test_the_pages_ask_as_often_with_many_papers(quick_office: Office) -> None:
    office = quick_office
    for _each in range(2):
        office.draw()
    client, number = office.client("carrier"), office.ref.number
    pages = (f"/cases/{number}/papers", f"/cases/{number}/papers/kinds/team_request",
             f"/cases/{number}/papers/1")  # fmt: skip

    def asked() -> list[int]:
        found = []
        for page in pages:
            client.get(page)
            with counted(office.database) as sent:
                assert client.get(page).status_code == 200
            found.append(len(sent))
        return found

    before = asked()
    for _each in range(6):
        office.draw()
    assert asked() == before
