"""Numbers of people and units are checked by their digits; somebody is found again by them."""

from datetime import date

import pytest

from fireinvest.workflow.items.people import Party, keys_of

DAY = date(2025, 5, 20)
PERSON = Party("钱某", "person", "witness")


def party(**more: str) -> Party:
    return Party("钱某", "person", "witness", **more)  # type: ignore[arg-type] # names are fields


@pytest.mark.parametrize(
    ("given", "problems", "doubts"),
    [
        ({}, [], []),
        # The library's own example.
        ({"identity_no": "360426199101010071"}, [], []),
        ({"identity_no": "360426199101010072"}, ["identity_no"], []),
        ({"identity_no": "36042619910101007"}, ["identity_no"], []),
        # The city's district wasn't called so yet.
        ({"identity_no": "530302190001011231"}, [], ["identity_no"]),
        # A region that isn't known, with a right and with an impossible birthday.
        ({"identity_no": "000000190001011239"}, [], ["identity_no"]),
        ({"identity_no": "000000190002301238"}, ["identity_no"], []),
        ({"identity_no": "530302190002301230"}, ["identity_no"], []),
        ({"identity_no": "x"}, ["identity_no"], []),
        ({"credit_code": "91110000600037341L"}, [], []),
        ({"credit_code": "91110000600037341A"}, ["credit_code"], []),
        ({"credit_code": "91110000"}, ["credit_code"], []),
    ],
)
def test_numbers_are_checked_by_their_digits(
    given: dict[str, str], problems: list[str], doubts: list[str]
) -> None:
    found = party(**given)
    assert [each.field for each in found.problems(DAY, DAY)] == problems
    assert [each.field for each in found.doubts()] == doubts


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ((None, None, None, None), []),
        ((" 钱 某 ", None, None, None), [("name", "钱某")]),
        (("Qian", "5303", None, "9153"), [("name", "qian"), ("identity_no", "5303"), ("credit_code", "9153")]),
        ((None, None, "138-0000 1234", None), [("phone", "13800001234")]),
        ((None, None, "+86 13800001234", None), [("phone", "13800001234")]),
        ((None, None, "8613800001", None), [("phone", "8613800001")]),
        ((None, None, "unknown", None), []),
    ],
)  # fmt: skip
def test_somebody_is_found_by_numbers_however_they_are_written(
    given: tuple[str | None, ...], keys: list[tuple[str, str]]
) -> None:
    assert list(keys_of(*given)) == keys
    if given[0] == "Qian":
        assert list(Party("Qian", identity_no="5303", credit_code="9153").keys()) == keys


def test_a_party_is_found_by_its_address_as_well() -> None:
    assert list(party(address="胜境街道 1号").keys()) == [
        ("name", "钱某"),
        ("address", "胜境街道1号"),
    ]
