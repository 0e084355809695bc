#!/usr/bin/env bash
# Each call of either daemon that touches the disk fails once, in turn: the disk is full (ENOSPC), or broken (EIO), or there are no
# descriptors left (EMFILE); and a disk that stays full from some call on until the update is over. Everything that crashes.t
# looks at holds, and the update is installed by the next poll. Some of the calls, others each day; all with `tests/check --long`.
#
#       tests/host/boot --install DIR --strike scenarios/faults.t sealiftd update --fault EIO --first 17  (crashes.py --help)
SCENARIO_OPTIONS=(--strike --timeout 900)
# shellcheck disable=SC2034 # for scenario.sh
if [ -n "${SEALIFT_LONG:-}" ]; then
    SCENARIO_OPTIONS=(--strike --timeout 7200)
    SCENARIO_ARGUMENTS=(long)
fi
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/crashes.sh
. "${0%/*}/../host/crashes.sh"

crashes_begin "$@"
for program in sealiftd sealift-unitd; do
    series "$program: the disk is full once" 9 "$program" update --fault ENOSPC
    series "$program: the disk is full once, in a rollback" 20 "$program" rollback --fault ENOSPC
    series "$program: the disk is full from there on" 27 "$program" update --fault ENOSPC --lasting
    series "$program: a write fails" 13 "$program" update --fault EIO
    series "$program: a read fails" 6 "$program" update --fault EIO --reads
    series "$program: no descriptor is free" 9 "$program" update --fault EMFILE --opens
done
figure "$total calls failed"
done_testing
