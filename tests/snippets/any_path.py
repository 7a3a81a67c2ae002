from hamaproto import Credentials, commands
from hamaproto.commands import Reply
from hamaproto.io.blocking import Camera

login = Credentials("admin", "1234", preemptive=True)  # Basic, before it is asked for
mine = {"User-Agent": "watcher/1.0", "Cookie": "session=1"}
with Camera("http://192.168.1.20", auth=login, headers=mine) as camera:
    for event in camera.stream(commands.raw("/mjpg/video.mjpg", reply=Reply.MJPEG)):
        print(event)
