#!/usr/bin/env bash
# The system bus goes while an operator's rollback waits for the release's health: the agent goes on without it, and is on the next
# one as soon as there is one, where it hears other orders. What came of the rollback is told to none of those.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh
# shellcheck source=tests/host/stalls.sh
. /tests/host/stalls.sh

POLICY=/etc/dbus-1/system.d/zz-scenario.conf
main_pid() { systemctl show -P MainPID sealiftd.service; }
restart_bus() {
    systemctl stop dbus.socket dbus.service
    systemctl start dbus.socket dbus.service
}
bus_is_back() { busctl status org.sealift.Agent1; }
# watch MEMBER: somebody sees from now on who calls that. An agent that answers who came after has heard of it.
watch() {
    rm -f /srv/monitor # of an earlier one
    busctl monitor --match="type='method_call',member='$1'" >/srv/monitor 2>&1 &
    await 40 grep -q Monitoring /srv/monitor
}
called() { grep -q Member= /srv/monitor; }

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
    like "$(await_journal 60 "MESSAGE_ID=${EVENT[order]}" SEALIFT_BUNDLE=app)" "Rollback: app runs release 1 again" "$1: the rollback ends well"
    is "$(main_pid)" "$agent" "$1: in the same agent"
    ok "$1: release 1 runs" app_runs 1
}
# When that check is over, no poll is under way in whose waits an order could be carried out.
forward() {
    sealift retry app >/dev/null
    ok "$1: release 2 is installed again" await 60 app_runs 2
    sealift check >/dev/null
}

# Each of the two orders is the agent's first on its bus.
another_bus() {
    local order
    rollback_begin "another bus"
    restart_bus
    ok "another bus: the agent is on it while the rollback waits" await 60 bus_is_back
    watch Hold
    sealift hold app >/srv/held 2>&1 &
    order=$!
    ok "another bus: another order is given" await 40 called
    kill %busctl
    is "$(bundle_state app state)" updating "another bus: and waits"
    rollback_ends "another bus"
    wait "$order" || true
    like "$(cat /srv/held)" "^app is held" "another bus: the other order is answered for itself"
    ok "another bus: and has been carried out" grep -q ^Hold=yes "$STORE/state/app"
    sealift unhold app >/dev/null
    forward "another bus"
}

# The agent asks for its name once a second, and is refused: from the first time that this is seen, it has no bus.
no_bus() {
    rollback_begin "no bus"
    cat >"$POLICY" <<'XML'
<busconfig><policy user="sealift"><deny own="org.sealift.Agent1"/></policy></busconfig>
XML
    restart_bus
    watch RequestName
    ok "no bus: the agent is refused its name on the new one" await 60 called
    rollback_ends "no bus"
    kill %busctl
    rm "$POLICY"
    systemctl reload dbus.service
    ok "no bus: when it may, it has its name again" await 60 bus_is_back
    forward "no bus"
}

# The rollback is carried out in the wait of a download, and no other one in its own.
beside_a_download() {
    local order
    web_publish 2
    stall
    sealift check --no-wait
    ok "beside a download: which stalls" await 30 state_is web updating
    await 20 some_is_here
    rollback_begin "beside a download"
    restart_bus
    ok "beside a download: the agent is on another bus while both wait" await 60 bus_is_back
    watch Rollback
    sealift rollback more 1 >/srv/back 2>&1 &
    order=$!
    ok "beside a download: another rollback is asked for" await 40 called
    kill %busctl
    told "beside a download, and a rollback" "not held" unhold web
    watch Stop
    sealift stop more >/srv/stopped 2>&1 &
    order+=" $!"
    ok "beside a download: and then a stop of the same bundle" await 40 called
    kill %busctl
    told "beside a download, with two that wait" "not held" unhold web
    is "$(bundle_state more version) $(bundle_state more state)$(cat /srv/back /srv/stopped)" "2 running" "beside a download: both wait"
    rollback_ends "beside a download"
    # shellcheck disable=SC2086 # two numbers
    wait $order || true
    like "$(cat /srv/back)" "^more runs release 1 again" "beside a download: the rollback is carried out then"
    like "$(cat /srv/stopped)" "^more is stopped" "beside a download: and the stop behind it"
    is "$(bundle_state more version) $(bundle_state more state)" "1 stopped" "beside a download: which is the last word"
    is "$(bundle_state web state)" updating "beside a download: which goes on"
    flows
    ok "beside a download: and comes to its end" await 30 web_answers 2
}

# more_publish VERSION: of another bundle, whose releases are well at once.
more_publish() {
    mkdir -p /srv/more
    printf '[Bundle]\nName=more\nVersion=%s\nSoakSec=0\n[Service main]\nExecStart=/usr/bin/sleep infinity\n' "$1" >/srv/more.manifest
    publish_release "$1" /srv/more /srv/more.manifest
}

web_begin
more_publish 1
app_soak=1s app_publish 0
journal_mark
ok "release 0 is installed" sealift check
app_does 200
expect_proven "release 0" 0
more_publish 2
app_start=10min app_soak=1s app_publish 1 500
journal_mark
ok "release 1 is installed" sealift check
expect_proven "release 1" 1
app_soak=1s app_publish 2
journal_mark
ok "release 2 is installed" sealift check
expect_proven "release 2" 2
agent=$(main_pid)
another_bus
no_bus
beside_a_download
done_testing
