"""What a simulated camera knows and remembers: parameters, users, presets and position.

In go the queries of the three programs that a client talks to (`param.cgi`, `ptz.cgi` with
`ptzconfig.cgi`, `form/enet`) and the time; out come the bodies of their answers, and the
pictures and sound of the moment.  No bytes of HTTP are seen here.  The odd ways of the device
are kept on purpose: see `parameters.py`, whose tables this class works by.

Time is a float of seconds from any start, passed in as `now`; `CameraState.epoch` says
what Unix time that start was.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

from hamaproto.camera.faults import NO_FAULTS, Faults
from hamaproto.camera.log import RequestLog
from hamaproto.camera.login import DigestLogin
from hamaproto.camera.motors import Motors
from hamaproto.camera.parameters import (
    BEYOND,
    FORM_FIELDS,
    GROUPS,
    SHOWN_WHILE,
    UPDATES,
    Setter,
    find_value,
    leading_number,
    settable,
)
from hamaproto.camera.picture import Pictures
from hamaproto.camera.profiles import DEFAULT_PROFILE, profile_named
from hamaproto.camera.scene import Scene
from hamaproto.camera.sound import SILENCE, Sound, chime
from hamaproto.camera.ticker import Ticker
from hamaproto.errors import LocalProtocolError
from hamaproto.gsm.tables import FRAME_RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CameraState", "Preset"]

#: Presets are numbered 0..8; another number is ignored without a word.
PRESET_SLOTS: Final = 9
#: A preset's name is cut to this many bytes.
MAX_PRESET_NAME: Final = 63
#: GSM frames of talk-back that are kept to be looked at: ten seconds.
KEPT_TALK_FRAMES: Final = 10 * FRAME_RATE


@dataclass(frozen=True, slots=True)
class Preset:
    """A stored position, in degrees."""

    name: str
    pan: float
    tilt: float


class CameraState:
    """One camera, shared by all connections to it.

    Without `users` nobody needs a login.  `epoch` is the Unix time at which `now` was 0;
    the servers of `hamaproto.io.serve` set it if it is 0.
    `other_users` counts viewers that come by other ways than these connections and take
    slots of the `max_users` too.  Without audio or PTZ the camera says so and ignores what
    it lacks.  `faults` may be exchanged at any time: what is a matter of heads and logins applies
    to the next request, the rest to streams that run as well.  `profile` is a name of
    `profiles.PROFILES`, `seed` decides what is left to chance, and `log` has what was asked.
    With a `camera_id` the pictures have a code in them (`hamaproto.camera.read_code`).
    Raises `LocalProtocolError` for a value that makes no sense.

    Not for many threads at a time: the program that drives the connections owns it.
    """

    def __init__(
        self,
        *,
        profile: str = DEFAULT_PROFILE,
        seed: int = 0,
        users: Mapping[str, str] | None = None,
        faults: Faults = NO_FAULTS,
        max_users: int = 16,
        other_users: int = 0,
        has_audio: bool = True,
        has_ptz: bool = True,
        loginfree: str = "loginfree.jpg",
        camera_id: int | None = None,
        epoch: float = 0.0,
        pictures: Pictures | None = None,
        sound: Sound = chime,
    ) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._-]+", loginfree):
            raise LocalProtocolError(
                f"loginfree={loginfree!r}: a file name of letters, digits, '.', '_' and '-' "
                "is needed (clause 1.2)"
            )
        if camera_id is not None and not 0 <= camera_id < 65_536:
            raise LocalProtocolError(f"camera_id={camera_id}: 0 to 65535 is possible, or None")
        if max_users < 0 or other_users < 0:
            raise LocalProtocolError(
                f"max_users={max_users}, other_users={other_users}: counts can't be negative"
            )
        self.profile = profile_named(profile)
        self.seed = seed
        self.log = RequestLog()
        self.users = dict(users or {})
        self.faults = faults
        self.max_users = max_users
        self.other_users = other_users
        self.has_audio = has_audio
        self.has_ptz = has_ptz
        self.loginfree = loginfree
        self.camera_id = camera_id
        self.epoch = epoch
        self.presets: dict[int, Preset] = {}
        self.motors = Motors()
        self.preset: Preset | None = None
        """The preset that was last gone to, until the next move."""
        self.motion = False
        """Whether the stream's `Motion-Event` header says 1."""
        self.streams = 0
        """Streams that are running."""
        self.talk_frames = 0
        """GSM frames that came by talk-back: how many, and the last of them."""
        self.talk: deque[bytes] = deque(maxlen=KEPT_TALK_FRAMES)
        self.stored = {
            key.removeprefix("root."): value
            for lines in GROUPS.values()
            for key, _, value in (line.partition("=") for line in lines)
        }
        """The values of all parameters as text, by their keys without `root.`."""
        # What can be set and not be read back.
        self.stored.update(flip_mode="0", output_volume="50", pt_speed=str(self.motors.speed))
        self.ticker = Ticker(self.fps)
        """The clocks that number pictures and GSM frames."""
        self.sound_ticker = Ticker(FRAME_RATE)
        self.digest = DigestLogin(seed)
        self.pictures = pictures or Pictures()
        self.sound: Sound = sound

    def __repr__(self) -> str:
        # Never the users: their passwords are among them.
        return f"<CameraState {self.streams} streams, {len(self.presets)} presets>"

    def reboot(self, now: float) -> None:
        """Forget what a camera forgets without power: the motors go home, nonces are void.

        What was set by parameters and presets stays.  The connections are the driver's to end.
        """
        self.motors = Motors()
        self.motors.set_speed(self.pt_speed, now)
        self.preset = None
        self.motion = False
        self.digest.expire()

    def as_dict(self, now: float) -> dict[str, Any]:
        """What there is to know of the camera, as JSON can say it; of users the names only."""
        pan, tilt = self.position(now)
        return {
            "profile": self.profile.name,
            "seed": self.seed,
            "time": now,
            "faults": list(self.faults.names),
            "streams": self.streams,
            "current_users": self.current_users,
            "max_users": self.max_users,
            "position": {"pan": pan, "tilt": tilt},
            "target": dict(zip(("pan", "tilt"), self.motors.target, strict=True)),
            "presets": {
                str(number): {"name": one.name, "pan": one.pan, "tilt": one.tilt}
                for number, one in self.presets.items()
            },
            "preset": None if self.preset is None else self.preset.name,
            "motion": self.motion,
            "talk_frames": self.talk_frames,
            "users": list(self.users),
        }

    # What pictures and sound are made from.

    @property
    def resolution(self) -> tuple[int, int]:
        """Width and height of the MJPEG stream, in pixels."""
        width, height = self.stored["Image.I0.Appearance.Resolution"].split("x")
        return int(width), int(height)

    @property
    def compression(self) -> int:
        """The amount of JPEG compression, 0..4."""
        return int(self.stored["Image.I0.Appearance.Compression"])

    @property
    def fps(self) -> int:
        """Pictures a second of the MJPEG stream."""
        return int(self.stored["Image.I0.Stream.FPS"])

    @property
    def flip_mode(self) -> int:
        """0 normal, 1 vertical mirror, 2 horizontal mirror, 3 rotated by 180 degrees."""
        return int(self.stored["flip_mode"])

    @property
    def audio_enabled(self) -> bool:
        """Whether there is a microphone, and clause 3.3 has not switched it off."""
        return self.has_audio and self.stored["Properties.Audio"] == "yes"

    @property
    def microphone_volume(self) -> int:
        """0..100."""
        return int(self.stored["Audio.volume"])

    @property
    def output_volume(self) -> int:
        """0..100."""
        return int(self.stored["output_volume"])

    @property
    def pt_speed(self) -> int:
        """1 (fast) to 9 (slow)."""
        return int(self.stored["pt_speed"])

    def position(self, now: float) -> tuple[float, float]:
        """Pan and tilt in degrees, right and up positive."""
        return self.motors.at(now)

    @property
    def current_users(self) -> int:
        """How many slots are taken (clause 2.1.14)."""
        return self.streams + self.other_users

    def take_slot(self) -> bool:
        """Count one more stream, unless all slots are taken."""
        if self.current_users >= self.max_users:
            return False
        self.streams += 1
        return True

    def free_slot(self) -> None:
        """Count one stream less."""
        self.streams -= 1

    def picture(self, number: int, offset: float = 0.0) -> bytes:
        """The JPEG of that number, as it was or will be when it is due.

        `offset` is by how many seconds the camera's clock is wrong.

        The last few are kept, so that all clients that ask for the same one share it.
        """
        due = self.ticker.due(number)
        pan, tilt = self.position(due)
        preset = self.preset
        width, height = self.resolution
        scene = Scene(
            number=number,
            time=self.epoch + due + offset,
            width=width,
            height=height,
            compression=self.compression,
            flip_mode=self.flip_mode,
            pan=pan,
            tilt=tilt,
            preset=preset.name if preset is not None else "",
            camera=self.camera_id,
        )
        return self.pictures.get(scene)

    def sound_frame(self, number: int) -> bytes:
        """The GSM frame of that number."""
        return self.sound(number) if self.microphone_volume else SILENCE

    def hear(self, frame: bytes) -> None:
        """Take a GSM frame of talk-back."""
        self.talk_frames += 1
        self.talk.append(frame)

    def heard(self) -> NDArray[np.int16]:
        """What came by talk-back, decoded: int16 samples, 8000 a second, the last ten seconds."""
        from hamaproto.gsm import Decoder

        return Decoder().decode(b"".join(self.talk))

    # /camera-cgi/admin/param.cgi

    def param(self, query: bytes, now: float) -> bytes:
        """The body that `param.cgi` answers to a query."""
        action = find_value(query, "action")
        if action == "update":
            self.update(query, now)
            return b"OK\r\n"
        groups = find_value(query, "group") if action == "list" else None
        if not groups:
            return b"\r\n"
        text = "".join(f"{line}\n" for group in groups.split(",") for line in self.listing(group))
        return text.encode("latin-1", "replace") + b"\r\n"

    def listing(self, group: str) -> list[str]:
        """The lines of one group, or the device's error line."""
        if group == "listuser" and self.profile.beyond:
            return [
                f"User{number}={name},Password={password}"
                for number, (name, password) in enumerate(self.users.items(), 1)
            ]
        if group not in GROUPS or (group in BEYOND and not self.profile.beyond):
            return [f"# Error -1 getting param in group '{group}'!"]
        if group == "Properties.Audio" and not self.has_audio:
            return ["Properties.Audio=no"]
        lines = []
        for line in GROUPS[group]:
            printed = line.partition("=")[0]
            key = printed.removeprefix("root.")
            condition = SHOWN_WHILE.get(key)
            if condition is None or self.stored[condition[0]] == condition[1]:
                lines.append(f"{printed}={self._value(key)}")
        return lines

    def _value(self, key: str) -> str:
        live: dict[str, Callable[[], str]] = {
            "Properties.VideoServer.MaxUsers": lambda: str(self.max_users),
            "Properties.VideoServer.CurrentUsers": lambda: str(self.current_users),
            "Properties.Audio.TwoWayAudio": lambda: self.stored["Properties.Audio"],
            "Properties.PTZ.PTZ": lambda: "yes" if self.has_ptz else "no",
        }
        return live[key]() if key in live else self.stored[key]

    def update(self, query: bytes, now: float) -> None:
        """Store what `action=update` asks for, as far as the device would."""
        for name, setter in UPDATES.items():
            self._store(setter, find_value(query, name), now)

    def set(self, key: str, value: str, now: float) -> str:
        """Store a value as the device would, under its key or its name in a form.

        Gives what is stored then.  Raises `LocalProtocolError` if nothing sets such a parameter.
        """
        setter = settable(key)
        self._store(setter, value, now)
        return self.stored[setter.key]

    def _store(self, setter: Setter, text: str | None, now: float) -> None:
        value = None if text is None else setter.rule(text)
        if value is None or value == self.stored[setter.key]:
            return
        self.stored[setter.key] = value
        self.ticker.retime(self.fps, now)
        self.motors.set_speed(self.pt_speed, now)

    # /form/enet

    def form(self, query: bytes, now: float) -> str:
        """Store what a form was sent with; returns the page that the browser goes on to."""
        source = "cp.asp"
        for field in query.split(b"&"):
            name, _, value = field.partition(b"=")
            text = unquote_to_bytes(value.replace(b"+", b" ")).decode("latin-1").strip(" ")
            setter = FORM_FIELDS.get(name.decode("latin-1"))
            # A value that came in percent-encoded must not be able to end a header line.
            if name == b"enet_source" and re.fullmatch(r"[\w.-]+", text, re.ASCII):
                source = text
            elif setter is not None:
                self._store(setter, text, now)
        return source

    # /camera-cgi/com/ptz.cgi and ptzconfig.cgi

    def ptz(self, query: bytes, now: float) -> None:
        """Move, or go to a preset.  What makes no sense is ignored, as the device does."""
        if not self.has_ptz:
            return
        direction = find_value(query, "move")
        if direction is not None and self.motors.move(direction, now):
            self.preset = None
        preset = self.presets.get(self._preset_number(query, "gotoserverpresetIndex"))
        if preset is not None:
            self.motors.go_to(preset.pan, preset.tilt, now)
            self.preset = preset

    def ptzconfig(self, query: bytes) -> None:
        """Store the position under a number, or forget one."""
        number = self._preset_number(query, "presetNo")
        if not self.has_ptz or number < 0:
            return
        name = find_value(query, "setserverpresetname")
        if name is not None:
            preset = Preset(name[:MAX_PRESET_NAME], *self.motors.target)
            self.presets[number] = self.preset = preset
        elif find_value(query, "removeserverpresetname") is not None:
            removed = self.presets.pop(number, None)
            self.preset = None if self.preset is removed else self.preset

    def _preset_number(self, query: bytes, name: str) -> int:
        """The number of a slot; -1 if there is none in the query or it does not exist."""
        number = leading_number(find_value(query, name) or "")
        return number if number is not None and 0 <= number < PRESET_SLOTS else -1
