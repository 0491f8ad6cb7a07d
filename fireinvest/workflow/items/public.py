"""The public version of a report: what is withheld, accepted, released, and proved (art 23)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from fireinvest.messages import Problem, Text, excerpt
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.items.base import Item, item_field
from fireinvest.workflow.items.reply import unchanged

_LONGEST_PASSAGE = 5_000


@dataclass(frozen=True, slots=True)
class Withheld(Item):
    """A passage that the public version leaves out, why, and what stands in its place."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("section", "passage", "ground", "replacement")
    NAME: ClassVar[str] = "passage"
    PREFIX: ClassVar[str] = "WH"

    section: tuple[int, ...] | None = item_field(
        "section", Shape.REFERENCES, needed=True, of="sections"
    )
    passage: str | None = item_field(
        "passage, word for word", needed=True, longest=_LONGEST_PASSAGE
    )
    ground: str | None = item_field(
        "why it is withheld", Shape.LISTED, needed=True, of="withholding_grounds"
    )
    replacement: str | None = item_field("what stands in its place")
    note: str | None = item_field("note", Shape.LONG_TEXT)

    @property
    def called(self) -> str:
        """How the passage begins."""
        return excerpt(self.passage or "")

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """It is about one section, and what stands in its place isn't the passage itself."""
        if self.section is not None and len(self.section) > 1:
            yield Problem("section", Text("Choose one of them."))
        if self.passage is not None and self.passage in (self.replacement or ""):
            yield Problem("replacement", Text("This would show the passage itself."))


@dataclass(frozen=True, slots=True)
class Acceptance(Item):
    """Something that the check found and that may be published, with the reason."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("section", "sort", "passage", "grounds")
    NAME: ClassVar[str] = "passage"
    PREFIX: ClassVar[str] = "AC"

    section: tuple[int, ...] | None = item_field(
        "section", Shape.REFERENCES, needed=True, of="sections"
    )
    sort: str | None = item_field("what it is", Shape.LISTED, needed=True, of="public_hits")
    passage: str | None = item_field("as it stands in the text", needed=True)
    grounds: str | None = item_field("why it may be published", Shape.LONG_TEXT, needed=True)


@dataclass(frozen=True, slots=True)
class Release(Item):
    """The public version as it was released: the text itself, and from which text it was made."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("title", "released_on", "text_hash")
    NAME: ClassVar[str] = "title"
    PREFIX: ClassVar[str] = "RL"

    title: str | None = item_field("title", needed=True)
    released_on: date | None = item_field("released on", Shape.DAY, needed=True)
    text: str | None = item_field("text", needed=True, longest=2_000_000, shown=False)
    text_hash: str | None = item_field("SHA-256 of the text", needed=True, shown=False)
    source_hash: str | None = item_field(
        "SHA-256 of the report from which it was made", needed=True, shown=False
    )
    withheld: tuple[int, ...] | None = item_field(
        "withheld passages", Shape.REFERENCES, of="withheld", shown=False
    )
    accepted: tuple[int, ...] | None = item_field(
        "accepted findings of the check", Shape.REFERENCES, of="public_accepts", shown=False
    )

    def signing_problems(
        self, before: Item | None, _people: Collection[str], *, has_files: bool
    ) -> Iterator[Problem]:
        """What was released stays as it was."""
        del has_files
        yield from unchanged(self, before)


@dataclass(frozen=True, slots=True)
class PublicationProof(Item):
    """Where and when a version was published, with a link or a picture of it."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("release", "places", "where", "published_on", "address")
    NAME: ClassVar[str] = "where"
    PREFIX: ClassVar[str] = "PF"

    release: tuple[int, ...] | None = item_field(
        "public version", Shape.REFERENCES, needed=True, of="releases"
    )
    places: tuple[str, ...] | None = item_field(
        "what was published where", Shape.CHOSEN, needed=True, of="publication_places"
    )
    where: str | None = item_field("name of the medium or website", needed=True)
    published_on: date | None = item_field("published on", Shape.DAY, needed=True)
    address: str | None = item_field("address of the page")
    note: str | None = item_field("note", Shape.LONG_TEXT)

    def signing_problems(
        self, before: Item | None, _people: Collection[str], *, has_files: bool
    ) -> Iterator[Problem]:
        """It is proved by a link, or by a picture or page that is attached."""
        del before
        if not self.address and not has_files:
            yield Problem("address", Text("A link is needed, or a picture as an attachment."))
