"""An update that is read back: what was asked for, and what the device then has.

    a Request that sets parameters -> confirm -> requests to be executed -> Confirmed

The cameras say OK whatever happened, and round, clamp or ignore values; only a list shows what
was stored.  `confirm` is the plan of that, without I/O: a driver carries it out.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from hamaproto.commands import CATALOGUE, RateControl, Request, VideoFormat, list_params
from hamaproto.commands.catalogue import SET_DEFAULT_VIDEO_FORMAT
from hamaproto.errors import LocalProtocolError, RefusedError
from hamaproto.models import Ack, DefaultVideoFormat
from hamaproto.wire.params import ParamList

__all__ = ["Confirmed", "confirm"]

_UPDATE = re.compile(r"[^?]*/param\.cgi\?action=update&(.+)", re.DOTALL)
_FORM = re.compile(r"[^?]*/form/enet\?enet_source=[^&]*&(.+)", re.DOTALL)
#: What a form sets under another name and in other words: field -> key, word by value.
_FORM_KEYS: Final = {
    argument.key: (
        f"{DefaultVideoFormat.group}.DefaultVideoFormat",
        {choice.code: choice.value for choice in VideoFormat},
    )
    for argument in SET_DEFAULT_VIDEO_FORMAT.arguments
}
#: Keys whose values are set in one spelling and listed in another (2.1.6 and 2.2.4).
_SPELLINGS: Final[dict[str, type[Enum]]] = {"stats": RateControl}
#: The groups that the specification lists; some have the name of their only key.
_GROUPS: Final = frozenset(row.view.group for row in CATALOGUE if row.view is not None)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What an update asked for and what the device then had, by key, both as text.

    `stored` has None for a key that the device does not list (a bitrate while it holds the
    quality, for one).  `ack` is the answer to the update itself, which is OK whatever
    happened.
    """

    requested: dict[str, str]
    """What was to be set, by key."""
    stored: dict[str, str | None]
    ack: Ack

    @property
    def ok(self) -> bool:
        """True if everything was stored as it was asked for."""
        return not self.differences

    @property
    def differences(self) -> dict[str, tuple[str, str | None]]:
        """Each key that was stored otherwise: what was asked for, and what is there."""
        return {
            key: (value, self.stored[key])
            for key, value in self.requested.items()
            if not _same(key, value, self.stored[key])
        }

    def __repr__(self) -> str:
        return f"<Confirmed {len(self.requested)} keys, {len(self.differences)} differ>"


def _same(key: str, requested: str, stored: str | None) -> bool:
    return stored is not None and _meaning(key, requested) == _meaning(key, stored)


def _meaning(key: str, text: str) -> object:
    """The value without the case in which devices print words and `320X240`."""
    plain = text.strip().lower()
    kind = _SPELLINGS.get(key.rpartition(".")[2].lower())
    if kind is not None:
        try:
            return kind(plain)
        except ValueError:
            return plain
    return plain


def confirm(request: Request[Ack]) -> Generator[Request[Any], Any, Confirmed]:
    """The plan of an update that is read back: yields requests, is sent their results.

        plan = confirm(commands.set_mjpeg_fps(7))
        asked = next(plan)
        while True:                         # until StopIteration, whose value is `Confirmed`
            asked = plan.send(driver.execute(asked))

    Throw a RefusedError into it (`plan.throw`) for an answer that was one: a device that
    acknowledges an update and then does not list the group has stored nothing that is known.

    Raises LocalProtocolError if `request` sets nothing that can be read back: the cameras
    do not list what their forms set, but for the default video format.
    """
    requested = _what_is_set(request)
    ack = yield request
    params = ParamList()
    with contextlib.suppress(RefusedError):
        params = yield list_params(*dict.fromkeys(_group_of(key) for key in requested))
    return Confirmed(requested, {key: params.get(key) for key in requested}, ack)


def _what_is_set(request: Request[Ack]) -> dict[str, str]:
    """The keys that a request sets, with the values that should be listed afterwards."""
    if (update := _UPDATE.fullmatch(request.target)) is not None:
        keys = dict(_pairs(update[1]))
        lacking = next((key for key in keys if "." not in key.strip(".")), None)
        if lacking is not None:
            raise LocalProtocolError(f"confirm(): the key {lacking!r} has no group to be listed")
        return keys
    form = _FORM.fullmatch(request.target)
    fields = {} if form is None else dict(_pairs(form[1]))
    if not fields or not all(name in _FORM_KEYS for name in fields):
        raise LocalProtocolError(
            f"confirm(): what {request!r} sets is not listed by the cameras, so it can't be read "
            "back; commands 2.2.1 to 2.2.9 and update_params() can"
        )
    found = {}
    for name, value in fields.items():
        key, words = _FORM_KEYS[name]
        found[key] = words.get(value, value)
    return found


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        yield name, value


def _group_of(key: str) -> str:
    plain = key.removeprefix("root.")
    return plain if plain in _GROUPS else plain.rpartition(".")[0]
