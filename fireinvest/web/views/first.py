"""The first page: the desk of whoever is signed in."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from fireinvest.web.rights import public
from fireinvest.web.visiting import visitor

blueprint = Blueprint("first", __name__)


@blueprint.get("/")
@public
def show() -> ResponseReturnValue:
    """Lead to the desk, or to the sign-in page."""
    return redirect(url_for("desk.show" if visitor() else "sign_in.show"))
