"""How one hears outside the application: mail, robots, webhooks, and one's own calendar."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.messages import Faulty, Text, Words
from fireinvest.services import channels as service
from fireinvest.services.alert_words import CHANNELS, channel_words
from fireinvest.services.channels import FEED, Asker
from fireinvest.services.delivering import DIGEST_AT, HOOKS
from fireinvest.store.channels import Channel, channels_of
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import origin, sent_at, who
from fireinvest.web.working import senders

blueprint = Blueprint("channels", __name__, url_prefix="/me/notices")

_CHANNEL = "/<int:channel_id>"
_MINUTES = 60

Beside = Mapping[str, list[Words]]


@dataclass(frozen=True, slots=True)
class Shown:
    """A secret that is shown once: what it is, and what it says."""

    words: Words
    secret: str


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel as the page shows it; times of the day as fields take them."""

    channel: Channel
    kind: Words
    quiet_from: str
    quiet_until: str


@blueprint.get("")
@signed_in
def show() -> ResponseReturnValue:
    """One's ways of hearing, and how to add another."""
    return _page()


@blueprint.post("/mail")
@signed_in
def add_mail() -> ResponseReturnValue:
    """Send a code to an address of mail."""
    address = request.form.get("address", "").strip()
    return _done(
        "mail",
        lambda: service.add_mail(state().database, senders(), address, _asker()),
        _("A code was sent there. Type it in below."),
    )


@blueprint.post("/hook")
@signed_in
def add_hook() -> ResponseReturnValue:
    """Add a robot of a chat group, or a webhook of a program."""
    form = request.form
    kind, url, secret = (form.get(name, "").strip() for name in ("kind", "url", "secret"))
    try:
        made = service.add_hook(state().database, senders(), kind, url, secret, _asker())
    except Faulty as faulty:
        return _page("hook", _placed(faulty)), 400
    if made is None:
        return _told(_("It is added. Send a test to see whether notices arrive."))
    said = Text("The secret by which the other program knows our signature; it is shown only now:")
    return _page(shown=Shown(said, made))


@blueprint.post(f"{_CHANNEL}/confirm")
@signed_in
def confirm(channel_id: int) -> ResponseReturnValue:
    """Confirm an address by the code that was sent there."""
    code = request.form.get("code", "")
    return _done(
        f"{channel_id}",
        lambda: service.confirm_mail(state().database, channel_id, code, _asker()),
        _("The address is confirmed."),
    )


@blueprint.post(f"{_CHANNEL}/settings")
@signed_in
def settings(channel_id: int) -> ResponseReturnValue:
    """Choose when one hears over a channel."""
    form = request.form
    return _done(
        f"{channel_id}",
        lambda: service.change(
            state().database,
            channel_id,
            _asker(),
            is_digest=form.get("when") == "digest",
            quiet_from=form.get("quiet_from", "").strip(),
            quiet_until=form.get("quiet_until", "").strip(),
        ),
        _("It is saved."),
    )


@blueprint.post(f"{_CHANNEL}/test")
@signed_in
def test(channel_id: int) -> ResponseReturnValue:
    """Send a test over a channel."""
    return _done(
        f"{channel_id}",
        lambda: service.try_out(state().database, senders(), channel_id, _asker()),
        _("A test was sent. Look whether it has arrived."),
    )


@blueprint.post(f"{_CHANNEL}/remove")
@signed_in
def remove(channel_id: int) -> ResponseReturnValue:
    """Hear over a channel no more."""
    return _done(
        f"{channel_id}",
        lambda: service.remove(state().database, channel_id, _asker()),
        _("It is removed. Nothing is sent there any more."),
    )


@blueprint.post("/feed")
@signed_in
def new_feed() -> ResponseReturnValue:
    """Make a private address for one's calendar; one before it ends."""
    token = service.new_feed(state().database, _asker())
    address = f"{state().settings.public_url}{url_for('feed.show', token=token)}"
    said = Text(
        "The private address of your calendar. It is shown only now; whoever has it sees your "
        "deadlines:"
    )
    return _page(shown=Shown(said, address))


@blueprint.post("/feed/end")
@signed_in
def end_feed() -> ResponseReturnValue:
    """Revoke the private address of one's calendar."""
    service.end_feed(state().database, _asker())
    return _told(_("The address of your calendar holds no more."))


# ---------------------------------------------------------------------------- answering


def _asker() -> Asker:
    return Asker(who().person, sent_at(), origin())


def _done(part: str, change: Callable[[], object], said: str) -> ResponseReturnValue:
    try:
        change()
    except Faulty as faulty:
        return _page(part, _placed(faulty)), 400
    return _told(said)


def _told(said: str) -> ResponseReturnValue:
    flash(said, "done")
    return redirect(url_for("channels.show"), 303)


def _placed(faulty: Faulty) -> Beside:
    placed: dict[str, list[Words]] = {}
    for each in faulty.problems:
        placed.setdefault(each.field, []).append(each.text)
    return placed


def _page(part: str = "", beside: Beside | None = None, shown: Shown | None = None) -> str:
    """``part``: of which form the problems and what was typed are."""
    with state().database.readers.begin() as session:
        mine = channels_of(session, who().person.id)
    outside = senders()
    lost = part.isdecimal() and part not in {f"{each.id}" for each in mine}
    return render_template(
        "me/notices.html",
        channels=[_view(each) for each in mine if each.kind != FEED],
        feed=next((each for each in mine if each.kind == FEED), None),
        has_mail=outside.post is not None,
        has_hooks=outside.outside is not None,
        kinds=[(each, CHANNELS[each]) for each in _ROBOTS_FIRST],
        part=part,
        beside=beside or {},
        is_lost=lost,
        shown=shown,
        digest_at=DIGEST_AT,
        form=request.form,
    )


_ROBOTS_FIRST = (*HOOKS[1:], HOOKS[0])


def _view(channel: Channel) -> ChannelView:
    return ChannelView(
        channel,
        channel_words(channel.kind),
        _time(channel.quiet_from),
        _time(channel.quiet_until),
    )


def _time(minute: int | None) -> str:
    return "" if minute is None else f"{minute // _MINUTES:02d}:{minute % _MINUTES:02d}"
