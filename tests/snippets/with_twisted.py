from base64 import b64encode

from twisted.internet import defer, protocol, task
from twisted.web.client import Agent, ContentDecoderAgent, GzipDecoder
from twisted.web.http_headers import Headers

from hamaproto import MjpegParser, commands
from hamaproto.io.adapters import ready


class Body(protocol.Protocol):
    def __init__(self):
        self.parser, self.done = MjpegParser(), defer.Deferred()

    def dataReceived(self, data):
        for event in ready(self.parser, data):
            print(event)

    def connectionLost(self, reason):
        self.parser.receive_eof()
        for event in self.parser.events():
            print(event)
        self.done.callback(None)


async def main(reactor):
    url = commands.video_stream().url("http://192.168.1.20")
    login = Headers({"Authorization": [b"Basic " + b64encode(b"admin:1234")]})
    agent = ContentDecoderAgent(Agent(reactor, connectTimeout=10), [(b"gzip", GzipDecoder)])
    response = await agent.request(b"GET", url.encode(), login)
    if response.code != 200:  # Twisted's client knows no Digest
        raise SystemExit(f"the camera says {response.code}")
    body = Body()
    response.deliverBody(body)
    await body.done


task.react(lambda reactor: defer.ensureDeferred(main(reactor)))
