"""No page of a case asks the database more often because more stands on it."""

from flask import Flask

from tests.queries import counted
from tests.web.everybody import Town
from tests.web.test_matrix import COSTLY, is_of_a_case

WHO = "carrier"
_OK = 200


def test_every_page_of_a_case_costs_the_same_however_much_stands_there(quick_app: Flask) -> None:
    town = Town(quick_app)
    client = town.clients[WHO]
    pages = [
        route
        for route in town.routes()
        if route.method == "GET" and is_of_a_case(route) and route.endpoint not in COSTLY
    ]

    def cost(address: str) -> int | None:
        with counted(town.database) as sent:
            answer = client.get(address)
            is_shown = answer.status_code == _OK
            answer.close()
        return len(sent) if is_shown else None

    for route in pages:
        cost(route.address)  # The first look at each is written down.
    before = {route.address: cost(route.address) for route in pages}
    shown = [address for address, asked in before.items() if asked is not None]
    assert len(shown) > len(pages) // 2
    town.fill_again()
    grown = {address: (before[address], cost(address)) for address in shown}
    assert {address: each for address, each in grown.items() if each[0] != each[1]} == {}
