"""The team: requested, established, its bodies and experts asked for (arts 5 and 6)."""

from collections.abc import Iterator
from dataclasses import dataclass

from fireinvest.services.papers.base import BLANK, PaperFields, paper_field, rows_field
from fireinvest.services.papers.early import words
from fireinvest.services.papers.early.words import PersonRow
from fireinvest.services.papers.material import Material
from fireinvest.workflow.actions import Membership
from fireinvest.workflow.registers import choices_of

_REQUEST, _COMPOSITION, _RECUSAL = "rule:5", "rule:6", "rule:7"
_ACCOUNTABILITY, _WRITTEN, _DIFFERENCES, _REPORT = "rule:13", "rule:16", "rule:17", "rule:21"
#: How a government is called on whose seat depend the names of these organs.
_DISCIPLINE, _PROCURATORATE = "纪委监委", "人民检察院"


@dataclass(frozen=True)
class TeamRequest(PaperFields):
    """The request for a team: the fire, who is to be on it, what it does, by when."""

    opening: str = paper_field("开头", "opening", "2026年2月25日4时50分，某市场发生火灾。")
    harm: str = paper_field("伤亡和损失", "casualties and loss", "事故造成重伤1人。")
    level: str = paper_field("等级和负责政府", "level and government", "事故等级为较大。")
    asks: str = paper_field("请示事由", "what is asked", "现就成立调查组有关事项请示如下：")
    leader: str = paper_field("组长和副组长", "leader and deputy", "建议由分管领导担任组长。")
    bodies: str = paper_field("组成单位", "bodies", "建议由消防救援机构、公安机关等派员组成。")
    invited: str = paper_field(
        "邀请和聘请", "invited", "邀请本级纪检监察机关、人民检察院派员参加。"
    )
    groups: str = paper_field("工作小组", "groups", "设置技术组、管理组、综合组。")
    duties: tuple[str, ...] = paper_field("职责", "duties", ("（一）查明事故原因；",))
    time_limit: str = paper_field("时限", "time limit", "自事故发生之日起60日内报批调查报告。")
    roster: tuple[PersonRow, ...] = rows_field("建议名单", "proposed roster", PersonRow)


@dataclass(frozen=True)
class TeamOrder(PaperFields):
    """The order that establishes the team, with its roster."""

    opening: str = paper_field("开头", "opening", "2026年2月25日4时50分，某市场发生火灾。")
    founds: str = paper_field("成立决定", "the decision", "经研究，决定成立火灾事故调查组。")
    leaders: tuple[str, ...] = paper_field("组长和副组长", "leaders", ("组　长：张某",))
    members: str = paper_field("成员", "members", "成　员：李某（公安机关）。")
    invited: str = paper_field("邀请和聘请", "invited", "邀请本级纪检监察机关派员参加。")
    groups: str = paper_field("工作小组", "groups", "设技术组、管理组、综合组。")
    duties: tuple[str, ...] = paper_field("职责", "duties", ("（一）查明事故原因；",))
    demands: tuple[str, ...] = paper_field("要求", "demands", ("（一）依法依规开展调查。",))
    copies: str = paper_field("抄送", "copies", "抄送：本级纪检监察机关，人民检察院。")
    roster: tuple[PersonRow, ...] = rows_field("成员名册", "roster", PersonRow)


@dataclass(frozen=True)
class Invitation(PaperFields):
    """A letter that asks a body to send people: the fire, why, what for, whom not."""

    opening: str = paper_field("开头", "opening", "2026年2月25日4时50分，某市场发生火灾。")
    asks: str = paper_field("商请事由", "what is asked", "商请贵单位派员参加事故调查。")
    tasks: tuple[str, ...] = paper_field("参加事项", "tasks", ("（一）参加调查取证；",))
    recusal: str = paper_field("回避要求", "recusal", "派出人员有应当回避情形的，请另行派员。")
    answer: str = paper_field("回执要求", "answer", "请将派出人员名单反馈我单位。")


@dataclass(frozen=True)
class ExpertEngagement(PaperFields):
    """A letter that engages an expert, with the page on which they accept."""

    expert: str = paper_field("专家", "expert", "王某")
    agency: str = paper_field("工作单位", "agency", "某大学")
    speciality: str = paper_field("专业和职务", "speciality", "电气防火，教授")
    phone: str = paper_field("联系电话", "telephone", "0874-0000000")
    opening: str = paper_field("开头", "opening", "2026年2月25日4时50分，某市场发生火灾。")
    asks: str = paper_field("聘请事由", "what is asked", "现聘请王某参加事故调查。")
    tasks: str = paper_field("工作内容", "tasks", "参加现场勘验、物证分析和原因论证。")
    demands: tuple[str, ...] = paper_field("工作要求", "demands", ("（一）客观公正；",))
    period: str = paper_field("聘请期限", "period", "自受聘之日起至事故调查结束之日止。")
    grounds: tuple[str, ...] = paper_field("回避情形", "grounds of recusal", ("是当事人的近亲属",))


# ---------------------------------------------------------------------------- requested


def team_request(m: Material) -> TeamRequest:
    """Return the request to the government (art 5)."""
    bodies = _bodies(m)
    return TeamRequest(
        title=f"关于成立{m.fire}调查组的请示",
        addressee=m.government,
        opening=words.fire(m),
        harm=words.harm(m),
        level=words.level(m),
        asks=f"为查明事故原因、认定事故性质和责任，根据{words.under(m, _REQUEST, _COMPOSITION)}，"
        f"特请{m.government}批准成立{m.fire}调查组，由{words.lead(m)}牵头组织实施。"
        "现将有关事项请示如下：",
        leader=f"建议由{m.government}分管领导担任组长，全面负责事故调查处理；根据需要确定副组长。",
        bodies=f"建议由{words.listing(bodies)}派员组成。",
        invited=f"邀请{words.listing(words.labels(m, 'invited'))}派员参加；"
        "根据调查需要聘请有关专家参与。",
        groups=f"根据具体情况和工作需要，可以设置{words.listing(words.labels(m, 'groups'))}，"
        "工作小组组长人选和职责分工由调查组组长确定。",
        duties=words.closed(words.labels(m, "team_duties")),
        time_limit=_time_limit(m),
        roster=tuple(_proposed(m, bodies)),
    )


def _bodies(m: Material) -> tuple[str, ...]:
    """The bodies of which a team is made, other than those that may be added."""
    items = choices_of(m.file.case, "team_bodies")
    return tuple(m.say(each.label) for each in items if not each.optional)


def _time_limit(m: Material) -> str:
    report = words.clock(m, "report")
    if report is None or report.term is None:
        return f"按照{m.article(_REPORT)}：{words.stated(m, _REPORT)}"
    return (
        f"按照{m.article(str(report.basis))}，自事故发生之日起"
        f"{words.length(report.term.length)}内（{m.day(report.count.parts[0].to_on)}前）"
        "报批事故调查报告。"
    )


def _proposed(m: Material, bodies: tuple[str, ...]) -> Iterator[PersonRow]:
    """A line for everybody to be named: the leaders, then one for each body."""
    posts = [("组长", m.government), ("副组长", "")]
    posts += [("成员", each) for each in bodies]
    for place, (post, agency) in enumerate(posts, 1):
        yield PersonRow(f"{place}", "", "" if agency == BLANK else agency, "", post, "", "")


# ---------------------------------------------------------------------------- established


def team_order(m: Material) -> TeamOrder:
    """Return the government's order (art 5), with everybody who is on the team now."""
    request = m.last("request_team")
    number = getattr(request.payload, "document_no", None) if request is not None else None
    asked = f"根据{m.agency}请示（{number}）和" if number else "根据"
    invited = words.listing(words.labels(m, "invited"))
    experts = [m.name(each.person) for each in words.members_in(m, "expert")]
    heard = f"；聘请{words.listing(experts)}为专家" if experts else "；根据需要聘请有关专家"
    return TeamOrder(
        title=f"关于成立{m.fire}调查组的通知",
        addressee=_addressees(m),
        opening=f"{words.fire(m)}{words.harm(m)}{words.level(m)}",
        founds=f"{asked}{words.under(m, _REQUEST, _COMPOSITION)}，经研究，决定成立{m.fire}"
        f"调查组（以下简称调查组），由{words.lead(m)}牵头组织实施。现将有关事项通知如下：",
        leaders=tuple(_leaders(m)),
        members=f"成　员：{_members(m)}。",
        invited=f"邀请{invited}派员参加调查{heard}。",
        groups=_groups(m),
        duties=words.closed(words.labels(m, "team_duties")),
        demands=words.numbered(_demands(m)),
        copies=f"抄送：{invited}。",
        roster=words.people(m) or tuple(_proposed(m, _bodies(m))),
    )


def _addressees(m: Material) -> str:
    found = [
        words.agency_of(m, each.person) for each in words.members_in(m, "member", "group_head")
    ]
    return words.listing(dict.fromkeys(found)) if any(found) else words.listing(_bodies(m))


def _leaders(m: Material) -> Iterator[str]:
    for post, called in (("leader", "组　长"), ("deputy_leader", "副组长")):
        names = [_named(m, each.person) for each in words.members_in(m, post)]
        yield f"{called}：{words.listing(names)}"


def _named(m: Material, person: str) -> str:
    line = words.roster_line(m, person)
    duty = line.duty if line is not None else None
    return f"{m.name(person)}（{duty}）" if duty else m.name(person)


def _members(m: Material) -> str:
    found = dict.fromkeys(each.person for each in words.members_in(m, "member"))
    named = [
        f"{m.name(person)}（{agency}）" if agency else m.name(person)
        for person, agency in ((each, words.agency_of(m, each)) for each in found)
    ]
    return words.listing(named)


def _groups(m: Material) -> str:
    headed = {each.item: each.person for each in words.members_in(m, "group_head")}
    found = [
        f"{m.say(item.label)}（组长：{m.name(headed[item.id])}）"
        if item.id in headed
        else m.say(item.label)
        for item in choices_of(m.file.case, "groups")
    ]
    return (
        f"调查组设{words.listing(found)}，各小组的职责和分工由调查组组长确定。"
        if headed
        else f"调查组根据需要设{words.listing(found)}，小组组长人选和职责分工由调查组组长确定。"
    )


def _demands(m: Material) -> Iterator[str]:
    yield f"{_time_limit(m)}"
    yield (
        f"调查组成员应当逐项核对回避情形并作出声明；存在{m.article(_RECUSAL)}所列情形的，"
        "应当主动回避。"
    )
    yield "事发地人民政府和有关单位应当支持、配合调查，如实提供情况和资料。"
    yield "调查组成员应当诚信公正、恪尽职守，遵守工作纪律，保守调查秘密，未经组长允许不得发布有关信息。"


# ---------------------------------------------------------------------------- asked for


def participation_notice(m: Material) -> Invitation:
    """Return the letter to a body that is to send a member (art 6)."""
    return _invitation(
        m,
        addressee=words.listing(_bodies(m)[1:]),
        asks="商请贵单位派员参加事故调查",
        tasks=(
            "按照职责分工参加调查取证、原因分析和责任认定；",
            "提供本行业、本领域与事故有关的资料和专业意见；",
            "出席调查组会议，对事故调查报告提出意见并签名。",
        ),
    )


def invitation_discipline(m: Material) -> Invitation:
    """Return the letter to discipline inspection of the same level (arts 6 and 13)."""
    return _invitation(
        m,
        addressee=_organ(m, "discipline", _DISCIPLINE),
        asks="特邀请贵单位派员参加事故调查",
        tasks=(
            "参加调查组有关会议，了解调查取证和责任认定情况；",
            f"按照{m.article(_ACCOUNTABILITY)}，{words.stated(m, _ACCOUNTABILITY)}",
            "接收调查中发现的公职人员涉嫌违纪违法、职务犯罪问题线索。",
        ),
    )


def invitation_procuratorate(m: Material) -> Invitation:
    """Return the letter to the procuratorate of the same level (arts 6 and 17)."""
    return _invitation(
        m,
        addressee=_organ(m, "procuratorate", _PROCURATORATE),
        asks="特邀请贵院派员参加事故调查",
        tasks=(
            "参加调查组有关会议，了解调查取证和责任认定情况；",
            f"按照{m.article(_DIFFERENCES)}，{words.stated(m, _DIFFERENCES)}",
            "对涉嫌犯罪线索的移送和证据收集提出意见。",
        ),
    )


def _organ(m: Material, item: str, called: str) -> str:
    """How an invited organ is called: as it was written to, or after the government's place."""
    for entry in reversed(m.entries("invite")):
        to = getattr(entry.payload, "to", None)
        if getattr(entry.payload, "item", None) == item and to and to != called:
            return str(to)
    place = words.place_of_government(m)
    return f"{place}{called}" if place else m.listed("invited", item)


def _invitation(m: Material, *, addressee: str, asks: str, tasks: tuple[str, ...]) -> Invitation:
    founded = m.last("establish_team")
    number = getattr(founded.payload, "document_no", None) if founded is not None else None
    if founded is None:
        said = f"经研究，拟报请{m.government}成立火灾事故调查组"
    elif number:
        said = f"{m.government}已成立火灾事故调查组（{number}）"
    else:
        said = f"{m.government}已成立火灾事故调查组"
    return Invitation(
        title=f"关于派员参加{m.fire}调查的函",
        addressee=addressee,
        opening=f"{words.fire(m)}{words.harm(m)}{words.level(m)}",
        asks=f"{said}，开展事故调查处理。根据{m.article(_COMPOSITION)}，{asks}，参加事项如下：",
        tasks=words.closed(tasks),
        recusal=f"派出人员存在{m.article(_RECUSAL)}所列应当回避情形的，请另行派员。",
        answer=f"请于{BLANK}前将派出人员的姓名、职务和联系方式（见回执）反馈我单位。",
    )


def expert_engagement(m: Material) -> ExpertEngagement:
    """Return the letter that engages an expert (arts 6, 7 and 16)."""
    payload = m.subject.entry.payload if m.subject.entry is not None else None
    given = payload if isinstance(payload, Membership) else Membership()
    line = words.roster_line(m, given.person)
    name = m.name(given.person) if given.person else BLANK
    agency = words.known(given.agency or (line.agency if line is not None else None))
    return ExpertEngagement(
        title=f"关于聘请{name}参加{m.fire}调查的函",
        addressee=agency if agency != BLANK else name,
        expert=name,
        agency=agency,
        speciality=words.known((line.speciality if line is not None else None) or given.duty),
        phone=words.known(line.phone if line is not None else None),
        opening=f"{words.fire(m)}{words.level(m)}",
        asks=f"为查明事故原因，根据{m.article(_COMPOSITION)}，现聘请{name}作为专家参与事故调查，"
        "请予支持。",
        tasks="参加现场勘验、物证分析、技术鉴定或者调查实验，对事故原因和有关技术问题提出意见，"
        "出席调查组有关会议。",
        demands=words.closed(
            (
                f"按照{m.article(_WRITTEN)}，{words.stated(m, _WRITTEN)}",
                f"存在{m.article(_RECUSAL)}所列情形的，应当主动回避；",
                "客观公正，对所出具的意见负责；",
                "保守调查秘密，未经调查组组长允许不得对外发布有关信息。",
            )
        ),
        period="自受聘之日起至本起事故调查报告批复之日止。",
        grounds=words.labels(m, "recusal_grounds"),
    )
