"""Recusal: what a member declares, and what is decided, of the leader too (art 7)."""

from collections.abc import Iterator
from dataclasses import dataclass

from fireinvest.services.papers.base import BLANK, PaperFields, paper_field, rows_field
from fireinvest.services.papers.early import words
from fireinvest.services.papers.material import Material
from fireinvest.workflow.actions import Entry, Recusal
from fireinvest.workflow.items.team import Declaration
from fireinvest.workflow.permissions import SYSTEM
from fireinvest.workflow.registers import choices_of

_RECUSAL = "rule:7"
_GROUNDS = "recusal_grounds"
_GRANTED = "granted"


@dataclass(frozen=True)
class GroundRow:
    """A ground of recusal, and whether it applies."""

    no: str = paper_field("序号", "no.", "1")
    ground: str = paper_field("情形", "ground", "是当事人或者其近亲属")
    applies: str = paper_field("是否存在", "does it apply", "否")


@dataclass(frozen=True)
class RecusalDeclaration(PaperFields):
    """What somebody on the team declares on each ground."""

    name: str = paper_field("姓名", "name", "张某")
    agency: str = paper_field("单位和职务", "agency and office", "某某市公安局，大队长")
    post: str = paper_field("调查组内职务", "post on the team", "调查组成员")
    opening: str = paper_field("开头", "opening", "本人已逐项核对下列应当回避的情形：")
    grounds: tuple[GroundRow, ...] = rows_field("回避情形", "grounds", GroundRow)
    statement: str = paper_field("声明", "declaration", "以上情形本人均不存在。")
    facts: tuple[str, ...] = paper_field("具体情况", "facts", ("配偶在起火单位任职。",))
    promise: str = paper_field("承诺", "promise", "以上声明属实。")
    declared_on: str = paper_field("声明日期", "day", "2026年2月27日")
    basis: str = paper_field("依据", "basis", "依据：《规定》第七条。")


@dataclass(frozen=True)
class RecusalDecision(PaperFields):
    """What was decided on a recusal: who raised it, why, what was found, what follows."""

    name: str = paper_field("被申请回避人", "who is to withdraw", "张某")
    outcome: str = paper_field("决定", "outcome", "同意回避")
    raised: str = paper_field(
        "提出情况", "how it was raised", "2026年3月1日，李某提出张某应当回避。"
    )
    facts: str = paper_field("主要事实", "facts", "主要事实：曾参与该单位消防设施设计。")
    examined: str = paper_field("审查情况", "what was found", "经审查，情况属实。")
    decision: str = paper_field("决定内容", "decision", "决定同意张某回避。")
    effect: str = paper_field("后续处理", "what follows", "回避前收集的证据由调查组逐项复核。")
    signed_by: str = paper_field("签署人", "signed by", "调查组组长（签名）：＿＿＿＿")


def recusal_declaration(m: Material) -> RecusalDeclaration:
    """Return a declaration with each ground answered (art 7)."""
    values = m.subject.record.values if m.subject.record is not None else None
    given = values if isinstance(values, Declaration) else Declaration()
    items = choices_of(m.file.case, _GROUNDS)
    line = words.roster_line(m, given.person)
    office = [words.agency_of(m, given.person), (line.duty if line is not None else None) or ""]
    chosen = given.grounds or ()
    return RecusalDeclaration(
        title=f"回避声明（{_who(m, given.person)}）",
        addressee="火灾事故调查组",
        name=_who(m, given.person),
        agency="，".join(each for each in office if each) or BLANK,
        post=words.known(words.post_of(m, given.person)),
        opening=f"根据{m.article(_RECUSAL)}，本人已逐项核对下列应当回避的情形：",
        grounds=tuple(
            GroundRow(f"{place}", m.say(item.label), _answer(given, item.id))
            for place, item in enumerate(items, 1)
        ),
        statement=_statement(m, given),
        facts=words.paragraphs(given.facts) if chosen else (),
        promise="以上声明属实。调查期间情况发生变化的，本人立即报告，并主动申请回避。",
        declared_on=m.day(given.declared_on),
        basis=f"依据：{m.article(_RECUSAL)}。{words.stated(m, _RECUSAL)}",
    )


def _who(m: Material, person: str | None) -> str:
    return m.name(person) if person else BLANK


def _answer(given: Declaration, ground: str) -> str:
    if given.grounds and ground in given.grounds:
        return "是"
    return "否" if given.none_apply or given.grounds else "□是　□否"


def _statement(m: Material, given: Declaration) -> str:
    if given.none_apply:
        return "以上情形本人均不存在。"
    if not given.grounds:
        return "□以上情形本人均不存在。　□本人存在上述情形，申请回避。"
    said = [m.listed(_GROUNDS, each) for each in given.grounds]
    return f"本人存在上述情形（{'；'.join(said)}），申请回避。"


# ---------------------------------------------------------------------------- decided


def recusal_decision(m: Material) -> RecusalDecision:
    """Return the leader's decision on a member (art 7)."""
    return _decision(m, "调查组组长（签名）：")


def leader_recusal_decision(m: Material) -> RecusalDecision:
    """Return the government's decision on the leader (art 7)."""
    return _decision(m, "签发人（签名）：")


def _decision(m: Material, signer: str) -> RecusalDecision:
    entry = m.subject.entry
    payload = entry.payload if entry is not None else None
    given = payload if isinstance(payload, Recusal) else Recusal()
    name = _who(m, given.person)
    post = words.post_of(m, given.person)
    raised = _raised(m, entry, given.person)
    is_granted = given.outcome == _GRANTED
    day = m.day(entry.on if entry is not None else None)
    if given.outcome is None:
        decision = f"根据{m.article(_RECUSAL)}，决定：□同意{name}回避　□驳回回避申请"
    elif is_granted:
        decision = f"根据{m.article(_RECUSAL)}，决定：同意{name}回避，自{day}起不再参加本起火灾事故的调查。"
    else:
        decision = f"根据{m.article(_RECUSAL)}，决定：驳回回避申请，{name}继续参加调查工作。"
    return RecusalDecision(
        title=f"回避决定书（{name}）",
        addressee=name,
        name=f"{name}（{post}）" if post else name,
        outcome={None: BLANK, _GRANTED: "同意回避"}.get(given.outcome, "驳回回避申请"),
        raised=_how_raised(m, raised, name, given.person),
        facts=f"主要事实：{words.sentence(_note(raised))}",
        examined=f"经审查：{words.sentence(given.note)}",
        decision=decision,
        effect="".join(_effects(m, given.person)) if is_granted else "本决定自作出之日起生效。",
        signed_by=f"{signer}{BLANK}",
    )


def _raised(m: Material, decided: Entry | None, person: str | None) -> Entry | None:
    """The last entry before the decision by which this person's recusal was raised."""
    return next(
        (
            each
            for each in reversed(m.entries("declare_recusal"))
            if getattr(each.payload, "person", None) == person
            and (decided is None or each.seq < decided.seq)
        ),
        None,
    )


def _note(raised: Entry | None) -> str | None:
    return getattr(raised.payload, "note", None) if raised is not None else None


def _how_raised(m: Material, raised: Entry | None, name: str, person: str | None) -> str:
    if raised is None:
        return f"{BLANK}提出{name}在{m.fire}调查中存在应当回避的情形。"
    item = getattr(raised.payload, "item", None)
    found = next((each for each in choices_of(m.file.case, _GROUNDS) if each.id == item), None)
    ground = "" if found is None else f"（{m.article(str(found.basis))}：{m.say(found.label)}）"
    by = raised.acting_for or raised.actor
    raiser = BLANK if by == SYSTEM else m.name(by)
    said = "本人申请回避" if by == person else f"{raiser}提出{name}应当回避"
    return f"{m.day(raised.on)}，{said}，认为其在{m.fire}调查中存在应当回避的情形{ground}。"


def _effects(m: Material, person: str | None) -> Iterator[str]:
    yield "本决定自作出之日起生效。"
    yield "回避前由其收集的证据和签署的文书，由调查组逐项复核，需要重新进行的重新进行。"
    done = [
        each
        for each in m.of("rechecks")
        if getattr(each.values, "person", None) in (person, m.name(person))
    ]
    if done:
        yield f"截至本决定作出，已复核{len(done)}项。"
