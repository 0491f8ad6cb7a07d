"""Papers drawn up from what is on record: numbers without gaps, and nothing restricted in them."""

from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import pytest

from fireinvest.gateways.blobs import LocalBlobs
from fireinvest.messages import Faulty
from fireinvest.services.casefile import CaseFile, case_file
from fireinvest.services.cases import CaseRef
from fireinvest.services.papers import drawing, series
from fireinvest.services.papers.material import Subject, material_of
from fireinvest.services.papers.offices import Keeper, Office
from fireinvest.services.people import Post
from fireinvest.services.records import file_records
from fireinvest.services.together import Asking
from fireinvest.store import Database
from fireinvest.store import records as store
from fireinvest.workflow.errors import Invalid, Refused
from fireinvest.workflow.items.papers import PAPERS, OfficialPaper
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.permissions import SYSTEM, Actor, Grant
from fireinvest.workflow.registers import Filing, Record
from tests.services.office import (
    CALENDAR,
    FUYUAN,
    LAW,
    NOW,
    TODAY,
    facts,
    key,
    opened,
    person,
)  # fmt: skip

ADDRESS = "https://fire.example.cn/papers"


class Desk:
    """A county's carrier with a case, and a place for files."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.blobs = database, LocalBlobs(folder)
        carrier = person(database, "carrier", Post("carrier", division=FUYUAN, tier="county"))
        self.ref: CaseRef = opened(database, carrier, facts(FUYUAN, deaths=1))
        #: With the post that opening the case gave them.
        self.actor = Actor("carrier", (*carrier.grants, Grant("carrier", self.ref.number)))

    def file(self, actor: Actor | None = None) -> CaseFile:
        with self.database.readers.begin() as session:
            return case_file(
                session, actor or self.actor, self.ref.number, CALENDAR, TODAY, law=LAW
            )

    def asking(self) -> Asking:
        return Asking(self.database, LAW, CALENDAR, self.actor, self.ref.id, key(), NOW, TODAY)

    def draw(self, kind: str = "team_request") -> Record:
        file = self.file()
        filed = drawing.draw_up(
            self.asking(), self.blobs, file, file.ruleset.papers[kind], "", address=ADDRESS
        )
        return filed.records[0]

    def last(self, item: int) -> Record:
        with self.database.readers.begin() as session:
            found = store.last_version(session, self.ref.id, PAPERS, item)
        assert found is not None
        return found

    def paper(self, item: int) -> OfficialPaper:
        values = self.last(item).values
        assert isinstance(values, OfficialPaper)
        return values

    def series(self, pattern: str = "富消火〔{year}〕{number}号") -> int:
        return series.add(
            self.database,
            Office(FUYUAN, "county"),
            issued_by="agency",
            label="火灾调查",
            pattern=pattern,
            kinds=(),
            known=tuple(self.file().ruleset.papers),
            by=Keeper("head", NOW, TODAY),
        )


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path / "files")


def test_papers_numbered_at_once_get_all_numbers_and_each_its_own(desk: Desk) -> None:
    found = desk.series()
    records = [desk.draw() for _ in range(6)]
    begun = Barrier(len(records), timeout=60)
    faults: list[BaseException] = []

    def number(record: Record) -> None:
        begun.wait()
        try:
            drawing.number_from(
                desk.asking(), desk.blobs, desk.file(), record, found, address=ADDRESS
            )
        except BaseException as fault:
            faults.append(fault)

    threads = [Thread(target=number, args=(each,)) for each in records]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert faults == []
    numbers = {desk.paper(each.item).document_no for each in records}
    assert numbers == {f"富消火〔2025〕{place}号" for place in range(1, 7)}


def test_a_void_paper_keeps_its_number_and_nobody_gets_it_again(desk: Desk) -> None:
    found = desk.series()
    first = desk.draw()
    drawing.number_from(desk.asking(), desk.blobs, desk.file(), first, found, address=ADDRESS)
    with pytest.raises(Refused, match="not given twice"):
        drawing.number_from(
            desk.asking(), desk.blobs, desk.file(), desk.last(1), found, address=ADDRESS
        )
    drawing.void(desk.asking(), desk.last(1), "打印错误")
    # Nothing that could still be sent from a page left open makes it count again.
    gone = desk.last(1)
    with pytest.raises(Refused, match="It is void"):
        drawing.void(desk.asking(), gone, "再次")
    with pytest.raises(Refused, match="It is void"):
        drawing.redraw(desk.asking(), desk.blobs, desk.file(), gone, address=ADDRESS)
    with pytest.raises(Refused, match="It is void"):
        drawing.send(desk.asking(), gone, on=desk.file().today, to="市政府", how=None)
    with pytest.raises(Refused, match="It is void"):
        drawing.keep_signed(desk.asking(), gone, None, signed_on=None, signed_by=None)
    assert desk.last(1) == gone
    second = desk.draw()
    drawing.number_from(desk.asking(), desk.blobs, desk.file(), second, found, address=ADDRESS)
    assert desk.paper(1).document_no == "富消火〔2025〕1号"
    assert desk.paper(2).document_no == "富消火〔2025〕2号"


def test_a_number_that_comes_to_nothing_is_free_again(desk: Desk) -> None:
    found = desk.series()
    record = desk.draw()
    stale = replace(record, version=9)
    with pytest.raises(Faulty):
        drawing.number_from(desk.asking(), desk.blobs, desk.file(), stale, found, address=ADDRESS)
    with pytest.raises(Invalid, match="no such series"):
        drawing.number_from(
            desk.asking(), desk.blobs, desk.file(), record, found + 1, address=ADDRESS
        )
    drawing.number_from(desk.asking(), desk.blobs, desk.file(), record, found, address=ADDRESS)
    assert desk.paper(1).document_no == "富消火〔2025〕1号"


def test_nothing_restricted_stands_in_a_paper_that_others_read(desk: Desk) -> None:
    secret = Filing("parties", Party("举报人甲", "person", "witness"), restriction="informer")
    open_one = Filing("parties", Party("证人乙", "person", "witness"))
    file_records(
        desk.database, LAW, CALENDAR, desk.actor, desk.ref.id, [secret, open_one],
        idempotency_key=key(), now=NOW, today=TODAY,
    )  # fmt: skip
    file = desk.file(Actor(SYSTEM))
    kinds = file.ruleset.papers

    def named(kind: str, restriction: str | None, subject: Subject) -> list[str]:
        with desk.database.readers.begin() as session:
            found = material_of(
                session, file, LAW, replace(kinds[kind], restriction=restriction), subject
            )
        return [each.values.called for each in found.of("parties")]

    assert named("team_request", None, Subject()) == ["证人乙"]
    assert named("team_request", "informer", Subject()) == ["举报人甲", "证人乙"]
    with desk.database.readers.begin() as session:
        own = store.last_version(session, desk.ref.id, "parties", 1)
    assert named("team_request", None, Subject("parties:1", record=own)) == [
        "举报人甲", "证人乙",
    ]  # fmt: skip


def test_what_it_was_about_must_still_be_there(desk: Desk) -> None:
    kind = desk.file().ruleset.papers["team_request"]
    for subject in ("interviews:1", "step:99"):
        with pytest.raises(Refused):
            drawing.draw_up(desk.asking(), desk.blobs, desk.file(), kind, subject, address=ADDRESS)
