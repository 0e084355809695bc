#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service for scenarios, which is as well as the file "does-$VERSION" or "does" says, in $STATE_DIRECTORY or $CACHE_DIRECTORY, or
/bundle/does.

  service.py [PORT]   serves HTTP on 127.0.0.1:PORT, or on all sockets that systemd has passed

The file holds one word: a number is the status of all answers; hang: it answers no more; die: it ends with status 3 at the next
request; end: it ends in order at the next request; eat: it takes memory until it is killed; fill: it takes all that is left of the
disk that the file is on, and whatever comes free there, and from then on all answers are 500; shut: it ends with status 7 before it
is ready; late: it is not ready before there is another word. "/version" is always answered, with $VERSION; READY=1 and WATCHDOG=1
are said where systemd wants to hear them, until the word is "sleep". Words with commas between are for one request each, in turn.
"asked", beside the first of these files, says which process it is, how often it was asked, and how often it has said 200. While
there is a file "stays" there, it does not end when it is told to.
"""
import os
import selectors
import signal
import socket
import sys
import threading
import time


def notify(text):
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            try:
                s.connect(path)
                s.send(text.encode())
            except OSError:  # the machine goes down
                pass


asked = well = 0
OWN = os.environ.get("STATE_DIRECTORY", os.environ.get("CACHE_DIRECTORY", ""))


def word():
    for path in (OWN + "/does-" + os.environ.get("VERSION", ""), OWN + "/does", "/bundle/does"):
        try:
            words = open(path).read().strip().split(",")
            return words[asked % len(words)]
        except OSError:
            pass
    return "200"


def listeners():
    if len(sys.argv) > 1:
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", int(sys.argv[1])))
        s.listen()
        return [s]
    return [socket.socket(fileno=3 + i) for i in range(int(os.environ["LISTEN_FDS"]))]


held = []
full = threading.Event()


def fill():
    taken = 0
    with open(OWN + "/taken", "wb", buffering=0) as f:
        while True:
            try:
                f.write(bytes(1 << 20))
            except OSError:
                try:
                    open(f"{OWN}/taken-{taken}", "x").close()
                    taken += 1
                except OSError:
                    full.set()
                    time.sleep(0.001)


def count(does):
    global asked, well
    asked += 1
    well += does == "200"
    try:
        with open(OWN + "/asked.new", "w") as f:
            f.write(f"{os.getpid()} {asked} {well}\n")
        os.rename(OWN + "/asked.new", OWN + "/asked")
    except OSError:  # it has no such directory
        pass


def answer(connection):
    connection.setblocking(True)
    request = connection.recv(4096)
    does = word()
    if request.startswith(b"GET /version "):
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + os.environ["VERSION"].encode() + b"\n")
    elif does == "die":
        sys.exit(3)
    elif does == "end":
        sys.exit(0)
    elif does == "eat":
        while True:
            held.append(bytearray(os.urandom(1 << 20)))
    elif does == "hang":
        held.append(connection)
        return
    elif does == "fill":  # and is not counted: that would give a block up
        if fill not in held:
            held.append(fill)
            threading.Thread(target=fill, daemon=True).start()
        connection.sendall(b"HTTP/1.0 " + (b"500" if full.is_set() else b"200") + b" So\r\n\r\n")
    else:
        count(does)
        connection.sendall(b"HTTP/1.0 " + does.encode() + b" So\r\n\r\n")
    connection.close()


def end(number, frame):
    while os.path.exists(OWN + "/stays"):
        time.sleep(0.05)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def main():
    signal.signal(signal.SIGTERM, end)
    wait = selectors.DefaultSelector()
    for s in listeners():
        s.setblocking(False)
        wait.register(s, selectors.EVENT_READ)
    if word() == "shut":
        sys.exit(7)
    while word() == "late":
        time.sleep(0.05)
    notify("READY=1")
    while True:
        if word() != "sleep":
            notify("WATCHDOG=1")
        for key, _ in wait.select(0.2):
            # Whoever has been accepted is answered, also by one that is to stop.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            try:
                answer(key.fileobj.accept()[0])
            except OSError:
                pass
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


main()
