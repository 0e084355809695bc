#!/usr/bin/env bash
# Each call of either daemon that touches the disk fails once, in turn, in an update, a rollback, a repair and a collection: the disk
# is full (ENOSPC), or broken (EIO), or there are no descriptors left (EMFILE); and a disk that stays full from some call on until
# that is over. Everything that crashes.t looks at holds, and the next poll, repair or collection ends as it should. Some of the
# calls, others each day; all of some 3,600 with `tests/check --long`.
#
#       tests/host/boot --install DIR --strike scenarios/faults.t sealiftd update --fault EIO --first 17  (crashes.py --help)
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

workers_without_walls
crashes_begin "$@"
# each PROGRAM STORY ENOSPC EIO EMFILE: one of so many calls, in a short run; the last but one is all that read or write, the last
# all that open. A repair comes before a rollback, after which the bucket has another release than the one that runs.
each() {
    series "$1, $2: the disk is full once" "$3" "$1" "$2" --fault ENOSPC
    series "$1, $2: the disk is full from there on" "$3" "$1" "$2" --fault ENOSPC --lasting
    series "$1, $2: the disk does not do it" "$4" "$1" "$2" --fault EIO
    series "$1, $2: no descriptor is free" "$5" "$1" "$2" --fault EMFILE
}
each sealiftd update 27 83 27
each sealiftd repair 25 151 49
each sealiftd gc 4 23 7
each sealift-unitd update 33 89 27
each sealift-unitd repair 6 11 5
each sealift-unitd gc 3 5 2
each sealiftd rollback 30 79 25
each sealift-unitd rollback 41 97 23
figure "a call failed at $(points); at $healed a removal, which was made good when the program was started the next time"
done_testing
