"""Headers that tell the browser what our pages never do."""

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize(
    "address", ["/health/live", "/none", "/bootstrap/static/css/bootstrap.min.css"]
)
def test_every_answer_carries_the_headers(quick_client: FlaskClient, address: str) -> None:
    with quick_client.get(address) as answer:
        headers = answer.headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
