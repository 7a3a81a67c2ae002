import socket

from hamaproto import ClientConnection, Credentials, commands

login = Credentials("admin", "1234", preemptive=True)
connection = ClientConnection("192.168.1.20", auth=login)
with socket.create_connection(("192.168.1.20", 80)) as sock:
    sock.sendall(connection.send(commands.video_stream()))
    while data := sock.recv(65536):
        connection.receive_data(data)
        for event in connection.events():
            print(event)
