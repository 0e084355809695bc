#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many updates in a row, a part of them struck by a kill of one of the daemons at a random call that changes the disk, then a
part in peace; and what there is of everything that could leak, as a table (inside the test machine, as root).

  endurance.py KILLED CALM [--seed SEED]    so many updates of each kind

Everything that crashes.py looks at is looked at after each. Status 1 when something of that did not hold, or something grew.
"""
import argparse
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import crashes  # noqa: E402
from survey import grown, survey  # noqa: E402

ROWS = 5
SOON = 20  # seconds


def show(updates, row):
    print(f"{updates:8}" + "".join(f"{value:{max(len(name), 6) + 2}}" for name, value in row.items()), flush=True)


class Soak:
    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.series = {}
        for program in "sealiftd", "sealift-unitd":
            self.series[program] = crashes.Series(crashes.options_of([program, "update"]))
        self.first = self.series["sealiftd"]
        self.kills, self.calls = 0, {}
        # Both tell one story: what is published, who asks, and what was reported.
        for one in self.series.values():
            one.asker, one.reports, one.bus = self.first.asker, self.first.reports, self.first.bus

    def count(self):
        """In an update in peace, of each program: so many calls change the disk."""
        self.calls = {program: self.update(program, 0) for program in self.series}

    def update(self, program, at):
        """Struck at that call, or at none; returns how many there were."""
        one = self.series[program]
        one.version, one.published = self.first.version, self.first.published
        self.kills += bool(one.point(at))
        one.strike.rest()
        self.first.version, self.first.published = one.version, one.published
        return one.calls

    def part(self, updates, kill):
        """Returns the first row, once everything has been used."""
        first = None
        for n in range(1, updates + 1):
            program = self.chance.choice(list(self.series))
            self.update(program, self.chance.randint(1, self.calls[program]) if kill else 0)
            if n == min(10, max(2, updates // 3)):
                first = survey()
                show(n, first)
            elif n == updates or n % max(1, updates // ROWS) == 0:
                show(n, survey())
        return first


def left(first, kill):
    """What is more than it was, and stays: a unit that has just ended is there for another moment. A daemon that was killed begins
    anew: its memory says something in peace only."""
    end = time.monotonic() + SOON
    while True:
        more = [n for n in grown(first, survey()) if not (kill and n.endswith("KiB"))]
        if not more or time.monotonic() > end:
            return more
        time.sleep(0.1)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("killed", type=int)
    parser.add_argument("calm", type=int)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1000000)
    options = parser.parse_args()
    soak, started, bad = Soak(options.seed), time.monotonic(), []
    soak.first.asker.start()
    soak.count()
    print(f"seed {options.seed}; calls of an update: {soak.calls}")
    print(" updates" + "".join(f"{name:>{max(len(name), 6) + 2}}" for name in survey()))
    for updates, kill in (options.killed, True), (options.calm, False):
        first = soak.part(updates, kill)
        first["sealift-unitd fds"] += kill  # of one that was killed just before sealiftd has asked nothing yet
        bad += left(first, kill)
    took = time.monotonic() - started
    total = options.killed + options.calm
    print(f"{total} updates, {soak.kills} kills, {took:.0f} s; grown: {', '.join(bad) or 'nothing'}")
    return 1 if bad else 0


sys.exit(main())
