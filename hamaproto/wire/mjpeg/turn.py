"""Whose turn it is in a parser; `parser.pxd` has the same names in C."""

from __future__ import annotations

__all__ = ["Turn", "enter", "leave"]


class Turn:
    """Whose turn it is in a parser: one caller's at a time (see contract.py)."""

    __slots__ = ("made", "taken")

    def __init__(self) -> None:
        self.made = True
        self.taken = False


def enter(turn: Turn) -> bool:
    """Take the turn; False if somebody has it."""
    if turn.taken:
        return False
    turn.taken = True
    return True


def leave(turn: Turn) -> None:
    """Give it back."""
    turn.taken = False
