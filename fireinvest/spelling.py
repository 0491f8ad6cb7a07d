"""Names as people see them: one spelling for what looks alike, and nothing that can't be seen.

Unicode's NFC is kept, not NFKC: it gives one spelling to what is the same character by its own
rules, but leaves full-width brackets, figures in circles and other signs as they were written.
Rare characters of names stay: the middle dot, private ones that fonts of offices use, and
ideographs newer than this Python knows.
"""

import unicodedata

# Control characters, invisible ones such as direction marks (with which "gpj.exe" can look like
# "exe.jpg"), halves of characters, and ends of lines.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me"})

#: As many marks stand on one letter in no script (Tibetan has up to four); more flood the lines
#: around it.
MOST_MARKS = 5

#: Characters; whoever takes a text refuses a longer one.
_LONGEST = 12_000

_IDEOGRAPHS = range(0x20000, 0x40000)  # the planes of rare ones
#: Fillers: letters by their category, but without any shape.
_SHAPELESS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def in_one_spelling(written: str) -> str:
    """Return a line in NFC, with single blanks between its words and none around them."""
    return " ".join(in_nfc(written).split())


def in_nfc(written: str) -> str:
    """Return a text in NFC; one that is longer than any that is taken stays as it is."""
    # Sorting a long run of marks takes time that grows with its square.
    return unicodedata.normalize("NFC", written) if len(written) <= _LONGEST else written


def is_hidden(character: str) -> bool:
    """Is this a character that nobody sees, or none at all?"""
    is_noncharacter = ord(character) & 0xFFFE == 0xFFFE
    return (
        is_noncharacter
        or character in _SHAPELESS
        or 0xFDD0 <= ord(character) <= 0xFDEF
        or unicodedata.category(character) in _HIDDEN
    )


def is_readable(name: str) -> bool:
    """Can a name be shown, so that everybody sees what it is? An empty one can't be seen."""
    return (
        bool(name.strip())
        and not any(is_hidden(each) or _is_unknown(each) for each in name)
        and not is_flooded(name)
    )


def without_hidden(name: str) -> str:
    """Return what of a name can be seen, with no more marks on a letter than any script has."""
    kept: list[str] = []
    marks = 0
    for each in name:
        marks = marks + 1 if unicodedata.category(each) in _MARKS else 0
        if not is_hidden(each) and marks <= MOST_MARKS:
            kept.append(each)
    return "".join(kept)


def _is_unknown(character: str) -> bool:
    is_unassigned = unicodedata.category(character) == "Cn"
    return is_unassigned and ord(character) not in _IDEOGRAPHS


def is_flooded(name: str) -> bool:
    """Do so many marks stand on a letter that they cover the lines around it?"""
    marks = 0
    for each in name:
        marks = marks + 1 if unicodedata.category(each) in _MARKS else 0
        if marks > MOST_MARKS:
            return True
    return False
