"""Files of the user's: which are touched, when, and what is left of them."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import click
import pytest

from hamaproto.cli.output import (
    GrowingFile,
    Output,
    StreamOutput,
    WholeFile,
    check_ending,
    format_of,
    is_stream,
    open_output,
)

ROOT = Path(__file__).resolve().parents[2]
BOTH = pytest.mark.parametrize("whole", [False, True], ids=["growing", "whole"])

#: Names that other programs take for something else.
NAMES = [
    "12:30:05.mkv",
    "http:a.mkv",
    "file:a.mkv",
    "pipe:1",
    "a%03d.mkv",
    "100%.mkv",
    "a b.mkv",
    "-a.mkv",
    "--",
    "a\nb.mkv",
    "{n}.mkv",
    "é\udcff.mkv",
    "*.mkv",
    "x" * 251 + ".mkv",
]


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def listed() -> list[str]:
    return sorted(os.listdir())


@BOTH
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name(name: str, whole: bool) -> None:
    with open_output(name, whole=whole) as output:
        assert listed() == []
        output.write(b"abc")
    assert listed() == [name]
    assert Path(name).read_bytes() == b"abc"


@BOTH
def test_there_is_no_file_before_there_is_something_in_it(whole: bool) -> None:
    output = open_output("a", whole=whole)
    assert isinstance(output, WholeFile if whole else GrowingFile)
    output.seek(0)
    assert output.tell() == 0
    output.close()
    assert listed() == []


def test_a_growing_file_is_there_with_its_first_byte() -> None:
    with open_output("a") as output:
        output.write(b"a")
        assert Path("a").read_bytes() == b"a"
        output.write(b"bc")
        output.seek(1)
        output.write(memoryview(b"B"))
        assert output.size == 3
        assert Path("a").read_bytes() == b"aBc"


def test_a_whole_file_is_there_when_it_is_whole() -> None:
    Path("a").write_bytes(b"old")
    Path("a").chmod(0o640)
    with open_output("a", whole=True, overwrite=True) as output:
        output.write(b"new and longer")
        assert Path("a").read_bytes() == b"old"
    assert Path("a").read_bytes() == b"new and longer"
    assert stat.S_IMODE(os.stat("a").st_mode) == 0o640
    assert listed() == ["a"]


@BOTH
def test_what_fails_leaves_no_file(whole: bool) -> None:
    with pytest.raises(ZeroDivisionError), open_output("a", whole=whole):
        raise ZeroDivisionError
    assert listed() == []
    with pytest.raises(ZeroDivisionError), open_output("b", whole=whole) as output:
        raise ZeroDivisionError(output.write(b"abc"))
    # What came of a file that grows is kept.
    assert listed() == ([] if whole else ["b"])


@BOTH
def test_an_old_file_is_refused_and_left_alone(whole: bool) -> None:
    Path("a").write_bytes(b"old")
    os.symlink("a", "link")
    for name in ("a", "link"):
        with pytest.raises(FileExistsError, match="--overwrite"):
            open_output(name, whole=whole)
        # Nothing is done to it before there is something to take its place.
        open_output(name, whole=whole, overwrite=True).close()
        assert Path("a").read_bytes() == b"old"
    with open_output("link", whole=whole, overwrite=True) as output:
        output.write(b"new")
    assert Path("a").read_bytes() == b"new"
    assert Path("link").is_symlink()


@BOTH
def test_a_file_that_came_meanwhile_is_left_alone(whole: bool) -> None:
    output = open_output("a", whole=whole)
    Path("a").write_bytes(b"theirs")
    with pytest.raises(FileExistsError, match="left alone"), output:
        output.write(b"ours")
    assert Path("a").read_bytes() == b"theirs"
    assert listed() == ["a"]


@BOTH
def test_a_link_that_leads_nowhere_gets_its_file(whole: bool) -> None:
    os.mkdir("folder")
    os.symlink("folder/a", "link")
    with open_output("link", whole=whole) as output:
        output.write(b"abc")
    assert Path("folder/a").read_bytes() == b"abc"
    assert os.listdir("folder") == ["a"]


@BOTH
def test_what_can_not_be_is_said_at_once(whole: bool) -> None:
    os.mkdir("folder")
    Path("file").touch()
    for name, kind in {
        "folder": IsADirectoryError,
        "folder/": IsADirectoryError,
        "none/a": FileNotFoundError,
        "file/a": NotADirectoryError,
        "x" * 256: OSError,
        "new/": OSError,
    }.items():
        with pytest.raises(kind) as raised:
            open_output(name, whole=whole)
        assert raised.value.filename == name
    with pytest.raises(click.UsageError, match="empty"):
        open_output("")


@BOTH
def test_the_same_file_is_refused_by_any_name(whole: bool) -> None:
    Path("a").write_bytes(b"in")
    os.link("a", "hard")
    os.symlink("a", "soft")
    Path("b").write_bytes(b"another")
    with open("a", "rb") as source:
        for name in ("a", "./a", "hard", "soft", os.path.abspath("a")):
            with pytest.raises(click.UsageError, match="same file"):
                open_output(name, whole=whole, overwrite=True, sources=[source])
        open_output("b", whole=whole, overwrite=True, sources=[source]).close()
    with open(os.devnull, "rb") as null:
        open_output(os.devnull, sources=[null]).close()
    assert Path("a").read_bytes() == b"in"


@BOTH
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_fifo_is_opened_once_and_written_to_as_it_is(whole: bool, overwrite: bool) -> None:
    os.mkfifo("fifo")
    got: list[bytes] = []

    def read() -> None:
        with open("fifo", "rb") as file:
            got.append(file.read())

    reader = threading.Thread(target=read)
    reader.start()
    data = bytes(range(256)) * 2000
    with open_output("fifo", whole=whole, overwrite=overwrite) as output:
        assert isinstance(output, StreamOutput)
        assert not output.seekable()
        output.write(data[:1])
        output.write(data[1:])
    reader.join()
    assert got == [data]
    assert stat.S_ISFIFO(os.stat("fifo").st_mode)
    assert listed() == ["fifo"]


@BOTH
def test_a_device_is_written_to_as_it_is(whole: bool) -> None:
    with open_output(os.devnull, whole=whole) as output:
        output.write(b"abc")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    with (
        pytest.raises(OSError, match="No space") as raised,
        open_output("/dev/full", whole=whole) as output,
    ):
        output.write(b"abc")
    assert raised.value.filename == "/dev/full"


def test_a_descriptor_by_its_name_is_not_opened_anew() -> None:
    with open("a", "wb") as file:
        file.write(b"before ")
        file.flush()
        with open_output(f"/dev/fd/{file.fileno()}") as output:
            output.write(b"behind")
        assert is_stream(f"/dev/fd/{file.fileno()}")
    assert Path("a").read_bytes() == b"before behind"


def test_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    print("text before it")
    with open_output("-") as output:
        output.write(b"\xff\0")
    assert capfdbinary.readouterr().out.endswith(b"text before it\n\xff\0")
    assert listed() == []


def _limited(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@BOTH
def test_half_a_write_is_taken_back_when_a_disk_is_full(whole: bool) -> None:
    """A limit for the length of files stands for the disk: the same calls fail."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        output = open_output("a", whole=whole)
        _limited(1000)
        with pytest.raises(OSError, match="large") as raised, output:
            output.writelines([bytes(400)] * 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert raised.value.errno == errno.EFBIG
    assert raised.value.filename == "a"
    assert listed() == ([] if whole else ["a"])
    if not whole:
        assert os.path.getsize("a") == 800


@BOTH
def test_a_disk_that_is_full_from_the_start_gets_no_empty_file(whole: bool) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        output = open_output("a", whole=whole)
        _limited(1000)
        with pytest.raises(OSError, match="large"), output:
            output.write(bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert listed() == []


def test_what_is_discarded_is_our_own_file() -> None:
    output = open_output("a")
    output.write(b"abc")
    Path("b").write_bytes(b"theirs")
    os.replace("b", "a")
    output.discard()
    assert output.closed
    assert Path("a").read_bytes() == b"theirs"
    output = open_output("a", overwrite=True)
    output.write(b"abc")
    output.discard()
    assert listed() == ["a"]


def test_a_file_that_grows_is_left_to_who_writes_it() -> None:
    with open_output("a") as first:
        first.write(b"one")
        with pytest.raises(BlockingIOError, match="another program writes") as raised:
            open_output("a", overwrite=True).write(b"two")
        assert raised.value.filename == "a"
        first.write(b" and more")
    assert Path("a").read_bytes() == b"one and more"
    with open_output("a", overwrite=True) as again:
        again.write(b"two")
    assert Path("a").read_bytes() == b"two"


def test_after_an_error_nothing_more_is_written() -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    output = open_output("a")
    output.write(b"abc")
    try:
        _limited(2)
        with pytest.raises(OSError, match="large"):
            output.write(b"def")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    with pytest.raises(OSError, match="large"):
        output.write(b"ghi")
    output.close()
    assert Path("a").read_bytes() == b"abc"


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed")
def test_a_folder_that_takes_no_file() -> None:
    """A picture for a web server: its file may be written to, and its folder not."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        (Path(folder) / "a").write_bytes(b"old and longer")
        (Path(folder) / "a").chmod(0o666)
        script = f"""
import os
from hamaproto.cli.output import open_output
os.setegid(65534); os.seteuid(65534)
for name in ("a", "new"):
    try:
        with open_output({folder!r} + "/" + name, overwrite=True, whole=True) as o:
            o.write(b"new")
    except OSError as error:
        print(type(error).__name__)
"""
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
        )
        assert done.stdout == "PermissionError\n"
        assert (Path(folder) / "a").read_bytes() == b"new"
        assert os.listdir(folder) == ["a"]


def test_the_ending_says_what_is_written() -> None:
    formats = {".mkv": "matroska", ".wav": "wav"}
    assert format_of("a.mkv", formats) == "matroska"
    assert format_of("a.b/c.WAV", formats) == "wav"
    for name in ("a.mp4", "a", "mkv", ".mkv", "a.mkv.gz", "a.mkv "):
        with pytest.raises(click.UsageError, match=r"must end in \.mkv or \.wav"):
            format_of(name, formats, stream="matroska")
    os.mkfifo("fifo")
    for name in ("-", "fifo", os.devnull, "/dev/stdout"):
        assert format_of(name, formats, stream="matroska") == "matroska"
        with pytest.raises(click.UsageError):
            format_of(name, formats)


def test_an_ending_that_says_something_else_is_refused() -> None:
    os.mkfifo("fifo.png")
    for name in ("a.jpg", "a.JPEG", "a.jpe", "a", "a.new", "a.jpg.tmp", ".png", "-", "fifo.png"):
        check_ending(name, "image/jpeg")
    for name in ("a.png", "a.jpg.PNG", "a.mkv", "a.txt", "a.gif"):
        with pytest.raises(click.UsageError, match=r"this is image/jpeg, and the name says \w+/"):
            check_ending(name, "image/jpeg")


def test_outputs_say_what_they_are() -> None:
    output: Output = open_output("a")
    assert output.writable()
    assert not output.readable()
    output.close()
    with pytest.raises(ValueError, match="closed"):
        output.write(b"a")
