"""Requests beyond the catalogue: any groups, any parameters, talk-back, any target at all.

What is sent here is held against no list of values, and bound only by what can be carried.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, overload

from hamaproto import _checks
from hamaproto._checks import wrong_type
from hamaproto.commands.catalogue import LIST, UPDATE
from hamaproto.commands.request import AudioEvent, Reply, Request, StreamRequest, VideoEvent
from hamaproto.commands.values import carried, query, written
from hamaproto.errors import ArgumentTypeError, LocalProtocolError
from hamaproto.events import Data, EndOfStream, Frame
from hamaproto.models import Ack, RawAnswer
from hamaproto.wire.params import ParamList, without_root

__all__ = ["list_params", "raw", "talk", "update_params"]


def _as_it_is(params: ParamList) -> ParamList:
    return params


def _name_of(what: str, name: str) -> str:
    """The name of a group or a parameter, without the `root.` that some answers have."""
    return without_root(carried(what, name))


def list_params(*groups: str) -> Request[ParamList]:
    """The parameters of one or more groups in one request, by the clauses 2.1.

    The cameras know groups by their full names only: a parent, or `*`, is answered with an
    error line.  A leading `root.`, which answers have, is left out of what is sent.  All the
    names together may have 126 bytes.
    """
    if not groups:
        raise LocalProtocolError("list_params() needs a group: without one the answer is empty")
    asked = []
    for group in groups:
        if not isinstance(group, str):
            raise ArgumentTypeError(f"group: takes a str, not {type(group).__name__}")
        if "," in group:
            raise LocalProtocolError("group: ',' separates groups; pass them as arguments")
        asked.append(_name_of("group", group))
    value = carried("all groups in one request", ",".join(asked))
    target = query(LIST, [("group", value)])
    return Request(target, None, "List parameters", Reply.PARAMS, model=_as_it_is)


_PAIRS: Final = "a mapping of keys to values, or (key, value) pairs"


def _iterated(params: object) -> Iterable[Any]:
    if isinstance(params, str | bytes) or not isinstance(params, Iterable):
        raise wrong_type("update_params", "params", params, _PAIRS, secret=True)
    return params


def update_params(
    params: Mapping[str, str | int] | Iterable[tuple[str, str | int]],
) -> Request[Ack]:
    """Set parameters by their keys, in the order given, by the clauses 2.2.

    Nothing is held against a list of values.  The cameras say OK to unknown keys and bad
    values too: only `list_params` shows what was stored.  A leading `root.` of a key is left
    out of what is sent.
    """
    pairs = []
    for pair in params.items() if isinstance(params, Mapping) else _iterated(params):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise wrong_type("update_params", "params", params, _PAIRS)
        key, value = pair
        if not isinstance(key, str):
            raise ArgumentTypeError(f"key: takes a str, not {type(key).__name__}")
        key = _name_of("key", key)
        what = f"value of {key}"
        pairs.append((key, carried(what, written(what, value))))
    if not pairs:
        raise LocalProtocolError("update_params() needs a parameter")
    return Request(query(UPDATE, pairs), None, "Update parameters", Reply.ACK)


def talk() -> StreamRequest[Data | EndOfStream]:
    """Talk back: send this, then GSM 06.10 frames of 33 bytes up the same connection.

    Not in the specification; the firmware has it, and has not been seen to answer.
    """
    return StreamRequest("/camera-cgi/audio/transmit.cgi", None, "Talk back", Reply.TALK)


@overload
def raw(target: str, *, reply: Literal[Reply.ANY] = ...) -> Request[RawAnswer]: ...
@overload
def raw(target: str, *, reply: Literal[Reply.IMAGE]) -> Request[Frame]: ...
@overload
def raw(target: str, *, reply: Literal[Reply.PARAMS]) -> Request[ParamList]: ...
@overload
def raw(target: str, *, reply: Literal[Reply.ACK, Reply.FORM]) -> Request[Ack]: ...
@overload
def raw(target: str, *, reply: Literal[Reply.MJPEG]) -> StreamRequest[VideoEvent]: ...
@overload
def raw(target: str, *, reply: Literal[Reply.AUDIO]) -> StreamRequest[AudioEvent]: ...
@overload
def raw(target: str, *, reply: Literal[Reply.TALK]) -> StreamRequest[Data | EndOfStream]: ...
@overload
def raw(target: str, *, reply: Reply) -> Request[Any] | StreamRequest[Any]: ...
def raw(target: str, *, reply: Reply = Reply.ANY) -> Request[Any] | StreamRequest[Any]:
    """Any other GET; `target` goes out as it is.

    It begins with `/` and has visible ASCII characters only; an HTTP library that is given
    its `url()` may escape the ones that RFC 3986 does not let stand in a URL.

    `reply` says what the answer is, and so what comes of it: `Reply.ANY` gives a `RawAnswer`,
    `IMAGE` a `Frame`, `PARAMS` a `ParamList`, `ACK` and `FORM` an `Ack`.  `MJPEG`, `AUDIO` and
    `TALK` are streams: `raw("/video.cgi", reply=Reply.MJPEG)` is for `Camera.stream`.
    """
    _checks.instance("raw", "reply", reply, Reply, "a member of hamaproto.commands.Reply")
    kind = StreamRequest if reply.endless else Request
    return kind(target, None, "Raw request", reply)
