#!/usr/bin/env bash
# The agent's own clock: it notices a release without being asked, waits longer after each failure, at times that chance spreads,
# and goes on by itself once an outage is over.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# pause: seconds from the last check to the next.
pause() { sealift status --json | jq '(.next_check | fromdate) - (.last_check | fromdate)'; }
# pause_is MOST: that many seconds, less a quarter at most; dates are whole seconds.
pause_is() {
    local got
    got=$(pause)
    diag "$got s"
    [ "$got" -le $(($1 + 1)) ] && [ "$got" -ge $(($1 * 3 / 4 - 1)) ]
}
pauses() {
    for _ in 1 2 3 4; do
        sealift check >&2
        pause
    done
}
poll_every() {
    sed -i "s/^PollSec=.*/PollSec=$1/" /etc/sealift/sealift.conf
    systemctl restart sealiftd.service
}
has_failed() { [ "$(sealift status --json | jq -r .last_result)" != "up to date" ]; }

web_begin
ok "after a success the next check is a poll away" pause_is 3600
ok "give or take what chance says" [ "$(pauses | sort -u | wc -l)" -gt 1 ]
bucket_stop
for most in 15 30 60 120; do
    not_ok "no bucket: the check fails" sealift check
    ok "the next one is at most $most s away" pause_is "$most"
done
bucket_start
ok "the bucket is back" sealift check
ok "and the pauses are as before" pause_is 3600

poll_every 2s
web_publish 2
ok "a release is noticed by itself" await 20 web_answers 2
bucket_stop
ok "so is an outage" await 20 has_failed
web_publish 3
bucket_start
ok "and its end" await 20 web_answers 3
done_testing
