#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""start.py SEALED PAIRS DROPIN: starts an installed release through sealift-unitd, and the same program with the same
properties, those of DROPIN, through systemd-run, in turns; one line each: "ours MS" or "theirs MS".

start.py SEALED PAIRS END -- COMMAND...: against COMMAND, a service of Type=notify until one of its processes has said that it is
ready; END, a command of the shell, ends it."""

import re
import subprocess
import sys
import time

sys.path.insert(0, "/tests/host")
import unitd  # noqa: E402

NAME = "bench-start.service"


def properties(dropin):
    """As options of systemd-run, and the program."""
    section, options, command = "", [], []
    for line in open(dropin).read().splitlines():
        if line.startswith("["):
            section = line
        elif "=" in line and not line.startswith("#") and section in ("[Unit]", "[Service]"):
            key, value = line.split("=", 1)
            if key == "ExecStart":
                command = value.split() or command
            elif value:
                options.append(f"--property={key}={value}")
    return options, command


def run(options, command):
    return subprocess.run(["systemd-run", "--quiet", "--unit", NAME, *options, "--", *command], capture_output=True, text=True)


def accepted(options, command):
    """Without what systemd-run does not take."""
    left = []
    while (result := run(options, command)).returncode:
        found = re.search(r"(?:Unknown assignment|Failed to parse): ?([A-Za-z]+)=?", result.stderr)
        if not found or not (bad := [o for o in options if o.startswith(f"--property={found[1]}=")]):
            sys.exit(f"systemd-run: {result.stderr}")
        left += bad
        options = [o for o in options if o not in bad]
    subprocess.run(["systemctl", "stop", NAME], check=True)
    return options, left


def timed(what, work):
    start = time.monotonic()
    work()
    print(what, round((time.monotonic() - start) * 1000, 1), flush=True)


def systemd_run(dropin):
    options, command = properties(dropin)
    options, left = accepted(options, command)
    print(f"# {len(options)} properties; not known to systemd-run: {' '.join(left) or 'none'}")
    return lambda: run(options, command).check_returncode(), lambda: subprocess.run(["systemctl", "stop", NAME], check=True)


def other(end, command):
    options = ["--collect", "--property=Type=notify", "--property=NotifyAccess=all"]

    def stop():
        subprocess.run(end, shell=True, check=True, stdout=subprocess.DEVNULL)
        # It may be gone by then, and its unit with it.
        subprocess.run(["systemctl", "stop", NAME], stderr=subprocess.DEVNULL)

    return lambda: run(options, command).check_returncode(), stop


def main(sealed, pairs, *against):
    start, stop = other(against[0], against[2:]) if len(against) > 1 else systemd_run(against[0])
    agent = unitd.Unitd()
    agent.ask(unitd.STOP, sealed)
    for _ in range(int(pairs)):
        timed("ours", lambda: agent.ask(unitd.START, sealed))
        agent.ask(unitd.STOP, sealed)
        timed("theirs", start)
        stop()


main(*sys.argv[1:])
