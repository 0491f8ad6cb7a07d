"""Every paper of a demo case as Word file, PDF and pictures of its pages, to be looked at.

``python -m tests.papers FOLDER`` takes the case that came furthest; nothing is changed elsewhere.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text

from fireinvest.clock import today_in_china, utcnow
from fireinvest.documents.conformance import check_word
from fireinvest.documents.portable import pdfs_of
from fireinvest.gateways.blobs import LocalBlobs
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.rulesets import known_law
from fireinvest.services.casefile import CaseFile, case_file
from fireinvest.services.demo import load_demo
from fireinvest.services.papers import drawing
from fireinvest.services.papers.kinds import CONTENTS
from fireinvest.services.papers.material import readable_items, subjects_of
from fireinvest.store import Database, Session, open_database
from fireinvest.workflow.permissions import SYSTEM, Actor
from tests.conftest import migrate

#: The unit of the demo's relatively serious fire, which is being carried out.
_UNIT = "示例仓储有限公司（演示）"
_DOTS = "60"  # an inch


def main(folder: Path) -> None:
    """Draw up whatever the case can have a paper of, and tell what Word would object to."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place:
        url = f"sqlite:///{Path(place) / 'demo.db'}"
        migrate(url)
        database, blobs = open_database(url), LocalBlobs(Path(place) / "files")
        load_demo(
            database, known_law(), Calendar(), now=utcnow(), today=today_in_china(), allowed=True,
            blobs=blobs,
        )  # fmt: skip
        names, documents = _drawn(database, blobs)
        database.engine.dispose()
    for name, docx in zip(names, documents, strict=True):
        (folder / f"{name}.docx").write_bytes(docx)
        for fault in check_word(docx):
            sys.stdout.write(f"{name}: {fault}\n")
    pdftoppm = shutil.which("pdftoppm")
    for name, pdf in zip(names, pdfs_of(documents, seconds=600), strict=True):
        target = folder / f"{name}.pdf"
        target.write_bytes(pdf)
        if pdftoppm is not None:
            command = [pdftoppm, "-r", _DOTS, "-png", str(target), str(folder / name)]
            subprocess.run(command, check=True)
        sys.stdout.write(f"{target}\n")


def _drawn(database: Database, blobs: LocalBlobs) -> tuple[list[str], list[bytes]]:
    with database.readers.begin() as session:
        file = _case(session)
        records = readable_items(session, file)
        found = {}
        for name, kind in file.ruleset.papers.items():
            subject = next(iter(subjects_of(file, kind, records)), None)
            if subject is None or name not in CONTENTS:
                sys.stdout.write(f"nothing on record for {name}\n")
                continue
            made = drawing.compose(
                session, blobs, file, known_law(), kind, subject, number=None, address="/papers"
            )
            found[name] = made.docx
    return list(found), list(found.values())


def _case(session: Session) -> CaseFile:
    query = text("SELECT number FROM cases WHERE unit_name = :unit")
    number = session.execute(query, {"unit": _UNIT}).scalar_one()
    return case_file(session, Actor(SYSTEM), number, Calendar(), today_in_china(), law=known_law())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
