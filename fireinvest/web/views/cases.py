"""PLACEHOLDER: to be written."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from fireinvest.web.rights import signed_in

blueprint = Blueprint("cases", __name__, url_prefix="/cases")


@blueprint.get("")
@signed_in
def show() -> ResponseReturnValue:
    """Nothing yet."""
    return render_template("base.html")
