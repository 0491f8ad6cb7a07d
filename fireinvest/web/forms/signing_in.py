"""The forms in which passwords are chosen and second factors are named. Shape only."""

from fireinvest.messages import Text
from fireinvest.services.factors import LONGEST_LABEL
from fireinvest.web.forms.people import Field, FieldKind


def new_password_fields() -> tuple[Field, ...]:
    """Return the fields in which somebody chooses a password."""
    return (
        Field(
            "new_password",
            Text("new password"),
            FieldKind.PASSWORD,
            fills="new-password",
            hint=Text(
                "Long counts more than odd signs. Several words that have nothing to do with each "
                "other are a good one."
            ),
        ),
        Field("again", Text("new password once more"), FieldKind.PASSWORD, fills="new-password"),
    )


def first_sign_in_fields() -> tuple[Field, ...]:
    """Return the fields with which somebody signs in by a one-time code."""
    return (
        Field("login", Text("Sign-in name"), fills="username"),
        Field(
            "code",
            Text("one-time code"),
            hint=Text("24 letters and digits, as they were handed to you; gaps don't matter."),
        ),
        *new_password_fields(),
    )


def label_fields() -> tuple[Field, ...]:
    """Return the field in which a second factor gets its name."""
    hint = Text("Such as: office phone. At most %(most)s characters.", most=LONGEST_LABEL)
    return (Field("label", Text("what it is called here"), is_needed=False, hint=hint),)
