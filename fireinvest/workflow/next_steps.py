"""Whose turn is it, and for what? What the rule wants by now, what was asked, what a clock waits for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.profile import Per, Step
from fireinvest.workflow.case import Case, is_lacking
from fireinvest.workflow.deadlines import satisfying_steps
from fireinvest.workflow.engine import missing, why_not_now
from fireinvest.workflow.permissions import ADMINISTERING, acting_tiers

#: The code action by which a case goes to the government now responsible.
HAND_OVER = "hand_over"


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step that somebody with one of the roles is to take.

    ``tier``: whose people are meant at a government, None where any tier's are. ``clock`` and
    ``instance``: the deadline that it meets, None where it meets none. ``is_now``: it can be
    taken now and nothing usually comes first; else only its clock runs.
    """

    step: str
    roles: tuple[str, ...]
    tier: str | None
    clock: str | None
    instance: str | None
    is_now: bool


def next_steps(case: Case, deadlines: Iterable[Deadline]) -> tuple[NextStep, ...]:
    """Return what is to be done next in a case, and by whom; nothing once it goes on in another."""
    if case.merged_into is not None:
        return ()
    running = [each for each in deadlines if not each.is_ended]
    tiers = acting_tiers(case)
    tier = next(iter(tiers)) if len(tiers) == 1 else None
    found = list(_wanted(case, running, tier))
    covered = {(each.clock, each.instance) for each in found}
    for each in running:
        if (each.clock.id, each.run.instance) not in covered:
            found.extend(_awaited(case, each, tier))
    found.extend(_hand_over(case, tier))
    return tuple(dict.fromkeys(found))


def _wanted(case: Case, running: Iterable[Deadline], tier: str | None) -> Iterator[NextStep]:
    """What the rule wants by now or somebody asked for, and what can be done at once."""
    steps = case.ruleset.steps
    names = [each.step for each in missing(case) if each.step is not None]
    asked = [step.id for step in steps.values() if _was_asked(case, step)]
    for name in dict.fromkeys([*names, *asked]):
        step = steps[name]
        if not _can_be_done(case, step):
            continue
        meets = [each for each in running if step in _satisfying(case, each)]
        for each in meets:
            yield _meeting(step, each, tier, is_now=True)
        if not meets:
            yield NextStep(name, step.who, tier, None, None, is_now=True)


def _awaited(case: Case, found: Deadline, tier: str | None) -> Iterator[NextStep]:
    """The steps that meet a clock, though it may not be their turn yet."""
    for step in _satisfying(case, found):
        yield _meeting(step, found, tier, is_now=_can_be_done(case, step))


def _satisfying(case: Case, found: Deadline) -> tuple[Step, ...]:
    return satisfying_steps(case.ruleset, found.clock.id, found.run.decided)


def _meeting(step: Step, found: Deadline, tier: str | None, *, is_now: bool) -> NextStep:
    if found.clock.per is Per.GOVERNMENT_BY_RULE and found.run.government is not None:
        tier = found.run.government
    return NextStep(step.id, step.who, tier, found.clock.id, found.run.instance, is_now)


def _can_be_done(case: Case, step: Step) -> bool:
    """Is it possible, and is nothing lacking that usually comes first?"""
    if next(why_not_now(case, step), None) is not None:
        return False
    steps = case.ruleset.steps
    return not any(is_lacking(case, steps[name]) for name in step.expects)


def _was_asked(case: Case, step: Step) -> bool:
    """Does a request wait for this decision: an extension, a recusal?

    A decision answers what it requires where both are of one kind and only the answer has
    outcomes. What a clock waits for is told by the clock.
    """
    steps = case.ruleset.steps
    asking = [name for name in step.requires if steps[name].kind is step.kind]
    if not step.outcomes or step.satisfies or not asking:
        return False
    answers = [
        other
        for other in steps.values()
        if other.outcomes and other.kind is step.kind and set(asking) & set(other.requires)
    ]
    answered: dict[str | None, tuple[object, ...]] = {}
    for other in answers:
        for entry in case.recorded.get(other.id, ()):
            about = getattr(entry.payload, "person", None)
            answered[about] = max(answered.get(about, ()), (entry.on, entry.seq))
    for name in asking:
        for entry in case.done.get(name, ()):
            about = getattr(entry.payload, "person", None)
            is_open = (entry.on, entry.seq) > answered.get(about, ())
            if is_open and next(iter(_deciding(case, answers, about)), None) is step:
                return True
    return False


def _deciding(case: Case, answers: Iterable[Step], about: str | None) -> Iterator[Step]:
    """The steps by which a request can be decided: nobody decides on themselves (art 7)."""
    posts = {each.post for each in case.members if each.person == about and each.is_active}
    return (step for step in answers if not posts & set(step.who))


def _hand_over(case: Case, tier: str | None) -> Iterator[NextStep]:
    coming = case.handover_pending
    if coming is None:
        return
    roles = tuple(sorted(ADMINISTERING))
    yield NextStep(HAND_OVER, roles, tier, None, None, is_now=True)
    # The head of the superior's agency may take it over.
    yield NextStep(HAND_OVER, ("agency_head",), coming, None, None, is_now=True)
