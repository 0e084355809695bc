#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A web server that misbehaves in one way a path, for tests of whoever talks to it.

usage: evil.py FD CERTIFICATE KEY    FD is a listening socket; serves HTTPS until it is killed
"""

import re
import select
import socket
import ssl
import struct
import sys
import threading

faults = {}
uploads = {}
BLOCK = b"x" * 65536


def fault(path):
    def register(function):
        faults[path] = function
        return function

    return register


def answer(conn, status, body=b"", *headers):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    conn.sendall("\r\n".join(lines).encode() + body)


def wait_for_hangup(conn):
    while conn.recv(4096):
        pass


@fault("/good")
def good(conn, request):
    answer(conn, "200 OK", b"good\n")


@fault("/truncated")
def truncated(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500)
    return "close"


@fault("/truncated-chunks")
def truncated_chunks(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n")
    return "close"


@fault("/endless")
def endless(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        conn.sendall(BLOCK)


@fault("/endless-chunks")
def endless_chunks(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        conn.sendall(b"10000\r\n" + BLOCK + b"\r\n")


@fault("/announced-large")
def announced_large(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n")
    while True:
        conn.sendall(BLOCK)


@fault("/longer-than-said")
def longer_than_said(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ngood\nand what nobody asked for")
    return "close"


@fault("/endless-404")
def endless_404(conn, request):
    conn.sendall(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")
    while True:
        conn.sendall(BLOCK)


@fault("/redirect")
def redirect(conn, request):
    answer(conn, "302 Found", b"over there", "Location: https://elsewhere.example/bucket")


@fault("/redirect-here")
def redirect_here(conn, request):
    answer(conn, "301 Moved", b"", "Location: /good")


@fault("/reset")
def reset(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500)
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return "reset"


@fault("/silent-close")
def silent_close(conn, request):
    return "close"


@fault("/stall")
def stall(conn, request):
    wait_for_hangup(conn)


@fault("/stall-in-body")
def stall_in_body(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nxxx")
    wait_for_hangup(conn)


@fault("/drip")
def drip(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not select.select([conn], [], [], 0.1)[0]:
        conn.sendall(b"x")


@fault("/endless-headers")
def endless_headers(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        conn.sendall(b"X-Filler: x\r\n" * 1000)


@fault("/endless-interim")
def endless_interim(conn, request):
    while True:
        conn.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


@fault("/not-http")
def not_http(conn, request):
    conn.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" * 10)
    return "close"


@fault("/unasked-304")
def unasked_304(conn, request):
    conn.sendall(b"HTTP/1.1 304 Not Modified\r\n\r\n")


@fault("/partial")
def partial(conn, request):
    answer(conn, "206 Partial Content", b"oo", "Content-Range: bytes 1-2/5")


@fault("/bad-etag")
def bad_etag(conn, request):
    answer(conn, "200 OK", b"good\n", 'ETag: "a" and more')


def store(conn, method, path, head, body):
    kind = re.search(rb"(?im)^content-type: *(.*?)\r?$", head)
    kind = kind.group(1).decode() if kind else "none"
    uploads[path] = f"{method} {kind} ".encode() + body
    answer(conn, "201 Created")


def serve(conn):
    """Requests on one connection until somebody has had enough; returns how it shall end."""
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            more = conn.recv(65536)
            if not more:
                return None
            data += more
        head, data = data.split(b"\r\n\r\n", 1)
        method, path = head.decode("latin-1").split(" ")[:2]
        length = re.search(rb"(?im)^content-length: *(\d+)", head)
        length = int(length.group(1)) if length else 0
        while len(data) < length:
            more = conn.recv(65536)
            if not more:
                return None
            data += more
        body, data = data[:length], data[length:]
        number = re.fullmatch(r"/status/(\d+)", path)
        if number:
            answer(conn, f"{number.group(1)} Because", b"an error page\n")
        elif path in faults:
            ending = faults[path](conn, head)
            if ending:
                return ending
        elif method in ("PUT", "POST"):
            store(conn, method, path, head, body)
        elif path.startswith("/uploaded") and path[len("/uploaded"):] in uploads:
            answer(conn, "200 OK", uploads[path[len("/uploaded"):]])
        else:
            answer(conn, "404 Not Found", b"not here\n")


def handle(raw, context):
    try:
        conn = context.wrap_socket(raw, server_side=True)
        if serve(conn) != "reset":
            conn.unwrap()
        conn.close()
    except (OSError, ValueError):
        pass
    finally:
        raw.close()


def main():
    fd, certificate, key = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.socket(fileno=int(fd))
    while True:
        raw, _ = listener.accept()
        threading.Thread(target=handle, args=(raw, context), daemon=True).start()


if __name__ == "__main__":
    main()
