"""The parameters, presets and motors of the simulated camera, as a client meets them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from camera_client import FORM, LIST, PTZ, PTZ_CONFIG, UPDATE, ask, opened
from hypothesis import given
from hypothesis import strategies as st

from fixtures import read_json
from hamaproto.camera import CameraState, Pictures, read_stamp
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.parameters import GROUPS
from hamaproto.camera.state import Preset
from hamaproto.errors import LocalProtocolError
from hamaproto.gsm import Encoder

SPECIFICATION = read_json("params", "specification", "commands.json")
ANSWERED = [row for row in SPECIFICATION if "answer" in row]


def read(state: CameraState, group: str, now: float = 0.0) -> list[str]:
    return ask(state, LIST + group, now=now).lines


@pytest.mark.parametrize("row", ANSWERED, ids=lambda row: row["number"])
def test_a_new_camera_answers_as_the_specification_prints_it(row: dict[str, object]) -> None:
    # The printed answer of 2.1.14 counts two users.
    state = CameraState(other_users=2)
    assert ask(state, str(row["target"])).lines == row["answer"]


@pytest.mark.parametrize("group", ["Properties", "Image.I0", "*", "brand", "root.Brand", "X"])
def test_what_is_no_group_gets_the_error_line(group: str) -> None:
    answer = ask(CameraState(), LIST + group)
    assert answer.status == 200
    assert answer.body == b"# Error -1 getting param in group '%b'!\n\r\n" % group.encode()


@pytest.mark.parametrize(
    "query",
    [
        "",
        "action=list",
        "action=list&group=",
        "action=none&group=Brand",
        "group=Brand",
        "action=list&group=" + "B" * 127,
        "action=list&group=" + "Brand," * 22,
    ],
)
def test_no_group_is_an_empty_answer(query: str) -> None:
    answer = ask(CameraState(), "/camera-cgi/admin/param.cgi?" + query)
    assert answer.status == 200
    assert answer.body == b"\r\n"


def test_a_list_of_groups_is_answered_in_order_and_mixes_the_prefixes() -> None:
    lines = read(CameraState(), "Image.I0.Stream,Nonsense,Image.I0.Appearance")
    assert lines == [
        "Image.I0.Stream.FPS=15",
        "# Error -1 getting param in group 'Nonsense'!",
        "root.Image.I0.Appearance.Resolution=640x480",
        "root.Image.I0.Appearance.Compression=0",
    ]


@pytest.mark.parametrize(
    ("sent", "group", "line"),
    [
        ("Image.I0.Stream.FPS=1", "Image.I0.Stream", "Image.I0.Stream.FPS=1"),
        ("Image.I0.Stream.FPS=4", "Image.I0.Stream", "Image.I0.Stream.FPS=5"),
        ("Image.I0.Stream.FPS=11", "Image.I0.Stream", "Image.I0.Stream.FPS=15"),
        ("Image.I0.Stream.FPS=16", "Image.I0.Stream", "Image.I0.Stream.FPS=30"),
        ("Image.I0.Stream.FPS=999", "Image.I0.Stream", "Image.I0.Stream.FPS=30"),
        ("Image.I0.Stream.FPS=-3", "Image.I0.Stream", "Image.I0.Stream.FPS=1"),
        ("Image.I0.Stream.FPS=fast", "Image.I0.Stream", "Image.I0.Stream.FPS=15"),
        ("Image.I0.Stream.FPS=%31", "Image.I0.Stream", "Image.I0.Stream.FPS=15"),
        ("Image.I0.Stream.FPS=" + "0" * 126 + "3", "Image.I0.Stream", "Image.I0.Stream.FPS=15"),
        ("image.i0.stream.fps=3", "Image.I0.Stream", "Image.I0.Stream.FPS=15"),
        ("root.Image.I0.Stream.FPS=3", "Image.I0.Stream", "Image.I0.Stream.FPS=3"),
        (
            "xImage.I0.Stream.FPS=3&Image.I0.Stream.FPS=10",
            "Image.I0.Stream",
            "Image.I0.Stream.FPS=3",
        ),
        ("Image.I1.Stream.FPS=1", "Image.I1.Stream", "Image.I1.Stream.FPS=3"),
        ("Image.I1.Stream.FPS=30", "Image.I1.Stream", "Image.I1.Stream.FPS=15"),
        (
            "Image.I0.Appearance.Resolution=1280x1024",
            "Image.I0.Appearance",
            "root.Image.I0.Appearance.Resolution=1280x1024",
        ),
        (
            "Image.I0.Appearance.Resolution=1024x768",
            "Image.I0.Appearance",
            "root.Image.I0.Appearance.Resolution=640x480",
        ),
        (
            "Image.I0.Appearance.Compression=9",
            "Image.I0.Appearance",
            "root.Image.I0.Appearance.Compression=4",
        ),
        (
            "Image.I1.Appearance.Compression=2",
            "Image.I1.Appearance",
            "root.Image.I1.Appearance.compression=5",
        ),
        (
            "Image.I1.Appearance.Compression=99",
            "Image.I1.Appearance",
            "root.Image.I1.Appearance.compression=13",
        ),
    ],
)
def test_an_update_is_always_ok_and_stores_what_the_device_likes(
    sent: str, group: str, line: str
) -> None:
    state = CameraState()
    answer = ask(state, UPDATE + sent)
    assert (answer.status, answer.body) == (200, b"OK\r\n")
    assert line in read(state, group)


@pytest.mark.parametrize("sent", ["Unknown.Key=1", "", "Brand.Brand=Mine", "group=Brand"])
def test_an_unknown_key_is_ok_and_changes_nothing(sent: str) -> None:
    state = CameraState()
    before = dict(state.stored)
    assert ask(state, UPDATE + sent).body == b"OK\r\n"
    assert state.stored == before


def test_two_settings_in_one_update() -> None:
    state = CameraState()
    ask(state, UPDATE + "Image.I0.Stream.FPS=5&Image.I0.Appearance.Compression=2")
    assert state.fps == 5
    assert state.compression == 2


def test_a_constant_bit_rate_has_a_bitrate_line_instead_of_compression() -> None:
    state = CameraState()
    ask(state, UPDATE + "Image.I1.Appearance.stats=0")
    ask(state, UPDATE + "Image.I1.Appearance.bitrate=450000")
    assert read(state, "Image.I1.Appearance") == [
        "root.Image.I1.Appearance.Resolution=1024x768",
        "root.Image.I1.Appearance.stats=bitrate",
        "root.Image.I1.Appearance.bitrate=500000",
    ]
    ask(state, UPDATE + "Image.I1.Appearance.stats=1")
    assert read(state, "Image.I1.Appearance")[1:] == [
        "root.Image.I1.Appearance.stats=compression",
        "root.Image.I1.Appearance.compression=7",
    ]


def test_forms_change_what_they_say() -> None:
    state = CameraState()
    ask(state, FORM + "enet_avs_default_dual_mode=0")
    assert read(state, "Layout") == ["Layout.DefaultVideoFormat=mjpeg"]
    ask(state, FORM + "enet_avs_flip_mode=3")
    assert state.flip_mode == 3
    ask(state, FORM + "enet_avs_flip_mode=4")
    assert state.flip_mode == 3
    ask(state, FORM + "enet_audio_enable=No&enet_audio_mic_vol=35&enet_audio_output_vol=200")
    assert (state.microphone_volume, state.output_volume) == (40, 100)
    assert read(state, "Properties.Audio")[:2] == [
        "Properties.Audio=disabled",
        "Properties.Audio.TwoWayAudio=disabled",
    ]
    ask(state, FORM + "enet_audio_enable=Yes")
    assert state.audio_enabled
    ask(state, FORM + "enet_avs_pt_speed=1")
    assert state.pt_speed == 1


def test_a_camera_without_audio_or_motors_says_so() -> None:
    state = CameraState(has_audio=False, has_ptz=False)
    assert read(state, "Properties.Audio") == ["Properties.Audio=no"]
    assert read(state, "Properties.PTZ.PTZ") == ["Properties.PTZ.PTZ=no"]
    assert ask(state, PTZ + "move=left").body == b"OK\r\n"
    assert state.position(100.0) == (0.0, 0.0)


@pytest.mark.parametrize("has_audio", [True, False])
@pytest.mark.parametrize("enabled", ["Yes", "No"])
def test_a_camera_has_sound_if_it_has_a_microphone_that_is_on(
    has_audio: bool, enabled: str
) -> None:
    state = CameraState(has_audio=has_audio)
    state.form(f"enet_audio_enable={enabled}".encode(), 0.0)
    assert state.audio_enabled == (has_audio and enabled == "Yes")
    assert CameraState().audio_enabled


def test_current_users_are_the_streams_that_run() -> None:
    state = CameraState(max_users=4)
    video, _ = opened(state, "/mjpg/video.mjpg")
    sound, _ = opened(state, "/camera-cgi/audio/receive.cgi")
    lines = read(state, "Properties.VideoServer")
    assert lines == ["Properties.VideoServer.MaxUsers=4", "Properties.VideoServer.CurrentUsers=2"]
    video.close()
    video.close()
    sound.close()
    assert state.streams == 0


def test_listed_users_have_their_passwords_as_on_the_device() -> None:
    state = CameraState(users={"admin": "1234", "guest": "sésame"})
    assert state.listing("listuser") == [
        "User1=admin,Password=1234",
        "User2=guest,Password=sésame",
    ]
    assert "1234" not in repr(state)


class TestPanTilt:
    @pytest.mark.parametrize(
        ("direction", "pan", "tilt"),
        [
            ("left", -1, 0),
            ("right", 1, 0),
            ("up", 0, 1),
            ("down", 0, -1),
            ("upleft", -1, 1),
            ("upright", 1, 1),
            ("downleft", -1, -1),
            ("downright", 1, -1),
            ("sideways", 0, 0),
            ("LEFT", 0, 0),
            ("", 0, 0),
        ],
    )
    def test_a_move_turns_one_step_and_an_unknown_one_none(
        self, direction: str, pan: int, tilt: int
    ) -> None:
        state = CameraState()
        answer = ask(state, PTZ + "move=" + direction)
        assert (answer.status, answer.body) == (200, b"OK\r\n")
        step = max(map(abs, state.position(10.0))) or 1.0
        assert state.position(10.0) == (pan * step, tilt * step)

    def test_it_takes_time_and_less_at_a_higher_speed(self) -> None:
        slow, fast = CameraState(), CameraState()
        ask(slow, FORM + "enet_avs_pt_speed=9")
        ask(fast, FORM + "enet_avs_pt_speed=1")
        for state in (slow, fast):
            ask(state, PTZ + "move=right")
        assert 0 < slow.position(0.05)[0] < fast.position(0.05)[0]
        assert slow.position(10.0) == fast.position(10.0)

    def test_a_new_speed_does_not_make_it_jump(self) -> None:
        state = CameraState()
        ask(state, PTZ + "move=right", now=0.0)
        before = state.position(0.1)
        ask(state, FORM + "enet_avs_pt_speed=9", now=0.1)
        assert state.position(0.1) == before

    def test_it_stops_at_its_ends_and_center_is_home(self) -> None:
        state = CameraState()
        for _ in range(50):
            ask(state, PTZ + "move=upright")
        end = state.position(1000.0)
        ask(state, PTZ + "move=upright", now=1000.0)
        assert state.position(2000.0) == end
        ask(state, PTZ + "move=center", now=2000.0)
        assert state.position(3000.0) == (0.0, 0.0)


class TestPresets:
    def test_store_go_and_remove(self) -> None:
        state = CameraState()
        ask(state, PTZ + "move=left")
        here = state.position(10.0)
        ask(state, PTZ_CONFIG + "setserverpresetname=myroom&presetNo=2", now=10.0)
        ask(state, PTZ + "move=center", now=10.0)
        assert state.preset is None
        ask(state, PTZ + "gotoserverpresetIndex=2", now=20.0)
        assert state.position(30.0) == here
        assert [state.preset] == [Preset("myroom", *here)]
        ask(state, PTZ_CONFIG + "removeserverpresetname=myroom&presetNo=2", now=30.0)
        assert state.presets == {}
        assert state.preset is None

    @pytest.mark.parametrize("index", ["9", "-1", "x", "", "99999999999999999999"])
    def test_a_slot_that_does_not_exist_is_ignored(self, index: str) -> None:
        state = CameraState()
        answer = ask(state, PTZ_CONFIG + f"setserverpresetname=a&presetNo={index}")
        assert answer.body == b"OK\r\n"
        assert state.presets == {}

    def test_an_unset_slot_does_not_move(self) -> None:
        state = CameraState()
        ask(state, PTZ + "move=left")
        before = state.motors.target
        assert ask(state, PTZ + "gotoserverpresetIndex=5").body == b"OK\r\n"
        assert state.motors.target == before

    def test_names_are_cut_and_not_decoded(self) -> None:
        state = CameraState()
        ask(state, PTZ_CONFIG + "setserverpresetname=my%20room&presetNo=0")
        ask(state, PTZ_CONFIG + "setserverpresetname=" + "n" * 100 + "&presetNo=8")
        ask(state, PTZ_CONFIG + "setserverpresetname=" + "n" * 127 + "&presetNo=1")
        assert {index: preset.name for index, preset in state.presets.items()} == {
            0: "my%20room",
            8: "n" * 63,
        }


@given(st.binary(max_size=300))
def test_any_query_is_answered_by_every_program(query: bytes) -> None:
    state = CameraState(users={"u": "p"})
    assert state.param(query, 1.0).endswith(b"\r\n")
    state.update(query, 1.0)
    state.ptz(query, 1.0)
    state.ptzconfig(query)
    assert "\n" not in state.form(query, 1.0)
    for group in GROUPS:
        assert all(line.isprintable() for line in state.listing(group))


@given(st.lists(st.sampled_from(sorted(GROUPS)), min_size=1, max_size=4))
def test_a_list_of_groups_is_the_sum_of_its_groups(groups: list[str]) -> None:
    state = CameraState()
    asked = ",".join(groups)
    if len(asked) <= 126:
        whole = state.param(b"action=list&group=" + asked.encode(), 0.0)
        parts = [state.param(b"action=list&group=" + group.encode(), 0.0) for group in groups]
        assert whole == b"".join(part[:-2] for part in parts) + b"\r\n"


@pytest.mark.parametrize(
    "arguments",
    [{"loginfree": "a/b"}, {"loginfree": ""}, {"max_users": -1}, {"other_users": -1}],
)
def test_wrong_arguments_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(LocalProtocolError):
        CameraState(**arguments)  # type: ignore[arg-type]  # a table of wrong values


def test_what_a_new_camera_is_set_to() -> None:
    state = CameraState()
    assert (state.resolution, state.compression, state.fps) == ((640, 480), 0, 15)
    assert (state.flip_mode, state.pt_speed, state.motors.speed) == (0, 5, 5)
    assert (state.microphone_volume, state.output_volume) == (50, 50)
    assert (state.max_users, state.other_users, state.epoch) == (16, 0, 0.0)
    assert (state.motion, state.talk_frames, list(state.talk)) == (False, 0, [])
    assert (state.streams, state.preset, state.users) == (0, None, {})
    assert state.ticker.rate == 15
    assert state.sound_ticker.rate == 50
    assert repr(state) == "<CameraState 0 streams, 0 presets>"
    assert CameraState(max_users=0, other_users=0).max_users == 0


def test_slots_are_taken_until_there_are_none() -> None:
    state = CameraState(max_users=3, other_users=1)
    assert [state.take_slot() for _ in range(4)] == [True, True, False, False]
    assert state.current_users == 3
    state.free_slot()
    assert state.take_slot()


def test_talk_back_is_counted_and_the_last_ten_seconds_are_kept() -> None:
    state = CameraState()
    for number in range(600):
        state.hear(number.to_bytes(33, "big"))
    assert state.talk_frames == 600
    assert [int.from_bytes(frame) for frame in state.talk] == list(range(100, 600))


def test_presets_are_values() -> None:
    assert Preset("a", 1.0, 2.0) == Preset("a", 1.0, 2.0)
    with pytest.raises(AttributeError):
        Preset("a", 1.0, 2.0).name = "b"  # type: ignore[misc]  # the point of the test
    assert not hasattr(Preset("a", 1.0, 2.0), "__dict__")


def test_a_preset_is_where_the_camera_is_going_and_a_move_leaves_it() -> None:
    state = CameraState()
    state.ptz(b"move=right", 0.0)
    state.ptzconfig(b"setserverpresetname=door&presetNo=0")
    assert state.preset == Preset("door", 10.0, 0.0)
    # A move that is none leaves it where it is.
    state.ptz(b"move=sideways", 0.0)
    assert state.preset is not None
    state.ptz(b"move=up", 0.0)
    assert state.preset is None
    # Another one that is forgotten does not change where the camera stands.
    state.ptzconfig(b"setserverpresetname=gate&presetNo=8")
    state.ptzconfig(b"removeserverpresetname=door&presetNo=0")
    assert state.preset == Preset("gate", 10.0, 10.0)
    state.ptzconfig(b"removeserverpresetname=none&presetNo=0")
    assert state.preset == Preset("gate", 10.0, 10.0)
    state.ptz(b"gotoserverpresetIndex=0", 0.0)
    assert state.preset == Preset("gate", 10.0, 10.0)


def test_a_camera_without_motors_stores_no_preset() -> None:
    state = CameraState(has_ptz=False)
    state.ptzconfig(b"setserverpresetname=door&presetNo=1")
    assert state.presets == {}


def test_a_form_goes_back_to_where_it_came_from() -> None:
    state = CameraState()
    assert state.form(b"enet_source=a.asp&x=y&enet_avs_flip_mode=+2+", 0.0) == "a.asp"
    assert state.flip_mode == 2
    assert state.form(b"enet_avs_flip_mode=%31", 0.0) == "cp.asp"
    assert state.flip_mode == 1


def test_what_changes_nothing_moves_no_clock() -> None:
    state = CameraState()
    state.update(b"Image.I0.Stream.FPS=15", 0.03)
    assert state.ticker.due(1) == pytest.approx(1 / 15)
    state.update(b"Image.I0.Stream.FPS=5", 0.03)
    assert state.ticker.due(1) == pytest.approx(0.23)


def test_a_picture_is_of_the_moment_when_it_is_due() -> None:
    state = CameraState(epoch=1e9, pictures=Pictures(draw_mosaic))
    state.ptz(b"move=upright", 0.0)
    state.ptzconfig(b"setserverpresetname=door&presetNo=3")
    for number in (0, 1, 900):
        stamp = read_stamp(state.picture(number))
        assert stamp is not None
        turned = min(10.0, number / 15 * 20)
        assert (stamp.number, stamp.preset) == (number, "door")
        assert stamp.time == pytest.approx(1e9 + number / 15)
        assert (stamp.pan, stamp.tilt) == pytest.approx((turned, turned))


def test_a_microphone_that_is_turned_down_hears_silence() -> None:
    state = CameraState(sound=lambda number: b"%d" % number)
    assert state.sound_frame(7) == b"7"
    state.form(b"enet_audio_mic_vol=0", 0.0)
    assert state.sound_frame(7) == state.sound_frame(8) != b"7"


def test_talk_back_can_be_heard() -> None:
    """A tone goes in as GSM frames, and is the tone again."""
    state = CameraState()
    assert state.heard().size == 0
    tone = (np.sin(2 * np.pi * 800 * np.arange(16_000) / 8000) * 8000).astype(np.int16)
    frames = Encoder().encode(tone)
    for at in range(0, len(frames), 33):
        state.hear(frames[at : at + 33])
    heard = state.heard()
    assert (heard.dtype, heard.size) == (np.int16, 16_000)
    assert np.argmax(np.abs(np.fft.rfft(heard.astype(float)))) == 2 * 800


def test_what_there_is_to_know_is_told_without_a_password() -> None:
    state = CameraState(users={"admin": "s3cret"}, profile="spec", seed=4, epoch=1e9)
    state.ptz(b"move=left", 0.0)
    state.ptzconfig(b"setserverpresetname=door&presetNo=3")
    told = state.as_dict(0.0)
    assert "s3cret" not in json.dumps(told)
    assert told["users"] == ["admin"]
    assert (told["profile"], told["seed"], told["preset"]) == ("spec", 4, "door")
    assert told["position"] == {"pan": 0.0, "tilt": 0.0}
    assert told["target"] == {"pan": -10.0, "tilt": 0.0}
    assert told["presets"] == {"3": {"name": "door", "pan": -10.0, "tilt": 0.0}}
    assert CameraState().as_dict(0.0)["preset"] is None


def test_a_reboot_forgets_what_is_not_stored() -> None:
    state = CameraState(users={"admin": "1234"})
    state.set("enet_avs_pt_speed", "1", 0.0)
    state.set("Image.I0.Stream.FPS", "30", 0.0)
    state.ptzconfig(b"setserverpresetname=door&presetNo=3")
    state.ptz(b"move=left", 0.0)
    state.motion = True
    state.reboot(1.0)
    assert state.position(1.0) == state.motors.target == (0.0, 0.0)
    assert (state.preset, state.motion) == (None, False)
    assert (state.fps, state.motors.speed, list(state.presets)) == (30, 1, [3])


def test_a_parameter_is_set_as_the_device_sets_it() -> None:
    state = CameraState()
    assert state.set("Image.I0.Stream.FPS", "7", 0.0) == "10"
    assert state.set("enet_avs_flip_mode", "3", 0.0) == "3"
    assert state.set("Image.I0.Appearance.Resolution", "1x1", 0.0) == "640x480"
    with pytest.raises(LocalProtocolError, match=r"no parameter 'Brand\.Brand' can be set"):
        state.set("Brand.Brand", "x", 0.0)


@pytest.mark.parametrize("camera_id", [-1, 65_536])
def test_an_id_has_sixteen_bits(camera_id: int) -> None:
    with pytest.raises(LocalProtocolError, match="0 to 65535 is possible"):
        CameraState(camera_id=camera_id)
