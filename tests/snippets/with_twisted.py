from twisted.internet import defer, protocol, task
from twisted.web.client import Agent

from hamaproto import MjpegParser, commands
from hamaproto.io.adapters import ready


class Body(protocol.Protocol):
    def __init__(self):
        self.parser, self.done = MjpegParser(), defer.Deferred()

    def dataReceived(self, data):
        for event in ready(self.parser, data):
            print(event)

    def connectionLost(self, reason):
        self.done.callback(None)


async def main(reactor):
    url = commands.video_stream().url("http://192.168.1.20")
    response = await Agent(reactor).request(b"GET", url.encode())
    body = Body()
    response.deliverBody(body)
    await body.done


task.react(lambda reactor: defer.ensureDeferred(main(reactor)))
