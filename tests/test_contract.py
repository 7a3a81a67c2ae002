"""What every parser promises alike: its input, its errors, and who may be in it.

Each row of `PARSERS` is a parser in one of its twins.  What is said here is said to all of them.
"""

from __future__ import annotations

import copy
import ctypes
import gc
import inspect
import pickle
import subprocess
import sys
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import pytest

from fixtures.build.jpegs import image, with_comment
from fixtures.build.packets import pcap, pcapng, talk
from hamaproto import ClientConnection, Limits, LocalProtocolError, commands
from hamaproto._accel import COMPILED_MODULES
from hamaproto.captures import CaptureParser, PcapParser
from hamaproto.errors import HamaError
from hamaproto.events import Frame, NeedData
from hamaproto.gsm import GsmFrameParser
from hamaproto.gsm.other import SoundParser
from hamaproto.wire.contract import ConstructorSignature, Events, Exclusive, owned
from hamaproto.wire.http import ResponseParser
from hamaproto.wire.params import ParamParser

MULTIPART = "multipart/x-mixed-replace; boundary=frame"
IMAGE = with_comment(image("gray"), b"c" * 20_000)
PART = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (
    len(IMAGE),
    IMAGE,
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n\r\n"
VIDEO_HEAD = HEAD % MULTIPART.encode()
LIST = b"Brand.Brand=Hama\nroot.Brand.ProdNbr=00053104\n# a comment\nBrand.Brand=again\n"
SOUND = (b"\xd0" + bytes(32)) * 8
WAV49 = bytes(range(65)) * 4
ALAW = b"\x55\xd5" * 4000


@dataclass(frozen=True)
class Row:
    """How a parser is made, what it reads, and what is an error to it, under tight limits.

    `bad` is empty where nothing is.
    """

    name: str
    make: Callable[..., Any]
    good: bytes
    bad: bytes


def _mjpeg(module: str) -> Callable[..., Any]:
    def make(limits: Limits | None = None) -> Any:
        return pytest.importorskip(module).MjpegParser(MULTIPART, limits=limits)

    return make


def _client(request: Any) -> Callable[..., Any]:
    def make(limits: Limits | None = None) -> Any:
        connection = ClientConnection("camera", limits=limits)
        connection.send(request)
        return connection

    return make


TIGHT = Limits(max_junk=100, max_params=2, max_head_line=100)
PARSERS = [
    Row("mjpeg", _mjpeg("hamaproto.wire.mjpeg.parser"), PART * 4, bytes(1000)),
    Row("mjpeg-compiled", _mjpeg("hamaproto.wire._mjpeg.parser"), PART * 4, bytes(1000)),
    Row("params", lambda limits=None: ParamParser(limits=limits), LIST, LIST),
    Row("gsm", lambda limits=None: GsmFrameParser(limits=limits), SOUND, bytes(1000)),
    Row("wav49", lambda limits=None: GsmFrameParser(limits=limits, wav49=True), WAV49, b""),
    Row("sound", lambda limits=None: SoundParser(limits=limits), SOUND, bytes(1000)),
    Row("a-law", lambda limits=None: SoundParser("audio/pcma", limits=limits), ALAW, b""),
    Row(
        "http",
        lambda limits=None: ResponseParser(limits=limits),
        HEAD % b"text/plain" + LIST,
        b"RTSP/1.0 200 OK\r\n\r\n",
    ),
    Row(
        "client-list",
        _client(commands.brand()),
        HEAD % b"text/plain" + LIST,
        HEAD % b"text/plain" + LIST,
    ),
    Row(
        "client-video",
        _client(commands.video_stream()),
        VIDEO_HEAD + PART * 4,
        VIDEO_HEAD + bytes(1000),
    ),
]
TALK = talk(b"GET / HTTP/1.0\r\n\r\n", VIDEO_HEAD + PART)
PARSERS += [
    Row("pcap", lambda limits=None: PcapParser(), pcap(TALK), bytes(1000)),
    Row("pcapng", lambda limits=None: PcapParser(), pcapng(TALK), bytes(1000)),
    Row("capture", lambda limits=None: CaptureParser(), pcap(TALK), pcap(TALK) + b"\xff" * 40),
    Row("saved", lambda limits=None: CaptureParser(), VIDEO_HEAD + PART * 4, b""),
]
each = pytest.mark.parametrize("row", PARSERS, ids=lambda row: row.name)
each_that_fails = pytest.mark.parametrize(
    "row", [row for row in PARSERS if row.bad], ids=lambda row: row.name
)


def drain(parser: Any) -> list[str]:
    return [repr(event) for event in parser.events()]


def read(parser: Any, *pieces: Any) -> list[str]:
    said = []
    for piece in pieces:
        parser.receive_data(piece)
        said += drain(parser)
    parser.receive_eof()
    return said + drain(parser)


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


class Grown(bytes):
    """A subclass may lie about what it holds."""

    def __len__(self) -> int:
        return 3


def gapped(data: bytes) -> memoryview:
    twice = bytearray(2 * len(data))
    twice[::2] = data
    return memoryview(twice)[::2]


def at_an_odd_address(data: bytes) -> memoryview:
    return memoryview(bytearray(b"?" + data))[1:]


#: Every kind of buffer; what is not of single bytes gives those that it has in memory.
BUFFERS = [
    bytearray,
    memoryview,
    Grown,
    gapped,
    at_an_odd_address,
    lambda data: array("B", data),
    lambda data: memoryview(data).cast("c"),
    lambda data: memoryview(data).cast("B", (2, len(data) // 2)),
    lambda data: array("H", data),
    lambda data: (ctypes.c_char * len(data)).from_buffer_copy(data),
]


@each
@pytest.mark.parametrize("kind", BUFFERS)
def test_every_buffer_is_read_like_bytes(row: Row, kind: Callable[[bytes], Any]) -> None:
    data = row.good + b"\n" * (len(row.good) % 2)
    expected = read(row.make(), data)
    assert read(row.make(), kind(data)) == expected
    pieces = cut(data, 1500)
    assert read(row.make(), *map(kind, pieces)) == read(row.make(), *pieces)


@each
def test_what_was_fed_may_be_written_over(row: Row) -> None:
    expected = read(row.make(), *cut(row.good, 500))
    buffer = bytearray(500)
    parser = row.make()
    said = []
    for piece in cut(row.good, 500):
        buffer[: len(piece)] = piece
        with memoryview(buffer)[: len(piece)] as view:
            parser.receive_data(view)
        buffer[:] = b"\xd9" * 500
        said += drain(parser)
    parser.receive_eof()
    assert said + drain(parser) == expected


def released() -> memoryview:
    view = memoryview(b"Brand.Brand=Hama\n")
    view.release()
    return view


WRONG = ["a=1", 5, None, [1, 2], 2.5, object(), released()]


@each
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: type(wrong).__name__)
def test_what_is_no_buffer_is_named_and_changes_nothing(row: Row, wrong: Any) -> None:
    half = len(row.good) // 2
    parser = row.make()
    parser.receive_data(row.good[:half])
    before = drain(parser)
    with pytest.raises(LocalProtocolError, match=type(wrong).__name__):
        parser.receive_data(wrong)
    assert before + read(parser, row.good[half:]) == read(
        row.make(), row.good[:half], row.good[half:]
    )


def depth(error: BaseException) -> int:
    count, traceback = 0, error.__traceback__
    while traceback is not None:
        count, traceback = count + 1, traceback.tb_next
    return count


@each_that_fails
def test_an_error_is_raised_by_every_later_call_and_does_not_grow(row: Row) -> None:
    parser = row.make(TIGHT)
    parser.receive_data(row.bad)
    held = parser.events()
    with pytest.raises(HamaError) as first:
        list(held)
    calls = [
        # One that was held is no more at its end than the parser is.
        lambda: next(held),
        parser.next_event,
        parser.receive_eof,
        lambda: parser.receive_data(b""),
        lambda: parser.receive_data(b"\n"),
        lambda: list(parser.events()),
    ]
    for call in calls:
        depths = []
        for _ in range(3):
            with pytest.raises(type(first.value)) as again:
                call()
            assert str(again.value) == str(first.value)
            depths.append(depth(again.value))
        assert depths[0] == depths[2] < 8


@each_that_fails
def test_an_error_waits_for_the_events_before_it(row: Row) -> None:
    """Fed in two pieces without a question in between, as it may be by a driver."""
    whole = row.make(TIGHT)
    whole.receive_data(row.bad)
    expected: list[str] = []
    with pytest.raises(HamaError) as error:
        expected.extend(map(repr, iter(whole.next_event, None)))
    half = len(row.bad) - 5
    parser = row.make(TIGHT)
    parser.receive_data(row.bad[:half])
    parser.receive_data(row.bad[half:])
    said: list[str] = []
    with pytest.raises(type(error.value)) as same:
        said.extend(map(repr, iter(parser.next_event, None)))
    assert (str(same.value), said) == (str(error.value), expected)


@each
@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps])
def test_no_copies(row: Row, how: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="can't be copied or pickled"):
        how(row.make())


@each
def test_it_begins_once(row: Row) -> None:
    parser = row.make()
    args = ("camera",) if isinstance(parser, ClientConnection) else ()
    with pytest.raises(LocalProtocolError, match="again"):
        parser.__init__(*args)
    assert read(parser, row.good) == read(row.make(), row.good)


@each
def test_events_that_are_held_while_more_is_fed(row: Row) -> None:
    half = len(row.good) // 2
    parser = row.make()
    parser.receive_data(row.good[:half])
    said = []
    held = parser.events()
    for event in held:
        said.append(repr(event))
        if len(said) == 1:
            parser.receive_data(row.good[half:])
    # It is over for good; what comes later is another iterator's.
    parser.receive_eof()
    assert list(held) == []
    said += drain(parser)
    assert list(held) == []
    assert said == read(row.make(), row.good[:half], row.good[half:])


# Entering twice


def entries(parser: Any) -> dict[str, Callable[[], object]]:
    there = {
        "receive_data": lambda: parser.receive_data(b"x"),
        "receive_eof": parser.receive_eof,
        "next_event": parser.next_event,
        "events": lambda: next(parser.events()),
        "get_buffer": lambda: parser.get_buffer(),
        "buffer_updated": lambda: parser.buffer_updated(0),
        "next_event_from": lambda: parser.next_event_from(iter(())),
        "__init__": lambda: parser.__init__(*(["x"] * isinstance(parser, ClientConnection))),
    }
    return {name: call for name, call in there.items() if hasattr(type(parser), name)}


def inside(parser: Any) -> bool:
    """Whether a call is at work, for a twin that shows it."""
    if isinstance(parser, Exclusive):
        return parser._entered
    turn = getattr(parser, "_turn", None)
    return turn is None or bool(turn.taken)


def entered(parser: Any, refused: set[str]) -> None:
    for name, call in entries(parser).items():
        try:
            call()
        except LocalProtocolError as error:
            # An iterator that was made before asks as `next_event` does.
            asked = "next_event" if name == "events" else name
            assert str(error).startswith(f"{asked}() "), f"{name}: {error}"
            refused.add(name)
        except StopIteration:
            # Nothing was there to ask for: the list of events was empty.
            refused.add(name)
        else:
            raise AssertionError(f"{name}() was let in")


@each
def test_a_callback_is_not_let_in(row: Row) -> None:
    """A profiler's function runs in the middle of a call; so do signal handlers and finalizers."""
    parser = row.make()
    refused: set[str] = set()
    failures: list[BaseException] = []

    def profile(frame: FrameType, event: str, arg: object) -> None:
        if event != "call" or not frame.f_globals.get("__name__", "").startswith("hamaproto"):
            return
        if not inside(parser) or frame.f_code.co_name in ("enter", "leave"):
            return
        sys.setprofile(None)
        try:
            entered(parser, refused)
        except BaseException as error:
            failures.append(error)
        sys.setprofile(profile)

    events: list[object] = []
    sys.setprofile(profile)
    try:
        for piece in cut(row.good, 700):
            parser.receive_data(piece)
            events.extend(parser.events())
        parser.receive_eof()
        events.extend(parser.events())
    finally:
        sys.setprofile(None)
    assert not failures, failures[:3]
    assert refused == set(entries(parser))
    assert [repr(event) for event in events] == read(row.make(), *cut(row.good, 700))


@each
def test_a_finalizer_is_not_let_in(row: Row) -> None:
    """The collector may run wherever an event is made."""
    parser = row.make()
    parser.receive_data(row.good)
    failures: list[BaseException] = []
    runs = []

    def collected(phase: str, info: object) -> None:
        if phase == "stop" and inside(parser):
            runs.append(1)
            try:
                entered(parser, set())
            except AssertionError as error:
                if not hasattr(parser, "_turn") and not isinstance(parser, Exclusive):
                    return  # the compiled one may have been at rest
                failures.append(error)

    before = gc.get_threshold()
    gc.callbacks.append(collected)
    gc.set_threshold(1)
    try:
        while not isinstance(parser.next_event(), NeedData):
            pass
    except LocalProtocolError:
        pass
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(collected)
    assert not failures, failures[:3]


def test_pieces_that_enter_the_parser_they_are_for(twin: Any) -> None:
    parser = twin.MjpegParser(MULTIPART)
    refused: set[str] = set()

    def pieces() -> Iterator[bytes]:
        for piece in cut(PART * 3, 800):
            entered(parser, refused)
            yield piece
            assert parser.accounting.fed >= 0
            assert "MjpegParser at byte" in repr(parser)

    source = pieces()
    frames = []
    while isinstance(event := parser.next_event_from(source), Frame):
        frames.append(event.data)
    assert frames == [IMAGE] * 3
    assert refused == set(entries(parser))


THREADS = r"""
import sys, threading
sys.setswitchinterval(1e-6)
from tests.test_contract import PARSERS, HamaError, cut
row = PARSERS[int(sys.argv[1])]
for turn in range(2):
    parser = row.make()
    others = []
    def run():
        for _ in range(20):
            for piece in cut(row.good, 300):
                try:
                    parser.receive_data(piece)
                    for event in parser.events():
                        repr(event)
                    if hasattr(parser, "get_buffer"):
                        parser.get_buffer()
                        parser.buffer_updated(0)
                except HamaError:
                    pass
                except BaseException as error:
                    others.append(repr(error))
    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not others, others[:3]
"""


@pytest.mark.parametrize("index", range(len(PARSERS)), ids=[row.name for row in PARSERS])
def test_threads_in_one_parser_get_declared_errors_and_nothing_dies(index: int) -> None:
    PARSERS[index].make()
    done = subprocess.run(
        [sys.executable, "-c", THREADS, str(index)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])


# What `get_buffer` lends


def lent(twin: Any) -> tuple[Any, memoryview, int]:
    """A parser that takes a believed length, a view of the image, and where that begins."""
    parser = twin.MjpegParser(MULTIPART)
    begun = PART.index(b"\xff\xd8") + 10
    parser.receive_data(PART * 3)
    assert sum(isinstance(event, Frame) for event in parser.events()) == 3
    parser.receive_data(PART[:begun])
    assert list(parser.events()) == []
    return parser, parser.get_buffer(), begun


#: How a caller may hold on to what was lent.
HOLDS: list[Callable[[memoryview], Any]] = [
    lambda view: view,
    lambda view: view[:],
    lambda view: view[10:5000],
    lambda view: memoryview(view),
    lambda view: view.obj,
    lambda view: view.cast("c"),
    lambda view: (ctypes.c_char * 100).from_buffer(view),
    lambda view: memoryview((ctypes.c_char * 100).from_buffer(view)),
]


@pytest.mark.parametrize("hold", HOLDS)
@pytest.mark.parametrize("pieces", [1, 3])
def test_a_frame_that_was_given_out_never_changes(twin: Any, hold: Any, pieces: int) -> None:
    parser, view, begun = lent(twin)
    held = [hold(view)]
    rest = PART[begun : PART.index(b"\xff\xd8") + len(IMAGE)]
    size = len(rest) // pieces + 1
    for piece in cut(rest, size):
        if view is None:
            view = parser.get_buffer()
            held.append(hold(view))
        view[: len(piece)] = piece
        parser.buffer_updated(len(piece))
        view = None
    (frame,) = (event for event in parser.events() if isinstance(event, Frame))
    before = bytes(bytearray(frame.data))
    assert before == IMAGE
    for kept in held:
        try:
            writable = memoryview(kept).cast("B")
            writable[:] = b"\xee" * len(writable)
        except (ValueError, BufferError, TypeError):
            continue  # it was taken back
    assert frame.data == before
    parser.receive_data(PART[-2:] + PART)
    assert [e.data for e in parser.events() if isinstance(e, Frame)] == [IMAGE]


def test_what_came_into_the_view_is_not_copied() -> None:
    """Whoever does no more than was said gets the very bytes that were received."""
    module = pytest.importorskip("hamaproto.wire._mjpeg.parser")

    class Compiled:
        MjpegParser = module.MjpegParser

    parser, view, begun = lent(Compiled)
    place = ctypes.addressof(ctypes.c_char.from_buffer(view))
    rest = PART[begun : PART.index(b"\xff\xd8") + len(IMAGE)]
    view[: len(rest)] = rest
    gc.collect()
    parser.buffer_updated(len(rest))
    (frame,) = (event for event in parser.events() if isinstance(event, Frame))
    # The bytes of an object stand behind its header.
    assert place == id(frame.data) + bytes.__basicsize__ - 1 + 10
    with pytest.raises(ValueError, match="released"):
        view[0]


def test_a_loan_that_the_caller_cannot_give_back_yet(twin: Any) -> None:
    """uvloop holds a buffer of the view until `buffer_updated` has returned."""
    parser, view, begun = lent(twin)
    rest = PART[begun:] + PART
    for piece in cut(rest, 2000):
        with memoryview(view) as working:
            # A second exporter keeps `view` from being released.
            pinned = (ctypes.c_char * 1).from_buffer(view)
            working[: len(piece)] = piece
            parser.buffer_updated(len(piece))
            del pinned
        view = parser.get_buffer()
    assert [e.data for e in parser.events() if isinstance(e, Frame)] == [IMAGE] * 2


def test_the_buffer_of_a_connection(twin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("client", "bodies"):
        monkeypatch.setattr(f"hamaproto.{module}.MjpegParser", twin.MjpegParser)
    connection = _client(commands.video_stream())()
    frames, kept = [], []
    for piece in cut(VIDEO_HEAD + PART * 5, 2500):
        while piece:
            view = connection.get_buffer()
            kept.append(view[:])
            count = min(len(piece), len(view))
            view[:count] = piece[:count]
            connection.buffer_updated(count)
            piece = piece[count:]
            frames += [event for event in connection.events() if isinstance(event, Frame)]
    for view in kept:
        view[:] = b"\xee" * len(view)
    assert [frame.data for frame in frames] == [IMAGE] * 5


# The compiled modules


@pytest.mark.skipif(
    getattr(sys, "_is_gil_enabled", bool)() or sys.version_info < (3, 13),
    reason="this interpreter has a GIL",
)
def test_the_compiled_modules_leave_the_gil_off() -> None:
    script = "import sys; [__import__(name) for name in sys.argv[1:]]; print(sys._is_gil_enabled())"
    done = subprocess.run(
        [sys.executable, "-c", script, *COMPILED_MODULES],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"


def test_owned_gives_bytes_back_as_they_are() -> None:
    data = b"x" * 100
    assert owned(data) is data
    assert type(owned(Grown(data))) is bytes


def test_events_end_for_good() -> None:
    parser = ParamParser()
    events = Events(parser)
    parser.receive_data(b"a=1\n")
    assert len(list(events)) == 1
    parser.receive_data(b"b=1\n")
    assert list(events) == []


@pytest.mark.parametrize(
    "home", ["decoder.Decoder", "encoder.Encoder", "bank.DecoderBank", "bank.EncoderBank"]
)
def test_both_twins_of_the_codec_show_the_same_signatures_and_help(home: str) -> None:
    module, name = home.split(".")
    pure = getattr(pytest.importorskip(f"hamaproto.gsm.{module}"), name)
    compiled = getattr(pytest.importorskip("hamaproto.gsm._codec"), name)
    assert inspect.signature(pure) == inspect.signature(compiled)
    assert inspect.getdoc(pure) == inspect.getdoc(compiled)
    for name in vars(pure):
        if not name.startswith("_"):
            one, other = getattr(pure, name), getattr(compiled, name)
            assert inspect.getdoc(one) == inspect.getdoc(other), name
            if callable(one):
                assert inspect.signature(one) == inspect.signature(other), name


def parameters_of(method: Callable[..., object]) -> list[tuple[object, ...]]:
    """Names, kinds and defaults but for `self`: a C method has no types to show."""
    parameters = list(inspect.signature(method).parameters.values())[1:]
    return [(one.name, one.kind, one.default) for one in parameters]


def test_both_twins_show_the_same_signatures_and_help() -> None:
    pure = pytest.importorskip("hamaproto.wire.mjpeg.parser").MjpegParser
    compiled = pytest.importorskip("hamaproto.wire._mjpeg.parser").MjpegParser
    own = inspect.signature(pure.__init__)
    expected = own.replace(parameters=list(own.parameters.values())[1:])
    assert inspect.signature(pure) == inspect.signature(compiled) == expected
    assert inspect.getdoc(pure) == inspect.getdoc(compiled)
    names = [name for name in vars(pure) if not name.startswith("_")]
    assert {"receive_data", "next_event", "accounting"} < set(names)
    for name in names:
        one, other = getattr(pure, name), getattr(compiled, name)
        assert inspect.getdoc(one) == inspect.getdoc(other), name
        if callable(one):
            assert parameters_of(one) == parameters_of(other), name

    for base in (pure, compiled):

        class Own(base):  # type: ignore[misc, valid-type]
            def __init__(self, path: str) -> None:
                super().__init__()

        class Same(base):  # type: ignore[misc, valid-type]
            pass

        assert str(inspect.signature(Own)) == "(path: 'str') -> 'None'"
        assert inspect.signature(Same) == expected


def test_a_class_shows_the_arguments_of_its_model_unless_it_has_its_own() -> None:
    def model(a: int, *, b: str = "") -> None: ...

    class Home:
        __signature__ = ConstructorSignature(model)

        def __init__(self, *values: object, **named: object) -> None: ...

    class Heir(Home):
        pass

    class Another(Home):
        def __init__(self, c: int) -> None: ...

    class Made(Home):
        def __new__(cls, c: int) -> Any:
            return super().__new__(cls)

    for kind in (Home, Heir):
        assert inspect.signature(kind) == inspect.signature(model).replace()
    for kind in (Another, Made):
        assert not hasattr(kind, "__signature__")
