#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Updates a bundle again and again, and each time strikes one program at another call that touches the disk (strike.c);
then lets systemd start it again, and looks at everything that must hold (inside the test machine, as root).

  crashes.py begin                          the agent's bundle "step", release 1, installed and asked from here on
  crashes.py PROGRAM STORY [OPTION...]      PROGRAM: sealiftd, sealift-unitd. STORY: update (with the collection of what is
                                            on disk no more), rollback (a release that does not come up), repair (of one
                                            that is damaged on disk), gc (of one that nobody wants)

  --every K --first F   only each K-th call, from F on
  --fault NAME          the call fails with that errno, instead of a death; --lasting: so do all after it. EIO: also those that read,
                        EMFILE: those that open, instead of those that change
  --again N             struck again, N calls later, on the way back to work
  --count               nothing is struck: only says how many such calls there are from one update to rest

One line for each point where something did not hold, then how many points there were; status 1 when there was such a line.
"""
import argparse
import errno
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import strike  # noqa: E402

STORE = "/var/lib/sealift"
PLACES = f"{STORE}/releases/step"
BUCKET, KEYS, OUT, WORK = "/srv/bucket", "/srv/keys", "/srv/out", "/srv/step"
LOG = "/var/log/bucket/requests"
PORT = 8090
SOCKET = "sealift-step.main.socket"
DAMAGED, COPY = ("file", "empty", "more"), ".mend\\"  # what is damaged on purpose; where a repair has its copy (store/mend.c)
KINDS = {"EIO": strike.CHANGE | strike.READ, "EMFILE": strike.OPEN}  # of calls that fail so
PATIENCE = 100  # seconds for anything to come back; only ever waited for when it does not

SERVICE = """import os
import select
import signal
import socket

listener = socket.socket(fileno=3)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
    manager.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\\0", 1))
    manager.send(b"READY=1")
answer = open("/bundle/version", "rb").read()
while True:  # one who was heard is answered, also when we are told to go
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    select.select([listener], [], [])
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        connection, _ = listener.accept()
    except BlockingIOError:  # the other release has taken it
        continue
    connection.sendall(answer)
    connection.close()
"""
MANIFEST = """[Bundle]
Name=step
Version={version}
[Service main]
Type=notify
ExecStart={start}
TimeoutStartSec=20s
[Socket main]
ListenStream=127.0.0.1:8090
"""


class Trouble(Exception):
    pass


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, **options)


def wait_for(what, look):
    """What look() says once it says something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.01)
    raise Trouble(f"not within {PATIENCE} s: {what}")


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


def publish(version, good=True):
    """Signs release VERSION; returns its digest, the sum of its manifest."""
    start = "/usr/bin/python3 -I -S -B /bundle/service.py" if good else "/usr/bin/false"
    with open(f"{WORK}/step.manifest", "w", encoding="ascii") as file:
        file.write(MANIFEST.format(version=version, start=start))
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


def make_unwanted():
    """A whole release that is on disk, and that no state knows of; its place."""
    current = place_of(read_state()["current"])
    with open(f"{current}/manifest", "rb") as file:
        manifest = file.read() + b"# of nobody\n"
    place = f"{PLACES}/0-{hashlib.sha256(manifest).hexdigest()[:12]}"
    run("cp", "-a", current, place, check=True)
    with open(f"{place}/manifest", "wb") as file:
        file.write(manifest)
    return place


# ---- who asks the service, and the receiver of reports ------------------------------------------------------------------


class Asker(threading.Thread):
    """Asks all the time; keeps who answered, and each time that nobody did."""

    def __init__(self):
        super().__init__(daemon=True)
        self.answers, self.failures, self.over = set(), [], False

    def ask(self):
        try:
            with socket.create_connection(("127.0.0.1", PORT), 20) as connection:
                answer = b"".join(iter(lambda: connection.recv(100), b"")).decode().strip()
            if not answer:
                raise OSError("closed without an answer")
            self.answers.add(int(answer))
        except (OSError, ValueError) as e:
            self.failures.append(f"not answered: {e}")

    def run(self):
        while not self.over:
            self.ask()
            time.sleep(0.005)

    def take(self):
        answers, failures = self.answers, self.failures
        self.answers, self.failures = set(), []
        return answers, failures


class Reports:
    """What the bucket was told: each number once, or the same words again, and none left out."""

    def __init__(self):
        self.file = open(LOG, encoding="utf-8")
        self.bodies, self.last = {}, 0
        self.take()

    def take(self):
        for line in self.file:
            request = json.loads(line)
            if not request["path"].startswith("/reports/") or request["status"] >= 300:
                continue
            with open(request["body"], encoding="utf-8") as body:
                text = body.read()
            number = json.loads(text)["sequence"]
            if self.bodies.setdefault(number, text) != text:
                raise Trouble(f"report {number} says two things")
        numbers = sorted(n for n in self.bodies if n > self.last)
        if self.last and numbers != list(range(self.last + 1, self.last + 1 + len(numbers))):
            raise Trouble(f"after report {self.last} came {numbers}")
        new = [json.loads(self.bodies[n]) for n in numbers]
        if numbers:
            self.last = numbers[-1]
        return new


# ---- what must hold -----------------------------------------------------------------------------------------------------


def read_state():
    """{"current": (version, digest), ...}; whoever reads it while it is replaced sees the old one or the new one"""
    with open(f"{STORE}/state/step", encoding="ascii") as file:
        text = file.read()
    state = {key.lower(): tuple(value.split(" ", 1)) for key, value in re.findall(r"^(Current|Previous|Proven)=(.*)$", text, re.M)}
    if "current" not in state:
        raise Trouble("state/step says of no release that it is current")
    state["quarantined"] = re.findall(r"^\[Quarantined ([0-9a-f]{64})\]$", text, re.M)
    return state


def place_of(release):
    return f"{PLACES}/{release[0]}-{release[1][:12]}"


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


def check_store(unwanted):
    """At rest: all that is there is whole, and nothing is that was to go."""
    for name in os.listdir(PLACES):
        check_tree(f"{PLACES}/{name}", name.rsplit("-", 1)[1])
        if name == unwanted:
            raise Trouble(f"{name}: is still there")
    left = os.listdir(f"{STORE}/incoming")
    for folder in "trust", "state", "outbox":
        left += [name for name in os.listdir(f"{STORE}/{folder}") if name.startswith(".")]
    if left:
        raise Trouble(f"left over: {left}")


def units():
    """Versions of the units that run, and their names."""
    said = run("systemctl", "list-units", "--plain", "--no-legend", "--all", "sealift-step.main@*.service").stdout
    return [(int(re.search(r"@([^-]*)-", line)[1]), line.split()[0], line.split()[2]) for line in said.splitlines()]


def check_units(version):
    """One unit runs, and of others there is nothing."""
    found = units()
    if [(v, active) for v, _, active in found] != [(version, "active")]:
        raise Trouble(f"units: {found}")
    name = found[0][1]
    if run("systemctl", "is-active", SOCKET).stdout.strip() != "active":
        raise Trouble(f"{SOCKET} is closed")
    for folder in "/run/sealift/units", "/run/sealift/root", "/run/systemd/system":
        left = [n for n in os.listdir(folder) if n.lstrip(".").startswith("sealift-step.main@") and not n.startswith(name)]
        if left:
            raise Trouble(f"left over in {folder}: {left}")


def outbox_is_empty():
    return not any(name.endswith(".json") for name in os.listdir(f"{STORE}/outbox"))


# ---- one point ----------------------------------------------------------------------------------------------------------


class Series:
    def __init__(self, options):
        self.options = options
        self.strike = strike.Strike(options.program)
        self.others = [strike.Strike(p) for p in ("sealiftd", "sealift-unitd") if p != options.program]
        for s in [self.strike] + self.others:
            s.rest()
        self.asker, self.reports = Asker(), Reports()
        self.what, self.calls = "", 0
        self.version = int(read_state()["current"][0])
        self.published = max(self.version, max_published())
        self.kinds = KINDS.get(options.fault, strike.CHANGE)
        self.error = getattr(errno, options.fault) if options.fault else 0

    def check(self):
        """One poll, of an agent that may be on its way back: (whether all went well, what it said)."""

        def answered():
            said = run("sealift", "check", "--json").stdout
            return said.startswith("{") and json.loads(said)

        answer = wait_for("sealift check", answered)
        return answer["ok"], answer["result"]

    def struck(self):
        """Whether it was, by what; else, of how many calls none was the one meant."""
        count, struck, self.what = self.strike.look()
        if not struck:
            self.calls = count
        return struck

    def deliver(self):
        """Waits for it. What a fault kept here is tried again half a minute later, or by an agent that starts anew."""
        if self.error and not outbox_is_empty():
            run("systemctl", "restart", "sealiftd.service")
        wait_for("delivery of the reports", outbox_is_empty)

    def rest(self):
        """To the very end of it. What could not be removed is removed when the program starts the next time."""
        if self.error:
            run("systemctl", "restart", f"{self.options.program}.service")
        self.check()
        self.deliver()

    def settle(self, good, digest, previous):
        """Polls until one has gone as it must, which is the next one; returns how many it took."""
        want = self.published if good else previous
        for n in range(1, 4):
            fine, said = self.check()
            state = read_state()
            if int(state["current"][0]) == want and (good or digest in state["quarantined"]) and fine == good:
                self.deliver()
                return n
        raise Trouble(f"release {want} is not what it came to, but {state['current'][0]}: {said}")

    def is_repaired(self, want):
        try:
            check_current()
        except (Trouble, OSError):
            return False
        return self.inodes() == want or want is None

    def inodes(self):
        """Of all files of the current release, but for those that are damaged on purpose."""
        tree = f"{place_of(read_state()['current'])}/tree"
        return {
            name: os.lstat(f"{folder}/{name}").st_ino
            for folder, _, files in os.walk(tree)
            for name in files
            if name not in DAMAGED and not folder.endswith(COPY) and f"/{COPY}/" not in folder
        }

    def damage(self):
        tree = f"{place_of(read_state()['current'])}/tree"
        with open(f"{tree}/folder/inner/file", "r+", encoding="ascii") as file:
            file.write("y")
        os.unlink(f"{tree}/empty")
        with open(f"{tree}/folder/more", "w", encoding="ascii"):
            pass

    def repair_point(self, at):
        """Returns whether it was struck."""
        self.asker.take()
        good = None if self.options.fault == "EIO" else self.inodes()  # what cannot be read is replaced
        self.damage()
        self.strike.arm(at, self.kinds, self.options.again, self.error, self.options.lasting)
        run("sealift", "verify", "step")
        wait_for("a repair", lambda: self.is_repaired(good) or self.strike.look()[1] > 0)
        if self.strike.look()[1] == 0:
            self.check()  # to its very end
            wait_for("delivery of the reports", lambda: outbox_is_empty() or self.strike.look()[1] > 0)
        struck = self.struck()
        self.strike.rest()
        if struck:  # what it had found may be forgotten, and what it did not get to is found anew
            wait_for("an agent", lambda: run("sealift", "verify", "step").stdout.startswith(("Good", "sealift verify: step")))
            wait_for("a repair after a crash", lambda: self.is_repaired(good))
        self.rest()
        check_store("")
        check_units(self.version)
        self.asker.ask()
        answers, failures = self.asker.take()
        if failures or answers != {self.version}:
            raise Trouble(f"{failures} {answers}")
        self.reports.take()
        return struck

    def gc_point(self, at):
        """Returns whether it was struck."""
        self.asker.take()
        place = make_unwanted()
        self.strike.arm(at, self.kinds, self.options.again, self.error, self.options.lasting)
        said = run("sealift", "gc")
        struck = self.struck()
        self.strike.rest()
        if said.returncode == 0 and os.path.exists(place):
            raise Trouble(f"{place} is there, and nobody says so: {said.stdout}")
        if struck:
            wait_for("an agent that collects", lambda: run("sealift", "gc").returncode == 0)
        self.rest()
        check_store(os.path.basename(place))
        check_units(self.version)
        self.asker.ask()
        answers, failures = self.asker.take()
        if failures or answers != {self.version}:
            raise Trouble(f"{failures} {answers}")
        self.reports.take()
        return struck

    def point(self, at):
        """Returns whether it was struck."""
        if self.options.story == "repair":
            return self.repair_point(at)
        if self.options.story == "gc":
            return self.gc_point(at)
        o, good, previous = self.options, self.options.story == "update", self.version
        self.published += 1
        digest = publish(self.published, good)
        self.asker.take()
        self.strike.arm(at, self.kinds, o.again, self.error, o.lasting)
        run("sealift", "check")
        if self.strike.look()[1] == 0:
            wait_for("delivery of the reports", lambda: outbox_is_empty() or self.strike.look()[1] > 0)
        struck = self.struck()
        if not struck and not o.count:
            self.strike.rest()
        if struck:
            now = check_current()
            if now not in (previous, self.published):
                raise Trouble(f"release {now} is current")
            if o.fault:
                self.strike.rest()
        polls = self.settle(good, digest, previous)
        if polls > 2:
            raise Trouble(f"it took {polls} polls")
        self.version = self.published if good else previous
        if o.fault:
            self.rest()
        self.look(digest, previous)
        return struck

    def look(self, digest, previous):
        good = self.version == self.published
        check_store("" if good else f"{self.published}-{digest[:12]}")
        check_units(self.version)
        self.asker.ask()
        answers, failures = self.asker.take()
        if failures or not answers <= {previous, self.version}:
            raise Trouble(f"{failures} {answers}")
        new = self.reports.take()
        last = [b["version"] for b in new[-1]["bundles"] if b["name"] == "step"] if new else []
        if last != [str(self.version)]:
            raise Trouble(f"the last report says {last}")

    def count(self):
        self.asker.start()
        self.point(0)
        print(self.strike.look()[0])
        self.strike.rest()
        return 0

    def run(self):
        at, points, failed, started = self.options.first, 0, 0, time.monotonic()
        self.asker.start()
        while True:
            try:
                if not self.point(at):
                    break
            except (Trouble, OSError, ValueError) as e:
                failed += 1
                print(f"call {at}, {self.what}: {e!r}", flush=True)
                if failed > 5:
                    break
                if not self.mend():
                    break
            points += 1
            at += self.options.every
        self.asker.over = True
        self.strike.rest()
        took = time.monotonic() - started
        print(f"{points} points, {failed} failed, of {self.calls} calls, {took:.0f} s, {points / took:.1f} a second, {len(self.reports.bodies)} reports")
        return 1 if failed or points == 0 else 0

    def mend(self):
        """After a failure, from what there is now, so that the next point says something of its own; whether it could."""
        self.strike.rest()
        try:
            self.check()
            self.version = int(read_state()["current"][0])
        except (Trouble, OSError) as e:
            print(f"and stays so: {e!r}")
            return False
        self.asker.take()
        try:
            self.reports.take()
        except Trouble:
            self.reports.last = max(self.reports.bodies)
        return True


def max_published():
    try:
        with open(f"{WORK}/published", encoding="ascii") as file:
            return int(file.read())
    except FileNotFoundError:
        return 0


def begin():
    for program in "sealiftd", "sealift-unitd":
        strike.Strike(program).rest()
        os.makedirs(f"/run/systemd/system/{program}.service.d", exist_ok=True)
        with open(f"/run/systemd/system/{program}.service.d/strike.conf", "w", encoding="ascii") as file:
            file.write("[Service]\nEnvironment=LD_PRELOAD=/usr/lib/strike.so\nReadWritePaths=/run/strike\nRestartSec=0\n")
    run("systemctl", "daemon-reload", check=True)
    os.makedirs(WORK, exist_ok=True)
    publish(1)


def options_of(arguments):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("program", choices=["sealiftd", "sealift-unitd"])
    parser.add_argument("story", choices=["update", "rollback", "repair", "gc"])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--again", type=int, default=0)
    parser.add_argument("--fault")
    for flag in "--lasting", "--count":
        parser.add_argument(flag, action="store_true")
    return parser.parse_args(arguments)


def main():
    if sys.argv[1:] == ["begin"]:
        return begin()
    options = options_of(sys.argv[1:])
    series = Series(options)
    try:
        return series.count() if options.count else series.run()
    finally:
        with open(f"{WORK}/published", "w", encoding="ascii") as file:
            file.write(str(series.published))


if __name__ == "__main__":
    sys.exit(main())
