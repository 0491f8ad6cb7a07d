"""Who investigates, and who leads (Rule art 3)? Found by routes: the first that matches wins."""

from dataclasses import dataclass
from typing import TypeVar

from fireinvest.messages import Text
from fireinvest.regulation.basis import Basis, Finding
from fireinvest.regulation.condition import FactView, Leaf, evaluate
from fireinvest.regulation.facts import Facts
from fireinvest.regulation.profile import Division, Leading, Mode, Route, Ruleset
from fireinvest.regulation.scope import judge_scope, presume, view
from fireinvest.regulation.severity import Severity, grade

#: So many judgements are kept with a ruleset; more cases are seldom read in one day.
MOST_KEPT = 500

Line = TypeVar("Line", Route, Leading)


def first_match(
    lines: tuple[Line, ...], facts: FactView
) -> tuple[tuple[Line, ...], tuple[Leaf, ...]]:
    """Return the line that matches first, or all that could while a fact is unknown, and why."""
    possible: list[Line] = []
    leaves: list[Leaf] = []
    for line in lines:
        verdict = evaluate(line.when, facts)
        if verdict.holds is not False:
            possible.append(line)
            leaves.extend(verdict.leaves)
        if verdict.holds:
            break
    return tuple(possible), tuple(leaves)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rule says of a fire: level, scope, mode, government and lead, each with its basis.

    ``government`` is the tier by rule; None where nobody investigates under the rule, or where
    the place isn't known well enough.
    """

    ruleset: Ruleset
    facts: Facts
    division: Division | None
    severity: Severity
    in_scope: Finding[bool | None]
    mode: Mode
    government: Finding[str | None]
    lead: Finding[tuple[str, ...]]
    presumed: tuple[Basis, ...]

    def view(self) -> FactView:
        """Return the facts as conditions see them, with the mode."""
        return view(
            self.facts,
            ruleset=self.ruleset,
            severity=self.severity,
            division=self.division,
            mode=self.mode,
        )


def judge(
    ruleset: Ruleset,
    facts: Facts,
    division: Division | None,
    *,
    level_facts: Facts | None = None,
) -> Judgement:
    """Return everything that the rule says of a fire (arts 2, 3, 32).

    ``level_facts``: the facts that count for level and government, without the casualties after
    the window; such a late death still brings a fire into scope (readings, "Scope").
    """
    # A case is told from its beginning each time it is read, and each time judged as before.
    known = (facts, division, level_facts)
    found: Judgement | None = ruleset.judged.get(known)
    if found is None:
        if len(ruleset.judged) >= MOST_KEPT:
            ruleset.judged.clear()
        found = ruleset.judged[known] = _judge(ruleset, facts, division, level_facts)
    return found


def _judge(
    ruleset: Ruleset, facts: Facts, division: Division | None, level_facts: Facts | None
) -> Judgement:
    taken = presume(ruleset, facts)
    counted = presume(ruleset, level_facts).facts if level_facts is not None else taken.facts
    severity = grade(ruleset, counted)
    known = view(taken.facts, ruleset=ruleset, severity=severity, division=division)
    routed = view(counted, ruleset=ruleset, severity=severity, division=division)
    scope = judge_scope(ruleset, known)
    government, mode = _government(ruleset, routed)
    if scope.mode is not None:
        mode = scope.mode
        government = Finding(None, scope.in_scope.basis)
    return Judgement(
        ruleset=ruleset,
        facts=taken.facts,
        division=division,
        severity=severity,
        in_scope=scope.in_scope,
        mode=mode,
        government=government,
        lead=lead_of(ruleset, known, mode, government),
        presumed=tuple(
            Basis(each.basis, ruleset.statement(each.basis)) for each in taken.presumptions
        ),
    )


def _government(ruleset: Ruleset, facts: FactView) -> tuple[Finding[str | None], Mode]:
    routes, _ = first_match(ruleset.routes, facts)
    basis = tuple(Basis(route.basis, route.label) for route in routes)
    if len({route.government for route in routes}) > 1:
        unknown = Basis(routes[0].basis, Text("Too little is known to say which government."))
        return Finding(None, (unknown, *basis)), routes[0].mode
    return Finding(routes[0].government, basis), routes[0].mode


def lead_of(
    ruleset: Ruleset, facts: FactView, mode: Mode, government: Finding[str | None]
) -> Finding[tuple[str, ...]]:
    """Return who leads in a mode, given the government found (Rule art 3(2)).

    Nobody here where the superior's team does, or where other law prevails.
    """
    if mode in (Mode.ASSIST, Mode.OTHER_REGIME):
        return Finding((), government.basis)
    lines, _ = first_match(ruleset.leading, {**facts, "mode": mode})
    basis = tuple(Basis(line.basis, ruleset.statement(line.basis)) for line in lines)
    if len({line.bodies for line in lines}) > 1:
        unknown = Basis(lines[0].basis, Text("Too little is known to say who leads."))
        return Finding((), (unknown, *basis))
    return Finding(lines[0].bodies, basis)
