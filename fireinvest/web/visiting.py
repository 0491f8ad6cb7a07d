"""Who is here? Somebody who signed in, with today's posts, and as whom they act."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Flask, g, request, session
from flask_login import (
    AnonymousUserMixin,
    LoginManager,
    current_user,
    login_user,
    logout_user,
)

from fireinvest.china import CHINA
from fireinvest.clock import utcnow
from fireinvest.services.cases import may_open
from fireinvest.services.people import acts_as
from fireinvest.services.signing_in import From, Limits, note_seen, sign_in, sign_out, signed_in
from fireinvest.store.people import StoredPerson
from fireinvest.web.state import state
from fireinvest.workflow.permissions import Actor, Duty, has_duty

#: Under these names the signed cookie of the browser holds them.
_ACTING_FOR = "acting_for"
_TOKEN = "_user_id"  # noqa: S105 - the name that Flask-Login gives it


@dataclass(frozen=True)
class Visitor:
    """Somebody who is signed in.

    ``principals``: those for whom they may act today; ``acting_for`` the one for whom they do.
    """

    token: str
    person: StoredPerson
    actor: Actor
    principals: tuple[StoredPerson, ...]
    acting_for: StoredPerson | None

    # What Flask-Login asks of a user.
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """Return what the browser keeps: the token of this sign-in."""
        return self.token

    def has(self, duty: Duty) -> bool:
        """Have they an administrator's duty? Never as somebody's deputy."""
        return self.acting_for is None and has_duty(self.actor, duty)

    @property
    def acting_login(self) -> str | None:
        """The login of the one for whom they act, None when for themselves."""
        return None if self.acting_for is None else self.acting_for.login

    @property
    def can_open(self) -> bool:
        """Have they a post by which cases are opened?"""
        return may_open(self.actor, None)


def install(app: Flask) -> None:
    """Look up who is here when somebody asks."""
    manager = LoginManager()
    # The token's times are kept on the server; there is no second cookie that remembers.
    manager.session_protection = None
    manager.init_app(app)
    manager.user_loader(_load)
    app.context_processor(lambda: {"visitor": visitor()})


def origin() -> From:
    """Return where this request comes from."""
    return From(request.remote_addr, request.user_agent.string or None, g.get("request_id"))


def limits() -> Limits:
    """Return how long a sign-in lasts here."""
    settings = state().settings
    return Limits(settings.session_idle, settings.session_longest)


def _load(token: str) -> Visitor | None:
    database = state().database
    now = sent_at()
    with database.readers.begin() as reading:
        found = signed_in(reading, token, now=now, limits=limits())
        if found is None:
            return None
        wanted = session.get(_ACTING_FOR)
        actor, principals = acts_as(
            reading, found.person, today(), wanted if isinstance(wanted, str) else None
        )
    note_seen(database, found, now)
    acting_for = next((each for each in principals if each.login == wanted), None)
    return Visitor(token, found.person, actor, principals, acting_for)


def visitor() -> Visitor | None:
    """Return who is signed in, or None."""
    found: Any = current_user._get_current_object()
    return found if isinstance(found, Visitor) else None


def nobody() -> None:
    """Look nobody up for the rest of this request, as for the page that tells of a fault."""
    g._login_user = AnonymousUserMixin()


def who() -> Visitor:
    """Return who is signed in; only for views that ask for it."""
    found = visitor()
    assert found is not None  # noqa: S101 - the view's right was asked before
    return found


def enter(login: str, password: str) -> Visitor | None:
    """Sign somebody in and return them, or None for a wrong login or password."""
    entered = sign_in(state().database, login, password, now=sent_at(), origin=origin())
    if entered is None:
        return None
    # Nothing of an earlier session goes on in this one.
    session.clear()
    found = _load(entered[0])
    if found is not None:
        login_user(found)
    return found


def leave() -> None:
    """Sign out whoever is here, on the server and in the browser."""
    found = visitor()
    if found is not None:
        sign_out(state().database, found.token, now=sent_at(), origin=origin())
    logout_user()
    session.clear()


def act_for(login: str | None) -> bool:
    """Act for somebody from now on, or for oneself with None; return whether that is allowed."""
    found = who()
    if login is None:
        session.pop(_ACTING_FOR, None)
        return True
    if not any(each.login == login for each in found.principals):
        return False
    session[_ACTING_FOR] = login
    return True


def last_token() -> str | None:
    """Return the token that the browser still holds, though its sign-in may be over."""
    found = session.get(_TOKEN)
    return found if isinstance(found, str) else None


def today() -> date:
    """Return the day of this request in China, the same wherever it is asked for."""
    return sent_at().astimezone(CHINA).date()


def sent_at() -> datetime:
    """Return the instant of this request, the same wherever it is asked for."""
    if "sent_at" not in g:
        g.sent_at = utcnow()
    found: datetime = g.sent_at
    return found
