"""Profiles checked over the law above them, and outlined for reading."""

from datetime import date
from pathlib import Path

import pytest

from fireinvest.messages import render
from fireinvest.regulation.loading import ProfileFaulty
from fireinvest.regulation.rulesets import BUILT_IN, known_law
from fireinvest.services.profiles import check_profile, outline


@pytest.mark.parametrize("name", ["china", "yunnan", "qujing-2023"])
def test_every_built_in_profile_is_sound(name: str) -> None:
    assert check_profile(BUILT_IN / f"{name}.toml", known_law()).profile == name


def test_a_profile_that_contradicts_the_layers_above_is_refused_with_its_key(
    tmp_path: Path,
) -> None:
    text = (BUILT_IN / "yunnan.toml").read_text().replace('clock = "evaluation"', 'clock = "x"')
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ProfileFaulty) as refused:
        check_profile(tmp_path / "mine.toml", known_law())
    assert refused.value.file == "mine.toml"
    assert [each.field for each in refused.value.problems] == ["terms.evaluation-yunnan.clock"]


def test_a_profile_is_checked_on_later_days_too(tmp_path: Path) -> None:
    """The layer of the province begins after the city's; it must fit as well."""
    text = (BUILT_IN / "qujing-2023.toml").read_text()
    (tmp_path / "mine.toml").write_text(text + '\n[[terms]]\nid = "evaluation-yunnan"\n')
    with pytest.raises(ProfileFaulty):
        check_profile(tmp_path / "mine.toml", known_law())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_outline_names_every_step_and_reading_with_its_article(language: str) -> None:
    ruleset = known_law().in_force("530325", date(2025, 5, 12))
    parts = {render(title, "en"): rows for title, rows in outline(ruleset)}
    assert len(parts["Steps"]) == len(ruleset.steps)
    assert len(parts["Readings"]) == len(ruleset.readings)
    for rows in parts.values():
        for citation, words in rows:
            assert render(ruleset.citation(citation), language)
            assert "%(" not in render(words, language)
