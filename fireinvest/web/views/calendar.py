"""The working calendar of a year: which days are worked, which are not, and by which notice."""

from datetime import date

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fireinvest.clock import today_in_china
from fireinvest.messages import Words
from fireinvest.regulation.calendar import FIRST_DAY, LAST_DAY, Calendar
from fireinvest.web import law
from fireinvest.web.present import DAY_MARKS, WEEKDAY_HEADS, holidays_of, year_months
from fireinvest.web.rights import public

blueprint = Blueprint("calendar", __name__, url_prefix="/calendar")


@blueprint.get("")
@public
def this_year() -> ResponseReturnValue:
    """Lead to the current year."""
    return redirect(url_for("calendar.show", year=today_in_china().year))


@blueprint.get("/<int:year>")
@public
def show(year: int) -> ResponseReturnValue:
    """A year in colours."""
    if not FIRST_DAY.year <= year <= LAST_DAY.year:
        abort(404)
    national = law.calendar()
    places = _places(national, year)
    place = request.args.get("place")
    calendar = national.of(place) if place in places else national
    months = year_months(calendar, year, today_in_china())
    holidays, made_up = holidays_of(calendar, year)
    return render_template(
        "calendar/page.html",
        year=year,
        months=months,
        holidays=holidays,
        made_up=made_up,
        announced=calendar.is_announced(date(year, 1, 1)),
        announced_until=calendar.announced_until,
        places=places,
        place=place if place in places else None,
        notices=_notices([*(each.notice for each in holidays), *(day.notice for day in made_up)]),
        working_days=sum(month.working_days for month in months),
        before=year - 1 if year > FIRST_DAY.year else None,
        after=year + 1 if year < LAST_DAY.year else None,
        marks=DAY_MARKS,
        heads=WEEKDAY_HEADS,
    )


def _places(calendar: Calendar, year: int) -> dict[str, Words]:
    """The places whose local governments give days off in a year."""
    divisions = law.law().divisions
    codes = [each.division for each in calendar.in_force if each.year == year and each.division]
    return {code: divisions[code].label if code in divisions else code for code in codes}


def _notices(found: list[Words | None]) -> list[Words]:
    """Each notice once, in the order in which the year meets them."""
    return list(dict.fromkeys(each for each in found if each is not None))
