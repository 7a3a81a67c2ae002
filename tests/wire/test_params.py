"""`hamaproto.wire.params`: the guarantees of every parser, held against a naive reading.

The reference splits the whole body at once and knows nothing of chunks, cursors or
limits; the properties say that nothing else ever comes out of the incremental parser.
"""

from __future__ import annotations

import copy
import pickle
import re
import sys
import tracemalloc
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures import read_bytes, read_json
from hamaproto.errors import HamaError, LimitExceededError, LocalProtocolError
from hamaproto.events import (
    NEED_DATA,
    Anomaly,
    AnomalyCode,
    Data,
    EndOfStream,
    Param,
    ParamError,
    Skipped,
)
from hamaproto.limits import Limits
from hamaproto.wire.params import ParamEvent, ParamList, ParamParser, parse_params

CASES = read_json("params", "firmware", "cases.json")
SPECIFICATION = {
    row["number"]: row["answer"]
    for row in read_json("params", "specification", "commands.json")
    if "answer" in row
}

keys = st.sampled_from(
    [
        *(b"Brand.Brand", b"root.Brand.Brand", b"ROOT.a", b"a", b"root.", b" k", b"", b"\xe9.x"),
        *(b"#x", b"root.root.a", b"\0a", b"\xef\xbb\xbfa", b"b\0", b"\xc3\xa9.x", b"root. a"),
    ]
)
lines = st.one_of(
    st.builds(b"=".join, st.tuples(keys, st.sampled_from([b"", b"1", b"a=b", b"\0", b"x<b> "]))),
    st.sampled_from(
        [
            *(b"", b"OK", b" ", b"\0", b"# Error -1 getting param in group 'X'!", b"#Error: no"),
            *(b"# note", b"# Request failed: Error -1", b"Error: -1", b"ERROR -1 in 'a=b'"),
            *(b"Error.Count=3", b"request failed", b"Device Busy"),
        ]
    ),
    st.binary(max_size=12),
)
line_ends = st.sampled_from([b"\n", b"\r\n", b"\n\r", b"\r", b"<br>", b"<BR />\r\n"])
bodies = st.builds(
    lambda pieces, tail: b"".join(line + end for line, end in pieces) + tail,
    st.lists(st.tuples(lines, line_ends), max_size=12),
    st.one_of(st.just(b"\r\n"), lines),
)


def reference(body: bytes) -> list[ParamEvent]:
    """What a body means, read whole."""
    out: list[ParamEvent] = []
    seen = set()
    at = 0
    complete = True
    # With a group, the separators are among the pieces.
    pieces = re.split(rb"([\r\n]|<br[ \t]{0,8}/?>)", body, flags=re.IGNORECASE)
    for number, piece in enumerate(pieces):
        start, at = at, at + len(piece)
        if number % 2:
            continue
        line = re.sub(rb"\A\0*(?:\xef\xbb\xbf)?\0*", b"", piece)
        offset = start + len(piece) - len(line)
        if not line.strip(b" \t\0"):
            continue
        complete = any(end in b"\r\n" for end in pieces[number + 1 :: 2])
        try:
            text = line.decode()
        except UnicodeDecodeError:
            text = line.decode("latin-1")
        said = text.strip(" \t\0\ufeff")
        if said.startswith("#"):
            said = said[1:].strip(" \t\0\ufeff")
            refused = said.lower().startswith(("error", "request failed"))
            out.append(
                ParamError(said, offset) if refused else Skipped(offset, len(line), "a comment")
            )
            continue
        if said in ("Error: -1", "ERROR -1 in 'a=b'", "request failed"):
            out.append(ParamError(said, offset))
            continue
        head = text.split("=", 1)[0].replace("\0", "").strip(" \t\ufeff")
        if "=" not in text or not head:
            lack = "key" if "=" in text else '"="'
            told = f"a line of {len(line)} bytes without {lack}"
            out += [Anomaly(AnomalyCode.MALFORMED_PARAM, offset, told), Data(line, offset)]
            continue
        key = re.sub(r"\A(?:root\.[ \t\ufeff]*(?=.))+", "", head, flags=re.IGNORECASE | re.DOTALL)
        if key.casefold() in seen:
            out.append(Anomaly(AnomalyCode.DUPLICATE_PARAM, offset, key))
        seen.add(key.casefold())
        out.append(Param(key, text.split("=", 1)[1], text.split("=", 1)[0], offset))
    out.append(EndOfStream(complete, len(body)))
    return out


def drain(parser: ParamParser) -> list[ParamEvent]:
    return list(parser.events())


def feed(
    chunks: list[bytes], limits: Limits | None = None
) -> tuple[list[tuple[int, ParamEvent]], tuple[str, int] | None]:
    """Each event with the count of bytes fed when it came, and the error if there was one."""
    parser = ParamParser(limits=limits)
    out: list[tuple[int, ParamEvent]] = []
    fed = 0
    try:
        for chunk in chunks:
            fed += len(chunk)
            parser.receive_data(chunk)
            while (event := parser.next_event()) is not NEED_DATA:
                out.append((fed, event))
        parser.receive_eof()
        out += [(fed, event) for event in parser.events()]
    except LimitExceededError as error:
        for again in (parser.next_event, parser.receive_eof, lambda: parser.receive_data(b"x")):
            with pytest.raises(LimitExceededError, match=f"at byte {error.offset}"):
                again()
        return out, (error.message, error.offset)
    return out, None


def cut(body: bytes, at: list[int]) -> list[bytes]:
    places = sorted({0, len(body), *(place % (len(body) + 1) for place in at)})
    return [body[a:b] for a, b in pairwise(places)]


# -- the guarantees --------------------------------------------------------------------


@given(bodies)
@example(b"")
@example(b"\r")
@example(b"a=1\n\r\n")
@example(b"a=1\r")
@example(b"\x0c\n\0=\n")
def test_it_reads_what_the_naive_reference_reads(body: bytes) -> None:
    events, error = feed([body])
    assert error is None
    assert [event for _, event in events] == reference(body)


@given(
    bodies,
    st.lists(st.integers(0, 400), max_size=6),
    st.sampled_from(
        [None, Limits(max_param_line=6), Limits(max_params=3), Limits(max_body=20)],
    ),
)
def test_split_invariance(body: bytes, at: list[int], limits: Limits | None) -> None:
    by_byte, error = feed([body[i : i + 1] for i in range(len(body))], limits)
    chunks = cut(body, at)
    events, same_error = feed(chunks, limits)
    assert same_error == error
    assert [event for _, event in events] == [event for _, event in by_byte]
    ends = [sum(map(len, chunks[: n + 1])) for n in range(len(chunks))] or [0]
    for (came, event), (due, _) in zip(events, by_byte, strict=True):
        # With the chunk that holds its last byte, never later.
        assert came == min(end for end in ends if end >= due), event


@given(bodies, st.sampled_from([None, Limits(max_param_line=6)]))
def test_byte_conservation(body: bytes, limits: Limits | None) -> None:
    rest = bytearray(body)
    for _, event in feed([body], limits)[0]:
        match event:
            case Param(value=value, raw_key=raw_key, offset=offset, line=line):
                assert f"{raw_key}={value}" in (
                    line.decode("utf-8", "ignore"),
                    line.decode("latin-1"),
                )
                assert body[offset : offset + len(line)] == line
                length = len(line)
            case Data(data=data, offset=offset):
                assert body[offset : offset + len(data)] == data
                length = len(data)
            case Skipped(offset=offset, length=length):
                pass
            case ParamError(message=message, offset=offset):
                line = re.split(rb"[\r\n]|<br[ \t]{0,8}/?>", body[offset:], flags=re.IGNORECASE)[0]
                assert line.strip(b"# \t\0").decode("latin-1") == message.strip("# \t\0")
                length = len(line)
            case _:
                continue
        assert b"\n" not in rest[offset : offset + length]  # nothing is told twice
        rest[offset : offset + length] = b"\n" * length
    left = re.sub(rb"<br[ \t]{0,8}/?>|\xef\xbb\xbf", b"", bytes(rest), flags=re.IGNORECASE)
    assert not left.strip(b"\r\n \t\0")


@given(st.binary(max_size=200), st.integers(1, 30), st.integers(1, 5), st.integers(1, 60))
def test_only_declared_errors(body: bytes, line: int, params: int, whole: int) -> None:
    limits = Limits(max_param_line=line, max_params=params, max_body=whole)
    events, error = feed(cut(body, [7, 30]), limits)
    if len(body) <= whole and len(events) < params:
        assert error is None


def test_bounded_memory() -> None:
    limits = Limits(max_param_line=1000, max_body=10_000_000)
    parser = ParamParser(limits=limits)
    chunk = b"x" * 4096
    tracemalloc.start()
    try:
        for _ in range(1000):
            parser.receive_data(chunk)
            assert parser.next_event() is NEED_DATA
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * 1024
    parser.receive_data(b"\na=1\n")
    length = 1000 * len(chunk)
    assert drain(parser) == [
        Skipped(0, length, "a line over max_param_line"),
        Param("a", "1", "a", length + 1),
    ]


@pytest.mark.parametrize("flood", [b"x", b"=", b"\r", b"#", b"\n", b"a=\n", b" ", b"<br>", b"\0"])
@pytest.mark.parametrize("size", [1, 1000])
def test_linear_time(flood: bytes, size: int) -> None:
    """Twice as much is twice the work, in calls of whatever is called."""

    def calls(length: int) -> int:
        body = flood * (length // len(flood))
        count = 0

        def tick(*_: object) -> None:
            nonlocal count
            count += 1

        parser = ParamParser()
        sys.setprofile(tick)
        try:
            for at in range(0, len(body), size):
                parser.receive_data(body[at : at + size])
                drain(parser)
            parser.receive_eof()
            drain(parser)
        finally:
            sys.setprofile(None)
        return count

    one, two = calls(1500), calls(3000)
    assert two <= 2.2 * one + 500


# -- the contract ----------------------------------------------------------------------


def test_the_end_comes_again_and_again() -> None:
    parser = ParamParser()
    parser.receive_data(b"")
    assert parser.next_event() is NEED_DATA
    parser.receive_eof()
    parser.receive_eof()
    assert [parser.next_event() for _ in range(3)] == [EndOfStream(True, 0)] * 3
    assert drain(parser) == [EndOfStream(True, 0)]
    with pytest.raises(LocalProtocolError, match="receive_eof"):
        parser.receive_data(b"a=1\n")
    assert parser.next_event() == EndOfStream(True, 0)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_will_do_and_is_copied(kind: Any) -> None:
    store = bytearray(b"a=1")
    parser = ParamParser()
    parser.receive_data(kind(store) if kind is not memoryview else memoryview(store))
    store[:] = b"zzz"
    parser.receive_data(b"\n")
    event = parser.next_event()
    assert event == Param("a", "1", "a", 0)


def test_a_pending_second_event_survives_the_end() -> None:
    parser = ParamParser()
    parser.receive_data(b"OK\n")
    first = parser.next_event()
    parser.receive_eof()
    assert isinstance(first, Anomaly)
    assert drain(parser) == [Data(b"OK", 0), EndOfStream(True, 3)]


@pytest.mark.parametrize(
    ("limits", "offset", "name"),
    [(Limits(max_params=2), 8, "max_params"), (Limits(max_body=9), 9, "max_body")],
)
def test_what_came_before_a_limit_is_delivered(limits: Limits, offset: int, name: str) -> None:
    events, error = feed([b"a=1\nb=2\nc=3\n"], limits)
    assert [event.key for _, event in events if isinstance(event, Param)] == ["a", "b"]
    assert error is not None
    assert name in error[0]
    assert error[1] == offset


def test_a_line_of_exactly_the_limit_passes() -> None:
    limits = Limits(max_param_line=5)
    assert dict(parse_params(b"a=123\nb=1234\nc=1\n", limits=limits)) == {"a": "123", "c": "1"}


# -- the lists -------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_bodies_as_the_firmware_prints_them(name: str) -> None:
    params = parse_params(read_bytes("params", "firmware", f"{name}.body"))
    expected = CASES[name]
    assert [list(line) for line in params.raw] == expected.get("params", [])
    assert [error.message for error in params.errors] == expected.get("errors", [])
    assert params.malformed == ()
    assert params.complete


@pytest.mark.parametrize("number", SPECIFICATION)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_the_answers_of_the_specification(number: str, line_end: str) -> None:
    answer = SPECIFICATION[number]
    body = "".join(line + line_end for line in answer) + "\r\n"
    params = parse_params(body.encode("latin-1"))
    assert [f"{key}={value}" for key, value in params.raw] == answer
    assert not params.errors
    for line in answer:
        key, value = line.split("=", 1)
        assert params[key] == params[key.removeprefix("root.")] == value
        assert params[key.upper()] == params["Root." + key.removeprefix("root.")] == value


def test_what_no_end_was_seen_of_is_taken_for_whole() -> None:
    """As it is with a list that was put together by hand."""
    events: list[ParamEvent] = [Param("a", "1", "root.a", 0, b"root.a=1")]
    params = ParamList.from_events(events)
    assert (dict(params), params.sent, params.complete) == ({"a": "1"}, (b"root.a=1",), True)
    assert not ParamList.from_events([*events, EndOfStream(False, 8)]).complete


def test_a_list_is_a_mapping_without_case_and_root() -> None:
    params = ParamList([("root.A.b", "1"), ("C", "2"), ("a.B", "3"), ("root.", "4")])
    assert params.complete
    assert dict(params) == {"A.b": "3", "C": "2", "root.": "4"}
    assert params == {"A.b": "3", "C": "2", "root.": "4"}
    assert len(params) == 3
    assert params.get_all("ROOT.A.B") == ["1", "3"]
    assert params.get_all("nothing") == []
    assert "root.c" in params
    assert 5 not in params
    assert params.get("D") is None
    with pytest.raises(KeyError):
        params["D"]


def test_a_node_may_have_a_value_and_branches() -> None:
    answer = "\n".join(SPECIFICATION["3.2"]).encode()
    tree = parse_params(answer).tree
    audio = tree["properties"]["audio"]
    assert audio.value == "yes"
    assert list(audio) == ["TwoWayAudio", "AudioCodec", "TwoWayAudioCodec"]
    assert tree["root.Properties.Audio.AudioCodec"].value == "GSM 06.10"
    assert tree["Properties"].value is None
    assert "Properties.Video" not in tree
    assert audio["AudioCodec"]
    assert len(audio["AudioCodec"]) == 0
    assert parse_params(answer).tree == tree
    assert tree["Properties"] != audio
    assert tree != "Properties"


def test_the_order_of_leaf_and_branch_makes_no_difference() -> None:
    one = ParamList([("A", "1"), ("A.B", "2")]).tree
    other = ParamList([("root.A.B", "2"), ("root.A", "1")]).tree
    assert one == other


def test_a_key_of_dots_makes_few_nodes() -> None:
    # A key that is deeper than any is found as well, by its last names together.
    for levels in range(1, 40):
        key = ".".join("abcdefghij"[n % 10] for n in range(levels))
        assert ParamList([(key, "1")]).tree[key].value == "1"
    node = ParamList([("." * 50_000, "1")]).tree
    depth = 0
    while len(node):
        (node,) = node.values()
        depth += 1
    assert (depth, node.value) == (16, "1")


@given(st.lists(st.tuples(st.text("aA. r", max_size=8), st.text("1", max_size=2))))
def test_whatever_a_node_yields_it_also_finds(raw: list[tuple[str, str]]) -> None:
    nodes = [ParamList(raw).tree]
    values = []
    while nodes:
        node = nodes.pop()
        values.append(node.value)
        assert all(child is node[name] for name, child in node.items())
        nodes += node.values()
    told = sorted(value for value in values if value is not None)
    assert told == sorted(ParamList(raw).values())


def test_latin_1_comes_back_as_the_same_bytes() -> None:
    value = bytes(byte for byte in range(256) if byte not in b"\n\r")
    params = parse_params(b"a=" + value + b"\n")
    assert params["a"].encode("latin-1") == value
    assert params.sent == (b"a=" + value,)


@given(st.lists(st.tuples(st.text("aA.\0 r\ufeff\u03a3\u0130\u00df", max_size=9), st.just("1"))))
def test_whatever_a_list_yields_it_also_finds(raw: list[tuple[str, str]]) -> None:
    params = ParamList([(f"root.{key}", value) for key, value in raw])
    for key, value in params.items():
        assert params[key] == params[f"root.{key}"] == params[f"Root.root.{key}"] == value
        if key.count(".") < 15:
            assert params.tree[key].value == value


@pytest.mark.parametrize("root", ["", "root.", "root.root.", "Root.ROOT.root."])
def test_a_root_costs_no_key(root: str) -> None:
    params = parse_params(f"{root}Brand.Brand=Hama\r\n{root}x=1\r\n".encode())
    assert dict(params) == {"Brand.Brand": "Hama", "x": "1"}
    assert params["root.x"] == params[f"{root}x"] == params.tree[f"{root}x"].value == "1"


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbfBrand.Brand=K\xc3\xbcche\r\nBrand.ProdNbr=1\r\n",
        b"\xef\xbb\xbfBrand.Brand=K\xfcche\nBrand.ProdNbr=1\n",
        b"\0\0Brand.Brand=K\xfcche\n\0\0Brand.ProdNbr=1\n\0\0\0",
        b"Brand.Brand\0=K\xfcche\rBrand\0.ProdNbr=1\r",
        b"Brand.Brand=K\xc3\xbcche<br>Brand.ProdNbr=1<BR />",
        b"<br/>root.Brand.Brand=K\xfcche<br>\r\nroot.Brand.ProdNbr=1<br >\r\n",
        b"\r\rBrand.Brand=K\xfcche\n\rBrand.ProdNbr=1\r\r\n",
    ],
)
def test_marks_and_line_ends_and_charsets_cost_nothing(body: bytes) -> None:
    params = parse_params(body)
    assert dict(params) == {"Brand.Brand": "Küche", "Brand.ProdNbr": "1"}
    assert params.malformed == ()


def test_how_a_device_refuses() -> None:
    for text in (
        "# Request failed: Error -1 getting param in group 'X'",
        "#Error: no",
        "Error: -1",
        "ERROR -1 getting param in group 'X'!",
        "# Unauthorized",
        "# Device Busy",
    ):
        params = parse_params(f"{text}\r\n".encode())
        assert [error.message for error in params.errors] == [text.lstrip("# ")]
        assert not params
    assert dict(parse_params(b"Error.Count=1\nErrorLog=2\n")) == {
        "Error.Count": "1",
        "ErrorLog": "2",
    }


def test_no_repr_shows_a_value() -> None:
    body = read_bytes("params", "firmware", "users_with_passwords.body") + b"1234\n#1234\n"
    parser = ParamParser()
    parser.receive_data(body)
    parser.receive_eof()
    events = drain(parser)
    params = ParamList.from_events(events)
    assert params.malformed == ("1234",)
    assert params["user1"] == "admin,Password=1234"
    for shown in (events, params, params.tree, params.tree["User1"], parser):
        assert "1234" not in repr(shown)
        assert "guest" not in repr(shown)
    assert repr(params) == "<ParamList User1, User2>"


def test_the_errors_are_told_in_the_repr_and_cost_nothing_else() -> None:
    params = parse_params(read_bytes("params", "firmware", "several_groups.body"))
    assert repr(params).endswith("MD1.Config, 1 errors>")
    assert params["MD1.Config"] == "0, 10, 15, 60, 70, 90"


def test_an_unended_last_line_is_delivered_and_told() -> None:
    params = parse_params(b"a=1\nb=2")
    assert dict(params) == {"a": "1", "b": "2"}
    assert not params.complete
    assert parse_params(b"a=1\nb=2\n").complete


@pytest.mark.parametrize(
    ("body", "closed"),
    [
        (b"", False),
        (b"a=1\r\n", False),
        (b"a=1\r\n\n", True),
        # To the parser, which takes a CR for a line end too, the second LF may end a CRLF.
        (b"a=1\n\n", False),
        (b"a=1\n\n\n", True),
        (b"a=1\r\n\r\n", True),
        (b"a=1\r\n\r\n\r\n", True),
        (b"a=1\r\n\r\nb=2\r\n", False),
        (b"a=1\r\n\r\nb=2", False),
        # An empty line before the first line ends nothing.
        (b"\r\n\r\n\r\n", False),
        (b"\r\n\r\na=1\r\n", False),
    ],
)
def test_an_empty_line_says_that_this_is_the_end(body: bytes, closed: bool) -> None:
    *_, end = feed([body])[0]
    assert isinstance(end[1], EndOfStream)
    assert end[1].closed is closed


@pytest.mark.parametrize(
    "clone", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))]
)
def test_lists_can_be_copied_and_sent(clone: Any) -> None:
    params = parse_params(b"root.a=1\nOK\n# Error x\nb")
    same = clone(params)
    assert (same.raw, same.errors, same.malformed, same.complete) == (
        params.raw,
        params.errors,
        params.malformed,
        params.complete,
    )
    assert same == params


def test_parse_params_raises_limits_only() -> None:
    with pytest.raises(LimitExceededError):
        parse_params(b"a=1\n" * 3, limits=Limits(max_params=2))
    assert issubclass(LimitExceededError, HamaError)
