# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent, and systemd, as seen on the system bus by libsystemd: no process for each question, and no poll of the agent's
that goes unseen."""
import ctypes
import time

AGENT, AGENT_PATH = "org.sealift.Agent1", "/org/sealift/Agent1"
SYSTEMD, SYSTEMD_PATH = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
SYSTEMD_MANAGER = "org.freedesktop.systemd1.Manager"
ANSWER_USEC = 600 * 1000000

SD = ctypes.CDLL("libsystemd.so.0")


class Error(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("message", ctypes.c_char_p), ("need_free", ctypes.c_int)]


HANDLER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class Gone(Exception):
    """Nobody has the name, or who had it died over the call."""


class Refused(Exception):
    """The agent's own words."""


def done(r, what):
    if r < 0:
        raise OSError(-r, what)
    return r


BASIC = {"s": ctypes.c_char_p, "b": ctypes.c_int, "u": ctypes.c_uint32, "t": ctypes.c_uint64}


def read(message, types):
    """Values of basic types, or of one struct of them; None at the end of an array."""
    values = [BASIC[t]() for t in types.strip("()")]
    if done(SD.sd_bus_message_read(message, types.encode(), *map(ctypes.byref, values)), types) == 0:
        return None
    return [v.value.decode() if isinstance(v, ctypes.c_char_p) else v.value for v in values]


def enter(message, kind, types):
    """Whether there was one more."""
    return done(SD.sd_bus_message_enter_container(message, ctypes.c_char(kind), types), types) > 0


def read_all(message, types):
    enter(message, b"a", types.encode())
    rows = list(iter(lambda: read(message, types), None))
    done(SD.sd_bus_message_exit_container(message), types)
    return rows


class Bus:
    def __init__(self):
        self.bus = ctypes.c_void_p()
        done(SD.sd_bus_open_system(ctypes.byref(self.bus)), "the system bus")
        done(SD.sd_bus_set_method_call_timeout(self.bus, ctypes.c_uint64(ANSWER_USEC)), "a timeout")
        # Kept, since they may be called as long as this is there.
        self.handlers = [HANDLER(self.on_owner), HANDLER(self.on_change), HANDLER(self.on_bundle)]
        self.events = []
        self.match(f"member='NameOwnerChanged',arg0='{AGENT}'", self.handlers[0])
        self.match(f"member='PropertiesChanged',path='{AGENT_PATH}',arg0='{AGENT}'", self.handlers[1])

        self.match(f"member='BundleChanged',path='{AGENT_PATH}'", self.handlers[2])

    def match(self, rule, handler):
        done(SD.sd_bus_add_match(self.bus, None, f"type='signal',{rule}".encode(), handler, None), rule)

    # ---- what the agent says of itself

    def on_owner(self, message, _userdata, _error):
        _, _, owner = read(ctypes.c_void_p(message), "sss")
        self.events.append(("up" if owner else "down", ""))
        return 0

    def on_change(self, message, _userdata, _error):
        message = ctypes.c_void_p(message)
        read(message, "s")
        enter(message, b"a", b"{sv}")
        while enter(message, b"e", b"sv"):
            (name,) = read(message, "s")
            if name == "LastResult":
                enter(message, b"v", b"s")
                self.events.append(("poll", read(message, "s")[0]))
                SD.sd_bus_message_exit_container(message)
            else:
                done(SD.sd_bus_message_skip(message, b"v"), name)
            SD.sd_bus_message_exit_container(message)
        return 0

    def on_bundle(self, message, _userdata, _error):
        self.events.append(("bundle", " ".join(read(ctypes.c_void_p(message), "ss"))))
        return 0

    def look(self):
        """What has happened since take(), in order: ("down", ""), ("up", ""), ("poll", how it ended), ("bundle", "NAME STATE")"""
        while done(SD.sd_bus_process(self.bus, None), "the bus") > 0:
            pass
        return self.events

    def take(self):
        events = self.look()
        self.events = []
        return events

    def wait_for(self, what, found, patience):
        """Until found(events) says something, which is returned."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            answer = found(self.look())
            if answer:
                return answer
            SD.sd_bus_wait(self.bus, ctypes.c_uint64(100000))
        raise TimeoutError(f"not within {patience} s: {what}; {self.events}")

    # ---- what they are asked

    def call(self, to, member, types="", *values):
        name, path, interface = (AGENT, AGENT_PATH, AGENT) if to == AGENT else (SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER)
        error, reply = Error(), ctypes.c_void_p()
        values = [v.encode() if isinstance(v, str) else ctypes.c_int(v) for v in values]
        r = SD.sd_bus_call_method(self.bus, name.encode(), path.encode(), interface.encode(), member.encode(), ctypes.byref(error),
                                  ctypes.byref(reply), types.encode(), *values)
        if r >= 0:
            return reply
        who, text = (error.name or b"").decode(), (error.message or b"").decode()
        SD.sd_bus_error_free(ctypes.byref(error))
        if who.startswith(AGENT):
            raise Refused(text)
        raise Gone(f"{member}: {who} {text}")

    def ask(self, member, types, values, answer):
        reply = self.call(AGENT, member, types, *values)
        try:
            return read(reply, answer)
        finally:
            SD.sd_bus_message_unref(reply)

    def check(self):
        """A poll: (whether all went well, how it ended)"""
        ok, result = self.ask("CheckNow", "", [], "bs")
        return bool(ok), result

    def order(self, verb, *values):
        return self.ask(verb, "s" * len(values), values, "s")[0]

    def collect(self):
        """Places of releases that were removed, and how many could not be."""
        reply = self.call(AGENT, "Collect", "b", 0)
        try:
            return [place for _, place, _ in read_all(reply, "(sst)")], read(reply, "u")[0]
        finally:
            SD.sd_bus_message_unref(reply)

    def units(self, *patterns):
        """{name: active state} of those that are loaded"""
        reply = self.call(SYSTEMD, "ListUnitsByPatterns", "asas", 0, len(patterns), *patterns)
        try:
            enter(reply, b"a", b"(ssssssouso)")
            rows = []
            while enter(reply, b"r", b"ssssssouso"):
                rows.append(read(reply, "ssssss"))
                done(SD.sd_bus_message_skip(reply, b"ouso"), "a unit")
                SD.sd_bus_message_exit_container(reply)
            return {row[0]: row[3] for row in rows}
        finally:
            SD.sd_bus_message_unref(reply)

    def kill(self, unit, signal):
        SD.sd_bus_message_unref(self.call(SYSTEMD, "KillUnit", "ssi", unit, "main", int(signal)))
