"""Packages of cases: the note that goes with one, checking one, and files that were read back."""

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import date
from http import HTTPStatus
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fireinvest.messages import Faulty, Label, Problem, Text, Words
from fireinvest.services.casefile import CaseFile
from fireinvest.services.importing_packages import (
    CHECK,
    DATA_PATH,
    IMPORT,
    document_of,
)
from fireinvest.services.jobs import ask_job
from fireinvest.services.log import Act
from fireinvest.services.packages import packages_of, verify_page_hash
from fireinvest.store import Session
from fireinvest.store import imported as store
from fireinvest.store.conflicts import changing
from fireinvest.store.imported import ImportedFile
from fireinvest.store.people import names_of_logins
from fireinvest.web import downloads, noting, uploads
from fireinvest.web.casework import case_context, open_file
from fireinvest.web.forms.step import placed
from fireinvest.web.noting import ONE_LOOK
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.uploads import takes_files
from fireinvest.web.visiting import origin, sent_at, who
from fireinvest.workflow.actions import Attachment
from fireinvest.workflow.permissions import may_package, may_read_imported

blueprint = Blueprint("packages", __name__)

_LINES = 50
_FILES = 100
_LONGEST_SEARCH = 100

#: What is shown of a file that was read back.
PARTS: Mapping[str, Words] = {
    "case": Text("Case data"),
    "journal": Text("History"),
    "registers": Text("Registers"),
    "files": Text("Files of the package"),
}
KINDS: Mapping[str, Words] = {
    "volume": Text("Volume of the file"),
    "paper": Text("Official paper"),
    "original": Text("Original file"),
    "data": Text("Data of the package"),
    "tag": Text("Of the package itself"),
}


# ---------------------------------------------------------------------------- the note


@blueprint.get("/cases/<number>/packages/<package>")
@signed_in
def note(number: str, package: str) -> ResponseReturnValue:
    """The note that goes with a package when it is handed over, to be printed."""
    file: CaseFile = open_file(number)
    if not may_package(who().actor, file.case, number):
        abort(HTTPStatus.FORBIDDEN)
    with state().database.readers.begin() as session:
        found = next(
            (each for each in packages_of(session, file.ref.id) if each.package == package), None
        )
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    return render_template(
        "packages/note.html",
        made=found,
        is_todays_page=found.verify_page == verify_page_hash(),
        **case_context(file),
    )


# ---------------------------------------------------------------------------- taken


@blueprint.route("/archive/import", methods=["GET", "POST"])
@signed_in
@takes_files
def take() -> ResponseReturnValue:
    """A package from elsewhere: checked, and read back where that is asked for."""
    _need_right()
    if request.method == "GET":
        return _form()
    staged, problems = uploads.staged()
    if not staged and not problems:
        problems.append(Problem("files", Text("This is needed.")))
    problems.extend(
        Problem("files", Text("%(name)s is no zip.", name=each.name))
        for each in staged
        if each.media_type != "application/zip"
    )
    if problems:
        return _form(problems, staged), HTTPStatus.BAD_REQUEST
    kind = IMPORT if request.form.get("do") == "import" else CHECK
    try:
        with changing(state().database) as session:
            job_id = ask_job(
                session, kind, person_id=who().person.id, login=who().person.login,
                key=f"{kind}-{request.form.get('key', '')[:60]}", now=sent_at(),
                arguments={"staged": [each.id for each in staged]},
                acting_for=who().acting_login, origin=origin(),
            )  # fmt: skip
    except Faulty as faulty:
        return _form(faulty.problems, staged), HTTPStatus.BAD_REQUEST
    return redirect(url_for("jobs.show", job_id=job_id), HTTPStatus.SEE_OTHER)


def _form(problems: Iterable[Problem] = (), staged: Iterable[object] = ()) -> str:
    return render_template(
        "packages/take.html",
        beside=placed(problems),
        staged=list(staged),
        key=uuid.uuid4().hex,
        sees_lists=True,
    )


def _need_right() -> None:
    if not may_read_imported(who().actor):
        abort(HTTPStatus.FORBIDDEN)


# ---------------------------------------------------------------------------- read


@blueprint.get("/archive/imported")
@signed_in
def index() -> ResponseReturnValue:
    """The files that were read back, the latest fires first."""
    _need_right()
    words = request.args.get("words", "").replace("\0", "").strip()[:_LONGEST_SEARCH]
    with state().database.readers.begin() as session:
        found = store.imported_page(session, words or None, _after(), _LINES + 1)
    last = found[_LINES - 1] if len(found) > _LINES else None
    return render_template(
        "packages/imported.html",
        files=found[:_LINES],
        words=words,
        following=None if last is None else f"{last.occurred_on}_{last.id}",
        is_first="after" not in request.args,
        sees_lists=True,
    )


def _after() -> tuple[date, int] | None:
    day, _dash, number = request.args.get("after", "").partition("_")
    try:
        return (date.fromisoformat(day), int(number)) if number.isascii() else None
    except ValueError:
        return None


@blueprint.get("/archive/imported/<int:imported_id>")
@signed_in
def show(imported_id: int) -> ResponseReturnValue:
    """A file that was read back: its data, its history, its registers, or its files."""
    _need_right()
    part = request.args.get("part", "case")
    if part not in PARTS:
        abort(HTTPStatus.NOT_FOUND)
    after = request.args.get("after", -1, type=int)
    with state().database.readers.begin() as session:
        file = _found(session, imported_id)
        counts = store.count_entries(session, imported_id)
        data = store.entry_called(session, imported_id, DATA_PATH)
        entries = store.entries_of(
            session, imported_id, KINDS, after=after, size=_FILES + 1 if part == "files" else 1
        )
        by = names_of_logins(session, {file.imported_by}).get(file.imported_by, file.imported_by)
    noting.note_again(Act.VIEW, within=ONE_LOOK, item=f"imported {imported_id}")
    document: Mapping[str, Any] = {} if data is None else document_of(state().blobs, data)
    return render_template(
        "packages/file.html",
        file=file,
        facts=json.loads(file.facts),
        checked=json.loads(file.checked),
        by=by,
        part=part,
        parts=PARTS,
        kinds=KINDS,
        counts=counts,
        document=document,
        entries=entries[:_FILES],
        following=entries[_FILES - 1].place if len(entries) > _FILES else None,
        places=_places(imported_id, document, part),
        lines=_LINES,
        page=max(0, request.args.get("page", 0, type=int)),
        register=request.args.get("register", ""),
        words=_both,
    )


def _places(imported_id: int, document: Mapping[str, Any], part: str) -> dict[str, int]:
    """Return the place of each file of the package by its path, where links lead to some."""
    if part not in ("journal", "registers"):
        return {}
    part_of = {str(each["path"]): int(each["part"]) for each in document.get("files", ())}
    with state().database.readers.begin() as session:
        by_path = store.places_of(session, imported_id)
    return {
        path: by_path[f"{number}/{path}"]
        for path, number in part_of.items()
        if f"{number}/{path}" in by_path
    }


def _both(words: object) -> Words:
    """Return words of a package in the reader's language."""
    if isinstance(words, dict):
        return Label(str(words.get("zh", "")), str(words.get("en", "")))
    return "" if words is None else str(words)


@blueprint.get("/archive/imported/<int:imported_id>/files/<int:place>")
@signed_in
def file(imported_id: int, place: int) -> ResponseReturnValue:
    """A file of a package, as a download."""
    _need_right()
    with state().database.readers.begin() as session:
        _found(session, imported_id)
        entry = store.find_entry(session, imported_id, place)
    if entry is None:
        abort(HTTPStatus.NOT_FOUND)
    last = entry.path.rpartition("/")[2]
    name = last if entry.kind in ("data", "tag") else entry.title
    attachment = Attachment(name, "application/octet-stream", entry.sha256, entry.size)
    return downloads.download(None, attachment, f"imported {imported_id}")


def _found(session: Session, imported_id: int) -> ImportedFile:
    found = store.find_imported(session, imported_id)
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    return found
