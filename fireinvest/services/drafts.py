"""Drafts of forms: kept while somebody writes, resumed later, gone once the form is saved."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fireinvest.store import Database, Session
from fireinvest.store import drafts as store
from fireinvest.store.conflicts import Conflict, changing

#: Characters of a form's address; under a longer one nothing is kept.
LONGEST_FORM = store.LONGEST_FORM

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft: the form's address, what stood in its fields, and since when it is kept."""

    form: str
    fields: Fields
    saved_at: datetime


def keep_draft(
    database: Database, person_id: int, form: str, fields: Iterable[tuple[str, str]], now: datetime
) -> None:
    """Keep what somebody has written in a form, in place of an earlier draft of theirs."""
    content = json.dumps(list(fields), ensure_ascii=False)
    for is_last in (False, True):
        try:
            with changing(database) as session:
                store.save_draft(session, person_id, form, content, now)
            return
        except Conflict:
            # Two windows saved the first draft at once: the second time there is a row.
            if is_last:
                raise


def find_draft(session: Session, person_id: int, form: str) -> Kept | None:
    """Return somebody's draft of a form, or None."""
    found = store.find_draft(session, person_id, form)
    return None if found is None else _kept(found)


def drafts_of(session: Session, person_id: int) -> list[Kept]:
    """Return somebody's drafts, the newest first."""
    return [_kept(each) for each in store.drafts_of(session, person_id)]


def drop_draft(database: Database, person_id: int, form: str) -> None:
    """Forget somebody's draft of a form."""
    with changing(database) as session:
        store.drop_draft(session, person_id, form)


def _kept(found: store.StoredDraft) -> Kept:
    fields = tuple((str(name), str(value)) for name, value in json.loads(found.content))
    return Kept(found.form, fields, found.saved_at)
