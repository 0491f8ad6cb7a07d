"""Who may do what? One map from the roles of a rule to pure predicates; absent is denied."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fireinvest.regulation.profile import Step
from fireinvest.workflow.case import Case

#: Timers act through the same door, under this name.
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Grant:
    """A post that somebody holds: on one case, or for one tier's government in one division."""

    role: str
    case_id: str | None = None
    division: str | None = None
    tier: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who wants to act: who they are, and the grants in force today."""

    id: str
    grants: tuple[Grant, ...] = ()


Predicate = Callable[[Actor, Case, str | None], bool]


def _on_case(role: str) -> Predicate:
    """Holds the post on this very case."""

    def is_granted(actor: Actor, _case: Case, case_id: str | None) -> bool:
        return any(
            grant.role == role and grant.case_id is not None and grant.case_id == case_id
            for grant in actor.grants
        )

    return is_granted


def _at_government(role: str) -> Predicate:
    """Holds the post at the government that investigates, in the case's own place."""

    def is_granted(actor: Actor, case: Case, _case_id: str | None) -> bool:
        return any(grant.role == role and _covers(grant, case) for grant in actor.grants)

    return is_granted


def _covers(grant: Grant, case: Case) -> bool:
    """A city's post covers its counties' fires that the city investigates, and no other city's."""
    if case.division is None or grant.division is None or grant.tier != case.investigating:
        return False
    return grant.division in (case.division.code, case.division.parent)


def _apart(predicate: Predicate) -> Predicate:
    """Holds the post, and was never on the team of the case: nobody replies to their own report."""

    def is_apart(actor: Actor, case: Case, case_id: str | None) -> bool:
        on_team = any(member.person == actor.id for member in case.members)
        return not on_team and predicate(actor, case, case_id)

    return is_apart


#: Each role of a profile's step table, and when somebody holds it for a case.
ROLES: Mapping[str, Predicate] = {
    "carrier": _on_case("carrier"),
    "agency_head": _at_government("agency_head"),
    "leader": _on_case("leader"),
    "deputy_leader": _on_case("deputy_leader"),
    "group_head": _on_case("group_head"),
    "member": _on_case("member"),
    "expert": _on_case("expert"),
    "discipline_observer": _on_case("discipline_observer"),
    "evaluator": _on_case("evaluator"),
    "archivist": _at_government("archivist"),
    "government_registrar": _at_government("government_registrar"),
    "government_handler": _apart(_at_government("government_handler")),
    "government_signer": _apart(_at_government("government_signer")),
}


def is_recused(actor: Actor, case: Case) -> bool:
    """Was the actor recused from this case?"""
    return any(
        member.person == actor.id and member.recused_on is not None for member in case.members
    )


def roles_of(actor: Actor, case: Case, case_id: str | None) -> frozenset[str]:
    """Return the roles that the actor holds for a case; none once recused."""
    if is_recused(actor, case):
        return frozenset()
    return frozenset(name for name, holds in ROLES.items() if holds(actor, case, case_id))


def may_take(actor: Actor, step: Step, case: Case, case_id: str | None) -> bool:
    """May the actor take this step of the case?"""
    if actor.id == SYSTEM:
        return True
    return bool(roles_of(actor, case, case_id) & set(step.who))


def may_administer(actor: Actor, case: Case, case_id: str | None) -> bool:
    """May the actor void, correct, merge or hand over: the carrier, or the head of the agency?"""
    return bool(roles_of(actor, case, case_id) & {"carrier", "agency_head"})
