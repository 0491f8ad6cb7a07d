"""Word files as PDF for keeping, laid out by LibreOffice.

Each call runs an office of its own: with an empty profile, without macros, links, network and the
server's environment, for a limited time, and it ends with everything that it started. The same
documents in one call are the same bytes at any time.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import pikepdf

from fireinvest.documents.drafting import INSTEAD
from fireinvest.documents.parts import NotAPackage, unpacked
from fireinvest.messages import Text, Words, render


class NotPrinted(Exception):
    """A document did not become a PDF; ``text`` says why, ``number`` which it was (the first is 0)."""

    def __init__(self, text: Words, number: int | None = None) -> None:
        """Keep the words and the number."""
        self.text = text
        self.number = number
        super().__init__(render(text, "en"))


class NoOffice(NotPrinted):
    """LibreOffice is missing on this computer."""

    def __init__(self) -> None:
        """Say what to do about it."""
        super().__init__(
            Text(
                "PDF files can't be made: LibreOffice is missing on the server. Whoever runs it installs"
                " libreoffice-writer-nogui; until then the Word file can be downloaded and printed."
            )
        )


#: Seconds to start, and for each document.
_START = 60.0
_EACH = 30.0
#: An office takes some hundred MB: one at a time.
_turn = threading.Lock()

_FILTER = (
    'pdf:writer_pdf_Export:{"SelectPdfVersion":{"type":"long","value":"2"},'
    '"UseTaggedPDF":{"type":"boolean","value":"true"},'
    '"ExportBookmarks":{"type":"boolean","value":"true"}}'
)


def pdf_of_docx(docx: bytes, *, seconds: float | None = None) -> bytes:
    """Return a Word file as a PDF (PDF/A-2b).

    Raises:
        NoOffice: when LibreOffice is missing.
        NotPrinted: when the file can't be laid out, or not in time.

    """
    return pdfs_of([docx], seconds=seconds)[0]


def pdfs_of(documents: Iterable[bytes], *, seconds: float | None = None) -> list[bytes]:
    """Return Word files as PDFs in the same order, by one start of LibreOffice.

    ``seconds``: how long it may take altogether; by default a minute and half of one per document.

    Raises:
        NoOffice: when LibreOffice is missing.
        NotPrinted: when one of them can't be laid out, or not all in time.

    """
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        raise NoOffice
    given = list(documents)
    if not given:
        return []
    for number, document in enumerate(given):
        # An office would take anything else for plain text, and print that.
        if not _is_word(document):
            raise NotPrinted(_NOT_LAID_OUT, number)
    limit = _START + _EACH * len(given) if seconds is None else seconds
    with (
        _turn,
        tempfile.TemporaryDirectory(
            prefix=f"papers-{os.getpid()}-", ignore_cleanup_errors=True
        ) as name,
    ):
        folder = Path(name)
        (folder / "out").mkdir()
        names = [f"{number:05}" for number in range(len(given))]
        for stem, document in zip(names, given, strict=True):
            (folder / f"{stem}.docx").write_bytes(document)
        _furnish(folder)
        _run(office, folder, names, limit)
        return [_kept(folder / "out" / f"{stem}.pdf", number) for number, stem in enumerate(names)]


_NOT_LAID_OUT = Text("This document can't be laid out as a PDF.")


def _is_word(document: bytes) -> bool:
    try:
        return "[Content_Types].xml" in unpacked(document)
    except NotAPackage:
        return False


def _run(office: str, folder: Path, names: Sequence[str], limit: float) -> None:
    """Run the office once over all files, and end it with all that it started."""
    command = [
        office,
        f"-env:UserInstallation={(folder / 'profile').as_uri()}",
        "--headless", "--invisible", "--norestore", "--nolockcheck", "--nodefault", "--nologo",
        "--infilter=MS Word 2007 XML",
        "--convert-to", _FILTER,
        "--outdir", str(folder / "out"),
        *(str(folder / f"{name}.docx") for name in names),
    ]  # fmt: skip
    process = subprocess.Popen(  # noqa: S603 # the command is our own, the files are named by us
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=_environment(folder),
        start_new_session=True,
    )
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        raise NotPrinted(Text("Making the PDF takes too long; it was given up.")) from None
    finally:
        # The group has the number of its first process, which is not given away before wait().
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment(folder: Path) -> dict[str, str]:
    """Return all that the office may know of where it runs."""
    nowhere = "http://127.0.0.1:9"
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "TZ": "Asia/Shanghai",
        "FONTCONFIG_FILE": str(folder / "fonts.conf"),
        "SAL_USE_VCLPLUGIN": "svp",
        "SOURCE_DATE_EPOCH": "0",
        "http_proxy": nowhere,
        "https_proxy": nowhere,
    }


#: What the office is told before it starts: path, name, type, value.
_SETTINGS = (
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "int", "3"),
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "boolean", "true"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "boolean", "true"),
    ("Office.Common/Misc", "UseLocking", "boolean", "false"),
    ("Office.Writer/Content/Update", "Link", "int", "0"),
    ("Inet/Settings", "ooInetProxyType", "int", "2"),
    ("Inet/Settings", "ooInetHTTPProxyName", "string", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", "int", "9"),
    ("Inet/Settings", "ooInetHTTPSProxyName", "string", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", "int", "9"),
    ("Setup/L10N", "ooSetupSystemLocale", "string", "zh-CN"),
    ("Office.Linguistic/General", "DefaultLocale_CJK", "string", "zh-CN"),
)


def _furnish(folder: Path) -> None:
    """Put down what the office reads when it starts: its settings and the fonts."""
    items = "".join(
        f'<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>"
        for path, name, _, value in _SETTINGS
    )
    settings = folder / "profile" / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<oor:items '
        'xmlns:oor="http://openoffice.org/2001/registry" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{items}</oor:items>',
        encoding="utf-8",
    )
    (folder / "fonts.conf").write_text(_fonts(folder), encoding="utf-8")


def _fonts(folder: Path) -> str:
    """Return which font stands for one that is missing: never a Japanese one for a Chinese one."""
    aliases = "".join(
        f'<alias binding="same"><family>{escape(name)}</family><accept>'
        + "".join(f"<family>{escape(each)}</family>" for each in instead)
        + "</accept></alias>"
        for name, instead in INSTEAD.items()
    )
    return (
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>'
        '<include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
        f"<cachedir>{escape(str(folder / 'fonts'))}</cachedir>{aliases}</fontconfig>"
    )


#: A colour profile says in its head when it was made: year, month, day, hour, minute, second.
_PROFILE_MADE = slice(24, 36)
_PROFILE_DAY = bytes((7, 208, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))


def _kept(path: Path, number: int) -> bytes:
    """Return a PDF without the time at which it was made."""
    try:
        with pikepdf.open(path) as pdf:
            for name in ("/DocChecksum", "/ID"):
                if name in pdf.trailer:
                    del pdf.trailer[name]
            for name in ("/CreationDate", "/ModDate"):
                if name in pdf.docinfo:
                    del pdf.docinfo[name]
            with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as said:
                for name in ("xmp:CreateDate", "xmp:ModifyDate", "xmp:MetadataDate"):
                    if name in said:
                        del said[name]
            for intent in pdf.Root.get("/OutputIntents", pikepdf.Array()):
                profile = intent.DestOutputProfile
                colours = bytearray(profile.read_bytes())
                colours[_PROFILE_MADE] = _PROFILE_DAY
                profile.write(bytes(colours))
            stream = BytesIO()
            pdf.save(stream, deterministic_id=True)
            return stream.getvalue()
    except (OSError, pikepdf.PdfError):
        raise NotPrinted(_NOT_LAID_OUT, number) from None
