#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service for scenarios that takes its time: told to stop, it waits until there is a file "go" in $STATE_DIRECTORY; and while there
is a file "hold" there when it starts, it is not ready. Whoever is there when it starts is noted in "met", by its name.

  --name WORD     what it notes itself as
  --status N      it ends with that status
  --port N        it listens there for as long as it lives
  --once          the file "go" is for one stop, and is removed
  --never         it is never ready
  --now           it stops as soon as it is told to
"""
import argparse
import fcntl
import os
import signal
import socket
import sys
import time

STATE = os.environ["STATE_DIRECTORY"]


def options():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--name", default="")
    parser.add_argument("--status", type=int, default=0)
    parser.add_argument("--port", type=int)
    for flag in "once", "never", "now":
        parser.add_argument(f"--{flag}", action="store_true")
    return parser.parse_args()


def meet(name):
    lock = open(f"{STATE}/lock", "w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with open(f"{STATE}/met", "a", encoding="ascii") as met:
            met.write(f"{name}\n")
    return lock


def listen(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", port))
    s.listen()
    return s


def ready():
    while os.path.exists(f"{STATE}/hold"):
        time.sleep(0.05)
    if "NOTIFY_SOCKET" in os.environ:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])


def main():
    mine = options()

    def stop(_number, _frame):
        while not mine.now and not os.path.exists(f"{STATE}/go"):
            time.sleep(0.05)
        if mine.once:
            os.remove(f"{STATE}/go")
        sys.exit(mine.status)

    lives = [meet(mine.name), listen(mine.port) if mine.port else None]  # noqa: F841
    signal.signal(signal.SIGTERM, stop)
    if not mine.never:
        ready()
    while True:
        signal.pause()


main()
