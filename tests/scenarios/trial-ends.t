#!/usr/bin/env bash
# Whose fault it is when a release on trial does not run: its own, where it ends by itself, however it ends; not its own, where
# somebody stops it, this host's files change, or this host does not hold up a wall for it. What it goes back to is started again
# until it runs.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh

SITE=/etc/systemd/system/sealift-app.main@.service.d
app_failures() { sealift status --json | jq -r '.bundles[] | select(.name == "app") | .trial.failures'; }
app_invocation() { systemctl show -P InvocationID "$(app_unit)"; }
are_boots() { [ "$(boots)" = "$1" ]; }
boots() { sed -n 's/^Boot=[0-9a-f]* //p' "$STORE/state/app"; }
says_again() { [[ $(bundle_state app error) == *"it is started again at 20"* ]]; }

ends_well() {
    app_health=Failures=100 app_publish 2
    ok "release 2 is on trial" sealift check
    journal_mark
    app_does end
    expect_back "one that ends with status 0" 2 1
    like "$(journal_since "MESSAGE_ID=${EVENT[failed]}")" "did not pass its time on trial.*ended by itself" "the journal says why"
    app_does ""
}

# Restart=always: systemd starts it again, and each time counts.
ends_again() {
    app_service=Restart=always app_interval=1h app_health=$'Successes=1\nFailures=2' app_publish 3
    ok "release 3 is on trial" sealift check
    app_does end
    journal_mark
    ask_version 3
    expect_back "one that ends again and again" 3 1
    app_does ""
}
# ask_version VERSION: whoever asks ends it; nobody else does here.
ask_version() {
    local pid
    for _ in 1 2; do
        await 20 app_runs "$1"
        pid=$(systemctl show -P MainPID "$(app_unit)")
        await 20 asked_to_death "$pid"
    done
}
asked_to_death() {
    nsenter --net="/proc/$1/ns/net" curl --silent --output /dev/null --max-time 2 http://127.0.0.1:8080/well || true
    [ ! -e "/proc/$1" ]
}

stopped_by_hand() {
    app_publish 4
    ok "release 4 is on trial" sealift check
    systemctl stop "$(app_unit)"
    ok "one that is stopped by hand is down" await 20 app_is "4 failed"
    like "$(bundle_state app error)" "it was stopped" "status says that it was stopped"
    sealift check || true
    is "$(app_state Current)" 4 "and has not failed"
    ok "started" sealift start app
    ok "it is on trial again" await 20 on_trial
    systemctl kill --signal=TERM "$(app_unit)"
    ok "one that is told to end is down" await 20 app_is "4 failed"
    is "$(app_state Current)" 4 "and has not failed"
    sealift start app || true # what is still on its way down may keep it back for a while
    ok "it is started" await 60 app_is "4 running"
}

configured_anew() {
    local before
    app_timeout=30s app_health=Failures=1 app_publish 5
    ok "release 5 is on trial" sealift check
    before=$(app_invocation)
    mkdir -p /etc/sealift/bundles.d
    printf '[Service main]\nMemoryMax=500M\n' >/etc/sealift/bundles.d/app.conf
    ok "this host's configuration changes" sealift check
    ok "it is started anew" test "$(app_invocation)" != "$before"
    ok "that is nothing against it: it is on trial" await 20 on_trial
    is "$(app_state Current) $(app_failures)" "5 0" "with no failure"
    ok "it is well" await 60 app_was_well
    journal_mark
    app_does 500
    expect_back "but what it does then is" 5 1
    app_does ""
    rm /etc/sealift/bundles.d/app.conf
    sealift check || true
}

# What is gone back to cannot be started at first.
tried_again() {
    app_publish 6
    ok "release 6 is on trial" sealift check
    journal_mark
    app_does shut
    systemctl kill --signal=KILL "$(app_unit)"
    ok "it goes back, in vain" await 60 app_is "1 failed"
    ok "status says when that is tried again" await 10 says_again
    like "$(journal_since "MESSAGE_ID=${EVENT[restore-failed]}")" "status 7" "the journal says why it failed"
    app_does ""
    ok "it is, before anybody asks" await 60 app_is "1 running"
    is "$(bundle_state app error)" "" "and status says so no more, nor why it was down"
    ok "release 1 runs" app_runs 1
}

# A boot each time: the agent knows it by what tmpfiles.d wrote down.
without_a_wall() {
    local n
    app_health=Failures=100 app_publish 7
    ok "release 7 is on trial" sealift check
    mkdir -p "$SITE"
    printf '[Service]\nPrivateUsers=no\n' >"$SITE/90-site.conf"
    systemctl daemon-reload
    systemctl kill --signal=KILL "$(app_unit)"
    ok "started again without a wall, it is down" await 30 app_is "7 failed"
    for n in 1 2 3 4 5; do
        printf '%032x' "$n" >/run/sealift/boot
        systemctl restart sealiftd.service
        ok "boot $n: it does not come up" await 30 says_again
        ok "boot $n: which is not its fault" await 20 are_boots 0
    done
    is "$(app_state Current)" 7 "it is current all the time"
    not_ok "there is no verdict over it" grep -q "^Version=7$" "$STORE/state/app"
    rm -r "$SITE"
    systemctl daemon-reload
    ok "the wall is back: it is started" await 60 app_is "7 running"
    ok "and on trial" await 20 on_trial
    is "$(app_failures)" 0 "with no failure"
}

# begin_boot N: the agent finds itself in another boot, with nothing of the bundle running.
begin_boot() {
    systemctl stop sealiftd.service
    systemctl stop 'sealift-app.main@*'
    printf '%032x' "$1" >/run/sealift/boot
    systemctl start --no-block sealiftd.service
}
agent_stops() { timeout 60 systemctl stop sealiftd.service; }

# A boot that ends while it is started again for want of something of the host's is not held against it, either, nor one that ends
# in order at its first start; another agent in that boot counts it again.
broken_off() {
    app_service=TimeoutStartSec=10min app_health=Failures=100 app_publish 7.1
    ok "release 7.1 is on trial" sealift check
    site_dropin sealift-app.main@ Service PrivateUsers=no
    begin_boot 6
    ok "another boot: it does not come up for want of a wall" await 60 says_again
    ok "which is not its fault" await 20 are_boots 0
    app_does late
    site_dropin_gone sealift-app.main@
    ok "it is started again, in that boot" await 60 are_boots 1
    ok "the machine goes down meanwhile" agent_stops
    is "$(boots)" 0 "which is not its fault, either"
    begin_boot 7
    ok "the next boot: it is started" await 60 are_boots 1
    ok "the machine goes down meanwhile" agent_stops
    is "$(boots)" 0 "which is not, as long as it has not failed"
    app_does ""
    systemctl start sealiftd.service
    ok "it is started" await 60 app_is "7.1 running"
    is "$(app_state Current) $(boots)" "7.1 1" "and is on trial as before"
}

# back_in_vain: what it goes back to, in its place, has lost its grant meanwhile.
back_in_vain() {
    mkdir -p /etc/sealift/policy.d
    printf '[Policy app]\nBind=tcp:8080\n' >/etc/sealift/policy.d/app.conf
    app_soak=1s app_write 8
    sed -i 's/^Network=bundle/Network=bind\nBind=tcp:8080/' /srv/app.manifest
    publish_release 8 "$APP" /srv/app.manifest
    journal_mark
    ok "release 8, which the policy grants a port, is installed" sealift check
    expect_proven "release 8" 8
    app_publish 9
    ok "release 9, which needs none, is on trial" sealift check
    await 60 app_was_well
    rm /etc/sealift/policy.d/app.conf
    journal_mark
    app_does 500
    ok "it does not pass" await_journal 60 "MESSAGE_ID=${EVENT[failed]}" SEALIFT_VERSION=9
    ok "the one before is no longer granted what it needs" await_journal 60 "MESSAGE_ID=${EVENT[restore-failed]}" SEALIFT_VERSION=8
    ok "the bad one does not run on all the same" await 60 app_rests
    ok "status says so" await 20 app_is "8 failed"
    app_does ""
    printf '[Policy app]\nBind=tcp:8080\n' >/etc/sealift/policy.d/app.conf
    ok "granted again, the one before is started" await 60 app_is "8 running"
    ok "alone" app_runs 8
}

app_rests() { [ -z "$(systemctl list-units --plain --no-legend 'sealift-app.*@*.service')" ]; }

app_begin
app_soak=1s app_publish 1
journal_mark
ok "release 1 is installed" sealift check
expect_proven "release 1" 1
ends_well
ends_again
stopped_by_hand
configured_anew
tried_again
without_a_wall
broken_off
back_in_vain
done_testing
