"""The review of rights: what the security administrator looks at now and then, and that they did."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from fireinvest.services.people import By, Change, log_change, need_reason
from fireinvest.store import Database, Session
from fireinvest.store import reviewing as store
from fireinvest.store.agencies import Held
from fireinvest.store.conflicts import changing
from fireinvest.store.reviewing import Account, Reviewed
from fireinvest.store.sign_ins import last_seen

#: Posts that end within so many days are shown as ending soon.
SOON = timedelta(days=30)
#: Accounts with which nobody was here for so long are shown as unused.
UNUSED = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Office:
    """Who holds an administrator's office, and what speaks against it."""

    held: Held
    seen_at: datetime | None
    holds_other_posts: bool


@dataclass(frozen=True, slots=True)
class Review:
    """What there is to look at on a day.

    ``outlived``: posts whose agency or division is no more; ``forgotten``: those of people who
    can't sign in any more.
    """

    offices: tuple[Office, ...]
    ending: tuple[Held, ...]
    outlived: tuple[Held, ...]
    forgotten: tuple[Held, ...]
    without_post: tuple[Account, ...]
    unused: tuple[Account, ...]
    last: Reviewed | None

    @property
    def counts(self) -> dict[str, int]:
        """How many lines each list has, as the log keeps it."""
        return {
            "offices": len(self.offices),
            "ending": len(self.ending),
            "outlived": len(self.outlived),
            "forgotten": len(self.forgotten),
            "without_post": len(self.without_post),
            "unused": len(self.unused),
        }


def review_rights(
    session: Session, ended_divisions: Collection[str], *, on: date, now: datetime
) -> Review:
    """Return what there is to look at on a day; as many queries for many people as for few."""
    offices = store.offices_held(session, on)
    ids = {each.post.person_id for each in offices}
    seen, others = last_seen(session, ids), store.with_other_posts(session, ids, on)
    return Review(
        offices=tuple(
            Office(each, seen.get(each.post.person_id), each.post.person_id in others)
            for each in offices
        ),
        ending=tuple(store.posts_ending(session, on, on + SOON)),
        outlived=tuple(store.posts_outlived(session, ended_divisions, on)),
        forgotten=tuple(store.posts_of_the_deactivated(session, on)),
        without_post=tuple(store.accounts_without_post(session, on)),
        unused=tuple(store.accounts_unused(session, now - UNUSED)),
        last=store.last_review(session, Change.RIGHTS_REVIEWED),
    )


def record_review(
    database: Database, ended_divisions: Collection[str], *, note: str, by: By
) -> None:
    """Write down that somebody looked at all rights, with how many lines each list had.

    Raises:
        Faulty: when there is no note of what came of it.

    """
    need_reason(by, note)
    with changing(database) as session:
        found = review_rights(session, ended_divisions, on=by.today, now=by.now)
        log_change(session, by, Change.RIGHTS_REVIEWED, "rights", reason=note, new=found.counts)
