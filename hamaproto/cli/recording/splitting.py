"""When a recording goes on in another file."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SplitPlan"]


@dataclass(slots=True)
class SplitPlan:
    """Parts of so many seconds, or of no more than so many bytes; without either, one part.

    Parts by time lie on a grid that begins with the recording, so that a late picture delays
    one part and not all that follow.
    """

    seconds: float | None = None
    size: int | None = None
    _due: float | None = None

    def begin(self, made: float) -> None:
        """A part begins with a picture that was made at that time."""
        if self.seconds is None:
            return
        if self._due is None:
            self._due = made
        # What lies behind, after a long silence, is passed over.
        steps = int((made - self._due) / self.seconds + 1e-9) + 1
        self._due += max(steps, 1) * self.seconds

    def is_due(self, made: float, size: int) -> bool:
        """Whether a picture of that time belongs into the next part.

        `size` is what the present part would have with it.
        """
        if self._due is not None and made >= self._due:
            return True
        return self.size is not None and size > self.size
