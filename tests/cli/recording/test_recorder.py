"""Pictures and sound in one part or in several: nothing is lost, nothing is torn.

What is written is read by FFmpeg.
"""

from __future__ import annotations

import os
import resource
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from recorded import fill, numbered_sound, pictures_in, sound_in

from hamaproto.cli.output import StoppedError, open_output
from hamaproto.cli.recording import NamedParts, OnePart, Recorder
from hamaproto.cli.recording.naming import Template
from hamaproto.cli.recording.splitting import SplitPlan


def test_a_file_can_be_read_while_it_grows(images: list[bytes]) -> None:
    with Recorder(OnePart(open_output("a.mkv"))) as recorder:
        for number in range(40):
            recorder.picture(images[number], number / 10)
            recorder.sound(bytes(1600), number * 800)
            if number % 10 == 9:
                # No more than a second and a half is held back.
                assert len(pictures_in("a.mkv")) >= number - 15
    assert [image for image, _ in pictures_in("a.mkv")] == images[:40]


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


def test_a_recording_that_is_started_again_goes_on_behind_what_it_finds(
    images: list[bytes],
) -> None:
    for _ in range(2):
        parts = NamedParts(Template("{n}.mkv"))
        with Recorder(parts, sound=False, plan=SplitPlan(1.0)) as recorder:
            recorder.picture(images[0], 0.0)
            recorder.picture(images[1], 1.0)
    assert sorted(os.listdir()) == ["1.mkv", "2.mkv", "3.mkv", "4.mkv"]


def test_the_clock_of_a_recording_is_the_wall_clock(images: list[bytes]) -> None:
    parts = NamedParts(Template("{time:%Y-%m-%d}.mkv"))
    with Recorder(parts, sound=False) as recorder:
        recorder.picture(images[0], time.monotonic())
    days = {
        datetime.now().strftime("%Y-%m-%d"),
        (datetime.now() - timedelta(1)).strftime("%Y-%m-%d"),
    }
    assert os.listdir()[0].removesuffix(".mkv") in days
