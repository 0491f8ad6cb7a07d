"""Health pages, for load balancers and monitoring."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from fireinvest.web.app import create_app
from tests.conftest import migrate, settings_for


@pytest.fixture
def unprepared(empty_database_url: str) -> Iterator[FlaskClient]:
    app = create_app(settings_for(empty_database_url))
    yield app.test_client()
    app.extensions["fireinvest"].database.engine.dispose()


def test_a_migrated_application_is_ready(client: FlaskClient) -> None:
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_an_unmigrated_database_is_not_ready_until_it_is_migrated(
    unprepared: FlaskClient, empty_database_url: str
) -> None:
    answer = unprepared.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["status"] == "unavailable"
    assert "fireinvest upgrade" in answer.json["reason"]
    migrate(empty_database_url)
    assert unprepared.get("/health/ready").status_code == 200


@pytest.mark.parametrize(
    "url", ["sqlite:////nonexistent/x.db", "postgresql://u:topsecret@/d?host=/nonexistent"]
)
def test_an_absent_database_is_said_plainly_and_kills_no_worker(url: str) -> None:
    client = create_app(settings_for(url)).test_client()
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json == {"status": "unavailable", "reason": "the database does not answer"}
    assert client.get("/health/live").json == {"status": "ok"}


def test_errors_under_health_are_json(quick_client: FlaskClient) -> None:
    missing = quick_client.get("/health/none")
    assert (missing.status_code, missing.json) == (
        404,
        {"status": "error", "reason": "Not Found"},
    )
    assert quick_client.post("/health/live").status_code == 405
