#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tells one story of a bundle again and again, and each time strikes one program at another call that touches the disk (strike.c);
then lets systemd start it again, and looks at everything that must hold (inside the test machine, as root).

  crashes.py begin                          the agent's bundle "step", release 1, installed and asked from here on
  crashes.py PROGRAM STORY [OPTION...]      PROGRAM: sealiftd, sealift-unitd. STORY, one of

    update     a release is installed, proven, and what retention then drops collected
    rollback   a release does not come up
    trial      a release comes up, fails in its soak window, and the bundle goes back by itself
    order      the operator's `sealift rollback`
    gc         the operator's `sealift gc`, with two releases to remove
    repair     of a release that is damaged on disk

  --how HOW             releases run beside the old one (running, the default), migrate while it is stopped, or cannot run beside it
                        (alone)
  --every K --first F   only each K-th call, from F on
  --fault NAME          the call fails with that errno, instead of a death; --lasting: so do all after it. EIO: also those that read,
                        EMFILE: those that open, instead of those that change
  --again N             struck again, N calls later, on the way back to work
  --count               nothing is struck: only says how many such calls there are from the quiet poll before the story to rest

One line for each point where something did not hold, then how many points there were; status 1 when there was such a line. After a
fault also one for each point that left something behind which the program removes when it starts the next time.
"""
import argparse
import errno
import hashlib
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import agentbus  # noqa: E402
import step  # noqa: E402
import strike  # noqa: E402
from step import Trouble, read_state, run, wait_for  # noqa: E402

DAMAGED, COPY = ("file", "empty", "more"), ".mend\\"  # what is damaged on purpose; where a repair has its copy (store/mend.c)
# Calls that a removal is made of: of a folder, and of a unit, whose drop-in says what else goes.
REMOVAL = ("unlinkat", "openat", "readdir", "fstat", "fstatat", "read")
UNHINDERED = 3  # seconds for a report, or the end of a task, where nothing hinders it
UP_TO_DATE = "up to date"
KINDS = {"EIO": strike.CHANGE | strike.READ, "EMFILE": strike.OPEN}  # of calls that fail so


def current():
    return int(read_state()["current"][0])


# ---- the stories --------------------------------------------------------------------------------------------------------


class Story:
    """What is struck, and what may and must be there afterwards. Where it is no poll, one follows, and may be struck, too."""

    poll = False
    whole = True  # what is current is as signed at any time

    def __init__(self, series):
        self.series, self.bus = series, series.bus
        self.old = self.version = series.version  # what is current at first, and at the end
        self.either = [self.old]  # what may be current when the program was struck

    def prepare(self):
        pass

    def act(self):
        raise NotImplementedError

    def is_done(self):
        """Where nothing was struck."""
        return True

    def is_fine(self, said):
        """The poll has ended as it must that comes next after a strike."""
        return said == UP_TO_DATE

    def finish(self):
        """What is left to do then for whoever acted."""

    def publish(self, **how):
        self.series.published += 1
        self.digest = step.publish(self.series.published, how=self.series.options.how, **how)
        return self.series.published

    def install(self, **how):
        """A release that is not struck; returns its version, and it is current."""
        version = self.publish(**how)
        done = self.bus.check()
        if done != (True, UP_TO_DATE) or current() != version:
            raise Trouble(f"release {version}: {done[1]}")
        self.series.reports.take()
        return version


class Update(Story):
    poll = True

    def prepare(self):
        self.version = self.publish()
        self.either.append(self.version)

    def act(self):
        self.series.poll()


class Rollback(Update):
    def prepare(self):
        self.publish(start=step.FALSE)

    def is_back(self):
        state = read_state()
        return int(state["current"][0]) == self.old and self.digest in state["quarantined"]

    def is_fine(self, said):
        return said != UP_TO_DATE and self.is_back()


class Trial(Rollback):
    """What fails is current, and proven never."""

    poll = False

    def prepare(self):
        bad = self.install(soak="1h", restart="no")
        self.either.append(bad)
        with open(step.BAD, "w", encoding="ascii") as file:
            file.write(f"{bad}\n")

    def act(self):
        (unit,) = [u for u, active in step.units(self.bus).items() if u != step.SOCKET and active == "active"]
        self.bus.kill(unit, signal.SIGUSR1)

    def is_done(self):
        told = self.series.reports.look()
        return bool(told) and told[-1]["bundles"][0]["version"] == str(self.old)

    def is_fine(self, said):
        """It may not have failed again yet."""
        return said == UP_TO_DATE or self.is_back()

    def finish(self):
        wait_for("the release that ran before", self.is_back)
        self.series.poll()


class Order(Story):
    def prepare(self):
        self.either.append(self.install())

    def act(self):
        self.bus.order("Rollback", "step", str(self.old))

    def is_fine(self, said):
        return said == UP_TO_DATE if current() != self.old else "set back by the operator" in said

    def finish(self):
        """Whoever got no answer asks again."""
        self.act()
        self.series.poll()


class Collection(Story):
    def prepare(self):
        self.garbage = {plant(f"0.{n}") for n in range(2)}

    def act(self):
        removed, left = self.bus.collect()
        if set(removed) != self.garbage or left > 0:
            raise agentbus.Refused(f"removed {removed}, left {left}")

    def finish(self):
        if self.bus.collect() != ([], 0):
            raise Trouble("the next poll has not collected all")


class Repair(Story):
    whole = False

    def prepare(self):
        self.inodes = None if self.series.options.fault == "EIO" else self.undamaged()  # what cannot be read is replaced
        tree = f"{step.place_of(read_state()['current'])}/tree"
        with open(f"{tree}/folder/inner/file", "r+", encoding="ascii") as file:
            file.write("y")
        os.unlink(f"{tree}/empty")
        with open(f"{tree}/folder/more", "w", encoding="ascii"):
            pass

    def undamaged(self):
        """Files of the current release, but for those that are damaged on purpose."""
        tree = f"{step.place_of(read_state()['current'])}/tree"
        return {
            name: os.lstat(f"{folder}/{name}").st_ino
            for folder, _, files in os.walk(tree)
            for name in files
            if name not in DAMAGED and not folder.endswith(COPY) and f"/{COPY}/" not in folder
        }

    def act(self):
        run("sealift", "verify", "step")

    def is_done(self):
        try:
            step.check_current()
        except (Trouble, OSError):
            return False
        return self.inodes in (None, self.undamaged())

    def finish(self):
        """What it had found may be forgotten, and what it did not get to is found anew."""
        said = run("sealift", "verify", "step").stdout
        if not said.startswith(("Good", "sealift verify: step")):
            raise Trouble(said)
        wait_for("a repair after a crash", self.is_done)
        self.series.poll()


STORIES = {"update": Update, "rollback": Rollback, "trial": Trial, "order": Order, "gc": Collection, "repair": Repair}


def plant(version):
    """On disk, whole, and nobody's: the current release under another version. Returns its place's name."""
    place = step.place_of(read_state()["current"])
    with open(f"{place}/manifest", encoding="utf-8") as file:
        manifest = re.sub(r"^Version=.*$", f"Version={version}", file.read(), count=1, flags=re.M)
    name = f"{version}-{hashlib.sha256(manifest.encode()).hexdigest()[:12]}"
    run("cp", "-a", place, f"{step.PLACES}/{name}", check=True)
    with open(f"{step.PLACES}/{name}/manifest", "w", encoding="utf-8") as file:
        file.write(manifest)
    return name


# ---- one point ----------------------------------------------------------------------------------------------------------


class Series:
    def __init__(self, options):
        self.options = options
        self.strike = strike.Strike(options.program)
        self.others = [strike.Strike(p) for p in ("sealiftd", "sealift-unitd") if p != options.program]
        for s in [self.strike] + self.others:
            s.rest()
        self.bus = agentbus.Bus()
        self.asker, self.reports, self.told, self.healed = step.Asker(), step.Reports(), 0, 0
        self.version = current()
        self.published = max(self.version, step.max_published())
        self.kinds = KINDS.get(options.fault, strike.CHANGE)
        self.error = getattr(errno, options.fault) if options.fault else 0
        self.kills_agent = options.program == "sealiftd" and not self.error
        self.what, self.calls = "", 0
        if options.count:
            self.strike.arm(0, self.kinds)
        # What the channel has was set back in the series before; or the first point would find an old release of another shape.
        if self.bus.check()[1] != UP_TO_DATE or step.how_of(read_state()["current"]) != options.how:
            self.version = Story(self).install()

    def struck(self):
        return self.strike.look()[1]

    def poll(self):
        """One, of an agent that may be on its way back. What becomes of it says nothing where something is struck meanwhile."""
        before = self.struck()
        try:
            _, said = self.bus.check()
        except agentbus.Gone:
            return
        if self.settling and before == self.struck():
            self.polls.append(said)

    def settle(self):
        """The first poll after the strike ends as it must, whoever began it."""
        self.settling = True
        if self.kills_agent:  # which has no reason to wait with its own first one, but for an earlier one's failures
            self.bus.wait_for("an agent", lambda events: ("up", "") in events, step.PATIENCE)
            if not os.path.exists(f"{step.STORE}/trust/polls"):
                wait_for("a poll of its own", self.own_polls)
        wait_for("a poll", lambda: self.own_polls() or self.poll() or self.polls)
        said = (self.own_polls() or self.polls)[0]
        if not self.story.is_fine(said):
            raise Trouble(f"the next poll: {said}; release {current()} is current")
        self.story.finish()

    def own_polls(self):
        """How those ended that the last agent has made since it was started; of one that was not killed, none."""
        events = self.bus.look()
        ups = [i for i, (what, _) in enumerate(events) if what == "up"]
        return [said for what, said in events[ups[-1] :] if what == "poll"] if self.kills_agent and ups else []

    def point(self, at):
        """Returns whether it was struck."""
        o, self.story = self.options, STORIES[self.options.story](self)
        self.story.prepare()
        before = os.listdir(step.PLACES)
        self.asker.take()
        self.bus.take()
        self.polls, self.settling = [], False
        if not o.count:
            self.strike.arm(at, self.kinds, o.again, self.error, o.lasting)
        self.strike_story()
        self.calls, struck, self.what = self.strike.look()
        if struck:
            if o.fault:
                self.strike.rest()
            now = step.check_current() if self.story.whole else current()
            if now not in self.story.either:
                raise Trouble(f"release {now} is current")
            self.settle()
        elif not o.count:
            self.strike.rest()
        self.version = self.story.version
        if struck and o.fault:
            self.heal(at, before)
        self.look(before)
        return bool(struck)

    def heal(self, at, before):
        """What could not be removed is removed when the program starts the next time, what could not be delivered is tried again
        half a minute later, or by an agent that starts anew. All else has to be well without; so only that is started which could not
        remove something, and each such point is told."""
        delivered = self.is_delivered()
        may_be_left = self.options.lasting or self.what.split(" ")[0] in REMOVAL
        try:
            step.check_store(before)
            step.check_units(self.bus, self.version, UNHINDERED if may_be_left else step.PATIENCE)
        except Trouble as e:
            if not may_be_left:
                raise
            self.healed += 1
            print(f"call {at}, {self.what}: until it is started anew: {e}", flush=True)
            self.restart(self.options.program)
        if not (delivered or step.outbox_is_empty()):
            self.restart("sealiftd")

    def is_delivered(self):
        """Whether without a start: who takes long gets one too many, no more."""
        end = time.monotonic() + UNHINDERED
        while not step.outbox_is_empty() and time.monotonic() < end:
            time.sleep(0.01)
        return step.outbox_is_empty()

    def restart(self, program):
        run("systemctl", "restart", f"{program}.service")
        wait_for("the agent", self.is_up)

    def strike_story(self):
        try:
            self.story.act()
        except (agentbus.Gone, agentbus.Refused) as e:
            if not self.struck():
                raise Trouble(repr(e)) from e
        wait_for("its end", lambda: self.struck() or self.story.is_done())
        if not self.story.poll and not self.struck():
            self.poll()
        wait_for("its reports", lambda: self.struck() or step.outbox_is_empty())

    def look(self, before):
        new = self.reports.take()
        if current() != self.version:
            raise Trouble(f"release {current()} is current")
        step.check_store(before)
        step.check_units(self.bus, self.version)
        self.asker.ask()
        answers, failures = self.asker.take()
        if failures or not answers <= {self.version, *self.story.either}:
            raise Trouble(f"{failures} {answers}")
        ups = self.bus.take().count(("up", ""))
        step.check_events(new, range(min(ups, 1), ups + 1) if self.options.again else [ups], again=bool(self.error))
        last = [b["version"] for b in new[-1]["bundles"] if b["name"] == "step"] if new else [str(self.version)]
        if last != [str(self.version)]:
            raise Trouble(f"the last report says {last}")
        self.told += len(new)

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
            except (Trouble, OSError, ValueError, agentbus.Gone, agentbus.Refused) as e:
                failed += 1
                print(f"call {at}, {self.what}: {e!r} {getattr(e, 'filename', None) or ''}", flush=True)
                if failed > 5 or not self.mend():
                    break
            points += 1
            at += self.options.every
        self.asker.over = True
        self.strike.rest()
        took = time.monotonic() - started
        print(f"{points} points, {failed} failed, of {self.calls} calls, {took:.0f} s, {points / took:.1f} a second, {self.told} reports"
              + (f", {self.healed} well only after a start" if self.options.fault else ""))
        return 1 if failed or points == 0 else 0

    def is_up(self):
        try:
            return bool(self.bus.check())
        except agentbus.Gone:
            return False

    def mend(self):
        """After a failure, from what there is now, so that the next point says something of its own; whether it could."""
        self.strike.rest()
        try:
            self.restart(self.options.program)
            self.version = current()
            self.reports.settle()
        except (Trouble, OSError) as e:
            print(f"and stays so: {e!r}")
            return False
        self.asker.take()
        self.bus.take()
        self.reports.skip(self.reports.bodies)
        return True


def begin():
    for program in "sealiftd", "sealift-unitd":
        strike.Strike(program).rest()
        os.makedirs(f"/run/systemd/system/{program}.service.d", exist_ok=True)
        with open(f"/run/systemd/system/{program}.service.d/strike.conf", "w", encoding="ascii") as file:
            file.write("[Service]\nEnvironment=LD_PRELOAD=/usr/lib/strike.so\nReadWritePaths=/run/strike\nRestartSec=0\n")
    run("systemctl", "daemon-reload", check=True)
    os.makedirs(step.WORK, exist_ok=True)
    os.makedirs(os.path.dirname(step.BAD), exist_ok=True)
    step.publish(1)


def options_of(arguments):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("program", choices=["sealiftd", "sealift-unitd"])
    parser.add_argument("story", choices=list(STORIES))
    parser.add_argument("--how", choices=list(step.HOW), default="running")
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
        with open(f"{step.WORK}/published", "w", encoding="ascii") as file:
            file.write(str(series.published))


if __name__ == "__main__":
    sys.exit(main())
