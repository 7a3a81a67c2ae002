"""`hamaproto.commands.catalogue`: each row is its clause of the specification, to the letter."""

from __future__ import annotations

import doctest
from typing import Any

import pytest
from specification import PRINTED, SPECIFICATION

import hamaproto.commands  # the builders make the rows whole
from hamaproto.commands import catalogue
from hamaproto.commands.catalogue import CATALOGUE, Command
from hamaproto.commands.request import Reply, Request, StreamRequest
from hamaproto.errors import ArgumentTypeError, LocalProtocolError
from hamaproto.wire.params import ParamList

assert hamaproto.commands
ROWS = {row.number: row for row in CATALOGUE}


def test_the_catalogue_is_the_specification() -> None:
    assert [row.number for row in CATALOGUE] == list(SPECIFICATION)
    assert len(CATALOGUE) == len(ROWS) == 36


@pytest.mark.parametrize("number", SPECIFICATION)
def test_each_row_is_its_clause_to_the_letter(number: str) -> None:
    printed, row = SPECIFICATION[number], ROWS[number]
    assert row.title == printed["title"]
    assert row.clause == number.rstrip("ab")
    target = printed["target"]
    if target is None:
        assert number == "3.3"
        target = printed["form"].replace("[No, Yes]", "Yes").replace("[0-100]", "50")
    assert row.example.target == target
    assert (row.example.number, row.example.title) == (row.number, row.title)
    assert row.example.anonymous is row.anonymous is (number == "1.2")
    assert row.example == row.example


@pytest.mark.parametrize("number", SPECIFICATION)
def test_what_each_answer_is(number: str) -> None:
    row, target = ROWS[number], ROWS[number].example.target
    due = {"1.1": Reply.IMAGE, "1.2": Reply.IMAGE, "1.3": Reply.MJPEG, "3.1": Reply.AUDIO}.get(
        number,
        Reply.PARAMS
        if "action=list" in target
        else Reply.FORM
        if target.startswith("/form/")
        else Reply.ACK,
    )
    assert row.reply is row.example.reply is due
    assert isinstance(row.example, StreamRequest) is (due in (Reply.MJPEG, Reply.AUDIO))
    if isinstance(row.example, Request):
        assert (row.example.model is not None) is (due is Reply.PARAMS)
        if row.example.model is not None:
            assert row.view is not None
            assert type(row.example.model(ParamList())) is row.view
            assert target.endswith(f"&group={row.view.group}")
            assert str(row.view.__doc__).startswith(row.clause)


def test_what_is_allowed_is_what_is_printed() -> None:
    found = {
        (row.number, name): " ".join(values)
        for row in CATALOGUE
        for name, values in row.allowed.items()
    }
    assert found == PRINTED
    for row in CATALOGUE:
        with pytest.raises(TypeError):
            row.allowed["x"] = ()  # type: ignore[index]  # that is the point


def test_a_row_is_made_whole_once() -> None:
    row = Command("9.9a", "Turn the camera upside down", Reply.ACK, "/turn")

    @row.builder
    def turn() -> Request[Any]:
        """By half a turn."""
        return row.request()

    assert row.build is turn
    assert turn.__doc__ == "9.9 Turn the camera upside down.\n\n    By half a turn."
    assert (row.name, repr(row)) == ("turn", "<Command 9.9a turn>")
    assert turn().target == "/turn"
    assert not hasattr(row, "__dict__")
    with pytest.raises(AttributeError):
        row.title = "x"  # type: ignore[misc]  # that is the point


def test_a_value_that_is_not_given_is_left_out() -> None:
    row = ROWS["3.3"]
    assert row.request(output_volume=100, enable="No").target == (
        "/form/enet?enet_source=cp.asp&enet_audio_enable=No&enet_audio_output_vol=100"
    )
    assert row.request().target == "/form/enet?enet_source=cp.asp"


def test_a_name_that_the_command_does_not_have_is_refused() -> None:
    with pytest.raises(ArgumentTypeError, match=r"^move\(\): no argument is named 'aim'$"):
        catalogue.MOVE.request(direction="left", way="up", aim="up")
    with pytest.raises(ArgumentTypeError, match="'fps'"):
        catalogue.IMAGE.request(fps=5)


def test_unchecked_values_are_only_for_those_who_ask() -> None:
    with pytest.raises(LocalProtocolError, match=r"'stop' is not allowed.*\(clause 4\.1\)"):
        catalogue.MOVE.request(direction="stop")
    assert catalogue.MOVE.request(direction="stop", unchecked=True).target.endswith("move=stop")


def test_the_example_of_the_module() -> None:
    assert doctest.testmod(catalogue) == (0, 1)
