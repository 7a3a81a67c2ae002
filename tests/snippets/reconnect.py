from hamaproto import Frame, commands
from hamaproto.io import Backoff, Disconnected, Timeouts
from hamaproto.io.blocking import Camera

camera = Camera("http://192.168.1.20", auth=("admin", "1234"), timeout=Timeouts(idle=5))
backoff = Backoff(initial=0.5, cap=30, attempts=5)
for event in camera.stream(commands.video_stream(), reconnect=backoff, policy="latest"):
    match event:
        case Frame(complete=True):
            print("a live picture", len(event.data))
        case Disconnected():
            print(event.reason, "- again in", round(event.delay, 1), "s")
            break
