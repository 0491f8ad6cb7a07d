"""Finding cases by words: Chinese without a dictionary, alike on SQLite and PostgreSQL.

A run of Chinese characters is kept as its overlapping pairs and its last character, everything
else as its words; a run that is asked for is then a phrase of pairs, and found exactly where it
stands. Neither database takes a text apart by itself: both get the finished words.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    cast,
    column,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.dialects.postgresql import insert as insert_or_change
from sqlalchemy.orm import Session

#: What is read of a query: nobody asks for more, and more costs time.
LONGEST_QUERY = 100
MOST_PARTS = 8
#: What is kept of a case. PostgreSQL takes less than a megabyte, and so many words of that length
#: stay below it in any script.
MOST_WORDS = 5_000
LONGEST_WORD = 40

TABLE = "case_words"
_SQLITE_DIALECT = "sqlite"

_HAN = "々〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"([{_HAN}]+)|[^\W_{_HAN}]+")

# SQLite's is a full-text table, PostgreSQL's a plain one: no model describes both.
_SQLITE = table(TABLE, column("rowid", Integer), column("places"), column("words"))
_POSTGRESQL = table(TABLE, column("case_id", Integer), column("words", TSVECTOR))


def is_ours(name: str | None) -> bool:
    """Is it a table of the search? Migrations leave these out where they compare with models."""
    return name is not None and (name == TABLE or name.startswith(f"{TABLE}_"))


# ---------------------------------------------------------------------------- words


def words_of(parts: Iterable[str]) -> str:
    """Return what is kept of these texts: their words, in order, with a blank between them.

    A text that is repeated counts once. Beyond the limits, the last ones are left out.
    """
    return " ".join(islice(_words(dict.fromkeys(parts)), MOST_WORDS))


def _words(parts: Iterable[str]) -> Iterator[str]:
    for part in parts:
        for run in _RUN.finditer(_plain(part)):
            if run[1]:
                yield from map("".join, pairwise(run[0]))
                yield run[0][-1]
            else:
                yield run[0][:LONGEST_WORD]


def _plain(text: str) -> str:
    """The same letters for what reads the same: full width and half, capitals and small ones."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand one after another; of the last one perhaps only the beginning is given."""

    words: tuple[str, ...]
    is_begun: bool


def phrases_of(text: str) -> tuple[Phrase, ...]:
    """Return what is asked for: each part between blanks is a phrase, and all must be there.

    Two or more Chinese characters are found wherever they stand in this order, one alone as well;
    of other words the last may be the beginning of a longer one. What is neither letter nor digit
    counts as the end of a word. Whatever is beyond the limits is ignored. Nothing is asked for,
    and an empty tuple returned, where no letter or digit is given.
    """
    parts = _plain(text[:LONGEST_QUERY])[:LONGEST_QUERY].split()
    return tuple(islice((found for part in parts if (found := _phrase(part))), MOST_PARTS))


def _phrase(part: str) -> Phrase | None:
    runs = list(_RUN.finditer(part))
    if not runs:
        return None
    words = list(_words([part]))
    # The last character of a run is a word of its own only where the run ends.
    ends_in_pair = bool(runs[-1][1]) and len(runs[-1][0]) > 1
    return Phrase(tuple(words[:-1] if ends_in_pair else words), is_begun=not ends_in_pair)


# ---------------------------------------------------------------------------- keeping


def save_words(session: Session, case_id: int, places: Iterable[str], words: str) -> None:
    """Let a case be found by these words alone, and in these places: its division and its parent.

    To be called again when either changes. ``words``: what ``words_of`` returned.
    """
    marks = [_mark(place) for place in places]
    if session.get_bind().dialect.name == _SQLITE_DIALECT:
        adding = insert(_SQLITE).prefix_with("OR REPLACE")
        session.execute(adding.values(rowid=case_id, places=" ".join(marks), words=words))
        return
    found: dict[str, list[int]] = {}
    for position, word in enumerate(words.split(), start=1):
        found.setdefault(word, []).append(position)
    vector = " ".join(
        [*map(_quoted, marks)]
        + [f"{_quoted(word)}:{','.join(map(str, places))}" for word, places in found.items()]
    )
    changing = insert_or_change(_POSTGRESQL).values(case_id=case_id, words=cast(vector, TSVECTOR))
    session.execute(
        changing.on_conflict_do_update(
            index_elements=["case_id"], set_={"words": changing.excluded.words}
        )
    )


# ---------------------------------------------------------------------------- finding


@dataclass(frozen=True, slots=True)
class Search:
    """Which cases hold all phrases? Looked up by the words, or asked of one case after another.

    ``places``: of each collection, one is a place of every case that is looked for. They keep a
    word cheap that is common elsewhere, and only ``all`` heeds them.
    """

    dialect: str
    phrases: tuple[Phrase, ...]
    places: tuple[frozenset[str], ...] = ()

    @property
    def gives_in_order(self) -> bool:
        """Do the ids come in their order, without all of them being looked up first?"""
        return self.dialect == _SQLITE_DIALECT

    def all(self) -> Select[int]:
        """Return the query for the ids of all these cases."""
        if self.dialect == _SQLITE_DIALECT:
            return select(_SQLITE.c.rowid.label("id")).where(_MATCH(self._fts5()))
        found = _POSTGRESQL.c.words.bool_op("@@")(self._tsquery(self.places))
        return select(_POSTGRESQL.c.case_id.label("id")).where(found)

    def holds(self, case_id: ColumnElement[int]) -> ColumnElement[bool]:
        """Return the condition that this one case holds all phrases."""
        if self.dialect == _SQLITE_DIALECT:
            # The words themselves: to ask the full-text index of one case takes far longer.
            kept = literal(" ").concat(_SQLITE.c.words).concat(" ")
            each_one = (func.instr(kept, each) > 0 for each in map(_between, self.phrases))
            return exists().where(_SQLITE.c.rowid == case_id, *each_one)
        # A subquery for one value stays a look-up for each case, whatever the planner expects.
        query = select(_POSTGRESQL.c.words).where(_POSTGRESQL.c.case_id == case_id)
        return query.scalar_subquery().bool_op("@@")(self._tsquery())

    def _fts5(self) -> str:
        words = " AND ".join(
            f'"{" ".join(each.words)}"{" *" if each.is_begun else ""}' for each in self.phrases
        )
        places = (" OR ".join(map(_mark, sorted(among))) for among in self.places)
        return " AND ".join([f"words : ({words})", *(f"places : ({each})" for each in places)])

    def _tsquery(self, places: Iterable[frozenset[str]] = ()) -> ColumnElement[Any]:
        words = (
            " <-> ".join(map(_quoted, each.words)) + (":*" if each.is_begun else "")
            for each in self.phrases
        )
        marks = (" | ".join(_quoted(_mark(place)) for place in sorted(among)) for among in places)
        return cast(" & ".join(f"({each})" for each in (*words, *marks)), TSQUERY)


def search_for(session: Session, text: str, places: Iterable[frozenset[str]] = ()) -> Search | None:
    """Return the search for what somebody typed; None where it holds no letter or digit."""
    phrases = phrases_of(text)
    if not phrases:
        return None
    return Search(session.get_bind().dialect.name, phrases, tuple(places))


_MATCH = literal_column(TABLE).bool_op("MATCH")


def _between(phrase: Phrase) -> str:
    return f" {' '.join(phrase.words)}{'' if phrase.is_begun else ' '}"


def _mark(place: str) -> str:
    """A place as one word. Its capital keeps it apart from all that people can ask for."""
    return "P" + "".join(
        each if each.isascii() and each.isalnum() else f"z{ord(each):x}z" for each in place
    )


def _quoted(word: str) -> str:
    # Words hold letters and digits alone: nothing in them ends the quotation.
    return f"'{word}'"
