#!/usr/bin/env bash
# A poll that finds nothing new: its requests and what they bring, the CPU time of the process that makes them, against one
# `curl -z` of one file from the same bucket, and what it writes to disk.
# shellcheck disable=SC2034 # for lib.sh
SCENARIO_OPTIONS=(--disk)
# shellcheck source=tests/benchmarks/lib.sh
. "${0%/*}/lib.sh"

PAIRS=30

curl_cpu() {
    python3 - "$@" <<'PYTHON'
import os, subprocess, sys
p = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, _, usage = os.wait4(p.pid, 0)
print(round((usage.ru_utime + usage.ru_stime) * 1000, 1))
PYTHON
}

written() {
    local pid total=0
    for pid in $(pidof sealiftd sealift-unitd); do
        total=$((total + $(awk '/^write_bytes/ { print $2 }' "/proc/$pid/io")))
    done
    echo "$total"
}

web_begin
sealift check >/dev/null
before=$(written)
requests_mark
sealift check >/dev/null
read -r requests bytes < <(tail -n "+$((requests_seen + 1))" "$BUCKET_LOG" |
    jq -rs 'map(select(.path | startswith("/reports/") | not).sent) | "\(length) \(add)"')
wrote=$(($(written) - before))
for ((i = 0; i < PAIRS; i++)); do
    /tests/host/worker.py cpu main metadata/2.root.json metadata/timestamp.json >>/srv/ours
    curl_cpu curl --silent --cacert /etc/sealift/ca.pem -z 2100-01-01 https://bucket.test/metadata/timestamp.json >>/srv/theirs
done
ours=$(median </srv/ours)
theirs=$(median </srv/theirs)
row "poll with nothing new: CPU of the fetch process" "$ours ms" "curl -z: $theirs ms" "$(ratio "$ours" "$theirs")" "1.5 or less"
row "poll with nothing new: requests" "$requests" - - "2"
row "poll with nothing new: bodies of the answers" "$bytes bytes" - - "small"
row "poll with nothing new: written to disk" "$wrote bytes" - - "0"
