from pathlib import Path

from hamaproto import Camera, commands

with Camera("http://192.168.1.20", auth=("admin", "1234")) as camera:
    Path("door.jpg").write_bytes(camera.snapshot().data)
    camera.execute(commands.move("left"))
    for frame in camera.frames():
        print(frame, frame.received)
