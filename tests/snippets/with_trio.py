import trio

from hamaproto import commands
from hamaproto.io.anyio import Camera


async def main():
    async with Camera("http://192.168.1.20", auth=("admin", "1234")) as camera:
        print((await camera.execute(commands.brand())).product_full_name)
        async with camera.stream(commands.video_stream()) as events:
            async for event in events:
                print(event)


trio.run(main)
