"""Nothing that is sent to any address or form fails, and nothing changes that the log doesn't say.

What is sent is drawn from a seed, which a failure names; FUZZ_SEED draws other requests.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from fireinvest.services.cases import rebuild
from fireinvest.services.journal import verify_log
from tests.fuzz.walker import Fuzz
from tests.services.office import CALENDAR

SEED = int(os.environ.get("FUZZ_SEED", "20250512"))


@contextmanager
def fuzzing(app: Flask, seed: int) -> Iterator[Fuzz]:
    """A run that in the end has found nothing, and has left journal, log and projections sound."""
    logging.disable(logging.CRITICAL)
    try:
        fuzz = Fuzz(app, seed)
        try:
            yield fuzz
        finally:
            fuzz.close()
    finally:
        logging.disable(logging.NOTSET)
    assert not fuzz.faults, f"FUZZ_SEED={seed}\n" + "\n".join(fuzz.faults.values())
    with fuzz.database.readers.begin() as session:
        assert list(verify_log(session)) == []
    assert list(rebuild(fuzz.database, CALENDAR)) == []


def test_every_form_and_route(quick_app: Flask) -> None:
    with fuzzing(quick_app, SEED) as fuzz:
        fuzz.everywhere(people=2)
        fuzz.on_and_on(200)
    # What is never reached, or never changes anything, would prove nothing.
    assert set(fuzz.rules) <= set(fuzz.asked)
    assert {"step.step", "step.correct", "step.void", "step.code_action"} & set(fuzz.changed)
    assert len(fuzz.changed) > 5, fuzz.changed


@pytest.mark.long
@pytest.mark.parametrize("seed", range(SEED + 1, SEED + 4))
def test_every_form_and_route_for_long(app: Flask, seed: int) -> None:
    with fuzzing(app, seed) as fuzz:
        fuzz.everywhere()
        fuzz.on_and_on(2000)
    assert set(fuzz.rules) <= set(fuzz.asked)
    assert len(fuzz.changed) > 15, fuzz.changed
