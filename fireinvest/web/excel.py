"""A table to take away: written to the disk row by row, and sent from there."""

import re
from collections.abc import Callable, Iterable, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from flask import Response, send_file

from fireinvest.documents.tables import (
    Asked,
    Cell,
    Column,
    Sheet,
    write_form,
    write_sheets,
    write_table,
)
from fireinvest.web.visiting import sent_at, today

_IN_MEMORY = 1024 * 1024
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NOT_IN_A_NAME = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')


def excel_answer(
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Cell]],
    *,
    note: str | None = None,
) -> Response:
    """Return a table as an Excel file, called by its title and the day.

    Whoever gives it writes the export down first, with ``noting.note``.
    """
    return _answer(
        title,
        lambda stream: write_table(stream, title, columns, rows, note=note, made_at=sent_at()),
    )


def excel_sheets_answer(title: str, sheets: Sequence[Sheet]) -> Response:
    """Return several tables as one Excel file, each on a sheet of its own."""
    return _answer(title, lambda stream: write_sheets(stream, title, sheets, made_at=sent_at()))


def excel_form_answer(
    title: str,
    columns: Sequence[Asked],
    *,
    note: str,
    choices_title: str,
    rows: int,
    guide: tuple[str, Sequence[str]] | None = None,
) -> Response:
    """Return an empty table to be filled in, as an Excel file."""
    return _answer(
        title,
        lambda stream: write_form(
            stream,
            title,
            columns,
            note=note,
            choices_title=choices_title,
            rows=rows,
            made_at=sent_at(),
            guide=guide,
        ),
    )


def _answer(title: str, write: Callable[[IO[bytes]], object]) -> Response:
    # It is closed with the answer, once it was sent.
    stream = cast(IO[bytes], SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115
    try:
        write(stream)
        stream.seek(0)
        answer = send_file(
            stream,
            mimetype=_TYPE,
            as_attachment=True,
            download_name=file_name(title, "xlsx"),
            max_age=0,
        )
    except BaseException:
        stream.close()
        raise
    return answer


def file_name(title: str, ending: str) -> str:
    """Return what a file to take away is called: by its title and the day."""
    return f"{_NOT_IN_A_NAME.sub(' ', title).strip()} {today()}.{ending}"
