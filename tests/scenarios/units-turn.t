#!/usr/bin/env bash
# One release in the place of another that it cannot run beside: systemd starts the new one when the old one has stopped, and
# no earlier; without anybody's help, where that can be relied on.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

STATE=/var/lib/private/sealift-turn
PORT=8091

# A service that takes its time to stop: until it is told to, with its port open. It notes whoever was there before it.
bundle_write() {
    mkdir -p /srv/turn
    cp /tests/host/late.py /srv/turn/work
}

# intent VERSION [ARGUMENT [LINE...]]: of release VERSION; lines for the end
intent() {
    printf '[Service main]\nType=notify\nExecStart=/bundle/work --once --name=%s\nStateDirectory=yes\n' "$1${2:+ --port=$2}"
    printf '%s\n' "${@:3}"
}

go() { touch $STATE/go; }
met() { cat $STATE/met 2>/dev/null; }
# unit_at VERSION: the service of this release
unit_at() { systemctl list-units --all --plain --no-legend "sealift-turn.main@$1-*" | awk '{ print $1; exit }'; }
is_state() { [ -n "$(unit_at "$2")" ] && [ "$(systemctl show --property=ActiveState --value "$(unit_at "$2")")" = "$1" ]; }
job_of() { systemctl list-jobs --plain --no-legend | awk -v unit="$(unit_at "$1")" '$2 == unit { print $3, $4 }'; }
job_is() { [ "$(job_of "$1")" = "$2" ]; }
runs() { unitd list | grep -q "^running turn $1 main"; }

# begin_replace: release $sealed takes the place of what runs, which is left to it.
begin_replace() {
    unitd replace "$sealed" >/srv/replaced 2>&1 &
    replacing=$!
}
# end_replace NAME: it is answered, well
end_replace() {
    local status=0
    wait "$replacing" || status=$?
    is "$status $(cat /srv/replaced)" "0 " "$1"
}

first() {
    install turn 1 < <(intent 1)
    ok "where nothing runs, a release is started as ever" unitd replace "$sealed"
    ok "and runs" runs 1
}

in_the_queue() {
    install turn 2 < <(intent 2)
    begin_replace
    ok "the old release is told to stop" await 10 is_state deactivating 1
    ok "the start of the next one waits in systemd's own queue" await 10 job_is 2 "start waiting"
    ok "and not for sealift-unitd, which goes away" systemctl stop sealift-unitd.service
    wait "$replacing" || true
    is "$(systemctl show --property=MainPID --value "$(unit_at 2)")" 0 "nothing of it runs meanwhile"
    begin_replace
    await 10 systemctl --quiet is-active sealift-unitd.service
    go
    end_replace "who asks again is answered"
    ok "when it has started" is_state active 2
    is "$(met)" "" "they have not met"
    ok "sealift-unitd has taken it over" runs 2
    is "$(unit_at 1)" "" "nothing is left of the old one"
}

answered() {
    install turn 3 < <(intent 3)
    begin_replace
    await 10 job_is 3 "start waiting"
    go
    end_replace "who asked is answered"
    ok "when the next release runs" runs 3
    is "$(met)" "" "they have not met"
    is "$(unitd list | wc -l)" 1 "and it is all there is"
    is "$(leftovers turn | grep -o 'sealift-turn[^ ]*@[12]-[^ ]*')" "" "nothing is left of the old ones"
}

# systemd keeps a unit that another one names.
no_chain() {
    is "$(systemctl show --property=After --value "$(unit_at 3)" | tr ' ' '\n' | grep '^sealift-')" sealift-turn@turn.target "the new one names no other release"
}

refused() {
    local old
    old=$(unit_at 3)
    seal turn 4 < <(intent 4)
    not_ok "a release that is not there takes nobody's place" unitd replace "$sealed"
    ok "what ran runs on" is_state active 3
    is "$(unit_at 3)" "$old" "as it was"
}

# Its port is the old one's own, until it has stopped.
with_socket() {
    local bind=$'[Sandbox main]\nNetwork=bind\nBind=tcp:'$PORT
    printf '[Policy turn]\nBind=tcp:%s\nListen=tcp:%s\n' $PORT $PORT >/etc/sealift/policy.d/turn.conf
    install turn 5 < <(intent 5 $PORT "$bind")
    begin_replace
    await 10 job_is 5 "start waiting"
    go
    end_replace "a release with a port of its own"
    install turn 6 < <(intent 6 "" "[Socket main]" "ListenStream=$PORT")
    begin_replace
    ok "is told to stop, for one with a socket of systemd's" await 10 is_state deactivating 5
    is "$(systemctl is-active sealift-turn.main.socket)" inactive "which is not opened yet"
    go
    end_replace "it is opened when the port is free"
    ok "by then" runs 6
    is "$(met)" "" "they have not met"
}

# The other way round: what systemd listens on is the old one's, too.
without_socket() {
    install turn 9 < <(intent 9 $PORT $'[Sandbox main]\nNetwork=bind\nBind=tcp:'$PORT)
    begin_replace
    ok "one with a socket is told to stop" await 10 is_state deactivating 6
    go
    end_replace "a release whose own the port is now"
    ok "runs" runs 9
    is "$(systemctl is-active sealift-turn.main.socket)" inactive "and the socket is gone"
    is "$(met)" "" "they have not met"
    go
    unitd stop /srv/turn-9.manifest
    unitd start /srv/turn-6.manifest
    go
    unitd stop /srv/turn-6.manifest
    is "$(systemctl is-active sealift-turn.main.socket)" active "a socket outlives a release that is stopped"
    ok "but is not in the way of one that is started" unitd start /srv/turn-9.manifest
}

# Made by an earlier sealift-unitd, or changed by hand: systemd does not know that it is After= the turn.
out_of_order() {
    local unit
    go
    unitd stop /srv/turn-9.manifest
    install turn 7 < <(intent 7)
    unitd start "$sealed"
    unit=$(unit_at 7)
    systemctl stop sealift-unitd.service
    sed -i '/^After=sealift-turn@/d' "/run/systemd/system/$unit.d/50-sealift.conf"
    sed -i "s/^DropIn=.*/DropIn=$(sha256sum <"/run/systemd/system/$unit.d/50-sealift.conf" | cut -d' ' -f1)/" "/run/sealift/units/$unit"
    systemctl daemon-reload
    ok "a unit that is not in the order runs" await 10 runs 7
    install turn 8 < <(intent 8)
    begin_replace
    ok "it is told to stop" await 10 is_state deactivating 7
    is "$(unit_at 8)" "" "the next one is not even in the queue"
    go
    end_replace "but started then"
    ok "and runs" runs 8
    is "$(met)" "" "they have not met"
}

# unitd_dies: and is started again
unitd_dies() {
    local daemon
    daemon=$(pid_of sealift-unitd.service)
    kill -KILL "$daemon"
    await 10 another_pid sealift-unitd.service "$daemon"
    await 10 systemctl --quiet is-active sealift-unitd.service
}

# A sealift-unitd that starts while a release stops must not take it for one that runs.
stops_still() {
    local old stopping
    old=$(pid_of "$(unit_at 8)")
    unitd stop "$sealed" >/dev/null 2>&1 &
    stopping=$!
    await 10 is_state deactivating 8
    unitd_dies
    wait "$stopping" || true
    like "$(unitd list)" "^stopping turn 8 main" "a release that is being stopped is found so"
    unitd start "$sealed" >/srv/replaced 2>&1 &
    replacing=$!
    await 10 sh -c 'ss -xp | grep -q "unitd.sock.*ESTAB\|ESTAB.*unitd.sock"'
    go
    end_replace "who has it started meanwhile is answered"
    ok "when it runs" runs 8
    not_ok "anew" [ "$(pid_of "$(unit_at 8)")" = "$old" ]
    is "$(met)" "" "they have not met"
}

# What somebody takes out of systemd's queue has not failed by itself.
taken_out() {
    install turn 10 < <(intent 10)
    begin_replace
    await 10 job_is 10 "start waiting"
    unitd_dies
    wait "$replacing" || true
    like "$(unitd list)" "starting turn 10 main" "a start that waits in the queue is found"
    listen
    systemctl stop "$(unit_at 10)"
    heard "^failed turn 10 main .*it did not run [(]canceled[)]; see journalctl -u [^ ]*$" "that somebody canceled it is told, and not as its own doing"
    go
}

units_begin
bundle_write
first
in_the_queue
answered
no_chain
refused
with_socket
without_socket
out_of_order
stops_still
taken_out
units_end
