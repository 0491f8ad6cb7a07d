"""Execution and evaluation as they are stored: an item and its step, together or not at all."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from fireinvest.messages import Faulty
from fireinvest.services.casefile import case_file
from fireinvest.services.cases import CaseRef, load_case, open_case
from fireinvest.services.evaluation import conflicts_of, delayed, not_carried_out, sheet_of
from fireinvest.services.execution import steps_of_ledgers, unwritten
from fireinvest.services.new_fires import NewFires, new_fires
from fireinvest.services.people import Post
from fireinvest.services.records import Filed, file_records
from fireinvest.store import Database
from fireinvest.store import records as store
from fireinvest.workflow.actions import Decision, Delivery, DocumentSent, Measure, Order
from fireinvest.workflow.case import Member
from fireinvest.workflow.errors import Invalid
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.evaluation import (
    DelayNotice,
    NewFireJudgement,
    SheetLine,
    Supervision,
)
from fireinvest.workflow.items.execution import (
    CopySent,
    DisciplineLead,
    Liability,
    RectificationMeasure,
    ReplyDelivered,
    Transfer,
)
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.permissions import Actor
from fireinvest.workflow.registers import Filing, Record
from tests.queries import counted
from tests.services.office import (
    CALENDAR,
    CITY,
    FUYUAN,
    LAW,
    NOW,
    REPLY,
    TIMERS,
    TODAY,
    did,
    facts,
    key,
    opened,
    person,
    submitted,
)

JULY, AUGUST = date(2025, 7, 20), date(2025, 8, 20)
MEASURE = RectificationMeasure(
    "拆除保温层", "某公司", None, "unit", JULY, date(2025, 8, 1), "set"
)  # fmt: skip
LIABLE = Liability(
    "某公司", "unit", fact="未落实主体责任", kind="administrative", proposed="罚款",
    state="proposed", state_on=JULY,
)  # fmt: skip
ORDERED = Supervision(
    "某某商贸有限公司", None, None, "某区政府", "拆除", None, "政发1号", AUGUST, date(2025, 9, 30)
)  # fmt: skip


def replied(database: Database) -> CaseRef:
    ref = opened(database)
    submitted(database, ref)
    did(database, ref, "reply", REPLY, date(2025, 7, 18))
    return ref


def file(
    database: Database,
    ref: CaseRef,
    *filings: Filing,
    by: Actor = TIMERS,
    hold: Sequence[int] = (),
) -> Filed:
    return file_records(
        database, LAW, CALENDAR, by, ref.id, filings, idempotency_key=key(), now=NOW, today=TODAY,
        hold=hold,
    )  # fmt: skip


def new(register: str, item: Item, reason: str | None = None) -> Filing:
    return Filing(register, item, reason=reason)


def again(record: Record, item: Item, reason: str | None = None) -> Filing:
    return Filing(record.register, item, record.item, record.version, reason)


def steps(database: Database, ref: CaseRef, *names: str) -> list[object]:
    with database.readers.begin() as session:
        case = load_case(session, ref.id).case
    return [each.payload for name in names for each in case.recorded.get(name, ())]


def items(database: Database, ref: CaseRef, register: str) -> list[Record]:
    with database.readers.begin() as session:
        return store.items_of(session, ref.id, [register])[register]


# ---------------------------------------------------------------------------- the ledgers


def test_a_measure_is_set_and_accepted_in_the_transaction_of_its_item(database: Database) -> None:
    ref = replied(database)
    (measure,) = file(database, ref, new("measures", MEASURE)).records
    due = date(2025, 8, 1)
    assert steps(database, ref, "set_measure") == [Measure("ME1", "拆除保温层", "某公司", due)]
    failed = replace(
        MEASURE, state="not_proved", proof="未动工", accepted_by="验收组", accepted_on=AUGUST
    )
    (measure,) = file(database, ref, again(measure, failed)).records
    # Late, and so for a reason: without one neither the item nor the step is there.
    proved = replace(failed, state="proved", proof="照片")
    with pytest.raises(Invalid) as found:
        file(database, ref, again(measure, proved))
    assert {each.field for each in found.value.problems} == {"reason"}
    assert items(database, ref, "measures")[0].values == failed
    (measure,) = file(database, ref, again(measure, proved, "雨季停工")).records
    accepted = steps(database, ref, "accept_measure")
    assert [(each.outcome, each.proof) for each in accepted] == [  # type: ignore[attr-defined]
        ("not_proved", "未动工"), ("proved", "照片"),
    ]  # fmt: skip
    # What ended for good stays so, and the limit stands where it was set.
    for wrong in (replace(proved, state="set"), replace(proved, due_on=AUGUST)):
        with pytest.raises(Invalid):
            file(database, ref, again(measure, wrong, "更正"))
    (measure,) = file(database, ref, again(measure, replace(proved, note="存档"))).records
    file(database, ref, replace(again(measure, measure.values, "重复"), is_withdrawn=True))
    assert len(steps(database, ref, "set_measure", "accept_measure")) == 3


def test_what_the_procedure_knows_already_is_taken_into_the_ledger_once(
    database: Database,
) -> None:
    ref = replied(database)
    set_there = Measure("整改-1", "拆除保温层", "某公司", date(2025, 8, 1))
    did(database, ref, "set_measure", set_there, JULY)
    with database.readers.begin() as session:
        case = load_case(session, ref.id).case
    (reminder,) = unwritten(case, "measures", [])
    assert reminder.ref == "整改-1"
    file(database, ref, new("measures", replace(MEASURE, ref="整改-1")))
    assert steps(database, ref, "set_measure") == [set_there]
    assert unwritten(case, "measures", items(database, ref, "measures")) == []


def test_before_the_reply_the_ledgers_wait_and_are_carried_over_after_it(
    database: Database,
) -> None:
    ref = opened(database)
    submitted(database, ref)
    file(database, ref, new("measures", MEASURE), new("liabilities", LIABLE))
    assert steps(database, ref, "set_measure", "record_penalty") == []
    did(database, ref, "reply", REPLY, date(2025, 7, 18))

    def carry() -> None:
        file_records(
            database, LAW, CALENDAR, TIMERS, ref.id, [], idempotency_key=key(), now=NOW,
            today=TODAY, follow=steps_of_ledgers(["measures", "liabilities"]),
        )  # fmt: skip

    carry()
    carry()
    assert steps(database, ref, "set_measure", "record_penalty") == [
        Measure("ME1", "拆除保温层", "某公司", date(2025, 8, 1)),
        Measure("LB1", "罚款", "某公司", outcome="proposed"),
    ]


def test_each_state_of_a_penalty_that_the_journal_knows_is_there_once(database: Database) -> None:
    ref = replied(database)
    (mine,) = file(database, ref, new("liabilities", LIABLE)).records
    changes: list[dict[str, object]] = [
        {"state": "under_way"},
        {"state": "decided", "decision": "罚款5万元", "decided_by": "支队", "decided_on": AUGUST},
        {"state": "proved", "proof": "收据"},
        {"post": "某街道"},
    ]
    values = LIABLE
    for each in changes:
        values = replace(values, state_on=AUGUST, **each)  # type: ignore[arg-type] # its fields
        (mine,) = file(database, ref, again(mine, values)).records
    said = [each.outcome for each in steps(database, ref, "record_penalty")]  # type: ignore[attr-defined]
    assert said == ["proposed", "decided", "carried_out"]
    with pytest.raises(Invalid):
        file(database, ref, new("liabilities", replace(LIABLE, state="decided")))


# ---------------------------------------------------------------------------- who receives it


def test_the_last_receipt_of_a_line_takes_its_step(database: Database) -> None:
    ref = replied(database)
    one = ReplyDelivered(
        "检察院", JULY, "政复1号", None, JULY, "甲", None, "procuratorate", "judicial"
    )
    (first,) = file(database, ref, new("deliveries", one)).records
    assert steps(database, ref, "deliver_reply") == []
    court = replace(one, recipient="法院", whom="court", received_on=None, signed_by=None)
    (second,) = file(database, ref, new("deliveries", court)).records
    assert steps(database, ref, "deliver_reply") == []
    got = replace(court, received_on=AUGUST, signed_by="乙")
    file(database, ref, again(second, got))
    file(database, ref, again(first, replace(one, note="补登")))
    assert steps(database, ref, "deliver_reply") == [
        Delivery("judicial", "检察院、法院", "DL1、DL2", "政复1号")
    ]
    # Nobody of the case is named by what stands for the whole line.
    copy = CopySent(
        "各参与单位", JULY, None, None, JULY, "丙", None, "participants", "participants"
    )
    file(database, ref, new("copies", copy))
    assert len(steps(database, ref, "send_copies")) == 1
    # Before the reply nothing can have been delivered: the whole is refused.
    early = replace(one, whom="fire_rescue", item="lead", sent_on=date(2025, 6, 1),
                    received_on=date(2025, 6, 1))  # fmt: skip
    with pytest.raises(Faulty):
        file(database, ref, new("deliveries", early))
    assert len(items(database, ref, "deliveries")) == 2


def test_a_transfer_is_on_record_when_it_goes_out_and_a_lead_only_for_few(
    database: Database,
) -> None:
    ref = replied(database)
    begun = Transfer("涉嫌重大责任事故罪", "criminal", "公安机关")
    (record,) = file(database, ref, new("transfers", begun)).records
    assert steps(database, ref, "refer_criminal") == []
    sent = replace(begun, sent_on=JULY, document_no="消1号")
    (record,) = file(database, ref, again(record, sent)).records
    file(database, ref, again(record, replace(sent, result_on=AUGUST, result="立案")))
    file(database, ref, new("transfers", replace(sent, kind="authority", to="市场监管局")))
    file(
        database, ref, new("discipline_leads", DisciplineLead("履职问题", to="纪委", sent_on=JULY))
    )
    assert steps(database, ref, "refer_criminal", "transfer", "refer_discipline") == [
        DocumentSent("公安机关", "消1号", "TR1 涉嫌重大责任事故罪"),
        DocumentSent("市场监管局", "消1号", "TR2 涉嫌重大责任事故罪"),
        DocumentSent("纪委", None, "JL1 履职问题"),
    ]
    with database.readers.begin() as session:
        case = load_case(session, ref.id).case
    lead = case.recorded["refer_discipline"][0]
    assert case.restrictions[lead.seq] == {"discipline"}


# ---------------------------------------------------------------------------- supervision


def test_a_supervision_is_ordered_extended_and_lifted_with_its_item(database: Database) -> None:
    ref = replied(database)
    (mine,) = file(database, ref, new("supervisions", ORDERED)).records
    longer = replace(
        ORDERED, extended_to=date(2025, 10, 30), extended_on=TODAY, extension_grounds="雨季"
    )
    (mine,) = file(database, ref, again(mine, longer)).records
    (mine,) = file(database, ref, again(mine, replace(longer, address="某路1号"))).records
    lifted = replace(longer, lifted_on=TODAY, lifting_grounds="已拆除")
    with pytest.raises(Invalid):
        file(database, ref, again(mine, replace(lifted, due_on=TODAY)))
    file(database, ref, again(mine, lifted))
    names = ("order_supervision", "extend_supervision", "lift_supervision")
    assert steps(database, ref, *names) == [
        Order("政发1号", None, "SV1", "拆除", "某区政府", date(2025, 9, 30)),
        Order(None, None, "SV1", "雨季", "某区政府", date(2025, 10, 30)),
        Order(None, None, "SV1", "已拆除", "某区政府"),
    ]
    file(database, ref, new("liabilities", LIABLE))
    told = DelayNotice("discipline", "市纪委", (1,), "请督促落实", None, AUGUST)
    (notice,) = file(database, ref, new("delay_notices", told)).records
    file(database, ref, again(notice, replace(told, answer="已督办", answered_on=TODAY)))
    assert steps(database, ref, "notify_delay") == [
        DocumentSent("市纪委", None, "DN1 请督促落实", "discipline")
    ]


def burned_again(
    database: Database, unit: str, address: str, on: date = date(2025, 9, 1)
) -> CaseRef:
    known = replace(facts(FUYUAN, deaths=1), occurred_on=on)
    return open_case(
        database, LAW, CALENDAR, TIMERS, known, unit, address, home_division=CITY,
        idempotency_key=key(), now=NOW, today=TODAY,
    )  # fmt: skip


def judging(database: Database, ref: CaseRef, actor: Actor = TIMERS) -> NewFires:
    with database.readers.begin() as session:
        return new_fires(session, case_file(session, actor, ref.number, CALENDAR, TODAY))


def test_a_new_fire_at_a_supervised_unit_is_asked_in_both_cases_and_judged_once(
    database: Database,
) -> None:
    ref = replied(database)
    ordered = replace(ORDERED, unit="某物流公司", address="某园区2号")
    (mine,) = file(database, ref, new("supervisions", ordered)).records
    by_name = burned_again(database, "某物流公司", "别处")
    by_address = burned_again(database, "另一单位", "某园区2号")
    by_party = burned_again(database, "某商场", "第三处")
    before = burned_again(database, "某物流公司", "某园区2号", date(2025, 8, 19))
    stranger = burned_again(database, "无关单位", "无关地址")
    assert not judging(database, by_party)
    party = Party("某 物流公司", "unit", "owner")
    file(database, by_party, new("parties", party))
    assert [each.fire for each in judging(database, ref).elsewhere] == [
        by_name.number, by_address.number, by_party.number,
    ]  # fmt: skip
    for new_fire in (by_name, by_address, by_party):
        (asked,) = judging(database, new_fire).own
        assert (asked.supervised, asked.other_id) == (ref.number, ref.id)
    for none in (before, stranger):
        assert not judging(database, none)
    signer = person(database, "signer", Post("government_signer", division=CITY, tier="city"))
    judged = NewFireJudgement(
        by_name.number, (1,), True, True, False, "后果不严重", "市政府", date(2025, 9, 5)
    )
    file(database, ref, new("art30_judgements", judged), by=signer, hold=[by_name.id])
    assert steps(database, ref, "judge_new_fire") == [
        Decision("conditions_not_met", decided_by="市政府", note="后果不严重")
    ]
    with database.readers.begin() as session:
        links = [load_case(session, each.id).case.links for each in (ref, by_name)]
    assert [[(each.other, each.step) for each in found] for found in links] == [
        [(by_name.number, "judge_new_fire")], [(ref.number, "judge_new_fire")],
    ]  # fmt: skip
    assert not judging(database, by_name)
    assert len(judging(database, ref).elsewhere) == 2
    lifted = replace(ordered, lifted_on=TODAY, lifting_grounds="已整改")
    file(database, ref, again(mine, lifted))
    assert not judging(database, ref)
    assert not judging(database, by_address)


def test_a_supervision_without_an_item_counts_for_the_unit_of_its_case(database: Database) -> None:
    ref = replied(database)
    order = Order("政发1号", ref="督办-1", what="拆除", due_on=date(2025, 9, 30))
    did(database, ref, "order_supervision", order, AUGUST)
    fire = burned_again(database, "某某商贸有限公司", "别处")
    early = burned_again(database, "某某商贸有限公司", "别处", date(2025, 8, 1))
    assert [each.fire for each in judging(database, ref).elsewhere] == [fire.number]
    assert [each.supervised for each in judging(database, fire).own] == [ref.number]
    assert not judging(database, early)
    with counted(database) as sent:
        judging(database, fire)
    few = len(sent)
    for number in range(3):
        file(database, fire, new("parties", Party(f"单位{number}", "unit", "owner")))
    with counted(database) as sent:
        judging(database, fire)
    assert len(sent) == few


# ---------------------------------------------------------------------------- the evaluation


def record(register: str, number: int, values: Item) -> Record:
    return Record(number, register, number, 1, values, NOW, "officer")


def test_the_sheet_begins_with_what_the_ledgers_prove() -> None:
    proved = record("measures", 1, replace(MEASURE, state="proved", proof="照片", done="已拆"))
    waits = record("measures", 2, MEASURE)
    penalty = record("liabilities", 1, replace(LIABLE, decision="罚款"))
    line = record("evaluation_sheet", 1, SheetLine("measures", "某", "measures 2", "查", "proved"))
    more = record("evaluation_sheet", 2, SheetLine("measures", "另", None, "查", "proved"))
    lesson = record("evaluation_sheet", 3, SheetLine("lessons", "专项整治", None, "查", "proved"))
    records = {
        "measures": [proved, waits], "liabilities": [penalty],
        "evaluation_sheet": [line, more, lesson],
    }  # fmt: skip
    first, second, third = sheet_of("measures", records)
    assert (first.state, first.finding, first.line) == ("proved", "已拆", None)
    assert (second.state, second.line, second.differs) == ("proved", line, True)
    assert (third.subject, third.source, third.differs) == ("另", None, False)
    (fine,) = sheet_of("penalties", records)
    # Nothing is proved by silence.
    assert (fine.state, fine.finding, fine.is_restricted) == ("not_proved", "罚款", False)
    assert [each.subject for each in sheet_of("lessons", records)] == ["专项整治"]
    assert not_carried_out([proved, waits], date(2025, 8, 1)) == []
    assert not_carried_out([proved, waits], date(2025, 8, 2)) == [waits]


def test_whoever_is_answerable_or_was_recused_is_in_conflict_and_organs_hear_of_delays() -> None:
    members = [
        Member(name, "evaluator", agency, None, JULY, 1)
        for name, agency in (("zhao", None), ("qian", "某 公司"), ("sun", None))
    ]
    mine = record("liabilities", 1, LIABLE)
    found = conflicts_of(members, str.upper, {"sun"}, [mine])
    assert [(each.member.person, each.record) for each in found] == [("qian", mine), ("sun", None)]
    late = replace(LIABLE, due_on=date(2025, 8, 1))
    crime = replace(late, kind="criminal")
    rows = [
        record("liabilities", number, values)
        for number, values in enumerate(
            (
                late, replace(late, is_official=True), crime, replace(crime, state="under_way"),
                replace(LIABLE, is_official=True), replace(late, is_official=True, state="proved"),
            ),
            1,
        )
    ]  # fmt: skip
    assert {name: [each.item for each in told] for name, told in delayed(rows, TODAY).items()} == {
        "discipline": [2], "procuratorate": [3], "court": [4],
    }  # fmt: skip
