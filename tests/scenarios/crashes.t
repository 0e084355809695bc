#!/usr/bin/env bash
# A program of sealift is killed at each call that changes the disk, in turn, through updates, rollbacks, collections and repairs,
# and systemd starts it again: a release is answered from all along, nothing half-made is to be seen, the next poll ends as it
# should, and each event is reported once. In a short run one call of so many (see the list below), others each day, and its figure
# says how many are left out; `tests/check --long` takes all.
#
#       tests/host/boot --install DIR --strike scenarios/crashes.t sealiftd update --first 17     (crashes.py --help)
SCENARIO_OPTIONS=(--strike --timeout 3600)
# shellcheck disable=SC2034 # for scenario.sh
if [ -n "${SEALIFT_LONG:-}" ]; then
    SCENARIO_OPTIONS=(--strike --timeout 14400)
    SCENARIO_ARGUMENTS=(long)
fi
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# shellcheck source=tests/host/crashes.sh
. "${0%/*}/../host/crashes.sh"

# Lines of strace for calls that change the disk, as strike.c counts them.
CALLS='[^a-z](openat\(.*O_(CREAT|TRUNC)|p?write(64)?\([0-9]+</(var|run)/|fsync\(|fdatasync\(|syncfs\(|fchmod\(|fchown\(|ftruncate\(|fallocate\(|utimensat\(|fsetxattr\(|mkdirat\(|unlinkat\(|renameat2?\(|symlinkat\(|linkat\(|fchmodat2?\(|ioctl\([0-9]+<[^>]*>, FS_IOC_ENABLE_VERITY)'
traced_calls() { grep -cE "$CALLS" "$1"; }

nothing_to_deliver() { [ -z "$(find /var/lib/sealift/outbox -name '*.json')" ]; }

# counted PROGRAM: whether strike.c misses anything.
counted() {
    local tracer count
    await 20 nothing_to_deliver
    strace -f -y -p "$(systemctl show -P MainPID "$1.service")" -o /srv/trace 2>/srv/strace &
    tracer=$!
    await 10 grep -q attached /srv/strace
    count=$(crashes "$1" update --count)
    kill "$tracer"
    wait "$tracer" || true
    diag "$1: $count calls change the disk in one update"
    is "$count" "$(traced_calls /srv/trace)" "$1: strace sees as many"
}

workers_without_walls
crashes_begin "$@"
counted sealiftd
counted sealift-unitd
for program in sealiftd sealift-unitd; do
    series "$program killed in an update" 4 "$program" update
    series "$program killed in a rollback" 5 "$program" rollback
    series "$program killed on a release's way back from its time on trial" 4 "$program" trial
    series "$program killed in the operator's rollback" 4 "$program" order
    series "$program killed in a collection" 1 "$program" gc
    series "$program killed in an update, and again on its way back" 12 "$program" update --again 13
done
# Of a repair the update's fetching and unpacking is the longer part.
series "sealiftd killed in a repair" 6 sealiftd repair
[ $# -gt 0 ] || ok "hundreds of points" [ "$total" -ge 200 ]
figure "killed at $(points)"
done_testing
