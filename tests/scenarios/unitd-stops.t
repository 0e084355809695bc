#!/usr/bin/env bash
# What an operator has stopped, by systemctl, stays stopped, also where a start of it was due already: since sealift-unitd was away
# when it was asked for, died of each try, or while the start was under way.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

TREE=/srv/app
STATE=/var/lib/private/sealift-app

# app_publish VERSION [LINES]: a service that takes its time to be ready, and to stop.
app_publish() {
    mkdir -p "$TREE"
    cp /tests/host/late.py "$TREE/work"
    printf '[Bundle]\nName=app\nVersion=%s\nSoakSec=0\n[Service main]\nType=notify\nTimeoutStartSec=15min\nTimeoutStopSec=15min\nExecStart=/bundle/work\nStateDirectory=yes\n%s\n' \
        "$1" "${2-}" >/srv/app.manifest
    publish_release "$1" "$TREE" /srv/app.manifest
}

app_unit() { systemctl list-units --all --plain --no-legend 'sealift-app.main@*' | awk '{ print $1; exit }'; }
is_state() { [ -n "$(app_unit)" ] && [ "$(property "$(app_unit)" ActiveState)" = "$1" ]; }
status_is() { [ "$(bundle_state app state)" = "$1" ]; }
says() { [[ $(bundle_state app error) == *"$1"* ]]; }
# Of sealiftd, which has a network of its own.
connected() { nsenter --net --target "$(pid_of sealiftd.service)" ss -Hx | grep -q 'ESTAB.*unitd.sock'; }
unitd_leaves() { systemctl stop sealift-unitd.socket sealift-unitd.service; }
unitd_comes() {
    systemctl start sealift-unitd.socket
    await 60 connected
}
# A check starts what is due.
stays_down() {
    sealift check >/dev/null || true
    is "$(app_unit) $(bundle_state app state)" " failed" "and is not started anew"
}
back_in_order() {
    ok "it is started when somebody says so" sealift start app
    ok "and runs" await 20 status_is running
}

# The start is due while sealift-unitd is away, and asked for when it is back and finds the stop under way.
under_way() {
    rm -f $STATE/go
    unitd_leaves
    not_ok "a start cannot be asked for without sealift-unitd" sealift start app
    systemctl --no-block stop "$(app_unit)"
    await 60 is_state deactivating
    unitd_comes
    # An order is carried out when all is done that the agent does after it has found sealift-unitd again: it waits for nothing.
    ok "when it is back, a stop that is under way is not waited for" timeout 100 sealift unhold app
    touch $STATE/go
    ok "it ends" await 60 says "it was stopped"
    stays_down
    back_in_order
}

# One of two services is missing, and sealift-unitd dies of each try to start it; both have been stopped before it is back. It takes
# its time to be ready, so that none of the tries goes well before.
unseen() {
    ok "both are started" sealift start app
    touch $STATE/go $STATE/hold
    unitd_leaves
    systemctl stop "$(app_unit)"
    : >/srv/deaths
    systemd-run --quiet --unit=deadly --property=Type=notify --property=StandardOutput=file:/srv/deaths --service-type=notify \
        /tests/host/deadly.py "$STORE/releases/app" 2- sealift-unitd
    systemctl start sealift-unitd.socket
    await 100 died_twice
    sealift unhold app >/dev/null # which is carried out when both tries are over
    unitd_leaves
    systemctl stop deadly.service
    is "$(bundle_state app state)" running "sealift-unitd dies of each start of what is missing, and the other one runs on"
    systemctl stop 'sealift-app.*@*.service'
    rm $STATE/hold
    unitd_comes
    ok "what was stopped meanwhile is found to be gone" await 60 status_is failed
    stays_down
    back_in_order
}
died_twice() { [ "$(wc -c </srv/deaths)" -ge 2 ]; }

while_it_starts() {
    local starter
    sealift stop app >/dev/null
    touch $STATE/hold
    sealift start app >/srv/said 2>&1 &
    starter=$!
    await 60 is_state activating
    systemctl stop "$(app_unit)"
    wait $starter && starter=0 || starter=$?
    not_ok "a start that somebody cancels fails" [ "$starter" = 0 ]
    like "$(cat /srv/said)" "canceled" "which is said"
    rm $STATE/hold
    stays_down
    back_in_order
}

# What this host did not give to one service is waited for; then the other one is stopped.
one_of_two() {
    local beside
    app_publish 2 $'[Service beside]\nExecStart=/usr/bin/sleep infinity\nRestart=no'
    ok "a release of two services is installed" sealift check
    beside=$(unit_of app.beside)
    echo '# a comment' >>"/run/systemd/system/$beside.d/50-sealift.conf"
    systemctl daemon-reload
    await 60 status_is failed
    systemctl stop "$(app_unit)"
    ok "of two, one is stopped while the other is to be started again" await 60 says "it was stopped"
    sealift check >/dev/null || true
    is "$(app_unit)" "" "it is not started anew"
}

bucket_start
publisher_init
agent_configure
agent_start
app_publish 1
ok "a release is installed" sealift check
under_way
while_it_starts
one_of_two
unseen
done_testing
