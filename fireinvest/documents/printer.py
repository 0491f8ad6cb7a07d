"""Pages printed in a process of their own, whose memory goes with it: fonts for Chinese are large.

Run as a module, it reads HTML and writes the PDF of it.
"""

import subprocess
import sys
from pathlib import Path

from fireinvest.documents.papers import printed

_ROOT = Path(__file__).resolve().parents[2]
#: Seconds; a few pages take a few.
_LONGEST = 300


def printed_apart(html: str) -> bytes:
    """Return pages as a PDF, printed by another process.

    Raises:
        OSError: when it can't be started, breaks off or takes too long.

    """
    command = [sys.executable, "-m", __name__]
    try:
        done = subprocess.run(  # noqa: S603 - our own module, and nothing from outside
            command, input=html.encode(), capture_output=True, check=True, cwd=_ROOT,
            timeout=_LONGEST,
        )  # fmt: skip
    except subprocess.SubprocessError as error:
        raise OSError("pages could not be printed") from error
    return done.stdout


if __name__ == "__main__":
    sys.stdout.buffer.write(printed(sys.stdin.buffer.read().decode()))
