"""The form of an item that is written together with a step: read first, then decided on.

Like the form of any item, but what is saved is for the caller to say, and the form tells which
text was read (``seen``), so that nothing is decided on another one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from fireinvest.messages import Faulty, Problem
from fireinvest.regulation.profile import Register
from fireinvest.services.casefile import CaseFile
from fireinvest.services.cases import NoSuchCase
from fireinvest.services.drafts import Kept, drop_draft, find_draft, keep_draft
from fireinvest.services.files import Staged, as_attachments
from fireinvest.services.records import Filed
from fireinvest.services.together import Asking
from fireinvest.web import confirming, keeping, law, uploads
from fireinvest.web.casework import case_context
from fireinvest.web.forms.registers import ItemInput
from fireinvest.web.forms.step import placed
from fireinvest.web.state import state
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow.actions import Attachment
from fireinvest.workflow.asking import Asked
from fireinvest.workflow.errors import NotAllowed, Refused
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.registers import StaleItem

#: What the form says was read.
SEEN = "seen"


def asking(file: CaseFile, key: str) -> Asking:
    """Return who asks for something in this request."""
    return Asking(
        state().database, law.law(), file.calendar, who().actor, file.ref.id, key, sent_at(),
        today(), origin(), who().acting_login,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """What came with the form: the item as typed, the key, the reason, the files, what was read."""

    item: Item
    key: str
    reason: str | None
    attachments: tuple[Attachment, ...]
    seen: str


@dataclass(frozen=True)
class Together:
    """A form: what it asks, how its page is drawn, and how what was given is saved.

    ``begins``: what stands in it at first. ``seen``: what the page shows to be read.
    ``also``: names of fields beside those of the item, drawn by the template with ``more``.
    ``renamed``: problems of a step, by the field of the form beside which they belong.
    """

    file: CaseFile
    register: Register
    asked: tuple[Asked, ...]
    template: str
    seen: str
    then: str
    save: Callable[[Given, list[Problem]], Filed | None]
    begins: dict[str, str] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    renamed: dict[str, str] = field(default_factory=dict)
    is_confirmed: bool = False

    def answer(self) -> ResponseReturnValue:
        """Answer the form: the page, or what was sent, saved."""
        if request.method == "GET":
            return self._begin()
        written = ItemInput.sent(self.register.id, self.asked, request.form)
        files, problems = uploads.staged()
        if request.form.get("do") == "draft":
            kept = tuple(each for each in keeping.written() if each[0] != uploads.STAGED)
            kept = (*kept, *((uploads.STAGED, each.id) for each in files))
            keep_draft(state().database, who().person.id, request.path, kept, sent_at())
            flash(_("Kept as a draft. Nothing has been sent yet."), "done")
            return redirect(request.path, 303)
        item = written.item(problems)
        reason = written.reason(problems)
        given = Given(item, written.key, reason, as_attachments(files), request.form.get(SEEN, ""))
        if problems:
            return self._page(written, problems, files, request.form), 400
        if self.is_confirmed and (asked := confirming.ask(files)) is not None:
            return asked
        try:
            saved = self.save(given, problems)
        except (NoSuchCase, StaleItem) as lost:
            if isinstance(lost, NoSuchCase):
                raise
            return self._page(written, lost.problems, files, request.form), 409
        except Faulty as faulty:
            status = (
                403
                if isinstance(faulty, NotAllowed)
                else 409
                if isinstance(faulty, Refused)
                else 400
            )
            return self._page(written, faulty.problems, files, request.form), status
        if saved is None:
            return self._page(written, problems, files, request.form), 400
        drop_draft(state().database, who().person.id, request.path)
        flash(_("Recorded."), "done")
        return redirect(self.then, 303)

    def _begin(self) -> str:
        with state().database.readers.begin() as session:
            draft = find_draft(session, who().person.id, request.path)
        begun = ItemInput.begun(self.register.id, self.asked, None, self.begins)
        if draft is None:
            return self._page(begun, (), (), MultiDict(self.begins))
        kept = MultiDict(draft.fields)
        kept.setdefault("key", begun.text("key"))
        written = ItemInput.sent(self.register.id, self.asked, kept)
        return self._page(written, (), (), kept, draft=draft)

    def _page(
        self,
        written: ItemInput,
        problems: Iterable[Problem],
        files: Iterable[Staged],
        more: MultiDict[str, str],
        *,
        draft: Kept | None = None,
    ) -> str:
        moved = [
            Problem(self.renamed.get(each.field, each.field), each.text, each.article)
            for each in problems
        ]
        beside = placed(moved)
        drawn = written.drawn(beside)
        own = {each.name for each in drawn} | {"reason", "files", *self.also}
        elsewhere = [text for name, texts in beside.items() if name not in own for text in texts]
        return render_template(
            self.template,
            **case_context(self.file),
            **self.context,
            register=self.register,
            written=written,
            drawn=drawn,
            beside=beside,
            elsewhere=elsewhere,
            files=list(files),
            draft=draft,
            more=more,
            seen=self.seen,
            address=request.path,
            then=self.then,
        )
