"""Every kind of paper that can be made, by its id in the profile."""

from fireinvest.services.papers.base import Content, Contents
from fireinvest.services.papers.early import CONTENTS as EARLY
from fireinvest.services.papers.late import CONTENTS as LATE

#: How each kind is made. A kind of a profile that isn't here is kept as a file alone.
CONTENTS: Contents = {**EARLY, **LATE}


def content_of(kind: str) -> Content | None:
    """Return how a kind of paper is made, None where it can't be."""
    return CONTENTS.get(kind)
