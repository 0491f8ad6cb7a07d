"""Accounts from an Excel list: looked at first, cell by cell, then made all together or not at all.

The list makes accounts and nothing else. Posts are the security administrator's to give, one by one
and with a reason: a list of them would be the two offices in one hand. Whoever has the account
already, under the same name, stays as they are, so that a list can be handed in again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import BinaryIO

from fireinvest.documents.sheets import Row, read_sheet
from fireinvest.messages import Faulty, Problem, Text
from fireinvest.services.codes import Issued, add_within
from fireinvest.services.contents import NotTaken, media_type_of
from fireinvest.services.people import By, name_problems
from fireinvest.spelling import in_one_spelling, is_readable
from fireinvest.store import Database, Session
from fireinvest.store import people as store
from fireinvest.store.conflicts import Conflict, changing

#: The most people of one list: as many slips as somebody hands out.
MOST_PEOPLE = 500
#: The unit is no part of the account: it stands on the slip, so that it finds its way.
HEADS = {"login": Text("sign-in name"), "name": Text("name"), "unit": Text("unit")}
_NEEDED = ("login", "name")
_LONGEST_UNIT = 200


class Standing(StrEnum):
    """What becomes of a line of the list?"""

    NEW = "new"
    SAME = "same"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Line:
    """A person of the list; ``row`` where it stands, ``problems`` by the cells' names."""

    row: int
    login: str
    name: str
    unit: str
    standing: Standing
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """An account that a list asks for."""

    row: int
    login: str
    name: str
    unit: str = ""


def read_list(database: Database, stream: BinaryIO, file_name: str) -> list[Line]:
    """Return what an Excel list asks for, with everything that is wrong; nothing is changed.

    Raises:
        Faulty: when the file can't be read at all, is too large, or holds nobody.

    """
    try:
        media_type_of(stream, file_name, allowed=("xlsx",))
    except NotTaken as refused:
        raise Faulty([Problem("file", refused.text)]) from refused
    rows = read_sheet(stream, HEADS, needed=_NEEDED, most_rows=MOST_PEOPLE)
    if not rows:
        raise Faulty([Problem("file", Text("There is nobody in this list."))])
    with database.readers.begin() as session:
        return _lines(session, [(_wanted(each), each) for each in rows])


def _wanted(row: Row) -> Wanted:
    cells = row.cells
    return Wanted(row.number, cells["login"].lower(), cells["name"], cells.get("unit", ""))


def _lines(session: Session, wanted: Iterable[tuple[Wanted, Row | None]]) -> list[Line]:
    given = list(wanted)
    names = store.names_of_logins(session, {each.login for each, _ in given})
    first_at: dict[str, int] = {}
    lines = []
    for each, row in given:
        places = row.places if row is not None else {}
        problems = list(row.problems) if row is not None else []
        unread = {problem.field for problem in problems}
        found = list(name_problems(each.login, each.name))
        if each.unit and (len(each.unit) > _LONGEST_UNIT or not is_readable(each.unit)):
            text = Text("At most %(most)s characters, on one line.", most=_LONGEST_UNIT)
            found.append(Problem("unit", text))
        if each.login in first_at:
            text = Text("Row %(row)s has this sign-in name already.", row=first_at[each.login])
            found.append(Problem("login", text))
        elif each.login in names and names[each.login] != in_one_spelling(each.name):
            text = Text(
                "%(login)s is the account of %(name)s.", login=each.login, name=names[each.login]
            )
            found.append(Problem("login", text))
        first_at.setdefault(each.login, each.row)
        for problem in found:
            place = places.get(problem.field, problem.field)
            if place not in unread:
                problems.append(Problem(place, problem.text))
        is_known = each.login in names
        standing = Standing.WRONG if problems else Standing.SAME if is_known else Standing.NEW
        lines.append(
            Line(
                each.row,
                each.login,
                in_one_spelling(each.name),
                each.unit,
                standing,
                tuple(problems),
            )
        )
    return lines


@dataclass(frozen=True, slots=True)
class Made:
    """An account that a list made, and its code."""

    issued: Issued
    unit: str


def import_people(
    database: Database, wanted: Iterable[Wanted], *, by: By, valid_for: timedelta
) -> list[Made]:
    """Make the accounts of a list that aren't there yet, each with a one-time code; all or none.

    Raises:
        Faulty: when any line is wrong, or somebody adds the same login at the same time.

    """
    given = list(wanted)
    if not given or len(given) > MOST_PEOPLE:
        raise Faulty([Problem("file", Text("There is nobody in this list."))])
    made = []
    try:
        with changing(database) as session:
            lines = _lines(session, [(each, None) for each in given])
            if any(each.standing is Standing.WRONG for each in lines):
                text = Text("The list isn't right any more; hand it in again.")
                raise Faulty([Problem("file", text)])
            for each in lines:
                if each.standing is not Standing.NEW:
                    continue
                issued = add_within(
                    session,
                    login=each.login,
                    name=each.name,
                    by=by,
                    valid_for=valid_for,
                    more={"unit": each.unit, "row": each.row},
                )
                made.append(Made(issued, each.unit))
    except Conflict as conflict:
        text = Text("The list isn't right any more; hand it in again.")
        raise Faulty([Problem("file", text)]) from conflict
    return made
