"""What is typed when a fire is reported? Shape only: the core judges the values.

What is typed stays as it is, so that nothing is lost when it can't be read.
"""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from werkzeug.datastructures import MultiDict
from wtforms import StringField

from fireinvest.messages import Problem, Text
from fireinvest.regulation.facts import Facts, Given
from fireinvest.regulation.rulesets import Law
from fireinvest.services.assessing import read_facts
from fireinvest.spelling import in_one_spelling
from fireinvest.web.forms.facts import FactsForm

#: How the fire was reported is told in some lines, not in a report.
LONGEST_REASON = 2000
#: Longer texts are refused by the core; beyond this nobody means one.
_LONGEST_TEXT = 10_000

#: What a case can't be opened without, beside the day of the fire.
NEEDED = ("division", "unit_name", "address")

_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _plain(value: str | None) -> str:
    return (value or "").strip()


def _name(value: str | None) -> str:
    return in_one_spelling(value or "")


class IntakeForm(FactsForm):
    """A fire as it is reported: its facts, where it burned, who carries the case, and how it came.

    ``key`` names the form: sent twice, it opens one case.
    """

    unit_name = StringField(filters=[_name])
    address = StringField(filters=[_name])
    carrier = StringField(filters=[_plain])
    reason = StringField(filters=[_plain])
    key = StringField(filters=[_plain])

    def is_blank(self) -> bool:
        """Was nothing said at all?"""
        return not any(field.data for field in self if field.name != self.key.name)


def read(fields: Iterable[tuple[str, str]]) -> IntakeForm:
    """Return the form that these fields fill; names that it doesn't have are left out.

    A form without a key that we gave gets one.
    """
    form = IntakeForm(MultiDict(list(fields)))
    if not _KEY.fullmatch(form.key.data or ""):
        renew_key(form)
    return form


def renew_key(form: IntakeForm) -> None:
    """Let what stands in the form open a case of its own."""
    form.key.data = str(uuid.uuid4())


@dataclass(frozen=True)
class Typed:
    """What the form says, as far as it can be read, and what is wrong with the rest."""

    facts: Facts | None
    unit_name: str
    address: str
    reason: str | None
    problems: tuple[Problem, ...]


def typed(form: IntakeForm, law: Law, on: date, *, is_zone: bool, is_final: bool) -> Typed:
    """Return what the form says on a day. ``is_final``: whether what is needed has to be there."""
    problems = form.time_problems() if is_final or form.occurred_on.data else []
    given = form.given_facts()
    if not is_zone:
        # The question is put for a zone alone; an answer of before says nothing of this place.
        given.pop("zone_authorised", None)
    found: list[Problem] = []
    facts = read_facts(Given(given, found), law, on, found)
    if not form.occurred_on.data and not is_final:
        found = [each for each in found if each.field != "occurred_at"]
    problems.extend(found)
    texts = Given({name: form[name].data for name in ("unit_name", "address", "reason")}, problems)
    unit_name = texts.text("unit_name", _LONGEST_TEXT)
    address = texts.text("address", _LONGEST_TEXT)
    reason = texts.text("reason", LONGEST_REASON)
    if is_final:
        blank = (name for name in NEEDED if not form[name].data)
        problems.extend(Problem(name, Text("This is needed.")) for name in blank)
    return Typed(facts, unit_name or "", address or "", reason, tuple(problems))
