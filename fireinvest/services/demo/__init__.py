"""Made-up people and cases with which to try everything; never beside real ones."""

from fireinvest.services.demo.accounts import (
    DEMO_PASSWORD,
    OTHER_LOGINS,
    SIGN_INS,
    SignIn,
)
from fireinvest.services.demo.loading import load_demo, refusal

__all__ = ["DEMO_PASSWORD", "OTHER_LOGINS", "SIGN_INS", "SignIn", "load_demo", "refusal"]
