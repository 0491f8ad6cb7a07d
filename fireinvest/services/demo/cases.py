"""The fourteen cases of the demo, each at the point of the procedure that it is there to show."""

from dataclasses import replace
from datetime import date, timedelta

from fireinvest.regulation.calendar import ONE_DAY, Calendar
from fireinvest.regulation.rulesets import Law
from fireinvest.services.demo.story import Story
from fireinvest.workflow.actions import (
    Correcting,
    Decision,
    DocumentSent,
    Extension,
    Figures,
    Finding,
    HandingOver,
    Interval,
    Membership,
    Order,
    Recusal,
    Voiding,
)

#: The case that is opened first. Its fire lies just so many days before the day of loading, so
#: that this day can be found again when the rest is loaded later.
FIRST = "09"
DAYS_SINCE_FIRST = 320

_NATIONAL_DAY = (10, 1)
_YUAN = 100


def stories(law: Law, calendar: Calendar, today: date) -> tuple[Story, ...]:
    """Return the cases as they stand on a day: the first one, then by the day of their fire."""

    def story(key: str, fire_on: date) -> Story:
        return Story(key, fire_on, law, calendar, today)

    def ago(working_days: int) -> date:
        return calendar.nth_working_day_before(today, working_days)

    told = [
        just_opened(story("01", today - ONE_DAY)),
        request_overdue(story("02", ago(7))),
        waiting_for_test(story("03", ago(18))),
        under_review(story("04", ago(33))),
        awaiting_reply(story("05", ago(48))),
        reply_overdue(story("06", ago(45))),
        carrying_out(story("07", ago(55))),
        being_evaluated(story("08", ago(205))),
        finished(story(FIRST, today - timedelta(days=DAYS_SINCE_FIRST))),
        risen(story("10", today - timedelta(days=16))),
        out_of_scope(story("11", ago(10))),
        extended(story("12", ago(48))),
        provisional(story("13", ago(56))),
        over_national_day(story("14", before_national_day(calendar, today))),
    ]
    return tuple(sorted(told, key=lambda each: (each.key != FIRST, each.fire_on, each.key)))


def before_national_day(calendar: Calendar, today: date) -> date:
    """Return the last but one working day before the latest National Day with its holiday past.

    Three working days from there end after the holiday; they are over by this day.
    """
    year = today.year
    while True:
        last = calendar.last_working_day(date(year, *_NATIONAL_DAY) - ONE_DAY)
        fire_on = calendar.nth_working_day_before(last, 1)
        if calendar.nth_working_day(fire_on, 3) <= today:
            return fire_on
        year -= 1


def just_opened(told: Story) -> Story:
    """Opened yesterday; the request for a team is running."""
    return told


def request_overdue(told: Story) -> Story:
    """The figures came in, but nobody asked for a team within three days."""
    figures = Figures(deaths=1, serious_injuries=2, burnt_area_m2=120, source="现场统计")
    told.did(told.officer, "update_figures", figures, 2)
    return told


def waiting_for_test(told: Story) -> Story:
    """In the inquiry: a test is out, two of five lines are found; an expert had to withdraw.

    Another recusal was raised and waits for the leader.
    """
    officer, leader, expert = told.officer, told.login("leader"), told.login("expert")
    told.observer = told.login("discipline")
    told.request(1)
    told.found_team(2)
    facts = "曾参与该机构消防设施设计，与当事人有业务往来。"
    told.did(told.observer, "declare_recusal", Recusal(expert, "relation", note=facts), 4)
    granted = Recusal(expert, outcome="granted", note="情况属实，同意回避。")
    told.did(leader, "decide_recusal", granted, 5)
    other = Membership("省内另聘电气专家", "消防技术专家库", "电气火灾专家")
    told.did(officer, "engage_expert", other, 6)
    plan = DocumentSent("调查组", title="技术组工作方案", item="technical")
    told.did(told.head_of_group, "work_plan", plan, 6)
    told.commission_test(8, back_in=14)
    told.find_lines(("use", "construction"), 13)
    report = DocumentSent(told.government, title="调查进展情况报告（第1期）")
    told.did(officer, "progress_report", report, 15)
    facts = "其配偶在该机构上级主管单位任职，是否影响公正请组长决定。"
    open_ground = Recusal(told.login("industry"), "interest", note=facts)
    told.did(told.observer, "declare_recusal", open_ground, 16)
    return told


def under_review(told: Story) -> Story:
    """The report is half written and half signed; one member doesn't agree."""
    told.request(2)
    told.found_team(3)
    told.inquire(8)
    told.conclude(22)
    told.draft(("unit", "course", "casualties", "cause"), 26)
    dissent = "对“行业部门未移送问题线索”的表述有不同意见，另附专页说明。"
    told.sign(told.team[1:4], 31, dissent)
    return told


def awaiting_reply(told: Story) -> Story:
    """The report came back once with reasons; the second one waits for its reply, days left few."""
    told.request(2)
    told.found_team(3)
    told.inquire(5)
    told.review(16)
    told.approve(24)
    back = DocumentSent(
        "火灾事故调查组", told.document("政复", 5, 30), "关于退回补充完善调查报告的通知"
    )
    reason = "直接经济损失统计依据不足，请补充价格认定结论后重新报批。"
    told.did(told.login("signer"), "return_report", back, 30, reason)
    told.submit(34, "补充完善稿")
    told.receive(35)
    return told


def reply_overdue(told: Story) -> Story:
    """The government has had the report for longer than it may; a wrong figure was corrected."""
    told.request(2)
    told.found_team(3)
    wrong = Figures(direct_economic_loss=950_000 * 10 * _YUAN, source="初步统计")
    target = told.did(told.officer, "update_figures", wrong, 5)
    right = Correcting(target, replace(wrong, direct_economic_loss=950_000 * _YUAN), told.day(5))
    told.did(told.officer, "correct", right, 6, "直接经济损失多录入一个零，按统计表更正。")
    told.inquire(6)
    told.review(17)
    told.approve(24)
    return told


def carrying_out(told: Story) -> Story:
    """Replied: some deliveries are missing, one measure is late and under supervision."""
    told.observer = told.login("discipline")
    told.request(1)
    told.found_team(2)
    told.inquire(4)
    sent = DocumentSent("公安机关", told.document("消", 47, 15), "涉嫌重大责任事故罪线索移送函")
    told.did(told.officer, "refer_criminal", sent, 15)
    group = Order(what="成立追责问责审查调查组", to="市纪委监委")
    told.did(told.observer, "accountability_group", group, 16)
    told.review(17)
    told.approve(25)
    told.reply(37)
    told.deliver(("lead", "discipline"), 39)
    told.spread(("participants",), ("report_website",), 40)
    ordered_on = told.calendar.last_working_day(told.today)
    due = (ordered_on - timedelta(days=5), told.today + timedelta(days=10), told.day(52))
    told.set_measures(due, 42)
    told.penalise("proposed", 44, told.observer)
    told.accept(3, 50)
    order = Order(
        told.document("政发", 88, ordered_on), ref="督办-1", what="拆除违规保温层",
        to=told.fire.unit, due_on=told.today + timedelta(days=25),
    )  # fmt: skip
    why = "整改逾期且无实质进展，决定挂牌督办。"
    told.did(told.login("signer"), "order_supervision", order, ordered_on, why)
    return told


def being_evaluated(told: Story) -> Story:
    """The evaluation is open; one of three measures isn't proved."""
    evaluator = told.login("evaluator")
    told.request(2)
    told.found_team(3)
    told.inquire(5)
    told.review(16)
    told.approve(24)
    told.reply(36)
    told.execute(38, days=(90, 180, 280))
    told.accept(1, 80)
    told.open_evaluation(evaluator, 193)
    told.accept(3, 197, by=evaluator)
    told.accept(2, 199, "not_proved", evaluator)
    findings = (
        ("measures", "集中充电点尚未建成投用，第2项措施未落实。"),
        ("penalties", "罚款已缴纳，刑事案件已移送审查起诉。"),
    )
    told.evaluate(findings, 201, evaluator)
    return told


def finished(told: Story) -> Story:
    """From the request to the evaluation's report, all in time: the case has ended."""
    _whole(told, request_on=2)
    return told


def over_national_day(told: Story) -> Story:
    """Asked for on the third working day, after a long holiday; how far it is depends on today."""
    _whole(told, request_on=3)
    return told


def _whole(told: Story, request_on: int) -> None:
    told.request(request_on)
    told.found_team(4)
    told.inquire(6)
    told.review(17)
    told.approve(25)
    told.reply(36)
    told.execute(38)
    told.accept(1, 80)
    told.accept(2, 85)
    told.penalise("carried_out", 90)
    told.open_evaluation("评估组组长（县消防安全委员会派员）", 190)
    told.end(197)


def risen(told: Story) -> Story:
    """8 deaths, 12 within seven days: 较大 became 重大, and the province took it over."""
    officer, first = told.officer, told.fire_on
    told.did(
        officer, "request_team", DocumentSent(told.government, "曲消〔急〕10号"), first + ONE_DAY
    )
    order = Order(told.document("政发", 40, first + ONE_DAY), told.login("leader"))
    told.did(officer, "establish_team", order, first + ONE_DAY)
    told.did(officer, "update_figures", Figures(deaths=9, source="医院通报"), first + 2 * ONE_DAY)
    told.did(officer, "update_figures", Figures(deaths=12, source="医院通报"), first + 4 * ONE_DAY)
    asked = DocumentSent(
        "云南省人民政府", "曲政报〔急〕1号", "关于提请成立省级调查组的请示", government="province"
    )
    why = "火灾后7日内死亡人数升至12人，达到重大火灾标准。"
    told.did(officer, "request_team", asked, first + 5 * ONE_DAY, why)
    handed = HandingOver("province", "云政发〔急〕1号")
    told.did(told.login("head"), "hand_over", handed, first + 7 * ONE_DAY, why)
    tasks = (
        ("配合-1", "移交现场勘验笔录、询问笔录和物证清单", told.today - timedelta(days=6)),
        ("配合-2", "提供近三年监督检查和行政许可档案", told.today + timedelta(days=2)),
        ("配合-3", "组织被查单位人员接受调查询问", told.today + timedelta(days=9)),
    )
    for ref, what, due_on in tasks:
        task = Order(ref=ref, what=what, to="市消防救援支队", due_on=due_on)
        told.did(officer, "assist_task", task, first + 8 * ONE_DAY)
    done = Order(ref="配合-1", what="已移交，省调查组签收")
    told.did(officer, "assist_done", done, told.today - timedelta(days=7))
    return told


def out_of_scope(told: Story) -> Story:
    """Nobody died and the public wasn't stirred; a figure of another fire was voided."""
    officer = told.officer
    decided = Decision(
        "no", decided_by="曲靖市人民政府", note="无人伤亡，未引发舆论关注，经研判未产生社会影响。"
    )
    told.did("city-reviewer", "decide_social_impact", decided, 2)
    wrong = told.did(officer, "update_figures", Figures(deaths=1, source="电话记录"), 3)
    reason = "误将另一起火灾的死亡人数登记在本案。"
    told.did(officer, "void", Voiding(wrong), 3, reason)
    figures = Figures(deaths=0, serious_injuries=0, burnt_area_m2=60, source="现场统计")
    told.did(officer, "update_figures", figures, 4)
    return told


def extended(told: Story) -> Story:
    """Two tests are out, and the report has 30 days more, approved in time."""
    officer, leader = told.officer, told.login("leader")
    told.request(2)
    told.found_team(3)
    told.commission_test(7, back_in=20)
    second = Interval("鉴定-12-2", "废机油闪点检测", "示例油品检测站（演示）", told.day(30))
    told.did(officer, "test_commissioned", second, 9)
    told.find_lines(("use", "products"), 20)
    told.did(officer, "test_returned", Interval("鉴定-12-2", "闪点低于60℃"), 25)
    grounds = "需对起火车辆进行模拟实验，鉴定机构不能在期限内出具结论。"
    told.did(leader, "ask_extension", Extension(30, grounds=grounds), 28)
    approved = Extension(30, "approved", told.document("政复", 12, 31))
    told.did(told.login("signer"), "decide_extension", approved, 31)
    told.did(officer, "assess_rescue", Finding(text="处置及时，未发现问题。"), 34)
    return told


def provisional(told: Story) -> Story:
    """Replied; one measure is due in a year for which no holiday notice is out yet."""
    told.request(2)
    told.found_team(3)
    told.inquire(5)
    told.review(16)
    told.approve(24)
    told.reply(36)
    told.deliver(("lead", "discipline", "judicial"), 38)
    places = ("report_media", "report_website")
    told.spread(("participants", "lower_governments"), places, 39)
    far = max(told.today + timedelta(days=150), told.calendar.announced_until + timedelta(days=90))
    told.set_measures((told.today + timedelta(days=20), far), 42)
    return told
