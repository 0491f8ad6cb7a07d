"""A server that is killed while it saves a section and submits a report: sent again, done once."""

import http.client
import os
import signal
import time
from pathlib import Path
from threading import Thread

from sqlalchemy import text

from fireinvest.services.cases import rebuild
from fireinvest.services.journal import verify_all
from fireinvest.services.people import Post
from fireinvest.store import open_database
from tests.services.office import CALENDAR, CITY, actor
from tests.services.test_crash_rooms import counts, drafted
from tests.web.office import PASSWORD, hidden, person_with, token
from tests.web.test_uploads import Line, _free_port, server

#: Seconds after which the server dies: in the midst of it, whatever it is at.
MOMENTS = (0.02,)


def test_a_killed_server_leaves_all_of_it_or_nothing(database_url: str, tmp_path: Path) -> None:
    database = open_database(database_url)
    officer = actor(
        database, person_with(database, "officer", Post("carrier", division=CITY, tier="city"))
    )
    written, submitted = drafted(database, officer), drafted(database, officer)
    before = counts(database)
    section = f"/cases/{written.number}/report/sections/1/edit"
    submission = f"/cases/{submitted.number}/report/submission"
    port = _free_port()
    line = Line(port)
    forms: dict[str, dict[str, object]] = {}

    def send(path: str) -> int | None:
        """Send a form; None where nobody answers any more."""
        try:
            return line.form(path, **forms[path])[0]
        except (OSError, http.client.HTTPException):
            return None

    for turn, moment in enumerate((*MOMENTS, None)):
        with server(database_url, tmp_path, port) as started:
            if turn == 0:
                page = line.ask("GET", "/sign-in")[1].decode()
                line.form("/sign-in", csrf_token=token(page), login="officer", password=PASSWORD)
                for path, given in {
                    section: {"part": "unit", "order": "1", "title": "概况", "text": "第二稿",
                              "state": "released", "reason": "补充"},
                    submission: {"number": "曲消调1号", "title": "调查报告", "to": "市政府",
                                 "submitted_on": "2025-09-09", "reason": "补录"},
                }.items():  # fmt: skip
                    status, answer = line.ask("GET", path)
                    assert status == 200
                    page = answer.decode()
                    kept = {
                        name: hidden(page, name)
                        for name in ("csrf_token", "key", "version", "base", "seen")
                        if f'name="{name}"' in page
                    }
                    forms[path] = {**kept, **given, "do": "save"}
            if moment is None:
                assert [send(path) for path in forms] == [303, 303]
                break
            senders = [Thread(target=send, args=(path,)) for path in forms]
            for each in senders:
                each.start()
            time.sleep(moment)
            os.killpg(started.pid, signal.SIGKILL)
            for each in senders:
                each.join()
    after = counts(database)
    # A version of the section, the item of the submission and its step: each of them once.
    assert after["records"] == before["records"] + 2
    assert after["journal"] == before["journal"] + 1
    with database.readers.begin() as session:
        kept_text = session.execute(
            text("SELECT count(*) FROM records WHERE register = 'sections' AND version = 2")
        )
        assert kept_text.scalar_one() == 1
    assert list(rebuild(database, CALENDAR)) == []
    assert list(verify_all(database, workers=1)) == []
    database.engine.dispose()
