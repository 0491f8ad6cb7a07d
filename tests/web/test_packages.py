"""Packages on screen: the note, reading one back, and the files that came from elsewhere."""

from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser

from fireinvest.services.jobs import Runner
from fireinvest.services.long_work import HANDLERS
from fireinvest.services.packages import package_to, verify_page_hash
from fireinvest.services.people import Post
from fireinvest.store.imported import ImportedEntry, add_imported
from tests.queries import counted
from tests.services.office import CALENDAR, CITY, LAW, NOW, TODAY
from tests.services.test_packages import House
from tests.web.everybody import imported_file
from tests.web.office import database_of, person_with, sign_in, token


class Archive:
    """An archivist of an installation with a case."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self.app, self.database = app, database_of(app)
        self.house = House(self.database, folder)
        self.house.blobs = app.extensions["fireinvest"].blobs
        person_with(self.database, "keeper", Post("archivist", division=CITY, tier="city"))
        self.client = sign_in(app, "keeper")

    def zipped(self) -> tuple[str, bytes]:
        ref = self.house.case()
        package_to(
            self.database, self.house.blobs, LAW, CALENDAR, ref.number, self.house.folder / "out",
            most=10**9, is_zipped=True, now=NOW, today=TODAY,
        )  # fmt: skip
        (path,) = (self.house.folder / "out").iterdir()
        return ref.number, path.read_bytes()

    def hands_in(self, content: bytes, do: str, name: str = "p.zip") -> str:
        form = {
            "csrf_token": token(self.client.get("/archive/import").text), "key": f"{do}{len(content)}",
            "do": do, "files": (BytesIO(content), name),
        }  # fmt: skip
        answer = self.client.post("/archive/import", data=form)
        if answer.status_code != 303:
            return answer.text
        kept = self.app.extensions["fireinvest"]
        Runner(kept.database, kept.blobs, kept.settings, HANDLERS).drain()
        return self.client.get(answer.location).text


@pytest.fixture
def archive(quick_app: Flask, tmp_path: Path) -> Archive:
    return Archive(quick_app, tmp_path)


def test_a_package_is_checked_read_back_and_read(archive: Archive) -> None:
    number, content = archive.zipped()
    assert "/files/0" not in archive.hands_in(content, "check")
    assert 'href="/archive/imported/1"' in archive.hands_in(content, "import")
    assert number in archive.client.get("/archive/imported?words=商贸").text
    assert number not in archive.client.get("/archive/imported?words=别处").text
    page = archive.client.get("/archive/imported/1").text
    assert "胜境街道1号" in page
    history = archive.client.get("/archive/imported/1?part=journal").text
    assert "市政府" in history
    registers = archive.client.get("/archive/imported/1?part=registers&register=evidence").text
    assert "照片 &lt;A&amp;B&gt;" in registers
    place = registers.partition("/archive/imported/1/files/")[2].partition('"')[0]
    taken = archive.client.get(f"/archive/imported/1/files/{place}")
    assert taken.data[:3] == b"\xff\xd8\xff"
    assert "attachment" in taken.headers["Content-Disposition"]
    taken.close()
    assert archive.client.get("/archive/imported/1?part=files").text.count("/files/") >= 15
    assert archive.client.get("/archive/imported/1?part=other").status_code == 404
    assert archive.client.get("/archive/imported/2").status_code == 404


def test_what_is_no_package_or_not_whole_is_told(archive: Archive) -> None:
    _number, content = archive.zipped()
    assert 'href="/jobs' not in archive.hands_in(b"%PDF-1.4\n%%EOF\n", "import", "a.pdf")
    broken = bytearray(content)
    broken[len(broken) // 2] ^= 1
    told = archive.hands_in(bytes(broken), "check")
    assert "/files/0" in told
    assert 'href="/archive/imported/' not in archive.hands_in(bytes(broken), "import")


def test_the_note_names_the_seals_and_the_page_that_checks(archive: Archive) -> None:
    number, _content = archive.zipped()
    room = archive.client.get(f"/cases/{number}/archive").text
    address = (
        f"/cases/{number}/packages/"
        + room.partition(f"/cases/{number}/packages/")[2].partition('"')[0]
    )
    note = archive.client.get(address).text
    assert verify_page_hash() in note
    assert archive.client.get(f"/cases/{number}/packages/none").status_code == 404


def test_lists_take_the_same_few_statements_however_long_they_are(archive: Archive) -> None:
    blob = archive.house.blobs.put(BytesIO(b"{}"), at_most=9)

    def add(count: int, first: int, files: int) -> None:
        with archive.database.sessions.begin() as session:
            for number in range(first, first + count):
                entries = [
                    ImportedEntry(0, place, f"1/data/{place}", "x", "original", blob.sha256, 2)
                    for place in range(files)
                ]
                add_imported(session, imported_file(f"5301-2020-{number:04d}"), entries)
                files = 1

    def statements(address: str) -> int:
        archive.client.get(address)
        with counted(archive.database) as sent:
            assert archive.client.get(address).status_code == 200
        return len(sent)

    add(1, 1, files=2)
    few = [statements(each) for each in ("/archive/imported", "/archive/imported/1?part=files")]
    add(60, 2, files=130)
    many = [statements(each) for each in ("/archive/imported", "/archive/imported/2?part=files")]
    assert few == many
    first = archive.client.get("/archive/imported").text
    after = first.partition("after=")[2].partition('"')[0]
    second = archive.client.get(f"/archive/imported?after={after}").text
    assert "5301-2020-0001" not in first
    assert "5301-2020-0001" in second
    assert archive.client.get("/archive/imported?after=x_y").status_code == 200


# ---------------------------------------------------------------------------- offline


def test_the_offline_page_checks_a_package_in_a_real_browser(
    archive: Archive, browser: Browser
) -> None:
    """From a file, without a network: it finds what our own reader finds."""
    ref = archive.house.case()
    folder = archive.house.packed(ref, "offline", most=5000)
    first, *others = sorted(folder.iterdir())
    context = browser.new_context(offline=True)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"file://{first}/verify.html")

    def check() -> dict[str, object]:
        page.set_input_files("#folder", str(folder))
        page.wait_for_selector("#verdict", state="visible")
        found: dict[str, object] = page.evaluate(
            "({rows: [...document.querySelectorAll('#rows tr')].map((each) => each.innerText), "
            "verdict: document.querySelector('#verdict').className})"
        )
        return found

    assert check() == {"rows": [], "verdict": "verdict good"}
    files = {
        "data/chains/journal.txt": "记录链", "tagmanifest-sha512.txt": "tagmanifest-sha512.txt",
        "manifest-sha512.txt": "manifest-sha512.txt", "bag-info.txt": "bag-info.txt",
        "data/case.json": "data/case.json", "verify.html": "verify.html",
    }  # fmt: skip
    for path, told in files.items():
        file = first / path
        whole = file.read_bytes()
        changed = bytearray(whole)
        changed[len(changed) // 2] ^= 1
        file.write_bytes(bytes(changed))
        found = check()
        assert found["verdict"] == "verdict bad", path
        assert any(path in each for each in found["rows"]), (path, found)  # type: ignore[attr-defined]
        assert any(told in each for each in found["rows"]), (path, found)  # type: ignore[attr-defined]
        file.write_bytes(whole)
    (first / "data/new").write_text("x")
    (others[0] / "bagit.txt").unlink()
    told = str(check()["rows"])
    assert "data/new" in told
    assert "bagit.txt" in told
    hashes = page.evaluate(
        "(sizes) => sizes.map((size) => { const all = new Uint8Array(size).map((_, at) => at * 7);"
        "const digest = new Sha256(); for (let at = 0; at < size; at += 77)"
        "digest.update(all.subarray(at, at + 77)); return [digest.hex(), sha512(all)]; })",
        SIZES,
    )
    assert hashes == [_hashes(bytes(at * 7 % 256 for at in range(size))) for size in SIZES]
    context.close()
    assert faults == []


SIZES = [0, 1, 55, 56, 63, 64, 65, 111, 112, 119, 120, 127, 128, 129, 5000, 70001]


def _hashes(content: bytes) -> list[str]:
    import hashlib

    return [hashlib.sha256(content).hexdigest(), hashlib.sha512(content).hexdigest()]
