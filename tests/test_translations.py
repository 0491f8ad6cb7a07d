"""The Chinese catalogue is complete, and what is compiled is what is written."""

import re
from io import BytesIO

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from config import ROOT

CATALOGUE = ROOT / "fireinvest" / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "lazy_gettext": None,
    "Text": None,
    "_field": None,
    "item_field": None,
}


def written() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh")


def strings_of(message: Message) -> list[str]:
    """A message's wordings: one, or one for each plural form."""
    string = message.string or ""
    return [string] if isinstance(string, str) else list(string)


def msgids() -> set[str]:
    """Every text of the code and the templates."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call] # Babel has no types here
    found = set()
    for folder in ("fireinvest", "templates"):
        for _, _, message, _, _ in extract_from_dir(
            str(ROOT / folder),
            [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in methods],
            {key.removeprefix(f"{folder}/"): value for key, value in options.items()},
            keywords=KEYWORDS,
        ):
            found.add(message if isinstance(message, str) else message[0])
    return found


def test_every_text_has_a_chinese_wording() -> None:
    catalogue = written()
    texts = msgids()
    assert len(texts) > 200
    missing = []
    for text in sorted(texts):
        message = catalogue.get(text)
        if message is None or not all(strings_of(message)):
            missing.append(text)
    assert missing == []


def test_every_wording_takes_the_values_of_its_text() -> None:
    wrong = []
    for message in written():
        if not message.id:
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        wanted = set(re.findall(r"%\(\w+\)\w", ids[-1]))
        if any(set(re.findall(r"%\(\w+\)\w", string)) != wanted for string in strings_of(message)):
            wrong.append(ids[0])
    assert wrong == []


def test_the_compiled_catalogue_is_the_written_one() -> None:
    fresh = BytesIO()
    write_mo(fresh, written())
    fresh.seek(0)
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        assert texts_in(read_mo(file)) == texts_in(read_mo(fresh))


def texts_in(catalogue: Catalog) -> set[tuple[str, str]]:
    return {(str(message.id), str(message.string)) for message in catalogue if message.id}
