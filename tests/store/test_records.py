"""Records of registers: what their hash covers, and how their items are found and paged."""

from dataclasses import fields, replace

import pytest

from fireinvest.store import Database
from fireinvest.store import records as store
from fireinvest.store.codec import Unreadable
from fireinvest.store.records import RecordLine, line_of_record, record_hash
from fireinvest.workflow.actions import Attachment, Shape
from fireinvest.workflow.items import ITEMS
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.registers import Filing, Record
from tests.queries import counted
from tests.services.office import FIRE_ON, NOW, TIMERS, opened
from tests.services.test_records import CLERK, SHOP, changed, file, new

FILE = Attachment("a.txt", "text/plain", "0" * 64, 3)
RECORD = Record(1, "parties", 1, 1, SHOP, NOW, "sun")


def line(record: Record = RECORD, number: str = "5303-2025-0001") -> RecordLine:
    return line_of_record(1, number, record, idempotency_key="form#0", before="0" * 64)


def test_a_hash_stays_what_it_was() -> None:
    assert line().hash == "e0e810f9941d7721a7aa66b355b995df631e29f706052dbf84c90305e16299ec"


def test_everything_is_covered_by_the_hash() -> None:
    written = line()
    others: list[RecordLine] = [
        line(replace(RECORD, attachments=(FILE,))),
        line(replace(RECORD, restriction="informer")),
        line(replace(RECORD, is_withdrawn=True)),
        line(replace(RECORD, reason="x")),
        line(replace(RECORD, acting_for="x")),
        line(number="5303-2025-0002"),
    ]
    assert len({each.hash for each in (written, *others)}) == 1 + len(others)
    # What comes as the database writes it has the same hash.
    as_stored = written._replace(recorded_at=NOW.isoformat(timespec="microseconds"), is_withdrawn=0)  # type: ignore[arg-type] # as SQLite has it
    assert record_hash("5303-2025-0001", as_stored) == written.hash
    assert record_hash("5303-2025-0001", written._replace(is_withdrawn=2)) != written.hash  # type: ignore[arg-type] # what nobody wrote


def test_a_record_comes_back_as_it_was_written() -> None:
    record = replace(
        RECORD, attachments=(FILE,), restriction="informer", reason="x", acting_for="y", version=3
    )
    assert line(record).record() == record
    for wrong in ({"register": "gone"}, {"schema_version": 99}, {"payload": '{"name":7}'}):
        with pytest.raises(Unreadable):
            line()._replace(**wrong).record()


SAMPLES: dict[Shape, object] = {
    Shape.COUNT: 3, Shape.AREA: 50, Shape.FEN: 1250, Shape.DAYS: 30, Shape.TEXT: "甲",
    Shape.LONG_TEXT: "一\n二", Shape.DAY: FIRE_ON, Shape.FLAG: False, Shape.OUTCOME: "yes",
    Shape.ITEM: "x", Shape.MOMENT: NOW, Shape.LISTED: "code", Shape.CHOSEN: ("a", "b"),
    Shape.REFERENCES: (2, 1), Shape.IDENTITY_NO: "530302190001011231",
    Shape.CREDIT_CODE: "91110000600037341L", Shape.PHONE: "13800001234",
}  # fmt: skip


@pytest.mark.parametrize("register", sorted(ITEMS))
def test_every_sort_of_item_comes_back_as_it_was_written(register: str) -> None:
    cls = ITEMS[register]
    full = cls(**{each.name: SAMPLES[each.metadata["shape"]] for each in fields(cls)})
    for values in (full, cls()):
        record = replace(RECORD, register=register, values=values)
        assert line(record).record() == record
    for wrong in ('{"no_such_field":1}', "[]", '"x"', "{"):
        with pytest.raises(ValueError):  # noqa: PT011 - Unreadable, or no JSON at all
            line()._replace(register=register, payload=wrong).record()


def test_items_are_paged_by_number_with_one_query(database: Database) -> None:
    ref = opened(database)
    parties = [replace(CLERK, name=f"甲{number}") for number in range(7)]
    records = file(database, ref, *map(new, parties)).records
    file(database, ref, changed(records[2], is_withdrawn=True, reason="重复"))

    def page(after: int, *, withdrawn: bool = False) -> list[int]:
        with database.readers.begin() as session, counted(database) as sent:
            found = store.page_of_items(
                session, ref.id, "parties", after=after, size=3, withdrawn=withdrawn
            )
        assert len(sent) == 1
        return [each.item for each in found]

    assert [page(0), page(4), page(7)] == [[1, 2, 4], [5, 6, 7], []]
    assert page(0, withdrawn=True) == [1, 2, 3]
    with database.readers.begin() as session:
        assert store.count_items(session, ref.id) == {"parties": 6}
        mine = store.records_by(session, ref.id, [TIMERS.id], 3)
        assert [each.seq for each in mine] == [8, 7, 6]
        wanted = [(ref.id, "parties", 1), (ref.id, "parties", 3), (99, "parties", 1)]
        assert [(at, each.item) for at, each in store.items_at(session, wanted)] == [(ref.id, 1)]
        assert store.items_at(session, []) == []
        assert store.last_version(session, ref.id, "parties", 9) is None


def test_who_stands_in_several_cases_is_found_in_all(database: Database) -> None:
    first, second = opened(database), opened(database)
    for ref in (first, second):
        file(database, ref, new(CLERK), new(Party("孙某", "person", "witness")))
    wanted = [("phone", "13800001234"), ("name", "孙某"), ("name", "nobody")]
    with database.readers.begin() as session:
        found = store.find_keys(session, wanted)
        assert [(each.number, each.item, each.sort) for each in found] == [
            (second.number, 1, "phone"), (first.number, 1, "phone"),
            (second.number, 2, "name"), (first.number, 2, "name"),
        ]  # fmt: skip
        here = store.find_keys(session, wanted, case_id=first.id)
        assert {each.number for each in here} == {first.number}
        assert len(store.find_keys(session, wanted, size=1)) == 1
        assert store.find_keys(session, []) == []


def test_a_filing_of_nothing_changes_nothing(database: Database) -> None:
    ref = opened(database)
    assert file(database, ref).records == ()
    assert Filing("parties", SHOP).item is None
