"""What every application and database under test works out alike, worked out once in a process.

A test makes an application and a database of its own. A served one lives for months, and compiles
its templates, addresses and statements once; made anew for each test, it would spend most of its
life doing so. What is kept here depends on the text compiled alone, and holds no state of a test.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

import pytest
import sqlalchemy
from babel.support import NullTranslations, Translations
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from fireinvest.store import db


class Templates(BytecodeCache):
    """The code of templates, by the place and the text of each."""

    def __init__(self) -> None:
        """Nothing is compiled yet."""
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._kept[bucket.key, bucket.checksum] = bucket.code


def _addresses(compiled: Callable[..., Any]) -> Callable[..., Any]:
    """What makes the addresses of a rule is told by the rule's text and defaults."""
    kept: dict[tuple[object, ...], Any] = {}

    def compile_builder(rule: Rule, append_unknown: bool = True) -> Any:
        defaults = tuple(sorted((rule.defaults or {}).items()))
        key = (rule.rule, tuple(rule._trace), defaults, append_unknown)
        if key not in kept:
            kept[key] = compiled(rule, append_unknown)
        return kept[key]

    return compile_builder


def _statements(create: Callable[..., Engine]) -> Callable[..., Engine]:
    """The SQL of a statement is told by the statement and the kind of database."""
    kept: LRUCache[Any, Any] = LRUCache(5000)

    def create_engine(*args: Any, **options: Any) -> Engine:
        engine = create(*args, **options)
        engine.update_execution_options(compiled_cache=kept)
        return engine

    return create_engine


def _translations(load: Callable[..., NullTranslations]) -> Callable[..., NullTranslations]:
    """What a catalogue says is told by its file; whoever loads it makes a copy."""
    kept: dict[tuple[str, ...], NullTranslations] = {}

    def load_once(folder: str, languages: list[object], domain: str) -> NullTranslations:
        key = (folder, *map(str, languages), domain)
        if key not in kept:
            kept[key] = load(folder, languages, domain)
        return kept[key]

    return load_once


def _is_alike(dialect: object, other: object) -> bool:
    return type(dialect) is type(other)


def _hash_of_kind(dialect: object) -> int:
    return hash(type(dialect))


@contextmanager
def compiled_once() -> Iterator[None]:
    """Templates, addresses, statements and catalogues are read once while the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(Flask.jinja_options, "bytecode_cache", Templates())
        patch.setattr(Rule, "_compile_builder", _addresses(Rule._compile_builder))
        patch.setattr(db, "create_engine", _statements(sqlalchemy.create_engine))
        patch.setattr(Translations, "load", _translations(Translations.load))
        # What was compiled is kept by the dialect; every engine has one of its own, all alike.
        for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):
            patch.setattr(kind, "__eq__", _is_alike, raising=False)
            patch.setattr(kind, "__hash__", _hash_of_kind, raising=False)
        yield
