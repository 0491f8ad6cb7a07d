"""In which state is a measure or a penalty, and what may come after? It ends only in three ways.

Proved, not proved, or overtaken by events. What isn't proved can still come to be, so that a
supervision has an end; what is proved or overtaken stays so.
"""

PROVED, NOT_PROVED, OVERTAKEN = "proved", "not_proved", "overtaken"

#: The only states in which something ends. Which open ones there are is data of the profile.
ENDS = frozenset({PROVED, NOT_PROVED, OVERTAKEN})
_FOR_GOOD = frozenset({PROVED, OVERTAKEN})


def is_open(state: str | None) -> bool:
    """Is somebody still expected to do something, with no word yet on how it ended?"""
    return state not in ENDS


def is_carried_out(state: str | None) -> bool:
    """Is nothing left to be done?"""
    return state in _FOR_GOOD


def may_become(before: str | None, after: str | None) -> bool:
    """May something pass from one state to the other? None: it wasn't on record before."""
    if before == after or is_open(before):
        return True
    return before == NOT_PROVED and after in _FOR_GOOD
