"""What a kind of paper can say: frozen fields, each with its name for people and an example.

A template names these fields; the page of templates lists them, and a test render is made of their
examples. A paper is Chinese, whatever language its screen has.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, ClassVar

from fireinvest.messages import Label
from fireinvest.services.papers.material import BLANK, Material, Subject
from fireinvest.workflow.actions import Attachment

__all__ = [
    "BLANK",
    "Builder",
    "Content",
    "FieldLine",
    "Mark",
    "PaperFields",
    "Picture",
    "example_of",
    "fields_of",
    "paper_field",
    "picture_field",
    "rows_field",
]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on a picture: per mille from the left and from the top. ``name``: in ASCII."""

    name: str
    across: int
    down: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a paper: a file of the case, how wide it is printed (mm), and marks on it."""

    attachment: Attachment
    width_mm: int = 150
    marks: tuple[Mark, ...] = ()


def paper_field(zh: str, en: str, example: Any = "") -> Any:
    """Return a field of a paper: how people call it, and an example. Unknown, it is a blank."""
    empty: Any = BLANK if isinstance(example, str) else type(example)()
    metadata = {"label": Label(zh, en), "example": example, "of": None}
    return field(default=empty, metadata=metadata)


def rows_field(zh: str, en: str, of: type) -> Any:
    """Return a field that has any number of rows, each a dataclass with fields of its own."""
    metadata = {"label": Label(zh, en), "example": None, "of": of}
    return field(default=(), metadata=metadata)


def picture_field(zh: str, en: str) -> Any:
    """Return a field that is a picture, or nothing; a template is tried without one."""
    metadata = {"label": Label(zh, en), "example": "", "of": None}
    return field(default=None, metadata=metadata)


@dataclass(frozen=True)
class PaperFields:
    """What every paper says. Its kinds add their own fields; all are text, texts, or rows."""

    #: How a paper of this kind is called when it is drawn up.
    title: str = paper_field("标题", "title", "关于某某火灾事故的请示")
    addressee: str = paper_field("主送机关", "addressee", "某某市人民政府")

    #: Pictures, by the name under which the template has them.
    PICTURES: ClassVar[tuple[str, ...]] = ()


#: Returns what a paper says, from what is on record.
Builder = Callable[[Material], PaperFields]


@dataclass(frozen=True, slots=True)
class Content:
    """How a kind of paper is made: its fields, and what fills them.

    ``fits``: of which subjects there can be one, where it isn't all of its register.
    """

    fields: type[PaperFields]
    build: Builder
    fits: Callable[[Subject], bool] | None = None


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field as the page of templates lists it. ``rows``: the fields of its rows."""

    name: str
    label: Label
    example: Any
    rows: "tuple[FieldLine, ...]" = ()


def fields_of(cls: type) -> tuple[FieldLine, ...]:
    """Return the fields of a kind of paper, or of a row."""
    assert is_dataclass(cls)  # noqa: S101 - only such are declared
    lines = []
    for each in fields(cls):
        of = each.metadata.get("of")
        rows = fields_of(of) if of is not None else ()
        lines.append(FieldLine(each.name, each.metadata["label"], each.metadata["example"], rows))
    return tuple(lines)


def example_of(cls: type) -> dict[str, Any]:
    """Return an example of all fields of a kind, as a template is tried with."""
    return _example(fields_of(cls))


def _example(lines: tuple[FieldLine, ...]) -> dict[str, Any]:
    """Of rows there are two; rows may have rows of their own."""
    return {
        line.name: [_example(line.rows), _example(line.rows)] if line.rows else line.example
        for line in lines
    }


#: Every kind of content, by the id of its kind of paper.
Contents = Mapping[str, Content]
