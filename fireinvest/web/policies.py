"""What this installation asks of passwords, codes and attempts, by its settings."""

from datetime import timedelta

from fireinvest.services.attempts import Limits
from fireinvest.services.passwords import Policy
from fireinvest.web.state import state


def password_policy() -> Policy:
    """Return what is asked of a password here."""
    settings = state().settings
    return Policy(settings.password_shortest, settings.password_kinds, settings.password_days)


def attempt_limits() -> Limits:
    """Return how much may be tried here."""
    settings = state().settings
    return Limits(
        settings.attempts_free,
        settings.attempts_longest_wait,
        settings.attempts_per_login,
        settings.attempts_per_address,
    )


def code_time() -> timedelta:
    """Return how long a one-time code holds here."""
    return state().settings.code_time
