"""What stands in the registers of a case, and may it be written? The one door for their items.

Beside its procedure a case has registers: of people and units, evidence, findings, parts of the
report, measures. Each item has versions of its own, so that people who write side by side are not
in each other's way; nothing is overwritten, and what was wrong is withdrawn with a reason.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime

from fireinvest.messages import Faulty, Joined, Problem, Text
from fireinvest.regulation.condition import evaluate
from fireinvest.regulation.profile import Item as ListItem
from fireinvest.regulation.profile import PaperKind, Register, Ruleset
from fireinvest.workflow.actions import Attachment, Shape
from fireinvest.workflow.case import Case
from fireinvest.workflow.errors import Invalid, NotAllowed, Refused
from fireinvest.workflow.items import ITEMS
from fireinvest.workflow.items.archive import PERIODS
from fireinvest.workflow.items.base import Item, days_ahead, list_of, references_of
from fireinvest.workflow.items.papers import PAPERS, OfficialPaper
from fireinvest.workflow.permissions import SYSTEM, Actor, may_see, roles_of


class StaleItem(Faulty):
    """Somebody else changed the item since it was read."""

    def __init__(self, expected: int, found: int) -> None:
        """Keep the version that was expected and the one found."""
        text = Text("Somebody else has changed this since you opened it.")
        super().__init__([Problem("expected_version", text)])
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class Record:
    """One version of one item, as it stands in its register.

    ``seq``: its place among all that was ever written into the registers of the case.
    ``item``: its number in the register, from 1. ``recorded_at``: an instant (UTC).
    ``restriction``: as what it was kept from most readers of the case when it was written.
    """

    seq: int
    register: str
    item: int
    version: int
    values: Item
    recorded_at: datetime
    actor: str
    is_withdrawn: bool = False
    acting_for: str | None = None
    reason: str | None = None
    attachments: tuple[Attachment, ...] = ()
    restriction: str | None = None

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """By what the item is found: mostly by nothing once it is withdrawn."""
        if self.is_withdrawn and not self.values.STAYS_FOUND:
            return ()
        return tuple(self.values.keys())

    @property
    def mark(self) -> str:
        """How the item is referred to: the letters of its register, and its number."""
        return f"{type(self.values).PREFIX}{self.item}"


@dataclass(frozen=True, slots=True)
class Filing:
    """What somebody wants to write into a register.

    ``item``: which one, None for a new one. ``expected_version``: the version of it that they had
    seen. ``attachments``: all files that it then has. ``is_withdrawn``: it was wrong, and stays
    only to be looked up; written anew it counts again.
    """

    register: str
    values: Item
    item: int | None = None
    expected_version: int | None = None
    reason: str | None = None
    acting_for: str | None = None
    attachments: tuple[Attachment, ...] = ()
    restriction: str | None = None
    is_withdrawn: bool = False


#: Given a register and numbers of items: those of them that count.
Known = Callable[[str, frozenset[int]], Collection[int]]

_LONGEST_REASON = 2000


def register_of(case: Case, name: str) -> Register | None:
    """Return a register that the rule of a case keeps, None where it has no such."""
    return case.ruleset.registers.get(name) if name in ITEMS else None


def may_write(actor: Actor, case: Case, case_id: str | None, register: Register) -> bool:
    """May the actor write into a register of the case?"""
    if actor.id == SYSTEM:
        return True
    return not roles_of(actor, case, case_id).isdisjoint(register.who)


def writable(actor: Actor, case: Case, case_id: str | None) -> frozenset[str]:
    """Return the registers into which the actor may write, with their roles looked up once."""
    known = {name: each for name, each in case.ruleset.registers.items() if name in ITEMS}
    if actor.id == SYSTEM:
        return frozenset(known)
    roles = roles_of(actor, case, case_id)
    return frozenset(name for name, each in known.items() if not roles.isdisjoint(each.who))


def record_reader(actor: Actor, case: Case, case_id: str | None) -> Callable[[Record], bool]:
    """Return the question whether the actor may read a record, with their roles looked up once.

    As with restricted entries of the journal: the roles that its restriction names, and whoever
    wrote it as long as they have to do with the case.
    """
    if actor.id == SYSTEM:
        return lambda _record: True
    if not may_see(actor, case, case_id):
        return lambda _record: False
    roles = roles_of(actor, case, case_id)
    known = case.ruleset.restrictions

    def may(record: Record) -> bool:
        names = restrictions_of(case.ruleset, record)
        is_author = not actor.people.isdisjoint({record.actor, record.acting_for})
        return (is_author and bool(roles)) or all(
            name in known and not roles.isdisjoint(known[name].seen_by) for name in names
        )

    return may


def restrictions_of(ruleset: Ruleset, record: Record) -> frozenset[str]:
    """Return as what a record is kept from most readers: by its register, or by its own word."""
    register = ruleset.registers.get(record.register)
    always = register.restriction if register is not None else None
    return frozenset(each for each in (always, record.restriction) if each is not None)


def choices_of(case: Case, name: str) -> tuple[ListItem, ...]:
    """Return the items of a list that this case can have, as the rule has them.

    The kinds of official papers can be chosen like a list, and the periods of retention.
    """
    listing = case.ruleset.lists.get(name)
    items = listing.items if listing is not None else ()
    if name == PAPERS:
        items = tuple(each.as_item() for each in case.ruleset.papers.values())
    elif name == PERIODS:
        items = tuple(each.as_item() for each in case.ruleset.periods.values())
    return tuple(each for each in items if evaluate(each.when, case.view).holds is not False)


def file(
    case: Case,
    actor: Actor,
    filing: Filing,
    before: Record | None,
    known: Known,
    *,
    seq: int,
    number: int,
    case_id: str | None,
    now: datetime,
    today: date,
) -> Record:
    """Return the record that a filing makes; nothing is saved.

    ``before``: the item's last version. ``seq``: the next place in the case's registers;
    ``number``: the next one of this register, for a new item.

    Raises:
        NotAllowed: when the actor may not write into it, or may not read what stands there.
        Refused: when the case has no such register, or goes on in another case.
        StaleItem: when the item has moved on since the actor saw it.
        Invalid: when something that was given can't be.

    """
    register = register_of(case, filing.register)
    if register is None or type(filing.values) is not ITEMS[filing.register]:
        raise Refused([Problem("register", Text("The rule doesn't have this register."))])
    if not may_write(actor, case, case_id, register):
        names = Joined(
            tuple(case.ruleset.roles[r].label for r in register.who if r in case.ruleset.roles)
        )
        text = Text("This register is written by: %(roles)s.", roles=names)
        raise NotAllowed([Problem("register", text, str(register.basis))])
    if isinstance(filing.values, OfficialPaper):
        _check_kind(case, actor, case_id, filing.values)
        if before is not None and before.is_withdrawn and not filing.is_withdrawn:
            # Its number was given up with it, and its print is in somebody's hands.
            text = Text("It is void, and stays so: draw up another.")
            raise Refused([Problem("kind", text)])
    if case.merged_into is not None:
        text = Text("The case goes on in %(other)s.", other=case.merged_into)
        raise Refused([Problem("register", text)])
    if (before is None) is not (filing.item is None):
        raise Refused([Problem("register", Text("There is no such item."))])
    if before is not None:
        if not record_reader(actor, case, case_id)(before):
            text = Text("The item is restricted: only those who may read it change it.")
            raise NotAllowed([Problem("register", text)])
        if filing.expected_version != before.version:
            raise StaleItem(filing.expected_version or 0, before.version)
    problems = dict.fromkeys(
        [
            *_problems(case, register, filing, before, known, now=now, today=today),
            *_signing_problems(actor, filing, before),
        ]
    )
    if problems:
        raise Invalid(problems)
    return Record(
        seq=seq,
        register=filing.register,
        item=before.item if before is not None else number,
        version=before.version + 1 if before is not None else 1,
        values=filing.values,
        recorded_at=now,
        actor=actor.id,
        is_withdrawn=filing.is_withdrawn,
        acting_for=filing.acting_for,
        reason=filing.reason,
        attachments=filing.attachments,
        restriction=filing.restriction,
    )


def may_draw_up(actor: Actor, case: Case, case_id: str | None, kind: PaperKind) -> bool:
    """May the actor draw up papers of this kind in the case, number them and keep them?"""
    if actor.id == SYSTEM:
        return True
    return not roles_of(actor, case, case_id).isdisjoint(kind.who)


def _check_kind(case: Case, actor: Actor, case_id: str | None, paper: OfficialPaper) -> None:
    """Only some of those who write papers write those of a kind."""
    kind = case.ruleset.papers.get(paper.kind or "")
    if kind is not None and not may_draw_up(actor, case, case_id, kind):
        names = Joined(
            tuple(case.ruleset.roles[r].label for r in kind.who if r in case.ruleset.roles)
        )
        text = Text("%(paper)s is drawn up by: %(roles)s.", paper=kind.label, roles=names)
        raise NotAllowed([Problem("kind", text, str(kind.basis))])


def _problems(
    case: Case,
    register: Register,
    filing: Filing,
    before: Record | None,
    known: Known,
    *,
    now: datetime,
    today: date,
) -> Iterator[Problem]:
    article, values = str(register.basis), filing.values
    if filing.reason is not None and len(filing.reason) > _LONGEST_REASON:
        text = Text("A text of at most %(most)s characters is needed.", most=_LONGEST_REASON)
        yield Problem("reason", text)
    if filing.is_withdrawn:
        # What is withdrawn stays as it was, whether or not it was complete.
        if not filing.reason:
            yield Problem("reason", Text("This is needed."), article)
        return
    if filing.restriction is not None and filing.restriction not in case.ruleset.restrictions:
        names = ", ".join(case.ruleset.restrictions)
        text = Text("One of these is needed: %(choices)s.", choices=names)
        yield Problem("restriction", text)
    for each in fields(values):
        given = getattr(values, each.name)
        if given is None:
            if each.metadata["needed"]:
                yield Problem(each.name, Text("This is needed."), article)
        elif each.metadata["shape"] in (Shape.LISTED, Shape.CHOSEN):
            codes = [one.id for one in choices_of(case, list_of(values, each) or "")]
            kept = getattr(before.values, each.name) if before is not None else None
            chosen = given if isinstance(given, tuple) else (given,)
            if given != kept and not set(chosen) <= set(codes):
                text = Text("One of these is needed: %(choices)s.", choices=", ".join(codes))
                yield Problem(each.name, text, article)
    yield from _demanded(case, register, values)
    yield from days_ahead(values, today, now)
    yield from _references(values, filing.register, before, known)
    yield from values.problems(case.occurred_on, today)


def _signing_problems(actor: Actor, filing: Filing, before: Record | None) -> Iterator[Problem]:
    if not filing.is_withdrawn:
        yield from filing.values.signing_problems(
            before.values if before is not None and not before.is_withdrawn else None,
            actor.people,
            has_files=bool(filing.attachments),
        )


def _demanded(case: Case, register: Register, values: Item) -> Iterator[Problem]:
    """What only some items of a register need, by the rule."""
    labels = {each.name: each.metadata["of"] for each in fields(values)}
    for demand in register.demands:
        code = getattr(values, demand.where)
        if code not in demand.among:
            continue
        words = {each.id: each.label for each in choices_of(case, labels[demand.where])}
        for name in demand.needs:
            if getattr(values, name) is None:
                text = Text("This is needed for: %(what)s.", what=words.get(code, code))
                yield Problem(name, text, str(register.basis))


def _references(
    values: Item, register: str, before: Record | None, known: Known
) -> Iterator[Problem]:
    """What an item names must be there, and not be itself; what it named before may have gone."""
    named_before: Mapping[str, frozenset[int]] = {}
    if before is not None:
        named_before = references_of(before.values)
    found = {
        name: set(known(name, numbers)) | named_before.get(name, frozenset())
        for name, numbers in references_of(values).items()
    }
    for each in fields(values):
        if each.metadata["shape"] is not Shape.REFERENCES:
            continue
        of = each.metadata["of"]
        for number in getattr(values, each.name) or ():
            if before is not None and of == register and number == before.item:
                yield Problem(each.name, Text("An item can't name itself."))
            elif number not in found[of]:
                text = Text("There is no %(id)s.", id=f"{ITEMS[of].PREFIX}{number}")
                yield Problem(each.name, text)


def masked(value: str) -> str:
    """Return a number of a person as screens show it: only its beginning and end.

    An identity number keeps six and four of its digits, a telephone number three and four.
    """
    shown = (6, 4) if len(value) > 12 else (3, 4) if len(value) > 8 else (1, 1)
    hidden = len(value) - sum(shown)
    if hidden <= 0:
        return "*" * len(value)
    return f"{value[: shown[0]]}{'*' * hidden}{value[-shown[1] :]}"


#: Fields that screens show only in part.
MASKED = frozenset({Shape.IDENTITY_NO, Shape.PHONE})
