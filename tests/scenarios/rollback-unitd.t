#!/usr/bin/env bash
# A release that sealift-unitd dies of: it is tried a few times, since an upgrade or somebody's kill may come at that very moment, and
# then it is quarantined like any other that does not come up; on its way in, when it is to come back, and on trial. What was there
# before runs on.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh
# shellcheck source=tests/host/deaths.sh
. /tests/host/deaths.sh

lost() { sed -n 's/^Lost=[0-9a-f]* //p' "$STORE/state/app"; }
quarantined() { [ -n "$(journal_since "MESSAGE_ID=${EVENT[failed]}" "SEALIFT_VERSION=$1")" ]; }
# quietly COMMAND...: which fails, for what is looked at next.
quietly() { "$@" >/srv/said 2>&1 || true; }

on_its_way() {
    local pid i
    app_publish 2
    deadly app 2
    quietly sealift check
    like "$(cat /srv/said)" "sealift-unitd went away" "sealift-unitd dies of a release: that is said"
    is "$(lost)" 1 "and counted"
    not_ok "but not held against it yet" quarantined 2
    harmless
    ok "if it was somebody's kill, the next check installs it" sealift check
    is "$(app_state Current) $(lost)" "2 " "and that is forgotten"
    expect_proven "release 2" 2
    app_publish 3
    deadly app 3
    for i in {1..6}; do quarantined 3 || quietly sealift check; done
    like "$(journal_since "MESSAGE_ID=${EVENT[failed]}")" "release 3 did not come up and is quarantined: sealift-unitd ended each time" \
        "sealift-unitd dies of it again and again: it is quarantined"
    like "$(sealift check 2>&1)" "3 is quarantined here" "no check tries it again"
    pid=$(unitd_pid)
    quietly sealift check
    is "$(unitd_pid)" "$pid" "and sealift-unitd lives"
    ok "release 2 runs on" app_runs 2
    harmless
}

# It dies of anything.
dead_itself() {
    local i before
    before=$(lost)
    mkdir -p /run/systemd/system/sealift-unitd.service.d
    cat >/srv/dead.py <<'PY'
import socket
socket.socket(fileno=3).accept()[0].recv(1)
PY
    printf '%s\n' '[Service]' Type=exec NoExecPaths= ExecPaths= ExecStart= 'ExecStart=/usr/bin/python3 /srv/dead.py' \
        >/run/systemd/system/sealift-unitd.service.d/dead.conf
    systemctl daemon-reload
    systemctl kill --signal=KILL sealift-unitd.service
    app_publish 3.1
    for i in {1..4}; do quietly sealift check; done
    like "$(cat /srv/said)" "sealift-unitd went away" "sealift-unitd dies of whatever it is asked"
    rm -r /run/systemd/system/sealift-unitd.service.d
    systemctl daemon-reload
    systemctl stop sealift-unitd.service sealift-unitd.socket
    systemctl start sealift-unitd.socket
    is "$(lost) $(grep -c '^Version=3.1$' "$STORE/state/app")" "$before 0" "what is wrong with sealift-unitd itself is held against no release"
    ok "when that is mended" sealift check
    is "$(app_state Current)" 3.1 "it is installed"
    sealift rollback app 2 >/dev/null
}

# It dies of placing it, before a byte of it is fetched: no place is made without a sync.
dies_of_placing() {
    local i
    app_publish 3.2
    mkdir -p /run/systemd/system/sealift-unitd.service.d
    printf '[Service]\nSystemCallFilter=~fsync:kill\n' >/run/systemd/system/sealift-unitd.service.d/deadly.conf
    systemctl daemon-reload
    systemctl restart sealift-unitd.service
    requests_mark
    journal_mark
    for i in {1..6}; do quarantined 3.2 || quietly sealift check; done
    like "$(journal_since "MESSAGE_ID=${EVENT[failed]}")" "release 3.2 did not come up and is quarantined: sealift-unitd ended each time" \
        "sealift-unitd dies of placing it again and again: it is quarantined"
    is "$(requests_count '.path | endswith(".tar.zst")')" 0 "and nothing of it was fetched"
    ok "release 2 runs on" app_runs 2
    rm -r /run/systemd/system/sealift-unitd.service.d
    systemctl daemon-reload
    systemctl restart sealift-unitd.service
}

# What this host keeps from being placed may be placed when that is mended, however often it was tried.
not_placed() {
    local i before
    before=$(lost)
    app_publish 3.3
    chmod g+w "$STORE/releases/app"
    for i in {1..4}; do quietly sealift check; done
    like "$(cat /srv/said)" "releases/app/3.3-.*: Operation not permitted" "a place that cannot be made: that is said"
    is "$(gate place)" failed "which is the gate that it fails at"
    is "$(lost) $(grep -c '^Version=3.3$' "$STORE/state/app")" "$before 0" "it is held against no release"
    chmod g-w "$STORE/releases/app"
    ok "once that is mended" sealift check
    is "$(app_state Current)" 3.3 "it is installed"
    sealift rollback app 2 >/dev/null
}

# A start alone: what is on disk is not prepared again.
on_its_way_back() {
    local i
    deadly app 1
    for i in 1 2; do
        like "$(sealift rollback app 1 2>&1)" "sealift-unitd went away" "attempt $i at going back"
        ok "release 2 runs on" await 20 app_runs 2
    done
    is "$(lost)" 2 "they are counted"
    systemctl restart sealiftd.service
    like "$(sealift rollback app 1 2>&1)" "sealift-unitd ended each time" "also by the next agent"
    ok "which is the end of it" quarantined 1
    ok "release 2 runs on" await 20 app_runs 2
    harmless
    like "$(sealift rollback app 1 2>&1)" "is (quarantined here|not on disk)" "it is not gone back to again"
    ok "before somebody says so" sealift retry app
}

on_trial_it_does() {
    app_does 200
    app_service=TimeoutStartSec=10min app_publish 4 late # then no start goes well before sealift-unitd is struck
    ok "a release is on trial" sealift check
    ok "it runs" await 20 app_runs 4
    systemctl stop sealiftd.service
    systemctl stop "$(app_unit)"
    await 20 app_is_down
    app_does ""
    deadly app 4
    systemctl start sealiftd.service
    ok "it cannot be started again, since sealift-unitd dies of that: it goes back" await 90 quarantined 4
    like "$(journal_since "MESSAGE_ID=${EVENT[failed]}")" "release 4 did not pass its time on trial.*sealift-unitd ended each time" \
        "which the journal says"
    ok "release 2 runs" await 20 app_runs 2
    harmless
}
app_is_down() { [ -z "$(app_unit)" ]; }

# Somebody's kill, at a start that goes well when it is asked for again: nothing is lost.
killed_once() {
    local order n
    app_publish 3.4
    ok "a release is on trial" sealift check
    journal_mark
    app_does late
    sealift restart app >/srv/said 2>&1 &
    order=$!
    await 30 app_starts 3.4
    unitd_dies
    await 20 connected
    app_does ""
    wait $order && order=0 || order=$?
    is "$order $(cat /srv/said)" "0 app runs release 3.4, started again" "sealift-unitd is killed at an ordered start: it is asked again"
    is "$(bundle_state app state) $(bundle_state app error)" "running " "status shows nothing"
    is "$(journal_since "MESSAGE_ID=${EVENT[restore-failed]}")" "" "nor does the journal have it as down"
    for n in 1 2 3; do
        systemctl stop sealiftd.service
        app_does late
        systemctl stop "$(app_unit)"
        await 20 app_is_down
        systemctl start --no-block sealiftd.service
        await 30 app_starts 3.4
        unitd_dies
        await 20 connected
        app_does ""
        ok "kill $n at the start of one on trial: it runs" await 60 app_is "3.4 running"
        await 20 app_was_well
        is "$(lost)" "" "kill $n: it is no loss"
    done
    is "$(journal_since "MESSAGE_ID=${EVENT[restore-failed]}")" "" "nothing was down"
    not_ok "and there is no verdict" quarantined 3.4
    sealift rollback app 2 >/dev/null
}
app_starts() { [ -n "$(systemctl list-units --all --plain --no-legend --state=activating "sealift-app.main@$1-*")" ]; }

# It is to make way for the one before, which takes a while, and sealift-unitd dies of it twice.
makes_no_way() {
    local ended
    app_write 5
    cat >"$APP/stubborn.py" <<'PY'
import os, runpy, signal, sys, time
state = os.environ["STATE_DIRECTORY"]
def on_term(*_):
    open(state + "/told", "w").close()
    while not os.path.exists(state + "/end"):
        time.sleep(0.05)
    with open(state + "/ended", "w") as f:
        f.write(str(int(time.monotonic() * 1000000)))
    os._exit(0)
signal.signal(signal.SIGTERM, on_term)
signal.signal = lambda *_: None  # which service.py would have another one for
sys.argv = ["service.py", "8080"]
runpy.run_path("/bundle/service.py", run_name="__main__")
PY
    sed -i 's|service.py 8080|stubborn.py|; s|^RestartSec=.*|&\nTimeoutStopSec=3min|' /srv/app.manifest
    publish_release 5 "$APP" /srv/app.manifest
    ok "a release is on trial that does not end when it is told to" sealift check
    ok "it is well" await 60 app_was_well
    journal_mark
    app_does 500
    ok "it is to go back" await 60 test -e "$APP_STATE/told"
    app_does ""
    unitd_dies
    unitd_dies
    ok "the release before is not started now" await_journal 30 "MESSAGE_ID=${EVENT[restore-failed]}"
    touch "$APP_STATE/end"
    ok "but when the other one has ended" await 60 app_runs 2
    ended=$(cat "$APP_STATE/ended")
    ok "and no earlier" test "$(systemctl show -P ExecMainStartTimestampMonotonic "$(app_unit)")" -gt "$ended"
    ok "it is what runs" await 20 app_is "2 running"
}

app_begin
app_soak=1s app_publish 1
journal_mark
ok "release 1 is installed" sealift check
expect_proven "release 1" 1
app_soak=1s
on_its_way
dead_itself
dies_of_placing
not_placed
on_its_way_back
app_soak=1h
killed_once
on_trial_it_does
makes_no_way
done_testing
