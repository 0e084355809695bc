#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each profile of apparmor/sealift lets root do, where nothing else stands in the way (scenarios/apparmor.t).

  confined.py      one line an attempt: NAME <tab> the profiles that let it, "unconfined" first <tab> those that should

A process for each profile puts itself under it and makes every attempt: root with all capabilities, in a namespace of mounts of
its own and otherwise in the host. So AppArmor is the only wall, and "unconfined" shows that the attempt is a good one.
"""
import ctypes
import fcntl
import os
import re
import signal
import socket
import struct

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
FAMILY = [f"sealift-{root}{more}" for root in ("usr", "bundle")
          for more in ("", "-capabilities", "-namespaces", "-network", "-network-capabilities", "-network-namespaces")]
OWN = "/var/lib/sealift-x"
RUNNER = os.getpid()
CLONE_NEWNS, MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE = 0x20000, 32, 4096, 8192, 16384, 1 << 18
PTRACE_TRACEME, PTRACE_SEIZE, SYS_PIVOT_ROOT, SYS_SETDOMAINNAME = 0, 0x4206, 155, 171


def must(value):
    if value in (-1, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return value


def text(s):
    return ctypes.c_char_p(s.encode())


def verdict(attempt):
    try:
        attempt()
    except PermissionError:
        return "no"
    except Exception as e:  # pylint: disable=broad-except # a defect of the attempt's
        return f"{type(e).__name__}: {e}"
    return "yes"


def apart(attempt):
    """For what a process cannot take back: in a child, which is what costs time."""
    def there():
        pid = os.fork()
        if pid == 0:
            os._exit(("yes", "no").index(v) if (v := verdict(attempt)) in ("yes", "no") else 2)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status:
            raise PermissionError() if status == 1 else ValueError(status)
    return there


# ---- files
def write(path, data="0\n"):
    with open(path, "w", encoding="ascii") as f:
        f.write(data)


def make(path):
    write(path)
    os.unlink(path)


def lock(path):
    with open(path, "rb") as f:
        fcntl.flock(f, fcntl.LOCK_SH)


def link(old, new):
    os.link(old, new)
    os.unlink(new)


def execute(program):
    """A path, or a descriptor; a library that could not be mapped is a program that could not be executed."""
    pid = os.fork()
    if pid == 0:
        try:
            os.execve(program, ["true"], {})
        except OSError:
            os._exit(99)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
        raise PermissionError(program)


def execute_memory():
    fd = os.memfd_create("program", 0)
    with open("/bundle/true", "rb") as f:
        os.write(fd, f.read())
    execute(fd)


def map_program(path):
    with open(path, "rb") as f:
        must(libc.mmap(None, ctypes.c_size_t(4096), 5, 2, f.fileno(), ctypes.c_long(0)))


# ---- processes
def trace_child():
    pid = os.fork()
    if pid == 0:
        os._exit(libc.ptrace(PTRACE_TRACEME, 0, 0, 0) & 1)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
        raise PermissionError("ptrace")


def look_at_child():
    pid = os.fork()
    if pid == 0:
        signal.pause()
    try:
        os.listdir(f"/proc/{pid}/fd")
        read_bytes(f"/proc/{pid}/environ")
    finally:
        HELPER.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def read_memory():
    with open(f"/proc/{RUNNER}/mem", "rb", buffering=0) as f:
        f.read(0)


def read_bytes(path):
    with open(path, "rb") as f:
        f.read(1)


def signal_child():
    pid = os.fork()
    if pid == 0:
        signal.pause()
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        HELPER.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.waitpid(pid, 0)


def be_signalled():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    if HELPER.kill(os.getpid(), signal.SIGUSR1) != "done" or not signal.sigtimedwait([signal.SIGUSR1], 10):
        raise PermissionError("no signal came")


def confine(profile):
    """What aa_change_profile(3) does. A file of the process's own task, so Python's one thread must be the first."""
    write("/proc/self/attr/apparmor/current", f"changeprofile {profile}")


# ---- mounts: in a namespace of the attempt's own, since they change what later ones see
def mount(source, target, kind, flags=0):
    must(libc.mount(text(source), text(target), text(kind), ctypes.c_ulong(flags), None))


def alone(attempt):
    return apart(lambda: (must(libc.unshare(CLONE_NEWNS)), attempt()))


def pivot():
    os.chdir("/srv/mounted")
    must(libc.syscall(SYS_PIVOT_ROOT, text("."), text("old")))


# ---- networks
def packet(family, kind=socket.SOCK_DGRAM, protocol=0):
    socket.socket(family, kind, protocol).close()


def accept_handed_in():
    LISTENER.accept()[0].close()


def write_handed_in():
    CONNECTED.send(b"x")


def pair():
    ours, theirs = socket.socketpair()
    ours.send(b"x")
    theirs.recv(1)


def chown():
    write("/tmp/owned")
    try:
        os.chown("/tmp/owned", 1, 1)
    finally:
        os.unlink("/tmp/owned")


def device_node():
    os.mknod("/tmp/node", 0o020600, os.makedev(1, 3))
    os.unlink("/tmp/node")


# Who may: profiles whose names have such an end or part, beside nobody at all.
ALL, NOBODY, USR, NETWORK, POWERS, NAMESPACES = ".*", "-", "-usr|-namespaces", "-network", "-(capabilities|namespaces)", "-namespaces"
ANY_NETWORK = "-network-(capabilities|namespaces)"

ATTEMPTS = {
    "read a file": (ALL, lambda: read_bytes("/etc/passwd")),
    "write to its state": (ALL, lambda: make(OWN + "/y")),
    "write to its state, of a dynamic user": (ALL, lambda: make("/var/lib/private/sealift-x/y")),
    "write to its cache": (ALL, lambda: make("/var/cache/sealift-x/y")),
    "write to its logs": (ALL, lambda: make("/var/log/sealift-x/y")),
    "write to its directory below /run": (ALL, lambda: make("/run/sealift-x/y")),
    "write to /tmp": (ALL, lambda: make("/tmp/y")),
    "write to /var/tmp": (ALL, lambda: make("/var/tmp/y")),
    "write to /dev/shm": (ALL, lambda: make("/dev/shm/y")),
    "write to a device": (ALL, lambda: write("/dev/null")),
    "write where systemd listens": (ALL, lambda: write("/run/systemd/userdb/y")),
    "set its name": (ALL, lambda: write("/proc/self/comm", "y")),
    "say when to be killed": (ALL, lambda: write("/proc/self/oom_score_adj", "1")),
    "lock a file of its own": (ALL, lambda: lock(OWN + "/file")),
    "link a file of its own": (ALL, lambda: link(OWN + "/file", OWN + "/linked")),
    "write to /": (NAMESPACES, lambda: make("/y")),
    "write to /etc": (NAMESPACES, lambda: make("/etc/y")),
    "write to /usr": (NAMESPACES, lambda: make("/usr/lib/y")),
    "write to the bundle": (NAMESPACES, lambda: make("/bundle/y")),
    "write to /srv": (NAMESPACES, lambda: make("/srv/y")),
    "write to what is not its state": (NAMESPACES, lambda: make("/var/lib/y")),
    "write to /var/log": (NAMESPACES, lambda: make("/var/log/y")),
    "write to /root": (NAMESPACES, lambda: make("/root/y")),
    "write a unit": (NAMESPACES, lambda: make("/run/systemd/system/y.conf")),
    "make a directory": (NAMESPACES, lambda: (os.mkdir("/etc/y"), os.rmdir("/etc/y"))),
    "rename a file": (NAMESPACES, lambda: (os.rename("/srv/file", "/srv/named"), os.rename("/srv/named", "/srv/file"))),
    "set a file's mode": (NAMESPACES, lambda: os.chmod("/srv/file", 0o644)),
    "set the kernel's parameters": (NAMESPACES, lambda: write("/proc/sys/vm/swappiness", "60")),
    "set what sysfs has": (NAMESPACES, lambda: write("/sys/kernel/mm/ksm/run")),
    "lock a file of the host's": (NAMESPACES, lambda: lock("/etc/passwd")),
    "link a file of the host's": (NAMESPACES, lambda: link("/srv/file", OWN + "/linked")),
    "execute a program of the bundle": (ALL, lambda: execute("/bundle/true")),
    "execute a program of /usr": (USR, lambda: execute("/usr/bin/true")),
    "execute a program of its state": (NAMESPACES, lambda: execute(OWN + "/true")),
    "execute a program of /tmp": (NAMESPACES, lambda: execute("/tmp/true")),
    "execute a program of /dev/shm": (NAMESPACES, lambda: execute("/dev/shm/true")),
    "execute a program of the host's": (NAMESPACES, lambda: execute("/srv/true")),
    "execute memory": (NAMESPACES, execute_memory),
    "map a program of the bundle": (ALL, lambda: map_program("/bundle/true")),
    "map a program of /usr": (USR, lambda: map_program("/usr/bin/busybox")),
    "map a program of /tmp": (NAMESPACES, lambda: map_program("/tmp/true")),
    "trace a child": (NOBODY, trace_child),
    "look at a child": (ALL, look_at_child),
    "look at one under another profile": (NOBODY, lambda: read_bytes(f"/proc/{OTHER}/environ")),
    "trace one that is not confined": (NOBODY, apart(lambda: must(libc.ptrace(PTRACE_SEIZE, RUNNER, 0, 0)))),
    "read the memory of one that is not confined": (NOBODY, read_memory),
    "read the environment of one that is not confined": (NOBODY, lambda: read_bytes(f"/proc/{RUNNER}/environ")),
    "signal a child": (ALL, signal_child),
    "be signalled": (ALL, be_signalled),
    "signal one that is not confined": (NOBODY, lambda: os.kill(RUNNER, signal.SIGCONT)),
    "signal one under another profile": (NOBODY, lambda: os.kill(OTHER, signal.SIGCONT)),
    "shed its profile": (NOBODY, apart(lambda: confine("unconfined"))),
    "take another profile": (NOBODY, apart(lambda: confine("sealift-other"))),
    "mount a tmpfs": (NAMESPACES, alone(lambda: mount("y", "/mnt", "tmpfs"))),
    "mount a directory elsewhere": (NAMESPACES, alone(lambda: mount("/etc", "/mnt", "", MS_BIND))),
    "mount otherwise": (NAMESPACES, alone(lambda: mount("", "/srv/mounted", "", MS_REMOUNT | MS_BIND | 1))),
    "move a mount": (NAMESPACES, alone(lambda: mount("/srv/mounted", "/mnt", "", MS_MOVE))),
    "change how mounts spread": (NAMESPACES, alone(lambda: mount("", "/srv/mounted", "", MS_PRIVATE))),
    "unmount": (NAMESPACES, alone(lambda: must(libc.umount2(text("/srv/mounted"), 2)))),
    "pivot_root": (NAMESPACES, alone(pivot)),
    "give a file away": (POWERS, chown),
    "make a device node": (POWERS, device_node),
    "become another user": (POWERS, apart(lambda: os.setuid(1))),
    "chroot": (POWERS, apart(lambda: os.chroot("/srv"))),
    "set the domain's name": (POWERS, lambda: must(libc.syscall(SYS_SETDOMAINNAME, text("(none)"), 6))),
    "read what its user may not": (POWERS, lambda: read_bytes("/srv/nobodys/file")),
    "make a namespace of mounts": (POWERS, alone(lambda: None)),
    "listen on a port below 1024": (ANY_NETWORK, lambda: socket.create_server(("127.0.0.1", 81)).close()),
    "make a UNIX socket": (ALL, pair),
    "make a socket of IPv4": (NETWORK, lambda: packet(socket.AF_INET)),
    "make a socket of IPv6": (NETWORK, lambda: packet(socket.AF_INET6)),
    "accept from a socket that was handed in": (NETWORK, accept_handed_in),
    "write to a connection that was handed in": (NETWORK, write_handed_in),
    "make a raw socket": (ANY_NETWORK, lambda: packet(socket.AF_INET, socket.SOCK_RAW, 1)),
    "make a netlink socket": (POWERS, lambda: packet(socket.AF_NETLINK)),
    "make a packet socket": (ANY_NETWORK, lambda: packet(socket.AF_PACKET)),
    "make a socket of the kernel's ciphers": (ANY_NETWORK, lambda: packet(socket.AF_ALG, socket.SOCK_SEQPACKET)),
    "make a socket to the hypervisor": (ANY_NETWORK, lambda: packet(socket.AF_VSOCK, socket.SOCK_STREAM)),
}


class Helper:
    """Who sends signals, unconfined, for those who ask: a process of its own behind two pipes."""

    def __init__(self):
        self.ask, self.answer = os.pipe(), os.pipe()
        if os.fork() == 0:
            while request := os.read(self.ask[0], 8):
                if request == b"\0" * 8:
                    os._exit(0)
                try:
                    os.kill(*struct.unpack("ii", request))
                    os.write(self.answer[1], b"done")
                except OSError:
                    os.write(self.answer[1], b"held")

    def kill(self, pid, number):
        os.write(self.ask[1], struct.pack("ii", pid, number))
        return os.read(self.answer[0], 4).decode()


def under_another():
    """A process that is under a profile of the family's which nobody else here is under while it lives."""
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        confine("sealift-other")
        os.write(told, b"x")
        signal.pause()
    os.read(ready, 1)
    return pid


def try_all(profile, out):
    must(libc.unshare(CLONE_NEWNS))
    mount("", "/", "", MS_REC | MS_PRIVATE)
    mount("y", "/srv/mounted", "tmpfs")
    os.mkdir("/srv/mounted/old")
    if profile != "unconfined":
        confine(profile)
    for name, (_, attempt) in ATTEMPTS.items():
        os.write(out, f"{name}\t{verdict(attempt)}\n".encode())


def verdicts(profile):
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            try_all(profile, theirs)
        except OSError as e:
            print(f"# {profile}: {e}", flush=True)
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as f:
        said = dict(line.rstrip("\n").split("\t") for line in f)
    os.waitpid(pid, 0)
    return said


def furnish():
    for path in (OWN, "/var/lib/private/sealift-x", "/var/cache/sealift-x", "/var/log/sealift-x", "/run/sealift-x", "/bundle",
                 "/srv/mounted", "/srv/nobodys", "/run/systemd/userdb"):
        os.makedirs(path, exist_ok=True)
    with open("/usr/bin/busybox", "rb") as f:
        program = f.read()
    for path in ("/bundle", OWN, "/tmp", "/dev/shm", "/srv"):
        with open(path + "/true", "wb") as f:
            f.write(program)
        os.chmod(path + "/true", 0o755)
    for path in (OWN + "/file", "/srv/file", "/srv/nobodys/file", "/run/systemd/userdb/y"):
        write(path)
    os.chmod("/srv/nobodys/file", 0)


def connect():
    global LISTENER, CONNECTED  # pylint: disable=global-statement
    LISTENER = socket.create_server(("127.0.0.1", 0), backlog=64)
    LISTENER.settimeout(10)
    CONNECTED = socket.create_connection(LISTENER.getsockname())
    return LISTENER.accept(), [socket.create_connection(LISTENER.getsockname()) for _ in range(1 + len(FAMILY))]


def main():
    global HELPER, OTHER  # pylint: disable=global-statement
    furnish()
    HELPER, OTHER, kept = Helper(), under_another(), connect()
    said = {profile: verdicts(profile) for profile in ["unconfined"] + FAMILY}
    for name, (who, _) in ATTEMPTS.items():
        got = [profile + f" ({v})" * (v != "yes") for profile in said if (v := said[profile].get(name, "not tried")) != "no"]
        want = ["unconfined"] + [profile for profile in FAMILY if re.search(who, profile)] * (who != NOBODY)
        print(name, " ".join(got), " ".join(want), sep="\t", flush=True)
    os.kill(OTHER, signal.SIGKILL)
    os.write(HELPER.ask[1], b"\0" * 8)
    del kept


main()
