"""Which pages are there? Every blueprint of the application stands in this one list."""

from flask import Blueprint

from fireinvest.web.views import calculator, calendar, health, rules

# To add pages: import their module above and name its blueprint here.
BLUEPRINTS: tuple[Blueprint, ...] = (
    calculator.blueprint,
    rules.blueprint,
    calendar.blueprint,
    health.blueprint,
)
