"""The room of the report through HTTP: written side by side, approved, signed, submitted."""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from fireinvest.web.present_registers import text_parts
from fireinvest.workflow.actions import (
    Decision,
    DocumentReceived,
    DocumentSent,
    Finding,
    Signature,
)
from fireinvest.workflow.items.report import (
    Approval,
    Opinion,
    ReportSignature,
    Section,
    Submission,
)
from tests.queries import counted
from tests.services.office import did
from tests.web.office import hidden, text_of, token
from tests.web.test_team import Office

TEXT = "起火单位位于胜境街道。单位设有专职安全员。事发时正常营业。"
UNIT = {"part": "unit", "title": "概况", "order": "1", "state": "drafting", "text": TEXT}
WHY = "先行记录"


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


@pytest.fixture
def quick_office(quick_app: Flask) -> Office:
    return Office(quick_app)


def in_parts(data: dict[str, Any]) -> dict[str, Any]:
    """What a browser sends of a form with files: whole, so that no file of it stays open."""
    boundary, body = encode_multipart(data)
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


def post(
    office: Office, login: str, page: str, form: str, status: int = 303, /, **fields: Any
) -> str:
    """What answers a form that was opened before."""
    names = ("key", "version", "base", "seen")
    data = {each: hidden(form, each) for each in names if f'name="{each}"' in form}
    address = f"/cases/{office.ref.number}{page}"
    answer = office.client(login).post(
        address, **in_parts({"csrf_token": token(form), **data, **fields})
    )
    assert answer.status_code == status, text_of(answer.text)
    return answer.text


def decided(office: Office, login: str, page: str, status: int = 303, /, **fields: Any) -> str:
    return post(office, login, page, office.page(login, page), status, **fields)


def write(office: Office, login: str, status: int = 303, /, **fields: Any) -> str:
    return decided(office, login, "/report/sections/new", status, **{**UNIT, **fields})


def texts(office: Office) -> list[str | None]:
    return [each.text for each in office.items("sections") if isinstance(each, Section)]


# ---------------------------------------------------------------------------- compared


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("", "", []),
        ("一。", "一。", [("same", "一。")]),
        ("", "一。", [("new", "一。")]),
        ("一。二，三。四。", "一。二，叁。四。", [
            ("same", "一。"), ("same", "二，"), ("old", "三。"), ("new", "叁。"), ("same", "四。"),
        ]),
        ("一。二。", "二。", [("old", "一。"), ("same", "二。")]),
    ],
)  # fmt: skip
def test_what_differs_is_told_in_the_order_of_reading(
    old: str, new: str, parts: list[tuple[str, str]]
) -> None:
    assert list(text_parts(old, new)) == parts


# ---------------------------------------------------------------------------- side by side

EDIT = "/report/sections/1/edit"


def test_two_who_write_in_different_passages_lose_nothing(office: Office) -> None:
    write(office, "carrier")
    mine, theirs = office.page("carrier", EDIT), office.page("member", EDIT)
    first, second = TEXT.replace("胜境", "中安"), TEXT.replace("正常营业", "已经歇业")
    post(office, "carrier", EDIT, mine, **{**UNIT, "text": first})
    stale = post(office, "member", EDIT, theirs, 409, **{**UNIT, "text": second})
    assert texts(office) == [first]
    assert "You both changed different passages" in text_of(stale)
    assert second in stale
    merged = post(office, "member", EDIT, stale, 200, **{**UNIT, "text": second}, do="merge")
    both = first.replace("正常营业", "已经歇业")
    assert both in merged
    assert texts(office) == [first]
    post(office, "member", EDIT, merged, **{**UNIT, "text": both})
    assert texts(office) == [both]
    page = office.page("leader", "/report/sections/1?old=1&new=3")
    assert "某carrier" in page
    assert "王成员" in page
    assert "<ins>" in page


def test_a_passage_that_both_changed_is_put_together_by_hand(quick_office: Office) -> None:
    office = quick_office
    write(office, "carrier")
    mine, theirs = office.page("carrier", EDIT), office.page("member", EDIT)
    post(office, "carrier", EDIT, mine, **{**UNIT, "text": TEXT.replace("胜境", "中安")})
    given = {**UNIT, "text": TEXT.replace("胜境", "墨红")}
    stale = post(office, "member", EDIT, theirs, 409, **given)
    assert "You both changed the same passage" in text_of(stale)
    assert 'value="merge"' not in stale
    assert "起火单位位于中安街道。" in text_of(stale)
    # Whoever asks for it all the same sees both texts again, and theirs is still there.
    post(office, "member", EDIT, stale, 409, **given, do="merge")
    post(office, "member", EDIT, stale, **given)
    assert texts(office) == [given["text"]]
    assert "中安" in office.page("member", "/report/sections/1?old=1&new=2")


def test_a_long_text_is_kept_as_a_draft_and_saved(quick_office: Office) -> None:
    office = quick_office
    long = "火势沿外墙保温材料蔓延。" * 16_000
    address = f"/cases/{office.ref.number}/report/sections/new"
    form = office.page("member", "/report/sections/new")
    draft = {
        "csrf_token": token(form), "form": address, "key": hidden(form, "key"),
        **UNIT, "text": long,
    }  # fmt: skip
    # As the page sends it: in parts, as a form with files is.
    kept = office.client("member").post(
        "/drafts", **in_parts(draft), headers={"X-Requested-With": "fetch"}
    )
    assert kept.status_code == 204
    opened = office.page("member", "/report/sections/new")
    assert long in opened
    assert "The form holds your draft" in text_of(opened)
    post(office, "member", "/report/sections/new", opened, **{**UNIT, "text": long})
    assert texts(office) == [long]
    wrong = write(office, "member", 400, text="一" * 200_001)
    assert "200000" in text_of(wrong)


def test_a_lost_session_keeps_a_long_text(quick_app: Flask) -> None:
    office = Office(quick_app)
    long = "".join(f"第{n}户居民反映，火势沿外墙保温材料蔓延。" for n in range(9_000))
    form = office.page("member", "/report/sections/new")
    address = f"/cases/{office.ref.number}/report/sections/new"
    client = office.client("member")
    client.post("/sign-out", data={"csrf_token": token(form)})
    asked = client.post(address, **in_parts({**UNIT, "text": long}))
    assert asked.status_code == 401
    data = {
        "csrf_token": token(asked.text), "login": "member", "password": "correct horse battery",
        "kept": hidden(asked.text, "kept"),
    }  # fmt: skip
    done = client.post("/sign-in", data=data)
    assert done.location.endswith(address)
    assert long in client.get(address).text


def test_tables_stand_in_the_text_and_nothing_is_evaluated(quick_office: Office) -> None:
    office = quick_office
    write(office, "carrier", text="伤亡：\n{{事故统计}}\n{{ 7*7 }}{{config}}<b>")
    page = office.page("leader", "/report/preview")
    assert "<caption>statistics</caption>" in page
    assert "1 people" in text_of(page)
    assert "<mark" in page
    assert "{{ 7*7 }}" in page
    assert "49" not in text_of(page).partition("伤亡：")[2].partition("SHA-256")[0]
    assert "&lt;b&gt;" in page


# ---------------------------------------------------------------------------- released, approved


def test_a_part_is_released_and_recorded_as_drafted_together(office: Office) -> None:
    write(office, "carrier")
    write(office, "member", title="沿革", text="")
    page = office.page("carrier", "/report")
    address = "/report/parts/unit/release"
    assert "Release this part" not in office.page("member", "/report")
    post(office, "member", address, office.page("member", "/report"), 403)
    post(office, "carrier", address, page)
    told = text_of(office.page("carrier", "/report"))
    assert "A section without text can't be released." in told
    assert [each.state for each in office.items("sections")] == ["drafting", "drafting"]  # type: ignore[attr-defined]
    assert not office.steps("draft_report")
    decided(office, "member", "/report/sections/2/edit", **{**UNIT, "title": "沿革", "order": "2"})
    post(office, "carrier", address, office.page("carrier", "/report"))
    assert [each.state for each in office.items("sections")] == ["released", "released"]  # type: ignore[attr-defined]
    (drafted,) = office.steps("draft_report")
    assert isinstance(drafted, Finding)
    assert drafted.item == "unit"
    assert (drafted.text or "").startswith("R1@2 概况\nR2@3 沿革\nSHA-256 ")
    assert "changed since drafted" not in text_of(office.page("leader", "/report"))
    decided(office, "member", EDIT, **{**UNIT, "text": TEXT + "补充。"})
    assert "changed since drafted" in text_of(office.page("leader", "/report"))
    post(office, "carrier", "/report/parts/nothing/release", page, 404)


PART, WHOLE = "/report/approval/unit", "/report/approval/whole"
DAY = "2025-06-20"


def test_the_leader_returns_a_part_with_remarks_and_approves_the_whole(
    quick_office: Office,
) -> None:
    office = quick_office
    write(office, "carrier", state="released")
    office.page("carrier", PART, 403)
    given = {"decision": "returned", "decided_on": DAY}
    assert "This is needed." in text_of(decided(office, "leader", PART, 400, **given))
    decided(office, "leader", PART, **given, remarks="补充产权关系")
    assert not office.steps("approve_report")
    page = text_of(office.page("carrier", "/report"))
    assert "The leader’s remarks are open: 1" in page
    answer = {"text": "已补充", "done_on": DAY, "approval": "1"}
    office.send("carrier", "/report/approval/remarks/1", **answer)
    assert "remarks are open" not in text_of(office.page("carrier", "/report"))
    approved = {"decision": "approved", "decided_on": DAY}
    read = office.page("leader", WHOLE)
    decided(office, "member", EDIT, **{**UNIT, "text": TEXT + "补充。"})
    # What the leader has read is not what stands there now.
    gone = post(office, "leader", WHOLE, read, 400, **approved, reason=WHY)
    assert "The text was changed since you opened this page" in text_of(gone)
    assert len(office.items("approvals")) == 1
    missing = post(office, "leader", WHOLE, gone, 400, **approved)
    assert "This usually comes first" in text_of(missing)
    assert len(office.items("approvals")) == 1
    post(office, "leader", WHOLE, gone, **approved, reason=WHY)
    whole = office.items("approvals")[1]
    assert isinstance(whole, Approval)
    assert (whole.part, whole.bound) == (None, "R1@2")
    (decision,) = office.steps("approve_report")
    assert decision == Decision("approved", decided_by="李组长")
    assert "changed since approved" not in text_of(office.page("leader", "/report"))
    decided(office, "member", EDIT, **{**UNIT, "text": TEXT})
    assert "changed since approved" in text_of(office.page("leader", "/report/approval"))
    office.page("leader", "/report/approval/nothing", 404)


def test_an_opinion_takes_its_steps_with_it_and_only_once(quick_office: Office) -> None:
    office = quick_office
    asked = {"body": "富源县应急管理局", "asked_on": DAY, "document_no": "富消函1号"}
    office.page("member", "/report/opinions/new", 403)
    write(office, "carrier")
    refused = office.send("carrier", "/report/opinions/new", 400, **asked)
    assert "This usually comes first" in text_of(refused)
    assert not office.items("opinions")
    # Where the procedure wants a reason, it stands with the item, too.
    for part in ("unit", "course", "casualties", "cause", "responsibility", "measures"):
        did(office.database, office.ref, "draft_report", Finding(part, text="稿"))
    office.send("carrier", "/report/opinions/new", **asked)
    assert office.steps("consult") == [DocumentSent("富源县应急管理局", "富消函1号")]
    assert "still out" in text_of(office.page("leader", "/report/opinions"))
    office.send("carrier", "/report/opinions/1", **{**asked, "due_on": DAY})
    assert "overdue" in text_of(office.page("leader", "/report/opinions"))
    came = {
        **asked,
        "answered_on": DAY,
        "answer_no": "富应急1号",
        "text": "同意",
        "adopted": "none",
    }
    office.send("carrier", "/report/opinions/1", **came)
    office.send("carrier", "/report/opinions/1", **{**came, "text": "无意见"})
    assert len(office.steps("consult")) == 1
    assert office.steps("consult_answer") == [DocumentReceived("富源县应急管理局", "富应急1号")]
    assert isinstance(office.items("opinions")[0], Opinion)


# ---------------------------------------------------------------------------- signed, submitted


def entry_of(office: Office, login: str) -> int:
    page = office.page(login, "/report/signatures")
    return int(page.partition("is-own")[2].partition("/signatures/")[2].partition('"')[0])


def test_everybody_signs_the_text_they_read_and_dissents_on_a_page(quick_office: Office) -> None:
    office = quick_office
    write(office, "carrier", state="released")
    leader, member = entry_of(office, "leader"), entry_of(office, "member")
    own = {"result": "signed", "way": "account", "signed_on": DAY}
    # Nobody signs for somebody else without paper.
    wrong = decided(office, "carrier", f"/report/signatures/{member}", 400, **own)
    assert "Under their own account everybody signs for themselves." in text_of(wrong)
    page = f"/report/signatures/{member}"
    assert "This is needed." in text_of(
        decided(office, "member", page, 400, **{**own, "result": "dissent"})
    )
    dissent = {**own, "result": "dissent", "note": "对责任划分有不同意见"}
    scan = FileStorage(BytesIO(b"%PDF-1.4\n%%EOF\n"), "不同意见.pdf")
    decided(office, "member", page, **dissent, files=scan)
    assert office.steps("sign_report") == [Signature("member", "dissent", "对责任划分有不同意见")]
    (signed,) = office.items("signatures")
    assert isinstance(signed, ReportSignature)
    assert (signed.bound, len(signed.text_hash or "")) == ("R1@1", 64)
    shown = text_of(office.page("carrier", "/report/signatures"))
    assert "Separate page: 王成员" in shown
    assert "不同意见.pdf" in shown
    assert "not yet" in shown
    decided(office, "leader", f"/report/signatures/{leader}", **own)
    assert "changed since signed" not in text_of(office.page("leader", "/report/signatures"))
    decided(office, "carrier", EDIT, **{**UNIT, "text": TEXT + "补充。"})
    shown = text_of(office.page("leader", "/report/signatures"))
    assert shown.count("changed since signed") == 2
    # A signature stays as it was given.
    form = office.page("member", "/registers/signatures/1/edit")
    kept = post(office, "member", "/registers/signatures/1/edit", form, 400, **own)
    assert "It stays as it was written" in text_of(kept)
    office.page("carrier", "/report/signatures/999", 404)


def test_whoever_refuses_is_recorded_by_others(quick_office: Office) -> None:
    office = quick_office
    write(office, "carrier")
    page = f"/report/signatures/{entry_of(office, 'member')}"
    refused = {"result": "refused", "way": "scan", "signed_on": DAY, "note": "拒绝签名"}
    decided(office, "carrier", page, **refused)
    assert office.steps("sign_report") == [Signature("member", "refused", "拒绝签名")]


def test_what_was_submitted_stays_as_it_was(office: Office) -> None:
    page = "/report/submission"
    assert "The report has no text yet." in text_of(office.page("carrier", page))
    write(office, "carrier", text="死亡人数见表。\n{{事故统计}}")
    form = office.page("carrier", page)
    assert "What is still missing" in text_of(form)
    given = {
        "number": "富消〔2025〕1号", "title": "调查报告", "to": "富源县人民政府", "submitted_on": DAY,
    }  # fmt: skip
    wants = post(office, "carrier", page, form, 400, **given)
    assert "This usually comes first" in text_of(wants)
    assert not office.items("submissions")
    post(office, "carrier", page, wants, **given, reason=WHY)
    assert office.steps("submit_report") == [
        DocumentSent("富源县人民政府", "富消〔2025〕1号", "调查报告")
    ]
    (kept,) = office.items("submissions")
    assert isinstance(kept, Submission)
    assert kept.bound == "R1@1"
    assert "{{statistics}}" in (kept.tables or "")
    assert "死亡\t1" in (kept.tables or "")
    # One submission at a time: a second one is refused, and nothing of it stays.
    again = decided(office, "carrier", page, 400, **given, reason=WHY)
    assert "The last one is still without an answer" in text_of(again)
    assert len(office.items("submissions")) == 1
    decided(office, "carrier", EDIT, **{**UNIT, "text": "改过了。"})
    frozen = office.page("leader", "/report/submissions/1")
    assert "死亡人数见表。" in frozen
    assert "改过了" not in frozen
    assert "一般" in frozen
    assert "The text has the hash that was written down then" in text_of(frozen)
    assert "changed since submitted" in text_of(office.page("leader", "/report"))
    office.page("leader", "/report/submissions/2", 404)


def test_the_same_form_sent_twice_is_done_once(quick_office: Office) -> None:
    office = quick_office
    write(office, "carrier")
    form = office.page("carrier", "/report/submission")
    given = {"number": "1", "title": "报告", "to": "县政府", "submitted_on": DAY, "reason": WHY}
    post(office, "carrier", "/report/submission", form, **given)
    post(office, "carrier", "/report/submission", form, **given)
    assert len(office.items("submissions")) == len(office.steps("submit_report")) == 1


# ---------------------------------------------------------------------------- cost

PAGES = (
    "/report", "/report/preview", "/report/opinions", "/report/approval", "/report/signatures",
    "/report/submission", "/report/sections/1", "/report/sections/1/edit",
)  # fmt: skip


def test_the_pages_cost_the_same_however_much_stands_there(quick_office: Office) -> None:
    office = quick_office

    def cost() -> dict[str, int]:
        found = {}
        for page in PAGES:
            with counted(office.database) as sent:
                office.page("carrier", page)
            found[page] = len(sent)
        return found

    write(office, "carrier")
    cost()
    few = cost()
    for number in range(2, 5):
        write(office, "carrier", title=f"第{number}节", order=f"{number}")
        decided(office, "carrier", EDIT, **{**UNIT, "text": f"第{number}版"})
    decided(office, "leader", PART, decision="returned", decided_on=DAY, remarks="补充")
    assert cost() == few
