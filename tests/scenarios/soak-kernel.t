#!/usr/bin/env bash
# A release on trial whose service takes more memory than it may: the kernel kills it, which counts against the release, and the
# journal says what for. A container has no such limit.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_HOST=vm
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh

# Whoever starts on an emulated processor takes its time.
app_timeout=30s app_interval=1s
LIMITS=$'MemoryMax=64M\nMemorySwapMax=0\nTimeoutStartSec=2min\n'

killed() {
    ok "$1: release $2 is on trial" sealift check
    journal_mark
    app_does eat
    expect_back "$1" "$2" 1
    like "$(journal_since "MESSAGE_ID=${EVENT[failed]}")" "did not pass its time on trial.*killed for lack of memory [(]MemoryMax=[)]" \
        "$1: the journal says why"
    like "$(bundle_state app error)" "^$2: .*killed for lack of memory" "$1: so does status"
    app_does ""
}

app_begin
app_soak=1s app_publish 1
journal_mark
ok "release 1 is installed" sealift check
expect_proven "release 1" 1
app_service=${LIMITS}Restart=no app_health=$'Successes=1\nFailures=100' app_publish 2
killed "killed for good" 2
# systemd starts it again, and that counts. It is asked once an hour, or not being there would count as well.
app_interval=1h app_service=$LIMITS app_health=$'Successes=1\nFailures=1' app_publish 3
ask() { nsenter --net="/proc/$(systemctl show -P MainPID "$(app_unit)")/ns/net" curl --silent --max-time 30 http://127.0.0.1:8080/well || true; }
(await 120 app_is "3 running" && await 60 test -e "$APP_STATE/does" && ask) &
killed "killed, and started again" 3
done_testing
