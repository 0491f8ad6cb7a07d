"""Which columns has the form for old cases, and what is said of each?

One line is one case. Dates are the real ones, of the papers; who writes them down, and when, the
journal knows by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fireinvest.documents.tables import Shape
from fireinvest.messages import Text

__all__ = ["COLUMNS", "LONGEST_NUMBER", "NEEDED", "OldColumn"]

#: More characters than any number of an old ledger.
LONGEST_NUMBER = 60


@dataclass(frozen=True, slots=True)
class OldColumn:
    """A column of the form. ``step``: the step whose day stands in it."""

    name: str
    label: Text
    shape: Shape = Shape.TEXT
    hint: Text | None = None
    is_needed: bool = False
    step: str | None = None


_DAY = Text("A day such as 2025-05-12.")
_WHOLE = Text("A whole number.")
_NUMBER = Text("As it stands on the paper.")


def _day(name: str, label: Text, step: str) -> OldColumn:
    return OldColumn(name, label, Shape.DATE, _DAY, step=step)


COLUMNS: Mapping[str, OldColumn] = {
    each.name: each
    for each in (
        OldColumn(
            "old_number",
            Text("old number"),
            hint=Text("The number of the case in the old ledger; by it the line is known again."),
            is_needed=True,
        ),
        OldColumn("unit_name", Text("unit or place that burned"), is_needed=True),
        OldColumn("address", Text("address"), is_needed=True),
        OldColumn("division", Text("place"), hint=Text("One of the list."), is_needed=True),
        OldColumn("occurred_on", Text("day of the fire"), Shape.DATE, _DAY, is_needed=True),
        OldColumn("occurred_time", Text("time of the fire"), hint=Text("Such as 08:30.")),
        OldColumn("category", Text("kind of fire"), hint=Text("One of the list.")),
        OldColumn("deaths", Text("deaths"), Shape.NUMBER, _WHOLE),
        OldColumn("serious_injuries", Text("serious injuries"), Shape.NUMBER, _WHOLE),
        OldColumn("light_injuries", Text("light injuries"), Shape.NUMBER, _WHOLE),
        OldColumn(
            "loss",
            Text("direct economic loss (10,000 yuan)"),
            Shape.NUMBER,
            Text("An amount in 10,000 yuan."),
        ),
        OldColumn("social_impact", Text("social impact"), hint=Text("Yes or no.")),
        _day("determined_on", Text("fire determined on"), "fire_determination"),
        _day("requested_on", Text("team requested on"), "request_team"),
        OldColumn("request_no", Text("request: document number"), hint=_NUMBER),
        _day("established_on", Text("team established on"), "establish_team"),
        OldColumn("established_no", Text("order of the team: document number"), hint=_NUMBER),
        OldColumn("leader", Text("leader of the team")),
        OldColumn("extension_on", Text("extension granted on"), Shape.DATE, _DAY),
        OldColumn("extension_days", Text("days of the extension"), Shape.NUMBER, _WHOLE),
        OldColumn("extension_no", Text("extension: document number"), hint=_NUMBER),
        _day("submitted_on", Text("report submitted on"), "submit_report"),
        OldColumn("submitted_no", Text("submission: document number"), hint=_NUMBER),
        _day("received_on", Text("report received on"), "receive_report"),
        _day("replied_on", Text("reply of"), "reply"),
        OldColumn("reply_no", Text("reply: document number"), hint=_NUMBER),
        OldColumn("reply_outcome", Text("outcome of the reply"), hint=Text("One of the list.")),
        _day("delivered_on", Text("reply delivered on"), "deliver_reply"),
        _day("published_on", Text("published on"), "publish"),
        OldColumn("published_where", Text("published where")),
        _day("archived_on", Text("archived on"), "archive"),
        _day("evaluation_opened_on", Text("evaluation begun on"), "open_evaluation"),
        _day("evaluated_on", Text("evaluated on"), "evaluation_report"),
        OldColumn("evaluation_no", Text("evaluation: document number"), hint=_NUMBER),
    )
}

#: The columns without which a sheet isn't the form, and a line no case.
NEEDED = tuple(each.name for each in COLUMNS.values() if each.is_needed)
