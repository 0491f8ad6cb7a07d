"""The manuals name what there is."""

import re
from dataclasses import fields
from datetime import date

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
