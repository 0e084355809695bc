#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Speaks to sealift-unitd as sealiftd does, for scenarios (inside the test machine, as root).

  unitd.py prepare MANIFEST TREE   a place in the store, filled with a copy of TREE
  unitd.py swap MANIFEST OTHER     asks for a place for MANIFEST, and hands in OTHER
  unitd.py start|stop|replace|remove MANIFEST
  unitd.py probe MANIFEST NAME     asks after its health as [Health NAME] says: "good", or why not
  unitd.py migrate MANIFEST running|stopped
  unitd.py list                    one line a unit: STATE BUNDLE VERSION SERVICE PID UNIT
  unitd.py jobs                    one line a timer: NAME BUNDLE VERSION RESULT CODE STATUS NEXT RESTING
  unitd.py event [SECONDS [STATE]] waits for one event, other than a restart, or of this state: STATE BUNDLE VERSION SERVICE UNIT TEXT
                                   and whether it was its own doing, and Restart= would have it run again
  unitd.py raw HEX                 sends these bytes; "closed" when that ends the conversation

Prints unitd's text and exits with status 1 on an error it answered; the error's name comes first.
"""
import array
import errno
import fcntl
import hashlib
import os
import socket
import struct
import subprocess
import sys

PREPARE, START, STOP, REMOVE, LIST, TREE, RESULT, UNIT, EVENT, JOB, PROBE, MIGRATE, PROBED, CLOSE, REPLACE = range(1, 16)
STATES = {1: "starting", 2: "running", 3: "stopping", 4: "stopped", 5: "failed"}
HEADER = struct.Struct("=IHHII")
REQUEST = struct.Struct("=QQ49s65s65s49s4x")
RESULT_BODY = struct.Struct("=Qi512s4x")
UNIT_BODY = struct.Struct("=QQIiI49s65s13s49s256s512s33sBBB")
PROBED_BODY = struct.Struct("=Qi49s13s49s512s5x")
JOB_BODY = struct.Struct("=QQQQiiII49s33s13s49s49s65s24s6x")


def text(field):
    return field.split(b"\0", 1)[0].decode()


def job(body):
    """TIMER BUNDLE VERSION RESULT CODE STATUS NEXT RESTING; "-" for what is empty, NEXT in seconds"""
    _, next_time, _, _, code, status, resting, _, bundle, _, _, timer, _, version, result = JOB_BODY.unpack(body)
    return text(timer), text(bundle), text(version) or "-", text(result) or "-", code, status, next_time // 1000000, resting


class Unitd:
    def __init__(self, jobs=False):
        self.jobs = jobs
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.connect("/run/sealift/unitd.sock")

    def send(self, kind, body, fd=None):
        packet = HEADER.pack(0x5EA11F70, kind, 0 if fd is None else 1, len(body), 0) + body
        control = [] if fd is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        self.sock.sendmsg([packet], control)

    def receive(self):
        packet, control, _, _ = self.sock.recvmsg(65536, 64)
        if not packet:
            sys.exit("closed")
        fd = struct.unpack("i", control[0][2])[0] if control else None
        return HEADER.unpack(packet[:16])[1], packet[16:], fd

    def ask(self, kind, manifest=None, fd=None, attempt=7, task=""):
        bundle = version = digest = ""
        if manifest:
            data = open(manifest, "rb").read()
            digest = hashlib.sha256(data).hexdigest()
            values = dict(line.split("=", 1) for line in data.decode().split("\n")[:10] if "=" in line)
            bundle, version = values["Name"], values["Version"]
        self.send(kind, REQUEST.pack(1, attempt, bundle.encode(), version.encode(), digest.encode(), task.encode()), fd)
        while True:
            kind, body, fd = self.receive()
            if kind == TREE:
                return fd
            if kind == UNIT and not self.jobs:
                _, _, state, pid, _, bundle, version, _, service, unit, *_ = UNIT_BODY.unpack(body)
                print(STATES[state], text(bundle), text(version), text(service), pid, text(unit))
            if kind == JOB and self.jobs:
                print(*job(body))
            if kind == PROBED:
                _, error, _, _, _, why = PROBED_BODY.unpack(body)
                if not error:
                    print("good")
                    return None
                print(errno.errorcode.get(-error, error), text(why))
                sys.exit(1)
            if kind == RESULT:
                _, error, why = RESULT_BODY.unpack(body)
                if error:
                    print(errno.errorcode.get(-error, error), text(why))
                    sys.exit(1)
                return None


def memfd(path):
    fd = os.memfd_create("manifest", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    os.write(fd, open(path, "rb").read())
    fcntl.fcntl(fd, 1033, 0xF)  # F_ADD_SEALS: all
    return fd


def prepare(manifest, tree):
    fd = Unitd().ask(PREPARE, manifest, memfd(manifest))
    subprocess.run(["cp", "-rP", tree + "/.", "/proc/self/fd/%d/" % fd], pass_fds=[fd], check=True)


def swap(manifest, other):
    Unitd().ask(PREPARE, manifest, memfd(other))


def event(seconds="30", wanted=""):
    unitd = Unitd()
    unitd.sock.settimeout(float(seconds))
    unitd.send(LIST, REQUEST.pack(1, 7, b"", b"", b"", b""))  # whoever is answered is told of all that comes
    told = []
    while (packet := unitd.receive())[0] != RESULT:
        told += [packet] if packet[0] in (EVENT, JOB) else []
    open("/srv/listens", "w", encoding="ascii").close()
    kind, state, restarts = JOB, 0, 0
    while kind == JOB or restarts > 0 or (wanted and STATES[state] != wanted):
        kind, body, _ = told.pop(0) if told else unitd.receive()
        state, restarts = (UNIT_BODY.unpack(body)[i] if kind == EVENT else 0 for i in (2, 4))
    _, _, state, _, _, bundle, version, _, service, unit, why, _, own, _, again = UNIT_BODY.unpack(body)
    words = [STATES[state], text(bundle), text(version), text(service), text(unit), text(why)]
    print(*words, *(["(own)"] if own else []), *(["(again)"] if again else []), flush=True)


def raw(data):
    unitd = Unitd()
    unitd.sock.send(bytes.fromhex(data))
    unitd.receive()


VERBS = {
    "prepare": prepare,
    "swap": swap,
    "start": lambda manifest: Unitd().ask(START, manifest),
    "stop": lambda manifest: Unitd().ask(STOP, manifest),
    "replace": lambda manifest: Unitd().ask(REPLACE, manifest),
    "remove": lambda manifest: Unitd().ask(REMOVE, manifest),
    "probe": lambda manifest, name: Unitd().ask(PROBE, manifest, task=name),
    "migrate": lambda manifest, when: Unitd().ask(MIGRATE, manifest, task=when),
    "list": lambda: Unitd().ask(LIST),
    "jobs": lambda: Unitd(True).ask(LIST),
    "event": event,
    "raw": raw,
}

if __name__ == "__main__":
    VERBS[sys.argv[1]](*sys.argv[2:])
