"""Lines of inquiry end in findings or nothing; chains go from a fact to a measure."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from fireinvest.workflow.actions import Entry, Finding
from fireinvest.workflow.case import Case, retold
from fireinvest.workflow.chain import UNUSED, matrix_of
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.evidence import Evidence
from fireinvest.workflow.items.inquiry import ChainNode, LineFinding
from fireinvest.workflow.lines import Line, lines_of
from fireinvest.workflow.registers import Record
from tests.workflow.stories import told_until

AT = datetime(2025, 6, 1, tzinfo=UTC)
PRODUCTS = ("performance", "making", "selling", "using")


@pytest.fixture(scope="module")
def case() -> Case:
    return told_until("evidence").case


def record(register: str, item: int, values: Item, at: datetime = AT) -> Record:
    return Record(item, register, item, 1, values, at, "zhao")


def nothing(item: int, line: str, point: str, at: datetime = AT) -> Record:
    values = LineFinding(line, point, "nothing_found", reason="未见异常")
    return record("line_findings", item, values, at)


def found(item: int, line: str, point: str, at: datetime = AT) -> Record:
    return record("line_findings", item, LineFinding(line, point, "found", "违规"), at)


def line(case: Case, name: str, *records: Record) -> Line:
    return next(each for each in lines_of(case, records) if each.item.id == name)


def closed_at(case: Case, name: str, at: datetime) -> Case:
    payload = Finding(name, text="完毕")
    entry = Entry(case.version + 1, "line_finding", payload, date(2025, 6, 1), at, "zhao")
    return retold(case, (*case.journal, entry))


def test_the_five_lines_have_their_sub_items(case: Case) -> None:
    points = {each.item.id: [one.item.id for one in each.points] for each in lines_of(case, ())}
    assert list(points) == ["use", "construction", "services", "products", "supervision"]
    assert points["use"] == ["ignition", "combustibles", "spread", "casualties"]
    assert [len(each) for each in points.values()] == [4, 5, 6, 4, 3]


def test_a_line_can_be_closed_once_all_of_it_ended(case: Case) -> None:
    records = [nothing(n, "products", point) for n, point in enumerate(PRODUCTS, 1)]
    open_ = line(case, "products", *records[:3], nothing(9, "use", "ignition"))
    assert (open_.ended, open_.can_close) == (3, False)
    whole = line(case, "products", *records)
    assert (whole.ended, whole.can_close, whole.found_nothing) == (4, True, True)
    both = line(case, "products", *records, found(5, "products", "making"))
    assert both.points[1].is_contradicted
    assert not both.can_close
    something = line(case, "products", *records[1:], found(5, "products", "performance"))
    assert (something.can_close, something.found_nothing) == (True, False)
    assert [each.item for each in something.records] == [5, 2, 3, 4]


def test_what_was_found_after_a_line_was_closed_is_told(case: Case) -> None:
    after = closed_at(case, "products", AT)
    records = [nothing(n, "products", point) for n, point in enumerate(PRODUCTS, 1)]
    done = line(after, "products", *records)
    assert done.closed is not None
    assert done.changed == ()
    later = found(5, "products", "making", AT + timedelta(seconds=1))
    assert line(after, "products", *records, later).changed == (later,)
    never = replace(case, done={})
    assert line(never, "products", later).closed is None
    assert line(never, "products", later).changed == ()


def test_a_rule_without_sub_items_has_lines_that_nothing_closes(case: Case) -> None:
    lists = {n: each for n, each in case.ruleset.lists.items() if not n.startswith("line_")}
    bare = replace(case, ruleset=replace(case.ruleset, lists=lists))
    assert [each.can_close for each in lines_of(bare, [record("parties", 1, ChainNode())])] == [
        False
    ] * 5


# ---------------------------------------------------------------------------- the chain

SORTS = ("fact", "cause", "responsibility", "measure")


def node(
    item: int, sort: str, before: tuple[int, ...] = (), evidence: tuple[int, ...] = ()
) -> Record:
    return record("facts", item, ChainNode(sort, f"{sort}{item}", before or None, evidence or None))


def piece(item: int) -> Record:
    return record("evidence", item, Evidence(f"物证{item}", "object"))


def told(
    nodes: list[Record], pieces: tuple[int, ...] = (1,), *findings: Record
) -> tuple[list[tuple[int, list[list[int]]]], list[int], list[tuple[str, int]]]:
    matrix = matrix_of(SORTS, nodes, [piece(each) for each in pieces], findings)
    rows = [
        (row.fact.item, [[each.item for each in step] for step in row.following])
        for row in matrix.rows
    ]
    loose = [each.item for each in matrix.loose]
    return rows, loose, [(each.kind, each.record.item) for each in matrix.orphans]


CHAIN = [
    node(1, "fact", evidence=(1,)), node(2, "cause", (1,)), node(3, "responsibility", (2,)),
    node(4, "measure", (3,)),
]  # fmt: skip


def test_a_whole_chain_has_no_orphans() -> None:
    assert told(CHAIN) == ([(1, [[2], [3], [4]])], [], [])


@pytest.mark.parametrize(
    ("nodes", "loose", "orphans"),
    [
        ([node(1, "fact")], [], [("fact", 1), (UNUSED, 1)]),
        # What is named is gone.
        ([node(1, "fact", evidence=(7,))], [], [("fact", 1), (UNUSED, 1)]),
        ([CHAIN[0], node(2, "cause")], [2], [("cause", 2)]),
        ([CHAIN[0], node(2, "cause", (9,))], [2], [("cause", 2)]),
        # Of the wrong sort: a responsibility follows from a cause.
        ([*CHAIN[:2], node(3, "responsibility", (1,))], [3], [("responsibility", 3)]),
        ([*CHAIN[:3], node(4, "measure", (2,))], [4], [("measure", 4)]),
        # Whatever follows from what hangs in the air hangs there too, and is no orphan of its own.
        ([CHAIN[0], node(2, "cause"), *CHAIN[2:]], [2, 3, 4], [("cause", 2)]),
    ],
)
def test_what_rests_on_nothing_is_told(
    nodes: list[Record], loose: list[int], orphans: list[tuple[str, int]]
) -> None:
    _rows, found_loose, found_orphans = told(nodes)
    assert (found_loose, found_orphans) == (loose, orphans)


def test_evidence_is_used_by_nodes_and_by_findings() -> None:
    bears = record("line_findings", 1, LineFinding("use", "spread", "found", "违规", evidence=(2,)))
    plain = record("line_findings", 2, LineFinding("use", "spread", "found", "违规"))
    assert told(CHAIN, (1, 2, 3), bears, plain)[2] == [(UNUSED, 3)]
    assert told([*CHAIN[:1], node(2, "cause", (1,), (3,))], (1, 3))[2] == []


def test_a_cause_of_two_facts_stands_in_both_rows_and_other_sorts_in_none() -> None:
    nodes = [
        node(1, "fact", evidence=(1,)),
        node(2, "fact", evidence=(1,)),
        node(3, "cause", (1, 2)),
    ]
    other = [node(4, "of_another_rule", (1,)), record("parties", 5, Evidence())]
    assert told([*nodes, *other])[0] == [(1, [[3], [], []]), (2, [[3], [], []])]
    assert matrix_of((), nodes, []).rows == ()
