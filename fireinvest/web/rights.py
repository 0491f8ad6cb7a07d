"""Who may ask for a page? Every view declares it; what isn't declared is refused.

What somebody may see and do in a case is the core's to say. Here stands only who gets as far as
the view.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from flask import Flask, abort, current_app, request
from flask.typing import ResponseReturnValue

from fireinvest.web import keeping
from fireinvest.web.visiting import visitor
from fireinvest.workflow.permissions import Duty

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


class Right(StrEnum):
    """For whom is a view, if not for an office?"""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"


#: Views that the frame's libraries bring: files of the application itself.
ASSETS = ("static", "bootstrap.static")


def public(view: View) -> View:
    """Mark a view as one for everybody: it shows the law, and nothing of anybody's cases."""
    return _marked(view, Right.PUBLIC)


def signed_in(view: View) -> View:
    """Mark a view as one for whoever is signed in; what they see there, the core decides."""
    return _marked(view, Right.SIGNED_IN)


def duty(which: Duty) -> Callable[[View], View]:
    """Mark a view as one for the administrators whose office has this duty."""
    return lambda view: _marked(view, which)


def _marked(view: View, right: Right | Duty) -> View:
    view.right = right  # type: ignore[attr-defined] # functions take attributes
    return view


def right_of(endpoint: str) -> Right | Duty | None:
    """Return for whom the view behind an endpoint is, None where nobody said."""
    if endpoint in ASSETS:
        return Right.PUBLIC
    return getattr(current_app.view_functions[endpoint], "right", None)


def install(app: Flask) -> None:
    """Ask before every view."""
    app.before_request(_ask)


def _ask() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None  # No such page: nothing to protect.
    right = right_of(request.endpoint)
    if right is Right.PUBLIC:
        return None
    who = visitor()
    if who is None:
        return keeping.ask_to_sign_in()
    if right is not Right.SIGNED_IN and not (isinstance(right, Duty) and who.has(right)):
        abort(403)
    return None
