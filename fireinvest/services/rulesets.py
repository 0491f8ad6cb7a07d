"""The law that a case uses, kept in the database by its pin and read back from there."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.loading import load_layer
from fireinvest.regulation.profile import Layer, Ruleset
from fireinvest.regulation.rulesets import BUILT_IN, join
from fireinvest.store import Session
from fireinvest.store.codec import Unreadable, canonical
from fireinvest.store.rulesets import add_ruleset, contents_of, is_stored

#: Rulesets by their pin. A pin stands for contents that never change, so nothing grows stale.
_read: dict[str, Ruleset] = {}


def keep_ruleset(
    session: Session, ruleset: Ruleset, *, now: datetime, profiles: Path | None = None
) -> None:
    """Keep a ruleset's files in the database, unless they are there already.

    ``profiles``: the folder of an office's own profiles.

    Raises:
        Faulty: when a file was changed or removed since the law was read.

    """
    if not is_stored(session, ruleset.pin):
        add_ruleset(
            session, pin=ruleset.pin, contents=_contents(ruleset.layers, profiles), stored_at=now
        )
    _read.setdefault(ruleset.pin, ruleset)


def _contents(layers: Iterable[Layer], profiles: Path | None) -> str:
    folders = [BUILT_IN] if profiles is None else [BUILT_IN, profiles]
    return canonical([{"file": layer.file, "text": _text_of(layer, folders)} for layer in layers])


def _text_of(layer: Layer, folders: list[Path]) -> str:
    for folder in folders:
        try:
            content = (folder / layer.file).read_bytes()
        except OSError:
            continue
        if hashlib.sha256(content).hexdigest() == layer.sha256:
            return content.decode()
    text = Text("The profile %(file)s was changed since it was read; restart.", file=layer.file)
    raise Faulty([Problem("profile", text)])


def stored_ruleset(session: Session, pin: str) -> Ruleset:
    """Return the ruleset that is kept under a pin, as its files were then.

    Raises:
        Unreadable: when nothing is kept under it, or not what the pin stands for.

    """
    if pin not in _read:
        contents = contents_of(session, pin)
        if contents is None:
            raise Unreadable(f"no ruleset is kept under {pin}")
        ruleset = _read_contents(contents)
        if ruleset.pin != pin:
            raise Unreadable(f"what is kept under {pin} is not what was put there")
        _read[pin] = ruleset
    return _read[pin]


def _read_contents(contents: str) -> Ruleset:
    """Lay the files out as they were, so that they are read like any others."""
    with TemporaryDirectory(prefix="fireinvest-") as name:
        layers = []
        for number, each in enumerate(json.loads(contents)):
            folder = Path(name) / str(number)
            folder.mkdir()
            path = folder / Path(each["file"]).name
            path.write_bytes(each["text"].encode())
            layers.append(load_layer(path))
        return join(layers)
