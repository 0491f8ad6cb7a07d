"""Why can a step not be taken? Four answers, each with everything that is wrong."""

from fireinvest.messages import Faulty, Problem, Text


class Refused(Faulty):
    """The step is not possible now: its stage, its conditions or the logic of the rule forbid it."""


class NotAllowed(Faulty):
    """The person may not take the step."""


class Invalid(Faulty):
    """What was given is incomplete or contradicts itself; each problem names its field."""


class Stale(Faulty):
    """Somebody changed the case since it was read."""

    def __init__(self, expected: int, found: int) -> None:
        """Keep the version that was expected and the one found."""
        text = Text("Somebody else has worked on this case since you opened it.")
        super().__init__([Problem("expected_version", text)])
        self.expected = expected
        self.found = found
