"""The time of China, in which every date of the rule is meant."""

from datetime import timedelta, timezone

# One time zone, without summer time since 1992; no database of time zones is needed.
CHINA = timezone(timedelta(hours=8), "UTC+08:00")
