#!/usr/bin/env bash
# What status and reports say of a bundle is what it does: whoever stops it, while nobody looked, or when it could not be
# started for a while.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

states() { [ "$(bundle_state web state)" = "$1" ]; }
since() { bundle_state web since; }
agent_pid() { systemctl show -P MainPID sealiftd.service; }

web_begin
before=$(since)
web_write 2
sed -i 's/tcp:8080/tcp:9090/' /srv/web.manifest
publish_release 2 "$WEB" /srv/web.manifest
not_ok "a release without a grant is refused" sealift check
is "$(bundle_state web state) $(since)" "running $before" "the old one has been running all the time"
web_publish 3
ok "the next one is installed" sealift check

echo nonsense >/etc/sealift/policy.d/zz.conf
journal_mark
not_ok "policy that cannot be read: the check fails" sealift check
like "$(await_journal 10 "MESSAGE_ID=fb69c067115948aca73da0f3eb5ecc54")" zz.conf "and the journal names the file"
is "$(readlink "/proc/$(agent_pid)/fd/0")" /dev/null "no descriptor is closed for it"
rm /etc/sealift/policy.d/zz.conf
ok "without that file, all is well" sealift check

requests_mark
systemctl stop "$(web_unit)"
ok "a unit that was stopped by hand does not run, and status says so" await 10 states failed
expect_report "stopped by hand" '.bundles[] | select(.name == "web") | .state == "failed" and .error != null'
systemctl restart sealiftd.service
ok "the agent starts it at its own start" await 20 web_answers 3
ok "and says so" await 10 states running

unit=$(web_unit)
systemctl stop sealift-unitd.socket sealift-unitd.service
systemctl stop "$unit"
systemctl start sealift-unitd.socket
sealift check || true
is "$(bundle_state web state)" failed "a unit that ended while sealift-unitd was away does not run, and status says so"

systemctl stop sealiftd.service
systemd-run --quiet --unit=squatter python3 -m http.server 8080
await 10 curl --silent --output /dev/null http://localhost:8080/
systemctl start sealiftd.service
ok "its port is taken: the agent cannot start it" await 60 states failed
systemctl stop squatter.service
sealift check || true
is "$(bundle_state web state) $(web_page)" "running 3" "with the port free, the next poll starts it"

systemctl stop sealiftd.service
invocation=$(web_invocation)
echo rubbish >"$STORE/state/web"
journal_mark
systemctl start sealiftd.service
ok "a damaged state file does not keep the agent down" await_active 20 sealiftd.service
like "$(bundle_state web state) $(bundle_state web error)" "^failed .*web:1: .*remove it" "status names file, line and remedy"
like "$(await_journal 10 MESSAGE_ID=ee8f25f64a2040b5b304c5fd541adc52)" "web:1" "so does the journal"
web_publish 4
not_ok "nothing of that bundle is updated" sealift check
is "$(web_invocation) $(web_page)" "$invocation 3" "nor stopped"
rm "$STORE/state/web"
systemctl stop sealiftd.service
printf 'rubb\0ish' >"$STORE/outbox/counters"
journal_mark
systemctl start sealiftd.service
ok "nor do damaged counters of reports" await_active 20 sealiftd.service
like "$(await_journal 10 "MESSAGE_ID=${EVENT[report-failed]}")" "counters" "which the journal names"
ok "with the file removed, the channel's release is installed anew" sealift check
is "$(web_page)" 4 "and answers"
done_testing
