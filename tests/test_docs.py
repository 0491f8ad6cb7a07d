"""The manuals name what there is."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from functools import cache

from config import ROOT
from fireinvest.cli import main
from fireinvest.regulation.clocks import Light, State
from fireinvest.regulation.profile import Mode
from fireinvest.regulation.rulesets import known_law
from fireinvest.workflow.actions import KINDS, Shape

RULESET = known_law().in_force("530325", date(2025, 5, 12))


def written(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def named_in(name: str) -> set[str]:
    """Everything that the manual sets in code type."""
    return {word for each in re.findall(r"`([^`\n]+)`", written(name)) for word in each.split()}


def test_assess_md_lists_every_id() -> None:
    ids = {
        *RULESET.steps,
        *RULESET.stages,
        *RULESET.clocks,
        *RULESET.tiers,
        *RULESET.bodies,
        *RULESET.categories,
        *known_law().divisions,
        *(level.id for level in RULESET.scale.levels),
        *State,
        *Light,
        *Mode,
        *KINDS,
    }
    ids |= {
        f"{field.name}_yuan" if field.metadata["shape"] is Shape.FEN else field.name
        for kind in KINDS.values()
        for field in fields(kind)
    }
    ids |= {
        item.id
        for step in RULESET.steps.values()
        if step.items is not None and step.items in RULESET.lists
        for item in RULESET.lists[step.items].items
    }
    assert ids - named_in("assess.md") == set()


def test_profiles_md_names_every_key_of_a_step() -> None:
    keys = {field.name for field in fields(next(iter(RULESET.steps.values())))}
    assert keys - named_in("profiles.md") == set()


def test_the_operators_manual_has_a_line_for_every_command() -> None:
    text = written("operations.md")
    for name, command in main.commands.items():
        for inner in getattr(command, "commands", {"": None}):
            assert f"fireinvest {name} {inner}".strip() in text


def test_every_picture_of_the_manuals_exists() -> None:
    for name in ("docs/guide.md", "README.md"):
        text = (ROOT / name).read_text()
        for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text):
            assert ((ROOT / name).parent / picture).is_file()


def test_the_operators_manual_names_every_setting() -> None:
    """Everything in capitals that config.py reads from the environment."""
    tree = ast.parse((ROOT / "config.py").read_text())
    asked = {
        str(each.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call | ast.Subscript | ast.Dict)
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and re.fullmatch("[A-Z][A-Z_]{3,}", str(each.value))
    }
    asked |= {f"{name}_FILE" for name in ("SECRET_KEY", "DATABASE_URL", "OIDC_CLIENT_SECRET")}
    assert len(asked) > 40
    assert asked - {"OIDC_"} - named_in("operations.md") == set()


def test_every_package_is_pinned_by_its_hash_and_has_its_reason() -> None:
    for name in ("requirements", "requirements-dev"):
        pinned = re.split(r"(?m)^(?=\w)", (ROOT / f"{name}.txt").read_text())[1:]
        assert len(pinned) > 20
        for each in pinned:
            assert re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+ \\\n +--hash=sha256:[0-9a-f]{64}", each), (
                each
            )
        reasons = (ROOT / "DECISIONS.md").read_text().partition("## Dependencies")[2].lower()
        for asked in re.findall(r"(?m)^([\w-]+)", (ROOT / f"{name}.in").read_text()):
            is_told = asked.lower() in reasons or asked.startswith("types-")
            assert is_told, asked


# ---------------------------------------------------------------------------- security.md

#: The requirements of OWASP ASVS 5.0.0 of levels 1 and 2: by section, with the level of each number.
ASVS = {
    "1.1": "22", "1.2": "111112222", "1.3": "11222222222", "1.4": "222", "1.5": "12",
    "2.1": "122", "2.2": "112", "2.3": "1222", "2.4": "2",
    "3.2": "11", "3.3": "1222", "3.4": "112222", "3.5": "11122", "3.7": "22",
    "4.1": "122", "4.2": "2", "4.3": "22", "4.4": "1222",
    "5.1": "2", "5.2": "112", "5.3": "11", "5.4": "222",
    "6.1": "122", "6.2": "111111112222", "6.3": "1122", "6.4": "1122", "6.5": "22222",
    "6.6": "222", "6.8": "2222",
    "7.1": "222", "7.2": "1111", "7.3": "22", "7.4": "11222", "7.5": "22", "7.6": "22",
    "8.1": "12", "8.2": "112", "8.3": "1", "8.4": "2",
    "9.1": "111", "9.2": "1222",
    "10.1": "22", "10.2": "22", "10.3": "2222", "10.4": "11111222222", "10.5": "22222",
    "10.6": "22", "10.7": "222",
    "11.1": "22", "11.2": "222", "11.3": "112", "11.4": "1222", "11.5": "2", "11.6": "2",
    "12.1": "122", "12.2": "11", "12.3": "2222",
    "13.1": "2", "13.2": "22222", "13.3": "22", "13.4": "12222",
    "14.1": "22", "14.2": "1222", "14.3": "122",
    "15.1": "122", "15.2": "122", "15.3": "1222222",
    "16.1": "2", "16.2": "22222", "16.3": "2222", "16.4": "222", "16.5": "222",
    "17.1": "2", "17.2": "2222", "17.3": "22",
}  # fmt: skip
#: The items of GB/T 22239-2019, level 3, that are the application's: letters of each control.
GBT = {
    "8.1.4.1": "abcd", "8.1.4.2": "abcdefg", "8.1.4.3": "abcd", "8.1.4.4": "abcdef",
    "8.1.4.5": "", "8.1.4.6": "", "8.1.4.7": "ab", "8.1.4.8": "ab", "8.1.4.9": "abc",
    "8.1.4.10": "ab", "8.1.4.11": "ab", "8.1.5.1": "ab", "8.1.5.2": "ab", "8.1.5.3": "ab",
    "8.1.5.4": "abcdef",
}  # fmt: skip


def rows(name: str) -> Iterator[list[str]]:
    """The cells of every line of every table of a manual."""
    for line in written(name).splitlines():
        if line.startswith("|") and not re.fullmatch(r"[|\-: ]+", line):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


@cache
def names_in(path: str) -> frozenset[str]:
    """The names of the tests of a file."""
    tree = ast.parse((ROOT / path).read_text())
    names = (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return frozenset(name for name in names if name.startswith("test_"))


def requirements() -> dict[str, list[str]]:
    """The lines of security.md that begin with the number of a requirement."""
    numbered = [row for row in rows("security.md") if re.match(r"\d+\.\d", row[0])]
    found = {row[0]: row for row in numbered}
    assert len(found) == len(numbered)
    return found


def test_security_md_has_every_requirement_with_its_level() -> None:
    levels = {
        f"{section}.{n}": level
        for section, each in ASVS.items()
        for n, level in enumerate(each, start=1)
    }
    assert len(levels) == 253
    lines = requirements()
    told = {no: row[1] for no, row in lines.items() if re.fullmatch(r"\d+\.\d+\.\d+", no)}
    assert {no: level for no, level in told.items() if level != "3"} == levels
    items = {f"{no} {each})" for no, letters in GBT.items() for each in letters}
    items |= {no for no, letters in GBT.items() if not letters}
    assert items - set(lines) == set()


def test_security_md_has_no_empty_cell() -> None:
    for row in rows("security.md"):
        assert all(row), row
    for row in requirements().values():
        # Where it is met, and by which test; or why there is nothing to test.
        is_shown = "::test_" in row[-1]
        is_told = re.search("does not apply: |the operator's: ", row[-2])
        assert is_shown or (row[-1].startswith("nothing to test") and is_told), row


def test_security_md_names_tests_files_and_sections_that_there_are() -> None:
    text = written("security.md")
    for line in text.splitlines():
        path = ""
        for word in re.findall(r"`([^`]+)`", line):
            file, colons, name = word.partition("::")
            if colons:
                path = file or path
                assert name in names_in(path), word
            elif re.fullmatch(r"[\w./-]*\w\.(py|md|txt|html|toml)|[\w/-]+/", word):
                assert (ROOT / word).exists() or (ROOT / "fireinvest" / word).exists(), word
    for place in re.findall(r"\]\(([^)]+)\)", text):
        name, _, section = place.partition("#")
        assert (ROOT / "docs" / (name or "security.md")).is_file(), place
        if section:
            heads = re.findall(r"(?m)^#+ (.+)$", written(name or "security.md"))
            assert section in {
                re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in heads
            }, place
