"""`hamaproto.errors`: whose fault it is decides the class, and an error survives a pickle."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from hamaproto import errors
from hamaproto.errors import DeviceError, HamaError, RemoteProtocolError

ERRORS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_each_survives_a_copy_and_a_pickle(kind: type[HamaError]) -> None:
    error = kind("what was wrong")
    for name in ("offset", "status"):
        if hasattr(error, name):
            setattr(error, name, 207)
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(again) is kind
        assert str(again) == str(error)
        assert vars(again) == vars(error)
        assert again.args == error.args
    assert "what was wrong" in str(error)


def test_every_error_is_public_and_has_one_base() -> None:
    assert {kind.__name__ for kind in ERRORS} == set(errors.__all__)
    assert all(issubclass(kind, HamaError) for kind in ERRORS)
    # Whose fault is it?  A class that had two of these would have two answers.
    faults = [getattr(errors, f"{who}Error") for who in ("LocalProtocol", "RemoteProtocol")]
    faults += [errors.DeviceError, errors.TransportError]
    for kind in ERRORS:
        if kind is not HamaError:
            assert sum(issubclass(kind, fault) for fault in faults) == 1, kind


@pytest.mark.parametrize(
    ("kind", "bases"),
    [
        ("LocalProtocolError", [ValueError]),
        ("ArgumentTypeError", [errors.LocalProtocolError, TypeError]),
        ("LimitExceededError", [errors.RemoteProtocolError]),
        ("LoginKindError", [errors.AuthenticationError]),
        ("CertificateError", [errors.ConnectError]),
        ("CameraTimeoutError", [TimeoutError]),
        ("ConnectTimeoutError", [errors.ConnectError, errors.CameraTimeoutError]),
        ("IdleTimeoutError", [errors.CameraTimeoutError]),
    ],
)
def test_what_else_each_is_caught_as(kind: str, bases: list[type[Exception]]) -> None:
    assert all(issubclass(getattr(errors, kind), base) for base in bases)


def test_a_fault_of_the_peer_has_its_place() -> None:
    error = RemoteProtocolError("no safe reading", 12)
    assert (error.message, error.offset) == ("no safe reading", 12)
    assert str(error) == "no safe reading (at byte 12)"
    assert RemoteProtocolError("at once").offset == 0


def test_a_refusal_has_its_status() -> None:
    assert DeviceError("no", 503).status == 503
    assert DeviceError("no").status is None
    assert str(DeviceError("no", 503)) == "no"
