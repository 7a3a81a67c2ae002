from hamaproto import AudioFrame, commands
from hamaproto.gsm import Decoder
from hamaproto.io.blocking import Camera

decoder = Decoder()
with Camera("http://192.168.1.20", auth=("admin", "1234")) as camera:
    for event in camera.stream(commands.audio_stream()):
        if isinstance(event, AudioFrame):
            samples = decoder.decode(event.data)  # 160 of int16, 8000 a second
            print(samples.min(), samples.max())
