"""The fields and conditions of a Word template: what they may do, and where in the document they stand.

A template is written by an office, so nothing in it is trusted: it reads the fields it is given,
tests them and loops over them, and does nothing else. No loop runs over more than it was given, no
tag calls anything, and what comes out is bounded.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from jinja2 import StrictUndefined, Template, nodes
from jinja2.exceptions import TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from lxml import etree

from fireinvest.clock import stopwatch
from fireinvest.messages import Text, Words, excerpt, render

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


class TemplateFault(Exception):
    """A Word template can't be used: where in it, and why. ``place`` is empty for the whole file."""

    def __init__(self, place: Words, text: Words) -> None:
        """Keep the place and the words."""
        self.place = place
        self.text = text
        where = render(place, "en")
        super().__init__(f"{where}: {render(text, 'en')}" if where else render(text, "en"))


#: A paper has at most so many characters of XML, and takes at most so many seconds to fill in.
_MOST_WRITTEN = 16_000_000
_MOST_SECONDS = 20.0
_DEEPEST_LOOP = 3
_LONGEST_TAG = 400
_MOST_TAGS = 3000
_LONGEST_JOINED = 1_000_000

#: What an expression may be made of. There are no calls, no products and no variables of its own.
_TAKEN: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Name, nodes.Const,
    nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand,
    nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Add, nodes.Sub, nodes.Neg, nodes.Concat,
    nodes.List, nodes.Tuple, nodes.Keyword,
)  # fmt: skip
_FILTERS = (
    "default", "d", "first", "last", "length", "count", "lower", "upper", "trim", "string", "int",
    "float", "round", "abs", "list", "sort", "reverse", "unique", "sum", "select", "reject",
    "selectattr", "rejectattr", "map", "truncate",
)  # fmt: skip
_TESTS = (
    "defined", "undefined", "none", "number", "string", "true", "false", "boolean", "odd", "even",
    "in", "==", "eq", "equalto", "!=", "ne", ">", "gt", "greaterthan", "ge", ">=", "<", "lt",
    "lessthan", "<=", "le", "sequence", "mapping",
)  # fmt: skip


class _Unknown(StrictUndefined):
    """A field that isn't there: whatever is done with it fails, and names it."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        return str(self._undefined_name)


class Sandbox(ImmutableSandboxedEnvironment):
    """What tags are run in: plain values in, words out."""

    def __init__(self) -> None:
        """Leave of Jinja what is in the lists above."""
        super().__init__(autoescape=True, undefined=_Unknown, optimized=False, cache_size=0)
        self.globals = {}
        self.filters = {name: self.filters[name] for name in _FILTERS} | {"join": _join}
        self.tests = {name: self.tests[name] for name in _TESTS}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return a field of a record, or what a loop knows of itself; of nothing else anything."""
        if isinstance(obj, LoopContext) and not attribute.startswith("_"):
            return super().getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return a field of a record or an item of a list."""
        if isinstance(obj, StrictUndefined):
            return obj
        if isinstance(obj, Mapping | list | tuple | str):
            try:
                return obj[argument]
            except (KeyError, IndexError, TypeError):
                pass
        return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:
        """Say that nothing may be called."""
        return False

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _admit(tree, 0)
        return tree


class Everywhere(Sandbox):
    """What a template is tried in: both branches of a condition run, so that nothing stays untried."""

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return a field or an item; for one that a condition asked for, the last there is."""
        if isinstance(obj, list) and obj and isinstance(argument, int) and argument >= len(obj):
            return obj[-1]
        return super().getitem(obj, argument)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = _Both().visit(super()._parse(source, name, filename))
        return tree


class _Both(NodeTransformer):
    """Put in place of a condition what it asks, and all that depends on it."""

    def visit_If(self, node: nodes.If) -> list[nodes.Node]:  # noqa: N802
        asked = nodes.Output([node.test], lineno=node.test.lineno)
        tree = [asked, *node.body, *node.elif_, *node.else_]
        found: list[nodes.Node] = []
        for each in tree:
            visited = self.visit(each)
            found += visited if isinstance(visited, list) else [visited]
        return found


def _join(values: Iterable[object], d: object = "", attribute: str | None = None) -> str:
    """Return values as one text with something between them."""
    between = str(d)
    pieces = [
        str(each[attribute] if attribute and isinstance(each, Mapping) else each) for each in values
    ]
    if sum(map(len, pieces)) + len(between) * len(pieces) > _LONGEST_JOINED:
        raise TemplateFault("", Text("What comes of this template is too long."))
    return between.join(pieces)


def _admit(node: nodes.Node, depth: int) -> None:
    """Refuse what a template may not do, and let each turn of a loop be seen from outside."""
    if not isinstance(node, _TAKEN):
        raise TemplateSyntaxError(type(node).__name__.lower(), node.lineno)
    if isinstance(node, nodes.For):
        depth += 1
        if depth > _DEEPEST_LOOP or node.recursive:
            raise TemplateSyntaxError("for", node.lineno)
        # Each turn hands something out, even an empty one: that is where time is looked at.
        node.body.insert(
            0, nodes.Output([nodes.TemplateData("", lineno=node.lineno)], lineno=node.lineno)
        )
    for child in node.iter_child_nodes():
        _admit(child, depth)


class _TooMuch(TemplateFault):
    """A template takes or makes too much; ``line``: at which line of its source."""

    def __init__(self, text: Words, template: Template, pieces: Any) -> None:
        super().__init__("", text)
        self.line = template.get_corresponding_lineno(pieces.gi_frame.f_lineno)


def filled(environment: Sandbox, source: str, context: Mapping[str, Any], until: float) -> str:
    """Return a source with its tags filled in.

    ``until``: by the stopwatch, when to give up.

    Raises:
        TemplateFault: when it takes too long or grows too large.

    """
    written: list[str] = []
    size = 0
    template = environment.from_string(source)
    # The generator itself, and not Jinja's around it, knows at which line it stands.
    pieces: Any = template.root_render_func(template.new_context(dict(context)))
    try:
        for piece in pieces:
            size += len(piece)
            if size > _MOST_WRITTEN:
                raise _TooMuch(Text("What comes of this template is too long."), template, pieces)
            if stopwatch() > until:
                raise _TooMuch(Text("This template takes too long."), template, pieces)
            written.append(piece)
    except (_TooMuch, TemplateFault):
        raise
    except Exception:
        environment.handle_exception()
    return "".join(written)


def deadline(seconds: float = _MOST_SECONDS) -> float:
    """Return when, by the stopwatch, a filling in that begins now is given up."""
    return stopwatch() + seconds


@dataclass(frozen=True, slots=True)
class Place:
    """A paragraph of a template: where it stands, what holds it, and what it says.

    ``holders``: what holds it, from the innermost: its cell or part, its row, its table.
    """

    words: Words
    text: str
    container: object
    row: object
    table: object


def places_of(root: etree._Element, part: Words = "") -> Iterator[Place]:
    """Yield the paragraphs of a part in their order, each with its place in words."""
    counter = {"paragraph": 0, "table": 0}
    yield from _blocks(root, part, counter, root, None, None, None)


def _blocks(
    parent: etree._Element,
    part: Words,
    counter: dict[str, int],
    container: object,
    row: object,
    table: object,
    cell: tuple[int, int, int] | None,
) -> Iterator[Place]:
    for child in parent:
        if child.tag == f"{W}p":
            text = text_of(child)
            if cell is None:
                counter["paragraph"] += 1
            yield Place(_words(part, counter["paragraph"], cell, text), text, container, row, table)
            for box in child.iter(f"{W}txbxContent"):
                if next(box.iterancestors(f"{W}txbxContent"), None) is None:
                    yield from _blocks(box, part, counter, box, None, None, cell)
        elif child.tag == f"{W}tbl":
            counter["table"] += 1
            number = counter["table"]
            for row_number, each_row in enumerate(child.iter(f"{W}tr"), 1):
                if next(each_row.iterancestors(f"{W}tbl")) is not child:
                    continue
                for cell_number, each_cell in enumerate(each_row.iter(f"{W}tc"), 1):
                    if next(each_cell.iterancestors(f"{W}tr")) is each_row:
                        at = (number, row_number, cell_number)
                        yield from _blocks(each_cell, part, counter, each_cell, each_row, child, at)
        elif isinstance(child.tag, str):
            yield from _blocks(child, part, counter, container, row, table, cell)


def _words(part: Words, number: int, cell: tuple[int, int, int] | None, text: str) -> Words:
    said = excerpt(text)
    if cell is not None:
        where = Text(
            "Table %(table)s, row %(row)s, cell %(cell)s “%(text)s”",
            table=cell[0], row=cell[1], cell=cell[2], text=said,
        )  # fmt: skip
    else:
        where = Text("Paragraph %(number)s “%(text)s”", number=number, text=said)
    return Text("%(part)s: %(place)s", part=part, place=where) if part else where


def text_of(paragraph: etree._Element) -> str:
    """Return what a paragraph says, without the boxes that stand in it."""
    return "".join(
        each.text or ""
        for each in paragraph.iter(f"{W}t")
        if next(each.iterancestors(f"{W}p"), None) is paragraph
    )


_BEGIN = re.compile(r"\{[{%#]")
_ENDS = {"{{": "}}", "{%": "%}", "{#": "#}"}
_PREFIX = re.compile(r"(p|tr|tc)\s")
_OPENING = {"if": "endif", "for": "endfor"}
_BETWEEN = {"else", "elif"}
_QUOTES = str.maketrans("“”‘’", "\"\"''")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag as it is written, what it takes along ("p", "tr", "tc" or nothing), and what it says."""

    written: str
    kind: str
    prefix: str
    inner: str

    @property
    def word(self) -> str:
        """Return the first word of a tag that is no field."""
        return self.inner.split(maxsplit=1)[0] if self.inner.split() else ""


def tags_of(place: Place) -> list[Tag]:
    """Return the tags of a paragraph.

    Raises:
        TemplateFault: when one isn't closed in it, or isn't such as can be filled in.

    """
    tags = []
    at = 0
    while (begun := _BEGIN.search(place.text, at)) is not None:
        end = place.text.find(_ENDS[begun[0]], begun.end())
        written = place.text[begun.start() : end + 2 if end >= 0 else None]
        if end < 0 or len(written) > _LONGEST_TAG:
            _fault(place, Text("This tag is not closed: %(tag)s", tag=excerpt(written)))
        inner = place.text[begun.end() : end].translate(_QUOTES)
        prefix = ""
        if begun[0] == "{%" and (prefixed := _PREFIX.match(inner)) is not None:
            prefix, inner = prefixed[1], inner[prefixed.end() :]
        if begun[0] != "{#":
            if inner.startswith(("-", "+")) or inner.endswith("-") or re.search(r"[{}%]", inner):
                _fault(place, Text("This tag can't be filled in: %(tag)s", tag=excerpt(written)))
            tags.append(Tag(written, begun[0], prefix, inner.strip()))
        at = end + 2
    return tags


def check_tags(
    places: Sequence[Place], context: Mapping[str, Any], environment: Sandbox, until: float
) -> None:
    """Run all tags of a part and nothing else, so that what fails can be named by its place.

    Raises:
        TemplateFault: for the first tag that fails.

    """
    lines = []
    count = 0
    opened: list[tuple[Place, Tag]] = []
    for place in places:
        tags = tags_of(place)
        count += len(tags)
        if count > _MOST_TAGS:
            _fault(place, Text("This template has too many fields."))
        _stand_alone(place, tags)
        for tag in tags:
            _nested(place, tag, opened)
        if opened and not opened[-1][1].prefix:
            _fault(
                place,
                Text("This is not closed in its paragraph: %(tag)s", tag=opened[-1][1].written),
            )
        lines.append("".join(_bare(tag) for tag in tags))
    if opened:
        _fault(opened[-1][0], Text("This is never closed: %(tag)s", tag=opened[-1][1].written))
    try:
        filled(environment, "\n".join(lines), context, until)
    except TemplateSyntaxError as error:
        place = _at(places, error.lineno)
        _fault(place, Text("This can't be filled in: %(tags)s", tags=_written(place)))
    except UndefinedError as error:
        place = _at(places, _line_of(error))
        named = str(error)
        _fault(
            place,
            Text("There is no field “%(name)s”: %(tags)s", name=named, tags=_written(place, named)),
        )
    except TemplateFault as error:
        if error.place:
            raise
        line = error.line if isinstance(error, _TooMuch) else _line_of(error)
        raise TemplateFault(_at(places, line).words, error.text) from None
    except (
        TemplateError,
        TypeError,
        ValueError,
        ArithmeticError,
        AttributeError,
        RecursionError,
    ) as error:
        place = _at(places, _line_of(error))
        _fault(place, Text("This can't be filled in: %(tags)s", tags=_written(place)))


def _bare(tag: Tag) -> str:
    """Return a tag as Jinja reads it."""
    return f"{tag.kind} {tag.inner} {_ENDS[tag.kind]}"


def _at(places: Sequence[Place], line: int) -> Place:
    return places[min(max(line, 1), len(places)) - 1]


def _written(place: Place, name: str = "") -> str:
    """Return the tags of a place, or those of them that have a name in them."""
    tags = [tag.written for tag in tags_of(place)]
    named = [tag for tag in tags if name and re.search(rf"\b{re.escape(name)}\b", tag)]
    return excerpt(" ".join(named or tags))


def _line_of(error: BaseException) -> int:
    """Return the line of a source at which filling it in failed."""
    line = 1
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _stand_alone(place: Place, tags: Sequence[Tag]) -> None:
    """Refuse a tag that takes its paragraph or row along, and other words with it."""
    for tag in tags:
        if tag.prefix == "p" and place.text.strip() != tag.written:
            _fault(
                place, Text("The tag %(tag)s stands in a paragraph of its own.", tag=tag.written)
            )
        if tag.prefix == "tr":
            said = (
                "".join(text_of(each) for each in place.row.iter(f"{W}p"))
                if isinstance(place.row, etree._Element)
                else None
            )
            if said is None or said.strip() != tag.written:
                _fault(place, Text("The tag %(tag)s stands in a row of its own.", tag=tag.written))
        if tag.prefix == "tc" and (place.row is None or place.text.strip() != tag.written):
            _fault(place, Text("The tag %(tag)s stands in a cell of its own.", tag=tag.written))


def _holder(place: Place, prefix: str) -> object:
    """Return within what a tag with such a prefix opens and closes."""
    return {"tr": place.table, "tc": place.row, "p": place.container}.get(prefix, place)


def _nested(place: Place, tag: Tag, opened: list[tuple[Place, Tag]]) -> None:
    """Refuse tags that don't open and close in pairs, in the same cell, row or table."""
    if tag.kind != "{%":
        return
    word = tag.word
    if word in _OPENING:
        opened.append((place, tag))
        return
    closing = word in _OPENING.values()
    if not closing and word not in _BETWEEN:
        _fault(place, Text("There is no tag “%(tag)s”.", tag=excerpt(tag.written)))
    if not opened:
        _fault(place, Text("Nothing is open here: %(tag)s", tag=tag.written))
    began, opening = opened[-1]
    if (
        opening.prefix != tag.prefix
        or _holder(began, tag.prefix) is not _holder(place, tag.prefix)
        or (closing and _OPENING[opening.word] != word)
    ):
        _fault(
            place,
            Text("%(tag)s does not close %(opening)s.", tag=tag.written, opening=opening.written),
        )
    if closing:
        opened.pop()


def _fault(place: Place, text: Words) -> NoReturn:
    raise TemplateFault(place.words, text) from None
