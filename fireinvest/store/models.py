"""Which tables are there? Importing this module makes all of them known to the migrations."""

from fireinvest.store.base import Base
from fireinvest.store.notices import HolidayNotice

TABLES = (HolidayNotice,)

metadata = Base.metadata
