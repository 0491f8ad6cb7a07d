"""Papers of the later stages: report, reply, execution, evaluation, archive."""

from fireinvest.services.papers.base import Contents

__all__ = ["CONTENTS"]

#: How each of these kinds is made, by its id in the profile.
CONTENTS: Contents = {}
