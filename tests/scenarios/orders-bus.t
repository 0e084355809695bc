#!/usr/bin/env bash
# The system bus goes while an operator's rollback waits for the release's health: the agent goes on without it.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh

POLICY=/etc/dbus-1/system.d/zz-scenario.conf
main_pid() { systemctl show -P MainPID sealiftd.service; }
restart_bus() {
    systemctl stop dbus.socket dbus.service
    systemctl start dbus.socket dbus.service
}
# Release 1 is as well as it says itself, which is not at all, until it is told otherwise. It has long enough to become so.
rollback_begin() {
    app_does ""
    journal_mark
    sealift rollback app 1 >/dev/null 2>&1 &
    ok "$1: the rollback waits for the health of release 1" await 60 waits_for_health
}
waits_for_health() { app_runs 1 && app_was_asked 1 && [ "$(gate healthy)" = "under way" ]; }
rollback_ends() {
    app_does 200
    like "$(await_journal 60 "MESSAGE_ID=${EVENT[order]}")" "Rollback: app runs release 1 again" "$1: the rollback ends well"
    is "$(main_pid)" "$agent" "$1: in the same agent"
    ok "$1: release 1 runs" app_runs 1
}
bus_is_back() { busctl status org.sealift.Agent1; }
# The agent asks for its name once a second, and is refused: from the first time that this is seen, it has no bus.
agent_has_no_bus() { grep -q RequestName /srv/monitor; }

app_begin
app_soak=1s app_publish 0
ok "release 0 is installed" sealift check
app_does 200
expect_proven "release 0" 0
app_start=10min app_soak=1s app_publish 1 500
ok "release 1 is installed" sealift check
expect_proven "release 1" 1
journal_mark
app_soak=1s app_publish 2
ok "release 2 is installed" sealift check
expect_proven "release 2" 2

agent=$(main_pid)
rollback_begin "no bus"
cat >"$POLICY" <<'XML'
<busconfig><policy user="sealift"><deny own="org.sealift.Agent1"/></policy></busconfig>
XML
restart_bus
busctl monitor --match="type='method_call',member='RequestName',arg0='org.sealift.Agent1'" >/srv/monitor 2>&1 &
ok "no bus: the agent is refused its name on the new one" await 60 agent_has_no_bus
rollback_ends "no bus"
kill %busctl
rm "$POLICY"
systemctl reload dbus.service
ok "no bus: when it may, it has its name again" await 60 bus_is_back

done_testing
