"""Recordings: what is written of what was seen and heard.

    recording   what arrives, and when -> when it was made
    recorder    pictures and sound, with the times when they were made -> parts, without a gap
    matroska    one part: a Matroska file
    webm        the same for browsers: a WebM file
    splitting   when the next part begins
    naming      what the parts are called: {time}, {n}, {camera}
    keeping     which old parts have to go
    motion      which pictures and which sound are worth being kept
    lapse       one picture every so many seconds
    progress    what is shown meanwhile

None of them knows a camera or a socket, and only `recorder`, `naming` and `keeping` touch
files.
"""

from hamaproto.cli.recording.matroska import Matroska
from hamaproto.cli.recording.recorder import NamedParts, OnePart, Parts, Recorder, Sound
from hamaproto.cli.recording.recording import Recording
from hamaproto.cli.recording.webm import WebM

__all__ = ["FORMS", "NamedParts", "OnePart", "Parts", "Recorder", "Recording", "Sound"]

#: What a part is, by the name of its format.
FORMS = {"matroska": Matroska, "webm": WebM}
