#!/usr/bin/env python3
# console.py - runs a command with the path of a terminal in $CONSOLE, and prints what is shown there
#
#   console.py COMMAND WORD…
#
# Waits until nobody has the terminal open any more, at most 30 s. Ends as the command does.
import os
import pty
import select
import subprocess
import sys


def main():
    master, slave = pty.openpty()
    env = dict(os.environ, CONSOLE=os.ttyname(slave))
    code = subprocess.call(sys.argv[1:], env=env, stdin=subprocess.DEVNULL)
    os.close(slave)
    while select.select([master], [], [], 30)[0]:
        try:
            os.write(1, os.read(master, 65536))
        except OSError:  # EIO: closed by all
            return code
    return 98


sys.exit(main())
