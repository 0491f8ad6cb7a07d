"""Words for days and states that commands and pages share."""

from collections.abc import Mapping
from datetime import date

from fireinvest.messages import Label, Text
from fireinvest.regulation.calendar import DayKind
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
