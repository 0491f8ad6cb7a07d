"""Are advisories known against the pinned packages? ``make check`` asks; it needs the network.

Ends with 0 when none is known, 1 when there are some, and 3 when that couldn't be found out: to
hear nothing is not to hear that all is well.
"""

import json
import subprocess
import sys
from collections.abc import Sequence

from config import ROOT

SOUND, FOUND, NOT_CHECKED = 0, 1, 3
_LONGEST = 600  # seconds

COMMAND = (
    sys.executable, "-m", "pip_audit", "--requirement", str(ROOT / "requirements.txt"),
    "--require-hashes", "--disable-pip", "--format", "json", "--desc", "off",
    "--progress-spinner", "off", "--timeout", "20",
)  # fmt: skip
_UNREACHABLE = (
    "The service that knows advisories against packages could not be reached: the packages "
    "are NOT checked. Try again on a machine with a way to the internet."
)


def audit(command: Sequence[str] = COMMAND) -> tuple[int, list[str]]:
    """Return how it ended, and what there is to say."""
    try:
        ended = subprocess.run(
            list(command), capture_output=True, text=True, check=False, timeout=_LONGEST
        )
        packages = json.loads(ended.stdout)["dependencies"]
        known = [(each, advisory) for each in packages for advisory in each.get("vulns", ())]
        unknown = [each["name"] for each in packages if "vulns" not in each]
        said = [
            f"{each['name']} {each['version']}: {advisory['id']}, mended in "
            f"{', '.join(advisory.get('fix_versions', ())) or 'no version yet'}"
            for each, advisory in known
        ]
    except (OSError, ValueError, LookupError, TypeError, subprocess.TimeoutExpired):
        packages, said, unknown = [], [], []
    if said:
        return FOUND, said
    if unknown:
        return NOT_CHECKED, [f"Nothing could be found out about: {', '.join(unknown)}."]
    if not packages:
        return NOT_CHECKED, [_UNREACHABLE]
    return SOUND, [f"No advisory is known against the {len(packages)} pinned packages."]


if __name__ == "__main__":
    code, lines = audit()
    sys.stdout.write("\n".join(lines) + "\n")
    raise SystemExit(code)
