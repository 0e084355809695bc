# shellcheck shell=bash
# What crashes.t and faults.t share: series of updates of which each is struck at another call (tests/host/crashes.py).

crashes() { PYTHONDONTWRITEBYTECODE=1 /tests/host/crashes.py "$@"; }

# workers_without_walls: most of an update's time goes into the walls of sealift-fetch and sealift-unpack, which others look at.
workers_without_walls() {
    local worker dir
    for worker in fetch unpack; do
        dir=/run/systemd/system/sealift-$worker@.service.d
        mkdir -p "$dir"
        cat >"$dir/walls.conf" <<'UNIT'
[Service]
DynamicUser=no
User=daemon
PrivateUsers=no
PrivateTmp=no
PrivateDevices=no
PrivateIPC=no
PrivateMounts=no
PrivateNetwork=no
ProtectSystem=no
ProtectHome=no
ProtectProc=default
ProcSubset=all
ProtectClock=no
ProtectHostname=no
ProtectKernelLogs=no
ProtectKernelModules=no
ProtectKernelTunables=no
ProtectControlGroups=no
TemporaryFileSystem=
InaccessiblePaths=
NoExecPaths=
ExecPaths=
RestrictAddressFamilies=
RestrictNamespaces=no
RestrictRealtime=no
RestrictSUIDSGID=no
LockPersonality=no
MemoryDenyWriteExecute=no
SystemCallArchitectures=
SystemCallFilter=
UNIT
    done
}

# crashes_begin [long | CRASHES-ARGUMENT...]: the agent runs release 1 of the bundle "step"; with arguments, only that series is
# run, and the scenario ends.
crashes_begin() {
    bucket_start
    publisher_init
    agent_configure
    agent_grant step Listen=tcp:127.0.0.1:8090
    crashes begin
    agent_start
    ok "release 1 is installed" sealift check
    all=${1:-}
    if [ $# -gt 1 ]; then
        crashes "$@"
        exit 0
    fi
}
all=
total=0 calls=0 days=0 healed=0

# series NAME EVERY PROGRAM STORY [OPTION...]: each call in turn in a long run, else one of EVERY, others each day.
series() {
    local name=$1 every=$2 said
    shift 2
    [ "$all" = "" ] || every=1
    [ "$every" -le "$days" ] || days=$every
    crashes "$@" --every "$every" --first $((1 + $(date +%-j) % every)) >/srv/series || true
    said=$(tail -n 1 /srv/series)
    like "$said" "^[1-9][0-9]* points, 0 failed" "$name"
    [[ $said =~ ", 0 failed" ]] || diag "$(cat /srv/series)"
    diag "$name: $said"
    total=$((total + ${said%% *}))
    [[ ! $said =~ ([0-9]+)" well only after a start" ]] || healed=$((healed + BASH_REMATCH[1]))
    [[ ! $said =~ " of "([0-9]+)" calls" ]] || calls=$((calls + BASH_REMATCH[1]))
}

# points: how many of all there were, and where the others are.
points() {
    echo "$total of $calls points$([ "$days" -le 1 ] || echo "; others each day, each of them within $days days; all: tests/check --long")"
}
