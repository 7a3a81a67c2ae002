import httpx

from hamaproto import MjpegParser, commands
from hamaproto.io.adapters import decode

url = commands.video_stream().url("http://192.168.1.20")
with httpx.stream("GET", url, auth=("admin", "1234")) as response:
    parser = MjpegParser(response.headers.get("content-type"))
    for event in decode(response.iter_raw(), parser):
        print(event)
