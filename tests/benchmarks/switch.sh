#!/usr/bin/env bash
# How long nobody answers while one release makes way for the next, where the service has a port of its own and so the old one
# has to stop first; against `systemctl restart` of the same unit.
# shellcheck source=tests/benchmarks/lib.sh
. "${0%/*}/lib.sh"

RUNS=20

# Neither is to share the processors with what the other left to do: the report of a poll is still sent behind it.
settle() { await 20 sh -c '! pgrep "sealift-(fetch|unpack)"'; }

web_begin
python3 /tests/benchmarks/gap.py 8080 >/srv/gaps &
asker=$!
for ((run = 2; run <= RUNS + 1; run++)); do
    web_publish "$run"
    settle
    kill -USR1 "$asker"
    sealift check >/dev/null
    kill -USR2 "$asker"
    await 5 sh -c "test \$(wc -l </srv/gaps) -ge $(((run - 2) * 2 + 1))"
    settle
    kill -USR1 "$asker"
    systemctl restart "$(web_unit)"
    await 5 web_answers "$run"
    kill -USR2 "$asker"
    await 5 sh -c "test \$(wc -l </srv/gaps) -ge $(((run - 1) * 2))"
done
kill "$asker"
diag "$(paste -sd" " /srv/gaps)"
ours=$(sed -n '1~2p' /srv/gaps | median)
theirs=$(sed -n '2~2p' /srv/gaps | median)
row "gap in service at a switch without a socket" "$ours ms" "systemctl restart: $theirs ms" "$(ratio "$ours" "$theirs")" "1.0 or less"
