"""What every template can say beside the fields of its kind: the case, who issues, the paper itself."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fireinvest.messages import Text, money, render
from fireinvest.services.papers.base import (
    BLANK,
    FieldLine,
    PaperFields,
    Picture,
    example_of,
    fields_of,
    paper_field,
)
from fireinvest.services.papers.kinds import content_of
from fireinvest.services.papers.material import Material

#: How a code looks, for the test of a template.
_EXAMPLE_CODE = "ABCD-EFGH-IJKL-MNOP"


@dataclass(frozen=True, slots=True)
class CaseWords:
    """The case, as every paper can name it."""

    number: str = paper_field("案件编号", "number of the case", "5303-2026-0001")
    unit: str = paper_field("起火单位（场所）", "unit or place that burned", "某某商贸有限公司")
    address: str = paper_field("起火地址", "address", "某某街道1号")
    place: str = paper_field("行政区划", "administrative division", "某某区")
    occurred: str = paper_field("起火日期", "day of the fire", "2026年2月25日")
    occurred_at: str = paper_field("起火时间", "time of the fire", "2026年2月25日3时20分")
    level: str = paper_field("事故等级", "level", "较大火灾")
    event: str = paper_field("事故简称（日期和等级）", "day and level", "“2·25”较大火灾事故")
    category: str = paper_field("事故类别", "category", "其他火灾")
    deaths: str = paper_field("死亡人数", "deaths", "3人")
    serious_injuries: str = paper_field("重伤人数", "serious injuries", "2人")
    missing: str = paper_field("失踪人数", "missing persons", "0人")
    loss: str = paper_field("直接经济损失", "direct economic loss", "1200万元")


@dataclass(frozen=True, slots=True)
class IssuerWords:
    """Who issues the paper, and to whom they answer."""

    name: str = paper_field("发文机关", "issuer", "某某区消防救援大队")
    agency: str = paper_field("承办的消防救援机构", "fire-rescue agency", "某某区消防救援大队")
    agency_above: str = paper_field("上一级消防救援机构", "agency next above", "某某市消防救援支队")
    government: str = paper_field("本级人民政府", "government", "某某区人民政府")
    government_above: str = paper_field("上一级人民政府", "government next above", "某某市人民政府")
    contact: str = paper_field("联系人", "contact", "某某")


@dataclass(frozen=True, slots=True)
class PaperWords:
    """The paper itself."""

    kind: str = paper_field("文种", "kind of paper", "请示")
    title: str = paper_field("标题", "title", "关于某某火灾事故的请示")
    number: str = paper_field("发文字号", "document number", "某消〔2026〕1号")
    date: str = paper_field("成文日期", "date", "2026年2月26日")
    code: str = paper_field("核验码", "code", _EXAMPLE_CODE)
    signer: str = paper_field("签发人", "signed for by", "某某")


#: What every template can name, by how it names it.
COMMON: Mapping[str, type] = {"case": CaseWords, "issuer": IssuerWords, "paper": PaperWords}


def common_fields() -> dict[str, tuple[FieldLine, ...]]:
    """Return the fields that every template can name, as the page of templates lists them."""
    return {name: fields_of(cls) for name, cls in COMMON.items()}


def case_words(material: Material) -> CaseWords:
    """Return the case in words; what isn't known is a blank."""
    file = material.file
    case, row = file.case, file.loaded.row
    facts, severity = case.judgement.facts, case.judgement.severity
    level = severity.level.label
    words = Text("at least %(level)s", level=level) if severity.is_floor else level
    category = file.ruleset.categories.get(facts.category or "")

    def people(count: int | None) -> str:
        return BLANK if count is None else f"{count}人"

    loss = facts.direct_economic_loss
    at = case.occurred_at
    return CaseWords(
        number=file.ref.number,
        unit=material.unit,
        address=material.say(row["address"]),
        place=material.say(case.division.label if case.division else None),
        occurred=material.day(case.occurred_on),
        occurred_at=material.day(case.occurred_on) if at is None else material.moment(at),
        level=material.say(words),
        event=material.event,
        category=material.say(category.label if category else None),
        deaths=people(facts.deaths),
        serious_injuries=people(facts.serious_injuries),
        missing=people(facts.missing),
        loss=BLANK if loss is None else render(money(loss), "zh"),
    )


def context_of(
    material: Material, built: PaperFields, *, number: str | None, code: str, signer: str | None
) -> dict[str, Any]:
    """Return all that the template of a paper can say. ``code``: empty where it is worked out yet."""
    carrier = material.file.case.carrier
    issuer = IssuerWords(
        name=material.issuer,
        agency=material.agency,
        agency_above=material.agency_above,
        government=material.government,
        government_above=material.government_above,
        contact=BLANK if carrier is None else material.name(carrier.person),
    )
    paper = PaperWords(
        kind=material.say(material.kind.label),
        title=built.title,
        number=number or BLANK,
        date=material.day(material.file.today),
        code=code,
        signer=signer or BLANK,
    )
    found = {
        "case": asdict(case_words(material)),
        "issuer": asdict(issuer),
        "paper": asdict(paper),
        "blank": BLANK,
    }
    return {**asdict(built), **found}


def example_context(kind: str) -> dict[str, Any]:
    """Return what a template of a kind is tried with: the examples of all its fields."""
    content = content_of(kind)
    own = example_of(PaperFields if content is None else content.fields)
    common = {name: example_of(cls) for name, cls in COMMON.items()}
    return {**own, **common, "blank": BLANK}


def pictures_of(built: PaperFields) -> dict[str, Picture]:
    """Return the pictures of a paper, by the name of their field."""
    found = {name: getattr(built, name) for name in built.PICTURES}
    return {name: each for name, each in found.items() if isinstance(each, Picture)}
