#!/usr/bin/env bash
# A program of sealift is killed at each call that changes the disk, in turn, through updates, rollbacks, collections and repairs,
# and systemd starts it again: a release is answered from all along, also where the old one stops before the new one starts,
# nothing half-made is to be seen, the next poll ends as it should, and each event is reported once. In a short run one call of
# so many (see the list below), others each day, and its figure says how many are left out; `tests/check --long` takes all.
#
#       tests/host/boot --install DIR --strike scenarios/crashes.t sealiftd update --first 17     (crashes.py --help)
SCENARIO_OPTIONS=(--strike --timeout 3600)
# shellcheck disable=SC2034 # for scenario.sh
if [ -n "${SEALIFT_LONG:-}" ]; then
    SCENARIO_OPTIONS=(--strike --timeout 28800)
    SCENARIO_ARGUMENTS=(long)
fi
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# shellcheck source=tests/host/crashes.sh
. "${0%/*}/../host/crashes.sh"

# Lines of strace for calls that change the disk: those that strike.c counts, and all others that there are.
COUNTED='openat\(.*O_(CREAT|TRUNC)|p?write(64)?\([0-9]+</(var|run)/|fsync\(|fdatasync\(|syncfs\(|fchmod\(|fchown\(|ftruncate\(|fallocate\('
COUNTED+='|utimensat\(|fsetxattr\(|mkdirat\(|unlinkat\(|renameat2?\(|symlinkat\(|linkat\(|fchmodat2?\(|ioctl\([0-9]+<[^>]*>, FS_IOC_ENABLE_VERITY'
OTHERS='p?writev2?\([0-9]+</(var|run)/|copy_file_range\(|sendfile(64)?\(|truncate\(|rename\(|unlink\(|rmdir\(|mkdir\(|symlink\(|link\('
OTHERS+='|mknod(at)?\(|chmod\(|l?chown\(|fchownat\(|l?setxattr\(|[fl]?removexattr\('
CALLS="[^a-z]($COUNTED|$OTHERS)"
# And for calls that open something, be it there or not.
OPENS='[^a-z]open(at2?)?\('

nothing_to_do() { [ -z "$(find /var/lib/sealift/outbox -name '*.json')$(find /run/sealift/units -name '*.main-*')" ]; }

# counted PROGRAM STORY WHAT LINES [OPTION...]: whether strike.c misses any of the calls that strace has these LINES of. Where the
# story before has set a release back, there is an update first.
counted() {
    local program=$1 story=$2 what=$3 lines=$4 count
    shift 4
    await 60 nothing_to_do
    trace_begin -f -y -p "$(pid_of "$program.service")"
    count=$(crashes "$program" "$story" --count "$@")
    trace_end
    diag "$program, $story: $count calls $what"
    is "$count" "$(grep -cE "$lines" /srv/trace)" "$program, $story: strace sees as many that $what"
}

# each PROGRAM UPDATE ROLLBACK TRIAL ORDER AGAIN: one of so many calls, in a short run.
each() {
    series "$1 killed in an update" "$2" "$1" update
    series "$1 killed in a rollback" "$3" "$1" rollback
    series "$1 killed on a release's way back from its time on trial" "$4" "$1" trial
    series "$1 killed in the operator's rollback" "$5" "$1" order
    series "$1 killed in a collection" 1 "$1" gc
    series "$1 killed in an update, and again on its way back" "$6" "$1" update --again 13
}

# each_other PROGRAM HOW EVERY: of releases that take over otherwise (crashes.py --help).
each_other() {
    series "$1 killed in an update, $2" "$3" "$1" update --how "$2"
    series "$1 killed in a rollback, $2" "$3" "$1" rollback --how "$2"
    series "$1 killed on the way back from the time on trial, $2" "$3" "$1" trial --how "$2"
}

workers_without_walls
crashes_begin "$@"
for story in update gc rollback; do
    for program in sealiftd sealift-unitd; do
        counted "$program" "$story" "change the disk" "$CALLS"
        counted "$program" "$story" "open a file" "$OPENS" --fault EMFILE
    done
done
each sealiftd 4 5 4 4 12
# Of a question or a migration there is as much to write down as of a service.
each sealift-unitd 12 12 5 11 37
for how in stopped alone; do
    each_other sealiftd "$how" 23
    each_other sealift-unitd "$how" 87
done
# Of a repair the update's fetching and unpacking is the longer part.
series "sealiftd killed in a repair" 6 sealiftd repair
[ $# -gt 0 ] || ok "hundreds of points" [ "$total" -ge 200 ]
figure "killed at $(points)"
done_testing
