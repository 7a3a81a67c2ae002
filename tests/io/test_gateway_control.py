"""What is asked of the camera beside its streams."""

from __future__ import annotations

import asyncio

import pytest
from gatewaying import house, run, until

from hamaproto.errors import HamaError
from hamaproto.gateway.settings import NotAllowedError
from hamaproto.io import gateway_control


def test_of_many_commands_the_newest_is_done_one_at_a_time() -> None:
    async def main() -> None:
        async with house() as made:
            controls = made.served.controls
            directions = ["left", "right", "up", "down", "left", "right", "up"]
            results = await asyncio.gather(*map(controls.move, directions))
            # The first was begun, the last is the newest; between them nothing is of use.
            assert results == [True, *[False] * (len(directions) - 2), True]
            moves = [
                one.target.rpartition("=")[2]
                for one in made.camera.state.log
                if one.path.endswith("ptz.cgi") and one.status == 200
            ]
            assert moves == ["left", "up"]

    run(main)


def test_steps_end_when_something_newer_is_asked() -> None:
    async def main() -> None:
        async with house() as made:
            controls = made.served.controls
            long = asyncio.ensure_future(controls.move("left", 20))
            await until(lambda: made.camera.state.motors.target[0] < 0)
            assert await controls.move("stop")
            assert await long is False
            assert await controls.move("home")
            await until(lambda: made.camera.state.motors.target == (0.0, 0.0))

    run(main)


def test_a_command_that_fails_is_told_to_who_asked_and_to_nobody_else() -> None:
    async def main() -> None:
        async with house() as made:
            await made.camera.refuse()
            with pytest.raises(HamaError):
                await made.served.controls.move("left")
            await made.camera.accept()
            assert await made.served.controls.move("left")

    run(main)


def test_a_camera_that_does_not_answer_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway_control, "PATIENCE", 0.2)

    async def main() -> None:
        async with house("mute") as made:
            with pytest.raises((TimeoutError, HamaError)):
                await made.served.controls.move("left")
            # Nor does the list of cameras wait.
            status, told = await made.ask("GET", "/api/cameras")
            assert (status, told["cameras"][0]["model"]) == (200, None)

    run(main)


def test_each_setting_is_set_and_told_as_it_was_stored() -> None:
    async def main() -> None:
        async with house() as made:
            controls, stored = made.served.controls, made.camera.state.stored
            wanted = {
                "resolution": "320x240",
                "rate": 10,
                "compression": 3,
                "flip": 2,
                "speed": 7,
                "sound": "No",
                "microphone": 30,
                "speaker": 70,
            }
            told = await controls.change(wanted)
            assert stored["Image.I0.Appearance.Resolution"] == "320x240"
            assert stored["Image.I0.Stream.FPS"] == "10"
            assert stored["Image.I0.Appearance.Compression"] == "3"
            assert (stored["flip_mode"], stored["pt_speed"]) == ("2", "7")
            assert (stored["Properties.Audio"], stored["Audio.volume"]) == ("disabled", "30")
            assert stored["output_volume"] == "70"
            unknown = {"flip", "speed", "speaker"}
            for name, value in wanted.items():
                seen = None if name in unknown else value
                confirmed = name not in unknown
                assert told[name] == {"wanted": value, "stored": seen, "confirmed": confirmed}
            settings = await controls.settings()
            assert settings["rate"]["value"] == 10
            # What the camera makes of it is what is told.
            stored["Image.I0.Stream.FPS"] = "5"
            assert (await controls.settings())["rate"]["value"] == 5

    run(main)


@pytest.mark.parametrize("wanted", [{}, {"rate": 7}, {"rate": "10"}, {"nothing": 1}])
def test_nothing_is_set_where_something_is_wrong(wanted: dict[str, object]) -> None:
    async def main() -> None:
        async with house() as made:
            before = dict(made.camera.state.stored)
            both = {"compression": 4, **wanted} if wanted else wanted
            with pytest.raises(NotAllowedError):
                await made.served.controls.change(both)
            assert made.camera.state.stored == before

    run(main)


def test_presets_have_names_and_pictures_of_what_was_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway_control, "ARRIVED", 0.05)

    async def main() -> None:
        async with house() as made:
            controls = made.served.controls
            await controls.save(2, "vor der Tür")
            # The cameras know less of writing than people do.
            assert made.camera.state.presets[2].name == "vor_der_T_r"
            row = controls.presets()[2]
            assert row == {"number": 2, "name": "vor der Tür", "thumbnail": True}
            assert controls.thumbnails[2].startswith(b"\xff\xd8")
            await controls.go(4)
            await until(lambda: 4 in controls.thumbnails)
            # Who moves on at once leaves no picture of a place where nobody was.
            await controls.go(5)
            await controls.move("left")
            await asyncio.sleep(0.15)
            assert 5 not in controls.thumbnails
            await controls.clear(2)
            assert 2 not in made.camera.state.presets
            assert controls.presets()[2] == {"number": 2, "name": "", "thumbnail": False}

    run(main)


def test_what_a_camera_can_is_asked_once() -> None:
    async def main() -> None:
        async with house(state={"has_ptz": False, "has_audio": False}) as made:
            controls = made.served.controls
            abilities = await asyncio.gather(*(controls.abilities() for _ in range(5)))
            assert all(one is abilities[0] for one in abilities)
            data = abilities[0].as_data()
            assert data["model"] == "IP - Cam M360"
            assert data["firmware"] == "v1.32"
            assert data["can"] == {"move": False, "presets": False, "sound": False, "talk": True}
            asked = len(made.camera.state.log)
            await controls.abilities()
            assert len(made.camera.state.log) == asked
            assert repr(controls) == f"<Controls of {made.camera.url}>"

    run(main)
