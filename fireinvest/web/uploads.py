"""Forms with files: how large they may be, and the files staged before anything else is read.

Large files come in parts, see ``views/uploads.py``; a form then names them as staged ones.
"""

from collections.abc import Callable, Iterable
from typing import BinaryIO, TypeVar, cast

from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue

from fireinvest.messages import Faulty, Problem
from fireinvest.services.drafts import Fields
from fireinvest.services.files import MOST_FILES, hold, stage, staged_files
from fireinvest.services.uploading import LONGEST_PART
from fireinvest.store.files import Staged
from fireinvest.web import keeping
from fireinvest.web.state import state
from fireinvest.web.visiting import sent_at, who

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

#: The fields of a form under which files come, and those that were staged before.
FILES = "files"
STAGED = "staged"


def takes_files(view: View) -> View:
    """Mark a view whose requests may be as large as files are."""
    view.takes_files = True  # type: ignore[attr-defined] # functions take attributes
    return view


def takes_parts(view: View) -> View:
    """Mark a view that is sent parts of large files, read as they come."""
    view.takes_parts = True  # type: ignore[attr-defined] # functions take attributes
    return view


def install(app: Flask) -> None:
    """Let requests with files be larger than others, before anything of them is read."""
    app.before_request(_widen)


def _widen() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "takes_files", False):
        request.max_content_length = state().settings.max_upload_length
    if getattr(view, "takes_parts", False):
        request.max_content_length = LONGEST_PART


def staged_in(fields: Fields) -> list[Staged]:
    """Return the files that a draft names and that still wait."""
    with state().database.readers.begin() as session:
        ids = [value for name, value in fields if name == STAGED]
        return staged_files(session, who().person.id, ids[:MOST_FILES])


def written_with(files: Iterable[Staged]) -> Fields:
    """Return what a draft keeps of the form that was sent: what was typed, and these files."""
    typed = tuple(each for each in keeping.written() if each[0] != STAGED)
    return (*typed, *((STAGED, each.id) for each in files))


def staged() -> tuple[list[Staged], list[Problem]]:
    """Return the files of the form that was sent: those it brings, staged now, and earlier ones.

    A file that can't be taken is a problem; the others stay.
    """
    person = who().person
    database, blobs = state().database, state().blobs
    problems: list[Problem] = []
    fresh: list[str] = []
    for file in request.files.getlist(FILES):
        if not file.filename:
            continue
        try:
            kept = stage(
                database,
                blobs,
                person.id,
                file.filename,
                cast(BinaryIO, file.stream),
                at_most=state().settings.max_upload_length,
                now=sent_at(),
                allowed=state().settings.upload_types,
            )
        except Faulty as faulty:
            problems.extend(faulty.problems)
            continue
        fresh.append(kept.id)
    wanted = [*request.form.getlist(STAGED), *fresh]
    with database.readers.begin() as session:
        found = staged_files(session, person.id, wanted)
    return hold(database, found, sent_at()), problems
