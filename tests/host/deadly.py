#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Usage: deadly.py FOLDER PREFIX PROGRAM

A release that PROGRAM dies of: whenever a file of a folder of FOLDER whose name begins so is opened, or such a folder is made, every
process of PROGRAM is killed; a dot is printed for each. Says READY=1 when it looks."""
import ctypes
import os
import signal
import socket
import struct
import sys

IN_OPEN, IN_CREATE, IN_ISDIR = 0x20, 0x100, 0x40000000
folder, prefix, program = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
watches = {}


def watch(path, mask):
    """A folder that has gone already is nobody's."""
    number = libc.inotify_add_watch(inotify, path.encode(), mask)
    if number >= 0:
        watches[number] = path


def strike():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
                if comm.read().strip() == program[:15]:
                    os.kill(int(pid), signal.SIGKILL)
                    print(".", end="", flush=True)
        except OSError:
            pass


inotify = libc.inotify_init1(0)
watch(folder, IN_CREATE)
for name in os.listdir(folder):
    if name.startswith(prefix):
        watch(f"{folder}/{name}", IN_OPEN)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
    s.connect(os.environ["NOTIFY_SOCKET"])
    s.send(b"READY=1")
while True:
    events, at = os.read(inotify, 65536), 0
    deadly = False
    while at < len(events):
        number, mask, _, length = struct.unpack_from("iIII", events, at)
        name = events[at + 16:at + 16 + length].rstrip(b"\0").decode()
        at += 16 + length
        if watches.get(number) == folder and name.startswith(prefix):
            watch(f"{folder}/{name}", IN_OPEN)
            deadly = True
        elif watches.get(number, folder) != folder and not mask & IN_ISDIR and "manifest" in name:
            deadly = True
    if deadly:
        strike()
