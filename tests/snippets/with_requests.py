import requests

from hamaproto import MjpegParser, commands
from hamaproto.io.adapters import decode

url = commands.video_stream().url("http://192.168.1.20")
auth = ("admin", "1234")  # or requests.auth.HTTPDigestAuth("admin", "1234")
with requests.get(url, auth=auth, stream=True, timeout=10) as response:
    response.raise_for_status()
    parser = MjpegParser(response.headers.get("content-type"))
    for event in decode(response.iter_content(65536), parser):
        print(event)
