"""Checks a profile file over the law above it, and outlines a ruleset for reading."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from fireinvest.messages import Label, Text, Words
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.days import length_in_words
from fireinvest.regulation.loading import load_layer
from fireinvest.regulation.profile import Layer, Rank, Ruleset
from fireinvest.regulation.rulesets import Law, join
from fireinvest.regulation.severity import CRITERIA, amount

_ABOVE = {Rank.NATION: (), Rank.PROVINCE: (Rank.NATION,), Rank.CITY: (Rank.NATION, Rank.PROVINCE)}

#: A row of an outline: where it stands, and what it says.
Row: TypeAlias = tuple[Citation, Words]


def check_profile(path: Path, law: Law) -> Ruleset:
    """Return the ruleset that a profile file makes with the layers above it.

    It is checked on its own first day, and from each later day on which a layer above begins.

    Raises:
        ProfileFaulty: naming the file and each dotted key that can't be taken.

    """
    layer = load_layer(path)
    above = [
        each for each in law.layers if each.rank in _ABOVE[layer.rank] and _shares(each, layer)
    ]
    days = {layer.valid_from} | {
        each.valid_from for each in above if each.valid_from > layer.valid_from
    }
    made = [
        join([*(each for each in above if each.covers(_place(layer), day)), layer])
        for day in sorted(days)
        if layer.valid_until is None or day <= layer.valid_until
    ]
    return made[-1]


def _place(layer: Layer) -> str | None:
    return layer.divisions[0] if layer.divisions else None


def _shares(upper: Layer, layer: Layer) -> bool:
    place = _place(layer)
    return not upper.divisions or any((place or "").startswith(each) for each in upper.divisions)


def outline(ruleset: Ruleset) -> Iterator[tuple[Words, list[Row]]]:
    """Yield the parts of the law in force, each with its lines and their citations."""
    yield (
        Text("Instruments"),
        [
            (
                Citation(each.id, "*"),
                Label(zh=f"{each.title.zh} {each.number}", en=f"{each.title.en} {each.number}"),
            )
            for each in ruleset.instruments.values()
        ],
    )
    yield Text("Levels"), list(_levels(ruleset))
    scope = ruleset.scopes["scope"]
    yield Text("Scope"), [(rule.basis, rule.label) for rule in (*scope.within, *scope.elsewhere)]
    yield Text("Who investigates"), [(route.basis, route.label) for route in ruleset.routes]
    yield Text("Stages"), [(each.basis, each.label) for each in ruleset.stages.values()]
    yield (
        Text("Steps"),
        [
            (each.basis, Text("%(id)s  %(label)s", id=each.id, label=each.label))
            for each in ruleset.steps.values()
        ],
    )
    yield Text("Clocks"), list(_terms(ruleset))
    yield Text("Readings"), list(_readings(ruleset))


def _levels(ruleset: Ruleset) -> Iterator[Row]:
    for scale in ruleset.scales.values():
        for level in scale.levels:
            text: Words = Text("%(scale)s: %(level)s", scale=scale.label, level=level.label)
            for fact, least in level.least.items():
                text = Text(
                    "%(so_far)s; %(criterion)s from %(least)s",
                    so_far=text,
                    criterion=CRITERIA[fact],
                    least=amount(fact, least),
                )
            yield level.basis, text


def _terms(ruleset: Ruleset) -> Iterator[Row]:
    for clock in ruleset.clocks.values():
        terms = [term for term in ruleset.terms.values() if term.clock == clock.id]
        if not terms:
            yield clock.basis, Text("%(clock)s: the date that its document sets", clock=clock.label)
        for term in terms:
            length = length_in_words(term.length)
            yield term.basis, Text("%(clock)s: %(length)s", clock=clock.label, length=length)


def _readings(ruleset: Ruleset) -> Iterator[Row]:
    for reading in ruleset.readings.values():
        text = Text(
            "%(question)s %(answer)s. %(reason)s",
            question=reading.question,
            answer=reading.option(reading.chosen).label,
            reason=reading.reason,
        )
        yield reading.basis, text
