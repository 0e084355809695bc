#!/usr/bin/env bash
# sealift-unitd dies of a release that has proved itself, whenever it is to start it: there is nothing better to go back to, but
# neither is it asked again as often as it is back. After a few times in a row that is done at its own time only, or when somebody
# asks; all else goes on.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh
# shellcheck source=tests/host/deaths.sh
. /tests/host/deaths.sh

# left_alone: sealift-unitd is killed and found again without being asked for a start. Its time may come in between; but the pauses
# grow, and so there is one in the end that is long enough.
left_alone() {
    local died said
    said=$(bundle_state app error)
    died=$(deaths)
    unitd_is_killed app && [ "$(deaths) $(bundle_state app error)" = "$died $said" ]
}
has_died() { [ "$(deaths)" -ge "$1" ]; }
app_rests() { [ -z "$(systemctl list-units --plain --no-legend 'sealift-app.*@*.service')" ]; }

# Its starts wait to be told that it is ready, so that none goes well before sealift-unitd has died of it.
OTHER=/var/cache/private/sealift-app
app_does_late() { app_does late && app_does late "$OTHER"; }
app_is_ready() { app_does "" && app_does "" "$OTHER"; }
other_unit() { systemctl list-units --plain --no-legend --state=running 'sealift-app.other@*' | awk '{ print $1; exit }'; }
other_rests() { [ -z "$(other_unit)" ]; }

app_begin
app_service=TimeoutStartSec=10min
app_more=$(printf '%s\n' '[Service other]' 'ExecStart=/usr/bin/python3 /bundle/service.py 8081' Type=notify TimeoutStartSec=10min \
    Environment=VERSION=1 CacheDirectory=yes '[Sandbox other]' Network=bundle)
app_soak=1s app_publish 1
journal_mark
ok "release 1 is installed" sealift check
expect_proven "release 1" 1

# One of its services ends while nobody can see that.
before=$(systemctl show -P InvocationID "$(app_unit)")
app_does_late
systemctl stop sealift-unitd.socket sealift-unitd.service
systemctl stop "$(other_unit)"
await 60 other_rests
deadly app 1
systemctl start sealift-unitd.socket
ok "a service is missing, and sealift-unitd dies of its start" await 60 has_died 2
ok "which ends" await 400 left_alone
is "$(systemctl show -P InvocationID "$(app_unit)")" "$before" "the other one was not touched"
is "$(bundle_state app state)" running "status says that it runs"
harmless
app_is_ready
ok "a check asks again at once" sealift check
ok "both run" app_runs 1 2

systemctl stop sealiftd.service
app_does_late
systemctl stop 'sealift-app.*@*.service'
await 60 app_rests
deadly app 1
systemctl start --no-block sealiftd.service
ok "all of it is down, and sealift-unitd dies of its start" await 60 app_is "1 failed"
ok "which ends" await 400 left_alone
like "$(bundle_state app error)" "sealift-unitd .*; it is started again at 20" "status says when it is tried again"
is "$(app_state Current)" 1 "there is nothing to go back to"
harmless
app_is_ready
ok "a check tries it at once" sealift check
ok "it runs" await 60 app_is "1 running"
ok "with all its services" app_runs 1 2
is "$(bundle_state app error)" "" "and all is well"
done_testing
