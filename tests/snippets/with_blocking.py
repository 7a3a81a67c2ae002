from hamaproto import commands
from hamaproto.io.blocking import Camera

with Camera("http://192.168.1.20", auth=("admin", "1234")) as camera:
    print(camera.execute(commands.brand()).product_full_name)
    for event in camera.stream(commands.video_stream()):
        print(event)
