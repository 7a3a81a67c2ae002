import httpx

from hamaproto import MjpegParser, commands
from hamaproto.io.adapters import decode

url = commands.video_stream().url("http://192.168.1.20")
auth = ("admin", "1234")  # or httpx.DigestAuth("admin", "1234")
with httpx.stream("GET", url, auth=auth, timeout=10) as response:
    response.raise_for_status()
    parser = MjpegParser(response.headers.get("content-type"))
    for event in decode(response.iter_bytes(), parser):
        print(event)
