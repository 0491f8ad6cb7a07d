"""How lines of the log are shown: words for every kind, for pages, and for what was changed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fireinvest.china import CHINA
from fireinvest.messages import Text, Words
from fireinvest.services.log import Act, Group, Line
from fireinvest.services.oidc import Refusal
from fireinvest.services.people import Change
from fireinvest.services.signing_in import Means

GROUPS: Mapping[Group, Text] = {
    Group.SIGN_INS: Text("Sign-ins"),
    Group.REFUSALS: Text("Refusals"),
    Group.VIEWS: Text("Views"),
    Group.RESTRICTED: Text("Restricted views"),
    Group.TAKEN: Text("Downloads and exports"),
    Group.PRINTS: Text("Prints"),
    Group.STEPS: Text("Steps in cases"),
    Group.ACCOUNTS: Text("Changes of accounts and agencies"),
    Group.SEARCHES: Text("Searches of this log"),
}

#: The kinds of lines, by their codes.
KINDS: Mapping[str, Text] = {
    Act.ENTRY: Text("step recorded"),
    Act.RECORD: Text("register written"),
    Act.REVEALED: Text("numbers of people shown in full"),
    Act.VIEW: Text("page viewed"),
    Act.RESTRICTED_VIEW: Text("restricted entry opened"),
    Act.DOWNLOAD: Text("file downloaded"),
    Act.CHECKED: Text("file checked against its hash"),
    Act.EXPORT: Text("list exported"),
    Act.PRINT: Text("page printed"),
    Act.SEARCH: Text("this log searched"),
    Act.REFUSED: Text("access refused"),
    "certificate": Text("certificate of a deadline made"),
    "slip": Text("slip of a notice made"),
    "disposal_drawn": Text("disposal list drawn up"),
    "disposal_approved": Text("disposal list approved"),
    "disposal_refused": Text("disposal list refused"),
    "disposal_withdrawn": Text("disposal list withdrawn"),
    "disposal_begun": Text("disposal begun"),
    "disposal_done": Text("disposal list carried out"),
    "case_disposed": Text("case disposed of"),
    "old_cases_brought_in": Text("old cases brought in by a form"),
    "notice_entered": Text("holiday notice entered"),
    "reading_decided": Text("reading of the rule decided"),
    "channel_added": Text("way of being told added"),
    "channel_changed": Text("way of being told changed"),
    "channel_removed": Text("way of being told removed"),
    "job_asked": Text("long work asked for"),
    "job_cancelled": Text("long work cancelled"),
    "package_made": Text("package of a case made"),
    "package_imported": Text("package of a case read back"),
    "template_uploaded": Text("template of a paper uploaded"),
    "template_built_in": Text("built-in template used again"),
    "series_added": Text("series of numbers added"),
    "series_changed": Text("series of numbers changed"),
    "number_given": Text("document number given"),
    "backup_made": Text("backup made"),
    "restored": Text("restored from a backup"),
    "upgraded": Text("database upgraded"),
    "sign_in": Text("sign-in"),
    "sign_in_begun": Text("first step of a sign-in done"),
    "sign_in_refused": Text("sign-in refused"),
    "sign_out": Text("signed out"),
    "second_factor_refused": Text("second factor refused"),
    "code_refused": Text("one-time code refused"),
    "confirmed": Text("identity confirmed again"),
    "confirmation_refused": Text("confirmation refused"),
    "attempts_limited": Text("attempts made to wait"),
    "passkey_count_went_back": Text("passkey refused: it may be a copy"),
    Change.PERSON_ADDED: Text("account added"),
    Change.PASSWORD_SET: Text("password set"),
    Change.CODE_ISSUED: Text("one-time code issued"),
    Change.CODE_USED: Text("one-time code used"),
    Change.WAIT_LIFTED: Text("wait after failed attempts lifted"),
    Change.FACTOR_ADDED: Text("second factor added"),
    Change.FACTOR_RENAMED: Text("second factor renamed"),
    Change.FACTOR_REMOVED: Text("second factor removed"),
    Change.FACTORS_RESET: Text("second factors reset"),
    Change.RECOVERY_CODES_MADE: Text("recovery codes made"),
    Change.RECOVERY_CODE_USED: Text("recovery code used"),
    Change.OWN_PASSWORD_CHANGED: Text("own password changed"),
    Change.OWN_PASSWORD_REFUSED: Text("change of own password refused"),
    Change.DEACTIVATED: Text("account deactivated"),
    Change.REACTIVATED: Text("account taken into use again"),
    Change.POST_GIVEN: Text("post given"),
    Change.POST_ENDED: Text("post ended"),
    Change.POST_MOVED: Text("post moved"),
    Change.DEPUTY_NAMED: Text("deputy named"),
    Change.DEPUTY_ENDED: Text("deputy ended"),
    Change.SIGN_INS_ENDED: Text("sign-ins ended"),
    Change.AGENCY_ADDED: Text("agency added"),
    Change.AGENCY_RENAMED: Text("agency renamed"),
    Change.AGENCY_ENDED: Text("agency ended"),
    Change.AGENCY_MERGED: Text("agency merged"),
    Change.RIGHTS_REVIEWED: Text("rights reviewed"),
    Change.CASES_HANDED_OVER: Text("cases handed over"),
    Change.PROVIDER_LINKED: Text("bound to an account at the provider of sign-ins"),
    Change.PROVIDER_UNLINKED: Text("unbound from the account at the provider of sign-ins"),
}

#: Pages that were viewed or printed, and lists that were exported.
PAGES: Mapping[str, Text] = {
    "case.show": Text("Overview"),
    "case.steps": Text("Steps"),
    "team.show": Text("Team"),
    "case.history": Text("History"),
    "case.entry": Text("An entry"),
    "case.restricted_entry": Text("Restricted entry"),
    "clock.show": Text("Clock"),
    "plan.show": Text("Plan"),
    "plan.what_if": Text("What if"),
    "step.show": Text("Form of a step"),
    "step.code": Text("Form of a step"),
    "log.of_case": Text("Log of the case"),
    "log.case_excel": Text("Log of the case"),
    "log.show": Text("Audit log"),
    "log.excel": Text("Audit log"),
    "desk.show": Text("Desk"),
    "archives.files": Text("Archive"),
    "archives.due": Text("Due for disposal"),
    "archives.lent": Text("Lent out"),
    "notices.show": Text("Holiday notices"),
    "inbox.show": Text("Notices"),
    "people.show": Text("People and posts"),
    "organisation.agencies": Text("Agencies"),
    "organisation.divisions": Text("Divisions"),
    "review.show": Text("Review of rights"),
    "readings.show": Text("Register of readings"),
}


#: How somebody signed in, or proved again who they are.
MEANS: Mapping[str, Text] = {
    Means.PASSWORD: Text("password"),
    Means.PASSWORD_APP: Text("password and code of an app"),
    Means.PASSWORD_PASSKEY: Text("password and passkey"),
    Means.PASSKEY: Text("passkey"),
    Means.RECOVERY: Text("recovery code"),
    Means.OIDC: Text("the unit's own sign-in"),
}
_BY_MEANS = ("sign_in", "sign_in_begun", "confirmed")

#: Why somebody was refused who came by the provider of sign-ins.
REFUSALS: Mapping[str, Text] = {
    Refusal.UNTRUSTED: Text("the provider's answer was not accepted"),
    Refusal.NO_ACCOUNT: Text("the provider's login has no account here"),
    Refusal.DEACTIVATED: Text("the account is deactivated"),
    Refusal.BOUND_OTHERWISE: Text("the account is bound to another one at the provider"),
    Refusal.TWICE: Text("the provider's answer came a second time"),
    Refusal.ANOTHER_PERSON: Text("the provider confirmed another account"),
    Refusal.NOT_NOW: Text("it was not proved at the provider just now"),
}


@dataclass(frozen=True, slots=True)
class ValueView:
    """A value that was changed: what it was and what it became; None where there was none."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class LogView:
    """A line of the log, in words.

    ``at``: in the time of China, to the second. ``item``: the page, the step or the file that is
    meant, or by which means somebody signed in.
    """

    line: Line
    at: str
    kind: Words
    person: str
    acting_for: str | None
    about: str | None
    item: Words | None
    changes: tuple[ValueView, ...]


def log_view(
    line: Line,
    names: Mapping[str, str],
    step_title: Callable[[Line], Words | None],
) -> LogView:
    """Return a line in words. ``step_title``: how the step of an entry is called."""
    item: Words | None = line.item
    if line.what == Act.ENTRY:
        item = step_title(line)
    elif line.item is not None:
        words = MEANS if line.what in _BY_MEANS else {**PAGES, **REFUSALS}
        item = words.get(line.item, line.item)
    return LogView(
        line=line,
        at=f"{line.happened_at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
        kind=KINDS.get(line.what, line.what),
        person=names.get(line.person or "", line.person or ""),
        acting_for=line.acting_for and names.get(line.acting_for, line.acting_for),
        about=line.about and names.get(line.about, line.about),
        item=item or None,
        changes=tuple(
            ValueView(name, _spelled(line.old.get(name)), _spelled(line.new.get(name)))
            for name in dict.fromkeys((*line.old, *line.new))
        ),
    )


def _spelled(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
