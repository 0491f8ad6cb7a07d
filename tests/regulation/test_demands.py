"""What a rule demands of only some items of a register, and in how many days they are answered."""

from pathlib import Path
from typing import Any

import pytest

from tests.regulation.test_loading import LABEL, problems_of

DEMAND: dict[str, Any] = {"where": "kind", "among": ["object"], "needs": ["taken_with"]}
REGISTER: dict[str, Any] = {
    "id": "evidence", "label": LABEL, "one": LABEL, "basis": "port:5", "who": ["carrier"],
    "demands": [DEMAND], "within_days": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, None),
        ({"within_days": 0}, "within_days"),
        ({"within_days": "1"}, "within_days"),
        ({"demands": [{**DEMAND, "among": []}]}, "demands.0.among"),
        ({"demands": [DEMAND, {"where": "kind", "among": ["object"]}]}, "demands.1.needs"),
        ({"demands": [{**DEMAND, "where": "Kind"}]}, "demands.0.where"),
        ({"demands": [{**DEMAND, "tone": 1}]}, "demands.0.tone"),
        ({"demands": ["kind"]}, "demands.0"),
    ],
)
def test_a_demand_says_where_among_what_and_what_it_needs(
    tmp_path: Path, changes: dict[str, Any], key: str | None
) -> None:
    found = [
        field
        for field, _text in problems_of(
            tmp_path, {"registers": [REGISTER | changes], "papers": [], "filings": []}
        )
    ]
    assert found == ([] if key is None else [f"registers.evidence.{key}"])
