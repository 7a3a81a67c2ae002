"""What the files of a recording are called.

    cam/{time:%Y-%m-%d}/{camera}_{time:%H-%M-%S}.mkv
    door-{n:04}.mkv

    {time}, {time:FORMAT}   when the first picture of the part was made; FORMAT is strftime's,
                            and stands for %Y-%m-%d_%H-%M-%S if it is left out
    {n}, {n:04}             the number of the part
    {camera}                the camera's host

Everything else in a name is a name: other braces, `%`, blanks, colons.  The same template
finds the files that it has made, and no others.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import click

from hamaproto.cli.output import open_output

__all__ = ["DEFAULT_TIME", "Template"]

DEFAULT_TIME: Final = "%Y-%m-%d_%H-%M-%S"
_FIELD: Final = re.compile(r"\{(?:(time)(?::([^{}]+))?|(n)(?::(0?[1-9])d?)?|(camera))\}")
#: What is of one length, so that it can be told from what stands beside it.
_DIGITS: Final = {
    "%Y": "[0-9]{4}",
    **dict.fromkeys(("%m", "%d", "%H", "%M", "%S", "%y", "%I", "%U", "%W"), "[0-9]{2}"),
    "%j": "[0-9]{3}",
    "%f": "[0-9]{6}",
    "%%": "%",
}
#: What may stand behind the name if another file has it.
_AGAIN: Final = "-[0-9]{1,6}"
#: A leap year, so that the 29th of February can be read without its year.
_YEAR: Final = "2000"


@dataclass(frozen=True, slots=True)
class Template:
    """A name with fields; `camera` is what stands for {camera}."""

    text: str
    camera: str = ""
    _parts: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for match in _FIELD.finditer(self.text):
            if match[1] and match[2]:
                _check_time(self.text, match[2])
        # A time may lead through folders: each of them is a field of its own then.
        text = _FIELD.sub(
            lambda match: (
                "/".join(f"{{time:{piece}}}" for piece in match[2].split("/"))
                if match[2]
                else match[0]
            ),
            self.text,
        )
        object.__setattr__(self, "_parts", tuple(re.split(r"(?<=/)", text)))

    @property
    def varies(self) -> bool:
        """Whether one recording after another gets a name of its own."""
        return any(match[1] or match[3] for match in _FIELD.finditer(self.text))

    @property
    def is_numbered(self) -> bool:
        """Whether the number is part of the name."""
        return any(match[3] for match in _FIELD.finditer(self.text))

    def numbered(self) -> Template:
        """The same one; with a number before the ending if nothing in it varies."""
        if self.varies:
            return self
        stem, ending = os.path.splitext(self.text)
        return Template(f"{stem}-{{n:04}}{ending}", self.camera)

    def name(self, number: int, made: datetime) -> str:
        """The name of the part of that number, which began at that time."""

        def put(match: re.Match[str]) -> str:
            if match[1]:
                return made.strftime(match[2] or DEFAULT_TIME)
            if match[3]:
                return f"{number:{match[4] or ''}d}"
            return self.camera

        return _FIELD.sub(put, self.text)

    def check_folder(self) -> None:
        """Raise OSError if the folder that the user named is not there."""
        fixed = self._fixed_folder() or "."
        with contextlib.suppress(FileExistsError):
            open_output(os.path.join(fixed, "x"))

    def make_folders(self, name: str) -> None:
        """Create the folders that fields have named; those that the user named must exist."""
        fixed = self._fixed_folder()
        if fixed and not os.path.isdir(fixed):
            return
        folder = os.path.dirname(name)
        if folder and folder.rstrip("/") != fixed.rstrip("/"):
            os.makedirs(folder, exist_ok=True)

    def find(self) -> Iterator[str]:
        """The files that have a name of this template; no links, and nothing behind links."""
        if not self.varies:
            return
        fixed = self._fixed_folder()
        left = [part for part in self._parts if part]
        skipped = fixed
        while left and left[0].endswith("/") and skipped.startswith(left[0]):
            skipped = skipped[len(left[0]) :]
            left.pop(0)
        yield from self._find(fixed, left)

    def number_of(self, name: str) -> int | None:
        """The number that a file of this template has in its name."""
        match = self._pattern(os.path.basename(name), self._parts[-1])
        keys = () if match is None else match.re.groupindex
        return next((int(match[key]) for key in keys if match and key.startswith("n")), None)

    def next_number(self) -> int:
        """The number behind the highest that is there."""
        numbers = (self.number_of(name) for name in self.find())
        return max((number for number in numbers if number is not None), default=0) + 1

    def _fixed_folder(self) -> str:
        """The folder up to the first that a field names; "" is where we are."""
        fixed = []
        for part in self._parts[:-1]:
            if _FIELD.search(part):
                break
            fixed.append(part)
        return "".join(fixed)

    def _find(self, folder: str, parts: list[str]) -> Iterator[str]:
        try:
            with os.scandir(folder or ".") as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            return
        part, below = parts[0], parts[1:]
        for entry in found:
            if self._pattern(entry.name, part.rstrip("/")) is None:
                continue
            path = folder + entry.name
            if below and entry.is_dir(follow_symlinks=False):
                yield from self._find(path + "/", below)
            elif not below and entry.is_file(follow_symlinks=False):
                yield path

    def _pattern(self, name: str, part: str) -> re.Match[str] | None:
        """Whether a name is one that this part of the template gives."""
        is_file = part == self._parts[-1]
        stem, ending = os.path.splitext(part) if is_file else (part, "")
        if _FIELD.search(ending):
            stem, ending = part, ""
        pieces: list[str] = []
        times: list[str] = []
        place = 0
        for match in _FIELD.finditer(stem):
            pieces.append(re.escape(stem[place : match.start()]))
            place = match.end()
            if match[1]:
                times.append(match[2] or DEFAULT_TIME)
                pieces.append(f"(?P<t{len(times) - 1}>{_written_as(times[-1])})")
            elif match[3]:
                pieces.append(f"(?P<n{place}>[0-9]{{1,18}})")
            else:
                pieces.append(re.escape(self.camera))
        pieces.append(re.escape(stem[place:]))
        for again in ("", _AGAIN) if is_file else ("",):
            found = re.fullmatch("".join(pieces) + again + re.escape(ending), name, re.DOTALL)
            if found is not None and all(
                _is_time(found[f"t{index}"], form) for index, form in enumerate(times)
            ):
                return found
        return None


def _check_time(text: str, form: str) -> None:
    """Refuse a format that strftime refuses, or that can't be read back."""
    try:
        written = datetime(2024, 2, 29, 13, 14, 15).strftime(form)
    except ValueError as error:
        raise click.UsageError(f"{text}: {{time:{form}}}: {error}") from None
    if not written or "\0" in written or not all(_pieces_read_back(written, form)):
        raise click.UsageError(f"{text}: {{time:{form}}} is no format that can be read back")


def _written_as(form: str) -> str:
    """A pattern for what strftime writes; that it is a time is looked at later."""
    return "".join(
        _DIGITS.get(piece, "[^/]{1,40}?") if piece.startswith("%") else re.escape(piece)
        for piece in re.findall(r"%.|[^%]+", form, re.DOTALL)
    )


def _pieces_read_back(written: str, form: str) -> Iterator[bool]:
    texts, forms = written.split("/"), form.split("/")
    yield len(texts) == len(forms)
    for text, piece in zip(texts, forms, strict=False):
        yield bool(text) and _is_time(text, piece)


def _is_time(text: str, form: str) -> bool:
    """Whether a text is what strftime writes in that format."""
    for year, prefix in ((f"{_YEAR} ", "%Y "), ("", "")):
        try:
            read = datetime.strptime(year + text, prefix + form)
        except (ValueError, re.error):
            continue
        try:
            if read.strftime(form) == text:
                return True
        except ValueError:
            continue
    return False
