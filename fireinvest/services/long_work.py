"""Which kinds of long work are there? Every one stands in this list."""

from collections.abc import Mapping

from fireinvest.messages import Text
from fireinvest.services.archives.disposing import DISPOSAL, DISPOSE
from fireinvest.services.archives.volumes import BIND_VOLUMES, BINDING
from fireinvest.services.jobs import JobKind
from fireinvest.services.packages import PACKAGE, make_package, may_take_package

#: By the code under which a job asks for it.
HANDLERS: Mapping[str, JobKind] = {
    BIND_VOLUMES: BINDING,
    DISPOSE: DISPOSAL,
    PACKAGE: JobKind(Text("Package of a case"), make_package, may_take_package),
}
