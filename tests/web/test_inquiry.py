"""The room of the five lines through HTTP: findings, closing, and the chain to the measures."""

import pytest
from flask import Flask

from fireinvest.workflow.actions import Finding
from fireinvest.workflow.items.inquiry import ChainNode, LineFinding
from tests.queries import counted
from tests.web.office import hidden, text_of, token
from tests.web.test_team import Office

POINTS = ("performance", "making", "selling", "using")
NOTHING = {"result": "nothing_found", "reason": "产品合格，未见异常"}
UNIT = {"name": "某某商贸有限公司", "sort": "unit", "role": "user"}
PERSON = {"name": "钱某", "sort": "person", "role": "manager"}


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


@pytest.fixture
def quick_office(quick_app: Flask) -> Office:
    return Office(quick_app)


def close(office: Office, login: str, status: int, form: str = "", /, **fields: object) -> str:
    page = "/inquiry/lines/products/close"
    form = form or office.page(login, page)
    data = {
        "csrf_token": token(form), "key": hidden(form, "key"), "seen": hidden(form, "seen"),
        "text": "未发现消防产品质量问题", "reason": "先行归纳", **fields,
    }  # fmt: skip
    address = f"/cases/{office.ref.number}{page}"
    answer = office.client(login).post(address, data=data)
    assert answer.status_code == status, text_of(answer.text)
    return answer.text


def test_a_line_is_closed_once_all_of_it_was_examined(office: Office) -> None:
    office.send("carrier", "/registers/parties/new", **UNIT)
    office.send("carrier", "/registers/parties/new", **PERSON)
    for point in POINTS[:3]:
        office.send("member", f"/inquiry/lines/products/{point}/new", **NOTHING)
    assert "3 of 4" in text_of(office.page("leader", "/inquiry"))
    assert "Close this line" not in office.page("carrier", "/inquiry")
    assert "Every sub-item has to end" in text_of(
        office.page("carrier", "/inquiry/lines/products/close")
    )
    form = office.page("carrier", "/inquiry/lines/products/using/new")
    # A text with a length of its own has several lines; units and individuals are told apart.
    assert '<textarea class="input" id="text" name="text" rows="4" maxlength="20000"' in form
    assert form.count("P1 某某商贸有限公司") == form.count("P2 钱某") == 1
    found = {"result": "found", "text": "灭火器失效", "units": "1", "people": "2"}
    wrong = office.send(
        "carrier", "/inquiry/lines/products/using/new", 400, result="found", text="灭火器失效"
    )
    assert "The individual is needed, or why none is named." in text_of(wrong)
    office.send("carrier", "/inquiry/lines/products/using/new", **found)
    assert office.items("line_findings")[3] == LineFinding(
        "products", "using", "found", "灭火器失效", (1,), people=(2,)
    )
    form = office.page("carrier", "/inquiry/lines/products/close")
    assert "选用、安装和维护环节" in form or "灭火器失效" in form
    # Somebody finds something meanwhile: what was read is no more what stands there.
    office.send("member", "/inquiry/findings/4", **{**found, "text": "灭火器过期"})
    refused = close(office, "carrier", 400, form)
    assert "Something was found since you opened this page" in text_of(refused)
    assert not office.steps("line_finding")
    close(office, "carrier", 303)
    (closed,) = office.steps("line_finding")
    assert closed == Finding(
        "products", text="未发现消防产品质量问题", unit="某某商贸有限公司", person="钱某"
    )
    page = text_of(office.page("leader", "/inquiry"))
    assert "Closed on" in page
    assert "changed since" not in page
    office.send("carrier", "/inquiry/findings/1", **{**NOTHING, "reason": "复核无异常"})
    assert "closed; changed since" in text_of(office.page("leader", "/inquiry"))
    assert "Close it again" in office.page("carrier", "/inquiry")


def test_no_sub_item_can_be_made_up_and_not_everybody_writes(quick_office: Office) -> None:
    office = quick_office
    for page in (
        "/inquiry/lines/products/ignition/new", "/inquiry/lines/nothing/using/new",
        "/inquiry/lines/nothing/close", "/inquiry/findings/9", "/inquiry/matrix/9",
        "/inquiry/matrix/new/nothing",
    ):  # fmt: skip
        office.page("carrier", page, 404)
    wrong = office.send("carrier", "/registers/line_findings/new", 400, **NOTHING)
    assert "This is needed." in text_of(wrong)
    for point in POINTS:
        office.send("carrier", f"/inquiry/lines/products/{point}/new", **NOTHING)
    form = office.page("carrier", "/inquiry/lines/products/close")
    refused = close(office, "carrier", 400, form, text="")
    assert "This is needed." in text_of(refused)
    assert not office.steps("line_finding")


def test_the_chain_shows_what_hangs_in_the_air(quick_office: Office) -> None:
    office = quick_office
    for title in ("熔痕", "录像"):
        piece = {"title": title, "kind": "document", "quantity": "1"}
        office.send("carrier", "/registers/evidence/new", **piece)
    office.send("member", "/inquiry/matrix/new/fact", text="东北角起火", evidence="1")
    form = office.page("member", "/inquiry/matrix/new/cause")
    assert "X1 东北角起火" in form
    office.send("member", "/inquiry/matrix/new/cause", text="线路短路", before="1")
    # Only causes are offered for what follows from a cause.
    form = office.page("member", "/inquiry/matrix/new/responsibility")
    assert "X1 东北角起火" not in form
    office.send("member", "/inquiry/matrix/new/measure", text="专项整治")
    assert office.items("facts")[1] == ChainNode("cause", "线路短路", (1,))
    page = text_of(office.page("leader", "/inquiry/matrix"))
    assert "a measure without a responsibility 1 X3 专项整治" in page
    assert "evidence that nothing uses 1 E2 录像" in page
    office.send("carrier", "/inquiry/matrix/1", text="东北角起火", evidence="1,2")
    assert "evidence that nothing uses" not in text_of(office.page("leader", "/inquiry/matrix"))
    assert office.items("facts")[0] == ChainNode("fact", "东北角起火", evidence=(1, 2))


def test_the_pages_cost_the_same_however_much_stands_there(quick_office: Office) -> None:
    office = quick_office

    def cost() -> list[int]:
        found = []
        for page in ("/inquiry", "/inquiry/matrix", "/inquiry/lines/products/close"):
            with counted(office.database) as sent:
                office.page("carrier", page)
            found.append(len(sent))
        return found

    office.send("carrier", "/inquiry/lines/products/using/new", **NOTHING)
    office.send("carrier", "/inquiry/matrix/new/fact", text="起火")
    cost()
    few = cost()
    for point in POINTS:
        office.send("carrier", f"/inquiry/lines/products/{point}/new", **NOTHING)
        office.send("carrier", "/inquiry/matrix/new/fact", text="起火")
    assert cost() == few
