"""Names as people see them."""

from unicodedata import normalize

import pytest

from fireinvest.messages import Faulty
from fireinvest.services.people import create_person
from fireinvest.spelling import in_one_spelling, is_readable, without_hidden
from fireinvest.store import open_database
from fireinvest.store.people import find_person
from tests.services.office import NOW


@pytest.mark.parametrize(
    "name",
    [
        "孙某",
        "买买提·吐尔逊",
        "阿依古丽•艾则孜",
        "𠮷田",  # Extension B
        "𪚥",
        "\U0002b740",  # Extension D
        "\U000323af",  # Extension H, which this Python doesn't know
        "\U00031350某",
        "姓\ue000名",  # a private character of an office's font
        "葛\U000e0100城",  # a variant of an ideograph
        "龦\ufe00",
        "Nguyễn Thị Ánh",
        "བསྒྲུབས",
        "O'Neill-Smith Jr.",
        "某某（集团）有限公司",
        "１２３号仓库",
        "a" + "\u0301" * 5,
    ],
)
def test_rare_names_are_readable(name: str) -> None:
    assert is_readable(name)
    assert is_readable(in_one_spelling(name))
    assert without_hidden(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\u3000",
        "孙\0某",
        "孙\n某",
        "孙\r\n某",
        "孙\x7f某",
        "孙\u0085某",
        "孙\u200b某",
        "孙\u200d某",
        "孙\u202e某",
        "\u2066孙某\u2069",
        "孙\ufeff某",
        "孙\u00ad某",
        "孙\u2028某",
        "孙\ud800某",
        "孙\ufffe某",
        "孙\ufdd0某",
        "孙\U000e0041某",  # a tag, invisible
        "孙\U0001ffff某",
        "\u3164",
        "孙\uffa0某",
        "孙\u0378某",  # nobody's character
        "a" + "\u0301" * 6,
    ],
)
def test_what_nobody_sees_is_refused(name: str) -> None:
    assert not is_readable(name)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  孙 \u3000\t 某 ", "孙 某"),
        (normalize("NFD", "é"), "é"),
        ("①（Ａ）", "①（Ａ）"),
        ("", ""),
    ],
)
def test_one_spelling(written: str, kept: str) -> None:
    assert in_one_spelling(written) == kept


def test_a_flood_of_marks_is_cut() -> None:
    assert without_hidden("a" + "\u0301" * 500 + "b") == "a" + "\u0301" * 5 + "b"


def test_names_of_people_have_one_spelling_and_nothing_hidden(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    try:
        person_id = create_person(database, login="sun", name=" 孙\u3000 \U000323af ", now=NOW)
        with database.readers.begin() as session:
            person = find_person(session, person_id)
        assert person is not None
        assert person.name == "孙 \U000323af"
        for name in ("孙\u200b某", "\u202e某孙", "a" + "\u0301" * 6, "\u3164"):
            with pytest.raises(Faulty) as refused:
                create_person(database, login="li", name=name, now=NOW)
            assert [each.field for each in refused.value.problems] == ["name"]
    finally:
        database.engine.dispose()
