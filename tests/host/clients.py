#!/usr/bin/env python3
"""Clients of an HTTP server that ask until SIGTERM, at many paces, and write down the fate of every connection.

usage: clients.py PORT FILE

Some are quick. Some take their time: between connecting and asking, in the middle of a request, between one request and the
next of a connection that is kept alive; so that at any moment there are connections in each of these states. FILE always
holds the figures of the moment, as JSON: "answered", how many requests; "connections"; "bodies", how many answers had which
body; "lost", what became of everything that was not answered. A connection that the server closes after an answer with
"Connection: close" is at its proper end.
"""
import collections
import json
import os
import random
import signal
import socket
import sys
import threading

CLIENTS = 48
REQUESTS = 4      # of a connection that is kept alive
PATIENCE = 20     # seconds until an answer counts as none
PAUSE = 0.1       # seconds at most, of those who take their time
NOTES_EVERY = 0.1 # seconds


class Lost(Exception):
    pass


class Clients:
    def __init__(self, port):
        self.port = port
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.connections = 0
        self.bodies = collections.Counter()
        self.lost = collections.Counter()

    def figures(self):
        with self.lock:
            return {"answered": sum(self.bodies.values()), "connections": self.connections,
                    "bodies": dict(self.bodies), "lost": dict(self.lost)}

    def pause(self, slow):
        if slow:
            self.over.wait(random.uniform(0, PAUSE))

    def answer(self, stream):
        """The body of one answer, and whether the connection goes on."""
        status = stream.readline()
        if not status:
            raise Lost("closed without an answer")
        if status.split()[1:2] != [b"200"]:
            raise Lost("answered: %r" % status)
        headers = {}
        while (line := stream.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", -1))
        body = stream.read(length) if line and length >= 0 else b""
        if not line or len(body) != length:
            raise Lost("closed within an answer")
        return body.decode(), headers.get("connection", "") != "close"

    def ask(self, connection, stream, last, slow):
        request = b"GET / HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % (b"Connection: close\r\n" if last else b"")
        half = len(request) // 2
        connection.sendall(request[:half])
        self.pause(slow)
        connection.sendall(request[half:])
        body, goes_on = self.answer(stream)
        with self.lock:
            self.bodies[body] += 1
        return goes_on

    def connection(self, requests, slow):
        with self.lock:
            self.connections += 1
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection, connection.makefile("rb") as stream:
            for left in reversed(range(requests)):
                self.pause(slow)
                if not self.ask(connection, stream, left == 0, slow):
                    break

    def client(self, number):
        requests, slow = (1, REQUESTS)[number % 2], number % 8 != 0
        while not self.over.is_set():
            try:
                self.connection(requests, slow)
            except (Lost, OSError) as error:
                with self.lock:
                    self.lost[str(error) or type(error).__name__] += 1


def write(path, figures):
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(figures, file)
    os.rename(path + ".new", path)


def main():
    clients = Clients(int(sys.argv[1]))
    threads = [threading.Thread(target=clients.client, args=(n,)) for n in range(CLIENTS)]
    signal.signal(signal.SIGTERM, lambda *_: clients.over.set())
    for thread in threads:
        thread.start()
    while not clients.over.wait(NOTES_EVERY):
        write(sys.argv[2], clients.figures())
    for thread in threads:
        thread.join()
    write(sys.argv[2], clients.figures())


if __name__ == "__main__":
    main()
