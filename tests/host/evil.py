#!/usr/bin/env python3
"""A web server, over TLS if a client begins with it, that serves a directory and, where a rule says so, lies, stalls or breaks off.

A rules file holds lines "PATH-GLOB MODE [ARG]"; it is read for every request, and the first line that fits is obeyed.

  ok                as an honest server would: Content-Length, ETag, If-None-Match, Range, 404
  whole             the same, but it knows no ranges
  part N            asked for a range, it sends one that begins N bytes later
  range MODE [ARG]  asked for a range, what MODE does; else as an honest server would
  status CODE [SEC] that status and no more; with SEC also "Retry-After: SEC"
  truncate N        says the full length, sends N bytes, closes cleanly
  reset N           says the full length, sends N bytes of it, or of the range that was asked for, resets the connection
  longer N          N bytes more than the file has, with a Content-Length that fits
  endless [CODE]    no Content-Length, and bytes until the client has had enough; the file need not be there
  headers           header lines until the client has had enough
  stall             takes the request and never answers
  wait PATH         takes the request and answers it as an honest server would, once there is a file PATH
  stall-body N      says the full length, sends N bytes, then nothing more
  stall-until N F   the same, until there is a file F; then it closes cleanly
  hold N F          sends N bytes, also of the range that was asked for, and the rest when there is a file F
  drip SEC [N]      one byte, or N bytes, every SEC seconds
  flip N            the byte at N has one bit flipped
  redirect URL      302
  raw               the file is the whole answer, status line and all; then the connection ends in order
  file PATH         another file's bytes (PATH is absolute)
  gzip              the body compressed, with Content-Encoding: gzip that nobody asked for

It is a proxy, too: CONNECT HOST:PORT opens a tunnel, where no rule for that path says "status CODE", or "login USER:PASSWORD" and
whoever asks is not that user (407).
"""
import argparse
import base64
import fnmatch
import gzip
import hashlib
import http.server
import json
import os
import select
import socket
import ssl
import struct
import tempfile
import time

CHUNK = 64 * 1024
NOTED_AT_ONCE = "stall", "stall-body", "hold", "wait"
HANDSHAKE = b"\x16"  # RFC 8446, section 5.1: what a client of TLS begins with
FOREVER = 3600  # longer than any test lasts; the client or the test's end is what ends it


class Hang(Exception):
    """The answer is over, and so is the connection."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = FOREVER

    def setup(self):
        # Here rather than in the accept loop, so that a client that never finishes its handshake blocks nobody else.
        if self.request.recv(1, socket.MSG_PEEK) == HANDSHAKE:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def log_message(self, *_):
        pass

    def note(self, status, body=""):
        """One line in nginx's form, see bucket.sh."""
        header = self.headers.get
        line = json.dumps({
            "method": self.command, "path": self.path.partition("?")[0], "status": status, "sent": self.sent,
            "if_none_match": header("If-None-Match", ""), "if_modified_since": header("If-Modified-Since", ""),
            "range": header("Range", ""), "agent": header("User-Agent", ""),
            "login": header("Proxy-Authorization", ""),
            "type": header("Content-Type", ""), "server": "evil", "body": body})
        with open(self.server.options.log, "a", encoding="utf-8") as log:
            log.write(line + "\n")

    # ---- how an answer is made --------------------------------------------------------------------------------------

    def rule(self):
        with open(self.server.options.rules, encoding="utf-8") as rules:
            for line in rules:
                words = line.split()
                if len(words) >= 2 and fnmatch.fnmatch(self.path, words[0]):
                    return words[1], words[2:]
        return "ok", []

    def head(self, status, length=None, **more):
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.status = status

    def send(self, data):
        self.wfile.write(data)
        self.sent += len(data)

    def end_in_order(self):
        """Says in TLS, too, that nothing more comes."""
        try:
            self.request = self.request.unwrap()
        except OSError:
            pass
        raise Hang

    def first_byte(self):
        """Of the range that was asked for, of the form "bytes=N-", which is the only one that sealift asks for; or None."""
        asked = self.headers.get("Range", "")
        return int(asked[6:-1]) if asked.startswith("bytes=") and asked.endswith("-") else None

    def head_part(self, data, first):
        self.head(206, len(data) - first, Content_Range=f"bytes {first}-{len(data) - 1}/{len(data)}")

    def head_rest(self, data):
        """The range that was asked for, which its head has gone ahead of; or all."""
        first = self.first_byte()
        if first is None:
            self.head(200, len(data))
        else:
            self.head_part(data, first)
        return data[first or 0:]

    def send_part(self, data, first):
        self.head_part(data, first)
        self.send(data[first:])

    def honest(self, data):
        etag = '"' + hashlib.sha256(data).hexdigest()[:16] + '"'
        first = self.first_byte()
        if self.headers.get("If-None-Match") == etag:
            self.head(304, ETag=etag)
        elif first is None:
            self.obey_whole(data, etag)
        elif first >= len(data):
            self.head(416, 0, Content_Range=f"bytes */{len(data)}")
        else:
            self.send_part(data, first)

    def obey_whole(self, data, etag='"0"'):
        self.head(200, len(data), ETag=etag)
        self.send(data)

    def obey_part(self, data, later):
        self.send_part(data, self.first_byte() + int(later))

    def obey_range(self, data, mode, *arguments):
        if self.first_byte() is None:
            self.honest(data)
        else:
            getattr(self, "obey_" + mode.replace("-", "_"))(data, *arguments)

    def obey_status(self, data, code, *after):
        self.head(int(code), 0, **({"Retry_After": after[0]} if after else {}))

    def obey_truncate(self, data, count):
        self.head(200, len(data))
        self.send(data[:int(count)])
        self.end_in_order()

    def obey_reset(self, data, count):
        self.send(self.head_rest(data)[:int(count)])
        # Zero linger: close() sends RST rather than FIN.
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.request.detach())
        raise Hang

    def obey_longer(self, data, count):
        self.honest(data + b"x" * int(count))

    def obey_endless(self, data, code="200"):
        self.head(int(code), Connection="close")
        self.send(data or b"")
        while True:
            self.send(b"x" * CHUNK)

    def obey_headers(self, data):
        self.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.send(b"X-Filler: " + b"x" * 1024 + b"\r\n")

    def obey_stall(self, data):
        self.status = 0
        time.sleep(FOREVER)

    def obey_wait(self, data, path):
        while not os.path.exists(path):
            time.sleep(0.05)
        self.honest(data)

    def obey_stall_body(self, data, count):
        self.head(200, len(data))
        self.send(data[:int(count)])
        time.sleep(FOREVER)

    def obey_stall_until(self, data, count, path):
        self.head(200, len(data))
        self.send(data[:int(count)])
        while not os.path.exists(path):
            time.sleep(0.05)
        self.end_in_order()

    def obey_hold(self, data, count, path):
        rest = self.head_rest(data)
        self.send(rest[:int(count)])
        while not os.path.exists(path):
            time.sleep(0.05)
        self.send(rest[int(count):])

    def obey_drip(self, data, pause, count=1):
        self.head(200, len(data))
        for at in range(0, len(data), int(count)):
            self.send(data[at:at + int(count)])
            time.sleep(float(pause))

    def obey_flip(self, data, at):
        data = bytearray(data)
        data[int(at)] ^= 1
        self.honest(bytes(data))

    def obey_redirect(self, data, url):
        self.head(302, 0, Location=url)

    def obey_raw(self, data):
        self.send(data)
        self.end_in_order()

    def obey_file(self, data, path):
        with open(path, "rb") as other:
            self.honest(other.read())

    def obey_gzip(self, data):
        data = gzip.compress(data)
        self.head(200, len(data), Content_Encoding="gzip")
        self.send(data)

    def obey_ok(self, data):
        if data is None:
            self.head(404, 0)
        else:
            self.honest(data)

    def read_file(self):
        root = os.path.realpath(self.server.options.root)
        path = os.path.realpath(root + self.path.partition("?")[0])
        if not path.startswith(root + "/") or not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return file.read()

    def answer(self, data):
        """Obeys the rule; the request is noted when it is over, or when the client has gone, or at once if that may take long."""
        mode, arguments = self.rule()
        self.sent, self.status = 0, 0
        if mode in NOTED_AT_ONCE:
            self.note(0)
        try:
            getattr(self, "obey_" + mode.replace("-", "_"))(data, *arguments)
        except Hang:
            self.close_connection = True
        finally:
            if mode not in NOTED_AT_ONCE:
                self.note(self.status)

    # ---- methods ----------------------------------------------------------------------------------------------------

    def do_GET(self):
        self.answer(self.read_file())

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.sent = 0
        if self.rule()[0] != "ok":
            self.answer(b"")
            return
        fd, path = tempfile.mkstemp(dir=self.server.options.bodies)
        with os.fdopen(fd, "wb") as file:
            file.write(body)
        self.note(204, path)
        self.head(204)

    do_POST = do_PUT

    # ---- a proxy ----------------------------------------------------------------------------------------------------

    def do_CONNECT(self):
        mode, arguments = self.rule()
        self.sent = 0
        login = "Basic " + base64.b64encode(" ".join(arguments).encode()).decode()
        if mode == "login" and self.headers.get("Proxy-Authorization") != login:
            mode, arguments = "status", ["407"]
        if mode == "status":
            self.head(int(arguments[0]), 0)
            self.note(self.status)
            return
        host, port = self.path.rsplit(":", 1)
        self.note(200)
        with socket.create_connection((host, int(port))) as other:
            self.send_response(200)
            self.end_headers()
            carry(self.request, other)
        self.close_connection = True


def carry(client, server):
    """All bytes of either connection to the other, until one of them ends. In one thread: two at one TLS connection take each
    other's state for their own, and now and then "nothing there yet" for the end."""
    other = {client: server, server: client}
    tls = isinstance(client, ssl.SSLSocket)
    try:
        while True:
            for one in [client] if tls and client.pending() else select.select([client, server], [], [])[0]:
                data = one.recv(CHUNK)
                if not data:
                    return
                other[one].sendall(data)
    except OSError:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that hangs up or trusts another CA is what this server is for."""


def notify_ready():
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(b"READY=1", path.replace("@", "\0", 1))


def make_server(listen):
    """HOST:PORT, or fd:NUMBER for a socket that listens already."""
    host, port = listen.rsplit(":", 1)
    if host != "fd":
        return Server((host, int(port)), Handler)
    server = Server(None, Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=int(port))
    server.server_name, server.server_port = server.socket.getsockname()[:2]
    return server


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("root", "rules", "log", "bodies", "certificate", "key", "listen"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    server = make_server(options.listen)
    server.options = options
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(options.certificate, options.key)
    notify_ready()
    server.serve_forever()


main()
