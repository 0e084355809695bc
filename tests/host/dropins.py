#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What does systemd make of the units of random manifests? (scenarios/dropins.t, inside the test machine)

  dropins.py [--seed N] [--manifests N]

Makes manifests of every key of sealift.manifest(5), with edge values and every way of quoting; has `sealift lint --unit` write
their drop-ins, sockets and timers, real systemd load them, and compares each property on the bus with what the manifest says,
each wall with the strictest value less what was asked for. Prints the seed, each difference, and the counts; exits with status 1 on a difference.
"""
import argparse
import ipaddress
import json
import random
import re
import subprocess
import sys

SERVICES = 12  # of a manifest
UNITS = "/run/systemd/system"
MIB, SECOND = 1 << 20, 1000000
CAPABILITIES = dict(AUDIT_WRITE=29, BLOCK_SUSPEND=36, BPF=39, CHOWN=0, DAC_OVERRIDE=1, DAC_READ_SEARCH=2, FOWNER=3, IPC_LOCK=14,
                    KILL=5, LEASE=28, LINUX_IMMUTABLE=9, NET_ADMIN=12, NET_BIND_SERVICE=10, NET_BROADCAST=11, NET_RAW=13,
                    PERFMON=38, SETGID=6, SETUID=7, SYSLOG=34, SYS_NICE=23, SYS_RESOURCE=24, SYS_TIME=25, WAKE_ALARM=35)
# The calls that come with a capability.
NEEDS = {"@chown": {"CHOWN"}, "@setuid": {"SETUID", "SETGID"}, "@resources": {"SYS_NICE", "SYS_RESOURCE"}, "@clock": {"SYS_TIME"},
         "syslog": {"SYSLOG"}, "bpf": {"BPF"}, "perf_event_open": {"PERFMON"}}
SANDBOX_CALLS = {"landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "seccomp"}
SIGNALS = dict(SIGTERM=15, SIGINT=2, SIGQUIT=3, SIGHUP=1, SIGUSR1=10, SIGUSR2=12, SIGWINCH=28)
FILES = ["/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime", "/etc/nsswitch.conf", "/etc/ssl/certs", "/etc/ssl/openssl.cnf",
         "/run/systemd/journal/dev-log", "/run/systemd/journal/socket", "/run/systemd/journal/stdout",
         "/run/systemd/userdb/io.systemd.DynamicUser"]
LOOPBACK_FILES = ["/etc/gai.conf", "/etc/host.conf", "/etc/hosts", "/etc/protocols", "/etc/services"]
NETWORK_FILES = LOOPBACK_FILES + ["/etc/resolv.conf"]
HOLD = ["/usr/libexec/sealift/sealift-hold", "--"]  # a job waits in it until its walls were looked at
NAMESPACES = 0x7E020000  # all of them
rng = random.Random()


# ---- values: as a manifest writes one, and what systemd must have understood

def edge(least, most, step=1):
    return rng.choice([least, most, least + step, most - step, rng.randrange(least, most + 1, step)])


def span(least, most):
    usec = edge(least, most, 1000)
    usec -= usec % 1000
    forms = [f"{usec // 1000}ms"]
    if usec % SECOND == 0:
        seconds = usec // SECOND
        forms += [f"{seconds}", f"{seconds}s"]
        forms += [f"{seconds // 60}min {seconds % 60}s"] if seconds >= 60 else []
        forms += [f"{seconds // 3600}h"] if seconds % 3600 == 0 and seconds else []
    return rng.choice(forms), usec


def size(least, most):
    text, value = f"{(n := edge(least, most))}", n
    if rng.random() < 0.6:
        letter, unit = rng.choice([("K", 1 << 10), ("M", MIB), ("G", 1 << 30), ("T", 1 << 40)])
        n = edge(max(1, -(-least // unit)), most // unit) if most >= unit else 0
        if least <= n * unit <= most:
            text, value = f"{n}{letter}", n * unit
    return text, value


def number(least, most):
    n = edge(least, most)
    return str(n), n


def word(*words):
    w = rng.choice(words)
    return w, w


def piece(text, quote):
    """text in one way of quoting; without quotes it has no tab, and no lone ';'."""
    out = text.replace("\\", "\\\\").replace("%", "%%")
    if quote:
        return quote + out.replace(quote, "\\" + quote) + quote
    return out.replace('"', '\\"').replace("'", "\\'").replace(" ", "\\s")


def quoted(text):
    """text as one word of a line, parted anywhere into pieces that are quoted in different ways."""
    if text in ("", ";") or "\t" in text:
        return piece(text, rng.choice("'\""))
    cut = rng.randint(0, len(text))
    pieces = [piece(t, rng.choice(["", "'", '"'])) for t in (text[:cut], text[cut:]) if t]
    return "".join(pieces) if "".join(pieces) != ";" else '";"'


def argument():
    letters = "abcXYZ019 \t\"'\\%$;#=!@+-:|{}()*?~&<>`/,.[]^_é漢"
    return rng.choice(["", ";", "%", "$", "$$", "${HOME}", "$A", "\\", "-", "a b", "%%n", "'\"", " ", "\t", "# no comment", "@x", "x" * 2000,
                       "".join(rng.choice(letters) for _ in range(rng.randint(1, 30)))])


def command(usr=True):
    program = rng.choice(["/bundle/run", "/bundle/bin/a.b-c_d+e@f"] + (["/usr/bin/true", "/usr/lib/x/y"] if usr else []))
    arguments = [argument() for _ in range(rng.randint(0, 6))]
    return rng.choice([" ", "  ", "\t"]).join([program] + [quoted(a) for a in arguments]), [program] + arguments


def environment(i):
    pairs = [f"V{i}_{k}=" + argument() for k in range(rng.randint(1, 3))]
    return " ".join(quoted(p) for p in pairs), pairs


def address():
    if rng.random() < 0.5:
        bits = rng.randint(0, 32)
        value = rng.getrandbits(32) >> (32 - bits) << (32 - bits) if bits else 0
        octets = list(value.to_bytes(4, "big"))
        return ".".join(map(str, octets)) + ("" if bits == 32 else f"/{bits}"), [2, octets, bits]
    bits = rng.randint(0, 128)
    value = rng.getrandbits(128) >> (128 - bits) << (128 - bits) if bits else 0
    octets = list(value.to_bytes(16, "big"))
    groups = ":".join(f"{value >> (112 - 16 * i) & 0xFFFF:x}" for i in range(8))
    return groups + ("" if bits == 128 else f"/{bits}"), [10, octets, bits]


def name(letters="abcxyz019-", most=48):
    return "k" + "".join(rng.choice(letters) for _ in range(rng.choice([1, 3, rng.randint(4, most - 2)]))) + "z"


def secret():
    return rng.choice(["_", "-", "k"]) + "".join(rng.choice("azAZ019._-") for _ in range(rng.choice([0, 3, 30])))


def listener():
    """A value of Listen..., and how systemd says it; of a bare port, it depends on the kernel's having IPv6."""
    port = edge(1, 65535)
    kind = rng.randrange(3)
    if kind == 0:
        return str(port), f"*:{port}"
    if kind == 1:
        host = ipaddress.IPv4Address(rng.getrandbits(32))
        return f"{host}:{port}", f"{host}:{port}"
    # With zeros to leave out, but not one that holds an IPv4 address: those have two ways of being written.
    host = ipaddress.IPv6Address(":".join(["2001"] + [rng.choice(["0", f"{rng.getrandbits(16):x}"]) for _ in range(7)]))
    return f"[{rng.choice([host.compressed, host.exploded])}]:{port}", f"[{host.compressed}]:{port}"


def calendar(second):
    """A calendar event that falls on this second."""
    part = lambda most: rng.choice(["*", f"{rng.randint(0, most // 2)}/{rng.randint(1, most // 2)}", f"{rng.randint(0, most)}",
                                    f"{rng.randint(0, most // 3)}..{rng.randint(most // 3 + 1, most)}", f"{rng.randint(0, most)},{rng.randint(0, most)}"])
    days = rng.choice(["", "Mon ", "Mon..Fri ", "Sat,Sun "])
    date = rng.choice(["", "*-*-* ", f"*-{rng.randint(1, 12)}-{rng.randint(1, 28)} ", "2030..2040-02~03 ", f"*-*-{rng.randint(1, 15)}/3 "])
    text = days + date + part(23) + ":" + part(59) + (f":{second}" if second or rng.random() < 0.5 else "")
    if second == 0 and rng.random() < 0.3:
        text = rng.choice(["minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "yearly"])
    return text + rng.choice(["", "", " UTC", " Europe/Berlin"])


# ---- a service: lines, and the properties they must become

class Service:
    def __init__(self, bundle, name, usr):
        self.bundle, self.name, self.usr = bundle, name, usr
        self.lines, self.sandbox, self.want, self.parsed = [], [], {}, {}
        self.below_usr = ["/usr"] if usr else []

    def add(self, key, value):
        self.lines.append(f"{key}={value}")
        used.add(key)

    def ask(self, key, value):
        self.sandbox.append(f"{key}={value}")
        used.add(key)

    def maybe(self, chance, key, made, prop, convert=lambda v: v):
        """Of a service, a socket or a timer."""
        if rng.random() < chance:
            self.add(key, made[0])
            self.want[prop] = convert(made[1])


def exec_settings(s, job):
    text, argv = command(s.usr)
    s.add("ExecStart", text)
    s.want["ExecStart"] = [(HOLD if job else []) + argv]
    before = [command(s.usr) for _ in range(rng.choice([0, 0, 1, 3]))]
    for text, parsed in before:
        s.add("ExecStartPre", text)
        s.parsed["ExecStartPre=" + text] = [parsed]
    for key in "ExecReload", "ExecStop":
        s.maybe(0.3, key, command(s.usr), key, lambda v: [v])
    for i in range(rng.choice([0, 1, 3])):
        text, pairs = environment(i)
        s.add("Environment", text)
        s.parsed["Environment=" + text] = pairs


def job_settings(s):
    """A job begins as sealift-hold, which is all there is of /usr where the host's is not, and its lines in the journal are its
    program's."""
    s.want["Type"] = "notify"
    s.want["SyslogIdentifier"] = s.want["ExecStart"][0][len(HOLD)].rsplit("/", 1)[1]
    s.below_usr = s.below_usr or [HOLD[0]]


def service_settings(s, job):
    kind = "oneshot" if job else rng.choice(["exec", "notify", None])
    if kind:
        s.add("Type", kind)
    s.want["Type"] = kind or "exec"
    if job:
        job_settings(s)
    if kind == "notify":
        s.maybe(0.5, "NotifyAccess", word("main", "exec"), "NotifyAccess")
        s.add("WatchdogSec", span(SECOND, 3600 * SECOND)[0])  # on the bus only while the service runs
    if not job:
        s.want["Restart"] = "on-failure"
        s.want["RestartUSec"] = SECOND
        s.maybe(0.5, "Restart", word("no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"), "Restart")
        s.maybe(0.5, "RestartSec", span(SECOND // 10, 3600 * SECOND), "RestartUSec")
        s.maybe(0.3, "RuntimeMaxSec", span(SECOND, 366 * 86400 * SECOND), "RuntimeMaxUSec")
    s.maybe(0.3, "TimeoutStartSec", span(SECOND, 15 * 60 * SECOND), "TimeoutStartUSec")
    if job and "TimeoutStartUSec" in s.want:
        s.want["RuntimeMaxUSec"] = s.want["TimeoutStartUSec"]
    s.maybe(0.3, "TimeoutStopSec", span(SECOND, 15 * 60 * SECOND), "TimeoutStopUSec")
    s.maybe(0.3, "KillMode", word("control-group", "mixed"), "KillMode")
    s.maybe(0.3, "KillSignal", word(*SIGNALS), "KillSignal", SIGNALS.get)
    s.maybe(0.3, "WorkingDirectory", word("/", "/bundle", "/bundle/a.b-c_d+e", "/var/lib/x"), "WorkingDirectory")
    s.maybe(0.2, "NonBlocking", word("yes", "no"), "NonBlocking", lambda v: v == "yes")
    statuses = rng.sample([0, 1, 2, 42, 254, 255], rng.choice([0, 0, 1, 3]))
    for status in statuses:
        s.add("SuccessExitStatus", status)
    s.want["SuccessExitStatus"] = [sorted(statuses), []]


def limits(s):
    s.maybe(0.3, "MemoryMax", size(MIB, 1 << 40), "MemoryMax")
    s.maybe(0.3, "MemoryHigh", size(MIB, 1 << 40), "MemoryHigh")
    s.maybe(0.3, "MemorySwapMax", size(0, 1 << 40), "MemorySwapMax")
    s.maybe(0.3, "TasksMax", number(1, 65536), "TasksMax")
    s.maybe(0.3, "CPUWeight", number(1, 10000), "CPUWeight")
    s.maybe(0.3, "IOWeight", number(1, 10000), "IOWeight")
    s.maybe(0.3, "LimitNOFILE", number(16, 1048576), "LimitNOFILE")
    s.maybe(0.3, "LimitCORE", size(0, 1 << 40), "LimitCORE")
    if rng.random() < 0.3:
        percent = edge(1, 100000)
        s.add("CPUQuota", f"{percent}%")
        s.want["CPUQuotaPerSecUSec"] = percent * 10000


def network(s, socket):
    kind = "socket" if socket else rng.choice(["none", "bundle", "outbound", "bind", None])
    families, allow, deny = {"AF_UNIX"}, [], [[2, [0] * 4, 0], [10, [0] * 16, 0]]
    if kind and (not socket or rng.random() < 0.5):
        s.ask("Network", kind)
    own = kind in (None, "none", "socket", "bundle")
    s.want["PrivateNetwork"] = own
    if kind not in (None, "none", "socket"):
        families |= {"AF_INET", "AF_INET6"}
    if kind == "bundle":
        allow = [[2, [127, 0, 0, 0], 8], [10, [0] * 15 + [1], 128]]
    if kind == "outbound":
        for _ in range(rng.randint(1, 4)):
            text, parsed = address()
            s.ask("Outbound", text)
            allow.append(parsed)
        if rng.random() < 0.2:
            s.ask("Outbound", "any")
            allow += [[2, [0] * 4, 0], [10, [0] * 16, 0]]
    if kind == "bind":
        deny, binds = [], []
        for _ in range(rng.randint(1, 3)):
            transport, port = rng.choice(["tcp", "udp"]), edge(1024, 65535)
            s.ask("Bind", f"{transport}:{port}")
            binds.append([0, 17 if transport == "udp" else 6, 1, port])
        s.want["SocketBindAllow"] = binds
    s.want["IPAddressAllow"], s.want["IPAddressDeny"] = allow, deny
    return families, LOOPBACK_FILES if kind == "bundle" else [] if own else NETWORK_FILES


def relaxations(s, files_of_network):
    capabilities = set(rng.sample(sorted(CAPABILITIES), rng.choice([0, 0, 0, 1, 2, 5])))
    calls = rng.sample(["@aio", "@chown", "@keyring", "@mount", "@pkey", "@resources", "@sandbox", "@setuid"], rng.choice([0, 0, 1, 3]))
    devices = rng.sample(["/dev/fuse", "/dev/net/tun", "/dev/dri/card0"], rng.choice([0, 0, 1, 2]))
    paths = rng.sample(["/srv/data", "/etc/pki/x", "/run/postgresql", "/opt/a.b-c_d+e", "/var/lib/other"], rng.choice([0, 0, 1, 3]))
    user = rng.choice([None, None, "www-data", "backup", "_apt"])
    jit, spaces = rng.choice([None, "yes", "no"]), rng.choice([None, None, "yes", "no"])
    for key, values in (("Capability", [f"CAP_{c}" for c in sorted(capabilities)]), ("SystemCalls", calls), ("Device", devices),
                        ("HostPath", paths), ("User", [user] if user else []), ("WriteExecute", [jit] if jit else []),
                        ("UserNamespaces", [spaces] if spaces else [])):
        for value in values:
            s.ask(key, value)
    rng.shuffle(s.sandbox)
    jit, spaces, mask = jit == "yes", spaces == "yes", sum(1 << CAPABILITIES[c] for c in capabilities)
    binds = FILES + files_of_network + (["/etc/passwd", "/etc/group"] if user else [])
    s.want |= dict(
        CapabilityBoundingSet=mask, AmbientCapabilities=mask, PrivateUsers=mask == 0, DynamicUser=not user, RemoveIPC=not user,
        MemoryDenyWriteExecute=not jit, RestrictNamespaces=NAMESPACES if spaces else 0, ProcSubset="all" if spaces else "pid",
        RestrictSUIDSGID=not (spaces and user), ProtectClock=not capabilities & {"SYS_TIME", "WAKE_ALARM"},
        ProtectKernelLogs="SYSLOG" not in capabilities,
        BindReadOnlyPaths=[[p, p, True] for p in binds] + [[p, p, False] for p in paths + s.below_usr] + [["TREE", "/bundle", False]],
        BindPaths=[[d, d, False] for d in devices])
    if user:
        s.want["User"] = user
    s.devices = devices
    s.calls = set(calls) | {call for call, whose in NEEDS.items() if whose & capabilities} | ({"@mount", "capset"} if spaces else set())
    return {"AF_NETLINK"} if spaces or capabilities & {"NET_ADMIN", "AUDIT_WRITE"} else set()


STRICT = dict(PrivateTmp=True, PrivateDevices=True, PrivateIPC=True, PrivateMounts=True, ProtectSystem="strict", ProtectHome="yes",
              ProtectProc="invisible", ProtectControlGroups=True, ProtectKernelModules=True, ProtectKernelTunables=True,
              ProtectHostname=True, NoNewPrivileges=True, RestrictRealtime=True, LockPersonality=True, UMask=0o077,
              KeyringMode="private", DevicePolicy="closed", Delegate=False, MountAPIVFS=True, SystemCallArchitectures=["native"],
              SystemCallErrorNumber=1, StandardOutput="journal", StandardInput="null", SupplementaryGroups=[], ReadWritePaths=[], RootImage="")


def credentials(s):
    wanted = {secret() for _ in range(rng.choice([0, 0, 1, 3]))}
    for one in sorted(wanted):
        s.add(rng.choice(["LoadCredential", "ImportCredential"]), one)
    # Their order is that of the lines, which are shuffled.
    s.want["LoadCredential"] = sorted([one, f"sealift-{s.bundle}.{one}"] for one in wanted)
    s.want["LoadCredentialEncrypted"] = s.want["SetCredential"] = s.want["SetCredentialEncrypted"] = []


def make_service(bundle, i, directories, job, socket):
    usr = rng.random() < 0.7
    s = Service(bundle, f"s{i}", usr)
    s.want |= STRICT
    if not usr or rng.random() < 0.2:
        s.ask("Root", "usr" if usr else "bundle")
    exec_settings(s, job)
    service_settings(s, job)
    limits(s)
    credentials(s)
    for key, letters in (("StateDirectory", "/var/lib"), ("CacheDirectory", ""), ("RuntimeDirectory", ""), ("LogsDirectory", "")):
        s.want[key] = []
        if key in directories and rng.random() < 0.2:
            directories.remove(key)
            s.add(key, "yes")
            s.want[key], s.want[key + "Mode"] = [f"sealift-{bundle}"], 0o700
        elif rng.random() < 0.1:
            s.add(key, "no")
    if socket and rng.random() < 0.5:
        s.add("StandardInput", "socket")
        s.want |= dict(StandardInput="socket", StandardError="journal")
    rng.shuffle(s.lines)
    families, host = network(s, socket)
    s.shares = host == LOOPBACK_FILES
    families |= relaxations(s, host)
    s.want["RestrictAddressFamilies"] = [True, sorted(families)]
    for key in "ExecStartPre", "Environment":
        s.want[key] = [x for line in s.lines if line.startswith(key + "=") for x in s.parsed[line]]
    return s


# ---- sockets and timers: units of their own

class Held(Service):
    """A [Socket NAME] or [Timer NAME]: its lines, and the properties they must become."""

    taken = set()

    def __init__(self, bundle, section, service):
        while (own := name(most=40), bundle) in self.taken:
            pass
        self.taken.add((own, bundle))
        super().__init__(bundle, own, True)
        self.section, self.suffix = section, section.lower()
        self.unit = f"sealift-{bundle}.{self.name}.{self.suffix}"
        self.add("Service", service.name)


def make_socket(bundle, service, listeners, proxy):
    s = Held(bundle, "Socket", service)
    s.want |= dict(Listen=[], Backlog=None, FileDescriptorName=s.name, TriggerLimitIntervalUSec=2 * SECOND, TriggerLimitBurst=200,
                   Accept=False, Triggers=[f"sealift-wake@{bundle}.{s.name}.service"])
    for _ in range(listeners):
        key = "Stream" if proxy else rng.choice(["Stream", "Datagram"])
        text, parsed = listener()
        s.add("Listen" + key, text)
        s.want["Listen"].append([key, parsed])
    s.maybe(0.5, "Backlog", number(1, 65535), "Backlog")
    s.maybe(0.5, "FileDescriptorName", (other := name(most=20), other), "FileDescriptorName")
    if proxy:
        s.add("Proxy", edge(1, 65535))
        if rng.random() < 0.5:
            s.add("ExitIdle", span(SECOND, 86400 * SECOND)[0])
    return s


def make_timer(bundle, service):
    t = Held(bundle, "Timer", service)
    t.want |= dict(Unit=f"sealift-wake@{bundle}.{t.name}:timer.service", AccuracyUSec=60 * SECOND, RandomizedDelayUSec=0, Persistent=False,
                   TimersMonotonic=[], WakeSystem=False, OnClockChange=False, OnTimezoneChange=False, RemainAfterElapse=True)
    second = rng.choice([0, 0, 30, 59, "7.25"])
    events = [calendar(second) for _ in range(rng.choice([1, 1, 2, 5]))]
    for event in events:
        t.add("OnCalendar", event)
    t.want["TimersCalendar"] = [["OnCalendar", n] for n in normal(events)]
    t.maybe(0.5, "Persistent", word("yes", "no"), "Persistent", lambda v: v == "yes")
    t.maybe(0.5, "RandomizedDelaySec", span(0, 86400 * SECOND), "RandomizedDelayUSec")
    t.maybe(0.5, "AccuracySec", span(1000, 86400 * SECOND), "AccuracyUSec")
    return t


def make_held(bundle, services, jobs, taker):
    one = "StandardInput=socket" in taker.lines
    held = [make_socket(bundle, taker, 1 if one else rng.randint(1, 4), False) for _ in range(1 if one else rng.randint(1, 3))]
    held += [make_socket(bundle, s, rng.randint(1, 2), True) for s in services if s.shares and s.name not in jobs and rng.random() < 0.7]
    return held + [make_timer(bundle, s) for s in services if s.name in jobs]


def make_manifest(number):
    bundle, directories = f"b{number}", {"StateDirectory", "CacheDirectory", "RuntimeDirectory", "LogsDirectory"}
    jobs, sockets = {SERVICES - 1, SERVICES - 3}, {SERVICES - 2}
    services = [make_service(bundle, i, directories, i in jobs, i in sockets) for i in range(SERVICES)]
    held = make_held(bundle, services, {f"s{i}" for i in jobs}, services[SERVICES - 2])
    text = f"[Bundle]\nName={bundle}\nVersion=1.0+{number}~a\n"
    for s in services:
        text += f"[Service {s.name}]\n" + "".join(l + "\n" for l in s.lines)
        if s.sandbox:
            text += f"[Sandbox {s.name}]\n" + "".join(l + "\n" for l in s.sandbox)
    for h in held:
        text += f"[{h.section} {h.name}]\n" + "".join(l + "\n" for l in h.lines)
    return text, services, held


# ---- systemd

def bus(*words):
    done = subprocess.run(["busctl", "--json=short", "call", "org.freedesktop.systemd1", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"busctl {' '.join(words)}: {done.stderr.strip()}")
    return json.loads(done.stdout)["data"][0]


def properties(unit):
    path = "/org/freedesktop/systemd1/unit/" + re.sub(r"[^A-Za-z0-9]", lambda c: f"_{ord(c[0]):02x}", unit)  # loads it, too
    found = {}
    for interface in "Unit", unit.rsplit(".", 1)[1].capitalize():
        found |= {k: v["data"] for k, v in bus(path, "org.freedesktop.DBus.Properties", "GetAll", "s", f"org.freedesktop.systemd1.{interface}").items()}
    return found


def group(name, known={}):  # pylint: disable=dangerous-default-value # a cache
    if not name.startswith("@"):
        return {name}
    if name == "@sandbox":
        return SANDBOX_CALLS
    if name not in known:
        lines = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True).stdout.split("\n")
        known[name] = set().union(*(group(l.strip()) for l in lines[1:] if l.strip() and not l.strip().startswith("#")))
    return known[name]


def install(text):
    """Writes what lint says the units are; their names, by service."""
    with open("/run/fuzz.manifest", "w", encoding="utf-8") as f:
        f.write(text)
    done = subprocess.run(["sealift", "lint", "--unit", "/run/fuzz.manifest"], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"a manifest that should be good is not: {done.stderr}\n{text}")
    units = {}
    for part in re.split(r"^# /run/systemd/system/", done.stdout, flags=re.M)[1:]:
        path, body = part.split("\n", 1)
        body = re.split(r"^# /", body, flags=re.M)[0]
        if "/" not in path:
            with open(f"{UNITS}/{path}", "w", encoding="utf-8") as f:
                f.write(body)
            units[path] = path
            continue
        unit = path.split(".d/")[0]
        subprocess.run(["mkdir", "-p", f"{UNITS}/{unit}.d"], check=True)
        with open(f"{UNITS}/{unit}", "w", encoding="utf-8") as f:
            f.write("[Unit]\nDescription=of a test\n")
        with open(f"{UNITS}/{path}", "w", encoding="utf-8") as f:
            f.write(body)
        units[unit.split(".")[1].split("@")[0]] = unit
    return units


def simple(prop, value):
    """A property as it is on the bus, less what a manifest says nothing about."""
    if prop.startswith("Exec"):
        return [e[1] for e in value]
    if prop in ("BindReadOnlyPaths", "BindPaths"):
        return sorted(["TREE" if b[1] == "/bundle" else b[0], b[1], b[2]] for b in value)
    if prop == "Listen":
        return [[kind, re.sub(r"^(\[::\]|0\.0\.0\.0):", "*:", at)] for kind, at in value]
    if prop == "TimersCalendar":
        return [e[:2] for e in value]
    return sorted(value, key=str) if prop in SETS or prop in ("SocketBindAllow", "LoadCredential") else value


SETS = ("IPAddressAllow", "IPAddressDeny", "BindReadOnlyPaths", "BindPaths")  # each once, in no order


def unique(items):
    return [x for i, x in enumerate(items) if x not in items[:i]]


def differences(want, got):
    bad = []
    for prop, value in want.items():
        if prop not in got:
            bad.append(f"{prop}: no such property")
        elif (seen := simple(prop, got[prop])) != value:
            bad.append(f"{prop}: want {value!r}, systemd has {seen!r}")
    return bad


def compare_held(h, got):
    want = {k: v for k, v in h.want.items() if v is not None} | dict(LoadState="loaded")
    if "TimersCalendar" in want:  # the latest comes first
        want["TimersCalendar"] = sorted(want["TimersCalendar"])
        got["TimersCalendar"] = sorted(got["TimersCalendar"])
    return differences(want, got), len(want)


def compare(s, got, known):
    want = {k: unique(sorted(v, key=str)) if k in SETS else v for k, v in s.want.items()}
    if "SocketBindAllow" in want:
        want["SocketBindAllow"] = sorted(s.want["SocketBindAllow"], key=str)
    want |= dict(LoadState="loaded", StartLimitIntervalUSec=0, JobRunningTimeoutUSec=960 * SECOND)
    bad = differences(want, got)
    calls = group("@system-service") - group("@privileged") - group("@resources") - group("@keyring")
    calls -= {"io_uring_enter", "io_uring_register", "io_uring_setup", "userfaultfd"}
    calls = calls.union(*(group(c) for c in s.calls)) & known
    allow, seen = got["SystemCallFilter"]
    if not allow or set(seen) != calls:
        bad.append(f"SystemCallFilter: {s.calls}: too many {sorted(set(seen) - calls)}, too few {sorted(calls - set(seen))}")
    fields = [bytes(f).decode() for f in got["LogExtraFields"]]
    if f"SEALIFT_BUNDLE={s.bundle}" not in fields:
        bad.append(f"LogExtraFields: {fields}")
    others = {d for d, _ in got["DeviceAllow"]} - set(s.devices) - {"char-rtc"}
    if others or not set(s.devices) <= {d for d, how in got["DeviceAllow"] if how == "rw"}:
        bad.append(f"DeviceAllow: {got['DeviceAllow']}")
    if not got["RootDirectory"].startswith("/run/sealift/root/sealift-"):
        bad.append(f"RootDirectory: {got['RootDirectory']}")
    return bad, len(want) + 4


def normal(events):
    """The same calendar events as systemd writes them."""
    done = subprocess.run(["systemd-analyze", "calendar", "--", *events], capture_output=True, text=True, check=True)
    return re.findall(r"^ *Normalized form: (.*)$", done.stdout, flags=re.M)


def all_calls():
    with open(f"{UNITS}/known-calls.service", "w", encoding="ascii") as f:
        f.write("[Service]\nExecStart=/usr/bin/true\nSystemCallFilter=@known\n")
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    return set(properties("known-calls.service")["SystemCallFilter"][1])


def documented():
    """The keys of what becomes a unit in the manual."""
    keys, section = set(), ""
    with open("/usr/share/man/man5/sealift.manifest.5", encoding="utf-8") as f:
        for line in f:
            section = line[5:].split()[0] if line.startswith(".Ss [") else "" if line.startswith((".Ss", ".Sh")) else section
            if section in ("Service", "Sandbox", "Socket", "Timer") and line.startswith(".It Ic "):
                keys.add(line[7:].split("=")[0])
    return keys


used = set()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    p.add_argument("--manifests", type=int, default=25)
    a = p.parse_args()
    rng.seed(a.seed)
    print(f"# seed {a.seed}")
    known, units, count, bad = all_calls(), 0, 0, 0
    for n in range(a.manifests):
        text, services, held = make_manifest(n)
        names = install(text)
        subprocess.run(["systemctl", "daemon-reload"], check=True)
        looks = [(names[s.name], s, compare(s, properties(names[s.name]), known)) for s in services]
        looks += [(h.unit, h, compare_held(h, properties(h.unit))) for h in held]
        if lost := set(names.values()) - {unit for unit, _, _ in looks} - {u for u in names.values() if "-proxy@" in u}:
            looks.append((", ".join(lost), services[0], (["not of the manifest"], 1)))
        for unit, one, (faults, more) in looks:
            units, count = units + 1, count + more
            for fault in faults:
                bad += 1
                print(f"# {unit}: {fault}"[:1000])
                if bad == 1:
                    print("\n".join(f"#   {l}" for l in one.lines + one.sandbox)[:3000])
        subprocess.run(["rm", "-rf"] + [f"{UNITS}/{u}{d}" for u in names.values() for d in ("", ".d")], check=True)
    # Those of a migration go into a unit of its own.
    missing = documented() - used - {"After", "ExecMigrate", "MigrateWhile"}
    if missing:
        print(f"# keys that were never tried: {' '.join(sorted(missing))}")
    print(f"# {units} units, {count} properties, {len(used)} keys: {bad} differences")
    sys.exit(1 if bad or missing or not units else 0)


main()
