"""Does a ruleset contradict itself? Every reference resolves, every step can be reached."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, product
from typing import Protocol

from fireinvest.messages import Problem, Text
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.condition import (
    ALWAYS,
    FACTS,
    Condition,
    FactType,
    Leaf,
    LevelRange,
    Not,
    Value,
    evaluate,
)
from fireinvest.regulation.facts import Category
from fireinvest.regulation.profile import (
    ARCHIVE_FILE,
    Clock,
    Decides,
    Kind,
    Leading,
    Mode,
    PaperOf,
    Per,
    Route,
    Ruleset,
    Setting,
    StartsFrom,
    Step,
    Term,
    Weight,
)
from fireinvest.regulation.rungs import ABOVE

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
        _rungs,
        _restrictions,
        _separations,
        _registers,
        _papers,
        _archive,
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
        "rungs": ruleset.rungs.values(),
        "restrictions": ruleset.restrictions.values(),
        "separations": ruleset.separations.values(),
        "registers": ruleset.registers.values(),
        "papers": ruleset.papers.values(),
        "filings": ruleset.filings.values(),
        "periods": ruleset.periods.values(),
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
        case _:
            for part in condition.parts:
                yield from _leaves(part)


def _conditions(ruleset: Ruleset) -> Iterator[Problem]:
    conditions: list[tuple[str, Condition]] = [
        *((f"routes.{each.id}", each.when) for each in ruleset.routes),
        *((f"leading.{each.id}", each.when) for each in ruleset.leading),
        *((f"steps.{each.id}", each.when) for each in ruleset.steps.values()),
        *((f"clocks.{each.id}", each.when) for each in ruleset.clocks.values()),
        *((f"terms.{each.id}", each.when) for each in ruleset.terms.values()),
        *((f"papers.{each.id}", each.when) for each in ruleset.papers.values()),
    ]
    for scope in ruleset.scopes.values():
        for rule in (*scope.elsewhere, *scope.silent, *scope.within):
            conditions.append((f"scopes.{scope.id}.{rule.id}", rule.when))
    for listing in ruleset.lists.values():
        for item in listing.items:
            conditions.append((f"lists.{listing.id}.items.{item.id}", item.when))
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
    yield from _unknown("categories", Category, ruleset.categories)


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
        if step.decides not in (None, Decides.CATEGORY) and not step.outcomes:
            yield Problem(f"{key}.outcomes", Text("This key is missing."))
        yield from _kinds(ruleset, step)


#: Which kinds of step have the effect that a key of the table asks for.
_KINDS: Mapping[str, tuple[Kind, ...]] = {
    "assigns": (Kind.MEMBERSHIP, Kind.ORDER),
    "closes": (Kind.MEMBERSHIP, Kind.INTERVAL),
    "decides": (Kind.DECISION, Kind.FINDING),
}
_BY_REFERENCE = (Kind.MEASURE, Kind.ORDER)


def _kinds(ruleset: Ruleset, step: Step) -> Iterator[Problem]:
    """A key that a step's kind can't carry out would silently do nothing."""
    wanted = [(name, kinds) for name, kinds in _KINDS.items() if getattr(step, name) is not None]
    for name in ("starts", "satisfies"):
        clocks = [ruleset.clocks.get(each) for each in getattr(step, name)]
        if any(clock is not None and clock.per is Per.REFERENCE for clock in clocks):
            wanted.append((name, _BY_REFERENCE))
    extended = ruleset.clocks.get(step.extends or "")
    if extended is not None:
        is_set = extended.per is Per.REFERENCE
        wanted.append(("extends", _BY_REFERENCE if is_set else (Kind.EXTENSION,)))
    for name, kinds in wanted:
        if step.kind not in kinds:
            text = Text("Only a step of these kinds can do so: %(kinds)s.", kinds=", ".join(kinds))
            yield Problem(f"steps.{step.id}.{name}", text)


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
        if _needs_itself(ruleset, step):
            yield Problem(f"{key}.requires", Text("The step can't be reached: it requires itself."))
        for name in step.requires:
            needed = ruleset.steps.get(name)
            if needed is None or needed.stage not in stages:
                continue
            if stages.index(needed.stage) > stages.index(step.through):
                text = Text("The step can't be reached: %(id)s comes in a later stage.", id=name)
                yield Problem(f"{key}.requires", text)


def _needs_itself(ruleset: Ruleset, step: Step) -> bool:
    open_ids, seen = list(step.requires), set()
    while open_ids:
        name = open_ids.pop()
        if name == step.id:
            return True
        if name in ruleset.steps and name not in seen:
            seen.add(name)
            open_ids.extend(ruleset.steps[name].requires)
    return False


def _clocks(ruleset: Ruleset) -> Iterator[Problem]:
    """A layer without a step table (national law alone) leaves starts and ends to others."""
    steps = ruleset.steps.values()
    for clock in ruleset.clocks.values():
        key = f"clocks.{clock.id}"
        terms = [term for term in ruleset.terms.values() if term.clock == clock.id]
        if (clock.weight is Weight.SET) is not (clock.per is Per.REFERENCE):
            text = Text("A date set in a document and one clock per reference go together.")
            yield Problem(f"{key}.per", text)
        if clock.weight is not Weight.SET and not _is_covered(ruleset, clock, terms):
            yield Problem(key, Text("No term says how long this clock runs."))
        if not steps:
            continue
        if clock.starts_from is StartsFrom.STEP and not any(clock.id in s.starts for s in steps):
            yield Problem(key, Text("No step starts this clock."))
        if not any(clock.id in step.satisfies for step in steps):
            yield Problem(key, Text("No step satisfies this clock."))
        named = [each for each in (clock.received_by, clock.returned_by) if each is not None]
        yield from _unknown(key, named, ruleset.steps)


def _is_covered(ruleset: Ruleset, clock: Clock, terms: list[Term]) -> bool:
    """Whatever the facts are, if the clock runs, one of its terms says how long."""
    conditions = [clock.when, *(term.when for term in terms)]
    if ALWAYS in conditions[1:]:
        return True
    scale = ruleset.scales.get("accident")
    order = tuple(level.id for level in scale.levels) if scale else ()
    samples: dict[str, list[Value | LevelRange]] = {}
    for leaf in (leaf for condition in conditions for leaf in _leaves(condition)):
        kind = FACTS.get(leaf.fact)
        if kind is None or (kind is FactType.LEVEL and leaf.operand not in (*order, True, False)):
            return True  # a fault of its own, reported with the conditions
        samples.setdefault(leaf.fact, []).extend(_samples(leaf, kind, order))
    for values in islice(product(*samples.values()), _MOST_SAMPLES):
        facts = dict(zip(samples, values, strict=True))
        runs, *ends = (evaluate(condition, facts).holds for condition in conditions)
        if runs and not any(ends):
            return False
    return True


#: Enough for any condition of law; beyond it the check is left to the reader.
_MOST_SAMPLES = 10_000


def _samples(leaf: Leaf, kind: FactType, order: tuple[str, ...]) -> Iterator[Value | LevelRange]:
    """Values of a fact between which the leaf's answer changes."""
    match kind:
        case FactType.FLAG:
            yield from (True, False)
        case FactType.CODE:
            yield from (Category if leaf.fact == "category" else Mode)
        case FactType.LEVEL:
            yield from (LevelRange(order, place, place) for place in range(len(order)))
        case _:
            bound = leaf.operand if isinstance(leaf.operand, int) else 0
            yield from (bound - 1, bound, bound + 1)


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
            if reading is not None and reading.setting is Setting.SATISFIED_BY and ruleset.steps:
                for option in reading.options:
                    named = option.value if isinstance(option.value, tuple) else ()
                    at = f"readings.{name}.options.{option.id}.value"
                    yield from _unknown(at, named, ruleset.steps)
                    if not named:
                        yield Problem(at, Text("This key is missing."))
        for name in term.tests:
            if name in ruleset.steps and ruleset.steps[name].kind is not Kind.INTERVAL:
                yield Problem(f"{key}.tests", Text("%(id)s is no interval.", id=name))


def _rungs(ruleset: Ruleset) -> Iterator[Problem]:
    for clock in ruleset.clocks.values():
        yield from _unknown(f"clocks.{clock.id}.hears", clock.hears, ruleset.roles)
    for rung in ruleset.rungs.values():
        yield from _unknown(f"rungs.{rung.id}.clocks", rung.clocks, ruleset.clocks)
        roles = [name.removeprefix(ABOVE) for name in rung.hears]
        yield from _unknown(f"rungs.{rung.id}.hears", roles, ruleset.roles)
        if not rung.hears:
            yield Problem(f"rungs.{rung.id}.hears", Text("This key is missing."))


def _plans(ruleset: Ruleset) -> Iterator[Problem]:
    for plan in ruleset.plans.values():
        yield from _unknown(f"plans.{plan.id}.clock", [plan.clock], ruleset.clocks)
        yield from _unknown(
            f"plans.{plan.id}.steps", [line.step for line in plan.steps], ruleset.steps
        )


def _restrictions(ruleset: Ruleset) -> Iterator[Problem]:
    """A layer without roles (national law alone) leaves to others who they are.

    What a higher layer restricts may name roles that this place doesn't have, but not only such.
    """
    for each in ruleset.restrictions.values():
        key = f"restrictions.{each.id}.seen_by"
        if _is_local(ruleset, "restrictions", each.id) and ruleset.roles:
            yield from _unknown(key, each.seen_by, ruleset.roles)
        if not each.seen_by or (ruleset.roles and not set(each.seen_by) & set(ruleset.roles)):
            yield Problem(key, Text("Somebody must be able to read it."))
    for step in ruleset.steps.values():
        if step.restriction is None:
            continue
        key = f"steps.{step.id}.restriction"
        yield from _unknown(key, [step.restriction], ruleset.restrictions)
        if not can_be_restricted(ruleset, step):
            text = Text(
                "What this does shows to everybody who sees the case: it can't be restricted."
            )
            yield Problem(key, text)


def can_be_restricted(ruleset: Ruleset, step: Step) -> bool:
    """Can entries of the step be kept from readers of the case?

    Not where it names who has a post or was recused, on which rights hang, nor where its reference
    is what a clock is called, or what another step ends.
    """
    if step.assigns is not None or step.kind in (Kind.RECUSAL, Kind.MEMBERSHIP, Kind.INTERVAL):
        return False
    names = (*step.starts, *step.satisfies, *step.stops, *filter(None, [step.extends]))
    clocks = [ruleset.clocks[name] for name in names if name in ruleset.clocks]
    return all(clock.per is not Per.REFERENCE for clock in clocks)


def _separations(ruleset: Ruleset) -> Iterator[Problem]:
    for each in ruleset.separations.values():
        key = f"separations.{each.id}"
        yield from _unknown(f"{key}.roles", each.roles, ruleset.roles)
        yield from _unknown(f"{key}.steps", each.steps, ruleset.steps)
        reading = ruleset.readings.get(each.reading)
        if reading is None:
            yield from _unknown(f"{key}.reading", [each.reading], ruleset.readings)
        elif reading.setting is not Setting.APART:
            text = Text("%(id)s doesn't decide who stays apart.", id=each.reading)
            yield Problem(f"{key}.reading", text)


def _registers(ruleset: Ruleset) -> Iterator[Problem]:
    for each in ruleset.registers.values():
        key = f"registers.{each.id}"
        if not each.who:
            yield Problem(f"{key}.who", Text("Somebody must be able to write into it."))
        yield from _unknown(f"{key}.who", each.who, ruleset.roles)
        if each.restriction is not None:
            yield from _unknown(f"{key}.restriction", [each.restriction], ruleset.restrictions)
        for place, demand in enumerate(each.demands):
            for name in ("among", "needs"):
                if not getattr(demand, name):
                    yield Problem(f"{key}.demands.{place}.{name}", Text("This key is missing."))


def _papers(ruleset: Ruleset) -> Iterator[Problem]:
    filed = ruleset.lists[ARCHIVE_FILE].items if ARCHIVE_FILE in ruleset.lists else ()
    among: dict[str, Iterable[str]] = {
        PaperOf.REGISTER: ruleset.registers,
        PaperOf.STEP: ruleset.steps,
        PaperOf.RUNG: ruleset.rungs,
    }
    for each in ruleset.papers.values():
        key = f"papers.{each.id}"
        if not each.who:
            yield Problem(f"{key}.who", Text("Somebody must be able to write into it."))
        yield from _unknown(f"{key}.who", each.who, ruleset.roles)
        named = [] if each.of_id is None else [each.of_id]
        if each.of in (PaperOf.REGISTER, PaperOf.STEP) and not named:
            yield Problem(f"{key}.of", Text("This key is missing."))
        yield from _unknown(f"{key}.of", named, among.get(each.of, ()))
        if each.stage is not None:
            yield from _unknown(f"{key}.stage", [each.stage], ruleset.stages)
        if each.step is not None:
            yield from _unknown(f"{key}.step", [each.step], ruleset.steps)
        if each.archive is not None:
            yield from _unknown(f"{key}.archive", [each.archive], [item.id for item in filed])
        if each.restriction is not None:
            yield from _unknown(f"{key}.restriction", [each.restriction], ruleset.restrictions)


def _archive(ruleset: Ruleset) -> Iterator[Problem]:
    """What is filed is filled by what there is, and a level has one period in which it is kept."""
    filed = ruleset.lists[ARCHIVE_FILE].items if ARCHIVE_FILE in ruleset.lists else ()
    for each in ruleset.filings.values():
        key = f"filings.{each.id}"
        yield from _unknown(f"{key}.id", [each.id], [item.id for item in filed])
        yield from _unknown(f"{key}.steps", each.steps, ruleset.steps)
        yield from _unknown(f"{key}.registers", each.registers, ruleset.registers)
    levels = [level.id for scale in ruleset.scales.values() for level in scale.levels]
    taken: set[str] = set()
    for period in ruleset.periods.values():
        key = f"periods.{period.id}.levels"
        yield from _unknown(key, period.levels, levels)
        if not taken.isdisjoint(period.levels):
            yield Problem(key, Text("A level has one period."))
        taken.update(period.levels)
