"""The demo's execution and evaluation: receipts, transfers, ledgers, the sheet, supervision."""

from collections.abc import Iterator
from datetime import date, timedelta

from fireinvest.services.demo.papers import Papers
from fireinvest.services.demo.room_evidence import scan
from fireinvest.services.demo.story import Deed, Story
from fireinvest.workflow.actions import Delivery, DocumentSent, Measure, Order
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.evaluation import SheetLine, Supervision
from fireinvest.workflow.items.execution import (
    CopySent,
    Liability,
    RectificationMeasure,
    ReplyDelivered,
    Transfer,
)

_SCAN = "送达回证（扫描件）.pdf"
_ACCEPTED_BY = "复查验收组（演示）"
#: Of whom each line of art 25 is: those who have to sign by themselves.
_WHOM = {
    "lead": (("fire_rescue", "消防救援机构"),),
    "discipline": (("discipline", "纪委监委"),),
    "judicial": (("procuratorate", "人民检察院"), ("court", "人民法院")),
}
#: What the journal calls the states of a penalty.
_STATES = {"carried_out": "proved", "not_carried_out": "not_proved"}


def papers(story: Story) -> Iterator[Papers]:
    """Yield what follows the reply of a case, and what its evaluation found."""
    replied = next((each.on for each in story.deeds if each.step == "reply"), None)
    if replied is None:
        return
    yield from _receipts(story)
    yield from _transfers(story)
    yield from _measures(story)
    yield from _penalties(story)
    yield from _supervision(story)


def _done(story: Story, step: str) -> list[Deed]:
    return [each for each in story.deeds if each.step == step]


def _receipts(story: Story) -> Iterator[Papers]:
    """Each delivery with its receipt; the last recipient's scan is still out."""
    items: list[tuple[str, Item]] = []
    delivered = _done(story, "deliver_reply")
    for deed in delivered:
        payload = deed.payload
        if not isinstance(payload, Delivery):
            continue
        for code, name in _WHOM.get(payload.item or "", ()):
            item = ReplyDelivered(
                name, deed.on, payload.document_no, "exchange", deed.on,
                f"{name}签收人（演示）", None, code, payload.item,
            )  # fmt: skip
            items.append(("deliveries", item))
    if items:
        scans = tuple((place, _SCAN, scan) for place in range(len(items) - 1))
        yield Papers(delivered[-1].by, delivered[-1].on, tuple(items), files=scans)
    for deed in _done(story, "send_copies"):
        payload = deed.payload
        if isinstance(payload, Delivery) and payload.item == "lower_governments":
            sent = CopySent(
                payload.recipient, deed.on, payload.document_no, "hand", deed.on,
                "收发室签收人（演示）", None, story.place.division, payload.item,
            )  # fmt: skip
            yield Papers(deed.by, deed.on, (("copies", sent),), files=((0, _SCAN, scan),))


def _transfers(story: Story) -> Iterator[Papers]:
    for deed in _done(story, "refer_criminal"):
        payload = deed.payload
        if isinstance(payload, DocumentSent):
            sent = Transfer(
                payload.title, "criminal", payload.to or "公安机关", None,
                "动火作业未办理审批手续，造成人员死亡，涉嫌重大责任事故罪。", (2, 4),
                payload.document_no, deed.on, deed.on, "法制部门签收人（演示）",
            )  # fmt: skip
            yield Papers(deed.by, deed.on, (("transfers", sent),))


def _measures(story: Story) -> Iterator[Papers]:
    """The ledger of measures as the journal has them; what was looked at says what was found."""
    items: list[tuple[str, Item]] = []
    looked: dict[str | None, Deed] = {}
    for deed in _done(story, "accept_measure"):
        looked[getattr(deed.payload, "ref", None)] = deed
    last: date | None = None
    for deed in _done(story, "set_measure"):
        payload = deed.payload
        if not isinstance(payload, Measure):
            continue
        seen = looked.get(payload.ref)
        outcome = getattr(seen.payload, "outcome", None) if seen is not None else None
        item = RectificationMeasure(
            payload.what, payload.unit, None, "unit", deed.on, payload.due_on,
            outcome or "under_way",
            "已组织施工并自查" if outcome == "proved" else None,
            getattr(seen.payload, "proof", None) if seen is not None else None,
            _ACCEPTED_BY if seen is not None else None,
            seen.on if seen is not None else None,
            ref=payload.ref,
        )  # fmt: skip
        items.append(("measures", item))
        last = max(filter(None, (last, deed.on, seen.on if seen is not None else None)))
    if items and last is not None:
        yield Papers(story.officer, last, tuple(items))


def _penalties(story: Story) -> Iterator[Papers]:
    """The ledger of those answerable: the unit, and a public official."""
    deeds = _done(story, "record_penalty")
    if not deeds:
        return
    deed = deeds[-1]
    payload = deed.payload
    outcome = getattr(payload, "outcome", None) or "proposed"
    decided = outcome != "proposed"
    unit = Liability(
        story.fire.unit, "unit", None, None, None,
        "未落实消防安全主体责任，对事故负有主要责任。", "《消防法》第六十条", "administrative",
        "依法处以罚款", "消防救援机构" if decided else None,
        "罚款5万元" if decided else None, story.document("消罚", 1, deed.on) if decided else None,
        deed.on if decided else None, deed.on + timedelta(days=15),
        _STATES.get(outcome, outcome), deed.on,
        "罚没收据已存" if outcome == "carried_out" else None, ref=getattr(payload, "ref", None),
    )  # fmt: skip
    official = Liability(
        "属地街道分管负责人（演示）", "person", None, "街道办事处副主任", True,
        "对辖区火灾隐患排查督促不力，负有领导责任。", "《公职人员政务处分法》第三十九条",
        "discipline", "给予政务警告处分", None, None, None, None, deed.on + timedelta(days=60),
        "proposed", deed.on,
    )  # fmt: skip
    yield Papers(story.officer, deed.on, (("liabilities", unit), ("liabilities", official)))


def _supervision(story: Story) -> Iterator[Papers]:
    """What is under supervision, and the evaluation's sheet as far as it is filled in."""
    for deed in _done(story, "order_supervision"):
        payload = deed.payload
        if isinstance(payload, Order):
            ordered = Supervision(
                story.fire.unit, None, story.fire.address, payload.to, payload.what, (1,),
                payload.document_no, deed.on, payload.due_on, ref=payload.ref,
            )  # fmt: skip
            yield Papers(deed.by, deed.on, (("supervisions", ordered),))
    found = _done(story, "evaluate")
    measures = _done(story, "set_measure")
    if not found:
        return
    looked = {getattr(each.payload, "ref", None): each for each in _done(story, "accept_measure")}
    lines: list[tuple[str, Item]] = []
    for number, deed in enumerate(measures, 1):
        seen = looked.get(getattr(deed.payload, "ref", None))
        outcome = getattr(seen.payload, "outcome", None) if seen is not None else None
        what = getattr(deed.payload, "what", None) or ""
        line = SheetLine(
            "measures", f"{story.fire.unit}：{what}", f"measures {number}",
            "现场复查，已完成。" if outcome == "proved" else "现场复查，尚未完成。",
            outcome or "not_proved",
            getattr(seen.payload, "proof", None) if seen is not None else None,
        )  # fmt: skip
        lines.append(("evaluation_sheet", line))
    yield Papers(found[-1].by, found[-1].on, tuple(lines))
