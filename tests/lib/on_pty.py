#!/usr/bin/env python3
# on_pty.py - runs a command on a terminal and prints what it shows
#
#   on_pty.py COMMAND WORD…
#
# The terminal has 33 rows and 111 columns; 1.5 s after its first output, or PTY_WAIT
# (4) seconds after the start, it grows to 44 by 132, and PTY_TYPE is typed. Ends as the
# command does; after five times PTY_WAIT it is killed, with exit code 99.
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time


def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main():
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(sys.argv[1], sys.argv[1:])
    resize(fd, 33, 111)
    start = time.monotonic()
    wait = float(os.environ.get("PTY_WAIT", "4"))
    act_at = start + wait
    acted = seen = False
    while time.monotonic() < start + 5 * wait:
        if not acted and time.monotonic() >= act_at:
            acted = True
            resize(fd, 44, 132)
            os.write(fd, os.environ.get("PTY_TYPE", "").encode())
        if not select.select([fd], [], [], 0.05)[0]:
            continue
        try:
            data = os.read(fd, 65536)
        except OSError:  # EIO: nobody has it open any more
            data = b""
        if not data:
            _, status = os.waitpid(pid, 0)
            return os.waitstatus_to_exitcode(status) & 0xFF
        if not seen:
            seen = True
            act_at = min(act_at, time.monotonic() + 1.5)
        os.write(1, data)
    os.kill(pid, 9)
    return 99


sys.exit(main())
