"""What would Word object to in a file?"""


def check_word(docx: bytes) -> list[str]:
    """Return what Word would object to, in plain words; nothing for a sound file."""
    return []
