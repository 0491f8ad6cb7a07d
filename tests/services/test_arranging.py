"""The order of a file: by item and date, as it was changed, and in volumes within their bounds."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from fireinvest.services.archives.arranging import Arranged, Limits, arrange, moved
from fireinvest.services.archives.documents import Document, Form
from fireinvest.workflow.actions import Attachment
from fireinvest.workflow.items.archive import FIRST, Arrangement
from fireinvest.workflow.registers import Record

ITEMS = ("founding", "report", "other")
WIDE = Limits(1000, 10**9)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PDF, WORD = (
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
)


def doc(
    key: str, item: str = "report", day: int = 1, *, sha: str = "", kind: str = PDF, size: int = 10,
    kept_as: Iterable[str] = (),
) -> Document:  # fmt: skip
    attachment = Attachment(f"{key}.pdf", kind, sha or key * 8, size)
    return Document(
        key, item, date(2026, 1, day), key.upper(), "", "某局", attachment, frozenset(kept_as), ""
    )


def change(seq: int, values: Arrangement) -> Record:
    return Record(seq, "arrangements", seq, 1, values, NOW, "archivist")


def keys(arranged: Arranged) -> list[list[str]]:
    return [[each.document.key for each in volume.documents] for volume in arranged.volumes]


def pages(documents: Iterable[Document], count: int = 1) -> dict[str, int]:
    return {each.attachment.sha256: count for each in documents}


DOCS = [doc("c", "other"), doc("b", "report", 2), doc("a", "report", 1), doc("z", "founding", 9)]


def test_documents_stand_by_item_then_by_date() -> None:
    assert keys(arrange(DOCS, ITEMS, [], {}, WIDE)) == [["z", "a", "b", "c"]]


def test_an_item_that_the_list_lacks_stands_last() -> None:
    assert keys(arrange([doc("x", "gone"), *DOCS], ITEMS, [], {}, WIDE))[0][-1] == "x"


@pytest.mark.parametrize(
    ("key", "way", "expected"),
    [
        ("z", "up", None), ("a", "up", FIRST), ("b", "up", "z"), ("c", "up", "a"),
        ("z", "down", "a"), ("b", "down", "c"), ("c", "down", None), ("x", "up", None),
    ],
)  # fmt: skip
def test_one_place_up_or_down(key: str, way: str, expected: str | None) -> None:
    assert moved(arrange(DOCS, ITEMS, [], {}, WIDE), key, way) == expected


def test_changes_hold_in_the_order_in_which_they_were_made() -> None:
    changes = [
        change(2, Arrangement("Z", "z", "c")),
        change(1, Arrangement("C", "c", FIRST)),
        change(3, Arrangement("A", "a", "gone")),
    ]
    assert keys(arrange(DOCS, ITEMS, changes, {}, WIDE)) == [["c", "z", "a", "b"]]


def test_what_is_left_out_is_told_with_its_reason() -> None:
    found = arrange(
        DOCS, ITEMS, [change(1, Arrangement("A", "a", left_out=True, why="重份"))], {}, WIDE
    )
    assert keys(found) == [["z", "b", "c"]]
    assert [each.document.key for each in found.left_out] == ["a"]


@pytest.mark.parametrize(
    ("limit", "expected"), [(5, [["z", "a"], ["b", "c"]]), (6, [["z", "a", "b"], ["c"]]),
                            (7, [["z", "a", "b"], ["c"]]), (8, [["z", "a", "b", "c"]])],
)  # fmt: skip
def test_a_volume_holds_no_more_pages_than_its_bound(limit: int, expected: list[list[str]]) -> None:
    found = arrange(DOCS, ITEMS, [], pages(DOCS, 2), Limits(limit, 10**9))
    assert keys(found) == expected
    assert [each.pages for each in found.volumes] == [2 * len(each) for each in expected]


@pytest.mark.parametrize(("limit", "count"), [(19, 4), (20, 2), (29, 2), (30, 2), (40, 1)])
def test_a_volume_holds_no_more_bytes_than_its_bound(limit: int, count: int) -> None:
    assert len(keys(arrange(DOCS, ITEMS, [], pages(DOCS), Limits(1000, limit)))) == count


def test_a_film_and_large_pictures_take_no_more_room_than_their_pages() -> None:
    docs = [
        doc("a", kind="video/mp4", size=3 * 1024**3),
        doc("b", kind="image/jpeg", size=9_000_000),
        doc("c", kind="image/jpeg", size=100),
    ]
    volume = arrange(docs, ITEMS, [], pages(docs), Limits(1000, 10**6)).volumes[0]
    assert (len(volume.documents), volume.size) == (3, 620_100)


def test_what_is_larger_than_any_volume_has_one_of_its_own() -> None:
    counted = pages(DOCS) | {DOCS[2].attachment.sha256: 99}
    assert keys(arrange(DOCS, ITEMS, [], counted, Limits(10, 10**9))) == [["z"], ["a"], ["b", "c"]]


def test_a_document_can_be_put_into_another_volume_and_none_is_empty() -> None:
    to_two = [change(1, Arrangement("Z", "z", volume=2))]
    found = arrange(DOCS, ITEMS, to_two, pages(DOCS), Limits(2, 10**9))
    assert keys(found) == [["a", "b"], ["z", "c"]]
    far = [change(1, Arrangement("Z", "z", volume=900))]
    found = arrange(DOCS, ITEMS, far, pages(DOCS), WIDE)
    assert keys(found) == [["a", "b", "c"], ["z"]]
    assert [each.number for each in found.volumes] == [1, 2]


def test_what_is_restricted_has_volumes_of_its_own() -> None:
    docs = [*DOCS, doc("r", kept_as=["secret"]), doc("s", kept_as=["secret", "more"])]
    found = arrange(docs, ITEMS, [], {}, WIDE)
    assert keys(found) == [["z", "a", "b", "c"], ["r"]]
    assert [(each.restriction, each.number) for each in found.volumes] == [(None, 1), ("secret", 1)]
    assert [each.key for each in found.apart] == ["s"]
    assert moved(found, "r", "up") is None


def test_pages_run_through_a_volume_and_are_unknown_until_counted() -> None:
    counted = pages(DOCS, 3)
    volume = arrange(DOCS, ITEMS, [], counted, WIDE).volumes[0]
    assert [(each.first_page, each.last_page) for each in volume.documents] == [
        (1, 3), (4, 6), (7, 9), (10, 12),
    ]  # fmt: skip
    assert volume.is_counted
    assert volume.size == 40
    del counted[DOCS[0].attachment.sha256]
    assert not arrange(DOCS, ITEMS, [], counted, WIDE).volumes[0].is_counted
    broken = pages(DOCS, 3) | {DOCS[0].attachment.sha256: 0}
    assert arrange(DOCS, ITEMS, [], broken, WIDE).volumes[0].pages == 10


def test_the_same_content_twice_is_marked() -> None:
    docs = [doc("a"), replace(doc("b"), attachment=doc("a").attachment)]
    placed = arrange(docs, ITEMS, [], {}, WIDE).volumes[0].documents
    assert [each.same_as for each in placed] == [None, "a"]


def test_another_order_or_content_has_another_fingerprint() -> None:
    def mark(docs: list[Document], *changes: Record) -> str:
        return arrange(docs, ITEMS, changes, pages(docs), WIDE).volumes[0].fingerprint

    first = mark(DOCS)
    assert first == mark(list(reversed(DOCS)))
    assert first != mark(DOCS, change(1, Arrangement("Z", "z", "c")))
    other = [*DOCS[:3], doc("z", "founding", 9, sha="0" * 64)]
    assert first != mark(other)


@pytest.mark.parametrize(
    ("kind", "form"),
    [(PDF, Form.PDF), ("image/jpeg", Form.PICTURE), (WORD, Form.WORD), ("video/mp4", Form.OTHER)],
)
def test_how_a_file_becomes_pages(kind: str, form: Form) -> None:
    assert doc("a", kind=kind).form is form
