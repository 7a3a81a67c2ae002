from gevent import joinall, monkey, spawn

monkey.patch_all()
from hamaproto import commands
from hamaproto.io.blocking import Camera


def watch(url):
    with Camera(url, auth=("admin", "1234")) as camera:
        for event in camera.stream(commands.video_stream()):
            print(url, event)


joinall([spawn(watch, url) for url in ["http://192.168.1.20"]], raise_error=True)
