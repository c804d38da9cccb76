#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks QEMU's human monitor over QMP: qmp.py SOCKET COMMAND WORD…"""

import json
import socket
import sys


def main():
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(30)
        sock.connect(sys.argv[1])
        lines = sock.makefile("rw")

        def call(command, **arguments):
            lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            lines.flush()
            while True:
                answer = json.loads(lines.readline())
                if "return" in answer:
                    return answer["return"]
                if "error" in answer:
                    sys.exit(answer["error"]["desc"])

        lines.readline()  # the greeting
        call("qmp_capabilities")
        line = " ".join(sys.argv[2:])
        print(call("human-monitor-command", **{"command-line": line}).replace("\r", ""), end="")


main()
