"""The sorts of items that registers keep. Which registers a case has is data of its profile."""

from collections.abc import Mapping

from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.people import Party

#: Each sort of item, by the id of its register.
ITEMS: Mapping[str, type[Item]] = {
    "parties": Party,
}
