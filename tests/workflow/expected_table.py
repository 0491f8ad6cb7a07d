"""Who may take which step in which stage, written out by hand from the articles.

One line a step: its article; its own stage and the last in which it may be taken; who; in which
modes; whether the rule wants it; which steps must stand before it; and what else must hold.
A step may be taken one stage early, so that a gap in this stage never traps a case.

Who: C carrier, H head of the lead agency, L leader, D deputy leader, G group head, M member,
E expert, O discipline inspection's delegate, V evaluator, A archivist, R registrar of the
government office, P handler there, S signer of the reply, U head of the agency next above.
Modes: I investigate, A assist, O out of scope, X other law prevails.
Else: ``open``: a report was sent and waits for an answer; ``idle``: none does; ``awaits``: no
receipt is registered; ``first``: not done before; ``work_safety``: only such fires;
``changes``: the reply approved with changes.
"""

from dataclasses import dataclass

ROLES = {
    "C": "carrier",
    "H": "agency_head",
    "L": "leader",
    "D": "deputy_leader",
    "G": "group_head",
    "M": "member",
    "E": "expert",
    "O": "discipline_observer",
    "V": "evaluator",
    "A": "archivist",
    "R": "government_registrar",
    "P": "government_handler",
    "S": "government_signer",
    "U": "superior-agency_head",
}

_TABLE = """
# Scope, level, routing: facts of arts 2, 3 and 8(1) change at any time.
update_figures          | rule:8(1)      | team..evaluation       | C G           | I A O   | may    |                    |
decide_social_impact    | rule:2.1       | team..evaluation       | C P S         | I O     | may    |                    |
decide_category         | rule:3.2       | team..evaluation       | C H S         | I A O X | may    |                    |
authorise_zone          | rule:3.1       | team..evidence         | C S           | I       | may    |                    |
delegate                | decree493:19   | team..evidence         | C S           | I       | may    |                    |
designate               | rule:3.1       | team..evidence         | C S           | I       | may    |                    |
invite_county           | rule:3.1       | team..evidence         | C H           | I       | may    |                    |
# Arts 5-7, 9(1): the team. A rise asks a new government for one at any stage before the reply.
request_team            | rule:5         | team..approval         | C H           | I       | must   |                    |
establish_team          | rule:5         | team..approval         | C P S         | I       | must   |                    |
name_deputy             | rule:5         | team..approval         | C L P S       | I       | may    |                    |
join_team               | rule:6         | team..approval         | C L           | I       | must   |                    |
leave_team              | rule:6         | team..evaluation       | C L           | I       | may    |                    |
form_group              | rule:9(1)      | team..review           | C L           | I       | may    |                    |
invite                  | rule:6         | team..review           | C L           | I       | must   |                    |
observe                 | rule:6         | team..approval         | C L           | I       | may    |                    |
engage_expert           | rule:6         | team..review           | C L           | I       | may    |                    |
declare_recusal         | rule:7         | team..evaluation       | C O L D G M E V | I       | may    |                    |
decide_recusal          | rule:7         | team..approval         | L             | I       | may    | declare_recusal    |
decide_leader_recusal   | rule:7         | team..approval         | S             | I       | may    | declare_recusal    |
# Arts 9-12: the work of leader and groups.
founding_meeting        | rule:9(2)      | team..approval         | C L           | I       | must   |                    |
work_plan               | rule:10(1)     | team..evidence         | L G           | I       | may    |                    |
progress_meeting        | rule:9(2)      | evidence..approval     | C L           | I       | should |                    |
progress_report         | rule:12(2)     | team..approval         | C G           | I       | may    |                    |
release_progress        | rule:9(4)      | team..approval         | L             | I       | may    |                    |
assess_rescue           | rule:11(3)     | evidence..review       | C G           | I       | must   |                    |
group_report            | rule:11(4)     | evidence..review       | G             | I       | may    |                    |
# Arts 13-17: inquiry and evidence.
accountability_group    | rule:13        | evidence..execution    | C O           | I       | may    |                    |
line_finding            | rule:15        | evidence..review       | C G M         | I       | must   |                    |
test_commissioned       | rule:16        | evidence..approval     | C G           | I O     | may    |                    |
test_returned           | rule:16        | evidence..approval     | C G           | I O     | may    | test_commissioned  |
coordinate              | rule:17        | evidence..approval     | C L           | I       | may    |                    |
refer_criminal          | rule:27        | evidence..evaluation   | C L           | I       | may    |                    |
refer_discipline        | rule:26.2      | evidence..evaluation   | C L           | I       | may    |                    |
# Arts 18-20: analysis, report and its approval by the leader; signatures of the members.
analysis_meeting        | rule:18        | evidence..review       | C L           | I       | must   | establish_team     |
determine_cause         | rule:18        | review..approval       | C L G         | I       | must   |                    |
determine_nature        | rule:8(2)      | review..approval       | C L           | I       | must   |                    |
draft_report            | rule:20        | evidence..approval     | C G           | I       | must   |                    |
consult                 | rule:18        | review..approval       | C             | I       | must   |                    |
consult_answer          | rule:18        | review..approval       | C             | I       | may    | consult            |
deliberation_meeting    | rule:9(2)      | review..approval       | C L           | I       | must   |                    |
approve_report          | rule:18        | review..approval       | L             | I       | must   | establish_team     |
sign_report             | rule:19        | review..approval       | C L D G M E   | I       | must   | establish_team     |
# Arts 21, 22: submission and reply. The government decides on extensions, not who asks for them.
ask_extension           | rule:21        | team..approval         | C L           | I       | may    |                    |
decide_extension        | rule:21        | team..approval         | P S           | I       | may    | ask_extension      |
submit_report           | rule:21        | review..approval       | C L           | I       | must   | establish_team     | idle
receive_report          | rule:22        | approval..approval     | R             | I       | must   | submit_report      | awaits
return_report           | rule:22        | approval..approval     | P S           | I       | may    | submit_report      | open
reply                   | rule:22        | approval..approval     | P S           | I       | must   | submit_report      | open first
confirm_changes         | rule:22        | execution..evaluation  | P S           | I       | must   | reply              | changes
# Arts 23-27: publication, file, delivery, copies, transfers, measures and penalties.
publish                 | rule:23        | execution..evaluation  | C H           | I       | must   | reply              |
archive                 | rule:24        | execution..evaluation  | A C           | I       | must   | reply              |
deliver_reply           | rule:25        | execution..evaluation  | R P           | I       | must   | reply              |
reply_received          | rule:26.1      | execution..evaluation  | C             | I       | must   | reply              |
send_copies             | rule:26.1      | execution..evaluation  | C             | I       | must   | reply              |
transfer                | rule:26.2      | execution..evaluation  | C             | I       | may    | reply              |
set_measure             | rule:20(6)     | execution..evaluation  | C P           | I A     | may    |                    |
accept_measure          | rule:28(1)     | execution..evaluation  | C V           | I A     | may    | set_measure        |
record_penalty          | rule:27        | execution..evaluation  | C O           | I       | may    |                    |
# Arts 28-30: evaluation and supervision.
open_evaluation         | rule:28        | execution..evaluation  | C P S         | I       | must   | reply              |
join_evaluation         | rule:29        | evaluation..evaluation | C P S         | I       | must   | open_evaluation    |
decide_evaluator_recusal | rule:7        | evaluation..evaluation | S             | I       | may    | declare_recusal open_evaluation |
evaluate                | rule:28        | evaluation..evaluation | V C           | I       | must   | open_evaluation    |
evaluation_report       | rule:29        | evaluation..evaluation | V C           | I       | must   | open_evaluation    |
publish_evaluation      | worksafety:86  | evaluation..evaluation | C H           | I       | must   | evaluation_report  | work_safety
order_supervision       | rule:30        | execution..evaluation  | P S           | I       | may    | reply              |
extend_supervision      | rule:30        | execution..evaluation  | P S           | I       | may    | order_supervision  |
lift_supervision        | rule:30        | execution..evaluation  | P S           | I       | may    | order_supervision  |
notify_delay            | rule:30        | execution..evaluation  | C P S         | I       | may    | reply              |
judge_new_fire          | rule:30        | execution..evaluation  | C P S         | I       | may    | order_supervision  |
# Art 3: assistance to a superior's team; a fire out of scope has its own determination.
assist_task             | rule:3.1       | team..evaluation       | C             | A       | may    |                    |
assist_done             | rule:3.1       | team..evaluation       | C             | A       | may    | assist_task        |
superior_reply          | rule:3.1       | team..evaluation       | C             | A       | may    |                    |
fire_determination      | order108:18    | team..evaluation       | C             | I O     | may    |                    |
ask_determination_extension    | order108:18 | team..evaluation   | C H           | I O     | may    |                    |
decide_determination_extension | order108:18 | team..evaluation   | U H           | I O     | may    | ask_determination_extension |
"""


@dataclass(frozen=True)
class Row:
    """What the articles say of one step."""

    step: str
    article: str
    stage: str
    through: str
    who: frozenset[str]
    modes: frozenset[str]
    need: str
    requires: frozenset[str]
    holds: frozenset[str]


def _row(line: str) -> Row:
    step, article, stages, who, modes, need, requires, *rest = (
        each.strip() for each in line.split("|")
    )
    stage, _, through = stages.partition("..")
    return Row(
        step,
        article,
        stage,
        through,
        frozenset(ROLES[each] for each in who.split()),
        frozenset(modes.split()),
        need,
        frozenset(requires.split()),
        frozenset(" ".join(rest).split()),
    )


TABLE = {
    row.step: row
    for row in (_row(line) for line in _TABLE.splitlines() if line and not line.startswith("#"))
}
