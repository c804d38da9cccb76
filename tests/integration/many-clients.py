#!/usr/bin/env python3
# many-clients.py SOCKET N - connects N clients to kata-proxy and asks the agent over each.
#
# Prints "answered refused silent": how many got an answer, how many were
# closed, and how many got neither within ten seconds. Holds all of them until
# its standard input ends.
import selectors
import socket
import sys
import time


def field(number, data):
    return bytes([number << 3 | 2, len(data)]) + data


request = field(1, b"grpc.Health") + field(2, b"Check")
frame = len(request).to_bytes(4, "big") + (1).to_bytes(4, "big") + b"\x01\x00" + request
path, n = sys.argv[1], int(sys.argv[2])
clients = []
answered = refused = 0
waiting = selectors.DefaultSelector()

for _ in range(n):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect(path)
    try:
        client.send(frame)
    except BrokenPipeError:
        pass
    client.setblocking(False)
    clients.append(client)
    waiting.register(client, selectors.EVENT_READ)

end = time.monotonic() + 10
while answered + refused < n and time.monotonic() < end:
    for key, _ in waiting.select(0.2):
        try:
            data = key.fileobj.recv(4096)
        except ConnectionResetError:
            data = b""
        answered += bool(data)
        refused += not data
        waiting.unregister(key.fileobj)
print(answered, refused, n - answered - refused, flush=True)
sys.stdin.read()
