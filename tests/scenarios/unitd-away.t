#!/usr/bin/env bash
# sealift-unitd is killed, or is away for a while: what happened meanwhile is known and reported when it is back, and what it was
# asked for is done; nothing is proven that nobody has seen. There is no poll that could find out.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/deaths.sh
. /tests/host/deaths.sh

TREE=/srv/app
STATE=/var/lib/private/sealift-app
CACHE=/var/cache/private/sealift-app
WAKE=sealift-wake@app.nightly:timer.service

# app_publish VERSION [SECTION], with $app_soak, $app_main
app_publish() {
    mkdir -p "$TREE"
    cat >"$TREE/work" <<'SH'
#!/bin/sh
echo begun >"$STATE_DIRECTORY/begun"
until [ -s "$STATE_DIRECTORY/status" ]; do sleep 0.1; done
read -r status <"$STATE_DIRECTORY/status"
rm "$STATE_DIRECTORY/status"
exit "$status"
SH
    cat >"$TREE/lasts" <<'SH'
#!/bin/sh
touch "$CACHE_DIRECTORY/stops"
until [ -e "$CACHE_DIRECTORY/go" ]; do sleep 0.1; done
rm "$CACHE_DIRECTORY/go" "$CACHE_DIRECTORY/stops"
SH
    chmod 755 "$TREE/work" "$TREE/lasts"
    cat >/srv/app.manifest <<MANIFEST
[Bundle]
Name=app
Version=$1
SoakSec=${app_soak:-0}

[Service main]
ExecStart=/usr/bin/sleep infinity
Restart=no
${app_main-}

[Service work]
Type=oneshot
ExecStart=/bundle/work
StateDirectory=yes

[Timer nightly]
Service=work
OnCalendar=Mon *-02-03 04:05

${2-}
MANIFEST
    publish_release "$1" "$TREE" /srv/app.manifest
}

app_unit() { unit_of app.main; }
app_dies() { systemctl kill --signal=KILL "$1" && await_inactive 10 "$1"; }
app_reported() { await_report 30 ".bundles[] | select(.name == \"app\") | select($1)"; }
status_is() { [ "$(bundle_state app state)" = "$1" ]; }
no_poll() { [ "$(requests_count '.path | contains("timestamp")')" = 0 ]; }
told() { journalctl --quiet --output=cat MESSAGE_ID=5e1ecb0a5b564a3bbf7123523a5b32c7 SEALIFT_BUNDLE=app; }

back_in_order() {
    ok "the release is started again" sealift restart app
    ok "and runs" await 10 status_is running
}

killed_before() {
    local unitd unit
    unitd=$(pid_of sealift-unitd.service)
    unit=$(app_unit)
    requests_mark
    kill -KILL "$unitd"
    await 20 another_pid sealift-unitd.service "$unitd"
    is "$(bundle_state app state)" running "unitd is another one, and the service runs on"
    # It tells whoever is connected when it happens.
    await 20 connected
    app_dies "$unit"
    ok "a service that fails then is reported" app_reported '.state == "failed"'
    ok "which is no poll's work" no_poll
    back_in_order
}
# Of sealiftd, which has a network of its own: how much there is to read at unitd's end of each.
conversations() { nsenter --net --target "$(pid_of sealiftd.service)" ss -Hx | awk '$2 == "ESTAB" && /unitd.sock/ { print $3 }'; }
connected() { [ "$(conversations | wc -l)" = 1 ]; }

away() {
    local unit job
    unit=$(app_unit)
    rm -f $STATE/begun
    systemctl start "$WAKE"
    await 20 test -e $STATE/begun
    job=$(unit_of app.work)
    requests_mark
    systemctl stop sealift-unitd.socket sealift-unitd.service
    app_dies "$unit"
    echo 4 >$STATE/status
    await_inactive 20 "$job"
    is "$(bundle_state app state)" running "without unitd nobody knows that a service fails and a job ends"
    systemctl start sealift-unitd.socket
    ok "when it is back, the end of the job is reported" app_reported '.jobs[0].result == "exit-code" and .jobs[0].exit_status == 4'
    ok "and the failed service" app_reported '.state == "failed"'
    ok "which is no poll's work" no_poll
    like "$(told)" "app: release 1 does not run any more" "the journal has it"
    ok "unitd is asked by nobody else" connected
    back_in_order
}

# A job that runs on is not its release.
away_beside_a_job() {
    local unit job
    unit=$(app_unit)
    rm -f $STATE/begun
    systemctl start "$WAKE"
    await 20 test -e $STATE/begun
    job=$(unit_of app.work)
    systemctl stop sealift-unitd.socket sealift-unitd.service
    app_dies "$unit"
    systemctl start sealift-unitd.socket
    ok "a service that failed meanwhile is reported, though a job runs on" app_reported '.state == "failed" and .jobs[0].state == "running"'
    is "$(unit_of app.work)" "$job" "as it does"
    echo 0 >$STATE/status
    await_inactive 20 "$job"
    back_in_order
}

# It dies before it has answered.
killed_under() {
    local unitd checker
    app_publish 2
    unitd=$(pid_of sealift-unitd.service)
    kill -STOP "$unitd"
    sealift check >/srv/said 2>&1 &
    checker=$!
    await 20 asked
    kill -KILL "$unitd"
    wait $checker && checker=0 || checker=$?
    is "$checker" 0 "it is killed under a request of a check, which is asked for again"
    is "$(bundle_state app version) $(bundle_state app state)" "2 running" "the release is installed"
}
# A release on trial dies, and its time passes, while there is nobody to tell.
unproven() {
    local unit until
    app_soak=20s app_publish 3
    ok "a release is on trial" sealift check
    until=$(sealift status --json | jq -r '.bundles[] | select(.name == "app") | .trial.until')
    unit=$(app_unit)
    systemctl stop sealift-unitd.socket sealift-unitd.service
    app_dies "$unit"
    ok "its time passes without unitd" await 30 is_past "$until"
    systemctl start sealift-unitd.socket
    ok "when it is back, the release goes back" await 60 goes_back_to 2
    is "$(sed -n 's/^Proven=\([^ ]*\) .*/\1/p' "$STORE/state/app")" 2 "and not proven"
}
is_past() { [ "$(date +%s)" -gt "$(($(date -d "$1" +%s) + 1))" ]; }

# Its end of the conversation has something to read.
asked() { [ "$(conversations)" -gt 0 ]; }

# gone UNIT: it ends while there is no unitd.
gone() {
    systemctl stop sealift-unitd.socket sealift-unitd.service
    app_dies "$1"
    systemctl start sealift-unitd.socket
}

# What runs beside it hides its end.
one_of_two() {
    local unit other pid
    app_publish 4 $'[Service beside]\nExecStart=/usr/bin/sleep infinity\nRestart=no'
    ok "a release of two services is installed" sealift check
    unit=$(app_unit)
    pid=$(pid_of "$unit")
    other=$(pid_of "$(unit_of app.beside)")
    requests_mark
    gone "$unit"
    ok "one that ended meanwhile is started again" await 30 another_pid "$unit" "$pid"
    is "$(pid_of "$(unit_of app.beside)")" "$other" "the other one is left alone"
    is "$(bundle_state app state)" running "the release runs"
    ok "which is no poll's work" no_poll
}

on_trial() {
    app_soak=1h app_publish 5
    ok "a release on trial is installed" sealift check
    requests_mark
    gone "$(app_unit)"
    ok "it goes back, since it does not run any more" await 30 goes_back_to 4
    like "$(sealift why app)" "release 5 does not run any more" "which is said"
    ok "which is no poll's work" no_poll
}
goes_back_to() { [ "$(bundle_state app version) $(bundle_state app state)" = "$1 running" ]; }

# Somebody is stopping it, which takes a while; unitd is killed meanwhile, and finds a stop under way that nobody of ours asked for.
stopped_by_others() {
    local unit unitd
    app_main=$'CacheDirectory=yes\nExecStop=/bundle/lasts\nTimeoutStopSec=5min' app_publish 6
    ok "a release that takes its time to stop is installed" sealift check
    unit=$(app_unit)
    requests_mark
    systemctl stop --no-block "$unit"
    await 20 test -e $CACHE/stops
    unitd=$(pid_of sealift-unitd.service)
    kill -KILL "$unitd"
    await 20 another_pid sealift-unitd.service "$unitd"
    await 20 connected
    touch $CACHE/go
    ok "an operator's stop is under way when unitd is killed: it comes to its end" await_inactive 20 "$unit"
    ok "status says so" await 20 status_is failed
    ok "it is reported" app_reported '.state == "failed"'
    like "$(bundle_state app error)" "(it was stopped|release 6 does not run any more)" "with what was seen of it"
    back_in_order
}
# The same, but it is sealift that stops it.
stopped_by_us() {
    local unit unitd order before
    unit=$(app_unit)
    before=$(told | wc -l)
    sealift stop app >/srv/said 2>&1 &
    order=$!
    await 20 test -e $CACHE/stops
    unitd=$(pid_of sealift-unitd.service)
    kill -KILL "$unitd"
    await 20 another_pid sealift-unitd.service "$unitd"
    touch $CACHE/go
    wait $order && order=0 || order=$?
    is "$order" 0 "a stop of ours is under way when unitd is killed: it is carried out"
    ok "the unit is down" unit_is_down "$unit"
    is "$(bundle_state app state) $(bundle_state app error)" "stopped " "status says who did it"
    is "$(told | wc -l)" "$before" "and nothing of it is told as a failure"
    ok "the release is started" sealift start app
    ok "and runs" await 10 status_is running
}

# A restart that cannot stop what runs leaves it as it is, and watched.
restart_in_vain() {
    local unit before
    touch $CACHE/go # release 6 stops at once
    app_soak=1h app_publish 7
    ok "a release on trial is installed" sealift check
    unit=$(app_unit)
    before=$(property "$unit" InvocationID)
    systemctl stop sealift-unitd.socket sealift-unitd.service
    not_ok "without unitd, a restart fails" sealift restart app
    is "$(app_unit) $(property "$unit" InvocationID)" "$unit $before" "the service runs on"
    is "$(bundle_state app state)" running "status says so"
    ok "it is on trial still" is_on_trial
    systemctl start sealift-unitd.socket
    await 30 connected
    ok "when unitd is back, it can be restarted" sealift restart app
    ok "and is another process then" test "$(property "$(app_unit)" InvocationID)" != "$before"
    ok "on trial" is_on_trial
}
# Its stop was under way when unitd died of it, twice: who asked is told, and what was to be stopped is started again all the same.
restart_breaks_off() {
    local unit before order
    app_main=$'CacheDirectory=yes\nExecStop=/bundle/lasts\nTimeoutStopSec=5min' app_publish 8
    ok "a release that takes its time to stop is installed" sealift check
    unit=$(app_unit)
    before=$(property "$unit" InvocationID)
    sealift restart app >/srv/said 2>&1 &
    order=$!
    await 20 test -e $CACHE/stops
    unitd_kill
    await 60 called_again "$killed"
    unitd_kill
    wait $order && order=0 || order=$?
    is "$order" 1 "unitd is killed under a restart, twice: that fails"
    like "$(cat /srv/said)" "sealift-unitd" "and says of whom"
    await 60 called_again "$killed" && sealift unhold app # carried out when it knows what runs
    touch $CACHE/go
    ok "what was stopped is started again all the same" await 60 runs_anew "$before"
    ok "status says that it runs" await 20 status_is running
}
runs_anew() { [ -n "$(app_unit)" ] && systemctl --quiet is-active "$(app_unit)" && [ "$(property "$(app_unit)" InvocationID)" != "$1" ]; }
is_on_trial() { sealift status --json | jq -e '.bundles[] | select(.name == "app") | .trial.until != null' >/dev/null; }

bucket_start
publisher_init
agent_configure
agent_start
app_publish 1
ok "a service and a job are installed" sealift check
killed_before
away_beside_a_job # first: no report has told of such a thing yet
away
killed_under
unproven
one_of_two
on_trial
stopped_by_others
stopped_by_us
restart_in_vain
restart_breaks_off
done_testing
