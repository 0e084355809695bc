#!/usr/bin/env bash
# Who stopped a service: sealiftd, this host's operators, or nobody. Known also where the program ends as if it had failed, where
# it was not ready yet, and where sealift-unitd has died in between.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

STATE=/var/lib/private/sealift-stops

# A service that waits to stop until it is told to, and then ends with the status in $1. Before it a command waits where it is
# told to.
bundle_write() {
    mkdir -p /srv/stops
    cp /tests/host/late.py /srv/stops/work
    cat >/srv/stops/before <<'SH'
#!/bin/sh
echo >"$STATE_DIRECTORY/before"
while [ -e "$STATE_DIRECTORY/hold" ]; do sleep 0.1; done
SH
    chmod 755 /srv/stops/*
}

# stops VERSION TYPE STATUS [LINE...]: a release
stops() {
    install stops "$1" < <(printf '[Service main]\nType=%s\nExecStart=/bundle/work --status=%s\nStateDirectory=yes\n' "$2" "$3" && printf '%s\n' "${@:4}")
    mkdir -p $STATE
    rm -f $STATE/*
}
go() { touch $STATE/go; }
is_state() { [ "$(property "$1" ActiveState)" = "$2" ]; }
stop_begin() {
    systemctl --no-block stop "$1"
    await 20 is_state "$1" deactivating
}
unitd_dies() {
    local daemon
    daemon=$(pid_of sealift-unitd.service)
    kill -KILL "$daemon"
    await 20 another_pid sealift-unitd.service "$daemon"
}

# One that takes SIGTERM for an error.
by_the_operator() {
    local unit
    stops 1 notify 3 Restart=no
    go
    ok "a service starts" unitd start "$sealed"
    unit=$(unit_of stops)
    listen
    systemctl stop "$unit"
    heard "^stopped stops 1 main $unit .*it was stopped$" "stopped by hand, it has not failed, whatever status it ends with"
    ok "it starts again" unitd start "$sealed"
    unit=$(unit_of stops)
    listen
    kill -TERM "$(pid_of "$unit")"
    heard "^failed stops 1 main $unit .*status 3 .*[(]own[)]$" "the same end without a stop is its own"
}

# Before it was ready.
not_ready() {
    local unit
    stops 2 exec 3
    go
    unitd start "$sealed" >/srv/started 2>&1 &
    await 20 comes_up
    unit=$(unit_of stops)
    # In 5 s it would be ready.
    kill -STOP "$(pid_of sealift-unitd.service)"
    systemctl stop "$unit"
    kill -CONT "$(pid_of sealift-unitd.service)"
    wait "$!" || true
    like "$(cat /srv/started)" "^EINTR .*canceled" "one that somebody stops before it is ready is not to blame"
}

comes_up() { is_state "$(unit_of stops)" active; }

# begin_before: the command before the program runs, and does not end.
begin_before() {
    touch $STATE/hold
    rm -f $STATE/before
}
before_runs() { [ -e $STATE/before ] && is_state "$1" activating; }

before_the_program() {
    local unit pid
    stops 3 notify 0 ExecStartPre=/bundle/before Restart=always RestartSec=100ms TimeoutStartSec=5min
    begin_before
    unitd start "$sealed" >/srv/started 2>&1 &
    await 20 test -e $STATE/before
    systemctl stop "$(unit_of stops)"
    wait "$!" || true
    like "$(cat /srv/started)" "^EINTR .*canceled" "nor one that is stopped while a command runs before it"

    begin_before
    unitd start "$sealed" >/srv/started 2>&1 &
    await 20 test -e $STATE/before
    unit=$(unit_of stops)
    unitd_dies
    wait "$!" || true
    like "$(unitd list)" "^starting stops 3" "a unitd that starts anew finds it"
    listen
    systemctl stop "$unit"
    heard "^failed stops 3 main $unit .*[(]canceled[)]; see journalctl -u [^ ]*$" "and knows as much of it"

    rm $STATE/hold
    unitd start "$sealed"
    unit=$(unit_of stops)
    pid=$(pid_of "$unit")
    begin_before
    kill -KILL "$pid"
    await 20 before_runs "$unit"
    listen
    systemctl stop "$unit"
    heard "^stopped stops 3 main $unit .*it was stopped$" "nor one that is stopped when it is started again"
}

# sealift-unitd dies while it stops.
adopted() {
    local unit other
    stops 4 notify 3 Restart=no
    unitd start "$sealed"
    unit=$(unit_of stops)
    stop_begin "$unit"
    unitd_dies
    like "$(unitd list)" "^stopping stops 4" "a unitd that starts anew finds one that stops"
    listen
    go
    heard "^stopped stops 4 main $unit .*it was stopped$" "at whose end it tells that somebody has stopped it"

    rm $STATE/go
    unitd start "$sealed"
    unit=$(unit_of stops)
    stops 5 notify 0 Restart=no
    unitd start "$sealed"
    other=$(units_of stops | grep @5-)
    unitd stop /srv/stops-4.manifest >/dev/null 2>&1 &
    await 20 is_state "$unit" deactivating
    unitd_dies
    wait "$!" || true
    like "$(unitd list)" "stopping stops 4" "one that it was told to stop itself"
    listen
    go
    await_inactive 20 "$unit"
    systemctl stop "$other"
    heard "^stopped stops 5 main $other .*it was stopped$" "is told of to nobody, but the next one is"
    is "$(unitd list)$(leftovers stops)" "" "and all are gone"
}
# What is stopped by hand and asked for meanwhile is not started beside itself.
meanwhile() {
    local unit pid starter
    mkdir -p /srv/mark
    install mark 1 < <(printf '[Service main]\nExecStart=/usr/bin/sleep infinity\n')
    unitd start "$sealed"
    stops 6 notify 0 Restart=no
    unitd start "$sealed"
    unit=$(unit_of stops)
    pid=$(pid_of "$unit")
    stop_begin "$unit"
    unitd_dies
    unitd start "$sealed" >/srv/started 2>&1 &
    starter=$!
    await 20 sh -c 'ss -Hxp | grep -q "u_seq *ESTAB.*unitd.sock.*sealift-unitd"'
    # What is said to unitd after that is heard after that.
    journal_mark
    site_dropin sealift-mark.main@ Unit Documentation=man:true
    await_journal 20 _SYSTEMD_UNIT=sealift-unitd.service SEALIFT_BUNDLE=mark >/dev/null
    go
    wait $starter || true
    is "$(cat /srv/started)" "" "one that is asked for while it stops is started"
    not_ok "but not beside itself" test -e $STATE/met
    unlike "$(unitd list)" " $pid " "anew"
    like "$(unitd list)" "running stops 6" "and runs"
    unitd stop "$sealed"
    site_dropin_gone sealift-mark.main@
    unitd stop /srv/mark-1.manifest
}

# A wall was missing.
failed() {
    local unit
    stops 7 notify 0 Restart=no
    unitd start "$sealed"
    unit=$(unit_of stops)
    echo '# a comment' >>"/run/systemd/system/$unit.d/50-sealift.conf"
    systemctl daemon-reload
    await 20 is_state "$unit" deactivating
    unitd_dies
    listen
    go
    heard "^failed stops 7 main $unit .*since a wall was missing" "one that stops for a wall that is missing is known to have failed"
    like "$(journalctl --quiet --output=cat MESSAGE_ID=57c7bd71fd924917b6e0d2fb78255058)" "since a wall was missing" "which the journal has"
    is "$(unitd list)$(leftovers stops)" "" "and is gone"
}

units_begin
bundle_write
by_the_operator
not_ready
before_the_program
adopted
meanwhile
failed
units_end
