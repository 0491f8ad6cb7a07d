"""Large files, sent in parts by a script: begun, gone on with, finished, or given up.

Every answer is JSON. A finished one is a staged file, which a form names as one that came with it.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, BinaryIO, cast

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from fireinvest.gateways.blobs import Busy
from fireinvest.messages import Faulty
from fireinvest.services import uploading
from fireinvest.services.uploading import Limits, NoSuchUpload, OutOfStep, Upload
from fireinvest.web.present import say
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.uploads import takes_parts
from fireinvest.web.visiting import sent_at, who

blueprint = Blueprint("uploads", __name__, url_prefix="/uploads")

_LONGEST_NUMBER = 15


def _told(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Let a view answer what its service refuses."""

    @wraps(view)
    def telling(*args: Any, **values: Any) -> ResponseReturnValue:
        try:
            return view(*args, **values)
        except OutOfStep as step:
            return jsonify(arrived=step.arrived), HTTPStatus.CONFLICT
        except Busy:
            return jsonify(busy=True), HTTPStatus.LOCKED
        except NoSuchUpload as none:
            return jsonify(problems=_words(none)), HTTPStatus.NOT_FOUND
        except Faulty as faulty:
            return jsonify(problems=_words(faulty)), HTTPStatus.BAD_REQUEST

    return telling


@blueprint.get("")
@signed_in
def index() -> ResponseReturnValue:
    """What somebody began to send and that isn't whole; and a token with which to go on."""
    found = uploading.unfinished_of(state().database, who().person.id)
    return jsonify(uploads=[_shown(each) for each in found], token=generate_csrf())


@blueprint.post("")
@signed_in
@_told
def begin() -> ResponseReturnValue:
    """A file is begun, or gone on with: how much of it is here, and how large parts may be."""
    settings = state().settings
    upload = uploading.begin(
        state().database,
        state().blobs,
        who().person.id,
        request.form.get("name", ""),
        _number(request.form.get("size", "")),
        request.form.get("mark", ""),
        limits=Limits(settings.upload_largest, settings.upload_quota),
        allowed=settings.upload_types,
        now=sent_at(),
    )
    return jsonify(**_shown(upload), part=uploading.PART), HTTPStatus.CREATED


@blueprint.get("/<upload>")
@signed_in
@_told
def show(upload: str) -> ResponseReturnValue:
    """How much of a file is here."""
    return jsonify(_shown(uploading.find(state().database, who().person.id, upload)))


@blueprint.patch("/<upload>")
@signed_in
@takes_parts
@_told
def add(upload: str) -> ResponseReturnValue:
    """A part of a file, from the byte that ``offset`` names; its SHA-256 may come with it."""
    arrived = uploading.add_part(
        state().database,
        state().blobs,
        who().person.id,
        upload,
        cast(BinaryIO, request.stream),
        at=_number(request.args.get("offset", "")),
        sha256=request.headers.get("X-Part-SHA256"),
        now=sent_at(),
    )
    return jsonify(arrived=arrived)


@blueprint.post("/<upload>/finish")
@signed_in
@_told
def finish(upload: str) -> ResponseReturnValue:
    """All of a file is here: it is looked at, and waits for a form then."""
    staged = uploading.finish(
        state().database,
        state().blobs,
        who().person.id,
        upload,
        allowed=state().settings.upload_types,
        now=sent_at(),
    )
    shown = {"id": staged.id, "name": staged.name, "size": staged.size, "sha256": staged.sha256}
    return jsonify(shown), HTTPStatus.CREATED


@blueprint.post("/<upload>/drop")
@signed_in
@_told
def drop(upload: str) -> ResponseReturnValue:
    """A file isn't wanted any more."""
    uploading.drop(state().database, state().blobs, who().person.id, upload)
    return "", HTTPStatus.NO_CONTENT


def _shown(upload: Upload) -> dict[str, object]:
    return {
        "id": upload.id,
        "name": upload.name,
        "size": upload.length,
        "mark": upload.mark,
        "arrived": upload.arrived,
    }


def _words(faulty: Faulty) -> list[str]:
    return [say(each.text) for each in faulty.problems]


def _number(written: str) -> int:
    """Return a number of bytes; what is none is less than any."""
    is_number = written.isascii() and written.isdigit() and len(written) <= _LONGEST_NUMBER
    return int(written) if is_number else -1
