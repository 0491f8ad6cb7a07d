"""Next year's holiday notice is missing: those who keep the calendar hear of it once a week."""

from datetime import date, datetime

from fireinvest.regulation.calendar import Calendar
from fireinvest.services.alert_words import NOTICE_MISSING
from fireinvest.services.calendars import missing_notice
from fireinvest.services.delivering import deliver
from fireinvest.store import Session
from fireinvest.store.alerts import NewAlert, add_alerts
from fireinvest.store.heard import office_holders
from fireinvest.workflow.permissions import DUTIES, Duty


def remind_of_notice(session: Session, calendar: Calendar, *, now: datetime, today: date) -> int:
    """Tell each keeper of the calendar that a notice is missing; return how many were told.

    Once a week for each of them; asked again in the same week, it adds nothing.
    """
    year = missing_notice(calendar, today)
    if year is None:
        return 0
    week = today.isocalendar()
    alerts = [
        NewAlert(
            key=f"{NOTICE_MISSING}:{year}:{week.year}-{week.week}:{login}",
            person_id=person_id,
            acts_for_id=None,
            role=office,
            case_id=None,
            clock=None,
            instance=None,
            due_on=None,
            rung=NOTICE_MISSING,
            occurrence=1,
            reached_on=today,
            details={"year": year, "until": calendar.announced_until.isoformat()},
        )
        for office in sorted(DUTIES[Duty.KEEP_CALENDAR])
        for person_id, login in office_holders(session, office, today)
    ]
    added = add_alerts(session, alerts, now)
    deliver(session, [(alert_id, each, False) for alert_id, each in added], now)
    return len(added)
