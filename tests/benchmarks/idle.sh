#!/usr/bin/env bash
# An agent between two polls, with one release running: how much memory all of its processes have to themselves, and how often
# they wake up.
# shellcheck source=tests/benchmarks/lib.sh
. "${0%/*}/lib.sh"

SECONDS_IDLE=20

pids() { pgrep '^sealift'; }
pss() { for pid in $(pids); do awk -v name="$(cat "/proc/$pid/comm")" '/^Pss:/ { print name, $2 }' "/proc/$pid/smaps_rollup"; done; }
# Each time that a process goes to sleep it had woken up before.
switches() { for pid in $(pids); do awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$pid/status"; done | awk '{ n += $1 } END { print n }'; }

web_begin
sealift check >/dev/null
await 20 sh -c '! pgrep sealift-fetch'
pss | while read -r name kib; do diag "$name: $kib KiB PSS"; done
before=$(switches)
sleep "$SECONDS_IDLE"
woken=$(($(switches) - before))
total=$(pss | awk '{ n += $2 } END { printf "%.1f", n / 1024 }')
row "idle agent: memory of all processes" "$total MiB PSS" - - "8 MiB or less"
row "idle agent: wake-ups in $SECONDS_IDLE s" "$woken" - - "0"
