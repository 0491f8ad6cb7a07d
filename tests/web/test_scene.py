"""The scene's room through HTTP: tests with their time, plans with pins, who was in two places."""

import io
from datetime import date

import pytest
from flask import Flask
from PIL import Image

from fireinvest.workflow.actions import Interval
from tests.queries import counted
from tests.web.office import text_of
from tests.web.test_team import Office

INTERVIEW = {
    "person": "张三", "kind": "witness", "place": "派出所", "began_at": "2025-05-20T09:00",
    "ended_at": "2025-05-20T10:00", "interviewer": "甲", "second": "乙", "rights_told": "yes",
    "content": "问：几点？\n答：九点。", "signed": "signed",
}  # fmt: skip
TEST = {
    "subject": "熔痕", "body": "鉴定中心", "qualification": "资质1号", "question": "性质？",
    "sent_on": "2025-05-20", "expected_on": "2025-08-01",
}  # fmt: skip


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


@pytest.fixture
def quick_office(quick_app: Flask) -> Office:
    return Office(quick_app)


def test_a_test_carries_its_time_in_the_procedure(office: Office) -> None:
    office.send("carrier", "/scene/tests/new", **TEST)
    out = Interval("T1", "熔痕", "鉴定中心", date(2025, 8, 1))
    assert office.steps("test_commissioned") == [out]
    page = text_of(office.page("carrier", "/scene"))
    # It was to come after the report was due, and the day has passed.
    assert "Expected after the report is due on 2025-07-11." in page
    assert "Expected on 2025-08-01, and still out." in page
    office.send("carrier", "/scene/tests/1", 400, **TEST, returned_on="2025-08-05")
    assert not office.steps("test_returned")
    back = {**TEST, "returned_on": "2025-08-05", "conclusion": "一次短路熔痕"}
    office.send("carrier", "/scene/tests/1", **back)
    assert [each.ref for each in office.steps("test_returned")] == ["T1"]  # type: ignore[attr-defined]
    assert "The conclusion needs stamp and signatures" in text_of(office.page("carrier", "/scene"))
    office.send("carrier", "/scene/tests/1", **back, is_stamped="yes", is_signed="yes")
    page = text_of(office.page("carrier", "/scene"))
    assert "stamp and signatures" not in page
    # Written down once each.
    assert len(office.steps("test_commissioned")) == len(office.steps("test_returned")) == 1
    office.page("member", "/scene/tests/new", 403)


def test_an_interviewer_in_two_places_is_noticed(office: Office) -> None:
    office.send("carrier", "/registers/interviews/new", **INTERVIEW)
    assert "In two places" not in text_of(office.page("carrier", "/scene"))
    other = {**INTERVIEW, "person": "李四", "began_at": "2025-05-20T10:00", "interviewer": "丙"}
    office.send("carrier", "/registers/interviews/new", **{**other, "ended_at": "2025-05-20T11:00"})
    assert "In two places" not in text_of(office.page("carrier", "/scene"))
    page = office.send("carrier", "/registers/interviews/new", 400, **{**other, "second": "丙"})
    assert "Two different people are needed." in text_of(page)
    assert "问：几点？" in page
    later = {**other, "began_at": "2025-05-20T09:59", "ended_at": "2025-05-20T10:01"}
    office.send("carrier", "/registers/interviews/new", **later)
    page = text_of(office.page("carrier", "/scene"))
    assert "In two places at once" in page
    assert "乙 was elsewhere at the same time." in page
    paper = text_of(office.page("leader", "/scene/interviews/1/print"))
    assert "答：九点。" in paper
    assert "Signature of 乙" in paper


def _picture() -> tuple[io.BytesIO, str]:
    stream = io.BytesIO()
    Image.new("RGB", (400, 200), "white").save(stream, "PNG")
    stream.seek(0)
    return stream, "平面图.png"


def test_a_plan_shows_its_pins_and_only_a_picture(quick_office: Office) -> None:
    office = quick_office
    office.send("carrier", "/registers/scene_plans/new", title="一层平面图")
    assert "No picture" in text_of(office.page("carrier", "/scene/plans/1"))
    office.page("carrier", "/scene/plans/1/picture", 404)
    office.send("carrier", "/registers/scene_plans/1/edit", title="一层平面图", files=_picture())
    pin = {"plan": "1", "label": "配电箱", "across": "750", "down": "300"}
    wrong = office.send("carrier", "/scene/plans/1/pins/new", 400, **{**pin, "across": "1001"})
    assert "A whole number from 0 to 1000 is needed." in text_of(wrong)
    form = office.page("carrier", "/scene/plans/1/pins/new?across=750&down=300")
    assert 'value="750"' in form
    office.send("carrier", "/scene/plans/1/pins/new", **pin)
    page = office.page("leader", "/scene/plans/1")
    assert 'viewBox="0 0 1000 500"' in page
    assert 'cy="150.0"' in page
    answer = office.client("leader").get(f"/cases/{office.ref.number}/scene/plans/1/picture")
    assert answer.mimetype == "image/jpeg"
    for missing in ("/scene/plans/2", "/scene/plans/2/picture", "/scene/parties/1/print"):
        office.page("carrier", missing, 404)


def test_the_page_costs_the_same_however_much_stands_there(quick_office: Office) -> None:
    office = quick_office

    def cost() -> int:
        with counted(office.database) as sent:
            office.page("carrier", "/scene")
        return len(sent)

    office.send("carrier", "/registers/interviews/new", **INTERVIEW)
    office.page("carrier", "/scene")
    few = cost()
    for _ in range(3):
        office.send("carrier", "/registers/interviews/new", **INTERVIEW)
        office.send("carrier", "/scene/tests/new", **TEST)
    assert cost() == few
