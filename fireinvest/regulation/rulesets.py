"""Which law is in force for a place on a day? The layers of profiles, laid over each other."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from fireinvest.messages import Faulty, Problem, Text, excerpt
from fireinvest.regulation.calendar import LAST_DAY, ONE_DAY
from fireinvest.regulation.checking import check
from fireinvest.regulation.days import Length, Unit
from fireinvest.regulation.loading import ProfileFaulty, load_divisions, load_layer
from fireinvest.regulation.profile import Division, Layer, Rank, Ruleset, Term

BUILT_IN = Path(__file__).parent / "profiles"

_ORDER = {Rank.NATION: 0, Rank.PROVINCE: 1, Rank.CITY: 2}


@dataclass(frozen=True)
class Law:
    """All profiles and divisions that are known, and the rulesets made of them."""

    layers: tuple[Layer, ...]
    divisions: Mapping[str, Division]
    _made: dict[tuple[str, ...], Ruleset] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def division(self, code: str, on: date, field_name: str = "division") -> Division:
        """Return the division that has this code on the day.

        Raises:
            Faulty: when there is none, or not on that day.

        """
        found = self.divisions.get(code)
        if found is None:
            text = Text("No division with the code %(code)s is known.", code=excerpt(code))
            raise Faulty([Problem(field_name, text)])
        if not found.exists_on(on):
            text = Text("%(name)s does not exist as such on %(day)s.", name=found.label, day=on)
            raise Faulty([Problem(field_name, text)])
        return found.as_on(on)

    def successors(self, code: str, on: date) -> tuple[str, ...]:
        """Return the divisions to which the cases of this one went by the day, one after another.

        A division hands over on the day after its last.
        """
        found: list[str] = []
        ended = self.divisions.get(code)
        while ended is not None and ended.succeeded_by is not None and _is_over(ended, on):
            found.append(ended.succeeded_by)
            ended = self.divisions.get(ended.succeeded_by)
        return tuple(found)

    def places_of(self, division: Division, on: date) -> frozenset[str]:
        """Return the divisions at which a post covers this one on the day.

        Its own and the one above it, also as they were; and those that took over from either,
        with the ones above those.
        """
        known = {division.code, *([division.parent] if division.parent else [])}
        return frozenset(known).union(*(self._taking_over(each, on) for each in known))

    def _taking_over(self, code: str, on: date) -> set[str]:
        chain = self.successors(code, on)
        above = (self.divisions[each].parent for each in chain)
        return {*chain, *(each for each in above if each is not None)}

    def predecessors(self, code: str, on: date) -> frozenset[str]:
        """Return the divisions whose cases came to this one, or to one below it, by the day.

        Those that always lay below it aren't told: a post above covers them anyway.
        """
        return self.taken_over(on).get(code, frozenset())

    def taken_over(self, on: date) -> Mapping[str, frozenset[str]]:
        """Return, by division, its predecessors by the day; only where there are any."""
        found: dict[str, set[str]] = {}
        for each in self.divisions.values():
            for later in self._taking_over(each.code, on):
                if later != each.parent:
                    found.setdefault(later, set()).add(each.code)
        return {code: frozenset(before) for code, before in found.items()}

    def in_force(self, division: str | None, on: date) -> Ruleset:
        """Return the ruleset for a place on the day of the fire.

        Raises:
            Faulty: when no layer of law is in force for it.

        """
        layers = [layer for layer in self.layers if layer.covers(division, on)]
        if not layers or on > LAST_DAY:
            text = Text("No rule is known that was in force on %(day)s.", day=on)
            raise Faulty([Problem("occurred_at", text)])
        layers.sort(key=lambda layer: _ORDER[layer.rank])
        key = tuple(layer.sha256 for layer in layers)
        if key not in self._made:
            self._made[key] = join(layers)
        return self._made[key]


@cache
def known_law(extra: Path | None = None) -> Law:
    """Return the built-in profiles and those of an extra folder, read once.

    Raises:
        ProfileFaulty: when a file can't be used.

    """
    folders = [BUILT_IN] if extra is None else [BUILT_IN, extra]
    files = [path for folder in folders for path in sorted(folder.glob("*.toml"))]
    lists = [path for folder in folders for path in sorted((folder / "divisions").glob("*.toml"))]
    divisions: dict[str, Division] = {}
    listing: dict[str, tuple[Division, ...]] = {}
    for path in lists:
        listing[path.name] = load_divisions(path)
        for division in listing[path.name]:
            key = f"divisions.{division.code}"
            if division.code in divisions:
                text = Text("The division %(code)s is listed twice.", code=division.code)
                raise ProfileFaulty(path.name, [Problem(key, text)])
            if division.parent is not None and division.parent not in divisions:
                text = Text("There is no %(id)s.", id=division.parent)
                raise ProfileFaulty(path.name, [Problem(f"{key}.parent", text)])
            divisions[division.code] = division
    for name, listed in listing.items():
        if problems := list(_lost_cases(listed, divisions)):
            raise ProfileFaulty(name, problems)
    law = Law(tuple(load_layer(path) for path in files), divisions)
    _refuse_overlaps(law.layers)
    for layer in law.layers:
        _join_as_it_changes(law, layer)
    return law


def _is_over(division: Division, on: date) -> bool:
    return division.valid_until is not None and division.valid_until < on


def _lost_cases(listed: Iterable[Division], divisions: Mapping[str, Division]) -> Iterator[Problem]:
    """A successor is there on the day after the last, so that no case is nobody's for a day."""
    for each in listed:
        if each.succeeded_by is None:
            continue
        key = f"divisions.{each.code}.succeeded_by"
        successor = divisions.get(each.succeeded_by)
        if each.valid_until is None:
            yield Problem(key, Text("Only a division that ends has a successor."))
        elif successor is None:
            yield Problem(key, Text("There is no %(id)s.", id=each.succeeded_by))
        elif not successor.exists_on(each.valid_until + ONE_DAY):
            text = Text(
                "%(name)s does not exist as such on %(day)s.",
                name=successor.label,
                day=each.valid_until + ONE_DAY,
            )
            yield Problem(key, text)


def _join_as_it_changes(law: Law, layer: Layer) -> None:
    """Join the layer with those above on each day on which the law of its places changes."""
    last = min(layer.valid_until or LAST_DAY, LAST_DAY)
    ends = [each.valid_until for each in law.layers if each.valid_until is not None]
    changes = [each.valid_from for each in law.layers]
    changes += [end + ONE_DAY for end in ends if end < LAST_DAY]
    for on in (layer.valid_from, *changes):
        if layer.valid_from <= on <= last:
            for place in layer.divisions or (None,):
                law.in_force(place, on)


def _refuse_overlaps(layers: Iterable[Layer]) -> None:
    """Two layers of one rank never hold for the same place on the same day."""
    seen: list[Layer] = []
    for layer in layers:
        for other in seen:
            if _overlap(layer, other):
                text = Text("It is in force at the same time and place as %(id)s.", id=other.id)
                raise ProfileFaulty(layer.file, [Problem("valid_from", text)])
            if layer.id == other.id:
                text = Text("The id %(id)s is taken by another profile.", id=layer.id)
                raise ProfileFaulty(layer.file, [Problem("id", text)])
        seen.append(layer)


def _overlap(one: Layer, other: Layer) -> bool:
    if one.rank is not other.rank:
        return False
    in_time = one.valid_from <= (other.valid_until or date.max) and other.valid_from <= (
        one.valid_until or date.max
    )
    places = [(a, b) for a in one.divisions or ("",) for b in other.divisions or ("",)]
    return in_time and any(a.startswith(b) or b.startswith(a) for a, b in places)


def join(layers: Iterable[Layer]) -> Ruleset:
    """Return the ruleset that the layers make: later ones override whole items, or repeal them.

    Raises:
        ProfileFaulty: when what comes out contradicts itself, naming the lowest layer's file.

    """
    chosen = list(layers)
    last = chosen[-1]
    tables: dict[str, dict[str, Any]] = {}
    problems: list[Problem] = []
    for layer in chosen:
        for address in layer.repeal:
            table, _, item = address.partition(".")
            if tables.get(table, {}).pop(item, None) is None:
                text = Text("There is nothing with this address to repeal.")
                problems.append(Problem(f"repeal.{address}", text))
        for name, items in layer.tables.items():
            tables[name] = _lay_over(name, tables.get(name, {}), items)
    tables["terms"] = {
        term_id: _settled(term, tables["instruments"]) for term_id, term in tables["terms"].items()
    }
    pin = hashlib.sha256("".join(layer.sha256 for layer in chosen).encode()).hexdigest()
    ruleset = Ruleset(
        layers=tuple(chosen),
        profile=last.id,
        label=last.label,
        pin=pin,
        routes=tuple(tables.pop("routes").values()),
        leading=tuple(tables.pop("leading").values()),
        **tables,
    )
    problems.extend(check(ruleset))
    if problems:
        raise ProfileFaulty(last.file, problems)
    return ruleset


#: Tables of which the first match counts: a lower layer's lines are asked before the higher's.
_FIRST_MATCH = ("routes", "leading")


def _lay_over(name: str, above: dict[str, Any], items: Mapping[str, Any]) -> dict[str, Any]:
    """A lower layer's items replace those of the same id, and stand where its file has them."""
    kept = {key: item for key, item in above.items() if key not in items}
    return {**items, **kept} if name in _FIRST_MATCH else {**kept, **items}


def _settled(term: Term, instruments: Mapping[str, Any]) -> Term:
    """Plain days are working days up to the number that the instrument names (art 31(1))."""
    instrument = instruments.get(term.basis.instrument)
    up_to = instrument.working_days_up_to if instrument else None
    if not term.is_plain or up_to is None or term.length.number > up_to:
        return term
    return replace(term, length=Length(term.length.number, Unit.WORKING_DAYS))
