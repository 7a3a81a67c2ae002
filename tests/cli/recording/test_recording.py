"""Recordings, without a camera: parts, names, what is kept, motion, times.

What is written is read by FFmpeg.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import av
import click
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hamaproto.camera import Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.state import CameraState
from hamaproto.cli.measures import DURATION, format_size, format_time, parse_amount
from hamaproto.cli.output import StoppedError, open_output
from hamaproto.cli.recording import NamedParts, OnePart, Recorder, Recording
from hamaproto.cli.recording.keeping import Kept, Retention, excess, ours
from hamaproto.cli.recording.lapse import Schedule
from hamaproto.cli.recording.matroska import MARK
from hamaproto.cli.recording.motion import MotionGate, says_motion
from hamaproto.cli.recording.naming import Template
from hamaproto.cli.recording.progress import Status
from hamaproto.cli.recording.splitting import SplitPlan

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def images() -> list[bytes]:
    """Pictures that differ."""
    state = CameraState(pictures=Pictures(draw_mosaic))
    return [state.picture(number) for number in range(60)]


def pictures_in(path: str | Path) -> list[tuple[bytes, float]]:
    with av.open(str(path)) as file:
        return [
            (bytes(packet), float(packet.pts * packet.time_base))
            for packet in file.demux(video=0)
            if packet.size
        ]


def sound_in(path: str | Path) -> list[tuple[bytes, float]]:
    with av.open(str(path)) as file:
        return [
            (bytes(packet), float(packet.pts * packet.time_base))
            for packet in file.demux(audio=0)
            if packet.size
        ]


def fill(recorder: Recorder, images: list[bytes]) -> None:
    for number, image in enumerate(images):
        recorder.picture(image, number / 10)
        recorder.sound(bytes(1600), number * 800)


def numbered_sound(start: int, count: int) -> bytes:
    """Samples that say themselves which they are."""
    return b"".join(
        (number % 30_000).to_bytes(2, "little") for number in range(start, start + count)
    )


# -- one file --------------------------------------------------------------------------


def test_there_is_no_file_before_the_first_picture(images: list[bytes]) -> None:
    with Recording("a.mkv") as recording:
        recording.sound(bytes(320), 1.0)
        recording.picture(b"no JPEG", 1.0)
        assert os.listdir() == []
        recording.picture(images[0], 1.0)
        assert os.listdir() == ["a.mkv"]
    with Recording("b.mkv"):
        pass
    assert os.listdir() == ["a.mkv"]


def test_a_declared_rate_is_the_cameras_own_or_none(images: list[bytes]) -> None:
    for rate in (None, 12):
        name = f"{rate}.mkv"
        with Recording(name, sound=False) as recording:
            recording.expect(rate)
            for number in range(5):
                recording.picture(images[number], 5 + number * 0.4)
        done = subprocess.run(
            ["ffmpeg", "-v", "debug", "-i", name, "-c", "copy", "-f", "null", "-"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "frame=    5" in done.stderr
        assert ("12 fps" in done.stderr) == (rate == 12)


def test_a_file_can_be_read_while_it_grows(images: list[bytes]) -> None:
    with Recorder(OnePart(open_output("a.mkv"))) as recorder:
        for number in range(40):
            recorder.picture(images[number], number / 10)
            recorder.sound(bytes(1600), number * 800)
            if number % 10 == 9:
                # No more than a second and a half is held back.
                assert len(pictures_in("a.mkv")) >= number - 15
    assert [image for image, _ in pictures_in("a.mkv")] == images[:40]


def test_a_killed_recording_can_be_read() -> None:
    script = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from hamaproto.camera.state import CameraState
from hamaproto.camera import Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.cli.recording import Recording
state = CameraState(pictures=Pictures(draw_mosaic))
recording = Recording("a.mkv")
for number in range(40):
    recording.picture(state.picture(number), number / 10)
    recording.sound(bytes(1600), number / 10)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(pictures_in("a.mkv")) >= 25


def test_a_full_disk_leaves_what_can_be_played(images: list[bytes]) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    recorder = Recorder(OnePart(open_output("a.mkv")))
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        with pytest.raises(OSError, match="large") as raised, recorder:
            fill(recorder, images)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert raised.value.filename == "a.mkv"
    read = pictures_in("a.mkv")
    assert [image for image, _ in read] == images[: len(read)]
    assert len(read) > 5


def test_nobody_reads_and_a_signal_comes(images: list[bytes]) -> None:
    output = open_output("a.mkv")
    recorder = Recorder(OnePart(output), sound=False)
    recorder.picture(images[0], 0.0)
    output.failure = StoppedError()
    with pytest.raises(StoppedError), recorder:
        fill(recorder, images)
    recorder.close()


# -- parts -----------------------------------------------------------------------------

steps = st.lists(st.floats(0.02, 0.9), min_size=2, max_size=25)


@settings(max_examples=40)
@given(steps, st.floats(0.5, 4.0), st.integers(0, 30), st.integers(-4000, 3000))
@example([0.1] * 20, 0.5, 0, 3000)
def test_no_picture_and_no_sample_is_lost_between_parts(
    tmp_path_factory: pytest.TempPathFactory,
    images: list[bytes],
    gaps: list[float],
    seconds: float,
    late: int,
    early: int,
) -> None:
    """Sound comes in pieces of 20 ms, some pieces late or early as the network has it."""
    folder = tmp_path_factory.mktemp("parts")
    parts = NamedParts(Template(str(folder / "{n:03}.mkv")))
    times = [1000.0]
    for gap in gaps:
        times.append(times[-1] + gap)
    sound = [
        (1000 * 8000 - 800 + place * 160) for place in range(int((times[-1] - 1000) * 50) + 12)
    ]
    # What comes when: pictures at their time, sound when it is known.
    events = [(at, 0, index) for index, at in enumerate(times)]
    events += [((start + early) / 8000 + late / 50, 1, start) for start in sound]
    with Recorder(parts, plan=SplitPlan(seconds)) as recorder:
        for _, kind, value in sorted(events):
            if kind == 0:
                recorder.picture(images[value % 60], times[value])
            else:
                recorder.sound(numbered_sound(value, 160), value)
    written = sorted(folder.iterdir())
    assert len(written) == recorder.parts
    read = [pictures_in(path) for path in written]
    assert [image for part in read for image, _ in part] == [
        images[index % 60] for index in range(len(times))
    ]
    # Each begins with a picture, and the pictures have their distances.
    begins = []
    place = 0
    for part in read:
        assert part[0][1] == 0
        begins.append(times[place])
        for index, (_, at) in enumerate(part):
            assert at == pytest.approx(times[place + index] - times[place], abs=0.0021)
        place += len(part)
    # The sound of all parts is all of it, from the first picture on, and each sample lies in
    # the part of its time, at its time.
    heard = b""
    for begin, path in zip(begins, written, strict=True):
        for data, at in sound_in(path):
            number = int.from_bytes(data[:2], "little")
            made = round((begin + at) * 8000)
            assert abs((made - number + 15_000) % 30_000 - 15_000) <= 12
            heard += data
    first = round(times[0] * 8000)
    assert heard == numbered_sound(first, sound[-1] + 160 - first)


@pytest.mark.parametrize("first", ["pictures", "sound"])
def test_what_a_silent_network_has_held_back_goes_to_its_part(
    images: list[bytes], first: str
) -> None:
    """5 s of the one stream come at once, and then 5 s of the other; the cut lies within."""
    with Recorder(NamedParts(Template("{n}.mkv")), plan=SplitPlan(2.5)) as recorder:
        recorder.picture(images[0], 0.0)
        for kind in (first, {"pictures": "sound", "sound": "pictures"}[first]):
            for number in range(50):
                if kind == "pictures" and number:
                    recorder.picture(images[number], number / 10)
                elif kind == "sound":
                    recorder.sound(numbered_sound(number * 800, 800), number * 800)
    heard = b""
    for name in ("1.mkv", "2.mkv"):
        assert len(pictures_in(name)) == 25
        part = b"".join(data for data, _ in sound_in(name))
        assert len(part) == 2.5 * 16000
        heard += part
    assert heard == numbered_sound(0, 40_000)


def test_parts_by_size(images: list[bytes]) -> None:
    plan = SplitPlan(size=60_000)
    with Recorder(NamedParts(Template("{n}.mkv")), plan=plan) as recorder:
        for number in range(60):
            recorder.picture(images[number], number / 10)
            recorder.sound(bytes(1600), number * 800)
        assert recorder.size > 120_000
    names = sorted(os.listdir(), key=lambda name: int(name[:-4]))
    assert len(names) > 3
    assert all(40_000 < os.path.getsize(name) <= 60_000 for name in names[:-1])
    assert [image for name in names for image, _ in pictures_in(name)] == images


def test_parts_lie_on_a_grid() -> None:
    plan = SplitPlan(10.0)
    plan.begin(100.0)
    assert not plan.is_due(109.9, 0)
    assert plan.is_due(110.4, 0)
    plan.begin(110.4)
    assert not plan.is_due(119.9, 0)
    assert plan.is_due(120.0, 0)
    # After a silence of a minute there is one part, and not six.
    plan.begin(187.0)
    assert not plan.is_due(189.9, 0)
    assert plan.is_due(190.0, 0)
    nothing = SplitPlan()
    nothing.begin(0.0)
    assert not nothing.is_due(1e9, 1 << 60)


def test_a_picture_whose_head_is_damaged_begins_no_part(images: list[bytes]) -> None:
    damaged = images[1].replace(b"\xff\xdb\0C", b"\xff\xdb\0\0", 1)
    with Recorder(NamedParts(Template("{n}.mkv")), sound=False, plan=SplitPlan(1.0)) as recorder:
        for at, image in [(0, images[0]), (0.5, damaged), (1.5, damaged), (1.6, images[2])]:
            recorder.picture(image, at)
    assert [image for image, _ in pictures_in("1.mkv")] == [images[0], damaged, damaged]
    assert [image for image, _ in pictures_in("2.mkv")] == [images[2]]


def test_a_later_part_takes_no_name_that_is_taken(images: list[bytes]) -> None:
    Path("b-{x}.mkv").write_bytes(b"theirs")
    parts = NamedParts(Template("b-{x}.mkv"))
    with Recorder(parts, sound=False, plan=SplitPlan(1.0)) as recorder:
        for number in range(3):
            recorder.picture(images[number], float(number))
    assert Path("b-{x}.mkv").read_bytes() == b"theirs"
    assert sorted(os.listdir()) == ["b-{x}-2.mkv", "b-{x}-3.mkv", "b-{x}-4.mkv", "b-{x}.mkv"]


def test_with_overwrite_it_takes_no_name_that_it_has_itself(images: list[bytes]) -> None:
    Path("2000.mkv").write_bytes(b"old")
    parts = NamedParts(Template("{time:%Y}.mkv"), overwrite=True)
    with Recorder(parts, sound=False, plan=SplitPlan(1.0), epoch=946_728_000.0) as recorder:
        for number in range(2):
            recorder.picture(images[number], float(number))
    assert [image for image, _ in pictures_in("2000.mkv")] == images[:1]
    assert [image for image, _ in pictures_in("2000-2.mkv")] == images[1:2]


# -- names -----------------------------------------------------------------------------

NOON = datetime(2024, 2, 29, 12, 30, 5)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{time}.mkv", "2024-02-29_12-30-05.mkv"),
        ("{time:%H:%M}_{n}.mkv", "12:30_7.mkv"),
        ("{camera}/{n:04}.mkv", "10.0.0.9/0007.mkv"),
        ("{n:3d}.mkv", "  7.mkv"),
        ("{time:%Y/%m/%d}/{time:%H}.mkv", "2024/02/29/12.mkv"),
        ("12:30:05.mkv", "12:30:05.mkv"),
        ("100%d {x} {} {n:x} {{.mkv", "100%d {x} {} {n:x} {{.mkv"),
        ("{time:}.mkv", "{time:}.mkv"),
    ],
)
def test_names(text: str, name: str) -> None:
    assert Template(text, "10.0.0.9").name(7, NOON) == name


def test_a_name_gets_a_number_if_nothing_in_it_varies() -> None:
    assert Template("a.b/c.mkv").numbered().text == "a.b/c-{n:04}.mkv"
    assert Template("{camera}.mkv", "x").numbered().text == "{camera}-{n:04}.mkv"
    for text in ("{n}.mkv", "{time}.mkv"):
        assert Template(text).numbered().text == text


@pytest.mark.parametrize("text", ["{time:x\0y}", "{time:%H%}", "{time:/}", "{time:%-H}"])
def test_a_time_that_can_not_be_read_back_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError, match="time"):
        Template(text)


TEMPLATES = [
    "{time}.mkv",
    "cam {n}.mkv",
    "{camera}_{time:%d.%m.%Y %H-%M-%S}.mkv",
    "{time:%Y/%m}/{time:%d}_{n:03}.mkv",
    "sub/{camera}/{n}.mkv",
    "{time:%j %H%M%S%f}.jpg",
]


@pytest.mark.parametrize("text", TEMPLATES)
def test_a_template_finds_what_it_has_named_and_nothing_else(text: str) -> None:
    template = Template(text, "10.0.0.9")
    os.makedirs("sub/10.0.0.9")
    made = set()
    for number in range(1, 4):
        name = template.name(number, NOON + timedelta(days=number, seconds=number))
        template.make_folders(name)
        Path(name).touch()
        made.add(name)
    others = [
        "notes.txt",
        "holiday.mkv",
        "2024-13-01_12-30-05.mkv",
        "2024-03-01_12-30-05.mkv.bak",
        "x2024-03-01_12-30-05.mkv",
        "cam 1.mkv.part",
        "cam x.mkv",
        "sub/10.0.0.8",
        "sub/10.0.0.9/1.avi",
        "10.0.0.8_01.03.2024 12-30-05.mkv",
    ]
    for name in others:
        if name not in made:
            Path(name).touch()
    os.symlink("holiday.mkv", "cam 99.mkv")
    os.mkdir("cam 98.mkv")
    assert set(template.find()) == made
    if template.is_numbered:
        assert template.next_number() == 4


def test_folders_of_the_users_are_not_made() -> None:
    template = Template("none/{time:%Y}/{n}.mkv")
    with pytest.raises(FileNotFoundError):
        template.check_folder()
    template.make_folders(template.name(1, NOON))
    assert os.listdir() == []


def test_a_recording_that_is_started_again_goes_on_behind_what_it_finds(
    images: list[bytes],
) -> None:
    for _ in range(2):
        parts = NamedParts(Template("{n}.mkv"))
        with Recorder(parts, sound=False, plan=SplitPlan(1.0)) as recorder:
            recorder.picture(images[0], 0.0)
            recorder.picture(images[1], 1.0)
    assert sorted(os.listdir()) == ["1.mkv", "2.mkv", "3.mkv", "4.mkv"]


# -- what is kept ----------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 100), st.floats(0, 1000)), max_size=8),
    st.floats(1, 1000),
    st.integers(1, 400),
    st.integers(0, 100),
)
def test_what_goes_is_the_oldest_and_no_more_than_has_to(
    found: list[tuple[int, float]], seconds: float, size: int, growing: int
) -> None:
    parts = [Kept(f"{index}", *row) for index, row in enumerate(found)]
    old = excess(parts, 1000.0, seconds=seconds, size=None)
    assert {part.path for part in old} == {
        part.path for part in parts if 1000.0 - part.finished > seconds
    }
    gone = excess(parts, 1000.0, seconds=None, size=size, growing=growing)
    kept = [part for part in parts if part not in gone]
    assert sum(part.size for part in kept) + growing <= size or not kept
    assert all(one.finished <= other.finished for one in gone for other in kept)
    if gone:
        least = sum(part.size for part in (*kept, gone[-1])) + growing
        assert least > size


def test_only_what_this_program_has_recorded_is_deleted(images: list[bytes]) -> None:
    template = Template("cam-{n}.mkv")
    with Recorder(NamedParts(template), sound=False, plan=SplitPlan(1.0)) as recorder:
        for number in range(4):
            recorder.picture(images[number], float(number))
    for number in range(1, 5):
        os.utime(f"cam-{number}.mkv", (number * 100, number * 100))
    # Another program's film, of the same name and older.
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", "cam-1.mkv", "-map_metadata", "-1", "cam-5.mkv"],
        check=True,
    )
    os.utime("cam-5.mkv", (1, 1))
    Path("cam-6.mkv").write_text(f"{MARK}, said a text")
    os.utime("cam-6.mkv", (1, 1))
    assert ours("cam-1.mkv")
    assert not ours("cam-5.mkv")
    assert not ours("cam-6.mkv")
    retention = Retention(template, seconds=250.0, size=None)
    retention.apply(501.0, ["cam-2.mkv"])
    # 1 and 2 are too old; 2 is being written.
    assert sorted(os.listdir()) == [f"cam-{number}.mkv" for number in (2, 3, 4, 5, 6)]
    retention.apply(501.0)
    assert sorted(os.listdir()) == [f"cam-{number}.mkv" for number in (3, 4, 5, 6)]
    by_size = Retention(template, seconds=None, size=os.path.getsize("cam-4.mkv"))
    by_size.apply(501.0)
    assert sorted(os.listdir()) == [f"cam-{number}.mkv" for number in (4, 5, 6)]
    assert (retention.deleted, by_size.deleted) == (2, 1)


# -- motion ----------------------------------------------------------------------------


class Seen:
    """Takes note of what is let through."""

    def __init__(self) -> None:
        self.events: list[list[float]] = [[]]
        self.samples: list[int] = []

    def picture(self, image: bytes, made: float) -> None:
        self.events[-1].append(made)

    def sound(self, samples: bytes, start: int) -> None:
        self.samples.append(start)

    def end(self, made: float) -> None:
        self.events.append([])


@given(
    st.lists(st.booleans(), min_size=1, max_size=80),
    st.integers(0, 6),
    st.integers(0, 6),
)
def test_what_is_around_a_motion_is_let_through(
    motions: list[bool], before: int, after: int
) -> None:
    """One picture a second: a model of a line says which ones are due."""
    seen = Seen()
    gate = MotionGate(seen, before, after)
    for at, motion in enumerate(motions):
        gate.sound(b"\0\0" * 8000, at * 8000)
        gate.picture(b"x", float(at), motion)
    moved = [at for at, motion in enumerate(motions) if motion]
    due = [
        at
        for at in range(len(motions))
        if any(motion - before <= at <= motion + after for motion in moved)
    ]
    let_through = [at for event in seen.events for at in event]
    assert let_through == due
    assert gate.events == len([event for event in seen.events if event])
    assert {start // 8000 for start in seen.samples} >= set(due)
    assert seen.samples == sorted(set(seen.samples))


def test_what_is_held_is_bounded() -> None:
    seen = Seen()
    gate = MotionGate(seen, 1000.0, 0.0)
    for at in range(200):
        gate.picture(bytes(1_000_000), float(at), False)
    gate.picture(b"x", 200.0, True)
    assert seen.events[0][0] >= 136
    assert seen.events[0][-2:] == [199.0, 200.0]


@pytest.mark.parametrize(
    ("value", "motion"),
    [
        (None, None),
        ("0", False),
        ("1", True),
        (" 1 ", True),
        ("yes", None),
        ("", None),
        ("٣", None),
    ],
)
def test_what_a_header_says(value: str | None, motion: bool | None) -> None:
    assert says_motion(value) is motion


def test_each_motion_is_a_file(images: list[bytes]) -> None:
    parts = NamedParts(Template("{n}.mkv"))
    with Recording(parts, motion=(1.0, 1.0)) as recording:
        for number in range(60):
            at = 10 + number / 10
            recording.picture(images[number], at, motion="1" if number in (20, 21, 50) else "0")
            for piece in range(5):
                recording.sound(bytes(320), at + piece / 50)
        assert recording.gate is not None
        assert recording.gate.events == 2
    assert [image for image, _ in pictures_in("1.mkv")] == images[10:32]
    assert [image for image, _ in pictures_in("2.mkv")] == images[40:60]
    for name, seconds in (("1.mkv", 2.2), ("2.mkv", 2.0)):
        sound = sound_in(name)
        assert sound[0][1] <= 0.1
        assert sum(len(data) for data, _ in sound) / 16000 == pytest.approx(seconds, abs=0.2)


# -- time-lapse, measures, progress ----------------------------------------------------


def test_a_slow_picture_delays_no_other() -> None:
    plan = Schedule(10.0, first=100.0)
    assert plan.wait(100.0) == 0
    plan.taken(101.0)
    assert plan.wait(101.0) == 9
    plan.taken(134.0)
    assert (plan.missed, plan.wait(134.0)) == (2, 6)
    plan.taken(140.0)
    assert (plan.missed, plan.wait(140.0)) == (2, 10)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("10min", (600, None)),
        ("1.5h", (5400, None)),
        ("7d", (604_800, None)),
        ("90 s", (90, None)),
        ("1GB", (None, 10**9)),
        ("2MiB", (None, 2 << 20)),
        ("500kb", (None, 500_000)),
        *((text, None) for text in ("", "10", "-1s", "0s", "1e3s", "GB", "1 eon", "0.0001kB")),
        *((text, None) for text in ("9" * 400 + "s", "9" * 15 + "w", "nans", "\u0661s", "1GBs")),
    ],
)
def test_measures(text: str, amount: object) -> None:
    assert parse_amount(text) == amount


def test_a_length_of_time_without_a_unit_is_of_seconds() -> None:
    assert DURATION.convert("30", None, None) == 30
    assert DURATION.convert("0.5s", None, None) == 0.5
    assert DURATION.convert("0", None, None) == 0
    assert DURATION.convert("2min", None, None) == 120
    for wrong in ("1GB", "soon", "", "-3"):
        with pytest.raises(click.BadParameter, match="30s"):
            DURATION.convert(wrong, None, None)


def test_figures_for_people() -> None:
    assert [format_size(n) for n in (0, 999, 1000, 123_456, 10**9, 2 * 10**13)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "123 kB",
        "1.0 GB",
        "20.0 TB",
    ]
    assert format_time(3661.9) == "1:01:01"
    status = Status(61.0, 610, 10.0, 12_300_000, 2, -0.04, ["motion"])
    assert status.line() == "0:01:01  610 pictures  10.0/s  12.3 MB  2 lost  sound -40 ms  motion"


def test_the_clock_of_a_recording_is_the_wall_clock(images: list[bytes]) -> None:
    parts = NamedParts(Template("{time:%Y-%m-%d}.mkv"))
    with Recorder(parts, sound=False) as recorder:
        recorder.picture(images[0], time.monotonic())
    days = {
        datetime.now().strftime("%Y-%m-%d"),
        (datetime.now() - timedelta(1)).strftime("%Y-%m-%d"),
    }
    assert os.listdir()[0].removesuffix(".mkv") in days
