"""What does a view need from the application? Its settings, database, files and queue."""

from dataclasses import dataclass

from flask import Flask, current_app

from config import Settings
from fireinvest.gateways.blobs import Blobs
from fireinvest.gateways.queue import Queue
from fireinvest.store import Database

_KEY = "fireinvest"


@dataclass(frozen=True, slots=True)
class State:
    """What was set up when the application started?"""

    settings: Settings
    database: Database
    blobs: Blobs
    queue: Queue


def keep(app: Flask, state: State) -> None:
    """Keep the state with its application."""
    app.extensions[_KEY] = state


def state() -> State:
    """What was set up for the application that answers this request?"""
    kept = current_app.extensions[_KEY]
    assert isinstance(kept, State)  # noqa: S101 - tells the type checker what keep() put there
    return kept
