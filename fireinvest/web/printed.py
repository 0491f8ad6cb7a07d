"""Papers that are made and not kept, handed out as Word files."""

import io
from collections.abc import Callable

from flask import flash, redirect, request, send_file
from flask.typing import ResponseReturnValue

from fireinvest.messages import Faulty
from fireinvest.services.papers.printed import Printed
from fireinvest.services.papers.templates import DOCX, TemplateFault, fault_words
from fireinvest.web.present import say

__all__ = ["as_word", "wants_word"]

#: How an address asks for the Word file instead of the PDF.
_AS, _WORD = "as", "docx"


def wants_word() -> bool:
    """Is the Word file asked for, and not the PDF?"""
    return request.args.get(_AS) == _WORD


def as_word(name: str, make: Callable[[], Printed], *, back: str) -> ResponseReturnValue:
    """Hand out what is made; where the office's own template fails, say so on the page before.

    ``name``: how the file's name begins. ``back``: the address of that page.
    """
    try:
        made = make()
    except TemplateFault as fault:
        flash(say(fault_words(fault)), "warning")
    except Faulty as refusal:
        flash(" ".join(say(each.text) for each in refusal.problems), "warning")
    else:
        return send_file(
            io.BytesIO(made.docx),
            mimetype=DOCX,
            as_attachment=True,
            download_name=f"{name}-{made.code[:9]}.docx",
        )
    return redirect(back, 303)
