from hamaproto import commands
from hamaproto.io.blocking import Camera

with Camera("http://192.168.1.20", auth=("admin", "1234")) as camera:
    told = camera.update(commands.set_mjpeg_fps(7, unchecked=True))
    print(told.differences)  # {'Image.I0.Stream.FPS': ('7', '10')}
