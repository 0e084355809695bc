#!/usr/bin/env bash
# Somebody stops a service whose release is not current yet, or on trial: that is nothing against the release. What ends by itself
# there is its own doing.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh

OTHER=$(printf '%s\n' '[Service other]' 'ExecStart=/usr/bin/python3 /bundle/service.py 8081' Type=notify Environment=VERSION=3 \
    '[Sandbox other]' Network=bundle)
unit_at_gate() { systemctl list-units --plain --no-legend --state=running "sealift-app.$1@*" | awk '{ print $1; exit }'; }
is_at_gate() { [ "$(gate healthy)" = "under way" ]; }
verdicts() { grep -c '^\[Quarantined' "$STORE/state/app"; }

# await_gate VERSION: a check waits for good answers of a release that gives none.
await_gate() {
    app_start=10min app_publish "$1" 500
    journal_mark
    sealift check >/srv/said 2>&1 &
    checker=$!
    ok "release $1 waits for good answers" await 60 is_at_gate
}

# expect_refused NAME VERSION: for the stop of one of its services.
expect_refused() {
    local status=0
    wait "$checker" || status=$?
    is "$status $(gate healthy)" "1 failed" "$1: the check fails"
    like "$(cat /srv/said)" "sealift-app.*@$2-.*: it was stopped by somebody else; .*sealift stop app" "$1: and says why"
    is "$(verdicts)" 0 "$1: nothing is quarantined"
    ok "$1: release 1 runs" await 20 app_runs 1
    ok "$1: and status says so" await 20 app_is "1 running"
}

by_hand() {
    await_gate 2
    systemctl stop "$(unit_at_gate main)"
    expect_refused "stopped by hand" 2
    app_more=$OTHER await_gate 3
    systemctl stop "$(unit_at_gate other)"
    expect_refused "also one that is not asked" 3
    nobody_asked
}

# A poll of the agent's own, as after any `sealift retry`.
nobody_asked() {
    journal_mark
    sealift retry more >/dev/null
    like "$(await_journal 30 "MESSAGE_ID=${EVENT[refused]}" SEALIFT_BUNDLE=app)" "app 3 .*stopped by somebody else.*sealift check" \
        "nobody asks for release 3: a poll leaves it alone"
    is "$(journal_since "MESSAGE_ID=${EVENT[installed]}")" "" "and does not fetch it"
}

# sealiftd's own order waits for what comes of the release.
by_order() {
    local stopper status=0
    await_gate 4
    sealift stop app >/srv/stopped 2>&1 &
    stopper=$!
    await 20 sh -c "ss -Hxp | grep -q 'ESTAB.*pid=$stopper,'"
    is "$(gate healthy)" "under way" "sealift stop waits"
    app_does 200
    wait "$checker" || status=$?
    is "$status" 0 "it is well, and installed"
    wait "$stopper" || status=$?
    app_does ""
    is "$status $(bundle_state app version) $(bundle_state app state) $(verdicts)" "0 4 stopped 0" "it is stopped then, and has not failed"
    ok "it is started" sealift start app
    app_soak=1s app_publish 5
    journal_mark
    ok "release 5 is installed" sealift check
    expect_proven "release 5" 5
}

# A stop that takes its time, in which nobody answers. One failure would be too much.
probes_failed() { [ "$(journal_since _PID=1 | grep -c 'sealift-app.main-probe@.*Failed with result')" -ge 3 ]; }
on_its_way_down() {
    app_health=Failures=1 app_publish 6
    ok "release 6 is on trial" sealift check
    ok "and well" await 60 app_was_well
    touch "$APP_STATE/stays"
    journal_mark
    systemctl --no-block stop "$(app_unit)"
    ok "it is asked while it is stopped by hand, in vain" await 60 probes_failed
    rm "$APP_STATE/stays"
    ok "it is down" await 20 app_is "6 failed"
    is "$(app_state Current) $(verdicts)" "6 0" "and has not failed"
    ok "started" sealift start app
    ok "it is on trial again" await 20 on_trial
}

# One that no connection starts, in a bundle with another one that is.
beside_a_socket() {
    agent_grant app Listen=tcp:127.0.0.1:8090
    app_more=$(printf '%s\n' '[Service web]' 'ExecStart=/usr/bin/python3 /bundle/service.py' Type=notify Environment=VERSION=8 \
        '[Socket web]' Service=web ListenStream=127.0.0.1:8090) app_publish 8
    ok "release 8 is on trial" sealift check
    systemctl stop "$(app_unit)"
    ok "it is down" await 60 app_is "8 failed"
    not_ok "and has not failed" grep -q "^Version=8$" "$STORE/state/app"
}

by_itself() {
    local status=0
    await_gate 7
    app_does end
    wait "$checker" || status=$?
    is "$status $(gate healthy)" "1 failed" "one that ends by itself: the check fails"
    like "$(cat /srv/said)" "ended by itself" "and says so"
    app_does ""
    ok "it is quarantined" grep -q "^Version=7$" "$STORE/state/app"
}

app_begin
app_soak=1s app_publish 1
journal_mark
ok "release 1 is installed" sealift check
expect_proven "release 1" 1
mkdir -p /srv/more
printf '%s\n' '[Bundle]' Name=more Version=1 '[Service main]' 'ExecStart=/usr/bin/sleep infinity' >/srv/more.manifest
publish_release 1 /srv/more /srv/more.manifest
ok "so is another bundle" sealift check
by_hand
by_order
on_its_way_down
by_itself
beside_a_socket
done_testing
