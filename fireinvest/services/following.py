"""Which steps of the procedure follow from what is written into a register, wherever it is written?"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from fireinvest.services.cases import Loaded
from fireinvest.services.casualties import CASUALTIES, follow_casualties
from fireinvest.services.evaluation import FOLLOWS as OF_EVALUATION
from fireinvest.services.execution import FOLLOWS as OF_EXECUTION
from fireinvest.services.opinions import OPINIONS, steps_of_opinion
from fireinvest.services.scenes import TESTS, steps_of_test
from fireinvest.store import Session
from fireinvest.workflow.engine import Action
from fireinvest.workflow.registers import Record

__all__ = ["ALWAYS", "Follow"]

#: Given the case and what was written, within the same transaction: the steps that follow from it.
Follow = Callable[[Session, Loaded, Sequence[Record]], Iterable[Action]]

#: By register: the figures follow the casualties, the time of a test follows the test, and who was
#: asked for an opinion and answered follows the opinion; what
#: follows a reply and its evaluation is set, accepted, ordered and sent with its item.
ALWAYS: Mapping[str, Follow] = {
    CASUALTIES: follow_casualties,
    TESTS: steps_of_test,
    OPINIONS: steps_of_opinion,
    **OF_EXECUTION,
    **OF_EVALUATION,
}
