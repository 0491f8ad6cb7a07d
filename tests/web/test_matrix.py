"""Every route, asked by every kind of person of the own and of another county, recused or not.

What each is answered stands in ``matrix.txt``, to be read and changed by hand. The rules that no
table may break are checked beside it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from flask import Flask

from fireinvest.web.rights import Right, right_of
from fireinvest.workflow.permissions import DUTIES, OFFICES, Duty
from tests.web.everybody import KINDS, NOBODY, Route, Town

TABLE = Path(__file__).with_name("matrix.txt")
#: The case's own people, who see it.
INSIDERS = (
    "carrier", "head", "leader", "grouphead", "member", "expert", "observer", "registrar",
    "handler", "signer", "archivist", "city", "deputy",
)  # fmt: skip
OUTSIDERS = tuple(login for login in KINDS if login not in INSIDERS)
#: Which office each of the three administrators holds.
OFFICE_OF = {
    login: posts[0].role for login, posts in KINDS.items() if posts and posts[0].role in OFFICES
}
#: A paper takes a second to be laid out.
COSTLY = ("certificates.make", "slips.make")
#: The rows in which somebody who is signed in may be answered "s": they are asked for a proof.
ASKED_AGAIN = ("POST /confirm",)


def expected() -> Mapping[str, Mapping[str, str]]:
    """What the table says, by route and login."""
    lines = [each for each in TABLE.read_text().splitlines() if each and not each.startswith("#")]
    names = lines[0].split()
    rows = {}
    for line in lines[1:]:
        route, *answers = line.rsplit(maxsplit=len(names))
        rows[route] = dict(zip(names, answers, strict=True))
    return rows


def is_about_rights(route: Route) -> bool:
    """Signing in and out asks for proofs, not for rights; it has tests of its own."""
    return not route.rule.startswith(("/sign-in", "/sign-out", "/signed-out"))


def is_of_a_case(route: Route) -> bool:
    return "/cases/<number>" in route.rule


def in_turn(people: Sequence[str], place: int, most: int) -> set[str]:
    """So many of the people, who are others for the route at the next place."""
    return {people[(place * most + each) % len(people)] for each in range(most)}


#: How many of those to whom a case is closed try each of its routes. All by turns, in one run.
SOME, ALL = 3, pytest.param(len(KINDS), marks=pytest.mark.long)


#: Parts of the table, so that two can be read at once.
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("most", [SOME, ALL])
def test_everybody_is_answered_as_the_table_says(quick_app: Flask, most: int, part: int) -> None:
    town = Town(quick_app)
    table = expected()
    routes = [each for each in town.routes() if is_about_rights(each)]
    assert [str(each) for each in routes] == list(table)
    wrong = []
    for place, route in enumerate(routes[part::PARTS]):
        # A case is closed to them as a whole: the table may not say otherwise, as is seen below.
        left_out = set(OUTSIDERS) - in_turn(OUTSIDERS, place, most) if is_of_a_case(route) else ()
        for login, answer in table[str(route)].items():
            if route.endpoint in COSTLY and login in INSIDERS[1:]:
                continue  # One of those who see the case stands for all.
            if login in left_out:
                continue
            found = town.answer(login, route)
            if found != answer:
                wrong.append(f"{route} as {login}: {found} instead of {answer}")
    assert not wrong, "\n".join(wrong)


def test_the_table_keeps_the_rules(quick_app: Flask) -> None:
    """What no row may say, whoever edits it."""
    table = expected()
    town = Town(quick_app)
    assert list(next(iter(table.values()))) == [NOBODY, *KINDS]
    with quick_app.test_request_context():
        rights = {str(each): right_of(each.endpoint) for each in town.routes()}
    cases = {str(each) for each in town.routes() if is_of_a_case(each)}
    for route, row in table.items():
        right = rights[route]
        # Nobody gets in without a sign-in, but where everybody may.
        if right is not Right.PUBLIC:
            assert row[NOBODY] == "s", route
            allowed = {"y", "f", "-"} | ({"s"} if route in ASKED_AGAIN else set())
            assert set(row.values()) - {"s"} <= allowed, route
            assert route in ASKED_AGAIN or "s" not in [row[each] for each in KINDS], route
        # What an office keeps is its own, and nobody else's.
        if isinstance(right, Duty):
            for login in KINDS:
                is_theirs = OFFICE_OF.get(login) in DUTIES[right]
                assert row[login] == ("y" if is_theirs else "f"), (route, login)
        # A case exists for its own people alone.
        if route in cases:
            assert {row[login] for login in OUTSIDERS} == {"-"}, route
            assert "-" not in [row[login] for login in INSIDERS], route


@pytest.mark.parametrize("most", [SOME, ALL])
def test_whoever_is_recused_finds_no_case(quick_app: Flask, most: int) -> None:
    town = Town(quick_app, recused=True)
    for place, route in enumerate(town.routes()):
        if is_of_a_case(route):
            tried = in_turn(INSIDERS, place, most)
            answers = {login: town.answer(login, route) for login in tried}
            assert set(answers.values()) == {"-"}, (route, answers)
    for login in INSIDERS:
        for page in ("/desk", "/cases", "/board"):
            answer = town.clients[login].get(page)
            assert answer.status_code == 200
            assert town.ref.number not in answer.text, (login, page)
