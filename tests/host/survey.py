#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What there is of everything that could leak (inside the test machine, as root).

  survey.py keep FILE       writes it down
  survey.py compare FILE    prints what is more now than it was, memory aside; status 1 where anything is
"""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import step  # noqa: E402

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
    """Descriptors, and kilobytes that are its own; what files have in memory depends on who else reads them."""
    pid = step.run("systemctl", "show", "-P", "MainPID", f"{program}.service").stdout.strip()
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        pss = next(int(line.split()[1]) for line in file if line.startswith("Pss_Anon:"))
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


def grown(first, last):
    """Names of versions and counts have more digits in the end, which a few hundred bytes are for."""
    slack = {"bytes": 2000}
    return [n for n in first if last[n] > first[n] + (SLACK_KIB if n.endswith("KiB") else slack.get(n, 0))]


def main():
    verb, file = sys.argv[1:]
    now = survey()
    if verb == "keep":
        with open(file, "w", encoding="ascii") as kept:
            json.dump(now, kept)
        return 0
    with open(file, encoding="ascii") as kept:
        before = json.load(kept)
    bad = [name for name in grown(before, now) if not name.endswith("KiB")]
    print("; ".join(f"{name}: {before[name]}, then {now[name]}" for name in bad) or "nothing")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
