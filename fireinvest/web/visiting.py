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
from fireinvest.services.attempts import Kind
from fireinvest.services.cases import may_open
from fireinvest.services.people import acts_as
from fireinvest.services.signing_in import (
    Demands,
    Entered,
    From,
    Knock,
    Limits,
    note_seen,
    sign_in,
    sign_out,
    signed_in,
)
from fireinvest.services.signing_in import begun as begun_sign_in
from fireinvest.store.people import Principal, StoredPerson
from fireinvest.store.sign_ins import StoredSignIn
from fireinvest.web import browsers, law
from fireinvest.web.policies import attempt_limits, password_policy
from fireinvest.web.state import state
from fireinvest.workflow.permissions import Actor, Duty, has_duty, may_read_imported

#: Under these names the signed cookie of the browser holds them.
_ACTING_FOR = "acting_for"
_TOKEN = "_user_id"  # noqa: S105 - the name that Flask-Login gives it
_BEGUN = "begun"


@dataclass(frozen=True)
class Visitor:
    """Somebody who is signed in.

    ``principals``: those for whom they may act today; ``acting_for`` the one for whom they do.
    """

    token: str
    sign_in: StoredSignIn
    person: StoredPerson
    actor: Actor
    principals: tuple[Principal, ...]
    acting_for: Principal | None

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
    def keeps_archive(self) -> bool:
        """Have they a post by which files are filed, kept and disposed of?"""
        return self.can_open or any(
            each.role in ("archivist", "agency_head") for each in self.actor.grants
        )

    @property
    def reads_imported(self) -> bool:
        """Have they a post by which files from other installations are read?"""
        return may_read_imported(self.actor)

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
            reading,
            found.person,
            today(),
            wanted if isinstance(wanted, str) else None,
            law=law.law(),
        )
    note_seen(database, found, now)
    acting_for = next((each for each in principals if each.login == wanted), None)
    return Visitor(token, found, found.person, actor, principals, acting_for)


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


def demands() -> Demands:
    """Return what a sign-in has to bring here."""
    settings = state().settings
    return Demands(
        settings.needs_second_factor,
        settings.secret_key,
        password_policy(),
        attempt_limits(),
        provider_only=settings.oidc is not None and settings.oidc.is_only,
    )


def knock(login: str) -> Knock:
    """Return when and from where this request tries something with a login."""
    attempt = browsers.attempt_of(Kind.PASSWORD, login)
    return Knock(sent_at(), origin(), attempt.browser)


def enter(login: str, password: str) -> Entered:
    """Sign somebody in by their password, as far as that goes.

    Raises:
        Faulty: for a wrong login or password.

    """
    entered = sign_in(state().database, login, password, demands=demands(), knock=knock(login))
    go_in(entered)
    return entered


def go_in(entered: Entered) -> None:
    """Let the browser hold the token of a step that was just done, and nothing of before."""
    session.clear()
    if entered.needs is not None:
        session[_BEGUN] = entered.token
        return
    browsers.remember(entered.person)
    found = _load(entered.token)
    if found is not None:
        login_user(found)


def begun() -> tuple[str, StoredSignIn] | None:
    """Return the sign-in that this browser has begun, with its token; None once it is too old."""
    token = session.get(_BEGUN)
    if not isinstance(token, str):
        return None
    with state().database.readers.begin() as reading:
        found = begun_sign_in(reading, token, sent_at())
    return None if found is None else (token, found)


def renew(token: str) -> None:
    """Let the browser hold another token of the same sign-in, as after a proof of who it is."""
    found = _load(token)
    if found is not None:
        login_user(found)


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
