#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""For cuts.t: releases that a power cut can spoil, and whether one did (inside the test machine, as root).

  cuts.py publish    the next release, durable in the bucket; prints its number
  cuts.py check      each file of the current release is what its manifest says; prints its number
  cuts.py rest N     release N runs, and nothing half-made is on disk
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import crashes  # noqa: E402

FILES, SIZE = 200, 12000  # more than the kernel writes back by itself within an update


def publish():
    number = crashes.max_published() + 1
    folder = f"{crashes.WORK}/tree/ballast"
    os.makedirs(folder, exist_ok=True)
    for i in range(FILES):
        with open(f"{folder}/{i}", "wb") as file:
            file.write(os.urandom(SIZE))
    crashes.publish(number)
    with open(f"{crashes.WORK}/published", "w", encoding="ascii") as file:
        file.write(str(number))
    os.sync()
    return number


def rest(number):
    crashes.wait_for("delivery of the reports", crashes.outbox_is_empty)
    crashes.check_store("")
    crashes.check_units(number)
    return number


def main():
    command = {"publish": publish, "check": crashes.check_current, "rest": lambda: rest(int(sys.argv[2]))}
    try:
        print(command[sys.argv[1]]())
    except (crashes.Trouble, OSError, KeyError, ValueError) as e:
        sys.exit(repr(e))


main()
