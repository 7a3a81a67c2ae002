import asyncio

import aiohttp

from hamaproto import MjpegParser, commands
from hamaproto.io.adapters import adecode


async def main():
    url = commands.video_stream().url("http://192.168.1.20")
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        parser = MjpegParser(response.headers.get("content-type"))
        async for event in adecode(response.content.iter_any(), parser):
            print(event)


asyncio.run(main())
