"""How are an office's templates shown? Each kind with its form, and every field with its tag."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fireinvest.messages import Label, Text, Words
from fireinvest.regulation.profile import PaperForm, PaperKind, Ruleset, Stage
from fireinvest.services.papers.base import BLANK, FieldLine, PaperFields, fields_of
from fireinvest.services.papers.context import COMMON
from fireinvest.services.papers.kinds import content_of
from fireinvest.services.papers.offices import AGENCY, GOVERNMENT
from fireinvest.store.papers import StoredTemplate

#: The outer forms of papers, in words.
FORMS: Mapping[PaperForm, Text] = {
    PaperForm.UPWARD: Text("upward document"),
    PaperForm.DOWNWARD: Text("downward document"),
    PaperForm.LETTER: Text("official letter"),
    PaperForm.RECORD: Text("record or list"),
    PaperForm.REPORT: Text("bound report"),
    PaperForm.SLIP: Text("single slip"),
}

#: Whose papers they are.
HOUSES: Mapping[str, Text] = {
    AGENCY: Text("papers of the fire-rescue agency"),
    GOVERNMENT: Text("papers of the government"),
}

_GROUPS: Mapping[str, Text] = {
    "case": Text("The case"),
    "issuer": Text("Who issues it"),
    "paper": Text("The paper itself"),
}
_BLANK_LABEL = Label("手写空白", "a blank to be written by hand")


@dataclass(frozen=True, slots=True)
class KindLine:
    """A kind of paper in an office: its own template where it has one that counts, and by whom.

    ``last``: the last version, by which the built-in one may count again.
    """

    kind: PaperKind
    form: Words
    last: StoredTemplate | None
    by: str | None

    @property
    def is_own(self) -> bool:
        """Does a template of the office's own count?"""
        return self.last is not None and self.last.sha256 is not None


@dataclass(frozen=True, slots=True)
class StageLines:
    """The kinds of a stage; None for those of no stage."""

    stage: Stage | None
    lines: tuple[KindLine, ...]


@dataclass(frozen=True, slots=True)
class TagLine:
    """A field as it is typed into a template: its names, its tags, and an example of what comes.

    ``is_block``: it is several lines in Word, each in a paragraph or row of its own. ``depth``: how
    many loops it stands in.
    """

    label: Label
    tag: str
    example: str
    is_block: bool = False
    depth: int = 0


@dataclass(frozen=True, slots=True)
class TagGroup:
    """Fields that stand together."""

    title: Words
    lines: tuple[TagLine, ...]


def stage_lines(
    ruleset: Ruleset,
    kinds: Iterable[PaperKind],
    lasts: Mapping[str, StoredTemplate],
    names: Mapping[str, str],
) -> tuple[StageLines, ...]:
    """Return kinds by stage, those of no stage last, each with what counts for it."""
    by_stage: dict[str | None, list[KindLine]] = {}
    for kind in kinds:
        last = lasts.get(kind.id)
        by = None if last is None else names.get(last.uploaded_by, last.uploaded_by)
        by_stage.setdefault(kind.stage, []).append(KindLine(kind, FORMS[kind.form], last, by))
    stages: list[Stage | None] = [*ruleset.stages.values(), None]
    return tuple(
        StageLines(stage, tuple(by_stage[None if stage is None else stage.id]))
        for stage in stages
        if (None if stage is None else stage.id) in by_stage
    )


def tag_groups(kind: str) -> tuple[TagGroup, ...]:
    """Return every field that a template of a kind can say, with the tags to type."""
    content = content_of(kind)
    own: type[PaperFields] = PaperFields if content is None else content.fields
    groups = [TagGroup(Text("Of this paper"), tuple(_tags(fields_of(own), "", own.PICTURES)))]
    groups += [
        TagGroup(_GROUPS[name], tuple(_tags(fields_of(cls), f"{name}.", ())))
        for name, cls in COMMON.items()
    ]
    blank = TagLine(_BLANK_LABEL, "{{ blank }}", BLANK)
    groups.append(TagGroup(Text("Everywhere"), (blank,)))
    return tuple(groups)


def _tags(lines: Iterable[FieldLine], before: str, pictures: Sequence[str]) -> Iterator[TagLine]:
    for each in lines:
        name = f"{before}{each.name}"
        if each.rows:
            yield from _rows(each, name, "row")
        elif each.name in pictures:
            tag = f"{{%p if {name} %}}\n{{{{ {name} }}}}\n{{%p endif %}}"
            yield TagLine(each.label, tag, "", is_block=True)
        elif isinstance(each.example, tuple | list):
            tag = f"{{%p for line in {name} %}}\n{{{{ line }}}}\n{{%p endfor %}}"
            yield TagLine(each.label, tag, "\n".join(map(str, each.example)), is_block=True)
        else:
            yield TagLine(each.label, f"{{{{ {name} }}}}", _said(each.example))


def _rows(line: FieldLine, name: str, one: str) -> Iterator[TagLine]:
    """A loop over rows as it is typed, and below it what each row can say within the loop."""
    plain = [each for each in line.rows if not each.rows]
    said = " | ".join(f"{{{{ {one}.{each.name} }}}}" for each in plain)
    whole = f"{{%tr for {one} in {name} %}}\n{said}\n{{%tr endfor %}}"
    yield TagLine(line.label, whole, "", is_block=True)
    for each in plain:
        yield TagLine(each.label, f"{{{{ {one}.{each.name} }}}}", _said(each.example), depth=1)
    for each in line.rows:
        if each.rows:
            yield from (
                replace(inner, depth=inner.depth + 1)
                for inner in _rows(each, f"{one}.{each.name}", f"{one}{one[-1]}")
            )


def _said(example: Any) -> str:
    if isinstance(example, tuple | list):
        return "；".join(map(str, example))
    return "" if example is None else str(example)
