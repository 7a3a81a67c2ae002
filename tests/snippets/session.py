import socket
import time

from hamaproto import Action, Arrival, Backoff, Disconnected, Session, Settings, commands
from hamaproto.errors import ConnectionLostError


def act(step, session, sock):
    """Do what a step says; gives the socket that is then in use."""
    clock = time.monotonic
    if step is Action.SLEEP:
        sock.close()
        time.sleep(session.delay)
        session.slept(clock())
    elif step is Action.RECEIVE:
        sock.settimeout(session.patience(clock()))
        data, now = sock.recv(65536), Arrival(clock(), time.time())
        session.receive_data(data, now, clock()) if data else session.receive_eof()
    else:
        if step is Action.OPEN:
            sock.close()
            where = (session.endpoint.host, session.endpoint.port)
            sock = socket.create_connection(where, session.opening(clock()))
        sock.sendall(session.opened(clock()))
    return sock


def events(session):
    """Logins, redirects, timeouts and reconnection come out of the session."""
    sock = socket.socket()
    try:
        while (step := session.step()) is not Action.STOP:
            if step is Action.FAIL:
                raise session.error
            if not isinstance(step, Action):
                yield step
                continue
            try:
                sock = act(step, session, sock)
            except TimeoutError:
                session.timed_out(time.monotonic())
            except OSError as error:
                session.lost(ConnectionLostError(str(error)))
    finally:
        sock.close()


settings = Settings("http://192.168.1.20", auth=("admin", "1234"))
for event in events(Session(commands.video_stream(), settings, reconnect=Backoff(0.1))):
    print(event)
    if isinstance(event, Disconnected):
        break
