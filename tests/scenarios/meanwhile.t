#!/usr/bin/env bash
# A download takes its time, and nobody waits for it: orders are carried out meanwhile, releases on trial are judged, sealift-unitd is
# looked for when it was gone. What is about the very bundle that is fetched breaks its download off, which goes on later where it
# was.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh
# shellcheck source=tests/host/stalls.sh
. /tests/host/stalls.sh

# stalls BUNDLE: a check has begun, and gets no more of that bundle than its first bytes.
stalls() {
    stall
    sealift check --no-wait
    ok "$1: its download stalls" await 30 state_is "$1" updating
    await 20 some_is_here
}
app_invocation() { systemctl show -P InvocationID "$(app_unit)"; }
ranges() { tail -n "+$((requests_seen + 1))" "$BUCKET_LOG" | jq -r 'select(.path | endswith(".tar.zst")) | "\(.range) \(.status)"'; }

others() {
    local before
    app_publish 2
    ok "a release of app is on trial" sealift check
    web_publish 2
    stalls web
    ok "what runs meanwhile is not waited for" timeout 60 sealift wait web
    ok "its target is reached" timeout 60 systemctl start sealift-bundle@web.target
    told "another bundle" "held" hold app
    told "another bundle" "not held" unhold app
    before=$(app_invocation)
    told "another bundle" "started again" restart app
    ok "which is another process then" test "$(app_invocation)" != "$before"
    rm -f "$STORE/trust/scrub"
    told "all there is" "Good: app 2" verify
    not_ok "which does not count, since what is being written was passed over" test -e "$STORE/trust/scrub"
    told "another bundle" "stopped" stop app
    ok "nothing of it runs" nothing_of app
    told "another bundle" "runs release 2" start app
    ok "it is on trial" await 20 on_trial
    told "another bundle" "runs release 1 again" rollback app
    told "another bundle" "may be tried again" retry app
    is "$(bundle_state web state)" updating "web is being fetched all the time"
    is "$(web_page)" 1 "and its release 1 runs"
    flows
    ok "which comes to its end" await 30 web_answers 2
    ok "and so does the retry of the other" await 30 app_runs 2
    ok "all there is can be looked at" sealift verify
    ok "which counts" test -e "$STORE/trust/scrub"
}

verdict() {
    web_publish 3
    stalls web
    ok "the other is on trial" await 60 on_trial
    ok "and well" await 60 app_was_well
    journal_mark
    app_does 500
    expect_back "meanwhile" 2 1
    app_does ""
    unitd_away
    bus_anew
    is "$(bundle_state web state)" updating "web is being fetched all the time"
    flows
    ok "which comes to its end" await 30 web_answers 3
}

bus_anew() {
    systemctl kill --signal=KILL dbus.service
    systemctl start dbus.socket dbus.service
    ok "D-Bus is another one: who asks is answered" await 20 state_is web updating
}

# What happens while nobody can tell of it is asked for as soon as somebody can, not when the download has ended.
unitd_away() {
    local unit
    unit=$(app_unit)
    systemctl stop sealift-unitd.socket sealift-unitd.service
    systemctl stop "$unit"
    systemctl start sealift-unitd.socket
    ok "sealift-unitd was away, and a service ended: status says so" await 60 app_is "1 failed"
    told "another bundle" "runs release 1" start app
}

# An order about what is fetched.
own() {
    local order words
    web_publish 4
    stalls web
    told "its own, in vain" "not on disk" rollback web 9
    told "its own, that need not end it" "started again" restart web
    told "its own, that need not end it" "not held" unhold web
    is "$(bundle_state web state)" updating "it is being fetched still"
    told "its own" "held" hold web
    ok "that ends" await 20 state_is web running
    like "$(journal_since "MESSAGE_ID=${EVENT[refused]}")" "release 4 was on its way, and is broken off: the operator's Hold" "the journal says why"
    ok "what had come stays" some_is_here
    is "$(web_page)" 3 "and what ran runs"
    sealift unhold web >/dev/null
    for order in stop disable; do
        stalls web
        told "its own" "web is ${order/%stop/stopp}" $order web
        ok "$order: nothing runs" nothing_of web
        ok "$order: what had come stays" some_is_here
        told "its own" "runs release 3" start web
    done
    stalls web
    told "its own" "runs release 2 again" rollback web
    is "$(web_page)" 2 "which it does"
    flows
    requests_mark
    sealift check || true
    is "$(web_page)" 4 "the next check installs it"
    like "$(ranges)" "^bytes=[1-9][0-9]*- 206$" "from where the download was"
}

# What runs goes down for want of something of this host's, and is started again while the next one is fetched.
own_restore() {
    local site=/etc/systemd/system/sealift-app.main@.service.d
    app_publish 4
    journal_mark
    stalls app
    mkdir -p $site
    printf '[Service]\nPrivateUsers=no\n' >$site/90-site.conf
    systemctl daemon-reload
    systemctl kill --signal=KILL "$(app_unit)"
    ok "started again without a wall, it is down" await 30 app_is "1 failed"
    rm -r $site
    systemctl daemon-reload
    ok "the wall is back: it runs again" await 40 app_is "1 running"
    is "$(journal_since "MESSAGE_ID=${EVENT[refused]}")" "" "while the download goes on"
    ok "release 1 it is" app_runs 1
    flows
    ok "the next one comes after it" await 30 app_is "4 running"
    is "$(app_state Current) $(app_state Previous) $(app_state Proven)" "4 1 1" "the state says so"
}

# The release that runs fails on trial while the next one is fetched.
own_verdict() {
    app_publish 5
    ok "a release of app is on trial" sealift check
    app_publish 6
    stalls app
    journal_mark
    app_does 500
    ok "the journal says that it is quarantined" await_journal 60 "MESSAGE_ID=${EVENT[failed]}" SEALIFT_VERSION=5
    ok "release 1 is back" await 20 app_runs 1
    ok "the next one is fetched all the same" await 20 state_is app updating
    app_does ""
    flows
    ok "and runs" await 30 app_is "6 running"
    is "$(app_state Current) $(app_state Previous) $(app_state Proven)" "6 1 1" "the state says so"
}

own_proof() {
    app_soak=10s app_publish 7
    journal_mark
    ok "a release of app is on trial" sealift check
    app_publish 8
    stalls app
    ok "it is proven while the next one is fetched" await_journal 60 "MESSAGE_ID=${EVENT[proven]}" SEALIFT_VERSION=7
    is "$(gate fetch)" "under way" "sealift why is about the one that is fetched"
    flows
    ok "which runs then" await 30 app_is "8 running"
    is "$(app_state Current) $(app_state Previous) $(app_state Proven)" "8 7 7" "the state says so"
}

web_begin
app_soak=1s app_publish 1
journal_mark
ok "a second bundle" sealift check
expect_proven "a second bundle" 1
others
verdict
own
own_restore
own_verdict
own_proof
done_testing
