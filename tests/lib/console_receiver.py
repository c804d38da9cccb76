#!/usr/bin/env python3
# console_receiver.py - the engine's side of --console-socket
#
#   console_receiver.py SOCKET LINE
#
# Takes the terminal that is sent, types LINE into it and prints what it shows,
# to its end or for at most 20 s.
import array
import os
import select
import socket
import sys
import time


def receive(path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(1)
    listener.settimeout(20)
    connection, _ = listener.accept()
    fds = array.array("i")
    _, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_LEN(fds.itemsize))
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: fds.itemsize])
    return fds[0]


fd = receive(sys.argv[1])
if not os.isatty(fd):
    sys.exit("not a terminal")
os.write(fd, sys.argv[2].encode() + b"\n")
end = time.monotonic() + 20
while time.monotonic() < end and select.select([fd], [], [], end - time.monotonic())[0]:
    try:
        shown = os.read(fd, 65536)
    except OSError:  # EIO: the other end is closed
        break
    os.write(1, shown)
