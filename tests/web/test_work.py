"""The work behind the pages, as health checks and system administrators see it; the day's list."""

from datetime import timedelta
from time import sleep

import pytest
from flask import Flask
from sqlalchemy import insert, update

from fireinvest.clock import utcnow
from fireinvest.services.people import Post, set_active
from fireinvest.store import Database, sweeps
from fireinvest.store.alerts import SweepRow
from fireinvest.store.outbox import Notice, OutboxRow, post
from fireinvest.web.working import start_working
from fireinvest.workflow.permissions import AUDIT_ADMINISTRATOR, SYSTEM_ADMINISTRATOR
from tests.services.office import FUYUAN, opened
from tests.services.test_alerting import Office
from tests.web.office import database_of, person_with, sign_in, text_of, token


def swept(database: Database, hours_ago: float) -> None:
    """A sweep that went through so many hours ago."""
    at = utcnow() - timedelta(hours=hours_ago)
    with database.sessions.begin() as session:
        sweep_id = sweeps.begin(session, at.date(), at)
        sweeps.end(session, sweep_id, at, cases=3, told=2, skipped=1, errors=0)


@pytest.mark.parametrize(("hours_ago", "status", "said"), [(25.9, 200, "ok"), (26.1, 503, "alarm")])
def test_health_says_whether_the_sweep_runs(
    app: Flask, hours_ago: float, status: int, said: str
) -> None:
    database = database_of(app)
    swept(database, hours_ago)
    with database.sessions.begin() as session:
        post(session, [Notice("a", None, "mail", {}), Notice("b", None, "mail", {})], utcnow())
        session.execute(
            update(OutboxRow).where(OutboxRow.key == "b").values(failed_at=utcnow(), error="secret")
        )
    answer = app.test_client().get("/health/work")
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["status"] == said
    assert (answer.json["waiting"], answer.json["failed"]) == (1, 1)
    assert set(answer.json) == {
        "status", "last_sweep", "next_sweep", "waiting", "oldest_waiting", "failed", "unheard",
    }  # fmt: skip
    assert "secret" not in answer.text


def test_a_sweep_that_never_ended_does_not_count(quick_app: Flask) -> None:
    database = database_of(quick_app)
    swept(database, 27)
    with database.sessions.begin() as session:
        session.execute(
            insert(SweepRow).values(
                day=utcnow().date(), began_at=utcnow(), cases=0, told=0, skipped=0, errors=0
            )
        )
    assert quick_app.test_client().get("/health/work").status_code == 503


def test_the_administrator_sees_what_failed_and_has_it_tried_again(quick_app: Flask) -> None:
    database = database_of(quick_app)
    root = person_with(database, "root", Post(SYSTEM_ADMINISTRATOR))
    with database.sessions.begin() as session:
        for key in "abc":
            notice = Notice(key, None, "mail" if key != "c" else "deadline_met", {}, root)
            post(session, [notice], utcnow())
        session.execute(update(OutboxRow).values(failed_at=utcnow(), error="Failed: http:503"))
    client = sign_in(quick_app, "root")
    page = client.get("/work?lang=en").text
    said = text_of(page)
    assert "Notice by mail" in said
    assert "never" in said
    assert "Background work" in client.get("/people?lang=en").text
    form = token(page)
    client.post("/work/retry", data={"csrf_token": form, "job": "1"})
    assert "The nightly sweep" in text_of(client.get("/work?lang=en").text)
    health = quick_app.test_client().get("/health/work").json
    assert health is not None
    assert (health["waiting"], health["failed"]) == (1, 2)
    for rubbish in ("x", "", "9" * 40, "-1"):
        client.post("/work/retry", data={"csrf_token": form, "job": rubbish})
    client.post("/work/retry", data={"csrf_token": form, "job": "all"})
    health = quick_app.test_client().get("/health/work").json
    assert health is not None
    assert (health["waiting"], health["failed"]) == (3, 0)


def test_a_missed_sweep_is_said_on_the_page_and_other_administrators_have_none(
    quick_app: Flask,
) -> None:
    database = database_of(quick_app)
    swept(database, 30)
    person_with(database, "root", Post(SYSTEM_ADMINISTRATOR))
    person_with(database, "audit", Post(AUDIT_ADMINISTRATOR))
    assert "has not run since" in text_of(sign_in(quick_app, "root").get("/work?lang=en").text)
    assert sign_in(quick_app, "audit").get("/work").status_code == 403


def test_the_server_does_the_work_when_it_is_asked_to(quick_app: Flask) -> None:
    database = database_of(quick_app)
    opened(database)
    stop = start_working(quick_app.extensions["fireinvest"])
    health: dict[str, object] = {}
    try:
        for _ in range(200):
            health = quick_app.test_client().get("/health/work").json or {}
            if health["last_sweep"] is not None and health["waiting"] == 0:
                break
            sleep(0.05)
    finally:
        stop()
    assert health["last_sweep"] is not None
    # The sweep ran; of this case nobody is there to hear, which is an alarm of its own.
    assert (health["status"], health["unheard"] != 0) == ("alarm", True)


def test_the_list_of_the_day(app: Flask) -> None:
    office = Office(database_of(app))
    said = text_of(sign_in(app, "carrier").get("/inbox/today?lang=en").text)
    # Of a case of long ago everything is overdue by now.
    assert office.ref.number in said
    assert "某某商贸有限公司" in said
    assert "Nothing." in said
    for login in ("elsewhere", "other"):
        page = sign_in(app, login).get("/inbox/today").text
        assert office.ref.number not in page


def test_everybody_has_a_list(quick_app: Flask) -> None:
    person_with(database_of(quick_app), "sun", Post("archivist", division=FUYUAN, tier="county"))
    assert sign_in(quick_app, "sun").get("/inbox/today").status_code == 200


def test_that_nobody_hears_of_a_deadline_is_an_alarm(quick_app: Flask) -> None:
    database = database_of(quick_app)
    office = Office(database)
    swept(database, 1)
    for login in ("carrier", "head", "city", "signer"):
        set_active(database, office.id_of(login), is_active=False)
    person_with(database, "root", Post(SYSTEM_ADMINISTRATOR))
    office.sweeps("2025-05-15")
    client = quick_app.test_client()
    answer = client.get("/health/work")
    assert (answer.status_code, (answer.json or {})["unheard"]) == (503, 1)
    root = sign_in(quick_app, "root")
    page = text_of(root.get("/work?lang=en").text)
    assert office.ref.number in page
    assert "Nobody is there to hear" in page
    # Nothing of the case itself is shown to them.
    assert "某某商贸有限公司" not in page
    inbox = text_of(root.get("/inbox?lang=en").text)
    assert f"Nobody is there to hear of a deadline of {office.ref.number}" in inbox
    assert "某某商贸有限公司" not in inbox
    # Somebody is back: the next notice is theirs, and takes the alarm away.
    set_active(database, office.id_of("head"), is_active=True)
    office.sweeps("2025-05-16")
    assert client.get("/health/work").status_code == 200
