"""The audit of packages never says that all is well when it heard nothing."""

import json
import sys

import pytest

from tests.audit import FOUND, NOT_CHECKED, SOUND, audit

SAFE = {"name": "a", "version": "1.0", "vulns": []}
UNSAFE = {
    "name": "b",
    "version": "1.0",
    "vulns": [{"id": "CVE-1", "fix_versions": ["1.1", "2.0"]}, {"id": "CVE-2"}],
}
SKIPPED = {"name": "c", "skip_reason": "unknown"}


def ends(packages: list[object], code: int = 0) -> tuple[int, list[str]]:
    """A program that answers as pip-audit does."""
    said = json.dumps({"dependencies": packages, "fixes": []})
    return audit([sys.executable, "-c", f"print({said!r}); raise SystemExit({code})"])


def test_packages_without_advisories_are_sound() -> None:
    assert ends([SAFE]) == (SOUND, ["No advisory is known against the 1 pinned packages."])


def test_advisories_are_named_with_what_mends_them() -> None:
    assert ends([SAFE, UNSAFE, SKIPPED], 1) == (
        FOUND,
        ["b 1.0: CVE-1, mended in 1.1, 2.0", "b 1.0: CVE-2, mended in no version yet"],
    )


def test_a_package_that_nobody_knows_is_not_checked() -> None:
    assert ends([SAFE, SKIPPED]) == (NOT_CHECKED, ["Nothing could be found out about: c."])


@pytest.mark.parametrize(
    "program", ["raise SystemExit(1)", "print('{}')", "print('[1]')", "print('no connection')"]
)
def test_no_answer_is_not_a_good_one(program: str) -> None:
    code, said = audit([sys.executable, "-c", program])
    assert code == NOT_CHECKED
    assert "NOT checked" in said[0]


def test_nothing_packages_nothing_checked() -> None:
    assert ends([])[0] == NOT_CHECKED
    assert audit(["/no/such/program"])[0] == NOT_CHECKED
