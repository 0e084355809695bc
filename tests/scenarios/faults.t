#!/usr/bin/env bash
# Each call of either daemon that touches the disk fails once, in turn, in an update, three kinds of rollback, a repair and a
# collection: the disk is full (ENOSPC), or broken (EIO), or there are no descriptors left (EMFILE); and a disk that stays full from
# some call on until that is over. Everything that crashes.t looks at holds, and the next poll, repair or collection ends as it
# should. Some of the calls, others each day; all of some 11,500 with `tests/check --long`.
#
#       tests/host/boot --install DIR --strike scenarios/faults.t sealiftd update --fault EIO --first 17  (crashes.py --help)
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

workers_without_walls
crashes_begin "$@"
# each PROGRAM STORY ENOSPC LASTING EIO EMFILE: one of so many calls, in a short run; the last but one is all that read or write, the
# last all that open. A repair comes before a rollback, after which the bucket has another release than the one that runs. A disk
# that stays full under a question costs a minute, which sealiftd waits for an answer.
each() {
    series "$1, $2: the disk is full once" "$3" "$1" "$2" --fault ENOSPC
    series "$1, $2: the disk is full from there on" "$4" "$1" "$2" --fault ENOSPC --lasting
    series "$1, $2: the disk does not do it" "$5" "$1" "$2" --fault EIO
    series "$1, $2: no descriptor is free" "$6" "$1" "$2" --fault EMFILE
}
each sealiftd update 27 27 83 27
each sealiftd repair 25 25 151 49
each sealiftd gc 4 4 23 7
each sealift-unitd update 120 235 303 97
each sealift-unitd repair 6 6 11 5
each sealift-unitd gc 3 3 5 2
each sealiftd rollback 30 30 79 25
each sealift-unitd rollback 97 199 241 59
each sealiftd trial 24 37 125 37
each sealift-unitd trial 37 51 125 29
each sealiftd order 28 28 135 44
each sealift-unitd order 85 175 223 57
# alone PROGRAM STORY ENOSPC EIO: the same of releases that cannot run beside one another.
alone() {
    series "$1, $2, alone: the disk is full once" "$3" "$1" "$2" --how alone --fault ENOSPC
    series "$1, $2, alone: the disk does not do it" "$4" "$1" "$2" --how alone --fault EIO
}
alone sealiftd update 43 251
alone sealift-unitd update 163 303
alone sealiftd rollback 41 241
alone sealift-unitd rollback 149 293
figure "a call failed at $(points); at $healed a removal, which was made good when the program was started the next time"
done_testing
