import socket

from hamaproto import ClientConnection, commands

connection = ClientConnection("192.168.1.20", auth=("admin", "1234"))
while connection is not None:
    with socket.create_connection(("192.168.1.20", 80), timeout=10) as sock:
        sock.sendall(connection.send(commands.video_stream()))
        data = b"?"
        while data:
            data = sock.recv(65536)
            connection.receive_data(data) if data else connection.receive_eof()
            for event in connection.events():
                print(event)
    connection = connection.retry  # after a 401: the same request with the login
