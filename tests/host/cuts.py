#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""For cuts.t: releases that a power cut can spoil, and whether one did (inside the test machine, as root).

  cuts.py publish    the next release, durable in the bucket; prints its number
  cuts.py commit N   asks the agent, and ends in the moment when it says that release N has become current
  cuts.py check      each file of the current release is what its manifest says; prints its number
  cuts.py rest N     release N runs, and nothing half-made is on disk
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import agentbus  # noqa: E402
import step  # noqa: E402

FILES, SIZE = 200, 12000  # more than the kernel writes back by itself within an update


def publish():
    number = step.max_published() + 1
    folder = f"{step.WORK}/tree/ballast"
    os.makedirs(folder, exist_ok=True)
    for i in range(FILES):
        with open(f"{folder}/{i}", "wb") as file:
            file.write(os.urandom(SIZE))
    step.publish(number, soak="1min")  # on trial when the power fails
    with open(f"{step.WORK}/published", "w", encoding="ascii") as file:
        file.write(str(number))
    os.sync()
    return number


def commit(number):
    bus = agentbus.Bus()
    step.run("sealift", "check", "--no-wait", check=True)
    bus.wait_for("the commit", lambda events: ("bundle", "step running") in events, step.PATIENCE * 3)
    return number


def rest(number):
    step.wait_for("delivery of the reports", step.outbox_is_empty)
    step.check_store()
    step.check_units(agentbus.Bus(), number)
    return number


def main():
    command = {"publish": publish, "check": step.check_current, "commit": lambda: commit(sys.argv[2]), "rest": lambda: rest(int(sys.argv[2]))}
    try:
        print(command[sys.argv[1]]())
    except (step.Trouble, OSError, KeyError, ValueError) as e:
        sys.exit(repr(e))


main()
