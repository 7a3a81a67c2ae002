"""`hamaproto.commands.beyond`: any group, parameter and target, as far as it can be carried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specification import carried_texts, searched

from hamaproto.commands.beyond import list_params, raw, talk, update_params
from hamaproto.commands.catalogue import BRAND, SET_MJPEG_FPS
from hamaproto.commands.request import Reply, Request, StreamRequest
from hamaproto.errors import ArgumentTypeError, LocalProtocolError
from hamaproto.wire.params import ParamList


def test_lists_of_several_groups() -> None:
    request = list_params("Brand", "Layout", "Image.I0.Stream")
    assert request.target == (
        "/camera-cgi/admin/param.cgi?action=list&group=Brand,Layout,Image.I0.Stream"
    )
    assert (request.reply, request.number) == (Reply.PARAMS, None)
    assert request.model is not None
    empty = ParamList()
    assert request.model(empty) is empty
    assert list_params("root").target.endswith("group=root")


@pytest.mark.parametrize("root", ["root.", "Root.", "root.root.", ""])
def test_a_root_is_left_out_of_what_is_sent(root: str) -> None:
    assert list_params(f"{root}Brand").target == BRAND.example.target
    update = update_params({f"{root}Image.I0.Stream.FPS": 15})
    assert update.target == SET_MJPEG_FPS.example.target


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ((), "needs a group: without one the answer is empty"),
        (("",), "group: 0 bytes"),
        (("a,b",), "',' separates groups"),
        (("a&b",), "group: '&' at index 1"),
        (("a b",), "group: ' ' at index 1"),
        (("x" * 64, "y" * 62), "all groups in one request: 127 bytes"),
        (("A", 5), "group: takes a str, not int"),
    ],
)
def test_groups_that_can_not_be_asked_for(wrong: tuple[Any, ...], why: str) -> None:
    with pytest.raises(LocalProtocolError, match=why) as raised:
        list_params(*wrong)
    assert isinstance(raised.value, ArgumentTypeError) is (5 in wrong)


def test_all_the_groups_together_have_126_bytes() -> None:
    assert list_params("x" * 64, "y" * 61).target.endswith("y" * 61)


def test_updates_of_several_parameters() -> None:
    stem = "/camera-cgi/admin/param.cgi?action=update"
    pairs = [("Image.I0.Stream.FPS", 15), ("Image.I0.Appearance.Resolution", "320x240")]
    due = f"{stem}&Image.I0.Stream.FPS=15&Image.I0.Appearance.Resolution=320x240"
    for params in (pairs, dict(pairs), iter(pairs), [list(pair) for pair in pairs]):
        request = update_params(params)  # type: ignore[arg-type]  # a list is taken as well
        assert (request.target, request.reply, request.number) == (due, Reply.ACK, None)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({}, "needs a parameter"),
        ({"": "1"}, "key: 0 bytes"),
        ({"a": ""}, "value of a: 0 bytes"),
        ({"a": True}, "value of a: takes a str or an int, not bool"),
        ({"a": None}, "value of a: takes a str or an int, not NoneType"),
        ({5: "1"}, "key: takes a str, not int"),
        ({"a=b": "1"}, "key: '=' at index 1"),
        ({"Motion detection enable": "1"}, "key: ' ' at index 6"),
        ({"a": "1&b=2"}, "value of a: '&' at index 1"),
        ({"a": "x" * 127}, "value of a: 127 bytes"),
        ([("FPS", 1), ("FPS", 2)], "the name FPS also occurs"),
        ([("Image.FPS", 1), ("FPS", 2)], "the name FPS also occurs"),
        ([("Xy", "FPS"), ("FPS", 2)], "the name FPS also occurs"),
        ("A.b", r"params=\.\.\.\): a mapping of keys to values, or .* not a str"),
        (b"A.b", r"params=\.\.\.\): a mapping of keys to values, or .* not a bytes"),
        (None, r"params=\.\.\.\): a mapping of keys to values, or .* not None"),
        (["ab"], r"params=\.\.\.\): a mapping of keys to values, or .* not a list"),
        ([("a", "b", "c")], r"params=\.\.\.\): a mapping of keys to values, or .* not a list"),
        ([{"a", "b"}], r"params=\.\.\.\): a mapping of keys to values, or .* not a list"),
    ],
)
def test_updates_that_can_not_be_sent(wrong: Any, why: str) -> None:
    with pytest.raises(LocalProtocolError, match=why) as raised:
        update_params(wrong)
    assert isinstance(raised.value, ArgumentTypeError) is ("takes" in why or "mapping" in why)


@given(st.dictionaries(carried_texts, carried_texts, max_size=4))
def test_a_camera_finds_every_updated_parameter(params: dict[str, str]) -> None:
    try:
        target = update_params(params).target
    except LocalProtocolError:
        return
    for key, value in params.items():
        bare = key.removeprefix("root.") if "root." in key.lower() else key
        assert searched(target, bare) == value or bare.lower().startswith("root.")


def test_no_message_and_no_repr_repeats_a_password() -> None:
    secret = "hunter2"
    for build in (
        lambda: update_params({"User1": f"{secret} "}),
        lambda: update_params({"User1": secret * 30}),
        lambda: update_params([("User1", secret, secret)]),  # type: ignore[list-item]
        lambda: raw(f"/x?password={secret}\n"),
    ):
        with pytest.raises(LocalProtocolError) as raised:
            build()
        assert secret not in str(raised.value)
    assert secret not in repr(update_params({"User1": secret}))
    assert repr(raw(f"/x?p={secret}")) == "<Request Raw request: GET /x>"


# -- any target ------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/", "/x", "/x?a=b&c=%20d", "/a//b?x=[1]|{2}\"'"])
def test_raw_targets_go_out_as_they_are(target: str) -> None:
    request = raw(target)
    assert (request.target, request.reply, request.number) == (target, Reply.ANY, None)
    assert request.url("http://camera") == f"http://camera{target}"


@pytest.mark.parametrize("reply", Reply)
def test_any_target_with_any_reply(reply: Reply) -> None:
    request = raw("/cgi/mjpg?a=1", reply=reply)
    assert request.reply is reply
    assert request.target == "/cgi/mjpg?a=1"
    streams = (Reply.MJPEG, Reply.AUDIO, Reply.TALK)
    assert isinstance(request, StreamRequest) is (reply in streams)
    assert isinstance(request, Request) is (reply not in streams)


@pytest.mark.parametrize("wrong", ["mjpeg", None, 1])
def test_a_reply_is_one_of_the_list(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"raw\(reply=.* a member of hamaproto\.commands"):
        raw("/x", reply=wrong)


def test_talking_back_is_outside_the_catalogue() -> None:
    request = talk()
    assert request.target == "/camera-cgi/audio/transmit.cgi"
    assert (request.reply, request.number) == (Reply.TALK, None)
    assert isinstance(request, StreamRequest)


@pytest.mark.parametrize("build", [lambda: raw(5), lambda: raw(b"/x"), lambda: list_params(None)])
def test_a_wrong_type_is_a_type_error_as_well(build: Callable[[], object]) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        build()
    assert isinstance(caught.value, TypeError)
