#!/usr/bin/env python3
"""journal.py SOCKET FILE - journald, as far as programs see it: one line of JSON in FILE per entry."""
import json
import os
import socket
import struct
import sys


def parse(data):
    fields = {}
    while data:
        line, _, rest = data.partition(b"\n")
        key, equals, value = line.partition(b"=")
        if not equals:
            (n,) = struct.unpack_from("<Q", rest)
            value, rest = rest[8 : 8 + n], rest[8 + n + 1 :]
        fields[key.decode()] = value.decode(errors="replace")
        data = rest
    return fields


def main():
    path, out = sys.argv[1:]
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(path)
    os.chmod(path, 0o666)
    with open(out, "w", buffering=1, encoding="utf-8") as f:
        while True:
            f.write(json.dumps(parse(sock.recv(1 << 20))) + "\n")


main()
