#!/usr/bin/env bash
# Updates in a row, many of them with one of the daemons killed at a random call, others in peace: nothing leaks, no descriptor,
# memory, unit, drop-in, root directory, mount, inode or byte. Thirty of them; with `tests/check --long` a thousand with
# a kill and two hundred in peace.
#
#       tests/host/boot --install DIR --strike scenarios/endurance.t 100 100 --seed 7     (tests/host/endurance.py --help)
SCENARIO_OPTIONS=(--strike)
SCENARIO_ARGUMENTS=(15 15)
# shellcheck disable=SC2034 # for scenario.sh
if [ -n "${SEALIFT_LONG:-}" ]; then
    SCENARIO_OPTIONS=(--strike --timeout 14400)
    SCENARIO_ARGUMENTS=(1000 200)
fi
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/crashes.sh
. "${0%/*}/../host/crashes.sh"

crashes_begin
status=0
PYTHONDONTWRITEBYTECODE=1 /tests/host/endurance.py "$@" >/srv/soak 2>&1 || status=$?
diag "$(cat /srv/soak)"
is "$status" 0 "nothing leaks: $(tail -n 1 /srv/soak)"
figure "$(tail -n 1 /srv/soak)"
[ "$1" -ge 1000 ] || skip "$((1000 - $1)) more updates with a kill: an hour; tests/check --long"
done_testing
