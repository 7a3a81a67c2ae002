from urllib.request import urlopen

from hamaproto.pytest_plugin import assert_frames


def test_my_client_loses_no_picture(hama_camera):
    with urlopen(hama_camera.url + "/mjpg/video.mjpg", timeout=10) as stream:
        assert_frames(stream.read(20_000), at_least=3)
