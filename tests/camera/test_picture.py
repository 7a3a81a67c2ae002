"""The simulated camera's pictures: whole JPEGs, stamped, and true to what was set."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from hamaproto.camera import CameraState, Pictures, Scene, Stamp, picture, read_stamp
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.panorama import draw_panorama
from hamaproto.camera.picture import stamps_in
from hamaproto.camera.scene import Renderer
from hamaproto.errors import LocalProtocolError

SIZES = [(320, 240), (640, 480), (1280, 1024)]
RENDERERS: list[Renderer] = [draw_panorama, draw_mosaic]


def decoded(image: bytes) -> Image.Image:
    opened = Image.open(io.BytesIO(image))
    opened.load()
    return opened.convert("L")


def differ(one: bytes, other: bytes, box: tuple[int, int, int, int]) -> float:
    """The mean difference of brightness inside a box."""
    histogram = (
        ImageChops.difference(decoded(one).crop(box), decoded(other).crop(box))
    ).histogram()
    return sum(level * count for level, count in enumerate(histogram)) / sum(histogram)


def scene(**changes: object) -> Scene:
    return Scene(**{"number": 7, "time": 1e9, "width": 320, "height": 240, **changes})  # type: ignore[arg-type]


#: Below the writing on top, above the writing at the bottom.
VIEW = (0, 72, 320, 216)


@pytest.mark.parametrize("render", RENDERERS)
class TestRenderers:
    @pytest.mark.parametrize(("width", "height"), [*SIZES, (8, 8), (250, 131)])
    def test_the_size_is_the_size_that_is_set(
        self, render: Renderer, width: int, height: int
    ) -> None:
        image = Pictures(render).get(scene(width=width, height=height))
        assert decoded(image).size == (width, height)

    def test_it_moves_with_the_camera(self, render: Renderer) -> None:
        straight = render(scene())
        for moved in (scene(pan=10.0), scene(tilt=-10.0)):
            assert differ(straight, render(moved), VIEW) > 5

    def test_it_shows_the_number(self, render: Renderer) -> None:
        top = (0, 0, 200, 72)
        assert differ(render(scene(number=11)), render(scene(number=88)), top) > 0.5

    @pytest.mark.parametrize(
        ("flip_mode", "transposed"),
        [
            (1, Image.Transpose.FLIP_TOP_BOTTOM),
            (2, Image.Transpose.FLIP_LEFT_RIGHT),
            (3, Image.Transpose.ROTATE_180),
        ],
    )
    def test_it_flips(self, render: Renderer, flip_mode: int, transposed: Image.Transpose) -> None:
        # The middle, which has no writing on it and is its own mirror image.
        middle = (0, 80, 320, 160)
        plain = decoded(render(scene(pan=13.0))).transpose(transposed).crop(middle)
        flipped = decoded(render(scene(pan=13.0, flip_mode=flip_mode))).crop(middle)
        histogram = ImageChops.difference(plain, flipped).histogram()
        assert sum(histogram[40:]) < sum(histogram) / 100


@given(
    st.integers(0, 10**9),
    st.floats(0, 4e9),
    st.floats(-90, 90),
    st.floats(-30, 30),
    st.text(st.characters(max_codepoint=255), max_size=63),
)
@settings(max_examples=50)
def test_a_stamp_comes_back(number: int, time: float, pan: float, tilt: float, preset: str) -> None:
    wanted = Stamp(number, time, pan, tilt, preset)
    for render in (draw_mosaic, lambda scene: b"\xff\xd8\xff\xe0\x00\x04ab\xff\xd9"):
        image = Pictures(render).get(Scene(number, time, 16, 16, 0, 0, pan, tilt, preset))
        assert read_stamp(image) == wanted
        # Nothing in it may look like a marker.
        assert b"\xff" not in image.split(b"hamaproto ", 1)[1].split(b"}")[0]


@given(st.binary(max_size=80))
def test_other_bytes_have_no_stamp(data: bytes) -> None:
    for start in (b"", b"\xff\xfe\x00\x14hamaproto "):
        assert read_stamp(start + data) is None


def test_a_camera_draws_what_is_set() -> None:
    state = CameraState(epoch=1e9)
    first = state.picture(state.ticker.index(0.0))
    assert read_stamp(first) == Stamp(0, 1e9, 0.0, 0.0, "")
    assert state.picture(0) is first
    state.update(b"Image.I0.Appearance.Resolution=320x240", 0.0)
    state.ptz(b"move=left", 0.0)
    state.ptzconfig(b"setserverpresetname=door&presetNo=1")
    later = state.picture(state.ticker.index(60.0))
    assert decoded(later).size == (320, 240)
    assert read_stamp(later) == Stamp(900, 1e9 + 60, -10.0, 0.0, "door")


def test_few_pictures_are_kept() -> None:
    drawn = []

    def render(scene: Scene) -> bytes:
        drawn.append(scene.number)
        return b"\xff\xd8\xff\xd9"

    pictures = Pictures(render)
    # As many as a stream may be late: a quarter of a second at 30 a second.
    for number in [*range(100), 99, 92, 91, 0]:
        pictures.get(scene(number=number))
    assert drawn == [*range(100), 91, 0]


def test_the_stamp_stands_behind_the_first_segment_of_jfif() -> None:
    """JFIF wants its APP0 directly behind SOI; T.81 B.2.4.5: a comment is FFFE and its length."""
    app0 = b"\xff\xe0\x00\x06abcd"
    long = b"\xff\xe0\x01\x04" + bytes(258)
    for before in (b"", app0, long):
        image = Pictures(lambda scene, b=before: b"\xff\xd8" + b + b"\xff\xd9").get(scene())
        assert image.startswith(b"\xff\xd8" + before + b"\xff\xfe")
        segment = image[2 + len(before) : -2]
        assert int.from_bytes(segment[2:4], "big") == len(segment) - 2
        assert segment[4:14] == b"hamaproto "


def test_a_stamp_that_is_not_in_a_comment_is_none() -> None:
    image = Pictures(draw_mosaic).get(scene())
    place = image.index(b"hamaproto ")
    stamp = read_stamp(image)
    # With nothing but the comment's marker and length before it, and behind whatever it is.
    assert read_stamp(image[place - 4 :]) == read_stamp(b"x" + image[place - 4 :]) == stamp
    assert read_stamp(image[place - 3 :]) is None
    long = Pictures(draw_mosaic).get(scene(preset="x" * 300))
    assert read_stamp(long) == stamp._replace(preset="x" * 300) if stamp else False
    for damage in (
        image[: place - 4] + b"\xff\xfd" + image[place - 2 :],
        image[: place - 2] + b"\x00\x20" + image[place:],
        image.replace(b'"number"', b'"member"'),
        b"\xfe\x00\x20hamaproto {}",
    ):
        assert read_stamp(damage) is None


def test_a_renderer_that_draws_no_jpeg_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="FFD8"):
        Pictures(lambda scene: b"GIF89a").get(scene())


def test_without_pillow_the_default_is_the_mosaic(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = scene(number=11)
    assert Pictures().get(seen) == Pictures(draw_panorama).get(seen)
    monkeypatch.setattr(picture, "find_spec", lambda name: None)
    assert Pictures().get(seen) == Pictures(draw_mosaic).get(seen)


def test_without_pillow_there_is_the_mosaic() -> None:
    program = (
        "import sys; sys.modules['PIL'] = None\n"
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'PIL' else find(name, *rest)\n"
        "from hamaproto.camera import CameraState, read_stamp\n"
        "image = CameraState().picture(5)\n"
        "assert read_stamp(image).number == 5 and image.endswith(b'\\xff\\xd9')\n"
        "assert 'hamaproto.camera.panorama' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_all_stamps_in_any_bytes() -> None:
    pictures = Pictures(draw_mosaic)
    images = [pictures.get(Scene(number, 5.0, 64, 64)) for number in range(3)]
    data = b"hamaproto {} junk" + b"x".join(images) + b"\xff\xfe\x00\x20hamaproto {"
    found = list(stamps_in(data))
    assert [stamp.number for stamp, _ in found] == [0, 1, 2]
    assert all(data[at : at + 10] == b"hamaproto " for _, at in found)
    assert list(stamps_in(b"")) == []
