#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Talks to sealift's workers over their sockets, as sealiftd would (agent/ground/protocol.h).

usage: worker.py get SOURCE PATH    prints the object; on an error its class and text, and ends with status 1
       worker.py hold SOCKET        connects, says so, and keeps the conversation open until its input ends
"""

import os
import socket
import struct
import sys

MAGIC, FETCH_GET, FETCH_DONE = 0x5EA11F70, 1, 3
GET, DONE = struct.Struct("=Q49s1025s129s5x"), struct.Struct("=iiQ129s512s7x")


def connect(path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.connect(path)
    return sock


def get(source, path):
    sock = connect("/run/sealift/fetch.sock")
    reader, writer = os.pipe()
    payload = GET.pack(1 << 40, source.encode(), path.encode(), b"")
    socket.send_fds(sock, [struct.pack("=IHHII", MAGIC, FETCH_GET, 1, len(payload), 0) + payload], [writer])
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        while block := pipe.read(1 << 16):
            sys.stdout.buffer.write(block)
    answer = sock.recv(1 << 16)
    if not answer:
        sys.exit("the worker has gone")
    error, _, _, _, text = DONE.unpack(answer[16:])
    if error:
        sys.exit(f"{-error} {text.split(bytes(1))[0].decode()}")


def hold(path):
    sock = connect(path)
    print("connected", flush=True)
    sys.stdin.read()
    sock.close()


{"get": get, "hold": hold}[sys.argv[1]](*sys.argv[2:])
