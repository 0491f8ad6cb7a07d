"""What an administrator is told and asked where somebody leaves: numbers and places, no case."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import flash
from flask_babel import gettext as _

from fireinvest.messages import Joined, Text, Words
from fireinvest.regulation.calendar import LAST_DAY
from fireinvest.services.cases import OPENING
from fireinvest.services.leaving import Counts, duties_of, hand_over_all, successors_of
from fireinvest.services.people import By
from fireinvest.store.people import StoredPerson
from fireinvest.store.posts import Holder
from fireinvest.web import law
from fireinvest.web.forms.people import Choice, Field, FieldKind, Written
from fireinvest.web.forms.step import person_shown
from fireinvest.web.state import state
from fireinvest.web.visiting import today

_SUCCESSOR = "successor"


@dataclass(frozen=True)
class Leaving:
    """Somebody who leaves, what they have to do, and who could carry their cases."""

    person: StoredPerson
    counts: Counts | None
    holders: tuple[Holder, ...]

    @classmethod
    def of(cls, person: StoredPerson, role: str | None = None) -> "Leaving":
        """Look up what somebody leaves; nothing for a post by which nobody carries cases."""
        if role is not None and role not in OPENING:
            return cls(person, None, ())
        with state().database.readers.begin() as session:
            counts = duties_of(session, person, today())
            holders = successors_of(session, law.law(), counts.carried, person.login, today())
        return cls(person, counts, holders)

    @property
    def carried(self) -> int:
        """How many open cases they carry."""
        return 0 if self.counts is None else sum(self.counts.carried.values())

    @property
    def fields(self) -> tuple[Field, ...]:
        """The field in which a successor is chosen; none where there is nothing to hand over."""
        if not self.carried:
            return ()
        known = {each.login: each.name for each in self.holders}
        choices = tuple(Choice(login, person_shown(login, name)) for login, name in known.items())
        hint = Text(
            "The cases go over at once, each with an entry of its own. Left empty, they stay as "
            "they are, and the head of the agency is told."
        )
        label = Text("who takes over the cases")
        return (Field(_SUCCESSOR, label, FieldKind.CHOICE, False, choices, hint=hint),)

    @property
    def notes(self) -> tuple[Words, ...]:
        """What they have to do, in numbers."""
        return () if self.counts is None else tuple(_notes(self.counts))

    def successor(self, written: Written) -> str | None:
        """Return the login of whoever takes over the cases, None for nobody."""
        return written.choice(_SUCCESSOR) if self.carried else None

    def hand_over(self, successor: str | None, reason: str, by: By) -> None:
        """Hand the cases over, and tell how many went."""
        if not self.carried:
            return
        if successor is None:
            flash(
                _("Nobody takes over the open cases yet: the head of the agency is told."),
                "warning",
            )
            return
        calendar = law.calendar()
        handed = hand_over_all(
            state().database, law.law(), calendar, self.person.login, successor,
            reason=reason, by=by,
        )  # fmt: skip
        told = _("Cases handed over: %(done)s of %(of)s.", done=handed.done, of=handed.of)
        flash(told, "done" if handed.is_all else "warning")
        if not handed.is_all:
            flash(_("The head of the agency is told of the others."), "warning")


def _notes(counts: Counts) -> Iterator[Words]:
    rules = law.law().in_force(law.home_division(), min(today(), LAST_DAY))
    if counts.carried:
        places = Joined(
            tuple(
                _numbered(_place(place), number)
                for place, number in sorted(
                    counts.carried.items(), key=lambda each: (-each[1], each[0] or "")
                )
            )
        )
        number = sum(counts.carried.values())
        yield Text("Open cases carried: %(number)s (%(places)s).", number=number, places=places)
    if counts.posts:
        roles = Joined(
            tuple(
                _numbered(rules.roles[role].label if role in rules.roles else role, number)
                for role, number in counts.posts.items()
            )
        )
        yield Text("Posts on open cases: %(posts)s.", posts=roles)
    if counts.steps:
        yield Text("To be done now by nobody else: %(number)s steps.", number=counts.steps)
    if counts.deputies or counts.acts_for:
        yield Text(
            "Deputies named for them: %(deputies)s; named as a deputy: %(acts_for)s.",
            deputies=counts.deputies,
            acts_for=counts.acts_for,
        )
    if counts.drafts:
        yield Text("Drafts not sent: %(number)s. They stay.", number=counts.drafts)


def _place(code: str | None) -> Words:
    found = law.law().divisions.get(code or "")
    return found.label if found is not None else "—"


def _numbered(words: Words, number: int) -> Text:
    return Text("%(what)s %(number)s", what=words, number=number)
