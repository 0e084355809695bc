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
import ctypes, struct, time
allow = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000))
program = ctypes.create_string_buffer(struct.pack("=HxxxxxxQ", 1, ctypes.addressof(allow)))
time.sleep(1)
assert ctypes.CDLL(None).prctl(22, 2, program, 0, 0) == 0
while True:
    time.sleep(100)
PYTHON
    chmod 755 /srv/careful/main
    install careful 1 <<'INTENT'
[Service main]
ExecStart=/bundle/main
INTENT
    ok "a service that filters its own system calls starts" unitd start "$sealed"
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
    is "$(leftovers guarded)" "" "and the unit stopped"

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

units_begin
filters_itself
tampering
systemd_changes
units_end
