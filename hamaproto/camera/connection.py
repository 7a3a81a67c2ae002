"""`ServerConnection`: the camera's side of one connection, without I/O.

Bytes of a request go in with `receive_data`, bytes of the answer come out of
`data_to_send(now)`, one piece a call, and `next_wakeup(now)` says when it is worth while
to ask for more.  Nothing is prepared ahead of time: a picture is made when the driver is
ready to write it, so a client that does not keep up misses pictures and costs no memory.

An answer is a head, a body or a stream, and then the connection is over, as on the device:
there is no keep-alive.  The heads stand here as the device writes them, field by field;
a fault may then change their shape (`faults.py`).  Whatever comes in, nothing is raised.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

from hamaproto.camera.faults import Faults
from hamaproto.camera.log import Exchange
from hamaproto.camera.login import BASIC_CHALLENGE, Verdict, check_basic
from hamaproto.camera.neighbours import DESCRIPTION_PATH, description
from hamaproto.camera.outgoing import Outgoing
from hamaproto.camera.profiles import SERVER, UNCACHED
from hamaproto.camera.request import RequestHead, RequestReader
from hamaproto.camera.shapes import Asked
from hamaproto.camera.state import CameraState
from hamaproto.camera.stream_faults import MOVED
from hamaproto.camera.streams import DELIMITER_LINE, AudioStream, Stream, TalkStream, VideoStream
from hamaproto.errors import LocalProtocolError

__all__ = ["ServerConnection"]

_HTML: Final = b"Content-Type: text/html"

Answer = Callable[[float], None]
StreamType = type[VideoStream] | type[AudioStream]

#: Bytes of a body that is taken as more of the query; a form of the device has some hundreds.
MAX_BODY: Final = 16 * 1024
_LENGTH = re.compile(r"[0-9]{1,9}")

_HOST = re.compile(r"[A-Za-z0-9._~:\[\]-]{1,255}")

#: The page for people who open the simulated camera in a browser.
_PAGE: Final = (
    b"<html><head><title>Internet Camera</title></head>"
    b'<body><img src="/mjpg/video.mjpg"></body></html>\r\n'
)


def _page(title: str, text: str) -> bytes:
    return f"<html><head><title>{title}</title></head><body>{text}</body></html>\r\n".encode()


class ServerConnection:
    """One client of a `CameraState`.

    The driver's duties: pass on what arrives; write what `data_to_send` returns, and call
    it again at once until it returns b"" or the client takes no more, then at
    `next_wakeup`; close the connection when `closed` is true (reset it if `reset` is too);
    call `close()` when it is gone.
    """

    __slots__ = (
        "_answer",
        "_body",
        "_combined",
        "_ended",
        "_exchange",
        "_left",
        "_outgoing",
        "_over",
        "_own",
        "_reader",
        "_routed",
        "_state",
        "_stream",
        "_whole",
        "reset",
    )

    def __init__(self, state: CameraState) -> None:
        self._state = state
        state.log.connections += 1
        self._exchange: Exchange | None = None
        #: Faults that the request asks for itself, and these with those of everybody.
        self._own: tuple[str, ...] = ()
        self._combined: tuple[Faults, Faults] | None = None
        self._reader = RequestReader()
        self._stream: Stream | TalkStream | None = None
        self._routed = False
        #: A body that is more of the query, and how much of it is still to come.
        self._body = bytearray()
        self._left: int | None = None
        #: Whether the client has ended its side.
        self._ended = False
        #: What is still to be done about the request; it needs the time.
        self._answer: Answer | None = None
        self._outgoing = Outgoing()
        if self._faults.switch("early") is not None:
            self._outgoing.raw(b"\r\n\r\n")
        #: Whether nothing will come behind what is on its way out.
        self._over = False
        #: Whether what was sent ends where it should.
        self._whole = True
        self.reset = False
        """Whether the connection is to be closed with a reset."""

    def __repr__(self) -> str:
        return f"<ServerConnection {self.request!r}{', closed' if self.closed else ''}>"

    @property
    def request(self) -> RequestHead | None:
        """What was asked, once that is known."""
        return self._reader.head

    @property
    def exchange(self) -> Exchange | None:
        """What the camera's log says of this connection."""
        return self._exchange

    @property
    def _faults(self) -> Faults:
        """The faults of the moment: they may be changed while a stream runs."""
        everybody = self._state.faults
        if not self._own:
            return everybody
        if self._combined is None or self._combined[0] is not everybody:
            self._combined = everybody, everybody.with_more(*self._own)
        return self._combined[1]

    @property
    def asked(self) -> bool:
        """Whether the request is whole, with what of its body is looked at."""
        return self._routed

    @property
    def stream(self) -> Stream | TalkStream | None:
        """The stream that is running, with its counts."""
        return self._stream

    @property
    def closed(self) -> bool:
        """Whether everything was sent and the connection is to be closed."""
        return self._over and self._outgoing.empty

    def receive_data(self, data: bytes) -> None:
        """Take what the client sent.

        What comes behind a request is the rest of its query, talk-back or nothing.
        """
        if not self._routed:
            if self._left is None:
                data = self._reader.receive(data)
                if self._reader.head is None and self._reader.refusal is None:
                    return
                self._left = _length_of_query(self._reader.head)
            self._body += data[: self._left]
            self._left -= len(data[: self._left])
            if self._left and not self._ended:
                return
            self._ask()
        if data and isinstance(self._stream, TalkStream) and not self._over:
            self._stream.receive(data)
            self._over = self._stream.ended

    def receive_eof(self) -> None:
        """The client sends no more.

        It may still wait for an answer that ends; a stream is over, for a client that is gone
        looks the same and would hold its slot.  So is a request that gets no answer.
        """
        self._ended = True
        if self._left and not self._routed:
            # Its body was cut off; the device takes what it has.
            self._ask()
        if not self._routed or self._stream is not None:
            self._note_end("gone")
            self._over = True

    def _ask(self) -> None:
        """The request is whole: choose its answer."""
        self._routed = True
        head = self._reader.head
        if head is not None and self._body:
            more = bytes(self._body).strip()
            head = replace(head, query=head.query + b"&" + more if head.query else more)
        if head is not None and head.path.startswith(MOVED + "/"):
            # It was told that things are here, and they are nowhere else.
            head = replace(head, path=head.path.removeprefix(MOVED))
        if head is None:
            self._state.log.unreadable += 1
        else:
            self._exchange = self._state.log.open(head)
        self._answer = self._route(head)

    def data_to_send(self, now: float) -> bytes:
        """The next piece of the answer, or b"" if nothing is due at `now`.

        A piece is one head, one picture or the sound that is due.
        """
        exchange = self._exchange
        if exchange is not None and exchange.at is None:
            exchange.at = now
        if self._answer is not None:
            if now < self._answer_due(now):
                return b""
            answer, self._answer = self._answer, None
            answer(now)
        stream = self._stream
        if isinstance(stream, Stream) and self._outgoing.empty and not self._over:
            before, skipped = stream.sent, stream.skipped
            stream.faults = self._faults
            piece = stream.take(now)
            self._state.log.count(exchange, stream.sent - before, 0)
            if exchange is not None:
                exchange.skipped += stream.skipped - skipped
            if stream.ended:
                self.reset = stream.reset
                self._finish(piece, whole=stream.whole)
            else:
                self._put(piece)
        if self._ended and self._routed and stream is None and self._outgoing.empty:
            # There was no answer, and a client that is gone would be waited for.
            self._over = True
        piece = self._outgoing.take(now)
        self._state.log.count(exchange, 0, len(piece))
        if self.closed:
            self._note_end("reset" if self.reset else "whole" if self._whole else "cut off")
        return piece

    def _answer_due(self, now: float) -> float:
        """When the answer begins."""
        slow = self._faults.switch("slow")
        if slow is None or self._exchange is None or self._exchange.at is None:
            return now
        return self._exchange.at + slow["seconds"]

    def _note_end(self, how: str) -> None:
        """Write into the log how it ended; what was written first counts."""
        if self._exchange is not None and not self._exchange.ended:
            self._exchange.ended = how

    def next_wakeup(self, now: float) -> float | None:
        """When there will be something to send; None if that depends on the client."""
        if self._answer is not None:
            return max(now, self._answer_due(now))
        if not self._outgoing.empty:
            return self._outgoing.due(now)
        if self._over or not isinstance(self._stream, Stream):
            return None
        self._stream.faults = self._faults
        return self._stream.due()

    def close(self) -> None:
        """The connection is gone: a slot that it held is free again.  May be called twice."""
        self._note_end("gone")
        self._over = True
        self._answer = None
        self._outgoing.clear()
        if self._stream is not None:
            self._stream.close()

    # Choosing an answer

    def _route(self, head: RequestHead | None) -> Answer | None:
        if head is None:
            line = self._reader.refusal or b""
            return lambda now: self._send_page(
                line, _page("Error", "The request was not understood.")
            )
        try:
            self._own = _own_faults(head)
        except LocalProtocolError as error:
            told = _page("Error", html.escape(str(error)))
            return lambda now: self._send_page(b"HTTP/1.0 400 Bad Request", told)
        if self._faults.switch("mute") is not None:
            return lambda now: None
        lines = self._faults.answer(Asked(self._state.log.requests - 1, head.target, _host(head)))
        if lines is not None:
            answer_lines = lines
            return lambda now: self._send_page(*answer_lines[:1], b"", *answer_lines[1:])
        if head.method not in ("GET", "HEAD", "POST"):
            return lambda now: self._send_page(
                b"HTTP/1.0 400 Bad Request", _page("Error", "Bad method.")
            )
        if head.path.removeprefix("/") == self._state.loginfree:
            return self._send_image
        refusal = self._refuse_login(head)
        if refusal is not None:
            return refusal
        profile = self._state.profile
        path = profile.paths.get(head.path, head.path)
        if path in (_TALK, DESCRIPTION_PATH) and not profile.beyond:
            return self._not_found(head)
        return _ROUTES.get(path, ServerConnection._not_found)(self, head)

    def _refuse_login(self, head: RequestHead) -> Answer | None:
        """The 401 that is due, or None."""
        state = self._state
        if not state.users:
            return None
        field = head.fields.get("authorization", "")
        digest = self._faults.switch("digest") is not None or state.profile.digest
        if digest:
            uses = 1 if self._faults.switch("one-time") is not None else None
            verdict = state.digest.check(field, head.method, head.target, state.users, uses)
        else:
            verdict = check_basic(field, state.users)
        if verdict is Verdict.ACCEPTED and not self._login_is_refused():
            return None
        challenge = BASIC_CHALLENGE
        if digest:
            challenge = state.digest.challenge(stale=verdict is Verdict.STALE)
        page = _page("Access Denied", "Access Denied")
        return lambda now: self._send_page(
            b"HTTP/1.1 401 Unauthorized", page, b"WWW-Authenticate: " + challenge
        )

    def _login_is_refused(self) -> bool:
        """Whether a right login is not taken, for once."""
        refusing = self._faults.switch("refusing")
        log = self._state.log
        log.logins += 1
        times = 0 if refusing is None else int(refusing["times"])
        return (log.logins - 1) % (times + 1) < times

    def _not_found(self, head: RequestHead) -> Answer:
        page = _page("Not Found", "There is no such page.")
        return lambda now: self._send_page(b"HTTP/1.0 404 Site or Page Not Found", page)

    def _front_page(self, head: RequestHead) -> Answer:
        return lambda now: self._send_page(b"HTTP/1.0 200 OK", _PAGE)

    def _described(self, head: RequestHead) -> Answer:
        page = description(self._state, f"http://{_host(head)}")
        fields = (b"HTTP/1.1 200 OK", SERVER, *UNCACHED, b"Content-Type: text/xml")
        return lambda now: self._send(page, *fields)

    def _image(self, head: RequestHead) -> Answer:
        return self._send_image

    def _param(self, head: RequestHead) -> Answer:
        return lambda now: self._send_text(self._state.param(head.query, now))

    def _ptz(self, head: RequestHead) -> Answer:
        def answer(now: float) -> None:
            self._state.ptz(head.query, now)
            self._send_text(b"OK\r\n")

        return answer

    def _ptzconfig(self, head: RequestHead) -> Answer:
        def answer(now: float) -> None:
            self._state.ptzconfig(head.query)
            self._send_text(b"OK\r\n")

        return answer

    def _form(self, head: RequestHead) -> Answer:
        def answer(now: float) -> None:
            source = self._state.form(head.query, now)
            location = f"http://{_host(head)}/{source}"
            page = _page("Moved", f'The settings are at <a href="{location}">{location}</a>.')
            fields = (
                SERVER,
                f"Date: {_date(self._state.epoch + now + self._clock_offset)}".encode(),
                *UNCACHED,
                _HTML,
                f"Location: {location}".encode(),
            )
            self._send(page, b"HTTP/1.0 302 Redirect", *fields)

        return answer

    def _video(self, head: RequestHead) -> Answer:
        return lambda now: self._send_stream(
            self._state.profile.video, DELIMITER_LINE, VideoStream, now
        )

    def _audio(self, head: RequestHead) -> Answer:
        return lambda now: self._send_stream(self._state.profile.audio, b"", AudioStream, now)

    def _talk(self, head: RequestHead) -> Answer | None:
        # No answer has been seen; the socket is open until the client closes it.
        self._stream = TalkStream(self._state)
        return None

    # Writing it

    def _send_page(self, status: bytes, page: bytes, *fields: bytes) -> None:
        self._send(page, status, SERVER, *fields, *UNCACHED, _HTML)

    def _send_text(self, body: bytes) -> None:
        self._send(self._faults.text(body), *self._state.profile.text)

    def _send_image(self, now: float) -> None:
        state = self._state
        image = state.picture(state.ticker.index(now), self._clock_offset)
        self._state.log.count(self._exchange, int(self._wants_body), 0)
        length = b"Content-Length: %d" % len(image)
        self._send(self._faults.image(image), *state.profile.image, length)

    def _send(self, body: bytes, *lines: bytes) -> None:
        """An answer that ends."""
        self._put_head(lines)
        self._finish(body if self._wants_body else b"")

    @property
    def _clock_offset(self) -> float:
        wrong = self._faults.switch("clock")
        return 0.0 if wrong is None else wrong["offset"]

    def _send_stream(
        self, lines: tuple[bytes, ...], preamble: bytes, kind: StreamType, now: float
    ) -> None:
        self._put_head(lines)
        if not self._wants_body:
            self._finish(b"")
            return
        if preamble:
            self._put(self._faults.preamble(preamble))
        if self._faults.switch("full") is not None:
            self._finish(b"")
            return
        self._stream = stream = kind(self._state, self._faults, now)
        if stream.ended:
            self._finish(b"")

    @property
    def _wants_body(self) -> bool:
        if self._faults.switch("bodiless") is not None:
            return False
        return self._reader.head is None or self._reader.head.method != "HEAD"

    def _put_head(self, lines: tuple[bytes, ...]) -> None:
        if self._exchange is not None:
            self._exchange.status = int(lines[0].split()[1])
        self._outgoing.begin(lines, self._faults)

    def _put(self, data: bytes) -> None:
        self._outgoing.put(data)

    def _finish(self, data: bytes, *, whole: bool = True) -> None:
        """Send the last of the body; `whole` unless it is to look cut off."""
        self._whole = whole
        self._put(data)
        self._outgoing.finish(whole=whole and self._wants_body)
        self._over = True


#: The programs that a query tells what to do.
_QUERIED: Final = frozenset(
    {
        "/camera-cgi/admin/param.cgi",
        "/camera-cgi/com/ptz.cgi",
        "/camera-cgi/com/ptzconfig.cgi",
        "/form/enet",
    }
)
#: What only some profiles have: it is not in the specification.
_TALK: Final = "/camera-cgi/audio/transmit.cgi"
#: Where each program of the device is found.
_ROUTES: Final[Mapping[str, Callable[[ServerConnection, RequestHead], Answer | None]]] = (
    MappingProxyType(
        {
            "/": ServerConnection._front_page,
            "/cp.asp": ServerConnection._front_page,
            "/jpg/image.jpg": ServerConnection._image,
            "/mjpg/video.mjpg": ServerConnection._video,
            "/camera-cgi/admin/param.cgi": ServerConnection._param,
            "/camera-cgi/com/ptz.cgi": ServerConnection._ptz,
            "/camera-cgi/com/ptzconfig.cgi": ServerConnection._ptzconfig,
            "/camera-cgi/audio/receive.cgi": ServerConnection._audio,
            DESCRIPTION_PATH: ServerConnection._described,
            _TALK: ServerConnection._talk,
            "/form/enet": ServerConnection._form,
        }
    )
)


def _length_of_query(head: RequestHead | None) -> int:
    """How many bytes of body belong to the query; a body of another kind is not looked at.

    Clients of the family post what the specification puts into the URL, or nothing behind it.
    """
    if head is None or head.method != "POST" or head.path not in _QUERIED:
        return 0
    length = head.fields.get("content-length", "")
    if not _LENGTH.fullmatch(length) or "transfer-encoding" in head.fields:
        return 0
    return int(length) if int(length) <= MAX_BODY else 0


def _host(head: RequestHead) -> str:
    """The name under which the client knows the camera, if it is one."""
    host = head.fields.get("host", "")
    return host if _HOST.fullmatch(host) else "camera"


def _own_faults(head: RequestHead) -> tuple[str, ...]:
    """The faults in a request's own URL: `?fault=stall:after=3`, and more behind `&`."""
    if b"fault=" not in head.query:
        return ()
    query = head.query.decode("latin-1")
    given = [value for name, value in parse_qsl(query) if name == "fault"]
    return Faults.parse(",".join(given)).names


def _date(seconds: float) -> str:
    """The time as the device writes it, in the form of C's asctime."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    day = f"{moment.day:2}"
    return f"{_DAYS[moment.weekday()]} {_MONTHS[moment.month - 1]} {day} {moment:%H:%M:%S %Y}"


# Not strftime's %a and %b, which follow the locale.
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
