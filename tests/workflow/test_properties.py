"""What holds of every story, whatever people do in whatever order."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fireinvest.regulation.clocks import Deadline
from fireinvest.workflow.actions import (
    Correcting,
    Figures,
    HandingOver,
    Linking,
    Merging,
    Payload,
    Raising,
    Voiding,
)
from fireinvest.workflow.case import Case
from fireinvest.workflow.engine import Action, Outcome, available, missing
from fireinvest.workflow.errors import Invalid, NotAllowed, Refused, Stale
from tests.regulation.law import HARMLESS, law_of
from tests.workflow.stories import (
    ONE_DEATH,
    PROCEDURE,
    THE_SYSTEM,
    ZONE,
    Story,
    filled,
    holder,
)

FIRE = date(2025, 5, 12)
STEPS = sorted(law_of().steps)
#: Stories begin with a part of the procedure, so that they get somewhere.
IN_ORDER = [line for stage in PROCEDURE.values() for line in stage]
PEOPLE = ("leader", "deputy", "member one", "expert", "somebody")
TIERS = ("county", "city", "province", "state", "moon")

openings = st.sampled_from(
    [
        {**ONE_DEATH},
        {**HARMLESS},
        {**HARMLESS, "social_impact": None},
        {**HARMLESS, "deaths": 9},
        {"deaths": 12},
        {**ONE_DEATH, "category": "work_safety"},
        {**ONE_DEATH, "category": "arson_filed"},
        {"deaths": None},
    ]
)
places = st.sampled_from(["530325", "530302", ZONE])
days = st.integers(-2, 500).map(lambda number: FIRE + timedelta(days=number))
some_text = st.sampled_from([None, "1", "M1", "T1", "government"])


@st.composite
def said(draw: st.DrawFn) -> dict[str, Any]:
    """Some of the fields that payloads share, sensible or not."""
    choices: dict[str, st.SearchStrategy[Any]] = {
        "deaths": st.sampled_from([0, 1, 3, 10, 30]),
        "direct_economic_loss": st.sampled_from([0, 10_000_000_00, 50_000_000_00]),
        "outcome": st.sampled_from(["yes", "no", "granted", "approved", "refused", "proved", None]),
        "category": st.sampled_from(["ordinary", "work_safety", "arson_filed", "railway", None]),
        "person": st.sampled_from([*PEOPLE, None]),
        "ref": some_text,
        "due_on": st.none() | days,
        "effective_on": st.none() | days,
        "government": st.sampled_from([*TIERS, None]),
        "item": st.sampled_from(["fire_rescue", "discipline", "technical", "lead", None]),
        "days": st.sampled_from([None, 0, 10, 70]),
    }
    names = draw(st.lists(st.sampled_from(sorted(choices)), max_size=2, unique=True))
    return {name: draw(choices[name]) for name in names}


@st.composite
def code_actions(draw: st.DrawFn) -> tuple[str, Payload]:
    number = draw(st.integers(0, 40))
    tier = draw(st.sampled_from(TIERS))
    actions: list[tuple[str, Payload]] = [
        ("void", Voiding(number)),
        ("correct", Correcting(number, Figures(deaths=draw(st.integers(0, 40))), draw(days))),
        ("hand_over", HandingOver(tier)),
        ("raise", Raising(tier)),
        ("merge", Merging("case-2")),
        ("link", Linking("case-2", "merge", 3)),
        ("void", Figures(deaths=1)),
        ("nonsense", Merging("case-2")),
    ]
    return draw(st.sampled_from(actions))


@st.composite
def actions(draw: st.DrawFn) -> tuple[str, Payload, date, str | None, bool]:
    """A step or code action, its payload, its day, a reason or none, and by the carrier or not."""
    reason = draw(st.sampled_from(["Because.", "Because.", None]))
    if draw(st.integers(0, 9)) == 0:
        step, payload = draw(code_actions())
        return step, payload, draw(days), reason, True
    step = draw(st.sampled_from(STEPS))
    return step, filled(law_of(), step, **draw(said())), draw(days), reason, False


def skeleton(draw: st.DrawFn) -> Story:
    """A story some way through the procedure, some of its steps left out, past the door."""
    story = Story(place=draw(places), **draw(openings))
    length = draw(st.integers(0, len(IN_ORDER)))
    left_out = draw(st.sets(st.integers(0, len(IN_ORDER)), max_size=8))
    for index, (step, on, values) in enumerate(IN_ORDER[:length]):
        if index not in left_out:
            story.tell(step, on, **values)
    return story


def try_step(
    story: Story, step: str, payload: Payload, on: date, reason: str | None = "Because."
) -> Outcome | None:
    """Take it if the door lets it through; only its four answers may come instead."""
    carrier = step not in story.ruleset.steps
    action = Action(step, payload, on, reason=reason)
    actor = holder("carrier") if carrier else THE_SYSTEM
    try:
        outcome = story.asked(action, actor=actor, today="2026-12-31")
    except (Invalid, NotAllowed, Refused, Stale):
        return None
    story.entries.append(outcome.entry)
    return outcome


def shape(case: Case) -> tuple[object, ...]:
    """Everything that a fold says, without the journal itself."""
    return (
        case.facts,
        case.judgement,
        case.mode,
        case.mode_since,
        case.modes_seen,
        case.levels,
        case.governments,
        case.entries,
        case.done,
        case.recorded,
        case.members,
        case.recused,
        case.stage,
        case.merged_into,
        case.links,
        case.inconsistencies,
    )


@st.composite
def stories(draw: st.DrawFn) -> Story:
    story = skeleton(draw)
    for step, payload, on, reason, _ in draw(st.lists(actions(), max_size=6)):
        try_step(story, step, payload, on, reason)
    return story


@given(stories(), st.lists(actions(), min_size=1, max_size=6))
def test_the_door_gives_one_of_its_four_answers_and_nothing_else(
    story: Story, attempts: list[tuple[str, Payload, date, str | None, bool]]
) -> None:
    for step, payload, on, reason, _ in attempts:
        before = shape(story.case)
        outcome = try_step(story, step, payload, on, reason)
        if outcome is None:
            assert shape(story.case) == before
        else:
            assert shape(outcome.case) == shape(story.case)
            assert outcome.entry.seq == outcome.case.version
        missing(story.case)
        assert len(available(story.case, THE_SYSTEM)) == len(STEPS)


@given(stories(), st.randoms(use_true_random=False))
def test_a_journal_read_in_any_order_tells_the_same_case(story: Story, random: Any) -> None:
    shuffled = list(story.entries)
    random.shuffle(shuffled)
    other = story.only(shuffled).case
    assert shape(other) == shape(story.case)
    assert other.journal == story.case.journal
    assert story.only(shuffled).deadlines("2026-06-30") == story.deadlines("2026-06-30")


@given(stories(), actions())
def test_voiding_the_last_entry_gives_the_case_before_it(
    story: Story, attempt: tuple[str, Payload, date, str | None, bool]
) -> None:
    step, payload, on, _, _ = attempt
    before = story.case
    outcome = try_step(story, step, payload, on)
    if outcome is None or step in ("void", "correct"):
        return
    story.tell("void", "2026-12-31", Voiding(outcome.entry.seq))
    assert shape(story.case) == shape(before)


def ended(story: Story) -> dict[str, Deadline]:
    found = story.deadlines("2026-12-31")
    return {name: each for name, each in found.items() if each.run.satisfied_on is not None}


@given(stories(), actions(), st.integers(0, 200))
def test_a_satisfied_clock_never_moves_when_later_entries_come(
    story: Story, attempt: tuple[str, Payload, date, str | None, bool], later: int
) -> None:
    step, payload, _, _, _ = attempt
    last = max(entry.on for entry in story.case.entries)
    before = ended(story)
    outcome = try_step(story, step, payload, last + timedelta(days=later))
    if outcome is None or step in ("void", "correct"):
        return
    after = story.deadlines("2026-12-31")
    for name, each in before.items():
        assert after[name].due_on == each.due_on, name
        assert after[name].run == each.run, name
        assert after[name].state is each.state, name


@given(stories(), actions())
def test_what_is_available_is_never_refused(
    story: Story, attempt: tuple[str, Payload, date, str | None, bool]
) -> None:
    step, payload, on, _, _ = attempt
    possible = {each.step.id for each in available(story.case, THE_SYSTEM) if each.is_possible}
    try:
        story.asked(Action(step, payload, on), actor=THE_SYSTEM, today="2026-12-31")
    except Invalid:
        pass
    except Refused:
        assert step not in possible
    except NotAllowed:
        assert step not in STEPS
