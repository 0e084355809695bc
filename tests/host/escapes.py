#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tries to get out of a sandbox (scenarios/escapes.t runs it inside of some, and outside as root).

  escapes.py [--serve] [--nested]      one line an attempt: NAME <tab> out|held <tab> what it got, or what stopped it

Each attempt is a process of its own. It is "out" only when it got hold of what is not its own, so that the same run outside of
every sandbox shows whether the attempt is a good one. What it is about is in the environment: VICTIM, the process of another
bundle; PEER, one of the same user; OTHER, a unit with a credential; PORT, where the host listens; KEY, a key of root's. ONLY,
if set, is a regular expression for the names of those to make. With --nested all of it is tried by root of a user namespace of
its own making. With --serve the lines go to the file "said" in its state directory, and then it is a service that is ready.
"""
import ctypes
import errno
import fcntl
import mmap
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
VICTIM = int(os.environ.get("VICTIM", 0))
PEER = int(os.environ.get("PEER", 0)) or VICTIM
OTHER = os.environ.get("OTHER", "")
PORT = int(os.environ.get("PORT", 0))
KEY = int(os.environ.get("KEY", 0))
MINE = os.environ.get("STATE_DIRECTORY", "/root/escapes")
SYSCALLS = dict(ptrace=101, setpriority=141, sched_setscheduler=144, modify_ldt=154, pivot_root=155, acct=163, settimeofday=164,
                reboot=169, init_module=175, quotactl=179, io_setup=206, clock_settime=227, kexec_load=246, add_key=248, keyctl=250,
                unshare=272, perf_event_open=298, fanotify_init=300, open_by_handle_at=304, setns=308, process_vm_readv=310,
                finit_module=313, kcmp=312, bpf=321, userfaultfd=323, io_uring_setup=425, pidfd_open=434, pidfd_getfd=438,
                fsopen=430, open_tree=428, mount_setattr=442, iopl=172, swapon=167, syslog=103)


class Held(Exception):
    pass


def call(name, *args):
    value = libc.syscall(SYSCALLS[name], *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    if value < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return value


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    words = done.stdout.strip().splitlines()
    if done.returncode:
        raise Held(f"status {done.returncode}{': ' + words[-1] if words else ''}")
    return words[-1] if words else "status 0"


def sh(script):
    return run("sh", "-c", script)


def need(condition, reason):
    if not condition:
        raise Held(reason)
    return "yes"


def connect(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        try:
            s.connect(path)
        except OSError as e:
            if e.errno != errno.EPROTOTYPE:
                raise
    return f"connected to {path!r}"


def packet(family, kind, protocol=0):
    socket.socket(family, kind, protocol).close()
    return "a socket"


def write(path, text="0\n"):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return f"wrote {path}"


def touch(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))
    os.unlink(path)
    return f"made {path}"


def both(protection_first, protection_then=None):
    size = mmap.PAGESIZE
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, ctypes.c_size_t(size), protection_first, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, ctypes.c_long(0))
    if address in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if protection_then and libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(size), protection_then) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "memory to write and execute"


def shared_memory_executable():
    libc.shmat.restype = ctypes.c_void_p
    ident = libc.shmget(0, mmap.PAGESIZE, 0o1700)
    if ident < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    address = libc.shmat(ident, None, 0o100000)
    if address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "shared memory to execute"


def program_of_another_abi():
    code = bytes.fromhex("b80100000031dbcd80")  # exit(0), as i386 programs call it
    head = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01", 2, 3, 1, 0x8048054, 52, 0, 0, 52, 32, 1, 40, 0, 0)
    part = struct.pack("<IIIIIIII", 1, 0, 0x8048000, 0x8048000, 84 + len(code), 84 + len(code), 5, 4096)
    path = MINE + "/abi"
    with open(path, "wb") as f:
        f.write(head + part + code)
    os.chmod(path, 0o755)
    return run(path)


def set_id_file(mode):
    path = MINE + "/set-id"
    touch(path)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o755))
    try:
        os.chmod(path, mode)
        return need(os.stat(path).st_mode & 0o6000, "the bit is not there")
    finally:
        os.unlink(path)


def node(path, kind, major, minor):
    if os.path.exists(path):
        os.unlink(path)
    os.mknod(path, kind | 0o666, os.makedev(major, minor))
    os.unlink(path)
    return "a device node"


def others_in_proc():
    others = [p for p in os.listdir("/proc") if p.isdigit() and os.stat(f"/proc/{p}").st_uid != os.stat("/proc/self").st_uid]
    return f"{len(others)} processes of others" if others and need("1" in others or VICTIM, "") else need(False, "none to be seen")


def first_bytes(path):
    with open(path, "rb") as f:
        data = f.read(64)
    need(data, "empty")
    return repr(data[:20])


def memory_of(pid):
    with open(f"/proc/{pid}/maps", encoding="ascii") as f:
        start = int(f.readline().split("-")[0], 16)
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as f:
        f.seek(start)
        return repr(f.read(4))


def trace(pid):
    call("ptrace", 0x4206, pid, 0, 0)  # PTRACE_SEIZE
    return f"traces {pid}"


def read_vm(pid):
    class Iovec(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]

    buffer = ctypes.create_string_buffer(8)
    local, remote = Iovec(ctypes.cast(buffer, ctypes.c_void_p), 8), Iovec(1, 8)
    try:
        call("process_vm_readv", pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
    except OSError as e:
        if e.errno != errno.EFAULT:  # no such address, but it may look
            raise
    return "may read its memory"


def take_descriptor(pid):
    return f"descriptor {call('pidfd_getfd', call('pidfd_open', pid, 0), 0, 0)}"


def signal_to(pid):
    os.kill(pid, 0)
    return f"may signal {pid}"


def enter(pid, kind):
    call("setns", os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY), 0)
    return f"in the {kind} namespace of {pid}"


def unshare(flag):
    call("unshare", flag)
    return "a new namespace"


def clone_user():
    return run("unshare", "--user", "--map-root-user", "true")


def read_key():
    buffer = ctypes.create_string_buffer(64)
    call("keyctl", 11, KEY, buffer, 64)
    return repr(buffer.value)


def fast(policy):
    call("sched_setscheduler", 0, policy, ctypes.byref(ctypes.c_int(1)))
    return "real time"


def call_out(host, port):
    socket.create_connection((host, port), 30).close()
    return f"connected to {host}:{port}"


def call_out_by_listener(host, port):
    """A socket that listens, or has been accepted, is one that connects once it has been told to forget what it was."""
    listener = socket.socket(fileno=os.dup(3)) if os.environ.get("LISTEN_FDS") else socket.create_server(("127.0.0.1", 0))
    listener.setblocking(True)
    with listener:
        if libc.connect(listener.fileno(), struct.pack("H14x", socket.AF_UNSPEC), 16) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        listener.connect((host, port) if listener.family == socket.AF_INET else ("::ffff:" + host, port))
        return f"connected to {listener.getpeername()[:2]}"


def call_zero_ok(name, *args):
    """For calls that are refused to everybody with these arguments, but only behind the question who calls."""
    try:
        call(name, *args)
    except OSError as e:
        if e.errno in (errno.EPERM, errno.EACCES, errno.ENOSYS):
            raise
        return f"went as far as: {e.strerror}"
    return "done"


def persona(value):
    if libc.personality(value) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "another personality"


def loop_device():
    fd = os.open("/dev/loop-control", os.O_RDWR)
    return f"loop{fcntl.ioctl(fd, 0x4C82)}"


def descendants_gain(path):
    return need(run(path, "-u") == "0", "it runs as nobody special")


def privileged_file():
    return run("/usr/lib/capable-python3", "-c", "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)")


def disk():
    path = MINE + "/disk"
    for major, minor in ((8, 0), (254, 0), (253, 0), (7, 0)):
        try:
            if os.path.exists(path):
                os.unlink(path)
            os.mknod(path, 0o60600, os.makedev(major, minor))
            return first_bytes(path)
        except OSError as e:
            last = e
    raise last


ATTEMPTS = {
    # what is others'
    "read another bundle's tree": lambda: sh("cat /var/lib/sealift/releases/victim/*/tree/secret"),
    "read another bundle's tree through its root": lambda: first_bytes(f"/proc/{VICTIM}/root/bundle/secret"),
    "read another bundle's state": lambda: sh("cat /var/lib/sealift-victim/secret"),
    "read another bundle's state behind its link": lambda: sh("cat /var/lib/private/sealift-victim/secret"),
    "write to another bundle's state": lambda: touch("/var/lib/sealift-victim/x"),
    "list the store": lambda: sh("ls /var/lib/sealift/releases"),
    "read the agent's trust": lambda: sh("ls /var/lib/sealift/trust"),
    "read /etc/shadow": lambda: first_bytes("/etc/shadow"),
    "read the host's configuration": lambda: first_bytes("/etc/sealift/policy.d/mate.conf"),
    "read the machine's id": lambda: first_bytes("/etc/machine-id"),
    "list /root": lambda: sh("ls /root/secret"),
    "list /home": lambda: sh("ls /home/somebody"),
    "read a log": lambda: sh("ls /var/log/journal/*/*"),
    "read the journal": lambda: sh("journalctl --quiet --lines=1 --output=cat | grep ."),
    "read another unit's credential": lambda: sh(f"cat /run/credentials/{OTHER}/secret"),
    "read another unit's drop-in": lambda: sh("cat /run/systemd/system/sealift-victim*/*.conf"),
    "read the host's spool": lambda: sh("ls /var/spool/secret"),
    "see processes of others": others_in_proc,
    "read the command of PID 1": lambda: first_bytes("/proc/1/cmdline"),
    "read the environment of PID 1": lambda: first_bytes("/proc/1/environ"),
    "read the command of another bundle": lambda: first_bytes(f"/proc/{VICTIM}/cmdline"),
    "read the environment of another bundle": lambda: first_bytes(f"/proc/{VICTIM}/environ"),
    "read the memory of another bundle": lambda: memory_of(VICTIM),
    "read the memory of one of the same user": lambda: memory_of(PEER),
    "read the command of one of the same user": lambda: first_bytes(f"/proc/{PEER}/cmdline"),
    "read the environment of one of the same user": lambda: first_bytes(f"/proc/{PEER}/environ"),
    "list the files of one of the same user": lambda: f"{os.listdir(f'/proc/{PEER}/root')}",
    "read the host's shared memory": lambda: first_bytes("/dev/shm/victim"),
    "read the host's message queues": lambda: sh("ls /dev/mqueue/victim"),
    "read the host's System V memory": lambda: sh("ipcs -m | grep -w 0x05ea11f7"),
    "read root's key": read_key,
    "read the kernel's log": lambda: f"{need(call('syslog', 3, ctypes.create_string_buffer(4096), 4096) > 0, 'empty')}",
    "open /dev/kmsg": lambda: f"{os.open('/dev/kmsg', os.O_RDONLY | os.O_NONBLOCK)}",
    "open /proc/kcore": lambda: f"{os.open('/proc/kcore', os.O_RDONLY)}",
    "open /dev/mem": lambda: f"{os.open('/dev/mem', os.O_RDONLY)}",
    "read a disk": disk,
    "make a loop device": loop_device,
    # what is the host's
    "write to /usr": lambda: touch("/usr/lib/x"),
    "write to the bundle": lambda: touch("/bundle/x"),
    "write to /etc": lambda: touch("/etc/x"),
    "write to /": lambda: touch("/x"),
    "write to /var": lambda: touch("/var/x"),
    "write to /var/lib": lambda: touch("/var/lib/x"),
    "write to the host's /tmp": lambda: sh("test -e /tmp/host-was-here && touch /tmp/x"),
    "write to the host's /run": lambda: sh("test -d /run/sealift && touch /run/sealift/x && rm /run/sealift/x"),
    "write a unit": lambda: sh("touch /run/systemd/system/x.service && rm /run/systemd/system/x.service"),
    "write to /proc/sys": lambda: write("/proc/sys/kernel/sched_rt_runtime_us", "950000\n"),
    "write to /proc/sysrq-trigger": lambda: write("/proc/sysrq-trigger", "\n"),
    "write to /sys": lambda: write("/sys/kernel/mm/ksm/run", "0\n"),
    "make a cgroup": lambda: sh("d=$(find /sys/fs/cgroup -maxdepth 4 -type d -writable | head -n 1); mkdir ${d:-/sys/fs/cgroup}/x && rmdir $d/x"),
    "leave the cgroup": lambda: sh("for f in /sys/fs/cgroup/unified/cgroup.procs /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/systemd/cgroup.procs; do [ ! -e $f ] || exec sh -c \"echo 0 >$f\"; done; false"),
    "make the kernel spare it": lambda: write("/proc/self/oom_score_adj", "-999\n"),
    "set a bit of set-user-ID": lambda: set_id_file(0o4755),
    "set a bit of set-group-ID": lambda: set_id_file(0o2755),
    "make a device node": lambda: node(MINE + "/node", 0o020000, 1, 1),
    "give a file away": lambda: sh(f"touch {MINE}/mine && chown 1 {MINE}/mine"),
    # namespaces, mounts
    "make a user namespace": clone_user,
    "make a mount namespace": lambda: unshare(0x00020000),
    "make a network namespace": lambda: unshare(0x40000000),
    "make a process namespace": lambda: unshare(0x20000000),
    "make an IPC namespace": lambda: unshare(0x08000000),
    "make a host name namespace": lambda: unshare(0x04000000),
    "make a cgroup namespace": lambda: unshare(0x02000000),
    "make a time namespace": lambda: unshare(0x00000080),
    "enter the mounts of PID 1": lambda: enter(1, "mnt"),
    "enter the network of PID 1": lambda: enter(1, "net"),
    "enter the mounts of another bundle": lambda: enter(VICTIM, "mnt"),
    "nsenter": lambda: run("nsenter", "--target", "1", "--mount", "--uts", "--ipc", "--net", "true"),
    "mount a tmpfs": lambda: sh("mount -t tmpfs x /tmp && umount /tmp"),
    "mount over the bundle": lambda: sh("mount --bind /usr /bundle && umount /bundle"),
    "mount /usr for writing": lambda: sh("mount -o remount,bind,rw /usr && touch /usr/x && rm /usr/x"),
    "unmount what hides /proc": lambda: sh("umount /proc/kmsg || umount /proc/sys"),
    "open a file system": lambda: f"{call('fsopen', ctypes.c_char_p(b'tmpfs'), 0)}",
    "take a tree of mounts": lambda: f"{call('open_tree', -100, ctypes.c_char_p(b'/usr'), 1)}",
    "chroot": lambda: sh("chroot / /usr/bin/true"),
    "pivot_root": lambda: call_zero_ok("pivot_root", ctypes.c_char_p(b"/tmp"), ctypes.c_char_p(b"/tmp")),
    "open by handle": lambda: call_zero_ok("open_by_handle_at", -100, ctypes.create_string_buffer(128), 0),
    # other processes
    "trace itself": lambda: run("strace", "-o", "/dev/null", "true"),
    "trace PID 1": lambda: trace(1),
    "trace another bundle": lambda: trace(VICTIM),
    "trace one of the same user": lambda: trace(PEER),
    "read another's memory by a call": lambda: read_vm(VICTIM),
    "read the memory of one of the same user by a call": lambda: read_vm(PEER),
    "take a descriptor of another": lambda: take_descriptor(VICTIM),
    "take a descriptor of one of the same user": lambda: take_descriptor(PEER),
    "signal another bundle": lambda: signal_to(VICTIM),
    "signal PID 1": lambda: signal_to(1),
    "slow another bundle down": lambda: call("setpriority", 0, VICTIM, 19) or "done",
    "run in real time": lambda: fast(1),
    "chrt": lambda: run("chrt", "--rr", "1", "true"),
    # privileges
    "su": lambda: run("su", "--command", "true"),
    "a set-user-ID program of the host's": lambda: descendants_gain("/usr/lib/set-user-id"),
    "a program of the host's with a capability": privileged_file,
    "mount, set-user-ID": lambda: run("/usr/lib/set-user-id-mount", "-t", "tmpfs", "x", "/mnt"),
    "passwd": lambda: run("passwd", "--status", "root"),
    "become root": lambda: f"{os.setresuid(0, 0, 0)}" if os.getuid() else need(os.geteuid() == 0, ""),
    "take root's group": lambda: f"{os.setgroups([0])}",
    "have any capability": lambda: sh("capsh --has-p=cap_sys_admin && capsh --has-p=cap_dac_override"),
    "add capabilities": lambda: run("capsh", "--iab=^cap_sys_admin", "--", "-c", "grep -q 'CapAmb:.*200000' /proc/self/status"),
    # sockets
    "a raw socket": lambda: packet(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "ping": lambda: run("busybox", "ping", "-c", "1", "-W", "30", "127.0.0.1"),
    "a packet socket": lambda: packet(socket.AF_PACKET, socket.SOCK_RAW),
    "a netlink socket": lambda: packet(socket.AF_NETLINK, socket.SOCK_RAW),
    "a socket of the kernel's ciphers": lambda: packet(socket.AF_ALG, socket.SOCK_SEQPACKET),
    "a socket to the hypervisor": lambda: packet(socket.AF_VSOCK, socket.SOCK_STREAM),
    "an internet socket": lambda: packet(socket.AF_INET, socket.SOCK_STREAM),
    "connect to the host": lambda: call_out("127.0.0.1", PORT),
    "connect to the host by IPv6": lambda: call_out("::1", PORT),
    "connect to the host by a listener": lambda: call_out_by_listener("127.0.0.1", PORT),
    "connect to a socket of the host's": lambda: connect("/run/victim.sock"),
    "connect to an abstract socket of the host's": lambda: connect("\0victim"),
    "connect to systemd": lambda: connect("/run/systemd/private"),
    "connect to D-Bus": lambda: connect("/run/dbus/system_bus_socket"),
    "connect to sealift-unitd": lambda: connect("/run/sealift/unitd.sock"),
    "list units": lambda: sh("systemctl list-units --plain --no-legend | grep ."),
    "start a unit": lambda: run("systemd-run", "--quiet", "--wait", "true"),
    "change the host's network": lambda: sh("ip link set lo up && ip addr add 192.0.2.99/32 dev lo && test -e /run/sealift && ip addr del 192.0.2.99/32 dev lo"),
    "listen on a port below 1024": lambda: socket.create_server(("127.0.0.1", 81)).close() or "listens",
    # the kernel
    "load a module": lambda: call_zero_ok("finit_module", 0, ctypes.c_char_p(b""), 0),
    "load a module from memory": lambda: call_zero_ok("init_module", ctypes.c_char_p(b""), 0, ctypes.c_char_p(b"")),
    "modprobe": lambda: sh("modprobe loop || insmod /usr/x.ko"),
    "load another kernel": lambda: call_zero_ok("kexec_load", 0, 99, ctypes.c_char_p(b""), 0),
    "restart the machine": lambda: call_zero_ok("reboot", 0, 0, 0, 0),
    "set the clock": lambda: call_zero_ok("clock_settime", 0, ctypes.c_char_p(b"\xff" * 16)),
    "date --set": lambda: run("date", "--set", "now"),
    "set the host name": lambda: run("hostname", socket.gethostname()),
    "account for processes": lambda: call_zero_ok("acct", ctypes.c_char_p(b"/nowhere")),
    "swap": lambda: call_zero_ok("swapon", ctypes.c_char_p(b"/nowhere"), 0),
    "set a quota": lambda: call_zero_ok("quotactl", 0, ctypes.c_char_p(b"/nowhere"), 0, 0),
    "watch all files": lambda: f"{call('fanotify_init', 0, 0)}",
    "bpf": lambda: call_zero_ok("bpf", 5, ctypes.create_string_buffer(128), 128),
    "measure with perf": lambda: call_zero_ok("perf_event_open", ctypes.create_string_buffer(struct.pack("<IIQ", 1, 112, 0), 112), -1, 0, -1, 0),
    "handle page faults": lambda: f"{call('userfaultfd', 0)}",
    "io_uring": lambda: f"{call('io_uring_setup', 1, ctypes.create_string_buffer(120))}",
    "compare kernel objects": lambda: f"{call('kcmp', VICTIM, 1, 0, 0, 0)}",
    "reach ports of the hardware": lambda: call_zero_ok("iopl", 3),
    "call the kernel as another ABI": program_of_another_abi,
    "another personality": lambda: persona(0x0008),
    "turn off address randomization": lambda: persona(0x0040000),
    "memory to write and execute": lambda: both(7),
    "memory to write, then execute": lambda: both(3, 5),
    "shared memory to execute": shared_memory_executable,
}


def child(attempt, out):
    signal.alarm(60)
    try:
        line = f"out\t{attempt()}"
    except (OSError, Held) as e:
        line = f"held\t{e}"
    except Exception as e:  # pylint: disable=broad-except # a defect of the attempt must be seen as one
        line = f"broken\t{type(e).__name__}: {e}"
    os.write(out, line.replace("\n", " ")[:300].encode(errors="replace"))
    os._exit(0)


def try_one(attempt):
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        child(attempt, theirs)
    os.close(theirs)
    select.select([ours], [], [], 70)
    line = os.read(ours, 4096).decode(errors="replace")
    os.close(ours)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if line:
        return line
    return f"held\tkilled by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "broken\tnothing said"


def nest():
    uid, gid = os.getuid(), os.getgid()
    call("unshare", 0x10000000 | 0x00020000)
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"0 {uid} 1")
    write("/proc/self/gid_map", f"0 {gid} 1")


def attempts():
    if "--nested" in sys.argv[1:]:
        nest()
    for name, attempt in ATTEMPTS.items():
        if re.fullmatch(os.environ.get("ONLY", ".*"), name):
            print(name, try_one(attempt), sep="\t", flush=True)


def serve():
    """The attempts are a child's, so that this is the process that was started, and nothing but that."""
    if os.fork() == 0:
        said = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(said, 1)
        os.dup2(said, 2)
        attempts()
        os._exit(0)
    os.wait()
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
    signal.pause()


os.makedirs(MINE, exist_ok=True)
os.chdir(MINE)
if "--serve" in sys.argv[1:]:
    serve()
else:
    attempts()
