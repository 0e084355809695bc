#!/usr/bin/env bash
# Limits, as the kernel has them: each one that a manifest or this host's configuration can set is in force, and a service for
# which one is not does not come up. A container has no such cgroups.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_HOST=vm
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

limited() {
    install limited 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
MemoryMax=48M
MemoryHigh=40M
MemorySwapMax=0
TasksMax=7
CPUQuota=150%
CPUWeight=50
IOWeight=60
LimitNOFILE=100
LimitCORE=4096
INTENT
}

# has FILE...: what its cgroup has there
has() { (cd "/sys/fs/cgroup$(systemctl show --property=ControlGroup --value "$(unit_of limited)")" && cat "$@" | tr '\n' ' '); }

in_force() {
    local limits
    ok "a service with every limit starts" unitd start "$sealed"
    is "$(has memory.max memory.high memory.swap.max pids.max cpu.max cpu.weight io.weight)" \
        "$((48 << 20)) $((40 << 20)) 0 7 150000 100000 50 default 60 " "its cgroup has them"
    limits=$(tr -s ' ' <"/proc/$(pid_of "$(unit_of limited)")/limits")
    like "$limits" "Max open files 100 100 files.*" "it has so many descriptors"
    like "$limits" "Max core file size 4096 4096 bytes" "and so much of a core dump"
    unitd stop "$sealed"
}

# site LINE...: of this host's own, for units of this bundle.
site() {
    mkdir -p /run/systemd/system/sealift-limited.main@.service.d
    printf '%s\n' '[Service]' "$@" >/run/systemd/system/sealift-limited.main@.service.d/90-site.conf
    systemctl daemon-reload
}

# turn UNIT LINE...: the same for one that runs. At a reload systemd 252 undoes what set-property has made of anything that our
# drop-in names, unless a later one names it too; 257 leaves alone what runs.
turn() {
    systemctl set-property --runtime "$@"
    site "${@:2}"
}

# loose LINE REGEX: as if systemd had gone on without.
loose() {
    site "$1"
    like "$(unitd start "$sealed" || true)" "$2" "$1 of the host's: it does not come up"
}

missing() {
    loose MemoryMax=infinity "its memory.max is max, and should be $((48 << 20)) at most"
    loose MemoryHigh=infinity "its memory.high is max, and should be $((40 << 20)) at most"
    loose MemorySwapMax=infinity "its memory.swap.max is max, and should be 0 at most"
    loose TasksMax=8 "its pids.max is 8, and should be 7 at most"
    loose CPUQuota=151% "its cpu.max is 151000 100000, and should be 150% of a processor at most"
    loose CPUWeight=51 "its cpu.weight is 51, and should be 50"
    loose IOWeight=61 "its io.weight is default 61, and should be 60"
    loose LimitNOFILE=101 "Max open files.* should be 100 at most"
    loose LimitCORE=infinity "Max core file size.* should be 4096 at most"
}

is_told() { journalctl --quiet --output=cat MESSAGE_ID=57c7bd71fd924917b6e0d2fb78255058 | grep -q "$1"; }
nothing_runs() { [ -z "$(unitd list)" ]; }

# looks: unitd has looked again after a reload: it tells when what it has seen of this host's drop-ins has changed.
looks() { heard "^running limited.*drop-ins of this host" "$1"; }

# An operator may make limits tighter, and turn shares either way; not give a service more than it was promised.
turned() {
    local unit group
    install limited 2 < <(sed -n '/^\[Service/,/^\[Content/p' "$sealed" | grep -v '^\[Content')
    unitd start "$sealed"
    unit=$(unit_of limited)
    listen
    group=/sys/fs/cgroup$(systemctl show -P ControlGroup "$unit")
    turn "$unit" CPUWeight=idle IOWeight=1000 MemoryMax=32M TasksMax=5 CPUQuota=50%
    looks "limits are made tighter, and shares others, while it runs"
    is "$(cat "$group/pids.max" "$group/cpu.idle" | xargs)" "5 1" "systemd has made it so"
    systemctl kill --signal=KILL sealift-unitd.service
    await 10 sh -c "/tests/host/unitd.py list | grep -q '^running limited 2 main [0-9]* $unit'"
    is "$(unitd list)" "running limited 2 main $(pid_of "$unit") $unit" "it runs on, also for a unitd that starts anew"
    turn "$unit" TasksMax=8
    ok "one that is made wider stops it" await 60 nothing_runs
    ok "and the journal says which" await 20 is_told "its pids.max is 8, and should be 7 at most"
}

units_begin
limited
in_force
turned
missing
units_end
