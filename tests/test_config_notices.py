"""Settings of notices, of the queue and of the sweep."""

from datetime import time
from pathlib import Path

import pytest

from config import NoticeSettings, Settings, SettingsError


def read(instance: Path, **environ: str) -> NoticeSettings:
    return Settings.from_environment(environ, instance=instance).notices


def test_without_settings_nothing_leaves_the_house_by_mail(tmp_path: Path) -> None:
    assert read(tmp_path) == NoticeSettings(None, False, True, "inprocess:", time(1, 0))


def test_everything_can_be_given_and_secrets_are_in_no_message(tmp_path: Path) -> None:
    secret = tmp_path / "mail"
    secret.write_text("smtp://u:topsecret@h:2525?from=a@b.cn\n")
    found = read(
        tmp_path,
        MAIL_URL_FILE=str(secret),
        MAIL_DETAILS="full",
        WEBHOOKS="0",
        QUEUE_URL="postgresql://u:topsecret@h/queue",
        SWEEP_AT="23:59",
    )
    assert found == NoticeSettings(
        "smtp://u:topsecret@h:2525?from=a@b.cn",
        True,
        False,
        "postgresql://u:topsecret@h/queue",
        time(23, 59),
    )
    assert "topsecret" not in repr(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAIL_URL", "http://u:topsecret@h?from=a@b"),
        ("MAIL_URL", "smtp://u:topsecret@h"),
        ("MAIL_URL", "smtp://u:topsecret@h?from=a@b&x=1"),
        ("MAIL_DETAILS", "some"),
        ("WEBHOOKS", "yes"),
        ("QUEUE_URL", "redis://u:topsecret@h"),
        ("SWEEP_AT", "24:00"),
        ("SWEEP_AT", "1:00"),
        ("SWEEP_AT", "01:60"),
        ("OUTGOING_CA_FILE", "/no/such/file"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    name: str, value: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=f"^{name} ") as refused:
        read(tmp_path, **{name: value})
    assert "topsecret" not in str(refused.value)
