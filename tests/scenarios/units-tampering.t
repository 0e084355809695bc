#!/usr/bin/env bash
# What is changed under a running unit, by whom it may be: drop-ins, systemd itself, the bus, the program.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

# A program may filter its own system calls: which unitd, looking again, must not take for other walls than before.
filters_itself() {
    local unit daemon
    mkdir -p /srv/careful
    cat >/srv/careful/main <<'PYTHON'
#!/usr/bin/python3
import ctypes, os, struct, time
allow = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000))
program = ctypes.create_string_buffer(struct.pack("=HxxxxxxQ", 1, ctypes.addressof(allow)))
os.chdir(os.environ["STATE_DIRECTORY"])
while not os.path.exists("go"):
    time.sleep(0.1)
assert ctypes.CDLL(None).prctl(22, 2, program, 0, 0) == 0
open("done", "w").close()
while True:
    time.sleep(100)
PYTHON
    chmod 755 /srv/careful/main
    install careful 1 <<'INTENT'
[Service main]
ExecStart=/bundle/main
StateDirectory=yes
INTENT
    ok "a service that will filter its own system calls starts" unitd start "$sealed"
    touch /var/lib/sealift-careful/go
    ok "and does" await 20 test -e /var/lib/sealift-careful/done
    unit=$(unit_of careful)
    daemon=$(pid_of sealift-unitd.service)
    kill -KILL "$daemon"
    await 10 another_pid sealift-unitd.service "$daemon"
    like "$(unitd list)" "^running careful 1 main $(pid_of "$unit") " "a unitd that starts anew is content with it"
    unitd stop "$sealed"
}

tampering() {
    local unit pid
    install guarded 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
Restart=always
RestartSec=100ms
INTENT
    unitd start "$sealed"
    unit=$(unit_of guarded)
    listen
    echo '# a comment' >>"/run/systemd/system/$unit.d/50-sealift.conf"
    systemctl daemon-reload
    heard "^failed guarded 1 main $unit .*50-sealift.conf was changed" "an edited drop-in is found out after a reload"
    is "$(unitd list)$(leftovers guarded)" "" "and the unit stopped"

    unitd start "$sealed"
    unit=$(unit_of guarded)
    listen
    rm -r "/run/systemd/system/$unit.d"
    systemctl daemon-reload
    heard "^failed guarded 1 main $unit .*50-sealift.conf" "so is one that was removed"

    unitd start "$sealed"
    unit=$(unit_of guarded)
    pid=$(pid_of "$unit")
    listen
    site_dropin service Service RestrictNamespaces=no
    heard "^running guarded 1 main $unit .*drop-ins of this host" "one of the host's own is told, and the service runs on"
    is "$(pid_of "$unit")" "$pid" "in the same process"
    listen
    kill -KILL "$pid"
    heard "^failed guarded 1 main $unit .*seccomp filters" "but the restart that lost RestrictNamespaces= to it is stopped"

    site_dropin service Service PrivateUsers=no
    like "$(unitd start "$sealed" || true)" "ENOTSUP.*host's user namespace" "a wall that is missing from the beginning fails the release, and is the host's fault"
    is "$(unitd list)$(leftovers guarded)" "" "which is stopped"

    site_dropin service Service ExecStart=
    like "$(unitd start "$sealed" || true)" "guarded.*systemd cannot start it" "a unit that systemd refuses fails the release"
    is "$(unitd list)$(leftovers guarded)" "" "and is not kept loaded"
    site_dropin_gone service
    like "$(journalctl --quiet --output=cat MESSAGE_ID=57c7bd71fd924917b6e0d2fb78255058)" "user namespace" "missing walls are in the journal"
}

# What happens to systemd and the bus happens to unitd too.
systemd_changes() {
    local unit pid daemon
    install steady 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
Restart=always
RestartSec=100ms
INTENT
    unitd start "$sealed"
    unit=$(unit_of steady)
    pid=$(pid_of "$unit")
    systemctl daemon-reexec
    is "$(unitd list)" "running steady 1 main $pid $unit" "systemd is replaced by itself, and the unit runs on"
    kill -KILL "$pid"
    ok "a restart is still seen" await 10 sh -c '/tests/host/unitd.py list | grep "^running steady" | grep -qv " '"$pid"' "'
    daemon=$(pid_of sealift-unitd.service)
    systemctl kill --signal=KILL dbus.service
    ok "without the bus unitd starts anew" await 20 another_pid sealift-unitd.service "$daemon"
    ok "and has the unit" await 10 sh -c '/tests/host/unitd.py list | grep -q "^running steady"'
    diag "unitd: $(grep -E '^(VmRSS|VmHWM)' "/proc/$(pid_of sealift-unitd.service)/status" | tr -s '\t\n ' ' ')"
    ok "it can be stopped" unitd stop "$sealed"
    is "$(unitd list)$(leftovers steady)" "" "and is gone"
}

# Its first thread ends, and another one goes on: of the first only a zombie is left, and the other one is behind the walls.
thread_ends() {
    local tasks
    mkdir -p /srv/threads /srv/data
    cat >/srv/threads/main <<'PYTHON'
#!/usr/bin/python3
import ctypes, os, socket, threading, time
def serve():
    while open("/proc/self/stat").read().split()[2] != "Z":
        time.sleep(0.01)
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
    while True:
        time.sleep(100)
threading.Thread(target=serve).start()
ctypes.CDLL(None).pthread_exit(None)
PYTHON
    chmod 755 /srv/threads/main
    install threads 1 <<'INTENT'
[Service main]
ExecStart=/bundle/main
Type=notify
INTENT
    ok "a program whose first thread has ended starts" timeout 60 /tests/host/unitd.py start "$sealed"
    tasks=$(echo "/proc/$(pid_of "$(unit_of threads)")/task/"*)
    nsenter --mount="${tasks##* }/ns/mnt" sh -c 'mkdir /run/data && mount -t tmpfs data /run/data'
    listen
    systemctl daemon-reload
    heard "^failed threads.*/run/data is mounted writable" "and its walls are looked at like any other's"
}

# The main process that it names is its child, which then ends, and for which it does not wait: systemd goes on with a zombie,
# of which the kernel shows nothing.
hides() {
    mkdir -p /srv/hiding
    cat >/srv/hiding/main <<'PYTHON'
#!/usr/bin/python3
import array, os, select, socket, time
go = os.path.join(os.environ["STATE_DIRECTORY"], "go")
def notify(text):
    ours, theirs = os.pipe()
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.connect(os.environ["NOTIFY_SOCKET"])
    s.send(text)
    s.sendmsg([b"BARRIER=1"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs]))])
    os.close(theirs)
    select.select([ours], [], [])
into, out = os.pipe()
child = os.fork()
if child == 0:
    os.read(into, 1)
    notify(b"READY=1")
    while not os.path.exists(go):
        time.sleep(0.01)
    os._exit(0)
notify(b"MAINPID=%d" % child)
os.write(out, b"x")
while True:
    time.sleep(100)
PYTHON
    chmod 755 /srv/hiding/main
    install hiding 1 <<'INTENT'
[Service main]
ExecStart=/bundle/main
Type=notify
StateDirectory=yes
INTENT
    ok "a service that names its child as its main process starts" unitd start "$sealed"
    touch /var/lib/sealift-hiding/go
    await 10 grep -q '^State:.*zombie' "/proc/$(pid_of "$(unit_of hiding)")/status"
    listen
    systemctl daemon-reload
    heard "^failed hiding.*nobody can see whether behind its walls" "and is stopped where that one is a zombie that cannot be looked at"
    is "$(unitd list)$(leftovers hiding)" "" "with all that it has"
}

# systemd does not answer: nothing is known, and nothing is done about what runs; afterwards it is looked at again.
no_answer() {
    local unit pid
    install patient 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
INTENT
    unitd start "$sealed"
    unit=$(unit_of patient)
    pid=$(pid_of "$unit")
    bus_refuses deny
    listen
    systemctl daemon-reload
    heard "^running patient.*cannot be looked at now" "a unit that systemd does not describe is told of"
    systemctl bind "$unit" /srv/data /run/data --mkdir
    is "$(unitd list)" "running patient 1 main $pid $unit" "and runs on"
    listen
    bus_refuses allow
    heard "^failed patient.*/run/data is mounted writable" "once systemd does again, it is looked at, of its own accord"
    is "$(journalctl --quiet --output=cat MESSAGE_ID=c70ddf088971464aa846ddb45b96f498 | wc -l)" 1 "which the journal says once"
    rm /etc/dbus-1/system.d/zz-scenario.conf
}

units_begin
thread_ends
hides
no_answer
filters_itself
tampering
systemd_changes
units_end
