#!/usr/bin/env bash
# sealift-unitd dies while a service that does not say when it is ready is still to show that it stays: what has failed meanwhile is
# not taken over as one that runs. Looked at while sealift-unitd is frozen, so that none of it hangs on time.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

STATE=/var/lib/private/sealift-unready
WHY=MESSAGE_ID=5e1ecb0a5b564a3bbf7123523a5b32c7

# A service that ends, with the status that is in there, once there is a file "end"; before it a command waits where it is told to.
bundle_write() {
    mkdir -p /srv/unready
    cat >/srv/unready/main <<'SH'
#!/bin/sh
until [ -s "$STATE_DIRECTORY/end" ]; do sleep 0.1; done
read -r status <"$STATE_DIRECTORY/end"
rm "$STATE_DIRECTORY/end"
exit "$status"
SH
    cat >/srv/unready/before <<'SH'
#!/bin/sh
echo >"$STATE_DIRECTORY/before"
while [ -e "$STATE_DIRECTORY/hold" ]; do sleep 0.1; done
SH
    chmod 755 /srv/unready/*
}

# unready VERSION LINE...: a release, whose service is not executed yet
unready() {
    install unready "$1" < <(printf '[Service main]\nExecStartPre=/bundle/before\nExecStart=/bundle/main\nStateDirectory=yes\nTimeoutStartSec=15min\n' && printf '%s\n' "${@:2}")
    mkdir -p $STATE
    rm -f $STATE/*
    touch $STATE/hold
}
ends() {
    echo "$1" >$STATE/new
    mv $STATE/new $STATE/end
}
has_state() { [ "$(property "$unit" ActiveState) $(property "$unit" SubState)" = "$1" ]; }
has_restarted() { [ "$(property "$unit" NRestarts)" = "$1" ] && has_state "active running"; }
lists() { unitd list | grep -q "^$1 unready"; }
lists_nothing() { [ -z "$(unitd list)" ]; }

freeze() {
    daemon=$(pid_of sealift-unitd.service)
    kill -STOP "$daemon"
}
# Another one takes its place.
dies() {
    kill -KILL "$daemon"
    await 60 another_pid sealift-unitd.service "$daemon"
}
# begin: what is asked for is executed, and sealift-unitd does not see it.
begin() {
    unitd start "$sealed" >/srv/started 2>&1 &
    starter=$!
    executes
}
executes() {
    await 60 test -e $STATE/before
    freeze
    unit=$(unit_of unready)
    rm $STATE/hold
    await 60 has_state "active running"
}

waits_to_be_restarted() {
    unready 1 Restart=always RestartSec=1h
    begin
    ends 3
    await 60 has_state "activating auto-restart"
    journal_mark
    dies
    wait $starter || true
    ok "one that failed after it was executed is not taken over" await 60 lists_nothing
    like "$(journal_since $WHY)" "$unit: it exited with status 3" "and has failed"
}

was_restarted() {
    unready 2 Restart=always RestartSec=100ms
    begin
    ends 4
    await 60 has_restarted 1
    journal_mark
    dies
    wait $starter || true
    ok "nor is one that failed, and was started again" await 60 lists_nothing
    like "$(journal_since $WHY)" "$unit: " "it has failed as well"
}

stays() {
    unready 3 Restart=always RestartSec=1h
    begin
    dies
    wait $starter || true
    ok "one that stays becomes ready" await 60 lists running
    freeze
    ends 5
    await 60 has_state "activating auto-restart"
    journal_mark
    dies
    ok "and was it before it failed for whoever comes next" lists running
    is "$(journal_since $WHY)" "" "who tells nobody that it has failed"
    unitd stop "$sealed"
}

# One that says itself when it is ready.
says_so() {
    cat >/srv/unready/main <<'PYTHON'
#!/usr/bin/python3
import os, signal, socket
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
    s.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
while True:
    signal.pause()
PYTHON
    unready 4 Type=notify Restart=always RestartSec=1h
    begin
    kill -KILL "$(pid_of "$unit")"
    await 60 has_state "activating auto-restart"
    dies
    wait $starter || true
    ok "one that has said that it is ready is taken over, though nobody of us has heard it" lists running
    unitd stop "$sealed"
    bundle_write
}

# A connection started it: it is on no trial, and may end in order.
woken() {
    local invocation
    printf '[Policy unready]\nListen=tcp:8090\n' >/etc/sealift/policy.d/unready.conf
    unready 5 Restart=on-failure "[Socket web]" Service=main ListenStream=8090
    rm $STATE/hold
    unitd start "$sealed"
    unit=$(unit_of unready)
    ends 0
    await 60 lists_nothing
    rm -f $STATE/before
    touch $STATE/hold
    python3 -c 'import socket; socket.create_connection(("127.0.0.1", 8090))'
    executes
    journal_mark
    dies
    unitd list >/dev/null
    invocation=$(property "$unit" InvocationID)
    ends 0
    await 60 is_gone
    unitd list >/dev/null
    is "$(journal_since $WHY)" "" "one that a connection woke has not failed when it ends in order"
    unitd stop "$sealed"
}
is_gone() { [ "$(property "$unit" InvocationID)" != "$invocation" ]; }

units_begin
bundle_write
waits_to_be_restarted
was_restarted
stays
says_so
woken
units_end
