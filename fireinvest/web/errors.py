"""What does a person see when something cannot be answered? A plain page, and no inner details."""

import logging
from http import HTTPStatus

from flask import Flask, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import (
    Gone,
    HTTPException,
    InternalServerError,
    NotFound,
    ServiceUnavailable,
)
from werkzeug.http import HTTP_STATUS_CODES

from fireinvest.gateways.blobs import StoreAway
from fireinvest.services.cases import DisposedCase, NoSuchCase
from fireinvest.web import keeping, noting, visiting

logger = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Answer every refusal and fault with a page, or with JSON under /health."""
    app.register_error_handler(CSRFError, _lost_token)
    app.register_error_handler(DisposedCase, _tell_disposed)
    app.register_error_handler(NoSuchCase, _hide)
    app.register_error_handler(StoreAway, _wait)
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(InternalServerError, _answer)
    app.after_request(_note_refusal)


def _hide(_problem: NoSuchCase) -> ResponseReturnValue:
    """Answer as if there were no such case, whether there is one or not."""
    g.hides_case = True
    return _answer(NotFound())


def _tell_disposed(_problem: DisposedCase) -> ResponseReturnValue:
    """Tell whoever could have seen a case that it was disposed of, and nothing of it."""
    return _answer(Gone())


def _wait(problem: StoreAway) -> ResponseReturnValue:
    """Answer that the store of files is away; the server's log says why."""
    logger.warning("the store of files is away", exc_info=problem)
    return _answer(ServiceUnavailable())


def _note_refusal(response: Response) -> Response:
    if response.status_code == HTTPStatus.FORBIDDEN or g.get("hides_case"):
        noting.note_refused()
    return response


def _lost_token(problem: CSRFError) -> ResponseReturnValue:
    return keeping.after_lost_token() or _answer(problem)


def _words(status: int) -> tuple[str, str]:
    match status:
        case 400:
            return _("This request could not be understood"), _(
                "Nothing was changed. If the page was open for a long time, go back, load it "
                "again and repeat the step."
            )
        case 403:
            return _("You may not see or do this"), _("Nothing was changed.")
        case 404:
            return _("There is no such page"), _(
                "The address may be mistyped, or the page may have moved."
            )
        case 405:
            return _("This address does not take that kind of request"), _(
                "Nothing was changed. Open the page from the menu."
            )
        case 410:
            return _("This case was disposed of"), _(
                "Its time in the archive was over. The disposal list keeps what it was."
            )
        case 413:
            return _("This is too much at once"), _(
                "Nothing was changed. Shorten the text or choose a smaller file."
            )
        case 503:
            return _("The files can't be reached just now"), _(
                "Nothing was changed. Wait a moment, then do the same again; what you wrote is "
                "still in the form when you go back."
            )
        case _ if status >= 500:
            return _("Something went wrong here"), _(
                "The step was not saved. It has been noted in the log; give the request number "
                "below to the administrator."
            )
        case _:
            return _("This request was refused"), _("Nothing was changed.")


def _answer(problem: HTTPException) -> ResponseReturnValue:
    if problem.response is not None or (problem.code or 500) < 400:
        return problem  # A redirect, or an answer that a view prepared itself.
    status = problem.code or 500
    # What the exception says of itself may carry inner details; only its number is used.
    headers = {name: value for name, value in problem.get_headers() if name == "Allow"}
    if request.path.startswith("/health/"):
        reason = HTTP_STATUS_CODES.get(status, "error")
        return {"status": "error", "reason": reason}, status, headers
    if status >= 500:
        visiting.nobody()  # What failed may be the database; the page must not need it.
    title, advice = _words(status)
    page = render_template(
        "errors/error.html",
        status=status,
        title=title,
        advice=advice,
        request_id=g.get("request_id"),
    )
    return page, status, headers
