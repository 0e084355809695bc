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
import step  # noqa: E402

ROWS = 5
PROFILES = "/sys/kernel/security/apparmor/policy/profiles"
SLACK_KIB = 256  # of a heap that has found its size


def entries(path):
    """Of a folder's whole tree: how many, and their bytes."""
    n = size = 0
    for folder, folders, files in os.walk(path):
        n += len(folders) + len(files)
        size += sum(os.lstat(f"{folder}/{name}").st_size for name in files)
    return n, size


def process(program):
    """Descriptors, and kilobytes that are its own (PSS)."""
    pid = step.run("systemctl", "show", "-P", "MainPID", f"{program}.service").stdout.strip()
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        pss = next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return len(os.listdir(f"/proc/{pid}/fd")), pss


def count_units():
    return len(step.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "sealift*").stdout.splitlines())


def count_profiles():
    """Of AppArmor; none where the machine has none, as in a container."""
    names = os.listdir(PROFILES) if os.path.isdir(PROFILES) else []
    return sum(name.startswith("sealift") for name in names)


def lines(path):
    with open(path, encoding="utf-8") as file:
        return sum(1 for _ in file)


def survey():
    """Nothing of it may be more after a thousand updates than after ten."""
    row = {"units": count_units(), "profiles": count_profiles(), "mounts": lines("/proc/1/mountinfo")}
    row["/run"] = entries("/run/systemd/system")[0] + entries("/run/sealift")[0]
    row["inodes"], row["bytes"] = entries(step.STORE)
    for program in "sealiftd", "sealift-unitd":
        row[f"{program} fds"], row[f"{program} KiB"] = process(program)
    return row


def show(updates, row):
    print(f"{updates:8}" + "".join(f"{value:{max(len(name), 6) + 2}}" for name, value in row.items()), flush=True)


def grown(first, last):
    """Names of versions and counts have more digits in the end, which a few hundred bytes are for."""
    slack = {"bytes": 2000}
    return [n for n in first if last[n] > first[n] + (SLACK_KIB if n.endswith("KiB") else slack.get(n, 0))]


class Soak:
    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.series = {}
        for program in "sealiftd", "sealift-unitd":
            self.series[program] = crashes.Series(crashes.options_of([program, "update"]))
        self.first = self.series["sealiftd"]
        self.kills = 0
        # Both tell one story: what is published, who asks, and what was reported.
        for one in self.series.values():
            one.asker, one.reports, one.bus = self.first.asker, self.first.reports, self.first.bus

    def update(self, kill):
        one = self.series[self.chance.choice(list(self.series))]
        one.version, one.published = self.first.version, self.first.published
        self.kills += bool(one.point(self.chance.randrange(1, 110) if kill else 0))
        one.strike.rest()
        self.first.version, self.first.published = one.version, one.published

    def part(self, updates, kill):
        """Returns the first row, once everything has been used, and the last one."""
        first, last = None, None
        for n in range(1, updates + 1):
            self.update(kill)
            if n == min(10, max(2, updates // 3)):
                first = survey()
                show(n, first)
            elif n == updates or n % max(1, updates // ROWS) == 0:
                last = survey()
                show(n, last)
        return first, last


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("killed", type=int)
    parser.add_argument("calm", type=int)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1000000)
    options = parser.parse_args()
    soak, started, bad = Soak(options.seed), time.monotonic(), []
    soak.first.asker.start()
    print(f"seed {options.seed}\n updates" + "".join(f"{name:>{max(len(name), 6) + 2}}" for name in survey()))
    for updates, kill in (options.killed, True), (options.calm, False):
        first, last = soak.part(updates, kill)
        # A daemon that was killed begins anew: its memory says something in peace only.
        bad += [n for n in grown(first, last) if not (kill and n.endswith("KiB"))]
    took = time.monotonic() - started
    total = options.killed + options.calm
    print(f"{total} updates, {soak.kills} kills, {took:.0f} s; grown: {', '.join(bad) or 'nothing'}")
    return 1 if bad else 0


sys.exit(main())
