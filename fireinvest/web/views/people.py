"""People and posts: the pages of two administrators, neither of whom sees a case by that.

The system administrator keeps accounts; the security administrator gives posts and deputies. Each
sees what the other keeps only as far as the own work needs it, and why there is no button.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from fireinvest.messages import Faulty, Label, Problem, Text, Words
from fireinvest.regulation.calendar import LAST_DAY
from fireinvest.regulation.profile import Ruleset
from fireinvest.services import people as accounts
from fireinvest.services.drafts import Kept, drop_draft, find_draft
from fireinvest.services.people import By, Change, Post
from fireinvest.services.wording import OFFICE_NAMES
from fireinvest.store import Session
from fireinvest.store import people as store
from fireinvest.store.people import Agency, ChangeLine, DeputyLine, PostLine, StoredPerson
from fireinvest.store.sign_ins import SignInLine, last_seen, latest_sign_ins
from fireinvest.web import law
from fireinvest.web.forms import people as forms
from fireinvest.web.forms.people import Choice, Field, Written
from fireinvest.web.forms.step import login_in, person_shown, placed
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.leaving import Leaving
from fireinvest.web.rights import duty
from fireinvest.web.state import state
from fireinvest.web.visiting import limits, origin, sent_at, today, who
from fireinvest.workflow.permissions import SYSTEM, Duty

blueprint = Blueprint("people", __name__, url_prefix="/people")

#: How many people, or agencies, a page of a list shows.
PAGE = 50

_LATEST_SIGN_INS = 50
_LATEST_CHANGES = 200
_LONGEST_SEARCH = 100

#: The largest number that names a row.
_ID = "<int(min=1, max=2147483647):"

#: Agencies whose people hold posts of the rule, though the rule doesn't name them among its bodies.
OTHER_BODIES: Mapping[str, Text] = {
    "government_office": Text("office of the government"),
    "other": Text("another authority"),
}

#: What a line of the access log says on a page.
CHANGES: Mapping[Change, Text] = {
    Change.PERSON_ADDED: Text("added"),
    Change.PASSWORD_SET: Text("password set"),
    Change.CODE_ISSUED: Text("one-time code made"),
    Change.CODE_USED: Text("one-time code used"),
    Change.WAIT_LIFTED: Text("wait after failed attempts lifted"),
    Change.FACTOR_ADDED: Text("second factor added"),
    Change.FACTOR_RENAMED: Text("second factor renamed"),
    Change.FACTOR_REMOVED: Text("second factor removed"),
    Change.FACTORS_RESET: Text("second factors reset"),
    Change.RECOVERY_CODES_MADE: Text("recovery codes made"),
    Change.RECOVERY_CODE_USED: Text("recovery code used"),
    Change.OWN_PASSWORD_CHANGED: Text("own password changed"),
    Change.OWN_PASSWORD_REFUSED: Text("change of own password refused: the old one was wrong"),
    Change.DEACTIVATED: Text("deactivated"),
    Change.REACTIVATED: Text("reactivated"),
    Change.POST_GIVEN: Text("post given"),
    Change.POST_ENDED: Text("post ended"),
    Change.DEPUTY_NAMED: Text("deputy named"),
    Change.DEPUTY_ENDED: Text("deputy ended"),
    Change.SIGN_INS_ENDED: Text("other sign-ins ended"),
    Change.POST_MOVED: Text("post taken over by the successor of the agency"),
    Change.AGENCY_ADDED: Text("agency added"),
    Change.AGENCY_RENAMED: Text("agency renamed"),
    Change.AGENCY_ENDED: Text("agency ended"),
    Change.AGENCY_MERGED: Text("agency merged into another"),
    Change.RIGHTS_REVIEWED: Text("rights reviewed"),
    Change.CASES_HANDED_OVER: Text("cases handed over"),
    Change.PROVIDER_LINKED: Text("bound to an account at the provider of sign-ins"),
    Change.PROVIDER_UNLINKED: Text("unbound from the account at the provider of sign-ins"),
}

#: What of it is the security administrator's to see alone.
_OF_POSTS = frozenset(
    {
        Change.POST_GIVEN,
        Change.POST_ENDED,
        Change.POST_MOVED,
        Change.DEPUTY_NAMED,
        Change.DEPUTY_ENDED,
    }
)


# ---------------------------------------------------------------------------- words


@dataclass(frozen=True, slots=True)
class PostView:
    """A post in words; ``standing``: past, current, or coming on the day of asking."""

    line: PostLine
    role: Words
    place: Words | None
    tier: Words | None
    standing: str
    given_by: str
    given_at: datetime | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change of an account in words: what it was, of which post or person, and by whom."""

    line: ChangeLine
    words: Words
    about: tuple[Words, ...]
    by: Words
    reason: str | None


def ruleset() -> Ruleset:
    """Return the law whose words these pages use: that of today where this house stands."""
    return law.law().in_force(law.home_division(), min(today(), LAST_DAY))


def role_words(rules: Ruleset, role: str) -> Words:
    """Return what a post is called."""
    if role in OFFICE_NAMES:
        return OFFICE_NAMES[role]
    return rules.roles[role].label if role in rules.roles else role


def body_words(rules: Ruleset) -> dict[str, Words]:
    """Return the kinds of agencies: those of the rule first."""
    return {**{each.id: each.label for each in rules.bodies.values()}, **OTHER_BODIES}


def place_words(code: str) -> Words:
    """Return what a division is called."""
    found = law.law().divisions.get(code)
    return found.label if found is not None else code


def post_view(rules: Ruleset, line: PostLine, on: date, given_by: str | None = None) -> PostView:
    """Return a post in words, as it stands on a day."""
    place: Words | None = line.agency
    if place is None and line.division is not None:
        place = place_words(line.division)
    tier = rules.tiers.get(line.tier or "")
    standing = "current" if line.holds_on(on) else "coming" if line.valid_from > on else "past"
    return PostView(
        line,
        role_words(rules, line.role),
        place,
        tier.label if tier is not None else None,
        standing,
        given_by or line.granted_by,
    )


# ---------------------------------------------------------------------------- lists


@blueprint.get("")
@duty(Duty.LIST_PEOPLE)
def show() -> ResponseReturnValue:
    """Everybody who has an account, by login."""
    text, is_active = asked_people()
    after = forms.tidy(request.args.get("after"))[:_LONGEST_SEARCH] or None
    rules = ruleset()
    with state().database.readers.begin() as session:
        found = store.list_people(session, text=text, is_active=is_active, after=after, size=PAGE)
        ids = [each.id for each in found.people]
        posts = store.posts_of_people(session, ids, today())
        seen = last_seen(session, ids)
    return render_template(
        "people/list.html",
        people=found.people,
        posts={
            key: [post_view(rules, each, today()) for each in lines] for key, lines in posts.items()
        },
        seen=seen,
        text=text,
        standing={True: "active", False: "left", None: ""}[is_active],
        after=after,
        next_key=found.next_key,
    )


def asked_people() -> tuple[str, bool | None]:
    """Return what names the address looks for, and whether for accounts in use, if for either."""
    text = forms.tidy(request.args.get("q"))[:_LONGEST_SEARCH]
    return text, {"active": True, "left": False}.get(request.args.get("standing", ""))


# ---------------------------------------------------------------------------- one person


@blueprint.get(f"/{_ID}person_id>")
@duty(Duty.LIST_PEOPLE)
def person(person_id: int) -> ResponseReturnValue:
    """An account: posts past and present, deputies, sign-ins, and what was changed by whom."""
    rules, on = ruleset(), today()
    keeps_posts = who().has(Duty.GIVE_POSTS)
    kinds = [each for each in CHANGES if keeps_posts or each not in _OF_POSTS]
    with state().database.readers.begin() as session:
        found = store.find_person(session, person_id)
        if found is None:
            abort(404)
        added_at = store.created_at(session, person_id)
        posts = store.posts_at_places(session, person_id)
        on_cases = store.count_posts_on_cases(session, person_id, on)
        changes = store.changes_of(session, found.login, kinds, _LATEST_CHANGES)
        deputies = store.deputies_of(session, person_id) if keeps_posts else []
        sign_ins = (
            latest_sign_ins(session, person_id, _LATEST_SIGN_INS)
            if who().has(Duty.GUARD_SIGN_INS)
            else []
        )
        givers = {each.granted_by for each in posts} | {each.granted_by for each in deputies}
        names = store.names_of_logins(session, givers)
    views = _with_givers([post_view(rules, each, on) for each in posts], names, changes)
    return render_template(
        "people/person.html",
        person=found,
        added_at=added_at,
        posts=views,
        posts_today=[each for each in views if each.standing == "current"],
        on_cases=on_cases,
        deputies=[each for each in deputies if each.acts_for.id == person_id],
        principals=[each for each in deputies if each.person.id == person_id],
        names=names,
        sign_ins=[each for each in sign_ins if is_open(each)],
        changes=[_change_view(each, views, deputies) for each in changes],
        is_self=person_id == who().person.id,
        carries=0 if found.is_active else Leaving.of(found).carried,
        today=on,
    )


def is_open(line: SignInLine) -> bool:
    """Is somebody still signed in by it?"""
    bounds = limits()
    return (
        line.ended_at is None
        and line.needs is None
        and sent_at() - line.seen_at <= bounds.idle
        and sent_at() - line.began_at <= bounds.longest
    )


def _with_givers(
    views: Iterable[PostView], names: Mapping[str, str], changes: Iterable[ChangeLine]
) -> list[PostView]:
    """The posts with who gave and ended them, and when, as far as the access log tells."""
    given: dict[str, ChangeLine] = {}
    ended: dict[str, ChangeLine] = {}
    for line in changes:
        if line.what == Change.POST_GIVEN:
            given[line.item] = line
        elif line.what == Change.POST_ENDED:
            ended.setdefault(line.item, line)
    found = []
    for view in views:
        key = f"post:{view.line.id}"
        began, over = given.get(key), ended.get(key)
        found.append(
            PostView(
                view.line,
                view.role,
                view.place,
                view.tier,
                view.standing,
                names.get(view.line.granted_by, view.line.granted_by),
                began.happened_at if began else None,
                (over.by_name or over.by) if over else None,
                over.happened_at if over else None,
            )
        )
    return found


def _change_view(
    line: ChangeLine, posts: Iterable[PostView], deputies: Iterable[DeputyLine]
) -> ChangeView:
    about: tuple[Words, ...] = ()
    for post in posts:
        if line.item == f"post:{post.line.id}":
            about = tuple(each for each in (post.role, post.place) if each is not None)
    for each in deputies:
        if line.item == f"deputy:{each.id}":
            text = Text("%(deputy)s for %(name)s", deputy=each.person.name, name=each.acts_for.name)
            about = (text,)
    if line.what in (Change.POST_ENDED, Change.DEPUTY_ENDED) and "valid_until" in line.new:
        about = (*about, Text("until %(day)s", day=f"{line.new['valid_until']}"))
    by = Text("the operator, by a command") if line.by == SYSTEM else line.by_name or line.by or ""
    return ChangeView(line, CHANGES[Change(line.what)], about, by, line.reason)


# ---------------------------------------------------------------------------- forms


def acting_by() -> By:
    """Return who changes something here, as the log names them."""
    return By(who().person.login, sent_at(), today(), origin())


def run_form(
    title: Text,
    fields: Iterable[Field],
    save: Callable[[Written], str | Response],
    *,
    back: str,
    submit: Text,
    about: StoredPerson | None = None,
    lead: Text | None = None,
    notes: tuple[Words, ...] = (),
    given: Mapping[str, str] | None = None,
    keeps: bool = True,
) -> ResponseReturnValue:
    """Show a form, or save what was sent and go on to the address, or the page, that ``save`` returns.

    ``notes``: what to know beforehand. ``keeps``: whether the view keeps drafts; then the form
    opens with the person's own.
    """
    me, draft = who().person.id, None
    if request.method == "POST":
        written = Written(fields, request.form)
        try:
            done = save(written)
        except Faulty as faulty:
            beside = placed(faulty.problems)
            page = _form_page(title, written, beside, back, submit, about, lead, notes, None)
            return page, 400
        if keeps:
            drop_draft(state().database, me, request.path)
        return redirect(done, 303) if isinstance(done, str) else done
    if keeps:
        with state().database.readers.begin() as session:
            draft = find_draft(session, me, request.path)
    held = MultiDict(draft.fields) if draft else MultiDict((given or {}).items())
    return _form_page(title, Written(fields, held), {}, back, submit, about, lead, notes, draft)


def _form_page(
    title: Text,
    written: Written,
    beside: Mapping[str, list[Words]],
    back: str,
    submit: Text,
    about: StoredPerson | None,
    lead: Text | None,
    notes: tuple[Words, ...],
    draft: Kept | None,
) -> str:
    names = {each.name for each in written.fields}
    return render_template(
        "people/form.html",
        title=title,
        written=written,
        beside=beside,
        elsewhere=[text for name, texts in beside.items() if name not in names for text in texts],
        back=back,
        submit=submit,
        about=about,
        lead=lead,
        notes=notes,
        draft=draft,
        address=request.path,
    )


def _found(person_id: int) -> StoredPerson:
    with state().database.readers.begin() as session:
        found = store.find_person(session, person_id)
    if found is None:
        abort(404)
    return found


@blueprint.route(f"/{_ID}person_id>/deactivate", methods=["GET", "POST"])
@duty(Duty.KEEP_ACCOUNTS)
@keeps_drafts
def deactivate(person_id: int) -> ResponseReturnValue:
    """Let somebody no longer sign in; what they did and held stays on record."""
    found = _found(person_id)
    leaving = Leaving.of(found)

    def save(written: Written) -> str:
        reason = written.line("reason")
        successor = leaving.successor(written)
        written.check()
        accounts.set_active(
            state().database, person_id, is_active=False, reason=reason, by=acting_by()
        )
        if found.is_active:
            flash(_("%(name)s can no longer sign in, and is signed out.", name=found.name), "done")
        leaving.hand_over(successor, reason, acting_by())
        return url_for("people.person", person_id=person_id)

    return run_form(
        Text("Deactivate the account") if found.is_active else Text("Hand the cases over"),
        (*forms.reason_fields(), *leaving.fields),
        save,
        back=url_for("people.person", person_id=person_id),
        submit=Text("Deactivate") if found.is_active else Text("Hand the cases over"),
        about=found,
        lead=Text(
            "They are signed out everywhere. Posts stay until the security administrator ends "
            "them, and nothing of what they did is lost."
        ),
        notes=leaving.notes,
    )


@blueprint.route(f"/{_ID}person_id>/reactivate", methods=["GET", "POST"])
@duty(Duty.KEEP_ACCOUNTS)
@keeps_drafts
def reactivate(person_id: int) -> ResponseReturnValue:
    """Let somebody sign in again, with the posts that they still hold."""
    found = _found(person_id)

    def save(written: Written) -> str:
        reason = written.line("reason")
        written.check()
        accounts.set_active(
            state().database, person_id, is_active=True, reason=reason, by=acting_by()
        )
        flash(_("%(name)s can sign in again.", name=found.name), "done")
        return url_for("people.person", person_id=person_id)

    return run_form(
        Text("Reactivate the account"),
        forms.reason_fields(),
        save,
        back=url_for("people.person", person_id=person_id),
        submit=Text("Reactivate"),
        about=found,
        lead=Text("Posts that were not ended meanwhile hold again."),
    )


@blueprint.route(f"/{_ID}person_id>/posts/new", methods=["GET", "POST"])
@duty(Duty.GIVE_POSTS)
@keeps_drafts
def give_post(person_id: int) -> ResponseReturnValue:
    """Give somebody a post at an agency, or at a tier's government in a place."""
    found, rules = _found(person_id), ruleset()
    with state().database.readers.begin() as session:
        there = {each.id: each for each in store.agencies_from(session, today())}
    fields = forms.post_fields(
        [Choice(each.id, each.label) for each in rules.roles.values()],
        [
            Choice(f"{each.id}", agency_label(each), place_words(each.division))
            for each in there.values()
        ],
        division_choices(),
        tier_choices(rules),
    )

    def save(written: Written) -> str:
        role, agency_id = written.choice("role"), written.number("agency")
        division, tier = written.choice("division"), written.choice("tier")
        first, last = written.day("valid_from"), written.day("valid_until")
        reason = written.line("reason")
        _check_place(written, there.get(agency_id or 0), division, tier, first)
        written.check()
        assert role is not None  # noqa: S101 - checked just now
        assert first is not None  # noqa: S101 - checked just now
        accounts.give_post(
            state().database,
            person_id,
            Post(role, agency_id=agency_id, division=division, tier=tier),
            valid_from=first,
            valid_until=last,
            granted_by=who().person.login,
            reason=reason,
            by=acting_by(),
        )
        flash(_("The post is given."), "done")
        return url_for("people.person", person_id=person_id)

    return run_form(
        Text("Give a post"),
        fields,
        save,
        back=url_for("people.person", person_id=person_id),
        submit=Text("Give the post"),
        about=found,
        lead=Text(
            "A post at a place shows its cases and those of the places below it. Members of a "
            "team are named in the case itself."
        ),
        given={"valid_from": today().isoformat()},
    )


@blueprint.route(f"/{_ID}person_id>/offices/new", methods=["GET", "POST"])
@duty(Duty.GIVE_POSTS)
@keeps_drafts
def give_office(person_id: int) -> ResponseReturnValue:
    """Make somebody one of the three administrators: an office has no place and shows no case."""
    found = _found(person_id)

    def save(written: Written) -> str:
        office = written.choice("role")
        first, last = written.day("valid_from"), written.day("valid_until")
        reason = written.line("reason")
        written.check()
        assert office is not None  # noqa: S101 - checked just now
        assert first is not None  # noqa: S101 - checked just now
        accounts.give_post(
            state().database,
            person_id,
            Post(office),
            valid_from=first,
            valid_until=last,
            granted_by=who().person.login,
            reason=reason,
            by=acting_by(),
        )
        flash(_("The office is given."), "done")
        return url_for("people.person", person_id=person_id)

    return run_form(
        Text("Give an office"),
        forms.office_fields(Choice(each, words) for each, words in OFFICE_NAMES.items()),
        save,
        back=url_for("people.person", person_id=person_id),
        submit=Text("Give the office"),
        about=found,
        lead=Text(
            "Of the three administrators none does another's work: one person holds one office "
            "at most. An office has no place and shows no case."
        ),
        given={"valid_from": today().isoformat()},
    )


def _check_place(
    written: Written,
    agency: Agency | None,
    division: str | None,
    tier: str | None,
    first: date | None,
) -> None:
    """A post is at an agency, or at a tier's government in a place."""
    problems = written.problems
    if agency is not None:
        if division is not None or tier is not None:
            text = Text("Choose either an agency, or a place and its government.")
            problems.append(Problem("agency", text))
        return
    check_division(problems, division, first)
    for name, value in (("division", division), ("tier", tier)):
        if value is None and not any(each.field == name for each in problems):
            problems.append(Problem(name, forms.NEEDED))


def check_division(problems: list[Problem], division: str | None, first: date | None) -> None:
    """Note what is wrong where a division isn't there on a first day."""
    if division is not None and first is not None:
        try:
            law.law().division(division, first)
        except Faulty as faulty:
            problems.extend(faulty.problems)


def agency_label(agency: Agency) -> Label:
    """Return what an agency is called."""
    return Label(agency.label_zh, agency.label_en)


def division_choices() -> list[Choice]:
    """Return the divisions that there are today or later, to choose from."""
    known = law.law().divisions.values()
    return [
        Choice(each.code, each.label) for each in known if (each.valid_until or today()) >= today()
    ]


def tier_choices(rules: Ruleset) -> list[Choice]:
    """Return whose government an agency or a post can be of."""
    return [Choice(each.id, each.label) for each in rules.tiers.values()]


@blueprint.route(f"/{_ID}person_id>/posts/{_ID}grant_id>/end", methods=["GET", "POST"])
@duty(Duty.GIVE_POSTS)
@keeps_drafts
def end_post(person_id: int, grant_id: int) -> ResponseReturnValue:
    """Let a post end with a day."""
    with state().database.readers.begin() as session:
        found, post = store.find_person(session, person_id), store.find_post(session, grant_id)
    if found is None or post is None or post.person_id != person_id or post.case is not None:
        abort(404)
    view = post_view(ruleset(), post, today())
    leaving = Leaving.of(found, post.role)

    def save(written: Written) -> str:
        reason = written.line("reason")
        successor = leaving.successor(written)
        last_on = _last_day(written, post.valid_until)
        if last_on >= post.valid_from:
            # First: what was interrupted is then done again from this page.
            leaving.hand_over(successor, reason, acting_by())
        accounts.end_post(state().database, grant_id, last_on, reason=reason, by=acting_by())
        flash(_("The post ends with %(day)s.", day=last_on), "done")
        return url_for("people.person", person_id=person_id)

    return run_form(
        Text("End the post: %(role)s", role=view.role),
        (*forms.end_fields(), *leaving.fields),
        save,
        back=url_for("people.person", person_id=person_id),
        submit=Text("End the post"),
        about=found,
        notes=leaving.notes,
        given={"last_on": today().isoformat()},
    )


def _last_day(written: Written, until: date | None) -> date:
    last_on = written.day("last_on")
    if last_on is not None and until is not None and last_on >= until:
        text = Text("It ends with %(day)s already.", day=until)
        written.problems.append(Problem("last_on", text))
    written.check()
    assert last_on is not None  # noqa: S101 - checked just now
    return last_on


@blueprint.route(f"/{_ID}person_id>/deputies/new", methods=["GET", "POST"])
@duty(Duty.GIVE_POSTS)
@keeps_drafts
def name_deputy(person_id: int) -> ResponseReturnValue:
    """Let somebody act for this person for a while."""
    found = _found(person_id)
    with state().database.readers.begin() as session:
        others = [each for each in store.suggested_people(session) if each.id != person_id]
    fields = forms.deputy_fields(person_shown(each.login, each.name) for each in others)

    def save(written: Written) -> str:
        called = written.line("deputy")
        first, last = written.day("valid_from"), written.day("valid_until")
        reason = written.line("reason")
        deputy = _called(written, called) if called else None
        written.check()
        assert deputy is not None  # noqa: S101 - checked just now
        assert first is not None  # noqa: S101 - checked just now
        assert last is not None  # noqa: S101 - checked just now
        try:
            accounts.name_deputy(
                state().database,
                person_id=deputy.id,
                acts_for_id=person_id,
                valid_from=first,
                valid_until=last,
                granted_by=who().person.login,
                reason=reason,
                by=acting_by(),
            )
        except Faulty as faulty:
            raise Faulty(
                Problem("deputy", each.text) if each.field == "acts_for" else each
                for each in faulty.problems
            ) from faulty
        flash(_("%(name)s is named as the deputy.", name=deputy.name), "done")
        return url_for("people.person", person_id=person_id)

    return run_form(
        Text("Name a deputy"),
        fields,
        save,
        back=url_for("people.person", person_id=person_id),
        submit=Text("Name the deputy"),
        about=found,
        lead=Text(
            "The deputy acts with this person's posts, under the own name; never as administrator."
        ),
        given={"valid_from": today().isoformat()},
    )


def _called(written: Written, called: str) -> StoredPerson | None:
    """Whoever is meant by a name or login; what is wrong is noted."""
    with state().database.readers.begin() as session:
        logins = store.logins_called(session, login_in(called) or called)
        if len(logins) == 1:
            return store.find_login(session, logins[0])
    text = Text("There is no such person.")
    if logins:
        text = Text("More than one account has this name; choose one from the list.")
    written.problems.append(Problem("deputy", text))
    return None


@blueprint.route(f"/{_ID}person_id>/deputies/{_ID}deputy_id>/end", methods=["GET", "POST"])
@duty(Duty.GIVE_POSTS)
@keeps_drafts
def end_deputy(person_id: int, deputy_id: int) -> ResponseReturnValue:
    """Let a deputy act until a day only."""
    with state().database.readers.begin() as session:
        found = store.find_deputy(session, deputy_id)
    if found is None or found.acts_for.id != person_id:
        abort(404)

    def save(written: Written) -> str:
        reason = written.line("reason")
        last_on = _last_day(written, found.valid_until)
        accounts.end_deputy(state().database, deputy_id, last_on, reason=reason, by=acting_by())
        flash(_("%(name)s acts until %(day)s.", name=found.person.name, day=last_on), "done")
        return url_for("people.person", person_id=person_id)

    return run_form(
        Text("End the deputy: %(name)s", name=found.person.name),
        forms.end_fields(),
        save,
        back=url_for("people.person", person_id=person_id),
        submit=Text("End it"),
        about=found.acts_for,
        given={"last_on": today().isoformat()},
    )


def current_posts(session: Session, person_id: int, rules: Ruleset, on: date) -> list[PostView]:
    """Return the posts that somebody holds on a day, in words."""
    return [post_view(rules, each, on) for each in store.posts_on(session, person_id, on)]
