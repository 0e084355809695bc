#!/usr/bin/env bash
# What happens to a machine in the middle of an update, and while all is quiet: systemd executes itself anew, the system bus is
# started anew, so is either daemon of ours, the clock jumps ten years either way, a worker is killed in the stream, and somebody
# starts a second agent. The service that runs does not notice, and the release is installed by this check or the next one.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_OPTIONS=(--clock --strike)
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh
# shellcheck source=tests/host/unpacker.sh
. /tests/host/unpacker.sh

stream_begins() { [ -n "$(requests '.path | endswith(".tar.zst")')" ]; }
worker_runs() { systemctl list-units --plain --no-legend --state=running "$1" | grep -q .; }
check_installs() { sealift check && [ "$(bundle_state web version)" = "$1" ]; }

# disturb NAME VERSION WHAT...: in the update to it, and once more when it is installed.
disturb() {
    local name=$1 version=$2 before unpacker
    shift 2
    before=$(service)
    update_to "$version"
    is "$(cat "/proc/$unpacker/comm") $(bundle_state web version)" "sealift-unpack $((version - 1))" "$name: it comes while release $version is unpacked"
    "$@"
    is "$(service)" "$before" "$name: the service that runs is the same process, and answers"
    unpackers_go_on
    ok "$name: the check, or the next one, installs release $version" await 60 check_installs "$version"
    ok "$name: which answers" await 20 web_answers "$version"
    is "$(systemctl list-units --plain --no-legend --state=running 'sealift-web.*' | wc -l)" 1 "$name: alone"
    before=$(service)
    "$@"
    ok "$name: once more, while nothing is under way: a check finds all well" await 60 check_installs "$version"
    is "$(service)" "$before" "$name: the service is the same process, and answers"
}

# What runs, or is on its way up or down, of "app": its release, in which state, in which start of it.
app_process() {
    systemctl list-units --plain --no-legend --state=active,activating,deactivating 'sealift-app.main@*' |
        while read -r unit _ active _; do echo "$unit $active $(property "$unit" InvocationID) $(pid_of "$unit")"; done
}
app_process_is() { [[ $(app_process) = *@"$2"-*" $1 "* ]]; }

# switch_reaches STATE VERSION: a poll that was spoiled is followed by another one.
switch_reaches() { app_process_is "$@" || { sealift check --no-wait; false; }; }
# switch_stays NAME PROCESS: sealift-unitd ends with the bus, and is asked anew; where it finds no systemd on the bus yet and ends
# again, that poll is over. Whatever else ends with a daemon of ours, of what was not running yet, is begun anew.
switch_stays() {
    if [ "$may_spoil" = anew ]; then
        diag "$1: not asked"
    elif [ "$may_spoil" = yes ] && [ -n "$(journal_since "MESSAGE_ID=${EVENT[refused]}")" ]; then
        skip "$1: the poll was spoiled, and another one begins anew"
    else
        is "$(app_process)" "$2" "$1: the same process, alone"
    fi
}

# disturb_switch NAME OLD NEW WHAT...: wherever the update to NEW waits for systemd: while OLD is stopped, while NEW is started, and
# while it is asked how it is. All three take as long as they are let.
disturb_switch() {
    local name=$1 old=$2 new=$3 before web
    shift 3
    web=$(service)
    app_soak=1s app_start=10min app_service=TimeoutStartSec=5min$'\n'TimeoutStopSec=5min app_publish "$new"
    touch "$APP_STATE/stays"
    echo late >"$APP_STATE/does-$new"
    journal_mark
    sealift check --no-wait
    ok "$name: release $old makes way" await 60 app_process_is deactivating "$old"
    before=$(app_process)
    "$@"
    switch_stays "$name: it does so still" "$before"
    rm "$APP_STATE/stays"
    ok "$name: release $new is started" await 60 switch_reaches activating "$new"
    before=$(app_process)
    "$@"
    switch_stays "$name: it is so still" "$before"
    echo 500 >"$APP_STATE/does-$new"
    ok "$name: it is ready" await 60 switch_reaches active "$new"
    ok "$name: and asked how it is" await 60 app_was_asked 2
    "$@"
    rm "$APP_STATE/does-$new"
    expect_proven "$name: well" "$new"
    switch_stays "$name: from its first start on it is" "${before/ activating / active }"
    ok "$name: it runs alone" app_runs "$new"
    not_ok "$name: there is no verdict over it" grep -q Quarantined "$STORE/state/app"
    is "$(service)" "$web" "$name: the other bundle's service is the same process, and answers"
}
may_spoil=no
switch_begin() {
    app_soak=1s app_service=TimeoutStopSec=5min app_publish 1
    journal_mark
    ok "a second bundle, whose releases take as long as they are let" sealift check
    expect_proven "release 1 of it" 1
}

restart_bus() {
    systemctl kill --signal=KILL dbus.service
    systemctl start dbus.socket dbus.service
}

# The clock of all programs of ours that have one to look at.
clock() {
    echo "$1" >/etc/clock.new
    mv /etc/clock.new /etc/clock
}
clock_begin() {
    local name
    clock 0
    for name in sealiftd sealift-unitd sealift-fetch@; do
        mkdir -p "/etc/systemd/system/$name.service.d"
        printf '[Service]\nEnvironment=LD_PRELOAD=/usr/lib/clock.so\n' >"/etc/systemd/system/$name.service.d/clock.conf"
    done
    systemctl daemon-reload
    systemctl restart sealift-unitd.service sealiftd.service
    ok "with a clock of their own all goes on" sealift check
}
AHEAD=$((3650 * 86400))
is_installed() { [ "$(bundle_state web version) $(bundle_state web state)" = "$1 running" ]; }

# clock_jumps NAME VERSION SECONDS [EARLIER]: it is so far off from the middle of the update to VERSION on, and by EARLIER when the
# bundle was still to come. What is under way goes on by the time at which it began; nothing else is taken until the clock is right.
clock_jumps() {
    local name=$1 version=$2 before unpacker
    before=$(service)
    if [ -n "${4:-}" ]; then
        rm -f /srv/go
        evil_start
        evil_rule '*.tar.zst' wait /srv/go
        requests_mark
        unpacker_stops
        publish_long "$version"
        sealift check --no-wait
        await 30 stream_begins
        clock "$4"
        is "$(service)" "$before" "$name: while release $version is fetched: the service is the same process"
        touch /srv/go
        unpacker_holds "$version"
    else
        update_to "$version"
    fi
    clock "$3"
    sealift status >/dev/null || true
    is "$(service)" "$before" "$name: while release $version is unpacked: the service is the same process, and answers"
    kill -CONT "$unpacker"
    ok "$name: the release is installed" await 60 is_installed "$version"
    ok "$name: and answers" await 20 web_answers "$version"
    before=$(service)
    not_ok "$name: another check fails" sealift check
    like "$(sealift check 2>&1)" "clock looks wrong" "$name: and says why"
    clock 0
    ok "$name: the clock is right again: a check finds all well" sealift check
    is "$(service)" "$before" "$name: the service is the same process, and answers"
}

unpacker_killed() {
    local before unpacker said=0
    before=$(service)
    journal_mark
    update_to "$1"
    kill -KILL "$unpacker"
    ok "sealift-unpack is killed in the stream: it is gone" await 20 test ! -e "/proc/$unpacker"
    like "$(await_journal 30 "MESSAGE_ID=${EVENT[refused]}")" "sealift-unpack" "the journal says of whom"
    is "$(service)" "$before" "the service that runs is the same process, and answers"
    ok "the next check installs the release" await 60 check_installs "$1"
    is "$(web_page)" "$1" "which answers"
}

fetcher_killed() {
    local before said
    before=$(service)
    evil_start
    evil_rule '*.tar.zst' stall-body 20
    requests_mark
    web_publish "$1"
    sealift check >/srv/said 2>&1 &
    await 30 stream_begins
    await 10 worker_runs 'sealift-fetch@*'
    systemctl kill --signal=KILL 'sealift-fetch@*'
    said=0
    wait $! || said=$?
    is "$said" 1 "sealift-fetch killed in the stream: the check fails"
    like "$(cat /srv/said)" "sealift-fetch" "and says of whom"
    is "$(service)" "$before" "the service that runs is the same process, and answers"
    bucket_start
    ok "the next check installs the release" sealift check
    is "$(web_page)" "$1" "which answers"
}

second_agent() {
    local said status=0 before
    before=$(service)
    said=$(setpriv --reuid sealift --regid sealift --clear-groups /usr/libexec/sealift/sealiftd 2>&1) || status=$?
    is "$status" 1 "a second agent on the same store does not start"
    like "$said" "another sealiftd has this store; stop it first" "and says why"
    ok "the first one goes on" sealift check
    is "$(service)" "$before" "the service that runs is the same process, and answers"
}

# Its next one polls at once, and is held as well.
restart_agent() {
    unpacker_stops
    systemctl restart sealiftd.service
}

web_begin
unpacker_prepare
disturb "daemon-reexec" 2 systemctl daemon-reexec
disturb "daemon-reload" 3 systemctl daemon-reload
disturb "the system bus is killed" 4 restart_bus
disturb "sealiftd is started anew" 5 restart_agent
disturb "sealift-unitd is started anew" 6 systemctl restart sealift-unitd.service
switch_begin
disturb_switch "daemon-reexec in a switch" 1 2 systemctl daemon-reexec
disturb_switch "daemon-reload in a switch" 2 3 systemctl daemon-reload
may_spoil=yes
disturb_switch "the system bus is killed in a switch" 3 4 restart_bus
may_spoil=anew
disturb_switch "sealiftd is started anew in a switch" 4 5 systemctl restart sealiftd.service
disturb_switch "sealift-unitd is started anew in a switch" 5 6 systemctl restart sealift-unitd.service
clock_begin
clock_jumps "ten years ahead" 7 $AHEAD
clock_jumps "ten years back" 8 -$AHEAD
clock_jumps "ahead, and then back" 9 -$AHEAD $AHEAD
unpacker_killed 10
fetcher_killed 11
second_agent
done_testing
