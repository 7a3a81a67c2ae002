import urllib3

from hamaproto import MjpegParser, commands
from hamaproto.io.adapters import decode

url = commands.video_stream().url("http://192.168.1.20")
headers = urllib3.make_headers(basic_auth="admin:1234")
with urllib3.request("GET", url, headers=headers, preload_content=False, timeout=10) as response:
    if response.status != 200:  # urllib3 knows no Digest
        raise SystemExit(f"the camera says {response.status} {response.reason}")
    parser = MjpegParser(response.headers.get("content-type"))
    for event in decode(response.stream(65536), parser):
        print(event)
