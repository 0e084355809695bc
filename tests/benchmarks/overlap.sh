#!/usr/bin/env bash
# Whether an install uses both processors: the same 250 MB in 5,000 files, from a bucket to a store that are both in memory, so that
# no disk is waited for. Of each second until the release is on disk, how long sealift's processes ran; and how long they had
# something to do, which counts a process that waits for a processor others have, and so is the same on a busy machine. More
# than 1 is more than one process can have.
# shellcheck disable=SC2034 # for lib.sh
SCENARIO_OPTIONS=(--timeout 600)
# shellcheck source=tests/benchmarks/lib.sh
. "${0%/*}/lib.sh"

RUNS=3

# per_second START END <SAMPLES: of work.py.
per_second() {
    awk -v start="$1" -v end="$2" '$1 <= start { t = $1; ran = $2; waited = $3 } $1 <= end { T = $1; R = $2; W = $3 }
        END { printf "%.2f %.2f\n", (R - ran) / 1e6 / (T - t), (R - ran + W - waited) / 1e6 / (T - t) }'
}

# The store is in memory here, which would count as sealiftd's own.
site_dropin sealiftd Service MemoryMax=infinity
web_begin
ballast_write
for ((run = 1; run <= RUNS; run++)); do
    ballast_publish "b$run"
    rm -f /srv/samples
    /tests/benchmarks/work.py >/srv/samples &
    sampler=$!
    await 20 test -s /srv/samples
    start=$(now_ms)
    sealift check >/dev/null
    end=$(ended installed "b$run")
    kill "$sampler"
    read -r ran worked <<<"$(per_second "$start" "$end" </srv/samples)"
    diag "$((end - start)) ms: $ran processors used, $worked wanted"
    echo "$ran" >>/srv/ran
    echo "$worked" >>/srv/worked
done
diag "load: $(cut -d' ' -f1-3 /proc/loadavg)"
row "install in memory: processes with work at a time, on average" "$(median </srv/worked)" - - "more than 1"
row "the same: processors used" "$(median </srv/ran)" - - "more than 1, on an idle machine"
