"""Multipart MJPEG, read so that no frame is lost that could have been delivered.

In: the body of an answer, in pieces of any size, and the Content-Type of its head if there
was one.  Out: `Frame`, `Part`, `Anomaly`, `Skipped`, `EndOfStream`.

No camera is trusted and no list of quirks is consulted.  One mechanism reads everything:

1. **The marker walk is the truth** (`walk.py`).  An image begins at FFD8FF and ends with
   the EOI that the structure of JPEG gives it; it is delivered with that byte.  What stands
   between an image's end and the next image is looked through for a delimiter, for a header
   block where the stream begins with one, and for FFD8FF; everything else there is junk,
   reported as `Skipped`, once a gap.
2. **A Content-Length is a belief that saves the walk.**  It is believed while the walk has
   confirmed this stream's lengths, none has lied since, and it is like the last good one.
   Then its bytes are taken unseen; if they do not end in one FFD9, they are walked after
   all.  A lie therefore costs time and nothing else, and belief can't be seen in the events.
3. **The second opinion.**  Only when the walk is surprised (no marker where one is due, a new
   image inside an image, a malformed segment, an EOI in doubt, the end, the size limit), what was
   walked is searched for a known delimiter with a header block or an image behind it; where an
   image begins or ends, also for a line that nobody declared with a Content- or X- header behind
   it, and for an image behind such a header, whose delimiter is gone.  If there is one, the image
   was cut off there, and reading goes on at that place.  If there is none, the walk goes on the
   way libjpeg does.  A walk without surprise outranks any delimiter, so that a comment inside an
   image can't inject a frame.  Tables are no comments: FFD8FF inside one is where the next image
   begins, onto one of whose markers the length of a table that was cut off may have led the
   walk, which is then not surprised at all.
4. **A part that is no image** ends at its length; without one, at whatever may follow it, since
   nothing else would end it: any sign of the next part counts that would count in a gap.

Every decision depends on the bytes up to the one that decides, and on the end of the
stream; never on how many more have arrived.  Where a decision needs bytes that are not there
yet, the place is held and the question asked again; that happens between images, and never
delays an EOI.

Each byte is looked at a bounded number of times: what was searched is not searched again, and
what waits for more is held no longer than it takes to rule it out.  Parts that hide inside the
segments of an image, and are found only where it breaks, are read again from there, each to its
own end.  In no stream of a camera is that much; in one that was made for it, once more than
eight times what came before was read again, an image is in doubt from its start: no length
is believed, and any delimiter ends it, so that nothing is walked that must be taken back.  So
is what precedes the first image that was seen to begin (a phantom).

Who does what, each part by itself and tested by itself; `states.py` asks them, for
`parser.py`, which is what a program calls:

    window.py     the bytes at hand, and what is queued behind them
    report.py     what is to be said, held until something real follows; the accounts
    gap.py        what stands between two parts
    head.py       one header block
    text_part.py  where a part ends that is no image
    image.py      the bytes of the image at hand, walked or taken by a length
    opinion.py    where an image was cut off, with inside.py and delimiter.py
    ending.py     where the image at hand ends: one floor above the image, the opinion and the
                  belief, which it asks
    loan.py       the places that are lent to be read into
    belief.py     whether a length is believed, and whether an image is in doubt

and what they are made of:

    walk.py       the marker walk, which goes past a thumbnail and knows when it has ended
    scans.py      the searches; what in a scan is no marker (a stuffed zero, RST0 to RST7, fill)
    inside.py     whole images in one that turned out to be broken, and which are its thumbnails
    delimiter.py  the names of delimiters, and what proves that one is in use
    store.py      the bytes of an image that spans several chunks
    clean_head.py a header block like the last one, read in one go
    view.py       an image to be searched
    codes.py      the answers of parts, and the states
    turn.py       one caller at a time
    within.py     the bounds of a pointer

On the clean way, which is nearly all of a healthy stream, `gap.py` reads a delimiter and a head
by `clean_head.py`, `belief.py` believes its length, and `store.py` takes the bytes.

Words:

    surprise  something that a sound image does not have, met by the walk
    belief    that a Content-Length is right, so that its bytes need not be walked
    doubt     that an image is one: it is then searched as it is walked
    phantom   an image whose beginning was not seen; it is walked and never delivered
    nested    an image inside an image, a thumbnail, whose EOI does not count
    buried    FFD8FF inside a table, which is where the next image begins

The modules with a `.pxd` are compiled a second time, into `hamaproto.wire._mjpeg`; `MjpegParser`
is the compiled twin where there is one (see `hamaproto.ACCELERATED`).
"""

from typing import TYPE_CHECKING

from hamaproto._accel import load

if TYPE_CHECKING:
    from hamaproto.wire.mjpeg.parser import Accounting, MjpegEvent, MjpegParser
else:
    _twin = load("hamaproto.wire._mjpeg.parser")
    if _twin is None:
        from hamaproto.wire.mjpeg import parser as _twin
    Accounting = _twin.Accounting
    MjpegEvent = _twin.MjpegEvent
    MjpegParser = _twin.MjpegParser

__all__ = ["Accounting", "MjpegEvent", "MjpegParser"]
