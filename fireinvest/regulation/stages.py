"""In which stage is a case (Rule art 4)? The last one that any entry has begun."""

from collections.abc import Container

from fireinvest.regulation.profile import Ruleset


def stage_of(ruleset: Ruleset, done: Container[str]) -> str | None:
    """Return the id of the stage, given the steps done; None where the rule knows no stages.

    A stage skipped with a reason doesn't hold the case back: the furthest stage begun counts.
    """
    reached = None
    for stage in ruleset.stages.values():
        if reached is None or any(step in done for step in stage.begins_with):
            reached = stage.id
    return reached
