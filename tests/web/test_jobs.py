"""Long work on screen: whose it is, how far it is, its cancelling, and the files that it made."""

from io import BytesIO
from time import monotonic, sleep

import pytest
from flask import Flask

from fireinvest.messages import Text
from fireinvest.services.jobs import JobRun, Result, Runner, ask_job
from fireinvest.services.long_work import HANDLERS
from fireinvest.services.packages import PACKAGE, make_package
from fireinvest.services.people import Post
from fireinvest.store import jobs as store
from fireinvest.store.conflicts import changing
from fireinvest.web.working import start_working
from fireinvest.workflow.actions import Recusal
from fireinvest.workflow.permissions import SYSTEM_ADMINISTRATOR
from tests.queries import counted
from tests.services.office import CITY, NOW, did, key, opened
from tests.web.office import database_of, person_with, sign_in, token


class Desk:
    """A case, an archivist who asks for its package, and others."""

    def __init__(self, app: Flask) -> None:
        self.app, self.database = app, database_of(app)
        self.keeper = person_with(
            self.database, "keeper", Post("archivist", division=CITY, tier="city")
        )
        person_with(self.database, "root", Post(SYSTEM_ADMINISTRATOR))
        person_with(self.database, "other", Post("archivist", division=CITY, tier="city"))
        self.ref = opened(self.database)
        self.mine = sign_in(app, "keeper")

    def asks(self) -> int:
        with changing(self.database) as session:
            return ask_job(
                session, PACKAGE, person_id=self.keeper, login="keeper", key=key(), now=NOW,
                case_id=self.ref.id,
            )  # fmt: skip

    def works(self) -> None:
        kept = self.app.extensions["fireinvest"]
        Runner(kept.database, kept.blobs, kept.settings, HANDLERS).drain()


@pytest.fixture
def desk(quick_app: Flask) -> Desk:
    return Desk(quick_app)


def test_whoever_asked_sees_it_and_takes_what_was_made(desk: Desk) -> None:
    job_id = desk.asks()
    waiting = desk.mine.get(f"/jobs/{job_id}").text
    # It works without script: the page comes again by itself, and there is a link.
    assert '<noscript><meta http-equiv="refresh"' in waiting
    assert f'href="/jobs/{job_id}"' in waiting
    told = desk.mine.get(f"/jobs/{job_id}/state").json
    assert told is not None
    assert (told["state"], told["is_open"], told["share"], told["stage"]) == (
        "waiting", True, None, "",
    )  # fmt: skip
    desk.works()
    page = desk.mine.get(f"/jobs/{job_id}").text
    assert f'href="/jobs/{job_id}/files/0"' in page
    assert "http-equiv" not in page
    taken = desk.mine.get(f"/jobs/{job_id}/files/0")
    assert taken.status_code == 200
    assert taken.data[:2] == b"PK"
    taken.close()
    assert desk.mine.get(f"/jobs/{job_id}/files/1").status_code == 404
    # System administrators see that it was done, and nothing of the case.
    root = sign_in(desk.app, "root")
    assert root.get(f"/jobs/{job_id}").status_code == 200
    assert (
        desk.ref.number
        not in root.get(f"/jobs/{job_id}").text.partition("<main")[2].partition("case-")[0]
    )
    assert root.get(f"/jobs/{job_id}/files/0").status_code == 404
    assert sign_in(desk.app, "other").get(f"/jobs/{job_id}").status_code == 404


def test_whoever_was_recused_meanwhile_takes_nothing(desk: Desk) -> None:
    job_id = desk.asks()
    desk.works()
    raised = Recusal(person="keeper", item="interest")
    did(desk.database, desk.ref, "declare_recusal", raised)
    did(
        desk.database,
        desk.ref,
        "decide_recusal",
        Recusal(person="keeper", item="interest", outcome="granted"),
    )
    assert desk.mine.get(f"/jobs/{job_id}/files/0").status_code == 404


def test_it_is_cancelled_from_its_page(desk: Desk) -> None:
    job_id = desk.asks()
    form = {"csrf_token": token(desk.mine.get(f"/jobs/{job_id}").text)}
    assert sign_in(desk.app, "other").post(f"/jobs/{job_id}/cancel", data=form).status_code in (
        400,
        404,
    )
    answer = desk.mine.post(f"/jobs/{job_id}/cancel", data=form)
    assert answer.status_code == 303
    with desk.database.readers.begin() as session:
        job = store.find_job(session, job_id)
    assert job is not None
    assert job.state is store.JobState.CANCELLED
    desk.works()
    assert "files/0" not in desk.mine.get(f"/jobs/{job_id}").text


def test_the_list_takes_the_same_few_statements_however_long_it_is(desk: Desk) -> None:
    desk.asks()
    desk.mine.get("/jobs")
    with counted(desk.database) as few:
        desk.mine.get("/jobs")
    for _ in range(5):
        desk.asks()
    with counted(desk.database) as many:
        page = desk.mine.get("/jobs").text
    assert page.count("/jobs/") == 6
    assert len(many) == len(few)


def test_progress_is_told_while_it_goes_on(desk: Desk) -> None:
    job_id = desk.asks()
    seen: list[object] = []

    def do(run: JobRun) -> Result:
        run.progress(1, 4, Text("%(done)s of %(size)s", done="1 MB", size="4 MB"))
        seen.append(desk.mine.get(f"/jobs/{job_id}/state").json)
        seen.append(desk.mine.get(f"/jobs/{job_id}").text)
        run.keep("a.txt", "text/plain", BytesIO(b"x"))
        return Result()

    kept = desk.app.extensions["fireinvest"]
    kinds = {**HANDLERS, PACKAGE: HANDLERS[PACKAGE].__class__(Text("Package of a case"), do)}
    Runner(kept.database, kept.blobs, kept.settings, kinds).drain()
    assert seen[0] == {
        "state": "running",
        "is_open": True,
        "share": 25,
        "stage": "1 MB / 4 MB",
    } or (isinstance(seen[0], dict) and seen[0]["share"] == 25)
    assert 'value="25"' in str(seen[1])
    assert make_package is HANDLERS[PACKAGE].do


def test_the_server_does_it_behind_its_pages(desk: Desk) -> None:
    stop = start_working(desk.app.extensions["fireinvest"])
    try:
        job_id = desk.asks()
        desk.app.extensions["fireinvest"].queue.wake()
        until = monotonic() + 20
        while monotonic() < until and desk.mine.get(f"/jobs/{job_id}/state").json["is_open"]:  # type: ignore[index]
            sleep(0.1)
    finally:
        stop()
    assert "files/0" in desk.mine.get(f"/jobs/{job_id}").text
