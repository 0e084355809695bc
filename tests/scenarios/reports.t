#!/usr/bin/env bash
# Reports: a receiver that never answers holds nothing up; one that was delivered just before the agent died says the same thing
# to the same place again; and POST, for receivers who want that.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_OPTIONS=(--clock)
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

outbox_is_empty() { [ -z "$(find "$STORE/outbox" -name '*.json')" ]; }

# kill_after_delivery: the agent, as it is about to remove the next report. Before that, two temporary names were removed: the
# report's own and the counters'.
kill_after_delivery() {
    trace_begin -f -p "$(pid_of sealiftd.service)" -P "$STORE/outbox" -e trace=unlinkat -e inject=unlinkat:signal=KILL:when=3
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
sealift hold web || true
ok "the agent died between a delivery and its end, and is started again" await 20 report_says '.reason == "start"'
ok "and delivers what is left" await 20 outbox_is_empty
is "$(requests '.method == "PUT"' | sort | uniq -d | wc -l)" 1 "one report came twice, to the same place"
is "$(reports | sort | uniq -d | wc -l)" 1 "and said the same thing"
is "$(reports | sort -u | jq .sequence | sort | uniq -d)" "" "no number was used for another"

# Who has nothing new to say.
outbox_listing() { find "$STORE/outbox" -printf '%p %i %C@\n' | LC_ALL=C sort; }
mkdir -p /run/systemd/system/sealiftd.service.d
printf '[Service]\nEnvironment=LD_PRELOAD=/usr/lib/clock.so\n' >/run/systemd/system/sealiftd.service.d/clock.conf
echo 0 >/etc/clock
systemctl daemon-reload
systemctl restart sealiftd.service
ok "another check" sealift check
ok "all is delivered" await 20 outbox_is_empty
before=$(outbox_listing)
echo 3500 >/etc/clock
ok "one with nothing new" sealift check
is "$(outbox_listing)" "$before" "is not reported"
requests_mark
ok "an order is" sealift unhold web
ok "at once" await_report 20 '.reason == "order" and (.bundles[0].held | not)'
requests_mark
ok "one that changes nothing" sealift unhold web
ok "is an order all the same" await_report 20 '.reason == "order"'
ok "all is delivered" await 20 outbox_is_empty
before=$(outbox_listing)
ok "and known to the next check" sealift check
is "$(outbox_listing)" "$before" "which has nothing to add"
requests_mark
echo 7200 >/etc/clock
ok "an hour later" sealift check
ok "the machine is heard from" await_report 20 '.reason == "poll"'
requests_mark
echo 7300 >/etc/clock
bucket_stop
not_ok "a check that fails" sealift check
bucket_start
ok "is reported" await_report 45 '.reason == "poll" and .error != null'
ok "and the next one, which is well" await_report 45 '.reason == "poll" and .error == null'
rm /run/systemd/system/sealiftd.service.d/clock.conf /etc/clock
systemctl daemon-reload

sed -i 's/^Method=.*/Method=POST/' /etc/sealift/sealift.conf
requests_mark
systemctl restart sealiftd.service
ok "with Method=POST a report comes" await_report 20 '.reason == "start"'
is "$(requests '.path | startswith("/reports")' | awk '{ print $1 }' | sort -u)" POST "by POST"
done_testing
