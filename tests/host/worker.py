#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Talks to sealift's workers over their sockets, as sealiftd would (agent/ground/protocol.h).

usage: worker.py get SOURCE PATH    prints the object; on an error its class and text, and ends with status 1
       worker.py unpack FILE        prints the entries of a .tar.zst; on an error the same
       worker.py cpu SOURCE PATH... a worker of its own gets them all, nothing of which is kept; prints its CPU time in ms
       worker.py hold SOCKET        connects, says so, and keeps the conversation open until its input ends
"""

import os
import socket
import struct
import subprocess
import sys

MAGIC, FETCH_GET, FETCH_DONE = 0x5EA11F70, 1, 3
UNPACK_START, UNPACK_ENTRY, UNPACK_DATA, UNPACK_END, UNPACK_FAILED = range(1, 6)
START, ENTRY, FAILED = struct.Struct("=IIQQQ"), struct.Struct("=IIQ1025s1025s6x"), struct.Struct("=i512s")
GET, DONE = struct.Struct("=QQ49s1025s129s5x"), struct.Struct("=iiQ129s512s7x")


def connect(path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.connect(path)
    return sock


def fetch(sock, source, path, sink):
    reader, writer = os.pipe()
    payload = GET.pack(1 << 40, 0, source.encode(), path.encode(), b"")
    socket.send_fds(sock, [struct.pack("=IHHII", MAGIC, FETCH_GET, 1, len(payload), 0) + payload], [writer])
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        while block := pipe.read(1 << 16):
            sink(block)
    answer = sock.recv(1 << 16)
    if not answer:
        sys.exit("the worker has gone")
    error, _, _, _, text = DONE.unpack(answer[16:])
    return -error, text.split(bytes(1))[0].decode()


def get(source, path):
    error, text = fetch(connect("/run/sealift/fetch.sock"), source, path, sys.stdout.buffer.write)
    if error:
        sys.exit(f"{error} {text}")


def cpu(source, *paths):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    worker = subprocess.Popen(["/usr/libexec/sealift/sealift-fetch"], stdin=theirs)
    theirs.close()
    for path in paths:
        fetch(ours, source, path, lambda block: None)
    ours.close()
    _, _, usage = os.wait4(worker.pid, 0)
    print(round((usage.ru_utime + usage.ru_stime) * 1000, 1))


def unpack(path):
    sock = connect("/run/sealift/unpack.sock")
    size, zstd = os.stat(path).st_size, 1
    payload = START.pack(zstd, 0, size, 1000000, 1 << 33)
    with open(path, "rb") as bundle:
        socket.send_fds(sock, [struct.pack("=IHHII", MAGIC, UNPACK_START, 1, len(payload), 0) + payload],
                        [bundle.fileno()])
    while answer := sock.recv(1 << 16):
        kind, payload = struct.unpack_from("=H", answer, 4)[0], answer[16:]
        if kind == UNPACK_END:
            return
        if kind == UNPACK_FAILED:
            error, text = FAILED.unpack(payload)
            sys.exit(f"{-error} {text.split(bytes(1))[0].decode()}")
        if kind == UNPACK_ENTRY:
            _, mode, size, name, _ = ENTRY.unpack(payload)
            print(f"{mode:o} {size} {name.split(bytes(1))[0].decode()}")
    sys.exit("the worker has gone")


def hold(path):
    sock = connect(path)
    print("connected", flush=True)
    sys.stdin.read()
    sock.close()


{"get": get, "unpack": unpack, "hold": hold, "cpu": cpu}[sys.argv[1]](*sys.argv[2:])
