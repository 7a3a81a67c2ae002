"""`hamaproto.commands`: every target is the specification's, and no value makes another one.

The targets come from the text of the specification, what a URL may be from four HTTP
libraries, and how a query is read from a model of the cameras' own search.
"""

from __future__ import annotations

import ast
import doctest
import inspect
import pickle
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures import read_json
from hamaproto import commands, models
from hamaproto.commands import CATALOGUE, Direction, FlipMode, Reply, Request, StreamRequest
from hamaproto.errors import LocalProtocolError
from hamaproto.models import RateControl, Resolution, VideoFormat

SPECIFICATION = {
    row["number"]: row for row in read_json("params", "specification", "commands.json")
}
COMMANDS = {command.number: command for command in CATALOGUE}

#: The lists that the specification prints, copied by hand.
PRINTED = {
    "set_mjpeg_resolution": "1280x1024 640x480 320x240",
    "set_mpeg4_resolution": "1024x768 640x480 320x240",
    "set_jpeg_compression": "0 1 2 3 4",
    "set_mpeg4_rate_control": "1 0",
    "set_mpeg4_bitrate": ("2000000 1500000 1000000 800000 500000 400000 300000 250000 200000"),
    "set_mpeg4_compression": "13 11 9 7 5",
    "set_mjpeg_fps": "1 3 5 10 15 30",
    "set_mpeg4_fps": "3 5 10 15",
    "set_default_video_format": "0 1",
    "set_flip_mode": "0 1 2 3",
    "move": "left right up down upleft upright downleft downright center",
    "go_to_preset": "0 1 2 3 4 5 6 7 8",
    "set_pan_tilt_speed": "1 3 5 7 9",
}
SETTERS: dict[str, Callable[..., Request[models.Ack]]] = {
    name: getattr(commands, name) for name in PRINTED
}


def searched(target: str, name: str) -> str | None:
    """What a camera takes for a parameter: the first hit of the name in the query."""
    query = target.partition("?")[2]
    at = query.find(name)
    if at < 0:
        return None
    return query[at + len(name) :].removeprefix("=").partition("&")[0]


# -- the catalogue ---------------------------------------------------------------------


def test_the_catalogue_is_the_specification() -> None:
    assert [command.number for command in CATALOGUE] == list(SPECIFICATION)
    assert len(CATALOGUE) == len(COMMANDS) == 36


@pytest.mark.parametrize("number", SPECIFICATION)
def test_each_row_is_its_clause_to_the_letter(number: str) -> None:
    row, command = SPECIFICATION[number], COMMANDS[number]
    assert command.title == row["title"]
    assert command.clause == number.rstrip("ab")
    assert command.build is getattr(commands, command.name)
    assert command.build.__doc__
    assert command.build.__doc__.startswith(f"{command.clause}")
    if row["target"] is not None:
        assert command.example.target == row["target"]
    else:
        assert number == "3.3"
        form = row["form"].replace("[No, Yes]", "Yes").replace("[0-100]", "50")
        assert command.example.target == form
    assert command.example.method == "GET"
    assert command.example.anonymous is (number == "1.2")


def test_the_builders_are_public() -> None:
    beyond = {"list_params", "update_params", "talk", "raw"}
    built = {command.name for command in CATALOGUE} | beyond
    functions = {name for name in commands.__all__ if inspect.isfunction(getattr(commands, name))}
    assert built == functions
    assert commands.__all__ == sorted(commands.__all__, key=_ruff_order)


def _ruff_order(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("command", CATALOGUE, ids=lambda command: command.name)
def test_what_each_answer_is(command: commands.Command) -> None:
    number, target = command.number, command.example.target
    due = {"1.1": Reply.IMAGE, "1.2": Reply.IMAGE, "1.3": Reply.MJPEG, "3.1": Reply.AUDIO}.get(
        number,
        Reply.PARAMS
        if "action=list" in target
        else Reply.FORM
        if target.startswith("/form/")
        else Reply.ACK,
    )
    assert command.reply is due
    assert isinstance(command.example, StreamRequest) is (due in (Reply.MJPEG, Reply.AUDIO))
    if isinstance(command.example, Request):
        assert (command.example.model is not None) is (due is Reply.PARAMS)


def test_allowed_names_the_builders_arguments() -> None:
    for command in CATALOGUE:
        assert set(command.allowed) <= set(inspect.signature(command.build).parameters)
        for values in command.allowed.values():
            assert all(isinstance(value, str) for value in values)
        with pytest.raises(TypeError):
            command.allowed["x"] = ()  # type: ignore[index]  # that is the point
    assert sum(1 for command in CATALOGUE if command.allowed) == 16


def test_the_docstrings_examples() -> None:
    assert doctest.testmod(commands) == (0, 1)


# -- values ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRINTED)
def test_every_printed_value_is_sent_as_printed(name: str) -> None:
    build = SETTERS[name]
    (command,) = (command for command in CATALOGUE if command.name == name)
    (allowed,) = command.allowed.values()
    assert allowed == tuple(PRINTED[name].split())
    stem = command.example.target.rpartition("=")[0]
    for text in allowed:
        assert build(text).target == f"{stem}={text}"
        if text.isdecimal():
            assert build(int(text)).target == f"{stem}={text}"


@pytest.mark.parametrize("name", PRINTED)
@pytest.mark.parametrize(
    "wrong", ["99", 99, -1, "", "é", " 1", "1 ", "01", "1&x=2", "1\n", "x" * 5000, 10**200, "1=2"]
)
def test_other_values_are_refused_with_the_list_and_the_clause(name: str, wrong: Any) -> None:
    build = SETTERS[name]
    clause = next(command.clause for command in CATALOGUE if command.name == name)
    with pytest.raises(LocalProtocolError) as raised:
        build(wrong)
    message = str(raised.value)
    assert len(message) < 400
    if isinstance(wrong, str) or wrong in (99, -1):
        assert f"(clause {clause})" in message
        assert all(text in message for text in PRINTED[name].split())
        assert (
            str(wrong)[:40] in message.encode().decode("unicode_escape") or not str(wrong).isascii()
        )


@pytest.mark.parametrize("name", PRINTED)
@pytest.mark.parametrize("wrong", [True, False, None, 1.0, b"1", [1], object()])
@pytest.mark.parametrize("unchecked", [False, True])
def test_other_types_are_refused(name: str, wrong: Any, unchecked: bool) -> None:
    with pytest.raises(LocalProtocolError, match=r"takes a str or an int, not \w+"):
        SETTERS[name](wrong, unchecked=unchecked)


@pytest.mark.parametrize("name", PRINTED)
def test_unchecked_sends_what_can_be_carried(name: str) -> None:
    build = SETTERS[name]
    (command,) = (command for command in CATALOGUE if command.name == name)
    stem = command.example.target.rpartition("=")[0]
    assert build("stop", unchecked=True).target == f"{stem}=stop"
    for wrong in ("", "a b", "a&b", "a=b", "a#b", "a%41", "a\r\nb", "\xe9", "\0", "x" * 127):
        with pytest.raises(LocalProtocolError, match=r"bytes|can't be carried"):
            build(wrong, unchecked=True)
    with pytest.raises(LocalProtocolError, match="126 bytes"):
        build(10**126, unchecked=True)
    with pytest.raises(LocalProtocolError, match="126 bytes"):
        build(10**5000, unchecked=True)


def test_choices_are_taken_in_all_spellings() -> None:
    vbr = commands.set_mpeg4_rate_control(1)
    assert vbr.target.endswith("stats=1")
    for choice in (RateControl.COMPRESSION, "compression", "Compression", "1"):
        assert commands.set_mpeg4_rate_control(choice) == vbr
    mpeg4 = commands.set_default_video_format(1)
    for kind in (VideoFormat.MPEG4, "mpeg4", "MPEG4", "1"):
        assert commands.set_default_video_format(kind) == mpeg4
    assert commands.set_flip_mode(FlipMode.ROTATE_180) == commands.set_flip_mode(3)
    assert commands.move(Direction.UPLEFT) == commands.move("upleft")
    vga = commands.set_mjpeg_resolution("640x480")
    for size in (Resolution(640, 480), "640X480", (640, 480), "640 x 480"):
        assert commands.set_mjpeg_resolution(size) == vga


def test_one_choice_is_not_taken_for_another() -> None:
    with pytest.raises(LocalProtocolError, match="'mjpeg' is not allowed"):
        commands.set_mpeg4_rate_control(VideoFormat.MJPEG)
    with pytest.raises(LocalProtocolError, match="'bitrate' is not allowed"):
        commands.set_default_video_format(RateControl.BITRATE)


def test_the_channels_have_lists_of_their_own() -> None:
    commands.set_mjpeg_resolution("1280x1024")
    with pytest.raises(LocalProtocolError, match=r"1280x1024.*1024x768.*2\.2\.2"):
        commands.set_mpeg4_resolution("1280x1024")
    with pytest.raises(LocalProtocolError, match=r"1024x768.*1280x1024.*2\.2\.1"):
        commands.set_mjpeg_resolution("1024x768")
    commands.set_mjpeg_fps(30)
    with pytest.raises(LocalProtocolError, match=r"30.*2\.2\.8"):
        commands.set_mpeg4_fps(30)
    odd = commands.set_mjpeg_resolution((1920, 1080), unchecked=True)
    assert odd.target.endswith("=1920x1080")
    for wrong in ((True, 480), (640,), (640, None), (1, 2, 3)):
        with pytest.raises(LocalProtocolError, match="takes a str or an int"):
            commands.set_mjpeg_resolution(wrong, unchecked=True)  # type: ignore[arg-type]


def test_audio_settings_keep_the_printed_order() -> None:
    stem = "/form/enet?enet_source=cp.asp"
    build = commands.set_audio
    assert build(output_volume=100, enable=False).target == (
        f"{stem}&enet_audio_enable=No&enet_audio_output_vol=100"
    )
    assert build(microphone_volume=0).target == f"{stem}&enet_audio_mic_vol=0"
    assert build("yes") == build("Yes") == build(True) == build(commands.AudioEnable.YES)
    for wrong in (5, 110, -10, "055"):
        with pytest.raises(LocalProtocolError, match=r"0, 10, .* 100 \(clause 3\.3\)"):
            build(output_volume=wrong)
    with pytest.raises(LocalProtocolError, match=r"enable: 'on'.*No, Yes \(clause 3\.3\)"):
        build("on")
    with pytest.raises(LocalProtocolError, match="not bool"):
        build(microphone_volume=True)
    with pytest.raises(LocalProtocolError, match="changes nothing"):
        build()


# -- presets ---------------------------------------------------------------------------

carried = st.text(string.ascii_letters + string.digits + "-._~!$'()*+,;:@/?", min_size=1)


@pytest.mark.parametrize("build", [commands.add_preset, commands.remove_preset])
@given(
    # With the name of a parameter in it a name is refused, see below.
    name=carried.filter(lambda name: len(name) <= 63 and "preset" not in name.lower()),
    index=st.integers(0, 8),
)
@example(name="presetno", index=0)
@example(name="a/../b?c", index=0)
def test_a_camera_finds_the_presets_name_and_index(
    build: Callable[[str, int], Request[models.Ack]], name: str, index: int
) -> None:
    target = build(name, index).target
    key = "setserverpresetname" if build is commands.add_preset else "removeserverpresetname"
    assert searched(target, key) == name
    assert searched(target, "presetNo") == str(index)


@pytest.mark.parametrize("build", [commands.add_preset, commands.remove_preset])
@given(name=st.text(), index=st.one_of(st.integers(), st.text()), unchecked=st.booleans())
@example(name="presetNo", index=1, unchecked=True)
def test_no_name_makes_a_second_parameter(
    build: Callable[..., Request[models.Ack]], name: str, index: int | str, unchecked: bool
) -> None:
    try:
        target = build(name, index, unchecked=unchecked).target
    except LocalProtocolError:
        return
    assert target.count("&") == 1
    assert target.count("=") == 2
    assert searched(target, "presetNo") == str(index)
    assert target.isascii()
    assert target.isprintable()
    assert " " not in target


def test_names_that_cameras_would_cut_are_refused() -> None:
    assert commands.add_preset("x" * 63, 0).target.count("x") == 63
    with pytest.raises(LocalProtocolError, match=r"64 bytes.*keep 63 \(clause 4\.3\)"):
        commands.add_preset("x" * 64, 0)
    commands.add_preset("x" * 126, 0, unchecked=True)
    with pytest.raises(LocalProtocolError, match="127 bytes"):
        commands.add_preset("x" * 127, 0, unchecked=True)
    with pytest.raises(LocalProtocolError, match="0 bytes"):
        commands.add_preset("", 0)
    with pytest.raises(LocalProtocolError, match="takes a str"):
        commands.add_preset(5, 0)  # type: ignore[arg-type]


def test_a_refusal_names_the_character_and_says_why() -> None:
    with pytest.raises(LocalProtocolError, match=r"'&' at index 2.*decode no percent-escapes"):
        commands.add_preset("my&room", 0)
    with pytest.raises(LocalProtocolError, match="presetNo also occurs"):
        commands.add_preset("presetNo", 0)


# -- beyond the catalogue --------------------------------------------------------------


def test_lists_of_several_groups() -> None:
    request = commands.list_params("Brand", "Layout", "Image.I0.Stream")
    assert request.target == (
        "/camera-cgi/admin/param.cgi?action=list&group=Brand,Layout,Image.I0.Stream"
    )
    assert request.reply is Reply.PARAMS
    assert request.number is None
    assert request.model is not None
    empty = models.ParamList()
    assert request.model(empty) is empty
    assert commands.list_params("Brand").target == commands.brand().target
    for root in ("root.", "Root.", "root.root."):
        assert commands.list_params(f"{root}Brand").target == commands.brand().target
        update = commands.update_params({f"{root}Image.I0.Stream.FPS": 5})
        assert update.target == commands.set_mjpeg_fps(5).target
    assert commands.list_params("root").target.endswith("group=root")
    for wrong in (("",), ("a,b",), ("a&b",), ("a b",), ("x" * 64, "y" * 63), (5,), ()):
        with pytest.raises(LocalProtocolError):
            commands.list_params(*wrong)  # type: ignore[arg-type]


def test_updates_of_several_parameters() -> None:
    stem = "/camera-cgi/admin/param.cgi?action=update"
    pairs = [("Image.I0.Stream.FPS", 15), ("Image.I0.Appearance.Resolution", "320x240")]
    due = f"{stem}&Image.I0.Stream.FPS=15&Image.I0.Appearance.Resolution=320x240"
    assert commands.update_params(pairs).target == due
    assert commands.update_params(dict(pairs)).target == due
    assert commands.update_params(iter(pairs)).target == due
    assert commands.update_params({"Image.I0.Stream.FPS": 15}).reply is Reply.ACK
    for wrong in (
        {},
        {"": "1"},
        {"a": ""},
        {"a": True},
        {"a": None},
        {5: "1"},
        {"a=b": "1"},
        {"Motion detection enable": "1"},
        {"a": "1&b=2"},
        {"a": "x" * 127},
        [("FPS", 1), ("FPS", 2)],
        [("Image.FPS", 1), ("FPS", 2)],
        [("a", "FPS"), ("FPS", 2)],
    ):
        with pytest.raises(LocalProtocolError):
            commands.update_params(wrong)  # type: ignore[arg-type]


@given(st.dictionaries(carried, carried, max_size=4))
def test_a_camera_finds_every_updated_parameter(params: dict[str, str]) -> None:
    try:
        target = commands.update_params(params).target
    except LocalProtocolError:
        return
    assert {key: searched(target, key) for key in params} == params


def test_no_message_and_no_repr_repeats_a_password() -> None:
    secret = "hunter2"
    for build in (
        lambda: commands.update_params({"User1": f"{secret} "}),
        lambda: commands.update_params({"User1": secret * 30}),
        lambda: commands.raw(f"/x?password={secret}\n"),
        lambda: commands.image().url(f"http://admin:{secret}@camera"),
        lambda: commands.image().url(f"admin:{secret}@camera"),
        lambda: commands.image().url(f"http://camera/?password={secret}"),
        lambda: commands.image().url(f"http://camera/#{secret}"),
    ):
        with pytest.raises(LocalProtocolError) as raised:
            build()
        assert secret not in str(raised.value)
        assert raised.value.__cause__ is None
    assert secret not in repr(commands.update_params({"User1": secret}))
    assert repr(commands.raw(f"/x?p={secret}")) == "<Request Raw request: GET /x>"
    assert repr(commands.mjpeg_fps()) == (
        "<Request 2.1.7a: GET /camera-cgi/admin/param.cgi?action=list&group=Image.I0.Stream>"
    )
    assert repr(CATALOGUE[8]) == "<Command 2.1.7a mjpeg_fps>"


@pytest.mark.parametrize("target", ["/", "/x", "/x?a=b&c=%20d", "/a//b?x=[1]|{2}\"'"])
def test_raw_targets_go_out_as_they_are(target: str) -> None:
    request = commands.raw(target)
    assert request.target == target
    assert request.reply is Reply.ANY
    assert request.url("http://camera") == f"http://camera{target}"


@given(st.text())
@example("")
@example("x")
@example("/a b")
@example("/a\r\nHost: x")
@example("/a#b")
@example("/\x7f")
@example("/\u017f")
def test_no_other_target_can_be_made(text: str) -> None:
    good = text.startswith("/") and all("!" <= c <= "~" and c != "#" for c in text)
    for make in (
        commands.raw,
        lambda t: Request(t, None, "x", Reply.ANY),
        lambda t: StreamRequest(t, None, "x", Reply.ANY),
    ):
        if good:
            assert make(text).target == text
        else:
            with pytest.raises(LocalProtocolError, match="request target"):
                make(text)


def test_a_target_is_text() -> None:
    with pytest.raises(LocalProtocolError, match="bytes"):
        commands.raw(b"/x")  # type: ignore[arg-type]


def test_talking_back_is_outside_the_catalogue() -> None:
    request = commands.talk()
    assert request.target == "/camera-cgi/audio/transmit.cgi"
    assert request.reply is Reply.TALK
    assert request.number is None
    assert request.target not in {command.example.target for command in CATALOGUE}


# -- the file name of 1.2 --------------------------------------------------------------


@given(st.text(st.characters(codec="latin-1"), max_size=20))
@example("my cam.jpg")
@example("100%.jpg")
@example("..")
@example("a&b=c;d+e.jpg")
def test_a_file_name_is_one_segment_of_a_path(name: str) -> None:
    try:
        request = commands.image_without_login(name)
    except LocalProtocolError:
        assert name in ("", ".", "..") or any(not " " <= c <= "~" or c in "/\\?#" for c in name)
        return
    assert request.anonymous
    path = urlsplit(request.url("http://camera")).path
    assert path == request.target
    assert path.count("/") == 1
    # What GoAhead does to a path.
    decoded = bytearray()
    rest = path[1:].encode("ascii")
    while rest:
        if rest[:1] == b"%":
            decoded.append(int(rest[1:3], 16))
            rest = rest[3:]
        else:
            decoded += rest[:1]
            rest = rest[1:]
    assert decoded.decode("ascii") == name


def test_file_names_that_are_none() -> None:
    for wrong in ("../x", "a\\b", "x" * 127, "a\nb", "\xe9", 5, None):
        with pytest.raises(LocalProtocolError, match="file name"):
            commands.image_without_login(wrong)  # type: ignore[arg-type]


# -- URLs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "base",
    [
        "http://camera",
        "HTTP://Camera.local.",
        "https://192.168.2.114:443",
        "http://192.168.2.114:65535/cameras/front~door/%20",
        "http://[::1]",
        "http://[fe80::1%25eth0]:8080/x",
        "http://my_camera-1:80",
    ],
)
@pytest.mark.parametrize("slash", ["", "/", "//"])
def test_bases(base: str, slash: str) -> None:
    assert commands.image().url(base + slash) == f"{base}/jpg/image.jpg"


@pytest.mark.parametrize(
    ("base", "why"),
    [
        ("camera", "http://host"),
        ("ftp://camera", "http://host"),
        ("http://", "http://host"),
        ("http://camera:", "http://host"),
        ("http://camera:0", "port 0"),
        ("http://camera:65536", "port 65536"),
        ("http://camera:8\u0660", "http://host"),
        ("http://cam era", "http://host"),
        ("http://camera\r\nX: y", "http://host"),
        ("http://camera\n", "http://host"),
        ("http://camera?x", "http://host"),
        ("http://camera/#x", "http://host"),
        ("http://camera/a/../b", "segments"),
        ("http://camera/.", "segments"),
        ("http://camera/%zz", "http://host"),
        ("http://camera\\x", "http://host"),
        ("http://caf\xe9", "http://host"),
        ("http\u017f://camera", "http://host"),
        ("http://\u212aamera", "http://host"),
        ("http://[::1", "http://host"),
        ("http://[camera]", "IPv6"),
        ("http://[::1%eth0]", "zone"),
        ("http://[::1%25]", "zone"),
        ("http://[::1%25a b]", "zone"),
        ("http://user@camera", "user name"),
        ("http://user:pw@camera", "user name"),
        ("http://:@camera", "user name"),
        ("http://a@b@camera/", "user name"),
        (b"http://camera", "str"),
        (None, "str"),
    ],
)
def test_bases_that_are_none(base: Any, why: str) -> None:
    with pytest.raises(LocalProtocolError, match=why):
        commands.image().url(base)


@given(st.text(max_size=30), st.sampled_from(["", "http://", "https://", "http://camera"]))
def test_no_base_makes_another_url(text: str, start: str) -> None:
    try:
        url = commands.image().url(start + text)
    except LocalProtocolError:
        return
    assert url.isascii()
    assert all("!" <= character <= "~" for character in url)
    parts = urlsplit(url)
    assert parts.scheme in ("http", "https")
    assert parts.username is parts.password is None
    assert parts.hostname
    assert parts.query == parts.fragment == ""
    assert parts.path.endswith("/jpg/image.jpg")


def _seen_by(library: str, url: str) -> str:
    """The target that an HTTP library would send for a URL."""
    if library == "httpx":
        httpx = pytest.importorskip("httpx")
        return httpx.URL(url).raw_path.decode("ascii")  # type: ignore[no-any-return]
    if library == "requests":
        requests = pytest.importorskip("requests")
        return requests.Request("GET", url).prepare().path_url  # type: ignore[no-any-return]
    if library == "aiohttp":
        yarl = pytest.importorskip("yarl")
        return yarl.URL(url).raw_path_qs  # type: ignore[no-any-return]
    urllib3 = pytest.importorskip("urllib3")
    return urllib3.util.parse_url(url).request_uri  # type: ignore[no-any-return]


@pytest.mark.parametrize("library", ["httpx", "requests", "aiohttp", "urllib3"])
class TestHttpLibraries:
    """No library alters what was built, so a camera gets the value that was given."""

    def test_every_example(self, library: str) -> None:
        for command in CATALOGUE:
            url = command.example.url("http://192.168.2.114:8080")
            assert _seen_by(library, url) == command.example.target

    @given(carried.filter(lambda name: len(name) <= 126))
    @example("-._~!$'()*+,;:@/?")
    @example("./../.")
    def test_every_value(self, library: str, value: str) -> None:
        target = commands.update_params({"Image.Text": value}).target
        assert _seen_by(library, f"http://camera{target}") == target

    @given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=9))
    @example("a%41 b")
    @example("-._~!$&'()*+,;=:@")
    def test_every_file_name(self, library: str, name: str) -> None:
        try:
            target = commands.image_without_login(name).target
        except LocalProtocolError:
            return
        assert _seen_by(library, f"http://camera{target}") == target


# -- as objects ------------------------------------------------------------------------


@pytest.mark.parametrize("command", CATALOGUE, ids=lambda command: command.name)
def test_requests_are_plain_data(command: commands.Command) -> None:
    request = command.example
    assert pickle.loads(pickle.dumps(request)) == request
    assert hash(request) == hash(pickle.loads(pickle.dumps(request)))
    with pytest.raises(AttributeError):
        request.target = "/x"  # type: ignore[misc]  # that is the point


def test_the_module_does_no_io() -> None:
    for module in (commands, models):
        tree = ast.parse(Path(inspect.getfile(module)).read_text(encoding="utf-8"))
        imported = {
            name.split(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert not imported & {"socket", "asyncio", "threading", "time", "numpy"}


def test_requests_type_what_they_are_answered_with() -> None:
    api = pytest.importorskip("mypy.api", reason="the typing of requests is read by mypy")
    root = Path(__file__).resolve().parent.parent
    file = root / "tests" / "typing" / "requests.py"
    out, errors, status = api.run(
        ["--config-file", str(root / "pyproject.toml"), "--follow-imports=silent", str(file)]
    )
    assert (status, errors) == (0, ""), out


# -- other ways in -----------------------------------------------------------------------


@pytest.mark.parametrize("reply", commands.Reply)
def test_any_target_with_any_reply(reply: commands.Reply) -> None:
    request = commands.raw("/cgi/mjpg?a=1", reply=reply)
    assert request.reply is reply
    assert request.target == "/cgi/mjpg?a=1"
    streams = (commands.Reply.MJPEG, commands.Reply.AUDIO, commands.Reply.TALK)
    assert isinstance(request, commands.StreamRequest) is (reply in streams)
    assert isinstance(request, commands.Request) is (reply not in streams)


def test_a_reply_is_one_of_the_list() -> None:
    assert commands.raw("/x").reply is commands.Reply.ANY
    for wrong in ("mjpeg", None, 1):
        with pytest.raises(TypeError, match="raw\\(reply="):
            commands.raw("/x", reply=wrong)  # type: ignore[call-overload]  # that is the point


@pytest.mark.parametrize(
    "build",
    [
        lambda: commands.raw(5),  # type: ignore[call-overload]
        lambda: commands.list_params(5),  # type: ignore[arg-type]
        lambda: commands.update_params("A.b"),  # type: ignore[arg-type]
        lambda: commands.update_params(None),  # type: ignore[arg-type]
        lambda: commands.update_params(["ab"]),  # type: ignore[list-item]
        lambda: commands.update_params([("a", "b", "c")]),  # type: ignore[list-item]
        lambda: commands.update_params({5: "b"}),  # type: ignore[dict-item]
        lambda: commands.update_params({"A.b": None}),  # type: ignore[dict-item]
        lambda: commands.set_mjpeg_fps(5.0),  # type: ignore[arg-type]
        lambda: commands.image_without_login(None),  # type: ignore[arg-type]
        lambda: commands.image().url(None),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_type_is_a_type_error_as_well(build: Callable[[], object]) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        build()
    assert isinstance(caught.value, TypeError)
