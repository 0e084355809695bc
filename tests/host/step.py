# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bundle "step" of crashes.py, endurance.py and cuts.py: its publisher, who asks it, who takes the agent's reports, and
what must hold of it (inside the test machine, as root)."""
import hashlib
import json
import os
import re
import socket
import subprocess
import threading
import time

STORE = "/var/lib/sealift"
PLACES = f"{STORE}/releases/step"
BUCKET, KEYS, OUT, WORK = "/srv/bucket", "/srv/keys", "/srv/out", "/srv/step"
LOG = "/var/log/bucket/requests"
PORT = 8090
SOCKET, LISTENER = "sealift-step.main.socket", "sealift-probe.step.main"
PREFIXES = "sealift-step.main@", LISTENER
FOLDERS = "/run/sealift/units", "/run/sealift/root", "/run/systemd/system"
DAMAGED, COPY = ("file", "empty", "more"), ".mend\\"  # what is damaged on purpose; where a repair has its copy (store/mend.c)
BAD = "/usr/local/lib/step-bad"  # a release whose version it says ends as soon as it is started
STATE, BESIDE = "/var/lib/private/sealift-step", "beside"  # its state directory, and where a second owner of that says so
KEEP = 3  # sealift.conf's default: releases beside what is current, previous and proven
PATIENCE = 100  # seconds for anything to come back; only ever waited for when it does not
MOMENT = 2  # seconds that a file is there which takes another's place

SERVICE = """import fcntl
import os
import select
import signal
import socket
import sys

answer = open("/bundle/version", "rb").read()
if os.path.exists("BAD") and open("BAD", "rb").read() == answer:
    sys.exit(1)
if "STATE_DIRECTORY" in os.environ:  # which no two have at once
    owner = open(os.environ["STATE_DIRECTORY"] + "/owner", "ab")
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        open(os.environ["STATE_DIRECTORY"] + "/BESIDE", "wb").close()
listeners = [socket.socket(fileno=3 + n) for n in range(int(os.environ["LISTEN_FDS"]))]  # the bundle's, and its probe's
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
    manager.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\\0", 1))
    manager.send(b"READY=1")
ends = [signal.SIGTERM, signal.SIGUSR1]
while True:  # one who was heard is answered, also when we are told to go
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ends)
    ready = select.select(listeners, [], [])[0]
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    try:
        connection, _ = ready[0].accept()
        connection.sendall(answer)
        connection.close()
    except (BlockingIOError, BrokenPipeError):  # the other release has taken it; a probe hears no answer out
        continue
""".replace("BAD", BAD).replace("BESIDE", BESIDE)
# How a release takes over: beside the old one all along; after it has stopped, for its migration; after it, since both have a state
# directory, within systemd's queue.
HOW = {
    "running": "ExecMigrate=/usr/bin/true\nMigrateWhile=running",
    "stopped": "ExecMigrate=/usr/bin/true",
    "alone": "StateDirectory=yes",
}
GOOD, FALSE = "/usr/bin/python3 -I -S -B /bundle/service.py", "/usr/bin/false"
MANIFEST = """[Bundle]
Name=step
Version={version}
SoakSec={soak}
[Service main]
Type=notify
ExecStart={start}
Restart={restart}
TimeoutStartSec=20s
{how}
[Health main]
TCP=yes
Socket=main
IntervalSec={interval}
Successes=1
[Socket main]
ListenStream=127.0.0.1:8090
"""


class Trouble(Exception):
    pass


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, **options)


def wait_for(what, look, patience=PATIENCE):
    """What look() says once it says something."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.01)
    raise Trouble(f"not within {patience} s: {what}")


# ---- the publisher --------------------------------------------------------------------------------------------------


def write_tree(version):
    tree = f"{WORK}/tree"
    os.makedirs(f"{tree}/folder/inner", exist_ok=True)
    for name, text in ("service.py", SERVICE), ("version", f"{version}\n"), ("folder/inner/file", "x" * 5000), ("empty", ""):
        with open(f"{tree}/{name}", "w", encoding="ascii") as file:
            file.write(text)
    if not os.path.islink(f"{tree}/link"):
        os.symlink("folder/inner", f"{tree}/link")
    return tree


def publish(version, start=GOOD, soak="0", restart="on-failure", how="running"):
    """Signs release VERSION, one that takes over as HOW says; returns its digest, the sum of its manifest. On trial it is asked
    once, or how many calls there are would be a matter of time."""
    interval = "1s" if soak == "0" else "1h"
    with open(f"{WORK}/step.manifest", "w", encoding="ascii") as file:
        file.write(MANIFEST.format(version=version, start=start, soak=soak, restart=restart, interval=interval, how=HOW[how]))
    tree = write_tree(version)
    sealed = f"{OUT}/step-{version}.manifest"
    for command in (
        ["sealift", "pack", tree, "--manifest", f"{WORK}/step.manifest", "--output", OUT],
        ["sealift", "publish", "--repository", BUCKET, "--keys", KEYS, "--channel", "stable", sealed],
    ):
        done = run(*command)
        if done.returncode != 0:
            raise Trouble(f"{' '.join(command)}: {done.stdout}")
    # nginx tells two timestamps apart by their seconds
    os.utime(f"{BUCKET}/metadata/timestamp.json", (1e9 + version, 1e9 + version))
    with open(sealed, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    for name in os.listdir(OUT):
        os.unlink(f"{OUT}/{name}")
    return digest


def max_published():
    try:
        with open(f"{WORK}/published", encoding="ascii") as file:
            return int(file.read())
    except FileNotFoundError:
        return 0


# ---- who asks the service, and the receiver of reports ------------------------------------------------------------------


class Asker(threading.Thread):
    """Asks all the time; keeps who answered, and each time that nobody did."""

    def __init__(self):
        super().__init__(daemon=True)
        self.answers, self.failures, self.over = set(), [], False

    def ask(self):
        try:
            with socket.create_connection(("127.0.0.1", PORT), PATIENCE) as connection:
                answer = b"".join(iter(lambda: connection.recv(100), b"")).decode().strip()
            if not answer:
                raise OSError("closed without an answer")
            self.answers.add(int(answer))
        except (OSError, ValueError) as e:
            self.failures.append(f"not answered: {e}")

    def run(self):
        while not self.over:
            self.ask()
            time.sleep(0.01)

    def take(self):
        answers, failures = self.answers, self.failures
        self.answers, self.failures = set(), []
        return answers, failures


def outbox_is_empty():
    return not any(name.endswith(".json") for name in os.listdir(f"{STORE}/outbox"))


def last_delivered():
    with open(f"{STORE}/outbox/counters", encoding="ascii") as file:
        return int(re.search(r"^Last=(\d+)$", file.read(), re.M)[1])


class Reports:
    """What the bucket was told: each number once, or the same words again, and none left out. From now on; or from place AT of its
    log and after report LAST, where it is known to have been told BODIES, too, but may have forgotten those that are LOST."""

    def __init__(self, at=None, last=0, bodies=(), lost=()):
        self.file = open(LOG, encoding="utf-8")
        self.bodies, self.last, self.lost = dict(bodies), last, lost
        if at is None:
            self.take()
        else:
            self.file.seek(at)

    def look(self):
        """Reports since take(), those that the bucket has in its log already."""
        for line in self.file:
            request = json.loads(line)
            if not request["path"].startswith("/reports/") or request["status"] >= 300:
                continue
            with open(request["body"], encoding="utf-8") as body:
                text = body.read()
            number = json.loads(text)["sequence"]
            if self.bodies.setdefault(number, text) != text:
                raise Trouble(f"report {number} says two things")
        return [json.loads(self.bodies[n]) for n in sorted(self.bodies) if n > self.last]

    def settle(self):
        """Until the outbox is empty and the bucket has written all of it into its log."""
        wait_for("delivery of the reports", outbox_is_empty, 3 * PATIENCE)  # a third failure is followed by two minutes
        wait_for("the bucket's log", lambda: not os.path.exists(f"{STORE}/outbox/counters") or
                 max([self.last, *(r["sequence"] for r in self.look())]) >= last_delivered())

    def take(self):
        """Reports since the last time."""
        self.settle()
        new = self.look()
        numbers = [r["sequence"] for r in new]
        want = [n for n in range(self.last + 1, max([self.last, *numbers]) + 1) if n in numbers or n not in self.lost]
        if self.last and numbers != want:
            raise Trouble(f"after report {self.last} came {numbers}")
        self.skip(numbers)
        return new

    def skip(self, numbers):
        self.last = max([self.last, *numbers])
        self.bodies = {n: text for n, text in self.bodies.items() if n > self.last - 100}


def event_of(report):
    """What it tells, whatever its number and its time."""
    drop = ("sequence", "time", "dropped", "reason")
    kept = {key: value for key, value in report.items() if key not in drop}
    kept["bundles"] = [{k: v for k, v in b.items() if k != "since"} for b in report["bundles"]]
    return kept


def check_events(reports, starts, again=False):
    """Each event once: a start of the agent is one, and so is all that makes one report differ from the one before. AGAIN: what the
    disk did not take may be told a second time, under another number, rather than never."""
    told = sum(r["reason"] == "start" for r in reports)
    if told not in starts:
        raise Trouble(f"the agent was started {starts} times, and reports of {told}")
    for before, after in zip(reports, reports[1:]):
        adjacent = before["sequence"] + 1 == after["sequence"]
        if not again and adjacent and after["reason"] != "start" and event_of(before) == event_of(after):
            raise Trouble(f"reports {before['sequence']} and {after['sequence']} tell the same: {after['reason']}, {event_of(after)}")
    versions = [b["version"] for r in reports for b in r["bundles"] if b["name"] == "step"]
    changes = [v for v, previous in zip(versions[1:], versions) if v != previous]
    if len(changes) != len(set(changes)):
        raise Trouble(f"a change is told twice: {versions}")


# ---- what must hold -----------------------------------------------------------------------------------------------------


def read_state():
    """{"current": (version, digest), ...}; whoever reads it while it is replaced sees the old one or the new one"""
    with open(f"{STORE}/state/step", encoding="ascii") as file:
        text = file.read()
    state = {key.lower(): tuple(value.split(" ", 1)) for key, value in re.findall(r"^(Current|Previous|Proven)=(.*)$", text, re.M)}
    if "current" not in state:
        raise Trouble("state/step says of no release that it is current")
    state["earlier"] = [tuple(value.split(" ", 1)) for value in re.findall(r"^Earlier=(.*)$", text, re.M)]
    state["quarantined"] = re.findall(r"^\[Quarantined ([0-9a-f]{64})\]$", text, re.M)
    return state


def place_of(release):
    return f"{PLACES}/{release[0]}-{release[1][:12]}"


def how_of(release):
    """Which of HOW it has."""
    with open(f"{place_of(release)}/manifest", encoding="utf-8") as file:
        lines = file.read().splitlines()
    return max((how for how in HOW if set(HOW[how].splitlines()) <= set(lines)), key=lambda how: len(HOW[how]))


def check_tree(place, digest12):
    """The manifest is the one of that name, and the tree is what it says, no more and no less."""
    with open(f"{place}/manifest", "rb") as file:
        manifest = file.read()
    if hashlib.sha256(manifest).hexdigest()[:12] != digest12:
        raise Trouble(f"{place}: the manifest is another one's")
    want = {}
    for line in manifest.decode().splitlines():
        if found := re.match(r"File=(\d+) (\d+) ([0-9a-f]{64}) (.*)", line):
            want[found[4]] = ("file", int(found[1], 8), found[3])
        elif found := re.match(r"Directory=(\d+) (.*)", line):
            want[found[2]] = ("directory", int(found[1], 8), None)
        elif found := re.match(r"Symlink=(.*)\t(.*)", line):
            want[found[2]] = ("link", 0o777, found[1])
    have = {}
    tree = f"{place}/tree"
    for folder, folders, files in os.walk(tree):
        for name in folders + files:
            path = f"{folder}/{name}"
            mode = os.lstat(path).st_mode & 0o7777
            if os.path.islink(path):
                have[path[len(tree) + 1 :]] = ("link", mode, os.readlink(path))
            elif os.path.isdir(path):
                have[path[len(tree) + 1 :]] = ("directory", mode, None)
            else:
                with open(path, "rb") as file:
                    have[path[len(tree) + 1 :]] = ("file", mode, hashlib.file_digest(file, "sha256").hexdigest())
    if have != want:
        raise Trouble(f"{place}: differs in {sorted(k for k in have.keys() | want.keys() if have.get(k) != want.get(k))}")


def check_current():
    """At any time: what the state calls current, and what it could go back to, is whole."""
    state = read_state()
    for which in "current", "proven", "previous":
        if which in state:
            check_tree(place_of(state[which]), state[which][1][:12])
    return int(state["current"][0])


def kept(state):
    """Places that retention keeps (state.h): all else is to go."""
    named = [place_of(state[which]) for which in ("current", "previous", "proven") if which in state]
    earlier = [place_of(r) for r in state["earlier"] if r != state["current"] and r[1] not in state["quarantined"]]
    return {os.path.basename(place) for place in named}, {os.path.basename(place) for place in earlier[:KEEP]}


def check_store(before=()):
    """At rest: all that is there is whole, nothing is that was to go, and of what was there BEFORE nothing that was to stay has."""
    always, besides = kept(read_state())
    there = set(os.listdir(PLACES))
    if there - always - besides:
        raise Trouble(f"still there: {sorted(there - always - besides)}")
    if missing := always - there | (besides & set(before)) - there:
        raise Trouble(f"not there: {sorted(missing)}")
    for name in there:
        check_tree(f"{PLACES}/{name}", name.rsplit("-", 1)[1])
    end = time.monotonic() + MOMENT
    while left := left_over():
        if time.monotonic() > end:
            raise Trouble(f"left over: {left}")
        time.sleep(0.05)


def left_over():
    left = os.listdir(f"{STORE}/incoming")
    for folder in "trust", "state", "outbox":
        left += [name for name in os.listdir(f"{STORE}/{folder}") if name.startswith(".") and name != ".spare"]
    return left


def units(bus):
    """{unit: its state} of all releases' services, and of the socket."""
    return bus.units("sealift-step.main@*.service", SOCKET)


def find_tasks(bus):
    """Units of probes and migrations, and files of any: those end by themselves, soon after they have been answered for."""
    files = [f"{folder}/{n}" for folder in FOLDERS for n in os.listdir(folder) if re.match(r"\.?sealift-step\.main-", n)]
    return [*bus.units("sealift-step.main-*@*.service"), *files]


def check_units(bus, version, patience=PATIENCE):
    """One unit runs, with its private listener, and of others there is nothing."""
    wait_for("an end of all tasks", lambda: not find_tasks(bus), patience)
    found = units(bus)
    if found.pop(SOCKET, "") != "active":
        raise Trouble(f"{SOCKET} is closed")
    if list(found.values()) != ["active"] or int(re.search(r"@([^-]*)-", *found)[1]) != version:
        raise Trouble(f"units: {found}")
    if os.path.exists(f"{STATE}/{BESIDE}"):
        os.unlink(f"{STATE}/{BESIDE}")
        raise Trouble("two releases had the state directory at once")
    (name,) = found
    listener = f"{LISTENER}.{name.split('-', 2)[2].removesuffix('.service')}.socket"
    if (listeners := bus.units(f"{LISTENER}.*.socket")) != {listener: "active"}:
        raise Trouble(f"listeners: {listeners}")
    for folder in FOLDERS:
        left = [n for n in os.listdir(folder) if n.lstrip(".").startswith(PREFIXES) and not n.startswith((name, listener))]
        if left:
            raise Trouble(f"left over in {folder}: {left}")
