#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""For cuts.t: releases that a power cut can spoil, and whether one did (inside the test machine, as root).

  cuts.py publish    the next release, durable in the bucket; prints its number
  cuts.py wait MS    asks the agent, and ends so many milliseconds later
  cuts.py commit N   asks the agent, and ends in the moment when it says that release N has become current
  cuts.py boot       before the bucket is there: what it was told until the power failed
  cuts.py check      each file of the current release is what its manifest says; prints its number
  cuts.py rest N     release N runs, nothing half-made is on disk, and the bucket was told of each event once

The bucket is on the same disk, and forgets, too: what it was told since the last sync. So wait and commit end with that being
written past the kernel's memory, in place, which takes nothing else to the disk with it. What the agent can deliver, and note as
delivered, between that look and the cut, a few milliseconds, is the only thing that may be missing from the bucket afterwards.
"""
import json
import mmap
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import agentbus  # noqa: E402
import step  # noqa: E402

FILES, SIZE = 200, 12000  # more than the kernel writes back by itself within an update
MARK = f"{step.WORK}/mark"  # what "rest" has looked at, and where the bucket's log went on after the boot
TOLD, TOLD_SIZE = f"{step.WORK}/told", 1 << 18  # reports since then, at the cut


def load(path):
    with open(path, encoding="ascii") as file:
        return json.load(file)


def save(path, what):
    with open(path, "w", encoding="ascii") as file:
        json.dump(what, file)
        file.flush()
        os.fsync(file.fileno())


def told_open():
    """Its blocks are on the disk already: to write them again is nothing that a journal would have to know."""
    if not os.path.exists(TOLD):
        with open(TOLD, "wb") as file:
            file.write(b" " * TOLD_SIZE)
        os.sync()
    return os.open(TOLD, os.O_WRONLY | os.O_DIRECT)


class Told:
    """What the bucket is told until the cut."""

    def __init__(self):
        mark = load(MARK)
        self.reports = step.Reports(mark["log"], mark["last"])
        self.fd = told_open()
        self.memory = mmap.mmap(-1, TOLD_SIZE)  # O_DIRECT wants whole pages
        self.reports.look()

    def keep(self):
        self.reports.look()
        text = json.dumps({n: t for n, t in self.reports.bodies.items() if n > self.reports.last}).encode()
        self.memory[:] = text.ljust(TOLD_SIZE)
        if os.pwrite(self.fd, self.memory, 0) != TOLD_SIZE:
            raise OSError("a short write")


def publish():
    number = step.max_published() + 1
    folder = f"{step.WORK}/tree/ballast"
    os.makedirs(folder, exist_ok=True)
    for i in range(FILES):
        with open(f"{folder}/{i}", "wb") as file:
            file.write(os.urandom(SIZE))
    # On trial when the power fails. Two of four updates cannot overlap: to a release that has a state directory, and from it.
    step.publish(number, soak="1min", how="running" if number % 4 else "alone")
    with open(f"{step.WORK}/published", "w", encoding="ascii") as file:
        file.write(str(number))
    os.sync()
    return number


def ask():
    step.run("sealift", "check", "--no-wait", check=True)


def wait(milliseconds):
    told = Told()
    ask()
    time.sleep(milliseconds / 1000)
    told.keep()
    return milliseconds


def commit(number):
    told, bus = Told(), agentbus.Bus()
    ask()
    bus.wait_for("the commit", lambda events: ("bundle", "step running") in events, step.PATIENCE * 3)
    told.keep()
    return number


def boot():
    save(MARK, {**load(MARK), "log": os.path.getsize(step.LOG), "delivered": step.last_delivered()})
    return "up"


def check_reports(number):
    """Of this boot and what was told before the cut. Returns how many reports that were, and how many the bucket has lost."""
    mark = load(MARK) if os.path.exists(MARK) else {"last": 0, "log": 0, "delivered": 0, "before": []}
    told = {int(n): text for n, text in load(TOLD).items()} if os.path.exists(TOLD) else {}
    lost = range(max([mark["last"], *told]) + 1, mark["delivered"] + 1)
    reports = step.Reports(mark["log"], mark["last"], told, lost)
    new = reports.take()
    step.check_events(mark["before"] + new, [1])
    (last,) = [b["version"] for b in new[-1]["bundles"] if b["name"] == "step"]
    if last != str(number):
        raise step.Trouble(f"the last report says {last}")
    save(MARK, {**mark, "last": reports.last, "before": [{**new[-1], "reason": "counted"}]})
    return len(new), reports.last - mark["last"] - len(new)


def rest(number):
    reports, lost = check_reports(number)
    with open(f"{step.WORK}/reports", "a", encoding="ascii") as file:
        print(reports, lost, file=file)
    step.check_store()
    step.check_units(agentbus.Bus(), number)
    return number


def main():
    command = {"publish": publish, "check": step.check_current, "boot": boot}
    numbered = {"wait": wait, "commit": commit, "rest": rest}
    try:
        print(numbered[sys.argv[1]](int(sys.argv[2])) if sys.argv[2:] else command[sys.argv[1]]())
    except (step.Trouble, OSError, KeyError, ValueError) as e:
        sys.exit(repr(e))


main()
