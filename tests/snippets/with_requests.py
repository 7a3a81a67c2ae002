import requests

from hamaproto import MjpegParser, commands
from hamaproto.io.adapters import decode

url = commands.video_stream().url("http://192.168.1.20")
with requests.get(url, auth=("admin", "1234"), stream=True, timeout=10) as response:
    parser = MjpegParser(response.headers.get("content-type"))
    for event in decode(response.iter_content(65536), parser):
        print(event)
