"""Headers that tell the browser what our pages never do, and what is refused unread."""

from flask import Flask, Response, abort, request

from fireinvest.web.rights import Right, right_of

# Nothing inline and nothing from elsewhere: text that a person typed can never become a script.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # Bootstrap's own icons stand in its stylesheet
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def refuse_what_nobody_types(app: Flask) -> None:
    """Refuse a NUL in what is sent to be kept: no keyboard has it, and no database takes it."""

    @app.before_request
    def look() -> None:
        is_public = request.endpoint is None or right_of(request.endpoint) is Right.PUBLIC
        if is_public and request.endpoint != "sign_in.enter":
            return  # Nothing of it gets to the database.
        values = (*request.args.values(), *request.form.values(), request.path)
        if any("\x00" in each for each in values):
            abort(400)


def install(app: Flask) -> None:
    """Add the headers to every answer."""

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
