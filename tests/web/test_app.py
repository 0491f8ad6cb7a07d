"""The web application as a whole: its start, forms, and limits."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from flask import Flask, request
from flask.testing import FlaskClient

from config import ROOT, Environment
from fireinvest.web.app import create_app
from fireinvest.web.rights import public
from fireinvest.web.views import BLUEPRINTS
from tests.conftest import settings_for


def _take(app: Flask) -> None:
    def take() -> str:
        return f"{len(request.form.get('text', ''))}"

    app.add_url_rule("/take", "take", public(take), methods=["POST"])


def test_every_listed_blueprint_is_served(quick_app: Flask) -> None:
    assert {blueprint.name for blueprint in BLUEPRINTS} <= set(quick_app.blueprints)


def test_a_form_without_its_token_is_refused(quick_app: Flask) -> None:
    _take(quick_app)
    assert quick_app.test_client().post("/take", data={"text": "x"}).status_code == 400


def test_a_long_text_is_taken_and_a_too_long_one_refused(quick_app: Flask) -> None:
    _take(quick_app)
    quick_app.config["WTF_CSRF_ENABLED"] = False
    client = quick_app.test_client()
    assert client.post("/take", data={"text": "x" * 1_000_000}).text == "1000000"
    assert client.post("/take", data={"text": "x" * 1_100_000}).status_code == 413
    assert client.post("/take", data={"text": "x" * 10_000_000}).status_code == 413


def test_cookies_are_for_https_alone_in_production(sqlite_url: str) -> None:
    settings = replace(settings_for(sqlite_url), environment=Environment.PRODUCTION)
    assert create_app(settings).config["SESSION_COOKIE_SECURE"] is True


def test_assets_are_served_from_here(quick_client: FlaskClient) -> None:
    page = quick_client.get("/nowhere").text
    assert 'href="/bootstrap/static/css/bootstrap.min.css"' in page
    assert "https://" not in page
    with quick_client.get("/bootstrap/static/css/bootstrap.min.css") as asset:
        assert asset.status_code == 200


def test_the_application_starts_fast_and_touches_no_database(tmp_path: Path) -> None:
    absent = tmp_path / "absent.db"
    begun = _worked()
    subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=ROOT,
        env={"DATABASE_URL": f"sqlite:///{absent}", "SECRET_KEY": "x" * 40},
        check=True,
    )
    assert _worked() - begun < 6  # 1.4 s where nothing else runs; a busy machine takes longer.
    assert not absent.exists()


def _worked() -> float:
    """How many seconds of processor time did the processes take that this one started?"""
    times = os.times()
    return times.children_user + times.children_system
