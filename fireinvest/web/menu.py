"""The main menu: which pages somebody can go to."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask, request

from fireinvest.messages import Text
from fireinvest.web.views.inbox import unread
from fireinvest.web.visiting import visitor
from fireinvest.workflow.permissions import Duty, houses_kept


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu."""

    endpoint: str
    words: Text
    picture: str
    is_here: bool


def install(app: Flask) -> None:
    """Give the menu to the frame of every page."""
    app.context_processor(lambda: {"main_menu": main_menu, "unread_notices": unread})


def main_menu() -> list[tuple[Text | None, list[Entry]]]:
    """Return the menu's groups, each with its heading, for whoever is here."""
    found = visitor()
    law = [
        ("calculator.show", Text("Deadline calculator"), "clock"),
        ("rules.show", Text("The rule in force"), "book"),
        ("calendar.this_year", Text("Working calendar"), "calendar"),
    ]
    if found is None:
        return [(None, list(_entries(law)))]
    work = [
        ("desk.show", Text("Desk"), "desk"),
        ("board.show", Text("Deadline board"), "board"),
        ("cases.show", Text("Cases"), "cases"),
        ("ledgers.show", Text("Ledger and reports"), "book"),
    ]
    if found.can_open:
        work.append(("intake.show", Text("New fire"), "plus"))
    if found.keeps_archive:
        work.append(("archives.files", Text("Archive"), "file"))
    groups: list[tuple[Text | None, list[Entry]]] = [
        (None, list(_entries(work))),
        (
            Text("Law and days"),
            list(_entries([*law, ("readings.show", Text("Register of readings"), "book")])),
        ),
    ]
    if houses_kept(found.actor):
        own = [("paper_offices.show", Text("Templates and numbers"), "file")]
        groups.append((Text("Own office"), list(_entries(own))))
    offices = [
        ("people.show", Text("People and posts"), "people", Duty.LIST_PEOPLE),
        ("review.show", Text("Review of rights"), "check", Duty.GIVE_POSTS),
        ("organisation.agencies", Text("Agencies and divisions"), "agency", Duty.KEEP_AGENCIES),
        ("log.show", Text("Audit log"), "book", Duty.READ_LOG),
        ("work.show", Text("Background work"), "clock", Duty.WATCH_WORK),
        ("notices.show", Text("Holiday notices"), "calendar", Duty.KEEP_CALENDAR),
    ]
    mine = [each[:3] for each in offices if found.has(each[3])]
    if mine:
        groups.append((Text("Administration"), list(_entries(mine))))
    return groups


def _entries(rows: list[tuple[str, Text, str]]) -> Iterator[Entry]:
    for endpoint, words, picture in rows:
        here = request.blueprint == endpoint.partition(".")[0]
        yield Entry(endpoint, words, picture, here)
