"""Certificates of clocks: made as a PDF, and checked by their code."""

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fireinvest.services.certificates import check_certificate, make_certificate
from fireinvest.services.papers.printed import certificate_docx, kind_of_certificates
from fireinvest.store.people import names_of_logins
from fireinvest.web import law
from fireinvest.web.casework import open_file
from fireinvest.web.language import language
from fireinvest.web.printed import as_word, wants_word
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import origin, sent_at, today, who

blueprint = Blueprint("certificates", __name__)

_LONGEST = 60


@blueprint.get("/cases/<number>/certificates/<clock>/<path:instance>")
@signed_in
def make(number: str, clock: str, instance: str) -> ResponseReturnValue:
    """The certificate of one instance of a clock, as PDF or Word; the log tells that it was made."""
    file = open_file(number)
    found = file.deadline(clock, instance)
    if found is None:
        abort(404)
    me, address = who(), f"{state().settings.public_url}{url_for('certificates.check')}"
    kind = kind_of_certificates(file)
    if wants_word() and kind is not None:
        return as_word(
            f"{number}-{clock}",
            lambda: certificate_docx(
                state().database, state().blobs, file, found, kind, me.person.login,
                address=address, now=sent_at(), law=law.law(), acting_for=me.acting_login,
                origin=origin(),
            ),
            back=url_for("clock.show", number=number, clock=clock, instance=instance),
        )  # fmt: skip
    made = make_certificate(
        state().database,
        file,
        found,
        me.person.login,
        me.person.name,
        address=address,
        now=sent_at(),
        language=language(),
        acting_for=me.acting_login,
        origin=origin(),
    )
    answer = Response(made.pdf, mimetype="application/pdf")
    answer.headers.set(
        "Content-Disposition", "attachment", filename=f"{number}-{clock}-{made.code[:9]}.pdf"
    )
    return answer


@blueprint.get("/certificates")
@signed_in
def check() -> ResponseReturnValue:
    """Where a code is typed."""
    typed = request.args.get("code", "").strip()[:_LONGEST]
    if typed:
        return redirect(url_for("certificates.show", code=typed))
    return render_template("certificates/page.html", typed="", checked=None, names={})


@blueprint.get("/certificates/<code>")
@signed_in
def show(code: str) -> ResponseReturnValue:
    """What the log knows of a certificate, and whether its date is still the clock's."""
    typed = code[:_LONGEST]
    with state().database.readers.begin() as session:
        checked = check_certificate(session, who().actor, typed, law.calendar(), today())
        people = {each.person for each in checked.made} if checked else set()
        names = names_of_logins(session, people)
    page = render_template("certificates/page.html", typed=typed, checked=checked, names=names)
    return page, 200 if checked else 404
