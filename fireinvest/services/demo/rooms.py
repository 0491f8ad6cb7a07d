"""What stands in the registers of the demo's cases: each part tells what somebody wrote on a day."""

from collections.abc import Callable, Iterator

from fireinvest.services.demo import (
    room_archive,
    room_evidence,
    room_execution,
    room_fire,
    room_reply,
    room_report,
    room_scene,
    room_team,
)
from fireinvest.services.demo.papers import Papers
from fireinvest.services.demo.story import Story

#: The parts, in their order: of one case, what was written into its registers.
PARTS: tuple[tuple[str, Callable[[Story], Iterator[Papers]]], ...] = (
    ("fire", room_fire.papers),
    ("team", room_team.papers),
    # Before whatever names evidence.
    ("evidence", room_evidence.papers),
    ("scene", room_scene.papers),
    ("report", room_report.papers),
    # What was submitted is answered, and then published.
    ("reply", room_reply.papers),
    ("execution", room_execution.papers),
    ("archive", room_archive.papers),
)


def papers_of(story: Story) -> Iterator[tuple[str, Papers]]:
    """Yield what was written in a case up to the demo's day, each under a key of its own."""
    for name, part in PARTS:
        for number, each in enumerate(part(story), 1):
            if each.on <= story.today:
                yield f"{name}-{number}", each
