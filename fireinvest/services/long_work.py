"""Which kinds of long work are there? Every one stands in this list."""

from collections.abc import Mapping

from fireinvest.services.jobs import JobKind

#: By the code under which a job asks for it.
HANDLERS: Mapping[str, JobKind] = {}
