"""Which language does the reader want? Chinese, unless the reader chose English."""

from urllib.parse import quote, urlencode

from flask import Flask, Response, request
from flask_babel import Babel

from fireinvest.messages import DEFAULT_LANGUAGE, LANGUAGES

#: Over HTTPS, a name by which browsers keep it for this host alone.
_COOKIE, _SECURE_COOKIE = "lang", "__Host-lang"
ONE_YEAR = 365 * 24 * 3600  # seconds

# What browsers and screen readers call these languages.
TAGS = {"zh": "zh-CN", "en": "en"}


def language() -> str:
    """Which language is this request answered in?

    The address decides (``?lang=en``), then the reader's last choice. The browser's own setting
    does not: on office machines it often says English for people who read Chinese.
    """
    for wanted in (request.args.get("lang"), request.cookies.get(_cookie())):
        if wanted in LANGUAGES:
            return wanted
    return DEFAULT_LANGUAGE


def address_in(wanted: str) -> str:
    """At which address does this same page stand in another language?"""
    query = request.args.to_dict(flat=False)
    query["lang"] = [wanted]
    path = quote(request.script_root + request.path, safe="/")
    return f"{path}?{urlencode(query, doseq=True)}"


def install(app: Flask) -> None:
    """Answer in the reader's language and remember a choice."""
    Babel(app, locale_selector=language)
    app.after_request(_remember)
    app.context_processor(
        lambda: {
            "language": language(),
            "language_tag": TAGS[language()],
            "address_in": address_in,
        }
    )


def _cookie() -> str:
    return _SECURE_COOKIE if request.is_secure else _COOKIE


def _remember(response: Response) -> Response:
    # A cache on the way must not give one reader's language to another.
    response.vary.add("Cookie")
    chosen = request.args.get("lang")
    if chosen in LANGUAGES and chosen != request.cookies.get(_cookie()):
        response.set_cookie(
            _cookie(),
            chosen,
            max_age=ONE_YEAR,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
    return response
