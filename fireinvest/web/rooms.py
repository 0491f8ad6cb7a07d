"""In which room is a step taken together with the detail that belongs to it?

The plain form of a step stays: for cases whose rule keeps no registers, and for what was done on
paper. It tells of the room, so that nobody records a reply without the text that it answers.
"""

from collections.abc import Mapping

from flask import url_for

from fireinvest.workflow.case import Case
from fireinvest.workflow.registers import register_of

#: By step: the page of its room, and the register that it is written into there.
ROOMS: Mapping[str, tuple[str, str]] = {
    "approve_report": ("report.approval", "approvals"),
    "sign_report": ("report.signatures", "signatures"),
    "consult": ("report.opinions", "opinions"),
    "consult_answer": ("report.opinions", "opinions"),
    "submit_report": ("report.submission_form", "submissions"),
    "ask_extension": ("reply.extension", "replies"),
    "decide_extension": ("reply.extension", "replies"),
    "receive_report": ("reply.show", "replies"),
    "reply": ("reply.show", "replies"),
    "return_report": ("reply.show", "replies"),
    "confirm_changes": ("reply.show", "confirmations"),
    "publish": ("public.show", "proofs"),
}


def room_of(case: Case, number: str, step: str) -> str | None:
    """Return the address of the room in which a step of the case is taken, None where in none."""
    if step not in ROOMS:
        return None
    endpoint, register = ROOMS[step]
    return url_for(endpoint, number=number) if register_of(case, register) is not None else None
