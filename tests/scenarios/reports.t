#!/usr/bin/env bash
# Reports: a receiver that never answers holds nothing up; one that was delivered just before the agent died says the same thing
# to the same place again; and POST, for receivers who want that.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

outbox_is_empty() { [ -z "$(find "$STORE/outbox" -name '*.json')" ]; }

# kill_after_delivery: the agent, as it is about to remove the next report. Before that, two temporary names were removed: the
# report's own and the counters'.
kill_after_delivery() {
    strace -f -p "$(systemctl show -P MainPID sealiftd.service)" -o /srv/trace -P "$STORE/outbox" -e trace=unlinkat \
        -e inject=unlinkat:signal=KILL:when=3 2>/srv/strace &
    await 10 grep -q attached /srv/strace
}

web_begin
ok "the first reports are delivered" await 20 outbox_is_empty
evil_start
evil_rule '/reports/*' stall
web_publish 2
ok "a receiver that never answers does not hold up an update" timeout 20 sealift check
is "$(web_page)" 2 "which is there"
not_ok "its report waits" outbox_is_empty
bucket_start

requests_mark
systemctl restart sealiftd.service
ok "with a receiver, it is delivered" await 20 outbox_is_empty
kill_after_delivery
requests_mark
sealift check || true
ok "the agent died between a delivery and its end, and is started again" await 20 report_says '.reason == "start"'
ok "and delivers what is left" await 20 outbox_is_empty
is "$(requests '.method == "PUT"' | sort | uniq -d | wc -l)" 1 "one report came twice, to the same place"
is "$(reports | sort | uniq -d | wc -l)" 1 "and said the same thing"
is "$(reports | sort -u | jq .sequence | sort | uniq -d)" "" "no number was used for another"

sed -i 's/^Method=.*/Method=POST/' /etc/sealift/sealift.conf
requests_mark
systemctl restart sealiftd.service
ok "with Method=POST a report comes" await_report 20 '.reason == "start"'
is "$(requests '.path | startswith("/reports")' | awk '{ print $1 }' | sort -u)" POST "by POST"
done_testing
