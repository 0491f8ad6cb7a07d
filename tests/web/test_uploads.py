"""Large files through HTTP: in parts, by one person, refused where they can't be, kept through a kill."""

import hashlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import ROOT
from fireinvest.services.uploading import LONGEST_PART
from fireinvest.store import open_database
from tests.services.test_uploading import FILM
from tests.test_server import STRONG
from tests.web.office import PASSWORD, database_of, hidden, person_with, sign_in, token
from tests.web.test_team import Office

FETCH = {"X-Requested-With": "fetch"}


class Sender:
    """Somebody's script."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = self.get()["token"]

    def get(self, path: str = "") -> Any:
        return self.client.get(f"/uploads{path}", headers=FETCH).json

    def post(self, path: str, **fields: object) -> Any:
        return self.client.post(
            f"/uploads{path}", data={"csrf_token": self.token, **fields}, headers=FETCH
        )

    def begin(self, content: bytes = FILM, name: str = "现场.mp4", **fields: object) -> Any:
        return self.post("", **{"name": name, "size": len(content), "mark": "m", **fields})

    def add(self, upload: str, content: bytes, offset: object, **headers: str) -> Any:
        return self.client.patch(
            f"/uploads/{upload}?offset={offset}",
            data=content,
            headers={
                **FETCH, "X-CSRFToken": self.token, "Content-Type": "application/octet-stream",
                **headers,
            },
        )  # fmt: skip


@pytest.fixture
def sender(app: Flask) -> Sender:
    person_with(database_of(app), "sun")
    return Sender(sign_in(app, "sun"))


@pytest.fixture
def quick(quick_app: Flask) -> Sender:
    person_with(database_of(quick_app), "sun")
    return Sender(sign_in(quick_app, "sun"))


def test_a_file_is_sent_in_parts_and_gone_on_with(sender: Sender) -> None:
    begun = sender.begin()
    assert begun.status_code == 201
    upload = begun.json["id"]
    assert begun.json["arrived"] == 0
    answer = sender.add(upload, FILM[:4000], 0)
    assert (answer.status_code, answer.json) == (200, {"arrived": 4000})
    # A part that was sent twice, and one after a gap.
    for offset in (0, 5000, "", "-1", "x", "9" * 40):
        answer = sender.add(upload, FILM[4000:], offset)
        assert (answer.status_code, answer.json) == (409, {"arrived": 4000})
    assert sender.begin().json["arrived"] == 4000
    assert sender.get(f"/{upload}")["arrived"] == 4000
    assert [each["name"] for each in sender.get()["uploads"]] == ["现场.mp4"]
    assert sender.post(f"/{upload}/finish").status_code == 409
    wrong = sender.add(upload, FILM[4000:], 4000, **{"X-Part-SHA256": "0" * 64})
    assert wrong.status_code == 409
    digest = hashlib.sha256(FILM[4000:]).hexdigest()
    assert sender.add(upload, FILM[4000:], 4000, **{"X-Part-SHA256": digest}).status_code == 200
    done = sender.post(f"/{upload}/finish")
    assert (done.status_code, done.json["sha256"]) == (201, hashlib.sha256(FILM).hexdigest())
    assert sender.post(f"/{upload}/finish").json == done.json
    assert sender.get()["uploads"] == []


def test_what_is_refused_is_said_in_words(quick: Sender) -> None:
    for fields in ({"name": "a.exe"}, {"size": 0}, {"size": "x"}, {"size": 3 * 1024**3}):
        answer = quick.begin(**fields)
        assert answer.status_code == 400
        assert answer.json["problems"]
    upload = quick.begin(b"x" * 100).json["id"]
    quick.add(upload, b"<!DOCTYPE html><html>" + b"x" * 79, 0)
    answer = quick.post(f"/{upload}/finish")
    assert answer.status_code == 400
    assert "text/html" in answer.json["problems"][0]
    for address in (upload, "x", "0" * 32):
        assert quick.client.get(f"/uploads/{address}").status_code == 404
        assert quick.add(address, b"x", 0).status_code == 404
        assert quick.post(f"/{address}/finish").status_code == 404
        assert quick.post(f"/{address}/drop").status_code in (204, 404)
    large = quick.begin(size=LONGEST_PART * 2, name="b.mp4").json["id"]
    assert quick.add(large, bytes(LONGEST_PART + 1), 0).status_code == 413
    assert quick.get(f"/{large}")["arrived"] == 0


def test_a_file_belongs_to_whoever_sends_it(quick: Sender, quick_app: Flask) -> None:
    upload = quick.begin().json["id"]
    person_with(database_of(quick_app), "li")
    other = Sender(sign_in(quick_app, "li"))
    assert other.client.get(f"/uploads/{upload}").status_code == 404
    assert other.add(upload, FILM, 0).status_code == 404
    other.post(f"/{upload}/drop")
    nobody = quick_app.test_client()
    assert nobody.get("/uploads", headers=FETCH).status_code == 401
    assert nobody.patch(f"/uploads/{upload}?offset=0", data=b"x", headers=FETCH).status_code == 401
    # Without a token nothing is taken.
    plain = quick.client.patch(f"/uploads/{upload}?offset=0", data=FILM, headers=FETCH)
    assert plain.status_code == 400
    assert quick.add(upload, FILM, 0).status_code == 200
    assert quick.post(f"/{upload}/drop").status_code == 204
    assert quick.client.get(f"/uploads/{upload}").status_code == 404


def test_a_form_names_what_has_arrived_and_a_draft_keeps_it(quick_app: Flask) -> None:
    office = Office(quick_app)
    sender = Sender(office.client("member"))
    upload = sender.begin().json["id"]
    sender.add(upload, FILM, 0)
    sender.post(f"/{upload}/finish")
    party = {"name": "钱某", "sort": "person", "role": "witness"}
    for page in ("/registers/parties/new", "/steps/update_figures"):
        form = office.page("carrier", page)
        assert "data-uploads=" in form
        assert "uploads.js" in form
    office.send("member", "/registers/parties/new", **party, staged=upload, do="draft")
    assert f'value="{upload}" checked' in office.page("member", "/registers/parties/new")
    office.send("member", "/registers/parties/new", **party, staged=upload)
    base = f"/cases/{office.ref.number}/registers/parties/1/versions/1/files/0"
    with office.client("leader").get(base) as answer:
        assert answer.data == FILM
        assert answer.content_length == len(FILM)


def test_a_draft_of_a_step_keeps_its_files(quick_app: Flask) -> None:
    office = Office(quick_app)
    form = office.page("carrier", "/steps/update_figures")
    address = f"/cases/{office.ref.number}/steps/update_figures"
    data = {
        "csrf_token": token(form), "key": hidden(form, "key"), "do": "draft",
        "files": (BytesIO(FILM), "现场.mp4"),
    }  # fmt: skip
    assert office.client("carrier").post(address, data=data).status_code == 303
    page = office.page("carrier", "/steps/update_figures")
    assert re.search(r'name="staged" value="[0-9a-f]{32}" checked', page)


# ---------------------------------------------------------------------------- a server that is killed


class Line:
    """A browser's line to a real server."""

    def __init__(self, port: int) -> None:
        self.port, self.cookies = port, ""

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {"Cookie": self.cookies, **FETCH, **headers})
            answer = connection.getresponse()
            given = answer.headers.get_all("Set-Cookie") or []
            if given:
                known = dict(each.split("=", 1) for each in self.cookies.split("; ") if each)
                known |= dict(each.split(";")[0].split("=", 1) for each in given)
                self.cookies = "; ".join(f"{name}={value}" for name, value in known.items())
            return answer.status, answer.read()
        finally:
            connection.close()

    def form(self, path: str, **fields: object) -> tuple[int, bytes]:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(fields).encode(), **kind)


@contextmanager
def server(url: str, folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    environ = {
        "PATH": os.environ["PATH"], "SECRET_KEY": STRONG, "DATABASE_URL": url,
        "LOG_HEADS": f"file://{folder}/heads.jsonl", "BLOB_URL": f"file://{folder}/files",
        "PORT": f"{port}", "WEB_CONCURRENCY": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:app"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, start_new_session=True,
    ) as started:  # fmt: skip
        try:
            assert started.stdout is not None
            assert started.stdout.readline().startswith("fireinvest is at")
            yield started
        finally:
            if started.poll() is None:
                os.killpg(started.pid, signal.SIGKILL)
            started.wait(20)


def _upload_through_kills(url: str, folder: Path, port: int, size: int, kills: int) -> None:
    database = open_database(url)
    person_with(database, "sun")
    database.engine.dispose()
    part = 8 * 1024**2
    block = hashlib.sha256(b"block").digest() * (part // 32)
    head = FILM[:28]
    content = [head + block[28:], *[block] * (size // part - 1)]
    whole = hashlib.sha256()
    for each in content:
        whole.update(each)
    line = Line(port)
    upload, its_token, most = "", "", 0
    for turn in range(kills + 1):
        with server(url, folder, port) as started:
            if turn == 0:
                _, page = line.ask("GET", "/sign-in")
                fields = {"csrf_token": token(page.decode()), "login": "sun", "password": PASSWORD}
                assert line.form("/sign-in", **fields)[0] == 302
            its_token = json.loads(line.ask("GET", "/uploads")[1])["token"]
            status, told = line.form(
                "/uploads", csrf_token=its_token, name="a.mp4", size=size, mark="m"
            )
            assert status == 201
            begun = json.loads(told)
            # What had arrived is still there.
            assert begun["arrived"] >= most
            assert begun["arrived"] % part == 0
            assert begun["id"] == (upload or begun["id"])
            upload, most = begun["id"], begun["arrived"]
            until = size * (turn + 1) // (kills + 1) if turn < kills else size
            while most < until:
                status, told = line.ask(
                    "PATCH", f"/uploads/{upload}?offset={most}", content[most // part],
                    **{"X-CSRFToken": its_token, "Content-Type": "application/octet-stream"},
                )  # fmt: skip
                assert status == 200
                most = json.loads(told)["arrived"]
            if turn < kills:
                # In the middle of a part.
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                connection.putrequest("PATCH", f"/uploads/{upload}?offset={most}")
                connection.putheader("Content-Length", f"{part}")
                for name, value in {
                    **FETCH,
                    "Cookie": line.cookies,
                    "X-CSRFToken": its_token,
                }.items():
                    connection.putheader(name, value)
                connection.endheaders(content[most // part][: part // 2])
                time.sleep(0.2)
                os.killpg(started.pid, signal.SIGKILL)
                connection.close()
                continue
            status, told = line.form(f"/uploads/{upload}/finish", csrf_token=its_token)
            assert status == 201
            assert json.loads(told)["sha256"] == whole.hexdigest()
            peak = int(re.search(r"VmHWM:\s+(\d+)", _memory_of(started.pid))[1])  # type: ignore[index] # Linux says it
            assert peak < 300 * 1024
    kept = [each for each in (folder / "files").rglob("*") if each.is_file()]
    assert [each.name for each in kept] == [whole.hexdigest()]


def _memory_of(pid: int) -> str:
    """What the worker's memory was at most: that of the largest child of the server."""
    found = []
    for each in Path("/proc").glob("[0-9]*/status"):
        try:
            status = each.read_text()
        except OSError:
            continue
        if f"\nPPid:\t{pid}\n" in status:
            found.append(status)
    return max(found, key=lambda told: int(re.search(r"VmHWM:\s+(\d+)", told)[1]))  # type: ignore[index] # Linux says it


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_a_server_that_is_killed_loses_the_part_on_its_way(sqlite_url: str, tmp_path: Path) -> None:
    _upload_through_kills(sqlite_url, tmp_path, _free_port(), 48 * 1024**2, 1)


@pytest.mark.long
def test_half_a_gigabyte_through_several_kills(database_url: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _upload_through_kills(database_url, Path(folder), _free_port(), 504 * 1024**2, 3)
