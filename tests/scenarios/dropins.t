#!/usr/bin/env bash
# What systemd makes of the units of random manifests: each property is what the manifest says, each wall stands. Thousands
# of them with `tests/check --long`; a run that failed can be had again: tests/host/boot ... scenarios/dropins.t 25 SEED
if [ -n "${SEALIFT_LONG:-}" ]; then
    SCENARIO_ARGUMENTS=(200)
fi
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

manifests=${1:-25}
status=0
said=$(/tests/host/dropins.py --manifests "$manifests" ${2:+--seed "$2"} 2>&1) || status=$?
diag "${said//# /}"
is "$status" 0 "what systemd loaded is what the manifests say: ${said##*# }"
done_testing
