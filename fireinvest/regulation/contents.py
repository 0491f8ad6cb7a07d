"""What must a list of the law contain, and what is still lacking (arts 6, 15, 20, 23-28)?"""

from collections.abc import Container

from fireinvest.regulation.condition import FactView, evaluate
from fireinvest.regulation.profile import Item, Listing


def needed(listing: Listing, facts: FactView) -> tuple[Item, ...]:
    """Return the items that the rule wants for these facts."""
    return tuple(
        item for item in listing.items if not item.optional and evaluate(item.when, facts).holds
    )


def lacking(listing: Listing, covered: Container[str], facts: FactView) -> tuple[Item, ...]:
    """Return the needed items that are not covered yet."""
    return tuple(item for item in needed(listing, facts) if item.id not in covered)
