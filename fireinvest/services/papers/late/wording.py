"""How the later papers word what they share: the fire, articles, days, bodies, whom to ask.

What isn't known is left to be written by hand. Articles and periods come from the rule of the case.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from fireinvest.china import CHINA
from fireinvest.messages import money
from fireinvest.regulation.basis import Citation, chinese_number
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.condition import evaluate
from fireinvest.regulation.days import length_in_words
from fireinvest.regulation.profile import Term
from fireinvest.services.papers.base import BLANK
from fireinvest.services.papers.material import Material
from fireinvest.workflow.actions import Entry
from fireinvest.workflow.items.evidence import Evidence
from fireinvest.workflow.items.execution import ReplyDelivered
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.items.report import Submission
from fireinvest.workflow.items.team import RosterLine
from fireinvest.workflow.registers import Record

__all__ = [
    "by",
    "by_list",
    "by_step",
    "carrier",
    "contact",
    "counted",
    "court",
    "day_or_blank",
    "discipline",
    "document",
    "evidence_records",
    "fire_called",
    "fire_story",
    "joined",
    "known",
    "lead",
    "numbered",
    "paragraphs",
    "parties_in_words",
    "period",
    "place",
    "procuratorate",
    "reply_called",
    "reply_entry",
    "report_called",
    "running_clock",
    "submission_of",
    "team_called",
]

_GOVERNMENTS = ("人民政府", "管理委员会")
#: How the court of a tier is called after its place.
_COURTS = {"city": "中级人民法院"}


# ---------------------------------------------------------------------------- plain words


def known(value: str | None) -> str:
    """Return what is known, or a blank."""
    return value.strip() if value and value.strip() else BLANK


def paragraphs(text: str | None) -> tuple[str, ...]:
    """Return the lines of a text that say something."""
    lines = (each.strip() for each in (text or "").splitlines())
    return tuple(each for each in lines if each)


def numbered(texts: Iterable[str], first: int = 1) -> tuple[str, ...]:
    """Return paragraphs with their numbers before them: 一、……"""
    return tuple(f"{chinese_number(place)}、{each}" for place, each in enumerate(texts, first))


def counted(texts: Sequence[str]) -> tuple[str, ...]:
    """Return paragraphs with numbers of the third level, none where there is only one: 1. ……"""
    if len(texts) == 1:
        return tuple(texts)
    return tuple(f"{place}. {each}" for place, each in enumerate(texts, 1))


def joined(names: Iterable[str | None]) -> str:
    """Return names one after the other, each once; a blank where there are none."""
    given = dict.fromkeys(each.strip() for each in names if each and each.strip())
    return "、".join(given) or BLANK


def day_or_blank(on: date | None) -> str:
    """Return a day as tables have it, or a blank."""
    return BLANK if on is None else on.isoformat()


def document(m: Material, number: str | None, on: date | None) -> str:
    """Return a document by its number and day: 某消〔2026〕1号（2026年2月25日）."""
    return known(number) if on is None else f"{known(number)}（{m.day(on)}）"


# ---------------------------------------------------------------------------- the rule


def by(m: Material, citation: Citation | None) -> str:
    """Return how an article is cited with its instrument, a blank where the rule has none."""
    return BLANK if citation is None else m.article(str(citation))


def by_step(m: Material, step: str) -> str:
    """Return how the article of a step of the procedure is cited."""
    found = m.file.ruleset.steps.get(step)
    return by(m, None if found is None else found.basis)


def by_list(m: Material, name: str) -> str:
    """Return how the article of a list of the rule is cited."""
    found = m.file.ruleset.lists.get(name)
    return by(m, None if found is None else found.basis)


def running_clock(m: Material, clock: str) -> Deadline | None:
    """Return the last instance of a clock in the case."""
    found = [each for each in m.file.deadlines if each.clock.id == clock]
    return found[-1] if found else None


def _terms(m: Material, clock: str) -> Iterator[Term]:
    """The terms that a clock has in this case."""
    view = m.file.case.view
    for each in m.file.ruleset.terms.values():
        if each.clock == clock and evaluate(each.when, view).holds:
            yield each


def period(m: Material, clock: str) -> str:
    """Return how long a clock runs by the rule: 15个工作日; a blank where it has no length."""
    found = running_clock(m, clock)
    if found is None or found.term is None:
        term = next(_terms(m, clock), None)
        return BLANK if term is None else m.say(length_in_words(term.length))
    return m.say(length_in_words(found.term.length))


# ---------------------------------------------------------------------------- the fire


def _level(m: Material) -> str:
    return m.say(m.file.case.judgement.severity.level.label)


def fire_called(m: Material) -> str:
    """Return how the fire is called: unit, day and level."""
    return m.fire


def fire_story(m: Material) -> str:
    """Return the fire in one sentence: when, where, how many people, what it cost."""
    case = m.file.case
    when = m.day(case.occurred_on)
    if case.occurred_at is not None:
        here = case.occurred_at.astimezone(CHINA)
        when += f"{here.hour}时{here.minute:02d}分许"
    address = known(m.file.loaded.row["address"])
    return f"{when}，位于{address}的{m.unit}发生{_level(m)}火灾事故，{_toll(m)}。"


def _toll(m: Material) -> str:
    facts = m.file.case.facts
    hurt = [
        f"{word}{number}人"
        for word, number in (
            ("死亡", facts.deaths), ("重伤", facts.serious_injuries), ("失踪", facts.missing),
        )
        if number
    ]  # fmt: skip
    parts = ["造成" + "、".join(hurt) if hurt else ""]
    if not hurt:
        is_counted = facts.deaths is not None and facts.serious_injuries is not None
        parts = ["未造成人员死亡和重伤" if is_counted else "伤亡情况正在核实"]
    if facts.direct_economic_loss is not None:
        parts.append(f"直接经济损失{m.say(money(facts.direct_economic_loss))}")
    return "，".join(parts)


def team_called(m: Material) -> str:
    """Return how the investigating team is called."""
    return f"{fire_called(m)}调查组"


def submission_of(m: Material) -> Submission | None:
    """Return the report as it was submitted last."""
    found = [each.values for each in m.of("submissions")]
    last = found[-1] if found else None
    return last if isinstance(last, Submission) else None


def report_called(m: Material) -> str:
    """Return the report by its title, as it was submitted or as it will be."""
    entry = m.last("submit_report")
    sent = submission_of(m)
    title = sent.title if sent is not None else getattr(entry and entry.payload, "title", None)
    return f"《{(title or f'{fire_called(m)}调查报告').strip('《》')}》"


def reply_entry(m: Material) -> Entry | None:
    """Return the entry of the reply that counts."""
    return m.last("reply")


def reply_called(m: Material) -> str:
    """Return the reply by its title and number."""
    entry = reply_entry(m)
    number = getattr(entry.payload, "document_no", None) if entry is not None else None
    return f"《{m.government}关于{fire_called(m)}调查报告的批复》（{known(number)}）"


# ---------------------------------------------------------------------------- bodies and people


def place(m: Material) -> str:
    """Return the place whose government investigates, by its name alone."""
    name = m.government
    for ending in _GOVERNMENTS:
        name = name.removesuffix(ending)
    return "" if name == BLANK else name


def _recipient(m: Material, whom: str) -> str | None:
    """How a body was called when the reply was delivered to it."""
    for each in m.of("deliveries"):
        values = each.values
        is_named = isinstance(values, ReplyDelivered) and values.whom == whom
        if is_named and (name := getattr(values, "recipient", None)) and name.startswith(place(m)):
            return str(name)
    return None


def discipline(m: Material) -> str:
    """Return how discipline inspection of the same level is called."""
    return _recipient(m, "discipline") or f"{place(m)}纪委监委"


def procuratorate(m: Material) -> str:
    """Return how the procuratorate of the same level is called."""
    return _recipient(m, "procuratorate") or f"{place(m)}人民检察院"


def court(m: Material) -> str:
    """Return how the court of the same level is called."""
    named = _COURTS.get(m.file.case.investigating or "", "人民法院")
    return _recipient(m, "court") or f"{place(m)}{named}"


def lead(m: Material) -> str:
    """Return who leads the investigation, by name where it is known."""
    ruleset = m.file.ruleset
    names = [
        m.agency if each == "fire_rescue" else f"{place(m)}{m.say(ruleset.bodies[each].label)}"
        for each in m.file.case.lead.value or ()
        if each in ruleset.bodies
    ]
    return joined(names or [m.agency])


def carrier(m: Material) -> str:
    """Return who carries the case."""
    found = m.file.case.carrier
    return BLANK if found is None else m.name(found.person)


def contact(m: Material) -> str:
    """Return whom to ask, with the telephone number on the roster."""
    name = carrier(m)
    phone = next(
        (
            each.values.phone
            for each in m.of("roster")
            if isinstance(each.values, RosterLine) and each.values.person == name
        ),
        None,
    )
    return f"联系人：{name}，联系电话：{known(phone)}"


def parties_in_words(m: Material, numbers: Iterable[int] | None) -> tuple[str, ...]:
    """Return units and persons of the fire in full, as letters of transfer name them."""
    items = {each.item: each.values for each in m.of("parties")}
    found = []
    for number in numbers or ():
        party = items.get(number)
        if not isinstance(party, Party):
            continue
        parts = [party.name]
        if party.sort == "unit":
            parts += [
                party.credit_code and f"统一社会信用代码：{party.credit_code}",
                party.represented_by and f"法定代表人（负责人）：{party.represented_by}",
            ]
        else:
            parts += [
                party.identity_no and f"公民身份号码：{party.identity_no}",
                party.other_document and f"其他证件：{party.other_document}",
            ]
        parts += [
            party.address and f"住址（地址）：{party.address}",
            party.phone and f"联系电话：{party.phone}",
        ]
        found.append("，".join(each for each in parts if each) + "。")
    return counted(found)


def evidence_records(m: Material, numbers: Iterable[int] | None) -> tuple[Record, ...]:
    """Return the pieces of evidence with these numbers that count and can be read, in order."""
    wanted = set(numbers or ())
    return tuple(
        each
        for each in m.of("evidence")
        if each.item in wanted and isinstance(each.values, Evidence)
    )
