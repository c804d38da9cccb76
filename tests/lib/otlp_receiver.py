#!/usr/bin/env python3
"""otlp_receiver.py FOLDER [MODE] - a collector for tests.

Listens on a free port of 127.0.0.1, which it writes to FOLDER/port, and appends each span
that comes to FOLDER/spans as a line of JSON. MODE says what it does instead: "silent"
accepts and says nothing, "trickle" answers a byte a second without end, "500" refuses.
Each request is a line of FOLDER/requests.
"""
import http.server
import json
import os
import socketserver
import struct
import sys
import time


def fields(data):
    """The (number, value) pairs of a message: ints, or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        elif key & 7 == 1:
            yield key >> 3, struct.unpack_from("<Q", data, at)[0]
            at += 8
        elif key & 7 == 2:
            n = varint()
            assert at + n <= len(data), "cut off"
            yield key >> 3, data[at:at + n]
            at += n
        else:
            raise ValueError(f"wire type {key & 7}")


def of(data, number):
    return [value for n, value in fields(data) if n == number]


def one(data, number, default=b""):
    return (of(data, number) or [default])[0]


def attributes(list_of_pairs):
    return {one(p, 1).decode(): one(one(p, 2), 1).decode() for p in list_of_pairs}


def spans(request):
    """Source: opentelemetry-proto, collector/trace/v1, trace/v1, common/v1."""
    for resource_spans in of(request, 1):
        resource = attributes(of(one(resource_spans, 1), 1))
        for scope_spans in of(resource_spans, 2):
            for span in of(scope_spans, 2):
                status = one(span, 15)
                yield {
                    "service": resource.get("service.name"),
                    "resource": resource,
                    "scope": one(one(scope_spans, 1), 1).decode(),
                    "trace": one(span, 1).hex(),
                    "span": one(span, 2).hex(),
                    "parent": one(span, 4).hex(),
                    "name": one(span, 5).decode(),
                    "kind": one(span, 6, 0),
                    "start": one(span, 7, 0),
                    "end": one(span, 8, 0),
                    "attributes": attributes(of(span, 9)),
                    "links": [{"trace": one(l, 1).hex(), "span": one(l, 2).hex()} for l in of(span, 13)],
                    "status": one(status, 3, 0),
                    "message": one(status, 2).decode(),
                }


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(f"{folder}/requests", "a") as out:
            headers = {name.lower(): value for name, value in self.headers.items()}
            out.write(json.dumps({"path": self.path, "headers": headers}) + "\n")
        if mode == "silent":
            time.sleep(600)
        if mode == "trickle":
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(b"x")
                time.sleep(1)
        if mode != "500":
            text = "".join(json.dumps(span) + "\n" for span in spans(body))
            with open(f"{folder}/spans", "a") as out:
                out.write(text)
        self.send_response(500 if mode == "500" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


folder = sys.argv[1]
mode = sys.argv[2] if len(sys.argv) > 2 else ""
server = Server(("127.0.0.1", 0), Handler)
with open(f"{folder}/port.new", "w") as port:
    port.write(str(server.server_port))
os.rename(f"{folder}/port.new", f"{folder}/port")
server.serve_forever()
