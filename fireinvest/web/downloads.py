"""Files taken away: always as a download, never shown, and written down before they are given."""

from flask import Response, abort, send_file

from fireinvest.services.files import FileLost, open_attachment
from fireinvest.services.log import Act
from fireinvest.web import noting
from fireinvest.web.state import state
from fireinvest.workflow.actions import Attachment


def download(case_id: int | None, attachment: Attachment, where: str) -> Response:
    """Return a file, mostly of a case, as a download. ``where``: of what it is, as the log calls it."""
    try:
        stream = open_attachment(state().blobs, attachment)
    except FileLost:
        abort(404)
    noting.note(Act.DOWNLOAD, case_id=case_id, item=f"{where} {attachment.sha256}")
    answer: Response = send_file(
        stream,
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=attachment.name,
        max_age=0,
    )
    # So that a download that breaks off, as of a file that was changed, is seen to be no whole one.
    answer.content_length = attachment.size
    return answer
