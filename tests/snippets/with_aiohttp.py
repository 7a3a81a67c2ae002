import asyncio

import aiohttp

from hamaproto import MjpegParser, commands
from hamaproto.io.adapters import adecode

login = {"headers": {"Authorization": aiohttp.encode_basic_auth("admin", "1234")}}
# or {"middlewares": [aiohttp.DigestAuthMiddleware("admin", "1234")]}
endless = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=10)


async def main():
    url = commands.video_stream().url("http://192.168.1.20")
    async with (
        aiohttp.ClientSession(timeout=endless, raise_for_status=True, **login) as session,
        session.get(url) as response,
    ):
        parser = MjpegParser(response.headers.get("content-type"))
        async for event in adecode(response.content.iter_any(), parser):
            print(event)


asyncio.run(main())
