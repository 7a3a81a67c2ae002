from hamaproto import commands
from hamaproto.camera import CameraState, Faults
from hamaproto.io.blocking import Camera
from hamaproto.io.serve import running_camera

with running_camera(CameraState(faults=Faults("bare-date", "close@3"))) as simulated:
    for event in Camera(simulated.url).stream(commands.video_stream()):
        print(event)
