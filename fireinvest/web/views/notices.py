"""Holiday notices: an administrator enters them, looks at what moves, and lets it move."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from fireinvest.messages import Faulty, Problem, Text, Words
from fireinvest.regulation.calendar import (
    FIRST_DAY,
    LAST_DAY,
    Calendar,
    Notice,
    notice_document,
    parse_notice,
)
from fireinvest.regulation.profile import Ruleset
from fireinvest.services.calendars import missing_notice
from fireinvest.services.notice_files import LARGEST_FILE, days_in, days_off_in, notice_in
from fireinvest.services.recounting import Changed, Preview, enter_notice, preview_notice
from fireinvest.store.notices import StoredNotice, all_notices, notices_in_force
from fireinvest.store.people import names_of_logins
from fireinvest.web import law
from fireinvest.web.forms.people import Choice, Field, FieldKind, Written
from fireinvest.web.present import WEEKDAY_HEADS, holidays_of, year_months
from fireinvest.web.rights import duty
from fireinvest.web.state import state
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow.permissions import SYSTEM, Duty

blueprint = Blueprint("notices", __name__, url_prefix="/calendar/notices")

_LONGEST_SENT = 20_000


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice that was entered: for which place, by whom, and whether it holds."""

    stored: StoredNotice
    place: Words | None
    by: str | None
    days_off: int
    days_worked: int
    is_in_force: bool


@blueprint.get("")
@duty(Duty.KEEP_CALENDAR)
def show() -> ResponseReturnValue:
    """Every notice that was entered, each revision of it."""
    calendar = law.calendar()
    with state().database.readers.begin() as session:
        found = all_notices(session)
        holding = {(each.year, each.revision) for each in notices_in_force(session)}
        names = names_of_logins(session, {each.recorded_by for each in found if each.recorded_by})
    views = [_view(each, names, (each.year, each.revision) in holding) for each in found]
    return render_template(
        "notices/list.html",
        views=views,
        announced_until=calendar.announced_until,
        missing=missing_notice(calendar, today()),
        offered=law.offered(),
        place_of=_place,
    )


def _view(stored: StoredNotice, names: Mapping[str, str], is_in_force: bool) -> NoticeView:
    notice = parse_notice(json.loads(stored.document))
    by = stored.recorded_by
    return NoticeView(
        stored,
        _place(stored.division),
        names.get(by, by) if by and by != SYSTEM else None,
        len(notice.off),
        len(notice.worked),
        is_in_force,
    )


def _place(division: str | None) -> Words | None:
    found = law.law().divisions.get(division or "")
    return found.label if found is not None else division


# ---------------------------------------------------------------------------- entering one


def _fields() -> tuple[Field, ...]:
    places = tuple(Choice(each.code, each.label) for each in law.law().divisions.values())
    return (
        Field(
            "year",
            Text("year"),
            is_needed=False,
            hint=Text("The year of the arrangement; a file of public data says it itself."),
        ),
        Field("number", Text("document number")),
        Field("published_on", Text("published on"), FieldKind.DAY, is_needed=False),
        Field(
            "division",
            Text("local government of"),
            FieldKind.CHOICE,
            is_needed=False,
            choices=places,
            hint=Text("Only for the festival days off that a local government gives."),
        ),
        Field(
            "off",
            Text("days off"),
            FieldKind.LONG,
            is_needed=False,
            hint=Text("A line for each holiday: first day, last day, name."),
        ),
        Field(
            "worked",
            Text("weekend days worked"),
            FieldKind.LONG,
            is_needed=False,
            hint=Text("Days with blanks between."),
        ),
    )


@blueprint.route("/new", methods=["GET", "POST"])
@duty(Duty.KEEP_CALENDAR)
def new() -> ResponseReturnValue:
    """Enter a notice: type it or send a file, look at what moves, and apply it."""
    written = Written(_fields(), request.form)
    if request.method == "GET":
        missing = missing_notice(law.calendar(), today())
        written.form["year"].data = f"{missing}" if missing else None
        return _form(written, ())
    if request.form.get("do") == "apply":
        return _applied(written)
    if request.form.get("do") == "offered":
        return _of_folder(written)
    try:
        return _looked_at(_read(written), ())
    except Faulty as faulty:
        return _form(written, faulty.problems), 400


def _of_folder(written: Written) -> ResponseReturnValue:
    """The preview of a notice that lies in the folder; nothing of it counts before it is applied."""
    name = request.form.get("file_name", "")
    found = next((each for each in law.offered() if each.file == name), None)
    if found is None or found.notice is None:
        text = Text("No such notice lies in the folder any more, or it was applied meanwhile.")
        return _form(written, [Problem("file", text)]), 404
    if found.notice.division is not None and found.notice.division not in law.law().divisions:
        return _form(written, [Problem("file", Text("There is no such division."))]), 400
    return _looked_at(found.notice, ())


def _read(written: Written) -> Notice:
    """The notice that was typed or sent, checked.

    Raises:
        Faulty: with each problem beside its field.

    """
    number = written.line("number")
    published_on, division = written.day("published_on"), written.choice("division")
    given: dict[str, object] = {"number": number, "division": division}
    if published_on is not None:
        given["published_on"] = published_on.isoformat()
    year = written.line("year")
    if year:
        given["year"] = _year(year)
    written.check()
    calendar = Calendar()
    file = request.files.get("file")
    if file is not None and file.filename:
        found = notice_in(
            file.stream.read(LARGEST_FILE + 1), file.filename, known=calendar, given=given
        )
    else:
        document = {
            **{key: value for key, value in given.items() if value is not None},
            "off": days_off_in(written.raw("off")),
            "worked": days_in(written.raw("worked")),
        }
        found = parse_notice(document, known=calendar)
    if found.division is not None and found.division not in law.law().divisions:
        raise Faulty([Problem("division", Text("There is no such division."))])
    return found


def _year(written: str) -> int:
    if written.isascii() and written.isdecimal() and len(written) == len("2027"):
        return int(written)
    text = Text(
        "A year from %(first)s to %(last)s is needed.", first=FIRST_DAY.year, last=LAST_DAY.year
    )
    raise Faulty([Problem("year", text)])


def _form(written: Written, problems: Iterable[Problem]) -> str:
    beside: dict[str, list[Words]] = {}
    names = {*(each.name for each in written.fields), "file"}
    for each in problems:
        # What is wrong with an entry of public data is wrong with its file.
        name = each.field if each.field in names else "file"
        beside.setdefault(name, []).append(each.text)
    return render_template("notices/form.html", written=written, beside=beside)


def _looked_at(notice: Notice, problems: Iterable[Problem]) -> str:
    """The preview: the year in colours, and the clocks that move."""
    calendar = law.calendar()
    moved = preview_notice(
        state().database, calendar, notice, who().actor, now=sent_at(), today=today()
    )
    after = Calendar((*calendar.notices, notice), calendar.library_until)
    if notice.division is not None:
        after = after.of(notice.division)
    holidays, made_up = holidays_of(after, notice.year)
    return render_template(
        "notices/preview.html",
        notice=notice,
        place=_place(notice.division),
        document=notice_document(notice),
        preview=moved,
        problems=[each.text for each in problems],
        months=year_months(after, notice.year, today()),
        heads=WEEKDAY_HEADS,
        holidays=holidays,
        made_up=made_up,
        before=[on for on in sorted(notice.off.keys() | notice.worked) if on.year < notice.year],
        announced_until=after.announced_until,
        **preview_words(moved),
    )


def preview_words(moved: Preview | None) -> dict[str, object]:
    """Return the words for what a preview counts: clocks and places."""
    rules: Ruleset = law.law().in_force(law.home_division(), min(today(), LAST_DAY))
    tallies = [] if moved is None else moved.sorted_tallies
    return {
        "tallies": tallies,
        "clock_words": lambda clock: rules.clocks[clock].label if clock in rules.clocks else clock,
        "place_words": lambda code: _place(code) or Text("no place given"),
    }


def _applied(written: Written) -> ResponseReturnValue:
    sent = request.form.get("notice", "")
    try:
        document = json.loads(sent) if len(sent) <= _LONGEST_SENT else None
        if not isinstance(document, dict):
            raise ValueError
        notice = parse_notice(document, known=Calendar())
    except (ValueError, RecursionError, Faulty):
        text = Text("The form isn't whole any more; enter the notice again.")
        return _form(written, [Problem("file", text)]), 400
    try:
        entered = enter_notice(
            state().database,
            law.calendar(),
            notice,
            who().actor,
            seen=request.form.get("seen", ""),
            now=sent_at(),
            today=today(),
            origin=origin(),
        )
    except Changed as changed:
        return _looked_at(notice, changed.problems), 409
    if entered.moved is None:
        flash(_("Just this notice is in force already; nothing was added."), "warning")
    else:
        told = ngettext(
            "The notice for %(year)s is in force: %(num)s clock has another date.",
            "The notice for %(year)s is in force: %(num)s clocks have another date.",
            entered.moved.moved,
            year=notice.year,
        )
        flash(told, "done")
    return redirect(url_for("notices.show"), 303)
