"""The web application, put together."""

from flask import Flask
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect

from config import ROOT, Settings
from fireinvest.gateways.blobs import from_url as blobs_from_url
from fireinvest.gateways.queue import from_url as queue_from_url
from fireinvest.messages import DEFAULT_LANGUAGE
from fireinvest.store import open_database
from fireinvest.web import (
    errors,
    language,
    logs,
    menu,
    oidc,
    present,
    proxies,
    rights,
    security,
    state,
    uploads,
    visiting,
    working,
)
from fireinvest.web.views import BLUEPRINTS


def create_app(settings: Settings) -> Flask:
    """Which application answers under these settings? Nothing is connected before first use."""
    app = Flask(
        "fireinvest.web",
        root_path=str(ROOT / "fireinvest" / "web"),
        template_folder=str(ROOT / "templates"),
        static_folder="static",
    )
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.max_content_length,
        # One bound for all that is sent, whether it comes as a form or as a file.
        MAX_FORM_MEMORY_SIZE=settings.max_content_length,
        # With this name browsers keep it for this host alone, and for HTTPS.
        SESSION_COOKIE_NAME="__Host-fireinvest" if settings.is_production else "session",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_HTTPONLY=True,
        # Not Strict: a link in a message to a case, and the way back from an OpenID provider,
        # would find nobody signed in. Nothing is changed by following a link.
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_production,
        # A form left open over a long meeting is still accepted; the session bounds it.
        WTF_CSRF_TIME_LIMIT=None,
        BOOTSTRAP_SERVE_LOCAL=True,
        BABEL_DEFAULT_LOCALE=DEFAULT_LANGUAGE,
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "fireinvest" / "translations"),
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    # Whatever stands in the environment: faults are told on a plain page, never on a debugger's.
    app.debug = False
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True

    kept = state.State(
        settings,
        open_database(settings.database_url),
        blobs_from_url(settings.blob_url),
        queue_from_url(settings.notices.queue_url, settings.secret_key),
    )
    state.keep(app, kept)
    # The log comes first: a request refused by what follows has its id and its line as well.
    logs.install(app)
    security.install(app)
    security.sign_by_sha256(app)
    security.refuse_other_doors(app, settings)
    language.install(app)
    present.install(app)
    uploads.install(app)
    security.refuse_what_nobody_types(app)
    visiting.install(app)
    menu.install(app)
    oidc.install(app, settings)
    # Who may ask comes before the form's token: whoever was signed out meanwhile is asked to sign
    # in and keeps what they wrote, instead of hearing of a token.
    rights.install(app)
    CSRFProtect(app)
    Bootstrap5(app)
    working.install(app)
    errors.install(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    proxies.install(app, settings.proxy_hops)
    return app
