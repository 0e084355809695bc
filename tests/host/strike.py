#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The other side of tests/host/strike.c: says at which call a program is struck, and reads how that went.

  strike.py stop PROGRAM N      the next process of that program that preloads strike.so is stopped at its N-th look at the disk
"""
import mmap
import os
import struct
import sys

CHANGE, OPEN, READ = 1, 2, 4
STOP = -1  # in place of an error
FOLDER = "/run/strike"


class Strike:
    """Of one program. Made before the program starts, which otherwise does nothing."""

    LAYOUT = struct.Struct("=IIIiIII100s")

    def __init__(self, program):
        os.makedirs(FOLDER, exist_ok=True)
        path = f"{FOLDER}/{program[:15]}"
        fd = os.open(path, os.O_RDWR | os.O_CREAT)
        os.fchmod(fd, 0o666)
        os.ftruncate(fd, mmap.PAGESIZE)
        self.memory = mmap.mmap(fd, mmap.PAGESIZE)
        os.close(fd)
        self.program = program

    def arm(self, at, kinds=CHANGE, again=0, error=0, lasting=False):
        """From now on, the call number AT of these KINDS; 0 only counts."""
        self.LAYOUT.pack_into(self.memory, 0, kinds, at, again, error, lasting, 0, 0, b"")

    def rest(self):
        self.arm(0, kinds=0)

    def look(self):
        """How many calls were counted since, how often it struck, and what the last call was."""
        *_, count, struck, what = self.LAYOUT.unpack_from(self.memory, 0)
        return count, struck, what.split(b"\0", 1)[0].decode(errors="replace")


if __name__ == "__main__":
    _, verb, name, count = sys.argv
    assert verb == "stop", __doc__
    Strike(name).arm(int(count), READ, error=STOP)
