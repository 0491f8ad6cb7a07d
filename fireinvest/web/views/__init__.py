"""Which pages are there? Every blueprint of the application stands in this one list."""

from flask import Blueprint

from fireinvest.web.views import (
    board,
    calculator,
    calendar,
    case,
    cases,
    clock,
    desk,
    drafts,
    first,
    health,
    inbox,
    intake,
    me,
    people,
    rules,
    sign_in,
    step,
)

# To add pages: import their module above and name its blueprint here.
BLUEPRINTS: tuple[Blueprint, ...] = (
    first.blueprint,
    sign_in.blueprint,
    desk.blueprint,
    inbox.blueprint,
    board.blueprint,
    cases.blueprint,
    intake.blueprint,
    case.blueprint,
    step.blueprint,
    clock.blueprint,
    drafts.blueprint,
    people.blueprint,
    me.blueprint,
    calculator.blueprint,
    rules.blueprint,
    calendar.blueprint,
    health.blueprint,
)
