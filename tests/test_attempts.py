"""`hamaproto.attempts`: which losses pass, and how long to wait for the next attempt."""

from __future__ import annotations

import pytest

from hamaproto.attempts import Attempts
from hamaproto.errors import (
    AuthenticationError,
    BusyError,
    CertificateError,
    ConnectionLostError,
    HamaError,
    LocalProtocolError,
    RefusedError,
    RemoteProtocolError,
)
from hamaproto.settings import Backoff

STEADY = Backoff(initial=1, factor=2, cap=5, jitter=0)
LOSS = ConnectionLostError("lost")


def test_without_a_backoff_the_first_loss_is_the_end() -> None:
    attempts = Attempts(None)
    assert not attempts.reconnects
    assert attempts.lost(LOSS) is None
    assert attempts.lost(None) is None
    assert attempts.number == 0


def test_each_loss_in_a_row_waits_longer_and_the_frame_behind_them_tells() -> None:
    attempts = Attempts(STEADY)
    assert attempts.reconnects
    assert attempts.frame(True) == 0
    assert [attempts.lost(LOSS) for _ in range(4)] == [1, 2, 4, 5]
    assert repr(attempts) == "<Attempts 4>"
    assert attempts.frame(True) == 4
    assert attempts.frame(True) == 0
    assert attempts.lost(None) == 1


def test_a_frame_that_was_cut_off_tells_too_but_makes_no_new_beginning() -> None:
    attempts = Attempts(STEADY)
    assert attempts.lost(LOSS) == 1
    assert attempts.frame(False) == 1
    assert attempts.lost(LOSS) == 2
    assert attempts.frame(True) == 2


def test_attempts_have_an_end() -> None:
    attempts = Attempts(Backoff(attempts=2))
    assert attempts.lost(LOSS) is not None
    assert attempts.lost(LOSS) is not None
    assert attempts.lost(LOSS) is None


@pytest.mark.parametrize(("asked_for", "delay"), [(0, 1), (0.5, 1), (3, 3), (1e9, 5)])
def test_what_the_device_asks_for_counts_up_to_the_cap(asked_for: float, delay: float) -> None:
    assert Attempts(STEADY).lost(LOSS, asked_for=asked_for) == delay


#: An error, whether it passes at first, and whether it does once there was a stream.
PASSES: list[tuple[HamaError | None, bool, bool]] = [
    (None, True, True),
    (LOSS, True, True),
    (BusyError("all slots", 200), True, True),
    (RemoteProtocolError("what?"), True, True),
    *((RefusedError("later", status), True, True) for status in (408, 425, 429, 500, 503, 599)),
    *((RefusedError("no", status), False, False) for status in (400, 403, 404, 407, 410, 499)),
    # A page in the place of a stream: a camera that starts, or one that has none.
    *((RefusedError("a page", status), False, True) for status in (200, 204, None)),
    (AuthenticationError("who?", 401), False, False),
    (CertificateError("whose?"), False, False),
    (LocalProtocolError("how?"), False, False),
]


@pytest.mark.parametrize(("error", "at_first", "later"), PASSES, ids=repr)
def test_which_losses_pass(error: HamaError | None, at_first: bool, later: bool) -> None:
    assert (Attempts(STEADY).lost(error) is not None) is at_first
    streamed = Attempts(STEADY)
    streamed.frame(True)
    assert (streamed.lost(error) is not None) is later
    # What is not back yet may show a page, too; half a picture is no stream.
    restarting = Attempts(STEADY)
    restarting.lost(LOSS)
    assert (restarting.lost(error) is not None) is later
    half = Attempts(STEADY)
    half.frame(False)
    assert (half.lost(error) is not None) is at_first
