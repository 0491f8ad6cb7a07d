"""When is a clock due, when to act, and what would other readings give?"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireinvest.messages import Faulty
from fireinvest.regulation.calendar import Calendar, Notice
from fireinvest.regulation.clocks import (
    Alternative,
    AlternativeKind,
    Deadline,
    Granted,
    Light,
    Run,
    State,
    alternatives,
    deadline,
    explain,
    settings_of,
)
from fireinvest.regulation.clocks import Test as Appraisal
from fireinvest.regulation.condition import ALWAYS, Comparison, Leaf
from fireinvest.regulation.days import Length, Skipped, Unit
from fireinvest.regulation.facts import Category
from fireinvest.regulation.profile import Rank, Ruleset, Setting, Term
from tests.regulation import naive
from tests.regulation.law import day, judged, law_of

CALENDAR = Calendar()
ORDINARY: dict[str, Any] = {"deaths": 3, "category": Category.ORDINARY}
WORK_SAFETY: dict[str, Any] = {"deaths": 3, "category": Category.WORK_SAFETY}
STARTS = st.dates(day("2007-06-01"), day("2025-06-30"))


def due(
    clock: str,
    start: str | date,
    as_of: str = "2025-05-12",
    *,
    known: dict[str, Any] = ORDINARY,
    ruleset: Ruleset | None = None,
    calendar: Calendar = CALENDAR,
    as_of_at: datetime | None = None,
    **run: Any,
) -> Deadline:
    """The deadline of one instance that began on a day."""
    law = ruleset or law_of()
    begun = day(start) if isinstance(start, str) else start
    facts = judged(**known).view()
    happened = Run("1", begun, **run)
    return deadline(law, calendar, law.clocks[clock], happened, facts, day(as_of), as_of_at)


def with_reading(reading: str, chosen: str) -> Ruleset:
    law = law_of()
    readings = {**law.readings, reading: replace(law.readings[reading], chosen=chosen)}
    return replace(law, readings=readings)


def with_terms(clock: str, *terms: Term) -> Ruleset:
    """The law with these terms alone for a clock."""
    law = law_of()
    kept = {each.id: each for each in law.terms.values() if each.clock != clock}
    return replace(law, terms={**kept, **{each.id: each for each in terms}})


def term(id_: str, length: Length, rank: Rank = Rank.CITY, **changes: Any) -> Term:
    model = law_of().terms["team_request-rule"]
    return replace(model, id=id_, length=length, rank=rank, **changes)


def in_hours(number: int) -> Ruleset:
    return with_terms("team_request", term("hours", Length(number, Unit.HOURS)))


def granted(days: int, on: str) -> Granted:
    return Granted(days, day(on))


# ---------------------------------------------------------------- the values of the readings


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2025-05-12", "2025-05-15"),
        ("2025-01-24", "2025-02-05"),
        ("2025-09-30", "2025-10-11"),
        ("2024-02-08", "2024-02-19"),
    ],
)
def test_the_team_is_requested_within_three_working_days(start: str, expected: str) -> None:
    found = due("team_request", start)
    assert found.due_on == found.act_by == day(expected)
    assert (found.unit, str(found.basis)) == (Unit.WORKING_DAYS, "rule:5")


@pytest.mark.parametrize(
    ("start", "expected"), [("2025-09-09", "2025-09-29"), ("2024-09-20", "2024-10-16")]
)
def test_the_reply_comes_within_fifteen_working_days(start: str, expected: str) -> None:
    assert due("reply", start).due_on == day(expected)


@pytest.mark.parametrize(
    ("known", "length"),
    [
        (WORK_SAFETY, 15),
        ({**WORK_SAFETY, "deaths": 29}, 15),
        ({**WORK_SAFETY, "deaths": 30}, 30),
    ],
)
def test_for_work_safety_the_reply_has_natural_days(known: dict[str, Any], length: int) -> None:
    found = due("reply", "2025-09-09", known=known)
    assert found.due_on == day("2025-09-09") + timedelta(days=length)
    assert str(found.basis) == "decree493:32"


def test_the_report_has_sixty_natural_days_and_sixty_more() -> None:
    assert due("report", "2025-05-12").due_on == day("2025-07-11")
    longer = due("report", "2025-05-12", extensions=(granted(60, "2025-07-11"),))
    assert longer.due_on == day("2025-09-09")


def test_natural_days_do_not_roll_and_the_working_day_before_is_the_day_to_act() -> None:
    found = due("report", "2025-08-02")
    assert found.due_on == day("2025-10-01")
    assert found.act_by == day("2025-09-30")
    rolled = other_dates(found, AlternativeKind.READING)["report-roll", "roll"]
    assert rolled == day("2025-10-09")


@given(STARTS)
def test_dates_agree_with_a_naive_count(start: date) -> None:
    request, report = due("team_request", start), due("report", start)
    assert request.due_on == request.act_by == naive.working_days_after(start, 3)
    assert report.due_on == start + timedelta(days=60)
    assert report.act_by == naive.last_worked(report.due_on)


@given(STARTS)
def test_rolled_dates_agree_with_a_naive_walk(start: date) -> None:
    found = due("report", start, ruleset=with_reading("report-roll", "roll"))
    assert found.due_on == found.act_by == naive.next_worked(start + timedelta(days=60))


@given(
    STARTS,
    st.lists(st.tuples(st.integers(-5, 80), st.integers(0, 30)), max_size=4),
)
def test_appraisal_time_left_out_agrees_with_a_naive_count(
    start: date, tests: list[tuple[int, int]]
) -> None:
    spans = [
        (start + timedelta(days=began), start + timedelta(days=began + lasted))
        for began, lasted in tests
    ]
    found = due(
        "report",
        start,
        as_of="2026-12-31",
        ruleset=with_reading("tests", "excluded"),
        tests=tuple(Appraisal(*span) for span in spans),
    )
    assert found.due_on == naive.days_after(start, 60, spans)


# ---------------------------------------------------------------- extensions


@pytest.mark.parametrize(
    ("extensions", "expected", "effects"),
    [
        ([(30, "2025-07-11")], "2025-08-10", [(30, 0, False)]),
        ([(30, "2025-07-12")], "2025-07-11", [(0, 0, True)]),
        ([(10, "2025-06-01")], "2025-07-21", [(10, 0, False)]),
        ([(61, "2025-06-01")], "2025-09-09", [(60, 1, False)]),
        ([(40, "2025-06-01"), (40, "2025-08-20")], "2025-09-09", [(40, 0, False), (20, 20, False)]),
        ([(40, "2025-06-01"), (20, "2025-08-21")], "2025-08-20", [(40, 0, False), (0, 0, True)]),
        ([(20, "2025-07-20"), (30, "2025-07-01")], "2025-08-30", [(30, 0, False), (20, 0, False)]),
        ([(60, "2025-06-01"), (5, "2025-06-02")], "2025-09-09", [(60, 0, False), (0, 5, False)]),
    ],
)
def test_extensions_run_from_the_old_due_date_if_granted_by_then(
    extensions: list[tuple[int, str]], expected: str, effects: list[tuple[int, int, bool]]
) -> None:
    found = due("report", "2025-05-12", extensions=tuple(granted(*each) for each in extensions))
    assert found.due_on == day(expected)
    assert [
        (each.effective_days, each.excess_days, each.came_late) for each in found.count.prolonged
    ] == effects


def test_extension_days_are_natural_days_even_when_few() -> None:
    found = due("report", "2025-08-02", extensions=(granted(3, "2025-09-01"),))
    assert found.due_on == day("2025-10-04")
    assert found.act_by == day("2025-09-30")


def test_a_clock_that_no_article_prolongs_stays() -> None:
    found = due("team_request", "2025-05-12", extensions=(granted(3, "2025-05-13"),))
    assert found.due_on == day("2025-05-15")
    assert found.count.prolonged[0].excess_days == 3


def test_an_extension_is_rolled_like_the_period_itself() -> None:
    found = due(
        "report",
        "2025-05-12",
        ruleset=with_reading("report-roll", "roll"),
        extensions=(granted(1, "2025-07-11"),),
    )
    assert found.due_on == day("2025-07-14")  # 2025-07-12 is a Saturday


# ---------------------------------------------------------------- appraisals


def test_under_the_rule_appraisal_time_counts_and_the_other_date_stands_beside() -> None:
    tests = (
        Appraisal(day("2025-05-20"), day("2025-05-30")),
        Appraisal(day("2025-05-25"), day("2025-06-04")),
    )
    found = due("report", "2025-05-12", tests=tests)
    assert found.due_on == day("2025-07-11")
    beside = other_dates(found, AlternativeKind.READING)
    assert beside["tests", "excluded"] == day("2025-07-26")
    assert beside["tests", "counted"] == day("2025-07-11")


def test_for_work_safety_appraisal_time_is_left_out_and_the_earlier_date_says_when_to_act() -> None:
    tests = (Appraisal(day("2025-05-20"), day("2025-05-30")),)
    found = due("report", "2025-05-12", known=WORK_SAFETY, tests=tests)
    assert found.due_on == day("2025-07-21")
    assert str(found.basis) == "decree493:29"
    assert found.act_by == day("2025-07-11")
    assert other_dates(found, AlternativeKind.INSTRUMENT) == {
        ("report-rule", None): day("2025-07-11")
    }


@pytest.mark.parametrize(
    ("spans", "runs_since", "due_on", "held_on"),
    [
        ([("05-20", None)], "05-20", "07-22", "07-11"),
        ([("05-20", "05-25")], None, "07-16", None),
        # One is back, another is out without a break between them: one time.
        ([("05-20", "05-25"), ("05-24", None)], "05-20", "07-22", "07-11"),
        ([("05-14", "05-16"), ("05-24", None)], "05-24", "07-20", "07-13"),
        # On the day on which it went out no day is left out yet, but every day will be.
        ([("05-31", None)], "05-31", "07-11", "07-11"),
    ],
)
def test_a_clock_runs_on_while_an_appraisal_is_out(
    spans: list[tuple[str, str | None]], runs_since: str | None, due_on: str, held_on: str | None
) -> None:
    tests = tuple(
        Appraisal(day(f"2025-{began}"), day(f"2025-{ended}") if ended else None)
        for began, ended in spans
    )
    found = due("report", "2025-05-12", "2025-05-31", known=WORK_SAFETY, tests=tests)
    assert found.due_on == day(f"2025-{due_on}")
    assert found.runs_since == (day(f"2025-{runs_since}") if runs_since else None)
    assert found.count.held_on == (day(f"2025-{held_on}") if held_on else None)


@pytest.mark.parametrize("began", ["2025-07-10", "2025-07-11"])
def test_an_appraisal_that_goes_out_on_the_last_day_changes_nothing(began: str) -> None:
    tests = (Appraisal(day(began), None),)
    found = due("report", "2025-05-12", "2025-08-01", known=WORK_SAFETY, tests=tests)
    assert (found.runs_since is not None) is (began == "2025-07-10")


@pytest.mark.parametrize("end", ["satisfied_on", "returned_on", "handed_over_on"])
def test_a_clock_that_has_ended_runs_on_no_more(end: str) -> None:
    tests = (Appraisal(day("2025-05-20"), None),)
    ended = {end: day("2025-05-25")}
    found = due("report", "2025-05-12", "2025-08-01", known=WORK_SAFETY, tests=tests, **ended)  # type: ignore[arg-type] # any of the run's ends
    assert (found.runs_since, found.due_on) == (None, day("2025-07-16"))


def test_an_appraisal_still_out_counts_up_to_the_day_of_asking() -> None:
    tests = (Appraisal(day("2025-05-20"), None),)
    for as_of, expected in (("2025-05-20", "2025-07-11"), ("2025-05-30", "2025-07-21")):
        found = due("report", "2025-05-12", as_of, known=WORK_SAFETY, tests=tests)
        assert found.due_on == day(expected)


@pytest.mark.parametrize("ended_on", [None, "2025-12-01"])
def test_a_clock_that_was_met_never_moves_with_an_appraisal(ended_on: str | None) -> None:
    tests = (Appraisal(day("2025-07-01"), day(ended_on) if ended_on else None),)
    states = {
        (found.due_on, found.state)
        for as_of in ("2025-08-01", "2025-10-01", "2026-10-01")
        for found in [
            due(
                "report",
                "2025-05-12",
                as_of,
                known=WORK_SAFETY,
                tests=tests,
                satisfied_on=day("2025-07-20"),
            )
        ]
    }
    assert states == {(day("2025-07-30"), State.MET)}


# ---------------------------------------------------------------- the day to act


@pytest.mark.parametrize(
    ("start", "set_due_on", "act_by"),
    [
        ("2025-05-12", "2025-05-17", "2025-05-16"),
        ("2025-05-12", "2025-05-16", "2025-05-16"),
        ("2025-10-02", "2025-10-05", "2025-10-05"),
        ("2025-09-30", "2025-10-05", "2025-09-30"),
    ],
)
def test_the_day_to_act_lies_within_the_period(start: str, set_due_on: str, act_by: str) -> None:
    found = due("measure", start, set_due_on=day(set_due_on))
    assert found.due_on == day(set_due_on)
    assert found.act_by == day(act_by)


def test_a_date_far_away_that_a_document_sets_needs_no_calendar() -> None:
    found = due("measure", "2025-05-12", set_due_on=day("2150-01-01"))
    assert found.due_on == found.act_by == day("2150-01-01")
    assert found.provisional


def test_a_clock_by_reference_needs_the_date_of_its_document() -> None:
    with pytest.raises(ValueError, match="measure"):
        due("measure", "2025-05-12")


# ---------------------------------------------------------------- several instruments


def test_equal_dates_cite_the_most_local_instrument() -> None:
    found = due("evaluation", "2025-09-20")
    assert found.due_on == day("2026-09-20")
    assert str(found.basis) == "rule:28"
    assert {each.id for each in found.terms} == {"evaluation-yunnan", "evaluation-rule"}


def test_the_window_of_the_evaluation_opens_after_ten_months() -> None:
    assert due("evaluation", "2025-09-20").opens_on == day("2026-07-20")
    small = {"deaths": 1, "social_impact": False, "category": Category.ORDINARY}
    assert due("evaluation", "2025-09-20", known=small).opens_on is None


def test_the_latest_of_several_openings_counts() -> None:
    ruleset = with_terms(
        "team_request",
        term("one", Length(10, Unit.NATURAL_DAYS), opens=Length(2, Unit.NATURAL_DAYS)),
        term("two", Length(10, Unit.NATURAL_DAYS), opens=Length(4, Unit.WORKING_DAYS)),
    )
    assert due("team_request", "2025-05-12", ruleset=ruleset).opens_on == day("2025-05-16")


@pytest.mark.parametrize(
    ("national", "provincial", "local", "governs", "expected", "act_by"),
    [
        (10, 8, 6, "nation", "2025-05-22", "2025-05-16"),
        (6, 8, 10, "nation", "2025-05-18", "2025-05-16"),
        (None, 8, 6, "province", "2025-05-20", "2025-05-16"),
        (8, 8, 6, "province", "2025-05-20", "2025-05-16"),
        (8, 6, 8, "city", "2025-05-20", "2025-05-16"),
        (None, None, 7, "city", "2025-05-19", "2025-05-19"),
    ],
)
def test_the_highest_instrument_governs_and_the_earliest_date_says_when_to_act(
    national: int | None,
    provincial: int | None,
    local: int,
    governs: str,
    expected: str,
    act_by: str,
) -> None:
    ranks = {Rank.NATION: national, Rank.PROVINCE: provincial, Rank.CITY: local}
    ruleset = with_terms(
        "team_request",
        *(
            term(rank.value, Length(number, Unit.NATURAL_DAYS), rank)
            for rank, number in ranks.items()
            if number is not None
        ),
    )
    found = due("team_request", "2025-05-12", ruleset=ruleset)
    assert found.term is not None
    assert (found.term.id, found.due_on, found.act_by) == (governs, day(expected), day(act_by))


def test_of_two_terms_of_one_rank_the_earlier_governs() -> None:
    ruleset = with_terms(
        "team_request",
        term("later", Length(9, Unit.NATURAL_DAYS)),
        term("earlier", Length(8, Unit.NATURAL_DAYS)),
    )
    assert due("team_request", "2025-05-12", ruleset=ruleset).due_on == day("2025-05-20")


def test_while_a_fact_is_open_a_term_that_could_hold_counts() -> None:
    impact = Leaf("social_impact", Comparison.IS, True)
    ruleset = with_terms("team_request", term("maybe", Length(2, Unit.NATURAL_DAYS), when=impact))
    assert due("team_request", "2025-05-12", ruleset=ruleset).due_on == day("2025-05-14")
    with pytest.raises(ValueError, match="no term"):
        due("team_request", "2025-05-12", ruleset=ruleset, known={"social_impact": False})
    sure = term("sure", Length(5, Unit.NATURAL_DAYS), when=ALWAYS)
    both = replace(ruleset, terms={**ruleset.terms, "sure": sure})
    assert due("team_request", "2025-05-12", ruleset=both).due_on == day("2025-05-17")


# ---------------------------------------------------------------- readings


def other_dates(
    found: Deadline, kind: AlternativeKind, ruleset: Ruleset | None = None
) -> dict[tuple[str, str | None], date]:
    every = alternatives(ruleset or law_of(), CALENDAR, found)
    return {(each.id, each.option): each.due_on for each in every if each.kind is kind}


def test_every_reading_behind_a_date_is_shown_with_the_one_in_force() -> None:
    every = alternatives(law_of(), CALENDAR, due("report", "2025-05-12"))
    in_force = {each.id: each.option for each in every if each.in_force}
    assert in_force == {"start-day": "next", "report-roll": "no_roll", "tests": "counted"}
    assert {each.id for each in every} == set(in_force)
    start = next(each for each in every if each.option == "same")
    assert start == Alternative(
        AlternativeKind.READING,
        "start-day",
        "same",
        day("2025-07-10"),
        False,
        law_of().readings["start-day"].option("same").label,
        law_of().readings["start-day"].basis,
    )


def test_a_date_that_a_document_set_has_no_alternatives() -> None:
    found = due("measure", "2025-05-12", set_due_on=day("2025-06-12"))
    assert alternatives(law_of(), CALENDAR, found) == ()


def test_after_a_return_the_count_starts_anew_or_goes_on() -> None:
    run: dict[str, Any] = {"first_start_on": day("2025-09-01")}
    found = due("reply", "2025-09-09", **run)
    assert found.due_on == day("2025-09-29")
    assert other_dates(found, AlternativeKind.READING)["return-restarts", "continue"] == day(
        "2025-09-22"
    )
    goes_on = due("reply", "2025-09-09", ruleset=with_reading("return-restarts", "continue"), **run)
    assert goes_on.due_on == day("2025-09-22")


def test_a_clock_that_arose_late_shows_both_dates() -> None:
    found = due("team_request", "2025-05-12", late_since=day("2025-06-03"))
    assert found.due_on == day("2025-05-15")
    assert other_dates(found, AlternativeKind.LATE_FACT) == {
        ("team_request-rule", None): day("2025-06-06")
    }


def test_settings_come_from_readings_and_from_the_terms_own_keys() -> None:
    law = law_of()
    assert settings_of(law, law.terms["report-rule"]) == {
        Setting.ROLL: False,
        Setting.LEAVE_OUT_TESTS: False,
        Setting.START_DAY: "next",
        Setting.ON_RETURN: "restart",
    }
    assert settings_of(law, law.terms["report-493"])[Setting.LEAVE_OUT_TESTS] is True
    assert settings_of(law, law.terms["evaluation-rule"])[Setting.SATISFIED_BY] == (
        "evaluation_report",
    )
    own = term("own", Length(3, Unit.WORKING_DAYS), settings={Setting.ROLL: True})
    assert settings_of(law, own)[Setting.ROLL] is True


# ---------------------------------------------------------------- state and light


@pytest.mark.parametrize(
    ("as_of", "state", "light", "left", "late"),
    [
        ("2025-06-25", State.RUNNING, Light.GREEN, 16, 0),
        ("2025-06-26", State.RUNNING, Light.YELLOW, 15, 0),
        ("2025-07-07", State.RUNNING, Light.YELLOW, 4, 0),
        ("2025-07-08", State.RUNNING, Light.RED, 3, 0),
        ("2025-07-11", State.RUNNING, Light.RED, 0, 0),
        ("2025-07-12", State.OVERDUE, Light.OVERDUE, -1, 1),
        ("2025-08-11", State.OVERDUE, Light.OVERDUE, -31, 31),
    ],
)
def test_a_statutory_clock_turns_yellow_red_and_overdue(
    as_of: str, state: State, light: Light, left: int, late: int
) -> None:
    found = due("report", "2025-05-12", as_of)
    assert (found.state, found.light, found.days_left, found.days_late) == (
        state,
        light,
        left,
        late,
    )
    assert found.units_left(CALENDAR) == left
    assert found.is_late is (late > 0)


@pytest.mark.parametrize(
    ("as_of", "light", "left"),
    [
        ("2025-05-12", Light.GREEN, 3),
        ("2025-05-13", Light.YELLOW, 2),
        ("2025-05-14", Light.RED, 1),
        ("2025-05-15", Light.RED, 0),
        ("2025-05-16", Light.OVERDUE, -1),
    ],
)
def test_a_clock_of_three_days_is_not_red_at_birth(as_of: str, light: Light, left: int) -> None:
    found = due("team_request", "2025-05-12", as_of)
    assert (found.light, found.units_left(CALENDAR)) == (light, left)


def test_an_advisory_clock_stops_at_yellow() -> None:
    found = due("delivery", "2025-05-12", "2025-12-31")
    assert (found.state, found.light) == (State.OVERDUE, Light.YELLOW)
    assert found.red_on is None
    assert due("delivery", "2025-05-12", "2025-05-19").light is Light.YELLOW
    assert due("delivery", "2025-05-12", "2025-05-13").light is Light.GREEN


def test_a_date_set_by_a_document_turns_red_too() -> None:
    lights = [
        due("measure", "2025-05-12", as_of, set_due_on=day("2025-07-11")).light
        for as_of in ("2025-06-25", "2025-06-26", "2025-07-08", "2025-07-12")
    ]
    assert lights == [Light.GREEN, Light.YELLOW, Light.RED, Light.OVERDUE]


@pytest.mark.parametrize(
    ("run", "state", "late"),
    [
        ({"satisfied_on": "2025-05-15"}, State.MET, 0),
        ({"satisfied_on": "2025-05-16"}, State.MET_LATE, 1),
        ({"returned_on": "2025-05-20"}, State.RETURNED, 0),
        ({"handed_over_on": "2025-05-20"}, State.HANDED_OVER, 0),
        ({"satisfied_on": "2025-05-14", "returned_on": "2025-05-20"}, State.MET, 0),
    ],
)
def test_a_clock_ends_as_it_was_ended(run: dict[str, str], state: State, late: int) -> None:
    ended: dict[str, Any] = {name: day(on) for name, on in run.items()}
    found = due("team_request", "2025-05-12", "2026-01-01", **ended)
    assert (found.state, found.days_late) == (state, late)
    assert found.is_ended
    assert (found.light, found.days_left, found.units_left(CALENDAR)) == (Light.DONE, None, None)
    assert found.is_late is (late > 0)


# ---------------------------------------------------------------- hours

FIRE_AT = datetime(2025, 5, 16, 15, 50, tzinfo=UTC)  # Friday 23:50 in China


def test_hours_run_from_the_instant_over_rest_days() -> None:
    found = due("team_request", "2025-05-16", ruleset=in_hours(24), start_at=FIRE_AT)
    assert found.due_at == FIRE_AT + timedelta(hours=24)
    assert found.due_on == found.act_by == day("2025-05-17")
    assert found.unit is Unit.HOURS


def test_hours_without_a_time_of_day_run_from_midnight() -> None:
    found = due("team_request", "2025-05-16", ruleset=in_hours(24))
    assert found.due_at == datetime(2025, 5, 16, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours_after", "state", "light"),
    [
        (21, State.RUNNING, Light.GREEN),
        (22, State.RUNNING, Light.YELLOW),
        (23, State.RUNNING, Light.RED),
        (24, State.RUNNING, Light.RED),
        (24.001, State.OVERDUE, Light.OVERDUE),
    ],
)
def test_a_clock_in_hours_goes_by_the_instant(
    hours_after: float, state: State, light: Light
) -> None:
    now = FIRE_AT + timedelta(hours=hours_after)
    found = due(
        "team_request",
        "2025-05-16",
        "2025-05-17",
        ruleset=in_hours(24),
        start_at=FIRE_AT,
        as_of_at=now,
    )
    assert (found.state, found.light) == (state, light)


@pytest.mark.parametrize(
    ("as_of", "light"),
    [("2025-05-16", Light.GREEN), ("2025-05-17", Light.RED), ("2025-05-18", Light.OVERDUE)],
)
def test_where_only_the_day_is_asked_for_hours_go_by_the_day(as_of: str, light: Light) -> None:
    found = due("team_request", "2025-05-16", as_of, ruleset=in_hours(24), start_at=FIRE_AT)
    assert found.light is light


@pytest.mark.parametrize(
    ("hours_after", "state"), [(24, State.MET), (24.5, State.MET_LATE), (None, State.MET)]
)
def test_hours_are_met_by_the_instant(hours_after: float | None, state: State) -> None:
    at = None if hours_after is None else FIRE_AT + timedelta(hours=hours_after)
    found = due(
        "team_request",
        "2025-05-16",
        "2025-05-20",
        ruleset=in_hours(24),
        start_at=FIRE_AT,
        satisfied_on=day("2025-05-17"),
        satisfied_at=at,
    )
    assert found.state is state
    assert found.is_late is (state is State.MET_LATE)


def test_hours_that_go_on_after_a_return_count_from_the_first_receipt() -> None:
    hours = term("hours", Length(24, Unit.HOURS), settings={Setting.ON_RETURN: "continue"})
    found = due(
        "team_request",
        "2025-05-16",
        ruleset=with_terms("team_request", hours),
        start_at=FIRE_AT,
        first_start_on=day("2025-05-14"),
    )
    assert found.due_at == datetime(2025, 5, 14, 16, 0, tzinfo=UTC)


# ---------------------------------------------------------------- provisional


def test_a_count_within_announced_years_is_certain() -> None:
    found = due("team_request", "2026-12-28")
    assert found.due_on == day("2026-12-31")
    assert (found.provisional, found.earliest_on, found.latest_on) == (False, None, None)


def test_a_count_into_a_year_without_a_notice_is_provisional_with_its_range() -> None:
    found = due("reply", "2027-01-20")
    assert found.provisional
    assert found.earliest_on is not None
    assert found.latest_on is not None
    assert found.earliest_on < found.due_on < found.latest_on


def test_a_count_that_only_passes_through_such_a_year_is_provisional_too() -> None:
    notice = Notice(2028, "x", {day("2028-01-03"): ""}, frozenset())
    found = due("team_request", "2027-12-30", calendar=Calendar((notice,)))
    assert found.due_on.year == 2028
    assert found.provisional
    assert found.earliest_on is not None


def test_natural_days_are_certain_and_only_their_day_to_act_is_provisional() -> None:
    found = due("report", "2026-12-01")
    assert found.due_on == day("2027-01-30")
    assert (found.provisional, found.earliest_on) == (True, None)


def test_the_range_of_a_prolonged_count_is_prolonged_with_it() -> None:
    longer = term("longer", Length(3, Unit.WORKING_DAYS), extension_at_most=10)
    ruleset = with_terms("team_request", longer)
    plain = due("team_request", "2027-02-01", ruleset=ruleset)
    found = due(
        "team_request", "2027-02-01", ruleset=ruleset, extensions=(granted(10, "2027-02-02"),)
    )
    ten = timedelta(days=10)
    assert plain.earliest_on is not None
    assert plain.latest_on is not None
    assert (found.earliest_on, found.latest_on) == (plain.earliest_on + ten, plain.latest_on + ten)


def test_a_count_that_leaves_the_calendar_is_refused() -> None:
    with pytest.raises(Faulty, match="leaves the calendar"):
        due("evaluation", "2099-06-01")


# ---------------------------------------------------------------- the days, one by one


def numbered(found: Deadline) -> list[tuple[str, int]]:
    shown = explain(CALENDAR, found)
    return [(each.day.on.isoformat(), each.number) for each in shown if each.number is not None]


def test_the_explanation_ends_on_the_due_day_with_the_length() -> None:
    found = due("team_request", "2025-01-24")
    assert numbered(found) == [("2025-01-26", 1), ("2025-01-27", 2), ("2025-02-05", 3)]
    shown = list(explain(CALENDAR, found))
    assert shown[0].skipped is Skipped.START
    assert len(shown) == 13


def test_an_extension_goes_on_in_the_same_count() -> None:
    found = due("report", "2025-05-12", extensions=(granted(10, "2025-07-01"),))
    assert numbered(found)[-1] == ("2025-07-21", 70)
    assert [number for _, number in numbered(found)] == list(range(1, 71))


def test_days_left_out_have_no_number() -> None:
    tests = (Appraisal(day("2025-05-20"), day("2025-05-30")),)
    found = due("report", "2025-05-12", known=WORK_SAFETY, tests=tests)
    assert numbered(found)[-1] == ("2025-07-21", 60)
    out = [each for each in explain(CALENDAR, found) if each.skipped is Skipped.LEFT_OUT]
    assert len(out) == 10


def test_days_over_which_the_end_rolls_have_no_number() -> None:
    found = due("report", "2025-08-02", ruleset=with_reading("report-roll", "roll"))
    assert numbered(found)[-1] == ("2025-10-01", 60)
    rolled = [each.day.on for each in explain(CALENDAR, found) if each.skipped is Skipped.ROLLED]
    assert (rolled[0], rolled[-1]) == (day("2025-10-02"), day("2025-10-09"))


def test_where_the_first_day_counts_the_explanation_begins_with_it() -> None:
    found = due("team_request", "2025-05-12", ruleset=with_reading("start-day", "same"))
    assert found.due_on == day("2025-05-14")
    assert numbered(found) == [("2025-05-12", 1), ("2025-05-13", 2), ("2025-05-14", 3)]
    shown = list(explain(CALENDAR, found))
    assert shown[0].day.on == day("2025-05-12")


def test_a_period_of_years_is_explained_day_by_day() -> None:
    assert numbered(due("evaluation", "2024-02-29"))[-1] == ("2025-02-28", 365)


def test_every_option_of_every_reading_can_be_counted() -> None:
    for name, reading in law_of().readings.items():
        for option in reading.options:
            other = with_reading(name, option.id)
            for clock in ("team_request", "report", "reply", "evaluation"):
                assert due(clock, "2025-05-12", ruleset=other).due_on > day("2025-05-12")
