"""Backups: made while people work, proved without touching anything, put back in an empty place.

A backup is one file: a gzipped tar with all rows as lines of JSON, the files that they name, and a
manifest with the hash of each part, encrypted where the settings say so.
"""

from fireinvest.services.recovery.backups import Backup, make_backup, note_backup
from fireinvest.services.recovery.checking import Proof, check_backup
from fireinvest.services.recovery.packing import Damaged
from fireinvest.services.recovery.protection import Protection
from fireinvest.services.recovery.restoring import Restored, restore
from fireinvest.services.recovery.upgrading import Upgraded, UpgradeFailed, upgrade

__all__ = [
    "Backup",
    "Damaged",
    "Proof",
    "Protection",
    "Restored",
    "UpgradeFailed",
    "Upgraded",
    "check_backup",
    "make_backup",
    "note_backup",
    "restore",
    "upgrade",
]
