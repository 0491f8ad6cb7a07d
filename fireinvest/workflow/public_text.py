"""How does the public version of a report read: its sections without what is withheld (art 23)?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fireinvest.messages import render
from fireinvest.workflow.case import Case
from fireinvest.workflow.items.public import Acceptance, Withheld
from fireinvest.workflow.items.report import Section
from fireinvest.workflow.public_check import Hit, Named, as_compared, hits_in, redacted
from fireinvest.workflow.registers import Record, choices_of, restrictions_of
from fireinvest.workflow.report_hash import PARTS
from fireinvest.workflow.report_text import FrozenTable, pieces

#: What stands where a passage was left out and nobody said what should.
LEFT_OUT = "（略）"
#: The report is published in Chinese, whatever language somebody reads the pages in.
_LANGUAGE = "zh"


@dataclass(frozen=True, slots=True)
class Found:
    """Something that the check found in a section; ``accepted``: by which item, None where open."""

    section: int
    hit: Hit
    accepted: Record | None


@dataclass(frozen=True, slots=True)
class PublicSection:
    """A section as the public reads it.

    ``used``: the withheld passages that stood in it. ``is_left_out``: it is restricted as a whole.
    """

    record: Record
    part: str
    title: str
    text: str
    used: frozenset[int]
    is_left_out: bool = False

    @property
    def whole(self) -> str:
        """Its title and its text, as they are searched."""
        return f"{self.title}\n{self.text}"


def public_sections(
    case: Case,
    sections: Iterable[Record],
    tables: Iterable[FrozenTable],
    names: Mapping[str, str],
    withheld: Sequence[Record],
) -> tuple[PublicSection, ...]:
    """Return the sections as the public reads them, in their order.

    ``names``: the code of each table by the names under which a text can call it.
    """
    filled = {each.code: "\n".join("  ".join(row) for row in each.rows) for each in tables}
    found = []
    for record in sections:
        section = record.values
        if not isinstance(section, Section):
            continue
        title = section.title or ""
        if restrictions_of(case.ruleset, record):
            # Even its title may tell what it is kept from the readers for.
            found.append(
                PublicSection(
                    record, section.part or "", LEFT_OUT, LEFT_OUT, frozenset(), is_left_out=True
                )
            )
            continue
        mine = [each for each in withheld if _is_of(each, record.item)]
        text, used = _without(section.text or "", mine)
        text, more = _without(_filled(text, names, filled), mine)
        title, again = _without(title, mine)
        found.append(PublicSection(record, section.part or "", title, text, used | more | again))
    return tuple(found)


def _is_of(record: Record, section: int) -> bool:
    return isinstance(record.values, Withheld) and section in (record.values.section or ())


def _without(text: str, withheld: Iterable[Record]) -> tuple[str, frozenset[int]]:
    """The text without its withheld passages, and which of these stood in it."""
    passages = []
    used = set()
    for each in withheld:
        assert isinstance(each.values, Withheld)  # noqa: S101 - the caller looked
        passage = each.values.passage or ""
        if passage and passage in text:
            used.add(each.item)
            passages.append((passage, each.values.replacement or LEFT_OUT))
    return redacted(text, passages), frozenset(used)


def _filled(text: str, names: Mapping[str, str], filled: Mapping[str, str]) -> str:
    """The text with its tables, each in lines of its own."""
    found = (
        each.text if each.table is None else f"\n{filled.get(each.table, LEFT_OUT)}\n"
        for each in pieces(text, names)
    )
    return "".join(found).strip("\n")


def findings_in(
    sections: Iterable[PublicSection], people: Sequence[Named], accepted: Iterable[Record]
) -> Iterator[Found]:
    """Yield what the check finds in the public sections, each place by itself."""
    kept = {
        (number, each.values.sort, as_compared(each.values.passage or "")): each
        for each in accepted
        if isinstance(each.values, Acceptance)
        for number in each.values.section or ()
    }
    for section in sections:
        for hit in hits_in(section.whole, people):
            key = (section.record.item, hit.sort.value, as_compared(hit.text))
            yield Found(section.record.item, hit, kept.get(key))


def plain_text(case: Case, title: str, sections: Sequence[PublicSection]) -> str:
    """Return the public version as plain text: its title, the parts in order, their sections."""
    blocks = [title]
    for part in choices_of(case, PARTS):
        mine = [each for each in sections if each.part == part.id]
        if mine:
            blocks.append(render(part.label, _LANGUAGE))
            blocks += [f"{each.title}\n{each.text}".strip() for each in mine]
    return "\n\n".join(blocks).strip() + "\n"
