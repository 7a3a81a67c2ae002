"""Whatever is done to a camera, its clients agree with it: in any order, over a wire in memory.

Hypothesis chooses commands, cuts, faults, reboots and times.  A watcher keeps a stream open with
`reconnect`; commands come and go beside it.  Nothing is a thread, a socket or a clock here: a
`Session` and a `ServerConnection` are given each other's bytes, and the time is a number.
"""

from __future__ import annotations

from typing import Any

from camera_client import DRAWN
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fixtures.feeding import pieces
from hamaproto import commands
from hamaproto.camera import CameraState, Faults, Pictures, ServerConnection, read_stamp
from hamaproto.camera.motors import DIRECTIONS, PAN_RANGE, TILT_RANGE
from hamaproto.errors import ConnectionLostError
from hamaproto.events import Arrival, Frame
from hamaproto.session import Action, Disconnected, Session
from hamaproto.settings import Backoff, Settings, Timeouts
from hamaproto.wire.auth import Credentials

AUTH = ("admin", "1234")
#: None of these may cost a command its answer.
HARMLESS = (
    *("lf", "folded", "bare-date", "interim", "early", "many-fields", "gzip", "tiny-chunks"),
    *("chunk-extensions", "digest", "one-time-nonces", "other-boundary", "no-length"),
    *("odd-lengths", "junk-behind", "text-part", "thumbnail", "slow-start", "drip:bytes=2000"),
    *("drop:percent=40", "jitter", "burst", "bare-ok", "x-timestamp", "late-delimiter"),
)
#: These end a stream, or leave it open for nothing.
ENDINGS = ("die@2", "reset@1", "close@2", "stall@2", "stall-inside@0", "full", "half-head")
#: Events of a watcher in one go: more would be a loop without end.
MANY = 5000


class Line:
    """A session, and the connection that it has at the moment."""

    def __init__(self, state: CameraState, session: Session[Any], size: int) -> None:
        self.state = state
        self.session = session
        self.size = size
        self.server: ServerConnection | None = None
        self.wakes = 0.0
        self.refused = False
        self.last = -1
        self.lost = 0

    def hang_up(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None

    def cut(self, reason: str) -> None:
        """The network breaks what is there."""
        if self.server is not None:
            self.hang_up()
            self.session.lost(ConnectionLostError(f"camera: {reason}"))

    def run(self, now: float, until: float) -> float:
        """Let the two talk; gives the time when the session is over, or `until`."""
        session = self.session
        for _ in range(MANY):
            step = session.step()
            if not isinstance(step, Action):
                self.look_at(step, now)
            elif step in (Action.STOP, Action.FAIL):
                self.hang_up()
                return now
            elif step is Action.SLEEP:
                self.hang_up()
                self.wakes = self.wakes or now + session.delay
                if self.wakes > until:
                    return until
                now, self.wakes = max(now, self.wakes), 0.0
                session.slept(now)
            elif step is Action.OPEN:
                self.hang_up()
                session.opening(now)
                if self.refused:
                    session.lost(ConnectionLostError("camera: refused"))
                    continue
                self.server = ServerConnection(self.state)
                self.last = -1
                self.server.receive_data(session.opened(now))
            elif step is Action.SEND:
                assert self.server is not None
                self.server.receive_data(session.opened(now))
            else:
                after = self.receive(now, until)
                if after is None:
                    return until
                now = after
        raise AssertionError("they never come to an end")

    def receive(self, now: float, until: float) -> float | None:
        server, session = self.server, self.session
        assert server is not None
        data = server.data_to_send(now)
        if data:
            for piece in pieces(data, self.size):
                if not session.is_open:
                    break
                session.receive_data(piece, Arrival(now, now), now)
                while session.is_open and not isinstance(step := session.step(), Action):
                    self.look_at(step, now)
            return now
        if server.closed:
            reset = server.reset
            self.hang_up()
            if reset:
                session.lost(ConnectionLostError("camera: reset"))
            else:
                session.receive_eof()
            return now
        wakeup, patience = server.next_wakeup(now), session.patience(now)
        gives_up = None if patience is None else now + patience
        times = [one for one in (wakeup, gives_up) if one is not None]
        if not times or min(times) > until:
            return None
        if gives_up is not None and (wakeup is None or gives_up < wakeup):
            self.hang_up()
            session.timed_out(gives_up)
            return gives_up
        assert wakeup is not None
        return max(now, wakeup)

    def look_at(self, event: object, now: float) -> None:
        if isinstance(event, Disconnected):
            self.lost += 1
        if isinstance(event, Frame) and event.complete:
            stamp = read_stamp(event.data)
            assert stamp is not None
            # In their order, and none that is still to come.
            assert self.last < stamp.number <= self.state.ticker.index(now)
            self.last = stamp.number


def rounded(fps: int) -> int:
    return next((step for step in (1, 3, 5, 10, 15, 30) if step >= fps), 30)


class CameraAndClients(RuleBasedStateMachine):
    @initialize(seed=st.integers(0, 3), size=st.sampled_from([1460, 65536, 333]))
    def begin(self, seed: int, size: int) -> None:
        self.state = CameraState(users=dict([AUTH]), seed=seed, pictures=Pictures(DRAWN))
        self.state.set("Image.I0.Appearance.Resolution", "320x240", 0.0)
        self.size = size
        # The camera's kind of login changes, which nobody would take from a stranger.
        login = Credentials(*AUTH, allow_downgrade=True)
        patience = Timeouts(idle=3.0, total=20.0)
        self.settings = Settings("http://camera", auth=login, timeout=patience)
        self.now = 0.0
        self.watcher: Line | None = None
        #: What the camera has been told, as its maker's table says that it takes it.
        self.told: dict[str, str] = {"Image.I0.Appearance.Resolution": "320x240"}
        self.target = (0.0, 0.0)
        self.presets: dict[int, tuple[float, float]] = {}

    def ask(self, request: Any) -> Any:
        """A command over a connection of its own."""
        line = Line(self.state, Session(request, self.settings), self.size)
        self.now = line.run(self.now, self.now + 60)
        assert line.session.error is None, line.session.error
        assert line.server is None
        return line.session.result()

    # Commands

    @rule(fps=st.sampled_from([1, 3, 5, 10, 15, 30]))
    def set_fps(self, fps: int) -> None:
        self.ask(commands.set_mjpeg_fps(fps))
        self.told["Image.I0.Stream.FPS"] = str(rounded(fps))

    @rule(level=st.integers(0, 4))
    def set_compression(self, level: int) -> None:
        self.ask(commands.set_jpeg_compression(level))
        self.told["Image.I0.Appearance.Compression"] = str(level)

    @rule()
    def read_back(self) -> None:
        for group in ("Image.I0.Stream", "Image.I0.Appearance"):
            seen = self.ask(commands.list_params(group))
            for key, value in seen.items():
                assert self.state.stored[key] == value
                assert self.told.get(key, value) == value

    @rule()
    def count_users(self) -> None:
        seen = self.ask(commands.list_params("Properties.VideoServer"))
        assert int(seen["Properties.VideoServer.CurrentUsers"]) == self.state.streams

    @rule(direction=st.sampled_from([*DIRECTIONS, "center"]))
    def move(self, direction: str) -> None:
        self.ask(commands.move(direction))  # type: ignore[arg-type]
        across, up = DIRECTIONS.get(direction, (0, 0))
        pan, tilt = self.target
        self.target = (
            (0.0, 0.0)
            if direction == "center"
            else (
                min(max(pan + 10.0 * across, PAN_RANGE[0]), PAN_RANGE[1]),
                min(max(tilt + 10.0 * up, TILT_RANGE[0]), TILT_RANGE[1]),
            )
        )

    @rule(index=st.integers(0, 8))
    def store(self, index: int) -> None:
        self.ask(commands.add_preset(f"place{index}", index))
        self.presets[index] = self.target

    @rule(index=st.integers(0, 8))
    def go(self, index: int) -> None:
        self.ask(commands.go_to_preset(index))
        self.target = self.presets.get(index, self.target)

    @rule(index=st.integers(0, 8))
    def forget(self, index: int) -> None:
        self.ask(commands.remove_preset(f"place{index}", index))
        self.presets.pop(index, None)

    @rule()
    def look(self) -> None:
        frame = self.ask(commands.image())
        stamp = read_stamp(frame.data)
        assert stamp is not None
        assert frame.complete

    # The watcher

    @precondition(lambda self: self.watcher is None)
    @rule()
    def watch(self) -> None:
        session = Session(
            commands.video_stream(), self.settings, reconnect=Backoff(initial=0.1, cap=1.0)
        )
        self.watcher = Line(self.state, session, self.size)

    @precondition(lambda self: self.watcher is not None)
    @rule()
    def leave(self) -> None:
        assert self.watcher is not None
        self.watcher.hang_up()
        self.watcher = None

    @rule(seconds=st.sampled_from([0.0, 0.04, 0.3, 1.0, 5.0]))
    def time_goes_on(self, seconds: float) -> None:
        end = self.now + seconds
        if self.watcher is not None:
            self.watcher.run(self.now, end)
            assert self.watcher.session.error is None, self.watcher.session.error
        self.now = end

    # What happens to them

    @precondition(lambda self: self.watcher is not None)
    @rule()
    def cut(self) -> None:
        assert self.watcher is not None
        self.watcher.cut("the network broke")

    @rule()
    def reboot(self) -> None:
        self.state.reboot(self.now)
        self.target = (0.0, 0.0)
        if self.watcher is not None:
            self.watcher.cut("the camera is gone")

    @precondition(lambda self: self.watcher is not None)
    @rule(refused=st.booleans())
    def refuse(self, refused: bool) -> None:
        assert self.watcher is not None
        self.watcher.refused = refused

    @rule(names=st.lists(st.sampled_from(HARMLESS), unique=True, max_size=3))
    def be_odd(self, names: list[str]) -> None:
        self.state.faults = Faults(*names)

    @rule(name=st.sampled_from(ENDINGS), seconds=st.sampled_from([0.5, 4.0]))
    def be_bad_for_a_while(self, name: str, seconds: float) -> None:
        before, self.state.faults = self.state.faults, self.state.faults.with_more(name)
        self.time_goes_on(seconds)
        self.state.faults = before

    # What always holds

    @invariant()
    def nothing_leaks(self) -> None:
        watching = self.watcher is not None and self.watcher.server is not None
        assert self.state.streams <= int(watching)

    @invariant()
    def the_camera_is_where_it_was_told_to_be(self) -> None:
        assert self.state.motors.target == self.target
        assert {n: (one.pan, one.tilt) for n, one in self.state.presets.items()} == self.presets

    def teardown(self) -> None:
        """Once all is well, the watcher sees again; and then nobody is left."""
        if not hasattr(self, "state"):
            return  # it ended before it began
        self.state.faults = Faults()
        if self.watcher is not None:
            self.watcher.refused = False
            self.watcher.run(self.now, self.now + 30)
            assert self.watcher.last >= 0
            self.watcher.hang_up()
        assert self.state.streams == 0


TestCameraAndClients = CameraAndClients.TestCase
TestCameraAndClients.settings = settings(max_examples=25, stateful_step_count=25)
