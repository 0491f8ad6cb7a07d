"""Chinese by default, English by choice, and the choice stays."""

import pytest
from flask.testing import FlaskClient


def _language(page: str) -> str:
    return page.split('<html lang="')[1].split('"', maxsplit=1)[0]


def test_chinese_is_the_default_whatever_the_browser_says(quick_client: FlaskClient) -> None:
    page = quick_client.get("/none", headers={"Accept-Language": "en"}).text
    assert _language(page) == "zh-CN"


def test_a_choice_in_the_address_holds_and_is_remembered(quick_client: FlaskClient) -> None:
    chosen = quick_client.get("/none?lang=en")
    assert _language(chosen.text) == "en"
    cookie = chosen.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    later = quick_client.get("/none")
    assert _language(later.text) == "en"
    assert "Set-Cookie" not in later.headers
    assert "Cookie" in later.headers["Vary"]
    assert _language(quick_client.get("/none?lang=zh").text) == "zh-CN"
    assert _language(quick_client.get("/none").text) == "zh-CN"


@pytest.mark.parametrize("wanted", ["fr", "", "../../etc", "EN", "zh_TW", "x" * 5000])
def test_an_unknown_language_is_ignored(quick_client: FlaskClient, wanted: str) -> None:
    answer = quick_client.get("/none", query_string={"lang": wanted})
    assert _language(answer.text) == "zh-CN"
    assert "Set-Cookie" not in answer.headers


def test_switching_keeps_the_address(quick_client: FlaskClient) -> None:
    page = quick_client.get("/曲靖?deaths=3&x=1&x=2&q=a%26b").text
    assert 'href="/%E6%9B%B2%E9%9D%96?deaths=3&amp;x=1&amp;x=2&amp;q=a%26b&amp;lang=en"' in page


def test_switching_never_leads_away(quick_client: FlaskClient) -> None:
    page = quick_client.get("//evil.example/x?lang=en").text
    assert 'href="//evil' not in page
