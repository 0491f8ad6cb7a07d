"""PLACEHOLDER: to be written."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from fireinvest.web.rights import signed_in

blueprint = Blueprint("clock", __name__, url_prefix="/cases")


@blueprint.get("/<number>/clocks/<clock>/<instance>")
@signed_in
def show(number: str, clock: str, instance: str) -> ResponseReturnValue:
    """Nothing yet."""
    return render_template("base.html")
