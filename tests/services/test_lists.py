"""Lists: what is in them is just what may be seen one by one, page after page, by one query."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fireinvest.regulation.clocks import Light
from fireinvest.services.cases import (
    CaseRef,
    Filters,
    Loaded,
    Standing,
    list_cases,
    load_case,
    scope_of,
)
from fireinvest.store import Database, lists
from fireinvest.store.search import save_words, words_of
from fireinvest.workflow.actions import DocumentSent, Merging, Order, Recusal
from fireinvest.workflow.permissions import ROLES, SYSTEM, Actor, Grant, may_see
from tests.queries import counted
from tests.services.office import CITY, FIRE_ON, LAW, TODAY, did, facts, opened

PLACES = ("530325", "530302", "530300-jkq", CITY, None, "530325", "530381", "530302", None)
PEOPLE = ("qian", "sun", SYSTEM)
EVERYTHING = scope_of(Actor(SYSTEM))


@pytest.fixture
def office(database: Database) -> Iterator[tuple[Database, list[Loaded]]]:
    """Cases of many places; of every second one, somebody is recused."""
    refs: list[CaseRef] = []
    grounds = LAW.in_force("530325", FIRE_ON).lists["recusal_grounds"].items[0].id
    for number, place in enumerate(PLACES):
        ref = opened(database, known=facts(place))
        refs.append(ref)
        if number % 2 == 0:
            did(database, ref, "establish_team", Order(person="li"))
            who = PEOPLE[number // 2 % 2]
            did(database, ref, "declare_recusal", Recusal(person=who, item=grounds))
            did(database, ref, "decide_recusal", Recusal(person=who, outcome="granted"))
    with database.readers.begin() as session:
        yield database, [load_case(session, ref.id) for ref in refs]


GRANTS = st.builds(
    Grant,
    role=st.sampled_from(sorted(ROLES)),
    case_id=st.none() | st.sampled_from([f"5303-2025-{n:04d}" for n in range(1, 12)]),
    division=st.none() | st.sampled_from([*(each for each in PLACES if each), "530400"]),
    tier=st.sampled_from(["county", "city"]),
)
ACTORS = st.builds(
    Actor,
    st.sampled_from(PEOPLE),
    st.lists(GRANTS, max_size=4).map(tuple),
    st.none() | st.sampled_from(PEOPLE),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actor=ACTORS, size=st.integers(1, 4), place=st.none() | st.sampled_from([*PLACES, "53"]))
def test_a_list_holds_what_may_be_seen(
    office: tuple[Database, list[Loaded]], actor: Actor, size: int, place: str | None
) -> None:
    database, loaded = office
    expected = [
        each.ref.number
        for each in reversed(loaded)
        if may_see(actor, each.case, each.ref.number)
        and (place is None or place in (each.row["division"], each.row["parent"]))
    ]
    seen: list[str] = []
    key: int | None = None
    with database.readers.begin() as session:
        while True:
            page = list_cases(session, scope_of(actor), Filters(place=place), key, size)
            seen.extend(line.number for line in page.lines)
            key = page.next_key
            if key is None:
                break
            assert len(page.lines) == size
    assert seen == expected


def listed(database: Database, filters: Filters) -> list[str]:
    with database.readers.begin() as session, counted(database) as sent:
        page = list_cases(session, EVERYTHING, filters, None, 50)
    assert len(sent) == 1
    return [line.number[-4:] for line in page.lines]


def test_filters_narrow_the_list(database: Database) -> None:
    opened(database)
    two = opened(database, known=facts("530302", deaths=1))
    did(database, two, "request_team", DocumentSent(to="县政府"))
    did(database, two, "establish_team", Order(person="li"))
    three = opened(database, known=facts("530302", deaths=0, social_impact=False))
    did(database, three, "merge", Merging(two.number), TODAY)
    for filters, expected in (
        (Filters(), ["0003", "0002", "0001"]),
        (Filters(level="larger"), ["0001"]),
        (Filters(place="530302"), ["0003", "0002"]),
        (Filters(place="530302", level="general"), ["0003", "0002"]),
        (Filters(stage="team", place="530325"), ["0001"]),
        (Filters(investigating="county"), ["0003", "0002"]),
        (Filters(mode="investigate"), ["0003", "0002", "0001"]),
        (Filters(mode="assist"), []),
        (Filters(carrier="system"), ["0003", "0002", "0001"]),
        (Filters(standing=Standing.ENDED), ["0003"]),
        (Filters(standing=Standing.OPEN), ["0002", "0001"]),
        (Filters(occurred_from=FIRE_ON, occurred_until=FIRE_ON, level="larger"), ["0001"]),
        (Filters(occurred_from=FIRE_ON + timedelta(1)), []),
        (Filters(number="5303-2025-000"), ["0003", "0002", "0001"]),
        (Filters(number="%"), []),
        (Filters(unit_name="某某商贸有限公司", address="胜境街道1号"), ["0003", "0002", "0001"]),
        (Filters(unit_name="某某"), []),
    ):
        assert listed(database, filters) == expected, filters


WORDS = ("富源县商贸公司", "麒麟区商贸公司 A1", "富源县宾馆", "宾馆 商贸a1")


def name_cases(database: Database, loaded: list[Loaded]) -> list[str]:
    """Let the cases be found by their number and a text each; give the texts."""
    texts = [WORDS[number % len(WORDS)] for number in range(len(loaded))]
    with database.sessions.begin() as session:
        for each, text in zip(loaded, texts, strict=True):
            places = [place for place in (each.row["division"], each.row["parent"]) if place]
            save_words(session, each.ref.id, places, words_of([each.ref.number, text]))
    return texts


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    actor=ACTORS | st.just(Actor(SYSTEM)),
    size=st.integers(1, 4),
    place=st.none() | st.sampled_from([*PLACES, "53"]),
    asked=st.sampled_from(["商贸", "宾馆", "富源县商", "商贸 宾馆", "a", "公", "源县宾", "无此"]),
    level=st.sampled_from([None, "larger", "general"]),
    stretch=st.sampled_from([1, 2, 3, 1000]),
)
def test_a_text_narrows_every_list(
    office: tuple[Database, list[Loaded]],
    actor: Actor,
    size: int,
    place: str | None,
    asked: str,
    level: str | None,
    stretch: int,
) -> None:
    database, loaded = office
    texts = name_cases(database, loaded)
    expected = [
        each.ref.number
        for each, text in reversed(list(zip(loaded, texts, strict=True)))
        if may_see(actor, each.case, each.ref.number)
        and (place is None or place in (each.row["division"], each.row["parent"]))
        and (level is None or each.row["level"] == level)
        and all(part in text.casefold() for part in asked.split())
    ]
    filters = Filters(place=place, text=asked, level=level)
    seen: list[str] = []
    key: int | None = None
    with pytest.MonkeyPatch.context() as patch, database.readers.begin() as session:
        # However short the first way is, the second goes on where it ends.
        patch.setattr(lists, "_STRETCH", stretch)
        patch.setattr(lists, "_SHORTEST_STRETCH", 1)
        while True:
            page = list_cases(session, scope_of(actor), filters, key, size)
            seen.extend(line.number for line in page.lines)
            key = page.next_key
            if key is None:
                break
            assert len(page.lines) == size
    assert seen == expected


def test_a_text_goes_with_every_filter(
    office: tuple[Database, list[Loaded]], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, loaded = office
    did(database, loaded[5].ref, "merge", Merging(loaded[0].ref.number), TODAY)
    name_cases(database, loaded)
    with database.readers.begin() as session:
        lines = list_cases(session, EVERYTHING, Filters(), None, 50).lines
    lights = {line.number[-4:]: line.light(TODAY) for line in lines}
    with_text = ["0009", "0006", "0005", "0002", "0001"]  # 商贸公司
    for stretch in (1, 1000):
        monkeypatch.setattr(lists, "_STRETCH", stretch)
        monkeypatch.setattr(lists, "_SHORTEST_STRETCH", 1)
        for filters, expected in (
            (Filters(text="商贸公司"), with_text),
            (Filters(text=" 　"), [line.number[-4:] for line in lines]),
            (Filters(text="。*"), []),
            (Filters(text="5303-2025"), [line.number[-4:] for line in lines]),
            (Filters(text="2025-0005"), ["0005"]),
            (Filters(text="商贸公司", place="530325"), ["0006", "0001"]),
            (Filters(text="商贸公司", stage="team"), [
                line.number[-4:] for line in lines
                if line.stage == "team" and line.number[-4:] in with_text
            ]),
            (Filters(text="商贸公司", standing=Standing.ENDED), ["0006"]),
            (Filters(text="商贸公司", carrier="system", number="5303-2025-0001"), ["0001"]),
            (Filters(text="商贸公司", carrier="nobody"), []),
            (Filters(text="商贸公司", occurred_from=FIRE_ON + timedelta(1)), []),
            *(
                (Filters(text="商贸公司", light=light, today=TODAY), [
                    number for number in with_text if lights[number] is light
                ])
                for light in Light
            ),
        ):  # fmt: skip
            assert listed(database, filters) == expected, (stretch, filters)


def test_every_light_of_the_list_is_that_of_its_lines(database: Database) -> None:
    one = opened(database)
    did(database, one, "request_team", DocumentSent(to="市政府"))
    opened(database)
    two = opened(database)
    did(database, two, "merge", Merging(one.number), TODAY)
    with database.readers.begin() as session:
        lines = list_cases(session, EVERYTHING, Filters(), None, 50).lines
    seen: set[Light] = set()
    for days in range(70):
        today = FIRE_ON + timedelta(days)
        lights = {line.number[-4:]: line.light(today) for line in lines}
        seen.update(lights.values())
        for light in Light:
            expected = [number for number, found in lights.items() if found is light]
            assert listed(database, Filters(light=light, today=today)) == expected
    assert seen == set(Light)


def test_a_light_needs_a_day(database: Database) -> None:
    with database.readers.begin() as session, pytest.raises(ValueError, match="day"):
        list_cases(session, EVERYTHING, Filters(light=Light.RED), None, 5)


def test_a_clock_that_only_advises_stops_at_yellow(database: Database) -> None:
    ref = opened(database, known=facts(social_impact=False, deaths=0))
    with database.readers.begin() as session:
        (line,) = list_cases(session, EVERYTHING, Filters(), None, 5).lines
    assert line.id == ref.id
    assert line.light(date(2099, 1, 1)) is not Light.GREEN
