from hamaproto import Anomaly, Frame, JpegInfo, MjpegParser, Skipped
from hamaproto.io.adapters import decode

with open("garden.body", "rb") as file:
    for event in decode(iter(lambda: file.read(65536), b""), MjpegParser()):
        match event:
            case Frame():
                info = JpegInfo.parse(event.data)
                print(event.offset, event.end, info.width, info.height, info.quality)
            case Anomaly() | Skipped():
                print(event)
