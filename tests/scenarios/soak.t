#!/usr/bin/env bash
# A release on trial: what goes wrong in its soak window counts against it, whatever it is, and enough of it sets the bundle
# back by itself, once. An agent that is killed meanwhile goes on where it was, and a clock that jumps is no time that passes.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_OPTIONS=(--clock)
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh

# begin_trial NAME VERSION: it is current, and on trial.
begin_trial() {
    app_publish "$2"
    journal_mark
    requests_mark
    ok "$1: release $2 is installed" sealift check
    is "$(app_state Current) $(app_state Proven)" "$2 1" "$1: it is current, and not proven"
    ok "$1: status says that it is on trial" on_trial
    is "$(gate proven)" "on trial" "$1: so does sealift why"
}

failures() { sealift status --json | jq -r '.bundles[] | select(.name == "app") | .trial.failures'; }
failures_are() { [ "$(failures)" = "$1" ]; }
agent_pid() { systemctl show -P MainPID sealiftd.service; }

probes_fail() {
    begin_trial "bad answers" 2
    app_does 500
    expect_back "bad answers" 2 1
    like "$(journal_since "MESSAGE_ID=${EVENT[failed]}")" "did not pass its time on trial.*status 500" "bad answers: the journal says why"
    is "$(gate proven)" failed "bad answers: sealift why names the gate"
    expect_report "bad answers" '.bundles[] | select(.name == "app") | .version == "1" and .state == "running" and .error != null'
    app_does ""
    journal_mark
    not_ok "it is not tried again" sealift check
    is "$(journal_since "MESSAGE_ID=${EVENT[installed]}")" "" "nothing was installed"
}

restarts() {
    local i
    # Nobody asks while it is down: that would count, too.
    app_interval=1h app_health=Successes=1 begin_trial restarts 3
    for i in 1 2 3; do
        journal_mark
        ok "restarts: there is one to kill" await 20 app_runs 3
        systemctl kill --signal=KILL --kill-whom=main "$(app_unit)"
        like "$(await_journal 20 "MESSAGE_ID=${EVENT[unit-restarted]}" "SEALIFT_VERSION=3")" "killed by SIGKILL" "restarts: death $i is told"
    done
    expect_back restarts 3 1
}

# Nobody asks it meanwhile: that would count, too.
watchdog() {
    app_service=WatchdogSec=10s app_interval=1h app_health=$'Successes=1\nFailures=1' begin_trial watchdog 4
    app_does sleep
    expect_back watchdog 4 1
    like "$(journal_since "MESSAGE_ID=${EVENT[failed]}")" "missed its watchdog" "watchdog: the journal says why"
    app_does ""
}

# One that ends for good counts at once.
ends() {
    app_service=$'Restart=no' app_health=Failures=100 begin_trial "the end" 5
    systemctl kill --signal=KILL --kill-whom=main "$(app_unit)"
    expect_back "the end" 5 1
}

agent_killed() {
    local invocation
    app_health=Failures=5 begin_trial "a killed agent" 6
    invocation=$(systemctl show -P InvocationID "$(app_unit)")
    systemctl kill --signal=KILL sealiftd.service
    ok "a killed agent comes back" await_active 20 sealiftd.service
    ok "and goes on with the trial" await 20 on_trial
    is "$(systemctl show -P InvocationID "$(app_unit)")" "$invocation" "the release was not touched"
    systemctl kill --signal=KILL sealift-unitd.service
    ok "sealift-unitd comes back" await_active 20 sealift-unitd.service
    is "$(systemctl show -P InvocationID "$(app_unit)")" "$invocation" "the release was not touched by that either"
    ok "it is well" await 60 app_was_well
    app_does 503
    expect_back "after both were killed" 6 1
    app_does ""
}

# Its first service is well all the time.
second_service() {
    app_more=$(printf '%s\n' '[Service other]' 'ExecStart=/usr/bin/python3 /bundle/service.py 8081' Type=notify \
        Environment=VERSION=8 CacheDirectory=yes '[Sandbox other]' Network=bundle '[Health other]' HTTP=8081/ IntervalSec=200ms) \
        begin_trial "a second service" 8
    ok "a second service: both run" app_runs 8 2
    app_does 500 /var/cache/private/sealift-app
    expect_back "a second service" 8 1
    like "$(journal_since "MESSAGE_ID=${EVENT[failed]}")" "did not pass its time on trial.*Health other.*status 500" \
        "a second service: the journal says whose answer it was"
}

# clock SECONDS [-boot]: so far is the agent's clock off, or ahead the one of the time since the boot.
clock() {
    echo "$1" >/etc/clock.new
    mv /etc/clock.new "/etc/clock${2:-}"
}
clock_begin() {
    mkdir -p /run/systemd/system/sealiftd.service.d
    printf '[Service]\nEnvironment=LD_PRELOAD=/usr/lib/clock.so\n' >/run/systemd/system/sealiftd.service.d/clock.conf
    clock 0
    systemctl daemon-reload
    systemctl restart sealiftd.service
}
clock_end() {
    rm -r /run/systemd/system/sealiftd.service.d
    rm -f /etc/clock /etc/clock-boot
    systemctl daemon-reload
    systemctl restart sealiftd.service
}
questions_since() { app_was_asked $((asked + 5)); }
# jump NAME YEARS: and then it is asked some more.
jump() {
    local asked
    read -r _ asked _ <"$APP_STATE/asked"
    clock $(($2 * 365 * 86400))
    ok "$1: it is asked on" await 60 questions_since
}
# First before it has been well, which it may be within ten minutes, then in its time on trial, an hour.
clock_jumps() {
    local checker status=0 years
    clock_begin
    app_start=10min app_publish 8.1 200,500
    journal_mark
    sealift check >/srv/said 2>&1 &
    checker=$!
    await 60 app_runs 8.1
    ok "a clock that jumps: a release is not well yet" await 60 app_was_asked 2
    for years in 10 -10 0; do
        jump "$years years off" $years
        ok "$years years off: it may still become so" kill -0 $checker
    done
    app_does 200
    wait $checker || status=$?
    is "$status $(app_state Current) $(app_state Proven)" "0 8.1 1" "which it does"
    for years in 10 -10 0; do
        jump "$years years off, on trial" $years
        ok "$years years off, on trial: it is, still" on_trial
        is "$(app_state Current) $(app_state Proven)" "8.1 1" "$years years off, on trial: neither proven nor set back"
    done
    app_does 500
    expect_back "a clock that jumped" 8.1 1
    app_does ""
    clock_end
}

# One question an hour, and each of them a failure.
interval() {
    clock_begin
    app_interval=1h app_health=$'Successes=1\nFailures=2' begin_trial "an interval of an hour" 8.2
    ok "an interval of an hour: it was asked" app_was_asked 1 1
    app_does 500
    clock 1800 -boot
    ok "half of it passes" sealift check
    is "$(failures)" 0 "and nobody has asked again"
    clock 3600 -boot
    ok "the other half, too" await 60 failures_are 1
    clock 5400 -boot
    ok "another half" sealift check
    is "$(failures)" 1 "that was one question"
    clock 7200 -boot
    expect_back "an interval of an hour" 8.2 1
    app_does ""
    clock_end
}

good() {
    app_soak=1s app_publish 9
    journal_mark
    ok "one that stays well" sealift check
    expect_proven "one that stays well" 9
    not_ok "it is on trial no more" on_trial
    is "$(gate proven)" passed "sealift why says so"
    is "$(app_state Previous)" 1 "and the old one is kept"
}

# Nothing to go back to.
first_release() {
    app_publish 0
    ok "a first release is installed" sealift check
    journal_mark
    app_does 500
    ok "it fails on trial: the journal says so" await_journal 60 "MESSAGE_ID=${EVENT[failed]}" SEALIFT_VERSION=0
    ok "it is stopped, since there is nothing to go back to" await 20 nothing_runs
    ok "status says that there is none" await 10 app_is " absent"
    ok "and why" await 10 says_why
    not_ok "it is not tried again" sealift check
    app_does ""
}
nothing_runs() { [ -z "$(systemctl list-units --plain --no-legend 'sealift-app.*@*.service')" ]; }
says_why() { [[ $(bundle_state app error) =~ ^0:\ .*status\ 500 ]]; }

app_begin
first_release
app_soak=1s app_publish 1
journal_mark
ok "release 1 is installed" sealift check
expect_proven "release 1" 1
probes_fail
restarts
watchdog
ends
agent_killed
second_service
clock_jumps
interval
good
done_testing
