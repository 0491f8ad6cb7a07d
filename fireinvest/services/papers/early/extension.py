"""More time: for the report of the team (art 21), and for determining the fire (Order 108 art 18)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from fireinvest.services.papers.base import BLANK, PaperFields, paper_field
from fireinvest.services.papers.early import words
from fireinvest.services.papers.material import Material
from fireinvest.workflow.actions import Extension

_REPORT, _DETERMINATION = "report", "determination"
_APPROVED = "approved"
_ARTICLES = {_REPORT: "rule:21", _DETERMINATION: "order108:18"}
_WHAT = {_REPORT: "事故调查报告报批期限", _DETERMINATION: "火灾事故认定期限"}


@dataclass(frozen=True)
class ExtensionRequest(PaperFields):
    """The request for more time: how far the inquiry is, why, and until when."""

    opening: str = paper_field("开头", "opening", "现就延长报批期限有关事项请示如下：")
    progress: tuple[str, ...] = paper_field("进展", "progress", ("2月27日，调查组成立。",))
    grounds: tuple[str, ...] = paper_field("理由", "grounds", ("物证鉴定尚未完成。",))
    extension: str = paper_field("拟延长的期限", "until when", "拟延长30日，至2026年5月26日。")
    limits: str = paper_field("期限的限制", "limits", "延长的期限最长不超过60日。")


@dataclass(frozen=True)
class ExtensionDecision(PaperFields):
    """The answer to a request for more time."""

    agrees: str = paper_field("同意与否", "agreed or not", "同意")
    decider: str = paper_field("批复机关", "decided by", "某省消防救援总队")
    received: str = paper_field("来文", "the request", "你们的请示收悉。现批复如下：")
    decides: tuple[str, ...] = paper_field("批复内容", "the answer", ("一、同意延长30日。",))
    reminder: str = paper_field("要求", "reminder", "请抓紧工作，按期报批。")
    copies: str = paper_field("抄送", "copies", "抄送：本级纪检监察机关。")


# ---------------------------------------------------------------------------- asked for


def extension_request(m: Material) -> ExtensionRequest:
    """Return the team's request to its government (art 21)."""
    return _request(
        m,
        _REPORT,
        title=f"关于延长{m.fire}调查报告报批期限的请示",
        addressee=m.government,
    )


def determination_extension_request(m: Material) -> ExtensionRequest:
    """Return the agency's request to the one next above (Order 108 art 18)."""
    return _request(
        m,
        _DETERMINATION,
        title=f"关于延长{m.fire}认定期限的请示",
        addressee=words.agency_above(m),
    )


def _given(m: Material) -> Extension:
    payload = m.subject.entry.payload if m.subject.entry is not None else None
    return payload if isinstance(payload, Extension) else Extension()


def _request(m: Material, clock: str, *, title: str, addressee: str) -> ExtensionRequest:
    given = _given(m)
    return ExtensionRequest(
        title=title,
        addressee=addressee,
        opening=f"{words.fire(m)}{words.harm(m)}因案情复杂，需要延长{_WHAT[clock]}，"
        f"根据{m.article(_ARTICLES[clock])}，现请示如下：",
        progress=words.progress(m),
        grounds=tuple(words.sentence(each) for each in words.paragraphs(given.grounds)),
        extension=_until(m, clock, given.days, "拟延长"),
        limits=_limits(m, clock),
    )


def _due_before(m: Material, clock: str) -> date | None:
    """The due date as it was before what the subject asks for or grants."""
    found, own = words.clock(m, clock), m.subject.entry
    if found is None:
        return None
    due = found.count.due_on
    for each in found.count.prolonged:
        granted = each.granted
        is_later = own is not None and (granted.entry or 0) >= own.seq
        if is_later and each.effective_days:
            due = min(due, each.from_on)
    return due


def _until(m: Material, clock: str, days: int | None, said: str) -> str:
    due = _due_before(m, clock)
    length = BLANK if days is None else f"{days}"
    if due is None:
        return f"{said}{length}日。"
    to = None if days is None else due + timedelta(days)
    return f"原期限至{m.day(due)}，{said}{length}日，至{m.day(to)}。"


def _limits(m: Material, clock: str) -> str:
    found = words.clock(m, clock)
    article = m.article(_ARTICLES[clock])
    if found is None or found.term is None:
        return f"按照{article}，{words.stated(m, _ARTICLES[clock])}"
    own = m.subject.entry
    granted = sum(
        each.effective_days
        for each in found.count.prolonged
        if own is None or (each.granted.entry or 0) < own.seq
    )
    done = f"此前已批准延长{granted}日" if granted else "此前未延长"
    return f"按照{article}，延长的期限累计不超过{found.term.extension_at_most}日；{done}。"


# ---------------------------------------------------------------------------- answered


def extension_decision(m: Material) -> ExtensionDecision:
    """Return the government's answer (art 21)."""
    return _decision(
        m,
        _REPORT,
        asked="ask_extension",
        decider=m.government,
        addressee=m.agency,
        title=f"延长{m.fire}调查报告报批期限的批复",
        reminder="请抓紧开展调查，在批准的期限内报批事故调查报告。",
    )


def determination_extension_decision(m: Material) -> ExtensionDecision:
    """Return the answer of the agency next above (Order 108 art 18)."""
    return _decision(
        m,
        _DETERMINATION,
        asked="ask_determination_extension",
        decider=words.agency_above(m),
        addressee=m.agency,
        title=f"延长{m.fire}认定期限的批复",
        reminder="请抓紧调查，在批准的期限内作出火灾事故认定。",
    )


def _decision(
    m: Material,
    clock: str,
    *,
    asked: str,
    decider: str,
    addressee: str,
    title: str,
    reminder: str,
) -> ExtensionDecision:
    given = _given(m)
    agrees = {None: BLANK, _APPROVED: "同意"}.get(given.outcome, "不同意")
    own = m.subject.entry
    request = next((e for e in reversed(m.entries(asked)) if own is None or e.seq < own.seq), None)
    number = getattr(request.payload, "document_no", None) if request is not None else None
    on = "" if request is None else f"{m.day(request.on)}"
    named = f"（{number}）" if number else ""
    return ExtensionDecision(
        title=f"关于{agrees}{title}",
        addressee=addressee,
        agrees=agrees,
        decider=decider,
        received=f"你们{on}报送的关于延长{_WHAT[clock]}的请示{named}收悉。"
        f"根据{m.article(_ARTICLES[clock])}，经研究，现批复如下：",
        decides=tuple(_answer(m, clock, given)),
        reminder=reminder if given.outcome == _APPROVED else "请按照原期限完成有关工作。",
        copies=f"抄送：{words.listing(words.labels(m, 'invited'))}。",
    )


def _answer(m: Material, clock: str, given: Extension) -> Iterator[str]:
    if given.outcome is None:
        yield f"□同意　□不同意延长{_WHAT[clock]}。{_until(m, clock, given.days, '延长')}"
    elif given.outcome == _APPROVED:
        yield f"一、同意延长{_WHAT[clock]}。{_until(m, clock, given.days, '延长')}"
        yield f"二、{_limits_of_grant(m, clock)}"
    else:
        yield f"不同意延长{_WHAT[clock]}。"
    if given.grounds:
        yield f"理由：{words.sentence(given.grounds)}"


def _limits_of_grant(m: Material, clock: str) -> str:
    found = words.clock(m, clock)
    most = BLANK if found is None or found.term is None else f"{found.term.extension_at_most}"
    return f"延长的期限自原期限届满的次日起算，累计不超过{most}日。"
