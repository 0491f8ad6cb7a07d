"""Lists to take away as Excel files, each at the address of its page: what stands there, and no more."""

from collections.abc import Iterable, Iterator

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.documents.tables import Cell, Column, Shape
from fireinvest.messages import Label, Words
from fireinvest.services.alert_words import words_of
from fireinvest.services.archives.disposing import period_of
from fireinvest.services.desks import desk
from fireinvest.services.log import Act
from fireinvest.services.reviewing import review_rights
from fireinvest.store import agencies as agency_store
from fireinvest.store import archives as archive_store
from fireinvest.store import people as store
from fireinvest.store.agencies import Held
from fireinvest.store.alerts import alerts_of
from fireinvest.store.notices import all_notices
from fireinvest.store.people import names_of_ids
from fireinvest.store.readings import decisions_of
from fireinvest.store.sign_ins import last_seen
from fireinvest.web import law, noting
from fireinvest.web.casework import open_file
from fireinvest.web.excel import excel_answer
from fireinvest.web.present import say
from fireinvest.web.present_entries import EntryView, entry_views
from fireinvest.web.present_lists import LIGHTS, list_words
from fireinvest.web.rights import duty, signed_in
from fireinvest.web.state import state
from fireinvest.web.views.archives import FileView, file_views, find_files, seen_list
from fireinvest.web.views.cases import made_by
from fireinvest.web.views.desk import CaseView, Drawing, DueView
from fireinvest.web.views.organisation import ended_divisions
from fireinvest.web.views.people import (
    agency_label,
    asked_people,
    body_words,
    place_words,
    post_view,
    ruleset,
)
from fireinvest.web.visiting import sent_at, today, who
from fireinvest.workflow.items.archive import Lending, Retention
from fireinvest.workflow.permissions import Duty

blueprint = Blueprint("exports", __name__)

#: How many lines are read at a time.
_AT_ONCE = 500


# ---------------------------------------------------------------------------- the desk


@blueprint.get("/desk/excel")
@signed_in
def desk_excel() -> ResponseReturnValue:
    """What somebody owes, what waits for others, and the reports to be answered."""
    words = list_words()
    with state().database.readers.begin() as session:
        found = desk(session, who().actor, words.ruleset, today(), law=law.law())
    noting.note(Act.EXPORT, item="desk.show")
    drawing = Drawing(words, law.calendar(), today())
    columns = [
        Column(_("What it is"), width=20),
        Column(_("Case"), width=18),
        Column(_("Unit"), width=30),
        Column(_("Place"), width=14),
        Column(_("Level"), width=12),
        Column(_("Step"), width=26),
        Column(_("Waits for"), width=24),
        Column(_("Clock"), width=22),
        Column(_("Light"), width=12),
        Column(_("Due"), Shape.DATE, 12),
        Column(_("Days left"), Shape.NUMBER, 10),
    ]

    def rows() -> Iterator[list[Cell]]:
        for block in drawing.blocks(found.owed):
            for steps, called in ((block.now, _("To do now")), (block.coming, _("To do later"))):
                for step in steps.values():
                    dues: list[DueView | None] = [*step.dues]
                    for due in dues or [None]:
                        yield _of_desk(called, block.head, step.words, None, due)
        for waiting in drawing.waiting(found.waiting):
            for each in waiting.steps.values():
                yield _of_desk(_("Waits for others"), waiting.head, each.words, each.who, each.due)
        for line in found.reports or ():
            report = drawing.report(line)
            yield _of_desk(_("Report to be answered"), report.head, None, None, report.due)

    return excel_answer(_("Desk"), columns, rows(), note=made_by())


def _of_desk(
    called: str, head: CaseView, step: Words | None, waits: Words | None, due: DueView | None
) -> list[Cell]:
    return [
        called,
        head.case.number,
        head.case.unit_name,
        None if head.place is None else say(head.place),
        say(head.level),
        None if step is None else say(step),
        None if waits is None else say(waits),
        None if due is None else say(due.clock),
        None if due is None else say(LIGHTS[due.light]),
        None if due is None else due.due.due_on,
        None if due is None else due.days_left,
    ]


@blueprint.get("/inbox/excel")
@signed_in
def inbox_excel() -> ResponseReturnValue:
    """One's notices, the newest first."""
    noting.note(Act.EXPORT, item="inbox.show")
    columns = [
        Column(_("Told at"), Shape.INSTANT, 20),
        Column(_("Case"), width=18),
        Column(_("Unit"), width=30),
        Column(_("Notice"), width=40),
        Column(_("Details"), width=50),
        Column(_("Due"), Shape.DATE, 12),
        Column(_("Heard for"), width=14),
        Column(_("Read at"), Shape.INSTANT, 20),
    ]

    def rows() -> Iterator[list[Cell]]:
        before: int | None = None
        me = who().person.id
        while True:
            with state().database.readers.begin() as session:
                found = alerts_of(
                    session, me, before_id=before, only_unread=False, size=_AT_ONCE
                )  # fmt: skip
                names = names_of_ids(session, {e.acts_for_id for e in found if e.acts_for_id})
                told = [(each, words_of(session, each, today())) for each in found]
            for each, words in told:
                yield [
                    each.created_at,
                    each.number,
                    each.unit_name,
                    say(words.title),
                    "\n".join(say(line) for line in words.lines) or None,
                    each.due_on,
                    names.get(each.acts_for_id or 0),
                    each.read_at,
                ]
            if len(found) < _AT_ONCE:
                return
            before = found[-1].id

    return excel_answer(_("Notices"), columns, rows(), note=made_by())


@blueprint.get("/cases/<number>/history/excel")
@signed_in
def history_excel(number: str) -> ResponseReturnValue:
    """Everything that happened in a case; of what is restricted, only that it is there."""
    file = open_file(number)
    noting.note(Act.EXPORT, case_id=file.ref.id, item="case.history")
    columns = [
        Column(_("Entry"), Shape.NUMBER, 8),
        Column(_("Real day"), Shape.DATE, 12),
        Column(_("What"), width=28),
        Column(_("Article"), width=16),
        Column(_("It says"), width=60),
        Column(_("Recorded at"), Shape.INSTANT, 20),
        Column(_("Recorded by"), width=14),
        Column(_("Recorded for"), width=14),
        Column(_("Reason"), width=40),
        Column(_("Marks"), width=20),
        Column("SHA-256", width=66),
    ]
    cite = file.ruleset.citation
    rows = (
        [
            each.seq,
            each.on,
            None if each.is_hidden else say(each.title),
            say(cite(each.basis)) if each.basis and not each.is_hidden else None,
            None if each.is_hidden else _said(each),
            None if each.is_hidden else each.recorded_at,
            None if each.is_hidden else each.actor,
            None if each.is_hidden else each.acting_for,
            None if each.is_hidden else each.reason,
            "；".join(_marks(each)) or None,
            None if each.is_hidden else each.hash,
        ]
        for each in entry_views(file, file.loaded.lines)
    )
    return excel_answer(f"{number} {_('History')}", columns, rows, note=made_by())


def _said(entry: EntryView) -> str | None:
    lines = [f"{say(each.label)}: {say(each.value)}" for each in entry.fields]
    return "\n".join(lines) or None


def _marks(entry: EntryView) -> Iterator[str]:
    if entry.is_hidden:
        yield _("restricted")
    if entry.voided_by is not None:
        yield _("void")
    if entry.corrected_by is not None:
        yield _("corrected")
    if entry.is_late_entry and not entry.is_hidden:
        yield _("entered late")


# ---------------------------------------------------------------------------- the archive


@blueprint.get("/archive/excel/<any(files,due,lent):which>")
@signed_in
def archive_excel(which: str) -> ResponseReturnValue:
    """The files of the archive: all of them, those whose period is over, or those that are out."""
    noting.note(Act.EXPORT, item=f"archives.{which}")
    columns = [
        Column(_("Case"), width=18),
        Column(_("Unit"), width=30),
        Column(_("Accident level"), width=14),
        Column(_("Date of the fire"), Shape.DATE, 12),
    ]
    if which == "lent":
        columns += [
            Column(_("Borrower"), width=16),
            Column(_("Agency"), width=24),
            Column(_("Purpose"), width=30),
            Column(_("Lent on"), Shape.DATE, 12),
            Column(_("Due back"), Shape.DATE, 12),
            Column(_("Overdue"), width=10),
        ]
    else:
        columns += [
            Column(_("Filed on"), Shape.DATE, 12),
            Column(_("Retention period"), width=16),
            Column(_("Kept until"), Shape.DATE, 12),
            Column(_("Where it stands"), width=24),
        ]

    def rows() -> Iterator[list[Cell]]:
        after: tuple[str, int] | None = None
        while True:
            with state().database.readers.begin() as session:
                found = find_files(session, which, after, _AT_ONCE)
                views = file_views(session, found)
            for each in views:
                yield _of_archive(each)
            if len(found) < _AT_ONCE:
                return
            after = archive_store.after_key(found)

    titles = {"files": _("Archive"), "due": _("Due for disposal"), "lent": _("Lent out")}
    return excel_answer(titles[which], columns, rows(), note=made_by())


@blueprint.get("/archive/disposals/<int:list_id>/excel")
@signed_in
def disposal_excel(list_id: int) -> ResponseReturnValue:
    """A disposal list: each file on it with its appraisal, and the hashes that are kept for ever."""
    drawn = seen_list(list_id)
    noting.note(Act.EXPORT, item=f"archives.disposal {list_id}")
    columns = [
        Column(_("Case"), width=18),
        Column(_("Title"), width=40),
        Column(_("Date of the fire"), Shape.DATE, 12),
        Column(_("Filed on"), Shape.DATE, 12),
        Column(_("Retention period"), width=12),
        Column(_("Kept until"), Shape.DATE, 12),
        Column(_("Appraisal of the file"), width=14),
        Column(_("Reason"), width=40),
        Column(_("Journal"), width=66),
        Column(_("Registers"), width=66),
    ]
    rows = (
        [
            each.number,
            each.title,
            each.occurred_on,
            each.filed_on,
            say(Label(**period_of(each.period))),
            each.kept_until,
            _("keep it") if each.is_kept else _("dispose of it"),
            each.opinion,
            each.journal_hash,
            each.records_hash,
        ]
        for each in drawn.entries
    )
    return excel_answer(drawn.list.title, columns, rows, note=made_by())


def _of_archive(view: FileView) -> list[Cell]:
    line, values = view.line, view.values
    head: list[Cell] = [line.number, line.unit_name, say(view.level), line.occurred_on]
    match values:
        case Lending():
            return [
                *head, values.borrower, values.agency, values.purpose, values.lent_on,
                values.due_on, _("overdue") if view.is_late else None,
            ]  # fmt: skip
        case Retention():
            return [*head, values.filed_on, say(view.period), values.until, values.place]
    return [*head, None, None, None, None]


# ---------------------------------------------------------------------------- people and rules


@blueprint.get("/calendar/notices/excel")
@duty(Duty.KEEP_CALENDAR)
def notices_excel() -> ResponseReturnValue:
    """Every holiday notice that was entered, each revision of it."""
    noting.note(Act.EXPORT, item="notices.show")
    with state().database.readers.begin() as session:
        found = all_notices(session)
        names = store.names_of_logins(session, {e.recorded_by for e in found if e.recorded_by})
    columns = [
        Column(_("Year"), Shape.NUMBER, 8),
        Column(_("Revision"), Shape.NUMBER, 10),
        Column(_("Place"), width=18),
        Column(_("Document number"), width=30),
        Column(_("Published on"), Shape.DATE, 12),
        Column(_("Recorded at"), Shape.INSTANT, 20),
        Column(_("Recorded by"), width=16),
        Column("SHA-256", width=66),
    ]
    rows = (
        [
            each.year,
            each.revision,
            None if each.division is None else say(place_words(each.division)),
            each.number,
            each.published_on,
            each.recorded_at,
            names.get(each.recorded_by or "", each.recorded_by),
            each.sha256,
        ]
        for each in found
    )
    return excel_answer(_("Holiday notices"), columns, rows, note=made_by())


@blueprint.get("/people/excel")
@duty(Duty.LIST_PEOPLE)
def people_excel() -> ResponseReturnValue:
    """The accounts that the address asks for, with the posts of today."""
    text, is_active = asked_people()
    noting.note(Act.EXPORT, item="people.show")
    columns = [
        Column(_("name"), width=16),
        Column(_("sign-in name"), width=20),
        Column(_("Posts today"), width=50),
        Column(_("Account"), width=14),
        Column(_("Last here"), Shape.INSTANT, 20),
    ]
    rules, on = ruleset(), today()

    def rows() -> Iterator[list[Cell]]:
        after: str | None = None
        while True:
            with state().database.readers.begin() as session:
                found = store.list_people(
                    session, text=text, is_active=is_active, after=after, size=_AT_ONCE
                )
                ids = [each.id for each in found.people]
                posts, seen = store.posts_of_people(session, ids, on), last_seen(session, ids)
            for each in found.people:
                held = (post_view(rules, one, on) for one in posts.get(each.id, ()))
                yield [
                    each.name,
                    each.login,
                    "\n".join(
                        " ".join(say(part) for part in (one.role, one.place) if part is not None)
                        for one in held
                    )
                    or None,
                    _("in use") if each.is_active else _("deactivated"),
                    seen.get(each.id),
                ]
            if found.next_key is None:
                return
            after = found.next_key

    return excel_answer(_("People and posts"), columns, rows(), note=made_by())


@blueprint.get("/people/agencies/excel")
@duty(Duty.KEEP_AGENCIES)
def agencies_excel() -> ResponseReturnValue:
    """The agencies, those that are no more included, with what came after them."""
    noting.note(Act.EXPORT, item="organisation.agencies")
    columns = [
        Column(_("agency"), width=34),
        Column(_("kind of agency"), width=22),
        Column(_("administrative division"), width=18),
        Column(_("whose government"), width=16),
        Column(_("from"), Shape.DATE, 12),
        Column(_("until"), Shape.DATE, 12),
        Column(_("then:"), width=34),
    ]
    rules = ruleset()
    bodies = body_words(rules)

    def rows() -> Iterator[list[Cell]]:
        after: int | None = None
        while True:
            with state().database.readers.begin() as session:
                found = store.list_agencies(session, after=after, size=_AT_ONCE)
                following = agency_store.successors(session, found.agencies)
            for each in found.agencies:
                following_one = following.get(each.succeeded_by or 0)
                yield [
                    say(agency_label(each)),
                    say(bodies.get(each.body, each.body)),
                    say(place_words(each.division)),
                    say(rules.tiers[each.tier].label if each.tier in rules.tiers else each.tier),
                    each.valid_from,
                    each.valid_until,
                    None if following_one is None else say(agency_label(following_one)),
                ]
            if found.next_key is None:
                return
            after = found.next_key

    return excel_answer(_("Agencies"), columns, rows(), note=made_by())


@blueprint.get("/people/divisions/excel")
@duty(Duty.KEEP_AGENCIES)
def divisions_excel() -> ResponseReturnValue:
    """The divisions of the law, with the days between which each existed."""
    noting.note(Act.EXPORT, item="organisation.divisions")
    known, rules = law.law().divisions, ruleset()
    columns = [
        Column(_("administrative division"), width=24),
        Column(_("Code"), width=14),
        Column(_("part of"), width=18),
        Column(_("whose government"), width=16),
        Column(_("from"), Shape.DATE, 12),
        Column(_("until"), Shape.DATE, 12),
        Column(_("then:"), width=24),
    ]

    def called(code: str | None) -> str | None:
        found = known.get(code or "")
        return None if found is None else say(found.label)

    rows = (
        [
            say(each.label),
            each.code,
            called(each.parent),
            say(rules.tiers[each.tier].label if each.tier in rules.tiers else each.tier),
            each.valid_from,
            each.valid_until,
            called(each.succeeded_by),
        ]
        for each in known.values()
    )
    return excel_answer(_("Divisions"), columns, rows, note=made_by())


@blueprint.get("/people/review/excel")
@duty(Duty.GIVE_POSTS)
def review_excel() -> ResponseReturnValue:
    """Offices, posts that end or are outlived, accounts without a post, and unused ones."""
    noting.note(Act.EXPORT, item="review.show")
    rules = ruleset()
    with state().database.readers.begin() as session:
        found = review_rights(session, ended_divisions(), on=today(), now=sent_at())
    columns = [
        Column(_("What it is"), width=30),
        Column(_("name"), width=16),
        Column(_("sign-in name"), width=20),
        Column(_("post"), width=24),
        Column(_("Place"), width=28),
        Column(_("from"), Shape.DATE, 12),
        Column(_("until"), Shape.DATE, 12),
    ]

    def of_posts(called: str, lines: Iterable[Held]) -> Iterator[list[Cell]]:
        for each in lines:
            post = post_view(rules, each.post, today())
            place = None if post.place is None else say(post.place)
            yield [
                called, each.name, each.login, say(post.role), place,
                each.post.valid_from, each.post.valid_until,
            ]  # fmt: skip

    def rows() -> Iterator[list[Cell]]:
        yield from of_posts(_("Administrator's office"), (each.held for each in found.offices))
        yield from of_posts(_("Post that ends soon"), found.ending)
        yield from of_posts(_("Post at what is no more"), found.outlived)
        yield from of_posts(_("Post of a deactivated account"), found.forgotten)
        for called, accounts in (
            (_("Account without a post"), found.without_post),
            (_("Account that is not used"), found.unused),
        ):
            for each in accounts:
                yield [called, each.name, each.login, None, None, None, None]

    return excel_answer(_("Review of rights"), columns, rows(), note=made_by())


@blueprint.get("/readings/excel")
@signed_in
def readings_excel() -> ResponseReturnValue:
    """Every unclear point of the rule in force, with its answers and who decided them."""
    rules = ruleset()
    noting.note(Act.EXPORT, item="readings.show")
    with state().database.readers.begin() as session:
        found = decisions_of(session, rules.profile)
    columns = [
        Column(_("Article"), width=18),
        Column(_("Question"), width=50),
        Column(_("Answer"), width=40),
        Column(_("Applies from"), Shape.DATE, 12),
        Column(_("Decided by"), width=24),
        Column(_("Document"), width=24),
        Column(_("Reason"), width=40),
    ]

    def rows() -> Iterator[list[Cell]]:
        for reading in rules.readings.values():
            head = [say(rules.citation(reading.basis)), say(reading.question)]
            answers = {each.id: each.label for each in reading.options}
            own = [each for each in found if each.reading == reading.id]
            for each in own:
                answer: Words = answers.get(each.chosen, Label(each.chosen, each.chosen))
                yield [
                    *head, say(answer), each.applies_from, each.decided_by, each.document,
                    each.reason,
                ]  # fmt: skip
            if not own:
                yield [*head, say(answers[reading.chosen]), None, None, None, None]

    return excel_answer(_("Register of readings"), columns, rows(), note=made_by())
