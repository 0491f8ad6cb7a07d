"""Who may do what? One map from the roles of a rule to pure predicates; absent is denied.

``ROLES`` says when somebody holds a role for a case. From roles follow the steps that they may
take (``Step.who``, in the profile), what else they may do with the case (``PERMISSIONS``), and the
restricted entries that they may read (``Restriction.seen_by``, in the profile). Whoever was recused
holds nothing, and shows nothing to those who act for them. ``DUTIES`` are beside all cases.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from fireinvest.regulation.jurisdiction import first_match
from fireinvest.regulation.profile import Mode, Per, Step
from fireinvest.regulation.rungs import ABOVE
from fireinvest.workflow.actions import Entry
from fireinvest.workflow.case import Case

#: The post of whoever carries a case.
CARRIER = "carrier"

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
    """Somebody who wants to act: who they are, and the grants in force today.

    ``id`` is the name under which the journal knows them, also as a member of a team.
    ``acting_for``: whose grants they are, where somebody acts for another one. ``transcribes``: they
    write down what the papers of an old case say that they are just opening; who did it then stands
    in the papers.
    """

    id: str
    grants: tuple[Grant, ...] = ()
    acting_for: str | None = None
    transcribes: bool = False

    @property
    def people(self) -> frozenset[str]:
        """Who acts, and for whom: what one of them may not, neither may for the other."""
        return frozenset({self.id} if self.acting_for is None else {self.id, self.acting_for})

    @property
    def holder(self) -> str:
        """Whose posts they are."""
        return self.acting_for or self.id


def with_predecessors(
    grants: Iterable[Grant], predecessors: Callable[[str], Collection[str]]
) -> tuple[Grant, ...]:
    """Return the grants, and with them the same posts where a place took over from others.

    ``predecessors``: of a division, those whose cases came to it. What a post shows and allows
    then follows for single cases, lists and desks alike, and the cases keep the place they had.
    """
    given = tuple(grants)
    more = (
        replace(each, division=place)
        for each in given
        if each.division is not None
        for place in sorted(predecessors(each.division))
    )
    return tuple(dict.fromkeys((*given, *more)))


#: Given the actor, the case, its id, and the tiers of government whose people act in it.
Predicate = Callable[[Actor, Case, str | None, Collection[str]], bool]


def _on_case(role: str) -> Predicate:
    """Holds the post on this very case, and hasn't left it."""

    def is_granted(actor: Actor, case: Case, case_id: str | None, _tiers: Collection[str]) -> bool:
        terms = [each for each in case.members if (each.person, each.post) == (actor.holder, role)]
        if terms and not any(each.is_active for each in terms):
            return False
        if role == CARRIER and _carried_before(actor.holder, case):
            return False
        return any(
            grant.role == role and grant.case_id is not None and grant.case_id == case_id
            for grant in actor.grants
        )

    return is_granted


def _carried_before(login: str, case: Case) -> bool:
    """Did somebody carry the case, who has handed it over since?"""
    was = any(each.person == login for each in case.carriers)
    return was and case.carrier is not None and case.carrier.person != login


def _at_government(role: str) -> Predicate:
    """Holds the post at a government that acts in the case, in the case's own place."""

    def is_granted(actor: Actor, case: Case, _case_id: str | None, tiers: Collection[str]) -> bool:
        return any(
            grant.role == role and grant.tier in tiers and _covers(grant, case)
            for grant in actor.grants
        )

    return is_granted


def _covers(grant: Grant, case: Case) -> bool:
    """A post covers its own division and those below it, and no other city's."""
    division = case.division
    if division is None or grant.division is None:
        return False
    return grant.division in (division.code, division.parent)


def _unless_kept_apart(role: str) -> Predicate:
    """Holds the post at a government, and the report isn't their own."""
    holds = _at_government(role)

    def is_apart(actor: Actor, case: Case, case_id: str | None, tiers: Collection[str]) -> bool:
        if not holds(actor, case, case_id, tiers):
            return False
        return actor.people.isdisjoint(kept_apart(case, role))

    return is_apart


def kept_apart(case: Case, role: str) -> frozenset[str]:
    """Return who can't hold a role for the case, because the report is their own.

    Who was ever on the team, and who recorded or signed a part of the report, as the separations
    of the rule say. A rule from before there were any keeps the team apart.
    """
    ruleset = case.ruleset
    named = [each for each in ruleset.separations.values() if role in each.roles]
    if not ruleset.separations:
        return frozenset(each.person for each in case.team)
    held = [each for each in named if ruleset.keeps_apart(each)]
    if not held:
        return frozenset()
    authors = case.authors(step for each in held for step in each.steps)
    return authors | {each.person for each in case.team}


#: The posts that are held on a case.
ON_CASE = frozenset(
    {
        "carrier",
        "leader",
        "deputy_leader",
        "group_head",
        "member",
        "expert",
        "discipline_observer",
        "evaluator",
    }
)
#: The posts that are held at a government; those of its office who reply can be kept apart.
AT_GOVERNMENT = frozenset({"agency_head", "archivist", "government_registrar"})
APART = frozenset({"government_handler", "government_signer"})

#: Each role of a profile's step table, and when somebody holds it for a case.
ROLES: Mapping[str, Predicate] = {
    **{role: _on_case(role) for role in sorted(ON_CASE)},
    **{role: _at_government(role) for role in sorted(AT_GOVERNMENT)},
    **{role: _unless_kept_apart(role) for role in sorted(APART)},
}

#: The three administrators, of whom none does another's work and none sees a case by the office
#: alone. They are no roles of the rule.
SYSTEM_ADMINISTRATOR = "system_administrator"
SECURITY_ADMINISTRATOR = "security_administrator"
AUDIT_ADMINISTRATOR = "audit_administrator"
OFFICES = frozenset({SYSTEM_ADMINISTRATOR, SECURITY_ADMINISTRATOR, AUDIT_ADMINISTRATOR})

#: Code actions are for these; so is taking a case up or over, at the superior government.
ADMINISTERING = frozenset({"carrier", "agency_head"})
#: Those who lay down how long the steps of a case's plan take.
PLANNING = frozenset({"carrier", "leader", "deputy_leader", "agency_head"})


def acting_tiers(case: Case) -> frozenset[str]:
    """Return the tiers of government whose people act in the case.

    The one that investigates. Where the fire is outside the rule, the one that would, because it
    decides on what brings it inside; where a superior investigates, all, because all assist.
    """
    if case.mode is Mode.INVESTIGATE and case.investigating is not None:
        return frozenset({case.investigating})
    routes, _ = first_match(case.ruleset.routes, case.view)
    would = {route.government for route in routes if route.mode is Mode.INVESTIGATE}
    if case.mode is Mode.ASSIST or not would:
        return frozenset(case.ruleset.tiers)
    return frozenset(would)


def superior_tiers(case: Case) -> frozenset[str]:
    """Return the tier of government next above those whose people act in the case."""
    tiers = case.ruleset.tiers
    acting = [tiers[name].rank for name in acting_tiers(case) if name in tiers]
    higher = [tier for tier in tiers.values() if tier.rank > max(acting, default=0)]
    lowest = min((tier.rank for tier in higher), default=None)
    return frozenset(tier.id for tier in higher if tier.rank == lowest)


def is_recused(actor: Actor, case: Case) -> bool:
    """Was the actor recused from this case, or the one for whom they act?"""
    return not actor.people.isdisjoint(case.recused)


def roles_of(
    actor: Actor, case: Case, case_id: str | None, tiers: Collection[str] | None = None
) -> frozenset[str]:
    """Return the roles that the actor holds for a case; none once recused.

    ``tiers``: of which tiers the government's people are meant, if not of those that act.
    """
    if is_recused(actor, case):
        return frozenset()
    acting = acting_tiers(case) if tiers is None else tiers
    return frozenset(name for name, holds in ROLES.items() if holds(actor, case, case_id, acting))


def may_take(actor: Actor, step: Step, case: Case, case_id: str | None) -> bool:
    """May the actor take this step of the case?"""
    return taker(actor, case, case_id)(step)


def taker(actor: Actor, case: Case, case_id: str | None) -> Callable[[Step], bool]:
    """Return the question whether the actor may take a step, with their roles looked up once."""
    if actor.id == SYSTEM or actor.transcribes:
        return lambda _step: True
    roles = roles_of(actor, case, case_id)
    above = {f"{ABOVE}{role}" for role in roles_of(actor, case, case_id, superior_tiers(case))}
    coming = case.handover_pending
    roles_there = frozenset() if coming is None else roles_of(actor, case, case_id, {coming})
    clocks = case.ruleset.clocks

    def may(step: Step) -> bool:
        if not roles.isdisjoint(step.who) or not above.isdisjoint(step.who):
            return True
        # What the rule asks of the government now responsible, its people do before the hand-over.
        is_theirs = any(clocks[name].per is Per.GOVERNMENT_BY_RULE for name in step.satisfies)
        return is_theirs and not roles_there.isdisjoint(step.who)

    return may


def may_administer(actor: Actor, case: Case, case_id: str | None) -> bool:
    """May the actor void, correct, merge or hand over: the carrier, or the head of the agency?"""
    return bool(roles_of(actor, case, case_id) & ADMINISTERING)


def may_link(actor: Actor, case: Case, case_id: str | None, step: str) -> bool:
    """May the actor link the case with another one that a step concerns?

    Whoever administers it, and whoever may take that step.
    """
    found = case.ruleset.steps.get(step)
    if found is not None and may_take(actor, found, case, case_id):
        return True
    return may_administer(actor, case, case_id)


#: Who sees what was seen, taken and done in a case, and by whom.
READING_LOG = ADMINISTERING | {"leader", "deputy_leader"}


def may_read_log(actor: Actor, case: Case, case_id: str | None) -> bool:
    """May the actor see who saw and did what in the case: by administering it, or leading it?"""
    return bool(roles_of(actor, case, case_id) & READING_LOG)


#: Who may take a case out of the house as a package.
PACKAGING = ADMINISTERING | {"archivist"}


def may_package(actor: Actor, case: Case, case_id: str | None) -> bool:
    """May the actor take the case out as a package: its carrier, the agency's head or archivist?

    What they may not read of it is left out, and the package says how much that is.
    """
    return actor.id == SYSTEM or bool(roles_of(actor, case, case_id) & PACKAGING)


def may_read_imported(actor: Actor) -> bool:
    """May the actor read files that came from other installations: as an archivist, or a head?"""
    return any(
        each.role in ("archivist", "agency_head") and each.case_id is None for each in actor.grants
    )


#: Who keeps the templates and numbers of an office's papers, by whose papers they are: those of
#: the fire-rescue agency (a team's and an evaluation's with them), or of the government.
KEEPING_PAPERS: Mapping[str, frozenset[str]] = {
    "agency": frozenset({"agency_head", "archivist", "carrier"}),
    "government": frozenset({"government_registrar"}),
}


def houses_kept(actor: Actor) -> frozenset[tuple[str, str, str]]:
    """Return whose papers the actor keeps templates and numbers of: division, tier, and house.

    By a post of the office itself; one on a single case gives none, and no administrator has any.
    """
    return frozenset(
        (each.division, each.tier, house)
        for each in actor.grants
        for house, roles in KEEPING_PAPERS.items()
        if each.role in roles
        and each.case_id is None
        and each.division is not None
        and each.tier is not None
    )


def reassigning_tiers(case: Case) -> frozenset[str]:
    """Return the tiers of government whose head may give the case another carrier.

    The one that investigates; where none does, every one of the place.
    """
    if case.mode is Mode.INVESTIGATE and case.investigating is not None:
        return frozenset({case.investigating})
    return frozenset(case.ruleset.tiers)


def may_reassign(actor: Actor, case: Case, case_id: str | None) -> bool:
    """May the actor give the case another carrier: the carrier, the agency's head, or a timer?

    Whoever leaves has their cases handed over under the system's name.
    """
    if actor.id == SYSTEM:
        return True
    return bool(roles_of(actor, case, case_id, reassigning_tiers(case)) & ADMINISTERING)


def may_plan(actor: Actor, case: Case, case_id: str | None) -> bool:
    """May the actor say how long the steps of the case's plan take?"""
    return bool(roles_of(actor, case, case_id) & PLANNING)


def may_decide_readings(actor: Actor, home: str) -> bool:
    """May the actor say how the rule is read: as head of the agency of the home division?

    No administrator may: what the law means is not theirs to decide.
    """
    return any(
        each.role == "agency_head" and each.case_id is None and each.division == home
        for each in actor.grants
    )


def may_take_over(actor: Actor, case: Case, case_id: str | None, government: str) -> bool:
    """May the actor take the case up or over for a superior government: as head of its agency?"""
    return bool(roles_of(actor, case, case_id, {government}) & ADMINISTERING)


def may_see(actor: Actor, case: Case, case_id: str | None) -> bool:
    """May the actor see the case: by a post on it, or at a government of its place or above?

    An office that is none of the rule's roles, such as an administrator's, shows no case.
    """
    if actor.id == SYSTEM:
        return True
    if is_recused(actor, case):
        return False
    return any(
        grant.role in ROLES
        and ((grant.case_id is not None and grant.case_id == case_id) or _covers(grant, case))
        for grant in actor.grants
    )


# ---------------------------------------------------------------------------- with a case


class Permission(StrEnum):
    """What may be done with a case, beside the steps of its rule?"""

    SEE_CASE = "see_case"
    SEE_LOG = "see_log"
    ADMINISTER = "administer"
    REASSIGN = "reassign"
    TAKE_OVER = "take_over"
    PLAN = "plan"


def _may_take_over_at_all(actor: Actor, case: Case, case_id: str | None) -> bool:
    return any(may_take_over(actor, case, case_id, tier) for tier in case.ruleset.tiers)


#: Each permission and who has it, for one case. What isn't here is nobody's.
PERMISSIONS: Mapping[Permission, Callable[[Actor, Case, str | None], bool]] = {
    Permission.SEE_CASE: may_see,
    Permission.SEE_LOG: may_read_log,
    Permission.ADMINISTER: may_administer,
    Permission.REASSIGN: may_reassign,
    Permission.TAKE_OVER: _may_take_over_at_all,
    Permission.PLAN: may_plan,
}


def allowed(permission: Permission, actor: Actor, case: Case, case_id: str | None) -> bool:
    """May the actor do this with the case?"""
    return PERMISSIONS[permission](actor, case, case_id)


def may_read(actor: Actor, case: Case, case_id: str | None, entry: Entry) -> bool:
    """May the actor read an entry of the case?"""
    return reader(actor, case, case_id)(entry)


def reader(actor: Actor, case: Case, case_id: str | None) -> Callable[[Entry], bool]:
    """Return the question whether the actor may read an entry, with their roles looked up once.

    A restricted one is for the roles that each of its restrictions names, and for whoever wrote it
    as long as they have to do with the case; nobody who was recused reads anything.
    """
    if actor.id == SYSTEM:
        return lambda _entry: True
    if not may_see(actor, case, case_id):
        return lambda _entry: False
    roles = roles_of(actor, case, case_id)
    known = case.ruleset.restrictions

    def may(entry: Entry) -> bool:
        names = case.restrictions.get(entry.seq, frozenset())
        is_author = not actor.people.isdisjoint({entry.actor, entry.acting_for})
        return (is_author and bool(roles)) or all(
            name in known and not roles.isdisjoint(known[name].seen_by) for name in names
        )

    return may


# ---------------------------------------------------------------------------- offices


class Duty(StrEnum):
    """What an office keeps, beside all cases?"""

    KEEP_ACCOUNTS = "keep_accounts"
    KEEP_AGENCIES = "keep_agencies"
    GIVE_POSTS = "give_posts"
    GUARD_SIGN_INS = "guard_sign_ins"
    LIST_PEOPLE = "list_people"
    READ_LOG = "read_log"
    KEEP_CALENDAR = "keep_calendar"
    WATCH_WORK = "watch_work"


#: Each duty, and the offices that have it. What isn't here is nobody's.
DUTIES: Mapping[Duty, frozenset[str]] = {
    Duty.KEEP_ACCOUNTS: frozenset({SYSTEM_ADMINISTRATOR}),
    Duty.KEEP_AGENCIES: frozenset({SYSTEM_ADMINISTRATOR}),
    Duty.GIVE_POSTS: frozenset({SECURITY_ADMINISTRATOR}),
    Duty.GUARD_SIGN_INS: frozenset({SECURITY_ADMINISTRATOR}),
    Duty.LIST_PEOPLE: frozenset({SYSTEM_ADMINISTRATOR, SECURITY_ADMINISTRATOR}),
    Duty.READ_LOG: frozenset({AUDIT_ADMINISTRATOR}),
    Duty.KEEP_CALENDAR: frozenset({SYSTEM_ADMINISTRATOR}),
    Duty.WATCH_WORK: frozenset({SYSTEM_ADMINISTRATOR}),
}


def has_duty(actor: Actor, duty: Duty) -> bool:
    """Does the actor hold an office with this duty?"""
    return any(each.role in DUTIES[duty] for each in actor.grants)
