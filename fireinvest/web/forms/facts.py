"""What may stand in the fields for the facts of a fire? Shape only: the law judges the values."""

import re
from datetime import date

from wtforms import Form, StringField

from fireinvest.messages import Problem, Text
from fireinvest.services.assessing import FACT_FIELDS

#: More characters than any value that makes sense; what follows is not even shown again.
LONGEST_VALUE = 200

#: Fields that are handed to the law under their own names.
PLAIN_FIELDS = tuple(name for name in FACT_FIELDS if name != "occurred_at")

#: Which field of the form shows a problem that the law finds with a value.
FIELD_OF = {"occurred_at": "occurred_on", "length": "occurred_on"}

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def tidy(value: str | None) -> str:
    """Blank is blank; what is far too long is cut, and stays too long."""
    return (value or "").strip()[:LONGEST_VALUE]


class FactsForm(Form):
    """The facts of a fire, as they are typed; blank is "not known"."""

    occurred_on = StringField(filters=[tidy])
    occurred_time = StringField(filters=[tidy])
    division = StringField(filters=[tidy])
    deaths = StringField(filters=[tidy])
    serious_injuries = StringField(filters=[tidy])
    missing = StringField(filters=[tidy])
    light_injuries = StringField(filters=[tidy])
    direct_economic_loss_yuan = StringField(filters=[tidy])
    direct_property_loss_yuan = StringField(filters=[tidy])
    burnt_area_m2 = StringField(filters=[tidy])
    households = StringField(filters=[tidy])
    social_impact = StringField(filters=[tidy])
    category = StringField(filters=[tidy])
    zone_authorised = StringField(filters=[tidy])

    def day(self, name: str) -> date | None:
        """Return the day that a field holds, None where it holds none."""
        return _day(self[name].data)

    def time_problems(self) -> list[Problem]:
        """Return what is wrong with the time of day, which the law takes together with the day."""
        problems = []
        if self.occurred_time.data and not _TIME.fullmatch(self.occurred_time.data):
            text = Text("A time of day like 08:30 is needed.")
            problems.append(Problem("occurred_time", text))
        if self.occurred_time.data and not self.occurred_on.data:
            problems.append(Problem("occurred_on", Text("The day of the fire is needed.")))
        return problems

    def given_facts(self) -> dict[str, object]:
        """Return the facts as the law takes them, what is blank left out."""
        given: dict[str, object] = {
            name: self[name].data for name in PLAIN_FIELDS if self[name].data
        }
        if self.occurred_on.data:
            moment = self.occurred_on.data
            if self.occurred_time.data:
                moment += f"T{self.occurred_time.data}"
            given["occurred_at"] = moment
        return given


def _day(written: str | None) -> date | None:
    if written is None or not _DAY.fullmatch(written):
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
