"""The slips of notices, printed: 催办单 and 督办单."""

from datetime import date

from flask import Blueprint, Response, abort, url_for
from flask.typing import ResponseReturnValue

from fireinvest.services.papers.printed import kind_of_slips, slip_docx
from fireinvest.services.slips import find_slip, make_slip
from fireinvest.web import law
from fireinvest.web.casework import open_file
from fireinvest.web.language import language
from fireinvest.web.printed import as_word, wants_word
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import origin, sent_at, who

blueprint = Blueprint("slips", __name__)


@blueprint.get(
    "/cases/<number>/slips/<rung>/<int(max=99999):occurrence>/<due>/<clock>/<path:instance>"
)
@signed_in
def make(
    number: str, rung: str, occurrence: int, due: str, clock: str, instance: str
) -> ResponseReturnValue:
    """The slip of a rung that is on record, as PDF or Word; that it was made stands in the log."""
    file = open_file(number)
    try:
        due_on = date.fromisoformat(due)
    except ValueError:
        abort(404)
    with state().database.readers.begin() as session:
        found = find_slip(session, file, rung, occurrence, due_on, clock, instance)
    if found is None:
        abort(404)
    me, address = who(), f"{state().settings.public_url}{url_for('certificates.check')}"
    kind = kind_of_slips(file, rung)
    if wants_word() and kind is not None:
        return as_word(
            f"{number}-{rung}",
            lambda: slip_docx(
                state().database, state().blobs, file, found, kind, me.person.login,
                address=address, now=sent_at(), law=law.law(), acting_for=me.acting_login,
                origin=origin(),
            ),
            back=url_for("clock.show", number=number, clock=clock, instance=instance),
        )  # fmt: skip
    made = make_slip(
        state().database,
        file,
        found,
        me.person.login,
        me.person.name,
        address=address,
        now=sent_at(),
        law=law.law(),
        language=language(),
        acting_for=me.acting_login,
        origin=origin(),
    )
    answer = Response(made.pdf, mimetype="application/pdf")
    answer.headers.set(
        "Content-Disposition", "attachment", filename=f"{number}-{rung}-{made.code[:9]}.pdf"
    )
    return answer
