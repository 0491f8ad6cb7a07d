"""Reads a profile file into a layer; whatever it doesn't understand is refused with its key."""

import hashlib
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.condition import (
    ALWAYS,
    FACTS,
    All,
    AnyOf,
    Comparison,
    Condition,
    FactType,
    Leaf,
    Not,
)
from fireinvest.regulation.days import Length, Unit
from fireinvest.regulation.facts import MOST_SQUARE_METRES, Category
from fireinvest.regulation.profile import (
    Article,
    Clock,
    DateField,
    Decides,
    Demand,
    Division,
    FilledBy,
    FormerName,
    Instrument,
    Issuer,
    Item,
    Kind,
    Layer,
    Leading,
    Level,
    Listing,
    Mode,
    Named,
    Need,
    Option,
    PaperForm,
    PaperKind,
    PaperOf,
    Per,
    Period,
    Plan,
    PlanStep,
    Presumption,
    Rank,
    Reading,
    Register,
    Restriction,
    Route,
    Rung,
    RungAt,
    Scale,
    Scope,
    ScopeRule,
    Separation,
    Setting,
    Stage,
    StartsFrom,
    Step,
    Term,
    Tier,
    Weight,
)
from fireinvest.regulation.reader import Reader

SCHEMA = 1
LARGEST_FILE = 1024 * 1024


class ProfileFaulty(Faulty):
    """A profile file can't be used; every problem names its dotted key."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        """Keep the name of the file beside the problems."""
        super().__init__(problems)
        self.file = file

    def __str__(self) -> str:
        """Return the file, and each problem with its key."""
        return f"{self.file}: {super().__str__()}"


def read_toml(path: Path) -> tuple[dict[str, object], str]:
    """Return the contents of a TOML file and the hash of its bytes.

    Raises:
        ProfileFaulty: when it can't be read, is too large, or is no TOML.

    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            text = Text("The file is larger than %(most)s bytes.", most=LARGEST_FILE)
            raise ProfileFaulty(path.name, [Problem("", text)])
        content = path.read_bytes()
    except OSError as error:
        text = Text("The file can't be read: %(why)s.", why=error.strerror or type(error).__name__)
        raise ProfileFaulty(path.name, [Problem("", text)]) from error
    try:
        return tomllib.loads(content.decode("utf-8")), hashlib.sha256(content).hexdigest()
    except UnicodeDecodeError as error:
        raise ProfileFaulty(path.name, [Problem("", Text("The file is not UTF-8."))]) from error
    except (ValueError, RecursionError) as error:
        text = Text("The file is not TOML: %(why)s.", why=_one_line(error))
        raise ProfileFaulty(path.name, [Problem("", text)]) from error


def _one_line(error: Exception) -> str:
    return "".join(each if each.isprintable() else "?" for each in str(error)[:200])


def load_layer(path: Path) -> Layer:
    """Return the layer of law that a profile file holds.

    Raises:
        ProfileFaulty: naming the file and each dotted key that can't be taken.

    """
    document, sha256 = read_toml(path)
    problems: list[Problem] = []
    reader = Reader(document, "", problems)
    if reader.integer("schema") != SCHEMA:
        reader.problem("schema", Text("This schema is not known; %(known)s is.", known=SCHEMA))
    rank = reader.choice("rank", Rank)
    divisions = reader.codes("divisions")
    if rank is not Rank.NATION and not divisions:
        reader.problem("divisions", Text("This key is missing."))
    valid_from = reader.day("valid_from", required=True)
    valid_until = reader.day("valid_until")
    if valid_from and valid_until and valid_until < valid_from:
        reader.problem("valid_until", Text("The last day lies before the first."))
    layer = Layer(
        id=reader.code("id"),
        file=path.name,
        sha256=sha256,
        rank=rank,
        label=reader.label("label"),
        divisions=divisions,
        valid_from=valid_from or date.min,
        valid_until=valid_until,
        repeal=reader.codes("repeal"),
        tables=_tables(reader, rank),
    )
    reader.done()
    if problems:
        raise ProfileFaulty(path.name, problems)
    return layer


def load_divisions(path: Path) -> tuple[Division, ...]:
    """Return the divisions that a file lists.

    Raises:
        ProfileFaulty: naming the file and each dotted key that can't be taken.

    """
    document, _ = read_toml(path)
    problems: list[Problem] = []
    reader = Reader(document, "", problems)
    divisions = []
    for each in reader.tables("divisions"):
        parent = each.code("parent", required=False)
        divisions.append(
            Division(
                code=each.code("id"),
                label=each.label("label"),
                parent=parent or None,
                tier=each.code("tier"),
                is_government=each.flag("is_government", default=True),
                valid_from=each.day("valid_from"),
                valid_until=each.day("valid_until"),
                succeeded_by=each.code("succeeded_by", required=False) or None,
                former=_former_names(each),
            )
        )
        each.done()
    reader.done()
    if problems:
        raise ProfileFaulty(path.name, problems)
    return tuple(divisions)


def _former_names(division: Reader) -> tuple[FormerName, ...] | None:
    names: list[FormerName] = []
    for each in division.tables("former") if division.has("former") else ():
        label, until = each.label("label"), each.day("until")
        if until is None:
            each.problem("until", Text("This key is missing."))
        elif names and until <= names[-1].until:
            each.problem("until", Text("Former names stand in their order, the earliest first."))
        else:
            names.append(FormerName(label, until))
        each.done()
    return tuple(names) or None


def _tables(reader: Reader, rank: Rank) -> Mapping[str, Mapping[str, object]]:
    readers: Mapping[str, Callable[[Reader], object]] = {
        "instruments": _instrument,
        "articles": _article,
        "readings": _reading,
        "roles": _named,
        "bodies": _named,
        "categories": _category,
        "tiers": _tier,
        "scales": _scale,
        "presumptions": _presumption,
        "scopes": _scope,
        "routes": _route,
        "leading": _leading,
        "stages": _stage,
        "lists": _listing,
        "steps": _step,
        "clocks": _clock,
        "terms": lambda each: _term(each, rank),
        "plans": _plan,
        "rungs": _rung,
        "restrictions": _restriction,
        "separations": _separation,
        "registers": _register,
        "papers": _paper,
        "filings": _filling,
        "periods": _period,
    }
    tables: dict[str, Mapping[str, object]] = {}
    for name, read in readers.items():
        items: dict[str, object] = {}
        for each in reader.tables(name):
            item_id = each.text("id") if name == "articles" else each.code("id")
            each.item_id = item_id
            items[item_id] = read(each)
            each.done()
        tables[name] = items
    return tables


def _instrument(each: Reader) -> Instrument:
    up_to = each.integer("working_days_up_to")
    return Instrument(
        id=each.item_id,
        label=each.label("label"),
        title=each.label("title"),
        number=each.text("number"),
        working_days_up_to=up_to,
        counting=each.citation("counting") if up_to is not None else None,
    )


def _article(each: Reader) -> Article:
    each.give_back("id", each.item_id)
    return Article(citation=each.citation("id"), statement=each.label("statement"))


def _named(each: Reader) -> Named:
    return Named(each.item_id, each.label("label"), each.citation("basis"))


def _category(each: Reader) -> Named:
    if each.item_id and each.item_id not in list(Category):
        choices = ", ".join(Category)
        each.problem("id", Text("One of these is needed: %(choices)s.", choices=choices))
    return _named(each)


def _tier(each: Reader) -> Tier:
    rank = each.integer("rank", required=True)
    return Tier(each.item_id, each.label("label"), each.citation("basis"), rank or 0)


def _reading(each: Reader) -> Reading:
    setting = each.choice("setting", Setting) if each.has("setting") else None
    options = []
    for option in each.tables("options"):
        if setting is not None and not option.has("value"):
            option.problem("value", Text("This key is missing."))
        options.append(
            Option(option.code("id"), option.label("label"), _option_value(option, setting))
        )
        option.done()
    chosen = each.code("chosen")
    if chosen not in [option.id for option in options]:
        each.problem("chosen", Text("This is none of the options."))
    return Reading(
        id=each.item_id,
        basis=each.citation("basis"),
        question=each.label("question"),
        setting=setting,
        chosen=chosen,
        options=tuple(options),
        reason=each.label("reason"),
        source=_citations(each, "source"),
    )


def _option_value(option: Reader, setting: Setting | None) -> bool | str | tuple[str, ...] | None:
    match setting:
        case Setting.ROLL | Setting.LEAVE_OUT_TESTS | Setting.APART:
            return option.flag("value")
        case Setting.START_DAY | Setting.ON_RETURN:
            return _word_for(option, "value", setting)
        case Setting.SATISFIED_BY:
            return option.codes("value")
    return None


_WORDS = {Setting.START_DAY: ("next", "same"), Setting.ON_RETURN: ("restart", "continue")}


def _word_for(reader: Reader, key: str, setting: Setting) -> str:
    value = reader.text(key, required=False)
    if value.strip() and value not in _WORDS[setting]:
        choices = ", ".join(_WORDS[setting])
        reader.problem(key, Text("One of these is needed: %(choices)s.", choices=choices))
    return value


def _citations(each: Reader, key: str) -> tuple[Citation, ...]:
    inner = [Reader({"source": text}, each.at(key), []) for text in each.codes(key)]
    citations = tuple(one.citation("source") for one in inner)
    if not all(citation.instrument for citation in citations) or not citations:
        each.problem(key, Text("A citation is needed."))
    return citations


def _scale(each: Reader) -> Scale:
    levels = []
    for level in each.tables("levels"):
        levels.append(
            Level(
                level.code("id"),
                level.label("label"),
                level.citation("basis"),
                _least(level),
            )
        )
        level.done()
    if not levels:
        each.problem("levels", Text("This key is missing."))
    window = each.integer("window_days", required=True)
    _check_bands(each, levels)
    return Scale(
        id=each.item_id,
        label=each.label("label"),
        basis=each.citation("basis"),
        window_days=window or 0,
        window_basis=each.citation("window_basis"),
        confirmed=each.flag("confirmed", default=True),
        valid_from=each.day("valid_from"),
        levels=tuple(levels),
    )


def _least(level: Reader) -> Mapping[str, int]:
    table = level.table("least")
    least: dict[str, int] = {}
    if table is None:
        return least
    for fact in table.names():
        kind = FACTS.get(fact)
        if kind is FactType.MONEY:
            value = table.fen(fact)
        elif kind is FactType.COUNT:
            value = table.integer(fact, lowest=1, highest=MOST_SQUARE_METRES)
        else:
            table.value(fact)
            table.problem(fact, Text("Levels are reached by counts and by losses only."))
            continue
        if value is not None:
            least[fact] = value
    return least


def _check_bands(each: Reader, levels: list[Level]) -> None:
    """The lowest level asks nothing; from there on every criterion rises with the levels."""
    reached: dict[str, int] = {}
    for index, level in enumerate(levels):
        if index == 0 and level.least:
            key = f"levels.{level.id}.least"
            each.problem(key, Text("The lowest level has no thresholds; it is what remains."))
        if index > 0 and not level.least:
            each.problem(f"levels.{level.id}.least", Text("This key is missing."))
        for fact, least in level.least.items():
            if least <= reached.get(fact, 0):
                text = Text("The bands contradict each other: this level does not lie higher.")
                each.problem(f"levels.{level.id}.least.{fact}", text)
            reached[fact] = least


def _presumption(each: Reader) -> Presumption:
    fact = each.code("fact")
    if fact and fact != "category":
        each.problem("fact", Text("Only the category can be taken for granted."))
    return Presumption(each.item_id, each.citation("basis"), fact, each.code("value"))


def _scope(each: Reader) -> Scope:
    def rules(key: str) -> tuple[ScopeRule, ...]:
        found = []
        for rule in each.tables(key):
            found.append(
                ScopeRule(rule.code("id"), rule.label("label"), rule.citation("basis"), _when(rule))
            )
            rule.done()
        return tuple(found)

    return Scope(
        each.item_id, each.citation("basis"), rules("elsewhere"), rules("silent"), rules("within")
    )


def _route(each: Reader) -> Route:
    return Route(
        each.item_id,
        each.label("label"),
        each.citation("basis"),
        _when(each),
        each.code("government"),
        each.choice("mode", Mode),
    )


def _leading(each: Reader) -> Leading:
    return Leading(each.item_id, each.citation("basis"), _when(each), each.codes("bodies"))


def _stage(each: Reader) -> Stage:
    return Stage(
        each.item_id, each.label("label"), each.citation("basis"), each.codes("begins_with")
    )


def _listing(each: Reader) -> Listing:
    basis = each.citation("basis")
    items = []
    for item in each.tables("items"):
        items.append(
            Item(
                item.code("id"),
                item.label("label"),
                item.citation("basis") if item.has("basis") else basis,
                item.flag("optional"),
                _when(item),
            )
        )
        item.done()
    if not items:
        each.problem("items", Text("This key is missing."))
    return Listing(each.item_id, each.label("label"), basis, tuple(items))


def _step(each: Reader) -> Step:
    stage = each.code("stage")
    return Step(
        id=each.item_id,
        kind=each.choice("kind", Kind),
        label=each.label("label"),
        basis=each.citation("basis"),
        stage=stage,
        through=each.code("through", required=False) or stage,
        who=each.codes("who"),
        need=each.choice("need", Need, default=Need.MAY),
        requires=each.codes("requires"),
        expects=each.codes("expects"),
        after=each.codes("after"),
        satisfies=each.codes("satisfies"),
        starts=each.codes("starts"),
        stops=each.codes("stops"),
        modes=_modes(each),
        when=_when(each),
        once=each.flag("once"),
        items=each.text("items", required=False) or None,
        outcomes=each.codes("outcomes"),
        effective=each.codes("effective"),
        decides=each.choice("decides", Decides) if each.has("decides") else None,
        assigns=each.code("assigns", required=False) or None,
        closes=each.code("closes", required=False) or None,
        extends=each.code("extends", required=False) or None,
        confirm=each.flag("confirm"),
        restriction=each.code("restriction", required=False) or None,
    )


def _restriction(each: Reader) -> Restriction:
    return Restriction(
        id=each.item_id,
        label=each.label("label"),
        basis=each.citation("basis"),
        seen_by=each.codes("seen_by"),
        confirmed=each.flag("confirmed", default=True),
    )


def _separation(each: Reader) -> Separation:
    return Separation(
        id=each.item_id,
        basis=each.citation("basis"),
        roles=each.codes("roles"),
        steps=each.codes("steps"),
        reading=each.code("reading"),
    )


def _register(each: Reader) -> Register:
    return Register(
        id=each.item_id,
        label=each.label("label"),
        one=each.label("one"),
        basis=each.citation("basis"),
        who=each.codes("who"),
        restriction=each.code("restriction", required=False) or None,
        demands=tuple(_demand(one) for one in each.tables("demands")),
        within_days=each.integer("within_days", lowest=1),
    )


def _demand(each: Reader) -> Demand:
    demand = Demand(each.code("where"), each.codes("among"), each.codes("needs"))
    each.done()
    return demand


def _paper(each: Reader) -> PaperKind:
    of, _colon, of_id = each.text("of").partition(":")
    if of not in list(PaperOf):
        choices = ", ".join(PaperOf)
        each.problem("of", Text("One of these is needed: %(choices)s.", choices=choices))
        of = PaperOf.CASE
    return PaperKind(
        id=each.item_id,
        label=each.label("label"),
        basis=each.citation("basis"),
        stage=each.code("stage", required=False) or None,
        form=each.choice("form", PaperForm),
        of=PaperOf(of),
        of_id=of_id or None,
        who=each.codes("who"),
        issued_by=each.choice("issued_by", Issuer, default=Issuer.AGENCY),
        is_numbered=each.flag("is_numbered"),
        archive=each.code("archive", required=False) or None,
        restriction=each.code("restriction", required=False) or None,
        step=each.code("step", required=False) or None,
        when=_when(each),
    )


def _filling(each: Reader) -> FilledBy:
    return FilledBy(
        id=each.item_id,
        basis=each.citation("basis"),
        steps=each.codes("steps"),
        registers=each.codes("registers"),
    )


def _period(each: Reader) -> Period:
    return Period(
        id=each.item_id,
        label=each.label("label"),
        basis=each.citation("basis"),
        years=each.integer("years", lowest=1),
        levels=each.codes("levels"),
    )


def _modes(each: Reader) -> tuple[Mode, ...]:
    given = each.codes("modes")
    if any(mode not in list(Mode) for mode in given):
        each.problem("modes", Text("One of these is needed: %(choices)s.", choices=", ".join(Mode)))
        return ()
    return tuple(Mode(mode) for mode in given) or (Mode.INVESTIGATE,)


def _clock(each: Reader) -> Clock:
    weight = each.choice("weight", Weight)
    yellow, red = each.integer("yellow") or 0, each.integer("red")
    if red is not None and red > yellow:
        each.problem("red", Text("The light can't turn red before it turns yellow."))
    if weight is Weight.ADVISORY and red is not None:
        each.problem("red", Text("An advisory clock never turns red."))
    if weight is not Weight.ADVISORY and red is None:
        each.problem("red", Text("This key is missing."))
    return Clock(
        id=each.item_id,
        label=each.label("label"),
        basis=each.citation("basis"),
        weight=weight,
        per=each.choice("per", Per, default=Per.CASE),
        starts_from=each.choice("starts_from", StartsFrom, default=StartsFrom.STEP),
        date_field=each.choice("date_field", DateField, default=DateField.ON),
        modes=_modes(each),
        when=_when(each),
        yellow=yellow,
        red=red,
        received_by=each.code("received_by", required=False) or None,
        returned_by=each.code("returned_by", required=False) or None,
        hears=each.codes("hears"),
    )


_PLAIN_DAYS = "days"


def _term(each: Reader, rank: Rank) -> Term:
    lengths = [key for key in (_PLAIN_DAYS, *Unit) if each.has(key)]
    length = Length(1, Unit.NATURAL_DAYS)
    if len(lengths) == 1:
        number = each.integer(lengths[0], lowest=1) or 1
        # Plain days are settled by the instrument's own rule when the layers are joined.
        unit = Unit.NATURAL_DAYS if lengths[0] == _PLAIN_DAYS else Unit(lengths[0])
        length = Length(number, unit)
    else:
        each.problem("length", Text("One length is needed: days, or a unit with a number."))
        for key in lengths:
            each.value(key)
    opens = _opens(each)
    if opens is not None and opens.unit is length.unit and opens.number >= length.number:
        each.problem("opens", Text("It would open only when it is over."))
    return Term(
        id=each.item_id,
        clock=each.code("clock"),
        basis=each.citation("basis"),
        rank=rank,
        length=length,
        is_plain=lengths == [_PLAIN_DAYS],
        opens=opens,
        when=_when(each),
        extension_at_most=each.integer("extension_at_most") or 0,
        tests=each.codes("tests"),
        settings=_settings(each),
        readings=each.codes("readings"),
    )


def _opens(each: Reader) -> Length | None:
    table = each.table("opens")
    if table is None:
        return None
    keys = table.names()
    if len(keys) != 1 or keys[0] not in list(Unit):
        each.problem("opens", Text("One length is needed: days, or a unit with a number."))
        return None
    return Length(table.integer(keys[0], lowest=1) or 1, Unit(keys[0]))


def _settings(each: Reader) -> Mapping[Setting, bool | str | tuple[str, ...]]:
    settings: dict[Setting, bool | str | tuple[str, ...]] = {}
    for setting in (Setting.ROLL, Setting.LEAVE_OUT_TESTS):
        if each.has(setting):
            settings[setting] = each.flag(setting)
    for setting in _WORDS:
        if each.has(setting):
            settings[setting] = _word_for(each, setting, setting)
    return settings


def _plan(each: Reader) -> Plan:
    steps = []
    for line in each.tables("steps"):
        steps.append(PlanStep(line.code("step"), line.integer("working_days", lowest=1) or 1))
        line.done()
    return Plan(each.item_id, each.code("clock"), each.citation("basis"), tuple(steps))


def _rung(each: Reader) -> Rung:
    at = each.choice("at", RungAt)
    weights = each.codes("weights")
    if any(name not in list(Weight) for name in weights):
        choices = ", ".join(Weight)
        each.problem("weights", Text("One of these is needed: %(choices)s.", choices=choices))
        weights = ()
    left = each.integer("left", lowest=1, required=at is RungAt.BEFORE)
    first = each.integer("first", lowest=1, required=at is RungAt.OVERDUE)
    every = each.integer("every", lowest=1)
    last = each.integer("last", lowest=1)
    for key, value, place in (
        ("left", left, RungAt.BEFORE),
        ("first", first, RungAt.OVERDUE),
        ("every", every, RungAt.OVERDUE),
        ("last", last, RungAt.OVERDUE),
    ):
        if value is not None and at is not place:
            each.problem(key, Text("A rung at %(at)s has none.", at=at.value))
    if first is not None and last is not None and last < first:
        each.problem("last", Text("The last day lies before the first."))
    if every is None and last is not None:
        each.problem("every", Text("This key is missing."))
    return Rung(
        id=each.item_id,
        label=each.label("label"),
        basis=each.citation("basis"),
        at=at,
        weights=tuple(Weight(name) for name in weights) or tuple(Weight),
        clocks=each.codes("clocks"),
        left=left or 0,
        first=first or 0,
        every=every,
        last=last,
        hears=each.codes("hears"),
        paper=each.label("paper") if each.has("paper") else None,
        passes_quiet=each.flag("passes_quiet"),
    )


def _when(each: Reader) -> Condition:
    table = each.table("when")
    if table is None:
        return ALWAYS
    condition = _condition(table, 0)
    table.done()
    return condition


_DEEPEST = 10


def _condition(table: Reader, depth: int) -> Condition:
    if depth > _DEEPEST:
        table.problem("", Text("The condition is nested too deeply."))
        table.forget()
        return ALWAYS
    combinations: list[Condition] = []
    if table.has("all"):
        combinations.append(All(_parts(table, "all", depth)))
    if table.has("any"):
        combinations.append(AnyOf(_parts(table, "any", depth)))
    if table.has("not"):
        inner = table.table("not")
        if inner is not None:
            combinations.append(Not(_condition(inner, depth + 1)))
            inner.done()
    if table.has("fact"):
        combinations.append(_leaf(table))
    if len(combinations) != 1:
        table.problem("", Text("A condition is one of all, any, not, or a fact."))
        return ALWAYS
    return combinations[0]


def _parts(table: Reader, key: str, depth: int) -> tuple[Condition, ...]:
    parts = []
    for each in table.tables(key):
        parts.append(_condition(each, depth + 1))
        each.done()
    if not parts:
        table.problem(key, Text("A condition needs parts."))
    return tuple(parts)


def _leaf(table: Reader) -> Leaf:
    fact = table.text("fact")
    kind = FACTS.get(fact)
    if kind is None:
        table.problem("fact", Text("This fact is not known."))
    comparisons = [each for each in Comparison if table.has(each)]
    if len(comparisons) != 1:
        choices = ", ".join(Comparison)
        table.problem("fact", Text("One comparison is needed: %(choices)s.", choices=choices))
        for each in comparisons:
            table.value(each)
        return Leaf(fact, Comparison.KNOWN, True)
    comparison = comparisons[0]
    return Leaf(fact, comparison, _operand(table, comparison, kind))


_COMPARISONS = {
    FactType.COUNT: (Comparison.IS, Comparison.AT_LEAST, Comparison.BELOW),
    FactType.MONEY: (Comparison.IS, Comparison.AT_LEAST, Comparison.BELOW),
    FactType.LEVEL: (Comparison.IS, Comparison.AT_LEAST, Comparison.BELOW),
    FactType.FLAG: (Comparison.IS,),
    FactType.CODE: (Comparison.IS, Comparison.IN),
}


def _operand(
    table: Reader, comparison: Comparison, kind: FactType | None
) -> bool | int | str | tuple[str, ...]:
    if comparison is Comparison.KNOWN:
        return table.flag(comparison)
    if kind is None or comparison not in _COMPARISONS[kind]:
        table.value(comparison)
        if kind is not None:
            table.problem(comparison, Text("This fact can't be compared so."))
        return False
    match kind:
        case FactType.FLAG:
            return table.flag(comparison)
        case FactType.COUNT:
            return table.integer(comparison, highest=MOST_SQUARE_METRES) or 0
        case FactType.MONEY:
            return table.fen(comparison) or 0
        case FactType.CODE if comparison is Comparison.IN:
            return table.codes(comparison)
    return table.code(comparison)
