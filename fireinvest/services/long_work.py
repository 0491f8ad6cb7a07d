"""Which kinds of long work are there? Every one stands in this list."""

from collections.abc import Mapping

from fireinvest.messages import Text
from fireinvest.services.archives.disposing import DISPOSAL, DISPOSE
from fireinvest.services.archives.volumes import BIND_VOLUMES, BINDING
from fireinvest.services.importing_packages import (
    CHECK,
    IMPORT,
    check_staged,
    import_staged,
    may_import,
)
from fireinvest.services.jobs import JobKind
from fireinvest.services.old_ledger.job import OLD_CASES, OLD_CASES_KIND
from fireinvest.services.packages import PACKAGE, make_package, may_take_package

#: By the code under which a job asks for it.
HANDLERS: Mapping[str, JobKind] = {
    BIND_VOLUMES: BINDING,
    DISPOSE: DISPOSAL,
    OLD_CASES: OLD_CASES_KIND,
    PACKAGE: JobKind(Text("Package of a case"), make_package, may_take_package),
    CHECK: JobKind(Text("Check of a package"), check_staged, may_import),
    IMPORT: JobKind(Text("Package read back"), import_staged, may_import),
}
