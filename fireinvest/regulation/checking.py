"""Does a ruleset contradict itself? Every reference resolves, every step can be reached."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from fireinvest.messages import Problem, Text
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.condition import (
    ALWAYS,
    FACTS,
    All,
    AnyOf,
    Condition,
    FactType,
    Leaf,
    Not,
)
from fireinvest.regulation.profile import (
    Kind,
    Leading,
    Mode,
    Route,
    Ruleset,
    StartsFrom,
    Step,
    Weight,
)

#: Stands for "the members of the team" where a step goes through a list of the law.
MEMBERS = "@members"


def check(ruleset: Ruleset) -> list[Problem]:
    """Return every contradiction found, each with the dotted key at which to mend it."""
    checks = (
        _citations,
        _conditions,
        _scale,
        _routing,
        _presumptions,
        _stages,
        _steps,
        _reachable,
        _clocks,
        _terms,
        _plans,
    )
    return [problem for each in checks for problem in each(ruleset)]


def _unknown(key: str, ids: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    known = set(known)
    for each in ids:
        if each not in known:
            yield Problem(key, Text("There is no %(id)s.", id=each))


class _Cited(Protocol):
    """An item with an id that cites an article."""

    @property
    def id(self) -> str: ...

    @property
    def basis(self) -> Citation: ...


def _cited(ruleset: Ruleset) -> Iterator[tuple[str, Citation]]:
    """Every citation in the ruleset, with the key of the item that makes it."""
    for instrument in ruleset.instruments.values():
        if instrument.counting is not None:
            yield f"instruments.{instrument.id}.counting", instrument.counting
    for reading in ruleset.readings.values():
        yield f"readings.{reading.id}.basis", reading.basis
        for source in reading.source:
            yield f"readings.{reading.id}.source", source
    for scale in ruleset.scales.values():
        yield f"scales.{scale.id}.basis", scale.basis
        yield f"scales.{scale.id}.window_basis", scale.window_basis
        for level in scale.levels:
            yield f"scales.{scale.id}.levels.{level.id}.basis", level.basis
    for scope in ruleset.scopes.values():
        yield f"scopes.{scope.id}.basis", scope.basis
        for rule in (*scope.elsewhere, *scope.silent, *scope.within):
            yield f"scopes.{scope.id}.{rule.id}.basis", rule.basis
    for listing in ruleset.lists.values():
        yield f"lists.{listing.id}.basis", listing.basis
        for item in listing.items:
            yield f"lists.{listing.id}.items.{item.id}.basis", item.basis
    plain: dict[str, Iterable[_Cited]] = {
        "roles": ruleset.roles.values(),
        "bodies": ruleset.bodies.values(),
        "tiers": ruleset.tiers.values(),
        "categories": ruleset.categories.values(),
        "presumptions": ruleset.presumptions.values(),
        "routes": ruleset.routes,
        "leading": ruleset.leading,
        "stages": ruleset.stages.values(),
        "steps": ruleset.steps.values(),
        "clocks": ruleset.clocks.values(),
        "terms": ruleset.terms.values(),
        "plans": ruleset.plans.values(),
    }
    for table, items in plain.items():
        for each in items:
            yield f"{table}.{each.id}.basis", each.basis


def _citations(ruleset: Ruleset) -> Iterator[Problem]:
    stated = set(ruleset.articles)
    for address in ruleset.articles.values():
        yield from _unknown(
            f"articles.{address.citation}.id", [address.citation.instrument], ruleset.instruments
        )
    for key, citation in _cited(ruleset):
        if citation.instrument not in ruleset.instruments:
            yield from _unknown(key, [citation.instrument], ruleset.instruments)
        elif not stated & {str(citation), f"{citation.instrument}:{citation.article}"}:
            yield Problem(key, Text("There is no statement of what %(id)s says.", id=str(citation)))


def _leaves(condition: Condition) -> Iterator[Leaf]:
    match condition:
        case Leaf():
            yield condition
        case Not(part):
            yield from _leaves(part)
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from _leaves(part)


def _conditions(ruleset: Ruleset) -> Iterator[Problem]:
    conditions: list[tuple[str, Condition]] = [
        *((f"routes.{each.id}", each.when) for each in ruleset.routes),
        *((f"leading.{each.id}", each.when) for each in ruleset.leading),
        *((f"steps.{each.id}", each.when) for each in ruleset.steps.values()),
        *((f"clocks.{each.id}", each.when) for each in ruleset.clocks.values()),
        *((f"terms.{each.id}", each.when) for each in ruleset.terms.values()),
    ]
    for scope in ruleset.scopes.values():
        for rule in (*scope.elsewhere, *scope.silent, *scope.within):
            conditions.append((f"scopes.{scope.id}.{rule.id}", rule.when))
    levels = [level.id for level in ruleset.scale.levels] if "accident" in ruleset.scales else []
    codes: dict[str, list[str]] = {"category": list(ruleset.categories), "mode": list(Mode)}
    for key, condition in conditions:
        for leaf in _leaves(condition):
            if FACTS.get(leaf.fact) is FactType.LEVEL and isinstance(leaf.operand, str):
                yield from _unknown(f"{key}.when", [leaf.operand], levels)
            elif leaf.fact in codes and isinstance(leaf.operand, str | tuple):
                named = (leaf.operand,) if isinstance(leaf.operand, str) else leaf.operand
                yield from _unknown(f"{key}.when", named, codes[leaf.fact])


def _scale(ruleset: Ruleset) -> Iterator[Problem]:
    yield from _unknown("scales", ["accident"], ruleset.scales)
    yield from _unknown("scopes", ["scope"], ruleset.scopes)


def _routing(ruleset: Ruleset) -> Iterator[Problem]:
    for route in ruleset.routes:
        yield from _unknown(f"routes.{route.id}.government", [route.government], ruleset.tiers)
    for each in ruleset.leading:
        yield from _unknown(f"leading.{each.id}.bodies", each.bodies, ruleset.bodies)
    tables: tuple[tuple[str, tuple[Route | Leading, ...]], ...] = (
        ("routes", ruleset.routes),
        ("leading", ruleset.leading),
    )
    for name, table in tables:
        if not any(line.when == ALWAYS for line in table):
            yield Problem(name, Text("The last line has no condition, so that one always matches."))
        local = [line for line in table if _is_local(ruleset, name, line.id)]
        for line in local[:-1]:
            if line.when == ALWAYS:
                yield Problem(f"{name}.{line.id}", Text("What stands below is never reached."))


def _is_local(ruleset: Ruleset, table: str, item: str) -> bool:
    return item in ruleset.layers[-1].tables.get(table, {})


def _presumptions(ruleset: Ruleset) -> Iterator[Problem]:
    for each in ruleset.presumptions.values():
        if each.fact == "category":
            yield from _unknown(f"presumptions.{each.id}.value", [each.value], ruleset.categories)


def _stages(ruleset: Ruleset) -> Iterator[Problem]:
    for index, stage in enumerate(ruleset.stages.values()):
        yield from _unknown(f"stages.{stage.id}.begins_with", stage.begins_with, ruleset.steps)
        if index > 0 and not stage.begins_with:
            yield Problem(f"stages.{stage.id}.begins_with", Text("No step leads to this stage."))


def _steps(ruleset: Ruleset) -> Iterator[Problem]:
    steps, clocks = ruleset.steps, ruleset.clocks
    for step in steps.values():
        key = f"steps.{step.id}"
        yield from _unknown(f"{key}.who", step.who, ruleset.roles)
        for name in ("requires", "expects", "after"):
            yield from _unknown(f"{key}.{name}", getattr(step, name), steps)
        for name in ("satisfies", "starts", "stops"):
            yield from _unknown(f"{key}.{name}", getattr(step, name), clocks)
        if step.items is not None and step.items != MEMBERS:
            yield from _unknown(f"{key}.items", [step.items], ruleset.lists)
        if step.assigns is not None:
            yield from _unknown(f"{key}.assigns", [step.assigns], ruleset.roles)
        if step.extends is not None:
            yield from _unknown(f"{key}.extends", [step.extends], clocks)
        yield from _unknown(f"{key}.effective", step.effective, step.outcomes)
        if step.closes is not None:
            yield from _unknown(f"{key}.closes", [step.closes], steps)
        if not step.who:
            yield Problem(f"{key}.who", Text("Somebody must be able to do it."))


def _reachable(ruleset: Ruleset) -> Iterator[Problem]:
    """A step whose conditions can never be met together is a fault of the profile."""
    stages = list(ruleset.stages)
    for step in ruleset.steps.values():
        key = f"steps.{step.id}"
        missing = [each for each in (step.stage, step.through) if each not in stages]
        if missing:
            yield from _unknown(f"{key}.stage", missing, stages)
            continue
        if stages.index(step.through) < stages.index(step.stage):
            yield Problem(f"{key}.through", Text("This stage lies before the step's own."))
        if _needs(ruleset, step, step.id, set()):
            yield Problem(f"{key}.requires", Text("The step can't be reached: it requires itself."))
        for name in step.requires:
            needed = ruleset.steps.get(name)
            if needed is None or needed.stage not in stages:
                continue
            if stages.index(needed.stage) > stages.index(step.through):
                text = Text("The step can't be reached: %(id)s comes in a later stage.", id=name)
                yield Problem(f"{key}.requires", text)


def _needs(ruleset: Ruleset, step: Step, wanted: str, seen: set[str]) -> bool:
    for name in step.requires:
        if name == wanted:
            return True
        if name in ruleset.steps and name not in seen:
            seen.add(name)
            if _needs(ruleset, ruleset.steps[name], wanted, seen):
                return True
    return False


def _clocks(ruleset: Ruleset) -> Iterator[Problem]:
    """A layer without a step table (national law alone) leaves starts and ends to others."""
    steps = ruleset.steps.values()
    for clock in ruleset.clocks.values():
        key = f"clocks.{clock.id}"
        terms = [term for term in ruleset.terms.values() if term.clock == clock.id]
        if not terms and clock.weight is not Weight.SET:
            yield Problem(key, Text("No term says how long this clock runs."))
        if not steps:
            continue
        if clock.starts_from is StartsFrom.STEP and not any(clock.id in s.starts for s in steps):
            yield Problem(key, Text("No step starts this clock."))
        if not any(clock.id in step.satisfies for step in steps):
            yield Problem(key, Text("No step satisfies this clock."))
        named = [each for each in (clock.received_by, clock.returned_by) if each is not None]
        yield from _unknown(key, named, ruleset.steps)


def _terms(ruleset: Ruleset) -> Iterator[Problem]:
    for term in ruleset.terms.values():
        key = f"terms.{term.id}"
        yield from _unknown(f"{key}.clock", [term.clock], ruleset.clocks)
        yield from _unknown(f"{key}.readings", term.readings, ruleset.readings)
        if ruleset.steps:
            yield from _unknown(f"{key}.tests", term.tests, ruleset.steps)
        for name in term.readings:
            reading = ruleset.readings.get(name)
            if reading is not None and reading.setting is None:
                yield Problem(f"{key}.readings", Text("%(id)s decides no date.", id=name))
            if reading is not None and reading.setting in term.settings:
                text = Text("%(id)s is settled twice, by a reading and by a key.", id=name)
                yield Problem(f"{key}.readings", text)
        for name in term.tests:
            if name in ruleset.steps and ruleset.steps[name].kind is not Kind.INTERVAL:
                yield Problem(f"{key}.tests", Text("%(id)s is no interval.", id=name))


def _plans(ruleset: Ruleset) -> Iterator[Problem]:
    for plan in ruleset.plans.values():
        yield from _unknown(f"plans.{plan.id}.clock", [plan.clock], ruleset.clocks)
        yield from _unknown(
            f"plans.{plan.id}.steps", [line.step for line in plan.steps], ruleset.steps
        )
