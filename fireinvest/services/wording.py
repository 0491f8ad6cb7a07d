"""Words for days, states, steps and values that commands, pages and packages share."""

from collections.abc import Mapping
from datetime import date, datetime

from fireinvest.messages import Joined, Label, Text, Words, money
from fireinvest.regulation.calendar import DayKind
from fireinvest.regulation.profile import Ruleset
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.items import ITEMS
from fireinvest.workflow.permissions import (
    AUDIT_ADMINISTRATOR,
    SECURITY_ADMINISTRATOR,
    SYSTEM_ADMINISTRATOR,
)

DAY_KINDS: Mapping[DayKind, Text] = {
    DayKind.WORKING: Text("working day"),
    DayKind.MAKE_UP: Text("made-up working day"),
    DayKind.WEEKEND: Text("weekend"),
    DayKind.HOLIDAY: Text("statutory holiday"),
    DayKind.SWAPPED_OFF: Text("swapped day off"),
}

_WEEKDAYS = (
    Label(zh="周一", en="Mon"),
    Label(zh="周二", en="Tue"),
    Label(zh="周三", en="Wed"),
    Label(zh="周四", en="Thu"),
    Label(zh="周五", en="Fri"),
    Label(zh="周六", en="Sat"),
    Label(zh="周日", en="Sun"),
)


def weekday(on: date) -> Label:
    """Return the day of the week: 周三, "Wed"."""
    return _WEEKDAYS[on.weekday()]


#: What the three administrators are called.
OFFICE_NAMES: Mapping[str, Text] = {
    SYSTEM_ADMINISTRATOR: Text("System administrator"),
    SECURITY_ADMINISTRATOR: Text("Security administrator"),
    AUDIT_ADMINISTRATOR: Text("Audit administrator"),
}


# ---------------------------------------------------------------------------- cases

#: What code actions are called; steps are called by the profile.
CODE_LABELS: Mapping[str, Text] = {
    "open": Text("Case opened"),
    "void": Text("Entry voided"),
    "correct": Text("Entry corrected"),
    "merge": Text("Merged into another case"),
    "raise": Text("Raised by a superior government"),
    "hand_over": Text("Handed over to the government now responsible"),
    "link": Text("Linked with another case"),
    "reassign": Text("Given to another carrier"),
    "recount": Text("Clocks counted anew"),
    "plan": Text("Plan adjusted"),
}


def title_of(ruleset: Ruleset, step: str) -> Words:
    """Return what an entry is called: by its step in the profile, or by its code action."""
    found = ruleset.steps.get(step)
    if found is not None:
        return found.label
    return CODE_LABELS.get(step, step)


def worded(ruleset: Ruleset, shape: Shape, of: str | None, value: object) -> Words:
    """Return a value of a field in words."""
    match value:
        case bool():
            return Text("yes") if value else Text("no")
        case int() if shape is Shape.FEN:
            return money(value)
        case datetime():
            return Text("%(at)s", at=value)
        case date():
            return value.isoformat()
        case tuple() if shape is Shape.CHOSEN:
            return Joined(tuple(worded(ruleset, Shape.LISTED, of, each) for each in value))
        case tuple():
            return Joined(tuple(f"{ITEMS[of or ''].PREFIX}{each}" for each in value))
        case str() if shape is Shape.LISTED:
            listing = ruleset.lists.get(of or "")
            items = listing.items if listing is not None else ()
            return next((each.label for each in items if each.id == value), value)
    return str(value)
