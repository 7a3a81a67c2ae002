"""The exit code says whether all of it is there, and the lines say what is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hamaproto.cli.tally import NO_SOUND, Tally, verdict
from hamaproto.errors import AuthenticationError, BusyError, ConnectError, HamaError, RefusedError
from hamaproto.events import Anomaly, AnomalyCode, AudioFrame, EndOfStream, Frame, Skipped
from hamaproto.io import Disconnected


def frame(*, complete: bool = True) -> Frame:
    return Frame(b"x", complete=complete)


def counted(name: str, *events: object, step: float = 1.0) -> Tally:
    tally = Tally(name)
    for number, event in enumerate(events):
        tally.count(event, number * step)
    return tally


def failed(name: str, error: HamaError) -> Tally:
    tally = Tally(name)
    tally.error = error
    return tally


TRY = "try --user NAME, or HAMAPROTO_USER and HAMAPROTO_PASSWORD"
SOUND = AudioFrame(bytes(33))
PICTURES = counted("picture", *[frame()] * 10)


@pytest.mark.parametrize(
    ("tallies", "options", "code", "said"),
    [
        ([PICTURES], {}, 0, []),
        ([PICTURES], {"finished": False}, 0, []),
        ([counted("picture")], {"finished": False}, 130, []),
        ([counted("picture")], {}, 5, ["picture: nothing came"]),
        (
            [counted("picture", frame(), frame(complete=False))],
            {},
            8,
            ["picture: 1 of 2 are cut off"],
        ),
        (
            [counted("picture", frame(), Anomaly(AnomalyCode.DAMAGED_IMAGE, 0, ""))],
            {},
            8,
            ["picture: 1 of 1 are damaged"],
        ),
        (
            [counted("picture", frame(), Anomaly(AnomalyCode.IMAGE_TOO_LARGE, 0, ""))],
            {},
            8,
            ["picture: 1 left out: too large, or without an image in it"],
        ),
        # What stands between pictures is none of them.
        ([counted("picture", frame(), Skipped(0, 99, "junk between parts"))], {}, 0, []),
        (
            [counted("sound", SOUND, Skipped(0, 66, "no frame begins here"), SOUND)],
            {},
            8,
            ["sound: 0.04 s lost: 66 bytes belong to no frame"],
        ),
        # Who joins inside a frame has lost nothing that was to be there.
        ([counted("sound", Skipped(0, 7, "no frame begins here"), SOUND)], {}, 0, []),
        (
            [counted("picture", frame(), Disconnected(None, 1, 0.1), frame())],
            {},
            8,
            ["picture: connections lost: 1"],
        ),
        # An end that the camera says is one; an end of the connection is none.
        (
            [counted("picture", frame(), EndOfStream(closed=True))],
            {"seconds": 5},
            0,
            ["picture: the camera ended the stream"],
        ),
        # Whichever of the two the end reaches first.
        (
            [
                counted("picture", frame(), EndOfStream(closed=True)),
                counted("sound", SOUND, EndOfStream()),
            ],
            {"seconds": 5},
            0,
            ["picture: the camera ended the stream"],
        ),
        (
            [counted("picture", frame(), frame(), EndOfStream())],
            {},
            8,
            ["picture: the camera ended it after 1.0 s"],
        ),
        ([counted("sound", SOUND, EndOfStream())], {}, 0, []),
        (
            [counted("sound", SOUND, SOUND, EndOfStream())],
            {"seconds": 5},
            8,
            ["sound: the camera ended it after 1.0 s"],
        ),
        # One stream of two.
        ([PICTURES, counted("sound")], {}, 8, ["sound: none after 0.0 s"]),
        ([PICTURES, counted("sound", SOUND, SOUND)], {}, 8, ["sound: none after 1.0 s"]),
        ([PICTURES, counted("sound", *[SOUND] * 8)], {}, 0, []),
        ([PICTURES, replace(counted("sound"), absent=True)], {}, 0, []),
        (
            [PICTURES, failed("sound", BusyError("full"))],
            {"host": "cam:80"},
            8,
            ["sound: full (cam:80); close another viewer, or try again later"],
        ),
        ([PICTURES, failed("sound", RefusedError("404", 404))], {}, 0, [NO_SOUND]),
        (
            [failed("sound", RefusedError("404", 404))],
            {"host": "cam:80"},
            7,
            ["sound: 404 (cam:80); is URL the address of a camera of this family, without a page?"],
        ),
        # The same trouble is said once.
        (
            [
                failed("picture", ConnectError("cam:80: no")),
                failed("sound", ConnectError("cam:80: no")),
            ],
            {"host": "cam:80"},
            3,
            ["picture and sound: cam:80: no; is this the camera's address, and is it on?"],
        ),
        (
            [failed("picture", AuthenticationError("login")), failed("sound", BusyError("full"))],
            {"host": "cam:80"},
            4,
            [
                f"picture: login (cam:80); {TRY}",
                "sound: full (cam:80); close another viewer, or try again later",
            ],
        ),
    ],
)
def test_verdict(
    tallies: list[Tally],
    options: dict[str, Any],
    code: int,
    said: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert verdict(*tallies, **{"finished": True, **options}) == code
    assert capsys.readouterr().err.splitlines() == [f"hamaproto: {line}" for line in said]
