"""The demo's evidence: what was taken at the scene, photographed, sealed, and handed over."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from io import BytesIO

from PIL import Image, ImageDraw

from fireinvest.china import CHINA
from fireinvest.services.demo.accounts import ACCOUNTS
from fireinvest.services.demo.papers import Papers
from fireinvest.services.demo.story import Story
from fireinvest.workflow.actions import Interval
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.evidence import BY_ACCOUNT, Custody, Evidence

_TEST, _BACK = "test_commissioned", "test_returned"
_LABORATORY = "示例物证鉴定中心（演示）"
_ROOM = "消防救援机构物证室1号柜"
#: A place in the middle of the city, at no unit's address.
_POSITION = ((25.0, 29.0, 24.0), (103.0, 47.0, 45.6))


def papers(story: Story) -> Iterator[Papers]:
    """Yield what was taken once the team was there, and each hand-over with its receipt.

    Of the demo's own day nothing is told: its hours may still be to come.
    """
    founded = next((each.on for each in story.deeds if each.step == "establish_team"), None)
    if founded is None or founded >= story.today:
        return
    officer, keeper = story.officer, _keeper(story)
    taken = _at(founded, 15)
    taken_by, taken_with = "甲勘验员（演示）", "乙勘验员（演示）"
    seals = (f"{story.home.mark}消封{story.key}01", f"{story.home.mark}消封{story.key}02")
    by_two = partial(
        Evidence, kind="object", quantity="1件", taken_by=taken_by, taken_with=taken_with,
        witness="见证人（演示）",
    )  # fmt: skip
    items: list[tuple[str, Item]] = [
        ("evidence", Evidence("起火部位概貌照片", "photo", place="起火部位东侧", taken_by=taken_by)),
        ("evidence", by_two(
            "铜导线熔痕", place="一层东北角配电箱下方", taken_at=taken, seal_no=seals[0],
            storage=_ROOM, description="直径约2.5毫米，端部有珠状熔痕，长约8厘米。",
        )),
        ("evidence", by_two(
            "配电箱残骸", place="一层东北角", taken_at=taken + timedelta(minutes=25),
            seal_no=seals[1], storage=_ROOM, description="箱体变形，内部断路器烧毁。",
        )),
        ("evidence", Evidence(
            "建筑消防设施年度检测报告", "document", "1份", place="示例单位档案室",
            taken_by=taken_by, description="加盖单位公章的复印件。",
        )),
        ("evidence", Evidence(
            "视频监控录像", "data", "1段", place="西侧出入口监控", taken_at=taken,
            taken_by=taken_by, taken_with=taken_with, description="起火前后2小时，已计算校验值。",
        )),
    ]  # fmt: skip
    photo = partial(_photograph, taken - timedelta(minutes=40), int(story.key))
    yield Papers(
        officer, founded, tuple(items),
        files=((0, "起火部位概貌.jpg", photo), (3, "检测报告（扫描件）.pdf", scan)),
    )  # fmt: skip
    if keeper is None:
        return
    kept = Custody(
        (2, 3), "keeping", taken_by, _name(keeper), taken + timedelta(hours=2), "intact",
        seal_before="、".join(seals), to_place=_ROOM,
        receiver_login=keeper,
    )  # fmt: skip
    yield Papers(officer, founded, (("custody", kept),))
    confirmed = replace(
        kept, receipt=BY_ACCOUNT, received_at=taken + timedelta(hours=2, minutes=20),
        received_condition="intact", receipt_note="数量、封签与清单一致。",
    )  # fmt: skip
    yield Papers(keeper, founded, (), changed=(("custody", 1, 1, confirmed),))
    yield from _tested(story, keeper, founded, seals[0])


def _tested(story: Story, keeper: str, founded: date, seal: str) -> Iterator[Papers]:
    """The trace goes to the laboratory with the commission, and comes back with the conclusion."""
    sent = next((each for each in story.deeds if each.step == _TEST), None)
    if sent is None or not isinstance(sent.payload, Interval):
        return
    if not founded <= sent.on < story.today:
        return
    laboratory = sent.payload.body or _LABORATORY
    due = sent.payload.expected_on or story.calendar.nth_working_day(sent.on, 10)
    given = Custody(
        (2,), "test", _name(keeper), laboratory,
        max(_at(sent.on, 16), _at(founded, 17, 40)), "intact",
        seal_before=seal, expected_back=due, purpose="金相分析：鉴定熔痕性质",
    )  # fmt: skip
    yield Papers(keeper, sent.on, (("custody", given),))
    back = next((each for each in story.deeds if each.step == _BACK), None)
    if back is None or back.on >= story.today:
        return
    received = replace(
        given, receipt="scan", received_at=given.given_at + timedelta(hours=1, minutes=30)
        if given.given_at else None, received_condition="intact",
    )  # fmt: skip
    yield Papers(
        keeper, sent.on, (), changed=(("custody", 2, 1, received),),
        files=((0, "鉴定中心收样回执.pdf", scan),),
    )  # fmt: skip
    returned = Custody(
        (2,), "return", laboratory, _name(keeper), _at(back.on, 10), "intact", seal_before=seal,
        seal_after=f"{seal}-1", to_place=_ROOM, receipt=BY_ACCOUNT, receiver_login=keeper,
        received_at=_at(back.on, 11), received_condition="intact",
    )  # fmt: skip
    yield Papers(keeper, back.on, (("custody", returned),))


def _keeper(story: Story) -> str | None:
    """Who keeps what was taken: the technical group's head, or else the leader."""
    named = {getattr(each.payload, "person", None) for each in story.deeds}
    wanted = (story.head_of_group, story.login("leader"))
    return next((each for each in wanted if each in named and each != story.officer), None)


def _name(login: str) -> str:
    return ACCOUNTS[login].name.zh


def _at(on: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(on, time(hour, minute), CHINA)


def _photograph(taken_at: datetime, seed: int) -> bytes:
    """A picture that plainly is none of a real fire: a sketched room with a dark corner."""
    picture = Image.new("RGB", (960, 720), (208, 202, 192))
    draw = ImageDraw.Draw(picture)
    draw.polygon([(0, 720), (260, 470), (700, 470), (960, 720)], fill=(150, 140, 128))
    draw.polygon([(0, 0), (260, 160), (260, 470), (0, 720)], fill=(186, 178, 166))
    draw.polygon([(960, 0), (700, 160), (700, 470), (960, 720)], fill=(170, 161, 149))
    for step in range(12):
        shade = 96 - step * 7
        left = 470 + step * 9 + seed
        draw.ellipse((left, 190 + step * 14, 800 - step * 6, 560 - step * 4), fill=(shade,) * 3)
    draw.rectangle((560, 250, 650, 380), outline=(40, 36, 32), width=6)
    draw.text((24, 24), "DEMO", fill=(120, 40, 30), font_size=48)
    exif = Image.Exif()
    exif[0x0110] = "DEMO CAMERA"
    exif.get_ifd(0x8769)[0x9003] = taken_at.strftime("%Y:%m:%d %H:%M:%S")
    latitude, longitude = _POSITION
    exif.get_ifd(0x8825).update({1: "N", 2: latitude, 3: "E", 4: longitude})
    target = BytesIO()
    picture.save(target, "JPEG", quality=85, exif=exif)
    return target.getvalue()


def scan() -> bytes:
    """A page as a PDF, as a scanner makes one."""
    target = BytesIO()
    page = Image.new("L", (595, 842), 255)
    draw = ImageDraw.Draw(page)
    draw.text((60, 60), "DEMO", fill=90, font_size=40)
    for line in range(140, 760, 34):
        draw.line((60, line, 535, line), fill=200)
    page.save(target, "PDF")
    return target.getvalue()
