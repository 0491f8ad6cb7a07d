"""The commands, one for each line of the operator's manual.

``assess``, ``count``, ``calendar`` and ``profile`` need no server, no database and no Flask.
Whatever can't be taken is said in Chinese and English, and ends with exit code 2.
"""

import hashlib
import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ParamSpec, TypeVar

import click

from config import LawSettings, Settings, SettingsError
from fireinvest.china import CHINA
from fireinvest.clock import today_in_china, utcnow
from fireinvest.messages import (
    DEFAULT_LANGUAGE,
    LANGUAGES,
    Faulty,
    Joined,
    Problem,
    Text,
    Words,
    render,
)
from fireinvest.regulation.basis import chinese_number
from fireinvest.regulation.calendar import FIRST_DAY, LAST_DAY, ONE_DAY, Calendar, Day, DayKind
from fireinvest.regulation.clocks import State
from fireinvest.regulation.days import (
    Length,
    Skipped,
    Unit,
    add,
    add_hours,
    count_days,
    length_in_words,
    parse_length,
)
from fireinvest.regulation.facts import parse_moment
from fireinvest.regulation.loading import ProfileFaulty
from fireinvest.regulation.profile import Ruleset
from fireinvest.regulation.rulesets import known_law
from fireinvest.services.assessing import Assessment, as_document, assess
from fireinvest.services.calendars import calendar_with, notices_in, read_notice
from fireinvest.services.wording import DAY_KINDS, weekday

if TYPE_CHECKING:
    from fireinvest.gateways.blobs import Blobs
    from fireinvest.services.recovery import Backup, Proof, Protection, UpgradeFailed
    from fireinvest.store import Database
    from fireinvest.workflow.permissions import Actor

P = ParamSpec("P")
R = TypeVar("R")

#: The most that is read of a description of a fire, in bytes.
LARGEST_INPUT = 1024 * 1024

_EXIT_FAULTS = 1
_EXIT_BAD_INPUT = 2


def _refuse(problems: Iterable[Problem], file: str = "") -> None:
    """Say each problem in both languages and end with exit code 2."""
    for problem in problems:
        where = " ".join(part for part in (file, problem.field) if part)
        lead = f"{where}: " if where else ""
        sys.stderr.write(f"{lead}{render(problem.text, 'zh')} / {render(problem.text, 'en')}\n")
    raise SystemExit(_EXIT_BAD_INPUT)


def _plainly(command: Callable[P, R]) -> Callable[P, R]:
    """A command that says what is wrong with its input instead of a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except ProfileFaulty as faulty:
            _refuse(faulty.problems, faulty.file)
        except Faulty as faulty:
            _refuse(faulty.problems)
        except SettingsError as error:
            _refuse([Problem("", str(error))])
        raise AssertionError  # pragma: no cover - _refuse never returns

    return run


def _settings() -> LawSettings:
    return LawSettings.from_environment(os.environ)


def _calendar() -> Calendar:
    return calendar_with(notices_in(_settings().notices))


def _day(given: str, field: str) -> date:
    moment = parse_moment(given.strip()) if len(given) <= len("2025-05-12T08:30:00+08:00") else None
    if moment is None:
        text = Text("%(given)s is not a date like 2025-05-12.", given=given[:40])
        raise Faulty([Problem(field, text)])
    return moment[0]


language_option = click.option(
    "--lang",
    "language",
    type=click.Choice(LANGUAGES),
    default=DEFAULT_LANGUAGE,
    show_default=True,
    help="Language of what is printed.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Fire-accident investigation under a municipal rule: the commands."""


# ---------------------------------------------------------------------------- assess


@main.command("assess")
@click.argument("file", type=click.File("rb"))
@click.option("--as-of", "as_of", metavar="DAY", help="The day of asking; today without it.")
@click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True
)
@language_option
@_plainly
def assess_command(file: BinaryIO, as_of: str | None, form: str, language: str) -> None:
    """Say what the law says of a fire, described as JSON in FILE (- for standard input)."""
    day = _day(as_of, "--as-of") if as_of is not None else today_in_china()
    settings = _settings()
    found = assess(
        known_law(settings.profiles),
        _calendar(),
        _read_json(file),
        as_of=day,
        home_division=settings.home_division,
    )
    document = as_document(found, language)
    if form == "json":
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        click.echo(_as_table(found, language))


def _read_json(file: BinaryIO) -> dict[str, object]:
    content = file.read(LARGEST_INPUT + 1)
    if len(content) > LARGEST_INPUT:
        text = Text("The file is larger than %(most)s bytes.", most=LARGEST_INPUT)
        raise Faulty([Problem("", text)])
    try:
        document = json.loads(
            content.decode("utf-8-sig"), parse_float=Decimal, object_pairs_hook=_no_twins
        )
    except (ValueError, RecursionError, ArithmeticError) as error:
        text = Text("This is no JSON: %(why)s.", why=str(error)[:120])
        raise Faulty([Problem("", text)]) from error
    if not isinstance(document, dict):
        raise Faulty([Problem("", Text("A JSON object is needed."))])
    return document


def _no_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A key given twice is a slip of the hand, not a choice of ours."""
    found = dict(pairs)
    if len(found) != len(pairs):
        twins = {key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1}
        text = Text("This field is given twice.")
        raise Faulty([Problem(key[:40], text) for key in sorted(twins)])
    return found


STATES: dict[State, Text] = {
    State.RUNNING: Text("running"),
    State.OVERDUE: Text("overdue"),
    State.MET: Text("met"),
    State.MET_LATE: Text("met late"),
    State.RETURNED: Text("returned"),
    State.HANDED_OVER: Text("handed over"),
}


def _as_table(found: Assessment, language: str) -> str:
    case, ruleset = found.case, found.ruleset
    judged = case.judgement

    def say(words: Words) -> str:
        return render(words, language)

    def label(table: Any, key: str | None) -> str:
        return say(table[key].label) if key is not None else "—"

    answers = {True: Text("yes"), False: Text("no"), None: Text("not known yet")}
    level = say(judged.severity.level.label)
    if judged.severity.is_floor:
        level = say(Text("at least %(level)s", level=judged.severity.level.label))
    bodies = Joined(tuple(ruleset.bodies[body].label for body in found.lead))
    rows = [
        (Text("Rule applied"), say(ruleset.label)),
        (Text("Accident level"), level),
        (Text("Within the rule"), say(answers[judged.in_scope.value])),
        (Text("Government"), label(ruleset.tiers, judged.government.value)),
        (Text("Lead"), say(bodies) or "—"),
        (Text("Stage"), label(ruleset.stages, as_document(found, language)["stage"])),
    ]
    lines = [f"{_padded(say(name), 20)}{value}" for name, value in rows]
    for basis in (*judged.severity.because, *judged.in_scope.basis):
        lines.append(f"  {say(ruleset.citation(basis.citation))}: {say(basis.because)}")
    if found.deadlines:
        lines.append("")
        lines.append(say(Text("Clocks")))
    for each in found.deadlines:
        mark = f" [{say(Text('provisional'))}]" if each.provisional else ""
        name = f"{say(each.clock.label)} #{each.run.instance}"
        left = "" if each.days_left is None else f"{each.days_left:+d}"
        citation = say(ruleset.citation(each.basis))
        lines.append(
            f"  {_padded(name, 26)}{each.due_on}  {_padded(say(STATES[each.state]), 14)}{left:>6}"
            f"  {citation}{mark}"
        )
    if found.missing:
        lines.append("")
        lines.append(say(Text("Still missing")))
    for gap in found.missing:
        lines.append(f"  {_padded(say(ruleset.citation(gap.citation)), 26)}{say(gap.what)}")
    return "\n".join(lines)


def _padded(text: str, width: int) -> str:
    """Pad by columns of a terminal: a Chinese character takes two."""
    columns = sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)
    return text + " " * max(width - columns, 1)


# ---------------------------------------------------------------------------- count


@main.command("count")
@click.argument("start")
@click.argument("length")
@click.option("--explain", is_flag=True, help="Print every counted and skipped day with why.")
@language_option
@_plainly
def count_command(start: str, length: str, explain: bool, language: str) -> None:
    """Print the day on which LENGTH (3wd, 60d, 10m, 1y, 24h) from START ends; START isn't counted."""
    calendar = _calendar()
    wanted = parse_length(length)
    moment = parse_moment(start.strip()) if len(start) <= len("2025-05-12T08:30:00+08:00") else None
    if moment is None:
        text = Text(
            "%(given)s is not a date like 2025-05-12 or a time like 2025-05-12T08:30.",
            given=start[:40],
        )
        raise Faulty([Problem("start", text)])
    on, at = moment
    due_on = add(calendar, on, wanted)
    shown = due_on.isoformat()
    if wanted.unit is Unit.HOURS and at is not None:
        due_at = add_hours(at, wanted.number).astimezone(CHINA)
        due_on, shown = due_at.date(), due_at.strftime("%Y-%m-%dT%H:%M")
    notes: list[Words] = [length_in_words(wanted), weekday(due_on)]
    if wanted.unit is Unit.WORKING_DAYS and not calendar.is_announced(due_on):
        earliest, latest = calendar.nth_working_day_range(on, wanted.number)
        text = Text("provisional, from %(first)s to %(last)s", first=earliest, last=latest)
        notes.append(text)
    elif FIRST_DAY <= due_on <= LAST_DAY:
        act_by = calendar.last_working_day(due_on) if due_on.year > FIRST_DAY.year else due_on
        if act_by != due_on:
            notes.append(Text("last working day before: %(day)s", day=act_by))
    lines = ["  ".join([shown, *(render(note, language) for note in notes)])]
    if explain:
        lines.extend(_explained(calendar, on, due_on, wanted, language))
    click.echo("\n".join(lines))


#: The longest count that is printed day by day.
_LONGEST_EXPLANATION = timedelta(days=800)


def _explained(
    calendar: Calendar, on: date, due_on: date, length: Length, language: str
) -> Iterator[str]:
    if due_on - on > _LONGEST_EXPLANATION or not FIRST_DAY <= on <= due_on <= LAST_DAY:
        text = Text("Only counts of at most %(most)s days are explained.", most=800)
        raise Faulty([Problem("--explain", text)])
    unit = length.unit if length.unit is Unit.WORKING_DAYS else Unit.NATURAL_DAYS
    for each in count_days(calendar, on, due_on, unit):
        number = "·" if each.number is None else str(each.number)
        words = _described(each.day)
        if each.skipped is Skipped.START:
            words.insert(0, Text("the first day isn't counted"))
        if not each.day.announced:
            words.append(Text("no notice for this year yet"))
        shown = "  ".join(render(word, language) for word in words)
        yield f"{number:>4}  {each.day.on}  {render(weekday(each.day.on), language)}  {shown}"


# ---------------------------------------------------------------------------- calendar


def _described(day: Day) -> list[Words]:
    """A day's kind, its name and its notice, as far as it has them."""
    return [DAY_KINDS[day.kind], *(word for word in (day.name, day.notice) if word is not None)]


_MARKS = {
    DayKind.WORKING: " ",
    DayKind.MAKE_UP: "+",
    DayKind.WEEKEND: "·",
    DayKind.HOLIDAY: "*",
    DayKind.SWAPPED_OFF: "-",
}


@main.command("calendar")
@click.argument("year", type=int)
@click.option(
    "--notice",
    "notice_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Show the year under this notice (TOML or JSON), which is checked first.",
)
@language_option
@_plainly
def calendar_command(year: int, notice_file: Path | None, language: str) -> None:
    """Print a year: which days are worked, which are not, and by which notice."""
    if not FIRST_DAY.year <= year <= LAST_DAY.year:
        text = Text(
            "A year from %(first)s to %(last)s is needed.",
            first=FIRST_DAY.year,
            last=LAST_DAY.year,
        )
        raise Faulty([Problem("year", text)])
    notices = list(notices_in(_settings().notices))
    if notice_file is not None:
        notices.append(read_notice(notice_file))
    calendar = calendar_with(notices)
    click.echo(_year(calendar, year, language))


def _year(calendar: Calendar, year: int, language: str) -> str:
    lines = []
    if not calendar.is_announced(date(year, 1, 1)):
        text = Text("No notice for %(year)s is known: only its statutory days stand.", year=year)
        lines.append(render(text, language))
    counted = 0
    on = date(year, 1, 1)
    special = []
    while on.year == year:
        day = calendar.day(on)
        if on.day == 1:
            month = f"{chinese_number(on.month)}月" if language == "zh" else on.strftime("%b")
            lines.append(_padded(month, 8))
        lines[-1] += f"{on.day:2d}{_MARKS[day.kind]} "
        counted += day.kind.is_working
        if day.name is not None or day.kind is DayKind.MAKE_UP:
            special.append(day)
        on += ONE_DAY
    legend = [f"{_MARKS[kind]} {render(DAY_KINDS[kind], language)}" for kind in list(DayKind)[1:]]
    lines.append("  ".join(legend))
    lines.append(render(Text("%(count)s working days", count=counted), language))
    for day in special:
        shown = "  ".join(render(word, language) for word in _described(day))
        lines.append(f"{day.on}  {render(weekday(day.on), language)}  {shown}")
    return "\n".join(lines)


# ---------------------------------------------------------------------------- profiles


@main.group("profile")
def profile_group() -> None:
    """Rule profiles: check one, or show what is in force."""


@profile_group.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@_plainly
def profile_check(file: Path) -> None:
    """Check a profile FILE by itself and over the layers above it."""
    from fireinvest.services.profiles import check_profile

    ruleset = check_profile(file, known_law(_settings().profiles))
    text = Text(
        "%(profile)s is sound: %(steps)s steps, %(clocks)s clocks, %(readings)s readings.",
        profile=ruleset.profile,
        steps=len(ruleset.steps),
        clocks=len(ruleset.clocks),
        readings=len(ruleset.readings),
    )
    click.echo(f"{render(text, 'zh')} / {render(text, 'en')}")


@profile_group.command("show")
@click.option("--on", "day", metavar="DAY", help="The day of the fire; today without it.")
@click.option("--division", help="The place of the fire; the home division without it.")
@language_option
@_plainly
def profile_show(day: str | None, division: str | None, language: str) -> None:
    """Show the law in force: levels, routes, stages, steps, clocks and readings with articles."""
    settings = _settings()
    law = known_law(settings.profiles)
    on = _day(day, "--on") if day is not None else today_in_china()
    if division is not None:
        law.division(division, on, "--division")
    ruleset = law.in_force(division or settings.home_division, on)
    click.echo(_profile(ruleset, language))


def _profile(ruleset: Ruleset, language: str) -> str:
    from fireinvest.services.profiles import outline

    lines = []
    for title, rows in outline(ruleset):
        lines.extend(["", f"# {render(title, language)}"])
        for citation, words in rows:
            place = render(ruleset.citation(citation), language)
            lines.append(f"  {_padded(place, 30)}{render(words, language)}")
    return "\n".join(lines[1:])


# ---------------------------------------------------------------------------- the database


@contextmanager
def _database() -> Iterator["Database"]:
    """The database of this installation, which must answer and be up to date."""
    from fireinvest.store import open_database
    from fireinvest.store.db import Unreachable, schema_is_current

    database = open_database(Settings.from_environment(os.environ).database_url)
    try:
        if not schema_is_current(database.engine):
            text = Text("The database is not up to date; type: make migrate")
            raise Faulty([Problem("", text)])
        yield database
    except Unreachable as error:
        raise Faulty([Problem("DATABASE_URL", Text("The database does not answer."))]) from error
    finally:
        database.engine.dispose()


@main.command("verify-log")
@click.option(
    "--heads",
    "heads_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Exported states of the log, kept elsewhere; without it those that LOG_HEADS names.",
)
@click.option("--workers", type=click.IntRange(1, 64), help="How many processes share the work.")
@language_option
@_plainly
def verify_log_command(heads_file: Path | None, workers: int | None, language: str) -> None:
    """Check journals, registers and the log; name what was changed, is missing or was inserted."""
    from fireinvest.gateways.heads import HeadsFile, from_url
    from fireinvest.services.journal import verify_all, verify_heads

    settings = Settings.from_environment(os.environ)
    heads = from_url(settings.log_heads) if heads_file is None else HeadsFile(heads_file)
    found = 0
    with _database() as database:
        for each in verify_all(database, workers=workers):
            click.echo(str(each))
            found += 1
        with database.readers.begin() as session:
            for fault in verify_heads(session, heads.lines()):
                click.echo(str(fault))
                found += 1
    _conclude(found, language)


@main.group("log")
def log_group() -> None:
    """The log of all cases and accounts."""


@log_group.command("seal")
@_plainly
def log_seal() -> None:
    """Seal the log up to now and tell its state to LOG_HEADS, as the server does once a day."""
    from fireinvest.gateways.heads import from_url
    from fireinvest.services.log import export_head, seal

    settings = Settings.from_environment(os.environ)
    now = utcnow()
    with _database() as database:
        count = seal(database, now)
        try:
            line = export_head(
                database, from_url(settings.log_heads), now=now, today=today_in_china()
            )
        except OSError as error:
            text = Text("The state of the log can't be written: %(why)s.", why=error.strerror or "")
            raise Faulty([Problem("LOG_HEADS", text)]) from error
    click.echo(_in_both(Text("Sealed: %(count)s lines.", count=count)))
    click.echo(line)


@main.command("rebuild")
@click.option("--check", is_flag=True, help="Only say what differs; change nothing.")
@language_option
@_plainly
def rebuild_command(check: bool, language: str) -> None:
    """Work cases, deadlines and registers out again, and put right what differs."""
    from fireinvest.services.cases import rebuild
    from fireinvest.services.notices import calendar_in_force

    with _database() as database:
        found = 0
        for each in rebuild(database, calendar_in_force(database), check=check):
            row = " ".join(part for part in (each.table, each.key, each.column) if part)
            click.echo(f"{each.number} {row}: {each.stored} -> {each.expected}")
            found += 1
    _conclude(found if check else 0, language)


def _conclude(found: int, language: str) -> None:
    """Say how many faults were found; end with exit code 1 when there is one."""
    click.echo(render(Text("Faults found: %(count)s", count=found), language))
    if found:
        raise SystemExit(_EXIT_FAULTS)


# ---------------------------------------------------------------------------- files


@main.group("files")
def files_group() -> None:
    """The files that entries and registers name, and those that wait."""


def _blobs() -> "Blobs":
    from fireinvest.gateways.blobs import from_url

    return from_url(Settings.from_environment(os.environ).blob_url)


@files_group.command("verify")
@language_option
@_plainly
def files_verify_command(language: str) -> None:
    """Read every file that is on record; name each that is missing or was changed."""
    from fireinvest.services.files import verify_files

    found = 0
    with _database() as database, database.readers.begin() as session:
        for each in verify_files(session, _blobs()):
            click.echo(str(each))
            found += 1
    _conclude(found, language)


@files_group.command("clear")
@click.option(
    "--days",
    type=click.IntRange(2, 3650),
    help="How long a file has waited; without it as UPLOAD_DAYS says.",
)
@language_option
@_plainly
def files_clear_command(days: int | None, language: str) -> None:
    """Forget uploaded files that nothing names, or that never came whole, after some days."""
    from fireinvest.services.files import clear_staged
    from fireinvest.services.uploading import clear_uploads

    now = utcnow()
    kept = days or Settings.from_environment(os.environ).upload_days
    before = now - timedelta(days=kept)
    with _database() as database:
        # What was broken off at its very end is a staged file then.
        count = clear_uploads(database, _blobs(), before=before, now=now)
        count += clear_staged(database, _blobs(), before=before, now=now)
        _blobs().clear_incoming(before)
    click.echo(render(Text("Files forgotten: %(count)s", count=count), language))


# ---------------------------------------------------------------------------- work


@main.command("sweep")
@_plainly
def sweep_command() -> None:
    """Tell now what the clocks of all cases have reached; exit code 1 when a case failed.

    A server or ``fireinvest work`` does it every night; done twice, it adds nothing.
    """
    from fireinvest.services.notices import calendar_in_force
    from fireinvest.services.sweeping import sweep

    settings = Settings.from_environment(os.environ)
    with _database() as database:
        found = sweep(
            database,
            lambda: calendar_in_force(database),
            clock=utcnow,
            today=today_in_china(),
            law=known_law(settings.law.profiles),
        )
    text = Text(
        "Swept up to %(day)s: %(cases)s cases with something to tell, %(told)s notices, "
        "%(skipped)s rungs passed over, %(failed)s cases failed.",
        day=found.day,
        cases=found.cases,
        told=found.told,
        skipped=found.skipped,
        failed=len(found.failed),
    )
    click.echo(_in_both(text))
    for case_id in found.failed:
        click.echo(_in_both(Text("Case with id %(id)s failed; see the log.", id=case_id)))
    if found.failed:
        raise SystemExit(_EXIT_FAULTS)


@main.command("work")
@_plainly
def work_command() -> None:
    """Do the jobs and the nightly sweep until SIGTERM or Ctrl+C; any number may work side by side."""
    import signal
    from threading import Event

    from fireinvest.gateways.queue import from_url
    from fireinvest.services import attending

    settings = Settings.from_environment(os.environ)
    stopped = Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stopped.set())
    with _database() as database:
        queue = from_url(settings.notices.queue_url, settings.secret_key)
        stop = attending.start(settings, database, queue)
        click.echo(_in_both(Text("At work.")))
        stopped.wait()
        stop()
    click.echo(_in_both(Text("The work is ended.")))


@main.command("jobs")
@click.option(
    "--retry", "retried", metavar="ID|all", help="Try a job that failed once more, or all of them."
)
@_plainly
def jobs_command(retried: str | None) -> None:
    """Show how many jobs wait, and which failed for good."""
    from fireinvest.services.attending import work_state
    from fireinvest.store.conflicts import changing
    from fireinvest.store.outbox import failed_jobs, try_again

    settings = Settings.from_environment(os.environ)
    if retried is not None and retried != "all" and not re.fullmatch(r"[0-9]{1,18}", retried):
        text = Text("The number of a job, or all, is needed.")
        raise Faulty([Problem("--retry", text)])
    with _database() as database:
        if retried is not None:
            with changing(database) as session:
                failed = [each.id for each in failed_jobs(session, _MOST_JOBS)]
                ids = failed if retried == "all" else [int(retried)]
                count = try_again(session, ids)
            click.echo(_in_both(Text("Jobs that are tried again: %(count)s", count=count)))
        found = work_state(database, utcnow(), settings.notices.sweep_at)
        with database.readers.begin() as session:
            jobs = failed_jobs(session, _MOST_JOBS)
    last = "—" if found.last is None else found.last.ended_at
    click.echo(_in_both(Text("Last sweep: %(when)s", when=last)))
    click.echo(_in_both(Text("Next sweep: %(when)s", when=found.next_at)))
    click.echo(_in_both(Text("Jobs that wait: %(count)s", count=found.backlog.waiting)))
    click.echo(_in_both(Text("Jobs that failed: %(count)s", count=found.backlog.failed)))
    for job in jobs:
        to = " ".join(part for part in (job.login, job.channel) if part) or "—"
        when = job.failed_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
        click.echo(f"  #{job.id}  {when}  {job.kind}  {to}  {job.attempts}x  {job.error or ''}")


#: How many jobs that failed are shown, and tried again, at a time.
_MOST_JOBS = 1000


# ---------------------------------------------------------------------------- notices


@main.group("notice")
def notice_group() -> None:
    """The State Council's yearly holiday notices."""


number_option = click.option(
    "--number", help="The number of the document, where the file doesn't say it."
)


@notice_group.command("check")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@number_option
@_plainly
def notice_check(file: Path, number: str | None) -> None:
    """Check a notice FILE (TOML, JSON or CSV); nothing is entered."""
    notice = read_notice(file, given={"number": number})
    text = Text(
        "The notice for %(year)s is sound: %(off)s days off, %(worked)s days made up.",
        year=notice.year,
        off=len(notice.off),
        worked=len(notice.worked),
    )
    click.echo(f"{render(text, 'zh')} / {render(text, 'en')}")


@notice_group.command("add")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@number_option
@_plainly
def notice_add(file: Path, number: str | None) -> None:
    """Enter a notice FILE; the clocks that it moves are moved, each case says why."""
    from fireinvest.services.notices import calendar_in_force
    from fireinvest.services.recounting import enter_notice
    from fireinvest.workflow.permissions import SYSTEM, Actor

    notice = read_notice(file, given={"number": number})
    with _database() as database:
        entered = enter_notice(
            database,
            calendar_in_force(database),
            notice,
            Actor(SYSTEM),
            seen=None,
            now=utcnow(),
            today=today_in_china(),
        )
    revision = entered.revision
    text = Text(
        "The notice for %(year)s is entered as revision %(revision)s.",
        year=notice.year,
        revision=revision,
    )
    click.echo(f"{render(text, 'zh')} / {render(text, 'en')}")


# ---------------------------------------------------------------------------- people


@main.group("people")
def people_group() -> None:
    """Accounts: the first administrators of an installation."""


@people_group.command("add")
@click.argument("login")
@click.argument("name")
@click.option(
    "--office",
    type=click.Choice(("system", "security", "audit")),
    help="The administrator's office that they hold from today on.",
)
@_plainly
def people_add(login: str, name: str, office: str | None) -> None:
    """Add NAME, who signs in as LOGIN; the password is asked for, or read from standard input."""
    from fireinvest.services.passwords import Policy, checked_hash
    from fireinvest.services.people import By, create_person
    from fireinvest.workflow.permissions import SYSTEM

    now, today = utcnow(), today_in_china()
    settings = Settings.from_environment(os.environ)
    policy = Policy(settings.password_shortest, settings.password_kinds, settings.password_days)
    with _database() as database:
        create_person(
            database,
            login=login,
            name=name,
            password_hash=checked_hash(_password(), login=login, name=name, policy=policy),
            now=now,
            office=None if office is None else f"{office}_administrator",
            by=By(SYSTEM, now, today),
        )
    click.echo(_in_both(Text("%(name)s can sign in as %(login)s.", name=name, login=login)))


@people_group.command("code")
@click.argument("login")
@_plainly
def people_code(login: str) -> None:
    """Print a one-time code with which LOGIN chooses a password; it is shown this once."""
    from fireinvest.services.codes import issue_code
    from fireinvest.services.people import By
    from fireinvest.store.people import find_login
    from fireinvest.workflow.permissions import SYSTEM

    settings = Settings.from_environment(os.environ)
    by = By(SYSTEM, utcnow(), today_in_china())
    with _database() as database:
        with database.readers.begin() as session:
            person = find_login(session, login)
        if person is None:
            raise Faulty([Problem("login", Text("There is no such person."))])
        issued = issue_code(database, person.id, by=by, valid_for=settings.code_time)
    click.echo(issued.code)
    address = f"{settings.public_url}/sign-in/first"
    text = Text(
        "%(name)s chooses a password with it at %(address)s, until %(until)s.",
        name=person.name,
        address=address,
        until=issued.expires_at,
    )
    click.echo(_in_both(text), err=True)


@people_group.command("reset-factors")
@click.argument("login")
@click.option("--reason", required=True, help="Why, such as a lost phone.")
@_plainly
def people_reset_factors(login: str, reason: str) -> None:
    """Take all second factors of LOGIN away and end their sign-ins; they set one up anew.

    For when the last security administrator has lost the phone and the recovery codes.
    """
    from fireinvest.services.factors import reset_factors
    from fireinvest.services.people import By
    from fireinvest.store.people import find_login
    from fireinvest.workflow.permissions import SYSTEM

    by = By(SYSTEM, utcnow(), today_in_china())
    with _database() as database:
        with database.readers.begin() as session:
            person = find_login(session, login)
        if person is None:
            raise Faulty([Problem("login", Text("There is no such person."))])
        reset_factors(database, person.id, reason, by=by)
    text = Text("The second factors of %(name)s are reset.", name=person.name)
    click.echo(_in_both(text))


@people_group.command("appoint")
@click.argument("login")
@click.argument("office", type=click.Choice(("system", "security", "audit")))
@click.option("--reason", help="Why, such as the document that appoints them.")
@_plainly
def people_appoint(login: str, office: str, reason: str | None) -> None:
    """Make LOGIN the administrator of OFFICE from today on; nobody holds two of the three."""
    from fireinvest.services.people import By, appoint
    from fireinvest.services.wording import OFFICE_NAMES
    from fireinvest.workflow.permissions import SYSTEM

    role, by = f"{office}_administrator", By(SYSTEM, utcnow(), today_in_china())
    with _database() as database:
        appoint(database, login, role, reason=reason, by=by)
    text = Text(
        "%(login)s holds the office from today on: %(office)s.",
        login=login,
        office=OFFICE_NAMES[role],
    )
    click.echo(_in_both(text))


@people_group.command("list")
@click.option("--offices", is_flag=True, help="Only the administrators, and offices nobody holds.")
@language_option
@_plainly
def people_list(offices: bool, language: str) -> None:
    """Print who has an account: sign-in name, name, whether it is in use, and offices."""
    from fireinvest.services.people import list_accounts
    from fireinvest.services.wording import OFFICE_NAMES

    standing = {True: Text("in use"), False: Text("deactivated")}
    vacant = dict(OFFICE_NAMES)
    with _database() as database, database.readers.begin() as session:
        for person, held in list_accounts(session, today_in_china()):
            for role in held if person.is_active else ():
                vacant.pop(role, None)
            if offices and not held:
                continue
            names = " ".join(render(OFFICE_NAMES[each], language) for each in held)
            line = _padded(person.login, _LOGINS) + _padded(person.name, _NAMES // 2)
            line += _padded(render(standing[person.is_active], language), _LOGINS) + names
            click.echo(line.rstrip())
    for each in vacant.values():
        click.echo(
            render(Text("Nobody holds this office today: %(office)s", office=each), language)
        )


#: More than any password has; what follows is not read.
_LONGEST_LINE = 10_000


def _password() -> str:
    """The password as it is typed twice without echo, or the first line of standard input."""
    if not sys.stdin.isatty():
        try:
            return sys.stdin.readline(_LONGEST_LINE).rstrip("\r\n")
        except UnicodeDecodeError as error:
            text = Text("There are characters in it that can't be read.")
            raise Faulty([Problem("password", text)]) from error
    try:
        asked: str = click.prompt(
            _in_both(Text("Password")),
            hide_input=True,
            confirmation_prompt=_in_both(Text("Once more")),
            err=True,
        )
    except click.Abort as abort:
        raise Faulty([Problem("password", Text("No password was given."))]) from abort
    return asked


# ---------------------------------------------------------------------------- demo data


@main.command("demo")
@_plainly
def demo_command() -> None:
    """Load what is missing of the made-up cases and people, and print how to sign in as them."""
    from fireinvest.services import demo
    from fireinvest.services.notices import calendar_in_force

    settings = Settings.from_environment(os.environ)
    if not settings.demo:
        raise demo.refusal()
    with _database() as database:
        added = demo.load_demo(
            database,
            known_law(settings.law.profiles),
            calendar_in_force(database),
            now=utcnow(),
            today=today_in_china(),
            allowed=settings.demo,
            profiles=settings.law.profiles,
            blobs=_blobs(),
            address=f"{settings.public_url}/papers",
        )
    said = Text("Demo data: %(count)s entries added.", count=added)
    password = Text("The password of every demo account: %(password)s", password=demo.DEMO_PASSWORD)
    click.echo(_in_both(said))
    click.echo(_in_both(password))
    for each in demo.SIGN_INS:
        login = each.login
        for language in LANGUAGES:
            name = _padded(render(each.name, language), _NAMES)
            click.echo(f"{_padded(login, _LOGINS)}{name}{render(each.try_this, language)}")
            login = ""
    others = _in_both(Text("Others"))
    click.echo(f"{others}: {' '.join(demo.OTHER_LOGINS)}")


#: How many columns of a terminal logins and names take.
_LOGINS, _NAMES = 16, 40


def _in_both(words: Words) -> str:
    return f"{render(words, 'zh')} / {render(words, 'en')}"


# ---------------------------------------------------------------------------- packages


@main.group("archive")
def archive_group() -> None:
    """Packages of cases: made, checked on any computer, and read back elsewhere."""


@archive_group.command("make")
@click.argument("number")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--folders", is_flag=True, help="Write folders in place of zips.")
@_plainly
def archive_make(number: str, folder: Path, folders: bool) -> None:
    """Write the whole package of the case NUMBER into FOLDER; nothing of it is left out."""
    from fireinvest.services.files import readable_size
    from fireinvest.services.notices import calendar_in_force
    from fireinvest.services.packages import package_to, verify_page_hash

    settings = Settings.from_environment(os.environ)
    with _database() as database:
        try:
            package, parts, _left_out = package_to(
                database,
                _blobs(),
                known_law(settings.law.profiles),
                calendar_in_force(database),
                number,
                folder,
                most=settings.archive_part,
                is_zipped=not folders,
                now=utcnow(),
                today=today_in_china(),
            )
        except OSError as error:
            text = Text("It can't be written: %(why)s.", why=error.strerror or "")
            raise Faulty([Problem("FOLDER", text)]) from error
    click.echo(_in_both(Text("Package %(package)s is made.", package=package)))
    for each in parts:
        click.echo(f"  {each.name}  {readable_size(each.size)}")
        click.echo(f"    {_in_both(Text('seal'))}: {each.seal}")
    click.echo(f"  verify.html: {verify_page_hash()}")


@archive_group.command("verify")
@click.argument("path", type=click.Path(path_type=Path))
@language_option
@_plainly
def archive_verify(path: Path, language: str) -> None:
    """Check the package at PATH: a zip, a folder, or a folder that holds all parts of one."""
    from fireinvest.services.package_checking import check_package, opened

    bags = opened(path)
    try:
        found = check_package(bags)
    finally:
        for each in bags:
            each.close()
    count = 0
    for line in found.lines():
        click.echo(render(line, language))
        count += 1
    text = Text(
        "Package %(package)s: %(parts)s parts, %(files)s files, %(entries)s entries, "
        "%(records)s records, %(rows)s lines of the log.",
        package=found.package or "?",
        parts=len(found.parts),
        files=found.files,
        entries=found.entries,
        records=found.records,
        rows=found.log_rows,
    )
    click.echo(render(text, language))
    for part in found.parts:
        click.echo(f"  {part.name}  {render(Text('seal'), language)}: {part.seal}")
    _conclude(count, language)


@archive_group.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@language_option
@_plainly
def archive_import(path: Path, language: str) -> None:
    """Check the package at PATH, and read it back as a file that is only read."""
    from fireinvest.services.importing_packages import import_package
    from fireinvest.services.package_checking import opened
    from fireinvest.workflow.permissions import SYSTEM

    bags = opened(path)
    try:
        with _database() as database:
            imported_id, is_new = import_package(database, _blobs(), bags, by=SYSTEM, now=utcnow())
    finally:
        for each in bags:
            each.close()
    text = (
        Text("Read back as the imported file %(id)s.", id=imported_id)
        if is_new
        else Text("It was read back before, as the imported file %(id)s.", id=imported_id)
    )
    click.echo(render(text, language))


# ---------------------------------------------------------------------------- old cases


@main.command("import-cases")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--apply", "applies", is_flag=True, help="Bring the cases in; else they're looked at."
)
@click.option("--by", "login", metavar="LOGIN", help="Who brings them in, and carries them.")
@language_option
@_plainly
def import_cases_command(file: Path, applies: bool, login: str | None, language: str) -> None:
    """Look at a form of old cases, row by row; with --apply, bring in what is right."""
    from fireinvest.services.notices import calendar_in_force
    from fireinvest.services.old_ledger.bringing_in import (
        Office,
        Standing,
        bring_in,
        look_at,
        note_brought_in,
    )
    from fireinvest.services.old_ledger.job import counted, report_of
    from fireinvest.services.old_ledger.reading import choices_of, read_form

    if applies and login is None:
        raise Faulty([Problem("--by", Text("This is needed."))])
    settings = Settings.from_environment(os.environ)
    law, home = known_law(settings.law.profiles), settings.law.home_division
    today = today_in_china()

    def say(words: Words) -> str:
        return render(words, language)

    with _database() as database:
        with file.open("rb") as stream:
            choices = choices_of(law.in_force(home, today), law.divisions)
            rows = read_form(stream, file.name, choices)
            stream.seek(0)
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        office = Office(
            law, calendar_in_force(database), _who_opens(database, login, today), home, utcnow(),
            today, settings.law.profiles,
        )  # fmt: skip
        standings: list[Standing] = []
        for line in (bring_in if applies else look_at)(database, office, rows):
            standings.append(line.standing)
            for cells in report_of([line], say):
                click.echo("  ".join(f"{each}" for each in cells if each is not None))
        if applies:
            note_brought_in(database, office, file.name, sha256, standings)
    click.echo(say(counted(standings)))
    if Standing.WRONG in standings:
        raise SystemExit(_EXIT_FAULTS)


def _who_opens(database: "Database", login: str | None, today: date) -> "Actor":
    """As whom cases are opened; where nobody is named, as the system, which only looks."""
    from fireinvest.services.people import acts_as
    from fireinvest.store.people import find_login
    from fireinvest.workflow.permissions import SYSTEM, Actor

    if login is None:
        return Actor(SYSTEM)
    with database.readers.begin() as session:
        person = find_login(session, login)
        if person is None or not person.is_active:
            raise Faulty([Problem("--by", Text("There is no such person."))])
        law = known_law(_settings().profiles)
        return acts_as(session, person, today, None, law=law)[0]


# ---------------------------------------------------------------------------- recovery


def _protection(settings: Settings) -> "Protection":
    from fireinvest.services.recovery import Protection

    given = settings.backup
    return Protection(given.recipients, given.passphrase, given.identity)


@contextmanager
def _answering() -> Iterator[None]:
    """Say it plainly where the database doesn't answer."""
    from fireinvest.store.db import Unreachable

    try:
        yield
    except Unreachable as error:
        raise Faulty([Problem("DATABASE_URL", Text("The database does not answer."))]) from error


@main.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@language_option
@_plainly
def backup_command(file: Path, language: str) -> None:
    """Write a backup of database and files to FILE, while people work."""
    from fireinvest.gateways.blobs import from_url
    from fireinvest.services.recovery import make_backup, note_backup
    from fireinvest.store import open_database

    settings = Settings.from_environment(os.environ)
    database = open_database(settings.database_url)
    try:
        with _answering():
            made = make_backup(
                database, from_url(settings.blob_url), file, _protection(settings), now=utcnow()
            )
            note_backup(database, file.name, made)
    finally:
        database.engine.dispose()
    _say_backup(file, made, language)
    if made.missing or made.changed:
        raise SystemExit(_EXIT_FAULTS)


def _say_backup(file: Path, made: "Backup", language: str) -> None:
    encrypted = Text("encrypted") if made.is_encrypted else Text("not encrypted")
    text = Text(
        "Backup %(file)s: %(rows)s rows, %(files)s files, %(size)s bytes, %(encrypted)s.",
        file=file.name,
        rows=made.rows,
        files=made.files,
        size=made.size,
        encrypted=encrypted,
    )
    click.echo(render(text, language))
    click.echo(render(Text("State of the journals: %(state)s", state=made.state), language))
    _say_lost(made.missing, made.changed, language)


def _say_lost(missing: int, changed: int, language: str) -> None:
    if missing or changed:
        text = Text(
            "The file store had lost %(missing)s files and damaged %(changed)s, which the backup "
            "lacks.",
            missing=missing,
            changed=changed,
        )
        click.echo(render(text, language), err=True)


@main.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Only prove the backup; touch nothing.")
@language_option
@_plainly
def restore_command(file: Path, check: bool, language: str) -> None:
    """Put the backup FILE back in an empty database and an empty folder of files."""
    from fireinvest.gateways.blobs import from_url
    from fireinvest.services.recovery import restore

    settings = Settings.from_environment(os.environ)
    if check:
        _check_backup(file, settings, language)
        return
    with _answering():
        done = restore(
            settings.database_url,
            from_url(settings.blob_url),
            file,
            _protection(settings),
            now=utcnow(),
        )
    _say_proof(done.proof, language)
    text = Text("Restored and proved. Every sign-in was ended.")
    click.echo(render(text, language))
    for fault in done.faults:
        click.echo(fault)
    _conclude(len(done.faults), language)


def _check_backup(file: Path, settings: Settings, language: str) -> None:
    from fireinvest.services.recovery import check_backup

    try:
        proof = check_backup(file, _protection(settings))
    except Faulty as faulty:
        for problem in faulty.problems:
            lead = f"{problem.field}: " if problem.field else ""
            click.echo(f"{lead}{render(problem.text, language)}", err=True)
        raise SystemExit(_EXIT_FAULTS) from faulty
    _say_proof(proof, language)
    for fault in proof.faults:
        click.echo(str(fault))
    _conclude(len(proof.faults), language)


def _say_proof(proof: "Proof", language: str) -> None:
    text = Text(
        "Backup of %(made_at)s at migration %(revision)s: %(rows)s rows, %(files)s files.",
        made_at=proof.about.made_at,
        revision=proof.about.revision,
        rows=sum(proof.rows.values()),
        files=proof.files,
    )
    click.echo(render(text, language))
    click.echo(render(Text("State of the journals: %(state)s", state=proof.state), language))
    _say_lost(proof.missing, proof.changed, language)


@main.command("upgrade")
@language_option
@_plainly
def upgrade_command(language: str) -> None:
    """Bring the database up to this program: a backup first, then all migrations, or none."""
    from fireinvest.gateways.blobs import from_url
    from fireinvest.services.recovery import UpgradeFailed, upgrade
    from fireinvest.store import open_database

    settings = Settings.from_environment(os.environ)
    database = open_database(settings.database_url)
    try:
        with _answering():
            done = upgrade(
                database,
                from_url(settings.blob_url),
                settings.backup.folder,
                _protection(settings),
                kept=settings.backup.kept,
                now=utcnow(),
            )
    except UpgradeFailed as failed:
        _say_failed(failed, language)
        raise SystemExit(_EXIT_FAULTS) from failed
    finally:
        database.engine.dispose()
    if done.backup is not None and done.made is not None:
        _say_backup(done.backup, done.made, language)
    if done.before == done.after:
        text = Text("The database is up to date (migration %(after)s).", after=done.after)
    else:
        text = Text(
            "The database was brought from migration %(before)s to %(after)s.",
            before=done.before or "-",
            after=done.after,
        )
    click.echo(render(text, language))


def _say_failed(failed: "UpgradeFailed", language: str) -> None:
    lines = [Text("The upgrade failed: %(why)s", why=failed.why)]
    if failed.is_as_before:
        lines.append(Text("The database is as it was before."))
    else:
        lines.append(Text("The database may be changed in part: don't go on working with it."))
    if failed.backup is not None:
        lines.append(Text("The backup from before is %(file)s.", file=str(failed.backup)))
        if not failed.is_as_before:
            text = Text("Put it back in an empty place: python -m fireinvest restore FILE")
            lines.append(text)
    for line in lines:
        click.echo(render(line, language), err=True)
