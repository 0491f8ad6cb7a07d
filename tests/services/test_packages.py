"""The package of a case: whole, of what its reader may read, and read back elsewhere."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import bagit
import pytest
from sqlalchemy import text

from fireinvest.documents.bag_reading import ZipBag
from fireinvest.documents.package_index import schema
from fireinvest.gateways.blobs import Blobs, from_url
from fireinvest.messages import Faulty, render
from fireinvest.services.cases import CaseRef
from fireinvest.services.files import verify_files
from fireinvest.services.importing_packages import (
    DATA_PATH,
    IMPORT,
    document_of,
    import_package,
)
from fireinvest.services.jobs import JobState, Runner, ask_job
from fireinvest.services.log import seal
from fireinvest.services.long_work import HANDLERS
from fireinvest.services.package_checking import Checked, check_package, opened
from fireinvest.services.packages import PACKAGE, package_to, packages_of, verify_page_hash
from fireinvest.services.people import Post
from fireinvest.services.records import file_records
from fireinvest.store import Database, imported, open_database
from fireinvest.store import jobs as store
from fireinvest.store.conflicts import changing
from fireinvest.store.files import add_staged
from fireinvest.workflow.actions import Attachment, DocumentSent
from fireinvest.workflow.engine import Action
from fireinvest.workflow.items.evidence import Evidence
from fireinvest.workflow.registers import Filing
from tests.conftest import MakeDatabase, settings_for
from tests.services.office import (
    CALENDAR,
    FUYUAN,
    LAW,
    NOW,
    TIMERS,
    TODAY,
    key,
    submitted,
)
from tests.services.office import (
    opened as case_opened,
)
from tests.web.office import person_with

PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 40


class House:
    """An installation with a case that has files, and something restricted."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.blobs: Blobs = from_url(f"file://{folder}/files")
        self.folder = folder
        self.url = database.engine.url.render_as_string(hide_password=False)

    def case(self) -> CaseRef:
        ref = case_opened(self.database)
        submitted(self.database, ref)
        photo = self.attachment("现场照片.jpg", PHOTO)
        file_records(
            self.database, LAW, CALENDAR, TIMERS, ref.id,
            [Filing("evidence", Evidence("照片 <A&B>", "photo", taken_by="甲"), attachments=(photo,))],
            idempotency_key=key(), now=NOW, today=TODAY,
        )  # fmt: skip
        self.entry(ref, self.attachment("情况报告.pdf", b"%PDF-1.4 plain"), None)
        self.entry(ref, self.attachment("内线材料.pdf", b"%PDF-1.4 kept from most"), "discipline")
        seal(self.database, NOW + timedelta(days=1))
        return ref

    def attachment(self, name: str, content: bytes) -> Attachment:
        blob = self.blobs.put(BytesIO(content), at_most=10**6)
        return Attachment(name, "application/pdf", blob.sha256, blob.size)

    def entry(self, ref: CaseRef, file: Attachment, restriction: str | None) -> None:
        from fireinvest.services.cases import act

        action = Action(
            "progress_report", DocumentSent(to="市政府"), TODAY, reason="补", attachments=(file,),
            restriction=restriction,
        )  # fmt: skip
        act(
            self.database, LAW, CALENDAR, TIMERS, ref.id, action,
            idempotency_key=key(), now=NOW, today=TODAY,
        )  # fmt: skip

    def packed(
        self, ref: CaseRef, name: str, *, most: int = 10**9, is_zipped: bool = False
    ) -> Path:
        package_to(
            self.database, self.blobs, LAW, CALENDAR, ref.number, self.folder / name,
            most=most, is_zipped=is_zipped, now=NOW, today=TODAY,
        )  # fmt: skip
        return self.folder / name

    def reads(self, path: Path) -> tuple[int, bool]:
        bags = opened(path)
        try:
            return import_package(self.database, self.blobs, bags, by="system", now=NOW)
        finally:
            for each in bags:
                each.close()

    def runner(self) -> Runner:
        settings = settings_for(self.url, BLOB_URL=f"file://{self.folder}/files")
        return Runner(self.database, self.blobs, settings, HANDLERS, lambda: NOW)

    def asks(self, login: str, person: int, kind: str, case_id: int | None, **more: object) -> int:
        with changing(self.database) as session:
            return ask_job(
                session, kind, person_id=person, login=login, key=key(), now=NOW,
                case_id=case_id, arguments=more,
            )  # fmt: skip

    def job(self, job_id: int) -> tuple[store.Job, list[store.JobFile]]:
        with self.database.readers.begin() as session:
            job = store.find_job(session, job_id)
            assert job is not None
            return job, store.files_of(session, [job_id])[job_id]


def checked(path: Path) -> Checked:
    bags = opened(path)
    try:
        return check_package(bags)
    finally:
        for each in bags:
            each.close()


def lines(found: Checked) -> list[str]:
    return [render(each, "en") for each in found.lines()]


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


@pytest.fixture
def quick_house(quick_database: Database, tmp_path: Path) -> House:
    return House(quick_database, tmp_path)


def only(folder: Path) -> Path:
    (found,) = folder.iterdir()
    return found


def test_a_package_is_whole_and_proves_the_case(house: House) -> None:
    ref = house.case()
    bag = only(house.packed(ref, "out"))
    assert bagit.Bag(str(bag)).validate()
    found = checked(bag.parent)
    assert lines(found) == []
    assert (found.entries, found.records) == (7, 1)
    assert found.log_rows == 8
    document = json.loads((bag / "data/case.json").read_bytes())
    assert document["case"]["number"] == ref.number
    assert document["package"]["is_whole"]
    names = {each["title"]: each for each in document["files"]}
    photo = names["现场照片.jpg"]
    assert photo["sources"] == [
        {"chain": "registers", "seq": 1, "label": photo["sources"][0]["label"]}
    ]
    assert (bag / photo["path"]).read_bytes() == PHOTO
    assert "<A&amp;B>" not in (bag / "index.html").read_text()
    assert "现场照片.jpg" in (bag / "index.csv").read_text("utf-8-sig")
    # The law is there as the case is pinned to it, and the days that were counted by.
    with house.database.readers.begin() as session:
        pin = session.scalar(text("SELECT ruleset_pin FROM cases"))
    assert document["rule"]["pin"] == pin
    assert any((bag / each).read_text().strip() for each in document["rule"]["files"])
    days = json.loads((bag / "data/calendar/calendar.json").read_bytes())["days"]
    assert {"on": "2025-10-01"}.items() <= next(d for d in days if d["on"] == "2025-10-01").items()
    with house.database.readers.begin() as session:
        (made,) = packages_of(session, ref.id)
    assert made.verify_page == verify_page_hash()
    assert made.parts[0].seal == found.parts[0].seal


def test_the_data_fits_its_published_schema(quick_house: House) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    ref = quick_house.case()
    bag = only(quick_house.packed(ref, "out"))
    published = json.loads(schema())
    jsonschema.Draft202012Validator.check_schema(published)
    document = json.loads((bag / "data/case.json").read_bytes())
    jsonschema.Draft202012Validator(published).validate(document)
    document["case"].pop("number")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(published).validate(document)


def test_it_is_split_into_parts_that_prove_each_other(quick_house: House) -> None:
    ref = quick_house.case()
    folder = quick_house.packed(ref, "out", most=5000, is_zipped=True)
    parts = sorted(folder.iterdir())
    assert len(parts) > 1
    whole = checked(folder)
    assert lines(whole) == []
    assert whole.count == len(parts)
    for part in parts:
        with ZipFile(part) as archive:
            assert any(each.endswith("/verify.html") for each in archive.namelist())
    parts[-1].unlink()
    assert lines(checked(folder)) == [f"Part {len(parts)} of the package is missing."]
    # Of two packages at once nobody knows what belongs together.
    quick_house.packed(ref, "other", is_zipped=True)
    mixed = only(quick_house.folder / "other")
    mixed.rename(folder / "zz.zip")
    assert "These are parts of different packages." in lines(checked(folder))


def _made_anew(bag: Path) -> None:
    """Whoever changes a file may make all lists anew: only the chains tell then."""
    made = bagit.Bag(str(bag))
    made.save(manifests=True)
    (bag / "bagit.txt").write_bytes(b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("chains/journal.txt", '"occurred', '"Occurred', "History of the case"),
        ("chains/registers.txt", "A&B", "A&C", "Registers of the case"),
        ("chains/log.txt", '"entry"', '"Entry"', "Log about the case"),
        ("chains/journal.txt", "市政府", "县政府", "History of the case"),
        ("chains/heads.json", '"hash":"', '"hash":"0', "History of the case"),
    ],
)
def test_the_chains_tell_what_lists_made_anew_hide(
    quick_house: House, path: str, old: str, new: str, expected: str
) -> None:
    ref = quick_house.case()
    bag = only(quick_house.packed(ref, "out"))
    file = bag / "data" / path
    written = file.read_text("utf-8")
    if old not in written:
        old, new = written[40:44], written[41:44] + written[40]
    file.write_text(written.replace(old, new, 1), "utf-8")
    _made_anew(bag)
    assert any(each.startswith(expected) for each in lines(checked(bag))), lines(checked(bag))


@pytest.mark.parametrize("chain", ["journal", "registers", "log", "log-batches"])
@pytest.mark.parametrize("place", [0, -1])
def test_a_line_cut_out_of_a_chain_is_told(quick_house: House, chain: str, place: int) -> None:
    ref = quick_house.case()
    bag = only(quick_house.packed(ref, "out"))
    file = bag / "data/chains" / f"{chain}.txt"
    kept = file.read_bytes().splitlines(keepends=True)
    del kept[place]
    file.write_bytes(b"".join(kept))
    _made_anew(bag)
    told = lines(checked(bag))
    name = {"journal": "History", "registers": "Registers"}.get(chain, "Log")
    assert any(each.startswith(name) for each in told), told


def test_what_its_reader_may_not_read_is_left_out_and_the_chains_hold(house: House) -> None:
    ref = house.case()
    archivist = person_with(
        house.database, "keeper", Post("archivist", division=FUYUAN, tier="county"),
        Post("archivist", division="530300", tier="city"),
    )  # fmt: skip
    job_id = house.asks("keeper", archivist, PACKAGE, ref.id)
    assert house.runner().drain() == 1
    job, files = house.job(job_id)
    assert job.state is JobState.DONE, job.words
    assert job.target == f"package/{ref.number}"
    (file,) = files
    bag = ZipBag(house.blobs.open(file.blob), "x")
    found = check_package([bag])
    assert lines(found) == []
    document = found.document
    assert document is not None
    left_out = document["package"]["left_out"]
    assert left_out["entries"] == 1
    assert left_out["log_rows"] >= 1
    assert not document["package"]["is_whole"]
    everything = b"".join(bag.open(each).read() for each in bag.sizes())
    bag.close()
    assert "内线材料".encode() not in everything
    assert b"kept from most" not in everything
    # A member of the team doesn't take a case out of the house.
    member = person_with(house.database, "member")
    refused = house.asks("member", member, PACKAGE, ref.id)
    house.runner().drain()
    assert house.job(refused)[0].state is JobState.FAILED


def test_a_lost_file_is_told_and_nothing_is_made(quick_house: House) -> None:
    ref = quick_house.case()
    with quick_house.database.readers.begin() as session:
        attached = session.scalar(text("SELECT attachments FROM records"))
    quick_house.blobs.remove(json.loads(attached)[0]["sha256"])
    with pytest.raises(Faulty, match="missing from the file store"):
        quick_house.packed(ref, "out")


# ---------------------------------------------------------------------------- read back


@pytest.fixture
def houses(
    request: pytest.FixtureRequest, sqlite_url: str, make_postgresql: MakeDatabase, tmp_path: Path
) -> Iterator[tuple[House, House]]:
    """Two installations, one on each kind of database, in both directions."""
    urls = [sqlite_url, make_postgresql()]
    if request.param == "from_postgresql":
        urls.reverse()
    databases = [open_database(url) for url in urls]
    yield tuple(  # type: ignore[misc] # of two
        House(database, tmp_path / name)
        for name, database in zip(("here", "there"), databases, strict=True)
    )
    for each in databases:
        each.engine.dispose()


@pytest.mark.parametrize("houses", ["from_sqlite", "from_postgresql"], indirect=True)
def test_a_package_is_read_back_on_another_database(houses: tuple[House, House]) -> None:
    here, there = houses
    ref = here.case()
    folder = here.packed(ref, "out", most=5000, is_zipped=True)
    imported_id, is_new = there.reads(folder)
    assert is_new
    assert there.reads(folder) == (imported_id, False)
    with there.database.readers.begin() as session:
        file = imported.find_imported(session, imported_id)
        assert file is not None
        entry = imported.entry_called(session, imported_id, DATA_PATH)
        assert entry is not None
        photos = imported.entries_of(session, imported_id, ["original"])
        assert list(verify_files(session, there.blobs)) == []
        # No case goes on there.
        assert session.scalar(text("SELECT count(*) FROM cases")) == 0
    assert (file.number, file.unit_name) == (ref.number, "某某商贸有限公司")
    assert document_of(there.blobs, entry)["case"]["number"] == ref.number
    assert {each.title for each in photos} == {"现场照片.jpg", "情况报告.pdf", "内线材料.pdf"}
    (photo,) = [each for each in photos if each.title == "现场照片.jpg"]
    with there.blobs.open(photo.sha256) as stream:
        assert stream.read() == PHOTO
    # A lost file of it is told, as any other.
    there.blobs.remove(photo.sha256)
    with there.database.readers.begin() as session:
        (fault,) = verify_files(session, there.blobs)
    assert str(imported_id) in str(fault)


def test_what_is_not_whole_is_not_taken(quick_house: House) -> None:
    ref = quick_house.case()
    bag = only(quick_house.packed(ref, "out"))
    (bag / "data/extra").write_text("x")
    with pytest.raises(Faulty, match="not taken"):
        quick_house.reads(bag)
    with quick_house.database.readers.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM imported_files")) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": 2},
        {"journal": 1},
        {"journal": [{"fields": [1], "files": []}]},
        {"registers": [{"id": "x", "items": None}]},
        {"deadlines": ["x"]},
        {"people": []},
        {"case": {}},
        {"package": {"id": "other"}},
    ],
    ids=str,
)
def test_data_that_is_not_laid_out_as_it_should_be_is_not_taken(
    quick_house: House, change: dict[str, object]
) -> None:
    """Whoever makes lists and chains that fit may still mean harm."""
    ref = quick_house.case()
    bag = only(quick_house.packed(ref, "out"))
    data = bag / "data/case.json"
    document = json.loads(data.read_bytes())
    data.write_text(json.dumps({**document, **change}))
    _made_anew(bag)
    with pytest.raises(Faulty):
        quick_house.reads(bag)


def test_an_archivist_reads_it_back_as_a_job(quick_house: House) -> None:
    ref = quick_house.case()
    zipped = only(quick_house.packed(ref, "out", is_zipped=True))
    blob = quick_house.blobs.put(BytesIO(zipped.read_bytes()), at_most=10**7)
    people = {
        "keeper": person_with(quick_house.database, "keeper", Post("archivist", division=FUYUAN, tier="county")),
        "member": person_with(quick_house.database, "member"),
    }  # fmt: skip
    states = {}
    for number, (login, person) in enumerate(people.items()):
        file_id = f"{number:032x}"
        with changing(quick_house.database) as session:
            add_staged(
                session, file_id=file_id, person_id=person, name="a.zip", media_type="application/zip",
                sha256=blob.sha256, size=blob.size, staged_at=NOW,
            )  # fmt: skip
        job_id = quick_house.asks(login, person, IMPORT, None, staged=[file_id])
        quick_house.runner().drain()
        job, _ = quick_house.job(job_id)
        states[login] = (job.state, job.target)
    assert states == {"keeper": (JobState.DONE, "imported/1"), "member": (JobState.FAILED, None)}


# ---------------------------------------------------------------------------- killed

_WORKER = """
import os, sys
from datetime import datetime
from fireinvest.gateways import blobs as gateway
from fireinvest.services.jobs import Runner
from fireinvest.services.long_work import HANDLERS
from fireinvest.store import open_database
from tests.conftest import settings_for

url, folder, now = sys.argv[1:]
settings = settings_for(url, BLOB_URL=f"file://{folder}/files")
def slowly(source, target, at_most):
    target.write(source.read(1000))
    print("begun", flush=True)
    sys.stdin.read()
gateway.copy_pieces = slowly
clock = lambda: datetime.fromisoformat(now)
Runner(open_database(url), gateway.from_url(settings.blob_url), settings, HANDLERS, clock).drain()
"""


def test_a_worker_killed_on_its_way_leaves_one_result(quick_house: House) -> None:
    house = quick_house
    ref = house.case()
    person = person_with(
        house.database, "keeper", Post("archivist", division="530300", tier="city")
    )
    job_id = house.asks("keeper", person, PACKAGE, ref.id)
    killed = subprocess.Popen(
        [sys.executable, "-c", _WORKER, house.url, str(house.folder), NOW.isoformat()],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert killed.stdout is not None
    assert killed.stdin is not None
    assert killed.stdout.readline() == b"begun\n"
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    killed.stdin.close()
    killed.stdout.close()
    assert house.job(job_id)[0].state is JobState.RUNNING
    later = NOW + timedelta(minutes=4)
    runner = house.runner()
    runner.clock = lambda: later
    assert runner.drain() == 1
    job, files = house.job(job_id)
    assert (job.state, job.attempts, len(files)) == (JobState.DONE, 2, 1)
    with house.database.readers.begin() as session:
        assert len(packages_of(session, ref.id)) == 1
    # What it had begun to write goes when files are cleared.
    left = list((house.folder / "files").glob("incoming-*"))
    assert len(left) == 1
    assert house.blobs.clear_incoming(NOW) == 0
    assert house.blobs.clear_incoming(NOW + timedelta(days=3650)) == 1
